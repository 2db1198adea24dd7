"""The floors of the house: a module imports only what stands below it (design, section 5)."""

import ast
from pathlib import Path

import ledger

ROOT = Path(ledger.__file__).parent

FLOORS = [
    "model.limits", "model.errors", "model.tables", "model.when", "model.exact", "model.units", "model.quantity",
    "model.readings", "model.fields", "model.periods", "model.measures", "model.wording",
    "model.events", "model.heads", "model.records", "model.facts", "model.registers", "model.outcomes",
    "model.matching", "model.parts", "model.overlaps", "model.figures", "model.shares", "model.sums",
    "model.answers", "model.members", "model.state",
    "recording.codec", "recording.merkle", "recording.published", "recording.proposal", "recording.status_rules",
    "recording.metric_rules", "recording.claim_rules", "recording.part_rules", "recording.rules", "recording.batch",
    "recording.corrections", "recording.inspection", "recording.proofs",
    "queries.log", "queries.dominance", "queries.tracks", "queries.views", "queries.courses", "queries.pairs",
    "queries.holders", "queries.totals", "queries.holds", "queries.series", "queries.timeline",
    "queries.portfolio",
    "queries.points", "queries.standing", "queries.changes", "queries.bridge", "queries.why", "queries.conflicts",
    "queries.planes", "queries.unrolled", "queries.unfolding", "queries.pieces",
    "queries.history", "queries.naming", "queries.reasons", "queries.checks", "queries.findings", "queries.audit",
    "stores.new_file", "stores.protocol", "stores.waiting", "stores.plain",
    "stores.rows", "stores.register_rows", "stores.remembered",
    "stores.questions", "stores.history", "stores.tree",
    "stores.verification", "stores.sqlite.schema", "stores.sqlite.tree",
    "stores.sqlite.file", "stores.sqlite.places", "stores.sqlite.turn",
    "stores.sqlite.facts", "stores.sqlite.state", "stores.sqlite.news", "stores.sqlite.append",
    "stores.sqlite.verify", "stores.sqlite.backup", "stores.sqlite.store",
    "stores.postgres.server", "stores.postgres.locks", "stores.postgres.rows", "stores.postgres.places",
    "stores.postgres.function", "stores.postgres.schema",
    "stores.postgres.listening", "stores.postgres.session",
    "stores.postgres.facts", "stores.postgres.tree", "stores.postgres.state", "stores.postgres.news",
    "stores.postgres.append", "stores.postgres.ahead",
    "stores.postgres.verify", "stores.postgres.store",
    "writing", "initiative", "book",
    "exchange.bounded", "exchange.tables", "exchange.sheets", "exchange.claim_sheets", "exchange.spell_sheets",
    "exchange.value_sheets", "exchange.retold", "exchange.sheet_records", "exchange.copies", "exchange.anew",
    "exchange.lines", "exchange.objects", "exchange.event_lines", "exchange.field_schemas", "exchange.json_schemas",
    "exchange.lake_folder", "exchange.lake_tables", "exchange.lakes",
    "exchange", "relations", "",
    "faces.columns", "faces.tables", "faces.frames", "faces.markup", "faces.notebook",
    "faces.phrases", "faces.changed", "faces.claimed", "faces.summary",
    "faces.charted", "faces.drawn", "faces.charts",
    "faces.cards", "faces.published", "faces.weighed", "faces.traced", "faces.packed", "faces.page",
    "faces.typed", "faces.jsonable",
    "faces.datasette.functions", "faces.datasette.pages", "faces.datasette.cells", "faces.datasette.kept",
    "faces.datasette.database", "faces.datasette.plugin", "faces.datasette.serving", "faces.datasette",
    "faces.cli.table", "faces.cli.output", "faces.cli.wording", "faces.cli.usage", "faces.cli.program",
    "faces.cli.asking", "faces.cli.progress", "faces.cli.files", "faces.cli.events",
    "faces.cli.reading", "faces.cli.listing", "faces.cli.explaining", "faces.cli.recording", "faces.cli.trusting",
    "faces.cli.importing", "faces.cli.drawing", "faces.cli.serving", "faces.cli.describing", "faces.cli.commands",
    "__main__",
    "testing.clock", "testing.values", "testing.scripts", "testing.histories", "testing.worlds",
    "testing.ledgers", "testing.paper", "testing.batches", "testing.comparing", "testing.diary",
    "testing.machine", "testing.reports", "testing.typed", "testing.registration", "testing.strategies",
    "testing.evidence", "testing.expectations", "testing.steps", "testing.scenarios", "testing.fixtures",
    "testing.laws.asking", "testing.laws.knowledge", "testing.laws.amendments", "testing.laws.likeness",
    "testing.laws.sums", "testing.laws.bounds", "testing.laws.agreement", "testing.laws.checking", "testing.laws",
    "testing.appends", "testing.store_writing", "testing.store_answers", "testing.conformance",
    "testing",
]  # fmt: skip
"""From the ground up. A new module takes its place here."""

