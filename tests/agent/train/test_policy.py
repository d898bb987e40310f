"""A policy adapter, trained on a small random model: what it learns from, and what it leaves alone."""

from __future__ import annotations

import json
import os
import shutil
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from agent.errors import AdapterMismatch, ModelUnavailable, TrainingFailed
from agent.lm import policy
from agent.lm.weights import load, load_network, native_bf16
from agent.train.policy import PolicyTask, adapt, collate, train_policy
from agent.train.sequences import TokenSequence, Written
from agent.train.settings import PolicySettings
from agent.train.trees import grow
from tests.agent.lm.tiny import make_network
from tests.agent.train.small import quick, save_model, sequence, write_data


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "demos.jsonl", range(40))


@pytest.fixture(scope="module")
def trained(model: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("policy") / "trained"
    train_policy(quick(model, data, steps=80, lr=2e-2, rank=8), out)
    return out


def metrics(out: Path, kind: str) -> list[dict[str, Any]]:
    lines = (out / "metrics.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


def test_it_learns_to_write_what_was_written(trained: Path) -> None:
    before, after = metrics(trained, "eval")
    assert (before["step"], after["step"]) == (0, 80)
    assert after["loss"] < before["loss"] / 3
    for purpose in ("think", "act", "summarise"):
        assert after[f"accuracy_{purpose}"] > 0.6 > 0.1 > before[f"accuracy_{purpose}"]
    assert metrics(trained, "train")[-1]["loss"] < metrics(trained, "train")[0]["loss"] / 2


def test_a_training_goes_on_from_a_saved_adapter(
    model: Path, data: Path, trained: Path, tmp_path: Path
) -> None:
    settings = quick(model, data, steps=1, lr=1e-9, rank=8)
    train_policy({**settings, "init": str(trained)}, tmp_path / "more")
    end, (start, _) = metrics(trained, "eval")[-1], metrics(tmp_path / "more", "eval")
    assert start["loss"] == pytest.approx(end["loss"], rel=0.02)  # it was saved in bf16
    with pytest.raises(AdapterMismatch, match="rank and targets"):
        train_policy({**settings, "init": str(trained), "rank": 4}, tmp_path / "other")
    with pytest.raises(ModelUnavailable, match="no adapter at"):
        train_policy({**settings, "init": str(tmp_path / "nothing")}, tmp_path / "none")


def test_the_lowest_layers_can_be_left_as_they_are(
    model: Path, data: Path, trained: Path, tmp_path: Path
) -> None:
    settings = quick(model, data, steps=2, rank=8, init=str(trained))
    train_policy({**settings, "frozen_layers": 1}, tmp_path / "upper")
    before, after = (
        load_file(out / "adapter_model.safetensors") for out in (trained, tmp_path / "upper")
    )
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert before.keys() == after.keys()
    assert changed == {name for name in before if ".layers.0." not in name}
    with pytest.raises(TrainingFailed, match="no layer is left to train"):
        train_policy({**settings, "frozen_layers": 9}, tmp_path / "none")


def test_a_run_loads_it_and_it_changes_what_the_model_computes(model: Path, trained: Path) -> None:
    plain = load_network(str(model), dtype="fp32", device="cpu")
    merged = load_network(str(model), dtype="fp32", device="cpu", policy=str(trained))
    assert plain.fingerprint == plain.base == merged.base
    assert merged.fingerprint not in {merged.base, ""}
    each = sequence(0)
    start, stop = each.written[0].start, each.written[0].stop
    ids = torch.tensor([each.ids])
    right = {}
    for loaded in (plain, merged):
        guesses = loaded.network(input_ids=ids).logits[0].argmax(-1)[start - 1 : stop - 1]
        right[loaded.fingerprint] = int((guesses == ids[0, start:stop]).sum())
    assert right[merged.fingerprint] > 9 > right[plain.fingerprint]
    engine = load(str(model), dtype="fp32", device="cpu", policy=str(trained))
    engine.close()
    assert engine.fingerprint == merged.fingerprint


def test_bf16_weights_are_the_merged_fp32_ones_rounded_once(model: Path, trained: Path) -> None:
    exact = load_network(str(model), dtype="fp32", device="cpu", policy=str(trained)).network
    rounded = load_network(str(model), dtype="bf16", device="cpu", policy=str(trained)).network
    for (name, a), (_, b) in zip(exact.named_parameters(), rounded.named_parameters(), strict=True):
        assert b.dtype == torch.bfloat16
        assert torch.equal(a.bfloat16(), b), name
    for (name, a), (_, b) in zip(exact.named_buffers(), rounded.named_buffers(), strict=True):
        assert a.dtype == b.dtype, name  # rotary angles stay exact


def test_only_lora_learns_and_the_base_keeps_its_bits(model: Path) -> None:
    network = make_network("llama")
    before = {name: p.clone() for name, p in network.named_parameters()}
    adapted = adapt(network, PolicySettings(rank=4))
    task = PolicyTask(adapted)
    assert task.state_dict().keys() == {f"trained.{n}" for n in task.trained}
    assert all("lora_" in name for name in task.trained)
    optimizer = torch.optim.AdamW(task.parameters(), lr=0.1)
    for step in range(3):
        loss, _ = task(collate(grow([sequence(step)], 0), 0), 0.0)
        loss.backward()
        optimizer.step()
    for name, p in adapted.named_parameters():
        assert (p.grad is not None) == ("lora_" in name), name
    after = {n.removeprefix("base_model.model."): p for n, p in adapted.named_parameters()}
    for name, weight in before.items():
        stem, _, leaf = name.rpartition(".")
        now = after.get(name, after.get(f"{stem}.base_layer.{leaf}"))
        assert now is not None
        assert torch.equal(weight, now), name


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_the_loss_is_that_of_all_logits_at_the_written_ids(family: str) -> None:
    network = make_network(family)
    members = sorted([sequence(1), sequence(2, turns=2), sequence(3, turns=1)], key=lambda s: s.ids)
    batch = collate(grow(members, 0), 0)
    settings = PolicySettings(rank=4)
    losses, _ = PolicyTask(adapt(network, settings)).scores(batch)
    expected = []
    for each in members:
        logits = make_network(family)(input_ids=torch.tensor([each.ids])).logits[0]
        scores = logits.log_softmax(-1)
        for part in each.written:
            expected += [-scores[at - 1, each.ids[at]] for at in range(part.start, part.stop)]
    torch.testing.assert_close(losses, torch.stack(expected), atol=1e-4, rtol=1e-4)
    assert int(batch["count"]) == len(losses) == 12 * 6


def test_other_ids_at_the_end_of_a_window_change_nothing() -> None:
    task = PolicyTask(adapt(make_network("llama"), PolicySettings(rank=4)))
    each = sequence(4)
    more = each.model_copy(update={"ids": (*each.ids, 7, 8, 9)})
    other = each.model_copy(update={"ids": (*each.ids, 200, 100, 150)})
    losses = [float(task(collate(grow([s], 0), 0), 0.0)[0]) for s in (more, other)]
    assert losses[0] == losses[1]
    wider = each.model_copy(
        update={
            "written": (
                *each.written[:-1],
                each.written[-1].model_copy(update={"stop": len(each.ids) - 1}),
            )
        }
    )
    assert float(task(collate(grow([wider], 0), 0), 0.0)[0]) != losses[0]


def test_a_resumed_training_ends_in_the_same_weights(
    model: Path, data: Path, tmp_path: Path
) -> None:
    values = quick(model, data, steps=12, lr=1e-2, rank=4, save_steps=5)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train_policy(values, whole)
    shutil.copytree(whole, cut)
    # As a kill after step 5 leaves it: the second checkpoint is half written.
    (cut / "adapter_model.safetensors").unlink()
    for each in (cut / "checkpoints").iterdir():
        if each.name != "checkpoint-5":
            (each / "trainer_state.json").unlink()
    train_policy({}, cut, resume=True)
    expected, got = (load_file(out / "adapter_model.safetensors") for out in (whole, cut))
    assert expected.keys() == got.keys()
    assert all(torch.equal(expected[name], got[name]) for name in expected)
    steps = [line["step"] for line in metrics(cut, "train")]
    assert steps == sorted(set(steps)), "the lines after the checkpoint were written twice"
    before = metrics(cut, "eval")
    train_policy({}, cut, resume=True)
    assert metrics(cut, "eval") == before, "a finished training was measured once more"


def test_a_resume_keeps_what_was_left_to_the_device(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {"batch_tokens": None, "accumulate": None, "dtype": "auto"}
    train_policy({**quick(model, data, steps=1, rank=4), **left}, tmp_path / "out")
    stored = json.loads((tmp_path / "out" / "training.json").read_text())["settings"]
    assert (stored["batch_tokens"], stored["accumulate"]) == (1024, 4)
    assert stored["dtype"] == ("bf16" if native_bf16(torch.device("cpu")) else "fp32")
    with pytest.raises(TrainingFailed, match="has accumulate 4, and 1 was given"):
        train_policy({"accumulate": 1}, tmp_path / "out", resume=True)
    monkeypatch.setattr("agent.train.run.native_bf16", lambda _device: False)
    if stored["dtype"] == "bf16":
        with pytest.raises(TrainingFailed, match="has dtype bf16, and cpu has no products in it"):
            train_policy({}, tmp_path / "out", resume=True)


def test_a_training_is_resumed_from_any_folder(
    model: Path, data: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    values = quick(Path(model.name), Path(os.path.relpath(data)), steps=1, rank=4)
    values["init"] = os.path.relpath(trained)
    train_policy({**values, "rank": 8}, tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    train_policy({}, tmp_path / "out", resume=True)
    train_policy({"init": str(trained), "data": [data]}, tmp_path / "out", resume=True)


def test_settings_are_whole_or_not_there(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    train_policy(quick(model, data, steps=1, rank=4), out)
    before = (out / "training.json").read_bytes()
    with monkeypatch.context() as cut:
        cut.setattr(Path, "replace", _killed)
        with pytest.raises(KeyboardInterrupt):
            train_policy({}, out, resume=True)
    assert (out / "training.json").read_bytes() == before


def _killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_time_limit_ends_the_schedule(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that goes on by half a second whenever it is read, however busy the machine is.
    ticks = count(step=0.5)
    monkeypatch.setattr("agent.train.clock.time", SimpleNamespace(monotonic=lambda: next(ticks)))
    values = quick(model, data, steps=100_000, rank=4, max_minutes=1, log_steps=1)
    train_policy(values, tmp_path / "out")
    lines = metrics(tmp_path / "out", "train")
    assert 1 <= lines[-1]["step"] < 100_000
    assert lines[-1]["learning_rate"] < 0.1 * max(line["learning_rate"] for line in lines)
    assert (tmp_path / "out" / "adapter_model.safetensors").exists()


def test_adapters_of_other_weights_are_refused(trained: Path, tmp_path: Path) -> None:
    other = save_model(tmp_path / "other", seed=5)
    owner = json.loads((trained / "steno.json").read_text())["base"]
    with pytest.raises(AdapterMismatch, match=f"was made for weights {owner[:12]}"):
        load_network(str(other), dtype="fp32", device="cpu", policy=str(trained))


def test_the_fingerprint_hangs_on_the_adapter(model: Path, trained: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(trained, changed, ignore=shutil.ignore_patterns("checkpoints"))
    same = load_network(str(model), dtype="fp32", device="cpu", policy=str(changed)).fingerprint
    tensors = load_file(changed / policy.WEIGHTS)
    tensors = {name: tensor * 1.5 for name, tensor in tensors.items()}
    save_file(tensors, changed / policy.WEIGHTS)
    after = load_network(str(model), dtype="fp32", device="cpu", policy=str(changed)).fingerprint
    first = load_network(str(model), dtype="fp32", device="cpu", policy=str(trained)).fingerprint
    assert first == same != after


def test_missing_adapters_are_named(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no adapter at './nowhere'"):
        load_network(str(model), dtype="fp32", device="cpu", policy="./nowhere")
    with pytest.raises(ModelUnavailable, match="looked for steno.json, adapter_config.json"):
        load_network(str(model), dtype="fp32", device="cpu", policy=str(tmp_path))


def long(seed: int) -> TokenSequence:
    ids = tuple(range(5, 205))
    stretch = Written(start=3, stop=9, purpose="act")
    return TokenSequence(ids=ids, written=(stretch,), source="textworld/simple", seed=seed)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda s: sequence(s + 9_999), "seed 10000; seeds from 10000 on are for development"),
        (lambda s: sequence(s, source="textworld/cooking?split=valid&go=6"), "are for development"),
        (lambda s: sequence(s, source="textworld/cooking?go=6&split=test"), "are for development"),
        (lambda s: sequence(s).model_copy(update={"written": ()}), "nothing to learn"),
        (lambda s: sequence(3), "have seed 3; some seeds are held out"),
        (long, "has 200 ids, and the model has 160 positions"),
        (lambda s: sequence(s).model_copy(update={"ids": (400,) * 90}), "has the id 400"),
    ],
)
def test_data_that_cannot_be_learnt_from_is_refused(
    make: Any, said: str, model: Path, tmp_path: Path
) -> None:
    file = write_data(tmp_path / "data.jsonl", range(3), make)
    with pytest.raises(TrainingFailed, match=said):
        train_policy(quick(model, file), tmp_path / "out")


def test_answers_to_prompts_have_no_split(model: Path, tmp_path: Path) -> None:
    def prompted(seed: int) -> TokenSequence:
        return sequence(seed + 20_000, source="prompts:questions.txt")

    file = write_data(tmp_path / "data.jsonl", range(4), prompted)
    train_policy(quick(model, file, steps=1, rank=4), tmp_path / "out")


def test_no_data_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="no data was given"):
        train_policy({"model": str(model), "device": "cpu"}, tmp_path / "out")


def test_a_second_training_never_overwrites_the_first(
    model: Path, data: Path, trained: Path
) -> None:
    with pytest.raises(TrainingFailed, match="holds a training already"):
        train_policy(quick(model, data, steps=1), trained)
    with pytest.raises(TrainingFailed, match="has lr 0.02, and 0.5 was given"):
        train_policy({"lr": 0.5}, trained, resume=True)
    with pytest.raises(TrainingFailed, match="no training to resume"):
        train_policy({}, trained / "nowhere", resume=True)


def test_a_resume_needs_the_same_data(model: Path, data: Path, tmp_path: Path) -> None:
    train_policy(quick(model, data, steps=1, rank=4), tmp_path / "out")
    other = write_data(tmp_path / "other.jsonl", range(50))
    with pytest.raises(TrainingFailed, match="began with data"):
        train_policy({"data": [other]}, tmp_path / "out", resume=True)


def test_the_card_tells_what_it_was_made_of(trained: Path, model: Path) -> None:
    card = (trained / "README.md").read_text()
    base = load_network(str(model), dtype="fp32", device="cpu").base
    for text in (
        base,
        "demos.jsonl",
        "0 to 39, 40 different ones",
        "steno train policy",
        "accuracy_think",
    ):
        assert text in card
    assert str(model.parent) not in card + (trained / "adapter_config.json").read_text()
