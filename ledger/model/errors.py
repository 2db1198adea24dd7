"""Everything that can go wrong, as one tree.

    LedgerError
    ├── BadInput (ValueError)          a value is not what it should be
    │   ├── BadWhen                    a date, a span or an instant that cannot be read
    │   ├── BadQuantity                a number or an amount that cannot be read
    │   ├── UnknownUnit                a unit that the library does not know
    │   ├── WrongDimension             tonnes where people were asked for
    │   └── BadEvent                   a field of an event, a claim or a measure
    ├── NotAdditive (TypeError)        a total of something that has no total, such as a rank
    ├── Overlapping (ValueError)       a total in which a member and a part of it would both count
    ├── Unknown (KeyError)             a name that nothing was recorded under
    │   ├── UnknownInitiative
    │   ├── UnknownMember
    │   ├── UnknownMetric
    │   ├── UnknownAttribute
    │   ├── UnknownReport
    │   └── UnknownRecord
    ├── Refused                        the rules of recording say no; `violations` says why, all at once
    │   └── RefusedRows                rows of a sheet cannot be recorded; `rejected` names each
    ├── RetryMismatch                  ids that are recorded already, with other content or only in part
    ├── DifferentHistory               records to be copied to where other records are
    ├── VersionConflict                somebody else recorded since `expected_version`
    ├── MissingExtra (ImportError)     a package that only some programs need is not installed
    └── StoreError (OSError)           the file or the database behind the ledger
        ├── NotALedger                 it exists, but is no ledger (or is no longer one)
        ├── NewerFormat                written by a newer version of this library
        ├── ReadOnly                   it can be read but not written
        ├── LedgerBusy                 another writer held it for too long
        ├── LedgerClosed               used after `close()`
        ├── Unconfirmed                nobody can say yet whether a batch was kept; `ids` are those of its records
        └── Damaged                    what is stored is not what was written
            ├── DamagedRecord          a stored record does not say what a record must say
            ├── Truncated              it holds fewer records than a head that was published
            └── Rewritten              its records are not those of a head that was published

Every message says what was wrong, where, and what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from ledger.model.limits import ID_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PROBLEMS_MAX = 20  # of a file, as far as they are told
_PAIRS_MAX = 5  # as far as a message names them
_IDS_MAX = 5

WAY_OUT: Final = "restore the ledger from a backup"  # of whatever has damaged it
NOTHING_WRITTEN: Final = "; if this was a recording, nothing of it was written"  # said with an error of a database


def shown(value: object, most: int = 60) -> str:
    r"""Show a value within a message: escaped, on one line, and cut where it is long.

    >>> shown("caf\u00e9"), shown("a" * 100, most=10)
    ("'caf\\xe9'", "'aaaaaa...")
    """
    try:
        text = ascii(value[: most + 1] if type(value) is str else value)
    except Exception:  # noqa: BLE001 - an int of too many digits, lists too deep in each other, or a repr that fails
        text = f"<{type(value).__name__}>"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def listed(names: Sequence[str], most: int) -> str:
    """Write names in a row, at most so many of them, or one more: "and 1 more" would save nothing.

    >>> listed("abcd", most=3), listed("abcde", most=3)
    ('a, b, c, d', 'a, b, c and 2 more')
    """
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def problems_in(file: str, done: str, problems: Sequence[str], count: int | None = None, *, whole: bool = True) -> str:
    """Say why nothing of a file was read or recorded: the first twenty reasons, and how many more there are.

    `count` is that of all problems, where those given are not all; `whole=False` says that others were not looked for.

    >>> print(problems_in("club.csv", "read", ["row 2 has 3 cells"]))
    club.csv: nothing was read, for 1 reason:
      row 2 has 3 cells
    """
    count = len(problems) if count is None else count
    rest = f"{count - PROBLEMS_MAX} more" if whole else "many more, and it was not read to its end"
    more = f"\n  and {rest}" if count > PROBLEMS_MAX else ""
    lines = "".join(f"\n  {problem}" for problem in problems[:PROBLEMS_MAX])
    return f"{file}: nothing was {done}, for {count} reason{'s' * (count > 1)}:{lines}{more}"


def near_names(name: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """Give the known names that somebody may have meant, the nearest first."""
    from difflib import get_close_matches  # noqa: PLC0415 - most programs never need a hint

    return tuple(get_close_matches(name, tuple(known), n=most, cutoff=0.6))


class LedgerError(Exception):
    """The base of all errors of this library. Never raised itself."""


class BadInput(LedgerError, ValueError):
    """A value is not what it should be."""


class BadWhen(BadInput):
    """A date, a span of days or an instant that cannot be read."""


class BadQuantity(BadInput):
    """A number or an amount that cannot be read, or that is no exact finite number."""


class UnknownUnit(BadInput):
    """A unit that the library's unit file does not define."""


class WrongDimension(BadInput):
    """Two units that measure different things were asked to meet."""


class BadEvent(BadInput):
    """A field of an event, a claim or a measure holds what it must not hold."""


class NotAdditive(LedgerError, TypeError):
    """A total was asked of a metric that cannot be added up, such as a share or a rank."""


