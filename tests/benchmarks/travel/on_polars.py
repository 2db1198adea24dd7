"""Polars: a frame for each aspect, sorted so that the last row of a member is its latest.

Of the forms that were tried this was the fastest: lazy frames, and rows sorted by day, take longer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from travel.history import FACTS, Aspect, whole_batches
from travel.questions import FIGURES, MONTH_DAYS, SECTOR, SERIES, Answer, Question, series_of

_TYPES = {"seq": pl.Int32, "member": pl.Int16, "aspect": pl.Int8, "day": pl.Int16, "value": pl.Int32}


class GroupBy:
    """The last row of every member by `group_by`; the series by `join_asof`."""

    kinds = frozenset({*FIGURES, SERIES})

    def __init__(self, folder: Path, count: int) -> None:
        self._count = count
        facts = pl.read_csv(folder / FACTS, schema_overrides=_TYPES)
        columns = ("member", "day", "seq", "value")
        of_aspect = {aspect: facts.filter(pl.col.aspect == int(aspect)).select(columns) for aspect in Aspect}
        self._by_member = {aspect: one.sort("member", "day", "seq") for aspect, one in of_aspect.items()}
        self._by_day = {aspect: one.sort("day", "seq") for aspect, one in of_aspect.items()}
        months = pl.DataFrame({"day": MONTH_DAYS}, schema={"day": pl.Int16})
        members = self._by_day[Aspect.STATUS].select("member").unique()
        self._grid = months.join(members, how="cross").sort("day")

    def prepare(self, question: Question) -> Callable[[], object]:
        """Take whole batches."""
        if question.kind == SERIES:
            return self._series
        kind, day, known = question.kind, question.day, whole_batches(question.known, self._count)
        return lambda: self._figure(kind, day, known)

    def answer(self, question: Question, found: Any) -> Answer:
        """Take the numbers out of the rows."""
        return series_of(found.iter_rows()) if question.kind == SERIES else int(found)

    def _latest(self, aspect: Aspect, day: int, known: int) -> pl.DataFrame:
        asked = self._by_member[aspect].filter((pl.col.day <= day) & (pl.col.seq <= known))
        return asked.group_by("member").last()

    def _figure(self, kind: str, day: int, known: int) -> int:
        active = self._latest(Aspect.STATUS, day, known).filter(pl.col.value == 1)
        if kind == "members":
            return active.height
        if kind == "distinct":
            country = self._latest(Aspect.COUNTRY, day, known)
            return country.join(active, on="member", how="semi")["value"].n_unique()
        if kind == "where":
            sector = self._latest(Aspect.SECTOR, day, known).filter(pl.col.value == SECTOR)
            active = active.join(sector, on="member", how="semi")
        co2 = self._latest(Aspect.CO2, day, known)
        return int(co2.join(active, on="member", how="semi")["value"].sum())

    def _series(self) -> pl.DataFrame:
        status, co2 = (self._by_day[aspect].select("member", "day", "value") for aspect in (Aspect.STATUS, Aspect.CO2))
        found = self._grid
        for latest, name in ((status, "status"), (co2, "co2")):
            found = found.join_asof(latest.rename({"value": name}), on="day", by="member", check_sortedness=False)
        active = found.filter(pl.col.status == 1)
        return active.group_by("day").agg(pl.col.co2.sum()).sort("day")
