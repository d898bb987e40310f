"""What a check found: one finding a rule, and whether all is well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["kept", "broken", "not tried"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule of the contract: whether it is kept, and what was seen."""

    rule: str
    verdict: Verdict
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of one environment. `took_s` is in seconds."""

    spec: str
    findings: Sequence[Finding]
    took_s: float

    @property
    def sound(self) -> bool:
        """Whether no rule is broken."""
        return not self.broken

    @property
    def broken(self) -> list[Finding]:
        """The rules that are broken."""
        return [finding for finding in self.findings if finding.verdict == "broken"]

    def __str__(self) -> str:
        lines = [f"{self.spec}: {'sound' if self.sound else 'NOT sound'} ({self.took_s:.1f} s)"]
        for finding in self.findings:
            lines.append(f"  {finding.verdict:9} {finding.rule}")
            if finding.seen:
                lines.append(f"            {finding.seen}")
        return "\n".join(lines)


class Broken(Exception):
    """A rule is broken; the text says what was seen, and what would be right."""


class NotTried(Exception):
    """A rule could not be tried on this environment; the text says why."""
