"""A contestant in another process, as seen from this one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypedDict

from travel.questions import Answer, Question

_SERVE: Final = Path(__file__).parents[1] / "serve_one.py"


class Ready(TypedDict):
    """What a contestant answers, and what it took to be ready: seconds, and MB resident more than before."""

    kinds: list[str]
    seconds: float
    megabytes: float


class Request(TypedDict):
    """Questions, and in how many seconds to be done: at least one is answered, whatever it takes."""

    questions: Sequence[Question]
    seconds: float


class Reply(TypedDict):
    """The answers to the first questions, as many as there was time for, and the seconds each took."""

    answers: list[Answer]
    times: list[float]


class Served:
    """A contestant at work. A context manager: its process ends at the end."""

    def __init__(self, label: str, where: str, folder: Path, count: int) -> None:
        self.label = label
        command = [sys.executable, str(_SERVE), where, str(folder), str(count)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready: Ready = self._read()

    def ask(self, questions: Sequence[Question], seconds: float) -> Reply:
        """Ask some questions, and wait for the answers."""
        assert self._process.stdin
        print(json.dumps(Request(questions=questions, seconds=seconds)), file=self._process.stdin, flush=True)
        reply: Reply = self._read()
        return reply

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()
        self._process.communicate()

    def _read(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.label} has failed: see above")
        return json.loads(line)
