"""`Lifter`: from the landmarks of a person in a photo to several poses that may have given them.

A small network (residual multi-layer perceptron) that was trained without photos, on bodies seen through random
virtual cameras (`chatpose.train.perception`). One photo leaves the depth of limbs open, so it gives several poses, each
with a weight and a spread for every joint (as Li and Lee, Generating Multiple Hypotheses for 3D Human Pose Estimation
with Mixture Density Network, CVPR 2019): the first is the middle of what is possible, the others share it among them.

Inside, joints' rotations are those against the camera that looks straight at the person (`features.view_frame`), not
against the parents': what a limb looks like depends on where it points, whatever it hangs on.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from chatpose.body.kinematics import world_to_local
from chatpose.body.rotations import matrix_to_6d, rotation_6d_to_matrix
from chatpose.body.skeleton import SMPL
from chatpose.perception.features import WIDTH, FeatureRows, PersonFeatures, Sightings, features, mirrored_values
from chatpose.perception.photo_camera import level_to_photo
from chatpose.pretrained import PretrainedConfig, PretrainedModule
from chatpose.resources import asset

JOINTS = len(SMPL)
MIRROR = list(SMPL.mirror_index)
SPREAD_M = (0.005, 0.6)
SPREAD_RAD = (0.02, 2.0)
SPREAD_TILT_RAD = (0.01, 0.6)

ComponentRotations = Float[Tensor, "batch components 24 3 3"]
ComponentJoints = Float[Tensor, "batch components 24 3"]
ComponentValues = Float[Tensor, "batch components 24"]


@dataclass(frozen=True)
class LifterConfig(PretrainedConfig):
    """Shape of the network.

    Attributes:
        inputs: numbers of `features.features`.
        width: of the residual stream.
        depth: residual blocks.
        components: poses in the mixture.
        narrow: numbers that a component's pose is read from.
    """

    KIND: ClassVar[str] = "lifter"
    inputs: int = WIDTH
    width: int = 544
    depth: int = 2
    components: int = 6
    narrow: int = 96

    def __post_init__(self) -> None:
        for name, most in (("inputs", 4096), ("width", 4096), ("depth", 32), ("components", 64), ("narrow", 4096)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be 1 to {most}")


class Mixture(NamedTuple):
    """What the network says, in the view frame.

    Attributes:
        log_weights: (N, K), their exponentials sum to 1: how near each is likely to be beside the others.
        rotations: (N, K, 24, 3, 3) of the joints against the view frame.
        spread_m: (N, K, 24) scale b of the Laplace density exp(-|r| / b) / (8 π b³) of joint positions about the
            truth, pelvis on pelvis, metres.
        spread_rad: (N, K, 24) the same of the joints' local rotations (the pelvis' against the view frame), radians.
        up: (N, 3) unit, against gravity.
        tilt_spread: (N, 2) Laplace scales of the angles of `up` about the view's x and z axes, radians.
    """

    log_weights: Float[Tensor, "batch components"]
    rotations: ComponentRotations
    spread_m: ComponentValues
    spread_rad: ComponentValues
    up: Float[Tensor, "batch 3"]
    tilt_spread: Float[Tensor, "batch 2"]

    def sorted(self) -> "Mixture":
        """Components by falling weight."""
        order = self.log_weights.argsort(-1, descending=True)
        rows = torch.arange(len(order), device=order.device)[:, None]
        return self._replace(
            log_weights=self.log_weights[rows, order],
            rotations=self.rotations[rows, order],
            spread_m=self.spread_m[rows, order],
            spread_rad=self.spread_rad[rows, order],
        )

    def with_mirrored_middle(self, other: "Mixture") -> "Mixture":
        """Its first component and `up` as the mean of themselves and those of the mirrored photo, turned back."""
        flip = self.up.new_tensor([-1.0, 1.0, 1.0])
        mirrored = other.rotations[:, 0, MIRROR] * (flip[:, None] * flip)
        middle = rotation_6d_to_matrix(matrix_to_6d(self.rotations[:, 0] + mirrored))
        first = torch.arange(self.log_weights.shape[1], device=self.up.device) == 0
        spread_m, spread_rad = (
            torch.where(first[:, None], (own + theirs[:, :, MIRROR]) / 2, own)
            for own, theirs in ((self.spread_m, other.spread_m), (self.spread_rad, other.spread_rad))
        )
        return self._replace(
            rotations=torch.cat([middle[:, None], self.rotations[:, 1:]], dim=1),
            spread_m=spread_m,
            spread_rad=spread_rad,
            up=nn.functional.normalize(self.up + other.up * flip, dim=-1),
        )


class Hypotheses(NamedTuple):
    """Poses in the level frame, the likeliest first.

    Attributes:
        weights: (N, K) sum to 1.
        rotations: (N, K, 24, 3, 3) local, the pelvis' in the level frame of `PhotoCamera`.
        spread_m: (N, K, 24) expected distance of a joint from its true place, pelvis on pelvis, metres.
        spread_rad: (N, K, 24) expected angle of a local rotation from the true one, radians.
        pitch_deg: (N,) of the camera.
        roll_deg: (N,).
        pitch_spread_deg: (N,) expected error.
        roll_spread_deg: (N,).
        photo_from_view: (N, 3, 3) as `PersonFeatures`.
        size: (N,) as `PersonFeatures`.
    """

    weights: Tensor
    rotations: ComponentRotations
    spread_m: ComponentValues
    spread_rad: ComponentValues
    pitch_deg: Tensor
    roll_deg: Tensor
    pitch_spread_deg: Tensor
    roll_spread_deg: Tensor
    photo_from_view: Tensor
    size: Tensor


class Lifter(PretrainedModule[LifterConfig]):
    """The network. `hypotheses` is what others use; the rest is for training."""

    config_type = LifterConfig
    stored_dtype = torch.float16
    max_tensor_bytes = 3_600_000
    mean: Tensor
    spread: Tensor

    def __init__(self, config: LifterConfig) -> None:
        super().__init__(config)
        self.register_buffer("mean", torch.zeros(config.inputs))
        self.register_buffer("spread", torch.ones(config.inputs))
        self.start = nn.Linear(config.inputs, config.width)
        self.blocks = nn.ModuleList(_Block(config.width) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.common = nn.Linear(config.width, JOINTS * 6 + 3 + 2)
        self.apart = nn.Linear(config.width, config.components * config.narrow)
        self.pose = nn.Linear(config.narrow, JOINTS * (6 + 2) + 1)

    @classmethod
    def load(cls) -> Self:
        """The lifter that ships with chatpose (card in data/models/lifter/README.md)."""
        return cls.from_pretrained(asset("data", "models", "lifter"))

    def forward(self, values: FeatureRows) -> Mixture:
        """The mixture for rows of `features`."""
        count, config = len(values), self.config
        stream = self.start(((values - self.mean) / self.spread).clamp(-5, 5))
        for block in self.blocks:
            stream = block(stream)
        stream = self.norm(stream)
        base, up, tilt = self.common(stream).float().split((JOINTS * 6, 3, 2), dim=-1)
        apart = self.apart(stream).unflatten(-1, (config.components, config.narrow))
        turns, metres, radians, weights = (
            self.pose(nn.functional.gelu(apart)).float().split((JOINTS * 6, JOINTS, JOINTS, 1), dim=-1)
        )
        rest = matrix_to_6d(torch.eye(3)).to(base).repeat(JOINTS)
        turns = torch.cat([torch.zeros_like(turns[:, :1]), turns[:, 1:]], dim=1)  # the first one is the middle
        rotations = rotation_6d_to_matrix((base[:, None] + turns + rest).unflatten(-1, (JOINTS, 6)))
        return Mixture(
            weights.squeeze(-1).log_softmax(-1),
            rotations.view(count, config.components, JOINTS, 3, 3),
            _between(metres, SPREAD_M),
            _between(radians, SPREAD_RAD),
            nn.functional.normalize(up + up.new_tensor([0.0, 1.0, 0.0]), dim=-1),
            _between(tilt, SPREAD_TILT_RAD),
        )

    @torch.no_grad()
    def hypotheses(self, seen: Sightings | PersonFeatures, count: int | None = None) -> Hypotheses:
        """The poses that N sightings may come from.

        Args:
            seen: of people, or their features.
            count: how many poses each, at most as many as the mixture has; all when absent.
        """
        row = features(seen) if isinstance(seen, Sightings) else seen
        # The mean over both sides is about one per cent nearer to the truth, and mirrors as the photo does.
        mixture = self(row.values).with_mirrored_middle(self(mirrored_values(row.values))).sorted()
        kept = slice(0, count or self.config.components)
        up_photo = (row.photo_from_view @ mixture.up[..., None]).squeeze(-1)
        pitch, roll = tilt_of(up_photo)
        level_from_view = level_to_photo(pitch, roll).mT @ row.photo_from_view
        # Means of the densities: |r| of exp(-|r| / b) in three dimensions is 3 b on average, in one it is b.
        tilt_deg = mixture.tilt_spread.rad2deg()
        return Hypotheses(
            mixture.log_weights[:, kept].softmax(-1),
            local_rotations(mixture.rotations[:, kept], level_from_view[:, None]),
            3 * mixture.spread_m[:, kept],
            3 * mixture.spread_rad[:, kept],
            pitch.rad2deg(),
            roll.rad2deg(),
            tilt_deg[:, 0],
            tilt_deg[:, 1],
            row.photo_from_view,
            row.size,
        )


def joint_positions(rotations: ComponentRotations, offsets: Float[Tensor, "24 3"]) -> ComponentJoints:
    """Joints from their rotations against the same frame, the pelvis at 0.

    Args:
        rotations: (..., 24, 3, 3).
        offsets: from the parent in the parent's frame, metres; the pelvis' doesn't count.
    """
    parents, chain = _tree(rotations.device)
    bones = (rotations[..., parents, :, :] @ offsets[..., None]).squeeze(-1)
    return chain.to(bones) @ bones


def local_rotations(rotations: Tensor, level_from_view: Tensor) -> Tensor:
    """Rotations relative to the parents from those against the view frame; the pelvis' in the level frame.

    Args:
        rotations: (..., 24, 3, 3).
        level_from_view: (..., 3, 3).
    """
    local = world_to_local(rotations)
    return torch.cat([level_from_view[..., None, :, :] @ local[..., :1, :, :], local[..., 1:, :, :]], dim=-3)


def tilt_of(up_photo: Tensor) -> tuple[Tensor, Tensor]:
    """Pitch and roll, (...,) radians, of a camera in whose photo frame gravity points away from `up_photo` (..., 3)."""
    right, up, back = up_photo.unbind(-1)
    return torch.atan2(back, torch.hypot(right, up)), torch.atan2(right, up)


@lru_cache(maxsize=4)
def _tree(device: torch.device) -> tuple[Tensor, Tensor]:
    """Each joint's parent, and (24, 24) which bones lead from the pelvis to a joint."""
    parents = torch.tensor([max(parent, 0) for parent in SMPL.parents])
    chain = torch.zeros(JOINTS, JOINTS)
    for joint in range(1, JOINTS):
        chain[joint] = chain[SMPL.parents[joint]]
        chain[joint, joint] = 1
    return parents.to(device), chain.to(device)


def _between(logits: Tensor, ends: tuple[float, float]) -> Tensor:
    """Numbers between two ends, the geometric middle at 0."""
    low, high = (math.log(end) for end in ends)
    return (low + (high - low) * torch.sigmoid(logits)).exp()


class _Block(nn.Module):
    """x + W₂ gelu(W₁ norm(x))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.wide = nn.Linear(width, width)
        self.narrow = nn.Linear(width, width)
        with torch.no_grad():
            self.narrow.weight.mul_(0.3)

    def forward(self, stream: Tensor) -> Tensor:
        return stream + self.narrow(nn.functional.gelu(self.wide(self.norm(stream))))
