"""Drawn ledgers in which zeros are stated, values are missing, and what is claimed is held against several figures."""

from __future__ import annotations

from hypothesis import strategies as st

from ledger import (
    Claim,
    InitiativeLaunched,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
    Share,
    Total,
    Value,
)
from ledger.book import Ledger
from ledger.testing.ledgers import ledger_of
from ledger.testing.scripts import INITIATIVE

DAYS = ["2020-01-01", "2021-06-01", "2021/2022", "2022-03-01"]
METRICS = ["net", "gas"]
AMOUNTS = ["0 t", ">= 0 t", "<= 0 t", "0..3 t", ".. t", "5 t", None]
CLAIMED = ["0 t", "5 t", ">= 1 t", "1 kt"]
MEASURES = [Members(), *map(Total, METRICS), *map(Value, METRICS), Value("net", "ada")]


@st.composite
def stated_ledgers(draw: st.DrawFn) -> Ledger:
    """Draw one with two members and two metrics, of which much is stated in turn, of each and of all."""
    defined = [MetricDefined(metric, "t", nonnegative=draw(st.booleans())) for metric in METRICS]
    joined = [MemberJoined(id, draw(st.sampled_from(DAYS))) for id in ("ada", "bob")]
    batches = [(INITIATIVE, InitiativeLaunched("2019", name="Club"), *defined, *joined)]
    many, standing = 1 + len(defined) + len(joined), []  # the records that can be retracted
    for _ in range(draw(st.integers(1, 5))):
        if standing and draw(st.booleans()):
            wrong = standing.pop(draw(st.integers(0, len(standing) - 1)))
            batches.append((INITIATIVE, RecordRetracted(wrong, reason="wrong")))
            many += 1
        events = draw(st.lists(_events(), min_size=1, max_size=3))
        batches.append((INITIATIVE, *events))
        standing += [f"r{many + place}" for place, _ in enumerate(events, 1)]
        many += len(events)
    return ledger_of(*batches)


@st.composite
def _events(draw: st.DrawFn) -> object:
    day, kind = draw(st.sampled_from(DAYS)), draw(st.sampled_from("vvvvvvrrld"))
    metric = draw(st.sampled_from(METRICS))
    if kind == "v":
        amount = draw(st.sampled_from(AMOUNTS))
        return MetricUpdated(metric, day, amount,
                             member=draw(st.sampled_from(["ada", "bob", None])))  # fmt: skip
    if kind == "l":
        return MemberLeft("bob", "2022-06-01")
    if kind == "d":
        return MetricDefined(metric, draw(st.sampled_from(["t", "kt"])), nonnegative=draw(st.booleans()))
    claims = draw(st.lists(_claims(), min_size=1, max_size=3))
    return ReportPublished(draw(st.sampled_from(["r", "s"])), "2022-12-31", title=draw(st.sampled_from(["", "One"])),
                           claims=claims)  # fmt: skip


@st.composite
def _claims(draw: st.DrawFn) -> Claim:
    measure = draw(st.sampled_from([*MEASURES, Share(Total("net"), Value("net"))]))
    amount = draw(st.sampled_from(["2", "1..2", ">= 0"])) if isinstance(measure, Members | Share) else None
    return Claim(
        measure, amount or draw(st.sampled_from(CLAIMED)), at=draw(st.sampled_from(["2021-06-01", "2022-12-31"]))
    )
