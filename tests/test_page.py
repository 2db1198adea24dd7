"""The time machine holds, for every day and every moment of knowledge, what the library answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date

from hypothesis import given, settings

from ledger import (
    Members,
    Total,
    Value,
)
from ledger.faces.phrases import NO_FIGURE, Names, name_of, reason_of
from ledger.model.errors import (
    UnknownMetric,
)
from ledger.queries.checks import check
from ledger.testing.histories import breakpoints
from ledger.testing.ledgers import ledgers
from ledger.testing.scripts import INITIATIVE

EXAMPLES = settings.default.max_examples
STANDINGS = ("certain", "possible", "suspended")


class Unpacked:
    """The data of a page, read as its script reads it."""

    def __init__(self, page: str) -> None:
        (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
        assert not set(text) & {"<", ">", "&", "\u2028", "\u2029"}
        self.data = json.loads(text)
        self.days = _summed(self.data["days"])
        self.positions = _summed(self.data["moments"]["positions"])
        self.texts = self.data["texts"]

    def looked_up(self, table: dict, at: date, moment: int) -> dict[int, list]:
        place = max(number for number, day in enumerate(self.days) if day <= at.toordinal())
        names = ("who", "first", "days", "since", "moments", "cell")
        columns = [_summed(table["who"]), *(table[name] for name in names[1:])]
        found: dict[int, list] = {}
        for who, first, days, since, moments, cell in zip(*columns, strict=True):
            if first <= place < first + days and since <= moment and (moments == 0 or moment < since + moments):
                assert who not in found, "two rectangles overlap"
                found[who] = table["cells"][cell]
        return found

    def cards(self, at: date, moment: int) -> dict[str, list]:
        found = self.looked_up(self.data["cards"], at, moment)
        return {self.data["members"][who]: card for who, card in found.items()}

    def values(self, metric: str, at: date, moment: int) -> dict[str, list]:
        found = self.looked_up(self.data["values"][metric], at, moment)
        return {self.data["members"][who]: given for who, given in found.items()}


def _summed(steps: list[int]) -> list[int]:
    sums, total = [], 0
    for step in steps:
        total += step
        sums.append(total)
    return sums


def _measure(said: dict) -> Members | Total | Value:
    return {"members": lambda _: Members(), "total": Total, "value": Value}[said["kind"]](said.get("metric"))


def _told(state, measure, names) -> list | None:
    try:
        figure = state.measure(measure)
    except UnknownMetric:
        return None
    except NO_FIGURE as error:
        return ["", "", 0, reason_of(error, names)]
    return [str(figure.amount), "" if figure.complete else str(figure.envelope)]


def _hold_against_replay(initiative, unpacked: Unpacked) -> None:
    """See that what was packed is what the library answers, around each day of change and at each moment."""
    records = list(initiative.records())
    names = Names.of(initiative.at(date.max))
    days = sorted({date.min, *breakpoints(records), date.max})
    ends = [one.position for one, two in zip(records, [*records[1:], None], strict=True)
            if two is None or two.recorded_at != one.recorded_at]  # fmt: skip
    assert unpacked.positions == ends
    for moment, position in enumerate(ends, 1):
        for day in days:
            state = initiative.at(day, position)
            cards = unpacked.cards(day, moment)
            views = dict(zip(STANDINGS, (state.members, state.possible_members, state.suspended), strict=True))
            assert {id: STANDINGS[card[0]] for id, card in cards.items()} == {
                id: standing for standing, view in views.items() for id in view
            }
            for view in views.values():
                for id, member in view.items():
                    assert unpacked.texts[cards[id][1]] == name_of(member)
            _hold_groups(state, unpacked, cards)
            told = unpacked.looked_up(unpacked.data["figures"], day, moment)
            for number, said in enumerate(unpacked.data["measures"]):
                measure = _measure(said)
                expected = _told(state, measure, names)
                assert (told.get(number) or [None])[:1] == (expected or [None])[:1], (day, position, measure)
                if expected is not None:
                    assert [*told[number], "", 0, ""][1:2] == expected[1:2]
                    assert [*told[number], *["", 0, ""][len(told[number]) - 1 :]][3:] == [*expected, 0, ""][3:]
                if isinstance(measure, Total) and expected is not None and not expected[3:]:
                    _hold_coverage(state.measure(measure), cards, unpacked.values(measure.metric, day, moment))
    _hold_claims(initiative, unpacked, ends)


def _hold_groups(state, unpacked, cards) -> None:
    for place, attribute in enumerate(unpacked.data["attributes"]):
        low, high = Counter(), Counter()
        for card in cards.values():
            for group, surely in card[4][place]:
                low[None if group < 0 else unpacked.texts[group]] += surely
                high[None if group < 0 else unpacked.texts[group]] += 1
        found = state.count(by=attribute)
        assert {group: (figure.amount.low, figure.amount.high) for group, figure in found.items()} == {
            group: (low[group], high[group]) for group in high
        }


def _hold_coverage(figure, cards, given) -> None:
    found = {name: set() for name in ("members", "reporting", "missing", "possible_members", "possibly_missing")}
    oldest = []
    for id, card in cards.items():
        if card[0] == 2:
            continue
        _, lacking, day = given.get(id, [0, 1, 0])
        found["members" if card[0] == 0 else "possible_members"].add(id)
        if card[0] == 0 and not lacking:
            found["reporting"].add(id)
        if card[0] == 0 and id not in given:
            found["missing"].add(id)
        if lacking and (card[0] == 1 or id in given):
            found["possibly_missing"].add(id)
        oldest += [day] if day else []
    for name, who in found.items():
        assert set(getattr(figure, name)) == who, name
    assert (figure.oldest and figure.oldest.toordinal()) == min(oldest, default=None)


def _hold_claims(initiative, unpacked, ends) -> None:
    for moment, position in enumerate(ends, 1):
        state = initiative.at(date.max, position)
        expected = sorted(
            (report.title or id, str(claim.amount), check(claim, initiative.at(day, position)).verdict)
            for id, report in state.reports.items()
            for claim in report.claims
            for day in [claim.at or report.effective.earliest]
        )
        found = sorted(
            (report["title"], claim["amount"], one["verdict"])
            for report in unpacked.data["reports"]
            if report["since"] <= moment and (not report["until"] or moment < report["until"])
            for claim in report["claims"]
            for one in claim["found"]
            if one["since"] <= moment and (not one["until"] or moment < one["until"])
        )
        assert found == expected


@settings(max_examples=max(EXAMPLES // 4, 5))
@given(ledgers(bounds=True, retractions=True, closing=True, max_size=10))
def test_what_is_packed_is_the_replay_at_every_day_and_moment(book):
    initiative = book.initiative(INITIATIVE)
    _hold_against_replay(initiative, Unpacked(initiative.page()))


@settings(max_examples=max(EXAMPLES // 8, 3))
@given(ledgers(bounds=True, parts=True, max_size=8))
def test_so_it_is_where_members_are_part_of_one_another(book):
    initiative = book.initiative(INITIATIVE)
    _hold_against_replay(initiative, Unpacked(initiative.page()))
