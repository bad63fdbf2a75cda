"""One pose as the answers to questions need it: its measures, the gaps between its parts, its statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from chatpose.body.balance import balance_margin_m, center_of_mass
from chatpose.body.capsules import BodyCapsules, body_capsules
from chatpose.body.comparison import comparison_points, distances_mm
from chatpose.body.kinematics import WorldJoints
from chatpose.body.pose import Pose, stack_poses
from chatpose.errors import InvalidPoseError
from chatpose.language.verified.question_parts import FLOOR, Part
from chatpose.posecodes.check import Check, check, format_value
from chatpose.posecodes.contacts import PARTS, gap_measure
from chatpose.posecodes.definitions import distance, height, offset
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.measures import Measure, angle_deg, measure_all
from chatpose.posecodes.points import LOWEST_OF, SURFACE_M

SURE_DEG, SURE_M = 3.0, 0.02
"""Differences from which an answer isn't called close."""

_SKIN_M = {"knee": 0.05, "elbow": 0.04, "hip": 0.085, "shoulder": 0.06, "ankle": 0.04, "wrist": 0.03, "hips": 0.12,
           "pelvis": 0.12, "foot": 0.03, "hand": 0.03, "heel": 0.03, "toes": 0.02, "fingertips": 0.02, "head": 0.1,
           "neck": 0.06, "spine3": 0.12, "spine1": 0.12, "spine2": 0.12, "torso": 0.12, "shin": 0.05, "thigh": 0.07,
           "upper arm": 0.05, "forearm": 0.04}  # fmt: skip
"""How far the skin is from a point (`points.SURFACE_M`, rounded up), for gaps of parts that have no capsule."""
_CAPSULES = {"fingertips": "hand", "palm": "hand", "toes": "foot", "heel": "foot", "hips": "pelvis", "ear": "head"}
_MIDDLE = ("torso", "chest", "belly", "back")


@dataclass(frozen=True)
class Reading:
    """A measured number.

    Attributes:
        value: degrees, metres or percent.
        unit: "°", "m" or "%".
        measure: its name.
    """

    value: float
    unit: str
    measure: str

    def __str__(self) -> str:
        return format_value(self.value, self.unit)

    @property
    def sure(self) -> float:
        """Difference in this unit from which an answer isn't called close."""
        return SURE_M if self.unit == "m" else SURE_DEG


