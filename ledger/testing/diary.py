"""The diary of one run of a state machine: what it has sent to a ledger and, on paper, what was written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count, permutations

from ledger.model.events import Event
from ledger.testing.batches import Batch, Events, Outcome
from ledger.testing.comparing import Told, in_short, is_as_told
from ledger.testing.histories import METRICS
from ledger.testing.paper import Line, Paper


class Diary:
    """What was sent, and what was written; new batches are made ready by it, and taken in when they were sent."""

    def __init__(self) -> None:
        self.paper = Paper()
        self.sent: list[Batch] = []
        self._numbers = count(1)

    def batch(self, initiative: str, events: Sequence[Event], source: str = "", replaces: str | None = None) -> Batch:
        """Make a batch ready, with ids that nothing else has."""
        return Batch(initiative, events, self._new_ids(len(events)), source, replaces)

    def fitting(self, initiative: str, events: Sequence[Event]) -> Batch:
        """Make a batch ready of those events with which nothing is wrong, which may be none."""
        fitting = Events()
        for event in events:
            if not self.paper.wrong(initiative, [*fitting, event]):
                fitting.append(event)
        return self.batch(initiative, fitting)

    def longer(self, batch: Batch) -> Batch:
        """Make a batch ready that is one which was sent, and one more event."""
        return batch._replace(events=[*batch.events, METRICS[1]], ids=[*batch.ids, *self._new_ids(1)], replaces=None)

    def _new_ids(self, many: int) -> list[str]:
        return [f"00000000-0000-4000-8000-{next(self._numbers):012}" for _ in range(many)]

    def version(self, initiative: str) -> int:
        """Give the version that an initiative is at."""
        return len(self.paper.of(initiative))

    def nth_sent(self, nth: int) -> Batch:
        """Choose a batch that was written, counted from the newest one; there must be one."""
        return self.sent[-1 - nth % len(self.sent)]

    def nth_id(self, initiative: str, nth: int) -> str:
        """Choose a record, counted from the newest one; past the first one are some that are not the initiative's."""
        lines = self.paper.lines[::-1]
        own = [line.id for line in lines if line.initiative == initiative]
        others = [line.id for line in lines if line.initiative != initiative]
        ids = [*own, *others[:1], "unheard-of"]
        return ids[nth % len(ids)]

    def lines_of(self, ids: Sequence[str]) -> list[Line]:
        """Find what was written by id, in order."""
        return [line for line in self.paper.lines if line.id in ids]

    def nth_moment(self, nth: int) -> datetime | int:
        """Choose a moment of knowledge: before and after any record, by position and by instant."""
        instants = {line.recorded_at: None for line in self.paper.lines}
        moments: list[datetime | int] = [
            *range(len(self.paper.lines) + 1),
            *instants,
            *(one - timedelta(microseconds=1) for one in instants),
        ]
        return moments[nth % len(moments)]

    def take_in(self, sent: Sequence[Batch], outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write down what was written, in an order in which it is as the paper says: there must be one."""
        possible: list[list[Told]] = []
        for order in permutations(range(len(sent))):
            draft = Paper(self.paper.lines)
            by_place = {place: _on_paper(draft, sent[place], now) for place in order}
            told = [by_place[place] for place in range(len(sent))]
            if all(map(is_as_told, outcomes, told)):
                self.paper = draft
                self.sent += [sent[place] for place in order if not isinstance(by_place[place], set)]
                return
            possible.append(told)
        on_paper = "\nor: ".join(str(list(map(in_short, told))) for told in possible)
        raise AssertionError(f"there came of it: {list(map(in_short, outcomes))}\nand on paper: {on_paper}")


def _on_paper(paper: Paper, batch: Batch, now: datetime) -> Told:
    """Write a batch down on paper, if nothing is wrong with it."""
    wrong = paper.wrong(batch.initiative, batch.events, batch.source, batch.replaces)
    if wrong:
        return wrong
    return paper.write(batch.initiative, batch.events, batch.ids, now, batch.source, batch.replaces)
