"""Language models behind one protocol: see `types.LanguageModel`; `load_model` makes one by name."""

from __future__ import annotations

from typing import Literal

from agent.lm.shipped import SCRIPTED, SHIPPED, chosen
from agent.lm.types import LanguageModel
from agent.lm.vocabulary import Vocabulary


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
    if name == SCRIPTED:
        from agent.lm.scripted import ScriptedModel

        return ScriptedModel()
    from agent.lm import weights

    policies, bursts = chosen(name, policy, burst)
    return weights.load(name, dtype=dtype, device=device, policy=policies, burst=bursts)


def load_vocabulary(name: str, title: str | None = None) -> Vocabulary:
    """The vocabulary of a model by name, without its weights.

    `title` is what the model has to call itself, for those who read what it once wrote. Raises
    ModelUnavailable where it is not here, or stands for another model by now.
    """
    if name == SCRIPTED:
        from agent.lm.scripted import ScriptedVocabulary

        return ScriptedVocabulary()
    from agent.lm import weights

    return weights.load_vocabulary(name, title)
