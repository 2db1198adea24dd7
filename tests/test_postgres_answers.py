"""The same history gives the same answers and the same head in PostgreSQL as in a file; a copy goes on at its end."""

from datetime import UTC, date, datetime, timedelta

import pytest

import ledger
from ledger import (
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Total,
)
from ledger.exchange import copies
from ledger.model.errors import Damaged, DamagedRecord, DifferentHistory, Truncated, UnknownInitiative
from ledger.stores.postgres import append as postgres_append
from ledger.stores.postgres import schema as postgres_schema
from ledger.stores.rows import damage_of
from postgres import a_ledger

MANY = 300  # members: more than a tile holds


@pytest.fixture(scope="module")
def address():
    with a_ledger() as address:
        yield address


@pytest.fixture(scope="module")
def both(address, tmp_path_factory):
    """The same history in a file and in PostgreSQL."""
    moments = iter(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(100))
    path = tmp_path_factory.mktemp("both") / "clusters.db"
    with ledger.open(path, clock=lambda: next(moments)) as book:
        clusters = book.initiative("clusters")
        clusters.record(
            InitiativeLaunched("2021", name="Clusters"),
            MetricDefined("co2", unit="Mt/year", nonnegative=True),
            MemberJoined("basque", "2021/2023-01-19", name="Basque", attributes={"country": "Spain"}),
            MemberJoined("humber", "2022-05-01", attributes={"country": "UK"}),
            source="press",
        )
        book.initiative("ports").record(MemberJoined("genoa", "2019"))
        (wrong,) = clusters.record(MetricUpdated("co2", "2022-06-30", "12.5 Mt/year", member="basque"))
        clusters.correct(wrong, amount="11.25 Mt/year", reason="a digit")
        (gone,) = clusters.record(MemberLeft("humber", "2023-06-01"))
        clusters.retract(gone, reason="a namesake")
        clusters.record(MemberChanged("basque", "2023-02-01", name="Basque Net-Zero"))
        clusters.record(ReportPublished("pr", "2023-01-20", claims=[ledger.Claim(Members(), "17")]))
        clusters.record(*(MemberJoined(f"m{number}", "2023-01-20") for number in range(MANY)))
        clusters.record(MetricUpdated("co2", "2021", ">= 2 Mt/year", member="m1"), source="elsewhere")
        with ledger.open(address) as other:
            assert book.copy_to(other) == book.head.size
            yield book, other


DAYS = [date(2020, 1, 1), date(2022, 1, 1), date(2022, 6, 30), date(2023, 1, 20), date(2023, 7, 1)]


def test_the_head_is_the_same(both):
    book, other = both
    assert book.head == other.head
    assert other.verify(book.head, deep=True) == book.head
    assert list(book.records()) == list(other.records())
    assert book.initiatives() == other.initiatives()


@pytest.mark.parametrize("known_at", [None, 0, 1, 4, 5, 6, 8, 9, 12, 200, 10**6, 2**63 - 1, "2024-01-03T00:00:00Z"])
def test_states_are_the_same(both, known_at):
    for initiative in "clusters", "ports":
        for day in DAYS:
            one, two = (book.initiative(initiative).at(day, known_at) for book in both)
            assert one == two


def test_lines_and_what_comes_later_are_the_same(both):
    lines = [book.initiative("clusters").timeline(Total("co2")) for book in both]
    for known_at in None, 6, 8, 12:
        for day in DAYS:
            one, two = (line.at(day, known_at) for line in lines)
            assert (one, one.members, one.oldest) == (two, two.members, two.oldest)
    grouped = [book.initiative("clusters").timeline(Members(), by="country") for book in both]
    assert grouped[0].at(DAYS[-1]) == grouped[1].at(DAYS[-1])


@pytest.mark.parametrize(
    "subject", [{"member": "basque"}, {"metric": "co2"}, {"member": "basque", "metric": "co2"}, {"report": "pr"}]
)
def test_histories_are_the_same(both, subject):
    one, two = (book.initiative("clusters").history(**subject) for book in both)
    assert one == two


def test_names_and_findings_are_the_same(both):
    one, two = (book.initiative("clusters") for book in both)
    assert one.attributes() == two.attributes() == ("country",)
    assert one.audit() == two.audit()
    assert one.conflicts() == two.conflicts()
    with pytest.raises(UnknownInitiative, match="clusters"):
        both[1].initiative("cluster").at("2023-01-01")


def test_proofs_are_the_same(both):
    one, two = both
    for position in 1, 7, 256, 257, one.head.size:
        assert one.prove(position) == two.prove(position)
    early = next(record.head for record in one.records() if record.head)
    assert one.prove_growth(early) == two.prove_growth(early)


def test_a_stream_of_one_initiative_goes_by_version(both):
    one, two = both
    assert list(one.initiative("clusters").records(after=6)) == list(two.initiative("clusters").records(after=6))


