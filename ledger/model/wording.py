"""Measures in words: how a heading, a table or a file names what is asked, and how that is read again.

    members                     members where country is Spain or none and sector is steel
    joined since 2023-01-20     joined since 2023-01-20 where country is Spain
    distinct country            distinct country where continent is Europe, with the suspended
    total co2                   total co2, members at 2020-02-01, overlap parts, within 2 years, with the suspended
    value co2                   value co2 of basque
                                share of members where country is Spain in members

`where` asks that each attribute has one of the values named; `none` is "has none". A `value` without `of` is the
initiative's own. What may follow a measure's name stands in any order, each at most once; where nothing is said,
measures have their defaults. The parts of a share are no shares.

A name or a value with a blank, a comma or a quote in it stands in double quotes, a quote inside doubled; so does one
that is a word of this grammar (`"in"`, `"none"`): `members where name is "the ""Union"" of states" or "in"`.
Reading forgives the case of the words of the grammar, further blanks, and commas that are left out or stand before
any of these words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

from attrs import define, field

from ledger.model.errors import BadEvent, BadInput, BadWhen, shown
from ledger.model.limits import MEASURE_MAX, WORDS_MAX
from ledger.model.measures import (
    MEASURES,
    OVERLAPS,
    Distinct,
    Joined,
    Measure,
    Members,
    Share,
    Simple,
    Total,
    Value,
    Where,
)
from ledger.model.periods import period_of
from ledger.model.when import day

T = TypeVar("T")

EXAMPLES: Final = (
    "members where country is Spain or none",
    "joined since 2023-01-20",
    "distinct country",
    "total co2, within 2 years",
    "value co2 of basque",
    "share of members where country is Spain in members",
)
"""A measure of each kind."""
_HOW: Final = f"measures are written like these: {' | '.join(EXAMPLES)}"

_WORDS: Final = frozenset(
    {"members", "joined", "since", "distinct", "total", "value", "of", "share", "in", "where", "is", "and", "or"}
    | {"none", "at", "overlap", "within", "with"}
)
_BARE: Final = r'[^\s,"]+'
_QUOTED: Final = r'"(?:[^"]|"")*"'
_TOKEN: Final = rf"(?:{_BARE}|(?P<quoted>{_QUOTED}))(?=[\s,]|\Z)|,"


def headed(measure: Measure) -> str:
    """Write a measure in words, to begin a sentence or a heading with.

    >>> headed(Total("co2"))
    'Total co2'
    """
    words = worded(measure)
    return words[0].upper() + words[1:]


def worded(measure: Measure) -> str:
    """Write a measure in words; `measure_of` reads the same one back. Raises `BadInput` for what is no measure.

    >>> worded(Members({"country": ["Spain", None]}, suspended=True))
    'members where country is none or Spain, with the suspended'
    >>> worded(Share(Total("co2", {"country": "United States"}), Total("co2")))
    'share of total co2 where country is "United States" in total co2'
    """
    if isinstance(measure, Share):
        return f"share of {worded(measure.part)} in {worded(measure.whole)}"
    if isinstance(measure, Members):
        return f"members{_where(measure.where)}{_suspended(measure)}"
    if isinstance(measure, Joined):
        return f"joined since {measure.since}{_where(measure.where)}"
    if isinstance(measure, Distinct):
        return f"distinct {_name(measure.attribute)}{_where(measure.where)}{_suspended(measure)}"
    if isinstance(measure, Total):
        basis = "" if measure.members_at is None else f", members at {measure.members_at}"
        overlap = "" if measure.overlap == "refuse" else f", overlap {measure.overlap}"
        within = "" if measure.within is None else f", within {measure.within}"
        return f"total {_name(measure.metric)}{_where(measure.where)}{basis}{overlap}{within}{_suspended(measure)}"
    if isinstance(measure, Value):
        return f"value {_name(measure.metric)}" + ("" if measure.member is None else f" of {_name(measure.member)}")
    raise BadInput(f"{shown(measure)} is no measure: give one of {', '.join(kind.__name__ for kind in MEASURES)}")


def measure_of(text: str) -> Measure:
    """Read a measure that is written in words; raises `BadInput`, which says where reading stopped and why.

    >>> measure_of("joined since 2023-01-20 WHERE country is Spain")
    Joined(since=datetime.date(2023, 1, 20), where=(('country', ('Spain',)),))
    >>> measure_of("total co2, within 2 years") == Total("co2", within="2 years")
    True
    """
    if not isinstance(text, str):
        raise BadInput(f"a measure in words is text such as {EXAMPLES[0]!r}, not {type(text).__name__}")
    if len(text) > MEASURE_MAX:
        raise BadInput(f"a measure in words has at most {MEASURE_MAX:,} characters, not {len(text):,}")
    try:
        return _Reader(text, _tokens(text)).whole()
    except BadEvent as error:
        raise BadInput(f"{shown(text)} is no measure: {error}; {_HOW}") from None


def _where(where: Where) -> str:
    tests = [f"{_name(name)} is {' or '.join(map(_value, values))}" for name, values in where]
    return f" where {' and '.join(tests)}" if tests else ""


def _suspended(measure: Members | Distinct | Total) -> str:
    return ", with the suspended" if measure.suspended else ""


def _value(value: str | None) -> str:
    return "none" if value is None else _name(value)


def _name(name: str) -> str:
    if re.fullmatch(_BARE, name) and name.lower() not in _WORDS:
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


class _Token(NamedTuple):
    """A word, a name in quotes or a comma; at the end of the text an empty word."""

    place: int
    text: str
    word: str  # in lower case; empty for what stands in quotes
    quoted: bool


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    token, place, end = re.compile(_TOKEN), 0, len(text)
    while place < end:
        if text[place].isspace():
            place += 1
            continue
        found = token.match(text, place)
        if not found:
            raise BadInput(
                f"{shown(text)} is no measure: a quote is not closed or touches a letter at character {place + 1}, "
                f"{shown(text[place:], 30)}: a name in quotes stands apart, and a quote inside it is doubled; {_HOW}"
            )
        quoted = found["quoted"]
        if quoted is None:
            tokens.append(_Token(place, found[0], found[0].lower(), quoted=False))
        else:
            tokens.append(_Token(place, quoted[1:-1].replace('""', '"'), "", quoted=True))
        place = found.end()
        if len(tokens) > WORDS_MAX:
            raise BadInput(f"{shown(text)} is no measure: it has more than {WORDS_MAX:,} words")
    return [*tokens, _Token(end, "", "", quoted=False)]


@define
class _Reader:
    """Reads from left to right, and notes what was looked for at the place reached, to name it if reading stops."""

    text: str
    tokens: Sequence[_Token]
    reached: int = 0
    expected: list[str] = field(factory=list)

    def whole(self) -> Measure:
        measure = self.measure()
        if self.reached < len(self.tokens) - 1:
            raise self.stopped("the end")
        return measure

    def measure(self) -> Measure:
        if not self.takes("share of"):
            return self.simple()
        part = self.simple()
        if not self.takes("in"):
            raise self.stopped()
        return Share(part, self.simple())

    def simple(self) -> Simple:
        if self.takes("members"):
            return Members(**self.options("where", "with the suspended"))
        if self.takes("joined since"):
            return Joined(self.day(), **self.options("where"))
        if self.takes("distinct"):
            return Distinct(self.name("an attribute"), **self.options("where", "with the suspended"))
        if self.takes("total"):
            return Total(self.name("a metric"), **self.options(*self.readers()))
        if self.takes("value"):
            return Value(self.name("a metric"), self.name("a member") if self.takes("of") else None)
        raise self.stopped()

    def readers(self) -> dict[str, tuple[str, Callable[[], Any]]]:
        """Give whatever may follow a measure: the words it begins with, its field, and how its value is read."""
        return {
            "where": ("where", self.where),
            "members at": ("members_at", self.day),
            "overlap": ("overlap", self.overlap),
            "within": ("within", self.period),
            "with the suspended": ("suspended", lambda: True),
        }

    def options(self, *allowed: str) -> dict[str, Any]:
        """Read those that follow, each at most once, in any order."""
        readers, left, given = self.readers(), list(allowed), {}
        while found := next((words for words in left if self.takes(words)), None):
            left.remove(found)
            name, read = readers[found]
            given[name] = read()
        return given

    def where(self) -> Where:
        tests: list[tuple[str, tuple[str | None, ...]]] = []
        while not tests or self.takes("and"):
            name = self.name("an attribute")
            if not self.takes("is"):
                raise self.stopped()
            values = [self.value()]
            while self.takes("or"):
                values.append(self.value())
            tests.append((name, tuple(values)))
        return tuple(tests)

    def value(self) -> str | None:
        return None if self.takes("none") else self.name("a value")

    def name(self, what: str) -> str:
        token = self.tokens[self.reached]
        if token.word in _WORDS:
            raise self.stopped(f"{what} (in quotes if it is called {token.text!r})")
        if not token.quoted and token.word in ("", ","):
            raise self.stopped(what)
        self.advance()
        return token.text

    def day(self) -> date:
        return self.read(day, 1, "a day such as 2023-01-20")

    def period(self) -> str:
        return self.read(period_of, 2, "a period such as 2 years")

    def overlap(self) -> str:
        for word in OVERLAPS:
            if self.takes(word):
                return word
        raise self.stopped()

    def read(self, reads: Callable[[str], T], count: int, what: str) -> T:
        """Read so many words as one value."""
        try:
            value = reads(" ".join(token.word for token in self.tokens[self.reached : self.reached + count]))
        except BadWhen:
            raise self.stopped(what) from None
        self.advance(count)
        return value

    def takes(self, words: str) -> bool:
        """Take these words, and a comma before them, if they come next."""
        wanted = words.split()
        start = self.reached + (self.reached > 0 and self.tokens[self.reached].word == ",")
        if [token.word for token in self.tokens[start : start + len(wanted)]] != wanted:
            self.expected.append(repr(words))
            return False
        self.advance(start + len(wanted) - self.reached)
        return True

    def advance(self, count: int = 1) -> None:
        self.reached += count
        self.expected.clear()

    def stopped(self, *expected: str) -> BadInput:
        token = self.tokens[self.reached]
        place = f"at character {token.place + 1}" if token.text or token.quoted else "at its end"
        looked_for = " or ".join([*self.expected, *expected])
        found = f", not {shown(token.text, 30)}" if token.text else ""
        return BadInput(f"{shown(self.text)} is no measure: {place}, {looked_for} was expected{found}; {_HOW}")
