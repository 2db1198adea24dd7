"""Columns: what the tables of results have, declared once.

The rows of `to_rows` and of the command line, data frames (`frames`) and the tables of a notebook (`notebook`) are all
made of these; `tables` says which table a result is.

A day that may be rough is a text, as it was typed. In data frames, where days are compared, two more columns give the
first and the last day that it can be, both inclusive: `since_earliest` and `since_latest`, `effective_earliest` and
`effective_latest`; the first is missing where nothing bounds it. A notebook leaves out what only programs read, such as
ids of records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any, Final, cast

from attrs import evolve, field, frozen

from ledger.model.members import Member
from ledger.model.records import Record, RecordRef
from ledger.model.when import When, window_text
from ledger.model.wording import headed
from ledger.queries.findings import Finding, basis
from ledger.queries.why import Part

TEXT: Final = "text"
INTEGER: Final = "integer"
NUMBER: Final = "exact number"
DAY: Final = "day"
INSTANT: Final = "instant"
FLAG: Final = "flag"
TEXTS: Final = "list of texts"
PLAIN: Final = "text, or what JSON makes of lists and objects"

FRAMES: Final = 1
"""A column of data frames alone: it says as days what another one says as text."""
ROWS: Final = 2
"""A column for programs: of rows and data frames."""
NOTEBOOKS: Final = 3
"""A column for everybody, also in a notebook."""


@frozen
class Column:
    """A column: its name, its type, what it is `of` a thing, and how far it is shown: to `FRAMES`, `ROWS`, `NOTEBOOKS`.

    Unless it says something else it is the attribute of the thing that is called as it is.
    """

    name: str
    type: str
    of: Callable[[Any], object] = field()
    shown: int = NOTEBOOKS
    members: bool = False
    """Does a cell name members, of whom there may be thousands?"""

    @of.default
    def _attribute_of_its_name(self) -> Callable[[Any], object]:
        return attrgetter(self.name)

    def counts(self, thing: Any) -> int:
        """Say how many members the cell of a thing names."""
        return len(cast("list[str]", self.of(thing)))


def within(place: int, columns: Iterable[Column]) -> tuple[Column, ...]:
    """Give the columns of something that stands at this place of a tuple.

    >>> [column.of(("certain", 3 + 4j)) for column in within(1, [Column("imag", NUMBER)])]
    [4.0]
    """
    return tuple(evolve(column, of=_of_part(place, column.of)) for column in columns)


def _of_part(place: int, of: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda thing: of(thing[place])


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _bounded(day: date | None) -> date | None:
    return None if day == date.min else day


# -- members: a row is of a standing and a member


def _since(member: Member) -> str | None:
    if member.joined_from is None or member.joined_by is None:
        return None
    return window_text(member.joined_from, member.joined_by)


def _uncertain(member: Member) -> str:
    # since when it has a name that is the only one needs no word: it is called by that
    told = [one for one in member.uncertain if one != ("name", (None, member.name))]
    return "; ".join(f"{what}: {' or '.join(map(_possible, options))}" for what, options in told)


def _possible(text: str | None) -> str:
    return "nothing" if text is None else text


BEFORE_ATTRIBUTES: Final = (
    *within(1, [Column("id", TEXT), Column("name", TEXT)]),
    Column("status", TEXT, itemgetter(0)),
    *within(
        1,
        [
            Column("since", TEXT, _since),
            Column("since_earliest", DAY, lambda member: _bounded(member.joined_from), FRAMES),
            Column("since_latest", DAY, attrgetter("joined_by"), FRAMES),
            Column("part_of", TEXT),
        ],
    ),
)
AFTER_ATTRIBUTES: Final = within(1, [Column("uncertain", TEXT, _uncertain)])


def member_columns(attributes: Iterable[str]) -> tuple[Column, ...]:
    """Give the columns of members who have these attributes.

    `since` is the day of the latest joining, a span of days where it is rough. `uncertain` names what is not known for
    certain, with everything that it can be. An attribute that is called like another column stands as `attribute name`,
    and so does one whose name begins like that.

    >>> [column.name for column in member_columns(["country", "name"]) if column.shown >= ROWS]
    ['id', 'name', 'status', 'since', 'part_of', 'country', 'attribute name', 'uncertain']
    """
    others = {column.name for column in (*BEFORE_ATTRIBUTES, *AFTER_ATTRIBUTES)}
    own = []
    for name in attributes:
        alike = name in others or name.startswith("attribute ")
        own.append(Column(f"attribute {name}" if alike else name, TEXT, _attribute(name)))
    return (*BEFORE_ATTRIBUTES, *within(1, own), *AFTER_ATTRIBUTES)


MEMBER: Final = (
    Column("statuses", TEXTS, lambda member: list(member.statuses)),
    Column("values", PLAIN, lambda member: {metric: str(amount) for metric, amount in member.values}),
)
"""Of a member by itself, which has no standing but the statuses that it can have."""


def _attribute(name: str) -> Callable[[Member], str | None]:
    return lambda member: member.attributes.get(name)


# -- figures

GROUP: Final = Column("group", TEXT)

POINT: Final = (
    Column("low", NUMBER),
    Column("high", NUMBER),
    Column("unit", TEXT),
    Column("complete", FLAG),
)
"""Of a figure along the days, and as it was believed: an end is missing where it is open, or where no value exists."""

ENVELOPE: Final = (Column("envelope_low", NUMBER), Column("envelope_high", NUMBER))
"""Of the same, where values can be missing: the ends of the amount with each of them taken as all that it can be."""

FIGURE: Final = (
    Column("measure", TEXT, lambda figure: headed(figure.measure), ROWS),
    Column("at", DAY, shown=ROWS),
    Column("basis", DAY, shown=ROWS),
    Column("low", NUMBER, lambda figure: figure.ends[0]),
    Column("high", NUMBER, lambda figure: figure.ends[1]),
    Column("unit", TEXT, attrgetter("amount.unit")),
    Column("complete", FLAG),
    Column("members", INTEGER, lambda figure: len(figure.members)),
    Column("reporting", INTEGER, lambda figure: len(figure.reporting)),
    Column("missing", TEXTS, lambda figure: list(figure.missing), members=True),
    Column("possible_members", TEXTS, lambda figure: list(figure.possible_members), members=True),
    Column("possibly_missing", TEXTS, lambda figure: list(figure.possibly_missing), members=True),
    Column("envelope_low", NUMBER, attrgetter("envelope.low"), ROWS),
    Column("envelope_high", NUMBER, attrgetter("envelope.high"), ROWS),
    Column("oldest", DAY, lambda figure: _bounded(figure.oldest)),
)
"""`members` counts those who certainly count, `reporting` those of them whose value is certain; others are named.

