"""Open ledgers, and points in them, as tests draw them."""

import gc
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta

import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import InvalidArgument
from hypothesis.statistics import collector

import ledger
import ledger.testing as kit
from ledger import Ledger, MemberJoined, MemberLeft, RecordRetracted
from ledger.model.errors import BadInput
from ledger.stores.sqlite.store import SqliteStore
from ledger.testing.clock import FIRST_INSTANT, FrozenClock
from ledger.testing.histories import breakpoints
from ledger.testing.ledgers import NOW, ledger_of, ledgers, memory, moments_of, points, pooled_days
from ledger.testing.scripts import Replacing, batches_of, history_of
from ledger.testing.strategies import histories, hostile_histories, reports_with_false_claims, reports_with_true_claims

NAMES = {**vars(ledger), **{name: getattr(kit, name) for name in kit.__all__}}
EXAMPLES = settings.default.max_examples
# what a search finds needs no explanation, which takes ten times as long as to find it
FINDING = [Phase.generate, Phase.shrink]
FIRST = settings(database=None, derandomize=True, phases=[Phase.generate])  # what is tried first is the simplest


@given(ledgers(initiatives=3, metrics=3, parts=True))
def test_a_drawn_ledger_prints_as_the_code_that_opens_it_again(book):
    again = eval(repr(book), dict(NAMES))
    assert list(again.records()) == list(book.records())


@given(ledgers(initiatives=3))
def test_something_is_recorded_in_it_and_the_first_initiative_is_called_clusters(book):
    assert "clusters" in book.initiatives()
    records = list(book.records())
    assert [record.position for record in records] == list(range(1, len(records) + 1))
    assert records[0].recorded_at == FIRST_INSTANT
    assert all(record.recorded_at < NOW for record in records)


@given(histories())
def test_a_history_is_held_by_a_ledger_as_the_rules_would_let_it_in(records):
    with ledger.open(":memory:", clock=FrozenClock(NOW)) as book:
        club = book.initiative("clusters")
        ids = {}
        for _, *items in batches_of(records):
            events = [item.event if isinstance(item, Replacing) else item for item in items]
            if isinstance(items[-1], Replacing):
                try:
                    written = club.correct(ids[items[-1].record], items[-1].event)
                except BadInput:  # it replaces a record by the same, which replay allows and nobody would write
                    return
            else:
                known = [
                    evolve(one, record=ids[one.record]) if isinstance(one, RecordRetracted) else one for one in events
                ]
                written = club.record(*known)
            ids |= {f"r{record.version}": record.id for record in written}


def test_initiatives_are_woven_together_and_their_corrections_keep_what_they_correct():
    def is_woven(book):
        order = [record.initiative for record in book.records()]
        return (
            len(set(order)) == 3 and order != sorted(order, key=order.index) and any(r.replaces for r in book.records())
        )

    searching = settings(max_examples=5_000, database=None, derandomize=True, phases=[Phase.generate])
    book = find(ledgers(initiatives=3), is_woven, settings=searching)
    ids = {record.id: record for record in book.records()}
    for record in book.records():
        if record.replaces is not None:
            assert ids[record.replaces].initiative == record.initiative
        if isinstance(record.event, RecordRetracted):
            assert ids[record.event.record].initiative == record.initiative


def test_a_ledger_can_be_given_as_batches():
    book = ledger_of(
        ("chess", MemberJoined("ada", "2021")),
        ("go", MemberJoined("ada", "2021")),
        ("chess", RecordRetracted("r1"), Replacing("r1", MemberJoined("ada", "2022"))),
    )
    assert repr(book) == (
        "ledger_of(\n    ('chess', MemberJoined('ada', '2021')),\n    ('go', MemberJoined('ada', '2021')),\n"
        "    ('chess', RecordRetracted('r1'), Replacing('r1', MemberJoined('ada', '2022'))),\n)"
    )
    assert not book.initiative("chess").at("2021-12-31").possible_members
    assert [record.recorded_at - FIRST_INSTANT for record in book.records()] == [
        timedelta(days=n) for n in (0, 1, 2, 2)
    ]


