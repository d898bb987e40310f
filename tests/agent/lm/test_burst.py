"""Bursts on small random models with a random adapter: noise as thoughts, exact as mechanism."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import nn

from agent.errors import AdapterMismatch, ConfigError, ModelFailed, ModelUnavailable
from agent.lm.adapter import TARGETS as COMMON_TARGETS
from agent.lm.adapter import AdapterConfig, BurstAdapter
from agent.lm.burst import MORE_MASKS, confidence_cut, first_token_filter, masks_carried
from agent.lm.burst import Burst as Emitted
from agent.lm.engine import Engine
from agent.lm.job import Job
from agent.lm.network import Heads, Network, Part
from agent.lm.sampling import choose
from agent.lm.types import (
    Burst,
    Choices,
    Constraint,
    Generation,
    Grammar,
    Mode,
    Request,
    Sampling,
    Slow,
)
from tests.agent.lm.test_engine import RAW, reference
from tests.agent.lm.tiny import CONFIGS, make_engine, make_network, run

TARGETS = {
    "gpt2": ("c_attn", "c_proj", "c_fc"),
    "phi": ("q_proj", "v_proj", "fc1", "fc2"),
}
WINDOWS = ([3, 100, 50, 80, 81], [3 + (7 * i * i) % 250 for i in range(40)], [5])
MODES: tuple[Mode, ...] = (Slow(), Slow(verified=True), Burst(8, 0.0), Burst(4, 0.2))


def random_adapter(backbone: nn.Module, family: str = "llama", seed: int = 1) -> BurstAdapter:
    torch.manual_seed(seed)
    targets = TARGETS.get(family, COMMON_TARGETS)
    config = AdapterConfig(base="weights", hidden_size=32, k=8, rank=4, targets=targets)
    adapter = BurstAdapter.untrained(backbone, config).eval().requires_grad_(False)
    for lora in adapter.lora.values():
        nn.init.normal_(lora.b, std=0.3)  # type: ignore[arg-type]
    nn.init.normal_(adapter.sampler.outer.weight, std=0.1)
    return adapter


def burst_engine(family: str = "llama", seed: int = 1) -> Engine:
    backbone = make_network(family)
    return make_engine(Network(backbone, random_adapter(backbone, family, seed)))


@pytest.fixture(scope="module", params=list(CONFIGS))
def family(request: pytest.FixtureRequest) -> Iterator[Engine]:
    made = burst_engine(request.param)
    made.name = request.param
    yield made
    made.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = burst_engine()
    yield made
    made.close()


def ask(mode: Mode, tokens: int = 24, sampling: Sampling | None = None) -> Request:
    return Request("think", mode, tokens, sampling or Sampling())


def generate(engine: Engine, session: str, window: list[int], request: Request) -> Generation:
    return run(engine.generate(session, window, request))


@pytest.mark.parametrize("mode", [Slow(), Slow(verified=True)])
@pytest.mark.parametrize("window", WINDOWS)
def test_slow_modes_are_ordinary_decoding(family: Engine, mode: Mode, window: list[int]) -> None:
    expected = reference(RAW[family.name], window, 40, sorted(family.vocabulary.end_ids))
    got = generate(family, f"{mode}", window, ask(mode, 40))
    assert list(got.token_ids) == expected
    assert len(got.passes) <= len(expected)


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_is_its_members(family: Engine, mode: Mode) -> None:
    for sampling in (Sampling(), Sampling(1.0, 0.9, 0.05, seed=4)):
        request = ask(mode, 16, sampling)
        alone = [generate(family, f"a{i}{mode}", w, request) for i, w in enumerate(WINDOWS)]
        for i in range(3):
            family.forget(f"b{i}")

        async def together(request: Request = request) -> list[Generation]:
            asked = [family.generate(f"b{i}", w, request) for i, w in enumerate(WINDOWS)]
            return list(await asyncio.gather(*asked))

        assert [g.token_ids for g in run(together())] == [g.token_ids for g in alone]


def test_the_adapter_never_changes_slow_output() -> None:
    texts = set()
    for seed in (1, 2):
        made = burst_engine(seed=seed)
        texts.add(generate(made, "s", WINDOWS[0], ask(Slow(), 40)).token_ids)
        made.close()
    assert len(texts) == 1


def test_verified_sampling_draws_what_slow_sampling_draws(engine: Engine) -> None:
    for seed in range(6):
        sampling = Sampling(0.9, 0.95, 0.02, seed)
        slow = generate(engine, "s", WINDOWS[0], ask(Slow(), 30, sampling))
        verified = generate(engine, "v", WINDOWS[0], ask(Slow(verified=True), 30, sampling))
        assert slow.token_ids == verified.token_ids


@pytest.mark.parametrize(
    "constraint",
    [Choices((" take egg", " take eggplant", " go")), Grammar('start: "go " /[a-z]{9}/')],
)
@pytest.mark.parametrize("right", [0, 2, 30])
def test_verified_writing_under_a_constraint_is_slow_writing(
    engine: Engine, constraint: Constraint, right: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With guesses that are right for so many tokens: random masks guess nothing right."""
    keep = Job._keep
    for seed in range(6):
        sampling = Sampling(1.0, seed=seed)
        request = replace(ask(Slow(), 20, sampling), constraint=constraint)
        slow = generate(engine, "s", WINDOWS[0], request)
        written = slow.token_ids

        def told(job: Job, burst: Emitted, written: tuple[int, ...] = written) -> list[int]:
            kept = keep(job, burst)
            at = len(job._kept) + len(kept)
            job._guesses = [*written[at : at + right], 7, 7]
            return kept

        with monkeypatch.context() as patch:
            patch.setattr(Job, "_keep", told)
            request = replace(request, mode=Slow(verified=True))
            verified = generate(engine, "v", WINDOWS[0], request)
        assert (verified.token_ids, verified.stop) == (written, slow.stop)
        passes = 1 + math.ceil((len(written) - 1) / (right + 1))
        assert len(verified.passes) == passes


