"""Decoding: how answers are drawn, and pose blocks that are always whole.

`PoseConstraint` and `SeededDraw` are called as transformers' LogitsProcessors are:

    model.generate(**inputs, logits_processor=[constraint, *sampling.processors(length)], **sampling.options())

Text is free. `<pose>` can only be said while the token budget has room for the whole block; from there on exactly what
`PoseGrammar` allows at the level may follow. What may come next follows from the last token alone, so batched rows can
be in different places, left padding doesn't matter, and a prompt may end inside a block.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from chatpose.corpus.instructions.parts import planned_parts
from chatpose.errors import ChatposeError, InvalidTokensError
from chatpose.language.markup import block_slots, followers
from chatpose.pose_tokenizer.config import PARTS, Stages
from chatpose.pose_tokenizer.grammar import PoseGrammar
from chatpose.pose_tokenizer.tokens import PoseTokens
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary, Slot

LogitsProcessor = Callable[[Tensor, Tensor], Tensor]
_BEGIN, _END = 0, 1
"""Classes of pose tokens; the slots' classes follow in the vocabulary's order."""
_SORTED = 1024
_MIX = 6364136223846793005  # Knuth's multiplier for 64-bit linear congruential generators


class DecodingError(ChatposeError, ValueError):
    """What can't be decoded: settings that contradict each other."""


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn.

    Attributes:
        temperature: 0 takes the likeliest token each time.
        top_p: only the likeliest tokens that together have this probability.
        max_new_tokens: at most.
        seed: the same seed gives the same answer, alone or in a batch.
        count: answers to the same question.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    max_new_tokens: int = 512
    seed: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10:
            raise DecodingError(f"a temperature of {self.temperature}", expected="0 to 10")
        if not 0 < self.top_p <= 1:
            raise DecodingError(f"top_p {self.top_p}", expected="above 0, up to 1")
        if self.max_new_tokens < 1 or self.count < 1:
            raise DecodingError(f"{self.count} answers of {self.max_new_tokens} tokens", expected="at least 1")
        if self.greedy and self.count > 1:
            raise DecodingError(f"{self.count} answers at temperature 0", fix="they would be one and the same")

    @property
    def greedy(self) -> bool:
        """Whether nothing is drawn."""
        return self.temperature == 0

    def processors(self, prompt_length: int) -> list[LogitsProcessor]:
        """What draws, to stand last among the logits processors.

        Args:
            prompt_length: tokens of the prompts, padding among them.
        """
        if self.greedy:
            return []
        return [SeededDraw(self.temperature, self.top_p, self.seed, prompt_length, self.count)]

    def options(self) -> dict[str, Any]:
        """Arguments of `generate`; what a base's own generation settings would bend is set to do nothing."""
        return {
            "max_new_tokens": self.max_new_tokens,
            "num_return_sequences": self.count,
            # `SeededDraw` leaves one token; `generate` gives several answers only when it believes that it samples.
            "do_sample": not self.greedy,
            "num_beams": 1,
            "temperature": None if self.greedy else 1.0,
            "top_p": None if self.greedy else 1.0,
            "top_k": None if self.greedy else 0,
            "repetition_penalty": 1.0,
            "no_repeat_ngram_size": 0,
        }


class SeededDraw:
    """Draws each token by the Gumbel-max trick, which samples exactly from the softmax.

    The noise follows from the seed, the number of the answer and of the token: neither what stands beside a row in a
    batch nor the global random state matters.

    Args:
        temperature: above 0.
        top_p: share of the probability that is drawn from.
        seed: of the noise.
        prompt_length: tokens of the prompts, padding among them.
        count: answers to each prompt; rows of one prompt stand together.
    """

    def __init__(self, temperature: float, top_p: float, seed: int, prompt_length: int, count: int = 1) -> None:
        self.temperature = temperature
        self.top_p = top_p
        self.seed = seed
        self.prompt_length = prompt_length
        self.count = count

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """(rows, vocabulary) scores in which one token of each row is left."""
        heated = scores.float() / self.temperature
        if self.top_p < 1:
            chances = heated.softmax(-1)
            heated.masked_fill_(chances < _least_likely(chances, self.top_p), -torch.inf)
        step = input_ids.shape[1] - self.prompt_length
        noise = torch.stack([self._noise(sample, step, scores.shape[-1]) for sample in range(self.count)])
        heated = heated.unflatten(0, (-1, self.count)) + noise.to(heated.device)
        drawn = heated.flatten(0, 1).argmax(-1, keepdim=True)
        return torch.full_like(scores, -torch.inf).scatter_(-1, drawn, 0.0)

    def _noise(self, sample: int, step: int, size: int) -> Tensor:
        mixed = 0
        for number in (self.seed, sample, step):
            mixed = (mixed + number + 1) * _MIX % 2**63
        generator = torch.Generator().manual_seed(mixed)
        return -torch.empty(size).exponential_(generator=generator).clamp_min(1e-20).log()