DOORS: set[tuple[str, str]] = {
    ("model.tables", "faces.tables"),
    ("model.tables", "faces.frames"),
    ("model.tables", "faces.notebook"),
    ("initiative", "faces.summary"),
    ("initiative", "faces.charts"),
    ("initiative", "faces.page"),
    ("queries.timeline", "faces.charts"),
    ("initiative", "exchange.sheet_records"),
    ("initiative", "exchange.tables"),
    ("book", "exchange.copies"),
    ("book", "exchange.anew"),
    ("book", "exchange.lakes"),
}
"""The methods' imports of a higher floor that are allowed, as (module, imported module)."""


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            base = node.module or ""
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    own = {_name(path) for path in ROOT.rglob("*.py")}
    return {
        name
        for name in (i.removeprefix("ledger").removeprefix(".") for i in found if i.startswith("ledger"))
        if name in own
    }


PACKAGES = {"model", "recording", "queries", "stores", "stores.sqlite", "stores.postgres", "faces", "faces.cli"}
"""Their __init__ holds a docstring and nothing else; that of others gives public names, and has a floor."""


def _modules() -> dict[str, Path]:
    return {name: path for path in ROOT.rglob("*.py") if (name := _name(path)) not in PACKAGES}


def _statements(package: str) -> list[ast.stmt]:
    return ast.parse((ROOT.joinpath(*package.split(".")) / "__init__.py").read_text("utf-8")).body


def test_a_package_holds_a_docstring_or_gives_the_names_of_its_modules_and_does_nothing_else():
    for package in sorted(PACKAGES):
        assert [type(one) for one in _statements(package)] == [ast.Expr], package
    _, *imports, names = _statements("exchange")
    given = [alias.asname or alias.name for one in imports if isinstance(one, ast.ImportFrom) for alias in one.names]
    assert len([one for one in imports if isinstance(one, ast.ImportFrom)]) == len(imports)
    assert ast.unparse(names) == f"__all__ = {sorted(given)}"


def test_every_module_has_its_floor():
    assert sorted(_modules()) == sorted(FLOORS)


def test_a_module_imports_only_what_stands_below_it():
    wrong = {
        (name, imported)
        for name, path in _modules().items()
        for imported in _imports(path)
        if imported in FLOORS and FLOORS.index(imported) > FLOORS.index(name)
    }
    assert wrong == DOORS


def test_the_core_reads_no_clock_and_touches_no_file():
    forbidden = {"sqlite3", "sqlite_utils", "os", "pathlib", "time", "random", "secrets", "socket", "threading"}
    for name, path in _modules().items():
        if name.startswith(("model.", "recording.")):
            tree = ast.parse(path.read_text("utf-8"))
            imported = {
                alias.name.split(".")[0]
                for node in ast.walk(tree)
                if isinstance(node, ast.Import)
                for alias in node.names
            } | {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert not imported & forbidden, name
            assert ".now(" not in path.read_text("utf-8"), name
            assert ".today(" not in path.read_text("utf-8"), name


def test_rooms_stay_small():
    too_long = {
        name: lines for name, path in _modules().items() if (lines := len(path.read_text("utf-8").splitlines())) > 500
    }
    assert not too_long
