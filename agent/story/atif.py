"""A recorded episode as a trajectory in ATIF, the Agent Trajectory Interchange Format, v1.7.

A step of the game is a step there: the thought is its reasoning_content, the command a call of the
tool `act`, the environment's answer that call's result. What a step cost is the sum of its generations;
each of them stands by itself in metrics.extra. Notes, prunes and looked-up notes stand in the step's
`extra`. The models of the package `atif` check every rule of the format as a trajectory is made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atif import (
    Agent,
    FinalMetrics,
    Metrics,
    Observation,
    ObservationResult,
    Step,
    ToolCall,
    Trajectory,
)

from agent.files import write_atomically
from agent.lm.vocabulary import Vocabulary
from agent.story.parts import (
    Acted,
    Ended,
    Entered,
    Generated,
    Noted,
    Person,
    Pruned,
    Refused,
    Shown,
    Thought,
    Turn,
)
from agent.story.pieces import pieces
from agent.story.recording import Recording, StoredRun
from agent.story.turns import turns
from memory import storable

VERSION = "ATIF-v1.7"
TOOL = "act"
_TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": TOOL,
            "description": "Give the environment one command.",
            "parameters": {
                "type": "object",
                "properties": {"command": {"type": "string"}},
                "required": ["command"],
            },
        },
    }
]
_NOTES = (
    "completion_token_ids of a step are those of its generations, one after the other; "
    "metrics.extra.generations tells them apart, with the tokens that each forward pass kept. logprobs "
    "are natural, under ordinary one-token decoding; where that is not known of every token (the last "
    "pass of a burst), they stand in metrics.extra.logprobs with null for those."
)


def write(path: Path, recording: Recording, vocabulary: Vocabulary | None) -> None:
    """Write an episode's trajectory. Raises RunDirectoryError for a damaged trace, StorageFailed."""
    told = trajectory(recording, vocabulary).to_json_dict()
    content = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    write_atomically(path, content.encode() + b"\n")


def trajectory(recording: Recording, vocabulary: Vocabulary | None) -> Trajectory:
    """An episode as a trajectory, whether it has ended or not.

    Without a vocabulary the system prompt, which only the trace has, is left out.
    """
    run, row, steps = recording.run, recording.row, _Steps()
    prompt = _system_prompt(recording, vocabulary)
    if prompt:
        steps.add(source="system", message=prompt)
    for turn in turns(recording, vocabulary):
        steps.turn(turn)
    if not steps.made:  # readers ask for one step at least
        error = storable(row.error) if row and row.error else "nothing was seen yet"
        steps.add(source="system", message=f"Before the first observation: {error}")
    metrics = [step.metrics for step in steps.made if step.metrics is not None]
    return Trajectory(
        schema_version=VERSION,
        session_id=run.versions.get("run"),
        trajectory_id=recording.uid,
        agent=_agent(run),
        steps=steps.made,
        notes=_NOTES if metrics else None,
        final_metrics=FinalMetrics(
            total_prompt_tokens=_sum(metric.prompt_tokens for metric in metrics),
            total_completion_tokens=_sum(metric.completion_tokens for metric in metrics),
            total_cached_tokens=_sum(metric.cached_tokens for metric in metrics),
            total_steps=len(steps.made),
        ),
        extra={
            "env": run.config.env,
            "seed": recording.seed,
            "episode": recording.index,
            "finished": row is not None,
            "result": _stored(row.model_dump(mode="json")) if row else None,
        },
    )


class _Steps:
    """The steps of a trajectory, numbered from 1."""

    def __init__(self) -> None:
        self.made: list[Step] = []

    def add(self, **fields: Any) -> None:
        """The next step."""
        self.made.append(Step(step_id=len(self.made) + 1, **fields))

    def turn(self, turn: Turn) -> None:
        """What a step of the game becomes: nothing where nobody did anything in it."""
        if turn.number == 0 and turn.record is not None:
            message, more = turn.observation or "", {"erased": True} if turn.erased else {}
            self.add(source="user", message=message, timestamp=turn.at, extra={"step": 0, **more})
            return
        acted = next((part for part in turn.parts if isinstance(part, Acted)), None)
        generated = turn.generated
        if acted is None and not generated:
            return
        thought = next((part.text for part in turn.parts if isinstance(part, Thought)), None)
        # After the last step only notes are written: they are what the agent says then.
        said = [] if acted or thought else [p for p in turn.parts if isinstance(p, Noted)]
        call = f"step-{turn.number}"
        self.add(
            source="agent",
            message="\n".join(operation for part in said for operation in part.operations),
            timestamp=turn.at,
            reasoning_content=thought or None,
            tool_calls=[_call(call, acted.action)] if acted else None,
            observation=_observation(turn, call) if acted and turn.record else None,
            metrics=_metrics(generated) if generated else None,
            llm_call_count=len(generated),
            extra=_extra(turn),
        )


