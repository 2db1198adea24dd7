"""Laws of sums: parts add up to the whole, and every change is somebody's doing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from ledger.book import Ledger
from ledger.initiative import Initiative
from ledger.model.facts import Register, attribute_of
from ledger.model.figures import Figure
from ledger.model.measures import Measure, Members, Total
from ledger.model.members import contents
from ledger.model.quantity import Quantity
from ledger.model.state import InitiativeState
from ledger.model.when import day
from ledger.queries.changes import Changes, Held
from ledger.testing.histories import breakpoints
from ledger.testing.laws.asking import figure_of, initiatives_of, measures_of, require_same, some_moments

BY = "country"


def groups_add_up_to_the_total(book: Ledger, at: date | str) -> None:
    """The groups of a count or a total sum to it where every member's group is certain, and contain it otherwise.

    sum over g of f(by g) == f, or contains f where a member may be in either of two groups.
    """
    for club in initiatives_of(book):
        state = club.at(at)
        for measure in _counts_and_totals(state):
            whole, groups = state.measure(measure), state.measure(measure, by=BY)
            if not groups:
                assert whole.amount == Quantity(0, 0, whole.amount.unit), "without groups there is nothing to count"
                continue
            summed = _sum(figure.amount for figure in groups.values())
            if _groups_are_certain(state, whole):
                assert summed == whole.amount, f"{measure}: the groups sum to {summed}, and not to {whole.amount}"
            assert summed.contains(whole.amount), f"{measure}: the groups sum to {summed}, without {whole.amount}"


def disjoint_initiatives_add_up(book: Ledger, at: date | str) -> None:
    """A count or a total over several initiatives is the sum of theirs; a member of two counts in each.

    f(a + b, at) == f(a, at) + f(b, at).
    """
    clubs = initiatives_of(book)
    states = [club.at(at) for club in clubs]
    for measure in _counts_and_totals(states[0]):
        each = [figure_of(state, measure) for state in states]
        if all(isinstance(figure, Figure) for figure in each):
            together = book.measure(measure, at, of=[club.id for club in clubs])
            require_same(together.amount, _sum(one.amount for one in each if isinstance(one, Figure)), f"{measure}")


def what_is_explained_adds_up(book: Ledger, at: date | str) -> None:
    """What each member contributes to a count or a total sums to it.

    sum of explain(f) == f.
    """
    for club in initiatives_of(book):
        state = club.at(at)
        for measure in _counts_and_totals(state):
            figure = state.measure(measure)
            zero = Quantity(0, 0, figure.amount.unit)
            amounts = [part.amount for part in state.explain(measure)]
            require_same(_sum([zero, *amounts]), figure.amount, f"{measure}, as explained")


def why_accounts_for_every_change(book: Ledger, at: date | str) -> None:
    """The effects between two points sum to the change of the figure, at its low and at its high end.

    sum of the effects of why(f, a, b) == f(b) - f(a).
    """
    for club in initiatives_of(book):
        first, moments = _earlier(club), list(some_moments(list(book.records())))
        for measure in measures_of(club.at(at)):
            for before in (first, (day(at), moments[len(moments) // 2])):
                opening = figure_of(club.at(*before), measure)
                if not isinstance(opening, Figure):
                    continue
                why = club.why(measure, before, at)
                closing = club.at(at).measure(measure)
                ends = why.opening.amount, why.closing.amount
                require_same(ends, (opening.amount, closing.amount), f"why {measure}")
                for end, change in (("low", why.low_change), ("high", why.high_change)):
                    effects = [getattr(effect, f"{end}_change") for effect in why.effects]
                    one, other = getattr(closing.amount, end), getattr(opening.amount.to(closing.amount.unit), end)
                    by = None if one is None or other is None else Fraction(one) - Fraction(other)
                    require_same(change, by, f"{measure}: the {end} change")
                    if change is not None and None not in effects:
                        require_same(sum(map(Fraction, effects)), change, f"{measure}: the effects at the {end} end")


def comparisons_compose(book: Ledger, at: date | str) -> None:
    """What changed from a to b, and then from b to c, is what changed from a to c.

    compare(a, b) ; compare(b, c) == compare(a, c).
    """
    for club in initiatives_of(book):
        (first, _), moments = _earlier(club), list(some_moments(list(book.records())))
        known_at = moments[len(moments) // 2]
        before, between, after = (first, known_at), (day(at), known_at), (day(at), None)
        whole = _held(club.compare(before, after))
        for way in (between, (first, None)):
            composed = _held(club.compare(before, way))
            for register, (was, is_) in _held(club.compare(way, after)).items():
                since, then = composed.pop(register, (was, was))
                assert then == was, f"{register} does not go on from where it was"
                if since != is_:
                    composed[register] = (since, is_)
            require_same(composed, whole, f"{club.id}, by way of another point")


def _held(changes: Changes) -> dict[Register, tuple[Held, Held]]:
    # the joining of one who joined is told with it, so it does not stand alone
    return {one.register: (one.before, one.after) for one in changes if one.register.aspect != "joined"}


def _earlier(club: Initiative) -> tuple[date, None]:
    days = breakpoints(list(club.records()))
    return days[len(days) // 2], None


def _counts_and_totals(state: InitiativeState) -> list[Measure]:
    return [measure for measure in measures_of(state) if isinstance(measure, Members | Total)]


def _groups_are_certain(state: InitiativeState, whole: Figure) -> bool:
    meant = (*whole.members, *whole.possible_members)
    return all(len(contents(state.registers.of(attribute_of(member, BY)))) == 1 for member in meant)


def _sum(amounts: Iterable[Quantity]) -> Quantity:
    first, *others = amounts
    for other in others:
        first += other
    return first
