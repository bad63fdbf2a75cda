"""`PosePrior`: how usual a body pose is, as an energy that solvers add to what they want of a pose.

Mixtures of Gaussians fitted to motion capture, as in Bogo et al., Keep it SMPL (SMPLify), ECCV 2016; here one mixture
each for trunk, arms and legs, which costs nothing on people who weren't trained on and lets an unseen pose be made
of usual parts. A pose and its mirror image have the same energy. Heading, place and body shape don't count.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from chatpose.body.rotations import matrix_to_quaternion
from chatpose.body.skeleton import SMPL, swap_side
from chatpose.errors import InvalidPoseError
from chatpose.pretrained import Pretrained, PretrainedConfig, TensorSpec
from chatpose.resources import asset
from chatpose.shapes import Angle, PoseFeatures, Rotations24

UP = "up"
"""Stands for the world's up seen from the pelvis: how the body is tilted, without where it faces."""

FEATURE_NAMES: tuple[str, ...] = (*SMPL.joint_names[1:], UP)
"""What the 24 rows of `pose_features` belong to."""

_NEAR_HALF_TURN = 0.01  # 1 + trace there: beyond 174°, where the skew part of a rotation matrix fades


def pose_features(local_rotations: Rotations24) -> PoseFeatures:
    """What the prior looks at: 24 rows of three numbers, (*batch, 24, 3), in the order of `FEATURE_NAMES`.

    A joint's row is 2 sin(θ/2) times its axis, twice the vector part of the quaternion: near the rotation vector, and
    made without trigonometry. The last row is the up direction in the pelvis' frame. Differentiable but for joints
    turned by exactly π, where the axis has no sign.
    """
    entries = local_rotations[..., 1:, :, :].flatten(-2) @ _skew_and_trace(
        local_rotations.dtype, local_rotations.device
    )
    skew, squared = entries[..., :3], 1 + entries[..., 3:]  # 4 w v and 4 w² of the quaternion (w, v)
    turn = skew * squared.clamp_min(_NEAR_HALF_TURN).rsqrt()
    near = squared < _NEAR_HALF_TURN
    if bool(near.any()):
        turn = torch.where(near, 2 * matrix_to_quaternion(local_rotations[..., 1:, :, :])[..., 1:], turn)
    return torch.cat([turn, local_rotations[..., :1, 1, :]], dim=-2)


@dataclass(frozen=True)
class PosePriorConfig(PretrainedConfig):
    """Settings of a prior.

    Attributes:
        parts: names of `FEATURE_NAMES` that are judged together; equally many in each part, every name once, and with
            each name the same on the other side.
        components: pairs of mirrored Gaussians in each part's mixture.
        typical_nats: negative log density of a typical real pose, the zero of the energy.
    """

    KIND: ClassVar[str] = "pose_prior"
    parts: tuple[tuple[str, ...], ...]
    components: int
    typical_nats: float

    def __post_init__(self) -> None:
        names = [name for part in self.parts for name in part]
        if sorted(names) != sorted(FEATURE_NAMES) or len({len(part) for part in self.parts}) != 1:
            raise ValueError(f"parts must hold each of {', '.join(FEATURE_NAMES)} once, equally many each")
        if any({swap_side(name) for name in part} != set(part) for part in self.parts):
            raise ValueError("a part must hold both sides or neither")
        if not 1 <= self.components <= 1024:
            raise ValueError("components must be 1 to 1024")

    @property
    def width(self) -> int:
        """Numbers in a part."""
        return 3 * len(self.parts[0])


class _Mixture(NamedTuple):
    """The mixtures ready for use, P parts of M components of D numbers."""

    whitening: Tensor  # (P, D, M * D), the transposed inverse Cholesky factors side by side
    shift: Tensor  # (P, 1, M * D), the whitened means
    constants: Tensor  # (P, 1, M)
    places: Tensor  # (2 * 24,) rows of the features, part after part; then those of the mirrored pose
    signs: Tensor  # (2 * 24, 3)


