"""Small real models: random causal LMs of several families, and a byte-level tokenizer for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import tokenizers
import torch
import transformers
from tokenizers import decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from agent.lm.engine import Engine
from agent.lm.network import Heads, Network, Part, PassFailed
from agent.lm.tokenizer import TokenizerVocabulary
from agent.lm.types import Generation, Request, Sampling, Slow

T = TypeVar("T")

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
VOCAB = 320  # of the networks: larger than any tokenizer here, as padded embeddings are
POSITIONS = 160

_SHAPE: dict[str, Any] = {
    "vocab_size": VOCAB,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": POSITIONS,
    "initializer_range": 0.3,  # large, so that greedy text varies and has no near-ties
    "bos_token_id": 0,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_GROUPED = {**_SHAPE, "num_key_value_heads": 2, "head_dim": 8}
CONFIGS: dict[str, Callable[[], Any]] = {
    "llama": lambda: transformers.LlamaConfig(**_GROUPED),
    "qwen3": lambda: transformers.Qwen3Config(**_GROUPED),
    "mistral": lambda: transformers.MistralConfig(**_GROUPED, sliding_window=8),
    "gpt2": lambda: transformers.GPT2Config(
        **{k: v for k, v in _SHAPE.items() if "size" not in k and not k.startswith("num")},
        vocab_size=VOCAB,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=POSITIONS,
    ),
    "gemma3": lambda: transformers.Gemma3TextConfig(
        **_GROUPED,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention"],
        tie_word_embeddings=False,  # tied and random, it would only repeat what it reads
    ),
    "phi": lambda: transformers.PhiConfig(**_SHAPE),
}


def make_tokenizer(
    *,
    words: Iterable[str] = (),
    template: str | None = CHATML,
    specials: Sequence[str] = SPECIALS,
    eos: str | None = "<|im_end|>",
) -> PreTrainedTokenizerFast:
    """Byte-level BPE. Control tokens come first; `words` are what merges are learnt from."""
    inner = tokenizers.Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    words = list(words)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB - 10 if words else 0,
        special_tokens=list(specials),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(words, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=eos)
    made.add_special_tokens({"additional_special_tokens": list(specials)})
    made.chat_template = template
    return made


def make_network(family: str, seed: int = 0) -> Any:
    """A random causal LM in fp32."""
    torch.manual_seed(seed)
    network = transformers.AutoModelForCausalLM.from_config(CONFIGS[family](), dtype=torch.float32)
    return network.eval().requires_grad_(False)


class Hooked(Network):
    """A network whose passes can be watched, held up or spoilt. Runs on the engine's thread."""

    def __init__(self, backbone: Any) -> None:
        super().__init__(backbone)
        self.passes: list[list[int]] = []  # the tokens of each session's share of each pass
        self.before: Callable[[list[int]], None] = lambda ids: None
        self.after: Callable[[list[int], Heads], None] = lambda ids, heads: None

    def forward(self, parts: Sequence[Part]) -> list[Heads]:
        for part in parts:
            self.passes.append(list(part.tokens))
            try:
                self.before(list(part.tokens))
            except Exception as error:
                raise PassFailed from error
        heads = super().forward(parts)
        for part, each in zip(parts, heads, strict=True):
            self.after(list(part.tokens), each)
        return heads


def make_engine(network: Any, tokenizer: PreTrainedTokenizerFast | None = None) -> Engine:
    """An engine around a backbone or a Network."""
    vocabulary = TokenizerVocabulary(tokenizer or make_tokenizer())
    wrapped = network if isinstance(network, Network) else Network(network)
    return Engine(wrapped, vocabulary, name="tiny", fingerprint="0")


def run(awaitable: Coroutine[Any, Any, T], limit_s: float = 20.0) -> T:
    """Run a coroutine in a loop of its own; what hangs, fails."""

    async def limited() -> T:
        return await asyncio.wait_for(awaitable, limit_s)

    return asyncio.run(limited())


def ask(max_tokens: int, temperature: float = 0.0, seed: int = 0, **options: Any) -> Request:
    return Request("think", Slow(), max_tokens, Sampling(temperature, seed=seed), **options)


def alone(network: Any, window: Sequence[int], request: Request) -> Generation:
    """What a fresh engine gives for one request: the slow, obvious way."""
    engine = make_engine(network)
    try:
        return run(engine.generate("alone", window, request))
    finally:
        engine.close()
