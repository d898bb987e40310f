"""The directory of a training: its settings, and what makes a resume the same training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from agent.config import describe
from agent.errors import ConfigError, TrainingFailed
from agent.files import write_atomically
from agent.lm import shipped
from agent.train.settings import LoopSettings
from agent.train.traces import files_of

SETTINGS = "training.json"
# They may change on the way: none of them says what a step computes.
_FREE = {"eval_minutes", "save_minutes", "save_steps", "log_steps", "max_minutes", "data"}

S = TypeVar("S", bound=LoopSettings)


def begin(kind: type[S], given: Mapping[str, Any], out: Path, *, resume: bool) -> S:
    """The settings of a new training, or those of the one in `out` with what was given on top.

    Raises TrainingFailed where `out` holds a training and is not to be resumed, or holds none and is,
    or where a resume would change what is trained; ConfigError where a value is wrong.
    """
    path = out / SETTINGS
    if path.exists() and not resume:
        raise TrainingFailed(
            f"{str(out)!r} holds a training already; go on with --resume, or name another directory"
        )
    if resume and not path.exists():
        raise TrainingFailed(f"{str(out)!r} holds no training to resume (looked for {SETTINGS})")
    stored = _stored(path) if resume else {}
    try:
        settings = kind.model_validate({**stored, **given})
        before = kind.model_validate(stored) if resume else settings
    except ValidationError as error:
        raise ConfigError(describe(error)) from error
    before, settings = anywhere(before), anywhere(settings)
    for name in kind.model_fields:
        old, new = getattr(before, name), getattr(settings, name)
        if old != new and name not in _FREE:
            raise TrainingFailed(
                f"the training in {str(out)!r} has {name} {old!r}, and {new!r} was given; a resume "
                "must keep it"
            )
    return settings


def anywhere(settings: S) -> S:
    """The settings with their files found from any folder: a resume may begin in another."""
    places = {
        name: shipped.anywhere(value)
        for name in ("model", "policy", "init")
        if (value := getattr(settings, name, None)) is not None
    }
    found: dict[str, Any] = {**places, "data": tuple(path.absolute() for path in settings.data)}
    if (prompts := getattr(settings, "prompts", None)) is not None:
        found["prompts"] = prompts.absolute()
    return settings.model_copy(update=found)


def _stored(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text())["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingFailed(
            f"{path} is damaged ({error}); start anew in another directory"
        ) from error
    return values


def record(settings: LoopSettings, out: Path, **known: str) -> None:
    """Write the settings, or, for a resume, check that what is known is still the same.

    `known` are hashes by name: of the model, the data, the prompts. Raises TrainingFailed where one
    differs, StorageFailed.
    """
    path = out / SETTINGS
    before = json.loads(path.read_text()) if path.exists() else {}
    for name, value in known.items():
        if (was := before.get(name, value)) != value:
            raise TrainingFailed(
                f"the training in {str(out)!r} began with {name} {was[:12]}, and now it is "
                f"{value[:12]}; a resume needs the same"
            )
    values = settings.model_dump(mode="json", exclude_defaults=True)
    told = {**before, "settings": values, **known}
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(told, indent=1) + "\n").encode())


def data_hash(files: Sequence[Path]) -> str:
    """One hash over the contents of the files, in order, or of the traces of run directories."""
    whole = hashlib.sha256()
    for each in (each for path in files for each in (files_of(path) if path.is_dir() else [path])):
        with each.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()
