"""The body that `plain_judge` looks at: joints, the directions of its parts, and simple measures between them.

Written apart from chatpose's own check: of chatpose it takes the names of the joints alone.
"""

import math
from functools import cached_property, partial

import numpy as np

from chatpose.body.skeleton import SMPL

OTHER = {"left": "right", "right": "left"}
NOSE, CROWN = 24, 25
UP = np.array([0.0, 1.0, 0.0])
FLESH_CM = {
    **{"pelvis": 10, "hip": 10, "spine1": 10, "spine2": 11, "spine3": 11, "neck": 7, "head": 10, "collar": 9},
    **{"shoulder": 7, "elbow": 4.5, "wrist": 3.5, "hand": 2.5, "knee": 6, "ankle": 5, "foot": 2.5},
}
"""How far the skin is from each joint, roughly, on the side that lies on a floor."""


class Body:
    """One body's joints, with the directions and places that people speak of.

    Args:
        points: (24, 3) SMPL joints, metres, y up; or (26, 3) with a point before the nose and one on the crown, without
            which the turn of the head is only guessed from the neck.
    """

    def __init__(self, points: np.ndarray) -> None:
        self.points = np.asarray(points, dtype=float)
        height = {name: self.at(name)[1] - FLESH_CM[name.split("_")[-1]] / 100 for name in SMPL.joint_names}
        self.floor = min(height.values())
        self.gap = {name: value - self.floor for name, value in height.items()}

    def at(self, name: str) -> np.ndarray:
        """A joint by its name."""
        return self.points[SMPL.index(name)]

    def tip(self, side: str) -> np.ndarray:
        """Fingertips of a straight hand."""
        return self.at(f"{side}_hand") * 1.9 - self.at(f"{side}_wrist") * 0.9

    def toes(self, side: str) -> np.ndarray:
        """The tips of the toes."""
        return self.at(f"{side}_foot") * 1.4 - self.at(f"{side}_ankle") * 0.4

    def hand(self, side: str) -> list[np.ndarray]:
        """Palm, knuckles, fingertips."""
        return [(self.at(f"{side}_wrist") + self.at(f"{side}_hand")) / 2, self.at(f"{side}_hand"), self.tip(side)]

    @cached_property
    def torso(self) -> np.ndarray:
        """From the pelvis to the neck, unit."""
        return unit(self.at("neck") - self.at("pelvis"))

    @cached_property
    def facing(self) -> np.ndarray:
        """Where hips and shoulders together face, level."""
        ahead = np.cross(self.pelvis[0] + self.chest[0], UP)
        lies_on_side = float(np.linalg.norm(ahead)) < 0.8
        return unit((self.pelvis[2] + self.chest[2] if lies_on_side else ahead) * (1, 0, 1))

    @cached_property
    def pelvis(self) -> np.ndarray:
        """Rows left, up, forward of the pelvis."""
        hips = (self.at("left_hip") + self.at("right_hip")) / 2
        return axes_of(self.at("left_hip") - self.at("right_hip"), self.at("spine1") - hips)

    @cached_property
    def chest(self) -> np.ndarray:
        """Rows left, up, forward of the chest."""
        across = self.at("left_shoulder") - self.at("right_shoulder") + self.at("left_collar") - self.at("right_collar")
        return axes_of(across, self.at("neck") - self.at("spine2"))

    @cached_property
    def head(self) -> np.ndarray:
        """Rows left, up, forward of the head."""
        if len(self.points) > CROWN:
            up, forward = self.points[CROWN] - self.at("head"), self.points[NOSE] - self.at("head")
            return axes_of(np.cross(up, forward), up)
        stem = unit(self.at("head") - self.at("neck"))  # leans 17 degrees forward in an upright head
        ahead = np.cross(self.chest[0], stem)
        return axes_of(self.chest[0], stem * math.cos(0.3) - ahead * math.sin(0.3))

    def on_head(self, left: float, up: float, forward: float) -> np.ndarray:
        """A point of the head, centimetres from the head joint (level with the nose, between the ears)."""
        return self.at("head") + np.array([left, up, forward]) / 100 @ self.head

    def on_trunk(self, joint: str, left: float, up: float, forward: float) -> np.ndarray:
        """A point of the trunk, centimetres from one of its joints."""
        axes = self.pelvis if joint in ("pelvis", "spine1") else self.chest
        return self.at(joint) + np.array([left, up, forward]) / 100 @ axes


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def axes_of(left: np.ndarray, up: np.ndarray) -> np.ndarray:
    up = unit(up)
    left = unit(left - up * (left @ up))
    return np.stack([left, up, np.cross(left, up)])


def angle(one: np.ndarray, two: np.ndarray) -> float:
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(one, two))), float(one @ two)))


def elevation(vector: np.ndarray) -> float:
    return 90 - angle(vector, UP)


def sign_of(side: str) -> int:
    return 1 if side == "left" else -1


def bend(body: Body, side: str, joints: tuple[str, str, str]) -> float:
    """How far a limb is bent at its middle joint, degrees; 0 is straight."""
    first, middle, last = (body.at(f"{side}_{name}") for name in joints)
    return angle(middle - first, last - middle)


elbow = partial(bend, joints=("shoulder", "elbow", "wrist"))
knee = partial(bend, joints=("hip", "knee", "ankle"))


def bone(body: Body, side: str, start: str, end: str) -> np.ndarray:
    """From one joint of a side to another."""
    return body.at(f"{side}_{end}") - body.at(f"{side}_{start}")


def off(body: Body, side: str, way: str, start: str = "shoulder", end: str = "wrist") -> float:
    """Degrees between a limb and a direction, of the room or of the chest, whichever is nearer."""
    limb, sign = bone(body, side, start, end), sign_of(side)
    ways = {
        "up": (UP, body.chest[1]),
        "down": (-UP, -body.torso),
        "forward": (body.facing, body.chest[2]),
        "back": (-body.facing, -body.chest[2]),
        "side": (sign * np.cross(UP, body.facing), sign * body.chest[0]),
    }
    # Flat on the back, "forward" is towards the ceiling, never along the floor.
    on_back = int(way in ("forward", "back", "side") and bool(body.chest[2] @ UP > 0.5))
    return min(angle(limb, one) for one in ways[way][on_back:])
