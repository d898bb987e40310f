"""The burst adapter: what makes mask positions predict, without touching any other position.

Gated LoRA beside the backbone's linear modules (active at mask positions only), one embedding for each
of the k-1 masks, and a sampler head that makes token j see token j-1. After Samragh et al., "Your LLM
Knows the Future" (arXiv 2507.11851). The backbone stays frozen, and where the gate is closed it
computes exactly what it would compute without an adapter.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.pytorch_utils import Conv1D

from agent.errors import AdapterMismatch, ModelUnavailable
from agent.lm.types import BURST_SIZE

WEIGHTS, CONFIG = "adapter.safetensors", "adapter.json"
# Attention's and the feed-forward's projections, as the common architectures name them.
TARGETS = ("q_proj", "v_proj", "o_proj", "up_proj", "down_proj")


class AdapterConfig(BaseModel):
    """What an adapter is and what it belongs to. Sizes count elements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    base: str
    """Fingerprint of the weights that it was made for, the policy included."""
    hidden_size: int = Field(ge=1)
    k: int = Field(BURST_SIZE, ge=2, description="the largest burst: k-1 masks")
    rank: int = Field(32, ge=1)
    alpha: float = 32.0
    targets: tuple[str, ...] = TARGETS
    sampler_size: int = Field(512, ge=1)
    candidates: int = Field(64, ge=1, description="the sampler re-ranks a mask's likeliest tokens")


class GatedLora(nn.Module):
    """Low-rank update of one linear module: y += scale * B A x, at gated positions only."""

    def __init__(self, inputs: int, outputs: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(rank, inputs))
        self.b = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))
        self.scale = alpha / rank

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The update for gated inputs. # (..., in) -> (..., out)"""
        return (x @ self.a.T) @ self.b.T * self.scale


class Sampler(nn.Module):
    """Two layers on [embedding of the previous token; hidden state at the mask] -> a hidden state.

    Its output, read by the backbone's own output embedding, is added to the mask's logits. The last
    layer starts at zero, so an untrained sampler changes nothing.
    """

    def __init__(self, hidden: int, size: int) -> None:
        super().__init__()
        self.inner = nn.Linear(2 * hidden, size)
        self.outer = nn.Linear(size, hidden)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, previous: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Embeddings and hidden states to a correction. # (B, D), (B, D) -> (B, D)"""
        result: torch.Tensor = self.outer(
            nn.functional.silu(self.inner(torch.cat([previous, hidden], dim=-1)))
        )
        return result