def test_writers_catch_up_with_each_other(address):
    with a_ledger() as own, ledger.open(own) as book, ledger.open(own) as other:
        clubs = [one.initiative("club") for one in (book, other)]
        with pytest.raises(ledger.Refused):
            clubs[1].record(MemberLeft("ada", "2020"))
        clubs[0].record(MemberJoined("ada", "2020-01-01"), MetricDefined("jobs"))
        clubs[1].record(MetricUpdated("jobs", "2020", "1", member="ada"))
        clubs[0].record(MemberLeft("ada", "2021-01-01"))
        with pytest.raises(ledger.Refused, match="not-a-member"):
            clubs[1].record(MemberLeft("ada", "2022-01-01"))
        (again,) = clubs[1].record(MemberJoined("ada", "2023-01-01"))
        clubs[0].retract(again)
        clubs[1].record(MemberJoined("ada", "2023-06-01"))
        clubs[1].correct(next(reversed(list(book.records()))), effective="2023-07-01")
        assert book.verify(deep=True) == other.head
        with book._store.together():
            clubs[0].record(MemberJoined("ben", "2023-01-01"))
            with pytest.raises(ledger.Refused):
                clubs[0].record(MemberJoined("ben", "2023-02-01"))
            clubs[0].record(MemberLeft("ben", "2023-03-01"))
        other.initiative("club").record(MemberJoined("ben", "2023-04-01"))
        assert book.verify(deep=True) == other.head


def test_of_many_records_of_others_all_is_read_anew(monkeypatch):
    monkeypatch.setattr(postgres_append, "CAUGHT_UP_MAX", 1)
    with a_ledger() as own, ledger.open(own) as book, ledger.open(own) as other:
        clubs = [one.initiative("club") for one in (book, other)]
        clubs[0].record(MemberJoined("ada", "2020-01-01"))
        clubs[1].record(MemberLeft("ada", "2021-01-01"))
        clubs[1].record(MemberJoined("ben", "2021-01-01"), MemberJoined("cleo", "2021-01-01"))
        with pytest.raises(ledger.Refused):
            clubs[0].record(MemberLeft("ada", "2022-01-01"))
        clubs[0].record(MemberJoined("ada", "2022-01-01"))
        assert book.verify() == other.head


def test_leaves_of_others_are_read_on_or_from_the_tiles():
    with a_ledger() as own, ledger.open(own) as book, ledger.open(own) as other:
        book.initiative("club").record(MemberJoined("ada", "2020-01-01"))
        other.initiative("ports").record(*(MemberJoined(f"m{number}", "2020-01-01") for number in range(10)))
        book.initiative("club").record(MemberJoined("ben", "2020-01-01"))
        other.initiative("docks").record(*(MemberJoined(f"m{number}", "2020-01-01") for number in range(700)))
        book.initiative("club").record(MemberJoined("cleo", "2020-01-01"))
        assert book.verify() == other.head


def test_what_is_no_row_is_damaged():
    with pytest.raises(DamagedRecord, match="a row is not as it was written"), damage_of("here"):
        int("x")


def test_a_ledger_whose_end_is_not_as_it_was_written_is_not_opened():
    with a_ledger() as own:
        with ledger.open(own) as book:
            book.initiative("club").record(MemberJoined("ada", "2020"), MemberJoined("ben", "2020"))
            with pytest.raises(Truncated):
                book.verify(book.head.checkpoint().replace("\n2\n", "\n3\n"))
        harm(own, "DELETE FROM heads")
        with pytest.raises(
            ledger.LedgerError, match="the newest record is at position 2, and the newest head counts 0"
        ):
            ledger.open(own)
        harm(own, "INSERT INTO heads VALUES (2, decode(repeat('00', 32), 'hex'), '')")
        with pytest.raises(ledger.LedgerError, match="the root of the Merkle tree over 2 records is not the one"):
            ledger.open(own)


def test_peaks_that_are_not_those_of_their_root_are_found():
    with a_ledger() as own, ledger.open(own) as book:
        book.initiative("club").record(MemberJoined("ada", "2020"), MemberJoined("ben", "2020"))
        book.initiative("club").record(MemberJoined("cleo", "2020"))
        for peaks in ("''", "decode(repeat('00', 64), 'hex')"):
            harm(own, f"UPDATE heads SET peaks = {peaks} WHERE size = 3")
            with pytest.raises(Damaged, match="peaks of the Merkle tree over 3 records are not those of its root"):
                book.verify()
            with pytest.raises(Damaged, match="peaks of the Merkle tree over 3 records"):
                ledger.open(own)


def harm(address, statement):
    from postgres import shell

    with shell(address) as connection:
        connection.execute("SET session_replication_role = replica")  # triggers sleep
        connection.execute(statement)


# copies


def test_a_copy_goes_on_where_it_ends_and_reads_nothing_twice(both, monkeypatch):
    book, _ = both
    with ledger.open(":memory:") as target:
        target.import_records(record for record in book.records() if record.position <= 4)
        asked = []
        records = book._store.records
        monkeypatch.setattr(
            book._store,
            "records",
            lambda initiative=None, *, after=0: asked.append(after) or records(initiative, after=after),
        )
        assert book.copy_to(target) == book.head.size - 4
        assert set(asked) == {4}
        assert target.head == book.head


def test_a_copy_of_which_a_batch_is_there_in_part_is_completed():
    with ledger.open(":memory:") as book, ledger.open(":memory:") as target:
        book.initiative("club").record(MemberJoined("ada", "2020"), MemberJoined("ben", "2020"))
        target.import_records(list(book.records())[:1])
        assert copies.copy(book, target) == 1
        assert target.head == book.head
        target.initiative("club").record(MemberJoined("cleo", "2020"))
        with pytest.raises(DifferentHistory, match="the target goes on where the source ends, at position 2"):
            book.copy_to(target)


def test_a_schema_of_a_ledger_is_written_for_any_name():
    made = [one.as_string() for one in postgres_schema.statements("a-b")]
    assert all('"a-b".' in statement for statement in made)
