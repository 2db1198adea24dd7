"""Exact numbers: what an amount is made of, and arithmetic that never rounds.

A number is a `Decimal` wherever it has a finite decimal, else a `Fraction`. Python's default decimal
context rounds silently at 28 digits; the one used here traps that, and what does not fit goes on as a
fraction. No float comes in: 0.1 as a float is another number than 0.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow, Rounded
from fractions import Fraction
from typing import Final, NoReturn, TypeAlias

from ledger.model.errors import BadQuantity, shown
from ledger.model.limits import DIGITS_MAX, PLACES_MAX

Exact: TypeAlias = Decimal | Fraction

_SHOWN_DIGITS = 15  # of a number without a finite decimal, in print only

_CONTEXT = Context(prec=1_000, traps=[Inexact, InvalidOperation])
_TYPED = Context(
    prec=DIGITS_MAX,
    Emin=DIGITS_MAX - PLACES_MAX - 1,
    Emax=PLACES_MAX - 1,
    traps=[Inexact, InvalidOperation, Overflow, Rounded],
)
"""The limits of a typed number: what does not fit raises."""
_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)


def number(value: Exact | int | str) -> Exact:
    """Take a number that somebody typed or computed, exactly; else raise `BadQuantity`.

    At most 34 significant digits, and at most 34 places on either side of the point. A float is refused.

    >>> number("2.7e6")
    Decimal('2.7E+6')
    """
    if isinstance(value, str):
        if len(value) > 100 or not re.fullmatch(_NUMBER, value, re.ASCII):
            raise BadQuantity(f"{shown(value)} is not a number: write digits with a point, as in 12.5 or 2.7e6")
        return _typed(Decimal(value), value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Fraction):
        hint = "write it as text, as in '12.5'" if isinstance(value, float) else "give text, an int or a Decimal"
        raise BadQuantity(f"{shown(value)} is a {type(value).__name__}, which is no exact number: {hint}")
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**PLACES_MAX else _too_long(value)
    if isinstance(value, Fraction):
        return from_fraction(value)
    if not value.is_finite():
        raise BadQuantity(f"{value} is no number to count with: leave the amount out if it is not known")
    return _typed(value, value)


def _typed(value: Decimal, given: Decimal | str) -> Decimal:
    if not typable(value):
        return _too_long(given)
    return value or ZERO  # there is one zero: no sign, no places


def typable(value: Exact) -> bool:
    """Tell whether a number keeps to the limits of `number`, so that it can be written down and read again.

    >>> typable(Decimal("1e33")), typable(Decimal("1e34")), typable(Fraction(1, 3))
    (True, False, False)
    """
    if not isinstance(value, Decimal):
        return False
    try:
        _TYPED.plus(value)
    except DecimalException:
        return False
    return True


def _too_long(given: Decimal | int | str) -> NoReturn:
    raise BadQuantity(
        f"{shown(given)} is longer than {DIGITS_MAX} significant digits or {PLACES_MAX} places on one side "
        "of the point: choose a larger or a smaller unit"
    )


def from_fraction(value: Fraction) -> Exact:
    """Give the finite decimal of a fraction where it has one.

    >>> from_fraction(Fraction(1, 8)), from_fraction(Fraction(1, 3))
    (Decimal('0.125'), Fraction(1, 3))
    """
    return ratio(value.numerator, value.denominator)


def ratio(part: int, whole: int) -> Exact:
    """Divide two whole numbers exactly; `whole` must not be zero.

    >>> ratio(5, 4), ratio(1, 3)
    (Decimal('1.25'), Fraction(1, 3))
    """
    try:
        return _CONTEXT.divide(Decimal(part), Decimal(whole))
    except Inexact:
        return Fraction(part, whole)


def add(a: Exact, b: Exact) -> Exact:
    """Add two numbers exactly.

    >>> add(Decimal("1e30"), Decimal("1e-3"))
    Decimal('1000000000000000000000000000000.001')
    """
    if a.__class__ is Decimal and b.__class__ is Decimal:
        try:
            return _CONTEXT.add(a, b)
        except Inexact:
            pass
    return from_fraction(Fraction(a) + Fraction(b))


def total(values: Iterable[Exact]) -> Exact:
    """Sum numbers exactly; the sum of none is zero.

    >>> total([Decimal("0.1")] * 10)
    Decimal('1.0')
    """
    result: Exact = ZERO
    for value in values:
        result = add(result, value)
    return result


def negate(a: Exact) -> Exact:
    """Change the sign.

    >>> negate(Decimal("1.5"))
    Decimal('-1.5')
    """
    return a.copy_negate() if isinstance(a, Decimal) and a else -a if a else ZERO


def multiply(a: Exact, b: Exact) -> Exact:
    """Multiply two numbers exactly.

    >>> multiply(Decimal("0.1"), Fraction(1, 3))
    Fraction(1, 30)
    """
    if a.__class__ is Decimal and b.__class__ is Decimal:
        try:
            return _CONTEXT.multiply(a, b)
        except Inexact:
            pass
    return from_fraction(Fraction(a) * Fraction(b))


def divide(a: Exact, b: Exact) -> Exact:
    """Divide two numbers exactly; `b` must not be zero.

    >>> divide(Decimal(1), Decimal(8)), divide(Decimal(1), Decimal(3))
    (Decimal('0.125'), Fraction(1, 3))
    """
    return from_fraction(Fraction(a) / Fraction(b))


def number_text(value: Exact) -> str:
    """Write a number so that `number` reads the same one back; a `Fraction` is rounded and ends in "…".

    >>> number_text(Decimal("12.50")), number_text(Decimal("2.7e6")), number_text(Fraction(2, 3))
    ('12.50', '2700000', '0.666666666666667…')
    """
    if isinstance(value, Fraction):
        context = Context(prec=_SHOWN_DIGITS)
        return f"{context.divide(Decimal(value.numerator), Decimal(value.denominator))}…"
    if -PLACES_MAX <= value.adjusted() <= PLACES_MAX:
        return f"{value:f}"
    return str(value)


def canonical_text(value: Decimal) -> str:
    """Write a finite decimal in the one way that equal numbers share: plain, without trailing zeros.

    >>> canonical_text(Decimal("12.50")), canonical_text(Decimal("2.7e6"))
    ('12.5', '2700000')
    """
    text = f"{value or ZERO:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
