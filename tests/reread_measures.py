"""Measures poses anew, to hold what posecodes say against: NumPy only, nothing from `chatpose.posecodes`.

Every statement is judged from what its words mean (docs/posecodes.md), by formulas of its own: angles by the law of
cosines, frames by Gram-Schmidt, contact and ground on the skinned mesh. A judgement is a number of tolerances: 0 is the
documented threshold, below -1 the statement is false, above 1 it clearly holds.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

ANGLE_TOLERANCE_DEG = 2.0
LENGTH_TOLERANCE_M = 0.01
SHARE_TOLERANCE_PERCENT = 2.0

ORDER = (
    "pelvis", "left hip", "right hip", "spine1", "left knee", "right knee", "spine2", "left ankle", "right ankle",
    "spine3", "left foot", "right foot", "neck", "left collar", "right collar", "skull base", "left shoulder",
    "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist", "left hand", "right hand",
)  # fmt: skip
OPPOSITE = {"left": "right", "right": "left"}

# From a point to the skin around it, metres.
THICKNESS = {
    "pelvis": 0.10, "hip": 0.085, "spine1": 0.06, "spine2": 0.09, "spine3": 0.10, "neck": 0.05, "head": 0.095,
    "knee": 0.05, "ankle": 0.04, "heel": 0.015, "foot": 0.02, "toes": 0.012, "shoulder": 0.06, "elbow": 0.04,
    "wrist": 0.03, "hand": 0.02, "fingertips": 0.012,
}  # fmt: skip
MIDDLE = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")
SOLE = 0.07  # under the ankle of a standing foot

Numbers = np.ndarray
Judge = Callable[..., Numbers]
RULES: list[tuple[re.Pattern[str], Judge]] = []
SIDE = "(left|right)"


def rule(pattern: str) -> Callable[[Judge], Judge]:
    """Registers the meaning of the statements that match."""

    def register(judge: Judge) -> Judge:
        RULES.append((re.compile(pattern.replace("SIDE", SIDE)), judge))
        return judge

    return register


def degrees(values: Numbers, low: float = -np.inf, high: float = np.inf) -> Numbers:
    """How many tolerances the values are inside the interval (negative outside)."""
    return np.minimum(values - low, high - values) / ANGLE_TOLERANCE_DEG


def metres(values: Numbers, low: float = -np.inf, high: float = np.inf) -> Numbers:
    """The same for lengths."""
    return np.minimum(values - low, high - values) / LENGTH_TOLERANCE_M


def percent(values: Numbers, low: float = -np.inf, high: float = np.inf) -> Numbers:
    """The same for percentages."""
    return np.minimum(values - low, high - values) / SHARE_TOLERANCE_PERCENT


def every(*judged: Numbers) -> Numbers:
    """All must hold."""
    return np.min(np.stack(judged), axis=0)


def some(*judged: Numbers) -> Numbers:
    """One must hold."""
    return np.max(np.stack(judged), axis=0)


def dot(first: Numbers, second: Numbers) -> Numbers:
    return np.einsum("nk,nk->n", first, second)


def normal(vectors: Numbers) -> Numbers:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def between_deg(first: Numbers, second: Numbers) -> Numbers:
    """Angle of two directions by Kahan's formula, 0 to 180."""
    first, second = normal(first), normal(second)
    apart, together = np.linalg.norm(first - second, axis=-1), np.linalg.norm(first + second, axis=-1)
    return np.degrees(2 * np.arctan2(apart, together))


def elevation(direction: Numbers) -> Numbers:
    """Degrees above the horizontal."""
    return 90 - between_deg(direction, np.broadcast_to([0.0, 1.0, 0.0], direction.shape))