def _call(name: str, command: str) -> ToolCall:
    return ToolCall(tool_call_id=name, function_name=TOOL, arguments={"command": command})


def _observation(turn: Turn, call: str) -> Observation:
    assert turn.record is not None
    result = ObservationResult(
        source_call_id=call,
        content=turn.observation or "",
        extra={
            "reward": turn.record.reward,
            "score": turn.record.score,
            "done": turn.record.done,
            **({"erased": True} if turn.erased else {}),
        },
    )
    return Observation(results=[result])


def _metrics(generated: Sequence[Generated]) -> Metrics:
    tokens = [token for each in generated for burst in each.bursts for token in burst.tokens]
    logprobs = [token.logprob for token in tokens]
    known = [each for each in logprobs if each is not None]
    whole = len(known) == len(tokens)
    extra: dict[str, Any] = {"generations": [_told(each) for each in generated]}
    if not whole:
        extra["logprobs"] = logprobs
    return Metrics(
        prompt_tokens=sum(each.window for each in generated),
        completion_tokens=len(tokens),
        cached_tokens=sum(_cached(each) for each in generated),
        completion_token_ids=[token.id for token in tokens],
        logprobs=known if whole else None,
        extra=extra,
    )


def _cached(generated: Generated) -> int:
    """Tokens of the window that the first pass found in the session's KV cache."""
    computed = generated.bursts[0].prefill if generated.bursts else 0
    return max(generated.window - computed, 0)


def _told(generated: Generated) -> dict[str, Any]:
    agreed = [[token.agreed for token in burst.tokens] for burst in generated.bursts]
    judged = any(each is not None for burst in agreed for each in burst)
    return {
        "purpose": generated.purpose,
        "mode": generated.mode,
        "stop": generated.stop,
        "prompt_tokens": generated.window,
        "kept_by_pass": [len(burst.tokens) for burst in generated.bursts],
        **({"agreed": agreed} if judged else {}),
        "wall_s": generated.wall_s,
    }


def _extra(turn: Turn) -> dict[str, Any]:
    told: dict[str, Any] = {"step": turn.number}
    if turn.window:
        told["window_tokens"] = turn.window
    if turn.listed is not None:
        told["listed"] = turn.listed
    names = ("notes", "refused", "prunes", "entered", "person")
    lists: dict[str, list[Any]] = {name: [] for name in names}
    for part in turn.parts:
        if isinstance(part, Noted):
            lists["notes"].append({"why": part.why, "operations": list(part.operations)})
        elif isinstance(part, Refused):
            lists["refused"].append({"why": part.why, "reason": part.reason})
        elif isinstance(part, Pruned):
            lists["prunes"].append(_prune(part))
        elif isinstance(part, Person):
            lists["person"].append(part.text)
        elif isinstance(part, Entered):
            lists["entered"].append({"kind": part.kind, "text": part.text})
        elif isinstance(part, Ended):
            told |= {"outcome": part.outcome, "error": part.error}
    return told | {name: found for name, found in lists.items() if found}


def _prune(part: Pruned) -> dict[str, Any]:
    return {
        "kind": part.kind,
        "tokens_before": part.before,
        "tokens_after": part.after,
        "left": [{"step": step, "kind": kind} for step, kind in part.left],
        "covered_by": [_note(note) for note in part.covered_by],
        "notes_shown": [_note(note) for note in part.head],
    }


def _note(note: Shown) -> dict[str, Any]:
    return {"uid": note.uid, "version": note.version, "title": note.title, "body": note.body}


def _agent(run: StoredRun) -> Agent:
    known = ("fingerprint", "numerics", "policy", "burst")
    return Agent(
        name="steno",
        version=str(run.versions.get("packages", {}).get("steno-agent", "unknown")),
        model_name=run.versions.get("model"),
        tool_definitions=_TOOLS,
        extra={
            "player": run.config.agent,
            **{key: run.versions[key] for key in known if run.versions.get(key)},
            # Where this machine keeps its files is nobody else's business.
            "config": run.config.model_dump(
                mode="json", exclude_none=True, exclude={"out", "memory"}
            ),
        },
    )


def _system_prompt(recording: Recording, vocabulary: Vocabulary | None) -> str:
    """The text of the first head up to the end of its system turn; '' where there is none."""
    if vocabulary is None:
        return ""
    heads = (event for event in recording.events(0) if event["e"] == "segment")
    head = next((event["ids"] for event in heads if event["kind"] == "head"), None)
    if head is None:
        return ""
    marks = vocabulary.turns
    said, closing = head[len(marks.begin) :], list(marks.system_to_user)
    found = (at for at in range(len(said)) if said[at : at + len(closing)] == closing)
    end = next(found, len(said))
    return "".join(pieces(vocabulary, said[:end]))


def _stored(value: Any) -> Any:
    """The same value with every text in it fit for UTF-8."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {key: _stored(each) for key, each in value.items()}
    return value


def _sum(values: Any) -> int:
    return sum(value or 0 for value in values)
