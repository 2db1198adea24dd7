"""The lakes of the benchmark of cost growth, which are made as files, are those that the library writes."""

from pathlib import Path
from types import SimpleNamespace

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger import relations

BENCHMARKS = Path(__file__).parent / "benchmarks"


@pytest.fixture
def growth(monkeypatch):
    """The benchmark's modules, of a shorter history."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from growth import history, made

    for module in history, made:
        monkeypatch.setattr(module, "ROUNDS", 8)
    monkeypatch.setattr(history, "MEMBERS", 20)
    return SimpleNamespace(history=history, made=made)


def test_what_is_made_is_what_is_recorded_and_exported(growth, tmp_path):
    made, recorded = tmp_path / "made", tmp_path / "recorded"
    for folder in made, recorded:
        folder.mkdir()
    growth.made.make(made, 7)
    growth.made.recorded(recorded, 7)
    growth.made.require_same(made, recorded)
    for at, known_at in (("2003-06-30", None), ("2007-01-01", growth.history.instant_of(4, 3))):
        answers = [
            relations.totals(relations.lake(ibis.duckdb.connect(), folder), "co2", at, known_at).order_by("initiative")
            for folder in (made, recorded)
        ]
        rows = [answer.to_pyarrow().to_pylist() for answer in answers]
        assert rows[0] == rows[1]
        assert len(rows[0]) == 7


def test_the_history_has_rough_days_open_values_retractions_and_overlaps(growth, tmp_path):
    growth.made.recorded(tmp_path, 4)
    rows = {
        table: pa.concat_tables([pq.read_table(path) for path in paths])
        for table, paths in relations.files(tmp_path).items()
    }
    assert set(rows["records"]["type"].to_pylist()) >= {"record-retracted", "member-left", "member-changed"}
    assert False in rows["standing"]["certain"].to_pylist()
    assert rows["values"]["high"].null_count
    assert rows["overlaps"].num_rows


def test_rows_that_differ_are_found(growth, tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for count, folder in enumerate(folders, 1):
        folder.mkdir()
        growth.made.recorded(folder, count)
    with pytest.raises(SystemExit, match="standing: "):
        growth.made.require_same(*folders)