@dataclass(eq=False)
class Poses:
    """N poses as a re-reader sees them.

    Attributes:
        joints: (N, 24, 3) metres, y up, SMPL order.
        rotations: (N, 24, 3, 3) world rotations.
        skin_heights: height of a part's skin on the mesh, (N,) metres, from `reread_skin`; None where it wasn't asked.
        gaps: distance between the skins of two parts, (N,) metres, from `reread_skin`; None where it wasn't asked.
        trunk_frame: which poses measure legs along the trunk instead of the world's vertical; the prose by default.
    """

    joints: Numbers
    rotations: Numbers
    skin_heights: dict[str, Numbers] | None = None
    gaps: Callable[[str, str], Numbers] | None = None
    trunk_frame: Numbers | None = None
    judged: dict[str, Numbers] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.joints)

    def at(self, name: str) -> Numbers:
        """A point that people name."""
        if name in ORDER:
            return self.joints[:, ORDER.index(name)]
        if name == "head":
            return self.at("skull base") + 0.7 * (self.at("skull base") - self.at("neck"))
        if name == "torso":
            return (self.at("pelvis") + self.at("spine3") + self.at("neck")) / 3
        if name in ("hips", "shoulders", "knees", "ankles"):
            return (self.at(f"left {name[:-1]}") + self.at(f"right {name[:-1]}")) / 2
        side, _, part = name.partition(" ")
        if part in ("fingertips", "heel", "toes"):
            return self._end(side, part)
        ends = {"thigh": "hip knee", "shin": "knee ankle", "upper arm": "shoulder elbow", "forearm": "elbow wrist"}
        first, second = ends[part].split()
        return (self.at(f"{side} {first}") + self.at(f"{side} {second}")) / 2

    def _end(self, side: str, part: str) -> Numbers:
        """Ends of hand and foot, built from the bones before them."""
        hand, ankle, foot = (self.at(f"{side} {name}") for name in ("hand", "ankle", "foot"))
        if part == "fingertips":
            return hand + 0.5 * (hand - self.at(f"{side} wrist"))
        shin, sole = ankle - self.at(f"{side} knee"), foot - ankle
        return ankle + 0.154 * shin - 0.234 * sole if part == "heel" else foot + 0.37 * sole - 0.043 * shin

    def axis(self, joint: str, column: int) -> Numbers:
        """A joint's own axis in the world: 0 left, 1 up, 2 front at rest."""
        return self.rotations[:, ORDER.index(joint), :, column]

    def bend(self, first: str, middle: str, last: str) -> Numbers:
        """Angle at the middle point, by the sides of the triangle of unit directions."""
        corner = self.at(middle)
        return between_deg(self.at(first) - corner, self.at(last) - corner)

    def apart(self, first: str, second: str) -> Numbers:
        return np.linalg.norm(self.at(first) - self.at(second), axis=-1)

    def higher(self, first: str, second: str) -> Numbers:
        return self.at(first)[:, 1] - self.at(second)[:, 1]

    @cached_property
    def trunk(self) -> Numbers:
        return normal(self.at("neck") - self.at("hips"))

    @cached_property
    def chest_axes(self) -> tuple[Numbers, Numbers, Numbers]:
        """Left, up, front of the chest: the line of the shoulders kept, the trunk upright to it."""
        return _axes(self.at("left shoulder") - self.at("right shoulder"), self.trunk)

    @cached_property
    def hip_axes(self) -> tuple[Numbers, Numbers, Numbers]:
        """The same of the hips: up is the world's while trunk or legs stand, the trunk's direction otherwise."""
        lying = self.trunk_frame
        if lying is None:
            lying = self.uprightness < 0
        world = np.broadcast_to([0.0, 1.0, 0.0], self.trunk.shape)
        return _axes(self.at("left hip") - self.at("right hip"), np.where(lying[:, None], self.trunk, world))

    @cached_property
    def uprightness(self) -> Numbers:
        """By how many degrees the body stands (trunk or legs within 60° of upright, hips not on edge)."""
        legs = self.at("hips") - (self.at("knees") + self.at("ankles")) / 2
        steep = np.abs(elevation(self.at("left hip") - self.at("right hip")))
        standing = np.maximum(elevation(self.trunk), elevation(legs)) - 30
        return np.minimum(standing, np.degrees(np.arcsin(0.8)) - steep)

    def along(self, name: str, first: str, second: str) -> Numbers:
        """How far the first point is "left", in "front" or "beyond" the second, in the frame of what is spoken of."""
        legs = ("hip", "thigh", "knee", "shin", "ankle", "foot", "pelvis")
        of_legs = any(part in (*first.split(), *second.split()) for part in legs)
        of_legs |= first.endswith("shoulder") and second.endswith("shoulder")  # their own line spans the chest's frame
        if name == "above":
            return self.higher(first, second)
        axes = self.hip_axes if of_legs and name != "beyond" else self.chest_axes
        axis = axes[("left", "beyond", "front").index(name)]
        return dot(self.at(first) - self.at(second), axis)

    def lean(self) -> tuple[Numbers, Numbers]:
        """The trunk's pitch forward and lean to the left against the hips."""
        left, up, front = self.hip_axes
        pitch = np.degrees(np.arctan2(dot(self.trunk, front), dot(self.trunk, up)))
        return pitch, 90 - between_deg(self.trunk, left)

    def side_bend(self) -> Numbers:
        """How far the shoulders' line is tipped to the left against the hips', seen from the chest's front."""
        left, up, _ = self.chest_axes
        hips = self.at("left hip") - self.at("right hip")
        return np.degrees(np.arctan2(dot(hips, up), dot(hips, left)))

    def twist(self) -> Numbers:
        """Turn of the shoulders against the hips, about the trunk, to the left positive."""
        hips, shoulders = (self.at(f"left {p}") - self.at(f"right {p}") for p in ("hip", "shoulder"))
        hips, shoulders = (line - dot(line, self.trunk)[:, None] * self.trunk for line in (hips, shoulders))
        sign = np.sign(dot(np.cross(hips, shoulders), self.trunk))
        return sign * between_deg(hips, shoulders)

    def back(self) -> Numbers:
        """Forward bend of the upper against the lower back beyond rest (the rest pose has -7°)."""
        across = sum(self.at(f"left {p}") - self.at(f"right {p}") for p in ("hip", "shoulder"))
        lower, upper = normal(self.at("spine2") - self.at("pelvis")), normal(self.at("neck") - self.at("spine3"))
        front = normal(np.cross(across, lower))
        return np.degrees(np.arctan2(dot(upper, front), dot(upper, lower))) + 7

    def tilt(self, start: str, end: str) -> Numbers:
        """Angle of a limb's direction to straight up."""
        return 90 - elevation(self.at(end) - self.at(start))

    @cached_property
    def floor(self) -> Numbers:
        """Under the lowest skin of all points."""
        names = [*MIDDLE, *(f"{side} {name}" for side in OPPOSITE for name in THICKNESS if name not in MIDDLE)]
        return np.min([self._bottom(name) for name in names], axis=0)

    def _bottom(self, name: str) -> Numbers:
        return self.at(name)[:, 1] - THICKNESS[name.split()[-1]]

    def height(self, name: str) -> Numbers:
        """Height of the lowest skin of a part above the floor."""
        side, _, part = name.rpartition(" ")
        several = {"foot": ("heel", "foot", "toes"), "hand": ("wrist", "hand", "fingertips")}.get(part, (part,))
        names = (
            ["pelvis", "left hip", "right hip"] if name == "pelvis" else [f"{side} {one}".strip() for one in several]
        )
        return np.min([self._bottom(one) for one in names], axis=0) - self.floor

    def hips_percent(self) -> Numbers:
        """Height of the hips in percent of the legs' length, soles included."""
        legs = [
            self.apart(f"{side} hip", f"{side} knee") + self.apart(f"{side} knee", f"{side} ankle") for side in OPPOSITE
        ]
        return 100 * (self.at("hips")[:, 1] - self.floor) / (sum(legs) / 2 + SOLE)

    def face(self) -> tuple[Numbers, Numbers, Numbers]:
        """Turn to the left, nod down and tilt to the left of the head against the chest."""
        left, up, front = (self.axis("spine3", column) for column in range(3))
        face, ear = self.axis("skull base", 2), self.axis("skull base", 0)
        turn = np.degrees(np.arctan2(dot(face, left), dot(face, front)))
        return turn, between_deg(face, up) - 90, between_deg(ear, up) - 90

    def chest_faces(self) -> Numbers:
        """Elevation of where the chest faces."""
        return elevation(self.chest_axes[2])

    def left_faces(self) -> Numbers:
        """Elevation of the chest's left."""
        return elevation(self.chest_axes[0])


