"""Amounts as they are known: a closed interval of exact numbers, and a unit.

"More than 2.7 million people" is an amount whose lower end is known. "451 Mt" may be exact, or rounded
to the megatonne; that is for the writer to say. Either end may be open.

What a published figure means is said by one of six functions; `readings` has a table of what is printed and how that
is read. A bound is inclusive: "more than 2.7 million" is `at_least("2.7e6")`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from attrs import field, frozen

from ledger.model.errors import BadQuantity, WrongDimension, shown
from ledger.model.exact import ZERO, Exact, add, divide, multiply, negate, number, number_text
from ledger.model.limits import AMOUNT_MAX, DIGITS_MAX, EXPONENT_MAX
from ledger.model.units import Unit, unit

Ends: TypeAlias = tuple[Exact | None, Exact | None]

_UNIT = r"(?: (?P<unit>\S.*)|(?P<percent>%))?"
_AMOUNT = (  # compiled when the first amount is met that is not one plain number
    r"(?:(?P<sign>>=|<=|>|<) ?(?P<bound>[^\s.]\S*?|\.\d\S*?)"
    r"|(?P<low>\S*?[^\s.])\.\.(?P<high>[^\s.]\S*?)"
    r"|(?P<open>\.\.)"
    r"|(?P<one>\S+?))" + _UNIT
)
_BOUND = r"[<>]|\S*\.\."
_PRINTED = rf"(?P<number>\S+?){_UNIT}"


def _end(value: Exact | int | str | None) -> Exact | None:
    # a computed number may be longer than what may be typed, so the limits of `number` are not asked of it
    if value.__class__ is Decimal and value.is_finite():
        if not -EXPONENT_MAX <= value.adjusted() <= EXPONENT_MAX:
            raise BadQuantity(f"{shown(str(value))} is too large or too small to count with: choose another unit")
        return value or ZERO
    return None if value is None else number(value)


_set = object.__setattr__


@frozen(repr=False, eq=False)
class Quantity:
    """Every number from `low` to `high`, both inclusive, of a unit; an end that is None is open.

    `low` and `high` are exact: a `Decimal`, or a `Fraction` where there is no finite decimal. Two quantities are
    equal when they hold the same amounts, whatever their units and their texts: `1 Gt` equals `1000 Mt`.

    Raises `BadQuantity` for ends that are not exact numbers or are reversed, `UnknownUnit` for the unit.

    >>> Quantity(15, 20, "percent")
    Quantity.parse('15..20 percent')
    >>> Quantity.parse("1 Gt") == Quantity.parse("1000 Mt")
    True
    """

    low: Exact | None = field(converter=_end)
    high: Exact | None = field(converter=_end)
    unit: str = ""
    _typed: str | None = field(default=None, init=False)  # None if it was computed: a text is made when asked for

    def __attrs_post_init__(self) -> None:
        low, high = self.low, self.high
        if low is not None and high is not None and low > high:
            raise BadQuantity(
                f"{number_text(low)}..{number_text(high)} ends below where it begins: write the smaller number first"
            )
        unit(self.unit)

    @classmethod
    def parse(cls, text: str) -> Quantity:
        """Read an amount: `451 Mt/year`, `15..20 percent`, `>= 2.7e6 people`, `<= 5`, or `..` for any.

        `>` is read as `>=`, and `<` as `<=`: a bound that may be met is the safe reading of one that
        may not. At most 34 digits a number. Raises `BadQuantity` or `UnknownUnit`.

        >>> Quantity.parse("> 2.7e6 people").low
        Decimal('2.7E+6')
        """
        if text.__class__ is not str:
            raise BadQuantity(f"an amount is text such as '12.5 Mt/year', not {type(text).__name__} ({shown(text)})")
        head, blank, tail = text.partition(" ")
        if (
            len(head) <= DIGITS_MAX
            and head.isascii()
            and head.replace(".", "", 1).isdigit()
            and (not blank or tail[:1].strip())
        ):
            one = Decimal(head) or ZERO
            return cls.computed(one, one, unit(tail).text, text)
        found = re.fullmatch(_AMOUNT, text) if len(text) <= AMOUNT_MAX else None
        if not found:
            raise BadQuantity(
                f"{shown(text)} is not an amount: write a number and a unit, as in '12.5 Mt/year', '15..20 percent' "
                "or '>= 2.7e6 people'"
            )
        parts = found.groupdict()
        low = high = None
        if parts["one"]:
            low = high = number(parts["one"])
        elif parts["low"]:
            low, high = number(parts["low"]), number(parts["high"])
        elif parts["bound"]:
            bound = number(parts["bound"])
            low, high = (bound, None) if parts["sign"][0] == ">" else (None, bound)
        quantity = cls(low, high, parts["unit"] or parts["percent"] or "")
        _set(quantity, "_typed", text)
        return quantity

    @classmethod
    def computed(cls, low: Exact | None, high: Exact | None, unit: str, text: str | None = None) -> Quantity:
        """Take what was computed as it is, unchecked: ends in order, without a negative zero, and a unit that is known.

        >>> Quantity.computed(None, Decimal(5), "t")
        Quantity.parse('<= 5 t')
        """
        quantity = cls.__new__(cls)
        _set(quantity, "low", low)
        _set(quantity, "high", high)
        _set(quantity, "unit", unit)
        _set(quantity, "_typed", text)
        return quantity

    @classmethod
    def of(cls, value: Quantity | str) -> Quantity:
        """Take a quantity or its text.

        >>> Quantity.of("17")
        Quantity.parse('17')
        """
        if value.__class__ is Quantity:
            return value
        return cls.parse(value.text if isinstance(value, Quantity) else value)

    @property
    def text(self) -> str:
        """The amount as it was typed or, if it was computed, as it prints."""
        return _text(self.low, self.high, self.unit) if self._typed is None else self._typed

    @property
    def exact(self) -> bool:
        """Is it one number?

        >>> exactly(17).exact, at_least(17).exact
        (True, False)
        """
        return self.low is not None and self.low == self.high

    @property
    def dimension(self) -> str:
        """What it measures, such as `[mass] / [time]`; empty for plain numbers.

        >>> exactly(1, "kt").dimension
        '[mass]'
        """
        return unit(self.unit).dimension

    @property
    def base(self) -> Ends:
        """Both ends, in the base unit of the dimension.

        >>> exactly(12, "kt").base
        (Decimal('12000'), Decimal('12000'))
        """
        factor = unit(self.unit).factor
        low = None if self.low is None else multiply(self.low, factor)
        if self.high is self.low:
            return low, low
        return low, None if self.high is None else multiply(self.high, factor)

    def to(self, other: str) -> Quantity:
        """Express the same amounts in another unit of the same dimension, exactly.

        Raises `WrongDimension`, also between two currencies.

        >>> exactly(451, "Mt/year").to("Gt/year")
        Quantity.parse('0.451 Gt/year')
        """
        if other == self.unit:
            return self
        target = self._same_dimension(other)
        low, high = (None if end is None else divide(end, target.factor) for end in self.base)
        return Quantity(low, high, other)

    def contains(self, other: Quantity | str) -> bool:
        """Does every amount of the other lie in this one?

        >>> between(1, 3, "t").contains("2000 kg")
        True
        """
        (low, high), (other_low, other_high) = self._both(other)
        return (low is None or (other_low is not None and low <= other_low)) and (
            high is None or (other_high is not None and other_high <= high)
        )

    def meets(self, other: Quantity | str) -> bool:
        """Is there an amount that lies in both?

        >>> between(1, 3).meets(at_least(3)), between(1, 3).meets(exactly(4))
        (True, False)
        """
        (low, high), (other_low, other_high) = self._both(other)
        return not (_below(high, other_low) or _below(other_high, low))

    def certainly_below(self, other: Quantity | str) -> bool:
        """Is every amount of this one smaller than every amount of the other?

        >>> exactly(450, "Mt").certainly_below(rounded(451, "Mt"))
        True
        """
        (_, high), (other_low, _) = self._both(other)
        return _below(high, other_low)

    def __add__(self, other: Quantity) -> Quantity:
        """Add the low ends and the high ends, in this quantity's unit."""
        if not isinstance(other, Quantity):
            return NotImplemented
        same = other.to(self.unit)
        return Quantity(_add(self.low, same.low), _add(self.high, same.high), self.unit)

    def __neg__(self) -> Quantity:
        low, high = (None if end is None else negate(end) for end in (self.high, self.low))
        return Quantity(low, high, self.unit)

    def __sub__(self, other: Quantity) -> Quantity:
        """Give every difference of two amounts: the ends cross."""
        if not isinstance(other, Quantity):
            return NotImplemented
        return self + -other

    def __mul__(self, factor: Exact | int) -> Quantity:
        """Scale by one exact number."""
        if isinstance(factor, bool) or not isinstance(factor, int | Decimal | Fraction):
            return NotImplemented
        by = number(factor)
        if by == 0:
            return Quantity(by, by, self.unit)
        ends = [None if end is None else multiply(end, by) for end in (self.low, self.high)]
        low, high = ends if by > 0 else reversed(ends)
        return Quantity(low, high, self.unit)

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        if self.unit == other.unit:
            return self.low == other.low and self.high == other.high
        return self.dimension == other.dimension and self.base == other.base

    def __hash__(self) -> int:
        return hash((self.base, self.dimension))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Quantity.parse({self.text!r})"

    def _both(self, other: Quantity | str) -> tuple[Ends, Ends]:
        other = Quantity.of(other)
        if self.unit == other.unit:
            return (self.low, self.high), (other.low, other.high)
        self._same_dimension(other.unit)
        return self.base, other.base

    def _same_dimension(self, other: str) -> Unit:
        target = unit(other)
        if target.dimension != self.dimension:
            raise WrongDimension(
                f"{self.text!r} cannot be expressed in {other!r}: one measures {self.dimension or 'plain numbers'}, "
                f"the other {target.dimension or 'plain numbers'}"
            )
        return target


