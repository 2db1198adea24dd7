"""The state machine passes on stores that are right, and finds what is wrong with others."""

import datetime
import re
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Barrier, Lock, current_thread, main_thread

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ledger import (
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricUpdated,
    Refused,
    ReportPublished,
)
from ledger.model import events
from ledger.model.errors import StoreError
from ledger.stores.remembered import Remembered
from ledger.stores.sqlite.store import SqliteStore
from ledger.testing import LedgerMachine
from ledger.testing.batches import Events
from ledger.testing.histories import METRICS

EXAMPLES = settings.default.max_examples
RIGHT = settings(max_examples=max(EXAMPLES // 10, 2), stateful_step_count=20)
CO2, NET, _ = METRICS


def example(name):
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    spec = spec_from_file_location(name, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ListStore = example("list_store").ListStore


# stores that are right


class InMemory(LedgerMachine):
    reopens = False

    def open_store(self):
        return SqliteStore(":memory:")


class InAList(LedgerMachine):
    def new_ledger(self):
        self.kept, self.turn = [], Lock()

    def open_store(self):
        return ListStore(self.kept, self.turn)

    def drop_ledger(self):
        self.kept.clear()


class TestOnAFile(LedgerMachine.TestCase):
    settings = RIGHT


class TestInMemory(InMemory.TestCase):
    settings = RIGHT


class TestInAList(InAList.TestCase):
    settings = RIGHT


# programs of steps, as Hypothesis prints them: what all stores must pass, of each kind of step and of all refusals


PROGRAMS, FAULTS = [], []


def passes(program):
    """Every right store passes this program, which is one of the steps that Hypothesis may come to."""
    PROGRAMS.append(program)
    return program


def finds(store, message):
    """This program finds what is wrong with a store, for the reason that is in the message; the right ones pass it."""

    def listed(program):
        FAULTS.append(pytest.param(store, program, message, id=f"{program.__name__}-{store.__name__}"))
        return passes(program)

    return listed


@passes
def who_is_a_member(state):
    clusters = {"handle": 0, "initiative": "clusters"}
    state.record(events=[MemberJoined("basque", "2021-01-01", attributes={"country": "Spain"})], **clusters)
    state.keep_timelines(handle=0, nth=0)
    state.record(events=[MemberSuspended("basque", "2021-01-15")], **clusters)
    state.all_is_as_on_paper()
    state.record(events=[MemberReinstated("basque", "2021-01-15")], **clusters)
    state.record(events=[MemberChanged("basque", "2021-01-15", attributes={"country": None})], **clusters)
    state.record(events=[MemberChanged("basque", "2021-01-15", name="New Name")], **clusters)
    state.all_is_as_on_paper()
    state.record(events=[MemberLeft("basque", "2021-02-01")], **clusters)
    state.all_is_as_on_paper()
    state.move_the_clock(by=timedelta(days=-400))
    state.record(events=[MemberJoined("basque", "2021-02-01"), ReportPublished("first", "2021-01-01")], **clusters)
    state.record(events=[InitiativeLaunched("2021-01-01", name="Clusters")], **clusters)
    state.look_back(handle=0, nth=3)
    state.all_is_as_on_paper()


@passes
def what_they_report(state):
    state.record(handle=0, initiative="ports", events=[MemberJoined("basque", "2021-01-01"), NET])
    state.keep_timelines(handle=0, nth=1)
    state.all_is_as_on_paper()  # co2 is not known
    state.record(
        handle=0,
        initiative="ports",
        events=[
            CO2,
            MetricUpdated("co2", "2021-01-01", "2000 kg", member="basque"),
            MetricUpdated("net", "2021-01-01", "-2 t", member="basque"),
            MetricUpdated("net", "2021-01-15", "-0.5 t"),
        ],
    )
    state.all_is_as_on_paper()
    state.record(handle=0, initiative="ports", events=[MetricUpdated("co2", "2021-02-01", None, member="basque")])
    state.record(handle=0, initiative="ports", events=[MetricUpdated("net", "2021-02-01", None)])
    state.all_is_as_on_paper()


@passes
def what_is_refused(state):
    clusters = {"handle": 0, "initiative": "clusters"}
    for event in (
        MemberLeft("basque", "2021-01-01"),
        MemberSuspended("basque", "2021-01-01"),
        MemberReinstated("basque", "2021-01-01"),
        MemberChanged("basque", "2021-01-01", name="New Name"),
        MetricUpdated("co2", "2021-01-01", "1 t"),
    ):
        state.record(events=[event], **clusters)
    state.record(events=[MemberJoined("basque", "2021-01-01"), MemberJoined("basque", "2021-01-15")], **clusters)
    state.record(events=[CO2, MetricUpdated("co2", "2021-01-01", "-2 t")], **clusters)
    state.record(events=[ReportPublished("first", "2021-01-01"), ReportPublished("first", "2021-01-15")], **clusters)
    state.record_what_fits(events=[MemberLeft("basque", "2021-01-01")], **clusters)
    state.fail(events=[MemberLeft("basque", "2021-01-01")], where="within", **clusters)
    state.retract(nths=[0], **clusters)  # there is none
    assert not state.paper.lines
    state.record_what_fits(events=[MemberJoined("basque", "2021-01-01"), CO2], **clusters)
    state.record(events=[MetricUpdated("co2", "2021-01-01", "1 t", member="basque")], **clusters)
    state.retract(nths=[2], **clusters)  # the joining and the definition are still needed
    state.retract(nths=[1], **clusters)
    state.retract(nths=[0, 0], **clusters)
    assert len(state.paper.lines) == 3
    state.retract(nths=[0], **clusters)
    state.retract(nths=[1], **clusters)  # already
    state.retract(nths=[0], **clusters)  # and that was a retraction
    state.correct(by=None, nth=0, **clusters)
    assert len(state.paper.lines) == 4
    state.all_is_as_on_paper()


@passes
def what_is_corrected(state):
    clusters = {"handle": 0, "initiative": "clusters"}
    state.record(events=[MemberJoined("basque", "2021-01-01"), CO2], **clusters)
    state.correct(by=None, nth=0, **clusters)  # its source
    state.correct(by=None, nth=0, **clusters)  # which changes nothing
    state.correct(by="2021-01-15", nth=0, **clusters)  # which a definition does not have
    state.correct(by="2021-01-15", nth=3, **clusters)
    state.correct(by=[MemberJoined("ohio", "2021-01-01")], nth=0, **clusters)
    state.correct(by=None, nth=9, **clusters)  # not of this initiative
    assert len(state.paper.lines) == 8
    state.all_is_as_on_paper()


# stores that are wrong, each with the program that finds it

JOINED = MemberJoined("basque", "2021-01-01")


class LosesARecordOnReopening(SqliteStore):
    def __init__(self, *args):
        super().__init__(*args)
        self.lost = self.position()

    def records(self, initiative=None, *, after=0):
        return (record for record in super().records(initiative, after=after) if record.position != self.lost)


@finds(LosesARecordOnReopening, r"record 1 of the ledger: None\nand on paper: \(1, 'clusters'")
def what_is_written_outlives_its_handles(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.all_is_as_on_paper()
    state.reopen()
    state.all_is_as_on_paper()


class KeepsHalfABatch(SqliteStore):
    @contextmanager
    def writing(self, initiative):
        failed = None
        with super().writing(initiative) as append:
            try:
                yield append
            except Exception as error:  # noqa: BLE001 - whatever it is
                failed = error
        if failed is not None:
            raise failed


@finds(KeepsHalfABatch, r"record 1 of the ledger: \(1, 'clusters'[^\n]*\nand on paper: None")
def what_fails_leaves_nothing(state):
    state.fail(handle=0, initiative="clusters", events=[JOINED], where="at the clock")
    state.all_is_as_on_paper()
    state.fail(handle=0, initiative="clusters", events=[JOINED, CO2], where="within")
    state.all_is_as_on_paper()
    state.fail(handle=1, initiative="clusters", events=[JOINED], where="at the end")
    state.all_is_as_on_paper()


class CountsVersionsOverTheLedger(ListStore):
    @contextmanager
    def writing(self, initiative):
        with super().writing(initiative) as append:
            append.head = append.head._replace(version=append.head.position)
            yield append


@finds(CountsVersionsOverTheLedger, r"there came of it: .*'ports', 2, .*\nand on paper: .*'ports', 1, ")
def versions_are_counted_in_each_initiative(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.record(handle=0, initiative="ports", events=[JOINED])
    state.all_is_as_on_paper()


class ForgetsWhenTheNewestRecordWasWritten(SqliteStore):
    @contextmanager
    def writing(self, initiative):
        with super().writing(initiative) as append:
            append.head = append.head._replace(recorded_at=None)
            yield append


@finds(ForgetsWhenTheNewestRecordWasWritten, r"there came of it: .*00:00:00\+.*\nand on paper: .*00:00:00.000001\+")
def each_batch_has_a_later_instant(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.record(handle=0, initiative="clusters", events=[CO2])
    state.all_is_as_on_paper()


class ReadsWhatOthersWriteMeanwhile(SqliteStore):
    @contextmanager
    def reading(self):
        yield


@finds(ReadsWhatOthersWriteMeanwhile, r"record 1 of the ledger: \(1, 'clusters'[^\n]*\nand on paper: None")
def what_is_read_together_is_of_one_moment(state):
    state.read_while_the_other_one_writes(handle=0, initiative="clusters", events=[JOINED])
    state.all_is_as_on_paper()


class KnowsNoNews(SqliteStore):
    """Its timelines are as when they were opened."""

    def position(self):
        self.first = getattr(self, "first", None) or super().position()
        return self.first


@finds(
    KnowsNoNews,
    r"Members.* of clusters at .*: \(Fraction\(1, .*\nand on paper: \(Fraction\(2, ",
)
def timelines_keep_up(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.keep_timelines(handle=0, nth=0)
    state.all_is_as_on_paper()
    state.record(handle=1, initiative="clusters", events=[MemberJoined("humber", "2021-01-01")])
    state.all_is_as_on_paper()


class KnowsABatchTooLate(SqliteStore):
    def registers(self, initiative, at, known_at=None, wanted=None):
        moment = known_at - 1 if isinstance(known_at, int) and known_at else known_at
        return super().registers(initiative, at, moment, wanted)


@finds(KnowsABatchTooLate, r"version of clusters at 2020-12-31, known_at=1: 0\nand on paper: 1")
def what_is_known_at_a_position_includes_it(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.record(handle=0, initiative="clusters", events=[CO2])
    state.look_back(handle=0, nth=1)
    state.all_is_as_on_paper()


class KnowsOneInitiative(SqliteStore):
    def initiatives(self):
        return super().initiatives()[:1]


@finds(KnowsOneInitiative, r"the initiatives: \['clusters'\]\nand on paper: \['clusters', 'ports'\]")
def initiatives_are_all_that_have_records(state):
    state.record_by_turns(handle=0, initiative="ports", events=[JOINED, CO2])
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.all_is_as_on_paper()


class RemembersFactsWhateverOthersWrite(SqliteStore):
    @contextmanager
    def writing(self, initiative):
        self._remembered.setdefault(initiative, Remembered()).position = self.position()
        with super().writing(initiative) as append:
            yield append


@finds(RemembersFactsWhateverOthersWrite, r"there came of it: .*MemberChanged.*\nand on paper: .*unknown-member")
def what_another_handle_wrote_is_looked_at(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.record(handle=0, initiative="clusters", events=[MemberChanged("basque", "2021-01-01", name="New Name")])
    state.retract(handle=1, initiative="clusters", nths=[0])
    state.retract(handle=1, initiative="clusters", nths=[2])
    state.record(handle=0, initiative="clusters", events=[MemberChanged("basque", "2021-01-01", name="New Name")])
    state.all_is_as_on_paper()


class RefusesOtherThreads(SqliteStore):
    def writing(self, initiative):
        if current_thread() is not main_thread():
            raise StoreError("made in another thread")
        return super().writing(initiative)


@finds(RefusesOtherThreads, "made in another thread")
def any_thread_may_write(state):
    state.record_at_once(names=("clusters", "ports"), events=[JOINED], others=[CO2])
    state.all_is_as_on_paper()


class LetsTwoWritersIn(ListStore):
    both = Barrier(2, timeout=60)

    @contextmanager
    def adding(self):
        new = []
        yield new
        self.both.wait()
        self.kept.extend(new)


@finds(LetsTwoWritersIn, r"there came of it: .*MemberJoined.*MemberJoined.*\nand on paper: .*'already-a-member'")
def nothing_is_lost_where_two_write_at_once(state):
    state.record_at_once(names=("clusters", "clusters"), events=[JOINED], others=[JOINED])
    state.all_is_as_on_paper()


class BlamesAnotherEvent(SqliteStore):
    @contextmanager
    def writing(self, initiative):
        try:
            with super().writing(initiative) as append:
                yield append
        except Refused as refused:
            raise Refused([evolve(violation, index=0) for violation in refused.violations]) from refused


@finds(BlamesAnotherEvent, "it names events that are not those it points at")
def a_refusal_points_at_the_event(state):
    state.record(handle=0, initiative="clusters", events=[CO2, MemberLeft("basque", "2021-01-01")])
    state.all_is_as_on_paper()


def appending(store):
    """A store of that kind whose appends are changed."""

    def changed(change):
        class Store(store):
            @contextmanager
            def writing(self, initiative):
                with super().writing(initiative) as append:
                    yield change(append)

        Store.__name__ = change.__name__
        return Store

    return changed


class Changed:
    """An append that is another one in all that a subclass does not say."""

    def __init__(self, append):
        self.own = append

    def __getattr__(self, name):
        return getattr(self.own, name)


@appending(SqliteStore)
class ForgetsRetractions(Changed):
    def append(self, entries, rows):
        self.own.append([entry._replace(event=None) for entry in entries], rows)


@finds(ForgetsRetractions, r"members of clusters at 2021-01-01, known_at=None: \{'basque': .*\nand on paper: \{\}")
def what_is_retracted_is_gone(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.all_is_as_on_paper()
    state.retract(handle=0, initiative="clusters", nths=[0])
    state.all_is_as_on_paper()


@appending(SqliteStore)
class FindsNoIds(Changed):
    def found(self, ids):
        return {} if len(ids) > 1 else self.own.found(ids)


@finds(FindsNoIds, "it was written before, and now there came of it: \\['already-a-member'\\]")
def a_retry_gives_the_old_records(state):
    state.record(handle=0, initiative="clusters", events=[JOINED, CO2])
    state.retry(handle=1, how="as it was", nth=0)
    state.all_is_as_on_paper()


@finds(FindsNoIds, r"RetryMismatch was not raised, but Refused\(")
def a_retry_of_something_else_is_a_mismatch(state):
    state.record(handle=0, initiative="clusters", events=[JOINED, CO2])
    state.retry(handle=0, how="with another source", nth=0)
    state.all_is_as_on_paper()
    state.retry(handle=1, how="with one more", nth=0)
    state.all_is_as_on_paper()


class Any(int):
    """A version that is the one expected, whatever that is."""

    __hash__ = int.__hash__

    def __ne__(self, other):
        return False


@appending(SqliteStore)
class IsAtAnyVersion(Changed):
    @property
    def head(self):
        return self.own.head._replace(version=Any(self.own.head.version))


@finds(IsAtAnyVersion, "no VersionConflict was raised")
def a_version_is_expected(state):
    state.record_at_a_version(handle=0, initiative="clusters", events=[JOINED], ahead=-1)
    state.all_is_as_on_paper()
    state.record_at_a_version(handle=0, initiative="clusters", events=[CO2], ahead=1)
    state.all_is_as_on_paper()


@appending(SqliteStore)
class FindsRecordsOfOtherInitiatives(Changed):
    def record(self, id):
        return self.own.found([id]).get(id)


@finds(FindsRecordsOfOtherInitiatives, r"there came of it: .*RecordRetracted.*\nand on paper: .*unknown-record")
def only_an_initiative_itself_retracts(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.retract(handle=0, initiative="ports", nths=[0])
    state.all_is_as_on_paper()


@appending(ListStore)
class RetractsTwice(Changed):
    def is_retracted(self, position):
        return False


@finds(RetractsTwice, r"there came of it: .*RecordRetracted.*\nand on paper: .*\['already-retracted'\]")
def nothing_is_retracted_twice(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.retract(handle=0, initiative="clusters", nths=[0])
    state.retract(handle=0, initiative="clusters", nths=[1])
    state.all_is_as_on_paper()


@appending(SqliteStore)
class ForgetsRanks(Changed):
    def append(self, entries, rows):
        version = self.own.head.version
        self.own.append([one._replace(rank=version + place) for place, one in enumerate(entries, 1)], rows)


@finds(ForgetsRanks, r"members of clusters at 2021-01-01, known_at=None: .*'One'.*\nand on paper: .*'Two'")
def what_replaces_a_record_stands_in_its_place(state):
    state.record(handle=0, initiative="clusters", events=[JOINED])
    state.record(handle=0, initiative="clusters", events=[MemberChanged("basque", "2021-01-01", name="One")])
    state.record(handle=0, initiative="clusters", events=[MemberChanged("basque", "2021-01-01", name="Two")])
    state.all_is_as_on_paper()
    state.correct(handle=0, initiative="clusters", by=None, nth=1)
    state.all_is_as_on_paper()


# how programs are run


@contextmanager
def run_of(machine):
    """One run of a machine, which is cleared away whatever happens."""
    state = machine()
    try:
        yield state
    finally:
        state.teardown()


def machine_of(store):
    """The machine of a store that is wrong."""
    right = InAList if issubclass(store, ListStore) else LedgerMachine

    class Wrong(right):
        def open_store(self):
            opened = super().open_store()
            if right is InAList:
                return store(self.kept, self.turn)
            opened.close()
            return store(opened.path)

    return Wrong


TWO_HANDLES = (what_is_written_outlives_its_handles, what_is_read_together_is_of_one_moment)


@pytest.mark.parametrize(
    ("machine", "program"),
    [
        pytest.param(machine, program, id=f"{program.__name__}-{machine.__name__}")
        for machine in (LedgerMachine, InMemory, InAList)
        for program in PROGRAMS
        if machine.reopens or program not in TWO_HANDLES
    ],
)
def test_a_right_store_passes(machine, program):
    with run_of(machine) as state:
        program(state)


@pytest.mark.parametrize(("store", "program", "message"), FAULTS)
def test_a_wrong_store_is_found(store, program, message):
    with run_of(machine_of(store)) as state, pytest.raises((AssertionError, StoreError), match=message):
        program(state)


# programs that Hypothesis comes to by itself


SEARCH = settings(
    max_examples=2_000,  # some ten will mostly do: each of these is found by one step of the right kind
    stateful_step_count=2,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


class HalfInMemory(InMemory):
    def open_store(self):
        return KeepsHalfABatch(":memory:")


class AtAnyVersionInMemory(InMemory):
    def open_store(self):
        return IsAtAnyVersion(":memory:")


class ReadsFromManyMoments(InAList):
    def open_store(self):
        return OfManyMoments(self.kept, self.turn)


class OfManyMoments(ListStore):
    @contextmanager
    def reading(self):
        yield


# which event it is, and whether the clock was moved before, does not matter to the fault, and may differ in each run
@pytest.mark.unmeasured
@pytest.mark.parametrize(
    ("machine", "last", "program"),
    [
        (
            HalfInMemory,
            r"state\.fail\(events=\[\w+\(.*\)\], .*where='(within|at the end)'\)",
            """
    state = HalfInMemory()
    state.all_is_as_on_paper()
    state.fail(events=[MemberJoined('basque', '2021-01-01')], handle=0, initiative='clusters', where='within')
    state.all_is_as_on_paper()
    state.teardown()
            """,
        ),
        (
            AtAnyVersionInMemory,
            r"state\.record_at_a_version\(ahead=-?1, events=\[",
            """
    state = AtAnyVersionInMemory()
    state.all_is_as_on_paper()
    state.record_at_a_version(ahead=1, events=[MemberLeft('basque', '2021-01-01')], handle=0, initiative='ports')
    state.teardown()
            """,
        ),
        (
            ReadsFromManyMoments,
            r"state\.read_while_the_other_one_writes\(events=\[",
            """
    state = ReadsFromManyMoments()
    state.all_is_as_on_paper()
    state.read_while_the_other_one_writes(events=[ReportPublished('first', '2021-01-01')], handle=0, initiative='ports')
    state.teardown()
            """,
        ),
    ],
    ids=["half_a_batch", "any_version", "many_moments"],
)
def test_what_is_wrong_is_printed_as_a_short_program(machine, last, program):
    with pytest.raises(AssertionError) as found:
        run_state_machine_as_test(machine, settings=SEARCH)
    printed = [line for note in found.value.__notes__ for line in note.splitlines() if line.startswith("state")]
    shown = [line.strip() for line in program.strip().splitlines()]
    assert (printed[0], printed[-1]) == (shown[0], shown[-1])
    assert re.match(last, [line for line in printed[1:-1] if "all_is_as_on_paper" not in line][-1]), printed
    assert str(outcome_of_pasting(printed, machine)) == str(found.value)
    assert type(outcome_of_pasting(shown, machine)) is AssertionError


def outcome_of_pasting(program, machine):
    """Run a program as it was printed, and give the error that it ends with."""
    names = {**vars(events), "datetime": datetime, machine.__name__: machine}
    first, *steps, last = program
    exec(first, names)
    try:
        for step in steps:
            exec(step, names)
    except AssertionError as error:
        return error
    finally:
        exec(last, names)
    return None


def test_a_batch_prints_as_code():
    printed = "MemberJoined('basque', '2021-01-01')"
    assert repr(Events([JOINED, JOINED])) == f"[{printed}, {printed}]"


def test_a_run_without_a_draw_begins_with_an_empty_file_and_clears_it_away():
    machine = LedgerMachine()
    assert [book.head.size for book in machine.books] == [0, 0]
    machine.all_is_as_on_paper()
    machine.teardown()
    assert not machine.directory.exists()
