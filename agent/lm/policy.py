"""The policy adapter: LoRA in peft's format that makes a base model play, merged when it is loaded.

Beside peft's two files lies steno.json, which names the weights that it was trained on by their hash.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from agent.errors import AdapterMismatch, ModelUnavailable

NAMEPLATE = "steno.json"
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


def save(adapted: Any, directory: Path, *, base: str, base_name: str) -> None:
    """Write a PeftModel's adapter in bf16, and which weights it belongs to."""
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: tensor.detach().to("cpu", torch.bfloat16).contiguous()
        for name, tensor in get_peft_model_state_dict(adapted).items()
    }
    save_file(tensors, directory / WEIGHTS, metadata={"format": "pt"})
    config = adapted.peft_config["default"]
    config.base_model_name_or_path = base_name
    config.inference_mode = True
    config.save_pretrained(str(directory))
    (directory / NAMEPLATE).write_text(json.dumps({"format": 1, "base": base}) + "\n")


def restore(adapted: Any, directory: Path, *, base: str) -> None:
    """Put a saved adapter's weights into a PeftModel of the same shape, to train it further.

    Raises ModelUnavailable where the files are missing or damaged, AdapterMismatch where the adapter is
    for other weights or has another shape.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    _require_owner(directory, base)
    try:
        tensors = load_file(directory / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise ModelUnavailable(
            f"cannot load the policy adapter in {str(directory)!r}: {error}"
        ) from error
    wanted = {name: each.shape for name, each in get_peft_model_state_dict(adapted).items()}
    found = {name: each.shape for name, each in tensors.items()}
    if wanted != found:
        other = min(n for n in wanted | found if wanted.get(n) != found.get(n))
        raise AdapterMismatch(
            f"the policy adapter in {str(directory)!r} has {other!r} as {found.get(other)}, and "
            f"{wanted.get(other)} is trained; give the rank and targets that it was trained with"
        )
    set_peft_model_state_dict(adapted, tensors)


def find(name: str) -> Path:
    """The directory of an adapter: itself, or the snapshot of a Hugging Face id.

    Raises ModelUnavailable where there is neither.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or name.startswith(".") or name.count("/") != 1:
        raise ModelUnavailable(
            f"no adapter at {name!r}: it is no directory and no Hugging Face id like 'org/adapter'"
        )
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors"]))
    except Exception as error:  # the hub's client and its HTTP library raise anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnavailable(
            f"no adapter {name!r}: it is no directory here, and the hub did not give it ({reason})"
        ) from error


def merge(network: Any, directory: Path, *, base: str) -> tuple[Any, str]:
    """The network with the adapter merged into its weights, and the fingerprint of both together.

    Give a network in fp32: what is added is small beside what it is added to. Raises ModelUnavailable
    where the files are missing or damaged, AdapterMismatch where the adapter is for other weights.
    """
    from peft import PeftModel

    identity = _require_owner(directory, base)
    try:
        merged: Any = PeftModel.from_pretrained(network, str(directory)).merge_and_unload()
    except Exception as error:  # a stranger's files: peft and safetensors raise anything
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelUnavailable(
            f"cannot load the policy adapter in {str(directory)!r}: {reason}"
        ) from error
    return merged, hashlib.sha256(f"{base}+{identity}".encode()).hexdigest()


def _require_owner(directory: Path, base: str) -> str:
    """The hash of an adapter that was made for these weights.

    Raises ModelUnavailable where its files cannot be read, AdapterMismatch where it is another's.
    """
    try:
        owner = json.loads((directory / NAMEPLATE).read_text())["base"]
        identity = _hash(directory)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"no policy adapter in {str(directory)!r} (looked for {NAMEPLATE}, {CONFIG} and {WEIGHTS}): "
            f"{type(error).__name__}: {error}"
        ) from error
    if owner != base:
        raise AdapterMismatch(
            f"the policy adapter in {str(directory)!r} was made for weights {str(owner)[:12]}, and this "
            f"model has {base[:12]}; use its own model, or train one for this"
        )
    return identity


def _hash(directory: Path) -> str:
    """What an adapter computes hangs on both of its files: the scale is in the config."""
    whole = hashlib.sha256()
    for name in (CONFIG, WEIGHTS):
        with (directory / name).open("rb") as file:
            whole.update(f"{name}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()
