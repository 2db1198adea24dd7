"""Hypothesis draws the types of the ledger by itself, and nobody else pays for that."""

import importlib
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import ledger.testing
from ledger import (
    Claim,
    Initiative,
    InitiativeState,
    Ledger,
    MemberJoined,
    Quantity,
    Record,
    When,
)
from ledger.model.errors import MissingExtra
from ledger.model.events import EVENTS, Attributes, Event
from ledger.model.measures import MEASURES, Measure
from ledger.testing.registration import register
from ledger.testing.scripts import History
from ledger.testing.typed import strategy_of

EXAMPLES = settings.default.max_examples
TYPES = [*EVENTS, *MEASURES, Attributes, Claim, Quantity, When, Record, InitiativeState, Initiative, Ledger]


def run(code, *options):
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.__name__)
def test_a_type_of_the_ledger_draws_itself(cls):
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
    @given(st.from_type(cls))
    def is_one(value):
        assert isinstance(value, cls)

    is_one()


@settings(max_examples=EXAMPLES // 4)
@given(...)
def test_an_annotation_is_enough(book: Ledger, joined: MemberJoined, event: Event, measure: Measure):
    assert book.initiatives()
    assert joined.member
    assert type(event) in EVENTS
    assert type(measure) in MEASURES


def test_a_history_can_be_asked_for_too():
    register()  # again does no harm
    assert isinstance(
        find(strategy_of(History), bool, settings=settings(database=None, derandomize=True, phases=[Phase.generate])),
        History,
    )


def test_it_is_found_by_hypothesis_without_an_import():
    assert "ledger" in [entry.name for entry in entry_points(group="hypothesis")]
    code = "import ledger; from hypothesis import find; from hypothesis.strategies import from_type as of"
    code += "; print(find(of(ledger.MemberJoined), bool).member)"
    assert run(code).stdout == "a\n"


def test_hypothesis_loads_no_strategies_of_the_ledger_before_one_is_asked_for():
    code = "import hypothesis, sys; print(*(name for name in sys.modules if name.startswith('ledger.testing')))"
    assert run(code).stdout.split() == ["ledger.testing", "ledger.testing.registration"]


def test_without_hypothesis_the_library_works_and_says_what_the_testing_kit_needs():
    missing = "import sys; sys.modules['hypothesis'] = None; "
    works = run(f"{missing}import ledger; print(len(ledger.open(':memory:').initiatives()))")
    assert (works.returncode, works.stdout) == (0, "0\n")
    kit = run(f"{missing}import ledger.testing")
    assert kit.returncode == 1
    assert kit.stderr.endswith(
        "MissingExtra: ledger.testing needs hypothesis, which is not installed: "
        "pip install 'membership-ledger[testing]'\n"
    )


def test_it_is_told_as_soon_as_the_kit_is_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtra, match=r"ledger\.testing needs hypothesis"):
        importlib.reload(ledger.testing)


def test_the_kit_has_no_other_names():
    import ledger.testing as kit

    assert all(getattr(kit, name) is not None for name in kit.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'lawz'"):
        kit.lawz  # noqa: B018 - to name it is what fails
