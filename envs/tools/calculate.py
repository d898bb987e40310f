"""Arithmetic from a line of text: exact, and never more than numbers. Pure."""

import ast
import math
import operator
from collections.abc import Callable
from fractions import Fraction

MAX_CHARS = 200
# Results and what is on the way to them stay under this many digits, so that none takes long.
MAX_DIGITS = 60
_MOST = 10**MAX_DIGITS

_BINARY: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "min": min,
    "max": max,
    "sum": lambda *numbers: sum(numbers, Fraction()),
    "abs": abs,
}


class NotArithmetic(ValueError):
    """A text that cannot be calculated; the message tells why, in words for who asked."""


def calculate(text: str) -> str:
    """The value of an expression, such as '2 * (3.5 + 4)': '15'.

    Knows + - * / // % **, parentheses, min, max, sum and abs. Decimals are exact; a result that has
    no end is rounded to 10 places. Raises `NotArithmetic`.
    """
    if len(text) > MAX_CHARS:
        raise NotArithmetic(f"an expression has at most {MAX_CHARS} characters")
    try:
        return _written(_value(ast.parse(text.strip(), mode="eval").body))
    except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, NotArithmetic):
            raise
        raise NotArithmetic(f"{text!r} is no arithmetic: write it like 2 * (3 + 4)") from error
    except ZeroDivisionError as error:
        raise NotArithmetic(f"{text!r} divides by zero") from error


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            # By its digits: 0.1 is a tenth here, not the nearest binary fraction.
            return _bounded(Fraction(str(number)) if math.isfinite(number) else None)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _bounded(_power(_value(left), _value(right)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _bounded(_BINARY[type(op)](_value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as numbers, keywords=[]):
            if name not in _FUNCTIONS or (name == "abs" and len(numbers) > 1):
                raise NotArithmetic(f"there is no {name} here: only {', '.join(_FUNCTIONS)}")
            return _bounded(_FUNCTIONS[name](*map(_value, numbers)))
    raise NotArithmetic("only numbers, + - * / // % **, parentheses, min, max, sum and abs")


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    """A whole power; None where it would have too many digits."""
    if exponent.denominator != 1:
        raise NotArithmetic("only whole powers")
    digits = math.log10(max(abs(base.numerator), base.denominator))
    if abs(exponent) * digits > MAX_DIGITS:
        return None
    # A Fraction to the power of a whole Fraction is a Fraction.
    return Fraction(base ** int(exponent)) if base or exponent >= 0 else Fraction(1, 0)


def _bounded(number: Fraction | None) -> Fraction:
    if number is None or max(abs(number.numerator), number.denominator) >= _MOST:
        raise NotArithmetic(f"numbers here have at most {MAX_DIGITS} digits")
    return number


def _written(number: Fraction) -> str:
    """A whole number as such, a decimal with at most 10 places."""
    scaled = round(abs(number) * 10**10)
    whole, places = divmod(scaled, 10**10)
    sign = "-" if number < 0 and scaled else ""
    return f"{sign}{whole}" + (f".{places:010}".rstrip("0") if places else "")
