"""What the pose tower reads: the measures behind posecodes, and the body parts' rotations and places.

Nothing of heading, place or body shape is left: poses are measured on the open body's average shape, and what isn't
relative to the body is relative to the vertical. Each feature of the mirror image is a feature of the pose itself, up
to its sign, so both are known after one measurement.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, heading_angle, matrix_to_6d
from chatpose.body.skeleton import SMPL
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import parse
from chatpose.posecodes.measures import Measure, measure_all
from chatpose.posecodes.points import POINT_INDEX, PosePoints
from chatpose.shapes import Rotations24

PARTS: tuple[str, ...] = ("trunk", "head", "left arm", "right arm", "left leg", "right leg")
"""The body parts that features belong to; a relation belongs to both of its parts."""

_WORDS = {
    "head": ("head", "neck", "gaze", "skull"),
    "arm": ("arm", "elbow", "wrist", "hand", "hands", "palm", "fingertips", "forearm", "arms", "elbows", "forearms",
            "armpit", "shoulder", "shoulders"),
    "leg": ("leg", "legs", "hip", "knee", "knees", "ankle", "ankles", "foot", "feet", "thigh", "thighs", "shin",
            "shins", "heel", "toes"),
}  # fmt: skip
_JOINTS = {
    "trunk": ("pelvis", "spine1", "spine2", "spine3"),
    "head": ("neck", "head"),
    "arm": ("{s}_collar", "{s}_shoulder", "{s}_elbow", "{s}_wrist", "{s}_hand"),
    "leg": ("{s}_hip", "{s}_knee", "{s}_ankle", "{s}_foot"),
}
_STILL = ("left_hand", "right_hand")
"""Joints whose rotation says nothing: their place is told by the wrist."""


@dataclass(frozen=True)
class Feature:
    """One number of a pose.

    Attributes:
        name: unique.
        parts: body parts that it tells of.
        twin: name of the feature that tells the same of the mirror image.
        turned: whether that one has the opposite sign.
    """

    name: str
    parts: tuple[str, ...]
    twin: str
    turned: bool


class PoseFeatures:
    """Measures poses; the body's capsules are measured once.

    Args:
        body: whose average shape is measured; the open body when absent.
    """

    def __init__(self, body: BodyModel | None = None) -> None:
        self._describer = Describer(body)

    @cached_property
    def _measures(self) -> tuple[Measure, ...]:
        return posecode_measures()

    def __call__(self, pose: Pose) -> Tensor:
        """Features of poses.

        Args:
            pose: a pose, or N along one axis.

        Returns:
            (N, F) float32 in the order of `features()`: metres, right angles, percent / 100 and pure numbers; where
            something isn't defined it is 0.

        Raises:
            InvalidPoseError: NaN, infinite values or matrices that aren't rotations.
        """
        flat = Pose.from_rotations(pose.local_rotations.reshape(-1, len(SMPL), 3, 3).float())
        points, gaps = self._describer.measure(flat)
        return self.of_measured(flat.local_rotations, points, gaps)

    def of_measured(self, rotations: Rotations24, points: PosePoints, gaps: dict[str, Tensor]) -> Tensor:
        """The same from what `Describer.measure` found of poses of average shape.

        Args:
            rotations: (N, 24, 3, 3) relative to the parents.
            points: of these poses.
            gaps: of these poses.
        """
        values = measure_all(self._measures, points)
        for column, measure in enumerate(self._measures):
            if measure.kind == "gap":
                values[column] = gaps[measure.name]
        return torch.cat([_scaled(values), _rotation_rows(rotations), _place_rows(points, rotations)]).nan_to_num(0.0).T


@lru_cache(maxsize=1)
def posecode_measures() -> tuple[Measure, ...]:
    """Every measure that a posecode is defined by, in the order of their definitions."""
    found = (c.measure for code in all_posecodes() for alternative in code.alternatives for c in alternative)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=1)
def features() -> tuple[Feature, ...]:
    """What the columns mean."""
    return (*_measured_features(), *_rotation_features(), *_place_features())


@lru_cache(maxsize=1)
def mirror_table() -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Column and sign that give each feature of the mirror image."""
    column = {feature.name: number for number, feature in enumerate(features())}
    return (
        tuple(column[feature.twin] for feature in features()),
        tuple(-1.0 if feature.turned else 1.0 for feature in features()),
    )


def mirrored_features(rows: Tensor) -> Tensor:
    """Features of the mirror images, (N, F)."""
    columns, signs = mirror_table()
    return rows[:, list(columns)] * rows.new_tensor(signs)


