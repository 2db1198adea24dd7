"""Hypothesis strategies for the values that the library is made of, up to whole events.

They draw valid values only, in every form that can be written, simple ones first.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar
from unicodedata import normalize

from attrs import fields
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from ledger.model.errors import LedgerError
from ledger.model.events import EVENTS, QUALITIES, Attributes, Claim, Event, MemberChanged, ReportPublished
from ledger.model.exact import number
from ledger.model.limits import DIGITS_MAX, PLACES_MAX
from ledger.model.measures import MEASURES, OVERLAPS, Distinct, Joined, Measure, Members, Share, Simple, Total, Value
from ledger.model.periods import period_of
from ledger.model.quantity import Quantity
from ledger.model.units import unit as known_unit
from ledger.model.when import When, day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
U = TypeVar("U")
Strings: TypeAlias = SearchStrategy[str]

UNITS: Final = ("", "t", "kt", "Mt CO2", "tCO2e", "Mt/year", "percent", "%", "people", "USD", "billion EUR/year")
_FEW: Final = ("a", "b", "c")
_VISIBLE: Final = st.characters(exclude_categories=["C", "Z"])
_STORABLE: Final = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_AWKWARD: Final = (
    *("España", "北京", "اتحاد", "איגוד", "می‌خواهم", "🇪🇸", "👩🏽‍🔬"),  # accents, right to left, joined emoji
    *("'); DROP TABLE records; --", "\"a\" 'b' `c` \\", "<script>alert(1)</script>", "&amp; %s {x} $1 *_#"),
)
_UNRULY: Final = ("", "\t", " end ", "e\u0301", "\u202eback", "\x1b[0m", "\u200b", "\x85", "\ufeff")  # in prose only


def days(*, min_value: date | str = date.min, max_value: date | str = date.max) -> SearchStrategy[date]:
    """Draw days of the calendar, from year 1 to year 9999 unless told otherwise."""
    return st.dates(*_checked_days(min_value, max_value))


def whens(
    *, rough: bool = True, min_value: date | str = date.min, max_value: date | str = date.max
) -> SearchStrategy[When]:
    """Draw a `When` in each of its forms, with and without `~` or `?`; its window lies within the limits.

    `rough=False` draws exact days alone; `[..b]` is drawn where no `min_value` was given.
    """
    return _whens(*_checked_days(min_value, max_value), rough=rough)


@st.composite
def _whens(draw: st.DrawFn, first: date, last: date, *, rough: bool) -> When:
    one, other = draw(st.dates(first, last)), draw(st.dates(first, last))
    start, end = _written(min(one, other)), _written(max(one, other))
    doubt = draw(st.sampled_from(["", "~", "?"]))
    if not rough:
        return When(f"{start[0]}{doubt}")
    single = draw(st.sampled_from([when for when in start if first <= when.earliest and when.latest <= last]))
    low = draw(st.sampled_from([when for when in start if first <= when.earliest]))
    high = draw(st.sampled_from([when for when in end if when.latest <= last]))
    spans = [f"{single}", f"{low}/{high}", f"[{low}..{high}]"] + [f"[..{high}]"] * (first == date.min)
    return When(draw(st.sampled_from(spans)) + doubt)


def _written(value: date) -> list[When]:
    iso = value.isoformat()
    return [When(iso), When(iso[:7]), When(iso[:4])]


def numbers(
    *, min_value: Decimal | int | None = None, max_value: Decimal | int | None = None
) -> SearchStrategy[Decimal]:
    """Draw finite decimals of at most 34 digits, with at most 34 places on either side of the point."""
    low, high = _checked(_limit, min_value), _checked(_limit, max_value)
    _require(low is None or high is None or low <= high, f"min_value={low} is larger than max_value={high}")
    return _numbers(low, high)


@st.composite
def _numbers(draw: st.DrawFn, low: Decimal | None, high: Decimal | None) -> Decimal:
    finest, coarsest = -PLACES_MAX, PLACES_MAX - 1
    if low is not None and high is not None:
        coarsest = max(finest, min(coarsest, max(low.adjusted(), high.adjusted())))
    nearest = low if low is not None and low > 0 else high if high is not None and high < 0 else None
    if nearest is not None:  # keep to exponents in which the limit nearest to zero can be written
        finest = max(finest, nearest.adjusted() - DIGITS_MAX + 1)
        coarsest = min(coarsest, int(nearest.as_tuple().exponent))
    usual = [exponent for exponent in (0, -1, -2, 3) if finest <= exponent <= coarsest]
    exponent = draw(st.sampled_from(usual or [coarsest]) | st.integers(finest, coarsest))
    most, step = 10 ** (DIGITS_MAX - max(exponent, 0)) - 1, Fraction(10) ** exponent
    least = -most if low is None else max(-most, ceil(Fraction(low) / step))
    most = most if high is None else min(most, floor(Fraction(high) / step))
    return Decimal(f"{draw(st.integers(least, most))}e{exponent}")


def quantities(
    *,
    unit: str | Strings | None = None,
    min_value: Decimal | int | None = None,
    max_value: Decimal | int | None = None,
    open_ends: bool = True,
    exact: bool = False,
) -> SearchStrategy[Quantity]:
    """Draw amounts, typed in every way that can be read and computed, of one unit or of several common ones.

    No amount lies outside `min_value` and `max_value`, so an end on a limited side is never open;
    `open_ends=False` closes both sides, and `exact=True` draws single numbers.
    """
    if unit is not None and not isinstance(unit, SearchStrategy):
        _checked(known_unit, unit)
    units = unit if isinstance(unit, SearchStrategy) else st.sampled_from(UNITS if unit is None else [unit])
    shapes = ["{}"] + ["{}..{}"] * (not exact)
    if open_ends and not exact:
        shapes += [">= {}", "> {}", ">{}"] * (max_value is None)
        shapes += ["<= {}", "< {}", "<{}"] * (min_value is None)
        shapes += [".."] * (min_value is None and max_value is None)
    return _quantities(units, numbers(min_value=min_value, max_value=max_value), shapes)


@st.composite
def _quantities(draw: st.DrawFn, units: Strings, values: SearchStrategy[Decimal], shapes: list[str]) -> Quantity:
    unit, shape = draw(units), draw(st.sampled_from(shapes))
    low, high = sorted([draw(values), draw(values)])
    first, second = draw(_spelled(low)), draw(_spelled(high))
    if shape == "{}..{}":  # a third point beside these two is refused
        first, second = first.removesuffix("."), f"0{second}" if second[0] == "." else second
    blank = "" if not unit or (unit == "%" and draw(st.booleans())) else " "
    typed = Quantity.parse(shape.format(first, second) + blank + unit)
    return typed if draw(st.booleans()) else Quantity(typed.low, typed.high, unit)


def _spelled(value: Decimal) -> Strings:
    plain = f"{value:f}"
    signed = [f"+{plain}"] * (value >= 0)
    shorter = [plain.replace("0.", ".", 1) if abs(value) < 1 else plain] if "." in plain else [f"{plain}."]
    return st.sampled_from([plain, f"{value:e}", f"{value:E}", *signed, *shorter])


@cache
def ids() -> Strings:
    """Draw ids: mostly one of three, so that they meet, or a short word of ASCII, at times any name."""
    word = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_./:", min_size=1, max_size=12)
    return st.one_of(st.sampled_from(_FEW), st.sampled_from(_FEW), word, names())


@cache
def names() -> Strings:
    """Draw names of one line: words of any script, joined emoji, quotes, what SQL or HTML trips over."""
    words = st.text(_VISIBLE, min_size=1, max_size=8) | st.sampled_from(_AWKWARD)
    return st.lists(words, min_size=1, max_size=4).map(lambda several: normalize("NFC", " ".join(several)))


def texts(*, max_size: int = 200) -> Strings:
    """Draw prose of any number of lines, possibly empty, of every character but NUL and lone surrogates."""
    _require(isinstance(max_size, int) and max_size >= 0, f"max_size={max_size!r} must be 0 or more")
    lines = st.lists(names() | st.sampled_from(_UNRULY), max_size=4)
    return st.text(_STORABLE, max_size=max_size) | lines.map(lambda several: "\r\n".join(several)[:max_size])


def attributes(*, max_size: int = 4, clearing: bool = False) -> SearchStrategy[Attributes]:
    """Draw attributes of common and of strange names; `clearing=True` lets some be None (taken away)."""
    _require(isinstance(max_size, int) and max_size >= 0, f"max_size={max_size!r} must be 0 or more")
    values = st.none() | _attribute_values() if clearing else _attribute_values()
    return st.dictionaries(_attribute_names(), values, max_size=max_size).map(Attributes)


def measures(*classes: type[Measure], metrics: Strings | None = None) -> SearchStrategy[Measure]:
    """Draw what can be asked of a state: measures of these classes, or of all, with and without a filter."""
    for cls in classes:
        _require(cls in MEASURES, f"{cls!r} is no class of measure, such as Members")
    by_class = _simple(ids() if metrics is None else metrics)
    simple = st.one_of(list(by_class.values()))
    return st.one_of([by_class.get(cls, st.builds(Share, simple, simple)) for cls in classes or MEASURES])


def _simple(metrics: Strings) -> dict[type[Measure], SearchStrategy[Simple]]:
    value = st.none() | _attribute_values()
    where = st.dictionaries(_attribute_names(), value | st.lists(value, min_size=1, max_size=3), max_size=2)
    return {
        Members: st.builds(Members, where, suspended=st.booleans()),
        Joined: st.builds(Joined, days(), where),
        Distinct: st.builds(Distinct, _attribute_names(), where, suspended=st.booleans()),
        Total: st.builds(
            Total,
            metrics,
            where,
            members_at=st.none() | days(),
            overlap=st.sampled_from(OVERLAPS),
            within=st.none() | _periods(),
            suspended=st.booleans(),
        ),
        Value: st.builds(Value, metrics, st.none() | ids()),
    }


def claims(*, published: When | date | str = "9999-12-31", metrics: Strings | None = None) -> SearchStrategy[Claim]:
    """Draw claims that a report of that day may make: of no later day, and of a given day if it is rough."""
    report = _checked(When.of, published)
    at = days(max_value=report.latest)
    return st.builds(
        Claim,
        measures(metrics=metrics),
        quantities(),
        at=st.none() | at if report.exact else at,
        definition=st.none() | texts(),
        text=texts(),
    )


def events(
    *classes: type[Event],
    members: Strings | None = None,
    metrics: Strings | None = None,
    effective: SearchStrategy[When] | None = None,
    amounts: SearchStrategy[Quantity] | None = None,
) -> SearchStrategy[Event]:
    """Draw events of these classes, or of all: each is well-formed, but need not fit any history.

    `members`, `metrics`, `effective` and `amounts` say what their ids, dates and values are drawn from.
    """
    for cls in classes:
        _require(cls in EVENTS, f"{cls!r} is no class of event, such as MemberJoined")
    members = ids() if members is None else members
    by_name: dict[str, SearchStrategy[Any]] = {
        "effective": whens() if effective is None else effective,
        "member": members,
        "metric": ids() if metrics is None else metrics,
        "part_of": members,
        "supporters": st.lists(ids(), max_size=3, unique=True),
        "successors": st.lists(members, max_size=3, unique=True),
        "name": names(),
        "attributes": attributes(clearing=True),
        "unit": st.sampled_from(UNITS),
        "amount": st.none() | (quantities() if amounts is None else amounts),
        "period": whens(),
        "quality": st.sampled_from(QUALITIES),
        "claims": st.just(()),  # drawn once the day of the report is known
        **dict.fromkeys(["report", "record", "kind"], ids()),
        **dict.fromkeys(["title", "url"], st.just("") | names()),
        **dict.fromkeys(["definition", "reason"], texts()),
        **dict.fromkeys(["additive", "nonnegative"], st.booleans()),
    }
    return st.one_of([_events(cls, by_name) for cls in classes or EVENTS])


@st.composite
def _events(draw: st.DrawFn, cls: type[Any], by_name: Mapping[str, SearchStrategy[Any]]) -> Event:
    given: dict[str, Any] = {
        f.name: draw(by_name[f.name] if f.default is not None else st.none() | by_name[f.name]) for f in fields(cls)
    }
    if cls is ReportPublished:
        given["claims"] = draw(st.lists(claims(published=given["effective"], metrics=by_name["metric"]), max_size=3))
    if cls is MemberChanged and draw(st.booleans()):
        given["part_of"] = ""  # of none from then on
    if "part_of" in given and given["part_of"] == given["member"]:
        given["part_of"] = None
    event: Event = cls(**given)
    return event


@cache
def _periods() -> Strings:
    units = st.sampled_from(["day", "week", "month", "year"])
    return st.builds("{} {}s".format, st.integers(1, 3) | st.integers(1, 99_999), units).map(period_of)


@cache
def _attribute_names() -> Strings:
    return st.sampled_from(["country", "sector", "cohort"]) | ids()


@cache
def _attribute_values() -> Strings:
    return st.sampled_from(["Spain", "steel"]) | names()


def _limit(value: Decimal | int | None) -> Decimal | None:
    exact = None if value is None else number(value)
    if isinstance(exact, Fraction):
        raise InvalidArgument(f"{exact} has no finite decimal")
    return exact


def _checked_days(min_value: date | str, max_value: date | str) -> tuple[date, date]:
    first, last = _checked(day, min_value), _checked(day, max_value)
    _require(first <= last, f"min_value={first} lies after max_value={last}")
    return first, last


def _checked(convert: Callable[[U], T], given: U) -> T:
    try:
        return convert(given)
    except LedgerError as error:
        raise InvalidArgument(str(error)) from error


def _require(right: bool, otherwise: str) -> None:  # noqa: FBT001 - it reads as an assertion does
    if not right:
        raise InvalidArgument(otherwise)
