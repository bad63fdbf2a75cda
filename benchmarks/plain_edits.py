"""Edits judged by plain joint geometry: what changed, by how much, and what was to keep still.

    python benchmarks/plain_edits.py [--file data/dev/edits_dev3.jsonl] [--only 3 17] [--third rest|held] [--failed]
                                      [--measures]

Neither the statement grammar nor the measures of chatpose are used: a check is a line about the 24 joints of the body,
`MEASURE ARGUMENTS [by] LOW..HIGH`, such as

    height left_hand by 0.15..          higher above the lowest joint by 15 cm or more than before
    elbow left 80..100                  an absolute value afterwards; 180 is straight
    distance left_hand left_hip ..0.15  an open end is no limit

Metres and degrees. `--measures` lists the measures. "Still" is judged on local rotations, once strictly (0.1°) and once
as an eye would (5°), as a share of the lines that name parts. A start is an atlas entry's id; `history` is an edit
carried out before. `--third held` is the third of the
lines that isn't looked at while the editor is mended. Where an instruction isn't understood, the pose stays as it was
and is measured so.
"""

import argparse
import itertools
import json
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from thirds import in_third

from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.errors import ChatposeError
from chatpose.language.verified.edited import Edited
from chatpose.language.verified.editor import Editor

ROOT = Path(__file__).parents[1]
STRICT_DEG, SEEN_DEG = 0.1, 5.0
TOLD = frozenset((4, 24, 42, 44, 47, 52, 68, 88, 89, 101, 134, 136, 147))
"""Lines whose failures were read before a third was put aside."""
Array = np.ndarray
LIMBS = {"arm": ("shoulder", "elbow", "wrist", "hand"), "leg": ("hip", "knee", "ankle", "foot")}
PARTS = {
    "torso": ("spine1", "spine2", "spine3"),
    "head": ("neck", "head"),
    **{f"{side} leg": tuple(f"{side}_{name}" for name in LIMBS["leg"]) for side in ("left", "right")},
    **{f"{side} arm": tuple(f"{side}_{name}" for name in ("collar", *LIMBS["arm"])) for side in ("left", "right")},
}


def degrees(over: Any, along: Any) -> float:
    return math.degrees(math.atan2(float(over), float(along)))


def unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def between(first: Array, second: Array) -> float:
    """Angle between two directions, degrees."""
    return degrees(np.linalg.norm(np.cross(first, second)), first @ second)


def elevation(direction: Array) -> float:
    """Angle of a direction above the horizontal, degrees."""
    return degrees(direction[1], np.hypot(direction[0], direction[2]))


class Figure:
    """A pose as 24 points and 24 local rotations. Axes are columns: the body's left, up, front."""

    def __init__(self, pose: Pose, body: BodyModel) -> None:
        world = body.kinematics(pose)
        self.points: Array = world.positions.double().numpy().reshape(24, 3)
        self.turned: Array = world.rotations.double().numpy().reshape(24, 3, 3)
        self.local: Array = pose.local_rotations.double().numpy().reshape(24, 3, 3)

    def at(self, name: str) -> Array:
        """A joint; `hips`, `hands`, `knees` are the middle of two."""
        if name in ("hips", "hands", "knees"):
            return (self.at(f"left_{name[:-1]}") + self.at(f"right_{name[:-1]}")) / 2
        return self.points[SMPL.index(name)]

    def line(self, start: str, end: str) -> Array:
        """From one joint to another."""
        return self.at(end) - self.at(start)

    def axes(self, joint: str) -> Array:
        """The world axes of a joint's frame, which are the world's own in the rest pose."""
        return self.turned[SMPL.index(joint)]

    def level(self) -> Array:
        """Upright axes with the heading of the line through the hips, which must not be steep."""
        left = self.line("right_hip", "left_hip") * (1, 0, 1)
        return np.stack([unit(left), (0, 1, 0), unit(np.cross(left, (0, 1, 0)))], axis=1)

    def bend(self, joints: tuple[str, ...]) -> Array:
        """Local rotations of joints that follow one another, as one."""
        whole = np.eye(3)
        for joint in joints:
            whole = whole @ self.local[SMPL.index(joint)]
        return whole

    def interior(self, start: str, middle: str, end: str) -> float:
        """Angle at the middle joint, degrees; 180 is straight."""
        return between(self.line(middle, start), self.line(middle, end))

    def limb(self, name: str) -> list[Array]:
        """Directions of a limb's bones: an arm's in the chest's axes, a leg's in the pelvis'."""
        side, _, kind = name.partition("_")
        joints = [f"{side}_{joint}" for joint in LIMBS[kind]][:3]
        axes = self.axes("spine3" if kind == "arm" else "pelvis")
        return [unit(axes.T @ self.line(*pair)) for pair in itertools.pairwise(joints)]

    def outwards(self, side: str) -> float:
        """The foot's heading away from the hips', degrees."""
        foot = self.level().T @ self.line(f"{side}_ankle", f"{side}_foot")
        return degrees(foot[0] if side == "left" else -foot[0], foot[2])

    def palm(self, side: str) -> Array:
        """Where the palm looks: down in the rest pose, which is a T-pose."""
        return -self.axes(f"{side}_wrist")[:, 1]