def exactly(value: Exact | int | str, unit: str = "") -> Quantity:
    """Give one exact amount.

    Here and in the other five, a text may carry its unit, `%` too. A unit that is said twice must be the same both
    times. Raises `BadQuantity`, and `UnknownUnit` for the unit.

    >>> exactly(451, "Mt/year"), exactly("47%")
    (Quantity.parse('451 Mt/year'), Quantity.parse('47 %'))
    """
    one, own = _parted(value, unit)
    return Quantity(number(one), number(one), own)


def at_least(value: Exact | int | str, unit: str = "") -> Quantity:
    """Give that amount or any larger one. "More than" is read so too.

    >>> at_least("2.7e6", "people"), at_least("2.7 million people")
    (Quantity.parse('>= 2700000 people'), Quantity.parse('>= 2.7 million people'))
    """
    one, own = _parted(value, unit)
    return Quantity(number(one), None, own)


def at_most(value: Exact | int | str, unit: str = "") -> Quantity:
    """Give that amount or any smaller one.

    >>> at_most(5, "percent"), at_most("5 percent")
    (Quantity.parse('<= 5 percent'), Quantity.parse('<= 5 percent'))
    """
    one, own = _parted(value, unit)
    return Quantity(None, number(one), own)


def between(low: Exact | int | str, high: Exact | int | str, unit: str = "") -> Quantity:
    """Give every amount from `low` to `high`, both inclusive.

    "Almost 500" is typed so, and "just over 47 percent", since only the reader can say how far off that may be.
    Where both texts carry a unit, the answer is in that of `low`, exactly. Raises `BadQuantity` where only one of them
    has a unit, since of "2.7 to 3 million" only the reader knows whether it holds for both, and `WrongDimension`.

    >>> between(15, 20, "percent"), between("475 Mt", "500 Mt"), between("900 kt", "1 Mt")
    (Quantity.parse('15..20 percent'), Quantity.parse('475..500 Mt'), Quantity.parse('900..1000 kt'))
    """
    (least, low_unit), (most, high_unit) = _parted(low, unit), _parted(high, unit)
    if bool(low_unit) != bool(high_unit):
        with_unit, without = (low, high) if low_unit else (high, low)
        raise BadQuantity(
            f"{shown(with_unit)} has a unit, and {shown(without)} has none: write it with both, as in "
            "between('475 Mt', '500 Mt'), or once, as in between(475, 500, 'Mt')"
        )
    top = number(most)
    return Quantity(number(least), Quantity(top, top, high_unit).to(low_unit).high, low_unit)


