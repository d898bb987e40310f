"""The shared banks that a config names, and what an episode may do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import ConfigError
from memory import BANK_KINDS, Bank, Frozen, MemoryFile, Scope

WRITABLE, READABLE = ":rw", ":ro"


@dataclass(frozen=True, slots=True)
class BankSpec:
    """A shared bank as a config names it."""

    kind: str
    name: str
    writable: bool


def parse_banks(specs: Sequence[str]) -> tuple[BankSpec, ...]:
    """Read 'KIND/NAME', 'KIND/NAME:ro' and 'KIND/NAME:rw'. Raises ConfigError."""
    found: dict[tuple[str, str], BankSpec] = {}
    for spec in specs:
        writable = spec.endswith(WRITABLE)
        path = spec[: -len(WRITABLE)] if spec.endswith((WRITABLE, READABLE)) else spec
        kind, slash, name = path.partition("/")
        if not slash or not name.strip() or kind not in BANK_KINDS:
            raise ConfigError(
                f"bank {spec!r}: write it as KIND/NAME or KIND/NAME:rw, with the kind one of "
                f"{', '.join(BANK_KINDS)}"
            )
        if (kind, name) in found:
            raise ConfigError(f"bank {path!r} is named twice: name it once")
        if kind == "episode" and writable:
            raise ConfigError(f"bank {spec!r} is an episode's own: others may only read it")
        found[kind, name] = BankSpec(kind, name, writable)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class SharedBanks:
    """The shared banks of a run. ``at`` is the moment at which they stand still; None: they live."""

    read: tuple[Bank, ...]
    write: tuple[Bank, ...]
    changeable: frozenset[Bank]
    at: str | None

    @classmethod
    def of(cls, file: MemoryFile, specs: Sequence[BankSpec], at: str | None) -> SharedBanks:
        """Find the banks in a memory file, or make them there. Raises MemoryFileError."""
        banks = {spec: file.bank(spec.kind, spec.name) for spec in specs}
        write = tuple(bank for spec, bank in banks.items() if spec.writable)
        read = tuple(bank for spec, bank in banks.items() if not spec.writable)
        changeable = frozenset(bank for bank in write if not file.asks_for_approval(bank))
        return cls(read, write, changeable, at)

    def scope(self, own: Bank, episode: str) -> Scope:
        """What an episode may touch: its own bank, and these as the config says."""
        shared = (*self.read, *self.write)
        frozen = Frozen(shared, self.at, episode) if shared and self.at is not None else None
        return Scope(own, self.read, self.write, frozen)
