"""Questions about oneself: whether their asker is who they are about, in languages that tell it by a word. Pure."""

import re

# "How do I …?" and "Can I …?" ask for advice, and "tell me" is no part of what is asked.
_ENGLISH = (
    r"\b(?:my|mine|myself|our|ours|ourselves)\b"
    r"|(?<!how do )(?<!can )(?<!could )(?<!may )(?<!must )(?<!should )(?<!would )\bI(?:'m|’m|'ve|’ve|'d|’d)?\b"
    r"|(?<!how do )(?<!can )(?<!could )(?<!may )(?<!must )(?<!should )(?<!would )\b(?:did|do|have|are|were) we\b"
)
# Of other languages, words that no other has in another meaning that is asked about.
_OTHERS = (
    r"\b(?:ich|mein(?:e[mnrs]?)?|mich|mir|wir|unser(?:e[mnrs]?)?)\b",  # German
    r"\b(?:mis?|m[íi]o|m[íi]a|nuestr[oa]s?|yo|vivo|trabajo|tengo|soy|estoy|nac[íi])\b",  # Spanish
    r"\b(?:je|j['’]\w+|mon|ma|mes|moi|notre|nos)\b",  # French
    r"\b(?:miei|mie|abito|lavoro|sono|ho|meu|minhas?|meus|moro|trabalho|tenho)\b",  # Italian, Portuguese
    r"\b(?:ik|mijn|wij|onze|jeg|mine?|mitt|jag|mina)\b",  # Dutch, Norwegian, Danish, Swedish
    r"\b(?:я|мне|меня|мой|моя|моё|мои|моего|моей|мы|наш[аеи]?)\b",  # Russian
    r"[我咱俺]|(?:私|僕|俺|わたし|ぼく)|(?:^|\s)(?:나|내|제|저|우리)(?:는|가|의|를|\s|$)",  # Chinese, Japanese, Korean
    r"(?:^|\s)(?:أنا|لدي|عندي|ولدت|أعيش|أسكن|أعمل|اسمي|نحن)(?=\s|[?؟]|$)",  # Arabic
    r"(?:^|\s)(?:मैं|मेरा|मेरी|मेरे|मुझे|हम|हमारा|हमारी)(?=\s|[?।]|$)",  # Hindi
)
_FIRST_PERSON = re.compile("|".join((_ENGLISH, *_OTHERS)), re.IGNORECASE)


def asks_about_self(query: str) -> bool:
    """Whether `query` asks for what its asker said, did or has."""
    return _FIRST_PERSON.search(query) is not None
