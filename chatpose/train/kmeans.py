"""k-means on the rows of a matrix, plain or with codes that come in mirrored pairs.

Lloyd, Least squares quantization in PCM, IEEE Trans. Information Theory 1982.
"""

from collections.abc import Callable

import torch
from torch import Tensor

CHUNK = 16384


def nearest(rows: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """Index of the nearest code and squared distance, (N,) each."""
    sizes = codes.square().sum(-1)
    index, far = [], []
    for part in rows.split(CHUNK):
        best = torch.addmm(sizes, part, codes.T, alpha=-2).min(-1)
        index.append(best.indices)
        far.append((best.values + part.square().sum(-1)).clamp_min(0))
    return torch.cat(index), torch.cat(far)


def kmeans(
    rows: Tensor,
    codes: int,
    rounds: int,
    generator: torch.Generator,
    mirror: Callable[[Tensor], Tensor] | None = None,
    *,
    power: float = 2.0,
) -> Tensor:
    """Means of clusters.

    Args:
        rows: (N, D).
        codes: how many means.
        rounds: of assignment and averaging.
        generator: source of the first means, on the CPU.
        mirror: reflects rows; then mean 2i + 1 is the reflection of mean 2i, as if every row were there reflected too.
        power: of the distance whose mean is made small, by weights anew in each round; with less than 2 the far
            rows draw fewer codes to themselves.

    Returns:
        (codes, D).
    """
    count = codes if mirror is None else codes // 2
    start = torch.randperm(len(rows), generator=generator)[:count].to(rows.device)
    means = rows[start.repeat(count // max(len(start), 1) + 1)[:count]]
    for _ in range(rounds):
        index, far = nearest(rows, paired(means, mirror))
        moved = rows
        if mirror is not None:
            moved = torch.where((index % 2 == 1)[:, None], mirror(rows), rows)
            index = index // 2
        weight = (far + 0.1 * far.mean()) ** (power / 2 - 1) if power != 2 else torch.ones_like(far)
        total = torch.zeros_like(means).index_add_(0, index, moved * weight[:, None])
        members = torch.zeros_like(means[:, 0]).index_add_(0, index, weight)
        empty = (members == 0).nonzero()[:, 0]
        means = torch.where((members > 0)[:, None], total / members.clamp_min(1e-30)[:, None], means)
        if len(empty):  # start again at what is worst off
            means[empty] = moved[far.topk(min(len(empty), len(rows))).indices].repeat(len(empty), 1)[: len(empty)]
    return paired(means, mirror)


def paired(means: Tensor, mirror: Callable[[Tensor], Tensor] | None) -> Tensor:
    """The means with their reflections, if they have any."""
    return means if mirror is None else torch.stack([means, mirror(means)], dim=1).flatten(0, 1)
