"""How a published figure is read: the same printed number means more or less, and only people know which.

A report that prints "451 Mt" may mean any of these. Both ends are inclusive, always: "more than" is read as
"at least", since a bound that may be met is the safe reading of one that may not.

    reading       what 451 Mt becomes    in Python                             printed as
    (blank)       as it is typed         Quantity.parse("451 Mt")              451 Mt, >= 451 Mt, 450..452 Mt
    exactly       451 Mt                 exactly(451, "Mt")                    exactly 451 Mt
    rounded       450.5..451.5 Mt        rounded("451 Mt")                     451 Mt, in most reports
    at least      >= 451 Mt              at_least(451, "Mt")                   at least, not less than 451 Mt
    more than     >= 451 Mt              at_least(451, "Mt")                   more than, over 451 Mt
    at most       <= 451 Mt              at_most(451, "Mt")                    at most, up to 451 Mt
    less than     <= 451 Mt              at_most(451, "Mt")                    less than, under 451 Mt
    about 2%      441.98..460.02 Mt      about(451, "Mt", percent=2)           about, some 451 Mt

`rounded` goes by the last printed digit: `451 Mt` to the megatonne, `2.7 million people` to a hundred thousand,
`2700000 people` to one. "Almost 500" and "just over 47 percent" say on which side the number lies, but not how far
off; that is for the reader to say, by both ends: `475..500` and `47..48 percent`, or between(475, 500) in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from ledger.model.errors import BadQuantity, shown
from ledger.model.exact import number
from ledger.model.quantity import Quantity, about, at_least, at_most, exactly, one_unit, rounded

Reads: TypeAlias = Callable[[str, str], Quantity]

READINGS: Final[dict[str, Reads]] = {
    "exactly": exactly,
    "rounded": rounded,
    "at least": at_least,
    "more than": at_least,
    "at most": at_most,
    "less than": at_most,
}
"""How one printed number can be meant; `about 2%` is another way, with any number of percent."""

_ABOUT: Final = r"about (\S+?) ?(?:%|percent)"


def amount_of(text: str, unit: str = "", reading: str = "") -> Quantity:
    """Read an amount as it is printed, its unit where that stands elsewhere, and how the number is meant.

    `unit` may be blank, or say again what the text says. `reading` is blank for an amount that is typed as it is
    meant, `>= 451 Mt`; else one of those above, of a text that is a number, with or without a unit. The case of a
    reading and further blanks do not matter. Raises `BadQuantity` or `UnknownUnit`.

    >>> amount_of("451", "Mt/year", "rounded")
    Quantity.parse('450.5..451.5 Mt/year')
    >>> amount_of("2.7 million people", reading="more than")
    Quantity.parse('>= 2.7 million people')
    >>> amount_of("490 Mt", reading="about 2%")
    Quantity.parse('480.20..499.80 Mt')
    """
    text, means = _one_blank(text), reading_of(reading)
    if means is not None:
        return means(text, unit)
    typed = Quantity.parse(text)
    return typed if one_unit(text, typed.unit, unit) == typed.unit else Quantity.parse(f"{text} {unit}")


def reading_of(text: str) -> Reads | None:
    """Give what makes an amount of a printed number and its unit; None for a blank. Raises `BadQuantity`.

    >>> reading_of("At least")("451", "Mt")
    Quantity.parse('>= 451 Mt')
    """
    reading = _one_blank(text).lower()
    if share := re.fullmatch(_ABOUT, reading):
        return partial(about, percent=number(share[1]))
    if reading and reading not in READINGS:
        raise BadQuantity(
            f"{shown(text)} is no reading: leave it blank for an amount as it is typed, or write one of "
            f"{', '.join(READINGS)} or about 2%; for 'almost' or 'just over' leave it blank and write both ends, "
            "as in '475..500'"
        )
    return READINGS.get(reading)


def _one_blank(text: str) -> str:
    return " ".join(text.split())
