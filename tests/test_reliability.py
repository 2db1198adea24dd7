"""The page on reliability names tests that are there, for every way to fail that it lists."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROWS = re.findall(r"^\| (\d+) \| .* \| (.*) \|$", (HERE / "reliability.md").read_text("utf-8"), re.MULTILINE)


def test_every_way_to_fail_has_its_line():
    assert [int(number) for number, _ in ROWS] == list(range(1, 32))
    assert [number for number, tests in ROWS if "::" not in tests] == ["27", "30"]


@pytest.mark.parametrize(("number", "tests"), ROWS)
def test_the_tests_that_are_named_are_there(number, tests):
    for module, name, star in re.findall(r"`(\w+)::(\w+)`(\*?)", tests):
        source = (HERE / f"{module}.py").read_text("utf-8")
        found = re.search(rf"((?:^@.*\n|^[ \]).].*\n)*)^(?:def|class) {name}\b", source, re.MULTILINE)
        assert found, name
        assert ("mark.long" in found[1]) == bool(star), name
