"""The founding case: an initiative that had 8 members, and 17 from 20 January 2023 on.

Run it, and it records what a press release of that day says, and asks how many members there were the day
before and on the day. Then other sources are found, which say when the 8 had joined: the rough dates are
corrected, and what was known before can still be asked. At last the figures of the press release are held
against the record. It keeps the ledger in a file, `industrial-clusters.db`, or the path you give. Run it again:
the ids make every batch a retry, so nothing is recorded twice.
"""

import sys
from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

import ledger
from ledger import (
    Claim,
    Distinct,
    InitiativeLaunched,
    InitiativeState,
    Joined,
    MemberJoined,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Total,
    Value,
)
from ledger.model.wording import worded

PRESS_RELEASE = "Eurasia Review, 2023-01-20"
EARLIER_NEWS = "names: Eurasia Review, 2023-01-20; countries: energynews.biz and millenniumpost.in, May 2022"
THE_DAY = "2023-01-20"
BY = "examples/industrial_clusters.py"

# The press release names these eight as members already, of an initiative launched in 2021, and gives no
# joining day. So each joined on some day from the launch to the day before the release: no date is invented.
EARLIER = [
    ("brightlands", "Brightlands Circular Space", "Netherlands", "Europe"),
    ("h2houston", "H2Houston Hub", "United States", "North America"),
    ("ohio", "Ohio Clean Hydrogen Hub Alliance", "United States", "North America"),
    ("antwerp-bruges", "Port of Antwerp-Bruges", "Belgium", "Europe"),
    ("humber", "Zero Carbon Humber", "United Kingdom", "Europe"),
    ("hynet", "HyNet North West", "United Kingdom", "Europe"),
    ("kwinana", "Kwinana Industries Council", "Australia", "Oceania"),
    ("basque", "Basque Net-Zero Industrial Supercluster", "Spain", "Europe"),
]
# Other sources narrow that down: these four took part from November 2021 on, the other four were announced
# on a Tuesday in May 2022.
FROM_THE_START = ["humber", "hynet", "kwinana", "basque"]
ANNOUNCED_LATER = ["brightlands", "h2houston", "ohio", "antwerp-bruges"]
FINDINGS = [
    (FROM_THE_START, "2021-11", "spri.eus, November 2021; energynews.biz, May 2022"),
    (ANNOUNCED_LATER, "2022-05-24", "millenniumpost.in, 2022-05-25; energynews.biz, May 2022"),
]
NEW = [
    ("andalusia", "Andalusian Green Hydrogen Valley", "Spain", "Europe"),
    ("canary-islands", "Canary Islands Industrial Cluster", "Spain", "Europe"),
    (
        "st-louis-illinois",
        "Greater St Louis and Illinois Regional Clean Hydrogen Hub Industrial Cluster",
        "United States",
        "North America",
    ),
    ("inbc", "Indo-Pacific Net-zero Battery-Materials Consortium", "Indonesia", "Asia"),
    ("jababeka", "Jababeka Net-Zero Industrial Cluster", "Indonesia", "Asia"),
    ("kawasaki", "Kawasaki Carbon Neutral Industrial Complex", "Japan", "Asia"),
    ("national-capital", "National Capital Hydrogen Center", "United States", "North America"),
    ("ordos", "Ordos-Envision Net Zero Industrial Park", "China", "Asia"),
    ("sanjiang", "Sanjiang New Area Industrial Park", "China", "Asia"),
]


def joinings(members: Sequence[tuple[str, str, str, str]], effective: str) -> list[MemberJoined]:
    return [
        MemberJoined(id, effective, name=name, attributes={"country": country, "continent": continent})
        for id, name, country, continent in members
    ]


