"""What is fuzzed: each target reads any bytes at all, by a reader of what comes from outside.

A reader gives a value or raises a `LedgerError` with a short message, within a second. A value that it gives is read
again from what it is written as. Anything else is a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import StringIO
from time import process_time

from ledger.exchange import Amounts, claims, from_lines, spells, values, wide_values
from ledger.model.errors import LedgerError
from ledger.model.events import MemberJoined, MemberLeft, ReportPublished
from ledger.model.heads import TreeHead
from ledger.model.limits import NAMES_MAX, PROSE_MAX
from ledger.model.periods import period_of
from ledger.model.quantity import Quantity, about, exactly, rounded
from ledger.model.readings import amount_of
from ledger.model.when import When, day, instant
from ledger.model.wording import measure_of, worded
from ledger.recording.batch import row_of
from ledger.recording.codec import NAMES, canonical, decode, encode, schema_of
from ledger.recording.proofs import GrowthProof, InclusionProof

SECONDS = 1  # an input
MESSAGE = 30_000  # characters; a sheet names twenty problems


def check(target: Callable[[str], object], data: bytes) -> None:
    """Run a target on any bytes; what is no UTF-8 becomes lone surrogates, as in names of files."""
    text = data.decode("utf-8", "surrogateescape")
    begun = process_time()
    try:
        target(text)
    except LedgerError as error:
        message = str(error)
        message.encode("utf-8")
        assert 0 < len(message) < MESSAGE, f"a message of {len(message):,} characters"
    took = process_time() - begun
    assert took < SECONDS, f"{took:.1f} seconds for {len(data):,} bytes"


def body(text: str) -> None:
    """A stored body, after the name of its event and its schema: `member-left 1 {"member":"a","effective":"2024"}`."""
    name, _, rest = text.partition(" ")
    schema, _, stored = rest.partition(" ")
    try:
        number = int(schema[:20])
    except ValueError:
        number = 1
    event = decode(name, number, stored)
    written = encode(event)
    assert NAMES[type(event)] == name
    assert decode(name, schema_of(name), written) == event
    assert encode(decode(name, schema_of(name), written)) == written
    assert canonical(name, number, stored) == (written == stored)


def lines(text: str) -> None:
    """Records, as a file of lines."""
    for record in from_lines(StringIO(text)):
        assert row_of(record)[-1] == record.digest


def sheet_of_spells(text: str) -> None:
    """Memberships, as a CSV file."""
    for options in {}, {"end_inclusive": True, "unknown_start": "[..1990]"}, {"name": None, "attributes": ()}:
        with _refused():
            for event in spells(StringIO(text), **options):
                assert isinstance(event, MemberJoined | MemberLeft)
                name = NAMES[type(event)]
                assert decode(name, schema_of(name), encode(event)) == event


def sheet_of_values(text: str) -> None:
    """Amounts, as a CSV file, long or wide; leniently, what is read and what is set aside make up the whole of it."""
    columns = {"amount": Amounts("co2", "t"), "metric": Amounts("jobs", effective="2020")}
    for read in values, partial(wide_values, columns=columns):
        with _refused():
            read(StringIO(text))
        with _refused():
            table = read(StringIO(text), lenient=True)
            assert not {*table.rows} & {one.row for one in table.rejected}
            assert {*table.rows} | {one.row for one in table.rejected} == table.cells.keys()
            for event in table:
                assert decode("metric-updated", 1, encode(event)) == event
    values(StringIO(text))


def sheet_of_claims(text: str) -> None:
    """Published figures, as a CSV file."""
    found = claims(StringIO(text), measures={"countries": measure_of("distinct country")})
    report = ReportPublished("r", "9999-12-31", claims=found[:NAMES_MAX])
    assert decode("report-published", 1, encode(report)) == report


def when(text: str) -> None:
    """Dates, days, instants and periods."""
    for read in day, instant, period_of:
        with _refused():
            read(text)
    found = When.parse(text)
    assert found.text == text
    assert found.earliest <= found.latest
    assert found.contains(found)


def quantity(text: str) -> None:
    """Amounts, in every way that a printed one is read."""
    for read in exactly, rounded, amount_of, lambda given: about(given, percent="2.5"):
        with _refused():
            _same_amount(read(text))
    found = Quantity.parse(text)
    assert found.text == text
    _same_amount(found)


def measure(text: str) -> None:
    """Measures in words."""
    found = measure_of(text)
    assert measure_of(worded(found)) == found


def head(text: str) -> None:
    """Heads of a ledger, as checkpoints and as they stand in a file."""
    found = TreeHead.parse(text)
    for written in str(found), found.checkpoint(), found.checkpoint("example.org/log"):
        assert TreeHead.parse(written) == found


def proof(text: str) -> None:
    """Proofs in JSON: that a ledger only grew, and that a record is in it."""
    with _refused():
        growth = GrowthProof.from_json(text)
        assert GrowthProof.from_json(growth.to_json()) == growth
        growth.holds(growth.old, growth.new)
        return
    found = InclusionProof.from_json(text)
    assert InclusionProof.from_json(found.to_json()) == found
    found.holds(found.head)


def _same_amount(found: Quantity) -> None:
    assert hash(found) == hash(found + -found + found) or not found.exact
    assert found.contains(found)
    assert found.to(found.unit) == found
    if "…" not in found.text and len(found.text) < PROSE_MAX:
        with _refused():  # what is computed may be longer than what may be typed
            assert Quantity.parse(found.text) == found


def _refused() -> suppress:
    return suppress(LedgerError)


TARGETS: dict[str, Callable[[str], object]] = {
    "body": body,
    "lines": lines,
    "spells": sheet_of_spells,
    "values": sheet_of_values,
    "claims": sheet_of_claims,
    "when": when,
    "quantity": quantity,
    "measure": measure,
    "head": head,
    "proof": proof,
}
