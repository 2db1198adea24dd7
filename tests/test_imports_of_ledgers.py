"""Whole ledgers brought to others: with a head that was published, all at once, and recorded anew."""

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    Members,
    MetricDefined,
    MetricUpdated,
    Refused,
    ReportPublished,
    exactly,
)
from ledger.exchange import from_lines, to_lines
from ledger.model.errors import BadInput, DamagedRecord, DifferentHistory, RetryMismatch, Rewritten, Truncated
from ledger.model.heads import TreeHead
from ledger.testing.strategies import ledgers

EXAMPLES = settings.default.max_examples
LAST = "2030-01-01"


@pytest.fixture
def book():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(
            InitiativeLaunched("2021", name="Clusters"),
            MetricDefined("co2", unit="Mt/year", nonnegative=True),
            MemberJoined("basque", "2021/2023-01-19", attributes={"country": "Spain"}),
            source="press",
        )
        (value,) = clusters.record(MetricUpdated("co2", "2022-06-30", "12.5 Mt/year", member="basque"), by="analyst")
        book.initiative("ports").record(MemberJoined("cleo", "2022-01-01"))
        clusters.record(ReportPublished("r", "2022-12-31", claims=[Claim(Members(), exactly(1))]), note="read twice")
        clusters.correct(value.id, amount="13 Mt/year", reason="misread")
        yield book


def states(book):
    return {name: book.initiative(name).at(LAST) for name in book.initiatives()}


def plain(state):
    """What a state says, but for the records that it is from."""
    told = state.to_dict()
    return {name: told[name] for name in told if name != "version"}


# with a head


def test_records_are_held_against_a_head_on_their_way_in(book):
    lines = list(to_lines(book))
    for head in book.head, book.head.checkpoint(), str(book.head):
        with ledger.open(":memory:") as other:
            assert other.import_records(from_lines(lines), head) == len(lines)
            assert (other.head, list(other.records())) == (book.head, list(book.records()))
            assert other.import_records(from_lines(lines), head) == 0


def test_with_another_head_nothing_is_written(book):
    lines = list(to_lines(book))
    other_root = evolve(book.head, root="0" * 64)
    for anew in False, True:
        with ledger.open(":memory:") as other:
            with pytest.raises(Rewritten):
                other.import_records(from_lines(lines), other_root, anew=anew)
            with pytest.raises(Truncated, match=f"the head counts {len(lines)}"):
                other.import_records(from_lines(lines[:-2]), book.head, anew=anew)
            with pytest.raises(BadInput, match="is no checkpoint"):
                other.import_records(from_lines(lines), "head", anew=anew)
            assert (other.head.size, list(other.records())) == (0, [])


@pytest.mark.parametrize("number", range(7))
def test_where_a_line_is_wrong_it_is_named_and_nothing_is_written(book, number):
    lines = list(to_lines(book))
    wrong = {
        "cut": [*lines[:number], lines[number][:-5]],
        "nothing": [*lines[:number], "", *lines[number:]],
        "changed": [*lines[:number], lines[number].replace("20", "19", 1), *lines[number + 1 :]],
        "missing": [*lines[:number], *lines[number + 1 :]] if number < len(lines) - 1 else None,
        "twice": [*lines[: number + 1], *lines[number:]] if number not in (0, 1, 2) else None,
        "exchanged": [*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]],
    }
    for what, rest in wrong.items():
        for anew in (False, True) if rest is not None else ():
            with ledger.open(":memory:") as other:
                with pytest.raises((BadInput, DamagedRecord, DifferentHistory)) as caught:
                    other.import_records(from_lines(rest), anew=anew)
                if what in ("cut", "nothing", "changed"):
                    assert str(caught.value).startswith(f"line {number + 1}: ")
                assert list(other.records()) == []


def test_an_import_that_is_interrupted_leaves_nothing_and_can_be_begun_again(book, tmp_path):
    lines = list(to_lines(book))

    def interrupted():
        yield from lines[:5]
        raise KeyboardInterrupt

    with ledger.open(tmp_path / "other.db") as other:
        for at_once, left in (True, 0), (False, 4):
            with pytest.raises(KeyboardInterrupt):
                other.import_records(from_lines(interrupted()), at_once=at_once)
            assert (other.head.size, len(list(other.records()))) == (left, left)
            assert other.verify(deep=True) == other.head
        assert other.import_records(from_lines(lines), book.head) == len(lines) - 4
        assert other.verify(book.head, deep=True) == book.head