An end is missing where it is open, or where no value exists.
"""

CONTRIBUTION: Final = (
    Column("member", TEXT),
    Column("low", NUMBER, attrgetter("amount.low")),
    Column("high", NUMBER, attrgetter("amount.high")),
    Column("unit", TEXT, attrgetter("amount.unit")),
    Column("certain", FLAG),
    Column("missing", FLAG),
    Column("values", TEXTS, lambda part: list(part.values)),
    Column("records", TEXTS, lambda part: _ids(part.records), ROWS),
)
"""What a member adds to a figure: an end is missing where it is open."""

AT: Final = Column("at", DAY)
KNOWN: Final = (Column("known_at", INSTANT), Column("position", INTEGER))


# -- changes, and why


def _ids(refs: Iterable[RecordRef]) -> list[str]:
    return [ref.id for ref in refs]


def _records_of(part: Part | None) -> list[str]:
    return [] if part is None else _ids(part.records)


CHANGE: Final = (
    Column("kind", TEXT),
    Column("subject", TEXT, shown=ROWS),
    Column("id", TEXT),
    Column("aspect", TEXT, shown=ROWS),
    Column("name", TEXT),
    Column("before", PLAIN),
    Column("after", PLAIN),
    Column("records_before", TEXTS, shown=ROWS),
    Column("records_after", TEXTS, shown=ROWS),
    Column("vanished", FLAG),
    Column("implied", FLAG, shown=ROWS),
)
"""As `Change.to_dict` gives them; where several values are possible, `before` and `after` are lists."""

EFFECT: Final = (
    Column("kind", TEXT),
    Column("subject", TEXT),
    Column("before", TEXT, lambda effect: _text(effect.before)),
    Column("after", TEXT, lambda effect: _text(effect.after)),
    Column("low_change", NUMBER),
    Column("high_change", NUMBER),
    Column("records_before", TEXTS, lambda effect: _records_of(effect.before), ROWS),
    Column("records_after", TEXTS, lambda effect: _records_of(effect.after), ROWS),
)
"""A change is missing where it is open."""

LINE: Final = (
    Column("kind", TEXT),
    Column("low", NUMBER),
    Column("high", NUMBER),
    Column("subjects", TEXTS, lambda line: list(line.subjects)),
    Column("note", TEXT),
)
UNIT: Final = Column("unit", TEXT, shown=ROWS)


# -- records


def _effective(record: Record) -> When | None:
    return getattr(record.event, "effective", None)


def _of_record(of: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda entry: of(entry.record)


EFFECTIVE: Final = (
    Column("effective", TEXT, lambda record: _text(_effective(record))),
    Column("effective_earliest", DAY, lambda record: _bounded(getattr(_effective(record), "earliest", None)), FRAMES),
    Column("effective_latest", DAY, lambda record: getattr(_effective(record), "latest", None), FRAMES),
)
RECORD: Final = (
    Column("position", INTEGER),
    Column("initiative", TEXT),
    Column("version", INTEGER, shown=ROWS),
    Column("id", TEXT, shown=ROWS),
    Column("recorded_at", INSTANT),
    Column("event", TEXT, lambda record: type(record.event).__name__),
    Column("member", TEXT, lambda record: getattr(record.event, "member", None)),
    Column("metric", TEXT, lambda record: getattr(record.event, "metric", None)),
    Column("report", TEXT, lambda record: getattr(record.event, "report", None)),
    Column("record", TEXT, lambda record: getattr(record.event, "record", None)),
    *EFFECTIVE,
    Column("source", TEXT),
    Column("by", TEXT),
    Column("note", TEXT),
    Column("replaces", TEXT, shown=ROWS),
)
"""Where it stands, what it is about, when it took effect, and who says so."""

ENTRY: Final = (
    Column("position", INTEGER, attrgetter("record.position")),
    Column("id", TEXT, attrgetter("record.id"), ROWS),
    Column("version", INTEGER, attrgetter("record.version"), ROWS),
    Column("event", TEXT, lambda entry: type(entry.record.event).__name__),
    Column("says", PLAIN),
    *(evolve(column, of=_of_record(column.of)) for column in EFFECTIVE),
    Column("recorded_at", INSTANT, attrgetter("record.recorded_at")),
    Column("source", TEXT),
    Column("retracted_by", TEXT, lambda entry: entry.retracted_by and entry.retracted_by.id),
    Column("replaced_by", TEXT, lambda entry: entry.replaced_by and entry.replaced_by.id),
)
"""Of a history; `says` is the event as it is stored."""

SHEET: Final = (
    Column("recorded", INTEGER, lambda done: len(done.records)),
    Column("already", INTEGER, lambda done: len(done.already)),
    Column("rejected", INTEGER, lambda done: len(done.rejected)),
)
"""What became of a sheet: records that were written, or were there already, and rows that were set aside."""


# -- claims, and sources that disagree


def _text_of_claim(finding: Finding) -> str | None:
    return finding.claim.text or None


def _basis(finding: Finding) -> str | None:
    return None if finding.holds_as is None else basis(finding.holds_as, finding.measure)


def _figure_when_published(finding: Finding) -> str | None:
    then = finding.when_published
    return None if then is None or then.figure is None else then.figure.amount.text


FINDING: Final = (
    Column("report", TEXT),
    Column("index", INTEGER, shown=ROWS),
    Column("measure", TEXT, lambda finding: headed(finding.measure)),
    Column("at", DAY),
    Column("claimed", TEXT, attrgetter("amount.text")),
    Column("verdict", TEXT),
    Column("figure", TEXT, lambda finding: finding.figure and finding.figure.amount.text),
    Column("envelope", TEXT, lambda finding: finding.figure and finding.figure.envelope.text, ROWS),
    Column("gap", TEXT, lambda finding: finding.gap and finding.gap.text, ROWS),
    Column("members", INTEGER, lambda finding: finding.figure and len(finding.figure.members), ROWS),
    Column("reporting", INTEGER, lambda finding: finding.figure and len(finding.figure.reporting), ROWS),
    Column("restated", FLAG),
    Column("verdict_when_published", TEXT, lambda finding: getattr(finding.when_published, "verdict", None), ROWS),
    Column("figure_when_published", TEXT, _figure_when_published, ROWS),
    Column("holds_at", DAY, shown=ROWS),
    Column("holds_as", TEXT, _basis, ROWS),
    Column("record", TEXT, lambda finding: finding.record and finding.record.id, ROWS),
    Column("text", TEXT, _text_of_claim),
    Column("sentence", TEXT),
)
"""Amounts are texts, as they were stated; each has a unit of its own."""

CONFLICT: Final = (
    Column("measure", TEXT, lambda conflict: headed(conflict.measure)),
    Column("metric", TEXT, shown=ROWS),
    Column("member", TEXT, shown=ROWS),
    Column("earliest", DAY, lambda conflict: _bounded(conflict.earliest)),
    Column("latest", DAY),
    Column("amounts", TEXTS, lambda conflict: [side.amount.text for side in conflict.sides]),
    Column("reports", TEXTS, lambda conflict: [side.report for side in conflict.sides]),
    Column("sources", TEXTS, lambda conflict: [side.record.source for side in conflict.sides]),
    Column("records", TEXTS, lambda conflict: _ids(side.record for side in conflict.sides), ROWS),
)
"""Its lists all go by its sides."""
