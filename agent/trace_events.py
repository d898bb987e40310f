"""What a line of a trace holds, checked as it is read: whoever reads events may trust their shape.

agent/trace.py says what each event means. Events and keys that are unknown here pass, so that what a
later version writes is read as far as this one understands it.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    InstanceOf,
    Strict,
    StrictBool,
    StrictStr,
    ValidationError,
)

from agent.config import describe
from agent.context import Kind
from agent.lm.types import Purpose, StopReason

_Text = InstanceOf[str]
"""What a model or a person wrote, which may hold what UTF-8 cannot."""
_Name = StrictStr
_Integer = Annotated[int, Strict()]
_Count = Annotated[_Integer, Field(ge=0, le=2**53)]
_Token = Annotated[_Integer, Field(ge=0, lt=2**40)]
_Number = Annotated[float, Strict(), Field(ge=-1e12, le=1e12)]
_Points = Annotated[float, Strict(), Field(allow_inf_nan=False)]
_Share = Annotated[_Number, Field(ge=0, le=1)]
_K = Annotated[_Count, Field(ge=1)]
_Recipe = Annotated[StrictStr, Field(pattern=r"^[0-9,-]*$")]
_Mode = Annotated[
    StrictStr,
    Field(pattern=r"^(slow(\(verified\))?|burst\([0-9]{1,9}, [0-9]+(\.[0-9]+)?(e-[0-9]+)?\))$"),
]


def _as_long_as_its_tokens(recorded: tuple[Any, ...]) -> tuple[Any, ...]:
    ids, logprobs, _, *judged = recorded
    if any(len(each) != len(ids) for each in (logprobs, *judged)):
        raise ValueError(
            "a pass has a log-probability, and a verdict if any, for each of its tokens"
        )
    return recorded


_Pass = Annotated[
    tuple[list[_Token], list[_Number | None], _Count]
    | tuple[list[_Token], list[_Number | None], _Count, list[Literal[0, 1] | None]],
    AfterValidator(_as_long_as_its_tokens),
]


class _Event(BaseModel):
    e: StrictStr


class _Episode(BaseModel):
    uid: _Name
    env: _Name
    seed: _Integer
    agent: _Name
    budget: _Count
    vocabulary: _Name | None = None


class _Segment(BaseModel):
    i: _Count
    kind: Kind
    turn: _Count
    ids: list[_Token]
    span: _Name | None
    sampled: tuple[_Count, _Count]
    clipped: StrictBool = False


class _Generate(BaseModel):
    step: _Count
    purpose: Purpose
    mode: _Mode
    turns: list[tuple[_Count, _K, _Share]] = []
    seed: _Integer
    window: _Count
    stop: StopReason
    passes: list[_Pass]
    wall_ms: _Number


class _Summary(BaseModel):
    step: _Count
    why: _Name | None
    operations: list[_Text]
    notes: _Count
    refused: _Text | None


class _Notes(BaseModel):
    step: _Count
    shown: list[tuple[_Name, _Count]]


class _Drop(BaseModel):
    ids: list[_Count]


class _Prune(BaseModel):
    step: _Count
    kind: Literal["summarised", "evicted", "rebuilt"]
    recipe: _Recipe
    before: _Count
    after: _Count


class _Step(BaseModel):
    n: _Count
    action: _Text | None
    observation: _Name
    reward: _Points | None
    score: _Points | None
    done: StrictBool
    window: _Count
    wall_ms: _Number
    listed: StrictBool | None = None


class _End(BaseModel):
    outcome: _Name
    score: _Points | None
    steps: _Count
    error: _Text | None


class _Person(BaseModel):
    step: _Count
    what: _Name
    during: StrictBool = False


class _Hint(_Person):
    text: _Text


class _Burst(_Person):
    k: _K
    confidence: _Share


class _Edit(_Person):
    bank: tuple[_Name, _Name] | None
    place: _Count | None
    op: _Name
    edit: dict[_Name, _Name | StrictBool | _Count | None]
    reason: _Name
    versions: list[tuple[_Name, _Count]]


class _Refuse(_Person):
    why: _Text
    proposed: _Text


class _Replace(_Person):
    text: _Text
    proposed: _Text


_SHAPES: dict[str, type[BaseModel]] = {
    "episode": _Episode,
    "segment": _Segment,
    "generate": _Generate,
    "summary": _Summary,
    "notes": _Notes,
    "drop": _Drop,
    "prune": _Prune,
    "step": _Step,
    "end": _End,
    "person": _Person,
}
_ORDERS: dict[str, type[BaseModel]] = {
    "hint": _Hint,
    "burst": _Burst,
    "edit": _Edit,
    "refuse": _Refuse,
    "replace": _Replace,
    "give": _Hint,
}


def event_of(line: bytes) -> dict[str, Any]:
    """The event that a line holds. Raises ValueError, which says what is wrong, where it is none."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    try:
        shape = _SHAPES.get(_Event.model_validate(event).e, _Event)
        shape.model_validate(event)
        if shape is _Person:
            _ORDERS.get(event["what"], _Person).model_validate(event)
    except ValidationError as error:
        raise ValueError(f"it is no event ({describe(error)[:200]})") from error
    told: dict[str, Any] = event
    return told