def mirrored(bones: list[Array], others: list[Array]) -> float:
    """Largest angle between bones and the mirror images of others, degrees."""
    return max(between(one, other * (-1, 1, 1)) for one, other in zip(bones, others, strict=True))


def opposite(limb: str) -> str:
    side, _, kind = limb.partition("_")
    return f"{'right' if side == 'left' else 'left'}_{kind}"


def yaw(turn: Array) -> float:
    """How far a rotation's front is turned to the left, degrees."""
    return degrees(turn[0, 2], turn[2, 2])


def towards(direction: Array, axis: Array) -> float:
    """Angle of a direction above the plane across an axis, degrees."""
    return 90 - between(direction, axis)


MEASURES: dict[str, tuple[str, Callable[..., float]]] = {
    "height": ("joint: above the lowest joint", lambda f, a: f.at(a)[1] - f.points[:, 1].min()),
    "above": ("a b: how much higher a is than b", lambda f, a, b: f.line(b, a)[1]),
    "distance": ("a b", lambda f, a, b: float(np.linalg.norm(f.line(a, b)))),
    "front": ("a b: a before b, along the hips' heading, level", lambda f, a, b: f.line(b, a) @ f.level()[:, 2]),
    "leftward": ("a b: a to the body's left of b, level", lambda f, a, b: f.line(b, a) @ f.level()[:, 0]),
    "chest_front": ("a b: a before b in the chest's axes", lambda f, a, b: f.line(b, a) @ f.axes("spine3")[:, 2]),
    "chest_left": ("a b: a left of b in the chest's axes", lambda f, a, b: f.line(b, a) @ f.axes("spine3")[:, 0]),
    "chest_above": ("a b: a above b in the chest's axes", lambda f, a, b: f.line(b, a) @ f.axes("spine3")[:, 1]),
    "elevation": ("a b: the line from a to b above the horizontal", lambda f, a, b: elevation(f.line(a, b))),
    "elbow": ("side: 180 is straight", lambda f, s: f.interior(f"{s}_shoulder", f"{s}_elbow", f"{s}_wrist")),
    "knee": ("side: 180 is straight", lambda f, s: f.interior(f"{s}_hip", f"{s}_knee", f"{s}_ankle")),
    "hip": (
        "side: thigh to the line from hips to neck, 180 is straight",
        lambda f, s: between(f.line("hips", "neck"), f.line(f"{s}_hip", f"{s}_knee")),
    ),
    "armpit": (
        "side: upper arm from hanging along the trunk (0) to overhead (180)",
        lambda f, s: between(-f.axes("spine3")[:, 1], f.line(f"{s}_shoulder", f"{s}_elbow")),
    ),
    "toes_out": ("side: foot turned outwards from the hips' heading", lambda f, s: f.outwards(s)),
    "ankle": ("side: smaller is toes up", lambda f, s: f.interior(f"{s}_knee", f"{s}_ankle", f"{s}_foot")),
    "lean": (
        "trunk from upright towards the hips' front (90 level, face down)",
        lambda f: degrees(f.line("hips", "neck") @ f.level()[:, 2], f.line("hips", "neck")[1]),
    ),
    "lean_left": (
        "trunk from upright towards the body's left",
        lambda f: towards(f.line("hips", "neck"), f.level()[:, 0]),
    ),
    "tilt": ("trunk from upright, any way", lambda f: between(f.line("hips", "neck"), np.array((0.0, 1.0, 0.0)))),
    "round": ("spine bent forward, pelvis to chest", lambda f: degrees(*f.bend(PARTS["torso"])[[2, 1], 1])),
    "twist": ("chest turned to the left of the pelvis", lambda f: yaw(f.bend(PARTS["torso"]))),
    "head_left": ("head turned to the left of the chest", lambda f: yaw(f.bend(PARTS["head"]))),
    "head_up": ("face raised from the chest's front", lambda f: elevation(f.bend(PARTS["head"])[:, 2])),
    "head_tilt": ("head tilted, left ear to left shoulder", lambda f: -elevation(f.bend(PARTS["head"])[:, 0])),
    "gaze_up": ("face above the horizontal", lambda f: elevation(f.axes("head")[:, 2])),
    "gaze_left": ("face turned left of the hips' heading", lambda f: yaw(f.level().T @ f.axes("head"))),
    "palm_up": ("side: palm above the horizontal", lambda f, s: elevation(f.palm(s))),
    "palm_front": ("side: palm to the hips' front", lambda f, s: towards(f.palm(s), f.level()[:, 2])),
    "face_up": ("front of the chest above the horizontal", lambda f: elevation(f.axes("spine3")[:, 2])),
    "uneven": ("limb: angle to the mirror image of the other", lambda f, a: mirrored(f.limb(a), f.limb(opposite(a)))),
}  # fmt: skip
"""What can be measured on one figure: what it is, and how."""

