"""Whatever is changed in a file is found: at opening, by verify, or by a head that was published."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from sqlite_utils import Database

import ledger
from ledger import (
    Claim,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Total,
    exactly,
    replay,
)
from ledger.model.errors import (
    BadInput,
    Damaged,
    DamagedRecord,
    NewerFormat,
    NotALedger,
    Rewritten,
    Truncated,
    UnknownRecord,
)
from ledger.model.heads import TreeHead
from ledger.recording.batch import COLUMNS, READ, digest_of, record_of
from ledger.recording.inspection import inspected
from ledger.recording.merkle import EMPTY, Tree, extends, includes, inclusion, root_at
from ledger.recording.proofs import GrowthProof, InclusionProof
from ledger.stores import verification
from ledger.stores.rows import quoted
from ledger.testing.strategies import ledgers

EXAMPLES = settings.default.max_examples


def fill(book):
    clusters = book.initiative("clusters")
    clusters.record(
        InitiativeLaunched("2021", name="Clusters", supporters=["EPRI"]),
        MetricDefined("co2", unit="Mt/year", nonnegative=True),
        MemberJoined("basque", "2021/2023-01-19", attributes={"country": "Spain"}),
        MemberJoined("humber", "2021-05-01", attributes={"country": "UK"}),
        source="press",
        by="analyst",
    )
    (value,) = clusters.record(MetricUpdated("co2", "2022-06-30", ">= 12.5 Mt/year", member="basque"))
    book.initiative("ports").record(MemberJoined("cleo", "2022-01-01"))
    clusters.record(
        MemberChanged("humber", "2020-06-01", attributes={"country": "England"}),
        ReportPublished("r", "2022-12-31", claims=[Claim(Members(), exactly(2)), Claim(Total("co2"), "12.5 Mt/year")]),
        MemberLeft("humber", "2023"),
    )
    clusters.correct(value.id, amount="13 Mt/year", reason="misread")
    return book


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a ledger file with some of everything, its head, and one from before."""
    path = tmp_path_factory.mktemp("sound") / "sound.db"
    with ledger.open(path) as book:
        fill(book)
        assert book.verify(deep=True) == book.head
        head = book.head
    return path.read_bytes(), head


def guards(connection):
    return connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()


def changed(path, sound, *steps):
    """Write the file anew, and let somebody change it who takes the guards off, and puts them on again."""
    path.write_bytes(sound[0])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        kept = guards(connection)
        for name, _ in kept:
            connection.execute(f"DROP TRIGGER {name}")
        for step in steps:
            if isinstance(step, str):
                connection.execute(step)
            else:
                step(connection)
        for _, text in kept:
            connection.execute(text)
        connection.execute("COMMIT")
    return path


def verified(path, *head, deep=False):
    with ledger.open(path) as book:
        return book.verify(*head, deep=deep)


def with_new_digests(connection):
    """Compute every digest anew, as somebody would who knows how."""
    rows = connection.execute(f"SELECT {quoted(COLUMNS)} FROM records ORDER BY position").fetchall()
    for row in rows:
        connection.execute("UPDATE records SET digest = ? WHERE position = ?", (digest_of(row[:-1]), row[0]))


def with_new_heads(connection):
    """And every root too."""
    tree = Tree()
    connection.execute("DELETE FROM heads")
    rows = connection.execute("SELECT position, recorded_at, digest FROM records ORDER BY position").fetchall()
    for (position, moment, digest), after in zip(rows, [*rows[1:], (0, None, "")], strict=True):
        tree.grow([bytes.fromhex(digest)])
        if after[1] != moment:
            connection.execute("INSERT INTO heads VALUES (?, ?)", (position, tree.root()))


FORGED = (with_new_digests, with_new_heads)


def columns(table):
    with ledger.open(":memory:") as book:
        fill(book)
        return [row[1] for row in book._store._connection.execute(f"PRAGMA table_info({table})")]


def another(connection, table, column, row):
    """Another value for a cell, of the kind that its column takes."""
    found, kind = connection.execute(
        f'SELECT "{column}", typeof("{column}") FROM {table} LIMIT 1 OFFSET ?', (row,)
    ).fetchone()
    return {
        "integer": lambda: found + 1,
        "text": lambda: f"{found}0",
        "null": lambda: "2021",
        "blob": lambda: found[::-1],
    }[kind]()


CELLS = [
    (table, column) for table in ("records", "registers", "facts", "retractions", "heads") for column in columns(table)
]