def columns_of_part(part: str) -> tuple[int, ...]:
    """Columns that tell of a body part; the left ones' twins are the right ones, in the same order."""
    if part.startswith("right"):
        twins = mirror_table()[0]
        return tuple(twins[column] for column in columns_of_part("left" + part.removeprefix("right")))
    return tuple(number for number, feature in enumerate(features()) if part in feature.parts)


# --- measures --------------------------------------------------------------------------------------------------------


def _measured_features() -> list[Feature]:
    plain, sines, cosines = [], [], []
    for measure in posecode_measures():
        (condition,) = parse(f"{measure.name}: 1..2").mirrored().code.conditions
        twin, turned, parts = condition.measure.name, condition.low < 0, parts_of_words(measure.name)
        plain.append(Feature(measure.name, parts, twin, turned))
        if measure.unit == "°":
            sines.append(Feature(f"sin {measure.name}", parts, f"sin {twin}", turned))
            cosines.append(Feature(f"cos {measure.name}", parts, f"cos {twin}", False))
    return [*plain, *sines, *cosines]


def _scaled(values: Tensor) -> Tensor:
    """Measures in like units, and sine and cosine of the angles, which have no seam; (…, N)."""
    measures = posecode_measures()
    scale = [{"°": 1 / 90, "%": 1 / 100, "m": 1.0}[measure.unit] for measure in measures]
    angles = [number for number, measure in enumerate(measures) if measure.unit == "°"]
    turns = torch.deg2rad(values[angles])
    return torch.cat([values * values.new_tensor(scale)[:, None], turns.sin(), turns.cos()])


def parts_of_words(name: str) -> tuple[str, ...]:
    """Body parts that a measure's name speaks of; the trunk when it names no limb."""
    found: dict[str, None] = {}
    side = ""
    for word in name.split():
        if word in ("left", "right"):
            side = word
        for limb, words in _WORDS.items():
            if word in words and limb == "head":
                found["head"] = None
            elif word in words:
                plural = word.endswith("s") or word == "feet" or not side
                found |= dict.fromkeys((f"left {limb}", f"right {limb}") if plural else (f"{side} {limb}",))
    return tuple(part for part in PARTS if part in found) or ("trunk",)


# --- rotations and places --------------------------------------------------------------------------------------------


def _joints() -> list[tuple[str, str]]:
    """Every joint with its part."""
    rows = []
    for part in PARTS:
        side, _, limb = part.rpartition(" ")
        rows += [(joint.format(s=side), part) for joint in _JOINTS[limb]]
    return rows


def _other(name: str) -> str:
    return SMPL.joint_names[SMPL.mirror_index[SMPL.index(name)]]


def _turning() -> list[tuple[str, str]]:
    return [(joint, part) for joint, part in _joints() if joint not in _STILL]


def _rotation_features() -> list[Feature]:
    # Mirroring is S R S with S = diag(−1, 1, 1): entries with one index 0 turn their sign.
    entries = [(row, column) for column in (0, 1) for row in range(3)]
    return [
        Feature(f"{joint} {row}{column}", (part,), f"{_other(joint)} {row}{column}", (row == 0) != (column == 0))
        for joint, part in _turning()
        for row, column in entries
    ]


def _rotation_rows(rotations: Tensor) -> Tensor:
    """6D of the joints, the pelvis without heading; (…, N)."""
    level = about_axis("y", -heading_angle(rotations[:, 0])) @ rotations[:, 0]
    local = torch.cat([level[:, None], rotations[:, 1:]], dim=1)
    index = [SMPL.index(joint) for joint, _ in _turning()]
    return matrix_to_6d(local[:, index]).flatten(1).T


def _place_features() -> list[Feature]:
    return [
        Feature(f"{joint} {axis} in {frame}", (part,), f"{_other(joint)} {axis} in {frame}", axis == "x")
        for frame in ("world", "pelvis")
        for joint, part in _joints()
        for axis in "xyz"
    ]


def _place_rows(points: PosePoints, rotations: Tensor) -> Tensor:
    """Joints from the pelvis, upright without heading and in the pelvis' own frame; (…, N)."""
    places = points.points[:, _joint_points()] - points.of("pelvis")[:, None]
    root = rotations[:, 0]
    level = about_axis("y", heading_angle(root))
    return torch.cat([(places @ frame).flatten(1).T for frame in (level, root)])


@lru_cache(maxsize=1)
def _joint_points() -> list[int]:

    names = {"head": "skull base", "neck": "neck base"}
    return [POINT_INDEX[names.get(joint, joint.replace("_", " "))] for joint, _ in _joints()]
