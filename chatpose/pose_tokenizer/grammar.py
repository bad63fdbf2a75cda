"""What may come next: for decoders that are to write poses, or one part of a pose, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.errors import InvalidTokensError, unknown_name
from chatpose.pose_tokenizer.config import PARTS, Stages
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary, Slot


@dataclass(frozen=True)
class PoseGrammar:
    """The token sequences that are poses. It needs no memory: what may come next follows from the last token.

    Attributes:
        vocabulary: of the tokens.
        stages: how many each part gets; any number when absent.
        part: only the tokens of this part, for edits; whole poses when absent.
    """

    vocabulary: PoseVocabulary
    stages: Stages | Mapping[str, int] | None = None
    part: str | None = None

    def __post_init__(self) -> None:
        if self.part is not None and self.part not in PARTS:
            raise unknown_name("part", self.part, PARTS)

    def allowed(self, last: int | None) -> tuple[range, ...]:
        """Ranges of ids that may come after an id (first of all when None); nothing once the sequence is whole.

        Raises:
            InvalidTokensError: `last` can't be in such a sequence.
        """
        words = self.vocabulary
        if last is None:
            start = words.begin if self.part is None else None
            return (range(start, start + 1),) if start is not None else (words.range_of(Slot(self.part or "", 1)),)
        if self.part is None and last in (words.begin, words.end):
            return () if last == words.end else (words.range_of(words.slots[0]),)
        slot, _ = words.slot_of(last)
        if self.part is not None and slot.part != self.part:
            raise InvalidTokensError(words.word(last), expected=f"a token of {self.part}")
        follow = words.following(slot, self.stages)
        if self.part is not None:
            follow = tuple(next_slot for next_slot in follow if next_slot is not None and next_slot.part == self.part)
        end = range(words.end, words.end + 1)
        return tuple(end if next_slot is None else words.range_of(next_slot) for next_slot in follow)

    def may_end(self, last: int | None) -> bool:
        """Whether the sequence can stop after an id."""
        if last is None:
            return False
        if self.part is None:
            return last == self.vocabulary.end
        slot, _ = self.vocabulary.slot_of(last)
        follow = self.vocabulary.following(slot, self.stages)
        return any(other is None or other.part != self.part for other in follow)

    def mask(self, last: Sequence[int | None], size: int) -> Tensor:
        """(N, size) bool over a model's whole vocabulary: True where the next id is allowed."""
        allowed = torch.zeros(len(last), size, dtype=torch.bool)
        for row, number in enumerate(last):
            for ids in self.allowed(number):
                allowed[row, ids.start : ids.stop] = True
        return allowed

    def accepts(self, ids: Sequence[int]) -> bool:
        """Whether a whole sequence is right."""
        last: int | None = None
        for number in ids:
            try:
                ranges = self.allowed(last)
            except InvalidTokensError:
                return False
            if not any(number in ids_range for ids_range in ranges):
                return False
            last = number
        return self.may_end(last)
