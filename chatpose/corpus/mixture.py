"""Mixtures of Gaussians over data and its mirror image, by expectation and maximisation.

Every component stands for itself and its mirror image, each with half of its weight, so a mixture's density is the
same on both. (Dempster, Laird and Rubin, Maximum likelihood from incomplete data via the EM algorithm, 1977; starts
as in Arthur and Vassilvitskii, k-means++, 2007.)
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

START_ROWS = 4000
"""Rows among which the starting means are sought."""

START_ROUNDS = 8
"""Rounds of k-means before the Gaussians."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """A fitted mixture of M pairs in D dimensions.

    Attributes:
        log_weights: (M,).
        means: (M, D).
        whitening: (M, D, D) inverse Cholesky factors of the covariances, lower triangular.
    """

    log_weights: Tensor
    means: Tensor
    whitening: Tensor

    def log_densities(self, rows: Tensor) -> Tensor:
        """Log density times weight of each component, (N, M) from (N, D)."""
        count, width = self.means.shape
        side_by_side = self.whitening.permute(2, 0, 1).reshape(width, -1)
        shift = (self.whitening @ self.means[..., None]).flatten()
        volume = self.whitening.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        constants = self.log_weights + volume - width / 2 * math.log(2 * math.pi)
        chunks = [(part @ side_by_side - shift).unflatten(-1, (count, width)) for part in rows.split(4096)]
        return torch.cat([constants - chunk.square().sum(-1) / 2 for chunk in chunks])


def fit_mixture(
    rows: Tensor,
    mirrored: Tensor,
    weights: Tensor,
    components: int,
    floor: Tensor,
    generator: torch.Generator,
    *,
    rounds: int = 25,
    pooling: float = 100.0,
) -> Mixture:
    """Fits a mixture; the same numbers on the same machine.

    Args:
        rows: (N, D).
        mirrored: (N, D) the mirror image of each row.
        weights: (N,) how much each row counts; their mean is 1.
        components: pairs of Gaussians, M.
        floor: (D,) standard deviation of the noise that every component allows beside what it has seen.
        generator: source of the starting means.
        rounds: of expectation and maximisation.
        pooling: rows' worth of the starts' common covariance that goes into every component's.
    """
    images = torch.cat([rows, mirrored])
    shares = _nearest(images, _start(rows, mirrored, weights, components, generator))
    log_weights, means, start, total = _moments(images, shares, weights)
    pooled = (start * log_weights.exp()[:, None, None]).sum(0)

    def smoothed(covariances: Tensor, total: Tensor) -> Tensor:
        own = (total / (total + pooling))[:, None, None]
        return own * covariances + (1 - own) * pooled + torch.diag(floor.square())

    mixture = Mixture(log_weights, means, _inverse_cholesky(smoothed(start, total)))
    for _ in range(rounds):
        shares = _responsibilities(mixture, images)
        log_weights, means, covariances, total = _moments(images, shares, weights)
        mixture = Mixture(log_weights, means, _inverse_cholesky(smoothed(covariances, total)))
    return mixture


def _start(rows: Tensor, mirrored: Tensor, weights: Tensor, components: int, generator: torch.Generator) -> Tensor:
    """k-means over rows and mirror images alike, from means far apart."""
    chosen = rows[torch.multinomial(weights, min(START_ROWS, len(rows)), generator=generator)]
    means = chosen[:1]
    gap = (chosen - means).square().sum(-1)
    for _ in range(components - 1):
        means = torch.cat([means, chosen[torch.multinomial(gap, 1, generator=generator)]])
        gap = torch.minimum(gap, (chosen - means[-1]).square().sum(-1))
    images = torch.cat([rows, mirrored])
    for _ in range(START_ROUNDS):
        shares = _nearest(images, means) * weights.repeat(2)[:, None]
        total = shares.sum(0)
        means = torch.where(total[:, None] > 0, (shares.T @ images) / total.clamp_min(1e-6)[:, None], means)
    return means


def _nearest(images: Tensor, means: Tensor) -> Tensor:
    """(2 N, M): 1 where a mean is the nearest to a row among all means and both of the row's images."""
    gaps = torch.cat(torch.cdist(images, means).chunk(2), dim=-1)
    chosen = torch.zeros_like(gaps).scatter_(-1, gaps.argmin(-1, keepdim=True), 1.0)
    return torch.cat(chosen.chunk(2, dim=-1))


def _responsibilities(mixture: Mixture, images: Tensor) -> Tensor:
    """(2 N, M): share of each component in each image; a row's two images share 1."""
    together = torch.cat(mixture.log_densities(images).chunk(2), dim=-1)
    return torch.cat(together.softmax(-1).chunk(2, dim=-1))


def _moments(images: Tensor, shares: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Log weights (M,), means (M, D) and covariances (M, D, D) of the components, and how many rows each has (M,)."""
    counted = shares * weights.repeat(2)[:, None]
    total = counted.sum(0).clamp_min(1e-6)
    means = (counted.T @ images) / total[:, None]
    covariances = []
    for component, mean in enumerate(means):
        away = images - mean
        covariances.append((away * counted[:, component, None]).T @ away / total[component])
    return (total / total.sum()).log(), means, torch.stack(covariances), total


def _inverse_cholesky(covariances: Tensor) -> Tensor:
    eye = torch.eye(covariances.shape[-1], dtype=covariances.dtype).expand_as(covariances)
    return torch.linalg.solve_triangular(torch.linalg.cholesky(covariances), eye, upper=False)