def _least_likely(chances: Tensor, share: float) -> Tensor:
    """(rows, 1) probability of the last of the likeliest tokens that together have a share."""
    first = chances.topk(min(_SORTED, chances.shape[-1])).values
    if not bool((first.sum(-1) >= share).all()):  # a whole vocabulary is seldom needed, and slow to sort
        first = chances.sort(dim=-1, descending=True).values
    needed = first.cumsum(-1) - first < share
    return first.masked_fill(~needed, torch.inf).amin(-1, keepdim=True)


@dataclass(frozen=True, eq=False)
class Keep:
    """What an edit doesn't touch.

    Attributes:
        tokens: of the one pose that is edited.
        parts: of `PARTS` that stay; the heading stays with the root.
        written: the block is a whole pose in which the tokens of these parts are forced; otherwise it holds the other
            parts alone.
    """

    tokens: PoseTokens
    parts: tuple[str, ...]
    written: bool = True

    def __post_init__(self) -> None:
        if len(self.tokens) != 1:
            raise DecodingError(f"{len(self.tokens)} poses to keep parts of", expected="one")
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown:
            raise DecodingError(f"parts {', '.join(unknown)}", expected=", ".join(PARTS))
        if not self.written and set(self.parts) >= set(PARTS):
            raise DecodingError("an edit that keeps every part", expected="a part that may change")

    @classmethod
    def of_plan(cls, tokens: PoseTokens, statements: Iterable[str]) -> "Keep":
        """An edit of just the parts that its plan speaks of, written as a block of these.

        Raises:
            DecodingError: a plan that speaks of no part.
        """
        told = planned_parts(statements)
        return cls(tokens, tuple(part for part in PARTS if part not in told), written=False)

    @property
    def changed(self) -> tuple[str, ...]:
        """The other parts."""
        return tuple(part for part in PARTS if part not in self.parts)


