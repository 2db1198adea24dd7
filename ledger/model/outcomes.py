"""Outcomes: every way in which a member can count for a measure on a day.

A rough date leaves several candidates in a register. An outcome is one joint choice from the registers
that a measure looks at: whether the member counts, in which group, and with which value. Candidates
that come from one event are taken together: where a joining is one of them, the country it names is
too. Measures are sums and ranges over outcomes, so their bounds follow from these alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import product
from math import prod
from typing import Any, NamedTuple, TypeAlias

from attrs import frozen

from ledger.model.facts import ACTIVE, CLOSED, INITIATIVE_STATUS, SUSPENDED, Register
from ledger.model.measures import By, Distinct, Grouping, Joined, Members, Total
from ledger.model.periods import back
from ledger.model.registers import Candidate, Registers, text_of

JOINT_MAX = 4_096  # joint choices of one member that are looked at one by one

Counting: TypeAlias = Members | Joined | Distinct | Total
"""The measures that are asked member by member."""

Option: TypeAlias = Candidate | None
"""What a register can hold; None is nothing yet."""

Aspect: TypeAlias = tuple[str, str]
"""A register of whichever member is asked: the aspect, and the name of the attribute or metric."""

Test: TypeAlias = Callable[[Option], tuple[bool, ...]]
"""Says whether a register's content passes: yes, no, or either, where a window leaves it open."""

YES, NO, EITHER = (True,), (False,), (True, False)


class Outcome(NamedTuple):
    """One way for things to be: does the member count, in which group, and with which value?

    `value` is None where none was asked for, and where the member has none: then it is `missing`.
    """

    counted: bool
    group: str | None = None
    value: Option = None
    missing: bool = False


@frozen(eq=False, repr=False)
class Asked:
    """What a measure looks at: the tests that a member must pass, and the aspects of group and value.

    Where there is a `cutoff`, a value that began to hold before it is missing.
    """

    tests: tuple[tuple[Aspect, Test], ...]
    group: Aspect | None
    grouping: Grouping | None
    value: Aspect | None
    cutoff: date | None

    @classmethod
    def by(cls, measure: Counting, at: date, by: By | None = None) -> Asked:
        """Say what a measure looks at on a day, grouped or not."""
        tests: list[tuple[Aspect, Test]] = [(("status", ""), _holds(*ACTIVE))]
        if not isinstance(measure, Joined) and measure.suspended:
            tests = [(("status", ""), _holds(*ACTIVE, SUSPENDED))]
        if isinstance(measure, Joined):
            tests.append((("joined", ""), _joined_since(measure.since, at)))
        tests.extend((("attribute", name), _holds(*values)) for name, values in measure.where)
        value = None
        if isinstance(measure, Distinct):
            value = ("attribute", measure.attribute)
        elif isinstance(measure, Total):
            value = ("metric", measure.metric)
        grouping = by if isinstance(by, Grouping) else None
        attribute = by.attribute if isinstance(by, Grouping) else by
        period = measure.within if isinstance(measure, Total) else None
        return cls(
            tests=tuple(tests),
            group=None if attribute is None else ("attribute", attribute),
            grouping=grouping,
            value=value,
            cutoff=None if period is None else back(at, period),
        )

    def registers(self, member: str) -> list[Register]:
        """Give the registers looked at: of the tests, then of the group and of the value."""
        aspects = [aspect for aspect, _ in self.tests]
        aspects += [aspect for aspect in (self.group, self.value) if aspect is not None]
        return [INITIATIVE_STATUS, *(Register("member", member, *aspect) for aspect in aspects)]

    def group_of(self, option: Option) -> str | None:
        """Give the group of one who counts, whose attribute is this."""
        text = text_of(option)
        return text if self.grouping is None else self.grouping.group_of(text)

    def fresh(self, option: Option) -> tuple[Option, ...]:
        """Give what is left of a value where those that are too old are missing: itself, nothing, or either."""
        if self.cutoff is None or option is None or option.since >= self.cutoff:
            return (option,)
        if option.until < self.cutoff:  # which never lies after the day asked
            return (None,)
        return None, option._replace(since=self.cutoff)


