"""Days that documents say they are of: in front matter, in headings as journals have them, in a file's name.

Invariants: a day is told only by its full date, never guessed from a part of one; where day and month could be
exchanged (4/5/2019) it is not told. Pure.
"""

import re
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import PurePath

# English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish and Norwegian, Russian, Polish, Czech,
# Ukrainian, Turkish: as they stand beside a day.
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "januari februari mars april maj juni juli augusti september oktober november december",
        "januar februar marts april maj juni juli august september oktober november december",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        "ledna února března dubna května června července srpna září října listopadu prosince",
        "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
        "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    )
    for number, name in enumerate(names.split(), start=1)
}
_MONTHS |= {"sept": 9}
_MONTH = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_YEAR = r"(?P<year>(?:1[89]|20)\d\d)"
_DAY, _NUMBER = r"(?P<day>0?[1-9]|[12]\d|3[01])", r"(?P<number>0?[1-9]|1[0-2])"
_LATE_DAY = r"(?P<day>1[3-9]|2\d|3[01])"

_FULL_DATES = [
    re.compile(rf"(?<![\w-]){pattern}", re.IGNORECASE)
    for pattern in (
        rf"{_YEAR}(?P<mark>[-./]){_NUMBER}(?P=mark){_DAY}(?!\d|[-./]\d)",
        rf"{_DAY}(?:st|nd|rd|th|\.|º)?,? (?:of |de |d')?(?P<month>{_MONTH})\.?,? (?:de |del )?{_YEAR}(?!\d)",
        rf"(?P<month>{_MONTH})\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}(?!\d)",
        rf"{_YEAR} ?[年년] ?{_NUMBER} ?[月월] ?{_DAY} ?[日일号號]",
        # With points the day stands first wherever it is written so; with slashes the month may, unless it cannot.
        rf"{_YEAR}\. ?{_NUMBER}\. ?{_DAY}\.",
        rf"{_DAY}\. ?{_NUMBER}\. ?{_YEAR}(?!\d)",
        rf"{_LATE_DAY}(?P<mark>[-/]){_NUMBER}(?P=mark){_YEAR}(?!\d)",
        rf"{_NUMBER}/{_LATE_DAY}/{_YEAR}(?!\d)",
    )
]
_IN_NAME = [
    re.compile(rf"(?<!\d){_YEAR}(?P<mark>[-_.]?)(?P<number>0[1-9]|1[0-2])(?P=mark)(?P<day>0[1-9]|[12]\d|3[01])(?!\d)"),
    re.compile(rf"(?<!\d)(?P<day>0[1-9]|[12]\d|3[01])(?P<mark>[-_.])(?P<number>0[1-9]|1[0-2])(?P=mark){_YEAR}(?!\d)"),
]
_FRONT_MATTER = re.compile(r"(?:---|\+\+\+)\n(.*?)\n(?:---|\+\+\+|\.\.\.)(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"(?:date|created|created_at|published|day|datum|fecha)\s*[:=]\s*(.+)", re.IGNORECASE)
_MOST_HEAD = 4000
_MAIL_FIELD = re.compile(r"(?:From|To|Subject|Date|Sent|Cc|Message-ID|Von|An|Betreff|Received): ?\S")
_MAIL_DATE = re.compile(r"(?:Date|Sent): ?(.+)")
_HEADING_MARKS = re.compile(r"#{1,6} +|\*\*|__|\[\[|={2,} ?")
_TIME = re.compile(r"\b\d{1,2}[:.]\d\d(?::\d\d)?(?: ?[ap]\.?m\b\.?| Uhr\b)?", re.IGNORECASE)
_ANY_YEAR = re.compile(r"(?:1[89]|20)\d\d")
# What may stand beside the day in a line that has no mark of a heading.
_BESIDE = frozenset(
    re.findall(
        r"\w+",
        """
        monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
        montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
        lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo
        lunedì martedì mercoledì giovedì venerdì sabato domenica segunda terça quarta quinta sexta feira
        maandag dinsdag woensdag donderdag vrijdag zaterdag zondag måndag tisdag onsdag torsdag fredag lördag söndag
        mandag tirsdag lørdag søndag понедельник вторник среда четверг пятница суббота воскресенье
        pazartesi salı çarşamba perşembe cuma cumartesi pazar pondělí úterý středa čtvrtek pátek neděle
        понеділок вівторок середа четвер субота неділя
        poniedziałek wtorek środa czwartek piątek sobota niedziela
        月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日 星期一 星期二 星期三 星期四 星期五 星期六 星期日
        월요일 화요일 수요일 목요일 금요일 토요일 일요일 月 火 水 木 金 土 日
        date day dear diary journal log logbook entry note notes minutes meeting protocol memo letter the of on
        datum tagebuch eintrag protokoll notiz notizen den am le journal intime fecha diario data dziennik dagbok dagbog
        дата дневник запись заметки от г года 日記 日记 日期 일기 날짜
        """,
    )
)
_MOST_HEADING, _MOST_WORDS, _MOST_OTHERS = 60, 7, 4


def day_in_stamp(text: str) -> date | None:
    """The day of a time as machines and headers write it: ISO, of mail, or a full date."""
    text = text.strip().strip("'\"")
    if match := re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)", text):
        return _day(*map(int, match.groups()))
    try:
        return parsedate_to_datetime(text).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return _in_full(text)