@pytest.mark.parametrize("number", range(1, 8))
def test_a_beginning_that_ends_within_a_batch_is_completed_and_sound(book, tmp_path, number):
    lines = list(to_lines(book))
    with ledger.open(tmp_path / "other.db") as other:
        assert other.import_records(from_lines(lines[:number])) == number
        assert other.verify(deep=True).size == number
        assert other.import_records(from_lines(lines), book.head) == len(lines) - number
        assert other.verify(book.head, deep=True) == other.backup(tmp_path / "backup.db") == book.head


def test_nobody_sees_an_import_before_it_is_whole(book, tmp_path):
    with ledger.open(tmp_path / "other.db") as other, ledger.open(tmp_path / "other.db", timeout=0) as reader:

        def watched():
            for line in to_lines(book):
                assert (list(reader.records()), reader.head.size, reader.initiatives()) == ([], 0, [])
                with pytest.raises(ledger.LedgerError, match="another writer holds it"):
                    reader.initiative("ports").record(MemberJoined("dora", "2022"))
                yield line

        other.import_records(from_lines(watched()))
        assert list(reader.records()) == list(book.records())


# anew


@settings(max_examples=max(EXAMPLES // 3, 2))
@given(ledgers())
def test_recorded_anew_in_an_empty_ledger_everything_is_said_again(drawn):
    with ledger.open(":memory:") as other:
        written = other.import_records(drawn_with_uuids(drawn), anew=True)
        assert written == drawn.head.size
        assert {name: plain(state) for name, state in states(other).items()} == {
            name: plain(state) for name, state in states(drawn).items()
        }
        assert other.import_records(drawn_with_uuids(drawn), anew=True) == 0
        assert other.verify(deep=True).size == written


def drawn_with_uuids(drawn):
    """Records whose ids are such as `record` gives; drawn ones are shorter."""
    found = {}
    for record in drawn.records():
        found[record.id] = f"0190d1f0-0000-7000-8000-{record.position:012}"
        event = record.event
        if isinstance(event, ledger.RecordRetracted):
            event = evolve(event, record=found[event.record])
        replaces = None if record.replaces is None else found[record.replaces]
        yield evolve(record, id=found[record.id], event=event, replaces=replaces, head=None, digest="")


def test_anew_they_have_new_places_and_instants_and_their_ids_and_say_where_they_are_from(book):
    with ledger.open(":memory:") as other:
        (own,) = other.initiative("clusters").record(MemberJoined("humber", "2021-01-01"))
        assert other.import_records(from_lines(to_lines(book)), book.head, anew=True) == 8
        records = list(other.records())
        assert [record.id for record in records] == [own.id, *(record.id for record in book.records())]
        assert [record.position for record in records] == list(range(1, 10))
        assert all(record.recorded_at > own.recorded_at for record in records[1:])
        heads = []
        for old, record in zip(book.records(), records[1:], strict=True):
            *source, origin = record.source.split("\n")
            _, _, size, _, _, _, _, root = origin.split()
            heads.append(TreeHead(int(size), root))
            assert source == ([old.source] if old.source else [])
            assert (record.by, record.note) == (old.by, old.note)
            assert book.prove(old, heads[-1]).holds(heads[-1])
        assert heads[-1] == book.head
        assert len(other.initiative("clusters").at(LAST)) == 2
        assert str(other.initiative("clusters").at(LAST).total("co2").amount) == "13 Mt/year"
        assert other.verify(deep=True) == other.head


def test_what_came_since_is_recorded_anew_too_and_nothing_twice(book):
    with ledger.open(":memory:") as other:
        other.initiative("ports").record(MemberJoined("dora", "2021-01-01"))
        assert other.import_records(book.records(), anew=True) == 8
        book.initiative("clusters").record(MemberChanged("basque", "2023-05-01", name="Basque"))
        assert other.import_records(book.records(), anew=True) == 1
        assert other.import_records(book.records(), anew=True) == 0
        assert other.initiative("clusters").at(LAST)["basque"].name == "Basque"


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("number", range(1, 8))
def test_anew_a_beginning_that_ends_within_a_batch_is_completed(book, number, at_once):
    records = list(book.records())
    with ledger.open(":memory:") as other:
        other.initiative("clusters").record(MemberJoined("humber", "2021-01-01"))
        assert other.import_records(records[:number], anew=True, at_once=at_once) == number
        other.initiative("clusters").record(MemberJoined("tees", "2021-01-01"))
        assert other.import_records(records, book.head, anew=True, at_once=at_once) == len(records) - number
        assert other.import_records(records, book.head, anew=True, at_once=at_once) == 0
        assert str(other.initiative("clusters").at(LAST).total("co2").amount) == "13 Mt/year"
        assert other.verify(deep=True) == other.head
        told = {record.id: (record.event, record.by, record.note, record.replaces) for record in other.records()}
        for record in records:
            assert told[record.id] == (record.event, record.by, record.note, record.replaces)


@settings(max_examples=max(EXAMPLES // 5, 2))
@given(ledgers(), st.data())
def test_anew_what_was_cut_off_anywhere_is_completed_as_if_it_had_never_been(drawn, data):
    records = list(drawn_with_uuids(drawn))
    number = data.draw(st.integers(0, len(records)))
    with ledger.open(":memory:") as other:
        try:
            begun = other.import_records(records[:number], anew=True)
        except Refused:  # of a correction its retraction alone was left, on which others rest
            begun = 0
        assert begun + other.import_records(records, anew=True) == len(records)
        assert {name: plain(state) for name, state in states(other).items()} == {
            name: plain(state) for name, state in states(drawn).items()
        }
        assert other.import_records(records, anew=True) == 0


def test_anew_the_rest_of_a_batch_is_refused_where_what_is_here_differs(book):
    first, second, *_ = book.records()
    with ledger.open(":memory:") as other:
        other.initiative("clusters").record(first.event, source="press", ids=[first.id])
        other.initiative("clusters").record(second.event, source="elsewhere", ids=[second.id])
        with pytest.raises(RetryMismatch) as caught:
            other.import_records(book.records(), anew=True)
        assert str(caught.value) == (
            f"record '{second.id}' (metric-defined in 'clusters'), at position 2 of these: its id is that of another "
            "record here, at position 2: no record ever changes, so somebody chose an id that is not theirs, or "
            "changed one of the two: verify both ledgers"
        )
        assert other.head.size == 2


def test_what_does_not_fit_is_refused_with_all_the_rest(book):
    with ledger.open(":memory:") as other:
        other.initiative("ports").record(MemberJoined("cleo", "2020-01-01"))
        with pytest.raises(Refused, match="'cleo' joins on 2022-01-01 while already a member"):
            other.import_records(book.records(), anew=True)
        assert other.head.size == 1
        with pytest.raises(Refused):
            other.import_records(book.records(), anew=True, at_once=False)
        assert other.head.size == 5


def test_where_an_id_says_something_else_it_is_refused(book):
    first, *_ = book.records()
    with ledger.open(":memory:") as other:
        other.initiative("clusters").record(MemberJoined("humber", "2020-01-01"), ids=[first.id])
        with pytest.raises(RetryMismatch):
            other.import_records(book.records(), anew=True)


def test_into_another_history_records_come_anew_or_not_at_all(book):
    with ledger.open(":memory:") as other:
        other.initiative("clusters").record(MemberJoined("humber", "2021-01-01"))
        with pytest.raises(DifferentHistory, match="anew=True"):
            other.import_records(book.records())


def test_a_batch_of_several_sources_is_divided(book):
    first, second, *_ = book.records()
    records = [evolve(first, digest=""), evolve(second, source="elsewhere", digest="")]
    with ledger.open(":memory:") as other:
        assert other.import_records(records, anew=True) == 2
        assert [record.source.split("\n")[0] for record in other.records()] == ["press", "elsewhere"]
        assert len({record.recorded_at for record in other.records()}) == 2


def test_records_from_the_middle_on_or_with_a_gap_cannot_be_recorded_anew(book):
    with ledger.open(":memory:") as other, pytest.raises(BadInput, match="the record after 0 is at position 2"):
        other.import_records(book.records(after=1), anew=True)
    first, _, third, *_ = book.records()
    with pytest.raises(BadInput, match="the record after 1 is at position 3"):
        anew([first, third])


def test_a_ledger_that_went_its_own_way_from_a_common_beginning_takes_in_what_it_lacks(book):
    with ledger.open(":memory:") as other:
        assert other.import_records(book.records()) == 8
        other.initiative("ports").record(MemberJoined("dora", "2021-01-01"))
        book.initiative("clusters").record(MemberChanged("basque", "2023-05-01", name="Basque"), source="press")
        with pytest.raises(DifferentHistory, match="anew=True"):
            other.import_records(book.records())
        assert other.import_records(book.records(), anew=True) == 1
        # and back again, whatever each ledger has added to the sources on the way
        assert book.import_records(other.records(), anew=True) == 1
        assert other.import_records(book.records(), anew=True) == 0
        assert book.import_records(book.records(), anew=True) == 0
        assert states(book)["clusters"].to_dict()["members"] == states(other)["clusters"].to_dict()["members"]


def test_what_are_no_records_and_no_flags_are_refused(book):
    with ledger.open(":memory:") as other:
        for anew in False, True:
            with pytest.raises(BadInput, match="5 are no records"):
                other.import_records(5, anew=anew)
        with pytest.raises(BadInput, match="anew=1 must be True or False"):
            other.import_records(book.records(), anew=1)
        with pytest.raises(BadInput, match="at_once=0 must be True or False"):
            other.import_records(book.records(), at_once=0)


# what both ledgers have found to be wrong


@pytest.fixture
def branch(book):
    """Another ledger that began as the same one, and goes its own way."""
    with ledger.open(":memory:") as branch:
        branch.import_records(book.records())
        yield branch


def one_of(book, what, id):
    (found,) = (record for record in book.records() if getattr(record.event, what, None) == id)
    return found


def test_what_both_have_retracted_is_retracted_once(book, branch):
    joined = one_of(book, "member", "cleo")
    own = branch.initiative("ports").retract(joined, reason="here")
    book.initiative("ports").retract(joined, reason="there")
    book.initiative("ports").record(MemberJoined("dora", "2022-01-01"))
    assert branch.import_records(book.records(), anew=True) == 1  # who joined there, and no retraction
    assert branch.import_records(book.records(), anew=True) == 0
    assert one_of(branch, "record", joined.id).id == own.id
    assert list(branch.initiative("ports").at(LAST).members) == ["dora"]
    assert branch.verify(deep=True) == branch.head
    assert book.import_records(branch.records(), anew=True) == 0


def test_what_is_retracted_here_and_replaced_there_is_replaced(book, branch):
    joined = one_of(book, "member", "cleo")
    branch.initiative("ports").retract(joined, reason="a namesake")
    _, right = book.initiative("ports").correct(joined, effective="2022-03-01")
    assert branch.import_records(book.records(), anew=True) == 1
    (*_, found) = branch.records()
    assert (found.id, found.event, found.replaces) == (right.id, right.event, joined.id)
    assert list(branch.initiative("ports").at("2022-03-01").members) == ["cleo"]
    assert branch.import_records(book.records(), anew=True) == 0
    assert branch.verify(deep=True) == branch.head


def test_what_is_replaced_here_and_retracted_there_stays_replaced(book, branch):
    joined = one_of(book, "member", "cleo")
    branch.initiative("ports").correct(joined, effective="2022-03-01")
    book.initiative("ports").retract(joined)
    assert branch.import_records(book.records(), anew=True) == 0
    assert list(branch.initiative("ports").at("2022-03-01").members) == ["cleo"]


def test_of_two_values_in_the_place_of_one_both_are_kept_and_the_one_recorded_later_holds(book, branch):
    (value,) = (one for one in book.records() if one.replaces is not None)
    branch.initiative("clusters").correct(value, amount="14 Mt/year", source="here")
    _, right = book.initiative("clusters").correct(value, amount="15 Mt/year", source="there")
    assert branch.import_records(book.records(), anew=True) == 1
    (*_, found) = branch.records()
    assert (found.id, found.event, found.replaces) == (right.id, right.event, value.id)
    clusters = branch.initiative("clusters")
    assert str(clusters.at(LAST).total("co2").amount) == "15 Mt/year"
    assert len(clusters.conflicts()) == 1
    later = clusters.record(MetricUpdated("co2", "2022-06-30", "16 Mt/year", member="basque"))
    assert str(clusters.at(LAST).total("co2").amount) == "16 Mt/year"  # both have the rank of what they replace
    assert branch.import_records(book.records(), anew=True) == 0
    clusters.retract(later[0])
    book.initiative("clusters").retract(right)
    assert branch.import_records(book.records(), anew=True) == 1
    assert str(clusters.at(LAST).total("co2").amount) == "14 Mt/year"
    assert branch.verify(deep=True) == branch.head


def test_of_two_joinings_in_the_place_of_one_the_rules_refuse_the_second_until_the_first_is_retracted(book, branch):
    joined = one_of(book, "member", "cleo")
    _, own = branch.initiative("ports").correct(joined, effective="2022-03-01")
    _, right = book.initiative("ports").correct(joined, effective="2022-02-01")
    with pytest.raises(Refused) as caught:
        branch.import_records(book.records(), anew=True)
    (violation,) = caught.value.violations
    assert violation.clash.id == own.id
    assert violation.reason.startswith(f"record '{right.id}' (member-joined in 'ports'), at position 10 of these: ")
    assert "retract or correct that record first" in violation.reason
    branch.initiative("ports").retract(own)
    assert branch.import_records(book.records(), anew=True) == 1
    assert list(branch.initiative("ports").at("2022-02-01").members) == ["cleo"]


# what cannot be recorded anew


def anew(records, head=None):
    with ledger.open(":memory:") as other:
        other.initiative("ports").record(MemberJoined("zoe", "2020-01-01"))
        try:
            return other.import_records(records, head, anew=True)
        finally:
            assert (other.head.size, len(list(other.records()))) == (1, 1)


def test_a_source_without_room_for_where_it_is_from_is_refused_by_its_record(book):
    (record,) = book.initiative("ports").record(MemberChanged("cleo", "2023", name="Cleo"), source="x" * 100_000)
    with pytest.raises(BadInput) as caught:
        anew(book.records())
    assert str(caught.value) == (
        f"record '{record.id}' (member-changed in 'ports'), at position 9 of these: its source has 100,000 characters, "
        "and with the head that it is from it would have more than 100,000: bring all of them to an empty ledger "
        "instead, which takes records as they are"
    )
    with ledger.open(":memory:") as other:
        assert other.import_records(book.records()) == 9


def test_an_id_that_is_no_uuid_is_refused_by_its_record_unless_it_is_here(book):
    first, second, *_ = book.records()
    records = [evolve(first, digest=""), evolve(second, id="r2", digest="")]
    with pytest.raises(
        BadInput, match=r"^record 'r2' \(metric-defined in 'clusters'\), at position 2 of these: .*no UUID"
    ):
        anew(records)
    with ledger.open(":memory:") as other:
        other.import_records(records)
        other.initiative("ports").record(MemberJoined("zoe", "2020-01-01"))
        assert other.import_records(records, anew=True) == 0


def test_an_id_that_two_have_is_refused_by_the_second(book):
    first, second, *_ = book.records()
    with pytest.raises(BadInput, match=r"at position 2 of these: its id is that of another one too"):
        anew([evolve(first, digest=""), evolve(second, id=first.id, digest="")])


def test_a_refusal_names_each_record_by_its_place_in_the_ledger_that_it_is_from(book):
    ports = book.initiative("ports")
    ada, zoe = ports.record(MemberJoined("ada", "2020"), MemberJoined("zoe", "2021-01-01"))
    with pytest.raises(Refused) as caught:
        anew(book.records())
    (violation,) = caught.value.violations
    assert (violation.code, violation.index, violation.event) == ("already-a-member", 1, zoe.event)
    assert violation.reason.startswith(f"record '{zoe.id}' (member-joined in 'ports'), at position 10 of these: 'zoe' ")
    records = [evolve(record, digest="", head=None) for record in book.records()]
    records[-1] = evolve(records[-1], event=MemberJoined("ada", "2021-01-01"))
    with pytest.raises(Refused, match=f"while already a member.*record '{ada.id}' .*, at position 9 of these"):
        anew(records)


def test_a_retraction_of_what_is_not_there_is_refused(book):
    first, *_ = book.records()
    retraction = evolve(first, event=ledger.RecordRetracted("nothing"), digest="")
    with pytest.raises(Refused, match="no record 'nothing' belongs to this initiative"):
        anew([retraction])


@pytest.mark.parametrize("new", [False, True])
def test_a_head_of_no_records_has_the_root_of_none(book, new):
    with ledger.open(":memory:") as other:
        for records in [], list(book.records()):
            with pytest.raises(Rewritten, match="the head counts no records, and its root is not that of none"):
                other.import_records(records, TreeHead(0, "0" * 64), anew=new)
        assert other.head.size == 0
        none = other.head
        with pytest.raises(Rewritten, match="the head counts no records"):
            other.verify(TreeHead(0, "0" * 64))
        assert other.import_records([], none, anew=new) == 0
        assert other.import_records(book.records(), none, anew=new) == 8
        assert other.verify(none) == other.head
