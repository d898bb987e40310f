"""One validated config for a run. Each default is defined here and nowhere else."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import pydantic
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.banks import parse_banks
from agent.context import Caps, Marks, fit_marks
from agent.errors import ConfigError
from agent.lm.shipped import SHIPPED
from agent.lm.types import BURST_SIZE, Burst, Mode, Slow

Positive = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
T = TypeVar("T")
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A part of the config: no unknown keys, no changes after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(Section):
    """Which language model plays."""

    name: str = Field(
        "embedded", description="'embedded', 'scripted', a directory, or a Hugging Face id"
    )
    dtype: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="fp32 is exact; auto is the fastest"
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"
    policy: str = Field(
        SHIPPED,
        description="a policy adapter: a directory, a Hugging Face id, 'none', or 'shipped': our own",
    )
    burst: str = Field(
        SHIPPED,
        description="a burst adapter: as for the policy, or 'untrained' for noise",
    )


class SamplingConfig(Section):
    """How tokens are drawn, in every mode; each generation has a seeded stream of its own."""

    temperature: Annotated[float, Field(ge=0)] = Field(0.0, description="0 is greedy")
    drawn: Literal["thoughts", "all"] = Field(
        "thoughts", description="'thoughts': actions and notes are greedy whatever the temperature"
    )
    circling: Annotated[float, Field(ge=0)] = Field(
        0.0, description="the temperature of thoughts while it goes in circles, if that is higher"
    )
    top_p: Share = 1.0
    min_p: Share = Field(0.1, description="share of the likeliest token's probability")


class ThinkConfig(Section):
    """How it thinks."""

    mode: Literal["burst", "slow", "verified", "off"] = "burst"
    k: Positive | None = Field(
        None,
        description="burst size: the most tokens one pass may emit; unset: 12, or the adapter's if less",
    )
    confidence: Share = Field(0.9, description="a burst is cut before its first token under this")
    max_tokens: Natural = Field(0, description="the longest thought; 0: 5.6% of budget")
    max_passes: Positive = Field(256, description="the most forward passes for one thought")

    @property
    def burst(self) -> Burst:
        """How large its bursts are and where they are cut, whether it thinks in them or not."""
        return Burst(self.k or BURST_SIZE, self.confidence)

    def as_mode(self) -> Mode:
        """The mode of the model boundary that this describes."""
        return self.burst if self.mode == "burst" else Slow(verified=self.mode == "verified")

    def within(self, limit: int) -> ThinkConfig:
        """With the burst size that was left open: up to `limit`, where 1, no adapter, leaves it open."""
        if self.k is not None or limit == 1:
            return self
        return self.model_copy(update={"k": min(BURST_SIZE, limit)})


class ActConfig(Section):
    """How it acts: slowly."""

    max_tokens: Positive = Field(14, description="the longest command, in tokens")
    verified: bool = Field(False, description="verified slow mode: the same text in fewer passes")
    constrain: bool = Field(False, description="only commands that the environment accepts now")
    show_admissible: bool = Field(False, description="list those commands in the window")


class NotesConfig(Section):
    """How it takes notes. Sizes are in tokens."""

    enabled: bool = Field(True, description="off: old turns are cut without being noted")
    max_tokens: Natural = Field(0, description="the longest answer; 0: 10.5% of budget")
    verified: bool = Field(False, description="verified slow mode: the same text in fewer passes")
    recall_tokens: Natural = Field(0, description="notes in the window; 0: 18.3% of budget")
    find_tokens: Natural = Field(0, description="looked-up notes (FIND); 0: no looking up")
    constrain: bool = Field(True, description="only text that parses as note operations")


class WindowConfig(Section):
    """The window. Sizes are in tokens."""

    budget: Positive = Field(768, description="never exceeded")
    high_water: Natural = Field(0, description="above it notes are due; 0: what fits")
    low_water: Natural = Field(0, description="a prune cuts down to it; 0: 70% of high")
    observation: Natural = Field(0, description="clipped to this; 0: 15.7% of budget")
    describe: Literal["full", "goal"] = Field("goal", description="what is told of the environment")


class DeadlinesConfig(Section):
    """How long others are waited for, in seconds. What takes longer has failed."""

    step_s: Seconds = Field(60.0, description="an environment's answer to an action")
    reset_s: Seconds = Field(900.0, description="the start of a game, which may be built first")
    generate_s: Seconds = Field(600.0, description="one thought, action or set of notes")


# Turn marks around a text, at most; cues and endings likewise. ChatML needs 11 tokens.
MARKS_TOKENS = 12
CUE_TOKENS = 4
SUMMARY_PROMPT_TOKENS = 60
# Sizes that are left 0, as shares of the window's budget. A window of 768 tokens holds two observations
# at their cap of 120, two thoughts of 43, 140 tokens of notes and an exchange about notes of 80: what
# the shipped policy was trained on. 120 tokens hold most rooms of a text game whole.
SHARES = {
    ("think", "max_tokens"): 0.056,
    ("notes", "max_tokens"): 0.105,
    ("notes", "recall_tokens"): 0.183,
    ("window", "observation"): 0.157,
}
HEADING_TOKENS = 4  # "Your notes:" may be longer than what stands there without notes
LEAST_NOTE_TOKENS = 24  # one whole operation and END


class RunConfig(BaseSettings):
    """Everything that a run depends on."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="STENO_RUN_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    env: str = Field(description="environment spec: suite/name?option=value")
    agent: Literal["model", "random", "walkthrough"] = "model"
    episodes: Positive = 1
    jobs: Positive = Field(1, description="episodes at once; it changes no result")
    seed: Natural = Field(0, description="episode i plays game seed + i")
    max_steps: Positive = Field(150, description="an episode is truncated after so many actions")
    out: Path | None = Field(None, description="run directory; default: runs/<time>-<env>-<seed>")
    memory: Path | None = Field(
        None, description="memory file; default: memory.sqlite in the run directory"
    )
    banks: tuple[str, ...] = Field(
        (), description="shared banks: KIND/NAME to read, KIND/NAME:rw to add to as well"
    )
    live_banks: bool = Field(
        False, description="shared banks as they are, not as at the run's start: not reproducible"
    )
    model: ModelConfig = ModelConfig()
    sampling: SamplingConfig = SamplingConfig()
    think: ThinkConfig = ThinkConfig()
    act: ActConfig = ActConfig()
    notes: NotesConfig = NotesConfig()
    window: WindowConfig = WindowConfig()
    deadlines: DeadlinesConfig = DeadlinesConfig()

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        self.filled().marks(bare_head=0)  # the head's own length is known once a model is
        return self

    @field_validator("banks", mode="before")
    @classmethod
    def _banks_split(cls, banks: object) -> object:
        """One text, as --set gives it, names several with commas between, or is a list."""
        if not isinstance(banks, str):
            return banks
        with suppress(ValueError):
            return tomllib.loads(f"banks = {banks}")["banks"]
        return [each.strip() for each in banks.split(",") if each.strip()]

    @field_validator("banks")
    @classmethod
    def _banks_parse(cls, banks: tuple[str, ...]) -> tuple[str, ...]:
        parse_banks(banks)
        return banks

    def filled(self) -> RunConfig:
        """The same config with each size that was left 0 written out as its share of the budget."""
        budget = self.window.budget
        sections: dict[str, Section] = {}
        for (name, key), share in SHARES.items():
            section = sections.get(name, getattr(self, name))
            if getattr(section, key) == 0:
                least = LEAST_NOTE_TOKENS if (name, key) == ("notes", "max_tokens") else 1
                section = section.model_copy(update={key: max(int(share * budget), least)})
            sections[name] = section
        full = self.model_copy(update=sections)
        if full.notes.max_tokens < LEAST_NOTE_TOKENS:
            raise ConfigError(
                f"notes.max_tokens {full.notes.max_tokens} is too small for one note; use at least "
                f"{LEAST_NOTE_TOKENS}"
            )
        return full

    def within(self, burst_limit: int) -> RunConfig:
        """The same config for a model of bursts up to `burst_limit`: see `ThinkConfig.within`."""
        return self.model_copy(update={"think": self.think.within(burst_limit)})

    def caps(self, bare_head: int) -> Caps:
        """The most tokens of each piece of the window, marks included. For a filled config.

        `bare_head` counts the head without any note: it depends on the model and the environment.
        """
        return Caps(
            head=bare_head + self.notes.recall_tokens + HEADING_TOKENS,
            observation=self.window.observation + MARKS_TOKENS,
            thought=self.think.max_tokens + CUE_TOKENS,
            action=self.act.max_tokens + CUE_TOKENS,
            summary_prompt=SUMMARY_PROMPT_TOKENS + MARKS_TOKENS,
            summary=self.notes.max_tokens,
            recalled=self.notes.find_tokens and self.notes.find_tokens + MARKS_TOKENS,
        )

    def marks(self, bare_head: int) -> Marks:
        """High- and low-water marks. Raises ConfigError where nothing fits. For a filled config."""
        window = self.window
        return fit_marks(window.budget, self.caps(bare_head), window.high_water, window.low_water)


