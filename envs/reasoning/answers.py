"""Which answers may be shown to a verifier that evaluates them as Python. Pure.

Some of reasoning-gym's verifiers call `eval` on an answer, or sympy's `parse_expr`, which does. An
answer is what a language model says: it must never be run. So each of these tasks has a grammar of
what an answer can be, and what is none is wrong without its verifier having seen it.
"""

import ast
import re

MAX_CHARS = 4_000
# Powers multiply: ((9**9)**9)**9 is short, and more digits than there is memory.
_MAX_POWER = 60
_MAX_DIGITS = 30

_EVALUATED = frozenset({"binary_matrix", "n_queens", "spiral_matrix", "string_insertion"})
_NUMBERS_ONLY = frozenset({"countdown", "puzzle24"})
_FORMULAS = frozenset({"intermediate_integration", "simple_integration"})
GUARDED = _EVALUATED | _NUMBERS_ONLY | _FORMULAS
"""The tasks whose verifiers evaluate answers; a test compares them with the library's source."""

# Not `Integral`: the integral of a function, written as such, would pass for its solution.
_FUNCTIONS = frozenset({
    "sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh",
    "acosh", "atanh", "exp", "log", "ln", "sqrt", "Abs", "erf",
})  # fmt: skip
_CONSTANTS = frozenset({"pi", "E", "I"})
_LETTER = re.compile(r"[A-Za-z]")
_LITERAL = (ast.Expression, ast.List, ast.Tuple, ast.Constant, ast.Load)


def harmless(task: str, answer: str) -> bool:
    """Whether an answer may be shown to the verifier of a task."""
    if len(answer) > MAX_CHARS:
        return False
    if task not in GUARDED:
        return True
    try:
        tree = ast.parse(answer.strip(), mode="eval")
        if task in _EVALUATED:
            # A word is a name to Python; looking one up does nothing.
            word = isinstance(tree.body, ast.Name)
            return word or all(isinstance(node, _LITERAL) for node in ast.walk(tree))
        return _power(tree.body, letters=task in _FORMULAS) is not None
    except (SyntaxError, ValueError):
        # No Python, so nothing that `eval` could run. What sympy makes of "9!!" is another matter.
        return task in _EVALUATED
    except (RecursionError, MemoryError):
        return False


def _power(node: ast.expr, *, letters: bool) -> float | None:
    """The highest power that a formula raises anything to; None for what is no formula."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return 1.0 if len(str(number)) <= _MAX_DIGITS else None
        case ast.Name(id=name) if letters and (name in _CONSTANTS or _LETTER.fullmatch(name)):
            return 1.0
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _power(operand, letters=letters)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base, exponent = _power(left, letters=letters), _number(right)
            if base is None or exponent is None:
                # e**x and the like: a letter above, nothing that could be multiplied out below.
                above = _power(right, letters=letters) if letters else None
                plain = isinstance(left, ast.Name | ast.Constant)
                return above if base is not None and plain and _has_letter(right) else None
            power = base * max(abs(exponent), 1.0)
            return power if power <= _MAX_POWER else None
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            both = _power(left, letters=letters), _power(right, letters=letters)
            return None if both[0] is None or both[1] is None else max(both[0], both[1])
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            return _power(argument, letters=letters) if letters and name in _FUNCTIONS else None
    return None


def _number(node: ast.expr) -> float | None:
    """The value of a plain number, a negative one, or a quotient of two; None of anything else."""
    match node:
        case ast.Constant(value=int() | float() as number) if len(str(number)) <= _MAX_DIGITS:
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _number(operand)
            return None if value is None else -value
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            above, below = _number(left), _number(right)
            return above / below if above is not None and below else None
    return None


def _has_letter(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Name) and each.id not in _CONSTANTS for each in ast.walk(node))