def slow_by_hand(engine: Engine, window: list[int], ids: tuple[int, ...]) -> torch.Tensor:
    """Ordinary next-token logits at every position of a window and what was generated."""
    with torch.inference_mode():
        logits: torch.Tensor = RAW["llama"](input_ids=torch.tensor([[*window, *ids]])).logits
        return logits[0].float()


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(1.0, seed=3)])
def test_logprobs_and_agreement_are_those_of_ordinary_decoding(
    engine: Engine, sampling: Sampling
) -> None:
    window = WINDOWS[0]
    got = generate(engine, "s", window, ask(Burst(8, 0.0), 24, sampling))
    logits = slow_by_hand(engine, window, got.token_ids)
    generator = torch.Generator().manual_seed(sampling.seed)
    place = 0
    for number, each in enumerate(got.passes):
        for j, token in enumerate(each.token_ids):
            row = logits[len(window) - 1 + place]
            uniform = float(torch.rand((), generator=generator, dtype=torch.float64))
            chosen = choose(row, sampling, uniform) == token
            place += 1
            last = number == len(got.passes) - 1
            if j > 0 and last:
                assert each.logprobs[j] is None
                assert each.agreed[j] is None
                continue
            expected = float(row.double().log_softmax(-1)[token])
            assert each.logprobs[j] == pytest.approx(expected, abs=1e-4)
            assert each.agreed[j] is (None if j == 0 else chosen)
            assert j > 0 or chosen, "the first token is ordinary decoding's own"


