"""Hypothesis strategies for whole histories: lists of records of one initiative.

`histories()` are valid under the rules of recording by construction, never by filtering: a list of
wishes is drawn, and each is granted as nearly as the history so far allows. `hostile_histories()` hold
anything at all, in any order, and replay must survive them. Both draw from small pools of members,
metrics, values and days, so that events meet; both shrink by dropping and simplifying wishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar

from attrs import evolve, frozen
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from ledger.model.errors import LedgerError
from ledger.model.events import (
    Attributes,
    Event,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
)
from ledger.model.facts import (
    ACTIVE,
    CLOSED,
    INITIATIVE_STATUS,
    JOINED,
    LEFT,
    REINSTATED,
    SUSPENDED,
    Fact,
    Register,
    facts_of,
    window_of,
)
from ledger.model.measures import OVERLAPS, Distinct, Joined, Measure, Members, Total, Value
from ledger.model.quantity import Quantity
from ledger.model.records import Record
from ledger.model.registers import chain
from ledger.model.units import unit as known_unit
from ledger.model.when import When
from ledger.testing.clock import FIRST_INSTANT
from ledger.testing.scripts import INITIATIVE, History

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

MEMBERS: Final = ("basque", "humber", "ohio")
METRICS: Final = (
    MetricDefined("co2", unit="t", nonnegative=True),
    MetricDefined("net", unit="t"),
    MetricDefined("rank", additive=False),
)
VALUES: Final = {"country": ("Spain", "UK"), "sector": ("steel", "cement")}
EXACT_DAYS: Final = (
    "2021-01-01",
    "2021-01-15",
    "2021-02-01",
    "2021-01-31",
    "2021-06-30",
    "2020-12-31",
    "2022-01-01",
)
ROUGH_DAYS: Final = (
    "2021-01",
    "2021",
    "2021-01-15/2021-02-01",
    "[..2021-01]",
    "2020/2021-01-14",
    "[2021-02..2022]~",
    "2022?",
)
EXACT_AMOUNTS: Final = ("1 t", "2000 kg", "0 t", "-2 t", "-0.5 t")
AMOUNTS: Final = ("1..3 t", ">= 2 t", "<= 5 t", "-3..-1 t", "<= -1 t")
PERIODS: Final = ("1 year", "2 weeks", "1 month", "99999 years")

_SIZE_MAX = 1_000
_STATUS_VERBS = (JOINED, REINSTATED, SUSPENDED, LEFT)  # one that is refused becomes the next
_OTHERS = ("updated", "changed", "defined", "described", "launched", "reported", CLOSED)
# leavings stand before suspensions: one who is suspended already is made to leave, and shrinking takes what comes first
_OFTEN = (JOINED, LEFT, LEFT, "updated", "updated", "updated", SUSPENDED, REINSTATED, REINSTATED, REINSTATED)
_UNDOING = ("corrected", "retracted")
_OF_NOBODY = {*_OTHERS, *_UNDOING} - {"changed"}
_NOTHING = "nothing"
_OWN, _TOGETHER, _AFTER_A_GAP = "its own", "the batch before", "its own, after a record of another initiative"
_PAIRS = {name: [(), *(((name, value),) for value in (*values, None))] for name, values in VALUES.items()}

_USUAL = ("member", "when", "pairs", "name", "batch")
_PARTS = {  # of a wish, by its kind; each part that is not drawn makes for faster and better shrinking
    _NOTHING: (),
    JOINED: (*_USUAL, "whole"),
    "updated": ("member", "metric", "when", "amount", "wide", "batch"),
    "defined": ("metric", "name", "batch"),
    "changed": (*_USUAL, "whole"),
    "corrected": ("nth", "when", "pairs", "amount"),
    "retracted": ("nth", "batch"),
}


@frozen
class _Wish:
    """What the next event could be; the history so far decides what becomes of it."""

    kind: str
    member: str = MEMBERS[0]
    metric: MetricDefined = METRICS[0]
    when: str = EXACT_DAYS[0]
    pairs: tuple[tuple[str, str | None], ...] = ()
    amount: str | None = None
    name: str | None = None
    whole: str | None = None  # a member to be part of; empty for none
    nth: int = 0  # which record is undone
    wide: bool = False  # an initiative-wide value
    batch: str = _OWN


class _Draft(NamedTuple):
    """An event about to be recorded, and the id of the record that it replaces."""

    event: Event
    replaces: str | None = None


_Drafts: TypeAlias = list[_Draft]
"""What is recorded together."""


def histories(
    *,
    members: int | Sequence[str] = 3,
    metrics: int | Sequence[MetricDefined] = 2,
    rough: bool = True,
    bounds: bool = True,
    retractions: bool = True,
    closing: bool = True,
    parts: bool = False,
    days: Sequence[str] | None = None,
    max_size: int = 12,
) -> st.SearchStrategy[History]:
    """Draw the records of one initiative, in order, such as the rules of recording let in.

    At most 3 `members`, and 1 to 3 `metrics`, of which the first is never negative and the third not additive: these
    are called `MEMBERS` and `METRICS`. Or give ids of members, and definitions of metrics, of your own.

    With `rough=False` all days are exact, and with `bounds=False` all amounts. `retractions=False` leaves
    out corrections too. With `parts=True` members come to be part of one another, and then a total that does not
    say what to do about that raises `Overlapping`. `days` are the days, as texts, to draw from in place of the
    usual ones. `max_size` is a number of wishes; some are granted by two or three records.
    """
    whose = _of_pool("members", members, MEMBERS, least=0)
    measured = _of_pool("metrics", metrics, METRICS, least=1)
    if not isinstance(max_size, int) or not 0 <= max_size <= _SIZE_MAX:
        raise InvalidArgument(f"max_size={max_size!r} must be a number from 0 to {_SIZE_MAX}")
    kinds = (*_OFTEN, *_STATUS_VERBS, *_OTHERS[: None if closing else -1], *(_UNDOING if retractions else ()))
    whens = _of_days(days, (*EXACT_DAYS, *(ROUGH_DAYS if rough else ())))
    return _histories(_wishes(kinds, whens, max_size, members=whose, metrics=measured, bounds=bounds, parts=parts))


def _of_pool(name: str, given: int | Sequence[T], pool: Sequence[T], least: int) -> tuple[T, ...]:
    if isinstance(given, bool | str) or not isinstance(given, int | Sequence):
        raise InvalidArgument(f"{name}={given!r} must be a number, or several such as {pool[0]!r}, in a list")
    if not isinstance(given, int):
        own = tuple(given)
        if len(own) < least or not all(isinstance(one, type(pool[0])) for one in own):
            raise InvalidArgument(f"{name}={given!r} must be a number, or several such as {pool[0]!r}, in a list")
        return own
    if not least <= given <= len(pool):
        raise InvalidArgument(f"{name}={given!r} must be a number from {least} to {len(pool)}, or a list of your own")
    return tuple(pool[:given])


def _of_days(given: Sequence[str] | None, pool: tuple[str, ...]) -> tuple[str, ...]:
    if given is not None and not given:
        raise InvalidArgument("days is empty: name at least one, or leave it out")
    if given is None:
        return pool
    try:
        return tuple(When(text).text for text in ([given] if isinstance(given, str) else given))
    except LedgerError as error:
        raise InvalidArgument(f"days={given!r}: {error}") from error


@st.composite
def _histories(draw: st.DrawFn, wishes: st.SearchStrategy[list[_Wish]]) -> History:
    return _granted(draw(wishes))


def hostile_histories(
    *, parts: bool = False, days: Sequence[str] | None = None, max_size: int = 12
) -> st.SearchStrategy[History]:
    """Draw any events in any order, with retractions and replacements of anything or of nothing.

    `parts`, `days` and `max_size` are as in `histories`.
    """
    kinds = (*_OFTEN, *_STATUS_VERBS, *_OTHERS, *_UNDOING)
    whens = _of_days(days, EXACT_DAYS + ROUGH_DAYS)
    anything = _wishes(kinds, whens, max_size, members=MEMBERS, metrics=METRICS, bounds=True, parts=parts)
    return _hostile_histories(anything, max_size)


@st.composite
def _hostile_histories(draw: st.DrawFn, anything: st.SearchStrategy[list[_Wish]], max_size: int) -> History:
    ids = st.sampled_from(["r1", "r2", "r3", "r4", "r5", f"r{max_size}", "unknown"])
    records = History()
    for wish in filter(_is_for_something, draw(anything)):
        event: Event = RecordRetracted(draw(ids)) if wish.kind in _UNDOING else _event(wish.kind, wish)
        if isinstance(event, MetricDefined) and wish.name:  # a definition that contradicts others
            event = evolve(event, unit="people", additive=not event.additive, nonnegative=not event.nonnegative)
        replaces = draw(st.none() | ids)
        records += _recorded([_Draft(event, replaces)], records, wish.batch)
    return records


@cache
def filters() -> st.SearchStrategy[dict[str, list[str | None]] | None]:
    """Draw a filter over the attributes that histories are drawn from, or none."""
    texts = [None, *(value for values in VALUES.values() for value in values)]
    attributes = st.sampled_from(sorted(VALUES))
    return st.none() | st.dictionaries(attributes, st.lists(st.sampled_from(texts), min_size=1), max_size=2)


@cache
def _metric_names(many: int) -> st.SearchStrategy[str]:
    return st.sampled_from([metric.metric for metric in METRICS[:many]])


@st.composite
def questions(draw: st.DrawFn, *, metrics: int = 2, counting: bool = False, bases: bool = False) -> Measure:
    """Draw a measure over the pools that histories are drawn from: no share, and if `counting` no single value.

    With `bases`, some totals are of another day's members, choose between parts and wholes, or want recent values.
    """
    where, suspended, metric = draw(filters()), draw(st.booleans()), _metric_names(metrics)
    kinds: list[type[Measure] | None] = [Members, Total, Joined, Distinct]
    kinds += [None] if bases else []  # a total on any basis
    kind = draw(st.sampled_from(kinds if counting else [*kinds, Value]))
    if kind is None:
        return draw(totals(metrics=metrics))
    if kind is Members:
        return Members(where, suspended=suspended)
    if kind is Total:
        return Total(draw(metric), where, suspended=suspended)
    if kind is Joined:
        return Joined(draw(st.sampled_from(EXACT_DAYS)), where)
    if kind is Distinct:
        return Distinct(draw(st.sampled_from(sorted(VALUES))), where, suspended=suspended)
    return Value(draw(metric), draw(st.sampled_from([None, *MEMBERS])))


@st.composite
def totals(draw: st.DrawFn, *, metrics: int = 2, filtered: bool = True) -> Total:
    """Draw a total with any basis, choice between parts and wholes, and period; `filtered`: with any filter too."""
    where = draw(filters()) if filtered else None
    return Total(
        draw(_metric_names(metrics)),
        where,
        members_at=draw(st.none() | st.sampled_from(EXACT_DAYS)),
        overlap=draw(st.sampled_from(OVERLAPS)),
        within=draw(st.none() | st.sampled_from(PERIODS)),
        suspended=draw(st.booleans()),
    )


def breakpoints(records: Sequence[Record]) -> list[date]:
    """Give the days on which answers can change, and those before: around both ends of every window."""
    ends = {end for record in records for end in window_of(record.event) if end != date.min}
    return sorted(ends | {end - timedelta(days=1) for end in ends}) or [date(2021, 1, 1)]


@cache  # to make and check these takes longer than to draw from them, and tests draw within a test
def _wishes(
    kinds: tuple[str, ...],
    whens: tuple[str, ...],
    max_size: int,
    *,
    members: tuple[str, ...],
    metrics: tuple[MetricDefined, ...],
    bounds: bool,
    parts: bool,
) -> st.SearchStrategy[list[_Wish]]:
    wholes = ["", *members] if parts else []
    drawn = {
        "member": st.sampled_from([*members[:1] * 2, *members] or ["nobody"]),
        "metric": st.sampled_from(metrics),
        "when": st.sampled_from(whens),
        "pairs": st.sampled_from([(*one, *other) for one in _PAIRS["country"] for other in _PAIRS["sector"]]),
        "amount": st.sampled_from([*EXACT_AMOUNTS, *(AMOUNTS if bounds else ()), None]),
        "name": st.sampled_from([None, None, "New Name"]),
        "whole": st.sampled_from([None, None, *wholes]),
        "nth": st.integers(0, 7),
        "wide": st.sampled_from([False, False, True]) if members else st.just(value=True),
        "batch": st.sampled_from([_OWN, _TOGETHER, _AFTER_A_GAP]),
    }
    those = [_NOTHING, *(kind for kind in kinds if members or kind in _OF_NOBODY)]
    seldom = {JOINED: {"whole": st.sampled_from([*[None] * 9, *wholes])}}
    each = {
        kind: st.builds(_Wish, st.just(kind), **{part: which[part] for part in _PARTS.get(kind, _USUAL)})
        for kind in those
        for which in [{**drawn, **seldom.get(kind, {})}]
    }
    wish = st.sampled_from(those).flatmap(each.__getitem__)
    # lists drawn freely would mostly be short, and a wish for nothing lets long ones shrink all the same
    return st.lists(wish, min_size=max_size // 2, max_size=max_size)


def _is_for_something(wish: _Wish) -> bool:
    return wish.kind != _NOTHING


def _granted(wishes: Sequence[_Wish]) -> History:
    """Turn wishes into a history, each into the first thing near it that the rules let in."""
    records = History()
    for wish in filter(_is_for_something, wishes):
        for drafts in _ways(wish, records):
            alone = isinstance(drafts[0].event, RecordRetracted)
            then = History([*records, *_recorded(drafts, records, _OWN if alone else wish.batch)])
            if _is_valid(then):
                records = then
                break
    return records


def _ways(wish: _Wish, records: Sequence[Record]) -> Iterator[_Drafts]:
    kind = wish.kind
    if kind in _UNDOING:
        standing = [record for record in _standing(records) if not isinstance(record.event, RecordRetracted)]
        for record in [*standing[wish.nth :], *standing[: wish.nth]]:
            undo = _Draft(RecordRetracted(record.id, reason="wrong"))
            yield [undo, _Draft(_corrected(record.event, wish, records), record.id)] if kind == "corrected" else [undo]
        return  # and where nothing can be undone, nothing is
    turn = _STATUS_VERBS.index(kind) if kind in _STATUS_VERBS else 0
    fallbacks = [kind] if kind in _OTHERS else [*_STATUS_VERBS[turn:], *_STATUS_VERBS[:turn]]
    yield from (drafts for other in (*fallbacks, "changed", "described") for drafts in _drafts(other, wish))


def _drafts(kind: str, wish: _Wish) -> list[_Drafts]:
    draft = _Draft(_event(kind, wish))
    if kind == JOINED and wish.whole:  # which may not have joined yet
        return [[draft], *_drafts(kind, evolve(wish, whole=None))]
    if kind != "updated":
        return [[draft]]
    joining, defining = _Draft(_event(JOINED, wish)), _Draft(wish.metric)  # what a value needs comes before it
    return [[draft], [defining, draft], [joining, draft], [defining, joining, draft]]


def _event(kind: str, wish: _Wish) -> Event:
    member, when, pairs = wish.member, When(wish.when), Attributes(dict(wish.pairs))
    whole = None if wish.whole == member else wish.whole
    makers: dict[str, Any] = {
        JOINED: lambda: MemberJoined(member, when, name=wish.name, attributes=pairs, part_of=whole or None),
        LEFT: lambda: MemberLeft(member, when),
        SUSPENDED: lambda: MemberSuspended(member, when),
        REINSTATED: lambda: MemberReinstated(member, when),
        "changed": lambda: MemberChanged(member, when, name=wish.name, attributes=pairs, part_of=whole),
        "updated": lambda: MetricUpdated(wish.metric.metric, when, _amount(wish), member=None if wish.wide else member),
        "defined": lambda: evolve(wish.metric, title=wish.name or ""),
        "launched": lambda: InitiativeLaunched(when, name="Clusters", supporters=("EPRI",), attributes=pairs),
        "described": lambda: InitiativeChanged(when, name=wish.name, attributes=pairs),
        "reported": lambda: ReportPublished(wish.member, when, title=wish.name or ""),
        CLOSED: lambda: InitiativeClosed(when),
    }
    event: Event = makers[kind]()
    return event


def _corrected(event: Event, wish: _Wish, records: Sequence[Record]) -> Event:
    if isinstance(event, MetricDefined):
        return evolve(event, title="Corrected")
    changes: dict[str, Any] = {"effective": When(wish.when)}
    if isinstance(event, MetricUpdated):
        changes["amount"] = _amount(evolve(wish, metric=_definition(event.metric, records)))
    elif isinstance(event, MemberJoined | MemberChanged):
        changes["attributes"] = Attributes(dict(wish.pairs))
    return evolve(event, **changes)


def _definition(metric: str, records: Sequence[Record]) -> MetricDefined:
    defined = (record.event for record in records if isinstance(record.event, MetricDefined))
    return next(event for event in defined if event.metric == metric)


def _amount(wish: _Wish) -> Quantity | None:
    if wish.amount is None:
        return None
    amount = Quantity.parse(wish.amount)
    if known_unit(wish.metric.unit).dimension != amount.dimension:
        amount = Quantity(amount.low, amount.high, wish.metric.unit)
    negative = amount.high is not None and amount.high < 0
    return -amount if wish.metric.nonnegative and negative else amount


def _recorded(drafts: _Drafts, records: Sequence[Record], batch: str) -> Iterator[Record]:
    """Write a batch, or more of the last one, which a correction shares with nothing."""
    position, instant, first = 0, FIRST_INSTANT, len(records) + 1
    if records:
        last = records[-1]
        more = batch == _TOGETHER and last.replaces is None
        position, instant = last.position, last.recorded_at + timedelta(days=not more)
    if batch == _AFTER_A_GAP:
        position += 1
    for place, (event, replaces) in enumerate(drafts):
        version = first + place
        yield Record(position + place + 1, INITIATIVE, version, f"r{version}", instant, event, replaces=replaces)


def _standing(records: Sequence[Record]) -> list[Record]:
    gone = {record.event.record for record in records if isinstance(record.event, RecordRetracted)}
    return [record for record in records if record.id not in gone]


def _is_valid(records: Sequence[Record]) -> bool:
    """Would the rules let this in? Here they are once more, a little stricter than in `recording.rules`."""
    ranks: dict[str, int] = {}
    for record in records:
        ranks[record.id] = ranks.get(record.replaces or "", record.version)
    registers: dict[Register, list[Fact]] = {}
    reports, defined = set(), set()
    standing = [record.event for record in _standing(records)]
    for record in _standing(records):
        event = record.event
        if isinstance(event, ReportPublished):
            if event.report in reports:
                return False
            reports.add(event.report)
        if isinstance(event, MetricDefined):
            defined.add(event.metric)
        for said in facts_of(event):
            fact = Fact(ranks[record.id], record.position, *window_of(event), said.value)
            registers.setdefault(said.register, []).append(fact)
    joined = {register.id for register in registers if register.aspect == "joined"}
    # a MemberChanged may say nothing at all, but still of somebody
    spoken_of = {event.member for event in standing if isinstance(event, MemberChanged)}
    spoken_of |= {register.id for register in registers if register.subject == "member"}
    wholes = {fact.value for register, facts in registers.items() if register.aspect == "part_of" for fact in facts}
    measured = {register.name for register in registers if register.aspect == "metric"}
    if not (spoken_of <= joined and wholes - {None} <= joined and measured <= defined):
        return False
    return not _goes_in_a_cycle(registers) and all(
        _is_sound(register, facts, registers) for register, facts in registers.items() if register.aspect == "status"
    )


def _goes_in_a_cycle(registers: dict[Register, list[Fact]]) -> bool:
    """Could anybody, on some day, be a part of its own part, by way of others or not?"""
    chains = {register.id: chain(facts) for register, facts in registers.items() if register.aspect == "part_of"}
    for day in {day for one in chains.values() for day in one.since}:  # when one more becomes possible
        wholes = {id: {option.fact.value for option in one.at(day).candidates} for id, one in chains.items()}
        for start in wholes:
            reached = {start}
            for _ in wholes:
                reached = {str(whole) for id in reached for whole in wholes.get(id, ()) if whole is not None}
                if start in reached:
                    return True
    return False


def _is_sound(register: Register, facts: list[Fact], registers: dict[Register, list[Fact]]) -> bool:
    verbs = [fact.value for fact in chain(facts).facts]
    if register == INITIATIVE_STATUS:
        return len(verbs) == len(set(verbs)) and CLOSED not in verbs[:-1]
    for before, verb in zip([LEFT, *verbs], verbs, strict=False):
        allowed = {JOINED: {LEFT}, LEFT: {*ACTIVE, SUSPENDED}, SUSPENDED: ACTIVE, REINSTATED: {SUSPENDED}}
        if before not in allowed[str(verb)]:
            return False
    overall = chain(registers.get(INITIATIVE_STATUS, []))
    ends = [until for fact, until in zip(overall.facts, overall.until, strict=True) if fact.value == CLOSED]
    return not ends or max(chain(facts).since) < min(ends)
