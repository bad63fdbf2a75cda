"""The joint space's two halves, which make left and right exact.

Let `f` be a network and `x'` the mirror image of a pose or the sentence with left and right exchanged. Then
`f(x) + f(x')` is the same for both and `f(x) − f(x')` turns its sign. A vector is made of one half of each kind, so
mirroring the pose and exchanging the words does the same to their vectors, by construction and not by training: a
sentence is as near to a pose as the exchanged sentence is to the mirror image, and a sentence that names no side has
nothing in the second half and can't tell a pose from its mirror image.
"""

import torch
from torch import Tensor

from chatpose.retrieval.embedding import DIMENSION

EVEN = 168
"""Coordinates that mirroring leaves."""
ODD = 86
"""Coordinates whose sign mirroring turns."""
EVEN_SHARE = 0.7
"""Squared length of the even half, the same for all; the odd half's is at most the rest."""

_FILLERS = DIMENSION - EVEN - ODD


def joined(even: Tensor, odd: Tensor, kind: int) -> Tensor:
    """Unit vectors of two halves.

    The even half always has the same length, so that a text without sides ranks poses by it alone; the odd one is
    bounded. What is missing to a unit vector goes into a coordinate of the kind's own, where it adds nothing to
    products of a pose with a text.

    Args:
        even: (N, EVEN).
        odd: (N, ODD).
        kind: 0 for poses, 1 for texts.

    Returns:
        (N, DIMENSION).
    """
    even = torch.nn.functional.normalize(even, dim=-1) * EVEN_SHARE**0.5
    odd = odd * ((1 - EVEN_SHARE) / (1 + odd.square().sum(-1, keepdim=True))).sqrt()
    rest = (1 - EVEN_SHARE - odd.square().sum(-1)).clamp_min(1e-12).sqrt()
    fillers = torch.zeros(*rest.shape, _FILLERS, dtype=rest.dtype, device=rest.device)
    fillers[..., kind] = rest
    return torch.cat([even, odd, fillers], dim=-1)


def mirrored(vectors: Tensor) -> Tensor:
    """Vectors of the mirror images, or of the sentences with left and right exchanged."""
    return torch.cat([vectors[..., :EVEN], -vectors[..., EVEN : EVEN + ODD], vectors[..., EVEN + ODD :]], dim=-1)
