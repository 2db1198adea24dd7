"""Summary: the same short document every time, which says what the state says, and whose text stays text."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import date, timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import ledger
from ledger import (
    Claim,
    Distinct,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    Joined,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
    Share,
    Total,
    Value,
    replay,
)
from ledger.faces.markup import _compiled, linked, markdown, plain
from ledger.faces.phrases import Names, days_of, quoted, reason_of, since_of
from ledger.faces.summary import Entry, _entry, summary
from ledger.model.errors import (
    BadInput,
    BadWhen,
    MissingExtra,
    NotAdditive,
    Overlapping,
    UnknownInitiative,
    UnknownMetric,
)
from ledger.model.facts import metric_of
from ledger.model.records import Record
from ledger.queries.checks import check
from ledger.queries.findings import Finding
from ledger.testing.histories import FIRST_INSTANT, breakpoints, histories, hostile_histories, questions
from ledger.testing.scripts import history_of
from ledger.testing.strategies import ids, names, texts

EXAMPLES = settings.default.max_examples  # of the profile

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
FORMATS = ["markdown", "html"]


class Read(HTMLParser):
    """What a reader sees of HTML: items, rows of tables, headings and paragraphs; and which tags there are."""

    BLOCKS = ("li", "p", "h1", "h2", "h3", "h4", "caption")

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.attributes, self.links = [], set(), set(), []
        self.rows, self.blocks = [], {block: [] for block in self.BLOCKS}
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href"]
            assert len(attrs) == 1
            return
        self.attributes |= {(tag, *pair) for pair in attrs}
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag in self.BLOCKS:
            self.blocks[tag].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in reversed(self.open):
            if tag in ("td", "th"):
                self.rows[-1][-1] += data
                return
            if tag in self.BLOCKS:
                self.blocks[tag][-1] += data
                return
        assert not data.strip() or "style" in self.open

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


@cache
def rendering(reader):
    """Render as `commonmark` says, or `gfm-like`, by which bare addresses of pages and of people become links."""
    return MarkdownIt(reader).render


def read(document, format):
    if format == "html":
        return Read(document)
    return Read(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(document))


class Replayed:
    """An initiative whose every state is a replay: any history will do, also one that the rules refuse."""

    def __init__(self, records):
        self._records = records

    def at(self, at, known_at=None):
        return replay(self._records, at=at, known_at=known_at)

    def records(self, *, after=0):
        return (record for record in self._records if record.position > after)

    def audit(self, *, known_at=None):
        """Check the claims and the values of the initiative that are recorded, by the definition alone."""
        known = self.at(date.max, known_at)
        records = self._records[: known.version]
        retracted = {record.event.record for record in records if isinstance(record.event, RecordRetracted)}
        additive = {metric for metric, definition in known.metrics.items() if definition.additive}
        found = []
        for record in records:
            event, report = record.event, None
            claims = []
            if isinstance(event, ReportPublished):
                report, claims = event.report, event.claims
            elif isinstance(event, MetricUpdated) and event.member is None and event.amount is not None:
                claims = [Claim(Value(event.metric), event.amount, at=event.effective.latest)]
            for index, claim in enumerate(claims if record.id not in retracted else ()):
                at = claim.at or event.effective.earliest
                measures = [claim.measure] if report is not None else []
                if isinstance(claim.measure, Value) and claim.measure.member is None:
                    measures += [Total(claim.measure.metric)] if claim.measure.metric in additive else []
                for measure in measures:
                    then, now = (check(claim, self.at(at, k), measure) for k in (record.recorded_at, known_at))
                    found.append(Finding("clusters", report, index, record.ref, claim, measure, at, then, now))
        return tuple(found)


def recorded(*events, source=""):
    """Write each event a day after the one before; a position is thus a moment of knowledge."""
    return Replayed(
        [
            Record(
                place, "clusters", place, f"r{place}", FIRST_INSTANT + timedelta(days=place), event,
                source=f"{source}{place}" if source else "",
            )
            for place, event in enumerate(events, 1)
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def founding():
    """The founding case, recorded at fixed instants, and the last position of what the press release says."""
    spec = importlib.util.spec_from_file_location("industrial_clusters", ROOT / "examples" / "industrial_clusters.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    with ledger.open(":memory:", clock=lambda: FIRST_INSTANT) as book:
        clusters = book.initiative("industrial-clusters")
        example.record_press_release(clusters)
        before = example.correct_joining_dates(clusters).position - 1
        yield clusters, before


# --- the founding case


@pytest.mark.parametrize(("format", "ending"), [("markdown", "md"), ("html", "html")])
def test_the_founding_case_reads_as_it_did(founding, format, ending):
    clusters, before = founding
    document = clusters.summary("2023-01-20", since=("2022-05-23", before), by="country", format=format)
    assert document == (DATA / f"summary.{ending}").read_text("utf-8")


@pytest.mark.parametrize("format", FORMATS)
def test_the_instant_that_is_named_gives_the_same_document_again(founding, format):
    clusters, before = founding
    for known_at in (None, before, before + 1):
        document = clusters.summary("2022-05-23", known_at, format=format)
        instant = document.partition("as known at ")[2][: len("2024-01-01T00:00:00.000000Z")]
        assert clusters.summary("2022-05-23", instant, format=format) == document
    assert "as known at" not in clusters.summary("2022-05-23", 0)
    assert "before anything was recorded" in clusters.summary("2022-05-23", 0)


def test_the_newest_record_is_found_however_far_it_lies_behind_what_holds_on_the_day():
    with ledger.open(":memory:", clock=lambda: FIRST_INSTANT) as book:
        club, other = book.initiative("club"), book.initiative("other")
        for initiative in (club, other):
            initiative.record(MemberJoined("ada", "2020-01-01"), MetricDefined("dues", "EUR"))
        for initiative in (club, other, club):
            initiative.record(*[MetricUpdated("dues", "2030-01-01", "1 EUR", member="ada")] * 1_200)
            initiative.record(ReportPublished(f"r{len(list(book.records()))}", "2030-01-01"))
        records = list(club.records())
        first = records[1_202]  # the report after the first 1,200 values
        for newest, known_at in ((records[-1], None), (records[-1], 99_999), (first, first.position + 1_000)):
            known = f"as known at {newest.recorded_at:%Y-%m-%dT%H:%M:%S.%f}Z."
            assert known in club.summary("2020-06-30", known_at)


def test_what_was_rough_stays_rough(founding):
    clusters, before = founding
    page = read(clusters.summary("2022-06-30", before), "markdown")
    assert page.rows[1][:2] == ["Members", "0..8"]
    assert (
        "Kwinana Industries Council (kwinana), not a member yet or a member; if a member, since a day from "
        in "\n".join(page.blocks["li"])
    )
    assert "since 2021-11" in clusters.summary("2022-06-30")


def test_a_day_alone_is_looked_at_with_the_knowledge_of_the_document(founding):
    clusters, before = founding
    alone = clusters.summary("2023-01-20", before, since="2022-05-23")
    assert "### What changed from 2022-05-23 to 2023-01-20\n" in alone
    assert alone == clusters.summary("2023-01-20", before, since=("2022-05-23", before))
    assert "Learned of 2022-05-23 since" in clusters.summary("2023-01-20", since=("2022-05-23", before))
    assert "Not known yet of 2022-05-23" in clusters.summary("2023-01-20", before, since=("2022-05-23", None))
    assert "of which nothing was known, to" in clusters.summary("2023-01-20", since=("2022-05-23", 0))


# --- laws

DRAWN = histories(metrics=3) | hostile_histories()
TAGS = {"section", "style", "h2", "h3", "h4", "p", "bdi", "ul", "li"} | {
    *("table", "caption", "thead", "tbody", "tr", "th", "td")
}


def claiming(record):
    """Draw claims for the record of a report."""
    if not isinstance(record.event, ReportPublished):
        return st.just(record)
    at = st.sampled_from([record.event.effective.earliest, record.event.effective.latest])
    amounts = st.sampled_from(["0", "1", ">= 1", "1..3 t", "<= 5 t", "2 kg"])
    claims = st.lists(st.builds(Claim, questions(metrics=3), amounts, at=at), max_size=3)
    return claims.map(lambda drawn: evolve(record, event=evolve(record.event, claims=drawn)))


@st.composite
def asked(draw):
    """Draw a history, and how its document is asked for."""
    records = [draw(claiming(record)) for record in draw(DRAWN)]
    moments = st.sampled_from([None, 0, *(record.position for record in records)])
    days = st.sampled_from(breakpoints(records))
    since = draw(st.none() | days | st.tuples(days, moments))
    by = draw(st.sampled_from([None, "country", "sector"]))
    measures = draw(st.none() | st.lists(questions(metrics=3), max_size=3))
    return records, draw(days), draw(moments), {"since": since, "by": by, "measures": measures}


def written(case, format):
    records, at, known_at, options = case
    for measure in options["measures"] or ():
        if isinstance(measure, Total | Value):
            assume(measure.metric in replay(records, at=at, known_at=known_at).metrics)
    return summary(Replayed(records), at, known_at, format=format, **options)


@given(asked())
@settings(max_examples=EXAMPLES // 2)
def test_both_formats_say_the_same_and_every_time(case):
    document = written(case, "markdown")
    page, other = read(document, "markdown"), read(written(case, "html"), "html")
    assert written(case, "markdown") == document
    assert "\n\n\n" not in document
    assert "\n\n" not in written(case, "html")
    for block in ("li", "p", "h2", "h3", "h4"):
        assert [text for text in page.blocks[block] if text != "Figures"] == other.blocks[block]
    assert [row for row in page.rows if row[0] != "" and "step by step" not in row[0]] == [
        row for row in other.rows if row[0] != "Change"
    ]
    assert other.tags <= TAGS
    assert all(name == "scope" or (name, tag) in {("class", "section"), ("class", "th"), ("class", "td")}
               for tag, name, _ in other.attributes)  # fmt: skip


@given(asked())
@settings(max_examples=EXAMPLES // 2)
def test_everybody_who_is_or_may_be_a_member_or_suspended_is_named(case):
    document = written(case, "markdown")
    state = replay(case[0], at=case[1], known_at=case[2])
    headings = {
        "### Members": state.members,
        "### May have been a": state.possible_members,
        "### Suspended": state.suspended,
    }
    for heading, view in headings.items():
        listed = f"\n{document}".partition(f"\n{heading}")[2].partition("\n### ")[0]
        entries = [line.removeprefix("- ") for line in listed.splitlines() if line.startswith("- ")]
        called = [f"{member.name} ({id})" if member.name != id else id for id, member in view.items()]
        assert sorted(entry.partition(",")[0] for entry in entries) == sorted(called)


@given(asked())
@settings(max_examples=EXAMPLES // 2)
def test_the_figures_are_those_of_the_state(case):
    document = written(case, "html")
    state = replay(case[0], at=case[1], known_at=case[2])
    rows = {row[0]: row for row in reversed(read(document, "html").rows)}  # figures come before claims
    reported = {key.name for key in state.registers.cells if key[::2] == ("member", "metric")}
    usual = [Total(metric) for metric, defined in state.metrics.items() if defined.additive and metric in reported]
    asked_for = case[3]["measures"]
    for measure in [Members(), *usual] if asked_for is None else asked_for:
        row = rows[Names.of(state).measure(measure)]
        try:
            figure = state.measure(measure)
        except (NotAdditive, Overlapping):
            assert row[1] == "no total"
            assert "cannot be added up" in row[2]
            continue
        if row[1] == "no value":
            assert figure.oldest is None
            assert not figure.complete
        else:
            assert row[1] == str(figure.amount)
        assert row[3] in (str(figure.oldest), "", "unknown")
        assert row[4:] == ([] if len(row) == 4 else [str(figure.envelope) if not figure.complete else ""])


@given(asked())
@settings(max_examples=EXAMPLES // 4)
def test_the_sources_are_counted_once_for_each_record(case):
    document = written(case, "markdown")
    state = replay(case[0], at=case[1], known_at=case[2])
    sources = document.rpartition("### Sources")[2].strip()
    count = len(state.registers.refs)
    words = f"- no source named ({count} record{'s' if count > 1 else ''})"
    assert sources == (words if count else "None.")


@given(asked())
@settings(max_examples=EXAMPLES // 2)
def test_whatever_had_been_claimed_by_the_day_is_told_with_what_was_found_of_it(case):
    records, at, known_at, _ = case
    initiative, state = Replayed(records), replay(records, at=at, known_at=known_at)
    expected = []
    for finding in initiative.audit(known_at=known_at):
        if finding.report is None:
            told = (
                finding.record.position
                in {
                    option.fact.position
                    for option in state.registers.of(metric_of(finding.claim.measure.metric, None)).candidates
                }
                and finding.at <= state.at
            )
        else:
            event = records[finding.record.version - 1].event
            told = state.reports.get(finding.report) is event
        if told:
            expected.append(finding)
    rows = claims_of(read(written(case, "html"), "html"))
    words = [verdict_of(finding) for finding in expected]
    assert sorted(row[1:3] + row[4:5] for row in rows) == sorted(
        [str(finding.amount), str(finding.at), word] for finding, word in zip(expected, words, strict=True)
    )
    places = [next(place for place, word in enumerate(ORDER) if word in row[4]) for row in rows]
    assert places == sorted(places)
    explained = [finding for finding in expected if verdict_of(finding) != "confirmed"]
    whys = sorted(row[5] for row in rows if row[5:] and row[5])
    assert len(whys) == len(explained)
    for finding in explained:
        said = []
        if finding.restated:
            said.append(f"When it was published it was {finding.when_published.verdict}, ")
        if finding.verdict == "not comparable":
            said.append(next(words for reason, words in NOT_COMPARABLE if reason in finding.now.reason))
        elif finding.figure is None:
            said.append("It cannot be added up, since both would count: ")
        else:
            amount, unit = finding.figure.amount, finding.amount.unit
            fits = amount.dimension == finding.amount.dimension
            said.append(f"{amount.to(unit) if fits else amount} found" if finding.figure.reporting else "found")
        assert any(all(one in why for one in said) for why in whys)


NOT_COMPARABLE = [  # what the audit says, and the document
    ("is defined", "No metric "),
    ("not additive", "It cannot be added up: "),
    ("another dimension than its whole", "Its part is measured in a unit of another kind"),
    ("another dimension", "It is measured in "),
]


ORDER = ["contradicted", "restated", "unverifiable", "not comparable", "confirmed"]


def verdict_of(finding):
    return f"{finding.verdict}, restated" if finding.restated else finding.verdict


def claims_of(page):
    """Give the rows of the table of claims."""
    rows = iter(page.rows)
    if not any(row[:2] == ["What", "Claimed"] for row in rows):
        return []
    return list(rows)


# --- text stays text

AWKWARD = [
    *("<script>alert(1)</script>", "</li></ul>", "<!-- x -->", "<?x?>", "<![CDATA[x]]>", "&lt;b&gt;", "&", "'\""),
    *("a|b", "a\\|b", "|", "\\\\|", "|---|", "\\", "*x*", "**x**", "_x_", "a_b_c", "~~x~~", "~~~", "`x`", "``", "```"),
    *("[x](javascript:alert(1))", "![x](y)", "[x]", "[ ] todo", "!", "<https://a.example>", "<a@b.example>", "@x"),
    *("# x", "x #", "#1", "+ x", "- x", "-", "---", "-1", "+1", "1. x", "1) x", "1.", "2023. A year", "> x"),
    *("===", "= x", ": x", "{x}", "{{ x }}", "{% x %}", "{# x #}", "$x$", "^x^", "x  y"),
]


def clusters_called(text, id, source):
    claims = [Claim(Distinct("country", where={text: text}), "9", text=text), Claim(Value("co2", id), "1 t")]
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(
            InitiativeLaunched("2020-01-01", name=text, supporters=[text]),
            MetricDefined("co2", "t", title=text, nonnegative=True),
            MemberJoined(id, "2020-01-01", name=text, attributes={"country": text}),
            MemberJoined(f"{id}2", "2020", name=f"{text}2", attributes={"country": text}),
            MemberJoined(f"{id}3", "2020-01-01", name=f"{text}3", attributes={text: text}),
            MetricUpdated("co2", "2020-01-01", "1 t"),
            MetricUpdated("co2", "2020-01-01", "1 t", member=id),
            ReportPublished(id, "2020-01-01", title=text, url=text, kind=id, claims=claims),
            source=source,
        )
        for format in FORMATS:
            measures = [Total("co2"), Total("co2", where={text: text}), Distinct(text)]
            document = clusters.summary(
                "2020-06-30", since="2019-12-31", by="country", measures=measures, format=format
            )
            yield format, read(document, format), clusters.audit()


def among(text):
    return one_line(quoted(text))


def one_line(text):
    return " ".join(text.split())


def check_all_is_text(text, id, source):
    links = None
    for format, page, findings in clusters_called(text, id, source):
        links = links or Counter(page.links)
        shown, called = one_line(text), "" if text == id else f" ({one_line(id)})"
        assert page.blocks["h2"] == [shown]
        assert page.blocks["h4"] == [f"{shown} (1..2)", "without country (1)"]
        assert page.blocks["li"][0] == f"{shown}{called}, since 2020-01-01"
        assert f"2020-01-01: {shown} ({one_line(id)}), {shown}" in page.blocks["li"]
        assert page.blocks["li"][-1] == f"{plain(source) or 'no source named'} (8 records)"
        assert f"Supported by {among(text)}." in page.blocks["p"][0]
        rows = [row[0] for row in page.rows]
        assert f"{shown}, sum over the members" in rows
        assert f"{shown}, sum over the members where {shown} is {among(text)}" in rows
        assert f"Different values of {shown}" in rows
        rows = claims_of(page)
        assert [row[0] for row in rows] == [
            f"Different values of country where {shown} is {among(text)}"
            + (f' ("{plain(text)}")' if plain(text) else ""),
            f"{shown}, as stated for all, held against: {shown}, sum over the members",
            f"{shown} of {among(text)}",
        ]
        assert [row[3] for row in rows] == [shown, plain(source) or "no source named", shown]
        assert [bool(row[5]) for row in rows] == [True, True, False]
        assert plain(findings[0].figure.amount.text) in rows[0][5]
        allowed = TAGS if format == "html" else TAGS - {"section", "style", "bdi", "caption"}
        assert page.tags - {"a"} <= allowed
        assert all(re.match(r"https?://\w", link) for link in page.links)
        assert links == Counter(page.links)
        assert {name for _, name, _ in page.attributes} <= ({"scope", "class"} if format == "html" else {"style"})


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_names_come_out_as_they_are(text):
    check_all_is_text(text, "basque", text)
    check_all_is_text("Basque", text, f"{text}\n{text}\r\n\n# {text}")


@given(names(), ids(), texts())
@settings(max_examples=EXAMPLES // 8)
def test_whatever_a_name_or_a_source_is_it_comes_out_as_text(text, id, source):
    check_all_is_text(text, id, source)


@given(texts())
def test_escaped_text_is_one_line_that_reads_as_it_is(text):
    escaped = markdown(text)
    assert len(escaped.splitlines()) <= 1
    for before, block in (("", "p"), ("- ", "li"), ("# ", "h1")):
        page = Read(rendering("commonmark")(f"{before}{escaped}"))
        assert "".join(page.blocks[block]) == plain(text)


ADDRESSES = [
    *("https://a.example/x_1?a=1&b=2#c", "http://a.example", "HTTPS://A.EXAMPLE", "see https://a.example.", "//a.com"),
    *("https://192.168.0.1", "https://localhost:80", "ftp://a.example", "a.com", "spri.eus/a"),
    *("www.a.com", "WWW.A.COM", "www.1a", "x@a.com", "mailto:x@a", "x+y@localhost", "javascript:alert(1)", "data:,x"),
    *("https://www.a.com/(x)", "(https://a.com/x_(y))", "https://a.com/[x]", "http://http://a.com", "http://'\"><b>"),
    "https://xn--a.com",  # the last: shown decoded, where it is a link
]
PIECES = ["http", "https", ":", "/", "//", "www", ".", "a", "x_1", "com", "eu", "@", " ", "-", "ftp", "mailto:", "1"]
PIECES += [*"\\()'\"]é<>|#?,", "&amp;", "javascript:", "https://a.com"]


def drawn_addresses():
    return st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def check_that_it_is_no_link(text):
    escaped = markdown(text)
    for reader in ("commonmark", "gfm-like"):
        page = Read(rendering(reader)(f"# {escaped}"))
        assert page.blocks["h1"] == [plain(text)]
        assert not page.links
    assert not re.search(r"(?i)(https?|ftp)://|www\.", escaped)  # which GitHub looks for, in the text as it is written


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_in_a_name_is_no_link(text):
    check_that_it_is_no_link(text)
    initiative = recorded(
        InitiativeLaunched("2020-01-01", name=text, supporters=[text]),
        MetricDefined("co2", "t", title=text),
        MemberJoined("a", "2020-01-01", name=text, attributes={"city": text}),
        MetricUpdated("co2", "2020-01-01", "1 t"),
    )
    for format in FORMATS:
        document = summary(initiative, "2020-01-01", since="2019-12-31", by="city", format=format)
        assert not Read(rendering("gfm-like")(document) if format == "markdown" else document).links


@given(drawn_addresses())
@settings(max_examples=2 * EXAMPLES)
def test_whatever_address_a_name_is_like_it_is_no_link(text):
    check_that_it_is_no_link(text)


@given(st.sampled_from(ADDRESSES[:-1]) | drawn_addresses())
@settings(max_examples=2 * EXAMPLES)
def test_only_addresses_of_pages_are_links_where_links_may_be(text):
    page, other = (
        Read(html)
        for html in (rendering("commonmark")(f"- {linked(text, 'markdown')}"), f"<li>{linked(text, 'html')}</li>")
    )
    assert page.blocks["li"] == other.blocks["li"] == [plain(text)]
    assert page.links == other.links
    assert all(re.match(r"https?://\w", link) and link in text for link in page.links)
    by_itself = Read(rendering("gfm-like")(f"- {linked(text, 'markdown')}"))
    assert all(link.startswith(("http://", "https://", "ftp://", "mailto:", "//")) for link in by_itself.links)


@pytest.mark.parametrize(("text", "links"), [
    ("see https://a.example/x_1?a=1&b=2#c, page 2", ["https://a.example/x_1?a=1&b=2#c"]),
    ("(http://a.example); https://a.example:80/(x).", ["http://a.example", "https://a.example:80/(x)"]),
    ("https://a.example.", ["https://a.example"]), ("https://bank.example@a.example/", []),
    ("https://a.exampl\u00e9", []), ("https://a.example/\u00e9", []),
    ("https://a@b", []), ("https://a:b@c/", []), ("https://a.b:c", []), ("ahttps://a.b", []), ("javascript://a.b", []),
])  # fmt: skip
def test_an_address_is_a_link_as_it_stands_or_not_at_all(text, links):
    assert Read(f"<p>{linked(text, 'html')}</p>").links == links


def test_the_links_of_a_document_are_those_of_its_reports_and_sources():
    address = "https://a.example/x_1?a=1&b=2"
    initiative = recorded(
        InitiativeLaunched("2020-01-01", name=address),
        MemberJoined("a", "2020-01-01", name=address),
        ReportPublished("r", "2020-01-01", url=address, claims=[Claim(Members(), "1")]),
        source="https://b.example/",
    )
    pages = {format: summary(initiative, "2020-01-01", since="2019-12-31", format=format) for format in FORMATS}
    for format, page in pages.items():
        assert read(page, format).links == [
            address,
            "https://b.example/1",
            "https://b.example/2",
            "https://b.example/3",
        ]
    assert f"- 2020-01-01: r (report), <{address}>\n" in pages["markdown"]


# --- words


def items(initiative, *args, **options):
    return read(summary(initiative, *args, **options), "markdown").blocks["li"]


def test_two_members_of_one_name_are_told_apart():
    initiative = recorded(
        MetricDefined("co2", "t"),
        MemberJoined("a", "2020-01-01", name="Twin"),
        MemberJoined("b", "2020-01-01", name="Twin"),
        MemberJoined("c", "2020-01-01", name="Other"),
    )
    document = summary(initiative, "2020-01-01", measures=[Total("co2")])
    assert "missing: Twin (a), Twin (b), Other" in document


def test_a_figure_that_lacks_values_says_so_and_what_it_could_be():
    initiative = recorded(
        MetricDefined("co2", "t", title="CO2", nonnegative=True),
        MemberJoined("a", "2020-01-01", name="Ada"),
        MemberJoined("b", "2020-01-01", name="Ben"),
        MemberJoined("c", "2020-06", name="Cleo"),
        MetricUpdated("co2", "2020-02-01", "1..2 t", member="a"),
    )
    row = "| CO2, sum over the members | 1..2 t | 1 of 2 report; missing: Ben"
    assert f"{row} | 2020-02-01 | \\>= 1 t |" in summary(initiative, "2020-03-01")
    row += "; may count, and may be missing then: Cleo"
    assert f"{row} | 2020-02-01 | \\>= 1 t |" in summary(initiative, "2020-06-15")


def test_a_long_list_of_members_is_cut_in_figures_and_whole_below():
    initiative = recorded(
        MetricDefined("co2", "t"),
        *(MemberJoined(f"m{n}", "2020-01-01") for n in range(9)),
        MetricUpdated("co2", "2020-01-01", "1 t", member="m8"),
    )
    document = summary(initiative, "2020-01-01")
    assert "missing: m0, m1, m2, m3, m4, m5 and 2 more" in document
    everybody = summary(initiative, "2020-01-01", known_at=10)
    assert "0 of 9 report |" in everybody
    assert "\n- m7, since 2020-01-01\n" in document
    initiative = recorded(MetricDefined("co2", "t"), *(MemberJoined(f"m{n}", "2020-01-01") for n in range(7)))
    assert "missing: m0, m1, m2, m3, m4, m5, m6 |" in summary(initiative, "2020-01-01")


def test_a_sum_in_which_both_would_count_is_told_with_its_reason():
    called = Names({"whole": "The Whole"}, {"co2": "CO2"})
    pairs = [(f"part{n}", "whole") for n in range(8)]
    words = "cannot be added up, since both would count: part0 is part of The Whole"
    assert reason_of(Overlapping("co2", pairs[:1]), called) == words
    many = reason_of(Overlapping("co2", pairs), called)
    assert many.startswith(f"{words}, part1 is part of The Whole, ")
    assert many.endswith("part5 is part of The Whole and 2 more")
    named = called.measure(Total("co2", overlap="whole", within="2 years"))
    assert named == "CO2, sum over the members, wholes without their parts, values of the last 2 years"
    assert called.measure(Total("co2", overlap="parts")).endswith(", parts without their wholes")


def test_a_sum_that_is_refused_has_a_row_and_no_steps():
    initiative = recorded(
        MetricDefined("co2", "t", title="CO2"),
        MemberJoined("union", "2020-01-01", name="The Union"),
        MemberJoined("state", "2020-01-01", part_of="union"),
        MetricUpdated("co2", "2020-01-01", "1 t", member="state"),
    )
    reason = "cannot be added up, since both would count: state is part of The Union"
    document = summary(initiative, "2020-01-01", since="2019-12-31")
    assert f"| CO2, sum over the members | no total | {reason} |  |\n" in document
    assert f"\nCO2, sum over the members: {reason}.\n" in document
    parts = summary(initiative, "2020-01-01", measures=[Total("co2", overlap="parts", members_at="2020-01-01")])
    assert "| CO2, sum over the members of 2020-01-01, parts without their wholes | 1 t | 1 of 1 report |" in parts


def test_what_has_no_total_says_so_where_it_was_asked_for():
    initiative = recorded(MetricDefined("rank", additive=False), MemberJoined("a", "2020-01-01"))
    assert "rank" not in summary(initiative, "2020-01-01")
    assert "| no total | cannot be added up: it is a share" in summary(
        initiative, "2020-01-01", measures=[Total("rank")]
    )


def test_a_metric_that_was_not_known_or_was_another_cannot_be_compared():
    initiative = recorded(MemberJoined("a", "2020-01-01"), MetricDefined("co2", "t"), MetricDefined("co2", "people"))
    for then, reason in ((1, "not defined by one of the two moments"), (2, "defined anew, in a unit of another kind")):
        document = summary(initiative, "2020-01-01", since=("2020-01-01", then))
        assert f"co2, sum over the members: cannot be compared: it was {reason}." in document


def test_shares_and_single_values_are_figures_without_steps():
    initiative = recorded(
        MetricDefined("co2", "t", title="CO2", nonnegative=True),
        MemberJoined("a", "2020-01-01", name="Ada"),
        MetricUpdated("co2", "2020-01-01", "1 t", member="a"),
        MetricUpdated("co2", "2020-02", "2 t"),
    )
    measures = [
        Share(Total("co2"), Total("co2")), Share(Joined("2020-01-01"), Members()), Value("co2", "a"), Value("co2"),
    ]  # fmt: skip
    document = summary(initiative, "2020-02-14", since="2019-12-31", measures=measures)
    rows = read(document, "markdown").rows[1:]
    assert [row[:3] for row in rows] == [
        ["CO2, sum over the members, as a share of: CO2, sum over the members", "1", "1 of 1 report"],
        ["Members who joined since 2020-01-01, as a share of: Members", "1", "complete"],
        ["CO2 of Ada", "1 t", "complete"],
        ["CO2, as stated for all", "2 t", "may be missing"],
    ]
    assert "step by step" not in document
    before = summary(initiative, "2019-12-31", measures=[Value("co2")])
    assert "| CO2, as stated for all | no value | missing |  | \\>= 0 t |" in before


def test_what_changed_in_words():
    initiative = recorded(
        InitiativeLaunched("2019-01-01", name="Club"),
        MetricDefined("co2", "t", title="CO2"),
        MemberJoined("whole", "2019-01-01", name="The Whole"),
        MemberJoined("a", "2019-01-01", name="Ada"),
        MemberJoined("b", "2019/2020-04", name="Ben"),
        MemberJoined("c", "2019-01-01", name="Cleo"),
        MemberSuspended("c", "2020-02-01"),
        MemberLeft("a", "2020-02-01"),
        MemberJoined("a", "2020-03-01"),
        MemberChanged("c", "2020-02-01", name="Clea", part_of="whole", attributes={"city": "Bilbao"}),
        MetricUpdated("co2", "2020-02-01", "1 t", member="a"),
        MetricUpdated("co2", "2020-02/2020-12", "2 t", member="a"),
        InitiativeChanged("2020-02-01", name="Society", supporters=["EPRI", "Accenture"]),
        ReportPublished("r", "2020-02-01", title="A Report"),
        InitiativeClosed("2020-06/2021"),
        MetricDefined("co2", "t", title="CO2 emitted"),
    )
    told = items(initiative, "2020-05-31", since="2019-06-30")
    assert "joined: Ben (was possible)" in told
    start = told.index("joined anew: Ada")
    assert told[start : told.index("2020-02-01: A Report (report)")] == [
        "joined anew: Ada",
        "suspended: Clea",
        "name: Club → Society; Clea: Cleo → Clea",
        "supporters: none → EPRI, Accenture",
        "city: Clea: nothing → Bilbao",
        "part of: Clea: nothing → The Whole",
        "CO2 emitted (possibly): Ada: nothing → 1 t or 2 t",
        "published: A Report",
    ]
    assert "left (possibly): Ada; Ben; Clea; The Whole" in items(initiative, "2020-07-01", since="2020-05-31")
    assert "closed (possibly): the initiative" in items(initiative, "2020-07-01", since="2020-05-31")
    back = items(initiative, "2018-12-31", since="2019-06-30", measures=[])
    assert "joined (not yet): Ada; Ben; Cleo; The Whole" in back
    assert "launched (not yet): the initiative" in back
    learned = items(initiative, "2020-05-31", since=("2020-05-31", 15), measures=[])
    assert "defined anew: CO2 emitted" in learned
    assert "defined: CO2 emitted" in items(initiative, "2020-05-31", since=("2020-05-31", 1), measures=[])
    assert "may be closed" in summary(initiative, "2020-07-01")
    assert "The initiative is closed." in summary(initiative, "2021-12-31")


def test_a_bridge_begins_and_ends_with_values_or_says_that_there_are_none():
    initiative = recorded(
        MetricDefined("dues", "EUR", title="Dues", nonnegative=True),
        MetricDefined("fees", "EUR", title="Fees", nonnegative=True),
        MemberJoined("ada", "2020-01-01", name="Ada"),
        MemberJoined("ben", "2020-03-01", name="Ben"),
        MetricUpdated("dues", "2020-04-01", "5 EUR", member="ben"),
        MetricUpdated("dues", "2020-06-01", None, member="ben"),
    )

    def steps(first, last):
        page = read(summary(initiative, last, since=first, measures=[Total("fees"), Total("dues")]), "markdown")
        return [row[0][:4] for row in page.rows if "step by step" in row[0]], [
            row for row in page.rows if row[0] in ("opening", "closing")
        ]

    nothing = ["no value", "no value"]
    assert steps("2020-02-01", "2020-03-31") == ([], [])
    assert steps("2020-02-01", "2020-05-01") == (
        ["Dues"],
        [
            ["opening", *nothing, "2020-02-01, 0 of 1 report"],
            ["closing", "5", "5", "2020-05-01, 1 of 2 report"],
        ],
    )
    assert steps("2020-05-01", "2020-07-01")[1][1] == ["closing", *nothing, "2020-07-01, 0 of 2 report"]
    # where nobody is a member, nothing is missing
    assert steps("2019-12-31", "2020-05-01")[1][0] == ["opening", "0", "0", "2019-12-31"]


def test_what_is_said_no_more_and_what_is_dated_otherwise(founding):
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        wrong, other, report = club.record(
            MemberJoined("ada", "2020-01-01", name="Ada"),
            MemberJoined("ben", "2020-01-01", name="Ben"),
            ReportPublished("r", "2020-01-01"),
        )
        club.retract(wrong)
        club.correct(other, effective="2019-03")
        club.correct(report, title="A Report")
        document = club.summary("2020-01-01", since=("2020-01-01", report.position))
    assert "- joined (no longer said): Ada\n" in document
    assert "- date of joining: Ben: 2020-01-01 → 2019-03\n" in document
    assert "- published, with another entry: A Report\n" in document
    assert "| restated (learned since) | -1 | -1 | Ada |" in document


def test_sources_that_read_the_same_are_one_and_blank_ones_are_none():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        for member, source in (("a", "the minutes"), ("b", "the\n minutes"), ("c", " \n"), ("d", "")):
            club.record(MemberJoined(member, "2020-01-01"), source=source)
        document = club.summary("2020-01-01")
    assert document.endswith("### Sources\n\n- no source named (2 records)\n- the minutes (2 records)\n")


def test_claims_are_told_with_what_was_found_of_them_those_to_look_into_first():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("dues", "EUR", title="Dues", nonnegative=True),
            MetricDefined("share", "percent", title="Share", additive=False),
            MemberJoined("ada", "2020-01-01", name="Ada", attributes={"city": "Bilbao"}),
            MemberJoined("ben", "2020-01-01", name="Ben", attributes={"city": "Lagos"}),
            MetricUpdated("dues", "2019-12-31", "7 EUR"),  # which another value followed
            MetricUpdated("dues", "2020-03-01", "8 EUR"),
            MetricUpdated("dues", "2020-07-01", "9 EUR"),
            MetricUpdated("share", "2020-03-01", "9 percent"),
            source="minutes",
        )
        first = [
            Claim(Distinct("city"), "2"),
            Claim(Members(), "2 t"),
            Claim(Members(), "3"),
            Claim(Members({"city": "Bilbao"}), "1"),
            Claim(Total("dues"), "8 EUR"),
        ]
        club.record(
            ReportPublished("a", "2020-03-31", title="Letter", claims=first),
            ReportPublished("b", "2020-04-30", title="Letter", claims=[Claim(Value("dues"), "8 EUR")]),
            ReportPublished("c", "2020-04/2020-08", claims=[Claim(Members(), "5", at="2020-04-30")]),
            ReportPublished("d", "2020-07-01", claims=[Claim(Members(), "2", at="2020-04-30")]),
        )
        club.record(MemberJoined("cleo", "2020-02-01", name="Cleo", attributes={"city": "Bilbao"}))
        rows = claims_of(read(club.summary("2020-06-30"), "markdown"))
        held = "Dues, as stated for all, held against: Dues, sum over the members"
        assert [row[:5] for row in rows] == [
            ["Members where city is Bilbao", "1", "2020-03-31", "Letter (a)", "contradicted, restated"],
            ["Members", "3", "2020-03-31", "Letter (a)", "confirmed, restated"],
            ["Dues, sum over the members", "8 EUR", "2020-03-31", "Letter (a)", "unverifiable"],
            [held, "8 EUR", "2020-04-30", "Letter (b)", "unverifiable"],
            [held, "8 EUR", "2020-03-01", "minutes", "unverifiable"],
            ["Members", "2 t", "2020-03-31", "Letter (a)", "not comparable"],
            ["Different values of city", "2", "2020-03-31", "Letter (a)", "confirmed"],
            ["Dues, as stated for all", "8 EUR", "2020-04-30", "Letter (b)", "confirmed"],
        ]
        assert rows[0][5] == (
            "2 found. It would hold on 2020-01-31. "
            "When it was published it was confirmed, 1 found; what has been recorded since changes Cleo."
        )
        assert rows[1][5] == (
            "3 found. When it was published it was contradicted, 2 found; what has been recorded since changes Cleo."
        )
        assert rows[5][5] == "It is measured in plain numbers, and not in t."
        assert rows[2][5] == "no value found; 0 of 3 report; missing: Ada, Ben, Cleo."
        assert rows[6][5:] == [""]
        assert [row[5] for row in rows[6:]] == ["", ""]
        later = claims_of(read(club.summary("2020-08-31"), "markdown"))
        assert sorted(row[3] for row in later) == [*["Letter (a)"] * 5, *["Letter (b)"] * 2, "c", "d", "minutes"]
        assert "What was claimed" not in club.summary("2019-12-30")


def reasons_of(club, at, known_at=None):
    """Give what the document says of each claim: what was claimed, the verdict, and why."""
    return {row[0]: (row[4], row[5]) for row in claims_of(read(club.summary(at, known_at), "markdown"))}


def test_why_is_said_in_the_units_of_the_claim_and_in_the_names_of_the_ledger():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("jobs", "people", title="People employed"),
            MetricDefined("share", "percent", title="Share of renewables", additive=False),
            MetricDefined("dues", "EUR", title="Dues", definition="paid in  the year"),
            MemberJoined("ada", "2020-01-01", name="Ada", attributes={"city": "Bilbao"}),
            MemberJoined("ben", "2020-01-01", name="Ben", attributes={"city": "Lagos"}),
            MemberJoined("cleo", "2020-01-01", name="Cleo", part_of="ben"),
            MemberSuspended("cleo", "2020-02-01"),
            *(
                MetricUpdated("jobs", "2020-01-01", f"{n}500000 people", member=who)
                for who, n in (("ada", 2), ("ben", 1))
            ),
            MetricUpdated("jobs", "2020-01-01", "400000 people", member="cleo"),
        )
        half = Share(Members({"city": "Bilbao"}), Members())
        claims = [
            Claim(Value("jobs", "ada"), "3.6 million people", text="more than\n ever"),
            Claim(half, "39.5..40.5 percent"),
            Claim(Total("jobs"), "4.4 million people", at="2020-01-15"),
            Claim(Total("jobs", suspended=True, overlap="whole"), "2.9 million people"),
            Claim(Members(suspended=True), "2"),
            Claim(Value("dues"), "1 EUR", definition="promised"),
            Claim(Share(Value("jobs", "ada"), Value("jobs", "ben")), "1", definition="by head" * 20),
            Claim(Members(), "2", definition="by head"),
            Claim(Value("jobs", "ben"), "3 t"),
            Claim(Total("jobs", {"city": "Lagos"}), "1.9 million people", at="2020-02-15"),
        ]
        club.record(ReportPublished("r", "2020-03-01", claims=claims))
        found = reasons_of(club, "2020-03-01")
    assert found['People employed of Ada ("more than ever")'] == ("contradicted", "2.5 million people found.")
    assert found["Members where city is Bilbao, as a share of: Members"] == ("contradicted", "50 percent found.")
    must_say = "The claim must say whether the parts are added up or the wholes."
    assert found["People employed, sum over the members"] == (
        "unverifiable",
        f"It cannot be added up, since both would count: Cleo is part of Ben. {must_say}",
    )
    wholes = "People employed, sum over the members, with the suspended, wholes without their parts"
    assert found[wholes] == ("contradicted", "4 million people found. It would hold for parts without their wholes.")
    assert found["Members, with the suspended"] == ("contradicted", "3 found. It would hold without the suspended.")
    assert found["Dues, as stated for all"] == (
        "not comparable",
        'The claim means "promised"; here Dues is defined as "paid in the year".',
    )
    ratio = found["People employed of Ada, as a share of: People employed of Ben"][1]
    assert ratio.endswith('headby ..."; here People employed is defined in no words.')
    assert found["Members"] == ("not comparable", 'The claim means "by head"; here members are counted.')
    assert found["People employed, sum over the members where city is Lagos"] == (
        "contradicted",
        "1.5 million people found.",
    )
    assert found["People employed of Ben"] == ("not comparable", "It is measured in people, and not in t.")


def test_what_has_no_metric_no_total_or_no_share_is_said():
    initiative = recorded(
        MetricDefined("jobs", "people", title="People employed"),
        MetricDefined("share", "percent", title="Share of renewables", additive=False),
        ReportPublished(
            "r",
            "2020-03-01",
            claims=[
                Claim(Value("co2"), "1 t"),
                Claim(Total("share"), "1 percent"),
                Claim(Share(Value("jobs"), Members()), "1"),
            ],
        ),
    )
    rows = claims_of(read(summary(initiative, "2020-03-01"), "markdown"))
    assert [row[5] for row in rows] == [
        "No metric co2 is defined.",
        "It cannot be added up: it is a share, a rank or the like, of which there is no total.",
        "Its part is measured in a unit of another kind than its whole.",
    ]


def test_who_changed_a_figure_since_is_named_even_where_the_document_does_not_know_them():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        _, wrong, _ = club.record(
            MemberJoined("ada", "2020-01-01", name="Ada", attributes={"city": "Bilbao"}),
            MemberJoined("ben", "2020-01-01", name="Ben", attributes={"city": "Lagos"}),
            MetricDefined("dues", "EUR", title="Dues"),
        )
        stated, *_ = club.record(MetricUpdated("dues", "2020-01-01", "7 EUR"))
        share = Share(Members({"city": "Lagos"}), Distinct("city"))
        claims = [Claim(one, amount) for one, amount in ((Members(), "1"), (Distinct("city"), "2"), (share, "1"))]
        claims += [Claim(Value("dues"), "7 EUR")]
        club.record(ReportPublished("r", "2020-03-01", claims=claims))
        club.retract(wrong)
        club.correct(stated, amount="8 EUR")
        found = reasons_of(club, "2020-03-01")
    since = "what has been recorded since changes"
    assert found["Members"][1] == f"1 found. When it was published it was contradicted, 2 found; {since} Ben."
    assert found["Different values of city"][1].endswith(f"confirmed, 2 found; {since} who has Lagos.")
    ratio = found["Members where city is Lagos, as a share of: Different values of city"]
    assert ratio[1].endswith(f"{since} Ben and who has Lagos.")
    assert found["Dues, as stated for all"][1].endswith("When it was published it was confirmed, 7 EUR found.")


def test_over_whose_members_a_total_would_hold_and_that_there_was_no_figure_is_said():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        *_, part = club.record(
            MetricDefined("jobs", "people", title="People employed"),
            MemberJoined("ada", "2020-01-01", name="Ada"),
            MetricUpdated("jobs", "2020-01-01", "2 people", member="ada"),
            MetricUpdated("jobs", "2020-02-15", "3 people", member="ada"),
            MemberJoined("ben", "2020-02-01", name="Ben"),
            MetricUpdated("jobs", "2020-02-01", "5 people", member="ben"),
            MemberChanged("ben", "2020-02-20", part_of="ada"),
        )
        club.record(ReportPublished("r", "2020-03-01", claims=[Claim(Total("jobs"), "3 people")]))
        club.retract(part)
        found = reasons_of(club, "2020-03-01")
    verdict, reason = found["People employed, sum over the members"]
    assert verdict == "contradicted, restated"
    assert reason == (
        "8 people found. It would hold over the members of 2020-01-31. "
        "When it was published it was unverifiable, no figure."
    )


def test_where_all_claims_simply_hold_no_column_says_why():
    initiative = recorded(
        MemberJoined("a", "2020-01-01"),
        ReportPublished("r", "2020-01-01", title="1|2", claims=[Claim(Members(), "1")]),
    )
    document = summary(initiative, "2020-01-01")
    assert "| What | Claimed | Day | By | Verdict |\n|---|---|---|---|---|\n" in document
    assert "\n| Members | 1 | 2020-01-01 | 1\\|2 | confirmed |\n\n### Sources" in document


def test_names_that_would_read_as_several_stand_in_quotes_among_others():
    initiative = recorded(
        InitiativeLaunched("2020-01-01", name="Club", supporters=["Accenture, Inc.", "EPRI"]),
        MetricDefined("co2", "t"),
        MemberJoined("a", "2020-01-01", name="Antwerp, Port of", attributes={"city": "Antwerp"}),
        MemberJoined("b", "2020-01-01", name='Ben; the "Other"', attributes={"city": "Antwerp"}),
        MemberJoined("c", "2020/2021", name="Cleo, the Third", attributes={"city": "Antwerp"}),
        MemberChanged("b", "2020-02-01", name="Ben", attributes={"city": "Antwerp, Zurenborg"}),
        InitiativeChanged("2020-02-01", supporters=["EPRI", "Accenture, Inc."]),
        ReportPublished("r", "2020-02-01", title="Facts, and figures"),
    )
    document = summary(initiative, "2020-01-31", by="city", measures=[Total("co2")])
    assert '| 0 of 2 report; missing: "Antwerp, Port of", "Ben; the ""Other"""; may count' in document
    assert 'Supported by "Accenture, Inc.", EPRI.' in document
    assert '\nPossibly: "Cleo, the Third"\n' in document
    assert "\n- Antwerp, Port of (a), since 2020-01-01\n" in document
    told = items(initiative, "2020-02-01", since="2020-01-31")
    assert 'name: Ben: "Ben; the ""Other""" → Ben' in told
    assert 'city: Ben: Antwerp → "Antwerp, Zurenborg"' in told
    assert 'supporters: "Accenture, Inc.", EPRI → EPRI, "Accenture, Inc."' in told
    assert 'published: "Facts, and figures"' in told


