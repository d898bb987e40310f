"""Language models behind one protocol: see `types.LanguageModel`; `load_model` makes one by name."""

from __future__ import annotations

from typing import Literal

from agent.lm.shipped import SHIPPED, chosen
from agent.lm.types import LanguageModel


def load_model(
    name: str = "embedded",
    *,
    dtype: Literal["auto", "fp32", "bf16"] = "auto",
    device: Literal["auto", "cpu", "cuda"] = "auto",
    policy: str = SHIPPED,
    burst: str = SHIPPED,
) -> LanguageModel:
    """A model by name: 'embedded', 'scripted', a directory, or a Hugging Face id.

    `policy` and `burst` are adapters for it: directories or Hugging Face ids, 'none', or 'shipped' for
    this package's own; a burst adapter 'untrained' emits noise.
    torch is imported only where real weights are asked for. Raises ModelUnavailable, AdapterMismatch.
    """
    if name == "scripted":
        from agent.lm.scripted import ScriptedModel

        return ScriptedModel()
    from agent.lm import weights

    policies, bursts = chosen(name, policy, burst)
    return weights.load(name, dtype=dtype, device=device, policy=policies, burst=bursts)
