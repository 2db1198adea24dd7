"""Settings shared by all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils  # noqa: F401 - before it can find pandas, which it would load
from coverage import Coverage
from hypothesis import HealthCheck, settings

# HYPOTHESIS_PROFILE=nightly looks a hundred times longer for what a push may have broken
# how fast a machine is fails no test; and what a law presupposes may be seldom drawn, so long as enough is
settings.register_profile(
    "ci",
    settings.get_profile("default"),
    deadline=None,
    max_examples=100,
    print_blob=True,
    # a change is judged by the same examples each time it is tried, or it would stand or fall by luck; elsewhere, and
    # at night, they are new ones
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile("nightly", settings.get_profile("ci"), max_examples=10_000, derandomize=False)
# and quick a tenth as long, while one works on something else than what the laws are about
settings.register_profile("quick", settings.get_profile("ci"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

sys.path.append(str(Path(sys.prefix) / "apart"))  # where Ibis and pandas are, for tests and examples that need them

pytest_plugins = ["ledger.testing.fixtures", "browsing", "interrupting"]


@pytest.fixture(scope="session", autouse=True)
def only_the_processes_that_run_tests_are_measured() -> None:
    """Leave the programs that tests start as their users find them: without coverage loaded."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Measure no test that draws its examples, nor one that is marked `unmeasured`: it then takes half as long.

    Where examples are drawn a line is reached by luck; and what goes through all floors, or with much, reaches many
    lines of which it says little. So each line must be reached by a test that always reaches it: a small exact one, or
    one that draws the same each time (`derandomize=True`). Hypothesis marks what is `given`, and its machines; a test
    that searches or draws within is marked `hypothesis` by hand, unless it draws the same each time.
    """
    unmeasured = any(item.get_closest_marker(name) for name in ("hypothesis", "unmeasured"))
    measured = Coverage.current() if unmeasured else None
    if measured is None:
        return (yield)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # which that has set again


def pytest_sessionfinish() -> None:
    # at its exit a worker may be killed before it has written what it measured
    if "PYTEST_XDIST_WORKER" in os.environ and (measured := Coverage.current()):
        measured.save()
