"""Functions that SQL can call: each asks the library, and gives its rows as a JSON array.

    ledger_initiatives(at, known_at)
    ledger_members(initiative, at, known_at)
    ledger_figures(initiative, measure, by, at, known_at)
    ledger_series(initiative, measure, by, start, end, every, known_at)
    ledger_audit(initiative, report, known_at)
    ledger_history(initiative, member, metric, report)

    select value ->> 'name' from json_each(ledger_members('chess-club', '2022-12-31', ''))

What is NULL or blank is left out: `at` is then today (UTC), `known_at` now, `initiative` the only one of the ledger.
A `measure` is said in words (`ledger.model.wording`); without one `ledger_figures` gives the members and each metric,
and `ledger_series` the members. `every` is day, week, month, quarter or year, or `change`: each day on which anything
changes. Without one it is `change` or, where these are more than 1,000 days, a longer step.
A series begins with the first change and ends today, unless it is told otherwise.

The rows are those of `to_rows`, so there is no second meaning here. Amounts are texts, since SQLite would
make floats of the numbers in JSON: `0.1` stays `0.1`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from inspect import signature
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec.json import encode as encode_json

from ledger.faces.jsonable import jsonable
from ledger.faces.phrases import NO_FIGURE
from ledger.faces.summary import usual
from ledger.faces.typed import initiative_of, moment_of, require_attributes, require_span
from ledger.model.errors import BadInput, LedgerError, shown
from ledger.model.exact import number_text
from ledger.model.measures import Measure, Members
from ledger.model.when import day
from ledger.model.wording import headed, measure_of
from ledger.queries.timeline import CHANGE, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.book import Ledger
    from ledger.initiative import Initiative
    from ledger.model.state import InitiativeState
    from ledger.queries.timeline import Timeline

Row: TypeAlias = Mapping[str, object]
Typed: TypeAlias = object
"""What SQL gives for an argument: a text, a number, bytes, or None."""

ROWS_MAX: Final = 20_000
"""Rows of one answer."""
DAYS_MAX: Final = 4_000
"""Days of one series: every day of ten years."""
CHANGES_MAX: Final = 1_000
"""Days of a series for which no step was asked; where more days change anything, it has a longer step."""
AS_IN: Final = "?initiative=chess-club"
"""How an initiative is named in an address."""
SECONDS_MAX: Final = 15
"""For one series."""
_MONTH_MIN: Final = 28  # days
_SOME: Final = 10  # answers that are made before rows and time are looked at


def initiatives(book: Ledger, at: Typed, known_at: Typed) -> Sequence[Row]:
    """Give a row for each initiative: its id, its name, and how many members it has."""
    states = [_state(book.initiative(id), at, known_at) for id in book.initiatives()]
    return [{"initiative": one.initiative, "name": one.name, **one.count().to_rows()[0]} for one in states]


def members(book: Ledger, initiative: Typed, at: Typed, known_at: Typed) -> Sequence[Row]:
    """Give a row for each member of a day, and for those who may be members or are suspended."""
    return _state(_initiative(book, initiative), at, known_at).to_rows()


def figures(book: Ledger, initiative: Typed, measure: Typed, by: Typed, at: Typed, known_at: Typed) -> Sequence[Row]:
    """Give a row for each figure of a day; where a total cannot be formed, `problem` says why."""
    club = _initiative(book, initiative)
    state = _state(club, at, known_at)
    words, attribute = _text(measure, "measure"), _text(by, "by")
    said = None if words is None else measure_of(words)
    require_attributes(club, said, attribute)
    if said is not None:
        return state.measure(said, by=attribute).to_rows()
    return [row for one in usual(state) for row in _rows_or_reason(state, one, attribute)]


def series(
    book: Ledger, initiative: Typed, measure: Typed, by: Typed, start: Typed, end: Typed, every: Typed, known_at: Typed
) -> Sequence[Row]:
    """Give a row for each day of a series, or for each group on each day."""
    club = _initiative(book, initiative)
    words, attribute, step = _text(measure, "measure"), _text(by, "by"), _text(every, "every")
    said = Members() if words is None else measure_of(words)
    require_attributes(club, said, attribute)
    line = club.timeline(said, by=attribute)
    moment = _moment(known_at)
    first, last = _span(line, club.today().at, _text(start, "start"), _text(end, "end"), moment)
    require_span(first, last)
    _require_few(first, last, step or CHANGE)
    found = line.series(first, last, every=step or CHANGE, known_at=moment)
    if step is None and len(found) > CHANGES_MAX:
        found = line.series(first, last, every=_coarser(first, last), known_at=moment)
    if len(found) > DAYS_MAX:
        raise BadInput(f"a series of {len(found):,} days is too long to be shown: give a nearer start or end")
    rows: list[Row] = []
    begun = monotonic()
    for place in range(0, len(found), _SOME):
        if monotonic() - begun > SECONDS_MAX:
            raise BadInput(
                f"a series of {len(found):,} days takes too long: give a nearer start or end, or a longer step"
            )
        rows += found[place : place + _SOME].to_rows()
        _require_shown(rows)
    return rows


def audit(book: Ledger, initiative: Typed, report: Typed, known_at: Typed) -> Sequence[Row]:
    """Give a row for each claim, and what was found of it."""
    return _initiative(book, initiative).audit(_text(report, "report"), _moment(known_at)).to_rows()


def history(book: Ledger, initiative: Typed, member: Typed, metric: Typed, report: Typed) -> Sequence[Row]:
    """Give a row for each record on a member, on a metric, on both together, or on a report."""
    club = _initiative(book, initiative)
    subject = _text(member, "member")
    about = {"metric": _text(metric, "metric"), "report": _text(report, "report")}
    if subject is None and about == {"metric": None, "report": None}:
        raise BadInput("a history is of something: name a member, a metric or a report")
    return club.history(subject, **about).to_rows()


FUNCTIONS: Final[Mapping[str, Callable[..., Sequence[Row]]]] = {
    "ledger_initiatives": initiatives,
    "ledger_members": members,
    "ledger_figures": figures,
    "ledger_series": series,
    "ledger_audit": audit,
    "ledger_history": history,
}


class Asking(sqlite3.Connection):
    """A connection that can call these functions, and raises what goes wrong in them in the words of the library.

    SQLite itself would say no more than "user-defined function raised exception". So a function that fails gives NULL
    and leaves word, and what has called it raises that. `book` is the ledger that is asked.

    >>> import ledger
    >>> with ledger.open(":memory:") as book:
    ...     _ = book.initiative("club").record(ledger.MemberJoined("ada", "2020"))
    ...     connection = sqlite3.connect(":memory:", factory=Asking)
    ...     connection.ask(book)
    ...     query = "select value ->> 'id' from json_each(ledger_members('club', '2021-01-01', ''))"
    ...     connection.execute(query).fetchall()
    ...     connection.close()
    [('ada',)]
    """

    book: Ledger
    said: str | None = None
    is_over: Callable[[], int | None] | None = None
    """Asked by SQLite, every so many of its steps, whether to stop: so Datasette limits the time of a query."""

    def ask(self, book: Ledger) -> None:
        """Let SQL ask this ledger."""
        self.book = book
        for name, function in FUNCTIONS.items():
            count = len(signature(function).parameters) - 1
            self.create_function(name, count, partial(self._answered, function))

    def set_progress_handler(self, progress_handler: Callable[[], int | None] | None, n: int) -> None:
        """Limit what is run; the functions keep to it too, each of which would be one step to SQLite."""
        self.is_over = progress_handler
        super().set_progress_handler(progress_handler, n)

    def cursor(self, factory: Any = None) -> Any:
        """Give a cursor that tells errors in words."""
        return super().cursor(_InWords if factory is None else factory)

    def execute(self, *given: Any) -> Any:
        """Run a query with such a cursor, which the method of `sqlite3` would not."""
        return self.cursor().execute(*given)

    def _answered(self, function: Callable[..., Sequence[Row]], *given: Typed) -> str | None:
        if self.is_over is not None and self.is_over():
            self.interrupt()
            return None
        try:
            rows = function(self.book, *given)
            _require_shown(rows)
        except LedgerError as error:
            self.said = str(error)
            return None
        return encode_json(jsonable(rows, number_text)).decode()

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Raise what a function has said meanwhile."""
        self.said = None
        yield
        if self.said is not None:
            raise sqlite3.OperationalError(self.said)