Script = st.lists(
    st.tuples(st.sampled_from(MODES), st.integers(1, 12), st.integers(0, 6), st.integers(0, 3)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=20, deadline=None)
@given(script=Script)
def test_masks_leave_nothing_behind(
    engine: Engine, script: list[tuple[Mode, int, int, int]]
) -> None:
    """Bursts, slow tokens, prunes and crops in any order leave the cache of a fresh prefill."""
    engine.forget("s")
    window = list(WINDOWS[0])
    for mode, new, cut, seed in script:
        window = [*window[:2], *window[2 + cut :], 9][-100:]
        got = generate(engine, "s", window, ask(mode, new, Sampling(1.0, seed=seed)))
        session = engine._sessions["s"]
        whole = [*window, *got.token_ids]
        assert session.ids == whole[: len(session.ids)]
        assert len(session.ids) >= len(window)
        with torch.inference_mode():
            fresh = engine._network.slots.take()
            engine._network.forward([Part(fresh, session.ids)])
        for layer in range(2):
            mine, other = (s.read(layer, fresh.length) for s in (session.slot, fresh))
            torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-4)
        engine._network.slots.give_back(fresh)
        window = whole


def test_what_a_burst_keeps() -> None:
    assert confidence_cut(Emitted([1, 2, 3], [0.9, 0.8, 0.95]), 0.85) == 1
    assert confidence_cut(Emitted([1, 2, 3], [0.9, 0.9, 0.2]), 0.85) == 2
    assert confidence_cut(Emitted([1, 2, 3], [0.1, 0.9, 0.9]), 0.85) == 1, "never less than one"
    assert confidence_cut(Emitted([1, 2, 3], [0.1, 0.1, 0.1]), 0.0) == 3
    assert first_token_filter([4, 5, 6]) == [4]


@given(most=st.integers(0, 15), confidence=st.floats(0.01, 1), kept=st.integers(1, 16))
def test_a_confident_pass_carries_few_more_masks_than_the_last_had_use_for(
    most: int, confidence: float, kept: int
) -> None:
    assert masks_carried(most, 0.0, kept) == most, "a static burst keeps what every mask gives"
    assert masks_carried(most, confidence, None) == most
    carried = masks_carried(most, confidence, kept)
    assert min(most, kept) <= carried <= min(most, kept + MORE_MASKS), "so that bursts can grow"


def test_masks_that_nobody_would_read_are_left_out() -> None:
    network = make_network("llama")
    carried: list[int] = []

    class Watched(Network):
        def forward(self, parts: Sequence[Part]) -> list[Heads]:
            carried.extend(part.masks for part in parts)
            return super().forward(parts)

    engine = make_engine(Watched(network, random_adapter(network)))
    try:
        never = generate(engine, "s", WINDOWS[0], ask(Burst(8, 1.0), 6))
        assert [len(each.token_ids) for each in never.passes] == [1] * 6
        assert carried == [7, *[MORE_MASKS] * 5]
    finally:
        engine.close()


def test_a_burst_ends_at_a_stop_and_at_its_budget(engine: Engine) -> None:
    whole = generate(engine, "s", WINDOWS[0], ask(Burst(8, 0.0), 24)).token_ids
    short = generate(engine, "s", WINDOWS[0], ask(Burst(8, 0.0), 5))
    assert short.token_ids == whole[:5]
    assert short.stop == "max_tokens"
    passes = Request("think", Burst(8, 0.0), 24, max_passes=1)
    assert generate(engine, "s", WINDOWS[0], passes).token_ids == whole[:8]
    text = engine.vocabulary.decode([whole[3]])
    stopped = Request("think", Burst(8, 0.0), 24, stop_strings=(text,))
    got = generate(engine, "s", WINDOWS[0], stopped)
    assert got.stop == "stop_string"
    assert got.token_ids == whole[: len(got.token_ids)]
    assert len(got.token_ids) <= 4


