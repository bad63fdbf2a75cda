"""First embeddings of the tokens from what they mean: near rotations get near rows."""

import math

import torch
from torch import Tensor

from chatpose.pose_tokenizer import quaternions as quat
from chatpose.pose_tokenizer.config import ROOT, book_of
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.pose_tokenizer.vocabulary import PoseVocabulary

SLOT_SHARE = 0.5
"""Of a row's length that tells the slot; the rest tells the code."""


def initial_embeddings(
    tokenizer: PoseTokenizer, vocabulary: PoseVocabulary, width: int, *, std: float = 0.02, seed: int = 0
) -> Tensor:
    """(tokens, width) rows in the order of the ids, float32.

    A row is the sum of a vector of its slot and of the code's rotations, projected at random: first codes as rotation
    matrices of their joints, steps as rotation vectors, the heading as sine and cosine. Limbs of both sides are
    projected alike, in mirrored frames.

    Args:
        tokenizer: whose codes.
        vocabulary: whose tokens.
        width: of a row.
        std: standard deviation of all numbers together.
        seed: of the projections.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = [torch.randn(1, width, generator=generator) for _ in range(2)]  # begin, end
    rows = [row / row.square().mean().sqrt() for row in rows]
    projections: dict[tuple[str, int], Tensor] = {}
    for slot in vocabulary.slots:
        meaning = code_features(tokenizer, slot.part, slot.stage)
        key = (book_of(slot.part), min(slot.stage, 2))
        if key not in projections:
            projections[key] = torch.randn(meaning.shape[1], width, generator=generator) / math.sqrt(width)
        told = meaning @ projections[key]
        told = told - told.mean(0)
        told = told / told.square().mean().sqrt().clamp_min(1e-9)
        place = torch.randn(1, width, generator=generator)
        rows.append(math.sqrt(1 - SLOT_SHARE**2) * told + SLOT_SHARE * place / place.square().mean().sqrt())
    table = torch.cat(rows)
    return table * (std / table.square().mean().sqrt())


def code_features(tokenizer: PoseTokenizer, part: str, stage: int) -> Tensor:
    """(codes, F) numbers that say what the codes of a slot do."""
    if not stage:
        turn = torch.arange(tokenizer.config.heading_bins) * (math.tau / tokenizer.config.heading_bins)
        return torch.stack([turn.cos(), turn.sin()], dim=-1)
    if part == ROOT:
        return (tokenizer.root.first if stage == 1 else tokenizer.root.steps[stage - 2]).cpu()
    book = tokenizer.books[book_of(part)]
    if stage == 1:
        return quat.to_matrix(quat.exponential(book.first)).flatten(1).cpu()
    return book.steps[stage - 2].cpu()
