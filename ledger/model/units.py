"""Units of measure: their dimension, and their exact factor to the base unit of that dimension.

`pint` reads the unit expressions and knows how they combine; it is imported when the first unit is
met. The definitions are a small file of our own, `units.txt`: in pint's default one `kt` is a knot.
Each factor is a finite decimal, so an amount in its base unit is one too.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ledger.model.errors import UnknownUnit, near_names, shown
from ledger.model.exact import ONE, from_fraction
from ledger.model.limits import UNIT_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAME = r"[A-Za-z]\w*"
_FACTOR = rf"{_NAME}(?:(?:\^|\*\*)[1-9])?"
_EXPRESSION = rf"{_FACTOR}(?: ?[*/] ?{_FACTOR}| {_FACTOR})*"


@frozen
class Unit:
    """A unit as written, the dimension it measures, and how many base units one of it is.

    `dimension` is empty for plain numbers, which include percent.
    """

    text: str
    dimension: str
    factor: Decimal


PLAIN = Unit("", "", ONE)


def unit(text: str) -> Unit:
    """Look a unit up; an empty text is the unit of plain numbers. Raises `UnknownUnit`.

    >>> unit("kt/year").factor, unit("kt/year").dimension
    (Decimal('1000'), '[mass] / [time]')
    """
    if text.__class__ is not str:
        raise UnknownUnit(f"a unit is text such as 'Mt/year', not {type(text).__name__} ({shown(text)})")
    return _look_up(text) if text else PLAIN


@lru_cache(maxsize=4096)
def base_of(text: str) -> str:
    """Name the base unit of the dimension of a unit, in which facts keep amounts. Raises `UnknownUnit`.

    >>> base_of("kt/year"), base_of("km^2"), base_of("percent")
    ('tonne/year', 'metre^2', '')
    """
    if not unit(text).dimension:
        return ""
    registry = _registry()
    base = registry.Quantity(1, registry.parse_units(_spelled(text))).to_base_units()
    # not by pint's own formats, which take no powers that are fractions, as all numbers of this registry are
    powers = sorted(base.unit_items())
    above = [_power(name, power) for name, power in powers if power > 0]
    return "/".join(["*".join(above) or "1", *(_power(name, -power) for name, power in powers if power < 0)])


def _power(name: str, power: Fraction) -> str:
    return name if power == 1 else f"{name}^{power}"


@lru_cache(maxsize=4096)
def _look_up(text: str) -> Unit:
    spelled = _spelled(text)
    if len(text) > UNIT_MAX or not re.fullmatch(_EXPRESSION, spelled, re.ASCII):
        raise UnknownUnit(f"{shown(text)} is not a unit: write names joined by * and /, as in Mt/year")
    registry = _registry()
    # name by name, since pint cancels "foo/foo" without asking what a foo is
    if unknown := [name for name in re.findall(_NAME, spelled, re.ASCII) if not registry.parse_unit_name(name)]:
        raise UnknownUnit(f"{shown(text)} is not a known unit{_near(unknown)}")
    one = registry.Quantity(1, registry.parse_units(spelled)).to_base_units()
    factor = from_fraction(Fraction(one.magnitude))
    if not isinstance(factor, Decimal):
        raise UnknownUnit(f"{shown(text)} is no finite decimal number of base units: use another unit")
    return Unit(text, _dimension(one.dimensionality), factor)


def _spelled(text: str) -> str:
    return text.replace("%", "percent").replace(" per ", "/")


@cache
def _registry() -> Any:
    from pint import UnitRegistry  # noqa: PLC0415 - pint is loaded when the first unit is met

    definitions = files("ledger.model").joinpath("units.txt").read_text("utf-8").splitlines()
    plain = [line for line in definitions if line and not line.startswith(("#", "currencies"))]
    codes = [code for line in definitions if line.startswith("currencies") for code in line.split()[1:]]
    registry: Any = UnitRegistry(None, non_int_type=Fraction)
    registry.load_definitions([*plain, *(f"{code} = [{code}]" for code in codes)])
    return registry


def _dimension(powers: Mapping[str, Fraction]) -> str:
    above = [f"{name}^{power}" if power != 1 else name for name, power in sorted(powers.items()) if power > 0]
    below = [f"{name}^{-power}" if power != -1 else name for name, power in sorted(powers.items()) if power < 0]
    return " / ".join([" * ".join(above) or "1", *below]) if above or below else ""


def _near(unknown: Iterable[str]) -> str:
    registry = _registry()
    names = [name for name in dir(registry) if not hasattr(type(registry), name) and name not in vars(registry)]
    near = [match for name in unknown for match in near_names(name, names, most=1)]
    return f"; did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
