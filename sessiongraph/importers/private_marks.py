"""What assistants write for their own programs alone: marks of citations, between letters of private use."""

import re

_MARKS = re.compile("\ue200[^\ue200\ue201\n]*\ue201|[\ue200-\ue206]|【[^【】\n]{1,40}†[^【】\n]{0,80}】")


def without_marks(text: str) -> str:
    return text if text.isascii() else _MARKS.sub("", text)
