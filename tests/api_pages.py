"""A page in `.api` for each module that people import from, or whose results they hold, made by pdoc of its docstrings.

    python tests/api_pages.py

It fails where pdoc warns.
"""

from __future__ import annotations

import warnings
from html import escape
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final, get_type_hints

import ledger

PUBLIC: Final = (
    "ledger",
    # what is asked and recorded
    "ledger.model.errors", "ledger.model.events", "ledger.model.limits", "ledger.model.measures",
    "ledger.model.quantity", "ledger.model.readings", "ledger.model.records", "ledger.model.when",
    "ledger.model.wording",
    # what is answered
    "ledger.model.figures", "ledger.model.members", "ledger.model.state", "ledger.model.tables",
    "ledger.queries.bridge", "ledger.queries.changes", "ledger.queries.conflicts", "ledger.queries.findings",
    "ledger.queries.history", "ledger.queries.series", "ledger.queries.timeline", "ledger.queries.why",
    # other programs, stores of one's own, and heads
    "ledger.exchange", "ledger.exchange.lake_tables", "ledger.model.heads",
    "ledger.recording.proofs", "ledger.stores.plain",
    "ledger.stores.postgres.schema", "ledger.stores.protocol",
    # all initiatives at once
    "ledger.relations",
    # ways to look
    "ledger.faces.charts", "ledger.faces.columns", "ledger.faces.datasette", "ledger.faces.datasette.functions",
    "ledger.faces.frames", "ledger.faces.notebook", "ledger.faces.summary",
    # tests
    "ledger.testing", "ledger.testing.conformance", "ledger.testing.fixtures", "ledger.testing.scenarios",
)  # fmt: skip
"""The modules that have a page, as have those that they name in `__all__`."""


def write(folder: Path) -> None:
    """Write the pages, and a list of them."""
    from pdoc import pdoc

    for name in PUBLIC:
        _prepare(import_module(name))
    ledger.__all__.append("open")  # which a star does not import, since it would hide Python's own
    pdoc(*PUBLIC, output_directory=folder)
    (folder / "index.html").write_text(_listed(), "utf-8")


def _prepare(module: ModuleType) -> None:
    """Bring what pdoc would not find: what is imported when it is asked for, and the types in a NamedTuple."""
    for name in getattr(module, "__all__", ()):
        vars(module)[name] = getattr(module, name)
    for found in vars(module).values():
        if isinstance(found, type) and issubclass(found, tuple) and hasattr(found, "_fields"):
            found.__new__.__annotations__ = get_type_hints(found)


def _listed() -> str:
    rows = [f"<dt><a href='{name.replace('.', '/')}.html'>{name}</a><dd>{escape(_first_line(name))}" for name in PUBLIC]
    head = "<!doctype html><html lang='en'><meta charset='utf-8'><title>ledger</title>"
    body = "<body style='font:16px/1.5 sans-serif;max-width:45em;margin:2em'><h1>ledger</h1>"
    return f"{head}{body}<dl>{''.join(rows)}</dl>"


def _first_line(name: str) -> str:
    return (import_module(name).__doc__ or "").strip().partition("\n")[0]


if __name__ == "__main__":
    warnings.simplefilter("error")
    # what Hypothesis makes of a strategy knows no module in which the name of a type could be looked up
    warnings.filterwarnings("ignore", r"Error parsing type annotation hypothesis\.\S*SearchStrategy\[ForwardRef\(")
    write(Path(".api"))
