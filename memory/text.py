"""What text, names and numbers may enter the file. Pure."""

from __future__ import annotations

import hashlib
import math
import unicodedata

from memory.errors import BadBankName, BadText, BadValue
from memory.types import BANK_KINDS

NAME_MAX_CHARS = 200
TITLE_MAX_CHARS = 200
BODY_MAX_CHARS = 10_000
INTEGER_MAX = 2**63 - 1  # SQLite keeps integers in 64 bits


def one_line(text: str) -> str:
    """``text`` with every line break of Unicode as one space: a note is one line."""
    return " ".join(text.splitlines())


def storable(text: str) -> str:
    """``text`` with each lone surrogate as three U+FFFD, one a byte, so that a span can keep it.

    For callers that take text from an environment that may print what is not Unicode.
    """
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def sha256(text: str) -> str:
    """Hex SHA-256 of the UTF-8 bytes of ``text``. Raises BadText on a lone surrogate."""
    return hashlib.sha256(checked(text, "text").encode("utf-8")).hexdigest()


def checked(text: str, what: str) -> str:
    """``text`` itself. Raises BadText where it holds a lone surrogate, which UTF-8 cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadText(
            f"{what} has a lone surrogate U+{ord(text[error.start]):04X} at character "
            f"{error.start}: give valid Unicode (memory.storable() replaces such characters)"
        ) from None
    return text


def note_text(text: str, what: str, max_chars: int) -> str:
    """``text`` as one line, otherwise unchanged.

    Raises BadText where it is blank, longer than ``max_chars``, or holds a NUL or lone surrogate.
    """
    line = one_line(checked(text, what))
    if not line.strip():
        raise BadText(f"{what} is empty: a note needs a title and a body")
    if len(line) > max_chars:
        raise BadText(f"{what} has {len(line)} characters: at most {max_chars} are kept")
    # SQLite's own functions and many tools cut text at a NUL, so a person would not see the rest.
    if "\0" in line:
        raise BadText(f"{what} has a NUL at character {line.index(chr(0))}: remove it")
    return line


def name(text: str, what: str) -> str:
    """``text`` in NFC: not empty, no control characters, at most 200 characters.

    Names are compared exactly, case and look-alikes included. Raises BadText.
    """
    normal = unicodedata.normalize("NFC", checked(text, what))
    if not normal.strip():
        raise BadText(f"{what} is empty: give one")
    if len(normal) > NAME_MAX_CHARS:
        raise BadText(f"{what} has {len(normal)} characters: at most {NAME_MAX_CHARS}")
    for place, char in enumerate(normal):
        if unicodedata.category(char) in ("Cc", "Zl", "Zp"):
            raise BadText(
                f"{what} has the control character U+{ord(char):04X} at character {place}: "
                "use printable characters"
            )
    return normal


def bank_name(text: str) -> str:
    """``text`` as ``name`` has it. Raises BadBankName."""
    try:
        return name(text, "bank name")
    except BadText as error:
        raise BadBankName(str(error)) from None


def bank_kind(kind: str) -> str:
    """``kind`` itself. Raises BadBankName where it is not one of ``BANK_KINDS``."""
    if kind not in BANK_KINDS:
        raise BadBankName(f"bank kind {kind!r} is unknown: use one of {', '.join(BANK_KINDS)}")
    return kind


def one_of(value: str, allowed: tuple[str, ...], what: str) -> str:
    """``value`` itself. Raises BadValue where it is not in ``allowed``."""
    if value not in allowed:
        raise BadValue(f"{what} {value!r} is unknown: use one of {', '.join(allowed)}")
    return value


def count(value: int, what: str) -> int:
    """``value`` itself. Raises BadValue where it is negative or over 64 bits."""
    if not 0 <= value <= INTEGER_MAX:
        raise BadValue(f"{what} is {value}: it must lie in 0..{INTEGER_MAX}")
    return value


def number(value: float | None, what: str) -> float | None:
    """``value`` as a float, or None. Raises BadValue on NaN and infinities.

    SQLite would turn a NaN into NULL without a word.
    """
    if value is None:
        return None
    if not math.isfinite(value):
        raise BadValue(f"{what} is {value}: it must be a finite number, or None for not known")
    return float(value)


def shown(value: str) -> str:
    """``value`` quoted for a message: short, and with nothing that a terminal would obey."""
    return ascii(value[:80])