@pytest.mark.parametrize(("table", "column"), CELLS)
def test_a_cell_that_was_changed_is_found_in_every_row(tmp_path, sound, table, column):
    path = tmp_path / "changed.db"
    path.write_bytes(sound[0])
    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    for row in range(rows):

        def change(connection, row=row):
            value = another(connection, table, column, row)
            key = "rowid" if table != "facts" else "(register, latest, rank, position)"
            connection.execute("PRAGMA ignore_check_constraints = ON")
            nth = f"(SELECT {key.strip('()')} FROM {table} LIMIT 1 OFFSET ?)"
            connection.execute(f'UPDATE OR REPLACE {table} SET "{column}" = ? WHERE {key} = {nth}', (value, row))

        with pytest.raises(Damaged):
            verified(changed(path, sound, change))


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in {"digest", "source", "by", "note"}])
def test_a_column_that_was_changed_with_its_digest_is_found_by_what_it_must_fit_to(tmp_path, sound, column):
    for row in range(11):

        def change(connection, row=row):
            value = another(connection, "records", column, row)
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute(f'UPDATE OR REPLACE records SET "{column}" = ? WHERE position = ?', (value, row + 1))

        if column == "id" and row != 4:
            continue  # an id that nothing names could be any other
        with pytest.raises((Damaged, NewerFormat)):
            verified(changed(tmp_path / "changed.db", sound, change, *FORGED))


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("DELETE FROM heads WHERE size = 11", "the newest record is at position 11, and the newest head counts 9"),
        ("INSERT INTO heads VALUES (12, zeroblob(32))", "the newest record is at position 11, and the newest head"),
        (
            "DELETE FROM records WHERE position = 11",
            "the newest record is at position 10, and the newest head counts 11",
        ),
        ("DELETE FROM records", "the newest record is at position 0, and the newest head counts 11"),
        ("UPDATE records SET note = 'x' WHERE position = 11", r"record 11 .*not what its digest says"),
        ("UPDATE heads SET root = zeroblob(32) WHERE size = 11", r"the root of the Merkle tree over 11 records is not"),
        (f"UPDATE records SET digest = '{'0' * 64}' WHERE position = 3", "the root of the Merkle tree over 11 records"),
    ],
)
def test_an_end_that_is_not_as_the_last_batch_left_it_is_found_at_opening(tmp_path, sound, step, found):
    path = changed(tmp_path / "changed.db", sound, step)
    with pytest.raises(Damaged, match=found):
        ledger.open(path)


def test_the_record_that_is_wrong_is_named(tmp_path, sound):
    for position in range(1, 12):
        change = f"UPDATE records SET note = 'no' WHERE position = {position}"
        path = changed(tmp_path / "changed.db", sound, change, with_new_heads)
        with pytest.raises(DamagedRecord, match=rf"record {position} \("):
            verified(path)


def test_a_record_that_is_whole_and_was_written_by_somebody_else_is_found_by_a_published_head_alone(tmp_path, sound):
    path = changed(tmp_path / "changed.db", sound, "UPDATE records SET source = 'me' WHERE position = 6", *FORGED)
    with (
        ledger.open(path) as book,
        pytest.raises(DamagedRecord, match=r"record 8 .*its head is 7 .*, and that of the records before it is 7"),
    ):
        book.verify()  # the report that came after it anchors it
    path = changed(tmp_path / "changed.db", sound, "UPDATE records SET source = 'me' WHERE position = 10", *FORGED)
    assert verified(path, deep=True).size == 11
    with pytest.raises(Rewritten, match="the first 11 records are not those that the head was made of"):
        verified(path, sound[1])
    with pytest.raises(Rewritten, match="restore the ledger from a backup, and compare the two"):
        verified(path, sound[1].checkpoint("example.org/clusters"))


def without_the_last_batch(connection):
    (size,) = connection.execute("SELECT max(size) FROM heads WHERE size < 10").fetchone()
    for table, column in ("facts", "position"), ("retractions", "position"), ("heads", "size"), ("records", "position"):
        connection.execute(f"DELETE FROM {table} WHERE {column} > {size}")


def test_a_tail_that_was_cut_off_cleanly_is_found_by_a_published_head_alone(tmp_path, sound):
    path = changed(tmp_path / "changed.db", sound, without_the_last_batch)
    assert verified(path, deep=True).size == 9
    with pytest.raises(
        Truncated, match=r"there are 9 records, and the head counts 11: .* restore the ledger from a backup"
    ):
        verified(path, sound[1])


