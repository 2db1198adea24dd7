"""What a lake should answer, by the states of the ledgers that it was written from, and what it does answer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import islice

from attrs import frozen

from ledger import (
    InitiativeClosed,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    Total,
    relations,
)
from ledger.model.errors import NotAdditive, Overlapping, UnknownInitiative, UnknownMetric
from ledger.model.units import base_of
from ledger.testing import ledger_of

COUNTED = ("members", "reporting", "missing", "possible_members", "possibly_missing")


def rows_of(expression):
    """Ask, and give the rows in whatever order, each without where it is from."""
    return sorted((tuple(row.values()) for row in expression.to_pyarrow().to_pylist()), key=repr)


def states(book, days, known_at):
    """Give the state of each initiative, which had records by then, on each of some days."""
    for id in book.initiatives():
        for at in days:
            try:
                yield book.initiative(id).at(at, known_at=known_at)
            except UnknownInitiative:
                continue


def members(book, days, known_at, name=""):
    """The rows of `relations.members`."""
    found = []
    for state in states(book, days, known_at):
        for view, certain in ((state.members, True), (state.possible_members, False)):
            found += [(state.at, name, state.initiative, id, one.name, certain) for id, one in view.items()]
    return sorted(found, key=repr)


def counts(book, days, known_at, by=None, name=""):
    """The rows of `relations.counts`."""
    found = []
    for state in states(book, days, known_at):
        figures = {None: state.count()} if by is None else state.count(by=by)
        for group, figure in figures.items():
            if figure.amount.high:
                keys = (state.at, name, state.initiative, *([] if by is None else [group]))
                found.append((*keys, figure.amount.low, figure.amount.high))
    return sorted(found, key=repr)


def totals(book, metric, days, known_at, by=None, members_at=None, name=""):
    """The rows of `relations.totals`; of those that are refused the reason is kept, and nothing else."""
    found = []
    for state in states(book, days, known_at):
        keys = (state.at, name, state.initiative)
        try:
            figure = state.measure(Total(metric, members_at=members_at), by=by)
        except UnknownMetric:
            continue
        except NotAdditive:
            found.append((*keys, "not additive"))
            continue
        except Overlapping:
            found.append((*keys, "overlap"))
            continue
        for group, one in {None: figure}.items() if by is None else figure.items():
            found.append((*keys, *([] if by is None else [group]), *_told(one)))
    return sorted(found, key=repr)


def asked_totals(expression):
    """The same of what an engine answers."""
    found = set()
    for row in expression.to_pyarrow().to_pylist():
        reason = row.pop("refused")
        if reason is None:
            found.add(tuple(row.values()))
        else:
            assert (row["low"], row["high"]) == (None, None)
            if "group" not in row:  # where it is refused, nothing is said of who is in which group
                found.add((row["at"], row["ledger"], row["initiative"], reason))
    return sorted(found, key=repr)


def _told(figure):
    ends = figure.amount.base if figure.has_value else (None, None)
    base = base_of(figure.amount.unit)
    numbers = [len(getattr(figure, name)) for name in COUNTED]
    return *ends, base, figure.has_value, figure.complete, figure.oldest, *numbers


DAYS = tuple(f"{year}-{month}-15" for year in range(2019, 2024) for month in ("03", "09"))
_WHENS = ("2019", "2020-03", "2020-03-15", "2021/2022-06", "[..2020]", "2021-09-15", "2022-01-01", "2023~")
_AMOUNTS = ("3 kt", "-2 kt", ">= 1 kt", "<= 4 kt", "1..5 kt", "-3..2 kt", "<= -1 kt", "0 kt", "0.000001 t", None)
_MEMBERS = tuple(f"m{number}" for number in range(6))


def fixed_ledger(initiatives=40, seed=7):
    """A ledger of initiatives that were given anything in any order: the same ones each time.

    In every fourth members come to be part of one another, so that most of its totals are refused.
    """
    draw = random.Random(seed)
    batches = []
    position = 0
    for number in range(initiatives):
        id, standing = f"i{number:02}", []  # those that can be retracted: of earlier batches, and once only
        for _ in range(draw.randrange(1, 9)):
            batch, new = [], []
            for _ in range(draw.randrange(1, 7)):
                position += 1
                batch.append(_event(draw, standing, is_parted=number % 4 == 0))
                if not isinstance(batch[-1], RecordRetracted):
                    new.append(f"r{position}")
            batches.append((id, *batch))
            standing += new
    return ledger_of(*batches)


def _event(draw, standing, *, is_parted):
    member, when = draw.choice(_MEMBERS), draw.choice(_WHENS)
    country = {"country": draw.choice(["Spain", "Peru", None])} if draw.random() < 0.5 else {}
    others = [one for one in _MEMBERS if one != member]
    part_of = draw.choice(others) if is_parted and draw.random() < 0.3 else None
    kind = draw.randrange(12)
    if kind == 0 or not standing:
        return MetricDefined(draw.choice(["co2", "gain", "rank"]), "t", additive=draw.random() < 0.8)
    if kind == 1:
        return RecordRetracted(standing.pop(draw.randrange(len(standing))))
    if kind == 2:
        return MemberLeft(member, when)
    if kind == 3:
        return draw.choice([MemberSuspended, MemberReinstated])(member, when)
    if kind == 4:
        return InitiativeClosed(when) if draw.random() < 0.1 else MemberChanged(member, when, attributes=country)
    if kind < 8:
        return MemberJoined(member, when, name=draw.choice(["", "A"]) + member, attributes=country, part_of=part_of)
    return MetricUpdated(draw.choice(["co2", "gain"]), when, draw.choice(_AMOUNTS), member=member)


@frozen
class Question:
    """A question of a ledger and of its lake, which must have the same answer."""

    name: str
    known_at: int | None  # of the records of the fixed ledger, the part that was known by then
    terms: Mapping[str, str]

    def __str__(self):
        return " ".join(
            [self.name, *self.terms.values(), *([] if self.known_at is None else [f"at {self.known_at} %"])]
        )

    def require(self, book, lake):
        known_at = None
        if self.known_at is not None:
            *_, newest = islice(book.records(), book.head.size * self.known_at // 100)
            known_at = newest.recorded_at
        expected = globals()[self.name](book, days=DAYS, known_at=known_at, **self.terms)
        asked = getattr(relations, self.name)(lake, at=DAYS, known_at=known_at, **self.terms)
        if self.name == "totals":
            is_grouped = "by" in self.terms
            expected = [one for one in expected if not is_grouped or one[-1] not in relations.REFUSED]
            assert asked_totals(asked) == expected
        else:
            assert rows_of(asked) == expected
        assert len(expected) > 20


QUESTIONS = [
    Question(name, known_at, terms)
    for name, terms in [
        ("members", {}),
        ("counts", {}),
        ("counts", {"by": "country"}),
        ("totals", {"metric": "co2"}),
        ("totals", {"metric": "gain", "by": "country"}),
        ("totals", {"metric": "gain", "members_at": "2021-01-01"}),
    ]
    for known_at in (None, 60)
]
"""What is asked of the fixed ledger, on every engine."""
