"""Behind a pool that gives each transaction another session, each record comes into its own ledger."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import ledger
from ledger import MemberJoined
from postgres import a_ledger, server

SOON = 30  # seconds


@contextmanager
def pool():
    """A pool in front of the server, which gives two sessions to all: the address of the database there."""
    at = conninfo_to_dict(server())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="ledger-pool-"))
    settings = folder / "pool.ini"
    settings.write_text(
        f"[databases]\n{at['dbname']} = host={at['host']} user={at['user']}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        "pool_mode = transaction\ndefault_pool_size = 2\n",
        "utf-8",
    )
    folder.chmod(0o755)
    user = ["-u", "pgserver"] if os.getuid() == 0 else []  # as the server, it does not run as root
    process = subprocess.Popen(["pgbouncer", "-q", *user, settings], stderr=subprocess.DEVNULL)
    try:
        address = f"postgresql://{at['user']}@127.0.0.1:{port}/{at['dbname']}"
        wait_until_there(address)
        yield address
    finally:
        process.terminate()
        process.wait(SOON)
        shutil.rmtree(folder)


def wait_until_there(address):
    until = monotonic() + SOON
    while True:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            assert monotonic() < until
            sleep(0.05)
        else:
            return


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="pgbouncer is not installed")
@pytest.mark.skipif("LEDGER_TEST_POSTGRES" in os.environ, reason="the server is not one that the tests have started")
def test_each_record_comes_into_its_own_ledger():
    each = 40

    def write(address, name, number):
        with ledger.open(address, timeout=SOON) as book:
            for place in range(each):
                book.initiative(name).record(MemberJoined(f"m{number}-{place}", "2020"))
                assert book.initiatives() == [name]
            told.append(name)

    told = []
    with a_ledger() as one, a_ledger() as two, pool() as pooled:
        schemas = [address.rpartition("=")[2] for address in (one, two)]
        for address in one, two:
            ledger.open(address).close()
        threads = [
            Thread(target=write, args=(f"{pooled}?ledger={schema}", schema, number))
            for schema in schemas
            for number in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == sorted(2 * schemas)
        for address, schema in zip((one, two), schemas, strict=True):
            with ledger.open(address) as book:
                assert book.initiatives() == [schema]
                assert book.verify().size == 2 * each