def test_it_is_opened_in_another_store_if_that_is_given(tmp_path):
    def on_disk():
        return SqliteStore(str(tmp_path / "drawn.db"))

    with ledger_of(("chess", MemberJoined("ada", "2021")), store=on_disk):
        pass
    with ledger.open(tmp_path / "drawn.db") as book:
        assert len(book.initiative("chess").at("2022-01-01")) == 1
    stores = []

    def counted():
        stores.append(memory())
        return stores[-1]

    book = find(ledgers(store=counted), lambda book: True, settings=FIRST)
    assert stores
    assert isinstance(book, Ledger)


@pytest.mark.parametrize("wrong", [0, 4, -1])
def test_wrong_options_are_refused(wrong):
    with pytest.raises(InvalidArgument, match=f"initiatives={wrong} must be a number from 1 to 3"):
        ledgers(initiatives=wrong)
    with pytest.raises(InvalidArgument, match="members=9"):
        ledgers(members=9)


def test_nobody_need_close_a_ledger_in_memory():
    code = "from ledger.testing.ledgers import ledger_of, memory; ledger_of(); memory()"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    store = memory()
    connection = store._connection
    del store
    gc.collect()
    with pytest.raises(Exception, match="closed"):
        connection.execute("SELECT 1")


# --- few draws are rejected, and shrinking ends at something small


MANY = EXAMPLES
SMALL = ledgers(initiatives=1, max_size=4)


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    "strategy",
    [
        histories(metrics=3, parts=True),
        hostile_histories(),
        ledgers(initiatives=3),
        SMALL.flatmap(points),
        SMALL.flatmap(lambda book: reports_with_true_claims(book.initiative("clusters"))),
        SMALL.flatmap(lambda book: reports_with_false_claims(book.initiative("clusters"))),
    ],
    ids=["histories", "hostile_histories", "ledgers", "points", "true claims", "false claims"],
)
def test_less_than_a_hundredth_of_the_draws_is_rejected(strategy):
    @settings(
        max_examples=MANY, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def draw_many(_):
        pass

    seen = Counter()
    with collector.with_value(
        lambda found: seen.update(one["status"] for one in found["generate-phase"]["test-cases"])
    ):
        draw_many()
    assert seen["valid"] >= MANY
    assert seen["invalid"] <= MANY / 100


def smallest(strategy, is_wrong):
    return find(
        strategy, is_wrong, settings=settings(max_examples=2_000, database=None, derandomize=True, phases=FINDING)
    )


@pytest.mark.unmeasured
def test_a_planted_bug_shrinks_to_the_fewest_events_that_show_it():
    def left(book):
        return any(isinstance(record.event, MemberLeft) for record in book.records())

    assert repr(smallest(ledgers(max_size=4), left)) == (
        "ledger_of(\n    ('clusters', MemberJoined('basque', '2021-01-01')),\n"
        "    ('clusters', MemberLeft('basque', '2021-01-01')),\n)"
    )
    assert (
        repr(smallest(ledgers(), lambda book: True))
        == "ledger_of(('clusters', InitiativeLaunched('2021-01-01', 'Clusters')))"
    )


# --- points


def test_points_are_around_what_can_change():
    records = history_of([MemberJoined("basque", "2021-01-01")], [MemberLeft("basque", "2021-06-01")])
    book = ledger_of(("clusters", *(record.event for record in records)))
    assert breakpoints(records) == [date(2020, 12, 31), date(2021, 1, 1), date(2021, 5, 31), date(2021, 6, 1)]
    one, other = (record.recorded_at for record in records)
    tick = timedelta(microseconds=1)
    assert moments_of(records) == [
        *(None, 0, 1, 2, 3),
        *(one - tick, one, one + tick, other - tick, other, other + tick),
    ]
    drawn = set()

    @settings(max_examples=500, database=None, derandomize=True, phases=[Phase.generate])
    @given(points(records))
    def collect(point):
        drawn.add((point.day, point.known_at))

    collect()
    assert drawn == {(day, known_at) for day in breakpoints(records) for known_at in moments_of(records)}
    for same in (book, book.initiative("clusters")):
        assert find(points(same), lambda point: True, settings=FIRST).known_at is None


def test_the_pool_of_days_is_around_all_windows_that_are_drawn_from():
    near = ["2021-02-27", "2021-02-28", "2021-03-01", "2021-03-30", "2021-03-31"]
    assert pooled_days(["2021-03", "2021-03-01", "[..2021-02]"]) == near
    assert pooled_days()[0] == "2021-01-01"
    assert "2020-12-31" in pooled_days()
