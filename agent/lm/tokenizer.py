"""A Hugging Face tokenizer as a Vocabulary, its turn marks derived from its own chat template."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent.errors import ModelUnavailable
from agent.lm.vocabulary import Turns, well_formed

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Texts that no template contains, so that a rendered template can be cut at them.
_ANY_DAY = "1 January 2024"
_S, _A, _B, _C = "«steno-s»", "«steno-a»", "«steno-b»", "«steno-c»"


class TokenizerVocabulary:
    """Vocabulary of a transformers tokenizer.

    Raises ModelUnavailable where the tokenizer has no chat template or no end-of-turn token.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, end_ids: Sequence[int] = ()) -> None:
        self.tokenizer = tokenizer
        added = getattr(tokenizer, "added_tokens_decoder", {})
        special = {index for index, token in added.items() if token.special}
        self.control_ids = frozenset(special | set(tokenizer.all_special_ids))
        self.turns = self._derive_turns()
        # Some tokenizers do not call their turn marks special (DeepSeek's <|User|>); here they are.
        marks = {i for i, token in added.items() if any(map(str.isalnum, token.content))}
        self.control_ids |= marks & self.turns.ids
        self._control_texts = [
            str(tokenizer.convert_ids_to_tokens(i)) for i in sorted(self.control_ids)
        ]
        ends = set(end_ids) | set(self.turns.assistant_end[:1])
        if tokenizer.eos_token_id is not None:
            ends.add(int(tokenizer.eos_token_id))
        if not ends:
            raise ModelUnavailable(
                f"the tokenizer {tokenizer.name_or_path!r} names no end-of-text token; "
                "set eos_token in its tokenizer_config.json"
            )
        # A turn mark that the model writes itself ends its turn too: it must never enter the window.
        self.end_ids = frozenset(ends) | self.control_ids

    @cached_property
    def identity(self) -> str:
        """See Vocabulary: a hash of the tokens and their ids."""
        return identity(self.tokenizer)

    def chat(self, text: str) -> list[int]:
        """A chat with `text` (as data) as its only user turn, up to where the answer begins."""
        before, after = self._render(("user", _A)).split(_A)
        return [*self._encode(before), *self.encode(text), *self._encode(after)]

    def encode(self, text: str) -> list[int]:
        """Token ids of `text` as data: control tokens in it become plain characters."""
        text = well_formed(text)
        ids = self._encode(text, split_special_tokens=True)
        if self.control_ids.isdisjoint(ids):
            return ids
        # A tokenizer that ignores the flag: break each control text after its first character.
        for control in self._control_texts:
            text = text.replace(control, control[:1] + "\u200b" + control[1:])
        ids = self._encode(text, split_special_tokens=True)
        return [token for token in ids if token not in self.control_ids]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`; control tokens are left out."""
        kept = [token for token in ids if token not in self.control_ids]
        return str(self.tokenizer.decode(kept, clean_up_tokenization_spaces=False))

    def _encode(self, text: str, **options: Any) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False, **options))

    def _render(self, *roles: tuple[str, str]) -> str:
        messages = [{"role": role, "content": content} for role, content in roles]
        return str(
            self.tokenizer.apply_chat_template(
                messages,
                tokenize=False,
                add_generation_prompt=True,
                # Llama 3 tells the model what day it is: the same run must be the same tomorrow.
                date_string=_ANY_DAY,
            )
        )

    def _derive_turns(self) -> Turns:
        if not getattr(self.tokenizer, "chat_template", None):
            raise ModelUnavailable(
                f"the tokenizer {self.tokenizer.name_or_path!r} has no chat template; use an "
                "instruction-tuned model, or put a chat_template.jinja beside its tokenizer"
            )
        import jinja2

        try:
            talk = self._render(("user", _A), ("assistant", _B), ("user", _C))
            a_to_b = talk.split(_A)[1].split(_B)[0]
            b_to_c = talk.split(_B)[1].split(_C)[0]
            begin, s_to_a = self._system_marks()
        except (jinja2.TemplateError, IndexError) as error:
            raise ModelUnavailable(
                f"the chat template of {self.tokenizer.name_or_path!r} does not render a plain talk of "
                f"user and assistant ({error}); put another chat_template.jinja beside its tokenizer"
            ) from error
        closing = self._encode(b_to_c)
        # The end of the assistant's turn is the first mark after its text, where there is one.
        end = closing[:1] if closing and closing[0] in self.control_ids else []
        return Turns(
            begin=tuple(self._encode(begin)),
            system_to_user=tuple(self._encode(s_to_a)),
            user_to_assistant=tuple(self._encode(a_to_b)),
            assistant_end=tuple(end),
            open_user=tuple(closing[len(end) :]),
        )

    def _system_marks(self) -> tuple[str, str]:
        """What stands before the system text, and between it and the first user text."""
        import jinja2

        try:
            text = self._render(("system", _S), ("user", _A))
        except jinja2.TemplateError:
            text = ""  # the template knows no system role and says so by raising
        if _S in text and text.index(_S) < text.index(_A):
            return text.split(_S)[0], text.split(_S)[1].split(_A)[0]
        return self._render(("user", _A)).split(_A)[0], "\n\n"


def identity(tokenizer: Any) -> str:
    """A hash of a transformers tokenizer's tokens and their ids, in 16 hex digits."""
    known = json.dumps(sorted(tokenizer.get_vocab().items()))
    return hashlib.sha256(known.encode("utf-8", "surrogatepass")).hexdigest()[:16]