def test_nothing_changed_is_said(founding):
    clusters, _ = founding
    assert "### What changed from 2023-02-01 to 2023-03-01\n\nNothing.\n" in clusters.summary(
        "2023-03-01", since="2023-02-01"
    )


def test_suspended_members_stand_apart_and_are_counted_apart():
    initiative = recorded(MemberJoined("a", "2020-01-01"), MemberSuspended("a", "2020-02-01"), MemberLeft("a", "2021"))
    document = summary(initiative, "2020-02-01")
    assert "| Members, with the suspended | 1 |" in document
    assert "### Suspended\n\n- a, since 2020-01-01\n" in document
    assert "- a, suspended or no longer a member; if a member, since 2020-01-01\n" in summary(initiative, "2021-06-30")


def test_those_who_may_be_in_a_group_are_named_there():
    initiative = recorded(
        MemberJoined("a", "2020-01-01", name="Ada", attributes={"city": "Bilbao"}),
        MemberChanged("a", "2020/2021", attributes={"city": "Lagos"}),
        MemberJoined("b", "2020/2021", name="Ben"),
    )
    for format in FORMATS:
        page = read(summary(initiative, "2020-06-30", by="city", format=format), format)
        assert page.blocks["h4"] == ["Bilbao (0..1)", "Lagos (0..1)", "without city (0..1)", "city not certain (1)"]
        assert page.blocks["li"][0] == "Ada (a), since 2020-01-01"
        assert page.blocks["p"][1:] == ["Possibly: Ada", "Possibly: Ada", "Possibly: Ben"]


