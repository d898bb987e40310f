"""The burst adapter in training: that it trains what the runtime runs, and that it learns."""

from __future__ import annotations

import json
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from agent.errors import AdapterMismatch, ConfigError, TrainingFailed
from agent.lm.adapter import TARGETS, AdapterConfig, BurstAdapter
from agent.lm.burst import Burst, Drawn, burst_pass, confidence_cut
from agent.lm.engine import Engine
from agent.lm.network import Network, Part
from agent.lm.weights import load
from agent.train import answers, losses
from agent.train.burst import BurstTask, collate, layout_of, train_burst
from agent.train.measures import measure
from agent.train.policy import train_policy
from agent.train.regions import Region, draw, lay_out
from agent.train.settings import BurstSettings
from agent.train.student import Student
from tests.agent.lm.tiny import make_network
from tests.agent.train.small import quick, save_model, sequence, write_data

FAMILY_TARGETS = {"gpt2": ("c_attn", "c_proj", "c_fc"), "phi": ("q_proj", "v_proj", "fc1", "fc2")}
FAMILIES = ["llama", "gpt2", "mistral", "gemma3", "qwen3", "phi"]


def make_adapter(
    network: Any, family: str = "llama", k: int = 8, noise: float = 0.3
) -> BurstAdapter:
    """An adapter that changes much, so that a mistake shows."""
    torch.manual_seed(7)
    config = AdapterConfig(
        base="weights",
        hidden_size=32,
        k=k,
        rank=4,
        targets=FAMILY_TARGETS.get(family, TARGETS),
        candidates=20,
    )
    adapter = BurstAdapter.untrained(network, config)
    for lora in adapter.lora.values():
        torch.nn.init.normal_(lora.b, std=noise)  # type: ignore[arg-type]
    torch.nn.init.normal_(adapter.sampler.outer.weight, std=noise)
    torch.nn.init.normal_(adapter.masks, std=1.0)
    return adapter


def make_student(family: str = "llama", k: int = 8) -> Student:
    network = make_network(family)
    return Student(network, make_adapter(network, family, k))


class Greedy:
    """A reader that takes the likeliest token everywhere."""

    def first(self, logits: torch.Tensor) -> Drawn:
        sure, token = logits[-1].softmax(-1).max(-1)
        return Drawn(int(token), float(sure))

    def further(self, logits: torch.Tensor, place: int) -> int:
        return int(logits.argmax())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_region_is_the_runtimes_burst(family: str) -> None:
    """What is trained at every mask of many regions is what one pass of the runtime computes there."""
    student = make_student(family)
    members = [sequence(1), sequence(2, turns=2)]
    settings = BurstSettings(k=8, masks=40)
    batch = collate(members, 3, settings=settings)
    layout = layout_of(batch)
    rows, columns = layout.real
    anchors, place = layout.anchor[rows, columns], layout.place[rows, columns]
    starts = place == 1
    assert int(starts.sum()) > 8
    with torch.no_grad():
        ordinary = student.ordinary(batch["ids"], rows[starts], anchors[starts])
        guessed = student.guess(ordinary, layout)
        first = ordinary.logits.argmax(-1)[starts.cumsum(0) - 1]
        written = student.write(guessed, layout, first)

        backbone = make_network(family)
        network = Network(backbone, make_adapter(backbone, family))
        at = 0
        while at < len(place):
            last = at + 1
            while last < len(place) and place[last] > 1:
                last += 1
            ids = members[rows[at]].ids[: int(anchors[at]) + 1]
            [heads] = network.forward([Part(network.slots.take(), ids, last - at)])
            torch.testing.assert_close(
                guessed.logits[at:last], heads.mask_logits, atol=1e-4, rtol=1e-4
            )
            torch.testing.assert_close(
                guessed.hidden[at:last], heads.mask_hidden, atol=1e-4, rtol=1e-4
            )
            [burst] = burst_pass(network, [Part(network.slots.take(), ids, last - at)], [Greedy()])
            assert [int(first[at]), *written.chosen[at:last].tolist()] == burst.ids
            torch.testing.assert_close(
                written.sure[at:last], torch.tensor(burst.sure[1:]), atol=1e-4, rtol=1e-4
            )
            at = last


