"""Settings shared by all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# HYPOTHESIS_PROFILE=nightly looks a hundred times longer for what a push may have broken
settings.register_profile("ci", settings.get_profile("default"), deadline=None, max_examples=100, print_blob=True)
settings.register_profile("nightly", settings.get_profile("ci"), max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

pytest_plugins = ["ledger.testing.fixtures"]