def load_config(file: Path | None = None, **values: Any) -> RunConfig:
    """A config from values (nested dicts for sections), over a TOML file, over STENO_RUN_* variables.

    Raises ConfigError in one line: which key, what value, what would be right.
    """
    try:
        return RunConfig(**merge(read_toml(file) if file else {}, values))
    except pydantic.ValidationError as error:
        raise ConfigError(describe(error)) from error


def recorded_config(file: Path) -> RunConfig:
    """The config as a run recorded it: what STENO_RUN_* say now is not asked. Raises ConfigError."""
    try:
        # No variable's name can begin like this.
        return RunConfig(**read_toml(file), _env_prefix="=")
    except pydantic.ValidationError as error:
        raise ConfigError(f"{file}: {describe(error)}") from error


def read_toml(file: Path) -> dict[str, Any]:
    """The values of a TOML file. Raises ConfigError where it is missing or no TOML."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the config file {str(file)!r}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"the config file {str(file)!r} is not TOML: {error}") from error


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over` on top, section by section."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def differing(
    one: Mapping[str, Any], other: Mapping[str, Any], apart: Collection[str] = ()
) -> dict[str, tuple[str, str]]:
    """The settings, by dotted key, that two configs, as TOML reads them, do not share.

    With both values, as a person writes them; one that is not set is 'unset'. Settings and sections that
    are named in `apart` are not compared.
    """
    first, second = (
        dotted({key: value for key, value in each.items() if key not in apart})
        for each in (one, other)
    )
    keys = sorted(first.keys() | second.keys())
    return {
        key: (_written(first.get(key)), _written(second.get(key)))
        for key in keys
        if first.get(key) != second.get(key)
    }


def dotted(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of sections by dotted key: {"think": {"k": 4}} is {"think.k": 4}."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= dotted(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _written(value: Any) -> str:
    if value is None:
        return "unset"
    return str(value).lower() if isinstance(value, bool) else repr(value)


# What a command sets itself that plays games one by one, as no run does that a person starts.
OF_ONE_GAME: Mapping[str, Any] = {
    "agent": "model",
    "episodes": 1,
    "jobs": 1,
    "memory": None,
    "banks": (),
    "live_banks": False,
}

NOT_TO_BE_SET = frozenset({"env", "seed", "out", *OF_ONE_GAME})
"""What such a command says itself of each game."""


def game_by_game(values: Mapping[str, Any], *others: str) -> dict[str, Any]:
    """`values` over OF_ONE_GAME, for a command that chooses env, seed and out (and `others`) itself.

    Raises ConfigError where `values` has any of these. STENO_RUN_* variables do not reach them.
    """
    own = {*NOT_TO_BE_SET, *others} & values.keys()
    if own:
        raise ConfigError(f"{', '.join(sorted(own))}: the command sets this itself, game by game")
    return {**OF_ONE_GAME, **values}


def describe(error: pydantic.ValidationError) -> str:
    """A validation error as one line a person can act on."""
    parts = []
    for each in error.errors():
        key = ".".join(str(part) for part in each["loc"])
        value = "" if each["type"] in {"missing", "extra_forbidden"} else f" {each['input']!r}"
        text = each["msg"].replace("Extra inputs are not permitted", "no such setting")
        parts.append(f"{key}{value}: {text}" if key else text)
    return "; ".join(parts)


def one_of(option: str, value: str, known: tuple[T, ...]) -> T:
    """The one of the `known` values that a command's option names. Raises ConfigError."""
    for each in known:
        if value == each:
            return each
    raise ConfigError(f"{option} {value!r}: use one of {', '.join(map(str, known))}")


def overrides(settings: Sequence[str], form: str = "section.key=value") -> dict[str, Any]:
    """Nested values from texts of that form. Raises ConfigError for a text without '='."""
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {setting!r}: write it as {form}")
        *sections, last = key.strip().split(".")
        place = values
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise ConfigError(f"--set {setting!r}: {section!r} has been set to a value already")
        place[last] = value.strip()
    return values
