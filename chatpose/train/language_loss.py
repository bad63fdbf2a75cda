"""What a step of PoseLM's training loses: words and pose tokens by their weights, regressed poses by their geometry."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.skeleton import smpl_rest_offsets
from chatpose.train.language_settings import ROLES

CHUNK = 1024
"""Tokens whose probabilities over the vocabulary are in memory at once."""


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """(K,) negative log-likelihoods in float32.

    Args:
        logits: (K, V) in any precision.
        targets: (K,).
    """
    if not len(targets):
        return logits.float().sum(-1)
    parts = zip(logits.split(CHUNK), targets.split(CHUNK), strict=True)
    if not logits.requires_grad:
        return torch.cat([_cross_entropy(*part) for part in parts])
    # Probabilities in float32 are computed again in the backward pass: kept, they would be the largest thing in memory.
    return torch.cat([_recomputed(*part) for part in parts])


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(logits.float(), targets, reduction="none")


def _recomputed(logits: Tensor, targets: Tensor) -> Tensor:
    made = checkpoint(_cross_entropy, logits, targets, use_reentrant=False, preserve_rng_state=False)
    if not isinstance(made, Tensor):
        raise TypeError("checkpoint gave no tensor")
    return made


@dataclass(frozen=True, eq=False)
class PoseErrors:
    """How far poses are from what they should be, a pose.

    Attributes:
        angle_rad: (P,) mean over 24 rotations; √2 of the distance between matrices, the angle where it is small.
        position_m: (P,) mean over 23 joints, pelvis on pelvis, standard skeleton.
    """

    angle_rad: Tensor
    position_m: Tensor


def pose_errors(made: Tensor, wanted: Tensor) -> PoseErrors:
    """Of (P, 24, 3, 3) local rotations; differentiable."""
    apart = (made - wanted).flatten(-2).square().sum(-1)
    offsets = smpl_rest_offsets().to(made)
    found, right = (forward_kinematics(one, offsets).positions for one in (made, wanted))
    far = ((found - right).square().sum(-1) + 1e-12).sqrt()[:, 1:]
    # Without the 1e-12 the gradient of equal poses is 0 · ∞.
    return PoseErrors((apart + 1e-12).sqrt().mean(-1) / math.sqrt(2), far.mean(-1))


class Tally:
    """Sums over many rows: what each kind of token lost."""

    def __init__(self) -> None:
        self.lost = torch.zeros(len(ROLES), dtype=torch.float64)
        self.count = torch.zeros(len(ROLES), dtype=torch.float64)
        self.poses = torch.zeros(3, dtype=torch.float64)  # radians, metres, how many

    def add(self, losses: Tensor, roles: Tensor) -> None:
        """Unweighted losses of tokens, and what these are."""
        roles = roles.long().cpu()
        self.lost.index_add_(0, roles, losses.detach().double().cpu())
        self.count.index_add_(0, roles, torch.ones(len(roles), dtype=torch.float64))

    def add_poses(self, errors: PoseErrors) -> None:
        """Of regressed poses."""
        found = (errors.angle_rad.detach().double().sum(), errors.position_m.detach().double().sum())
        self.poses += torch.stack([*found, torch.tensor(float(len(errors.angle_rad)))]).cpu()

    def vector(self) -> Tensor:
        """All sums, to be added up over processes."""
        return torch.cat([self.lost, self.count, self.poses])

    @classmethod
    def of(cls, vector: Tensor) -> "Tally":
        """From added `vector`s."""
        made = cls()
        made.lost, made.count, made.poses = vector.double().cpu().split([len(ROLES), len(ROLES), 3])
        return made

    def means(self) -> Mapping[str, float]:
        """Mean loss of each kind of token that there was, and of regressed poses in degrees and millimetres."""
        told = {
            name: float(self.lost[place] / self.count[place]) for place, name in enumerate(ROLES) if self.count[place]
        }
        if self.poses[2]:
            told["degrees"] = math.degrees(float(self.poses[0] / self.poses[2]))
            told["mm"] = 1000 * float(self.poses[1] / self.poses[2])
        return told
