"""How far one guess about one person in a rendered scene is from the truth.

All places are compared in the photo frame, pelvis on pelvis, in metres of the true body, whatever shape was guessed.
Joints count where they are in the photo and nothing but the body itself is before them.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import angle_between
from chatpose.body.skeleton import LIMB_BONES, SMPL
from chatpose.evaluation.perception_scenes import HeldOutScene
from chatpose.perception.landmarks import NAMES
from chatpose.posecodes.check import check_of
from chatpose.posecodes.describe import Describer, Description
from chatpose.posecodes.extraction import METRES_PER_DEGREE
from chatpose.train.lifter_figures import aligned

HYPOTHESES = 5
"""The best is taken of that many."""
OTHER_BONES: tuple[tuple[str, str], ...] = (
    ("pelvis", "neck"),
    ("neck", "head"),
    *(
        (f"{side}_{start}", f"{side}_{end}")
        for side in ("left", "right")
        for start, end in (("ankle", "foot"), ("wrist", "hand"))
    ),
)
"""Trunk, head, feet and hands: directions beside those of the 8 limb bones."""
SHARED = tuple(name for name in SMPL.joint_names if name in NAMES)
"""Joints that BlazePose has too: hips, knees, ankles, shoulders, elbows, wrists."""
_SHARED = [SMPL.index(name) for name in SHARED]
_HIPS = [SMPL.index("left_hip"), SMPL.index("right_hip")]
_LIMBS, _OTHERS = (
    torch.tensor([[SMPL.index(end) for end in bone] for bone in bones]) for bones in (LIMB_BONES, OTHER_BONES)
)


class Claim(NamedTuple):
    """A statement made of a person.

    Attributes:
        statement: as text.
        family: kind of statement, as the posecode has it.
        holds: of the true pose.
        margin: by how much it holds of the guess, degrees; lengths are told in degrees, too (`METRES_PER_DEGREE`).
        true_margin: by how much it holds of the true pose; negative where it doesn't, NaN where that can't be told.
    """

    statement: str
    family: str
    holds: bool
    margin: float
    true_margin: float


@dataclass(frozen=True, eq=False)
class Guess:
    """What a method says of the person.

    Attributes:
        joints: (K, 24, 3) metres, axes of the photo frame, the likeliest first; NaN for joints that it doesn't tell.
        description: of the likeliest one in its level frame; None when nothing is said.
        confidence: (24,) of the likeliest; None where there is none.
    """

    joints: Tensor
    description: Description | None = None
    confidence: Tensor | None = None


@dataclass(frozen=True)
class Marks:
    """One method on one scene; NaN for what can't be told.

    Attributes:
        number: of the scene.
        source: of its pose.
        kind: "clean" or "occluded".
        azimuth_deg: see `HeldOutScene`.
        elevation_deg: see `HeldOutScene`.
        found: whether the person was.
        others: people who were found and aren't there.
        seen: (24,) which joints count.
        errors_mm: (24,) of all joints.
        mpjpe_mm: mean over the joints that count, the pelvis left out.
        pa_mpjpe_mm: the same, the pelvis with them, after the best similarity.
        best_mm: least `mpjpe_mm` of the first five hypotheses.
        limbs_deg: (8,) direction errors of limb bones whose ends both count.
        bones_deg: (6,) the same of trunk, head, feet and hands.
        shared_mm: of the 12 joints that BlazePose has too, middle of the hips on middle of the hips.
        shared_pa_mm: the same after the best similarity.
        confidence: (24,).
        statements: made of the person.
    """

    number: int
    source: str
    kind: str
    azimuth_deg: float
    elevation_deg: float
    found: bool
    others: int
    seen: tuple[bool, ...]
    errors_mm: tuple[float, ...] = (math.nan,) * len(SMPL)
    mpjpe_mm: float = math.nan
    pa_mpjpe_mm: float = math.nan
    best_mm: float = math.nan
    limbs_deg: tuple[float, ...] = (math.nan,) * len(LIMB_BONES)
    bones_deg: tuple[float, ...] = (math.nan,) * len(OTHER_BONES)
    shared_mm: float = math.nan
    shared_pa_mm: float = math.nan
    confidence: tuple[float, ...] = (math.nan,) * len(SMPL)
    statements: tuple[Claim, ...] = ()

    @property
    def said(self) -> int:
        """Statements made."""
        return len(self.statements)

    @property
    def right(self) -> int:
        """Those of them that hold of the true pose."""
        return sum(claim.holds for claim in self.statements)

    @property
    def whole(self) -> bool:
        """Whether all of the person counts."""
        return all(self.seen)

    def as_json(self) -> dict[str, Any]:
        """All of it; what is not a number becomes null."""
        return {key: _to_json(value) for key, value in vars(self).items()}

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Self:
        """What `as_json` gave.

        Raises:
            TypeError: other keys.
        """
        known: dict[str, Any] = {key: _from_json(value) for key, value in facts.items()}
        known["statements"] = tuple(Claim(*claim) for claim in known.get("statements", ()))
        return cls(**known)


class Judge:
    """Compares guesses with scenes.

    Args:
        describer: makes the statements.
    """

    def __init__(self, describer: Describer | None = None) -> None:
        self.describer = describer or Describer()

    @property
    def body(self) -> BodyModel:
        """Whose joints are meant."""
        return self.describer.body

    def marks(self, held_out: HeldOutScene, guess: Guess | None, others: int = 0) -> Marks:
        """Marks of a guess; none means that the person wasn't found."""
        scene = held_out.scene
        seen = torch.from_numpy(scene.joints.visible)
        blank = Marks(
            held_out.number, held_out.source, scene.kind, held_out.azimuth_deg, held_out.elevation_deg,
            guess is not None, others, tuple(seen.tolist()),
        )  # fmt: skip
        if guess is None:
            return blank
        known: dict[str, Any] = {"statements": self._claims(guess.description, scene.pose)}
        if guess.confidence is not None:
            known["confidence"] = _floats(guess.confidence)
        return dataclasses.replace(blank, **_distances(guess.joints, scene.joints_photo, seen), **known)

    def _claims(self, description: Description | None, truth: Pose) -> tuple[Claim, ...]:
        """What is said, and whether it holds of the true pose."""
        if description is None:
            return ()
        found = self.describer.extract(truth)
        column = {code: number for number, code in enumerate(found.codes)}
        claims = []
        for check in description.checks:
            true = check_of(found, 0, column[check.statement.code], check.statement)
            misses = math.nan if true.margin is None else true.margin
            scale = METRES_PER_DEGREE if check.unit == "m" else 1.0
            told = (str(check.statement), check.statement.code.family)
            claims.append(Claim(*told, true.holds is True, (check.margin or 0.0) / scale, misses / scale))
        return tuple(claims)