def test_values_are_grouped_where_the_groups_are_named():
    initiative = recorded(
        MemberJoined("a", "2020-01-01", attributes={"city": "Bilbao"}),
        MemberJoined("b", "2020-01-01", attributes={"city": "Lagos"}),
        MemberJoined("c", "2020-01-01"),
    )
    by = {"city": {"Bilbao": "Spain", "Lagos": "Nigeria"}}
    page = read(summary(initiative, "2020-06-30", by=by), "markdown")
    assert page.blocks["h4"] == ["Nigeria (1)", "Spain (1)", "without city (1)"]
    page = read(summary(initiative, "2020-06-30", by="cuntry"), "markdown")
    assert page.blocks["h4"] == ["without cuntry (3)"]
    with pytest.raises(BadInput, match="'Lagos', which is in no group"):
        summary(initiative, "2020-06-30", by={"city": {"Bilbao": "Spain"}})


def test_days_are_as_rough_as_they_are_known():
    def shown(text):
        when = ledger.When(text)
        return days_of(when.earliest, when.latest)

    for text in ("2020-02-29", "2020-02", "2020-12", "2020", "9999", "9999-12"):
        assert shown(text) == text
    assert shown("2020/2021") == "a day from 2020-01-01 to 2021-12-31"
    assert shown("2020-01/2020-06") == "a day from 2020-01-01 to 2020-06-30"
    assert shown("2020-02/2020-12") == "a day from 2020-02-01 to 2020-12-31"
    assert shown("2020-01-01/2020-01-30") == "a day from 2020-01-01 to 2020-01-30"
    assert shown("2020-01-02/2020-01-31") == "a day from 2020-01-02 to 2020-01-31"
    assert shown("[..2020]") == "a day not after 2020-12-31"


