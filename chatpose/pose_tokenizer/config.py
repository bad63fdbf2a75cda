"""Settings of the pose tokenizer: parts, stages, the points whose motion counts, and the named levels.

The body is cut into six parts. A right limb is the mirror image of a left one and shares its codebook, so four
codebooks serve six parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chatpose.body.skeleton import SMPL, swap_side
from chatpose.errors import unknown_name
from chatpose.pretrained import PretrainedConfig

ROOT = "root"
PARTS: tuple[str, ...] = (ROOT, "torso", "left_arm", "right_arm", "left_leg", "right_leg")
"""In the order of the tokens."""

BOOKS: tuple[str, ...] = (ROOT, "torso", "arm", "leg")
"""Codebooks; those of `SYMMETRIC` are closed under mirroring, the others are of the left limb."""
SYMMETRIC: tuple[str, ...] = (ROOT, "torso")

BOOK_JOINTS: dict[str, tuple[str, ...]] = {
    "root": ("pelvis",),
    "torso": ("spine1", "spine2", "spine3", "neck", "head", "left_collar", "right_collar"),
    "arm": ("left_shoulder", "left_elbow", "left_wrist", "left_hand"),
    "leg": ("left_hip", "left_knee", "left_ankle", "left_foot"),
}


def book_of(part: str) -> str:
    """The codebook of a part: "arm" of "right_arm"."""
    return part.rpartition("_")[2]


def part_joints(part: str) -> tuple[str, ...]:
    """The joints of a part, root of the chain first."""
    names = BOOK_JOINTS[book_of(part)]
    return tuple(map(swap_side, names)) if part.startswith("right_") else names


def part_index(part: str) -> list[int]:
    """Where the joints of a part are in SMPL's order."""
    return [SMPL.index(name) for name in part_joints(part)]


@dataclass(frozen=True)
class TrackedPoint:
    """A point whose motion counts, beside the joints.

    Attributes:
        joint: that it hangs on; a left joint stands for both sides.
        offset_m: in the joint's frame.
        weight: against 1 of a joint's own position.
    """

    joint: str
    offset_m: tuple[float, float, float]
    weight: float


@dataclass(frozen=True)
class Stages:
    """How many tokens each codebook gets in a level."""

    root: int
    torso: int
    arm: int
    leg: int

    def of(self, part: str) -> int:
        """Tokens of a part or a codebook."""
        return {"root": self.root, "torso": self.torso, "arm": self.arm, "leg": self.leg}[book_of(part)]

    @property
    def tokens(self) -> int:
        """Tokens of a pose, the heading's not counted."""
        return self.root + self.torso + 2 * (self.arm + self.leg)

    def by_part(self) -> dict[str, int]:
        """Tokens by part."""
        return {part: self.of(part) for part in PARTS}


@dataclass(frozen=True)
class PoseTokenizerConfig(PretrainedConfig):
    """Settings of a pose tokenizer.

    Attributes:
        codes: in every stage of every part.
        stages: how many each codebook holds.
        levels: named prefixes of the stages, such as "coarse".
        heading_bins: of the whole turn; bin 0 faces +z and bins go towards the body's left.
        points: what is to stay in place beside the 24 joints: face, palms, soles.
        rotation_floor_m: lever that every rotation counts with at least, so that no joint is free.
        involution: which code is a code's mirror image in the symmetric codebooks: its neighbour, 2i and 2i + 1.
        seed: of the training.
    """

    KIND: ClassVar[str] = "pose_tokenizer"
    codes: int
    stages: Stages
    levels: dict[str, Stages]
    heading_bins: int
    points: tuple[TrackedPoint, ...]
    rotation_floor_m: float
    involution: str
    seed: int

    def __post_init__(self) -> None:
        if not 2 <= self.codes <= 65536 or self.codes % 2:
            raise ValueError("codes must be even, 2 to 65536")
        if self.heading_bins % 2 or not 2 <= self.heading_bins <= 65536:
            raise ValueError("heading_bins must be even, 2 to 65536")
        if self.involution != "neighbour":
            raise ValueError("involution must be 'neighbour'")
        for name, level in {"stages": self.stages, **self.levels}.items():
            if any(not 1 <= level.of(book) <= self.stages.of(book) for book in BOOKS) or self.stages.tokens > 256:
                raise ValueError(f"{name} doesn't fit the stages of the codebooks")
        for point in self.points:
            SMPL.index(point.joint)

    def level(self, name: str) -> Stages:
        """A named level.

        Raises:
            UnknownNameError: no such level.
        """
        if name not in self.levels:
            raise unknown_name("level", name, self.levels)
        return self.levels[name]

    def mirrored_code(self, code: int) -> int:
        """The mirror image of a code of a symmetric codebook."""
        return code ^ 1


# Points in the frames of SMPL's joints at rest (a T-pose facing +z): where the head, a hand and a foot look.
_POINTS: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    "head": ((0.0, 0.05, 0.12), (0.0, 0.18, 0.0), (0.09, 0.06, 0.0), (-0.09, 0.06, 0.0)),
    "left_wrist": ((0.06, -0.1, 0.0), (0.06, 0.0, 0.1), (0.06, 0.0, -0.1)),
    "left_hand": ((0.09, 0.0, 0.0), (0.0, -0.06, 0.0)),
    "left_ankle": ((0.0, -0.06, -0.08), (0.09, -0.06, 0.06), (-0.09, -0.06, 0.06)),
    "left_foot": ((0.0, 0.0, 0.08), (0.05, 0.0, 0.0)),
}

POINT_WEIGHTS: Mapping[str, float] = {
    "head": 3.3,
    "left_wrist": 0.8,
    "left_hand": 0.1,
    "left_ankle": 0.45,
    "left_foot": 0.1,
}


def tracked_points(weights: Mapping[str, float] = POINT_WEIGHTS) -> tuple[TrackedPoint, ...]:
    """Points of the face, the palms and the soles with their weights."""
    return tuple(TrackedPoint(joint, at, weights[joint]) for joint, several in _POINTS.items() for at in several)
