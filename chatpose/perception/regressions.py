"""Ridge regressions of calibrations: of log errors, and of the log-odds of being right."""

import torch
from torch import Tensor

_SMALLEST_M = 0.003
_ROUNDS = 25
_MOST_LOGIT = 8.0
_MOST_SCALED = 4.0
"""Standard deviations from the mean beyond which features are cut off."""


def standardised(features: Tensor, centre: Tensor, scale: Tensor) -> Tensor:
    """(…, F + 1) features in standard deviations, cut off far out, with a constant last."""
    scaled = ((features - centre) / scale).clamp(-_MOST_SCALED, _MOST_SCALED)
    return torch.cat([scaled, torch.ones_like(scaled[..., :1])], dim=-1)


def _penalty(rows: Tensor, ridge: float) -> Tensor:
    """The constant isn't kept small."""
    keep = torch.full((rows.shape[-1],), ridge).to(rows)
    keep[-1] = 1e-6
    return torch.diag(keep)


def log_linear(rows: Tensor, errors_m: Tensor, ridge: float) -> Tensor:
    """Ridge regression of log errors; the constant is moved so that errors are right in the mean (Duan 1983)."""
    logs = errors_m.clamp_min(_SMALLEST_M).log()
    found = torch.linalg.solve(rows.T @ rows + _penalty(rows, ridge), rows.T @ logs)
    found[-1] += torch.log(errors_m.mean().clamp_min(_SMALLEST_M) / (rows @ found).exp().mean())
    return found


def logistic(rows: Tensor, right: Tensor, ridge: float) -> Tensor:
    """Ridge logistic regression by Newton's method."""
    share = right.mean().clamp(1e-3, 1 - 1e-3)
    found = rows.new_zeros(rows.shape[-1])
    found[-1] = torch.logit(share)
    penalty = _penalty(rows, ridge)
    for _ in range(_ROUNDS):
        chance = torch.sigmoid((rows @ found).clamp(-_MOST_LOGIT, _MOST_LOGIT))
        gradient = rows.T @ (chance - right) + penalty @ found
        curvature = (rows * (chance * (1 - chance))[:, None]).T @ rows + penalty
        step = torch.linalg.solve(curvature, gradient)
        found = found - step * (2.0 / step.abs().max().clamp_min(2.0))
    return found
