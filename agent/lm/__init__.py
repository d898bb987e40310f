"""Language models behind one protocol: see `types.LanguageModel`; `load_model` makes one by name."""

from __future__ import annotations

from typing import Literal

from agent.lm.types import LanguageModel


def load_model(
    name: str = "embedded",
    *,
    dtype: Literal["auto", "fp32", "bf16"] = "auto",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    burst: str | None = None,
) -> LanguageModel:
    """A model by name: 'embedded', 'scripted', a directory, or a Hugging Face id.

    `burst` is the directory of a burst adapter for it, or 'untrained' for one that emits noise.
    torch is imported only where real weights are asked for. Raises ModelUnavailable, AdapterMismatch.
    """
    if name == "scripted":
        from agent.lm.scripted import ScriptedModel

        return ScriptedModel()
    from agent.lm import weights

    return weights.load(name, dtype=dtype, device=device, burst=burst)
