"""The pages of the API are of all that people import from, and of all that they hold."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from api_pages import PUBLIC

ROOT = Path(__file__).parent.parent
GUIDES = ["README.md", "CHANGELOG.md", *(f"examples/{one.name}" for one in sorted((ROOT / "examples").glob("*.*")))]
NAMED = re.compile(r"(?:\bfrom |`)(ledger(?:\.[a-z_]+)*)\b")


def _shows(module, name):
    found = import_module(module)
    shown = getattr(found, "__all__", ())
    return name in shown if shown else getattr(getattr(found, name, None), "__module__", "") == module


@pytest.mark.parametrize("guide", GUIDES)
def test_what_guides_name_has_a_page(guide):
    for dotted in {*NAMED.findall((ROOT / guide).read_text("utf-8"))} - {*PUBLIC, "ledger.open"}:
        module, _, name = dotted.rpartition(".")
        assert module in PUBLIC, dotted
        assert _shows(module, name), dotted


@pytest.mark.parametrize("name", [
    "Bridge", "Change", "Changes", "Conflict", "Conflicts", "Contribution", "Contributions", "Effect",
    "Figure", "Figures", "Finding", "Findings",
    "HistoryEntries", "HistoryEntry", "InitiativeState", "Member", "Record", "Revision", "Revisions", "Roll", "Series",
    "SheetRecorded", "Timeline", "TreeHead", "Why",
])  # fmt: skip
def test_what_people_hold_has_a_page(name):
    assert [module for module in PUBLIC if _shows(module, name)]