def test_nothing_is_said_of_since_when_one_who_never_joined_is_a_member():
    never_joined = replay(history_of([MemberReinstated("a", "2020-01-01")]), at="2021-01-01")["a"]
    assert since_of(never_joined) == ""
    assert _entry(never_joined, standing=True) == Entry("a", "", "a member")


def test_a_name_that_came_on_a_rough_day_is_a_name():
    initiative = recorded(
        MemberJoined("a", "2020"), MemberChanged("a", "2020", name="Ada"), MemberChanged("a", "2021", name="Ann")
    )
    assert initiative.at("2020-12-31")["a"].name == "Ada"
    assert initiative.at("2021-06-30")["a"].name == "a"
    assert initiative.at("2020-06-30").possible_members["a"].name == "Ada"
    assert "- a, since 2020\n" in summary(initiative, "2021-06-30")
    assert "since a day not after" in summary(recorded(MemberJoined("a", "[..2020]")), "2020-12-31")
    assert "| Members | 1 | complete | unknown |" in summary(recorded(MemberJoined("a", "[..2020]")), "2020-12-31")


# --- what cannot be


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"format": "pdf"}, BadInput, "format='pdf' is none of markdown, html"),
        ({"format": None}, BadInput, "format=None"),
        ({"format": ["html"]}, BadInput, "format="),
        ({"measures": "Members"}, BadInput, "measures='Members' is no list"),
        ({"measures": Members()}, BadInput, "is no list"),
        ({"measures": [5]}, BadInput, "5 is no measure"),
        ({"measures": [Total("oc2")]}, UnknownMetric, "'co2'"),
        ({"by": ""}, BadInput, "by is empty"),
        ({"by": 5}, BadInput, "by must be text"),
        ({"since": "2021"}, BadWhen, "not one exact day"),
        ({"since": 5}, BadInput, "5 is no point"),
        ({"since": ("2021-01-01", "yesterday")}, BadWhen, "not an instant"),
    ],
)
def test_what_cannot_be_asked_is_refused(founding, options, error, words):
    with pytest.raises(error, match=words.replace("[", r"\[")):
        founding[0].summary("2023-01-20", **options)