class PoseConstraint:
    """Scores in which only what may come next is left, for the rows of a batch.

    Args:
        vocabulary: of the pose tokens.
        level: named, or how many stages each part has.
        prompt_length: tokens of the prompts, padding among them.
        max_new_tokens: the budget.
        keep: for each prompt what an edit leaves alone; None where poses are free.
        edits: for each prompt whether a block may tell only some parts (`markup`), where nothing is kept.
        poses: blocks that every answer has at least; the last moment for them is watched, and an answer that would
            end without them goes on with a pose.
        ends: ids that end an answer.
        banned: ids that are never said, such as placeholders of photos.
        known: how many ids the tokenizer has; heads have more rows, for padding, which are no words.
        lone: poses are a single `<pose>` (regression).

    Raises:
        DecodingError: the poses that are asked for don't fit the budget.
        InvalidTokensError: kept tokens of another codebook, or too few stages of them.
    """

    def __init__(
        self,
        vocabulary: PoseVocabulary,
        level: str | Stages | Mapping[str, int],
        *,
        prompt_length: int,
        max_new_tokens: int,
        keep: Sequence[Keep | None] = (None,),
        edits: Sequence[bool] = (False,),
        poses: int = 0,
        ends: Sequence[int] = (),
        banned: Sequence[int] = (),
        known: int | None = None,
        lone: bool = False,
    ) -> None:
        self.vocabulary = vocabulary
        stages = vocabulary.config.level(level) if isinstance(level, str) else level
        self.stages = stages.by_part() if isinstance(stages, Stages) else dict(stages)
        self.prompt_length = prompt_length
        self.max_new_tokens = max_new_tokens
        self.poses = poses
        self.ends = list(ends)
        self.banned = list(banned)
        self.known = known
        self.lone = lone
        prompts = max(len(keep), len(edits))
        kept = [keep[row % len(keep)] for row in range(prompts)]
        free = [edits[row % len(edits)] for row in range(prompts)]
        self._class_of = _classes(vocabulary)
        self._follow = torch.stack([self._ways(*one) for one in zip(kept, free, strict=True)])
        self._forced = torch.stack([self._forced_ids(one) for one in kept]) if any(kept) else None
        self._lengths = torch.tensor(
            [self._length(one.changed if one is not None and not one.written else ()) for one in kept]
        )
        needed = poses * int(self._lengths.max())
        if needed > max_new_tokens:
            raise DecodingError(f"{poses} poses in {max_new_tokens} tokens", expected=f"at least {needed} tokens")

    def _length(self, parts: Sequence[str]) -> int:
        return 1 if self.lone else 2 + len(block_slots(self.vocabulary, self.stages, parts))

    @property
    def has_room(self) -> bool:
        """Whether the budget has room for a pose at all."""
        return int(self._lengths.min()) <= self.max_new_tokens

    # --- tables: (class before, class after) ---------------------------------------------------------------------

    def _ways(self, keep: Keep | None, edit: bool) -> Tensor:
        if self.lone:
            return self._nothing()
        if keep is not None and not keep.written:
            return self._only(keep.changed)
        return self._edits() if keep is None and edit else self._whole()

    def _whole(self) -> Tensor:
        grammar = PoseGrammar(self.vocabulary, self.stages)
        table = self._nothing()
        for slot in (None, *block_slots(self.vocabulary, self.stages, ())):
            last = self.vocabulary.begin if slot is None else self.vocabulary.range_of(slot).start
            for ids in grammar.allowed(last):
                table[self._class(slot), int(self._class_of[ids.start - self.vocabulary.first_id])] = True
        return table

    def _edits(self) -> Tensor:
        table = self._nothing()
        for slot in (None, *block_slots(self.vocabulary, self.stages, ())):
            for after in followers(self.vocabulary, slot, self.stages):
                table[self._class(slot), _END if after is None else self._class(after)] = True
        return table

    def _only(self, parts: Sequence[str]) -> Tensor:
        table = self._nothing()
        slots = [self._class(slot) for slot in block_slots(self.vocabulary, self.stages, parts)]
        for before, after in zip([_BEGIN, *slots], [*slots, _END], strict=True):
            table[before, after] = True
        return table

    def _nothing(self) -> Tensor:
        count = len(self.vocabulary.slots) + 2
        return torch.zeros(count, count, dtype=torch.bool)

    def _class(self, slot: Slot | None) -> int:
        return _BEGIN if slot is None else self.vocabulary.slots.index(slot) + 2

    def _forced_ids(self, keep: Keep | None) -> Tensor:
        """By class the only id that may be said, counted from the first pose token; -1 where all may."""
        forced = torch.full((len(self.vocabulary.slots) + 2,), -1)
        if keep is None:
            return forced
        if keep.tokens.fingerprint != self.vocabulary.fingerprint:
            raise InvalidTokensError(
                f"tokens of the codebook {keep.tokens.fingerprint[:12]}",
                expected=f"of {self.vocabulary.fingerprint[:12]}",
            )
        for slot in block_slots(self.vocabulary, self.stages, keep.parts) if keep.parts else ():
            row = keep.tokens.codes[slot.part][0] if slot.stage else keep.tokens.heading
            if slot.stage > len(row):
                raise InvalidTokensError(f"{slot.part} with {len(row)} stages", expected=f"at least {slot.stage}")
            number = self.vocabulary.range_of(slot)[int(row[max(slot.stage - 1, 0)])]
            forced[self._class(slot)] = number - self.vocabulary.first_id
        return forced

    # --- every step ----------------------------------------------------------------------------------------------

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """(rows, vocabulary) scores, copied once."""
        self._move(scores.device)
        first, size = self.vocabulary.first_id, len(self.vocabulary)
        last = input_ids[:, -1] - first
        of_pose = (last >= 0) & (last < size)
        before = torch.where(of_pose, self._class_of[last.clamp(0, size - 1)], _END)
        prompt = torch.arange(len(scores), device=scores.device) // (len(scores) // len(self._follow))
        ways = self._follow[prompt, before]
        inside = ways.any(-1)  # nothing follows `</pose>`, nor stages that the level doesn't have
        masked = scores.clone()
        self._outside(masked, input_ids, ~inside, self._lengths[prompt])
        rows = inside.nonzero()[:, 0]
        if len(rows):
            allowed = ways[rows][:, self._class_of]
            if self._forced is not None:
                only = self._forced[prompt[rows]][:, self._class_of]
                allowed &= (only < 0) | (only == torch.arange(size, device=scores.device))
            masked[rows] = -torch.inf
            masked[rows, first : first + size] = scores[rows, first : first + size].masked_fill(~allowed, -torch.inf)
        return masked

    def _outside(self, masked: Tensor, input_ids: Tensor, outside: Tensor, lengths: Tensor) -> None:
        """Text: no pose tokens but `<pose>`, and that one only where the whole block fits."""
        words = self.vocabulary
        if self.banned:
            masked[:, self.banned] = -torch.inf
        if self.known is not None:
            masked[:, self.known :] = -torch.inf
        left = self.max_new_tokens - (input_ids.shape[1] - self.prompt_length)
        said = (input_ids[:, self.prompt_length :] == (words.begin if self.lone else words.end)).sum(-1)
        owed = (self.poses - said).clamp_min(0) * outside
        if self.poses and self.ends:
            due = (owed > 0).nonzero()[:, 0]
            ending = masked[due[:, None], self.ends].amax(-1)
            masked[due, words.begin] = masked[due, words.begin].maximum(ending)
            masked[due[:, None], self.ends] = -torch.inf
        must = (owed > 0) & (owed * lengths >= left)
        masked[(outside & (lengths > left)).nonzero()[:, 0], words.begin] = -torch.inf
        rows = outside.nonzero()[:, 0]
        masked[rows, words.begin + 1 : words.first_id + len(words)] = -torch.inf
        start = must.nonzero()[:, 0]
        if len(start):
            masked[start] = -torch.inf
            masked[start, words.begin] = 0.0

    def _move(self, device: torch.device) -> None:
        if self._class_of.device != device:
            self._class_of, self._follow = self._class_of.to(device), self._follow.to(device)
            self._lengths = self._lengths.to(device)
            self._forced = None if self._forced is None else self._forced.to(device)


def _classes(vocabulary: PoseVocabulary) -> Tensor:
    """(pose tokens,) the class of each: begin, end, then the slots."""
    sizes = [1, 1, *(len(vocabulary.range_of(slot)) for slot in vocabulary.slots)]
    return torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
