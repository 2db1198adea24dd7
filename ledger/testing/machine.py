"""A state machine that drives a store, and holds all that it answers against a ledger on paper.

A subclass says how the store is opened, and pytest runs its `TestCase`:

>>> from ledger.stores.sqlite.store import SqliteStore
>>> from ledger.testing import LedgerMachine
>>> class MyMachine(LedgerMachine):
...     def open_store(self):
...         return SqliteStore(f"{self.directory}/my.db")
>>> TestMyStore = MyMachine.TestCase

Hypothesis records, retracts, corrects, repeats, fails, reopens and asks in any order, through two handles on one
ledger. Where something is wrong, it prints the fewest steps that show it, as a program which can be pasted:

>>> from ledger import MemberJoined
>>> state = MyMachine()
>>> state.record(handle=0, initiative='clusters', events=[MemberJoined('basque', '2021-01-01')])
>>> state.reopen()
>>> state.all_is_as_on_paper()
>>> state.teardown()
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.book import Ledger
from ledger.model.errors import RetryMismatch, VersionConflict
from ledger.model.events import Event, MetricDefined, RecordRetracted
from ledger.model.measures import Measure, Members, Total, Value
from ledger.model.when import When
from ledger.queries.timeline import Timeline
from ledger.stores.sqlite.store import SqliteStore
from ledger.testing.batches import (
    DAYS,
    Batch,
    Events,
    Interruption,
    at_once,
    batches,
    broken_clock,
    interrupted,
    outcome_of,
    raising,
    send,
    single_events,
)
from ledger.testing.clock import FrozenClock
from ledger.testing.comparing import answers, holds, in_short, is_as_told, keeps_up
from ledger.testing.diary import Diary
from ledger.testing.histories import METRICS
from ledger.testing.paper import Paper

if TYPE_CHECKING:
    from ledger.stores.protocol import EventStore

INITIATIVES: Final = ("clusters", "ports")
ASKED: Final = [date(2020, 12, 31), *map(date.fromisoformat, sorted(DAYS))]
MEASURES: Final[tuple[Measure, ...]] = (
    Members(),
    Members({"country": "Spain"}),
    Members(suspended=True),
    Total("co2"),
    Total("net"),
    Value("net"),
)
"""What timelines are asked."""

_HANDLE: Final = st.sampled_from([0, 1])
_NAME: Final = st.sampled_from(INITIATIVES)
_NTH: Final = st.integers(0, 9)
_BATCH: Final = batches()
_SINGLE: Final = single_events().map(lambda one: Events([one]))


class LedgerMachine(RuleBasedStateMachine):
    """Two handles on one ledger write and ask in any order, and all is as it is on paper.

    A subclass says how its store is opened. Each run has an object of its own, with a new `directory`; it calls
    `new_ledger`, then `open_store` for each handle, and at the end `drop_ledger`. As it stands, it tries the SQLite
    store on a file. Some steps record from two threads at once: a writer should wait for others, for some seconds at
    least.

    How many runs there are, and of how many steps, is said by the settings of Hypothesis in force, or by those of its
    `TestCase`. `class TestMyStore(MyMachine.TestCase)` or `TestMyStore = MyMachine.TestCase` is what pytest finds.
    """

    reopens: ClassVar[bool] = True
    """Does the ledger outlive its handles? If not, as in memory, there is one handle, which stays open."""

    def __init__(self) -> None:
        super().__init__()
        self._temporary = TemporaryDirectory()
        self.directory = Path(self._temporary.name)
        self.clock, self.diary = FrozenClock(), Diary()
        self.turns = count()
        self.new_ledger()
        self._open()

    def new_ledger(self) -> None:
        """Prepare a new ledger, without records: called once in each run, before it is opened. Here it is nothing."""

    def open_store(self) -> EventStore:
        """Open the ledger of this run: for one more handle on it, or anew after all were closed."""
        path = self.directory / "ledger.db"
        if not path.exists():
            path.write_bytes(_an_empty_file())
        store = SqliteStore(str(path))
        # no run is about losing power, and to wait for the disk would take most of the time
        cast("Any", store)._connection.execute("PRAGMA synchronous = OFF")  # noqa: SLF001
        return store

    def drop_ledger(self) -> None:
        """Clear away the ledger of this run, whose handles are closed. Its directory goes by itself."""

    def teardown(self) -> None:
        """Close what is open, and clear the ledger away."""
        self._close()
        self.drop_ledger()
        self._temporary.cleanup()

    def _open(self) -> None:
        self.stores = [self.open_store()]
        self.stores.append(self.open_store() if self.reopens else self.stores[0])
        self.books = [Ledger(store, self.clock) for store in self.stores]
        self.timelines: list[tuple[str, Measure, Timeline[Any]]] = []
        self.asked = 0  # how many lines there were when every day was asked about

    def _close(self) -> None:
        for book in self.books:
            book.close()

    @property
    def paper(self) -> Paper:
        """What was written so far, on paper."""
        return self.diary.paper

    # the steps

    @rule(handle=_HANDLE, initiative=_NAME, events=_BATCH)
    def record(self, handle: int, initiative: str, events: Events) -> None:
        """Record a batch, which is refused where it is wrong."""
        self._write(handle, self.diary.batch(initiative, events))

    @rule(handle=_HANDLE, initiative=_NAME, events=_BATCH)
    def record_what_fits(self, handle: int, initiative: str, events: Events) -> None:
        """Record those events of a batch with which nothing is wrong."""
        self._write(handle, self.diary.fitting(initiative, events))

    @rule(handle=_HANDLE, initiative=_NAME, events=_BATCH)
    def record_by_turns(self, handle: int, initiative: str, events: Events) -> None:
        """Record those events one by one, by one handle and the other in turn."""
        for place, event in enumerate(events):
            self._write((handle + place) % 2, self.diary.fitting(initiative, [event]))

    @rule(handle=_HANDLE, initiative=_NAME, events=_BATCH, ahead=st.sampled_from([0, -1, 1]))
    def record_at_a_version(self, handle: int, initiative: str, events: Events, ahead: int) -> None:
        """Record at the version that the initiative is at, or at another one, which is a conflict."""
        version = max(self.diary.version(initiative) + ahead, 0)
        batch = self.diary.batch(initiative, events)
        if version == self.diary.version(initiative):
            self._write(handle, batch, expected_version=version)
        else:
            with raising(VersionConflict):
                send(self.books[handle], batch, expected_version=version)

    @rule(handle=_HANDLE, initiative=_NAME, nths=st.lists(_NTH, min_size=1, max_size=2))
    def retract(self, handle: int, initiative: str, nths: list[int]) -> None:
        """Retract one record or two, counted from the newest one; past the first one are some that are not its own."""
        retractions = [RecordRetracted(self.diary.nth_id(initiative, nth)) for nth in nths]
        self._write(handle, self.diary.batch(initiative, retractions))

    @rule(handle=_HANDLE, initiative=_NAME, nth=_NTH, by=st.none() | st.sampled_from(DAYS) | _SINGLE)
    def correct(self, handle: int, initiative: str, nth: int, by: str | list[Event] | None) -> None:
        """Correct the source of a record, counted from the newest one, its day too, or all that it says."""
        id = self.diary.nth_id(initiative, nth)
        old = next((line.event for line in self.diary.lines_of([id])), METRICS[0])
        if isinstance(by, list):
            new = by[0]
        elif isinstance(old, RecordRetracted):
            new = METRICS[0]  # it will be refused, whatever is given
        else:
            new = old if by is None or isinstance(old, MetricDefined) else evolve(old, effective=When(by))
        self._write(handle, self.diary.batch(initiative, [RecordRetracted(id), new], "another look", id))

    @precondition(lambda self: self.diary.sent)
    @rule(handle=_HANDLE, nth=_NTH, how=st.sampled_from(["as it was", "with another source", "with one more"]))
    def retry(self, handle: int, nth: int, how: str) -> None:
        """Send a batch again, counted from the newest one: it is written once, and refused where it differs."""
        batch = self.diary.nth_sent(nth)
        if how == "as it was":
            outcome = outcome_of(batch, lambda: send(self.books[handle], batch))
            if not is_as_told(outcome, self.diary.lines_of(batch.ids)):
                raise AssertionError(f"it was written before, and now there came of it: {in_short(outcome)}")
            return
        other = batch._replace(source="another one") if how == "with another source" else self.diary.longer(batch)
        with raising(RetryMismatch):
            send(self.books[handle], other)

    @rule(
        handle=_HANDLE, initiative=_NAME, events=_BATCH, where=st.sampled_from(["at the clock", "within", "at the end"])
    )
    def fail(self, handle: int, initiative: str, events: Events, where: str) -> None:
        """Fail in the middle of a batch: nothing of it is written, and nobody else sees anything of it meanwhile."""
        batch = self.diary.fitting(initiative, events)
        if not batch.events:
            return

        def others_see() -> None:
            if self.reopens:
                holds(self.books[1 - handle], self.paper)

        with raising(Interruption):
            if where == "at the clock":
                send(Ledger(self.stores[handle], broken_clock), batch)
            else:
                interrupted(self.stores[handle], batch, self.clock(), within=where == "within", meanwhile=others_see)

    @precondition(lambda self: self.reopens)
    @rule()
    def reopen(self) -> None:
        """Close all handles, and open the ledger again."""
        self._close()
        self._open()

    @rule(names=st.tuples(_NAME, _NAME), events=_BATCH, others=_BATCH)
    def record_at_once(self, names: tuple[str, str], events: Events, others: Events) -> None:
        """Record two batches from two threads through two handles: it is as if one had come after the other."""
        sent = [self.diary.batch(names[0], events), self.diary.batch(names[1], others)]
        self.diary.take_in(sent, at_once(self.books, sent), self.clock())

    @precondition(lambda self: self.reopens)
    @rule(handle=_HANDLE, initiative=_NAME, events=_BATCH)
    def read_while_the_other_one_writes(self, handle: int, initiative: str, events: Events) -> None:
        """Read before and after the other handle records, from one moment of the ledger."""
        before = Paper(self.paper.lines)
        with self.stores[handle].reading():
            holds(self.books[handle], before)
            self._write(1 - handle, self.diary.fitting(initiative, events))
            holds(self.books[handle], before)

    @rule(by=st.sampled_from([timedelta(days=1), timedelta(days=-400), timedelta(microseconds=1)]))
    def move_the_clock(self, by: timedelta) -> None:
        """Let time pass, or step back."""
        self.clock.set(self.clock() + by)

    @precondition(lambda self: self.paper.lines)
    @rule(handle=_HANDLE, nth=st.integers(0, 1))
    def keep_timelines(self, handle: int, nth: int) -> None:
        """Open timelines of an initiative, which are asked after each further step."""
        names = self.paper.initiatives()
        name = names[nth % len(names)]
        club = self.books[handle].initiative(name)
        self.timelines = [*self.timelines, *((name, one, club.timeline(one)) for one in MEASURES)][-2 * len(MEASURES) :]

    @precondition(lambda self: self.paper.lines)
    @rule(handle=_HANDLE, nth=st.integers(0, 50))
    def look_back(self, handle: int, nth: int) -> None:
        """Ask of every day, as known at some moment: what was known then has not changed."""
        answers(self.books[handle], self.paper, ASKED, self.diary.nth_moment(nth))

    # what holds after each step

    @invariant()
    def all_is_as_on_paper(self) -> None:
        """Each handle holds what is on paper, one answers of all days, and timelines keep up."""
        turn = next(self.turns)
        book, moment = self.books[turn % 2], self.diary.nth_moment(turn * 7)
        for each in self.books if self.reopens else self.books[:1]:
            holds(each, self.paper)
        if self.asked != len(self.paper.lines):
            answers(book, self.paper, ASKED)
            self.asked = len(self.paper.lines)
        answers(book, self.paper, [ASKED[turn % len(ASKED)]], moment)
        for name, measure, line in self.timelines:
            for known_at in (None, moment):
                keeps_up(line, self.paper, name, measure, ASKED, known_at)

    def _write(self, handle: int, batch: Batch, *, expected_version: int | None = None) -> None:
        if batch.events:
            book = self.books[handle]
            outcome = outcome_of(batch, lambda: send(book, batch, expected_version=expected_version))
            self.diary.take_in([batch], [outcome], self.clock())


@cache
def _an_empty_file() -> bytes:
    """Give the bytes of a ledger without records, since to make one takes longer than many steps."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "empty.db"
        SqliteStore(str(path)).close()
        return path.read_bytes()
