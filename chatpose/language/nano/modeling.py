"""chatpose-nano as a causal language model of transformers. Importing this imports transformers.

What stands before the last answer is read once, as a memory: words as MiniLM's token states, poses and statements as
their rows. Only the answer runs through the decoder. To the outside that is a causal model like any other.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.utils import logging as hf_logging

from chatpose.language.nano.config import NanoConfig
from chatpose.language.nano.network import DecoderLayer, Pair, ReaderLayer
from chatpose.language.nano.prompt import SEGMENTS, Prompt, read_prompt
from chatpose.language.nano.sides import SideWords
from chatpose.language.nano.text_states import TextStates, word_vectors
from chatpose.language.nano.words import ASSISTANT, BEGIN_PLAN, END_PLAN, MARKS

PLACES = 64
"""Of words in a run that are told apart; later ones count as the last."""
ROW_GAIN = 5.0
"""Rows are small where they are output weights; as input they are multiplied."""
UNSAID = -30.0
"""Added to the scores of word pieces: they are read, and answers consist of our own words and of poses."""
_ASSISTANT = MARKS.index(ASSISTANT)


@dataclass(eq=False)
class Read:
    """What the decoder looks at.

    Attributes:
        pairs: keys and values of each layer.
        mask: (B, 1, 1, M).
    """

    pairs: list[Pair]
    mask: Tensor

    def repeated(self, count: int) -> "Read":
        """Each row several times, one after the other."""
        pairs = [(key.repeat_interleave(count, 0), value.repeat_interleave(count, 0)) for key, value in self.pairs]
        return Read(pairs, self.mask.repeat_interleave(count, 0))


@dataclass(eq=False)
class TextInputs:
    """Words of prompts, padded.

    Attributes:
        states: (B, T, 384) of the text model.
        signs: (B, T, 2) of `SideWords.read`.
        segments: (B, T).
        places: (B, T) in their run, [CLS] 0.
        mask: (B, T).
    """

    states: Tensor
    signs: Tensor
    segments: Tensor
    places: Tensor
    mask: Tensor


@dataclass(eq=False)
class NanoCache:
    """What a decoder keeps between the tokens of an answer.

    Attributes:
        read: the prompt.
        told: keys and values of the answer so far, a layer each.
        seen: (B, tokens) which of them may be looked at.
        length: tokens of prompt and answer.
    """

    read: Read
    told: list[Pair | None]
    seen: Tensor
    length: int = 0
    is_compileable: bool = field(default=False, init=False)

    def get_seq_length(self, layer: int = 0) -> int:
        """Tokens so far, as transformers asks for them."""
        return self.length


class NanoModel(nn.Module):
    """Reader and decoder.

    Args:
        config: settings.
    """

    def __init__(self, config: NanoConfig) -> None:
        super().__init__()
        width, heads, inner = config.hidden_size, config.num_attention_heads, config.intermediate_size
        self.embed_tokens = nn.Embedding(config.vocab_size, width)
        self.text_in = nn.Linear(config.text_width, width)
        self.text_norm = nn.LayerNorm(width)
        self.side_marks = nn.Parameter(torch.empty(2, width))
        self.segments = nn.Parameter(torch.empty(SEGMENTS, width))
        self.places = nn.Parameter(torch.empty(PLACES, width))
        self.nothing = nn.Parameter(torch.empty(width))
        self.row_in = nn.Linear(width, width)
        self.reader = nn.ModuleList([ReaderLayer(width, heads, inner) for _ in range(config.reader_layers)])
        self.read_norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList([DecoderLayer(width, heads, inner) for _ in range(config.num_hidden_layers)])
        self.norm = nn.LayerNorm(width)
        self.row_out = nn.Linear(width, width)

    def read(self, text: TextInputs | None, rows: Tensor, segments: Tensor, mask: Tensor) -> Read:
        """Looks at prompts.

        Args:
            text: their words; None without any.
            rows: (B, P, W) rows of the pose tokens and statements that they show.
            segments: (B, P).
            mask: (B, P).
        """
        parts, masks = [self.nothing.expand(len(rows), 1, -1)], [mask.new_ones(len(rows), 1)]
        if text is not None:
            states = self.text_norm(self.text_in(text.states)) + self.places[text.places]
            states = states + self.segments[text.segments] + text.signs.to(states) @ self.side_marks
            for layer in self.reader:
                states = layer(states, text.mask[:, None, None])
            parts.append(states)
            masks.append(text.mask)
        if rows.shape[1]:
            parts.append(self.row_in(rows * ROW_GAIN) + self.segments[segments])
            masks.append(mask)
        memory = self.read_norm(torch.cat(parts, 1))
        pairs = [cross.told(memory) for cross in (cast(DecoderLayer, layer).cross for layer in self.layers)]
        return Read(pairs, torch.cat(masks, 1)[:, None, None])

    def decode(
        self, rows: Tensor, mask: Tensor, read: Read, told: Sequence[Pair | None] | None = None
    ) -> tuple[Tensor, list[Pair | None]]:
        """States from which the next tokens follow, (B, L, W), to be multiplied with rows.

        Args:
            rows: (B, L, W) of the answer's tokens.
            mask: (B, 1, L, earlier + L).
            read: the prompts.
            told: of earlier tokens.
        """
        states = self.row_in(rows * ROW_GAIN)
        kept: list[Pair | None] = []
        for number, layer in enumerate(self.layers):
            before = told[number] if told else None
            states, new = layer(states, before, mask, read.pairs[number], read.mask)
            kept.append(new)
        return self.row_out(self.norm(states)), kept


class NanoForCausalLM(PreTrainedModel, GenerationMixin):
    """chatpose-nano.

    Args:
        config: settings.
    """

    config_class = NanoConfig
    base_model_prefix = "model"
    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}  # noqa: RUF012 (as transformers has it)
    _keys_to_ignore_on_load_missing = [r"embed_tokens\.weight", r"lm_head\.weight"]  # noqa: RUF012
    _keys_to_ignore_on_save = ["model.embed_tokens.weight", "lm_head.weight"]  # noqa: RUF012
    _supports_sdpa = True

    def __init__(self, config: NanoConfig) -> None:
        super().__init__(config)
        self.model = NanoModel(config)
        self.own_rows = nn.Parameter(torch.empty(config.own_rows, config.hidden_size))
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.text_states = TextStates()
        self._sides: SideWords | None = None
        self.post_init()

    @classmethod
    def from_pretrained(cls, *args: Any, **options: Any) -> Any:
        """As transformers does, then the rows of the word pieces are made, which no file holds."""
        with _quiet():
            loaded = super().from_pretrained(*args, **options)
        model = loaded[0] if isinstance(loaded, tuple) else loaded
        model.fill_rows()
        return loaded

    @torch.no_grad()
    def fill_rows(self, folder: Path | None = None) -> None:
        """Puts the rows of the vocabulary in place: those of word pieces from MiniLM, then our own."""
        weight, words = self.model.embed_tokens.weight, self.config.word_rows
        weight[:words] = word_piece_rows(words, self.config.hidden_size, self.config.row_scale, folder).to(weight)
        weight[words : words + self.config.own_rows] = self.own_rows.to(weight)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear) and module is not getattr(self, "lm_head", None):
            nn.init.normal_(module.weight, std=module.in_features**-0.5 * 0.58)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.row_scale)
        elif isinstance(module, NanoModel):
            for name in ("side_marks", "segments", "nothing"):
                nn.init.normal_(getattr(module, name), std=0.5)
            nn.init.normal_(module.places, std=0.1)
        elif isinstance(module, NanoForCausalLM):
            nn.init.normal_(module.own_rows, std=self.config.row_scale)

    # --- what transformers and peft ask for ----------------------------------------------------------------------

    def get_input_embeddings(self) -> nn.Module:
        """Rows of the vocabulary."""
        return self.model.embed_tokens

    def set_input_embeddings(self, value: Any) -> None:
        """Replaces them."""
        self.model.embed_tokens = value

    def get_output_embeddings(self) -> nn.Module:
        """The same rows."""
        return self.lm_head

    def set_output_embeddings(self, new_embeddings: Any) -> None:
        """Replaces them."""
        self.lm_head = new_embeddings

    def get_decoder(self, *_: Any, **__: Any) -> nn.Module:
        """Reader and decoder."""
        return self.model

    @classmethod
    def _supports_default_dynamic_cache(cls) -> bool:
        return False  # `NanoCache` is made when a prompt is read

    # --- reading -------------------------------------------------------------------------------------------------

    @property
    def sides(self) -> SideWords:
        """Words of sides."""
        if self._sides is None:
            self._sides = side_words()
        return self._sides

    def prompts(self, rows: Sequence[Sequence[int]]) -> list[Prompt]:
        """Prompts from the ids before an answer."""
        return [read_prompt(row, self.config.prompt_ids, self.sides) for row in rows]

    def read(self, prompts: Sequence[Prompt]) -> Read:
        """Looks at prompts."""
        device = self.own_rows.device
        self.text_states.to(device)
        runs = [run for prompt in prompts for run in prompt.runs]
        states = iter(self.text_states([run.words for run in runs]))
        text = text_inputs([[(run, next(states)) for run in prompt.runs] for prompt in prompts]) if runs else None
        ids, segments, mask = _padded_tokens(prompts)
        rows = self.get_input_embeddings()(ids.to(device))
        return self.model.read(text, rows, segments.to(device), mask.to(device))

    def seen(self, ids: Tensor) -> Tensor:
        """Which tokens of answers say something: marks, `<pose>`, headings and `</pose>` are looked past."""
        assistant, begin, end = (self.config.marks[MARKS.index(word)] for word in (ASSISTANT, BEGIN_PLAN, END_PLAN))
        first = self.config.first_pose
        silent = (ids == assistant) | (ids == begin) | (ids == end)
        return ~(silent | ((ids >= first) & (ids < first + 2 + self.config.headings)))

    # --- forward -------------------------------------------------------------------------------------------------

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        past_key_values: NanoCache | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int = 0,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        """Scores of the next tokens; before the last answer begins they are 0.

        Args:
            input_ids: (B, T), or what is new since `past_key_values`.
            attention_mask: (B, all tokens); 0 where there is none.
            past_key_values: of the tokens before.
            labels: (B, T); −100 where nothing is learned.
            use_cache: whether to keep what later tokens need.
            logits_to_keep: only so many of the last; all when 0.
        """
        if past_key_values is None:
            window, cache, valid = self._begin(input_ids, attention_mask)
        else:
            window, cache, valid = input_ids, past_key_values, torch.ones_like(input_ids, dtype=torch.bool)
        mask = _answer_mask(cache.seen, self.seen(window) & valid)
        hidden, told = self.model.decode(self.get_input_embeddings()(window), mask, cache.read, cache.told)
        kept = hidden[:, -logits_to_keep:] if logits_to_keep else hidden
        logits = self.lm_head(kept)
        logits[..., : self.config.word_rows] += UNSAID
        if not logits_to_keep and window.shape[1] < input_ids.shape[1]:
            logits = nn.functional.pad(logits, (0, 0, input_ids.shape[1] - window.shape[1], 0))
        loss = None
        if labels is not None:
            loss = cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten().to(logits.device))
        after = None
        if use_cache is not False and labels is None:
            seen = torch.cat([cache.seen, self.seen(window) & valid], 1)
            after = NanoCache(cache.read, told, seen, cache.length + input_ids.shape[1])
        return CausalLMOutputWithPast(loss=loss, logits=logits, past_key_values=after)  # pyright: ignore[reportArgumentType]

    def _begin(self, ids: Tensor, attention_mask: Tensor | None) -> tuple[Tensor, NanoCache, Tensor]:
        """Reads prompts: what of them is the answer so far, an empty cache, and which of the answer's tokens count."""
        there = torch.ones_like(ids) if attention_mask is None else attention_mask[:, -ids.shape[1] :]
        place = torch.arange(ids.shape[1], device=ids.device)
        marked = (ids == self.config.marks[_ASSISTANT]) & (there > 0)
        found = torch.where(marked, place, -1).amax(1)
        starts = torch.where(found < 0, torch.where(there > 0, place, -1).amax(1).clamp_min(0), found)
        first = int(starts.min())
        rows = [
            [number for number, known in zip(row[:start], mask[:start], strict=True) if known]
            for row, mask, start in zip(ids.tolist(), there.tolist(), starts.tolist(), strict=True)
        ]
        read = self.read(self.prompts(rows))
        valid = (place[first:] >= starts[:, None]) & (there[:, first:] > 0)
        empty = NanoCache(read, [None] * len(self.model.layers), valid[:, :0])
        return ids[:, first:], empty, valid