def rounded(value: Exact | int | str, unit: str = "") -> Quantity:
    """Give every amount that rounds to this one: half a unit of the last printed digit either way.

    What is printed decides: "2.7e6" was rounded to a hundred thousand, "2700000" to one.

    >>> rounded("2.7e6", "people")
    Quantity.parse('2650000..2750000 people')
    >>> rounded("451 Mt")
    Quantity.parse('450.5..451.5 Mt')
    """
    one, own = _parted(value, unit)
    printed = number(one)
    if not isinstance(printed, Decimal):
        raise BadQuantity(f"{printed} has no last printed digit to be rounded at: give it as text")
    half = Decimal((0, (5,), _exponent(printed, one) - 1))
    return Quantity(add(printed, negate(half)), add(printed, half), own)


def about(value: Exact | int | str, unit: str = "", *, percent: Exact | int | str) -> Quantity:
    """Give every amount within so many percent of this one.

    >>> about(490, percent=2), about("490 Mt", percent=2)
    (Quantity.parse('480.20..499.80'), Quantity.parse('480.20..499.80 Mt'))
    """
    one, own = _parted(value, unit)
    middle, share = number(one), number(percent)
    if share < 0:
        raise BadQuantity(f"percent={number_text(share)} is negative: say how far off it may be, as in percent=2")
    reach = multiply(multiply(middle if middle >= 0 else negate(middle), share), Decimal("0.01"))
    return Quantity(add(middle, negate(reach)), add(middle, reach), own)


