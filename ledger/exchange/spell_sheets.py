"""Memberships from CSV files: one row for each spell, ready to be recorded."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple, TypeVar

from ledger.exchange.sheets import (
    File,
    Row,
    Sheet,
    opened,
    require_columns,
    require_delimiter,
    require_flag,
    require_names,
)
from ledger.exchange.tables import Table
from ledger.model.errors import BadInput, BadWhen, shown
from ledger.model.events import Attributes, Event, MemberJoined, MemberLeft
from ledger.model.fields import require_id, require_line
from ledger.model.when import When

T = TypeVar("T")

_ONE_DAY: Final = timedelta(days=1)


def spells(
    file: File,
    *,
    member: str = "member",
    name: str | None = "name",
    start: str = "start",
    end: str | None = "end",
    attributes: Sequence[str] | None = None,
    end_inclusive: bool = False,
    unknown_start: When | date | str | None = None,
    delimiter: str | None = ",",
    lenient: bool = False,
) -> Table[Event]:
    r"""Read a CSV file in which each row is one spell of membership, and give its events, ready to record.

    `file` is a path (of UTF-8, with or without a byte order mark) or an open text file. Its first row names the
    columns; `member`, `name`, `start` and `end` say which ones are meant, and `name=None` or `end=None` that there
    is none. Several rows of one member are rejoinings. A blank end means that the member is one still. Dates may
    be rough, as everywhere (`2021`, `2021-11`, `2020/2022-05`).

    All other columns become attributes of the joining, as far as their cells are not blank; `attributes` names
    those to take instead, and `attributes=()` takes none.

    **Find out what the file means by an end.** Here it is the first day *without* membership: `2020-02-01` for one
    who was a member on the day before, and on that day no longer. In many files it is the last day *inside*
    (`2020-01-31`): pass `end_inclusive=True`, and every leaving is recorded a day later than its cell says. Nothing
    in a file shows which of the two it is, and each count is wrong by a day if the wrong one is chosen.

    A blank start is refused, since no day is invented; `unknown_start` gives the rough date that stands for all of
    them, such as `"[..1990]"`, not after 1990.

    The events come in an order in which they can be recorded, by day. Where rough dates of one member's rows
    overlap, the order of the rows decides. A row that says the same as another one is wrong, since it may be a slip.
    `Initiative.record_sheet` records them, and once only, however often the file is read.

    Raises `BadInput` with all that is wrong, by row and column, and `OSError` for a file that cannot be opened. With
    `lenient=True` a row that is wrong is set aside in `rejected` of what is given; so is a spell that overlaps one
    that is not.

    >>> from io import StringIO
    >>> text = "member,name,start,end,country\nuk,United Kingdom,1973-01-01,2020-02-01,GBR\nfr,France,1958,,FRA\n"
    >>> events = spells(StringIO(text))
    >>> [(type(event).__name__, event.member, event.effective.text) for event in events]
    [('MemberJoined', 'fr', '1958'), ('MemberJoined', 'uk', '1973-01-01'), ('MemberLeft', 'uk', '2020-02-01')]
    >>> events[0].name, events[0].attributes
    ('France', Attributes({'country': 'FRA'}))
    """
    require_delimiter(delimiter)
    if isinstance(attributes, str) or not isinstance(attributes, Sequence | None):
        raise BadInput(f"attributes={shown(attributes)} must be several names of columns in a list or a tuple")
    require_flag(end_inclusive, "end_inclusive", "every leaving hangs on it")
    require_flag(lenient, "lenient", "what is wrong is refused or set aside")
    require_names({"member": member, "start": start}, {"name": name, "end": end})
    rough = None if unknown_start is None else When.of(unknown_start)
    label, lines = opened(file)
    sheet = _SpellSheet(label, lenient, delimiter)
    with lines as read:
        rows = sheet.rows(read)
        columns = next(rows, (0, {}))[1]  # the first row names itself
        known = [column for column in (member, name, start, end) if column is not None]
        others = [column for column in columns if column not in known] if attributes is None else attributes
        require_columns(label, columns, [*known, *others], "start='member_since'", {"name": name, "end": end})
        _require_attributes(label, others)
        found: dict[str, list[_Spell]] = defaultdict(list)
        for row in rows:
            spell = sheet.spell(row, _Columns(member, name, start, end), others, rough, inclusive=end_inclusive)
            if spell is not None:
                found[spell.joined.member].append(spell)
    timed = [one for of_member in found.values() for one in sheet.in_order(of_member)]
    return sheet.table((row, event) for _, row, event in sorted(timed, key=lambda one: one[0]))


class _Columns(NamedTuple):
    """Which column is which."""

    member: str
    name: str | None
    start: str
    end: str | None


class _Spell(NamedTuple):
    """One row: a joining, and the leaving that ended it."""

    row: int
    joined: MemberJoined
    left: MemberLeft | None

    @property
    def over(self) -> date:
        """The first day on which it can be over."""
        return max(self.joined.effective.earliest, self.left.effective.earliest) if self.left else date.max

    @property
    def begun(self) -> date:
        """The last day on which it can begin."""
        latest = self.joined.effective.latest
        return min(latest, self.left.effective.latest) if self.left else latest


class _SpellSheet(Sheet):
    """A sheet whose rows are spells."""

    def spell(
        self,
        row: Row,
        columns: _Columns,
        attributes: Iterable[str],
        unknown_start: When | None,
        *,
        inclusive: bool,
    ) -> _Spell | None:
        """Read one row; None if something is wrong with it, which is noted."""

        def read(column: str | None, reads: Callable[[str], T]) -> T | None:
            return self.read(row, column, lambda cell: reads(cell.strip()))

        member, name, start, end = columns
        of = read(member, lambda cell: require_id(cell, "the member"))
        called = read(name, lambda cell: require_id(cell, "the name") if cell else None)
        since = read(start, lambda cell: _start(cell, unknown_start))
        until = read(end, lambda cell: _end(cell, inclusive=inclusive) if cell else None)
        given = {one: read(one, lambda cell: require_line(cell, "the attribute")) for one in attributes}
        if since is not None and until is not None:
            read(end, lambda cell: _require_some_day(since, until, cell))
        if row[0] in self.problems or of is None or since is None:
            return None
        joined = MemberJoined(of, since, name=called, attributes={one: cell for one, cell in given.items() if cell})
        return _Spell(row[0], joined, None if until is None else MemberLeft(of, until))

    def in_order(self, spells: Iterable[_Spell]) -> Iterator[tuple[date, int, Event]]:
        """Put the spells of one member in order, and give each event with the day to sort it by, and its row.

        As in a register (`model.registers`), each is inserted just before the first one that cannot be over when
        it begins, else at the end; and there too if neither can be over when the other begins, which is a problem of
        the second.
        """
        ordered: list[_Spell] = []
        over: list[date] = []  # the running maximum
        for spell in self._told_once(spells):
            place = bisect_right(over, spell.begun)
            if place < len(ordered) and ordered[place].begun < spell.over:
                place = len(ordered)
            ordered.insert(place, spell)
            over.insert(place, max(spell.over, over[place - 1] if place else date.min))
            for later in range(place + 1, len(over)):
                if over[later] >= over[later - 1]:
                    break
                over[later] = over[later - 1]
        day, last = date.min, None  # the one that is over last of those before
        for spell in ordered:
            if last is not None and (last.left is None or spell.begun < last.over):
                self.note(spell.row, _overlap(last, spell))
                continue
            if last is None or last.over <= spell.over:
                last = spell
            for event in (spell.joined, spell.left):
                if event is not None:
                    day = max(day, event.effective.earliest)
                    yield day, spell.row, event

    def _told_once(self, spells: Iterable[_Spell]) -> Iterator[_Spell]:
        """Leave out what says the same as another row, which is a problem of the later one."""
        rows: dict[tuple[MemberJoined, MemberLeft | None], int] = {}
        for spell in spells:
            first = rows.setdefault((spell.joined, spell.left), spell.row)
            if first == spell.row:
                yield spell
            else:
                self.note(spell.row, f"row {spell.row} says the same as row {first}: remove one of them")


def _require_attributes(label: str, attributes: Iterable[str]) -> None:
    try:
        Attributes(dict.fromkeys(attributes))
    except BadInput as error:
        raise BadInput(f"{label}: {error}; or name the columns to take, as in attributes=['country']") from None


def _start(cell: str, unknown: When | None) -> When:
    if cell:
        return When.of(cell)
    if unknown is None:
        raise BadWhen(
            "it is blank: write the date, roughly where it is not known (2021, 2020/2022, [..2019]), "
            "or say what stands for all such rows (unknown start)"
        )
    return unknown


def _end(cell: str, *, inclusive: bool) -> When:
    end = When.of(cell)
    if not inclusive:
        return end
    if end.latest == date.max:
        raise BadWhen(f"{shown(cell)} may be the last day there is, and nobody leaves after it: leave the cell blank")
    latest = end.latest + _ONE_DAY
    if end.exact:
        text = latest.isoformat()
    elif end.earliest == date.min:
        text = f"[..{latest}]"
    else:
        text = f"{end.earliest + _ONE_DAY}/{latest}"
    return When(text + end.qualifier)


def _require_some_day(start: When, end: When, cell: str) -> None:
    if end.latest < start.earliest:
        raise BadWhen(f"{shown(cell)} lies before the start, {shown(start.text)}: check both dates")
    if start.exact and start.latest == end.latest:
        raise BadWhen(
            f"{shown(cell)} is the day of the start too, so the member was one on no day: if an end is the last day "
            "inside, say so of all of them (end inclusive); else remove the row"
        )


def _overlap(before: _Spell, spell: _Spell) -> str:
    until = f"until {before.left.effective}" if before.left else "without an end"
    return (
        f"row {spell.row}: {spell.joined.member!r} joins {spell.joined.effective}, and row {before.row} says that it "
        f"was a member from {before.joined.effective} {until}: correct the dates or make them one row; where rough "
        "dates overlap, put the rows in the order in which things happened"
    )
