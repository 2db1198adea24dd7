"""Events as JSON: the same bytes for the same event, and nothing foreign is ever let in."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import MemberJoined, MemberLeft, ReportPublished
from ledger.model.errors import BadEvent, NewerFormat
from ledger.model.events import EVENTS
from ledger.recording import codec
from ledger.recording.codec import NAMES, decode, encode, schema_of
from ledger.testing.strategies import events

EXAMPLES = settings.default.max_examples
GOLDEN = Path(__file__).parent / "data" / "golden_events.jsonl"
LEFT = '{"member":"basque","effective":"2024"}'


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    schema: int
    body: msgspec.Raw


def golden():
    return [msgspec.json.decode(line, type=Golden) for line in GOLDEN.read_bytes().splitlines()]


def decoded_again(event):
    return decode(NAMES[type(event)], schema_of(NAMES[type(event)]), encode(event))


# what is written is read back


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
def test_an_event_comes_back_from_json_as_it_was_and_is_written_in_the_same_bytes_again(cls):
    @settings(max_examples=EXAMPLES // 2)
    @given(events(cls))
    def holds(event):
        """As `laws.writing_down_loses_nothing`, of any event, with any texts and numbers in it."""
        again = decoded_again(event)
        assert again == event
        assert type(again) is type(event)
        assert encode(again) == encode(event)

    holds()


@given(events())
def test_a_body_is_json_that_the_standard_library_writes_in_the_same_way(event):
    plain = json.loads(encode(event))
    assert json.dumps(plain, ensure_ascii=False, separators=(",", ":")) == encode(event)


@given(events())
def test_a_body_may_be_read_from_bytes_and_with_blanks_too(event):
    name = NAMES[type(event)]
    assert decode(name, 1, encode(event).encode()) == event
    assert decode(name, 1, json.dumps(json.loads(encode(event)), indent=1)) == event


def test_what_has_its_default_value_is_left_out():
    assert encode(MemberJoined("basque", "2021")) == '{"member":"basque","effective":"2021"}'


def test_every_class_of_event_has_a_stored_name_of_its_own():
    assert set(NAMES) == set(EVENTS)
    assert len(set(NAMES.values())) == len(EVENTS)


def test_there_is_a_golden_body_for_every_stored_name():
    assert [(one.type, one.schema) for one in golden()] == [(name, schema_of(name)) for name in NAMES.values()]


@pytest.mark.parametrize("one", golden(), ids=lambda one: one.type)
def test_a_golden_body_is_read_and_written_byte_for_byte(one):
    event = decode(one.type, one.schema, bytes(one.body))
    assert NAMES[type(event)] == one.type
    assert encode(event).encode() == bytes(one.body)


# what is foreign is refused, with the place

WRONG = {
    "an unknown name": ("member-left", '{"member":"a","effective":"2024","colour":"red"}', "'colour' @ body"),
    "a missing name": ("member-left", '{"member":"a"}', "'effective' @ body.effective"),
    "a number for text": ("member-left", '{"member":5,"effective":"2024"}', "MemberLeft.member must be text, not int"),
    "a number for a day": ("member-left", '{"member":"a","effective":2024}', "not int @ body.effective"),
    "null for text": ("member-left", '{"member":null,"effective":"2024"}', "MemberLeft.member must be text"),
    "1 for true": ("metric-defined", '{"metric":"m","additive":1}', "MetricDefined.additive must be True or False"),
    "null for false": ("metric-defined", '{"metric":"m","nonnegative":null}', "MetricDefined.nonnegative must be"),
    "a unit that is none": ("metric-defined", '{"metric":"m","unit":"furlongs"}', "'furlongs' is not a known unit"),
    "a float for an amount": (
        "metric-updated",
        '{"metric":"m","effective":"2024","amount":1.5}',
        "not float (1.5) @ body.amount",
    ),
    "an amount that is none": (
        "metric-updated",
        '{"metric":"m","effective":"2024","amount":"NaN"}',
        "'NaN' is not a number: write digits with a point, as in 12.5 or 2.7e6 @ body.amount",
    ),
    "a period that is none": (
        "metric-updated",
        '{"metric":"m","effective":"2024","amount":"1","period":"soon"}',
        "@ body.period",
    ),
    "an empty id": ("record-retracted", '{"record":""}', "RecordRetracted.record is empty"),
    "pairs for an object": (
        "member-joined",
        '{"member":"a","effective":"2024","attributes":[["country","Spain"]]}',
        "a JSON object was expected, not [['country', 'Spain']] @ body.attributes",
    ),
    "null for an object": (
        "member-joined",
        '{"member":"a","effective":"2024","attributes":null}',
        "a JSON object was expected, not None @ body.attributes",
    ),
    "a number in attributes": (
        "member-joined",
        '{"member":"a","effective":"2024","attributes":{"country":34}}',
        "attribute 'country' must be text, not int (34) @ body.attributes",
    ),
    "text for an array": (
        "initiative-launched",
        '{"effective":"2024","name":"C","supporters":"EPRI"}',
        "not 'EPRI' @ body.supporters",
    ),
    "an array for the event": ("member-left", "[]", "a JSON object was expected, not [] @ body"),
    "text for the event": ("member-left", '"member"', "a JSON object was expected, not 'member' @ body"),
    "null for the event": ("member-left", "null", "a JSON object was expected, not None @ body"),
}


@pytest.mark.parametrize(("name", "body", "says"), WRONG.values(), ids=WRONG)
def test_a_body_that_is_not_one_of_its_event_is_refused_with_the_place(name, body, says):
    with pytest.raises(BadEvent) as refusal:
        decode(name, 1, body)
    assert f"the body of event '{name}'" in str(refusal.value)
    assert says in str(refusal.value)


WRONG_CLAIMS = {
    "an object for an array": ("{}", "a JSON array was expected, not {} @ body.claims"),
    "text for an array": ('"ab"', "a JSON array was expected, not 'ab' @ body.claims"),
    "a number for a claim": ("[5]", "a JSON object was expected, not 5 @ body.claims[0]"),
    "a number for a measure": ('[{"measure":5,"amount":"1"}]', "not 5 @ body.claims[0].measure"),
    "no name of a measure": ('[{"measure":{},"amount":"1"}]', "'measure' @ body.claims[0].measure"),
    "an unknown measure": ('[{"measure":{"measure":"mean"},"amount":"1"}]', "'mean' @ body.claims[0].measure"),
    "a list as measure": ('[{"measure":{"measure":[]},"amount":"1"}]', "@ body.claims[0].measure"),
    "an unknown name": (
        '[{"measure":{"measure":"members","of":"x"},"amount":"1"}]',
        "'of' @ body.claims[0].measure",
    ),
    "1 for true": (
        '[{"measure":{"measure":"members","suspended":1},"amount":"1"}]',
        "Members.suspended must be True or False, not 1 @ body.claims[0].measure",
    ),
    "pairs for a filter": (
        '[{"measure":{"measure":"members","where":["ab"]},"amount":"1"}]',
        "a JSON object of arrays was expected, not ['ab'] @ body.claims[0].measure.where",
    ),
    "text for values": (
        '[{"measure":{"measure":"members","where":{"country":"Spain"}},"amount":"1"}]',
        "a JSON object of arrays was expected, not {'country': 'Spain'} @ body.claims[0].measure.where",
    ),
    "a share of a share": (
        '[{"measure":{"measure":"share","part":{"measure":"share"},"whole":{"measure":"members"}},"amount":"1"}]',
        "'share' @ body.claims[0].measure.part",
    ),
    "an array as whole": (
        '[{"measure":{"measure":"share","part":{"measure":"members"},"whole":[]},"amount":"1"}]',
        "not [] @ body.claims[0].measure.whole",
    ),
    "a number for the amount": (
        '[{"measure":{"measure":"members"},"amount":"1"},{"measure":{"measure":"members"},"amount":17}]',
        "not int (17) @ body.claims[1].amount",
    ),
    "a rough day": (
        '[{"measure":{"measure":"joined","since":"2024"},"amount":"1"}]',
        "'2024' is not one exact day: write it as YYYY-MM-DD @ body.claims[0].measure.since",
    ),
}


@pytest.mark.parametrize(("claims", "says"), WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_a_claim_that_is_none_is_refused_with_the_place(claims, says):
    with pytest.raises(BadEvent) as refusal:
        decode("report-published", 1, f'{{"report":"r","effective":"2024-05-01","claims":{claims}}}')
    assert says in str(refusal.value)


@pytest.mark.parametrize("body", [
    "", " ", "{", "nul", '{"member":NaN}', '{"member":Infinity}', '{"member":1e400}', "{'member':'a'}", "\ufeff" + LEFT,
    LEFT + "x", '{"member":%s}' % ("9" * 6_000), '{"member":"\ud800","effective":"2024"}',
    b'{"member":"\xff"}', b"\xff", '{"member":"\\ud800","effective":"2024"}',
    '{"member":"a","effective":"2024","reason":"\\udfff"}',
])  # fmt: skip
def test_what_is_no_json_is_refused(body):
    with pytest.raises(BadEvent, match="is no JSON"):
        decode("member-left", 1, body)


@pytest.mark.parametrize("body", [
    '{"member":"a","member":"b","effective":"2024"}',
    '{"member":"a","effective":"2024","member":"a"}',
    '{"member":"a","effective":"2024","m\\u0065mber":"a"}',
    b'{"member":"a", "member":"b", "effective":"2024"}',
])  # fmt: skip
def test_a_name_that_stands_twice_in_one_object_is_refused(body):
    with pytest.raises(BadEvent, match="the name 'member' stands twice in one object: keep one"):
        decode("member-left", 1, body)


def test_a_name_that_stands_twice_deep_within_is_refused_too():
    with pytest.raises(BadEvent, match="'country' stands twice"):
        decode("member-joined", 1, '{"member":"a","effective":"2024","attributes":{"country":"Spain","country":"UK"}}')


@pytest.mark.parametrize("depth", [*range(50, 1_200, 50), 100_000])
@pytest.mark.parametrize("shape", ['{"member":', '{"member":"a","effective":"2024","successors":[', "["])
def test_deep_nesting_is_refused(shape, depth):
    opening = shape if depth == 100_000 else shape + "[" * depth
    closing = "".join("]" if sign == "[" else "}" for sign in reversed(opening) if sign in "[{")
    deep = opening * (depth if depth == 100_000 else 1)
    for body in (deep, deep + (closing if depth < 100_000 else closing * depth)):
        with pytest.raises(BadEvent):
            decode("member-left", 1, body)


def test_a_message_stays_short_however_much_is_wrong():
    names = ",".join(f'"{"k" * 1_000}{number}":1' for number in range(1_000))
    claims = ",".join(["1"] * 1_000)
    for name, body, more in [
        ("member-left", f"{{{names}}}", "and 995 more"),
        ("report-published", f'{{"report":"r","effective":"2024-01-01","claims":[{claims}]}}', "; and 995 more"),
    ]:
        with pytest.raises(BadEvent) as refusal:
            decode(name, 1, body)
        assert len(str(refusal.value)) < 1_000
        assert more in str(refusal.value)


@pytest.mark.parametrize(("name", "schema"), [("member-vanished", 1), ("MemberLeft", 1), ("", 1), ("member-left", 2)])
def test_what_a_newer_version_wrote_is_refused_and_not_skipped(name, schema):
    with pytest.raises(NewerFormat, match="upgrade"):
        decode(name, schema, LEFT)


@pytest.mark.parametrize("schema", [0, -1])
def test_a_schema_version_below_one_is_refused(schema):
    with pytest.raises(BadEvent, match=f"schema {schema} cannot be"):
        decode("member-left", schema, LEFT)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
"""Anything that JSON can hold, and lone surrogates, NaN and Infinity, which it cannot."""

STORED_NAMES = st.sampled_from([*NAMES.values(), "unknown"])


def read_or_refused(name, schema, body):
    """The event, or None where it is refused; any other error passes."""
    try:
        return decode(name, schema, body)
    except (BadEvent, NewerFormat) as error:
        refusal = str(error)
    assert refusal.startswith(("the body of", "event"))
    assert len(refusal) < 5_000
    return None


@settings(max_examples=3 * EXAMPLES)
@given(STORED_NAMES, st.integers(-1, 3), st.text() | PLAIN.map(json.dumps))
def test_reading_anything_at_all_gives_an_event_or_one_of_two_errors(name, schema, body):
    event = read_or_refused(name, schema, body)
    assert event is None or NAMES[type(event)] == name


@st.composite
def nearly_events(draw):
    """Bodies of real events in which one value, somewhere, was replaced, taken away or added."""
    event = draw(events())
    plain = json.loads(encode(event))
    place, key = plain, draw(st.sampled_from(sorted(plain)))
    while isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
        place = place[key]
        key = draw(st.sampled_from(sorted(place)) if isinstance(place, dict) else st.sampled_from(range(len(place))))
    before = place[key]
    change = draw(st.sampled_from(["replace", "wrap", "remove", "add"]))
    if change == "replace":
        place[key] = draw(PLAIN)
    elif change == "wrap":
        place[key] = draw(st.sampled_from([[before], {"measure": before}, {"value": before}]))
    elif change == "remove":
        del place[key]
    elif isinstance(place, dict):
        place[draw(st.sampled_from(["member", "effective", "name", "where", "suspended", "x"]))] = draw(PLAIN)
    return NAMES[type(event)], plain


@settings(max_examples=2 * EXAMPLES)
@given(nearly_events())
def test_nothing_is_converted_to_fit(nearly):
    name, plain = nearly
    event = read_or_refused(name, 1, json.dumps(plain))
    if event is not None:
        assert decoded_again(event) == event
        if not isinstance(event, ReportPublished):  # a filter is brought into one order
            # what is written again was there, and what is not made no difference
            written = json.loads(encode(event))
            assert written == {field: plain[field] for field in written}
            assert decode(name, 1, json.dumps(written)) == event


# old bodies are lifted


def rename_who_to_member(body):
    return {"member": body.pop("who"), **body}


def give_a_day(body):
    return {**body, "effective": body["effective"] + "-01-01"}


def test_an_old_body_is_lifted_step_by_step_to_the_schema_of_today(monkeypatch):
    monkeypatch.setattr(codec, "UPCASTERS", {"member-left": (rename_who_to_member, give_a_day)})
    assert schema_of("member-left") == 3
    assert schema_of("member-joined") == 1
    expected = MemberLeft("basque", "2024-01-01")
    assert decode("member-left", 1, '{"who":"basque","effective":"2024"}') == expected
    assert decode("member-left", 2, '{"member":"basque","effective":"2024"}') == expected
    assert decode("member-left", 3, '{"member":"basque","effective":"2024-01-01"}') == expected
    with pytest.raises(NewerFormat):
        decode("member-left", 4, LEFT)
    with pytest.raises(BadEvent, match="'who' @ body"):  # a lifted body is checked like any other
        decode("member-left", 3, '{"who":"basque","effective":"2024-01-01"}')


@pytest.mark.parametrize("body", [LEFT, "[]", "5", "null"])
def test_an_old_body_that_cannot_be_lifted_is_refused(monkeypatch, body):
    monkeypatch.setattr(codec, "UPCASTERS", {"member-left": (rename_who_to_member,)})
    with pytest.raises(BadEvent, match="of schema 1 cannot be lifted"):
        decode("member-left", 1, body)