def _axes(left: Numbers, up: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    left = normal(left)
    up = normal(up - dot(up, left)[:, None] * left)
    return left, up, normal(np.cross(left, up))


def judge(poses: Poses, statement: str) -> Numbers:
    """By how many tolerances a statement holds on each pose; kept, so asking again costs nothing.

    Raises:
        KeyError: a statement that no rule knows, or that two know.
    """
    if statement not in poses.judged:
        found = [(rule_judge, match) for pattern, rule_judge in RULES if (match := pattern.fullmatch(statement))]
        if len(found) != 1:
            raise KeyError(f"{len(found)} rules for the statement {statement!r}")
        rule_judge, match = found[0]
        with np.errstate(invalid="ignore", divide="ignore"):
            result = rule_judge(poses, *match.groups())
            either = np.flatnonzero(np.abs(poses.uprightness) < ANGLE_TOLERANCE_DEG)
            if len(either) and poses.trunk_frame is None and "on ground" not in statement:
                both = [rule_judge(_chosen(poses, either, lying), *match.groups()) for lying in (False, True)]
                result[either] = np.maximum(*both)
        poses.judged[statement] = result
    return poses.judged[statement]


def _chosen(poses: Poses, rows: Numbers, lying: bool) -> Poses:
    gaps, skin = poses.gaps, poses.skin_heights
    part = (lambda first, second: gaps(first, second)[rows]) if gaps else None
    heights = {name: values[rows] for name, values in skin.items()} if skin else None
    return Poses(poses.joints[rows], poses.rotations[rows], heights, part, np.full(len(rows), lying))