@pytest.mark.parametrize("family", FAMILIES)
def test_the_teacher_is_ordinary_decoding_of_the_students_text(family: str) -> None:
    student = make_student(family)
    each = sequence(4)
    layout = lay_out([[Region(9, 5), Region(20, 3), Region(9, 2), Region(0, 1)]])
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(5, 250, (11,), generator=generator)
    none = torch.zeros(0, dtype=torch.int64)
    ordinary = student.ordinary(torch.tensor([each.ids]), none, none)
    verdict, hidden = student.teach(ordinary, layout, tokens)
    plain = make_network(family)
    at = 0
    for anchor, masks in ((9, 5), (20, 3), (9, 2), (0, 1)):
        ids = [*each.ids[: anchor + 1], *tokens[at : at + masks].tolist()]
        with torch.no_grad():
            output = plain(input_ids=torch.tensor([ids]), output_hidden_states=True)
        assert (
            verdict[at : at + masks].tolist() == output.logits[0, anchor + 1 :].argmax(-1).tolist()
        )
        expected = output.hidden_states[-1][0, anchor + 1 :]
        torch.testing.assert_close(hidden[at : at + masks], expected, atol=1e-4, rtol=1e-4)
        at += masks


def test_targets_are_one_place_after_the_masks() -> None:
    """Mask j, at position anchor + j, is for the token at anchor + j + 1."""
    each = sequence(6, turns=1)
    start, stop = each.written[0].start, each.written[0].stop
    batch = collate([each], 0, settings=BurstSettings(k=8))
    layout = layout_of(batch)
    targets = (layout.position + 1)[layout.real]
    assert int(layout.anchor[layout.real].min()) == start - 1
    assert int(targets.min()) == start + 1
    assert int(targets.max()) == stop - 1


def test_regions_keep_their_bounds() -> None:
    each = sequence(8)
    generator = torch.Generator().manual_seed(1)
    purposes = ("act",)
    [act] = [part for part in each.written if part.purpose == "act"]
    for full in (False, True):
        regions = draw(each, 7, 30, generator, purposes=purposes, full=full)
        assert sum(region.masks for region in regions) == 30
        assert len({region.anchor for region in regions}) == len(regions)
        for region in regions:
            assert act.start - 1 <= region.anchor
            assert region.anchor + region.masks + 1 < act.stop
    assert {r.masks for r in draw(each, 7, 400, generator, purposes=purposes)} >= {1, 2, 3}


def test_the_first_burst_of_each_text_is_always_trained_whole() -> None:
    each = sequence(8)
    texts = [part for part in each.written if part.purpose == "think"]
    for seed in range(5):
        regions = draw(each, 7, 30, torch.Generator().manual_seed(seed), purposes=("think",))
        begun = {region.anchor: region.masks for region in regions[: len(texts)]}
        assert begun == {part.start - 1: min(7, part.stop - part.start - 1) for part in texts}
        short = each.model_copy(  # a text of one id has no second one to learn
            update={"written": (texts[0].model_copy(update={"stop": texts[0].start + 1}), *texts)}
        )
        assert draw(short, 7, 30, torch.Generator().manual_seed(seed), purposes=("think",))


def test_a_mask_weighs_what_it_is_likely_to_be_reached() -> None:
    sure = torch.tensor([0.5, 0.9, 0.8, 0.0, 0.7, 0.4, 0.6])
    starts = torch.tensor([True, False, False, False, False, True, False])
    expected = torch.tensor([1.0, 0.5, 0.45, 0.36, 0.1, 1.0, 0.4])
    torch.testing.assert_close(losses.survival(sure, starts, 0.1), expected)


def task_of(student: Student, **settings: Any) -> tuple[BurstTask, BurstSettings]:
    made = BurstSettings(k=8, masks=60, **settings)
    return BurstTask(student, made), made


