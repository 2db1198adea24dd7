"""Hypothesis strategies for the values that the library is made of, up to whole events.

They draw valid values only, in every form that can be written, simple ones first: a failing test shrinks
to a member "a" on the day 2000-01-01. Draw with them to test your own code that is built on the ledger:

    @given(events(MemberJoined, MemberLeft))
    def test_my_code_takes_every_event(event): ...

Options are passed by name and checked at once; a wrong one raises Hypothesis' `InvalidArgument`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar
from unicodedata import normalize

from attrs import fields
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from ledger.model.errors import LedgerError
from ledger.model.events import EVENTS, QUALITIES, Attributes, Claim, Event, MemberChanged, ReportPublished
from ledger.model.exact import DIGITS_MAX, PLACES_MAX, ZERO, number
from ledger.model.measures import Distinct, Joined, Measure, Members, Share, Simple, Total, Value
from ledger.model.quantity import Quantity
from ledger.model.units import unit as known_unit
from ledger.model.when import When, day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
U = TypeVar("U")
Strings: TypeAlias = SearchStrategy[str]

UNITS: Final = (
    "",
    "t",
    "kt",
    "Mt CO2",
    "tCO2e",
    "Mt/year",
    "percent",
    "%",
    "people",
    "USD",
    "billion EUR/year",
)
_AWKWARD: Final = (
    *("España", "北京", "اتحاد", "איגוד", "می‌خواهم", "🇪🇸", "👩🏽‍🔬"),  # accents, right to left, joined emoji
    *("'); DROP TABLE records; --", "\"a\" 'b' `c` \\", "<script>alert(1)</script>", "&amp; %s {x} $1 *_#"),
)


def days(*, min_value: date | str = date.min, max_value: date | str = date.max) -> SearchStrategy[date]:
    """Draw days of the calendar, from year 1 to year 9999 unless told otherwise."""
    return st.dates(*_checked_days(min_value, max_value))


def whens(
    *, rough: bool = True, min_value: date | str = date.min, max_value: date | str = date.max
) -> SearchStrategy[When]:
    """Draw a `When` in each of its forms, with and without `~` or `?`; the window lies within the limits.

    `rough=False` draws exact days alone, `[..b]` is drawn where no `min_value` was given.
    """
    first, last = _checked_days(min_value, max_value)
    return _whens(first, last, rough)


@st.composite
def _whens(draw: st.DrawFn, first: date, last: date, rough: bool) -> When:  # noqa: FBT001
    one, other = draw(days(min_value=first, max_value=last)), draw(days(min_value=first, max_value=last))
    a, b = min(one, other), max(one, other)
    wide = [When(text) for text in (_iso(a), _iso(a)[:7], _iso(a)[:4])]
    single = draw(st.sampled_from([w for w in wide if first <= w.earliest and w.latest <= last]))
    start = draw(st.sampled_from([w for w in wide if first <= w.earliest]))
    end = draw(st.sampled_from([w for t in (_iso(b), _iso(b)[:7], _iso(b)[:4]) if (w := When(t)).latest <= last]))
    spans = [
        f"{single}",
        f"{start}/{end}",
        f"[{start}..{end}]",
        *([f"[..{end}]"] if first == date.min else []),
    ]
    text = draw(st.sampled_from(spans)) if rough else _iso(a)
    return When(text + draw(st.sampled_from(["", "~", "?"])))


def numbers(
    *, min_value: Decimal | int | None = None, max_value: Decimal | int | None = None
) -> SearchStrategy[Decimal]:
    """Draw finite decimals of at most 34 digits, with at most 34 places on either side of the point."""
    low, high = _checked(_end, min_value), _checked(_end, max_value)
    _require(low is None or high is None or low <= high, f"min_value={low} is larger than max_value={high}")
    return _numbers(low, high)


@st.composite
def _numbers(draw: st.DrawFn, low: Decimal | None, high: Decimal | None) -> Decimal:
    nearest = low if low is not None and low > 0 else high if high is not None and high < 0 else ZERO  # to zero
    finest, coarsest = -PLACES_MAX, PLACES_MAX - 1
    if nearest:  # keep to exponents in which it can be written
        finest, coarsest = max(finest, nearest.adjusted() - DIGITS_MAX + 1), int(nearest.as_tuple().exponent)
    exponent = draw(st.integers(finest, coarsest))
    most, step = 10 ** (DIGITS_MAX - max(exponent, 0)) - 1, Fraction(10) ** exponent
    least = -most if low is None else max(-most, ceil(Fraction(low) / step))
    return Decimal(
        f"{draw(st.integers(least, most if high is None else min(most, floor(Fraction(high) / step))))}e{exponent}"
    )


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
    if not isinstance(unit, SearchStrategy | None):
        _checked(known_unit, unit)
    units = unit if isinstance(unit, SearchStrategy) else st.sampled_from(UNITS if unit is None else [unit])
    shapes = ["{}"] if exact else ["{}", "{}..{}"]
    if open_ends and not exact:
        shapes += [">= {}", "> {}", ">{}"] * (max_value is None) + ["<= {}", "< {}", "<{}"] * (min_value is None)
        shapes += [".."] * (min_value is None and max_value is None)
    return _quantities(units, numbers(min_value=min_value, max_value=max_value), shapes)


@st.composite
def _quantities(draw: st.DrawFn, units: Strings, values: SearchStrategy[Decimal], shapes: list[str]) -> Quantity:
    unit, shape = draw(units), draw(st.sampled_from(shapes))
    low, high = sorted([draw(values), draw(values)])
    first, second = draw(_spelled(low)), draw(_spelled(high))
    if shape == "{}..{}":  # where a third point would be ambiguous
        first, second = first.removesuffix("."), second.replace(".", "0.", 1) if second[0] == "." else second
    blank = "" if not unit or (unit == "%" and draw(st.booleans())) else " "
    typed = Quantity.parse(shape.format(first, second) + blank + unit)
    return typed if draw(st.booleans()) else Quantity(typed.low, typed.high, unit)


def _spelled(value: Decimal) -> Strings:
    plain = f"{value:f}"
    signed = [f"+{plain}"] if value >= 0 else []
    short = [plain.replace("0.", ".", 1)] if "." in plain and abs(value) < 1 else []
    return st.sampled_from(
        [plain, f"{value:e}", f"{value:E}", *signed, *short, *([] if "." in plain else [f"{plain}."])]
    )


def ids() -> Strings:
    """Draw ids: mostly one of three, so that they meet, or short words of ASCII, at times any name."""
    ascii_words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_./:", min_size=1, max_size=12)
    return st.sampled_from(["a", "b", "c"]) | st.sampled_from(["a", "b", "c"]) | ascii_words | names()


def names() -> Strings:
    """Draw names of one line: words of any script, joined emoji, quotes, what SQL or HTML trips over."""
    words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8) | st.sampled_from(_AWKWARD)
    return st.lists(words, min_size=1, max_size=4).map(lambda several: normalize("NFC", " ".join(several)))


def texts(*, max_size: int = 200) -> Strings:
    """Draw prose of any number of lines, possibly empty, of every character but NUL and lone surrogates."""
    _require(isinstance(max_size, int) and max_size >= 0, f"max_size={max_size!r} must be 0 or more characters")
    anything = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=max_size)
    lines = st.lists(names(), max_size=4).map(lambda several: "\r\n".join(several)[:max_size])
    return anything | lines


def attributes(*, max_size: int = 4, clearing: bool = False) -> SearchStrategy[Attributes]:
    """Draw attributes of common and strange names; with `clearing=True` some are None, which takes one away."""
    _require(isinstance(max_size, int) and max_size >= 0, f"max_size={max_size!r} must be 0 or more attributes")
    values = st.sampled_from(["Spain", "steel"]) | names()
    optional = st.none() | values if clearing else values
    return st.dictionaries(_attribute_names(), optional, max_size=max_size).map(Attributes)


def measures(*, metrics: Strings | None = None) -> SearchStrategy[Measure]:
    """Draw what can be asked of a state: each of the six measures, with and without a filter."""
    return _simple(metrics or ids()) | st.builds(Share, _simple(metrics or ids()), _simple(metrics or ids()))


def _simple(metrics: Strings) -> SearchStrategy[Simple]:
    value = st.none() | st.sampled_from(["Spain", "steel"]) | names()
    where = st.dictionaries(_attribute_names(), value | st.lists(value, min_size=1, max_size=3), max_size=2)
    return st.one_of(
        st.builds(Members, where, suspended=st.booleans()),
        st.builds(Joined, days(), where),
        st.builds(Distinct, _attribute_names(), where, suspended=st.booleans()),
        st.builds(Total, metrics, where, suspended=st.booleans()),
        st.builds(Value, metrics, st.none() | ids()),
    )


def claims(*, published: When | date | str = "9999-12-31", metrics: Strings | None = None) -> SearchStrategy[Claim]:
    """Draw claims that a report of that day may make: of no later day, and of a day if the report's is rough."""
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
) -> SearchStrategy[Event]:
    """Draw events of these classes, or of all: each is well-formed, but need not fit any history.

    `members`, `metrics` and `effective` say what to draw ids and dates from.
    """
    for cls in classes:
        _require(cls in EVENTS, f"{cls!r} is no class of event, such as MemberJoined")
    fields_of_events = {
        "effective": effective or whens(),
        "member": members or ids(),
        "metric": metrics or ids(),
        "part_of": members or ids(),
        "supporters": st.lists(ids(), max_size=3, unique=True),
        "successors": st.lists(members or ids(), max_size=3, unique=True),
        "name": names(),
        "attributes": attributes(clearing=True),
        "unit": st.sampled_from(UNITS),
        "amount": st.none() | quantities(),
        "period": whens(),
        "quality": st.sampled_from(QUALITIES),
        "claims": st.just(()),  # these depend on the day of the report
        **dict.fromkeys(("report", "record", "kind"), ids()),
        **dict.fromkeys(("title", "url"), st.just("") | names()),
        **dict.fromkeys(("definition", "reason"), texts()),
        **dict.fromkeys(("additive", "nonnegative"), st.booleans()),
    }
    return st.one_of([_events(cls, fields_of_events, metrics or ids()) for cls in classes or EVENTS])


