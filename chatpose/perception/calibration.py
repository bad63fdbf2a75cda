"""`JointCalibration`: from what is known of an estimated joint to how far off it is, and how likely it is right.

As POCO (Dwivedi et al., 3DV 2024) has it, confidence is trained to follow the error. Two regressions for each kind of
joint, alike for left and right: the logarithm of the error is linear in the features, and so is the log-odds of lying
within `CLOSE_M`. Both are fitted on estimates whose truth is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError
from chatpose.perception.person import CLOSE_M
from chatpose.perception.regressions import log_linear, logistic, standardised
from chatpose.pretrained import Pretrained, PretrainedConfig, TensorSpec

FEATURE_NAMES: tuple[str, ...] = (
    "log spread after the fit", "log spread of the lifter", "log disagreement", "hidden", "blurred", "outside",
    "log landmark error", "log depth error", "log residual",
)  # fmt: skip
"""What is known of a joint, see `confidence.joint_features`."""

GROUPS: tuple[str, ...] = (
    "hip", "spine1", "spine2", "spine3", "neck", "head", "collar", "shoulder", "elbow", "wrist", "hand", "knee",
    "ankle", "foot",
)  # fmt: skip
"""Kinds of joints; the pelvis, which is laid on the true one, goes with the hips."""


def joint_groups() -> Tensor:
    """(24,) place of each joint in `GROUPS`."""
    bare = [name.removeprefix("left_").removeprefix("right_") for name in SMPL.joint_names]
    return torch.tensor([GROUPS.index("hip" if name == "pelvis" else name) for name in bare])


@dataclass(frozen=True)
class JointCalibrationConfig(PretrainedConfig):
    """Settings.

    Attributes:
        features: names, in order.
        groups: kinds of joints, in order.
        close_m: what counts as right.
        least_chance: joints that are right less likely than this are not spoken of.
    """

    KIND: ClassVar[str] = "joint_calibration"
    features: tuple[str, ...] = FEATURE_NAMES
    groups: tuple[str, ...] = GROUPS
    close_m: float = CLOSE_M
    least_chance: float = 0.5

    def __post_init__(self) -> None:
        if self.features != FEATURE_NAMES or self.groups != GROUPS:
            raise ValueError("made for other features or joints than this version of chatpose has")
        if not 0 <= self.least_chance <= 1 or not self.close_m > 0:
            raise ValueError("least_chance must be 0 to 1 and close_m positive")


class JointTrust(NamedTuple):
    """What a calibration says: `error_m` (*batch, 24) expected metres, `chance` (*batch, 24) of lying close."""

    error_m: Tensor
    chance: Tensor


class JointCalibration(Pretrained[JointCalibrationConfig]):
    """The regressions. Immutable."""

    config_type = JointCalibrationConfig
    max_tensor_bytes = 2**18

    def __init__(self, config: JointCalibrationConfig, tensors: Mapping[str, Tensor]) -> None:
        """From tensors as `tensor_specs` has them; `fit_calibration` makes them."""
        self.config = config
        self._tensors = dict(tensors)

    @classmethod
    def tensor_specs(cls, config: JointCalibrationConfig) -> dict[str, TensorSpec]:
        """Centre and scale of the features; for each group coefficients with the constant last."""
        groups, count = len(config.groups), len(config.features)
        return {
            "centre": TensorSpec((count,)),
            "scale": TensorSpec((count,)),
            "error": TensorSpec((groups, count + 1)),
            "chance": TensorSpec((groups, count + 1)),
        }

    @classmethod
    def from_tensors(cls, config: JointCalibrationConfig, tensors: Mapping[str, Tensor]) -> Self:
        """From checked tensors."""
        return cls(config, tensors)

    def tensors(self) -> Mapping[str, Tensor]:
        """The tensors as they are stored."""
        return self._tensors

    @classmethod
    def untrained(cls) -> Self:
        """By the spread after the fit alone, as if it were the truth: where nothing has been measured yet."""
        count, groups = len(FEATURE_NAMES), len(GROUPS)
        error, chance = torch.zeros(groups, count + 1), torch.zeros(groups, count + 1)
        # A place that is off by N(0, s²/3) along each axis is off by 0.92 s in the mean and 0.89 s in the median.
        error[:, 0], error[:, -1] = 1.0, torch.log(torch.tensor(0.92))
        chance[:, 0], chance[:, -1] = -4.0, 4.0 * torch.log(torch.tensor(CLOSE_M / 0.89))
        tensors = {"centre": torch.zeros(count), "scale": torch.ones(count), "error": error, "chance": chance}
        return cls(JointCalibrationConfig(), tensors)

    def trust(self, features: Tensor) -> JointTrust:
        """Expected errors and chances.

        Args:
            features: (*batch, 24, F) in the order of `FEATURE_NAMES`; beyond what has been seen they are cut off.

        Raises:
            InvalidPoseError: another shape.
        """
        if features.shape[-2:] != (len(SMPL), len(self.config.features)):
            raise InvalidPoseError(
                f"features have shape {tuple(features.shape)}", expected=f"(…, 24, {len(self.config.features)})"
            )
        rows = standardised(features, self._tensors["centre"], self._tensors["scale"])
        groups = joint_groups()
        error = (rows * self._tensors["error"][groups]).sum(-1).exp()
        odds = (rows * self._tensors["chance"][groups]).sum(-1)
        return JointTrust(error, torch.sigmoid(odds))


def fit_calibration(
    features: Tensor, errors_m: Tensor, *, least_chance: float = 0.5, ridge: float = 1.0
) -> JointCalibration:
    """Fits the regressions.

    Args:
        features: (N, 24, F) of estimates, as `confidence.joint_features` gives them.
        errors_m: (N, 24) metres, pelvis on pelvis; the pelvis' own don't count.
        least_chance: see `JointCalibrationConfig`.
        ridge: how strongly coefficients are kept small, in observations.

    Raises:
        InvalidPoseError: shapes that don't fit, fewer than two estimates, NaN or infinite numbers.
    """
    if errors_m.shape != features.shape[:2] or features.shape[1:] != (len(SMPL), len(FEATURE_NAMES)):
        raise InvalidPoseError(
            f"features {tuple(features.shape)} and errors {tuple(errors_m.shape)}",
            expected=f"(N, 24, {len(FEATURE_NAMES)}) and (N, 24)",
        )
    if len(features) < 2 or not bool(torch.isfinite(features).all() and torch.isfinite(errors_m).all()):
        raise InvalidPoseError("too few, NaN or infinite numbers to calibrate on")
    features, errors_m = features.double(), errors_m.double()
    flat = features[:, 1:].flatten(0, 1)
    centre, scale = flat.mean(0), flat.std(0).clamp_min(1e-3)
    rows = standardised(features, centre, scale)
    groups = joint_groups()
    error, chance = [], []
    for group in range(len(GROUPS)):
        joints = (groups == group).nonzero().flatten()
        joints = joints[joints > 0]
        own, off = rows[:, joints].flatten(0, 1), errors_m[:, joints].flatten()
        error.append(log_linear(own, off, ridge))
        chance.append(logistic(own, (off <= CLOSE_M).to(own), ridge))
    tensors = {"centre": centre, "scale": scale, "error": torch.stack(error), "chance": torch.stack(chance)}
    config = JointCalibrationConfig(least_chance=least_chance)
    return JointCalibration(config, {name: tensor.float() for name, tensor in tensors.items()})
