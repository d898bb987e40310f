"""Arms: what is compared. An arm is a name and the settings in which it differs from the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.config import merge, overrides
from agent.errors import ConfigError
from agent.report.arms import SHORT
from envs.nearest import did_you_mean

NOTES_FROM = "notes_from"
"""Beside an arm's sections of the config: the arm whose games' notes its games are shown."""

ARMS: dict[str, dict[str, Any]] = {
    "burst": {"think": {"mode": "burst"}},
    "slow": {"think": {"mode": "slow"}},
    "verified": {"think": {"mode": "verified"}},
    "none": {"think": {"mode": "off"}},
    "no-notes": {"notes": {"enabled": False}},
    "swapped-notes": {NOTES_FROM: "burst"},
    "constrained": {"act": {"constrain": True}},
    "random": {"agent": "random"},
    "walkthrough": {"agent": "walkthrough"},
}
DEFAULT_ARMS = ("burst", "slow", "none", "no-notes", "random", "walkthrough")


@dataclass(frozen=True, slots=True)
class Arm:
    """A name, the config values that it sets, and (rarely) the arm whose notes its games are shown."""

    name: str
    settings: Mapping[str, Any]
    notes_from: str | None = None

    @property
    def folder(self) -> str:
        """Its name as a directory's: what shells and file systems dislike becomes '_'."""
        return re.sub(r"[^A-Za-z0-9.=_-]", "_", self.name)


def parse_arm(text: str, more: Mapping[str, Mapping[str, Any]] | None = None) -> Arm:
    """An arm from 'NAME' or 'NAME:key=value,...'; `more` are named arms beside those built in.

    A key is `section.key` of the config, or one of k, confidence, temperature and budget. Raises
    ConfigError for a name that nobody has, a key without a section and one that is set twice.
    """
    name, colon, rest = text.partition(":")
    known: dict[str, Mapping[str, Any]] = {**ARMS, **(more or {})}
    if name not in known:
        raise ConfigError(
            f"no arm {name!r}{did_you_mean(name, known)} There are: {', '.join(known)}"
        )
    settings = merge(dict(known[name]), _variant(text, rest) if colon else {})
    notes_from = settings.pop(NOTES_FROM, None)
    return Arm(text, settings, notes_from)


def _variant(arm: str, rest: str) -> dict[str, Any]:
    written: dict[str, str] = {}
    for part in rest.split(","):
        key, equals, value = part.partition("=")
        key = SHORT.get(key.strip(), key.strip())
        if not equals or not value.strip() or ("." not in key and key != NOTES_FROM):
            raise ConfigError(
                f"arm {arm!r}: {part!r} is no setting; write {'/'.join(SHORT)}=value or "
                "section.key=value, separated by commas"
            )
        if key in written:
            raise ConfigError(f"arm {arm!r} sets {key} twice: give it one value")
        written[key] = value
    return overrides([f"{key}={value}" for key, value in written.items()])


def check_arms(arms: tuple[Arm, ...]) -> None:
    """Raise ConfigError for arms that could not lie side by side, or whose notes come from nowhere."""
    folders: dict[str, str] = {}
    names = {arm.name: arm for arm in arms}
    for arm in arms:
        other = folders.setdefault(arm.folder, arm.name)
        if other != arm.name or len(names) < len(arms):
            raise ConfigError(f"the arms {other!r} and {arm.name!r} are one: name each once")
        if arm.notes_from is None:
            continue
        donor = names.get(arm.notes_from)
        if donor is None or donor.notes_from is not None:
            raise ConfigError(
                f"arm {arm.name!r} is shown the notes of {arm.notes_from!r}: let that be an arm of "
                "the grid with notes of its own"
            )