def test_static_bursts_keep_k_tokens_a_pass(engine: Engine) -> None:
    for k in (1, 2, 8):
        got = generate(engine, "s", WINDOWS[0], ask(Burst(k, 0.0), 16))
        assert [len(each.token_ids) for each in got.passes] == [k] * (16 // k)


def test_bad_requests_are_named(engine: Engine) -> None:
    with pytest.raises(AdapterMismatch, match="a burst of 9 was asked for"):
        generate(engine, "s", WINDOWS[0], ask(Burst(9, 0.0)))
    assert generate(engine, "s", WINDOWS[0], ask(Slow(), 2)).token_ids
    plain = make_engine(make_network("llama"))
    try:
        got = generate(plain, "s", WINDOWS[0], ask(Burst(8, 0.9), 6))
        assert [len(each.token_ids) for each in got.passes] == [1] * 6, "no adapter, no masks"
    finally:
        plain.close()


def test_an_adapter_reads_back_and_knows_its_base(tmp_path: Path) -> None:
    backbone = make_network("llama")
    adapter = random_adapter(backbone)
    adapter.save_pretrained(tmp_path)
    again = BurstAdapter.from_pretrained(tmp_path, base="weights")
    mine, other = adapter.state_dict(), again.state_dict()
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[name], other[name]) for name in mine)
    with pytest.raises(AdapterMismatch, match="was made for weights weights"):
        BurstAdapter.from_pretrained(tmp_path, base="others")
    with pytest.raises(ModelUnavailable, match="looked for adapter.json"):
        BurstAdapter.from_pretrained(tmp_path / "none", base="weights")
    for ending in ("masks", ".b"):
        tensors = load_file(tmp_path / "adapter.safetensors")
        del tensors[next(name for name in tensors if name.endswith(ending))]
        damaged = tmp_path / "damaged"
        damaged.mkdir(exist_ok=True)
        shutil.copy(tmp_path / "adapter.json", damaged)
        save_file(tensors, damaged / "adapter.safetensors")
        with pytest.raises(ModelUnavailable, match="are not those that its adapter.json is for"):
            BurstAdapter.from_pretrained(damaged, base="weights")
    with pytest.raises(AdapterMismatch, match="expects a module"):
        again.attach(make_network("gpt2"))
    with pytest.raises(AdapterMismatch, match="has no linear module named nothing"):
        BurstAdapter.untrained(
            backbone, AdapterConfig(base="", hidden_size=32, targets=("nothing",))
        )


def test_an_architecture_without_the_interface_is_refused() -> None:
    import transformers

    config: Any = transformers.FalconConfig(
        vocab_size=300, hidden_size=32, num_hidden_layers=1, num_attention_heads=4
    )
    with pytest.raises(ModelUnavailable, match="FalconForCausalLM does not use"):
        Network(transformers.AutoModelForCausalLM.from_config(config))


def test_constraints_are_for_slow_mode(engine: Engine) -> None:
    request = Request("act", Burst(4, 0.0), 8, constraint=Choices((" go",)))
    with pytest.raises(ModelFailed, match="constraints are for slow mode"):
        generate(engine, "s", WINDOWS[0], request)


def test_an_adapter_of_nans_fails_its_own_request_only() -> None:
    backbone = make_network("llama")
    adapter = random_adapter(backbone)
    nn.init.constant_(adapter.sampler.outer.bias, float("nan"))
    broken = make_engine(Network(backbone, adapter))

    modes: tuple[Mode, ...] = (Slow(), Burst(4, 0.0))

    async def together() -> list[Any]:
        asked = [broken.generate(str(i), WINDOWS[0], ask(mode, 6)) for i, mode in enumerate(modes)]
        return await asyncio.gather(*asked, return_exceptions=True)

    try:
        slow, failed = run(together())
        assert slow.token_ids
        assert isinstance(failed, ModelFailed)
        assert str(failed) == "the burst adapter's logits at mask 1 are NaN"
        again = run(broken.generate("1", WINDOWS[0], ask(Slow(), 6)))
        assert again.token_ids == slow.token_ids
    finally:
        broken.close()


@pytest.mark.parametrize(
    "mode", [Burst(0, 0.5), Burst(-1, 0.5), Burst(4, 1.5), Burst(4, float("nan"))]
)
def test_a_burst_that_cannot_be(engine: Engine, mode: Burst) -> None:
    with pytest.raises(ConfigError) as refused:
        generate(engine, "s", WINDOWS[0], ask(mode))
    assert str(refused.value) == (
        f"a burst of k {mode.k} with confidence {mode.confidence} was asked for; k must be at least 1, "
        "and confidence from 0 to 1"
    )
    assert generate(engine, "s", WINDOWS[0], ask(Burst(4, 0.5), 3)).token_ids, "the engine lives"
