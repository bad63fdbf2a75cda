"""`FitConfig`: what an error of the fit is worth."""

from dataclasses import dataclass, field
from math import pi

import torch
from torch import Tensor

from chatpose.body.skeleton import swap_side
from chatpose.perception.landmarks import NAMES

IMAGE_M: dict[str, float] = {
    "nose": 0.04, "left_eye_inner": 0.06, "left_eye": 0.05, "left_eye_outer": 0.06, "left_ear": 0.04,
    "left_mouth": 0.05, "left_shoulder": 0.048, "left_elbow": 0.048, "left_wrist": 0.034, "left_pinky": 0.05,
    "left_index": 0.05, "left_thumb": 0.05, "left_hip": 0.048, "left_knee": 0.05, "left_ankle": 0.043,
    "left_heel": 0.054, "left_foot_index": 0.066,
}  # fmt: skip
"""1.4 times what `chatpose.train.fit_tables` measured on 2,045 rendered people of the training split; more where
several points tell of one thing (face, hand)."""
DEPTH_M: dict[str, float] = {
    "nose": 0.4, "left_eye_inner": 0.6, "left_eye": 0.6, "left_eye_outer": 0.6, "left_ear": 0.4, "left_mouth": 0.6,
    "left_shoulder": 0.23, "left_elbow": 0.28, "left_wrist": 0.38, "left_pinky": 0.6, "left_index": 0.6,
    "left_thumb": 0.6, "left_hip": 0.15, "left_knee": 0.25, "left_ankle": 0.34, "left_heel": 0.5,
    "left_foot_index": 0.5,
}  # fmt: skip
"""Twice what was measured there; more for face, hands and feet. The lifter has looked at these depths already."""
SHIFT_M: dict[str, tuple[float, float, float]] = {
    "nose": (0.0, 0.022, -0.023), "left_eye_inner": (-0.001, 0.007, -0.019), "left_eye": (-0.006, 0.007, -0.023),
    "left_eye_outer": (-0.011, 0.006, -0.027), "left_ear": (-0.037, -0.007, 0.037),
    "left_mouth": (-0.009, 0.02, -0.016), "left_shoulder": (-0.003, 0.001, 0.016), "left_elbow": (0.006, 0.005, 0.012),
    "left_wrist": (0.02, -0.005, -0.001), "left_pinky": (0.013, -0.005, 0.029), "left_index": (-0.008, -0.012, 0.004),
    "left_thumb": (0.008, 0.009, -0.029), "left_hip": (0.014, 0.008, 0.026), "left_knee": (0.002, -0.008, -0.007),
    "left_ankle": (0.003, 0.021, 0.017), "left_heel": (0.001, 0.03, 0.023), "left_foot_index": (0.001, -0.001, -0.05),
}  # fmt: skip
"""Where BlazePose sees its points on the open body, against `chatpose.body.keypoints`; measured there."""


@dataclass(frozen=True)
class FitConfig:
    """Standard deviations, and what stands in for them. Landmarks go by the names of their left side.

    Attributes:
        image_m: of a landmark across the line of sight, metres at the person's distance.
        depth_m: of a landmark's own depth along the line of sight, metres; the landmarks' common depth doesn't count.
        depth_gain: what landmarks' own depths are multiplied with; an estimator that is unsure tells too little.
        shift_m: what is added to the places of landmarks on the body, in the frame of their joint; the right side
            mirrored. Empty where the body's own are right.
        hidden_below: visibility from which on a landmark counts; it counts in full from `seen_above` on.
        seen_above: see there.
        outlier: errors of so many standard deviations lose their pull (Geman and McClure 1985).
        first_outlier: the same in the first steps, which start far off; it shrinks to `outlier`.
        stay: factor of the lifter's spread of turns within which a hypothesis is kept.
        hold: the same of its spread of places.
        least_spread_rad: spreads below this are taken as this, expected angles.
        least_spread_m: the same of expected distances.
        unknown_spread_rad: where the lifter tells no spread.
        prior: weight of the pose prior's negative log density.
        extreme_rad: beyond the range of dancers and gymnasts.
        ordinary_rad: beyond the range of healthy adults.
        ground_m: of the heights of parts that rest on one floor.
        rests_m: parts so much above the lowest one still count half as resting.
        most_steps: of the solver.
        enough: a hypothesis has settled when a step takes less than this share off its cost.
    """

    image_m: dict[str, float] = field(default_factory=lambda: dict(IMAGE_M))
    depth_m: dict[str, float] = field(default_factory=lambda: dict(DEPTH_M))
    shift_m: dict[str, tuple[float, float, float]] = field(default_factory=lambda: dict(SHIFT_M))
    depth_gain: float = 1.1
    hidden_below: float = 0.2
    seen_above: float = 0.7
    outlier: float = 1.8
    first_outlier: float = 8.0
    stay: float = 1.0
    hold: float = 3.0
    least_spread_rad: float = 0.08
    least_spread_m: float = 0.01
    unknown_spread_rad: float = 0.45
    prior: float = 0.25
    extreme_rad: float = 0.03
    ordinary_rad: float = 0.3
    ground_m: float = 0.06
    rests_m: float = 0.06
    most_steps: int = 15
    enough: float = 5e-3

    def __post_init__(self) -> None:
        left = {name for name in NAMES if not name.startswith("right_")}
        for name in ("image_m", "depth_m"):
            table = getattr(self, name)
            if set(table) != left or min(table.values()) <= 0:
                raise ValueError(f"{name} must hold a positive number for each of {', '.join(sorted(left))}")
        if unknown := set(self.shift_m) - left:
            raise ValueError(f"shift_m holds {', '.join(sorted(unknown))}, which are no landmarks of the left side")
        if not 0 <= self.hidden_below < self.seen_above <= 1:
            raise ValueError("hidden_below must be less than seen_above, both 0 to 1")


EXPECTED = 2 * (2 / pi) ** 0.5
"""Expected length of a vector in space whose three parts have a standard deviation of 1 (Maxwell's distribution)."""


def by_landmark(table: dict[str, float]) -> Tensor:
    """(33,) a value of each landmark from a table of the left side."""
    return torch.tensor([table[_left(name)] for name in NAMES])


def shifts(table: dict[str, tuple[float, float, float]]) -> Tensor:
    """(33, 3) metres in the frame of each landmark's joint."""
    rows = []
    for name in NAMES:
        x, y, z = table.get(_left(name), (0.0, 0.0, 0.0))
        rows.append([-x if name.startswith("right_") else x, y, z])
    return torch.tensor(rows)


def _left(name: str) -> str:
    return swap_side(name) if name.startswith("right_") else name
