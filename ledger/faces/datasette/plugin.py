"""The plugin: what the pages are given, and how their cells are shown. It leaves every other database alone."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

from attrs import frozen
from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Base400, NotFound, Request, Response
from datasette.views.base import DatasetteError
from markupsafe import Markup

from ledger.book import Ledger
from ledger.faces.datasette.cells import Row, Value, cell
from ledger.faces.datasette.database import LedgerDatabase, Part, form, part
from ledger.faces.datasette.functions import AS_IN, initiatives
from ledger.faces.datasette.pages import ASKED, DATABASE, PAGES
from ledger.faces.typed import initiative_of
from ledger.model.errors import LedgerError
from ledger.model.measures import Members, Total
from ledger.model.wording import EXAMPLES, worded

App: TypeAlias = Callable[[Mapping[str, Any], object, object], Awaitable[None]]
"""What an ASGI server runs."""

FORMS: Final = ("csv", "json")
READING: Final = ("GET", "HEAD", "OPTIONS")
READ_ONLY: Final = "This ledger is here to be read: its addresses take no data."

CHOICES_MAX: Final = 500
"""Members that are offered to be chosen; others are typed."""

DIGITS: Final = 9  # of where a part begins
START: Final = "_from"
"""What an address has for where a part of the rows begins."""

YEARS_OFFERED: Final = 10
"""Ends of years that are offered to be chosen as days."""

TIME_MACHINE: Final = "/-/time-machine"
"""The address of the page of an initiative on any day."""

PATIENCE: Final = 2.0
"""Seconds until a reader is told that a page is being made."""
AGAIN: Final = 3
"""Seconds until a reader's browser looks again whether it is."""


@frozen
class Home:
    """All initiatives of a ledger, a row for each as `ledger_initiatives` gives it; or why there are none to show."""

    rows: Sequence[Mapping[str, Any]] = ()
    problem: str = ""


@frozen
class Around:
    """What stands around an answer: the initiative's name, and what can be chosen in boxes."""

    name: str
    options: Mapping[str, Sequence[str]]


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Datasette) -> dict[str, object]:
    """Give templates the pages, and two functions that ask the ledger."""
    database = datasette.databases.get(DATABASE)
    if not isinstance(database, LedgerDatabase):
        return {}

    async def home() -> Home:
        try:
            return Home(await database.kept.answer("home", lambda book: initiatives(book, None, None)))
        except LedgerError as error:
            return Home(problem=str(error))

    async def around(initiative: str) -> Around:
        id = initiative.strip() or None
        found: Around = await database.kept.answer(("around", id), lambda book: _around(book, id))
        return found

    return {
        "pages": PAGES, "time_machine": TIME_MACHINE, "unseen": ASKED, "home": home, "around": around, "zip": zip,
        "part": part.get, "start_of_part": START,
    }  # fmt: skip