def record_press_release(clusters: ledger.Initiative) -> None:
    name = "Transitioning Industrial Clusters towards Net Zero"
    beginnings = [
        InitiativeLaunched("2021", name=name, supporters=["Accenture", "EPRI"]),
        MetricDefined("co2", "Mt/year", title="CO2 emitted", nonnegative=True),
        MetricDefined("jobs", "million people", title="People employed", nonnegative=True),
        MetricDefined("gdp", "billion USD/year", title="Contribution to GDP", nonnegative=True),
        MetricDefined(
            "share",
            "percent",
            title="Share of the world's CO2 emissions that comes from industrial clusters",
            additive=False,
            nonnegative=True,
        ),
    ]
    figures = [
        MetricUpdated("co2", THE_DAY, "451 Mt/year"),
        MetricUpdated("jobs", THE_DAY, "> 2.7 million people"),
        MetricUpdated("gdp", THE_DAY, "218 billion USD/year"),
        MetricUpdated("share", THE_DAY, "15..20 percent", quality="estimated"),
    ]
    reports = [
        ReportPublished("first-report", f"2021/{THE_DAY}", title=name),
        ReportPublished(
            "white-paper",
            f"2021/{THE_DAY}",
            title=f"{name}: National Policy Enablement for Industrial Decarbonization",
            kind="white paper",
        ),
        ReportPublished(
            "press-release",
            THE_DAY,
            title="Nine industrial clusters join the initiative",
            kind="press release",
            claims=[
                Claim(Members(), "17"),
                Claim(Joined(THE_DAY), "9"),
                Claim(Distinct("country"), "9"),
                Claim(Distinct("continent"), "4"),
                Claim(Total("co2"), "451 Mt/year"),
                Claim(Total("jobs"), "> 2.7 million people"),
                Claim(Total("gdp"), "218 billion USD/year"),
            ],
        ),
    ]
    record(clusters, "beginnings", beginnings, PRESS_RELEASE)
    record(clusters, "earlier members", joinings(EARLIER, "2021/2023-01-19"), EARLIER_NEWS)
    record(clusters, "press release", [*joinings(NEW, THE_DAY), *figures, *reports], PRESS_RELEASE)


def record(clusters: ledger.Initiative, batch: str, events: Sequence[ledger.Event], source: str) -> None:
    clusters.record(*events, source=source, by=BY, ids=ids_of(batch, len(events)))


def correct_joining_dates(clusters: ledger.Initiative) -> ledger.Record:
    """Correct the rough dates of the eight by what was found later, and give the first record of that."""
    joined = dict(zip((id for id, *_ in EARLIER), ids_of("earlier members", len(EARLIER)), strict=True))
    corrections = [
        clusters.correct(
            joined[member], effective=effective, reason="the joining date was found in other sources",
            source=source, by=BY, ids=ids_of(f"joining date of {member}", 2),
        )
        for members, effective, source in FINDINGS
        for member in members
    ]  # fmt: skip
    return corrections[0][0]


def ids_of(batch: str, count: int) -> list[str]:
    # made from the name of the batch and the place in it: recorded again, it is a retry, not a copy
    return [str(uuid5(NAMESPACE_URL, f"industrial-clusters/{batch}/{place}")) for place in range(count)]


def show(states: Sequence[InitiativeState]) -> None:
    rows = {
        "members": Members(),
        "  of them joined on 2023-01-20 or later": Joined(THE_DAY),
        "countries": Distinct("country"),
        "continents": Distinct("continent"),
        "CO2, as stated for all": Value("co2"),
        "CO2, summed over members": Total("co2"),
        "people employed, as stated for all": Value("jobs"),
        "GDP, as stated for all": Value("gdp"),
    }
    print(f"{'':40}" + "".join(f"{state.at!s:>22}" for state in states))
    for title, measure in rows.items():
        print(f"{title:40}" + "".join(f"{cell(state.measure(measure)):>22}" for state in states))


def cell(figure: ledger.Figure) -> str:
    if figure.complete:
        return str(figure.amount)
    if isinstance(figure.measure, Value):
        return "not stated yet"
    return f"{len(figure.reporting)} of {len(figure.members)} report"


def main(path: str = "industrial-clusters.db") -> None:
    with ledger.open(path) as book:
        clusters = book.initiative("industrial-clusters")
        record_press_release(clusters)
        before = correct_joining_dates(clusters).position - 1  # the last position of what the press release says
        states = [clusters.at(day, known_at=before) for day in ("2021-12-31", "2023-01-19", THE_DAY)]
        print(f"{states[-1].name}, supported by {' and '.join(states[-1].supporters)}\n")
        show(states)
        print(f"\n{len(states[1])} members the day before, {len(states[2])} on the day. By continent, on the day:")
        for continent, count in states[2].count(by="continent").items():
            print(f"  {continent:15}{count!s:>3}")
        print("\nLater sources say when the eight had joined. Members, as known before and after they were found:")
        for day in ("2021-10-31", "2021-12-31", "2022-05-23", "2022-05-24", "2023-01-19"):
            then, now = clusters.at(day, known_at=before).count(), clusters.at(day).count()
            print(f"  {day}{then!s:>8}{now!s:>6}")
        print("\nWhat the press release claims, held against the record:")
        for finding in clusters.audit("press-release"):
            print(f"  {finding.verdict:14}{finding.amount!s:>22}  {worded(finding.measure)}: {cell(finding.figure)}")
    print(f"\nThe ledger is kept in {path}: open it again with ledger.open({path!r}), or with sqlite3.")


if __name__ == "__main__":
    main(*sys.argv[1:2])
