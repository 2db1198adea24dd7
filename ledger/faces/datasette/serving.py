"""Serving: a ledger in a browser, for as long as the program runs; or one page of it, as text."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ledger
from ledger.faces.datasette.functions import ROWS_MAX
from ledger.faces.datasette.pages import DATABASE, configuration
from ledger.model.errors import BadInput, MissingExtra, shown

if TYPE_CHECKING:
    from datasette.app import Datasette

HOST: Final = "127.0.0.1"
PORT: Final = 8001
PORT_MAX: Final = 65_535
_TIME_LIMIT: Final = 60_000  # milliseconds for one query: an audit of thousands of members takes some seconds
_SETTINGS: Final = {
    "max_returned_rows": ROWS_MAX,
    "sql_time_limit_ms": _TIME_LIMIT,
    "default_cache_ttl": 0,  # what was recorded since is to be seen at once
    "allow_download": False,  # a copy of a file that is being written to may be torn; `Ledger.backup` makes a whole one
}


def serve(
    path: str | os.PathLike[str],
    host: str = HOST,
    port: int = PORT,
    *,
    started: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve the ledger at a path to browsers, to be read only, until the program is interrupted.

    Only this machine is served, unless `host` is another address of it. `port=0` takes any that is free. `started`
    is called with the address of the home page as soon as browsers can connect. What others record meanwhile is seen.

    Whoever can connect can read all of the file, also by SQL of their own, and change nothing.

    Raises `MissingExtra` where Datasette is not installed, `BadInput` for an address that cannot be served at, and what
    `ledger.open` raises.
    """
    datasette = datasette_of(path)
    import uvicorn  # noqa: PLC0415 - it comes with Datasette

    with _listening(host, port) as listening:
        config = uvicorn.Config(datasette.app(), log_level="warning", lifespan="on")
        name = f"[{host}]" if ":" in host else host
        started(f"http://{name}:{listening.getsockname()[1]}/")
        try:
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[listening])
        finally:
            datasette.databases[DATABASE].close()


def answer(path: str | os.PathLike[str], address: str) -> tuple[int, str]:
    """Give one page as the server would: its HTTP status, and its text.

    `address` begins with a `/`, such as `/ledger/members.json?at=2022-12-31&_shape=array`. Raises `BadInput` for one
    that does not, and what `datasette_of` raises.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "club.db")
    ...     with ledger.open(path) as book:
    ...         _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020-01-01"))
    ...     status, text = answer(path, "/ledger/members.json?at=2021-01-01&_shape=array")
    ...     status, '"member": "ada"' in text
    (200, True)
    """
    if not isinstance(address, str) or not _is_address(address):
        raise BadInput(f"{shown(address)} is no address of a page: it begins with a /, as in /ledger/members")
    datasette = datasette_of(path)

    async def fetched() -> tuple[int, str]:
        await datasette.invoke_startup()
        response = await datasette.client.get(address, follow_redirects=True)
        return response.status_code, response.text

    try:
        return asyncio.run(fetched())
    finally:
        datasette.databases[DATABASE].close()


def _is_address(text: str) -> bool:
    # what begins with two slashes names another host
    plain = text.isprintable() and not any("\ud800" <= sign <= "\udfff" for sign in text)
    return plain and text.startswith("/") and not text.startswith("//")


def datasette_of(path: str | os.PathLike[str]) -> Datasette:
    """Give a Datasette with the ledger at a path in it, whose `app()` any ASGI server can run.

    Raises `MissingExtra` where Datasette is not installed, and what `ledger.open` raises.
    """
    try:
        from datasette.app import Datasette  # noqa: PLC0415 - only who serves needs it, and it takes a second
    except ImportError as error:
        raise MissingExtra("a ledger in a browser", "datasette", "datasette") from error
    from ledger.faces.datasette.database import LedgerDatabase  # noqa: PLC0415 - both need Datasette
    from ledger.faces.datasette.plugin import register  # noqa: PLC0415

    register()  # first, since a Datasette asks for routes as it is made
    with ledger.open(path, read_only=True):
        pass  # or say at once why it cannot be
    file = Path(path)
    told = configuration(file.name)
    takes = inspect.signature(Datasette).parameters
    here = files("ledger.faces.datasette")
    datasette = Datasette(
        settings=_SETTINGS,
        template_dir=str(here / "templates"),
        static_mounts=[("look", str(here / "static"))],
        **{name: told for name in ("metadata", "config") if name in takes},  # the second one is new in 1.0
    )
    datasette.remove_database("_memory")  # which it adds where no file is named
    datasette.add_database(LedgerDatabase(datasette, file), name=DATABASE)
    return datasette


def _listening(host: str, port: int) -> socket.socket:
    if not 0 <= port <= PORT_MAX:
        raise BadInput(f"port={shown(port)} is none: ports are numbered from 0 to {PORT_MAX}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # without what was attempted
        raise BadInput(f"nothing can be served at port {port} of {host}: {reason}: choose another") from None
