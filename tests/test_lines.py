"""JSON Lines: export and import are identities, lines are stable, and rubbish is refused by its line."""

import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

import ledger
from ledger import Claim, MemberJoined, Members, MetricDefined, MetricUpdated, RecordRetracted, ReportPublished
from ledger.exchange import from_lines, to_lines
from ledger.model.errors import BadInput, DamagedRecord, LedgerError, NewerFormat
from ledger.model.records import Record
from ledger.testing.scripts import FIRST_INSTANT, history_of, records_of
from ledger.testing.strategies import events, histories, names, texts

EXAMPLES = settings.default.max_examples

ATTRIBUTE = re.compile(r"[a-z0-9]{1,20}")
BARRED = re.compile(r"[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def book_of(records):
    book = ledger.open(":memory:")
    book.import_records(records)
    return book


def without_gaps(history):
    return [evolve(record, position=place) for place, record in enumerate(history, 1)]


@st.composite
def records(draw):
    """One record with anything in it that can be recorded."""
    event = draw(events().filter(lambda one: not isinstance(one, RecordRetracted)))
    source, by, note = (draw(texts(max_size=40)) for _ in range(3))
    return Record(1, draw(names()), 1, draw(names()), FIRST_INSTANT, event, source, by, note)


def line_of(record):
    with book_of([record]) as book:
        (line,) = to_lines(book)
    return line


def example_line():
    return line_of(
        Record(1, "a club", 1, "r1", FIRST_INSTANT, MemberJoined("ada", "2020/2021"), "a\\b", "", "two\nlines")
    )


# laws


@settings(max_examples=EXAMPLES // 2)
@given(histories())
def test_export_then_import_is_the_same_ledger(history):
    """As `laws.what_is_exported_can_be_imported`, and a second time for nothing, and from the middle on."""
    with book_of(without_gaps(history)) as book, ledger.open(":memory:") as other:
        lines = list(to_lines(book))
        assert list(from_lines(lines)) == list(book.records())
        assert other.import_records(from_lines(lines)) == len(history)
        assert list(other.records()) == list(book.records())
        assert list(to_lines(other)) == lines
        assert other.import_records(from_lines(lines)) == 0
        middle = len(lines) // 2
        assert list(to_lines(book, after=middle)) == lines[middle:]


@settings(max_examples=EXAMPLES // 2)
@given(records())
@example(
    Record(1, "a", 1, "r", FIRST_INSTANT, MemberJoined("a", "2020"), "\x85\u2028\u2029", "\ufffe\U0010ffff", "\\u{a}\n")
)
def test_a_line_is_one_line_of_a_cloud_event_and_gives_the_record_back(record):
    line = line_of(record)
    assert len(line.splitlines()) == 1
    (found,) = from_lines([line])
    assert found == evolve(record, digest=json.loads(line)["ledgerdigest"], head=found.head)
    assert (found.head is None) is not isinstance(record.event, ReportPublished)
    assert line_of(record) == line
    found = json.loads(line)
    assert {"specversion", "id", "source", "type"} <= found.keys()
    for name, value in found.items():
        assert ATTRIBUTE.fullmatch(name)
        if name == "ledgerschema":
            assert type(value) is int
        elif name != "data":
            assert value
            assert not BARRED.search(value)
            assert not any(
                ord(sign) & 0xFFFE == 0xFFFE for sign in value
            )  # the last two of each plane are no characters
    assert re.fullmatch(r"/initiatives/[A-Za-z0-9_.~%-]+", found["source"])


@settings(max_examples=EXAMPLES // 2)
@given(records(), st.data())
def test_the_order_of_names_and_blanks_and_nulls_make_no_difference(record, data):
    line = line_of(record)
    pairs = data.draw(st.permutations(list(json.loads(line).items())))
    again = json.dumps({"ledgerreplaces": None, **dict(pairs)}, indent=data.draw(st.sampled_from([None, 1])))
    assert list(from_lines([again])) == list(from_lines([line]))


def rubbish():
    """Lines that are somewhat like a line, and some that are not."""
    line = example_line()
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(st.characters(), max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    )
    fields = st.sampled_from([*json.loads(line), "ledgerhead", "ledgerreplaces", "ledgerby", "x"])
    changed = st.builds(lambda name, value: json.dumps({**json.loads(line), name: value}), fields, values)
    spliced = st.builds(
        lambda start, many, text: line[:start] + text + line[start + many :],
        st.integers(0, len(line)), st.integers(0, 3), st.text(max_size=3) | st.sampled_from(["NaN", "1e999", "[" * 50]),
    )  # fmt: skip
    return changed | spliced | st.text() | values


@settings(max_examples=EXAMPLES * 3)
@given(rubbish())
def test_any_rubbish_is_refused_by_its_line_or_is_what_would_be_written(line):
    good = example_line()
    try:
        found = list(from_lines([good, line]))
    except LedgerError as error:
        assert str(error).startswith("line 2: ")  # noqa: PT017 - or it is read
    else:
        assert found[1].digest
        assert list(from_lines([line_of(evolve(found[1], position=1, version=1, digest=""))]))


@settings(max_examples=EXAMPLES // 2)
@given(st.binary(max_size=30))
def test_a_file_that_is_no_text_is_refused(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_bytes(junk)
    with path.open(encoding="utf-8") as lines, pytest.raises(BadInput, match=r"^line \d+") if junk else nullcontext():
        assert list(from_lines(lines)) == []


# what is in a line


def test_a_line_looks_like_this():
    assert json.loads(example_line()) == {
        "specversion": "1.0",
        "type": "member-joined",
        "source": "/initiatives/a%20club",
        "subject": "member/ada",
        "id": "r1",
        "time": "2024-01-01T00:00:00.000000Z",
        "ledgerposition": "1",
        "ledgerversion": "1",
        "ledgereffective": "2020/2021",
        "datacontenttype": "application/json",
        "ledgerschema": 1,
        "data": {"member": "ada", "effective": "2020/2021"},
        "ledgersource": "a\\u{5c}b",
        "ledgernote": "two\\u{a}lines",
        "ledgerdigest": json.loads(example_line())["ledgerdigest"],
    }


def test_subjects_and_replacements_are_told():
    with ledger.open(":memory:", clock=lambda: datetime(2025, 1, 1, tzinfo=UTC)) as book:
        club = book.initiative("club")
        metric, _ = club.record(
            MetricDefined("dues"), ReportPublished("letter", "2024-01-01", claims=[Claim(Members(), "0")])
        )
        club.correct(metric, title="Dues")
        club.record(MemberJoined("ada", "2020"), MetricUpdated("dues", "2024", "5", member="ada"))
        lines = [json.loads(line) for line in to_lines(book)]
        assert [line["subject"] for line in lines] == [
            "metric/dues", "report/letter", f"record/{metric.id}", "metric/dues", "member/ada", "member/ada",
        ]  # fmt: skip
        assert [line.get("ledgerreplaces") for line in lines] == [None, None, None, metric.id, None, None]
        assert [line.get("ledgereffective") for line in lines] == [None, "2024-01-01", None, None, "2020", "2024"]
        assert list(from_lines(to_lines(book))) == list(book.records())


def test_a_sign_that_an_attribute_may_not_hold_is_written_as_its_number():
    lasts = [chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)]  # of each plane
    barred = ["\1", "\n", "\x1f", "\x7f", "\x85", "\x9f", "\ufdd0", "\ufdef", "\\", *lasts]
    beside = " ~\xa0\ufdcf\ufdf0\ufffd\U00010000\U0001fffd\U0010fffd\u2028"
    line = line_of(
        Record(1, "a", 1, "r", FIRST_INSTANT, MemberJoined("a", "2020"), "".join(barred), beside, "x\u2029x")
    )
    found = json.loads(line)
    assert found["ledgersource"] == "".join(f"\\u{{{ord(one):x}}}" for one in barred)
    assert found["ledgerby"] == beside
    assert r'"ledgernote":"x\u2029x"' in line  # which would break the line
    (record,) = from_lines([line])
    assert (record.source, record.by) == ("".join(barred), beside)


def test_the_head_before_a_report_is_kept():
    with book_of(records_of(("club", MemberJoined("a", "2020"), ReportPublished("r", "2020")))) as book:
        first, report = to_lines(book)
        assert "ledgerhead" not in json.loads(first)
        assert json.loads(report)["ledgerhead"] == f"1 {json.loads(first)['ledgerdigest']}"
        assert list(from_lines([first, report])) == list(book.records())


# what is refused


def changed(**changes):
    found = {**json.loads(example_line()), **changes}
    return json.dumps({name: value for name, value in found.items() if value != "gone"})


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("", BadInput, "'' is no JSON: .* no line is blank"),
        ("[]", BadInput, "is no JSON object"),
        (b"{}", BadInput, "is no text"),
        ('{"a": 1, "b": 2, "a": 1}', BadInput, "the name 'a' stands twice"),
        ('{"a": NaN}', BadInput, "the number 'NaN' has no place"),
        ('{"a": 1.5}', BadInput, "the number '1.5' has no place"),
        ('{"a": 1e400}', BadInput, "the number '1e400' has no place"),
        ('{"a": %s}' % ("9" * 5_000), BadInput, r"the number '9+\.\.\. is too large"),
        ('{"a": %s}' % ("9" * 20), BadInput, "the number '9{20}' is too large"),
        (changed(ledgerschema=10**19 - 1), NewerFormat, "of schema 9{19} is not known"),
        ("[" * 200_000, BadInput, "is nested too deep"),
        ('{"a":' * 200_000, BadInput, "is nested too deep"),
        (changed(specversion="gone"), BadInput, "there is no 'specversion'"),
        (changed(ledgerdigest=None), BadInput, "there is no 'ledgerdigest'"),
        (changed(traceparent="x"), BadInput, "'traceparent' is no name that a record has"),
        (changed(specversion="0.3"), BadInput, "specversion is '0.3', and only '1.0' can be read"),
        (changed(datacontenttype="text/xml"), BadInput, "datacontenttype is 'text/xml'"),
        (changed(id=1), BadInput, "id must be text, not 1"),
        (changed(data="x"), BadInput, "data must be an object, not 'x'"),
        (changed(ledgerschema=True), BadInput, "ledgerschema must be a whole number, not True"),
        (changed(ledgerschema=0), BadInput, "schema versions count from 1"),
        (changed(ledgerschema=2), NewerFormat, "upgrade it"),
        (changed(type="member-danced"), NewerFormat, "event 'member-danced' of schema 1 is not known"),
        (changed(ledgerposition="01"), BadInput, "ledgerposition must be a whole number from 1"),
        (changed(ledgerversion="9" * 19), BadInput, "version=9+ is no whole number"),
        (changed(ledgerversion="٣"), BadInput, "ledgerversion must be a whole number from 1"),
        (changed(source="club"), BadInput, "source must be /initiatives/ and the id"),
        (changed(source="/initiatives/a club"), BadInput, "source must be /initiatives/ and the id"),
        (changed(source="/initiatives/"), BadInput, "initiative is empty"),
        (changed(source="/initiatives/\ud800"), BadInput, "source must be"),
        (changed(time="yesterday"), BadInput, "'yesterday' is not an instant"),
        (changed(time="2024-01-01T00:00:00.000001Z"), DamagedRecord, "is not what its digest says"),
        (changed(data={"member": "ada", "effective": "2020/2021", "age": "7"}), BadInput, "unknown name 'age'"),
        (changed(data={"member": "\ud800", "effective": "2020/2021"}), BadInput, "the body of event 'member-joined'"),
        (changed(data={"member": "ada", "effective": "2020"}), BadInput, "ledgereffective is '2020/2021', and by the"),
        (changed(subject="member/bob"), BadInput, "subject is 'member/bob', and by the data it is 'member/ada'"),
        (changed(subject="gone"), BadInput, "subject is None, and by the data it is 'member/ada'"),
        (changed(ledgernote="two\nlines"), BadInput, "holds a control character or a backslash as it is"),
        (changed(ledgernote="\\n"), BadInput, "holds a control character or a backslash as it is"),
        (changed(ledgernote="\\u{ffffff}"), BadInput, "holds a control character or a backslash as it is"),
        (changed(ledgernote="other"), DamagedRecord, "record 'r1' is not what its digest says that it was"),
        (changed(ledgerdigest="0" * 64), DamagedRecord, "record 'r1' is not what its digest says that it was"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_number_of_the_line(line, error, said):
    with pytest.raises(error, match=f"^line 2: .*{said}"):
        list(from_lines([example_line(), line]))


def test_what_is_no_text_in_utf_8_is_refused(tmp_path):
    path = tmp_path / "club.jsonl"
    path.write_bytes(example_line().encode() + b"\n\xe9\n")
    with (
        path.open(encoding="utf-8") as lines,
        pytest.raises(BadInput, match=r"^line 1 or below: .*0xe9.*: open the file"),
    ):
        list(from_lines(lines))


def test_where_a_file_breaks_off_the_lines_that_were_read_are_counted():
    def lines():
        yield example_line()
        yield example_line()
        b"\xe9".decode()

    with pytest.raises(BadInput, match=r"^line 3 or below: "):
        list(from_lines(lines()))


@pytest.mark.parametrize("lines", ["{}", b"{}", 7])
def test_what_is_no_file_of_lines_is_refused(lines):
    with pytest.raises(BadInput, match="is no file of lines: open it as text"):
        from_lines(lines)


def test_lines_before_a_wrong_one_are_read_and_a_cut_file_is_completed():
    with book_of(without_gaps(history_of([MemberJoined("a", "2020")], [MemberJoined("b", "2020")]))) as book:
        lines = list(to_lines(book))
        with ledger.open(":memory:") as other:
            with pytest.raises(BadInput, match=r"^line 2: "):
                other.import_records(from_lines([lines[0], lines[1][:50]]))
            assert other.import_records(from_lines(lines[:1])) == 1
            assert other.import_records(from_lines(lines)) == 1
            assert list(other.records()) == list(book.records())


@pytest.mark.parametrize("no_ledger", [None, "book.db", []])
def test_what_is_no_ledger_is_refused(no_ledger):
    with pytest.raises(BadInput, match=r"is no ledger: give what ledger\.open gives"):
        to_lines(no_ledger)