class Overlapping(LedgerError, ValueError):
    """A member is part of another one, and a total would count both. `pairs` names each part and its whole."""

    def __init__(self, metric: str, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__(metric, tuple(pairs))
        self.metric, self.pairs = metric, self.args[1]

    def __str__(self) -> str:
        named = listed([f"{part!r} of {whole!r}" for part, whole in self.pairs], _PAIRS_MAX)
        return (
            f"a total of {self.metric!r} would count members and parts of them: {named}; "
            "say which of them count: overlap parts, or overlap whole"
        )


class Unknown(LedgerError, KeyError):
    """Nothing was recorded under this name."""

    kind = "name"

    def __init__(self, name: str, known: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(name, tuple(known), hint)
        self.name = name
        self.near = near_names(name, self.args[1]) if isinstance(name, str) else ()
        self.hint = hint

    def __str__(self) -> str:
        near = f"; did you mean {' or '.join(map(repr, self.near))}?" if self.near else ""
        short = isinstance(self.name, str) and len(self.name) <= ID_MAX  # what is unknown may be anything
        name = repr(self.name) if short else shown(self.name)
        return f"no {self.kind} {name} is known{near}" + (f" ({self.hint})" if self.hint else "")


class UnknownInitiative(Unknown):
    """No record belongs to an initiative of this name."""

    kind = "initiative"


class UnknownMember(Unknown):
    """No member goes by this id, on the day and by the knowledge asked for."""

    kind = "member"


class UnknownMetric(Unknown):
    """No metric was defined under this name, by the knowledge asked for."""

    kind = "metric"


class UnknownAttribute(Unknown):
    """No member was ever given an attribute of this name."""

    kind = "attribute"


class UnknownReport(Unknown):
    """No report was recorded under this id, by the knowledge asked for."""

    kind = "report"


class UnknownRecord(Unknown):
    """No record has this id."""

    kind = "record"


@frozen
class Violation:
    """One reason why a batch is refused: a stable `code`, the event, its place in the batch from 0, and the clash.

    `clash` is the short form (`RecordRef`) of the record that the event collides with, where that is one of
    the history, else None.
    """

    code: str
    index: int
    event: Any
    reason: str
    clash: Any = None

    def __str__(self) -> str:
        return f"event {self.index} ({type(self.event).__name__}) [{self.code}]: {self.reason}"


class Refused(LedgerError):
    """The rules of recording refuse a batch; nothing of it was written.

    `violations` holds every reason, not only the first, each with a stable `code`, the event's place
    in the batch, the event, and the record it clashes with.
    """

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__(self.violations)

    def __str__(self) -> str:
        count = len(self.violations)
        lines = "".join(f"\n  {violation}" for violation in self.violations)
        return f"nothing was recorded, for {count} reason{'s' if count > 1 else ''}:{lines}"


class RefusedRows(Refused):
    """Rows of a sheet cannot be recorded, and nothing of the sheet was.

    `rejected` holds each of these rows with its number, its cells and the reason. `violations` holds what the rules
    say, where it is they that refuse: the index counts the events that would have been recorded.
    """

    def __init__(self, sheet: str, rejected: Iterable[Any], violations: Iterable[Violation] = ()) -> None:
        super().__init__(violations)
        self.sheet, self.rejected = sheet, tuple(rejected)
        self.args = (sheet, self.rejected, self.violations)

    def __str__(self) -> str:
        return problems_in(self.sheet, "recorded", [one.reason for one in self.rejected])


class RetryMismatch(LedgerError):
    """Some of the given `ids` are recorded already, and this batch is not a plain retry of them."""


class DifferentHistory(LedgerError):
    """Records were to be copied to a ledger that does not hold the beginning of the same history."""


class VersionConflict(LedgerError):
    """The initiative has moved on since the caller last looked; nothing was written."""

    def __init__(self, initiative: str, expected: int, actual: int) -> None:
        super().__init__(initiative, expected, actual)
        self.initiative, self.expected, self.actual = initiative, expected, actual

    def __str__(self) -> str:
        return (
            f"{self.initiative!r} is at version {self.actual}, not {self.expected} as expected: "
            "read what was recorded since, then record again"
        )


class MissingExtra(LedgerError, ImportError):
    """A package that only some programs need is not installed; `extra` names what brings it."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(what, package, extra, name=package)
        self.what, self.package, self.extra = what, package, extra

    def __str__(self) -> str:
        return (
            f"{self.what} needs {self.package}, which is not installed: pip install 'membership-ledger[{self.extra}]'"
        )


class StoreError(LedgerError, OSError):
    """The file or the database behind the ledger failed. What was acknowledged before stays written."""


class NotALedger(StoreError):
    """The path holds something else, or a ledger whose tables are gone."""


class NewerFormat(StoreError):
    """The ledger, or one of its records, was written by a newer version of this library."""


class ReadOnly(StoreError):
    """The ledger cannot be written; in a folder that cannot be written to it cannot even be opened."""


class LedgerBusy(StoreError):
    """Another writer held the ledger for longer than the time allowed for waiting."""


class LedgerClosed(StoreError):
    """The ledger was used after it had been closed."""


class Unconfirmed(StoreError):
    """Nobody can say yet whether a batch was kept. `ids` are those of its records: with these it can be recorded again.

    What was kept is not written twice then. They are empty where records were imported, which have ids already.
    """

    def __init__(self, what: str, ids: Iterable[str] = ()) -> None:
        super().__init__(what)
        self.what, self.ids = what, tuple(ids)

    def __str__(self) -> str:
        named = f": {listed(self.ids, _IDS_MAX)}" if self.ids else ""
        return f"{self.what}: record it then with the same ids{named}"


class Damaged(StoreError):
    """What is stored is not what was written."""


class DamagedRecord(Damaged):
    """A stored record cannot be read as the record it claims to be."""


class Truncated(Damaged):
    """The ledger holds fewer records than a head of it counts: some at the end are lost."""


class Rewritten(Damaged):
    """The records of the ledger are not those that a head of it was made of."""