@contextmanager
def _quiet() -> Iterator[None]:
    """Transformers takes a file without the rows of word pieces for a damaged one, and says so.

    So small a model needs no progress bar, either.
    """
    heard = logging.getLogger("transformers.modeling_utils")
    heard.addFilter(_about_other_things)
    shown = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        heard.removeFilter(_about_other_things)
        if shown:
            hf_logging.enable_progress_bar()


def _about_other_things(record: logging.LogRecord) -> bool:
    return "tied weights mapping" not in str(record.msg)


def _answer_mask(before: Tensor, seen: Tensor) -> Tensor:
    """(B, 1, L, earlier + L) what each new token may look at: itself, and what says something before it."""
    length = seen.shape[1]
    own = torch.eye(length, dtype=torch.bool, device=seen.device)
    new = (seen[:, None] & own.logical_not().tril()) | own
    earlier = before[:, None].expand(-1, length, -1)
    return torch.cat([earlier, new], 2)[:, None]


def text_inputs(rows: Sequence[Sequence[tuple[Any, Tensor]]]) -> TextInputs:
    """Runs of words with their states, padded.

    Args:
        rows: for each prompt its runs and their (1 + words, 384) states.
    """
    longest = max(sum(len(states) for _, states in row) for row in rows)
    example = next(states for row in rows for _, states in row)
    count = len(rows)
    states = example.new_zeros(count, longest, example.shape[1])
    signs = torch.zeros(count, longest, 2)
    segments, places = torch.zeros(2, count, longest, dtype=torch.long)
    mask = torch.zeros(count, longest, dtype=torch.bool)
    mask[:, 0] = True  # a prompt without words looks at zeros
    for number, row in enumerate(rows):
        at = 0
        for run, told in row:
            end = at + len(told)
            states[number, at:end] = told
            signs[number, at + 1 : end] = torch.from_numpy(run.signs).float()
            segments[number, at:end] = run.segment
            places[number, at:end] = torch.arange(len(told)).clamp_max(PLACES - 1)
            mask[number, at:end] = True
            at = end
    moved = (one.to(example.device) for one in (signs, segments, places, mask))
    return TextInputs(states, *moved)