@hookimpl  # type: ignore[untyped-decorator]
def render_cell(
    row: Row, value: Value | bytes, column: str, table: str | None, database: str, datasette: Datasette
) -> Markup | None:
    """Show a cell of a page, and of any query that names an initiative, as `cells` says; Datasette shows all others."""
    ours = table is None and isinstance(datasette.databases.get(database), LedgerDatabase)
    if not ours or "initiative" not in row.keys() or isinstance(value, bytes):  # noqa: SIM118 - as in `cells`
        return None
    return Markup(cell(row, column, value))  # noqa: S704 - it was escaped


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Serve time machines: asked before the ledger is there, so each request says of which Datasette it is."""
    return [(f"^{TIME_MACHINE}$", _time_machine)]


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    """Note of each request in which form it wants its answer; of a ledger refuse those that do not read."""

    def noting(app: App) -> App:
        async def noted(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
            end = scope.get("path", "").rpartition(".")[2]
            form.set(end if end in FORMS else "")
            part.set(Part(_start(scope.get("query_string", b""))))
            is_ours = isinstance(datasette.databases.get(DATABASE), LedgerDatabase)
            if is_ours and scope.get("method", "GET") not in READING:
                refusal = Response.text(READ_ONLY, status=405, headers={"allow": ", ".join(READING)})
                await refusal.asgi_send(send)
            else:
                await app(scope, receive, send)

        return noted

    return noting


@hookimpl(hookwrapper=True)  # type: ignore[untyped-decorator]
def handle_exception(datasette: Datasette, request: Request, exception: Exception) -> Generator[None, Any, None]:
    """Say in a sentence what cannot be answered, such as a page that is not there; what is unforeseen is left alone.

    Datasette itself would print each on the standard output, with all values at hand.
    """
    outcome = yield
    foreseen = isinstance(exception, Base400 | DatasetteError | ValueError | OSError | sqlite3.DatabaseError)
    if not foreseen or not isinstance(datasette.databases.get(DATABASE), LedgerDatabase):
        return
    status, problem = getattr(exception, "status", 400), str(exception)
    if isinstance(exception, DatasetteError):
        problem = exception.message
        if exception.message_is_html:
            problem = Markup(problem.partition("<textarea")[0]).striptags()  # noqa: S704 - only its text is shown

    async def told() -> Response:
        if request.path.endswith(".json"):
            return Response.json({"ok": False, "error": problem, "status": status}, status=status)
        if request.path.endswith(".csv"):
            return Response.text(problem, status=status)
        page = await datasette.render_template("ledger_problem.html", {"problem": problem}, request=request)
        return Response.html(page, status=status)

    outcome.force_result([told])


async def _time_machine(request: Request, datasette: Datasette) -> Response:
    """Give the page of an initiative on any day; who looks at a browser is told meanwhile that it is being made."""
    database = datasette.databases.get(DATABASE)
    if not isinstance(database, LedgerDatabase):
        raise NotFound("Database not found")
    id = request.args.get("initiative") or None
    making = await database.kept.being_made(("page", id), lambda book: initiative_of(book, id, AS_IN).page())
    if "text/html" in request.headers.get("accept", ""):
        await asyncio.wait([making], timeout=PATIENCE)
        if not making.done():
            page = await datasette.render_template("ledger_wait.html", {"again": AGAIN}, request=request)
            return Response.html(page, status=202)
    try:
        return Response.html(await asyncio.shield(making))
    except LedgerError as error:
        raise DatasetteError(str(error), status=400) from error


def register() -> None:
    """Let Datasette know of this plugin, once in a process."""
    this = sys.modules[__name__]
    if not pm.is_registered(this):
        pm.register(this)


def _start(query: bytes) -> int:
    """Read where the rows begin that are asked for; what is no such number is the beginning."""
    (given, *_) = parse_qs(query.decode("latin-1")).get(START, ["0"])
    return int(given) if given.isascii() and given.isdigit() and len(given) < DIGITS else 0


def _around(book: Ledger, id: str | None) -> Around:
    options: dict[str, Sequence[str]] = {"measure": EXAMPLES}
    name = ""
    try:
        options["initiative"] = book.initiatives()
        club = initiative_of(book, id, "")
        state = club.today()
        name = state.name
        totals = [worded(Total(name)) for name, metric in state.metrics.items() if metric.additive]
        options["measure"] = [worded(Members()), *totals]
        options["member"] = [*state.members, *state.possible_members, *state.suspended, *state.former][:CHOICES_MAX]
        options["metric"] = list(state.metrics)
        options["report"] = list(state.reports)
        options["by"] = club.attributes()
        ends = [date(state.at.year - back, 12, 31) for back in range(1, YEARS_OFFERED + 1)]
        options["at"] = options["start"] = options["end"] = [str(one) for one in (state.at, *ends)]
    except LedgerError:
        pass  # the answer itself says what is wrong
    return Around(name, options)
