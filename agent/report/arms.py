"""Which runs are of one arm, and what arms are called.

Runs are of one arm if their recorded settings are the same in all that tells players apart, the model's
weights included. An arm is called by how it thinks ('burst', 'slow', 'verified', 'none'; 'random' and
'walkthrough' where no model plays; as `steno eval` called it where that played), and where several would
have one name, by the settings in which they differ too: 'burst:k=4', 'burst:k=8'.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.config import dotted
from agent.report.runs import RecordedRun

SHORT = {
    "k": "think.k",
    "confidence": "think.confidence",
    "temperature": "sampling.temperature",
    "budget": "window.budget",
}
"""Short names of settings, in arms' names: burst:k=4,confidence=0. `steno eval --arm` reads them."""
FINGERPRINT = "fingerprint"
# What is played, how much of it and where it is kept: not who plays.
_OF_THE_RUN = {"env", "seed", "episodes", "jobs", "out", "memory"}
# Without a model none of this is asked.
_OF_THE_MODEL = {"model", "sampling", "think", "act", "notes", "window", "banks", "live_banks"}
_OF_BURSTS = {"think.k", "think.confidence"}


@dataclass(frozen=True, slots=True)
class Arm:
    """A name, and what it stands for: settings by dotted key, and their hash."""

    name: str
    settings: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """Eight digits that are the same wherever the settings are."""
        return hashlib.sha256(_canonical(self.settings).encode()).hexdigest()[:8]


def name_arms(runs: Sequence[RecordedRun]) -> list[Arm]:
    """The arm of each run, in order. Its name depends on what other arms there are."""
    bases = [run.arm or _way(run.settings) for run in runs]
    told = [_settings(run) for run in runs]
    variants: dict[str, dict[str, dict[str, Any]]] = {}
    for base, settings in zip(bases, told, strict=True):
        variants.setdefault(base, {})[_canonical(settings)] = settings
    arms = [
        Arm(base + _suffix(settings, list(variants[base].values())), settings)
        for base, settings in zip(bases, told, strict=True)
    ]
    # An evaluation may have called an arm just what another's name came to be.
    identities: dict[str, set[str]] = {}
    for arm in arms:
        identities.setdefault(arm.name, set()).add(arm.identity)
    return [
        replace(arm, name=f"{arm.name}#{arm.identity}") if len(identities[arm.name]) > 1 else arm
        for arm in arms
    ]


def _way(settings: Mapping[str, Any]) -> str:
    """How a run's player thinks, in one word."""
    agent = settings.get("agent", "model")
    if agent != "model":
        return str(agent)
    mode = str(settings.get("think", {}).get("mode", "model"))
    return "none" if mode == "off" else mode


def _settings(run: RecordedRun) -> dict[str, Any]:
    """What tells a player apart from others, by dotted key."""
    by_model = run.settings.get("agent", "model") == "model"
    apart = _OF_THE_RUN if by_model else _OF_THE_RUN | _OF_THE_MODEL
    flat = dotted({key: value for key, value in run.settings.items() if key not in apart})
    if by_model:
        flat[FINGERPRINT] = run.fingerprint
        if run.settings.get("banks"):
            # What it begins with lies in there.
            flat["memory"] = run.settings.get("memory")
    if flat.get("think.mode") != "burst":
        flat = {key: value for key, value in flat.items() if key not in _OF_BURSTS}
    return flat


def _suffix(settings: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """The settings in which arms of one name differ, as `steno eval --arm` writes them."""
    keys = dict.fromkeys(key for each in others for key in each)
    differing = [key for key in keys if len({_canonical(each.get(key)) for each in others}) > 1]
    # Weights differ wherever an adapter does: its name says more than a fingerprint.
    named = [key for key in differing if key != FINGERPRINT]
    if _tell_apart(named, others):
        differing = named
    short = {key: name for name, key in SHORT.items()}
    words = [f"{short.get(key, key)}={_word(key, settings.get(key))}" for key in differing]
    return ":" + ",".join(words) if words else ""


def _tell_apart(keys: Sequence[str], arms: Sequence[Mapping[str, Any]]) -> bool:
    return len({_canonical([arm.get(key) for key in keys]) for arm in arms}) == len(arms)


def _word(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)[:8] if key == FINGERPRINT else str(value)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