class BurstAdapter(nn.Module):
    """All that is trained for bursts. `attach` binds it to a backbone; `gate` opens it in a pass."""

    def __init__(self, config: AdapterConfig, shapes: dict[str, tuple[int, int]]) -> None:
        """`shapes` maps each adapted module's name to (inputs, outputs)."""
        super().__init__()
        self.config = config
        self.masks = nn.Parameter(0.02 * torch.randn(config.k - 1, config.hidden_size))
        self.lora = nn.ModuleDict(
            {
                name.replace(".", "/"): GatedLora(inputs, outputs, config.rank, config.alpha)
                for name, (inputs, outputs) in shapes.items()
            }
        )
        self.sampler = Sampler(config.hidden_size, config.sampler_size)
        self._positions: torch.Tensor | slice | None = None

    @classmethod
    def untrained(cls, network: nn.Module, config: AdapterConfig) -> BurstAdapter:
        """A fresh adapter for a backbone. Raises AdapterMismatch where no module has a target's name."""
        found = linear_shapes(network, config.targets)
        if not found:
            raise AdapterMismatch(
                f"{type(network).__name__} has no linear module named {', '.join(config.targets)}; "
                "name its projections in `targets`"
            )
        return cls(config, found)

    def attach(self, network: nn.Module) -> None:
        """Add the gated update behind each adapted module of `network`, by forward hooks.

        Raises AdapterMismatch where the backbone lacks a module or has it in another shape.
        """
        self.check(network)
        modules = dict(network.named_modules())
        for key, lora in self.lora.items():
            assert isinstance(lora, GatedLora)
            modules[key.replace("/", ".")].register_forward_hook(partial(self._update, lora))

    def check(self, network: nn.Module) -> None:
        """Raise AdapterMismatch where the backbone lacks a module or has it in another shape."""
        shapes = linear_shapes(network, self.config.targets)
        for key, lora in self.lora.items():
            assert isinstance(lora, GatedLora)
            name = key.replace("/", ".")
            expected = (lora.a.shape[1], lora.b.shape[0])
            if shapes.get(name) != expected:
                raise AdapterMismatch(
                    f"the adapter expects a module {name!r} of shape {expected}, and this model has "
                    f"{shapes.get(name)}; use the model that it was trained on"
                )

    def update_of(self, name: str) -> GatedLora | None:
        """The update of a linear module of the backbone, or None where it has none."""
        found = dict(self.lora.named_children()).get(name.replace(".", "/"))
        assert found is None or isinstance(found, GatedLora)
        return found

    @contextmanager
    def gate(self, positions: torch.Tensor | slice | None) -> Iterator[None]:
        """Open the gate at these positions of the sequence dimension for the passes inside.

        `slice(None)` opens it everywhere.
        """
        self._positions = positions
        try:
            yield
        finally:
            self._positions = None

    def _update(
        self, lora: GatedLora, _module: nn.Module, args: tuple[torch.Tensor], output: torch.Tensor
    ) -> torch.Tensor | None:
        at = self._positions
        if at is None:
            return None
        if isinstance(at, slice) and at == slice(None):
            opened: torch.Tensor = lora(args[0])
            return output + opened.to(output.dtype)
        if torch.is_grad_enabled():
            output = output.clone()
        output[:, at] += lora(args[0][:, at]).to(output.dtype)
        return output

    def save_pretrained(self, directory: Path, *, dtype: torch.dtype | None = None) -> None:
        """Write adapter.safetensors, in `dtype` where one is given, and adapter.json."""
        directory.mkdir(parents=True, exist_ok=True)
        tensors = {
            k: v.detach().to("cpu", dtype).contiguous() for k, v in self.state_dict().items()
        }
        save_file(tensors, directory / WEIGHTS)
        (directory / CONFIG).write_text(self.config.model_dump_json(indent=1) + "\n")

    @classmethod
    def from_pretrained(cls, directory: Path, *, base: str | None) -> BurstAdapter:
        """Read an adapter that belongs to the weights with fingerprint `base`; None: whosever it is.

        Raises ModelUnavailable where the files are missing or damaged, AdapterMismatch where it was
        made for other weights.
        """
        try:
            config = AdapterConfig.model_validate(json.loads((directory / CONFIG).read_text()))
            tensors = load_file(directory / WEIGHTS)
        except (OSError, ValueError, ValidationError, SafetensorError) as error:
            raise ModelUnavailable(
                f"no burst adapter in {str(directory)!r} (looked for {CONFIG} and {WEIGHTS}): "
                f"{str(error).splitlines()[0]}"
            ) from error
        if base is not None and config.base != base:
            raise AdapterMismatch(
                f"the burst adapter in {str(directory)!r} was made for weights {config.base[:12]}, and "
                f"this model has {base[:12]}; use its own model, or train one for this"
            )
        try:
            shapes = {
                key.removeprefix("lora.").removesuffix(".a").replace("/", "."): (
                    tensor.shape[1],
                    tensors[key.removesuffix(".a") + ".b"].shape[0],
                )
                for key, tensor in tensors.items()
                if key.startswith("lora.") and key.endswith(".a")
            }
            adapter = cls(config, shapes)
            adapter.load_state_dict(tensors)
        except (KeyError, IndexError, RuntimeError) as error:
            raise ModelUnavailable(
                f"the tensors in {str(directory / WEIGHTS)!r} are not those that its {CONFIG} is for: "
                f"{str(error).splitlines()[0]}"
            ) from error
        return adapter

    def identity(self) -> str:
        """A hash of what it computes: its config, and its tensors as numbers in whatever precision."""
        whole = hashlib.sha256(self.config.model_dump_json().encode())
        for name, tensor in sorted(self.state_dict().items()):
            numbers = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
            whole.update(f"{name}{tuple(numbers.shape)}".encode() + numbers.tobytes())
        return whole.hexdigest()


def linear_shapes(network: nn.Module, targets: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """(inputs, outputs) of each linear module whose last name is a target."""
    return {
        name: shape
        for name, module in network.named_modules()
        if name.rpartition(".")[2] in targets and (shape := linear_shape(module)) is not None
    }


def linear_shape(module: Any) -> tuple[int, int] | None:
    """(inputs, outputs) of a linear module, GPT-2's transposed Conv1D included; None for others."""
    if isinstance(module, Conv1D):
        return module.weight.shape[0], module.weight.shape[1]
    if hasattr(module, "in_features") and hasattr(module, "out_features"):
        return module.in_features, module.out_features
    return None