def test_an_initiative_without_records_and_a_rough_day_are_refused(founding):
    with ledger.open(":memory:") as book, pytest.raises(UnknownInitiative):
        book.initiative("club").summary("2020-01-01")
    with pytest.raises(BadWhen):
        founding[0].summary("2023")


def test_without_jinja2_it_says_what_to_install(founding, monkeypatch):
    _compiled.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match=r"jinja2.*pip install 'membership-ledger\[documents\]'") as caught:
        founding[0].summary("2023-01-20")
    assert isinstance(caught.value, ImportError)
    assert (caught.value.name, caught.value.extra) == ("jinja2", "documents")


def test_where_jinja2_is_not_installed_all_else_works(tmp_path):
    (tmp_path / "jinja2.py").write_text("raise ModuleNotFoundError(\"No module named 'jinja2'\", name='jinja2')")
    code = (
        "import ledger\n"
        "club = ledger.open(':memory:').initiative('club')\n"
        "club.record(ledger.MemberJoined('ada', '2020'))\n"
        "print(len(club.at('2020-12-31')))\n"
        "try: club.summary('2020-12-31')\n"
        "except ledger.LedgerError as error: print(error)\n"
    )
    path = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    done = subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == [
        "1",
        "a document needs jinja2, which is not installed: pip install 'membership-ledger[documents]'",
    ]


def test_importing_the_library_does_not_load_the_template_library():
    code = "import sys, ledger; print({'jinja2', 'ledger.faces.summary'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", ["summary.md.jinja", "summary.html.jinja"])
def test_the_templates_are_package_data_and_print_nothing_unescaped(name):
    from importlib.resources import files

    source = (files("ledger.faces") / "templates" / name).read_text("utf-8")
    assert "safe" not in source
    assert "autoescape" not in source
    assert "<script" not in source


def test_an_installed_library_has_its_templates(tmp_path):
    options = ["-q", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    build = [sys.executable, "-m", "pip", "wheel", *options, str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as built:
        assert {f"ledger/faces/templates/summary.{ending}.jinja" for ending in ("md", "html")} <= {*built.namelist()}
