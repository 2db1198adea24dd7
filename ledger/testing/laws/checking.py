"""Checking a law: on ledgers that are drawn, until one is found for which it does not hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from functools import partial
from inspect import Parameter, signature
from typing import Any, TypeAlias

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from ledger.book import Ledger
from ledger.model.errors import UnknownMetric
from ledger.model.figures import Figure
from ledger.model.measures import MEASURES, Measure
from ledger.model.quantity import Quantity
from ledger.testing.laws.asking import Ask, initiatives_of
from ledger.testing.ledgers import OpenStore, ledgers, memory, pooled_days

Law: TypeAlias = Callable[..., None]
"""A law takes a ledger and a day; if it is one of answers, also a function to ask."""

MAX_SIZE = 8  # events that are wished for, in each of two initiatives


def check(
    law: Law,
    ask: Ask | None = None,
    *,
    settings: settings_of | None = None,
    store: OpenStore = memory,
    days: Sequence[str] | None = None,
    initiatives: int = 2,
    max_size: int = MAX_SIZE,
    **drawn: Any,
) -> None:
    """Check a law, of your own answer or of what the library answers, on many drawn ledgers; a failure says on which.

    `ask(initiative, at, known_at)` is your answer; give it to a law of answers only. If it cannot take rough dates or
    bounds, draw none: `drawn` are the options of `ledgers`, such as `rough=False, bounds=False`. `store` opens
    another empty store than one in memory. How long it looks is said by Hypothesis' profile, or by `settings`; without
    these, nothing has a deadline, and no phase explains which lines of the library a failure went through.

    What fails is printed as a call of the law that you can paste: `law(book=ledger_of(...), at='2021-01-01')`.

    >>> from ledger.testing import laws
    >>> def members(club, at, known_at):
    ...     return len(club.at(at, known_at))
    >>> laws.check(laws.joining_and_leaving_leaves_no_trace, members, settings=settings_of(max_examples=5))
    """
    __tracebackhide__ = True  # pytest then shows where the law failed, and no way there
    if not callable(law) or not (ask is None or callable(ask)):
        raise InvalidArgument(f"{law!r} and {ask!r} must be functions: a law, and an answer to hold it against")
    law, given_too = _named(law)
    asked = signature(law).parameters.get("ask")
    if ask is not None and asked is None:
        raise InvalidArgument(f"{law.__name__} is a law of ledgers and takes no answer: those of laws.OF_ANSWERS do")
    if ask is None and asked is not None and asked.default is Parameter.empty:
        raise InvalidArgument(f"{law.__name__} is a law of an answer: give your own, as in check(law, my_total)")
    if ask is not None:
        given_too = {"ask": st.just(ask), **given_too}

    def holds(**case: Any) -> None:
        law(**case)

    holds.__name__ = holds.__qualname__ = law.__name__  # so that the example is printed as a call of the law
    books = _books(initiatives=initiatives, store=store, days=days, max_size=max_size, **drawn)
    tested = given(book=books, at=_asked(pooled_days(days)), **given_too)(holds)
    (_usual_settings() if settings is None else settings)(tested)()


def _named(law: Law) -> tuple[Law, dict[str, Any]]:
    """Give a law by the name that can be pasted, and what it is given besides."""
    if not isinstance(law, partial):
        return law, {}
    return law.func, {name: st.just(value) for name, value in law.keywords.items()}


def _books(max_size: int, **drawn: Any) -> st.SearchStrategy[Ledger]:
    """Draw ledgers of a few members and metrics and, as often, of one of each: there values replace each other."""
    usual = ledgers(max_size=max_size, **drawn)
    if {"members", "metrics"} & drawn.keys():
        return usual
    return usual | ledgers(max_size=2 * max_size, members=1, metrics=1, **drawn)


def _usual_settings() -> settings_of:
    # to explain a failure takes longer than to find it, and what is told are lines of the library
    phases = [phase for phase in settings_of().phases if phase is not Phase.explain]
    suppressed = [*settings_of().suppress_health_check, HealthCheck.too_slow]  # it is the machine that is slow
    return settings_of(deadline=None, phases=phases, suppress_health_check=suppressed)


def agrees_with(measure: Measure) -> Law:
    """Give the law that an answer is the library's figure; where that is a range, that it lies within.

    An answer may be a number, a `Quantity` or a `Figure`; None stands for "not known", and agrees with every range.
    It must be None where the metric is not known: a ledger is drawn before it has one, too.
    """
    if not isinstance(measure, MEASURES):
        raise InvalidArgument(f"{measure!r} is no measure, such as Members()")

    return partial(answer_is, measure=measure)


def answer_is(book: Ledger, at: date | str, ask: Ask, measure: Measure) -> None:
    """The answer is that of a measure: what `agrees_with(measure)` checks, and prints where it fails.

    ask(log, at) in f(log, at).
    """
    for club in initiatives_of(book):
        answer = ask(club, at, None)
        try:
            figure = club.at(at).measure(measure)
        except UnknownMetric as unknown:
            if answer is None:
                continue
            raise AssertionError(f"{club.id}: {answer!r}, and not None where {unknown}") from None
        amount = None if answer is None else _amount(answer, figure.amount.unit)
        if figure.amount.exact if amount is None else not figure.amount.contains(amount):
            found = "no answer" if amount is None else amount
            raise AssertionError(f"{club.id}: {found}, and by the ledger it is {figure}")


def _asked(days: list[str]) -> st.SearchStrategy[str]:
    # before most has happened there is little to be wrong about: late days are asked more often
    late = sorted(days)[len(days) // 2 :]
    return st.sampled_from([*days, *late, *late])


def _amount(answer: object, unit: str) -> Quantity:
    if isinstance(answer, Figure):
        return answer.amount
    if isinstance(answer, Quantity):
        return answer
    if isinstance(answer, bool) or not isinstance(answer, int | Fraction):
        answer = str(answer)  # a Decimal, or a float as it prints
    return Quantity(answer, answer, unit)
