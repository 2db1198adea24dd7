"""Numbers on their way to PostgreSQL: all of them have room to grow, whatever they are now."""

import pytest

import ledger
from ledger import MemberJoined
from ledger.model.errors import UnknownInitiative
from ledger.stores.postgres.server import address_of, connect
from postgres import a_ledger

SMALL = 2**15
"""Where a smallint ends, which PostgreSQL takes small numbers for."""


@pytest.mark.parametrize("number", [0, -1, SMALL - 1, SMALL, 2**31 - 1, 2**31, 2**62])
def test_every_number_can_be_added_to(number):
    with a_ledger() as address, connect(address_of(address)) as connection:
        kind = connection.execute("SELECT pg_typeof(%s)::text, %s + 30_000", (number, number)).fetchone()
        assert kind == ("bigint", number + 30_000)
        assert connection.execute("SELECT %s", ([number],)).fetchone() == ([number],)


@pytest.mark.unmeasured
def test_a_ledger_grows_where_small_numbers_end():
    with a_ledger() as address, ledger.open(address) as book, ledger.open(address) as other:
        club, elsewhere = book.initiative("club"), other.initiative("club")
        club.record(*(MemberJoined(f"m{number}", "2021-01-03") for number in range(SMALL - 9_000)))
        for number in range(2):  # where others stand, and where each of them stood, are small numbers yet
            elsewhere.record(MemberJoined(f"other{number}", "2021-01-03"))
            club.record(MemberJoined(f"late{number}", "2021-01-03"))
        assert book.verify() == other.head
        assert len(club.at("2021-01-03")) == book.head.size == SMALL - 9_000 + 4


@pytest.mark.parametrize("moment", [SMALL - 1, 2**31 - 1, 2**63 - 1])
def test_a_moment_beyond_the_end_is_now(moment):
    with a_ledger() as address, ledger.open(address) as book:
        club = book.initiative("club")
        with pytest.raises(UnknownInitiative):
            club.at("2021-01-03", known_at=moment)
        club.record(MemberJoined("ada", "2021-01-03"))
        assert len(club.at("2021-01-03", known_at=moment)) == 1
        assert not list(club.records(after=moment))
        assert not list(book.records(after=moment))
