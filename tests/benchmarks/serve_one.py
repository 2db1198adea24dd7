"""One contestant in a process of its own, which answers question after question, and times each answer.

Arguments: where it is, as `module:class`; a folder; the number of events. When it is ready it prints a
line; then it reads requests, a line each, and prints a line of answers to each. All lines are JSON.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

from travel.questions import Contestant, Question
from travel.served import Ready, Reply, Request
from watch import Watch


def replied(contestant: Contestant, request: Request) -> Reply:
    """Answer question after question, until the time is over."""
    reply = Reply(answers=[], times=[])
    spent = 0.0
    for kind, day, known in request["questions"]:
        question = Question(kind, day, known)
        ask = contestant.prepare(question)
        start = perf_counter()
        found = ask()
        took = perf_counter() - start
        reply["times"].append(took)
        reply["answers"].append(contestant.answer(question, found))
        spent += took
        if spent > request["seconds"]:
            break
    return reply


def main() -> None:
    """Make the contestant, then serve."""
    name, folder, count = sys.argv[1:]
    module, _, kind = name.partition(":")
    make = getattr(import_module(module), kind)
    watch = Watch()
    watch.weigh("before")
    with watch.part("load"):
        contestant: Contestant = make(Path(folder), int(count))
    watch.weigh("after")
    measured = watch.measured(None)
    ready = Ready(
        kinds=sorted(contestant.kinds),
        seconds=measured["parts"]["load"],
        megabytes=measured["weights"]["after"] - measured["weights"]["before"],
    )
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        print(json.dumps(replied(contestant, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
