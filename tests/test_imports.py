"""`import ledger` costs little, and gives exactly the public names."""

import json
import subprocess
import sys
import types

import pytest

import ledger
from ledger.model.events import EVENTS

PUBLIC = [
    "InitiativeLaunched", "InitiativeChanged", "InitiativeClosed", "MemberJoined", "MemberLeft", "MemberSuspended",
    "MemberReinstated", "MemberChanged", "MetricDefined", "MetricUpdated", "ReportPublished", "RecordRetracted",
    "Claim", "Members", "Joined", "Distinct", "Total", "Value", "Share", "Quantity", "When",
    "exactly", "at_least", "at_most", "between", "rounded", "about", "replay", "open",
    "Ledger", "Initiative", "InitiativeState", "Record", "Figure", "Finding", "LedgerError", "Refused", "NotAdditive",
    "Grouping",
]  # fmt: skip
"""The names of design section 4, and what groups the values of an attribute."""

NOT_NEEDED = {
    "pint", "hypothesis", "pytest", "_pytest", "coverage", "pandas", "numpy", "pyarrow", "altair", "ibis", "duckdb",
    "pyspark", "psycopg", "datasette", "rich", "typer", "edtf", "eventsourcing", "pymerkle", "polars", "IPython",
}  # fmt: skip


def modules_after(code):
    """The top-level modules that a fresh interpreter has loaded after some code."""
    listing = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    command = [sys.executable, "-c", f"{code}\n{listing}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_importing_the_library_loads_nothing_of_the_extras():
    assert modules_after("import ledger") & NOT_NEEDED == set()


def test_importing_the_library_loads_no_other_package_than_its_few_dependencies_do():
    needed = modules_after("import attrs, cattrs.preconf.msgspec, sqlite_utils")
    loaded = {name for name in modules_after("import ledger") - needed if not name.startswith("_")}
    assert loaded - sys.stdlib_module_names == {"ledger"}


@pytest.mark.parametrize("code", [
    "ledger.exactly(17)",
    "ledger.Claim(ledger.Members(), '9..17')",
    "ledger.open(':memory:').initiative('c').record(ledger.MemberJoined('a', '2021'), ledger.MetricDefined('rank'))",
])  # fmt: skip
def test_plain_numbers_do_without_pint(code):
    assert "pint" not in modules_after(f"import ledger; {code}")


@pytest.mark.parametrize("code", ["ledger.exactly(17, 't')", "ledger.MetricDefined('co2', unit='Mt/year')"])
def test_pint_is_loaded_when_the_first_unit_is_met(code):
    assert "pint" in modules_after(f"import ledger; {code}")


def test_the_public_names_are_those_of_the_design():
    # `from ledger import *` leaves Python's own open alone
    assert sorted([*ledger.__all__, "open"]) == sorted({*PUBLIC, "Event"})
    assert len(set(ledger.__all__)) == len(ledger.__all__)
    assert ledger.__all__ == sorted(ledger.__all__)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_is(name):
    named = getattr(ledger, name)
    assert named.__doc__
    assert named.__doc__.strip()
    assert named.__module__.startswith("ledger.")


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (cls, name)
        for cls in (getattr(ledger, name) for name in PUBLIC)
        if isinstance(cls, type)
        for name, value in vars(cls).items()
        if not name.startswith("_") and isinstance(value, types.FunctionType | property | classmethod)
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_public_method_says_what_it_does(cls, name):
    assert (getattr(cls, name).__doc__ or "").strip()


def test_event_stands_for_every_class_of_event():
    assert set(ledger.Event.__args__) == set(EVENTS)
    assert {cls.__name__ for cls in EVENTS} <= set(ledger.__all__)


def test_a_finding_is_imported_when_it_is_first_named():
    code = "import ledger, sys; assert 'ledger.queries.findings' not in sys.modules; ledger.Finding"
    assert "ledger" in modules_after(f"{code}; assert 'ledger.queries.findings' in sys.modules")
    with pytest.raises(AttributeError, match="module 'ledger' has no attribute 'Findings'"):
        ledger.Findings  # noqa: B018 - to name it is what fails


def test_nothing_else_is_public_by_accident():
    public = {name for name, value in vars(ledger).items() if not name.startswith("_")}
    assert {name for name in public - set(ledger.__all__) if not isinstance(vars(ledger)[name], types.ModuleType)} == {
        "open"
    }