def test_a_history_that_was_recorded_anew_is_found_by_a_published_head_alone(tmp_path, sound):
    with ledger.open(tmp_path / "forged.db") as book:
        fill(book)
        assert book.verify(deep=True).size == sound[1].size
        with pytest.raises(Rewritten):
            book.verify(sound[1])


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (["DROP TABLE tiles", "CREATE TABLE tiles (x)"], "table 'tiles' was changed"),
        (["DELETE FROM heads WHERE size = 4"], r"record 4 .*the head after its batch is not there"),
        (["INSERT INTO heads VALUES (2, zeroblob(32))"], "record 2 .*the head that was written after it"),
        (["DELETE FROM heads WHERE size = 11"], "record 11 .*the head after it is not there"),
        (["INSERT INTO heads VALUES (12, zeroblob(32))"], "there are heads of no record up to 11"),
        (["DELETE FROM retractions"], "record 10 .*what is kept of what it retracts is not what it says"),
        (["INSERT INTO retractions VALUES (1, 3)"], "record 1 .*what is kept of what it retracts is not what it says"),
        (["INSERT INTO retractions VALUES (11, 3)"], "record 11 .*what is kept of what it retracts"),
        (["INSERT INTO retractions VALUES (11, 77)"], "record 11 .*what is kept of what it retracts"),
        (["INSERT INTO retractions VALUES (12, 3)"], "there are retractions of no record"),
        (["DELETE FROM facts WHERE position = 6"], "record 6 .*its facts, by which questions are answered, are not"),
        (
            ["INSERT INTO facts VALUES (2, '2021-01-01', 99, 3, '2021-01-01', 'x', NULL, NULL, NULL)"],
            "record 3 .*its facts",
        ),
        (
            ["INSERT INTO facts VALUES (2, '2021-01-01', 99, 77, '2021-01-01', 'x', NULL, NULL, NULL)"],
            "there are facts of no record up to 11",
        ),
        (["INSERT INTO tiles VALUES (0, 0, zeroblob(32), zeroblob(8192))"], "there are tiles of no record up to 11"),
        (["INSERT INTO registers VALUES (99, 'x', 'member', 'a', 'status', '')"], "register .* is not there"),
        (
            ["INSERT INTO registers SELECT max(register) + 1, 'x', 'member', 'a', 'status', '' FROM registers"],
            "there are registers of no record up to 11",
        ),
        (
            ["UPDATE registers SET id = 'bosque' WHERE id = 'basque'"],
            r"record 3 .*it is about .*not among the registers",
        ),
        (["UPDATE records SET note = CAST(x'ff' AS TEXT) WHERE position = 5"], "cannot be read after record 4 "),
        (["UPDATE records SET note = CAST(x'ff' AS TEXT) WHERE position = 1"], "cannot be read after record 0 "),
        (["UPDATE facts SET value = CAST(x'ff' AS TEXT) WHERE position = 6"], "cannot be read after record 5 "),
        (["DELETE FROM records WHERE position = 5"], "record 5 is not there, 6 is what follows instead"),
    ],
)
def test_what_was_changed_is_told(tmp_path, sound, steps, found):
    path = tmp_path / "changed.db"
    path.write_bytes(sound[0])
    with ledger.open(path) as book:  # opened while it was sound
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            kept = guards(connection)
            for name, _ in kept:
                connection.execute(f"DROP TRIGGER {name}")
            for step in steps:
                connection.execute(step)
            for name, text in kept:
                if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (name,)).fetchone():
                    connection.execute(text)
        with pytest.raises(Damaged, match=found):
            book.verify()


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (
            f"UPDATE records SET position = {2**63 - 1} WHERE position = 11",
            f"the newest record is at position {2**63 - 1}",
        ),
        (f"UPDATE records SET version = {2**63 - 1} WHERE position = 11", "record 11 .*not what its digest says"),
        (f"UPDATE heads SET size = {2**63 - 1} WHERE size = 11", f"the newest head counts {2**63 - 1}"),
    ],
)
def test_numbers_that_no_ledger_comes_to_are_found_at_opening(tmp_path, sound, step, found):
    with pytest.raises(Damaged, match=found):
        ledger.open(changed(tmp_path / "changed.db", sound, step))


@pytest.mark.parametrize("table", ["records", "heads"])
def test_what_takes_the_guards_off_is_found_at_opening(tmp_path, sound, table):
    path = tmp_path / "changed.db"
    path.write_bytes(sound[0])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        Database(connection)[table].transform()  # it makes the table anew, and its triggers are gone
    with pytest.raises(NotALedger, match=r"its schema is not that of a ledger.* is gone"):
        ledger.open(path)


@pytest.mark.parametrize("kind", ["table", "index"])
def test_what_only_bears_a_name_of_sqlites_own_is_found_at_opening(tmp_path, sound, kind):
    def disguise(connection):
        statement = "INDEX more ON records (source)" if kind == "index" else "TABLE more (x)"
        connection.execute(f"CREATE {statement}")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET name = 'sqlite_autoindex_more',"
            " sql = replace(sql, 'more', 'sqlite_autoindex_more'),"
            " tbl_name = replace(tbl_name, 'more', 'sqlite_autoindex_more') WHERE name = 'more'"
        )

    with pytest.raises(NotALedger, match=f"{kind} 'sqlite_autoindex_more' is not a ledger's"):
        ledger.open(changed(tmp_path / "changed.db", sound, disguise))


