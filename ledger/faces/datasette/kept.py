"""Answers that are kept for as long as they are true: until the ledger grows, or the day ends.

The page of an initiative on any day takes a second for each hundred members, and all who ask for it want the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, date, datetime
from typing import Any, Final, TypeAlias

from ledger.book import Ledger

KEPT_MAX: Final = 32
"""Answers of one ledger that are kept: those asked for last."""

Question: TypeAlias = Callable[[Ledger], Any]
Asked: TypeAlias = Callable[[Question], Awaitable[Any]]
Key: TypeAlias = tuple[Hashable, int, date]
"""What was asked, by its name; how many records there were, and on which day."""


class Kept:
    """The answers of one ledger. Each is made once, and whoever asks for it meanwhile waits for that one.

    `asked` puts a question to the ledger, in a thread of its own.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._answers: OrderedDict[Key, asyncio.Future[Any]] = OrderedDict()

    async def being_made(self, name: Hashable, question: Question) -> asyncio.Future[Any]:
        """Give the answer to a question of that name, which may be there already, or be on its way.

        It is not stopped where whoever asked goes away. What went wrong is not kept.
        """
        key: Key = (name, await self._asked(_size), datetime.now(UTC).date())
        answer = self._answers.get(key)
        if answer is None or (answer.done() and (answer.cancelled() or answer.exception() is not None)):
            for older in [other for other in self._answers if other[0] == name]:
                del self._answers[older]
            answer = self._answers[key] = asyncio.ensure_future(self._asked(question))
            while len(self._answers) > KEPT_MAX:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        return answer

    async def answer(self, name: Hashable, question: Question) -> Any:
        """Give the answer to a question of that name, when it has been made."""
        return await asyncio.shield(await self.being_made(name, question))


def _size(book: Ledger) -> int:
    return book.head.size
