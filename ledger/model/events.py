"""What can happen to an initiative: the whole vocabulary, each event an immutable value.

Events say what was the case in the world. When that was learned, from whom and why is said by the
record that holds them (`records`). Every field is checked when an event is made and again when it is
read back, so an event that exists is well-formed; whether it fits the history is for the rules.

An event that takes an `effective` holds from that day on: a `When`, a `date` or a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import date
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeAlias

from attrs import Attribute, field, frozen

from ledger.model.errors import BadEvent, shown
from ledger.model.exact import typable
from ledger.model.fields import (
    flag_field,
    id_field,
    line_field,
    one_of,
    optional_id_field,
    optional_prose_field,
    prose_field,
    require_id,
    require_line,
)
from ledger.model.limits import ATTRIBUTES_MAX, DIGITS_MAX, NAMES_MAX
from ledger.model.measures import MEASURES, Measure
from ledger.model.quantity import Quantity
from ledger.model.tables import Keyed
from ledger.model.when import When, day

QUALITIES = ("reported", "estimated", "modelled")


class Attributes(Mapping[str, str | None]):
    """Free-text attributes of a member or an initiative: an immutable, hashable mapping, sorted by name.

    None as a value takes the attribute away. Attributes may be set, and read, by any name that suits:
    `country`, `sector`, `cohort`.

    >>> Attributes({"sector": "steel", "country": "Spain"})
    Attributes({'country': 'Spain', 'sector': 'steel'})
    """

    __slots__ = ("_pairs",)
    _pairs: tuple[tuple[str, str | None], ...]

    def __init__(self, given: Mapping[str, str | None] = MappingProxyType({})) -> None:
        if not isinstance(given, Mapping):
            raise BadEvent(f"attributes={shown(given)} is no mapping of names to text, as in {{'country': 'Spain'}}")
        if len(given) > ATTRIBUTES_MAX:
            raise BadEvent(
                f"{len(given):,} attributes in one event; at most {ATTRIBUTES_MAX} are kept: use several events"
            )
        pairs = [(require_id(name, "attribute name"), value) for name, value in given.items()]
        for name, value in pairs:
            if value is not None and not require_line(value, f"attribute {name!r}"):
                raise BadEvent(f"attribute {name!r} is empty: leave it out, or give None to take it away")
        object.__setattr__(self, "_pairs", tuple(sorted(pairs)))

    @classmethod
    def gathered(cls, checked: Mapping[str, str | None]) -> Attributes:
        """Take the attributes that many events have set, checked one by one: together they may be any number."""
        attributes = cls()
        object.__setattr__(attributes, "_pairs", tuple(sorted(checked.items())))
        return attributes

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("attributes do not change: record a MemberChanged")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("attributes do not change: record a MemberChanged")

    def __getitem__(self, name: str) -> str | None:
        return dict(self._pairs)[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, Attributes) else super().__eq__(other)

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Attributes.gathered, (dict(self._pairs),)

    def __repr__(self) -> str:
        return f"Attributes({dict(self._pairs)!r})"


NO_ATTRIBUTES = Attributes()


def _attributes(given: Mapping[str, str | None] | None) -> Attributes:
    # those of a state were gathered from many events, and may be more than one event can hold
    if given.__class__ is Attributes and len(given) <= ATTRIBUTES_MAX:
        return given
    return Attributes({} if given is None else given)


def _names(what: str, given: Iterable[str]) -> tuple[str, ...]:
    # a set has no order of its own, so equal events could come out unequal
    if isinstance(given, str | Set | Mapping | Keyed) or not isinstance(given, Iterable):
        raise BadEvent(f"{what} must be several names in a list or a tuple, not {shown(given)}")
    names = tuple(require_id(name, what) for name in islice(given, NAMES_MAX + 1))
    if len(names) > NAMES_MAX or len(set(names)) < len(names):
        raise BadEvent(f"{what} holds a name twice, or more than {NAMES_MAX:,} names")
    return names


def _supporters(given: Iterable[str]) -> tuple[str, ...]:
    return _names("supporters", given)


def _new_supporters(given: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if given is None else _supporters(given)


def _successors(given: Iterable[str]) -> tuple[str, ...]:
    return _names("successors", given)


# the converters of fields are plain functions, since mypy reads from these what a field takes


def _when(value: When | date | str) -> When:
    return When.of(value)


def _optional_when(value: When | date | str | None) -> When | None:
    return None if value is None else When.of(value)


def _amount(value: Quantity | str) -> Quantity:
    return Quantity.of(value)


def _optional_amount(value: Quantity | str | None) -> Quantity | None:
    return None if value is None else Quantity.of(value)


def _optional_day(value: date | str | None) -> date | None:
    return None if value is None else day(value)


def _recordable(instance: object, attribute: Attribute[Any], amount: Quantity | None) -> None:
    # what is computed may be longer than what is typed; only the latter can be written down and read again
    if amount is None or (amount.low is amount.high and amount.low is not None and typable(amount.low)):
        return
    for end in (amount.low, amount.high):
        if end is not None and not typable(end):
            raise BadEvent(
                f"{type(instance).__name__}.{attribute.name} {amount} has no finite decimal, "
                f"or more than {DIGITS_MAX} digits: round it outwards to a range, as in '0.33..0.34'"
            )


def _claims(given: Iterable[Claim]) -> tuple[Claim, ...]:
    if not isinstance(given, Iterable):
        raise BadEvent(f"claims must be several Claims in a list or a tuple, not {type(given).__name__}")
    return tuple(islice(given, NAMES_MAX + 1))


def _measure(_: object, __: Attribute[Any], value: object) -> None:
    if type(value) not in MEASURES:
        raise BadEvent(f"Claim.measure must be a measure such as Members(), not {type(value).__name__}")


@frozen
class InitiativeLaunched:
    """The initiative began.

    >>> InitiativeLaunched("2021", name="Clusters", supporters=["EPRI"]).effective
    When('2021')
    """

    effective: When = field(converter=_when)
    name: str = field(validator=id_field)
    supporters: tuple[str, ...] = field(default=(), converter=_supporters)
    attributes: Attributes = field(default=NO_ATTRIBUTES, converter=_attributes)


@frozen
class InitiativeChanged:
    """The initiative took another name, other supporters (all of them are named anew) or other attributes.

    What is left out stays as it was.

    >>> InitiativeChanged("2024-01-01", supporters=["EPRI", "Accenture"]).name is None
    True
    """

    effective: When = field(converter=_when)
    name: str | None = field(default=None, validator=optional_id_field)
    supporters: tuple[str, ...] | None = field(default=None, converter=_new_supporters)
    attributes: Attributes = field(default=NO_ATTRIBUTES, converter=_attributes)


@frozen
class InitiativeClosed:
    """The initiative ended: from that day on nobody is a member. Undone only by a retraction."""

    effective: When = field(converter=_when)
    reason: str = field(default="", validator=prose_field)


@frozen
class MemberJoined:
    """A member joined, for the first time or again. `part_of` names a member that it belongs to.

    >>> MemberJoined("basque", "2021/2023-01-19", attributes={"country": "Spain"}).attributes["country"]
    'Spain'
    """

    member: str = field(validator=id_field)
    effective: When = field(converter=_when)
    name: str | None = field(default=None, validator=optional_id_field)
    attributes: Attributes = field(default=NO_ATTRIBUTES, converter=_attributes)
    part_of: str | None = field(default=None, validator=optional_id_field)

    def __attrs_post_init__(self) -> None:
        _not_part_of_itself(self.member, self.part_of)


@frozen
class MemberLeft:
    """A member left: `effective` is the first day without it. A merger or a split names its successors."""

    member: str = field(validator=id_field)
    effective: When = field(converter=_when)
    reason: str = field(default="", validator=prose_field)
    successors: tuple[str, ...] = field(default=(), converter=_successors)


@frozen
class MemberSuspended:
    """A member was suspended: still a member for the rules, but counted only when asked for."""

    member: str = field(validator=id_field)
    effective: When = field(converter=_when)
    reason: str = field(default="", validator=prose_field)


@frozen
class MemberReinstated:
    """A suspended member became an active one again. That is no joining."""

    member: str = field(validator=id_field)
    effective: When = field(converter=_when)
    reason: str = field(default="", validator=prose_field)


@frozen
class MemberChanged:
    """A member took another name, other attributes (None takes one away) or another whole it is part of.

    What is left out stays as it was; `part_of=""` says that it is part of none from then on.

    >>> MemberChanged("basque", "2024-01-01", attributes={"sector": None}).attributes
    Attributes({'sector': None})
    """

    member: str = field(validator=id_field)
    effective: When = field(converter=_when)
    name: str | None = field(default=None, validator=optional_id_field)
    attributes: Attributes = field(default=NO_ATTRIBUTES, converter=_attributes)
    part_of: str | None = field(default=None)

    @part_of.validator
    def _check_part_of(self, attribute: Attribute[Any], value: str | None) -> None:
        if value != "":
            optional_id_field(self, attribute, value)
        _not_part_of_itself(self.member, value)


@frozen
class MetricDefined:
    """A metric: its unit, and what may be done with its values.

    `additive=False` is for shares and ranks, which have no total. `nonnegative=True` says that no value
    lies below zero, so a missing one is at least zero. A definition has no day: it holds for all days.

    >>> MetricDefined("co2", unit="Mt/year", nonnegative=True).additive
    True
    """

    metric: str = field(validator=id_field)
    unit: str = field(default="", validator=line_field)
    title: str = field(default="", validator=line_field)
    definition: str = field(default="", validator=prose_field)
    additive: bool = field(default=True, validator=flag_field, kw_only=True)
    nonnegative: bool = field(default=False, validator=flag_field, kw_only=True)

    def __attrs_post_init__(self) -> None:
        Quantity(None, None, self.unit)  # raises UnknownUnit


@frozen
class MetricUpdated:
    """A metric has a new value: a member's or, where `member` is None, the initiative's as a whole.

    `amount=None` withdraws the value: from that day on it is missing. `period` is the time that the
    value speaks of, `quality` how it came about: reported, estimated or modelled.

    >>> MetricUpdated("co2", "2022-06-30", "12.5 Mt/year", member="basque").amount
    Quantity.parse('12.5 Mt/year')
    """

    metric: str = field(validator=id_field)
    effective: When = field(converter=_when)
    amount: Quantity | None = field(converter=_optional_amount, validator=_recordable)
    member: str | None = field(default=None, validator=optional_id_field)
    period: When | None = field(default=None, converter=_optional_when)
    quality: str = field(default="reported", validator=one_of(QUALITIES))


@frozen
class Claim:
    """A figure as it was published: what it measures, the amount stated, and for which day.

    `at=None` means the day of the report. `definition` is the meaning the report gives to the figure,
    where it gives one; `text` is a few words to find it by.

    >>> from ledger.model.measures import Members
    >>> Claim(Members(), "17").at is None
    True
    """

    measure: Measure = field(validator=_measure)
    amount: Quantity = field(converter=_amount, validator=_recordable)
    at: date | None = field(default=None, converter=_optional_day)
    definition: str | None = field(default=None, validator=optional_prose_field)
    text: str = field(default="", validator=prose_field)


@frozen
class ReportPublished:
    """Something was published, with the figures it claims."""

    report: str = field(validator=id_field)
    effective: When = field(converter=_when)
    title: str = field(default="", validator=line_field)
    url: str = field(default="", validator=line_field)
    claims: tuple[Claim, ...] = field(default=(), converter=_claims)
    kind: str = field(default="report", validator=id_field)

    @claims.validator
    def _check_claims(self, _: Attribute[Any], claims: tuple[object, ...]) -> None:
        if len(claims) > NAMES_MAX:
            raise BadEvent(f"report {self.report!r} makes more than {NAMES_MAX:,} claims: make it several reports")
        for index, claim in enumerate(claims):
            place = f"report {self.report!r}, claim {index}"
            if type(claim) is not Claim:
                raise BadEvent(f"{place}: a Claim was expected, not {type(claim).__name__}")
            if claim.at is None and not self.effective.exact:
                raise BadEvent(
                    f"{place} needs a day of its own (at=...): the report's day, {self.effective}, is not exact"
                )
            if claim.at is not None and claim.at > self.effective.latest:
                raise BadEvent(f"{place} speaks of {claim.at}, after the report was published ({self.effective})")


@frozen
class RecordRetracted:
    """An earlier record of this initiative was wrong. Final: to bring its fact back, record it anew."""

    record: str = field(validator=id_field)
    reason: str = field(default="", validator=prose_field)


Event: TypeAlias = (
    InitiativeLaunched
    | InitiativeChanged
    | InitiativeClosed
    | MemberJoined
    | MemberLeft
    | MemberSuspended
    | MemberReinstated
    | MemberChanged
    | MetricDefined
    | MetricUpdated
    | ReportPublished
    | RecordRetracted
)
EVENTS: tuple[type[Event], ...] = Event.__args__


def _not_part_of_itself(member: str, part_of: str | None) -> None:
    if member == part_of:
        raise BadEvent(f"member {member!r} cannot be part of itself")
