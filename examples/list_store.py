"""A store of your own: a ledger in a list. Run it, and it counts the members of two days.

It passes the same tests as every other store: `tests/test_conformance.py` shows how.
"""

from contextlib import contextmanager
from threading import Lock

from ledger import Ledger, MemberJoined
from ledger.model.errors import LedgerBusy
from ledger.stores.plain import PlainStore


class ListStore(PlainStore):
    """Rows in a list, and a lock for whoever adds some; give both again to open the same ledger again."""

    def __init__(self, kept=None, turn=None):
        super().__init__()
        self.kept, self.turn = [] if kept is None else kept, turn or Lock()

    def rows(self, after):
        return self.kept[after:]  # positions count from 1, without gaps

    @contextmanager
    def adding(self):
        if not self.turn.acquire(timeout=5):
            raise LedgerBusy("another writer holds the list: try again")
        try:
            new = []
            yield new
            self.kept.extend(new)  # at once, and not reached where the block fails
        finally:
            self.turn.release()


if __name__ == "__main__":
    with Ledger(ListStore()) as book:
        club = book.initiative("club")
        club.record(MemberJoined("ada", "2020-03-01"), MemberJoined("ben", "2021-05-01"), source="the minutes")
        print(club.at("2020-12-31").count(), club.at("2021-12-31").count())
