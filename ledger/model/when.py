"""When a fact begins to hold, as exactly as anyone knows it.

A `When` is the earliest and the latest day on which something can have begun. `"2023-01-20"` is one
day; everything else is *some day in there*: `"2021"` is a day of that year, not its first of January.

The grammar is a small part of EDTF (Extended Date/Time Format, Library of Congress 2019; ISO 8601-2),
with spans read as "one day of the span":

    2023-01-20   2023-01   2021          a day, one day of a month, one day of a year
    2021/2023-01-19   [2021..2022-06]    one day from the start of the first to the end of the second
    [..2020]                             no later than the end of 2020
    2021~   2021?                        the same window; the writer's doubt is kept and shown

Everything else is refused by its name, since a date that is read wrongly is worse than none.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from functools import lru_cache

from attrs import field, frozen

from ledger.model.errors import BadWhen, shown
from ledger.model.limits import WHEN_MAX

_PART = r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?"
_SPAN = rf"({_PART})/({_PART})|\[({_PART})?\.\.({_PART})\]"  # compiled when the first one is met
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@frozen(repr=False)
class When:
    """The day on which something began, or the window of days in which that day lies.

    `earliest` and `latest` are both inclusive. `text` is what was written; it is kept, and it is part
    of equality. Raises `BadWhen` for what is not in the grammar of this module.

    >>> When("2021/2023-01-19")
    When('2021/2023-01-19')
    >>> When("2021/2023-01-19").earliest, When("2021/2023-01-19").latest
    (datetime.date(2021, 1, 1), datetime.date(2023, 1, 19))
    """

    text: str
    earliest: date = field(init=False, eq=False)
    latest: date = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        earliest, latest = _window(self.text)
        object.__setattr__(self, "earliest", earliest)
        object.__setattr__(self, "latest", latest)

    @classmethod
    def parse(cls, text: str) -> When:
        """Read a text, as the class itself does.

        >>> When.parse("2022-02").latest
        datetime.date(2022, 2, 28)
        """
        return cls(text)

    @classmethod
    def of(cls, value: When | date | str) -> When:
        """Take a `When`, a `date` or a text. A `datetime` is refused: a fact holds from a day on.

        >>> When.of(date(2023, 1, 20))
        When('2023-01-20')
        """
        if value.__class__ is When:
            return value
        if isinstance(value, When):  # of another class, which might change
            return _when(value.text)
        return _when(value if isinstance(value, str) else day(value).isoformat())

    @property
    def exact(self) -> bool:
        """Is the day known?

        >>> When("2023-01-20").exact, When("2023-01-20~").exact, When("2023-01").exact
        (True, True, False)
        """
        return self.earliest == self.latest

    @property
    def qualifier(self) -> str:
        """`~` for about, `?` for in doubt, else nothing.

        >>> When("2021~").qualifier
        '~'
        """
        return self.text[-1] if self.text[-1] in "~?" else ""

    def certainly_by(self, last: date | str) -> bool:
        """Has it surely begun by the end of that day?

        >>> When("2022").certainly_by("2022-12-31"), When("2022").certainly_by("2022-06-01")
        (True, False)
        """
        return self.latest <= day(last)

    def possibly_by(self, last: date | str) -> bool:
        """Can it have begun by the end of that day?

        >>> When("2022").possibly_by("2022-01-01"), When("2022").possibly_by("2021-12-31")
        (True, False)
        """
        return self.earliest <= day(last)

    def certainly_before(self, other: When | date | str) -> bool:
        """Did it surely begin on a day before the other did?

        >>> When("2021").certainly_before("2022-03"), When("2021").certainly_before("2021-12")
        (True, False)
        """
        return self.latest < When.of(other).earliest

    def possibly_before(self, other: When | date | str) -> bool:
        """Can it have begun on a day before the other did?

        >>> When("2021").possibly_before("2021-12"), When("2022").possibly_before("2021")
        (True, False)
        """
        return self.earliest < When.of(other).latest

    def contains(self, other: When | date | str) -> bool:
        """Does every day of the other window lie in this one?

        >>> When("2021").contains("2021-11"), When("2021-11").contains("2021")
        (True, False)
        """
        other = When.of(other)
        return self.earliest <= other.earliest and other.latest <= self.latest

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"When({self.text!r})"


@lru_cache(maxsize=16_384)  # a history names the same days over and over, and a When never changes
def _when(text: str) -> When:
    return When(text)


def day(value: date | str) -> date:
    """Take one exact day, as a `date` or as `YYYY-MM-DD`; anything rougher raises `BadWhen`.

    >>> day("2023-01-20")
    datetime.date(2023, 1, 20)
    """
    if isinstance(value, datetime):
        raise BadWhen(f"{value!r} is an instant, and a day was asked for: pass its .date()")
    if isinstance(value, date):
        return value if value.__class__ is date else date(value.year, value.month, value.day)
    if not isinstance(value, str):
        raise BadWhen(f"a day is a date or a text such as '2023-01-20', not {type(value).__name__}")
    if not _DAY.fullmatch(value):
        raise BadWhen(f"{shown(value)} is not one exact day: write it as YYYY-MM-DD")
    return _first_day(value, *value.split("-"))


def instant(value: datetime | str) -> datetime:
    """Take one instant, as an aware `datetime` or as RFC 3339 text, and give it in UTC.

    A naive instant raises `BadWhen`: nobody can tell which moment it was.

    >>> instant("2023-06-01T02:00:00+02:00")
    datetime.datetime(2023, 6, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if isinstance(value, str):
        if not re.fullmatch(_INSTANT, value, re.ASCII):
            raise BadWhen(f"{shown(value)} is not an instant: write it as 2023-01-20T09:30:00Z (RFC 3339)")
        try:
            moment = datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise BadWhen(f"{shown(value)} is not an instant: {error}") from None
    elif isinstance(value, datetime):
        moment = value
    else:
        raise BadWhen(f"an instant is an aware datetime or RFC 3339 text, not {type(value).__name__}")
    if moment.utcoffset() is None:
        raise BadWhen(f"{value} has no time zone, so it names no moment: add one, for instance +00:00")
    try:
        found = moment.astimezone(UTC)
    except OverflowError:
        raise BadWhen(f"{value} lies outside the years 0001 to 9999 in UTC") from None
    return found if found.__class__ is datetime else datetime.combine(found.date(), found.time(), UTC)


_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_INSTANT = rf"\d{{4}}-\d\d-\d\d[Tt ]{_CLOCK}:[0-5]\d(\.\d{{1,6}})?([Zz]|[+-]{_CLOCK})?"


def window_text(earliest: date, latest: date) -> str:
    """Write a window of days as it is typed: a day, a span, or what is not after a day.

    >>> window_text(date(2021, 1, 1), date(2021, 1, 1)), window_text(date(2021, 1, 1), date(2021, 12, 31))
    ('2021-01-01', '2021-01-01/2021-12-31')
    >>> window_text(date.min, date(2021, 12, 31))
    '[..2021-12-31]'
    """
    if earliest == latest:
        return str(latest)
    return f"[..{latest}]" if earliest == date.min else f"{earliest}/{latest}"


def instant_text(moment: datetime) -> str:
    """Write an instant of UTC with six decimals and a Z, so that texts sort as instants do.

    >>> instant_text(instant("2023-06-01T00:00:00Z"))
    '2023-06-01T00:00:00.000000Z'
    """
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def _window(text: object) -> tuple[date, date]:
    if text.__class__ is not str:
        raise BadWhen(f"a date is text such as '2023-01-20' or '2021', not {type(text).__name__}")
    if len(text) == 10 and _DAY.fullmatch(text):  # most dates are exact: read them first and fast
        try:
            exact = date.fromisoformat(text)
        except ValueError as error:
            raise BadWhen(f"{shown(text)} is no day of the calendar: {error}") from None
        return exact, exact
    bare = text[:-1] if text[-1:] in ("~", "?") else text
    if one := re.fullmatch(_PART, bare, re.ASCII):
        return _first_day(text, *one.groups()), _last_day(text, *one.groups())
    if span := re.fullmatch(_SPAN, bare, re.ASCII):
        groups = span.groups()
        slash = groups[0] is not None
        start, end = (groups[1:4], groups[5:8]) if slash else (groups[9:12], groups[13:16])
        earliest = _first_day(text, *start) if start[0] else date.min
        latest = _last_day(text, *end)
        if earliest > latest:
            raise BadWhen(f"{shown(text)} ends before it begins: write the earlier end first")
        return earliest, latest
    raise BadWhen(f"{shown(text)} {_why_not(text)}")


def _first_day(text: str, year: str, month: str | None = None, of_month: str | None = None) -> date:
    return _calendar_day(text, int(year), int(month or 1), int(of_month or 1))


def _last_day(text: str, year: str, month: str | None = None, of_month: str | None = None) -> date:
    last_month = int(month or 12)
    last = 1 if of_month or not 1 <= last_month <= 12 else monthrange(int(year), last_month)[1]
    return _calendar_day(text, int(year), last_month, int(of_month or last))


def _calendar_day(text: str, year: int, month: int, of_month: int) -> date:
    if year == 0:
        raise BadWhen(f"{shown(text)}: years run from 0001 to 9999")
    if 21 <= month <= 41:
        raise BadWhen(f"{shown(text)} names a season, not a month: write the months, as in '2021-03/2021-05'")
    try:
        return date(year, month, of_month)
    except ValueError as error:
        raise BadWhen(f"{shown(text)} is no day of the calendar: {error}") from None


_REFUSALS = (
    (r"", "is empty: write a date such as 2023-01-20, 2023-01 or 2021"),
    (r".*\d{4}-\d\d-\d\d[T ]\d\d.*", "is an instant: a fact holds from a day on, leave the time of day out"),
    (r".*\s.*", "holds a blank: dates have none"),
    (r".*[^\x00-\x7f].*", "holds other signs than those of ASCII: write plain digits and hyphens"),
    (r".*\d{4}-?W\d.*", "is a week date: write the days of the week as a span, as in 2023-01-16/2023-01-22"),
    (r"\[?\d{5,}.*", "is a compact date or a year past 9999: write YYYY-MM-DD"),
    (r"[-+Y]+\d.*", "has a year with a sign or a Y: years run from 0001 to 9999, in four digits"),
    (r"[\[{].*[,}].*", "is a set of separate dates: give the span that holds it, as in [2021..2023]"),
    (r"(\.\.)?/.*|.*/(\.\.)?|\[.*\.\.\]", "is a span without an end: only [..b], not after b, is open"),
    (r".*[~?%].*", "is qualified in a place or a way not used here: one ~ or ? may stand at the very end"),
    (r"(?=.*[Xxu*])[\dXxu*./\[\]-]+", "has digits left open: give the span, as in 2020/2029"),
)


def _why_not(text: str) -> str:
    if len(text) <= WHEN_MAX:
        for pattern, reason in _REFUSALS:
            if re.fullmatch(pattern, text, re.DOTALL):
                return reason
    return "is not a date: write YYYY-MM-DD, YYYY-MM, YYYY, a span a/b or [a..b], or [..b]"
