"""The ledger as a database of Datasette: its file, read and never written, with the functions of `functions`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from attrs import define
from datasette.app import Datasette
from datasette.database import Database
from datasette.views.base import DatasetteError

import ledger
from ledger.book import Ledger
from ledger.faces.datasette.functions import Asking
from ledger.faces.datasette.kept import Kept
from ledger.faces.datasette.pages import PAGES
from ledger.model.errors import LedgerError
from ledger.stores.sqlite.file import address_to_read

form: Final[ContextVar[str]] = ContextVar("form", default="")
"""The form in which the request that is being answered wants its rows: csv or json, else it is a page for people."""


@define
class Part:
    """Which rows of an answer are shown to people at once: from which one, counted from 0, and of how many."""

    start: int = 0
    total: int = 0

    @property
    def before(self) -> int | None:
        """Where the rows before these begin, if there are any."""
        return max(self.start - ROWS_SHOWN, 0) if self.start else None

    @property
    def after(self) -> int | None:
        """Where the rows after these begin, if there are any."""
        return self.start + ROWS_SHOWN if self.start + ROWS_SHOWN < self.total else None


part: Final[ContextVar[Part]] = ContextVar("part")
"""The rows that the request wants which is being answered."""

ROWS_SHOWN: Final = 200
"""Rows of an answer that a page shows at once."""

OWN_LIMIT: Final = 10_000
"""Milliseconds for a query that is none of a page."""
_OF_PAGES: Final = {page.sql: page for page in PAGES.values()}


class LedgerDatabase(Database):  # type: ignore[misc]  # Datasette says nothing of its types
    """One file. Each connection that Datasette opens to it has a ledger of its own, so that none waits for another."""

    def __init__(self, datasette: Datasette, path: Path) -> None:
        super().__init__(datasette, path=str(path), is_mutable=True)
        self._opened: list[Asking] = []
        self.kept = Kept(self.asked)

    def connect(self, write: bool = False) -> Asking:  # noqa: FBT001, FBT002 - it is called as Datasette calls it
        """Open the file to be read; what goes wrong is told as an error of SQLite, which Datasette knows to show."""
        if write:
            raise sqlite3.OperationalError("the ledger is only read here: nothing can be written to it")
        try:
            book = ledger.open(self.path, read_only=True)
        except LedgerError as error:
            raise sqlite3.OperationalError(str(error)) from error
        address = address_to_read(Path(self.path))
        connection = sqlite3.connect(address, uri=True, check_same_thread=False, factory=Asking)
        connection.ask(book)
        self._opened.append(connection)
        return connection

    async def asked(self, question: Callable[[Ledger], Any]) -> Any:
        """Put a question to the ledger, in a thread that reads it."""

        def of(connection: Asking) -> Any:
            return question(connection.book)

        return await self.execute_fn(of)

    async def execute(self, sql: str, params: Any = None, **more: Any) -> Any:
        """Answer a query; whoever asked sees its errors, and so they are not printed where the server runs.

        The pages have all the time that the server gives. What is typed has less, since it may run without end, and
        there are few threads. Of a query that fails Datasette 0.65 would make an empty CSV file, as if there were
        nothing to tell.
        """
        page = _OF_PAGES.get(sql)
        if page is None:
            more["custom_time_limit"] = min(more.get("custom_time_limit") or OWN_LIMIT, OWN_LIMIT)
        elif form.get() and not page.is_asked(params or {}):  # people are asked in their turn
            raise DatasetteError(f"{page.name} is of something: give one of {', '.join(page.needed)}", status=400)
        try:
            results = await super().execute(sql, params, **{**more, "log_sql_errors": False})
        except sqlite3.DatabaseError as error:
            if form.get() == "csv":
                raise DatasetteError(str(error), status=400) from error
            raise
        if page is not None and not form.get():
            shown = part.get()
            shown.total = len(results.rows)
            results.rows = results.rows[shown.start : shown.start + ROWS_SHOWN]
        return results

    def close(self) -> None:
        """Close all connections, and their ledgers."""
        super().close()
        for connection in self._opened:
            connection.book.close()
            connection.close()
        self._opened.clear()
