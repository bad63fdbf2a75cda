"""Our own rows and those of pose tokens in one small table: word pieces, which answers don't consist of, left out."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from chatpose.language.nano.words import BEGIN_PLAN, END_PLAN, MARKS, claim_at, claim_place, own_words
from chatpose.pose_tokenizer.config import PARTS
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary, Slot
from chatpose.posecodes.definitions import all_posecodes

SLOTS: tuple[Slot, ...] = tuple(Slot(part, stage) for part in PARTS for stage in (1, 2))
"""Of the level "coarse", the only one that the model writes."""
BEGIN, END = MARKS.index(BEGIN_PLAN), MARKS.index(END_PLAN)


@dataclass(frozen=True, eq=False)
class Places:
    """Where what lies in the table.

    Attributes:
        heading: of the heading straight ahead.
        starts: of the first code of each slot.
        codes: of a slot.
    """

    heading: int
    starts: tuple[int, ...]
    codes: int

    @classmethod
    def of(cls, vocabulary: PoseVocabulary) -> "Places":
        """For a vocabulary of pose tokens, wherever its ids begin."""
        shift = len(own_words()) - vocabulary.first_id
        heading = vocabulary.range_of(vocabulary.slots[0]).start + shift
        starts = tuple(vocabulary.range_of(slot).start + shift for slot in SLOTS)
        return cls(heading, starts, vocabulary.config.codes)


def table_of(model: Any) -> Tensor:
    """(own words + pose tokens, W) rows of a base with pose rows, which have to be in place (`rows_in_place`)."""
    weight = model.get_input_embeddings().weight
    first = model.config.word_rows
    return weight[first:]


def posture_places() -> Tensor:
    """Places of the statements about the whole body, one of which begins every plan."""
    return torch.tensor([claim_place(at) for at, code in enumerate(all_posecodes()) if code.subject == "body"])


def claim_places() -> Tensor:
    """Places of all statements and denials."""
    return torch.tensor([place for place in range(len(own_words())) if claim_at(place) is not None])