def _padded_tokens(prompts: Sequence[Prompt]) -> tuple[Tensor, Tensor, Tensor]:
    longest = max(len(prompt.tokens) for prompt in prompts)
    ids, segments = torch.zeros(2, len(prompts), longest, dtype=torch.long)
    mask = torch.zeros(len(prompts), longest, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        count = len(prompt.tokens)
        ids[row, :count] = torch.tensor(prompt.tokens, dtype=torch.long)
        segments[row, :count] = torch.tensor(prompt.segments, dtype=torch.long)
        mask[row, :count] = True
    return ids, segments, mask


def word_piece_rows(count: int, width: int, scale: float, folder: Path | None = None) -> Tensor:
    """(count, width) MiniLM's embeddings of words, turned into fewer numbers at random, the same ones everywhere."""
    vectors = word_vectors(folder)[:count]
    generator = torch.Generator().manual_seed(0)
    rows = (vectors - vectors.mean(0)) @ torch.randn(vectors.shape[1], width, generator=generator)
    return rows * (scale / rows.square().mean().sqrt())


def side_words(folder: Path | None = None) -> SideWords:
    """Of MiniLM's vocabulary."""
    from tokenizers import Tokenizer

    from chatpose.retrieval.text_models import minilm_folder

    return SideWords.of(Tokenizer.from_file(str((folder or minilm_folder()) / "tokenizer.json")).get_vocab())