@st.composite
def _events(
    draw: st.DrawFn, cls: Callable[..., Event], by_name: Mapping[str, SearchStrategy[Any]], metrics: Strings
) -> Event:
    given = {f.name: draw(_optional(by_name[f.name], f.default is None)) for f in fields(cls)}
    if cls is ReportPublished:
        about = claims(published=given["effective"], metrics=metrics)
        given["claims"] = draw(st.lists(about, max_size=3))
    if cls is MemberChanged and draw(st.booleans()):
        given["part_of"] = ""  # part of none any more
    if "part_of" in given and given["part_of"] == given["member"]:
        given["part_of"] = None
    return cls(**given)


def _attribute_names() -> Strings:
    return st.sampled_from(["country", "sector", "cohort"]) | ids()


def _optional(values: SearchStrategy[Any], optional: bool) -> SearchStrategy[Any]:  # noqa: FBT001
    return st.none() | values if optional else values


def _end(value: Decimal | int | None) -> Decimal | None:
    if value is None:
        return None
    exact = number(value)
    if isinstance(exact, Decimal):
        return exact
    raise InvalidArgument(f"{exact} has no finite decimal")


def _checked_days(min_value: date | str, max_value: date | str) -> tuple[date, date]:
    first, last = _checked(day, min_value), _checked(day, max_value)
    _require(first <= last, f"min_value={first} lies after max_value={last}")
    return first, last


def _checked(convert: Callable[[U], T], given: U) -> T:
    try:
        return convert(given)
    except LedgerError as error:
        raise InvalidArgument(str(error)) from error


def _require(right: bool, otherwise: str) -> None:  # noqa: FBT001
    if not right:
        raise InvalidArgument(otherwise)
