"""What a writer remembers is forgotten where others have written, and that costs no more than what they wrote."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.model.facts import Register
from ledger.stores.remembered import Remembered

REGISTERS = [Register("member", f"m{number}", "status", "") for number in range(6)]


class NeverWalked(dict):
    """What may be looked up, and not looked through."""

    def __iter__(self):
        raise AssertionError("all that is remembered was looked through")

    items = keys = values = __iter__


def test_catching_up_looks_at_what_others_wrote_and_not_through_all_that_is_remembered():
    remembered = Remembered(numbers=NeverWalked(), registers=NeverWalked(), facts=NeverWalked())
    for number, register in enumerate(REGISTERS[:4], 1):
        remembered.number(register, number)
        remembered.reaches[number] = ""
        remembered.keep(register, ())
    remembered.keep(REGISTERS[4], ())  # nobody has looked for its number
    remembered.catch_up(7, [2, 3, 99])
    assert [one in remembered.facts for one in REGISTERS[:5]] == [True, False, False, True, False]
    assert (remembered.position, set(remembered.reaches)) == (7, {1, 4})


def test_a_register_that_was_numbered_since_is_kept_where_others_did_not_write_to_it():
    remembered = Remembered()
    remembered.keep(REGISTERS[0], ())
    remembered.number(REGISTERS[0], 1)
    remembered.catch_up(1, [2])
    assert REGISTERS[0] in remembered.facts
    remembered.catch_up(2, [])
    assert REGISTERS[0] in remembered.facts
    remembered.catch_up(3, None)
    assert not remembered.facts
    assert not remembered.unnumbered


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("number"), st.sampled_from(range(6))),
        st.tuples(st.just("keep"), st.sampled_from(range(6))),
        st.tuples(st.just("catch up"), st.sets(st.integers(0, 6), max_size=3)),
    )
)


@given(STEPS)
def test_what_is_left_is_all_that_has_a_number_which_others_did_not_write_to(steps):
    remembered, facts, numbers = Remembered(), set(), {}
    for step, what in steps:
        if step == "number":
            remembered.number(REGISTERS[what], what)
            numbers[REGISTERS[what]] = what
        elif step == "keep":
            remembered.keep(REGISTERS[what], ())
            facts.add(REGISTERS[what])
        else:
            remembered.catch_up(remembered.position + 1, what)
            if what:
                facts = {one for one in facts if numbers.get(one) not in (None, *what)}
        assert remembered.facts.keys() == facts
