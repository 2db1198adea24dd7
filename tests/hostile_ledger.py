"""A ledger whose names, titles and notes try to be more than text, for the tests of whatever shows it."""

from __future__ import annotations

from hashlib import sha256

import ledger
from ledger import (
    Claim,
    InitiativeLaunched,
    MemberJoined,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Total,
    at_least,
    exactly,
)

EVIL = "<script>alert(1)</script>"


def fill(path):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        clusters.record(
            InitiativeLaunched("2021", name=f"Clusters {EVIL}"),
            MetricDefined("co2", "Mt/year", nonnegative=True), MetricDefined("rank", additive=False),
            MemberJoined("basque", "2021/2023-01-19", name="Basque", attributes={"country": "Spain"}),
            MemberJoined("evil", "2022-05-01", name=EVIL, attributes={"country": EVIL, "site": "https://a.example/x"}),
            MemberJoined("a&b", "2023-01-20", name="https://b.example"),
            MetricUpdated("co2", "2022-06-30", "> 0.1 Mt/year", member="evil"),
            MetricUpdated("rank", "2022-06-30", "3", member="evil"),
            source="https://a.example/pr?a=1&b=2",
        )  # fmt: skip
        claims = [Claim(Members(), exactly(3), text=EVIL), Claim(Total("co2"), at_least(1, "Mt/year")),
                  Claim(Members(), exactly(9))]  # fmt: skip
        clusters.record(
            ReportPublished("pr", "2023-02-01", title=EVIL, url="https://a.example/r.pdf", claims=claims),
            source="javascript:alert(1)", note=EVIL,
        )  # fmt: skip
        book.initiative("chess").record(MemberJoined("ada", "2020-09-01", name="Ada"), source="minutes")
    return path


def content(folder):
    """All files and what they hold, but for the two that SQLite makes for readers."""
    every = [one for one in folder.iterdir() if not one.name.endswith(("-wal", "-shm"))]
    return {one.name: sha256(one.read_bytes()).hexdigest() for one in every}
