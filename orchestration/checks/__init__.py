"""The asset checks: what must hold of a dataset's store after its graph was written, and what is worth a look.

`integrity` blocks, `quality` warns, `building` makes them Dagster's; how each asset has them is said here.
"""

from assets.cognify import knowledge_graph
from assets.session_cognify import session_knowledge
from assets.session_extraction import session_turns
from orchestration.checks.check_factory import checks_of
from orchestration.checks.integrity import INTEGRITY
from orchestration.checks.quality import AT_RISK, quality_checks

CHECKS = [
    checks_of(knowledge_graph, [*INTEGRITY, *quality_checks("chunks")]),
    checks_of(session_knowledge, [*INTEGRITY, *quality_checks("turns")]),
    checks_of(session_turns, [AT_RISK]),
]
