"""The lifter's loss: its first pose is right on average, the others share what may be among themselves.

A mixture's likelihood alone lets one wide component explain everything. So the first component goes to the middle of
what is possible, and of the others only the one nearest to the truth is moved, the rest by a little (Rupprecht et al.,
Learning in an Uncertain World: Representing Ambiguity Through Multiple Hypotheses, ICCV 2017). Weights learn how near a
component is beside the others, spreads how far off it is, by the likelihood of Laplace densities.
"""

import math

import torch
from torch import Tensor

from chatpose.body.kinematics import world_to_local
from chatpose.perception.lifter import Mixture, joint_positions, tilt_of
from chatpose.train.lifter_samples import LifterBatch

OTHERS_SHARE = 0.05
"""Share of the pull that goes to components that aren't the nearest, so that none is left behind."""
NEAR_M = 0.03
"""Difference of mean distances that makes one component e times as likely as another."""
TILT_WEIGHT, WEIGHTS_WEIGHT, SPREAD_WEIGHT = 0.1, 0.2, 0.05


def lifter_loss(
    mixture: Mixture, batch: LifterBatch, offsets: Tensor, *, metre_weight: float = 10.0, rotation_weight: float = 1.0
) -> dict[str, Tensor]:
    """The loss and what it is made of.

    Args:
        mixture: what the lifter says.
        batch: the truth.
        offsets: (24, 3) of the body of mean shape.
        metre_weight: of the mean distance of joints, a metre.
        rotation_weight: of the mean angle of rotations against the view frame, a radian.
    """
    found = joint_positions(mixture.rotations, offsets)
    far = _length(found - batch.joints[:, None])
    turned = turns(mixture.rotations, batch.rotations[:, None])
    metres = far[..., 1:].mean(-1)
    error = metre_weight * metres + rotation_weight * turned.mean(-1)
    others = error[:, 1:]
    pull = torch.full_like(others, OTHERS_SHARE / others.shape[1])
    pull.scatter_(1, others.argmin(-1, keepdim=True), 1 - OTHERS_SHARE)
    with torch.no_grad():
        local = turns(world_to_local(mixture.rotations), world_to_local(batch.rotations)[:, None])
    spread = _unlikely(far.detach(), mixture.spread_m)[..., 1:].mean() + _unlikely(local, mixture.spread_rad).mean()
    near = (-metres.detach() / NEAR_M).softmax(-1)
    weights = -(near * mixture.log_weights).sum(-1).mean()
    loss = (
        error[:, 0].mean()
        + (pull * others).sum(-1).mean()
        + SPREAD_WEIGHT * spread
        + WEIGHTS_WEIGHT * weights
        + TILT_WEIGHT * tilt_unlikely(mixture, batch).mean()
    )
    return {
        "loss": loss,
        "first_m": metres[:, 0].mean().detach(),
        "best_m": metres.amin(-1).mean().detach(),
        "radians": local[:, 0].mean(),
    }


def turns(found: Tensor, wanted: Tensor) -> Tensor:
    """How far rotations (*batch, 3, 3) are apart: 2 sin of half the angle, about the angle in radians."""
    return _length((found - wanted).flatten(-2)) / math.sqrt(2)


def tilt_unlikely(mixture: Mixture, batch: LifterBatch) -> Tensor:
    """(N,) negative log density of the camera's pitch and roll."""
    up = (batch.row.photo_from_view @ mixture.up[..., None]).squeeze(-1)
    pitch, roll = tilt_of(up)
    turn = torch.remainder(roll - batch.roll_rad + math.pi, 2 * math.pi) - math.pi
    errors = torch.stack([(pitch - batch.pitch_rad).abs(), turn.abs()], dim=-1)
    return (errors / mixture.tilt_spread + mixture.tilt_spread.log()).sum(-1)


def _unlikely(far: Tensor, spread: Tensor) -> Tensor:
    """Negative log density, but for a constant, of a distance in three dimensions."""
    return far / spread + 3 * spread.log()


def _length(vectors: Tensor) -> Tensor:
    """Lengths with a gradient at 0."""
    return (vectors.square().sum(-1) + 1e-10).sqrt()