@pytest.mark.parametrize("progress", [0.0, 1.0])
def test_gradients_reach_all_of_the_adapter_and_nothing_else(progress: float) -> None:
    student = make_student()
    before = {name: p.clone() for name, p in student.network.named_parameters()}
    task, settings = task_of(student, offline=0.5)
    optimizer = torch.optim.AdamW(task.parameters(), lr=0.01)
    was = {name: p.detach().clone() for name, p in student.adapter.named_parameters()}
    loss, _ = task(collate([sequence(1)], 0, settings=settings), progress)
    loss.backward()
    optimizer.step()
    for name, p in student.adapter.named_parameters():
        assert p.grad is not None, name
        assert p.grad.abs().sum() > 0, name
        assert not torch.equal(p, was[name]), name
    for name, p in student.network.named_parameters():
        assert p.grad is None, name
        assert torch.equal(p, before[name]), name


def test_what_is_not_written_has_no_loss() -> None:
    """Ids that no region sees, and that are no target, change nothing."""
    task, settings = task_of(make_student(), offline=1.0)
    each = sequence(4)
    results = []
    for tail in ((7, 8, 9), (200, 100, 150)):
        longer = each.model_copy(update={"ids": (*each.ids, *tail)})
        results.append(task(collate([longer], 5, settings=settings), 0.0)[0].item())
    assert results[0] == results[1]
    ids = list(each.ids)
    layout = layout_of(collate([each], 5, settings=settings))
    ids[int(layout.position[layout.real].max()) + 1] += 1  # the last target, which no region sees
    other = each.model_copy(update={"ids": tuple(ids)})
    assert task(collate([other], 5, settings=settings), 0.0)[0].item() != results[0]


def test_the_phases_have_their_own_targets() -> None:
    """Offline the text's own ids are the targets; then the text after an anchor is not looked at."""
    task, settings = task_of(make_student(), offline=0.5)
    each = sequence(4, turns=1)
    ids = list(each.ids)
    ids[-1] += 1
    other = each.model_copy(update={"ids": tuple(ids)})
    batches = [collate([s], 5, settings=settings) for s in (each, other)]
    offline = [task(batch, 0.49)[0].item() for batch in batches]
    forced = [task(batch, 0.5)[0].item() for batch in batches]
    assert offline[0] != offline[1]
    assert forced[0] == forced[1] != offline[0]


def test_the_sampler_loss_is_that_of_the_corrected_logits() -> None:
    generator = torch.Generator().manual_seed(3)
    logits = 2 * torch.randn(5, 50, generator=generator)
    unembed = torch.randn(50, 8, generator=generator)
    change = 0.3 * torch.randn(5, 8, generator=generator)
    found = losses.candidates(logits, 6, unembed)
    targets = found.ids[:, 2].clone()
    corrected = logits.clone()
    for row in range(5):
        corrected[row, found.ids[row]] += unembed[found.ids[row]] @ change[row]
    expected = torch.nn.functional.cross_entropy(corrected, targets, reduction="none")
    got = losses.sampler_loss(logits, found, change, targets, unembed)
    torch.testing.assert_close(got, expected)
    plain = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    torch.testing.assert_close(losses.mask_loss(logits, found, targets), plain)


def test_measures_are_those_of_the_runtime() -> None:
    """Simulated tokens per forward and agreement, against passes of the runtime itself."""
    student = make_student()
    settings = BurstSettings(k=8, masks=40)
    members = [sequence(1), sequence(5)]
    batch = collate(members, 2, settings=settings, full=True)
    layout = layout_of(batch)
    measured = measure(student, [(batch, layout)])
    backbone = make_network("llama")
    network = Network(backbone, make_adapter(backbone))
    kept: dict[float, list[int]] = {0.9: [], 0.5: [], 0.0: []}
    agreed: list[bool] = []
    rows, columns = layout.real
    place = layout.place[rows, columns].tolist()
    with torch.no_grad():
        for at, number in enumerate(place):
            if number > 1:
                continue
            masks = next((i for i in range(at + 1, len(place)) if place[i] == 1), len(place)) - at
            ids = members[rows[at]].ids[: int(layout.anchor[rows[at], columns[at]]) + 1]
            [burst] = burst_pass(network, [Part(network.slots.take(), ids, masks)], [Greedy()])
            for confidence, counts in kept.items():
                counts.append(confidence_cut(Burst(burst.ids, burst.sure), confidence))
            whole = backbone_logits(ids, burst.ids).argmax(-1).tolist()
            agreed += [a == b for a, b in zip(burst.ids[1:], whole, strict=True)]
    for confidence, counts in kept.items():
        name = f"tpf_{confidence:g}" if confidence else "tpf"
        assert measured[name] == pytest.approx(sum(counts) / len(counts))
    assert measured["agreement"] == pytest.approx(sum(agreed) / len(agreed))


