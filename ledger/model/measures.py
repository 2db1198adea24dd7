"""What can be asked of a state: counts, totals, single values and shares.

A measure is a plain value: it says what is asked, and nothing of how it is answered. So it can be
written into a published claim, sent elsewhere, and asked again of another day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from ledger.model.errors import BadEvent, shown
from ledger.model.fields import flag_field, id_field, one_of, optional_id_field, require_id, require_line
from ledger.model.limits import VALUES_MAX
from ledger.model.periods import period_of
from ledger.model.when import day

Where: TypeAlias = tuple[tuple[str, tuple[str | None, ...]], ...]
"""A filter, as kept: sorted pairs of an attribute and the values of it that pass."""

WhereLike: TypeAlias = Mapping[str, str | Iterable[str | None] | None] | Where | None
"""A filter, as given: each attribute with the value, or the values, that pass; None is "has none"."""

UNMAPPED: Final = "\0"
"""What the group of a value begins with that a `Grouping` does not name: no text that can be recorded does."""

OVERLAPS: Final = ("refuse", "parts", "whole")
"""What to do about a member that is part of another one in the same total."""


def where_of(given: WhereLike) -> Where:
    """Bring a filter into the one form that equal filters share; raises `BadEvent`.

    >>> where_of({"country": "Spain", "sector": ["steel", "cement"]})
    (('country', ('Spain',)), ('sector', ('cement', 'steel')))
    """
    if given is None:
        return ()
    pairs = list(given.items()) if isinstance(given, Mapping) else given
    if isinstance(pairs, list | tuple) and len(pairs) > VALUES_MAX:
        raise _too_many()
    if not isinstance(pairs, list | tuple) or not all(map(_is_pair, pairs)):
        raise BadEvent(f"where={shown(given)} is no mapping of attributes to values, as in {{'country': 'Spain'}}")
    found = [(require_id(name, "where: attribute"), _values(name, values)) for name, values in pairs]
    if len({name for name, _ in found}) < len(found):
        raise BadEvent(f"where={shown(given)} names an attribute twice: give it all its values at once")
    if sum(len(values) for _, values in found) > VALUES_MAX:
        raise _too_many()
    return tuple(sorted(found))


def _is_pair(given: object) -> bool:
    # a text of two letters can be taken apart as well, and would be read as nobody meant it
    return isinstance(given, list | tuple) and len(given) == 2


def _values(name: str, given: object) -> tuple[str | None, ...]:
    if isinstance(given, Mapping) and given:
        raise BadEvent(f"where: {name}={shown(given)} is a mapping: give one value, or several in a list")
    many = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    listed = list(islice(many, VALUES_MAX + 1))
    if len(listed) > VALUES_MAX:
        raise _too_many()
    values = {None if value is None else require_line(value, f"where: {name}") for value in listed}
    if not values:
        raise BadEvent(f"where: {name} allows no value at all: name one, or leave it out")
    return tuple(sorted(values, key=lambda value: (value is not None, value or "")))


def _too_many() -> BadEvent:
    return BadEvent(f"where: more than {VALUES_MAX:,} values in one filter: group them by an attribute of their own")


# the converters of fields are plain functions, since mypy reads from these what a field takes


def _optional_day(value: date | str | None) -> date | None:
    return None if value is None else day(value)


def _optional_period(value: str | None) -> str | None:
    return None if value is None else period_of(value)


def _groups(given: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = list(given.items() if isinstance(given, Mapping) else given) if isinstance(given, Iterable) else [given]
    if not all(map(_is_pair, pairs)):
        raise BadEvent(f"{shown(given)} is no mapping of values to groups, as in {{'Spain': 'Europe'}}")
    named = {require_line(value, "Grouping: value"): require_id(group, "Grouping: group") for value, group in pairs}
    if len(named) < len(pairs) or not named:
        raise BadEvent(f"{shown(given)} names a value twice, or none at all: name each once")
    return tuple(sorted(named.items()))


@frozen(slots=False)  # its cached property lives beside its fields
class Grouping:
    """Groups of an attribute's values: countries by continent.

    Where a figure is asked by it, every value that a member which counts has, or may have, must be named: a value
    that is not named is an error, and no group of its own.

    >>> Grouping("country", {"Spain": "Europe", "Japan": "Asia"}).group_of("Spain")
    'Europe'
    """

    attribute: str = field(validator=id_field)
    groups: tuple[tuple[str, str], ...] = field(converter=_groups)

    def group_of(self, value: str | None) -> str | None:
        """Give the group of a value; None for no value, and the value marked as `UNMAPPED` where it is not named."""
        return None if value is None else self._named.get(value, f"{UNMAPPED}{value}")

    def values_of(self, group: str | None) -> tuple[str | None, ...]:
        """Give the values that belong to a group; of None, which is no group, no value."""
        return (None,) if group is None else tuple(value for value, other in self.groups if other == group)

    @cached_property
    def _named(self) -> Mapping[str, str]:
        return dict(self.groups)


By: TypeAlias = str | Grouping
"""What a figure is grouped by: an attribute, or groups of its values."""

ByLike: TypeAlias = By | Mapping[str, Mapping[str, str]]
"""The same, as given: `{"country": {"Spain": "Europe", ...}}` is a `Grouping` as well."""


def by_of(given: ByLike) -> By:
    """Read what a figure is to be grouped by; raises `BadEvent`.

    >>> by_of({"country": {"Spain": "Europe"}})
    Grouping(attribute='country', groups=(('Spain', 'Europe'),))
    """
    if isinstance(given, Grouping):
        return given
    if not isinstance(given, Mapping):
        return require_id(given, "by")
    if len(given) != 1:
        raise BadEvent(f"by={shown(given)} must name one attribute, as in {{'country': {{'Spain': 'Europe'}}}}")
    return Grouping(*next(iter(given.items())))


@frozen
class Members:
    """How many members? `suspended=True` counts the suspended too.

    >>> Members(where={"country": "Spain"})
    Members(where=(('country', ('Spain',)),), suspended=False)
    """

    where: Where = field(default=(), converter=where_of)
    suspended: bool = field(default=False, validator=flag_field, kw_only=True)


@frozen
class Joined:
    """How many active members joined last on or after the day `since`?

    One who left and came back counts once, by the return; a reinstatement is no joining.

    >>> Joined("2023-01-20")
    Joined(since=datetime.date(2023, 1, 20), where=())
    """

    since: date = field(converter=day)
    where: Where = field(default=(), converter=where_of)


@frozen
class Distinct:
    """How many different values of an attribute do the members have?

    >>> Distinct("country").attribute
    'country'
    """

    attribute: str = field(validator=id_field)
    where: Where = field(default=(), converter=where_of)
    suspended: bool = field(default=False, validator=flag_field, kw_only=True)


@frozen
class Total:
    """What do the members' values of a metric add up to?

    `members_at` names the day whose members count, with the filter as of that day; the values are those of the day
    asked (a constant perimeter). None is the day asked.

    `overlap` says what to do where a member that counts is part of another one that does (`part_of`, in one
    step or in several): `refuse` raises `Overlapping`, which names the pairs; `parts` adds the parts up and
    leaves the wholes out; `whole` the other way round. Who is left out is decided among those who pass the filter,
    of all groups together.

    `within` is a period such as `2 years`, back from the day asked: a value that began to hold before it is missing.

    >>> Total("co2").metric
    'co2'
    >>> Total("gdp", members_at="2020-02-01", within="24 months").within
    '24 months'
    """

    metric: str = field(validator=id_field)
    where: Where = field(default=(), converter=where_of)
    members_at: date | None = field(default=None, converter=_optional_day, kw_only=True)
    overlap: str = field(default="refuse", validator=one_of(OVERLAPS), kw_only=True)
    within: str | None = field(default=None, converter=_optional_period, kw_only=True)
    suspended: bool = field(default=False, validator=flag_field, kw_only=True)


@frozen
class Value:
    """What is the value of a metric: of one member or, where `member` is None, of the initiative as a whole?

    >>> Value("co2", "basque").member
    'basque'
    """

    metric: str = field(validator=id_field)
    member: str | None = field(default=None, validator=optional_id_field)


Simple: TypeAlias = Members | Joined | Distinct | Total | Value
SIMPLE: Final[tuple[type[Simple], ...]] = (Members, Joined, Distinct, Total, Value)


def _simple(_: object, attribute: Any, value: object) -> None:
    if type(value) not in SIMPLE:
        raise BadEvent(f"Share.{attribute.name} must be a measure other than a share, not {type(value).__name__}")


@frozen
class Share:
    """What part of a whole is it? Two measures of one dimension; the answer is a plain number.

    >>> Share(Members(where={"country": "Spain"}), Members()).whole
    Members(where=(), suspended=False)
    """

    # a validator of `object` makes attrs' stubs infer a field of `object`
    part: Simple = field(validator=_simple)  # type: ignore[assignment]
    whole: Simple = field(validator=_simple)  # type: ignore[assignment]


Measure: TypeAlias = Simple | Share
MEASURES = (Members, Joined, Distinct, Total, Value, Share)


def singles_of(measure: Measure) -> tuple[Simple, ...]:
    """Give a measure or, of a share, its part and its whole.

    >>> singles_of(Share(Joined("2023-01-20"), Members()))[1], singles_of(Members()) == (Members(),)
    (Members(where=(), suspended=False), True)
    """
    return (measure.part, measure.whole) if isinstance(measure, Share) else (measure,)


def attributes_of(measure: Measure) -> list[str]:
    """Name the attributes that a measure looks at: what it counts the values of, and what it filters by.

    >>> attributes_of(Share(Distinct("city", {"country": "Spain"}), Distinct("city")))
    ['city', 'country', 'city']
    """
    found: list[str] = []
    for single in singles_of(measure):
        if isinstance(single, Distinct):
            found.append(single.attribute)
        if not isinstance(single, Value):
            found += [name for name, _ in single.where]
    return found