def document_day(name: str, text: str) -> date | None:
    """The day of a document as its front matter, its head as a mail, its first line, or its name has it."""
    return _front_matter_day(text) or _mail_day(text) or heading_day(text.partition("\n")[0]) or _name_day(name)


def heading_days(text: str) -> list[tuple[int, date]]:
    """(offset, day) of the lines that are headings of a day, in order."""
    found: list[tuple[int, date]] = []
    start = _head_length(text)
    for line in text[start:].split("\n"):
        if 8 <= len(line) <= _MOST_HEADING and (day := heading_day(line)):
            found.append((start, day))
        start += len(line) + 1
    return found


def heading_day(line: str) -> date | None:
    """The day that `line` is a heading of, None where it says more than that.

    Marked as a heading, it may have a few more words ("## Harbour walk, 12 March 2021"), else such as name a day.
    """
    if len(line) > _MOST_HEADING or line[:1].isspace() or not _ANY_YEAR.search(line):
        return None
    marked = _HEADING_MARKS.match(line)
    if len(line.split()) > (_MOST_WORDS + _MOST_OTHERS if marked else _MOST_WORDS):
        return None
    for pattern in _FULL_DATES:
        if match := pattern.search(line):
            beside = _TIME.sub("", f"{line[: match.start()]} {line[match.end() :]}")
            words = [word.lower() for word in re.findall(r"[^\W_]+", beside)]
            others = [word for word in words if word not in _BESIDE]
            if not others or (marked and len(others) <= _MOST_OTHERS and not re.search(r"[^\W\d_][:=]", beside)):
                return _of(match)
    return None


def _head_length(text: str) -> int:
    """Where front matter or the head of a mail ends, which tell the day of all that follows."""
    if front := _FRONT_MATTER.match(text):
        return front.end()
    return len(_mail_head(text))


def _front_matter_day(text: str) -> date | None:
    front = _FRONT_MATTER.match(text)
    if front is None:
        return None
    return next(
        (day for line in front[1].split("\n") if (match := _FIELD.match(line)) and (day := day_in_stamp(match[1]))),
        None,
    )


def _mail_day(text: str) -> date | None:
    dates = (_MAIL_DATE.match(line) for line in _mail_head(text).split("\n"))
    return next((day_in_stamp(match[1]) for match in dates if match), None)


def _mail_head(text: str) -> str:
    """The head of a mail: lines of two fields or more, up to the first blank one; "" where there is none."""
    head = text[:_MOST_HEAD].partition("\n\n")[0]
    return head if sum(bool(_MAIL_FIELD.match(line)) for line in head.split("\n")) > 1 else ""


def _name_day(name: str) -> date | None:
    stem = PurePath(name).stem
    return next((_of(match) for pattern in _IN_NAME if (match := pattern.search(stem))), None)


def _in_full(text: str) -> date | None:
    return next((_of(match) for pattern in _FULL_DATES if (match := pattern.search(text))), None)


def _of(match: re.Match[str]) -> date | None:
    parts = match.groupdict()
    month = int(parts["number"]) if parts.get("number") else _MONTHS.get(parts["month"].lower(), 0)
    return _day(int(parts["year"]), month, int(parts["day"]))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