def backbone_logits(window: tuple[int, ...], burst: list[int]) -> torch.Tensor:
    """Ordinary next-token logits after each token of a burst but the last."""
    output = make_network("llama")(input_ids=torch.tensor([[*window, *burst[:-1]]]))
    logits: torch.Tensor = output.logits[0, len(window) :]
    return logits


# --- whole trainings ---


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data") / "own.jsonl", range(40))


@pytest.fixture(scope="module")
def policy(model: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy that has learnt the sentences: text that it can predict."""
    out = tmp_path_factory.mktemp("policy") / "policy"
    train_policy(quick(model, data, steps=120, lr=2e-2, rank=16), out)
    return out


@pytest.fixture(scope="module")
def values(model: Path, data: Path, policy: Path) -> dict[str, Any]:
    return quick(model, data, policy=str(policy), k=4, rank=8, masks=60, lr=1e-2)


@pytest.fixture(scope="module")
def trained(values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("burst") / "trained"
    train_burst({**values, "steps": 120}, out)
    return out


def metrics(out: Path, kind: str) -> list[dict[str, Any]]:
    lines = (out / "metrics.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


def test_a_few_hundred_steps_beat_an_untrained_adapter(trained: Path) -> None:
    before, after = metrics(trained, "eval")
    assert after["agreement"] > 0.6 > 0.2 > before["agreement"]
    assert after["sampler"] > 0.5 > 0.2 > before["sampler"]
    assert after["tpf_0.5"] > before["tpf_0.5"] + 0.5
    train = metrics(trained, "train")
    assert train[-1]["mask_loss"] < train[0]["mask_loss"] / 2


def test_the_runtime_runs_what_was_trained(trained: Path, model: Path, policy: Path) -> None:
    engine = load(str(model), dtype="fp32", device="cpu", policy=str(policy), burst=str(trained))
    engine.close()
    assert engine.burst_limit == 4
    owner = load(str(model), dtype="fp32", device="cpu", policy=str(policy))
    owner.close()
    assert json.loads((trained / "adapter.json").read_text())["base"] == owner.fingerprint
    noise = load(str(model), dtype="fp32", device="cpu", policy=str(policy), burst="untrained")
    noise.close()
    again = load(str(model), dtype="bf16", device="cpu", policy=str(policy), burst=str(trained))
    again.close()
    told = {each.fingerprint for each in (engine, owner, noise, again)}
    assert len(told) == 3, "an adapter's weights are in it, their precision is not"
    stored = load_file(trained / "adapter.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.bfloat16}
    with pytest.raises(AdapterMismatch, match="was made for weights"):
        load(str(model), dtype="fp32", device="cpu", burst=str(trained))


def test_a_resumed_training_ends_in_the_same_weights(
    values: dict[str, Any], tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train_burst({**values, "steps": 9, "save_steps": 4, "offline": 0.3}, whole)
    shutil.copytree(whole, cut)
    for each in (cut / "checkpoints").iterdir():
        if each.name != "checkpoint-4":
            shutil.rmtree(each)
    (cut / "adapter.safetensors").unlink()
    train_burst({}, cut, resume=True)
    expected, got = (load_file(out / "adapter.safetensors") for out in (whole, cut))
    assert all(torch.equal(expected[name], got[name]) for name in expected)


def test_it_goes_on_from_an_adapter(trained: Path, values: dict[str, Any], tmp_path: Path) -> None:
    train_burst({**values, "steps": 1, "init": str(trained)}, tmp_path / "more")
    last, first = metrics(trained, "eval")[-1], metrics(tmp_path / "more", "eval")[0]
    assert first["agreement"] == pytest.approx(last["agreement"], abs=0.05)
    with pytest.raises(
        AdapterMismatch, match="has k 4 and rank 8, and k 6 and rank 8 were asked for"
    ):
        train_burst({**values, "init": str(trained), "k": 6}, tmp_path / "wrong")
    train_burst(
        {**values, "steps": 1, "init": str(trained), "k": 3, "lr": 1e-9}, tmp_path / "shorter"
    )
    long, short = (load_file(at / "adapter.safetensors") for at in (trained, tmp_path / "shorter"))
    assert short["masks"].shape[0] == 2
    torch.testing.assert_close(short["masks"], long["masks"][:2])
    without = {key: value for key, value in values.items() if key != "policy"}
    train_burst({**without, "steps": 1, "init": str(trained)}, tmp_path / "another's")
    base = json.loads((tmp_path / "another's" / "adapter.json").read_text())["base"]
    assert base != json.loads((trained / "adapter.json").read_text())["base"]
    load(values["model"], dtype="fp32", device="cpu", burst=str(tmp_path / "another's")).close()


def test_answers_to_prompts_become_the_data(model: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "questions.txt"
    prompts.write_text("what is this?\n\nwho is <|im_end|> there?\nand why?\n")
    values = {k: v for k, v in quick(model, prompts).items() if k != "data"}
    settings = {**values, "prompts": prompts, "steps": 1, "k": 3, "rank": 2, "answer_tokens": 12}
    train_burst(settings, tmp_path / "out")
    lines = (tmp_path / "out" / "answers.jsonl").read_text().splitlines()
    made = [json.loads(line) for line in lines]
    assert [each["seed"] for each in made] == [0, 1, 2]
    assert {each["source"] for each in made} == {"prompts:questions.txt"}
    for each in made:
        [stretch] = each["written"]
        assert stretch["stop"] == len(each["ids"])
        assert 1 <= stretch["stop"] - stretch["start"] <= 12
    # The mark in the second prompt is text: the window has as many marks as any other.
    marks = [sum(i < 3 for i in each["ids"][: each["written"][0]["start"]]) for each in made]
    assert len(set(marks)) == 1


def test_answers_go_on_where_they_were_cut_off(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = tmp_path / "questions.txt"
    prompts.write_text("\n".join(f"what is {number}?" for number in range(5)))
    values = {k: v for k, v in quick(model, prompts).items() if k != "data"}
    settings = {**values, "prompts": prompts, "steps": 1, "k": 3, "rank": 2, "answer_tokens": 12}
    train_burst(settings, tmp_path / "whole")
    wanted = (tmp_path / "whole" / "answers.jsonl").read_text()
    out = tmp_path / "out"
    asked: list[str] = []
    generate = Engine.generate

    async def counted(engine: Engine, session: str, *rest: Any) -> Any:
        asked.append(session)
        return await generate(engine, session, *rest)

    monkeypatch.setattr(Engine, "generate", counted)
    with monkeypatch.context() as cut:
        cut.setattr(answers, "write", _killed)
        with pytest.raises(KeyboardInterrupt):
            train_burst(settings, out)
    assert len(asked) == 5
    with pytest.raises(TrainingFailed, match="holds a training already; go on with --resume"):
        train_burst(settings, out)
    # As a kill leaves it: the third answer cut in half.
    part = out / "answers.part"
    first, second, third, *_ = part.read_text().splitlines(keepends=True)
    part.write_text(first + second + third[:40])
    told = prompts.read_text()
    prompts.write_text(told.replace("what", "where"))
    with pytest.raises(TrainingFailed, match="began with prompts"):
        train_burst({}, out, resume=True)
    prompts.write_text(told)
    asked.clear()
    train_burst({}, out, resume=True)
    assert len(asked) == 3
    assert (out / "answers.jsonl").read_text() == wanted
    assert not part.exists()
    assert (out / "adapter.safetensors").exists()


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"targets": ("nothing",)}, AdapterMismatch, "module named nothing"),
        ({"data": [Path("nowhere.jsonl")]}, TrainingFailed, "cannot read the sequences"),
        ({"init": "trained", "k": 30, "rank": 2}, AdapterMismatch, "k 30 and rank 2 were asked"),
        ({"answer_tokens": 1}, ConfigError, "answer_tokens 1"),
        ({"prompts": "one.txt"}, TrainingFailed, "has one prompt"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_answered(
    more: dict[str, Any],
    error: type[Exception],
    said: str,
    model: Path,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "load", _killed)
    for name, text in (("prompts.txt", "what is this?\nand why?\n"), ("one.txt", "why?\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    values = {k: v for k, v in quick(model, tmp_path).items() if k != "data"}
    values |= {"prompts": Path("prompts.txt"), "k": 3, "rank": 2, "steps": 1, **more}
    if "init" in more:
        values["init"] = str(trained)
    with pytest.raises(error, match=said):
        train_burst(values, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def _killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_answers_are_no_part_of_the_time_limit(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(settings: BurstSettings, out: Path) -> Path:
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 7200)
        return answered(settings, out)

    monotonic, answered = time.monotonic, answers.answered
    prompts = tmp_path / "questions.txt"
    prompts.write_text("what is this?\nand why?\n")
    values = {k: v for k, v in quick(model, prompts).items() if k != "data"}
    settings = {**values, "prompts": prompts, "k": 3, "rank": 2, "answer_tokens": 12}
    monkeypatch.setattr(answers, "answered", slowly)
    train_burst({**settings, "steps": 3, "max_minutes": 60, "log_steps": 1}, tmp_path / "out")
    lines = (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()
    steps = [line for line in map(json.loads, lines) if line["kind"] == "train"]
    assert [line["step"] for line in steps] == [1, 2, 3]
    assert max(line["learning_rate"] for line in steps) > 0


def test_a_time_limit_that_is_up_before_the_first_step(model: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data.jsonl", range(10))
    with pytest.raises(TrainingFailed, match="went by before the first step"):
        train_burst({**quick(model, data), "max_minutes": 1e-5}, tmp_path / "out")


def test_data_of_another_tokenizer_is_refused(model: Path, tmp_path: Path) -> None:
    data = write_data(
        tmp_path / "data.jsonl",
        range(10),
        lambda seed: sequence(seed).model_copy(update={"vocabulary": "another"}),
    )
    with pytest.raises(TrainingFailed, match="another tokenizer than the model's"):
        train_burst(quick(model, data), tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "has no prompt"), ('{"question": "?"}\n', 'line 1 is no JSON object with a "prompt"')],
)
def test_prompts_that_are_none_are_refused(
    text: str, said: str, model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(text)
    with pytest.raises(TrainingFailed, match=said):
        train_burst({"model": str(model), "prompts": file, "device": "cpu"}, tmp_path / "out")


def test_text_too_short_for_bursts_is_refused(model: Path, tmp_path: Path) -> None:
    def short(seed: int) -> Any:
        each = sequence(seed)
        parts = tuple(part.model_copy(update={"stop": part.start + 1}) for part in each.written)
        return each.model_copy(update={"written": parts})

    file = write_data(tmp_path / "short.jsonl", range(3), short)
    with pytest.raises(
        TrainingFailed, match="none of 3 sequences has a stretch of two ids or more"
    ):
        train_burst(quick(model, file), tmp_path / "out")
    whole = write_data(tmp_path / "act.jsonl", range(3), partial(sequence, turns=1))
    with pytest.raises(TrainingFailed, match="written to act"):
        train_burst(quick(model, whole, purposes=("act",)), tmp_path / "out")


def test_held_back_seeds_are_refused(model: Path, tmp_path: Path) -> None:
    file = write_data(tmp_path / "data.jsonl", range(9_998, 10_001))
    with pytest.raises(TrainingFailed, match="seed 10000; seeds from 10000 on"):
        train_burst(quick(model, file), tmp_path / "out")
