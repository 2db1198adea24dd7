"""Every store passes the conformance suite, a broken one does not, and each test of the suite finds some fault."""

from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Event, Lock, Thread
from time import sleep

import pytest
from attrs import evolve
from hypothesis import Phase, settings

from ledger import Ledger, MemberJoined, MemberLeft, RecordRetracted, ReportPublished, replay
from ledger.model.errors import BadInput, DamagedRecord, LedgerBusy, LedgerClosed, StoreError
from ledger.model.records import known_at_of
from ledger.model.state import heard
from ledger.queries.history import speaks_of
from ledger.queries.log import Wanted
from ledger.recording.batch import COLUMNS, digest_of
from ledger.recording.merkle import Tree
from ledger.stores.plain import PlainAppend
from ledger.stores.rows import damage_of
from ledger.stores.sqlite.store import SqliteStore
from ledger.testing.appends import play
from ledger.testing.conformance import StoreConformance
from ledger.testing.scripts import history_of


def example(name):
    path = Path(__file__).parents[1] / "examples" / f"{name}.py"
    spec = spec_from_file_location(name, path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ListStore = example("list_store").ListStore


class TestSqliteFile(StoreConformance):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: SqliteStore(str(tmp_path / "ledger.db"))


class MemoryHandle(SqliteStore):
    """One more handle to a database in memory: it shares the connection, and its turn, with all others."""

    def __init__(self, whole):
        self.path, self._lock, self._place = whole.path, whole._lock, whole._place
        self._process, self._read_only, self._timeout = whole._process, whole._read_only, whole._timeout
        self._connection, self._remembered, self._tree, self._together = whole._connection, {}, None, False

    def close(self):
        self._connection = None  # the others still have it


@pytest.mark.unmeasured
class TestSqliteInMemory(StoreConformance):
    @pytest.fixture
    def open_store(self):
        whole = SqliteStore(":memory:")
        yield lambda: MemoryHandle(whole)
        whole.close()


class TestListStore(StoreConformance):
    @pytest.fixture
    def open_store(self):
        kept, turn = [], Lock()
        return lambda: ListStore(kept, turn)


@pytest.mark.unmeasured
class TestListStoreToPutFaultsIn(StoreConformance):
    """What the broken stores below are made of is not broken."""

    @pytest.fixture
    def open_store(self):
        kept, turn = [], Lock()
        return lambda: Broken(kept, turn)


# what a plain store says of rows that are not as they were added


def test_rows_may_come_back_as_lists():
    kept = []
    with Ledger(ListStore(kept)) as book:
        (joined,) = book.initiative("club").record(MemberJoined("ada", "2020"))
    with Ledger(ListStore(list(map(list, kept)))) as book:
        assert list(book.records()) == [joined]


@pytest.mark.parametrize("row", [(), (1, "club", 1), "x" * 18])
def test_a_row_of_another_length_is_damaged(row):
    with Ledger(ListStore([row])) as book, pytest.raises(DamagedRecord, match="columns and not 19"):
        book.initiatives()


def test_two_rows_of_one_id_are_damaged():
    kept = []
    with Ledger(ListStore(kept)) as book:
        ada, _ = book.initiative("club").record(MemberJoined("ada", "2020"), MemberJoined("ben", "2020"))
    twin = changed(kept[1], id=ada.id)
    with (
        Ledger(ListStore([kept[0], changed(twin, digest=digest_of(twin[:-1]))])) as book,
        pytest.raises(DamagedRecord, match=f"record 2: its id {ada.id} is that of another one"),
    ):
        book.verify()


def test_a_row_that_says_something_else_is_damaged():
    kept = []
    with Ledger(ListStore(kept)) as book:
        book.initiative("club").record(MemberJoined("ada", "2020"))
    kept[0] = changed(kept[0], body='{"member": "ada"}')
    with Ledger(ListStore(kept)) as book, pytest.raises(DamagedRecord, match="record 1"):
        book.initiatives()


def test_rows_that_are_others_than_those_that_were_read_are_found_though_they_are_sound():
    kept = []
    with Ledger(ListStore(kept)) as book:
        club = book.initiative("club")
        club.record(MemberJoined("ada", "2020"))
        club.record(MemberJoined("ben", "2020"))
        published = book.head
        sound, forged = list(kept), []
        with Ledger(ListStore(forged)) as other:
            for name in "ada", "bob":
                other.initiative("club").record(MemberJoined(name, "2020"))
        kept[:] = [sound[0], *forged[1:]]
        with pytest.raises(DamagedRecord, match="record 2: it was read before, and was another one then"):
            book.verify(published)
        kept[:] = sound[:1]
        with pytest.raises(DamagedRecord, match="record 2: it was read before, and is not there any more"):
            book.verify()
        kept[:] = sound
        with book._store.together():
            club.record(MemberJoined("cleo", "2020"))
            assert book._store.verify() == published
        assert book.verify(published) == book.head
        kept[:] = sound
        with pytest.raises(DamagedRecord, match="record 3: it was read before, and is not there any more"):
            book.verify()


class Busy(ListStore):
    """Somebody adds rows whenever all of them are read."""

    coming = ()

    def rows(self, after):
        if after == 0:
            self.kept.extend(self.coming)
            self.coming = ()
        return super().rows(after)


def test_rows_that_others_add_while_it_is_verified_are_no_damage():
    whole = []
    with Ledger(ListStore(whole)) as other:
        for name in "ada", "ben", "cleo":
            other.initiative("club").record(MemberJoined(name, "2020"))
    store = Busy(whole[:1])
    with Ledger(store) as book:
        assert book.head.size == 1
        store.coming = whole[1:]
        assert book.verify().size == 3
        assert len(list(book.records())) == 3


def test_tiles_that_are_full_are_kept_beside_the_edge():
    with Ledger(ListStore()) as book:
        joined = book.initiative("club").record(*(MemberJoined(f"m{number}", "2020") for number in range(600)))
        digests = [bytes.fromhex(record.digest) for record in joined]
        for number in range(3):
            assert list(book._store.tile(0, number)) == digests[256 * number : 256 * (number + 1)]
        assert len(book._store.tile(1, 0)) == 2
        assert list(book._store.tile(1, 1)) == list(book._store.tile(0, 3)) == []
        for position in 1, 256, 257, 600:
            assert book.prove(position).holds(book.head)


def test_a_report_among_several_batches_names_the_head_before_it():
    with Ledger(ListStore()) as book:
        club = book.initiative("club")
        with book._store.together():
            (joined,) = club.record(MemberJoined("ada", "2020"))
            (report,) = club.record(ReportPublished("r", "2021"))
        assert (report.head.size, report.head.root) == (1, joined.digest)
        assert book.verify() == book.head


@pytest.mark.parametrize("way", ["together", "writing"])
def test_a_writer_waits_for_a_thread_that_reads(way):
    store, reading, enough = ListStore(), Event(), Event()

    def read():
        with store.reading():
            reading.set()
            enough.wait(10)

    def write():
        with store.together() if way == "together" else store.writing("club"):
            written.append(enough.is_set())

    written = []
    threads = [Thread(target=one) for one in (read, write)]
    threads[0].start()
    reading.wait(10)
    threads[1].start()
    sleep(0.05)
    enough.set()
    for one in threads:
        one.join()
    assert written == [True]


def test_who_has_waited_for_too_long_is_told_so():
    held = Lock()
    held.acquire()
    with Ledger(ListStore(turn=Impatient(held))) as book, pytest.raises(LedgerBusy, match="another writer"):
        book.initiative("club").record(MemberJoined("ada", "2020"))
    with pytest.raises(LedgerClosed):  # and nobody waits for nothing
        book.initiative("club").record(MemberJoined("ada", "2020"))


def test_who_reads_does_not_write_meanwhile():
    store = ListStore()
    with store.reading():
        for begin in store.together(), store.writing("club"):
            with pytest.raises(StoreError, match="this thread is recording already, or reading"), begin:
                pass


class Impatient:
    """A lock that is waited for no longer than a moment."""

    def __init__(self, lock):
        self.lock = lock

    def acquire(self, timeout):
        return self.lock.acquire(timeout=0.01)


def changed(row, **columns):
    """The row with some columns changed."""
    return tuple(columns.get(name, value) for name, value in zip(COLUMNS, row, strict=True))


# broken stores: the fault is in the name, and beside it stands the test that finds it

FAULTS = []


def fails(*tests):
    """This store is broken, and these tests find it."""

    def listed(store):
        FAULTS.extend((store, test) for test in tests)
        return store

    return listed


class Broken(ListStore):
    """A list store, whose parts faults are put in."""

    Append = PlainAppend

    def writing(self, initiative):
        return self._writing(initiative)

    @contextmanager
    def _writing(self, initiative):
        with super().writing(initiative) as append:
            yield self.Append(append.initiative, append.records, append.rows, append.tree)


def without(records, *, retractions=False, replacing=False):
    kept = [one for one in records if not (retractions and isinstance(one.event, RecordRetracted))]
    return [evolve(one, replaces=None) for one in kept] if replacing else kept


@fails("test_a_new_ledger_is_empty")
class BeginsAtOne(Broken):
    def position(self):
        return super().position() or 1


@fails("test_who_waits_is_told_when_something_is_recorded")
class TellsAtOnce(Broken):
    def wait(self, after, seconds):
        return True


@fails("test_who_waits_is_told_when_something_is_recorded")
class NeverTells(Broken):
    def wait(self, after, seconds):
        return False


@fails("test_nobody_sees_half_a_batch")
class WritesARowAtATime(Broken):
    @contextmanager
    def adding(self):
        with super().adding() as new:
            yield new
            rows = list(new)
            new.clear()
            for row in rows:
                self.kept.append(row)
                sleep(0.001)


@fails("test_positions_and_versions_count_from_one_without_gaps", "test_the_head_says_where_the_next_batch_goes")
class CountsVersionsOfTheWholeLedger(Broken):
    class Append(PlainAppend):
        def __init__(self, *given):
            super().__init__(*given)
            self.head = self.head._replace(version=self.head.position)


@fails("test_positions_and_versions_count_from_one_without_gaps", "test_records_are_streamed_by_position")
class CountsPositionsOfEachInitiative(Broken):
    class Append(PlainAppend):
        def __init__(self, *given):
            super().__init__(*given)
            self.head = self.head._replace(position=self.head.version)


@fails("test_the_head_says_where_the_next_batch_goes")
class KnowsTheInstantOfItsOwnInitiativeOnly(Broken):
    class Append(PlainAppend):
        def __init__(self, *given):
            super().__init__(*given)
            instants = [one.recorded_at for one in self.records if one.initiative == self.initiative]
            self.head = self.head._replace(recorded_at=max(instants, default=None))


@fails("test_records_are_streamed_by_position")
class StreamsOneInitiativeAfterTheOther(Broken):
    def records(self, initiative=None, *, after=0):
        yield from sorted(super().records(initiative, after=after), key=lambda one: one.initiative)


@fails("test_records_past_a_position_are_those_and_no_others")
class StreamsFromAPositionOn(Broken):
    def records(self, initiative=None, *, after=0):
        return super().records(initiative, after=max(after - 1, 0))


@fails("test_more_records_than_fit_on_a_page_are_streamed")
class LosesARecordBetweenPages(Broken):
    def records(self, initiative=None, *, after=0):
        found = list(super().records(initiative, after=after))
        yield from found[:1_000] + found[1_001:]


@fails("test_a_stream_left_half_read_holds_nobody_up")
class HoldsTheTurnWhileItStreams(Broken):
    def adding(self):
        if self.turn.locked():
            raise LedgerBusy("another writer holds the list")
        return super().adding()

    def records(self, initiative=None, *, after=0):
        with self.adding():
            yield from list(super().records(initiative, after=after))


@fails("test_initiatives_are_given_in_order_and_once")
class SortsInitiativesAsADictionaryDoes(Broken):
    def initiatives(self):
        return sorted(super().initiatives(), key=str.casefold)


@fails("test_names_that_look_alike_are_kept_apart")
class ComparesWithoutCase(Broken):
    def records(self, initiative=None, *, after=0):
        for one in super().records(after=after):
            if initiative is None or one.initiative.lower() == initiative.lower():
                yield one


@fails("test_names_that_look_alike_are_kept_apart")
class FindsRegistersByTheBeginning(Broken):
    class Append(PlainAppend):
        def registers(self, **asked):
            alike = {one.initiative for one in self.records if one.initiative.startswith(self.initiative[:4])}
            return [one for name in alike for one in PlainAppend(name, self.records, [], self.tree).registers(**asked)]


@fails("test_a_batch_is_kept_whole")
class LosesTheLastRowOfABatch(Broken):
    @contextmanager
    def adding(self):
        with super().adding() as new:
            yield new
            del new[max(len(new) - 1, 1) :]


@fails("test_an_exception_leaves_nothing_behind", "test_what_was_not_written_is_not_remembered")
class KeepsWhatFailed(Broken):
    @contextmanager
    def adding(self):
        new = []
        try:
            yield new
        finally:
            self.kept.extend(new)


@fails("test_an_exception_leaves_nothing_behind")
class KeepsHalfOfWhatFailed(Broken):
    @contextmanager
    def adding(self):
        new = []
        try:
            yield new
        except BaseException:
            self.kept.extend(new[:1])
            raise
        self.kept.extend(new)


@fails("test_what_was_not_written_is_not_remembered")
class RemembersRegistersBeforeTheyAreWritten(Broken):
    def __init__(self, *given):
        super().__init__(*given)
        known = set()

        class Append(PlainAppend):
            def append(self, entries, rows):
                known.update(said.register for entry in entries for said in entry.said)
                super().append(entries, rows)

            def registers(self, **asked):
                return [one for one in known if all(getattr(one, name) == want for name, want in asked.items())]

        self.Append = Append


@fails("test_without_a_batch_nothing_is_written")
class RemembersWhoWasAskedFor(Broken):
    asked = frozenset()

    def writing(self, initiative):
        self.asked |= {initiative}
        return super().writing(initiative)

    def initiatives(self):
        return sorted({*super().initiatives(), *self.asked})


@fails("test_what_the_rules_refuse_is_not_written", "test_the_rules_are_given_the_facts_that_stand")
class GivesTheRulesNoFacts(Broken):
    class Append(PlainAppend):
        def facts(self, register):
            return []


@fails("test_what_the_rules_refuse_is_not_written", "test_an_id_is_found_in_every_initiative")
class FindsIdsInItsOwnInitiativeOnly(Broken):
    class Append(PlainAppend):
        def found(self, ids):
            return {id: one for id, one in super().found(ids).items() if one.initiative == self.initiative}


@fails("test_an_id_is_found_in_every_initiative")
class FindsRecordsOfOtherInitiatives(Broken):
    class Append(PlainAppend):
        def record(self, id):
            return self.found([id]).get(id)


class Rewrites(Broken):
    """What it keeps is not what it was given."""

    @contextmanager
    def adding(self):
        with super().adding() as new:
            yield new
            new[:] = map(self.rewritten, new)


@fails("test_records_come_back_as_they_were_written")
class TrimsNotes(Rewrites):
    def rewritten(self, row):
        return changed(row, note=row[COLUMNS.index("note")].strip())


@fails("test_names_of_any_characters_come_back")
class WritesInLatinLetters(Rewrites):
    def rewritten(self, row):
        return changed(row, initiative=row[COLUMNS.index("initiative")].encode("ascii", "replace").decode())


@fails("test_digests_are_kept", "test_records_come_back_as_they_were_written")
class LosesDigests(Rewrites):
    def rewritten(self, row):
        return changed(row, digest="")


@fails("test_a_replacement_stands_where_the_wrong_record_stood")
class LosesWhatIsReplaced(Rewrites):
    def rewritten(self, row):
        return changed(row, replaces=None)


@fails("test_what_was_closed_is_opened_again_with_all_that_is_in_it")
class ReopensEmpty(Broken):
    def close(self):
        self.kept.clear()
        super().close()


@fails("test_two_handles_see_what_the_other_wrote")
class ReadsOnce(Broken):
    def rows(self, after):
        self.first = getattr(self, "first", None) or self.kept[:]
        return self.first[after:]


@fails("test_two_handles_see_what_the_other_wrote")
class RemembersFactsWhateverOthersWrite(Broken):
    def __init__(self, *given):
        super().__init__(*given)

        remembered = {}

        class Append(PlainAppend):
            def facts(self, register):
                return remembered.setdefault((self.initiative, register), super().facts(register))

        self.Append = Append


@fails("test_reading_is_of_one_moment")
class ReadsFromManyMoments(Broken):
    @contextmanager
    def reading(self):
        yield


@fails("test_reading_is_of_one_moment")
class EndsTheMomentWithTheInnermostBlock(Broken):
    @contextmanager
    def reading(self):
        with super().reading():
            yield
        self._moment = None


@fails("test_writers_take_turns", "test_nothing_is_lost_where_many_record_at_once")
class LetsWritersInTogether(Broken):
    @contextmanager
    def adding(self):
        new = []
        yield new
        sleep(0.02)
        self.kept.extend(new)


@fails("test_a_clock_may_read_and_must_not_record")
class LetsTheClockRecord(Broken):
    def writing(self, initiative):
        self._moment = None
        return super().writing(initiative)

    @contextmanager
    def adding(self):
        new = []
        yield new
        self.kept.extend(new)


@fails("test_what_is_raised_within_a_reading_is_left_as_it_is")
class TakesMistakesForDamage(Broken):
    @contextmanager
    def reading(self):
        with damage_of("the list"), super().reading():
            yield


@fails("test_closing_twice_is_fine")
class ClosesOnce(Broken):
    def close(self):
        if self._closed:
            raise StoreError("it is closed already")
        super().close()


@fails("test_closing_twice_is_fine")
class ClosesForAll(Broken):
    def _require_open(self):
        if "closed" in self.kept:
            raise LedgerClosed("all are closed")

    def close(self):
        self.kept.append("closed")


@fails("test_a_closed_store_says_so")
class IsNeverClosed(Broken):
    def close(self):
        pass


@fails("test_the_rules_are_given_the_facts_that_stand")
class GivesTheRulesWhatWasRetracted(Broken):
    class Append(PlainAppend):
        def __init__(self, *given):
            super().__init__(*given)
            self.records = without(self.records, retractions=True)


@fails("test_registers_are_found_by_what_they_are_about")
class ForgetsRegistersThatAreEmpty(Broken):
    class Append(PlainAppend):
        def registers(self, **asked):
            return [register for register in super().registers(**asked) if self.facts(register)]


@fails("test_short_forms_are_those_of_the_records")
class FindsByVersionInAnyInitiative(Broken):
    def ref(self, initiative, version):
        return next(one.ref for one in self.records() if one.version == version)


@fails("test_short_forms_are_those_of_the_records")
class MissesWhatHasNoRecord(Broken):
    def refs(self, positions):
        records = list(self.records())
        return {position: records[position - 1].ref for position in positions}


class Replays(Broken):
    """Its states are replays of something else than the records."""

    def registers(self, initiative, at, known_at=None, wanted=None):
        state = replay(self.read(list(self.records(initiative)), known_at), at=at, known_at=self.moment(known_at))
        return state.version, state.registers

    def read(self, records, known_at):
        return records

    def moment(self, known_at):
        return known_at


@fails(
    "test_the_state_of_any_day_as_known_at_any_moment_is_that_of_the_replay",
    "test_a_retraction_takes_a_record_back_from_then_on",
)
class ForgetsRetractions(Replays):
    def read(self, records, known_at):
        return without(records, retractions=True)


@fails("test_a_retraction_takes_a_record_back_from_then_on")
class ForgetsThatItBelievedWhatIsRetracted(Replays):
    def read(self, records, known_at):
        gone = {one.event.record for one in records if isinstance(one.event, RecordRetracted)}
        return [one for one in records if one.id not in gone]


@fails("test_a_replacement_stands_where_the_wrong_record_stood")
class RanksByVersionAlone(Replays):
    def read(self, records, known_at):
        return without(records, replacing=True)


@fails("test_a_state_is_the_replay_of_any_history_at_all")
class LetsNobodyLeaveWhoIsNoMember(Replays):
    def read(self, records, known_at):
        joined = {one.event.member for one in records if isinstance(one.event, MemberJoined)}
        return [one for one in records if not isinstance(one.event, MemberLeft) or one.event.member in joined]


@fails("test_days_decide_in_whatever_order_they_were_recorded")
class BelievesWhatWasRecordedLast(Replays):
    def read(self, records, known_at):
        return [one for one in records if known_at is None or one.position <= known_at][-1:]


@fails("test_what_is_known_at_an_instant_includes_it")
class KnowsWhatWasRecordedBefore(Replays):
    def moment(self, known_at):
        return known_at - timedelta(microseconds=1) if isinstance(known_at, datetime) else known_at


@fails("test_what_is_known_at_a_position_is_rounded_down_to_a_whole_batch")
class KnowsHalfABatch(Replays):
    def read(self, records, known_at):
        return [one for one in records if one.position <= known_at] if isinstance(known_at, int) else records

    def moment(self, known_at):
        return None if isinstance(known_at, int) else known_at


@fails("test_a_moment_that_is_none_is_refused")
class TakesAnythingForAMoment(Replays):
    def moment(self, known_at):
        try:
            return known_at_of(known_at)
        except BadInput:
            return None


@fails("test_registers_are_those_that_are_wanted")
class LooksAtMembersOnly(Broken):
    def registers(self, initiative, at, known_at=None, wanted=None):
        return super().registers(initiative, at, known_at, wanted and Wanted(wanted.aspects, ()))


@fails("test_registers_are_those_that_are_wanted")
class GivesTheNewestValueWhereSomeAreWanted(Broken):
    def registers(self, initiative, at, known_at=None, wanted=None):
        return super().registers(initiative, at, None if wanted else known_at, wanted)


class Tells(Broken):
    """Its news is something else."""

    @contextmanager
    def news(self, initiative, after, wanted):
        with super().news(initiative, after, wanted) as news:
            yield self.told(news)


@fails("test_news_is_what_is_wanted_and_new")
class TellsTheNewestFirst(Tells):
    def told(self, news):
        return news._replace(facts=reversed(list(news.facts)))


@fails("test_news_is_what_is_wanted_and_new", "test_a_timeline_keeps_up_with_what_is_recorded")
class TellsNoRetractions(Tells):
    def told(self, news):
        return news._replace(retractions=[])


@fails("test_news_is_what_is_wanted_and_new")
class TellsWhatStandsOnly(Tells):
    def told(self, news):
        gone = {one.retracts for one in news.retractions}
        return news._replace(facts=iter([said for said in news.facts if said[1].position not in gone]))


@fails("test_news_is_what_is_wanted_and_new")
class TellsThePositionOfTheInitiative(Tells):
    def told(self, news):
        return news._replace(position=max((batch.end for batch in news.batches), default=0))


@fails("test_the_history_of_anything_is_that_of_all_records")
class GivesOnlyWhatSpeaksOfIt(Broken):
    def records_on(self, initiative, member, metric, report=None):
        return [one for one in self.records(initiative) if speaks_of(one.event, member, metric, report)]


@fails("test_names_are_all_that_anything_was_ever_said_of")
class ForgetsNamesOfWhatWasRetracted(Broken):
    def names(self, initiative, subject):
        standing = {one for one, facts in heard(self.records(initiative), None).facts.items() if facts}
        return [name for name in super().names(initiative, subject) if any(name in one for one in standing)]


@fails("test_batches_together_are_kept_all_or_none")
class KeepsBatchByBatch(Broken):
    @contextmanager
    def together(self):
        yield


@fails("test_batches_together_are_kept_all_or_none")
class KeepsTheTreeOfWhatFailed(Broken):
    @contextmanager
    def together(self):
        try:
            with super().together():
                yield
        except BaseException:
            self._tree.grow([bytes(32)])
            raise


@fails("test_batches_together_are_not_begun_twice")
class BeginsTwice(Broken):
    @contextmanager
    def together(self):
        if self._moment is not None:
            yield
            return
        with super().together():
            yield


@fails("test_the_head_is_that_of_all_records")
class ForgetsToGrow(Broken):
    def head(self):
        return Tree().head()


@fails("test_the_head_is_that_of_all_records")
class GivesTheTreeOfSomethingElse(Broken):
    class Append(PlainAppend):
        def __init__(self, initiative, records, rows, tree):
            super().__init__(initiative, records, rows, Tree())


@fails("test_tiles_hold_the_hashes_of_the_tree")
class ForgetsFullTiles(Broken):
    def tile(self, level, number):
        return super().tile(level, number)[:255]


@fails("test_tiles_hold_the_hashes_of_the_tree")
class MixesTilesUp(Broken):
    def tile(self, level, number):
        return super().tile(level, max(number - 1, 0))


@fails("test_a_store_that_is_sound_verifies")
class VerifiesNothing(Broken):
    def verify(self, *, deep=False):
        return Tree().head()


@fails("test_a_store_that_is_sound_verifies")
class FindsFaultWithEverything(Broken):
    def verify(self, *, deep=False):
        raise DamagedRecord("nothing is ever as it was")


@pytest.fixture
def quickly():
    """Examples that need not be told again: the first that fails is enough."""
    profile = settings.get_current_profile_name()
    settings.register_profile(
        "quickly",
        max_examples=100,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
    )
    settings.load_profile("quickly")
    yield
    settings.load_profile(profile)


@pytest.mark.unmeasured
@pytest.mark.parametrize(("broken", "test"), [pytest.param(*one, id=f"{one[0].__name__}-{one[1]}") for one in FAULTS])
def test_a_broken_store_fails(broken, test, quickly):
    kept, turn = [], Lock()
    with pytest.raises((Exception, pytest.fail.Exception)):
        getattr(StoreConformance(), test)(lambda: broken(kept, turn))


def test_every_test_of_the_suite_finds_some_fault():
    tests = {name for name in dir(StoreConformance) if name.startswith("test_")}
    assert tests == {test for _, test in FAULTS}


def test_a_hostile_history_is_played_but_for_retractions_of_nothing():
    gone = [RecordRetracted("r1")]
    history = history_of([MemberJoined("ada", "2021")], [RecordRetracted("r9")], gone, gone)
    assert [len(records) for records in play(ListStore(), "clusters", history)] == [1, 2]


class FailsToKeep(ListStore):
    """What it was given is lost at the end, where a disk may be full."""

    full = False

    @contextmanager
    def adding(self):
        with super().adding() as new:
            yield new
            if self.full:
                raise StoreError("the disk is full")


def test_batches_together_that_cannot_be_kept_leave_no_trace_in_the_tree():
    store = FailsToKeep()
    book = Ledger(store)
    book.initiative("club").record(MemberJoined("ada", "2020"))
    before = book.head
    store.full = True
    with pytest.raises(StoreError, match="the disk is full"), store.together():
        book.initiative("club").record(*(MemberJoined(f"m{number}", "2020") for number in range(300)))
    store.full = False
    assert book.head == before
    (report,) = book.initiative("club").record(ReportPublished("annual", "2021"))
    assert report.head == before
    assert book.verify(before).size == 2
