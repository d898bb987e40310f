"""What training reads: the token ids of one window, and which of them the model wrote itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.errors import TrainingFailed
from agent.files import replacing
from agent.lm.types import Purpose


class Written(BaseModel):
    """A stretch `start:stop` of a sequence's ids that the model itself wrote."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int = Field(ge=1)
    stop: int
    purpose: Purpose


class TokenSequence(BaseModel):
    """One life of a window, from a prefill to the next: the ids in order, as they were computed.

    Loss falls on the ids in `written`, and nowhere else: all other text is data that was only read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: tuple[int, ...] = Field(min_length=2)
    written: tuple[Written, ...]
    source: str
    """Where it comes from: an environment's spec, or the name of a file of prompts."""
    seed: int = Field(ge=0)
    """The game seed, or the prompt's number: what splits keep apart."""
    vocabulary: str | None = None
    """The identity of the vocabulary whose ids these are; None where that is not on record."""

    @model_validator(mode="after")
    def _in_order(self) -> TokenSequence:
        at = 0
        for stretch in self.written:
            if not at <= stretch.start < stretch.stop <= len(self.ids):
                raise ValueError(
                    f"written stretch {stretch.start}:{stretch.stop} overlaps another, is empty or "
                    f"leaves the {len(self.ids)} ids"
                )
            at = stretch.stop
        return self


def write(path: Path, sequences: Iterable[TokenSequence]) -> int:
    """One JSON object a line, all or none of them. Returns how many. Raises StorageFailed."""
    count = 0
    with replacing(path) as file:
        for sequence in sequences:
            file.write(sequence.model_dump_json().encode() + b"\n")
            count += 1
    return count


def read(path: Path) -> Iterator[TokenSequence]:
    """The sequences of a file. Raises TrainingFailed, naming the line, where one is damaged."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield TokenSequence.model_validate_json(line)
                except ValidationError as error:
                    first = error.errors()[0]["msg"]
                    raise TrainingFailed(
                        f"{path}: line {number} is no sequence: {first}"
                    ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingFailed(f"cannot read the sequences in {str(path)!r}: {error}") from error
