"""Hypothesis strategies for whole histories: lists of records of one initiative.

`histories()` are valid under the rules of recording by construction, never by filtering: a list of
wishes is drawn, and each is granted as nearly as the history so far allows. `hostile_histories()` hold
anything at all, in any order, and replay must survive them. Both draw from small pools of members,
metrics, values and days, so that events meet; both shrink by dropping and simplifying wishes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from attrs import evolve, frozen
from hypothesis import strategies as st

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
from ledger.model.measures import Distinct, Joined, Measure, Members, Total, Value
from ledger.model.quantity import Quantity
from ledger.model.records import Record
from ledger.model.registers import chain
from ledger.model.state import ranks_of
from ledger.model.when import When

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INITIATIVE: Final = "clusters"
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
FIRST_INSTANT: Final = datetime(2024, 1, 1, tzinfo=UTC)

_STATUS_VERBS = (JOINED, SUSPENDED, REINSTATED, LEFT)  # one that is refused becomes the next
_OTHERS = ("updated", "changed", "defined", "described", "launched", "reported", CLOSED)
_OFTEN = (JOINED, "updated", "updated", "updated", LEFT)
_UNDOING = ("corrected", "retracted")
_NOTHING = "nothing"


@frozen
class _Wish:
    """What the next event could be; the history so far decides what becomes of it."""

    kind: str
    member: str
    metric: MetricDefined
    when: str
    pairs: tuple[tuple[str, str | None], ...]
    amount: str | None
    name: str | None
    whole: str | None  # a member to be part of; empty for none
    nth: int  # which record is undone
    wide: bool  # an initiative-wide value
    together: bool  # in one batch with the record before
    gap: bool  # after a record of another initiative


class _Draft(NamedTuple):
    """An event about to be recorded, and the id of the record that it replaces."""

    event: Event
    replaces: str | None = None


_Drafts: TypeAlias = list[_Draft]


@st.composite
def histories(  # noqa: PLR0913 - options by keyword only
    draw: st.DrawFn,
    *,
    members: int = 3,
    metrics: int = 2,
    rough: bool = True,
    bounds: bool = True,
    retractions: bool = True,
    closing: bool = True,
    max_size: int = 12,
) -> list[Record]:
    """Draw the records of one initiative, in order, such as the rules of recording let in.

    At most 3 `members` and 3 `metrics`, of which the first is never negative and the third not additive.
    With `rough=False` all days are exact, and with `bounds=False` all amounts. `retractions=False` leaves
    out corrections too. `max_size` is a number of wishes; some are granted by two records.
    """
    kinds = [*_OFTEN, *_STATUS_VERBS, *_OTHERS[: None if closing else -1], *(_UNDOING if retractions else ())]
    wishes = _wishes(kinds, members=members, metrics=metrics, rough=rough, bounds=bounds)
    # lists drawn freely would mostly be short, and a wish for nothing lets long ones shrink all the same
    return _granted(draw(st.lists(wishes, min_size=max_size // 2, max_size=max_size)))


@st.composite
def hostile_histories(draw: st.DrawFn, *, max_size: int = 12) -> list[Record]:
    """Draw any events in any order, with retractions and replacements of anything or of nothing."""
    kinds = [*_OFTEN, *_STATUS_VERBS, *_OTHERS, *_UNDOING]
    anything = _wishes(kinds, members=3, metrics=3, rough=True, bounds=True)
    wishes = draw(st.lists(anything, min_size=max_size // 2, max_size=max_size))
    ids = st.sampled_from(["r1", "r2", "r3", "r4", "r5", f"r{max_size}", "unknown"])
    records: list[Record] = []
    for wish in filter(_is_for_something, wishes):
        event: Event = RecordRetracted(draw(ids)) if wish.kind in _UNDOING else _event(wish.kind, wish)
        if isinstance(event, MetricDefined) and wish.name:  # a definition that contradicts others
            event = evolve(
                event, unit="people", additive=not event.additive, nonnegative=not event.nonnegative
            )
        replaces = draw(st.none() | ids)
        records += _recorded([_Draft(event, replaces)], records, together=wish.together, gap=wish.gap)
    return records


@st.composite
def questions(draw: st.DrawFn, *, metrics: int = 2) -> Measure:
    """Draw a measure over the pools that histories are drawn from; shares aside."""
    attributes = st.sampled_from(sorted(VALUES))
    texts = [None, *(value for values in VALUES.values() for value in values)]
    where = draw(
        st.none() | st.dictionaries(attributes, st.lists(st.sampled_from(texts), min_size=1), max_size=2)
    )
    suspended = draw(st.booleans())
    metric = st.sampled_from([metric.metric for metric in METRICS[:metrics]])
    return draw(
        st.one_of(
            st.just(Members(where, suspended=suspended)),
            st.builds(Total, metric, st.just(where), suspended=st.just(suspended)),
            st.builds(Joined, st.sampled_from(EXACT_DAYS), st.just(where)),
            st.builds(Distinct, attributes, st.just(where), suspended=st.just(suspended)),
            st.builds(Value, metric, st.sampled_from([None, *MEMBERS])),
        )
    )


def breakpoints(records: Sequence[Record]) -> list[date]:
    """Give the days on which answers can change, and those before: around both ends of every window."""
    ends = {end for record in records for end in window_of(record.event) if end != date.min}
    return sorted(ends | {end - timedelta(days=1) for end in ends}) or [date(2021, 1, 1)]


def _wishes(
    kinds: list[str], *, members: int, metrics: int, rough: bool, bounds: bool
) -> st.SearchStrategy[_Wish]:
    pairs = [(name, value) for name, values in VALUES.items() for value in (*values, None)]
    whens = [*EXACT_DAYS, *(ROUGH_DAYS if rough else ())]
    return st.builds(
        _Wish,
        kind=st.sampled_from(
            kinds if members else [kind for kind in kinds if kind not in (*_STATUS_VERBS, "changed")]
        ),
        member=st.sampled_from([*MEMBERS[:1], *MEMBERS[:members]] if members else ["nobody"]),
        metric=st.sampled_from(METRICS[:metrics] or METRICS[:1]),
        when=st.sampled_from(whens),
        pairs=st.lists(st.sampled_from(pairs), max_size=2, unique_by=lambda pair: pair[0]).map(tuple),
        amount=st.sampled_from([*EXACT_AMOUNTS, *(AMOUNTS if bounds else ()), None]),
        name=st.sampled_from([None, None, "New Name"]),
        whole=st.sampled_from([None, None, "", *MEMBERS[:members]]),
        nth=st.integers(0, 7),
        wide=st.booleans(),
        together=st.booleans(),
        gap=st.booleans(),
    )


def _is_for_something(wish: _Wish) -> bool:
    return wish.kind != _NOTHING


def _granted(wishes: Sequence[_Wish]) -> list[Record]:
    """Turn wishes into a history, each into the first thing near it that the rules let in."""
    records: list[Record] = []
    for wish in filter(_is_for_something, wishes):
        for drafts in _ways(wish, records):
            alone = isinstance(drafts[0].event, RecordRetracted)
            then = [*records, *_recorded(drafts, records, together=wish.together and not alone, gap=wish.gap)]
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
            yield [undo, _Draft(_corrected(record.event, wish), record.id)] if kind == "corrected" else [undo]
    turn = _STATUS_VERBS.index(kind) if kind in _STATUS_VERBS else 0
    fallbacks = [kind] if kind in _OTHERS else [*_STATUS_VERBS[turn:], *_STATUS_VERBS[:turn]]
    joining, defining = _Draft(_event(JOINED, wish)), _Draft(wish.metric)
    for other in (*fallbacks, "changed", "described"):
        draft = _Draft(_event(other, wish))
        yield [draft]
        if other == "updated":  # what it needs comes before it
            yield from ([defining, draft], [joining, draft], [defining, joining, draft])


def _event(kind: str, wish: _Wish) -> Event:
    member, when, pairs = wish.member, When(wish.when), Attributes(wish.pairs)
    whole = None if wish.whole == member else wish.whole
    makers: dict[str, Any] = {
        JOINED: lambda: MemberJoined(member, when, name=wish.name, attributes=pairs),
        LEFT: lambda: MemberLeft(member, when),
        SUSPENDED: lambda: MemberSuspended(member, when),
        REINSTATED: lambda: MemberReinstated(member, when),
        "changed": lambda: MemberChanged(member, when, name=wish.name, attributes=pairs, part_of=whole),
        "updated": lambda: MetricUpdated(
            wish.metric.metric, when, _amount(wish), member=None if wish.wide else member
        ),
        "defined": lambda: evolve(wish.metric, title=wish.name or ""),
        "launched": lambda: InitiativeLaunched(when, name="Clusters", supporters=("EPRI",), attributes=pairs),
        "described": lambda: InitiativeChanged(when, name=wish.name, attributes=pairs),
        "reported": lambda: ReportPublished(wish.member, when, title=wish.name or ""),
        CLOSED: lambda: InitiativeClosed(when),
    }
    event: Event = makers[kind]()
    return event


def _corrected(event: Event, wish: _Wish) -> Event:
    if isinstance(event, MetricDefined):
        return evolve(event, title="Corrected")
    changes: dict[str, Any] = {"effective": When(wish.when)}
    if isinstance(event, MetricUpdated):
        changes["amount"] = _amount(evolve(wish, metric=_definition(event.metric)))
    elif isinstance(event, MemberJoined | MemberChanged):
        changes["attributes"] = Attributes(wish.pairs)
    return evolve(event, **changes)


def _definition(metric: str) -> MetricDefined:
    return next(one for one in METRICS if one.metric == metric)


def _amount(wish: _Wish) -> Quantity | None:
    if wish.amount is None:
        return None
    amount = Quantity.parse(wish.amount)
    if not wish.metric.unit:
        amount = Quantity(amount.low, amount.high)
    negative = amount.high is not None and amount.high < 0
    return -amount if wish.metric.nonnegative and negative else amount


def _recorded(drafts: _Drafts, records: Sequence[Record], *, together: bool, gap: bool) -> Iterator[Record]:
    """Write a batch, or with `together` more of the last one, which a correction never shares."""
    last = records[-1] if records else None
    if last is None or not together or last.replaces is not None:
        instant = last.recorded_at + timedelta(days=1) if last else FIRST_INSTANT
        skipped = int(gap)
    else:
        instant, skipped = last.recorded_at, 0
    position = last.position if last else 0
    for place, (event, replaces) in enumerate(drafts, 1):
        version = len(records) + place
        yield Record(
            position + skipped + place, INITIATIVE, version, f"r{version}", instant, event, replaces=replaces
        )


def _standing(records: Sequence[Record]) -> list[Record]:
    gone = {record.event.record for record in records if isinstance(record.event, RecordRetracted)}
    return [record for record in records if record.id not in gone]


def _is_valid(records: Sequence[Record]) -> bool:
    """Would the rules let this in? Here they are once more, a little stricter than in `recording.rules`."""
    ranks = ranks_of(records)
    registers: dict[Register, list[Fact]] = {}
    reports, defined = set(), set()
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
    spoken_of = {register.id for register in registers if register.subject == "member"}
    wholes = {
        fact.value for register, facts in registers.items() if register.aspect == "part_of" for fact in facts
    }
    measured = {register.name for register in registers if register.aspect == "metric"}
    if not (spoken_of <= joined and wholes - {None} <= joined and measured <= defined):
        return False
    return all(
        _is_sound(register, facts, registers)
        for register, facts in registers.items()
        if register.aspect == "status"
    )


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
