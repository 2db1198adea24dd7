"""The stopwatch of the benchmarks: it times what a contestant says is to be timed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from cProfile import Profile
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import quantiles
from sys import platform
from time import perf_counter
from typing import TypedDict, TypeVar

from workload import Answer

Item = TypeVar("Item")


class Measured(TypedDict):
    """What one run of one contestant in one process gave."""

    parts: dict[str, float]  # seconds, by what was done
    p50: float | None  # seconds, where each operation was timed by itself
    p99: float | None
    peak: float  # MB resident at most, of the whole process
    weights: dict[str, float]  # MB, by what was weighed
    answer: Answer | None


class Watch:
    """Time the parts of a run; with a profiler, it looks on during those parts only."""

    def __init__(self, profiler: Profile | None = None) -> None:
        self._profiler = profiler
        self._parts: dict[str, float] = {}
        self._each: list[float] = []
        self._weights: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time a block."""
        if self._profiler:
            self._profiler.enable()
        start = perf_counter()
        try:
            yield
        finally:
            self._parts[name] = self._parts.get(name, 0.0) + perf_counter() - start
            if self._profiler:
                self._profiler.disable()

    def each(self, name: str, action: Callable[[Item], object], items: Iterable[Item]) -> None:
        """Time an action on every item, one by one, and all together."""
        each = self._each
        with self.part(name):
            for item in items:
                start = perf_counter()
                action(item)
                each.append(perf_counter() - start)

    def weigh(self, name: str, megabytes: float | None = None) -> None:
        """Note a number of MB; by default what is resident at this moment, of the whole process."""
        self._weights[name] = _memory("VmRSS") if megabytes is None else megabytes

    def measured(self, found: Answer | None) -> Measured:
        """Give the times, and the most memory that this process ever had."""
        hundredths = quantiles(self._each, n=100) if self._each else None
        return Measured(
            parts=self._parts,
            p50=hundredths[49] if hundredths else None,
            p99=hundredths[98] if hundredths else None,
            peak=_memory("VmHWM"),
            weights=self._weights,
            answer=found,
        )


def _memory(which: str) -> float:
    # `ru_maxrss` of a process begins with what its parent had; Linux knows better, and knows the present too
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text("ascii").splitlines() if line.startswith(which))
        return int(line.split()[1]) / 1024
    return getrusage(RUSAGE_SELF).ru_maxrss / (2**20 if platform == "darwin" else 2**10)