class PoseFacts:
    """What can be measured of one pose.

    Args:
        pose: one, of the describer's body.
        describer: measures it.

    Raises:
        InvalidPoseError: a batch, or numbers that are no pose.
    """

    def __init__(self, pose: Pose, describer: Describer) -> None:
        if pose.batch_shape not in ((), (1,)):
            raise InvalidPoseError(f"a batch {pose.batch_shape} of poses", expected="one pose", fix="index it")
        self.pose = pose if pose.batch_shape else stack_poses([pose])
        self.describer = describer
        self.points, self._gaps = describer.measure(self.pose)

    def read(self, measure: Measure) -> Reading:
        """A measure; NaN where it is undefined."""
        if measure.kind == "gap":
            found = self._gaps.get(measure.name)
            value = float("nan") if found is None else float(found[0])
        else:
            value = float(measure_all((measure,), self.points)[0, 0])
        return Reading(value, measure.unit, measure.name)

    def check(self, statements: Sequence[Statement]) -> list[Check]:
        """Statements of the grammar, measured."""
        return check(statements, self.points, self._gaps)[0]

    def holds(self, *lines: str) -> bool:
        """Whether all statements, as the grammar writes them, hold."""
        return all(one.holds for one in self.check([parse(line) for line in lines]))

    def at(self, point: str) -> np.ndarray:
        """Where a point of `points.POINTS` is, (3,) metres; of the floor the place under the hips."""
        if point == FLOOR:
            under = self.at("hips").copy()
            under[1] = self.floor
            return under
        return self.points.of(point)[0].numpy()

    def frame(self, name: str) -> np.ndarray:
        """Rows left, up, front of the "hip" or the "chest" frame, (3, 3)."""
        return (self.points.hip_frame if name == "hip" else self.points.chest_frame)[0].numpy()

    @property
    def floor(self) -> float:
        """Height of the floor."""
        return float(self.points.floor[0])

    def face(self) -> np.ndarray | None:
        """Unit direction of the face; None without rotations."""
        if self.points.rotations is None:
            return None
        return self.points.rotations[0, 15, :, 2].numpy()

    # --- between parts -------------------------------------------------------------------------------------------

    def apart(self, first: Part, second: Part) -> Reading:
        """Distance between the joints that stand for two parts; height of its joint for the floor."""
        if FLOOR in (first.noun, second.noun):
            part = second if first.noun == FLOOR else first
            return self.joint_height(part) if part.noun != FLOOR else Reading(0.0, "m", "floor height")
        return self.read(distance(first.point, second.point))

    def offset(self, kind: str, first: Part, second: Part) -> Reading:
        """How far one part is "above", "left" of or in "front" of another, metres."""
        if kind == "above" and second.noun == FLOOR != first.noun:
            return self.joint_height(first)
        if FLOOR in (first.noun, second.noun):
            return Reading(float("nan"), "m", f"{first.name} {kind} {second.name}")
        return self.read(offset(kind, first.point, second.point))

    def joint_height(self, part: Part) -> Reading:
        """Height of a part's point above the floor; of a foot its lowest skin's."""
        if part.noun in ("foot", "leg", "toes", "heel", FLOOR):
            return self.skin_height(part)
        return Reading(float(self.at(part.point)[1]) - self.floor, "m", f"{part.name} height")

    def skin_height(self, part: Part) -> Reading:
        """Height of a part's lowest skin above the floor."""
        if part.noun == FLOOR:
            return Reading(0.0, "m", "floor height")
        name = {"hips": "pelvis", "torso": "spine3"}.get(part.point, part.point)
        if name in SURFACE_M or name in LOWEST_OF:
            return self.read(height(name))
        least = float(self.at(name)[1]) - self.floor - _SKIN_M.get(name.removeprefix(f"{part.side} "), 0.05)
        return Reading(max(least, 0.0), "m", f"{part.name} height")

    def gap(self, first: Part, second: Part) -> Reading:
        """Distance between the skins of two parts, below 0 where they overlap."""
        if FLOOR in (first.noun, second.noun):
            return self.skin_height(second if first.noun == FLOOR else first)
        names = [self._capsule(part) for part in (first, second)]
        pairs = [gap_measure(*pair) for pair in (names, names[::-1]) if all(pair)]
        found = [self.read(pair) for pair in pairs if pair.name in self._gaps]
        if found:
            return found[0]
        if second.noun == "torso" or first.noun == "torso":
            return self._gap_to_trunk(first, second)
        skins = sum(self._skin(part) for part in (first, second))
        apart = self.apart(first, second)
        return Reading(apart.value - skins, "m", f"{first.name} to {second.name} gap")

    def _gap_to_trunk(self, first: Part, second: Part) -> Reading:
        part = second if first.noun == "torso" else first
        gaps = [self.gap(part, Part(noun)) for noun in ("chest", "belly", "hips")]
        return min(gaps, key=lambda one: one.value)

    def _capsule(self, part: Part) -> str:
        name = f"{part.side} {_CAPSULES.get(part.noun, part.noun)}".strip()
        return name if name in PARTS else ""

    def _skin(self, part: Part) -> float:
        return _SKIN_M.get(part.point.removeprefix("left ").removeprefix("right "), 0.04)

    # --- directions ----------------------------------------------------------------------------------------------

    def direction(self, part: Part) -> np.ndarray | None:
        """Unit direction of a limb from its root to its end; of trunk, neck and head upwards; None for a mere joint."""
        ends = limb_ends(part)
        if ends is None:
            return None
        vector = self.at(ends[1]) - self.at(ends[0])
        size = float(np.linalg.norm(vector))
        return vector / size if size > 1e-6 else None

    def angle_between(self, first: np.ndarray, second: np.ndarray) -> float:
        """Angle of two directions, degrees."""
        return float(
            angle_deg(torch.from_numpy(first.astype(float))[None], torch.from_numpy(second.astype(float))[None])[0]
        )

    # --- the whole body ------------------------------------------------------------------------------------------

    @cached_property
    def balance_margin(self) -> float:
        """How far inside its support the centre of mass is, metres; negative outside."""
        return float(balance_margin_m(self._world, self._capsules)[0])

    @cached_property
    def mass_center(self) -> np.ndarray:
        """Centre of mass, (3,) metres."""
        return center_of_mass(self._world, self._capsules)[0].numpy()

    @cached_property
    def asymmetry_mm(self) -> float:
        """Mean distance of the pose from its own mirror image, heading left out."""
        points = [comparison_points(one, self.describer.body) for one in (self.pose, self.pose.mirror())]
        return float(distances_mm(points[0], points[1]).flatten()[0])

    @cached_property
    def _world(self) -> WorldJoints:
        return self.describer.body.kinematics(self.pose)

    @cached_property
    def _capsules(self) -> BodyCapsules:
        return body_capsules(self.describer.body)


_LIMB_ENDS = {"arm": ("shoulder", "wrist"), "upper arm": ("shoulder", "elbow"), "forearm": ("elbow", "wrist"),
              "hand": ("wrist", "fingertips"), "fingertips": ("wrist", "fingertips"), "leg": ("hip", "ankle"),
              "thigh": ("hip", "knee"), "shin": ("knee", "ankle"), "foot": ("ankle", "foot"),
              "toes": ("ankle", "foot")}  # fmt: skip
_TRUNK_ENDS = {"torso": ("hips", "neck"), "back": ("hips", "neck"), "chest": ("spine2", "neck"),
               "head": ("skull base", "head"), "neck": ("neck base", "skull base")}  # fmt: skip


def limb_ends(part: Part) -> tuple[str, str] | None:
    """Names of the points at the root and at the end of a limb; None for a mere joint."""
    if part.side and part.noun in _LIMB_ENDS:
        start, end = _LIMB_ENDS[part.noun]
        return f"{part.side} {start}", f"{part.side} {end}"
    return _TRUNK_ENDS.get(part.noun)
