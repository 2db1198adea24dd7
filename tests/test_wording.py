"""Measures in words: whatever can be asked is written in one way, and read again in several."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.model.errors import BadInput
from ledger.model.measures import MEASURES, Distinct, Joined, Members, Share, Total, Value
from ledger.model.wording import EXAMPLES, measure_of, worded
from ledger.testing.strategies import measures, names

WORDED = {
    "members": Members(),
    "members where country is none or Spain and sector is steel": Members(
        {"country": ["Spain", None], "sector": "steel"}
    ),
    "members, with the suspended": Members(suspended=True),
    "joined since 2023-01-20": Joined("2023-01-20"),
    "joined since 0476-09-04 where country is Italy": Joined("0476-09-04", {"country": "Italy"}),
    "distinct country": Distinct("country"),
    "distinct country where continent is Europe, with the suspended": Distinct(
        "country", {"continent": "Europe"}, suspended=True
    ),
    "total co2": Total("co2"),
    "total co2 where country is Spain, members at 2020-02-01, overlap parts, within 2 years, with the suspended": Total(
        "co2", {"country": "Spain"}, members_at="2020-02-01", overlap="parts", within="2 years", suspended=True
    ),
    "total co2, overlap whole, within 1 day": Total("co2", overlap="whole", within="1 day"),
    "value co2": Value("co2"),
    "value co2 of basque": Value("co2", "basque"),
    "share of members where country is Spain in members": Share(Members({"country": "Spain"}), Members()),
    "share of total co2, within 2 years in value co2": Share(Total("co2", within="2 years"), Value("co2")),
}


def refused(text):
    with pytest.raises(BadInput) as refusal:
        measure_of(text)
    said = str(refusal.value)
    assert said.isascii()
    assert len(said) < 800
    assert all(example in said for example in EXAMPLES)
    return said


# laws


@given(measures())
def test_what_is_written_is_read_again(measure):
    assert measure_of(worded(measure)) == measure


@given(measures(), measures())
def test_two_measures_are_worded_alike_only_if_they_are_equal(one, other):
    assert (worded(one) == worded(other)) == (one == other)


@given(measures(), st.data())
def test_reading_forgives_case_blanks_and_commas(measure, data):
    def changed(part):
        if part[0] == '"' or part not in KEYWORDS:
            return part
        spelled = data.draw(st.sampled_from([part, part.upper(), part.title()]))
        comma = part in AFTER_COMMA and data.draw(st.booleans())
        return ", " * comma + spelled

    blanks = st.sampled_from([" ", "   ", "\t", "\n ", "\u00a0"])
    parts = re.findall(r'"(?:[^"]|"")*"|[^\s,"]+', worded(measure))
    text = "".join(f"{data.draw(blanks)}{changed(part)}" for part in parts)
    assert measure_of(text + data.draw(st.sampled_from(["", *" \n"]))) == measure


KEYWORDS = {
    *("members", "joined", "since", "distinct", "total", "value", "of", "share", "in", "where", "is", "and", "or"),
    *("none", "at", "overlap", "within", "with", "the", "suspended", "years", "parts"),
}
AFTER_COMMA = {"where", "and", "or", "overlap", "within", "with"}


@given(
    st.text() | st.lists(st.sampled_from([*sorted(KEYWORDS), "co2", "2", "2020-02-01", '"', '""', ","])).map(" ".join)
)
def test_whatever_is_no_measure_is_refused_in_words(text):
    try:
        measure = measure_of(text)
    except BadInput:
        refused(text)
    else:
        assert measure_of(worded(measure)) == measure


@given(names(), names())
def test_names_are_quoted_only_where_they_have_to_be(metric, member):
    assume(not {metric.lower(), member.lower()} & KEYWORDS)
    text = worded(Value(metric, member))
    quotes = sum(any(sign in name for sign in ' ,"') for name in (metric, member))
    assert (text == f"value {metric} of {member}") == (quotes == 0)


# by example


@pytest.mark.parametrize(("text", "measure"), WORDED.items())
def test_each_measure_has_its_words(text, measure):
    assert worded(measure) == text
    assert measure_of(text) == measure


def test_the_examples_are_one_of_each_measure():
    assert [type(measure_of(example)) for example in EXAMPLES] == list(MEASURES)
    assert [worded(measure_of(example)) for example in EXAMPLES[1:]] == list(EXAMPLES[1:])


@pytest.mark.parametrize(("name", "written"), [
    ("Spain", "Spain"), ("Côte-d'Or", "Côte-d'Or"), ("北京", "北京"), ("United States", '"United States"'),
    ("a,b", '"a,b"'), ('the "Union"', '"the ""Union"""'), ('"', '""""'), ("none", '"none"'), ("IN", '"IN"'),
    ("Or", '"Or"'), ("suspended", "suspended"), ("years", "years"), ("a  b", '"a  b"'), ("", '""'),
])  # fmt: skip
def test_names_with_blanks_commas_or_quotes_and_words_of_the_grammar_are_quoted(name, written):
    assert worded(Members({"country": name})) == f"members where country is {written}"
    assert measure_of(f"members where country is {written}") == Members({"country": name})


@pytest.mark.parametrize(("text", "measure"), [
    ("MEMBERS with the suspended", Members(suspended=True)),
    (" members  where country is Spain or None ", Members({"country": ["Spain", None]})),
    ('members where country is "none"', Members({"country": "none"})),
    ('members where "country" is "Spain"', Members({"country": "Spain"})),
    ("members where sector is steel, and country is Spain, or France",
     Members({"country": ["France", "Spain"], "sector": "steel"})),
    ("total co2 with the suspended within 24 Months overlap Refuse",
     Total("co2", within="24 months", suspended=True)),
    ("total co2, members at 2020-02-01, where country is Spain",
     Total("co2", {"country": "Spain"}, members_at=date(2020, 2, 1))),
    ("Share of joined since 2023-01-20, in members", Share(Joined("2023-01-20"), Members())),
])  # fmt: skip
def test_other_ways_to_write_a_measure_are_read_too(text, measure):
    assert measure_of(text) == measure


@pytest.mark.parametrize(("text", "why"), [
    ("", "'' is no measure: at its end, 'share of' or 'members' or 'joined since' or 'distinct' or 'total' or 'value'"),
    ("countries", "or 'distinct' or 'total' or 'value' was expected, not 'countries'"),
    ('"members"', "at character 1, 'share of' or"),
    (",members", "at character 1, 'share of' or"),
    ("members,", "at character 8, 'where' or 'with the suspended' or the end was expected, not ','"),
    ("members with suspended", "at character 9, 'where' or 'with the suspended' or the end was expected, not 'with'"),
    ("members where country", "at its end, 'is' was expected;"),
    ("members where country is", "at its end, 'none' or a value was expected;"),
    ("members where country is Spain, France",
     "at character 31, 'or' or 'and' or 'with the suspended' or the end was expected, not ','"),
    ("members where country is IN",
     "at character 26, 'none' or a value (in quotes if it is called 'IN') was expected, not 'IN'"),
    ("members where country is Spain and country is France", "names an attribute twice: give it all its values"),
    ("members within 2 years", "at character 9, 'where' or 'with the suspended' or the end was expected, not 'within'"),
    ("joined 2023-01-20", "at character 1, "),
    ("joined since 2023", "at character 14, a day such as 2023-01-20 was expected, not '2023'"),
    ('joined since "2023-01-20"', "at character 14, a day such as"),
    ("joined since", "at its end, a day such as 2023-01-20 was expected;"),
    ("distinct", "at its end, an attribute was expected"),
    ("distinct where country is Spain", "at character 10, an attribute (in quotes if it is called 'where') was"),
    ("total, within 2 years", "at character 6, a metric was expected, not ','"),
    ("total co2, within two years", "at character 19, a period such as 2 years was expected, not 'two'"),
    ("total co2, within 2", "at character 19, a period such as"),
    ("total co2, overlap both", "at character 20, 'refuse' or 'parts' or 'whole' was expected, not 'both'"),
    ("total co2, within 2 years, within 3 years",
     "at character 26, 'where' or 'members at' or 'overlap' or 'with the suspended' or the end was expected, not ','"),
    ("value co2 of", "at its end, a member was expected"),
    ("value co2 of basque country", "at character 21, the end was expected, not 'country'"),
    ('members ""', "at character 9, 'where' or 'with the suspended' or the end was expected;"),
    ('value ""', "'value \"\"' is no measure: Value.metric is empty"),
    ("share of members", "at its end, 'where' or 'with the suspended' or 'in' was expected;"),
    ("share of share of members in members in members", "at character 10, 'members' or 'joined since'"),
    ('value "co2', "a quote is not closed or touches a letter at character 7, '\"co2'"),
    ('value co"2"', "a quote is not closed or touches a letter at character 7"),
    ('value "co"2', "a quote is not closed or touches a letter at character 7"),
    ("value " + "x" * 201, "Value.metric has 201 characters; at most 200 are allowed: shorten it"),
])  # fmt: skip
def test_a_refusal_says_where_reading_stopped_and_what_was_expected(text, why):
    assert why in refused(text)


@pytest.mark.parametrize("text", [None, 5, b"members", Members()])
def test_only_text_is_read(text):
    with pytest.raises(BadInput, match=r"a measure in words is text such as 'members where .*', not "):
        measure_of(text)


@pytest.mark.parametrize("measure", [None, "members", Members])
def test_only_measures_are_worded(measure):
    with pytest.raises(BadInput, match="is no measure: give one of Members, Joined, Distinct, Total, Value, Share"):
        worded(measure)


def test_a_long_text_is_read_in_time():
    assert measure_of(f"members where country is {' or '.join(map(str, range(1_000)))}").where
    refused("value " + '"' * 100_001)
    refused("members" + " " * 100_000 + ",")