def outcomes(registers: Registers, asked: Asked, member: str) -> tuple[Outcome, ...]:
    """Give every outcome for one member, each once."""
    options = [registers.of(register).options for register in asked.registers(member)]
    choices = prod(map(len, options))
    if choices == 1:
        return tuple(_of_choice(asked, [few[0] for few in options]))
    if choices > JOINT_MAX:
        return tuple(dict.fromkeys(_loose(asked, options)))
    joint = _agreeing(options)
    return tuple(dict.fromkeys(outcome for choice in joint for outcome in _of_choice(asked, choice)))


def _of_choice(asked: Asked, choice: Sequence[Option]) -> Iterator[Outcome]:
    closing, *rest = choice
    passed = [
        is_open(closing),
        *(test(option) for (_, test), option in zip(asked.tests, rest, strict=False)),
    ]
    group, value = _group_and_value(asked, rest)
    for counted in _together(passed):
        yield from _outcomes(asked, counted=counted, group=group, value=value)


def _loose(asked: Asked, options: list[tuple[Option, ...]]) -> Iterator[Outcome]:
    """Give outcomes that contain the true ones, register by register: for a member too uncertain to enumerate."""
    closing, *rest = options
    passed = [tuple({answer for option in closing for answer in is_open(option)})]
    for (_, test), few in zip(asked.tests, rest, strict=False):
        passed.append(tuple({answer for option in few for answer in test(option)}))
    together = _together(passed)
    if False in together:
        yield Outcome(counted=False)
    if True in together:
        groups, values = _group_and_value(asked, rest, nothing=(None,))
        for group, value in product(_passing(asked, asked.group, groups), _passing(asked, asked.value, values)):
            yield from _outcomes(asked, counted=True, group=group, value=value)


def _passing(asked: Asked, aspect: Aspect | None, options: tuple[Option, ...]) -> list[Option]:
    """Keep those with which a member can pass: what is tested and grouped by is one register, with one content."""
    tests = [test for tested, test in asked.tests if tested == aspect]
    return [option for option in options if all(True in test(option) for test in tests)]


def _group_and_value(asked: Asked, rest: Sequence[Any], nothing: Any = None) -> tuple[Any, Any]:
    after = iter(rest[len(asked.tests) :])
    return (nothing if asked.group is None else next(after)), (nothing if asked.value is None else next(after))


def _outcomes(asked: Asked, *, counted: bool, group: Option, value: Option) -> Iterator[Outcome]:
    if not counted:
        yield Outcome(counted=False)
        return
    named = asked.group_of(group)
    if asked.value is None:
        yield Outcome(counted=True, group=named)
        return
    for fresh in asked.fresh(value):
        yield with_value(fresh, named)


def with_value(option: Option, group: str | None = None) -> Outcome:
    """Give the outcome of one who counts, whose value is this or, where it was never given or withdrawn, missing."""
    missing = option is None or option.fact.value is None
    return Outcome(counted=True, group=group, value=None if missing else option, missing=missing)


def _agreeing(options: list[tuple[Option, ...]]) -> list[tuple[Option, ...]]:
    """Give the joint choices in which no event both has and has not happened.

    Choosing a candidate says that it and those before it in the chain have happened, and that those
    after it have not. To choose the last one of each register always agrees.
    """
    agreeing = []
    for places in product(*(range(len(few)) for few in options)):
        happened: set[int] = set()
        not_yet: set[int] = set()
        for place, few in zip(places, options, strict=True):
            happened.update(option.fact.position for option in few[: place + 1] if option is not None)
            not_yet.update(option.fact.position for option in few[place + 1 :] if option is not None)
        if happened.isdisjoint(not_yet):
            agreeing.append(tuple(few[place] for place, few in zip(places, options, strict=True)))
    return agreeing


def _together(passed: Sequence[tuple[bool, ...]]) -> tuple[bool, ...]:
    yes = all(True in answers for answers in passed)
    no = any(False in answers for answers in passed)
    return EITHER if yes and no else YES if yes else NO


def _joined_since(since: date, at: date) -> Test:
    def passes(option: Option) -> tuple[bool, ...]:
        if option is None or min(option.until, at) < since:
            return NO
        return YES if option.since >= since else EITHER

    return passes


def _holds(*values: str | None) -> Test:
    allowed = frozenset(values)
    return lambda option: YES if text_of(option) in allowed else NO


def is_open(closing: Option) -> tuple[bool, ...]:
    """Say whether the initiative goes on, where its status is this."""
    return NO if text_of(closing) == CLOSED else YES
