"""Frames: what people ask about themselves, and in which words they tell it, where the two share none.

"What do I do for a living?" is answered by "I'm a nurse". A frame (Fillmore, 1976) names such a situation: how one
asks about it, and how one tells it of oneself. English only; the words of a question alone are `answer`'s.
"""

import re
from dataclasses import dataclass

_I = r"\b(?:i|we)\b"
_IS = r"(?:'m|'re| am| are|'ve been| have been| was| were)"


@dataclass(frozen=True)
class Frame:
    """`asked` is how a question about oneself asks for it, `told` how a sentence about oneself tells it."""

    asked: re.Pattern[str]
    told: re.Pattern[str]


def _frame(asked: str, told: str) -> Frame:
    return Frame(re.compile(asked, re.IGNORECASE), re.compile(told, re.IGNORECASE))


FRAMES = (
    _frame(  # residence
        r"\bwhere (?:do|am|are|did|have) (?:i|we) (?:\w+ )?(?:live|living|based|staying|reside|moved?|moving)\b"
        r"|\b(?:what|which) (?:city|town|country|place|village|suburb|part of town) (?:do|am|are) (?:i|we)"
        r" (?:\w+ )?(?:live|living|based)|\b(?:my|our) (?:home ?town|home address|address)\b|\bwhere is my home\b"
        r"|\b(?:since when|how long) have (?:i|we) (?:lived|been living)\b",
        rf"{_I}(?:'ve|'m|'re|'ll| am| are| have|)? ?(?:\w+ ){{0,2}}?"
        r"(?:lives?|living|moved?|moves|moving|relocat\w+|settled|based|resides?|staying)\b"
        r"|\b(?:my|our) (?:new )?(?:address|home|flat|apartment|house|place) is\b"
        rf"|{_I}(?:'ve| have) been in (?-i:[A-Z])\w+ (?:since|for)\b",
    ),
    _frame(  # workplace
        r"\bwhere (?:do|am|are|did) (?:i|we) (?:\w+ )?(?:work|working|employed)\b|\bwho(?:m)? do (?:i|we) work for\b"
        r"|\b(?:what|which) (?:company|firm|hospital|school|employer|department|team|office|lab|shop) (?:do|am|are)\b"
        r"|\b(?:my|our) (?:employer|workplace|company|department)\b",
        rf"{_I}(?:'ve|'m| am| have|)? ?(?:\w+ ){{0,3}}?"
        r"(?:work(?:s|ing|ed)?|job|employed|joined|join|joining|hired|started|position)\b.*\b(?:at|for|in|with|joined?)\b"
        rf"|{_I}(?:'m| am) (?:\w+ )?(?:an?|the) (?:[\w-]+ ){{1,4}}(?:at|in|for|on|with) (?!\d|a while|now)\S+"
        rf"|{_I}(?:'m| am) in (?!love|the|a|my|bed|town)\w+",
    ),
    _frame(  # occupation
        r"\bwhat (?:do|did) (?:i|we) do(?: now)?(?: for (?:work|a living|a job))?\s*\??\Z|\bwhat do (?:i|we) work as\b"
        r"|\b(?:my|our) (?:job|job title|profession|occupation|line of work|role|trade|work)\b"
        r"|\bwhat (?:kind|sort|type) of (?:work|job)\b",
        rf"{_I}(?:'m| am| work as| was made| became| got promoted to)(?: \w+)? "
        r"(?:an?|the|head|chief|senior|junior|lead) "
        rf"|{_I} (?:work|worked|working)\b.* as an?\b|{_I} (?:work|worked) (?:as|in)\b"
        rf"|{_I}(?:'m| am) (?-i:[A-Z])\w+(?: \w+)?, (?:an?|the) |{_I}{_IS} in (?!love)\w+"
        r"|\bmy (?:job|role|profession|work) is\b"
        rf"|{_I} (?:teach|run|manage|look after|drive|design|build|sell|repair|write|edit|coach|translate|own)\b"
        rf"|{_I}{_IS} (?:retired|unemployed|self-employed|freelanc\w+)",
    ),
    _frame(  # name
        r"\b(?:my|our) (?:full |first |last |real |nick)?name\b|\bwhat am i called\b|\bwho am i\b"
        r"|\b(?:do|should|can) (?:people|you|friends|they) call me\b"
        r"|\bname do i go by\b|\bdo i go by\b",
        r"\bmy (?:\w+ )?name(?:'s| is)\b|\bcalls? me\b|\bi(?:'m| am) (?-i:[A-Z])\w+"
        r"|\b(?-i:[A-Z])\w+ here\b|\bi go by\b",
    ),
    _frame(  # age
        r"\bhow old (?:am i|are we)\b|\bmy age\b",
        rf"{_I}(?:'m| am|'ve| have)?(?: just)?(?: turned| turning| turn|'m| am)? \d{{1,3}}(?! ?(?:kg|cm|km|am|pm|%))\b"
        r"|\bturn(?:ed|ing)? \d+|\bmy \d+(?:st|nd|rd|th) birthday|\b\d+ years? old\b",
    ),
    _frame(  # diet
        r"\b(?:can't|can not|cannot|mustn't|shouldn't|don't|must not) (?:i|we) (?:eat|have|drink|touch)\b"
        r"|\b(?:i|we) (?:can't|can not|cannot|mustn't|don't) (?:eat|have|drink|touch)\b|\ballerg|\bintoleran"
        r"|\b(?:my|our) diet\b|\bam i (?:a )?(?:vegan|vegetarian)",
        r"\ballerg|\bintoleran|\b(?:can't|cannot|can not|don't|do not|never|mustn't|stopped) (?:eat|hav|drink|touch)"
        r"|\b(?:vegan|vegetarian|pescatarian|halal|kosher|c(?:o)?eliac|gluten)|\bmakes? me (?:swell|sick|ill)\b"
        r"|\b(?:swell|rash|hives)\b",
    ),
    _frame(  # commute
        r"\bhow (?:do|am|are|did) (?:i|we) (?:\w+ )?(?:get(?:ting)?|go(?:ing)?|travel(?:ling)?|commut\w+|com(?:e|ing))"
        r"(?: to| home| into)?",
        rf"{_I}\b.*\b(?:take|ride|cycle|bike|drive|walk|run|commute|catch|bus|train|tram|ferry|metro|subway)\b",
    ),
)


def frame_of(question: str) -> Frame | None:
    """The frame that a question about oneself asks for, or None."""
    return next((frame for frame in FRAMES if frame.asked.search(question)), None)