class _InWords(sqlite3.Cursor):
    """A cursor of such a connection: whichever way its rows are taken, what a function has said is raised."""

    connection: Asking

    def __next__(self) -> Any:
        with self.connection.in_words():
            return super().__next__()

    def execute(self, *given: Any) -> Any:
        with self.connection.in_words():
            return super().execute(*given)

    def fetchone(self) -> Any:
        with self.connection.in_words():
            return super().fetchone()

    def fetchmany(self, *given: Any) -> Any:
        with self.connection.in_words():
            return super().fetchmany(*given)

    def fetchall(self) -> Any:
        with self.connection.in_words():
            return super().fetchall()


def _text(value: Typed, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise BadInput(f"{name}={shown(value)} must be a text")


def _moment(value: Typed) -> str | int | None:
    if isinstance(value, int):
        return value
    text = _text(value, "known_at")
    return None if text is None else moment_of(text)


def _initiative(book: Ledger, id: Typed) -> Initiative:
    return initiative_of(book, _text(id, "initiative"), AS_IN)


def _state(initiative: Initiative, at: Typed, known_at: Typed) -> InitiativeState:
    asked = _text(at, "at")
    return initiative.today(_moment(known_at)) if asked is None else initiative.at(asked, _moment(known_at))


def _rows_or_reason(state: InitiativeState, measure: Measure, by: str | None) -> Sequence[Row]:
    try:
        return list(state.measure(measure, by=by).to_rows())
    except NO_FIGURE as error:
        return [{"measure": headed(measure), "at": state.at, "problem": str(error)}]


def _span(
    line: Timeline[Any], today: date, start: str | None, end: str | None, known_at: str | int | None
) -> tuple[date, date]:
    """Give the first and the last day of a series: those asked for, else the first change, and today or later."""
    if start is None:
        changes = line.series(date.min, date.max, every=CHANGE, known_at=known_at).days
        first = next((one for one in changes if one > date.min), today)
    else:
        first = day(start)
    return first, max(first, today) if end is None else day(end)


def _coarser(first: date, last: date) -> str:
    """Give the shortest step, of those longer than a day, that makes a series short enough to be looked at."""
    fits = (step for step in STEPS if step != "day" and _count(first, last, step) <= CHANGES_MAX)
    return next(fits, "year")


def _count(first: date, last: date, every: str) -> int:
    """Give how many days a series has at the most; 0 where only its changes say so."""
    months, days = STEPS.get(every, (0, 0))
    step = months * _MONTH_MIN + days
    return (last - first).days // step if step else 0


def _require_few(first: date, last: date, every: str) -> None:
    """Refuse a long series before its days are made."""
    if _count(first, last, every) > DAYS_MAX:
        raise BadInput(
            f"a series of each {every} from {first} to {last} has more than {DAYS_MAX:,} days: "
            "give a nearer start or end, or a longer step"
        )


def _require_shown(rows: Sequence[Row]) -> None:
    if len(rows) > ROWS_MAX:
        raise BadInput(f"the answer has more than {ROWS_MAX:,} rows, and so many are not shown: ask for less")