def one_unit(text: str, own: str, given: str) -> str:
    """Give the unit of a text that has a unit of its `own`, or the one `given` apart from it; either may be blank.

    Raises `BadQuantity` where they are two units, and `UnknownUnit`.

    >>> one_unit("47%", "%", "percent"), one_unit("451", "", "Mt")
    ('%', 'Mt')
    """
    if not own:
        return given
    if given != "":
        one, other = unit(own), unit(given)
        if (one.dimension, one.factor) != (other.dimension, other.factor):
            raise BadQuantity(
                f"{shown(text)} has a unit, and the unit is said to be {shown(given)}: say it in one of the two "
                "places, as in '2.7 million people'"
            )
    return own


def _parted(value: Exact | int | str, given: str) -> tuple[Exact | int | str, str]:
    """Part a number, as it was given, from its unit."""
    if not isinstance(value, str):
        return value, given
    if re.match(_BOUND, value):
        raise BadQuantity(
            f"{shown(value)} says itself how it is meant, so it cannot be read in another way too: write one number, "
            "or take it as it is typed, by Quantity.parse (in a sheet, leave the reading blank)"
        )
    found = re.fullmatch(_PRINTED, value)
    if not found:
        raise BadQuantity(f"{shown(value)} is not a number with or without a unit: write it as in '451 Mt' or '47%'")
    return found["number"], one_unit(value, found["unit"] or found["percent"] or "", given)


def _exponent(printed: Decimal, value: Exact | int | str) -> int:
    # zero loses its places when it is read, but "0.0" was rounded to a tenth
    exponent = (Decimal(value) if isinstance(value, str | Decimal) else printed).as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _below(high: Exact | None, low: Exact | None) -> bool:
    return high is not None and low is not None and high < low


def _add(a: Exact | None, b: Exact | None) -> Exact | None:
    return None if a is None or b is None else add(a, b)


def _text(low: Exact | None, high: Exact | None, unit: str) -> str:
    if low is None:
        amount = ".." if high is None else f"<= {number_text(high)}"
    elif high is None:
        amount = f">= {number_text(low)}"
    elif low == high:
        amount = number_text(low)
    else:
        amount = f"{number_text(low)}..{number_text(high)}"
    return f"{amount} {unit}" if unit else amount
