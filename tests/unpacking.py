"""The data of a time machine page, read as its script reads it."""

from __future__ import annotations

import json
import re
from datetime import date


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
        owners = [one for one, many in enumerate(table["many"]) for _ in range(many)]
        first, since, cell = (_summed(table[name]) for name in ("first", "since", "cell"))
        columns = [owners, first, table["days"], since, table["moments"], cell]
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

    def figures(self, at: date, moment: int) -> dict[int, list[str]]:
        return {number: self.told(cell) for number, cell in self.looked_up(self.data["figures"], at, moment).items()}

    def told(self, cell: str | list[str]) -> list[str]:
        """An amount, its envelope, and a note."""
        if not isinstance(cell, str):
            return cell
        amount, *envelope = [re.sub(r"~(\d+)$", self._unit, one) for one in cell.split("|")]
        return [amount, *(one or f">= {amount}" for one in envelope), *[""] * (2 - len(envelope))]

    def _unit(self, found: re.Match) -> str:
        return f" {self.data['units'][int(found[1])]}"


def _summed(steps: list[int]) -> list[int]:
    sums, total = [], 0
    for step in steps:
        total += step
        sums.append(total)
    return sums
