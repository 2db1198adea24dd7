"""What the fuzzer runs for long is run here for a moment: its seeds, and inputs near them that Hypothesis makes."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FUZZ = Path(__file__).parent / "fuzz"
EXAMPLES = settings.default.max_examples


def loaded(name):
    spec = spec_from_file_location(f"fuzz_{name}", FUZZ / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


targets, run = loaded("targets"), loaded("run")
TARGETS = targets.TARGETS

SEEDS = {name: run.seeds(name) for name in TARGETS}
PIECES = [
    b"[",
    b"{",
    b'"',
    b"\\",
    b"\\ud800",
    b"\0",
    b"\xff",
    b"\n",
    b",",
    b"1e400",
    b"9" * 50,
    b"NaN",
    b"..",
    b">=",
    b" ",
]


def test_every_target_has_seeds_and_is_run_unless_another_is_named():
    assert tuple(TARGETS) == run.NAMES
    assert {path.stem for path in (FUZZ / "corpus").iterdir()} == set(TARGETS)


@pytest.mark.parametrize(("name", "place"), [(name, place) for name in TARGETS for place in range(len(SEEDS[name]))])
def test_every_seed_is_read_or_refused(name, place):
    targets.check(TARGETS[name], SEEDS[name][place])


@pytest.mark.parametrize("name", TARGETS)
def test_some_seed_is_read(name):
    def is_read(seed):
        try:
            TARGETS[name](seed.decode("utf-8"))
        except targets.LedgerError:
            return False
        return True

    assert any(map(is_read, SEEDS[name]))


@st.composite
def near(draw, seeds):
    """A seed of which a part was cut out, doubled, or replaced by something or by a part of another seed."""
    seed, other = draw(st.sampled_from(seeds)), draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 3))):
        start, end = sorted(draw(st.lists(st.integers(0, len(seed)), min_size=2, max_size=2)))
        first, last = sorted(draw(st.lists(st.integers(0, len(other)), min_size=2, max_size=2)))
        new = draw(st.sampled_from([*PIECES, other[first:last], seed[start:end] * 2]) | st.binary(max_size=4))
        seed = seed[:start] + new + seed[end:]
    return seed


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_near_a_seed_is_read_or_refused(name):
    @settings(max_examples=EXAMPLES)
    @given(near(SEEDS[name]) | st.binary(max_size=60) | st.text(st.characters(), max_size=40).map(as_bytes))
    def holds(data):
        targets.check(TARGETS[name], data)

    holds()


def as_bytes(text):
    return text.encode("utf-8", "surrogatepass")


def test_a_finding_is_a_finding():
    """The check itself fails where a target does anything else than give a value or refuse it shortly and soon."""

    def raises(text):
        raise KeyError(text)

    def goes_on(text):
        raise targets.LedgerError("x" * 1_000_000)

    def says_nothing(text):
        raise targets.LedgerError

    def never_ends(text):
        begun = targets.process_time()
        while targets.process_time() < begun + 1.1 * targets.SECONDS:
            pass

    for target, error in (raises, KeyError), (goes_on, AssertionError), (says_nothing, AssertionError):
        with pytest.raises(error):
            targets.check(target, b"x")
    with pytest.raises(AssertionError, match="seconds for 1 bytes"):
        targets.check(never_ends, b"x")


def test_the_command_refuses_a_target_that_is_none():
    done = subprocess.run(
        [sys.executable, str(FUZZ / "run.py"), "nothing"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no target is called nothing" in done.stderr