def test_a_number_of_another_kind_is_found_though_it_is_equal(tmp_path, sound):
    path = tmp_path / "changed.db"
    path.write_bytes(sound[0])
    with closing(sqlite3.connect(path)) as connection:
        (table,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'facts'").fetchone()
    kept = None
    for text, step in (
        (table.replace("rank INTEGER", "rank ANY"), "UPDATE facts SET rank = CAST(rank AS REAL)"),
        (table, None),
    ):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'facts'", (text,))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            kept = kept or guards(connection)
            if step:
                for name, _ in kept:
                    connection.execute(f"DROP TRIGGER {name}")
                connection.execute(step)
                for _, guard in kept:
                    connection.execute(guard)
                assert connection.execute("SELECT DISTINCT typeof(rank) FROM facts").fetchall() == [("real",)]
    with ledger.open(path) as book, pytest.raises(DamagedRecord, match=r"record 1 .*: its facts, by which"):
        book.verify()


def test_only_the_deep_look_finds_an_index_that_is_damaged(tmp_path, sound):
    def damage(connection):
        connection.execute("PRAGMA writable_schema = ON")
        pages = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'index'"))
        one, other = "replacements", "changes_of_members"
        for name, page in (one, pages[other]), (other, pages[one]):
            connection.execute("UPDATE sqlite_schema SET rootpage = ? WHERE name = ?", (page, name))

    path = changed(tmp_path / "changed.db", sound, damage)
    assert verified(path, sound[1]) == sound[1]
    with pytest.raises(Damaged, match=r"SQLite finds: .*restore the ledger from a backup"):
        verified(path, sound[1], deep=True)


def test_what_is_no_head_or_no_flag_is_refused():
    with ledger.open(":memory:") as book:
        for head in "", "1\n2", 5:
            with pytest.raises(BadInput, match="is no checkpoint"):
                book.verify(head)
        with pytest.raises(BadInput, match="deep=1 must be True or False"):
            book.verify(deep=1)


# rows by themselves, as a store without heads and facts beside them has them


@pytest.fixture(scope="module")
def rows(sound, tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.db"
    path.write_bytes(sound[0])
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {quoted(COLUMNS)} FROM records ORDER BY position").fetchall()


def looked_at(rows):
    ids = {row[COLUMNS.index("id")]: row for row in rows}
    read = [COLUMNS.index(name) for name in READ]

    def find(id):
        return record_of(tuple(ids[id][place] for place in read)) if id in ids else None

    return list(inspected(rows, find))


def with_cells(rows, place, /, digest=True, **cells):
    """The rows with some cells of one of them changed, and its digest as somebody would compute it."""
    row = [cells.get(name, value) for name, value in zip(COLUMNS, rows[place - 1], strict=True)]
    changed_row = (*row[:-1], digest_of(tuple(row[:-1])) if digest else row[-1])
    return [*rows[: place - 1], changed_row, *rows[place:]]


def test_rows_that_are_sound_are_given_with_the_tree_so_far(rows, sound):
    found = looked_at(rows)
    assert [one.row for one in found] == rows
    assert found[-1].tree.head() == sound[1]


MOMENT = COLUMNS.index("recorded_at")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: [rows[0][:-1]], "record 1: it has 18 columns and not 19"),
        (lambda rows: [rows[0], (*rows[1], "x")], "record 2: it has 20 columns and not 19"),
        (lambda rows: rows[1:], "record 1 is not there, 2 is what follows instead"),
        (lambda rows: with_cells(rows, 2, recorded_at="1999-01-01T00:00:00.000000Z"), "record 2 .*before the record"),
        (
            lambda rows: with_cells(rows, 6, recorded_at=rows[4][MOMENT]),
            "record 6 .*it was recorded at the instant of a batch of 'clusters'",
        ),
        (
            lambda rows: with_cells(rows, 5, version=1.0 * rows[4][2]),
            "record 5 .*version is 5.0, which is no whole number",
        ),
        (lambda rows: with_cells(rows, 5, digest=False, version=5.0), "record 5 .*not what its digest says"),
        (lambda rows: with_cells(rows, 5, body='{"x":1}'), "record 5 .*restore the ledger from a backup"),
        (lambda rows: with_cells(rows, 6, version=2), "record 6 .*it has version 2, and 1 is the next of 'ports'"),
        (lambda rows: with_cells(rows, 5, schema=1.0), "record 5 .*schema is 1.0, which is no whole number"),
        (lambda rows: with_cells(rows, 5, member="me"), "record 5 .*member is 'me', and what it says gives 'basque'"),
        (lambda rows: with_cells(rows, 5, digest=False, member="me"), "record 5 .*not what its digest says"),
        (lambda rows: with_cells(rows, 5, digest=False, type="?"), "record 5 .*not what its digest says"),
        (lambda rows: with_cells(rows, 10, body=rows[9][12].replace(rows[4][3], rows[5][3])), "none before it in"),
        (lambda rows: with_cells(rows, 10, body=rows[9][12].replace(rows[4][3], rows[9][3])), "none before it in"),
        (lambda rows: with_cells(rows, 10, body=rows[9][12].replace(rows[4][3], rows[10][3])), "none before it in"),
        (lambda rows: with_cells(rows, 10, body=rows[9][12].replace(rows[4][3], "nobody")), "none before it in"),
        (lambda rows: with_cells(rows, 11, replaces=rows[10][3]), "record 11 .*none before it in"),
        (lambda rows: with_cells(rows, 1, head=f"0 {EMPTY.hex()}"), "record 1 .*its head is 0 e3b0"),
    ],
)
def test_a_row_that_does_not_fit_to_the_others_is_told(rows, change, said):
    with pytest.raises(DamagedRecord, match=said):
        looked_at(change(rows))


def test_what_is_retracted_twice_or_is_a_retraction_is_told(rows):
    again = with_cells([*rows, rows[9]], 12, position=12, version=11, id="again", recorded_at=rows[10][MOMENT])
    with pytest.raises(DamagedRecord, match=r"record 12 .*which is a retraction or retracted already"):
        looked_at(again)
    body = rows[9][12].replace(rows[4][3], rows[9][3])
    with pytest.raises(DamagedRecord, match=r"record 12 .*which is a retraction or retracted already"):
        looked_at(with_cells(again, 12, body=body))