PAIRED: dict[str, tuple[str, Callable[..., float]]] = {
    "swapped": (
        "limb: angle to the mirror image of what the other one was before",
        lambda f, old, a: mirrored(f.limb(a), old.limb(opposite(a))),
    ),
    "moved": (
        "a b: how far a went, seen from b",
        lambda f, old, a, b: float(np.linalg.norm(f.line(b, a) - old.line(b, a))),
    ),
    "redirected": (
        "limb: largest change of a bone's direction in its trunk axes",
        lambda f, old, a: max(between(one, two) for one, two in zip(f.limb(a), old.limb(a), strict=True)),
    ),
}
"""What is measured on after and before together."""


@dataclass(frozen=True)
class Check:
    """A check line, read."""

    text: str
    measure: str
    arguments: tuple[str, ...]
    change: bool
    low: float
    high: float

    @classmethod
    def read(cls, text: str) -> "Check":
        """From a line; raises ValueError where it is none."""
        measure, *arguments, limits = text.split()
        low, dots, high = limits.partition("..")
        if (measure not in MEASURES and measure not in PAIRED) or not dots:
            raise ValueError(f"not a check: {text!r}")
        change = bool(arguments) and arguments[-1] == "by"
        named = tuple(arguments[:-1] if change else arguments)
        return cls(text, measure, named, change, float(low or -math.inf), float(high or math.inf))

    def measured(self, before: Figure, after: Figure) -> float:
        """The value afterwards, or how much it grew."""
        if self.measure in PAIRED:
            return PAIRED[self.measure][1](after, before, *self.arguments)
        measure = MEASURES[self.measure][1]
        value = float(measure(after, *self.arguments))
        if not self.change:
            return value
        change = value - float(measure(before, *self.arguments))
        # A turn of 190° to the left is one of 170° to the right; only headings and the like go all the way round.
        return (change + 180) % 360 - 180 if abs(change) > 180 else change

    def holds(self, value: float) -> bool:
        """Whether a value is within the limits."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Outcome:
    """What came of a line."""

    row: dict[str, Any]
    missed: tuple[str, ...]
    turned: dict[str, float]
    error: str

    @property
    def made(self) -> bool:
        """Whether all checks hold."""
        return not (self.missed or self.error)

    def still(self, limit_deg: float) -> bool:
        """Whether no joint of the parts that are to be still turned by the limit or more."""
        return not any(turn >= limit_deg for turn in self.turned.values())


class Runner:
    """Carries out lines and measures them."""

    def __init__(self) -> None:
        self._editor, self._atlas, self._body = Editor(), Atlas.load(), BodyModel.open()

    def run(self, row: dict[str, Any]) -> Outcome:
        """What comes of a line of the file."""
        pose = self._atlas.pose(row["start"])
        last: Edited | None = None
        after, error = pose, ""
        try:
            if "history" in row:
                last = self._editor.edit(pose, row["history"])
                pose = after = last.pose
            after = self._editor.edit(pose, row["instruction"], last=last).pose
        except ChatposeError as problem:
            error = str(problem)
        old, new = Figure(pose, self._body), Figure(after, self._body)
        missed = []
        for check in map(Check.read, row["checks"]):
            value = check.measured(old, new)
            if not check.holds(value):
                missed.append(f"{check.text}   is {value:.3g}")
        return Outcome(row, tuple(missed), {part: _turn(old, new, part) for part in row["still"]}, error)


def _turn(before: Figure, after: Figure, part: str) -> float:
    index = [SMPL.index(joint) for joint in PARTS[part]]
    turns = before.local[index].transpose(0, 2, 1) @ after.local[index]
    axis = np.stack([turns[:, i, j] - turns[:, j, i] for i, j in ((2, 1), (0, 2), (1, 0))], axis=1)
    sines, cosines = np.linalg.norm(axis, axis=1), turns.trace(axis1=1, axis2=2) - 1
    return float(np.degrees(np.arctan2(sines, cosines)).max())


def report(outcomes: list[Outcome], *, kinds: bool = True) -> None:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes if kinds else ():
        groups[outcome.row["kind"]].append(outcome)
    print(f"{'':14} lines  made  checks held    still <0.1°  <5°   made and still <5°")
    for kind, group in [*groups.items(), ("all", outcomes)]:
        checks = sum(len(one.row["checks"]) for one in group)
        held = checks - sum(len(one.missed) for one in group)
        named = [one for one in group if one.turned]
        strict, seen = (sum(one.still(limit) for one in named) / max(len(named), 1) for limit in (STRICT_DEG, SEEN_DEG))
        both = sum(one.made and one.still(SEEN_DEG) for one in group)
        made, count = sum(one.made for one in group), len(group)
        print(f"{kind:14} {count:5} {made:5}  {held:5} of {checks:3} {strict:12.0%} {seen:5.0%} {both:11}")


def show(number: int, outcome: Outcome) -> None:
    row, said = outcome.row, " → ".join(filter(None, (outcome.row.get("history"), outcome.row["instruction"])))
    print(f"{number:3} {'ok ' if outcome.made else 'BAD'} {row['kind']}: [{row['start']}] {said}")
    for text in outcome.missed:
        print(f"        {text}")
    for part, turn in outcome.turned.items():
        if turn >= STRICT_DEG:
            print(f"        moved: {part} {turn:.1f}°")
    if outcome.error:
        print(f"        {outcome.error}")


def _wanted(number: int, third: str) -> bool:
    """Whether a line is in the third that is only measured ("held"), or among the others ("rest")."""
    return not third or (in_third(number, "held") and number not in TOLD) == (third == "held")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--file", type=Path, default=ROOT / "data/dev/edits_dev3.jsonl")
    options.add_argument("--only", type=int, nargs="*", help="numbers of lines, from 0")
    options.add_argument("--third", choices=("rest", "held"), default="", help="held prints totals only")
    options.add_argument("--failed", action="store_true", help="print only what failed")
    options.add_argument("--measures", action="store_true", help="list the measures")
    asked = options.parse_args()
    if asked.measures:
        for name, (text, _) in (MEASURES | PAIRED).items():
            print(f"{name:12} {text}")
        return
    rows = [json.loads(line) for line in asked.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    runner, outcomes = Runner(), []
    for number, row in enumerate(rows):
        if (asked.only and number not in asked.only) or not _wanted(number, asked.third):
            continue
        outcomes.append(outcome := runner.run(row))
        if asked.third != "held" and not (asked.failed and outcome.made and outcome.still(SEEN_DEG)):
            show(number, outcome)
    report(outcomes, kinds=asked.third != "held")


if __name__ == "__main__":
    main()
