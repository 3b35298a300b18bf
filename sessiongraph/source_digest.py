"""A digest of the package's own source, for what is derived and kept: other code may derive another.

Who needs it takes it once, when it is imported: it is of the code that runs, also where another is installed meanwhile.
"""

import hashlib
from pathlib import Path


def source_digest(*rooms: str) -> str:
    """A hash of the modules of `rooms` and of the core, on which all of them rest."""
    package, digest = Path(__file__).parent, hashlib.blake2b(digest_size=16)
    for room in (*rooms, "."):
        for module in sorted((package / room).glob("*.py")):
            digest.update(module.read_bytes())
    return digest.hexdigest()