# heads and proofs


@given(ledgers())
def test_every_ledger_verifies_against_all_heads_it_ever_had(book):
    tree = Tree()
    heads = [tree.head()]
    for record in book.records():
        tree.grow([bytes.fromhex(record.digest)])
        heads.append(tree.head())
    assert book.head == tree.head()
    for head in heads[-3:]:
        assert book.verify(head, deep=True) == book.head
        other = evolve(head, root=head.root[::-1])
        with pytest.raises(Rewritten):
            book.verify(other)
        assert book.prove_growth(head).holds(head, book.head)
        assert not book.prove_growth(head).holds(other, book.head)


@settings(max_examples=max(EXAMPLES // 2, 2))
@given(ledgers())
def test_every_record_is_proved_to_be_among_those_of_any_later_head(book):
    records = list(book.records())
    sizes = range(len(records) + 1)
    heads = []
    tree = Tree()
    for record in records:
        heads.append(tree.head())
        tree.grow([bytes.fromhex(record.digest)])
    heads.append(tree.head())
    for size in sizes:
        for record in records[:size]:
            proof = InclusionProof.from_json(book.prove(record, heads[size]).to_json())
            assert proof == book.prove(record.ref, heads[size]) == book.prove(record.position, str(heads[size]))
            assert proof.holds(heads[size])
            assert proof.position == record.position
            assert not any(proof.holds(other) for other in heads if other != heads[size])
            assert not evolve(proof, columns=(*proof.columns[:-2], "x", proof.columns[-1])).holds(heads[size])
        for record in records[size:]:
            with pytest.raises(BadInput, match=f"record {record.position} is not among the {size} of this head"):
                book.prove(record, heads[size])
        for old in heads[: size + 1]:
            proof = GrowthProof.from_json(book.prove_growth(old, heads[size]).to_json())
            assert proof.holds(old, heads[size])
            assert not any(proof.holds(old, other) for other in heads if other != heads[size])


PROOF = {"proof": "inclusion", "head": {"size": 1, "root": "0" * 64}, "columns": [1] + ["x"] * 17, "path": []}


@pytest.mark.parametrize(
    "changes",
    [
        {"proof": "growth"},
        {"head": None},
        {"head": {"size": 1}},
        {"head": {"size": True, "root": "0" * 64}},
        {"head": {"size": 1, "root": "0" * 63}},
        {"head": {"size": 2**63, "root": "0" * 64}},
        {"columns": None},
        {"columns": [1]},
        {"columns": [True] + ["x"] * 17},
        {"columns": ["1"] + ["x"] * 17},
        {"columns": [1, 0.5] + ["x"] * 16},
        {"columns": [1, True] + ["x"] * 16},
        {"columns": [1, "\ud800"] + ["x"] * 16},
        {"path": None},
        {"path": ["0" * 63]},
        {"path": ["G" * 64]},
        {"path": [5]},
        {"path": ["0" * 64] * 129},
        {"more": 1},
    ],
)
def test_what_is_no_proof_is_refused(changes):
    assert not InclusionProof.from_json(json.dumps(PROOF)).holds(TreeHead(1, "0" * 64))
    with pytest.raises(BadInput):
        InclusionProof.from_json(json.dumps({**PROOF, **changes}))


def test_a_hash_in_a_path_is_of_lower_case_hexadecimal():
    for letter in map(chr, range(256)):
        text = json.dumps({**PROOF, "path": [letter * 64]})
        if letter in "0123456789abcdef":
            assert InclusionProof.from_json(text).path == (letter * 64,)
        else:
            with pytest.raises(BadInput, match="is no list of at most 128 hashes"):
                InclusionProof.from_json(text)


def test_a_path_may_be_as_long_as_its_limit():
    assert len(InclusionProof.from_json(json.dumps({**PROOF, "path": ["0" * 64] * 128})).path) == 128


def test_a_path_of_growth_is_looked_at_too():
    head = {"size": 1, "root": "0" * 64}
    with pytest.raises(BadInput, match="is no list of at most 128 hashes"):
        GrowthProof.from_json(json.dumps({"proof": "growth", "old": head, "new": head, "path": ["0"]}))


def test_a_proof_in_which_a_name_stands_twice_is_refused():
    # one program would show what another one does not check
    text = json.dumps(PROOF)
    with pytest.raises(BadInput, match="is no proof of inclusion"):
        InclusionProof.from_json(text.replace('"columns"', '"columns": [1, "a lie"], "columns"'))
    with pytest.raises(BadInput, match="is no proof of inclusion"):
        InclusionProof.from_json(text.replace('"size"', '"size": 2, "size"'))


def test_a_proof_holds_for_the_heads_that_it_names_and_with_its_own_path_alone(grown):
    book, heads = grown
    proof, growth = book.prove(7), book.prove_growth(heads[5])
    assert book.prove(7, book.head.checkpoint()) == proof
    assert book.prove_growth(str(heads[5]), book.head.checkpoint()) == growth
    assert proof.holds(str(book.head)) is proof.holds(book.head.checkpoint()) is True
    assert evolve(proof, head=heads[5]).holds(book.head) is False
    assert evolve(proof, path=proof.path[1:]).holds(book.head) is False
    assert evolve(proof, columns=(0, *proof.columns[1:])).position == 0
    assert evolve(proof, columns=(0, *proof.columns[1:])).holds(book.head) is False
    assert growth.holds(str(heads[5]), book.head.checkpoint()) is True
    assert evolve(growth, path=growth.path[1:]).holds(heads[5], book.head) is False
    assert evolve(growth, old=heads[4]).holds(heads[5], book.head) is False


def test_a_proof_is_one_line_of_json_without_blanks_and_with_its_letters_as_they_are(grown):
    book, _ = grown
    assert "\u00e9\u2028/" in book.prove(7).to_json()
    empty, one = TreeHead(0, EMPTY.hex()), TreeHead(1, "ab" * 32)
    assert GrowthProof(empty, one, (one.root,)).to_json() == (
        f'{{"proof":"growth","old":{{"size":0,"root":"{EMPTY.hex()}"}},'
        f'"new":{{"size":1,"root":"{one.root}"}},"path":["{one.root}"]}}'
    )


@pytest.mark.parametrize("text", ["", "[]", "5", "[" * 100_000, "1" * 5_000, None, b"{}", '{"proof":"growth"}'])
def test_what_is_no_json_of_a_proof_is_refused(text):
    for kind in InclusionProof, GrowthProof:
        with pytest.raises(BadInput, match="is no proof of"):
            kind.from_json(text)


@pytest.fixture(scope="module")
def with_a_bad_tile(tmp_path_factory):
    """A ledger of 600 records, of which one tile holds something else."""
    path = tmp_path_factory.mktemp("tile") / "tile.db"
    with ledger.open(path) as book:
        book.initiative("club").record(*(MemberJoined(f"m{number}", "2020") for number in range(300)))
        old = book.head
        book.initiative("club").record(*(MemberJoined(f"n{number}", "2020") for number in range(300)))
    changed_while_open(path, "UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0 AND number = 1")
    with ledger.open(path) as book:
        yield book, old


@pytest.mark.parametrize("ask", [
    lambda book, old: book.prove(300),
    lambda book, old: book.prove(300, book.head),
    lambda book, old: book.prove(300, old),
    lambda book, old: book.prove_growth(old),
])  # fmt: skip
def test_no_proof_is_given_that_does_not_hold(with_a_bad_tile, ask):
    with pytest.raises(
        Damaged, match=r"the tree is not that of the records.*restore the ledger from a backup"
    ) as found:
        ask(*with_a_bad_tile)
    assert type(found.value) is Damaged


def test_no_proof_of_growth_is_given_that_does_not_hold(tmp_path):
    path = tmp_path / "tile.db"
    with ledger.open(path) as book:
        for size in 256, 1:
            book.initiative("club").record(*(MemberJoined(f"{size}-{number}", "2020") for number in range(size)))
        head = book.head
        old = TreeHead(128, root_at(book._store.tile, 128).hex())
    half = "substr(hashes, 1, 128 * 32) || zeroblob(128 * 32)"
    changed_while_open(path, f"UPDATE tiles SET hashes = CAST({half} AS BLOB) WHERE level = 0 AND number = 0")
    with ledger.open(path) as book:
        assert book.head == head
        with pytest.raises(
            Damaged, match="no proof of growth can be made: the tree is not that of the records"
        ) as found:
            book.prove_growth(old)
        assert type(found.value) is Damaged


def test_a_version_that_cannot_be_is_found_at_opening(tmp_path, sound):
    def forge(connection):
        for version in (2**63 - 1,):
            row = connection.execute(
                f"SELECT {', '.join(COLUMNS)} FROM records ORDER BY position DESC LIMIT 1"
            ).fetchone()
            new = [version if name == "version" else value for name, value in zip(COLUMNS, row, strict=True)]
            digest = digest_of(tuple(new[:-1]))
            connection.execute(
                "UPDATE records SET version = ?, digest = ? WHERE position = ?", (version, digest, row[0])
            )
            tree = Tree()
            tree.grow(
                bytes.fromhex(digest)
                for (digest,) in connection.execute("SELECT digest FROM records ORDER BY position")
            )
            connection.execute("UPDATE heads SET root = ? WHERE size = ?", (tree.root(), tree.size))

    with pytest.raises(Damaged, match=f"record {sound[1].size} has the version {2**63 - 1}, which cannot be"):
        ledger.open(changed(tmp_path / "changed.db", sound, forge))


def test_heads_in_the_wrong_order_are_refused():
    with ledger.open(":memory:") as book:
        fill(book)
        empty = TreeHead(0, EMPTY.hex())
        with pytest.raises(BadInput, match="the old head counts 11 records, the new one 0: exchange them"):
            book.prove_growth(book.head, empty)
        with pytest.raises(Truncated):
            book.prove_growth(empty, evolve(book.head, size=12))
        for record in 0, 12:
            with pytest.raises(UnknownRecord):
                book.prove(record)
        with pytest.raises(BadInput, match="record 11 is not among the 0 of this head: ask for a later head"):
            book.prove(11, empty)
        with pytest.raises(BadInput, match="record='r1' is no whole number"):
            book.prove("r1")
        (first, *_) = book.records()
        with pytest.raises(UnknownRecord):
            book.prove(evolve(first, note="another"))
        with pytest.raises(UnknownRecord):
            book.prove(first.ref._replace(source="another"))


# the program for an auditor


@pytest.fixture(scope="module")
def grown():
    """A ledger of 20 records, and its head at each size."""
    with ledger.open(":memory:") as book:
        heads = [book.head]
        for number in range(20):
            book.initiative("club").record(
                MemberJoined(f"m{number}", "2020"), source='a "source" of \x7f \u00e9\u2028/'
            )
            heads.append(book.head)
        yield book, heads


def auditor():
    source = Path(ledger.__file__).parents[1] / "examples" / "verify_proof.py"
    assert len(source.read_text("utf-8").splitlines()) < 60
    found = {"__name__": "auditor"}
    exec(compile(source.read_text("utf-8"), source, "exec"), found)
    return source, found


def test_the_program_for_an_auditor_says_of_every_proof_what_the_library_says(grown):
    book, heads = grown
    check = auditor()[1]["check"]
    for new in heads[1:]:
        for position in range(1, new.size + 1):
            proof = json.loads(book.prove(position, new).to_json())
            for head in heads[1:]:
                assert bool(check(proof, head.size, bytes.fromhex(head.root))) is (head == new)
        for old in heads[: new.size + 1]:
            proof = json.loads(book.prove_growth(old, new).to_json())
            assert not check(proof, new.size, bytes.fromhex(new.root))  # the earlier checkpoint was forgotten
            for other in heads:
                published = new.size, bytes.fromhex(new.root), other.size, bytes.fromhex(other.root)
                # without hashes, a proof says what is true without one: nothing was there, or nothing came
                right = other in (heads[0], new) if not proof["path"] else other == old
                assert bool(check(proof, *published)) is right


def altered(path):
    """Paths that are a little off, and the right one."""
    yield path
    yield path[::-1]
    yield from (path[1:], path[:-1], [*path, EMPTY.hex()], [EMPTY.hex(), *path])
    yield from (path[:place] + path[place + 1 :] for place in range(1, len(path) - 1))


def test_the_program_for_an_auditor_is_not_misled_where_the_library_is_not(grown):
    book, heads = grown
    check = auditor()[1]["check"]
    digests = [bytes.fromhex(record.digest) for record in book.records()]
    for new in heads[:10]:
        root = bytes.fromhex(new.root)
        for index in range(new.size):
            proof = json.loads(book.prove(index + 1, new).to_json())
            for path in altered(proof["path"]):
                for size in range(12):  # said wrong, with the right root
                    right = includes(root, size, index, digests[index], [*map(bytes.fromhex, path)])
                    assert bool(check(proof | {"path": path}, size, root)) is right
        for old in heads[: new.size + 1]:
            proof = json.loads(book.prove_growth(old, new).to_json())
            before = bytes.fromhex(old.root)
            for path in altered(proof["path"]):
                for old_size, size in product(range(12), repeat=2):  # said wrong, with the right roots
                    right = extends(old_size, before, size, root, [*map(bytes.fromhex, path)])
                    assert bool(check(proof | {"path": path}, size, root, old_size, before)) is right


def test_a_record_is_proved_at_its_own_place_alone_whatever_it_says_and_the_head_says():
    check = auditor()[1]["check"]
    for size, said in product(range(1, 8), range(-1, 9)):
        columns = (said, *["x"] * 17)
        leaf = bytes.fromhex(digest_of(columns))
        for index in range(size):
            tree = Tree()
            tree.grow(leaf if place == index else bytes([place] * 32) for place in range(size))
            path = inclusion(tree.edge, index, size)
            for published in range(9):
                right = includes(tree.root(), published, said - 1, leaf, path)
                proof = {"proof": "inclusion", "columns": columns, "path": [one.hex() for one in path]}
                assert bool(check(proof, published, tree.root())) is right
                assert right is (said - 1 == index) or published != size


def test_the_program_for_an_auditor_runs_by_itself(grown, tmp_path):
    book, heads = grown
    source, _ = auditor()
    files = {
        "proof.json": book.prove(7).to_json(),
        "growth.json": book.prove_growth(heads[5]).to_json(),
        "now.txt": book.head.checkpoint(),
        "then.txt": heads[5].checkpoint("example.org/clubs") + "\n\u2014 example.org/clubs signature\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def run(*names):
        command = [sys.executable, "-I", str(source), *names]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False)

    assert run("proof.json", "now.txt").stdout.startswith('right: record 7 of 20 is member-joined {"member":"m6"')
    assert run("growth.json", "now.txt", "then.txt").stdout == "right: 5 records became 20, and none was changed\n"
    wrong = run("proof.json", "then.txt")
    assert (wrong.returncode, wrong.stdout) == (2, "WRONG: this does not lead to what was published\n")


# checkpoints


def test_a_checkpoint_is_read_back_whatever_stands_around_it():
    head = TreeHead(17, "ab" * 32)
    pasted = f"\n  {head.checkpoint().strip()}"
    for text in pasted, head.checkpoint(), head.checkpoint("example.org/x") + "\n\u2014 x y\n", str(head), f" {head}\n":
        assert TreeHead.parse(text) == TreeHead.parse(text.replace("\n", "\r\n")) == head


@pytest.mark.parametrize(
    "text",
    [
        "a\n017\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "a\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
        "a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n",
        "a\n1\n*\n",
        "a\n1\nabc\n",
        "17",
        "17 ab",
        f"1.0 {'ab' * 32}",
        f"1 {'AB' * 32}",
        f"99999999999999999999 {'ab' * 32}",
        None,
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(BadInput, match="is no checkpoint: an origin, a size and a root in base64"):
        TreeHead.parse(text)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\nb", None, b"a", 5])
def test_an_origin_that_a_checkpoint_cannot_have_is_refused(origin):
    with pytest.raises(BadInput, match="must be printable text without blanks and plus signs"):
        TreeHead(0, EMPTY.hex()).checkpoint(origin)


@pytest.mark.parametrize(
    ("size", "root"), [(-1, "0" * 64), (True, "0" * 64), ("1", "0" * 64), (1, "0"), (1, b"0" * 64)]
)
def test_a_head_is_a_size_and_a_root(size, root):
    with pytest.raises(BadInput):
        TreeHead(size, root)


def test_a_proof_is_made_of_columns_heads_and_hashes():
    head = TreeHead(1, "0" * 64)
    columns = (1, *["x"] * 17)
    for wrong in ((), head, ()), ((*columns[:-1], "\ud800"), head, ()), (columns, head, ("zz",)), (columns, head, "ab"):
        with pytest.raises(BadInput):
            InclusionProof(*wrong)
    with pytest.raises(BadInput):
        GrowthProof(head, head, ("zz",))
    for one, other in (head, "1"), (None, head):
        with pytest.raises(TypeError):
            GrowthProof(one, other, ())


def with_digest(column, value):
    def change(connection):
        connection.execute(f'UPDATE records SET "{column}" = ? WHERE position = 11', (value,))

    return change


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("source", "\x1b[2J\0x"),
        ("source", "x" * 2_000_000),
        ("by", "\0"),
        ("id", ""),
        ("id", "\x1b]0;"),
        ("note", "\ud7ff\0"),
    ],
)
def test_a_text_that_no_record_holds_is_found_though_all_is_computed_anew(tmp_path, sound, column, value):
    path = changed(tmp_path / "changed.db", sound, with_digest(column, value), *FORGED)
    with pytest.raises(DamagedRecord, match="record 11 "):
        verified(path)


def test_a_record_that_is_damaged_is_not_proved(tmp_path, sound):
    path = tmp_path / "changed.db"
    path.write_bytes(sound[0])
    with ledger.open(path) as book:
        changed_while_open(path, "UPDATE records SET note = 'x' WHERE position = 3")
        with pytest.raises(DamagedRecord, match="record 3 "):
            book.prove(3)


def changed_while_open(path, statement):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        kept = guards(connection)
        for name, _ in kept:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _, text in kept:
            connection.execute(text)


def test_an_index_that_holds_something_else_is_found_by_the_deep_look_and_before_a_backup(tmp_path, sound):
    path = tmp_path / "changed.db"
    path.write_bytes(sound[0])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (text,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'facts_by_position'").fetchone()
        connection.execute("DROP INDEX facts_by_position")
        connection.execute(f"{text} WHERE register > 1000")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'facts_by_position'", (text,))
    with ledger.open(path) as book:
        assert book.verify(sound[1]) == sound[1]
    with pytest.raises(Damaged, match="SQLite finds: "):
        verified(path, deep=True)
    with ledger.open(path) as book, pytest.raises(Damaged, match="no backup is left there, since SQLite finds: "):
        book.backup(tmp_path / "copy.db")


def test_the_deep_look_holds_answers_against_a_replay(monkeypatch):
    with ledger.open(":memory:") as book:
        fill(book)
        monkeypatch.setattr(verification, "replay", lambda records, at: replay([*records][:-1], at=at))
        with pytest.raises(Damaged, match="what the file answers of 'clusters' is not what its records say"):
            book.verify(deep=True)


def test_a_tile_and_a_root_that_are_none_are_found(tmp_path):
    path = tmp_path / "tiles.db"
    with ledger.open(path) as book:
        book.initiative("club").record(*(MemberJoined(f"m{number}", "2020") for number in range(300)))
        changed_while_open(path, "UPDATE tiles SET hashes = zeroblob(8192)")
        with pytest.raises(Damaged, match="tile 0 of level 0 is not that of its records"):
            book.verify()
        changed_while_open(path, "PRAGMA ignore_check_constraints = ON")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.execute("DROP TRIGGER heads_refuse_update")
            connection.execute("UPDATE heads SET root = zeroblob(31)")
        with pytest.raises(Damaged, match=r"the Merkle tree holds .* where a hash should be"):
            _ = book.head