def _distances(joints: Tensor, truth: Tensor, seen: Tensor) -> dict[str, Any]:
    guessed, true = joints.double(), truth.double()
    errors = (guessed - guessed[:, :1] - true + true[:1]).norm(dim=-1)
    counted = seen.clone()
    counted[0] = False
    means = _mean(errors, counted)
    first = guessed[0]
    shared = seen[_SHARED]
    about_hips, wanted = ((one - one[_HIPS].mean(0))[_SHARED] for one in (first, true))
    return {
        "errors_mm": _floats(1000 * errors[0]),
        "mpjpe_mm": 1000 * float(means[0]),
        "pa_mpjpe_mm": 1000 * (_aligned(first, true, seen) if bool(torch.isfinite(first).all()) else math.nan),
        "best_mm": 1000 * float(means[:HYPOTHESES].min()),
        "limbs_deg": _directions(first, true, seen, _LIMBS),
        "bones_deg": _directions(first, true, seen, _OTHERS),
        "shared_mm": 1000 * float(_mean((about_hips - wanted).norm(dim=-1), shared)),
        "shared_pa_mm": 1000 * _aligned(about_hips, wanted, shared),
    }


def _mean(errors: Tensor, counted: Tensor) -> Tensor:
    """(*batch) means over the joints that count; NaN where there are none, or one of them isn't known."""
    return errors[..., counted].mean(-1)


def _aligned(found: Tensor, wanted: Tensor, counted: Tensor) -> float:
    count = int(counted.sum())
    if count < 3:
        return math.nan
    return float(aligned(found[None, counted], wanted[None, counted], wanted.new_ones(1, count)))


def _directions(found: Tensor, wanted: Tensor, seen: Tensor, bones: Tensor) -> tuple[float, ...]:
    """Degrees between bones; NaN where an end doesn't count or isn't known."""
    own, true = (points[bones[:, 1]] - points[bones[:, 0]] for points in (found, wanted))
    angles = torch.rad2deg(angle_between(own, true))
    return _floats(torch.where(seen[bones].all(-1), angles, torch.nan))


def _floats(values: Tensor) -> tuple[float, ...]:
    return tuple(values.double().tolist())


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_json(one) for one in value]
    if isinstance(value, float):
        return round(value, 5) if math.isfinite(value) else None
    return value


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_from_json(one) for one in value)
    return math.nan if value is None else value


def of_landmarks(world_m: np.ndarray) -> Tensor:
    """(1, 24, 3) joints that BlazePose's world points tell as they are; the others are NaN."""
    joints = torch.full((1, len(SMPL), 3), torch.nan, dtype=torch.float64)
    points = torch.from_numpy(np.asarray(world_m, dtype=np.float64))
    joints[0, _SHARED] = points[[NAMES.index(name) for name in SHARED]]
    return joints