class Nearest(NamedTuple):
    """Poses against the Gaussian that each part is nearest to, for solvers of least squares.

    Attributes:
        nats: (N,) negative log density of those alone, at least `PosePrior.nats`.
        errors: (N, 72) whitened distances; half their squares are `nats` but for what depends on the choice alone.
        slopes: (N, 72, 24, 3) of the errors by the numbers of `pose_features`.
    """

    nats: Tensor
    errors: Tensor
    slopes: Tensor


class PosePrior(Pretrained[PosePriorConfig]):
    """How usual body poses are. Immutable; load it once and keep it."""

    config_type = PosePriorConfig
    max_tensor_bytes = 2**22

    def __init__(self, config: PosePriorConfig, tensors: Mapping[str, Tensor]) -> None:
        """From tensors as `tensor_specs` has them; `load` gives the one that ships."""
        self.config = config
        self._tensors = dict(tensors)
        self._ready: dict[tuple[torch.dtype, torch.device], _Mixture] = {}

    @classmethod
    def load(cls) -> Self:
        """The prior that ships with chatpose (card in data/body/pose_prior/README.md)."""
        return cls.from_pretrained(asset("data", "body", "pose_prior"))

    @classmethod
    def tensor_specs(cls, config: PosePriorConfig) -> dict[str, TensorSpec]:
        """Weights, means and packed rows of the inverse Cholesky factors of the covariances."""
        parts, count, width = len(config.parts), config.components, config.width
        return {
            "log_weights": TensorSpec((parts, count)),
            "means": TensorSpec((parts, count, width), torch.float16),
            "whitening": TensorSpec((parts, count, width * (width + 1) // 2), torch.float16),
        }

    @classmethod
    def from_tensors(cls, config: PosePriorConfig, tensors: Mapping[str, Tensor]) -> Self:
        """The prior from checked tensors."""
        return cls(config, tensors)

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors as they are stored."""
        return self._tensors

    def energy(self, local_rotations: Rotations24) -> Angle:
        """Negative log density over the 72 numbers of `pose_features`, per number and above that of a typical pose.

        About 0 for what people do, growing as the square of the distance from it. Differentiable; NaN in one pose
        stays in that pose. Takes about 20 kB of memory a pose.

        Args:
            local_rotations: (*batch, 24, 3, 3) relative to the parent, the pelvis' first, as `Pose.local_rotations`.

        Returns:
            (*batch) energies.

        Raises:
            InvalidPoseError: another shape.
        """
        if local_rotations.shape[-3:] != (len(SMPL), 3, 3):
            raise InvalidPoseError(
                f"rotations have shape {tuple(local_rotations.shape)}", expected="(…, 24, 3, 3), the pelvis first"
            )
        return (self.nats(local_rotations) - self.config.typical_nats) / (3 * len(FEATURE_NAMES))

    def nats(self, local_rotations: Rotations24) -> Angle:
        """Negative log density in the space of `pose_features`, (*batch); `energy` without shift and scale."""
        mixture = self._mixture(local_rotations.dtype, local_rotations.device)
        parts, count, width = len(self.config.parts), self.config.components, self.config.width
        features = pose_features(local_rotations).reshape(-1, len(FEATURE_NAMES), 3)
        poses = len(features)
        both = features.index_select(-2, mixture.places) * mixture.signs
        rows = both.reshape(poses * 2, parts, width).transpose(0, 1)
        whitened = torch.baddbmm(mixture.shift, rows, mixture.whitening, beta=-1)
        squared = whitened.reshape(parts, poses, 2, count, width).square().sum(-1)
        density = torch.logsumexp(mixture.constants[..., None, :] - squared / 2, dim=-1)
        # Half of each image: exchanging the two leaves the sum as it is, to the last bit.
        either = torch.logaddexp(density[..., 0], density[..., 1]) - math.log(2)
        return -either.sum(0).reshape(local_rotations.shape[:-3])

    def nearest(self, local_rotations: Rotations24) -> Nearest:
        """The mixtures' strongest components, as Bogo et al. (SMPLify) put a mixture into least squares.

        Args:
            local_rotations: (N, 24, 3, 3).
        """
        mixture = self._mixture(local_rotations.dtype, local_rotations.device)
        parts, count, width = len(self.config.parts), self.config.components, self.config.width
        poses, names = len(local_rotations), len(FEATURE_NAMES)
        both = pose_features(local_rotations).index_select(-2, mixture.places) * mixture.signs
        rows = both.reshape(poses * 2, parts, width).transpose(0, 1)
        whitened = torch.baddbmm(mixture.shift, rows, mixture.whitening, beta=-1)
        # Both images of a pose side by side: component c of the pose itself is c, of its mirror image `count` + c.
        whitened = whitened.reshape(parts, poses, 2 * count, width)
        density = mixture.constants.repeat(1, 1, 2) - whitened.square().sum(-1) / 2  # (P, N, 2 M)
        best, chosen = density.max(-1)
        errors = whitened.gather(2, chosen[..., None, None].expand(-1, -1, 1, width))[:, :, 0]  # (P, N, D)
        factors = mixture.whitening.unflatten(-1, (count, width)).transpose(1, 2)  # (P, M, D numbers, D errors)
        factors = factors[torch.arange(parts)[:, None], chosen % count].transpose(-1, -2)  # (P, N, D errors, D numbers)
        image = (chosen >= count).T.long()  # (N, P)
        places = mixture.places.reshape(2, parts, -1)[image, torch.arange(parts)]  # (N, P, names of the part)
        signs = mixture.signs.reshape(2, parts, -1, 3)[image, torch.arange(parts)]
        slopes = factors.new_zeros(poses, parts, width, names, 3)
        own = factors.transpose(0, 1).unflatten(-1, (-1, 3)) * signs[:, :, None]
        slopes.scatter_(3, places[:, :, None, :, None].expand_as(own), own)
        flat = errors.transpose(0, 1).flatten(1), slopes.flatten(1, 2)
        return Nearest(parts * math.log(2) - best.sum(0), *flat)

    def _mixture(self, dtype: torch.dtype, device: torch.device) -> _Mixture:
        key = (dtype, device)
        if key not in self._ready:
            self._ready[key] = _Mixture(
                *(tensor.to(device, dtype if tensor.is_floating_point() else None) for tensor in self._unpacked())
            )
        return self._ready[key]

    def _unpacked(self) -> _Mixture:
        width = self.config.width
        row, column = torch.tril_indices(width, width)
        packed = self._tensors["whitening"].double()
        factors = packed.new_zeros((*packed.shape[:-1], width, width))
        factors[..., row, column] = packed
        shift = (factors @ self._tensors["means"].double()[..., None]).flatten(1)[:, None]
        volume = factors.diagonal(dim1=-2, dim2=-1).abs().log().sum(-1)
        constants = self._tensors["log_weights"].double() + volume - width / 2 * math.log(2 * math.pi)
        side_by_side = factors.permute(0, 3, 1, 2).flatten(2)
        return _Mixture(side_by_side, shift, constants[:, None], *part_rows(self.config.parts))


def part_rows(parts: tuple[tuple[str, ...], ...]) -> tuple[Tensor, Tensor]:
    """Which rows of `pose_features` make up the parts, and those of the mirrored pose with their signs.

    Returns:
        (2 * 24,) rows, first of the pose, then of its mirror image; (2 * 24, 3) what to multiply them with.
    """
    names = [name for part in parts for name in part]
    own = [FEATURE_NAMES.index(name) for name in names]
    other = [FEATURE_NAMES.index(swap_side(name)) for name in names]
    # Axes of rotation are axial vectors: mirroring x turns their y and z round. Up is a plain one.
    flips = [[-1.0, 1.0, 1.0] if name == UP else [1.0, -1.0, -1.0] for name in names]
    return torch.tensor(own + other), torch.tensor([[1.0, 1.0, 1.0]] * len(names) + flips)


@lru_cache(maxsize=8)
def _skew_and_trace(dtype: torch.dtype, device: torch.device) -> Tensor:
    """(9, 4): from the entries of a matrix to (m21 - m12, m02 - m20, m10 - m01) and the trace."""
    table = torch.zeros(9, 4, dtype=dtype)
    table[[7, 2, 3], [0, 1, 2]], table[[5, 6, 1], [0, 1, 2]], table[[0, 4, 8], 3] = 1, -1, 1
    return table.to(device)
