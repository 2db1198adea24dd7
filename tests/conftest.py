"""Settings shared by all tests."""

from __future__ import annotations

import os

import pytest
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
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile("nightly", settings.get_profile("ci"), max_examples=10_000)
# and quick a tenth as long, while one works on something else than what the laws are about
settings.register_profile("quick", settings.get_profile("ci"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

pytest_plugins = ["ledger.testing.fixtures"]


@pytest.fixture(scope="session", autouse=True)
def only_the_processes_that_run_tests_are_measured() -> None:
    """Leave the programs that tests start as their users find them: without coverage loaded."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


def pytest_sessionfinish() -> None:
    # at its exit a worker may be killed before it has written what it measured
    if "PYTEST_XDIST_WORKER" in os.environ and (measured := Coverage.current()):
        measured.save()
