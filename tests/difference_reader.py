"""Reads instructions of how to get from one pose to another, and measures them on the joints.

Shares no table, threshold or code with the package: frames and words are as docs/conventions.md and the docstring of
`chatpose.posecodes.difference` define them.
"""

import math
import re
from collections.abc import Callable

import numpy as np

from chatpose.body.skeleton import SMPL

SIDES = ("left", "right")
Reader = Callable[[re.Match, "Body", "Body"], None]


class Body:
    """One pose in NumPy."""

    def __init__(self, joints: np.ndarray, rotations: np.ndarray) -> None:
        self.at = dict(zip(SMPL.joint_names, joints, strict=True))
        self.turned = dict(zip(SMPL.joint_names, rotations, strict=True))
        middle = (self.at["left_hip"] + self.at["right_hip"]) / 2
        shins = sum(self.at[f"{side}_{joint}"] for side in SIDES for joint in ("knee", "ankle")) / 4
        self.trunk = unit(self.at["neck"] - middle)
        legs = unit(middle - shins)
        hips = unit(self.at["left_hip"] - self.at["right_hip"])
        self.stands = max(self.trunk[1], legs[1]) > 0.5 and abs(hips[1]) < 0.8
        self.hip = frame(hips, np.array([0.0, 1.0, 0.0]) if self.stands else self.trunk)
        shoulders = unit(self.at["left_shoulder"] - self.at["right_shoulder"])
        self.chest = frame(shoulders, self.trunk)
        self.shoulders, self.hips_line = shoulders, hips

    def bone(self, start: str, end: str) -> np.ndarray:
        return self.at[end] - self.at[start]

    def angle(self, first: str, middle: str, last: str) -> float:
        return degrees_between(self.bone(middle, first), self.bone(middle, last))

    def tilt(self, start: str, end: str) -> float:
        return degrees_between(self.bone(start, end), np.array([0.0, 1.0, 0.0]))

    @property
    def pitch(self) -> float:
        return math.degrees(math.atan2(self.trunk @ self.hip[2], self.trunk @ self.hip[1]))

    @property
    def lean(self) -> float:
        return math.degrees(math.asin(np.clip(self.trunk @ self.hip[0], -1, 1)))

    @property
    def twist(self) -> float:
        front = unit(np.cross(self.hips_line, self.trunk))
        return math.degrees(math.atan2(-self.shoulders @ front, self.shoulders @ np.cross(self.trunk, front)))

    @property
    def heading(self) -> float:
        return math.degrees(math.atan2(-self.hip[0][2], self.hip[0][0]))

    @property
    def curve(self) -> float:
        lower, upper = self.bone("pelvis", "spine2"), self.bone("spine3", "neck")
        lines = self.bone("right_shoulder", "left_shoulder") + self.bone("right_hip", "left_hip")
        forward = np.cross(lines, lower)
        return math.degrees(math.atan2(unit(upper) @ unit(forward), unit(upper) @ unit(lower)))

    @property
    def face(self) -> np.ndarray:
        return self.turned["spine3"].T @ self.turned["head"][:, 2]

    @property
    def ear(self) -> np.ndarray:
        return self.turned["spine3"].T @ self.turned["head"][:, 0]

    def heel(self, side: str) -> float:
        """Height of the heel's bottom, from the bones above it."""
        ankle = self.at[f"{side}_ankle"]
        down, ahead = unit(ankle - self.at[f"{side}_knee"]), unit(self.at[f"{side}_foot"] - ankle)
        return float((ankle + 0.07 * down - 0.03 * ahead)[1]) - 0.015

    def foot(self, side: str) -> float:
        """Height of the lowest of heel, ball and toes."""
        ankle, ball = self.at[f"{side}_ankle"], self.at[f"{side}_foot"]
        toes = ball + 0.4 * (ball - ankle) + 0.03 * unit(ankle - self.at[f"{side}_knee"]) * -1
        return min(self.heel(side), float(ball[1]) - 0.02, float(toes[1]) - 0.012)

    @property
    def floor(self) -> float:
        skin = {"pelvis": 0.1, "head": 0.1, "spine3": 0.1, "spine2": 0.09, "shoulder": 0.06, "hip": 0.1}
        lowest = (
            point[1] - next((radius for part, radius in skin.items() if part in name), 0.03)
            for name, point in self.at.items()
        )
        return min(*lowest, *(self.foot(side) for side in SIDES))


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def frame(left: np.ndarray, up: np.ndarray) -> np.ndarray:
    front = unit(np.cross(left, up))
    return np.stack([left, np.cross(front, left), front])


def degrees_between(a: np.ndarray, b: np.ndarray) -> float:
    return math.degrees(math.atan2(np.linalg.norm(np.cross(a, b)), a @ b))


# Which bones a part's direction words are about.
PART_ENDS = {
    "arm": [("shoulder", "elbow"), ("shoulder", "wrist")], "upper arm": [("shoulder", "elbow")],
    "hand": [("shoulder", "hand")], "leg": [("hip", "knee"), ("hip", "ankle")], "thigh": [("hip", "knee")],
    "knee": [("hip", "knee")], "foot": [("hip", "foot")],
}  # fmt: skip
PLACE = (
    r"(?P<place> in front of you| out to the sides?| diagonally (?:forward|back) and outwards| behind you"
    r"| across your body)?"
)
AND = r"(?P<and>(?: and)? (?:up|down|forwards?|back(?:wards)?|outwards|inwards|towards your (?:head|feet)))?"
HOW = r"(?P<how> (?:slightly|a little|a bit|a lot))?"
UNTIL = r"(?P<until> until .*)?"
LIMB = r"(?:your (?P<side>left|right)|both) (?P<part>upper arm|arm|hand|leg|thigh|knee|foot|feet)s?"
DIRECTIONS = (
    (rf"(?:raise|lift) {LIMB}{AND}{HOW}{PLACE}{UNTIL}", "up"), (rf"bring {LIMB} up{AND}{HOW}{PLACE}{UNTIL}", "up"),
    (rf"lower {LIMB}{AND}{HOW}{PLACE}{UNTIL}", "down"), (rf"bring {LIMB} down{AND}{HOW}{PLACE}{UNTIL}", "down"),
    (rf"(?:move|swing|bring) {LIMB} forward{AND}{HOW}{UNTIL}", "forward"),
    (rf"(?:move|swing|bring) {LIMB} back{AND}{HOW}{UNTIL}", "back"),
    (rf"(?:move|swing) {LIMB} outwards{AND}{HOW}{UNTIL}", "outwards"),
    (rf"(?:move|swing) {LIMB} inwards{AND}{HOW}{UNTIL}", "inwards"),
    (rf"(?:move|bring) {LIMB}(?: up)? towards your head{AND}{HOW}{UNTIL}", "head"),
    (rf"(?:move|bring) {LIMB}(?: down)? towards your feet{AND}{HOW}{UNTIL}", "feet"),
)  # fmt: skip
STEPS = (
    r"step (?P<way>forward|back|outwards|inwards)(?: (?:slightly|a little|a bit|a lot))? with your "
    r"(?P<side>left|right) foot"
)


def sides_of(found: re.Match) -> tuple[str, ...]:
    return (found["side"],) if found["side"] else SIDES


def shift(a: Body, b: Body, side: str, start: str, end: str, way: str) -> float:
    """By how much the end of a bone goes that way, metres, seen from the near end."""
    arm = start == "shoulder"

    def along(body: Body) -> float:
        axes = body.chest if arm else body.hip
        bone = body.bone(f"{side}_{start}", f"{side}_{end}")
        outward = 1 if side == "left" else -1
        return float({
            "up": bone[1], "down": -bone[1], "forward": axes[2] @ bone, "back": -axes[2] @ bone,
            "outwards": outward * axes[0] @ bone, "inwards": -outward * axes[0] @ bone,
            "head": axes[1] @ bone, "feet": -axes[1] @ bone,
        }[way])  # fmt: skip

    return along(b) - along(a)


def check_direction(found: re.Match, way: str, a: Body, b: Body) -> None:
    part = "foot" if found["part"] == "feet" else found["part"]
    groups = found.groupdict()
    ways = [way]
    if groups["and"]:
        last = groups["and"].split()[-1]
        ways.append({"forwards": "forward", "backwards": "back"}.get(last, last))
    for side in sides_of(found):
        for start, end in PART_ENDS[part]:
            for one in ways:
                assert shift(a, b, side, start, end, one) > 0.025, (side, part, one)
        if groups.get("place"):
            check_place(groups["place"].strip(), side, part, b)
        if groups["until"]:
            check_until(groups["until"].removeprefix(" until "), side, part, a, b)
        swing = bone_swing(a, b, side, part)
        if part not in ("hand", "foot"):
            check_amount(groups["how"], swing, merged=not found["side"])


def bone_swing(a: Body, b: Body, side: str, part: str) -> float:
    start, end = PART_ENDS[part][0]
    axes = [body.chest if start == "shoulder" else body.hip for body in (a, b)]
    bones = [axis @ body.bone(f"{side}_{start}", f"{side}_{end}") for axis, body in zip(axes, (a, b), strict=True)]
    return degrees_between(*bones)


def check_amount(
    how: str | None, degrees: float, merged: bool, least: float = 18, plain: float = 45, large: float = 80
):
    slack = 13.5 if merged else 1e-3
    how = (how or "").strip()
    if any(word in how for word in ("slightly", "a little", "a bit")):
        assert least - slack <= degrees <= plain + slack
    elif "a lot" in how or "far" in how or "much" in how:
        assert degrees >= large - slack
    else:
        assert degrees >= least - slack


def check_place(place: str, side: str, part: str, b: Body) -> None:
    start, end = PART_ENDS[part][0]
    bone = unit(b.bone(f"{side}_{start}", f"{side}_{end}"))
    axes = b.chest if start == "shoulder" else b.hip
    out, front = (1 if side == "left" else -1) * axes[0] @ bone, axes[2] @ bone
    assert math.hypot(out, front) >= 0.44
    if place == "in front of you":
        assert front > 0.35
        assert front > abs(out)
    elif place.startswith("out to the side"):
        assert out > 0.35
        assert out > abs(front)
    elif place == "behind you":
        assert front < -0.35
        assert -front > abs(out)
    elif place == "across your body":
        assert out < -0.2
    else:
        assert out > 0.15
        assert (front > 0.15) if "forward" in place else (front < -0.15)


def check_until(until: str, side: str, part: str, a: Body, b: Body) -> None:
    arm = part in ("arm", "upper arm", "hand")
    start, end = ("shoulder", "elbow") if arm else ("hip", "knee")
    tilts = [body.tilt(f"{side}_{start}", f"{side}_{end}") for body in (a, b)]
    far = b.tilt(f"{side}_{end}", f"{side}_{'wrist' if arm else 'ankle'}")
    head = 1.7 * b.at["head"] - 0.7 * b.at["neck"]
    hand, torso = b.at[f"{side}_hand"], (b.at["pelvis"] + b.at["spine3"] + b.at["neck"]) / 3
    if "horizontal" in until:
        assert 79 <= tilts[1] <= 101
        assert not 80 <= tilts[0] <= 100
        assert part != "arm" or 69 <= far <= 111
    elif "points up" in until or "point up" in until:
        assert tilts[1] <= 30
        assert part != "arm" or far <= 41
    elif "points down" in until or "point down" in until or "hang" in until:
        assert tilts[1] >= 150
    elif "at your side" in until:
        assert b.angle(f"{side}_hip", f"{side}_shoulder", f"{side}_elbow") <= 25
    elif "above your head" in until:
        assert hand[1] - head[1] > 0.1
    elif "above the shoulder" in until:
        assert hand[1] - b.at[f"{side}_shoulder"][1] > 0.14
    elif "in front of your body" in until:
        assert (hand - torso) @ b.chest[2] > 0.14
    elif "behind your body" in until:
        assert (hand - torso) @ b.chest[2] < -0.14
    elif "beyond" in until:
        other = "right" if side == "left" else "left"
        assert (hand - b.at[f"{other}_shoulder"]) @ b.chest[0] * (1 if side == "left" else -1) < -0.04
    elif "on the floor" in until:
        assert b.foot(side) - b.floor < 0.1
    else:
        raise AssertionError(until)


def check_instruction(text: str, a: Body, b: Body) -> None:
    """Fails when a clause isn't understood or isn't true."""
    for pattern, way in DIRECTIONS:
        if found := re.fullmatch(pattern, text):
            return check_direction(found, way, a, b)
    for pattern, checker in READERS:
        if found := re.fullmatch(pattern, text):
            return checker(found, a, b)
    raise AssertionError(f"not understood: {text}")


def read_step(found: re.Match, a: Body, b: Body) -> None:
    assert shift(a, b, found["side"], "hip", "foot", found["way"]) > 0.11


def read_hinge(found: re.Match, a: Body, b: Body) -> None:
    joints = ("shoulder", "elbow", "wrist") if found["joint"] == "elbow" else ("hip", "knee", "ankle")
    for side in sides_of(found):
        before, after = (body.angle(*(f"{side}_{joint}" for joint in joints)) for body in (a, b))
        sign = -1 if found["verb"] in ("bend", "flex") else 1
        assert sign * (after - before) >= 17.9
        rest = found["rest"]
        if "right angle" in rest:
            assert 75 <= after <= 105
        elif "completely" in rest:
            assert after >= 160
        elif "all the way" in rest:
            assert after <= 45
        else:
            check_amount(rest.split(" so that")[0], abs(after - before), merged=not found["side"])
        if "more" in rest or "further" in rest:
            assert before < 150
        if " so that the forearm" in rest:
            check_pointing(rest.split("point", 1)[1], side, a, b, turns=False)


def check_pointing(text: str, side: str, a: Body, b: Body, turns: bool) -> None:
    words = text.removeprefix("s").replace(" and ", " ").split()
    for word in words:
        way = {"up": "up", "down": "down", "forward": "forward", "back": "back"}.get(word, word)

        def along(body: Body, way: str = way) -> float:
            bone = unit(body.bone(f"{side}_elbow", f"{side}_wrist"))
            outward = 1 if side == "left" else -1
            return float({"up": bone[1], "down": -bone[1], "forward": body.chest[2] @ bone,
                          "back": -body.chest[2] @ bone, "outwards": outward * body.chest[0] @ bone,
                          "inwards": -outward * body.chest[0] @ bone}[way])  # fmt: skip

        assert along(b) >= (0.49 if len(words) > 1 else 0.59)
        assert not turns or along(b) - along(a) > 0.25


def read_point(found: re.Match, a: Body, b: Body) -> None:
    for side in sides_of(found):
        check_pointing(found["rest"], side, a, b, turns=True)


def read_keep(found: re.Match, a: Body, b: Body) -> None:
    """The arm points where it did in the room, and not where the chest would have carried it."""
    for side in sides_of(found):
        before, after = (body.tilt(f"{side}_shoulder", f"{side}_elbow") for body in (a, b))
        assert abs(after - before) < 25
        if "hanging" in found["rest"]:
            assert min(before, after) >= 145
        else:
            arms = [body.bone(f"{side}_shoulder", f"{side}_elbow") for body in (a, b)]
            assert degrees_between(*arms) < 45
        assert bone_swing(a, b, side, "upper arm") >= 29.9


def read_turn(found: re.Match, a: Body, b: Body) -> None:
    turn = (b.heading - a.heading + 180) % 360 - 180
    groups = found.groupdict()
    if groups.get("side") or groups.get("clock"):
        left = groups.get("side") == "left" or groups.get("clock") == "counter-clockwise"
        assert (turn > 0) == left
        low, high = {" a little": (20, 60), " a quarter turn": (60, 120), " well over a quarter turn": (120, 150)}[
            found["how"]
        ]
        assert low - 1e-3 <= abs(turn) <= high + 1e-3
    else:
        assert abs(turn) >= 149.9


def reader_of(measure: Callable[[Body], float], ways: dict[str, int], least: float) -> Reader:
    """Reads a clause about one number, whose word says which way it goes."""

    def read(found: re.Match, a: Body, b: Body) -> None:
        delta = measure(b) - measure(a)
        assert delta * ways[found["way"]] >= least - 1e-3, (delta, found["way"])
        groups = found.groupdict()
        if "how" in groups and groups["how"] is not None and " until" not in found.string:
            check_amount(groups["how"], abs(delta), False, least, 30, 53.3)

    return read


def read_back(found: re.Match, a: Body, b: Body) -> None:
    ways = {"round": 1, "curl": 1, "arch": -1, "bend": -1}
    first = found["way"].split()[0]
    if first == "straighten":
        assert abs(b.curve + 7) < abs(a.curve + 7) - 8
    else:  # a back twisted much has no exact curve
        assert (b.curve - a.curve) * ways[first] > 12


def read_straighten_up(found: re.Match, a: Body, b: Body) -> None:
    assert abs(b.pitch) <= abs(a.pitch) - 14.9
    assert "vertical" not in found.string or degrees_between(b.trunk, np.array([0.0, 1.0, 0.0])) <= 10


def read_distance(names: tuple[str, str], sign: int) -> Reader:
    def read(found: re.Match, a: Body, b: Body) -> None:
        before, after = (np.linalg.norm(body.bone(*names)) for body in (a, b))
        assert sign * (after - before) > 0.09

    return read


def read_goal(found: re.Match, a: Body, b: Body) -> None:
    """Closer than before, and close: to a point within 20 cm, to the middle of a limb or the trunk by its thickness."""
    near = "close to" in found.string
    end = "hand" if "hand" in found["it"] else "foot"
    for side in sides_of(found):
        before, after = (gap_to(body, side, end, one_target(found["target"], side), near) for body in (a, b))
        assert after < before
        assert after < 0.205


def one_target(target: str, side: str) -> str:
    """The target of one side's hand or foot: "left thigh", "head", "floor"."""
    other = "right" if side == "left" else "left"
    name = re.sub(r"^(your|the) ", "", target).replace("opposite", other).replace("feet", "foot")
    name = re.sub(r"s$", "", name)
    return name if re.match(r"left|right|head|neck|chest|belly|floor", name) else f"{side} {name}"


SEGMENTS = {
    "thigh": ("hip", "knee", 0.06), "shin": ("knee", "ankle", 0.04), "foot": ("ankle", "foot", 0.03),
    "upper arm": ("shoulder", "elbow", 0.05), "forearm": ("elbow", "wrist", 0.03), "hand": ("wrist", "hand", 0.02),
}  # fmt: skip
TRUNK = {"chest": ("spine2", "neck", 0.15), "belly": ("pelvis", "spine2", 0.13), "neck": ("neck", "head", 0.06)}


def gap_to(body: Body, side: str, end: str, name: str, near: bool) -> float:
    skull = 1.7 * body.at["head"] - 0.7 * body.at["neck"]
    hand = body.at[f"{side}_{end}"]
    if name == "floor":
        return float(hand[1] - body.floor)
    if name == "head":
        return float(np.linalg.norm(hand - skull)) - (0 if near else 0.1)
    if near or name.endswith("hip"):
        point = body.at[name.replace(" ", "_")]
        return float(np.linalg.norm(hand - point)) - (0.05 if name.endswith("hip") else 0)
    joint = name.partition(" ")
    start, stop, thick = TRUNK[name] if name in TRUNK else SEGMENTS[joint[2]]
    first, last = (body.at[point if name in TRUNK else f"{joint[0]}_{point}"] for point in (start, stop))
    inner = body.at[f"{side}_{'wrist' if end == 'hand' else 'ankle'}"]
    tips = [inner, hand, hand + 0.8 * (hand - inner)]
    spots = [first + share * (last - first) for share in np.linspace(0, 1, 9)]
    return min(float(np.linalg.norm(tip - spot)) for tip in tips for spot in spots) - thick


def read_crossed_arms(found: re.Match, a: Body, b: Body) -> None:
    torso = (b.at["pelvis"] + b.at["spine3"] + b.at["neck"]) / 3
    left, right = ((b.at[f"{side}_hand"] - torso) @ b.chest[0] for side in SIDES)
    assert left < -0.02
    assert right > 0.02


def read_crossed_legs(found: re.Match, a: Body, b: Body) -> None:
    assert b.hip[0] @ b.bone("right_ankle", "left_ankle") < -0.02


def foot_point(side: str) -> Callable[[Body], float]:
    return lambda body: degrees_between(
        body.bone(f"{side}_knee", f"{side}_ankle"), body.bone(f"{side}_ankle", f"{side}_foot")
    )


def read_foot_point(sign: int) -> Reader:
    def read(found: re.Match, a: Body, b: Body) -> None:
        for side in sides_of(found):
            assert sign * (foot_point(side)(b) - foot_point(side)(a)) >= 29.9

    return read


def read_foot_height(part: str, sign: int, least: float) -> Reader:
    def read(found: re.Match, a: Body, b: Body) -> None:
        for side in sides_of(found):
            before, after = (getattr(body, part)(side) - body.floor for body in (a, b))
            assert sign * (after - before) > least

    return read


def read_knee_down(found: re.Match, a: Body, b: Body) -> None:
    for side in sides_of(found):
        before, after = (body.at[f"{side}_knee"][1] - body.floor for body in (a, b))
        assert after < min(0.15, before - 0.05)


def read_hip_height(found: re.Match, a: Body, b: Body) -> None:
    up = found["way"] == "raise" or found["rest"] == " up"
    assert (hips_above_floor(b) - hips_above_floor(a)) * (1 if up else -1) > 0.12


def read_hips(found: re.Match, a: Body, b: Body) -> None:
    for side in SIDES:
        before, after = (body.hip @ -body.bone(f"{side}_hip", f"{side}_foot") for body in (a, b))
        moved = after - before
        way = found["way"]
        assert {"forward": moved[2], "back": -moved[2], "left": moved[0], "right": -moved[0]}[way] > 0.11


def read_hip_angle(sign: int) -> Reader:
    def read(found: re.Match, a: Body, b: Body) -> None:
        for side in sides_of(found):
            joints = [f"{side}_{joint}" for joint in ("shoulder", "hip", "knee")]
            assert sign * (b.angle(*joints) - a.angle(*joints)) >= 26.9

    return read


def read_untwist(found: re.Match, a: Body, b: Body) -> None:
    assert abs(b.twist) <= 10.001
    assert (b.twist - a.twist) * (1 if found["side"] == "left" else -1) >= 14.9


def read_to_middle(found: re.Match, a: Body, b: Body) -> None:
    assert abs(b.lean) <= 10.001
    assert (b.lean - a.lean) * (1 if found["side"] == "left" else -1) >= 14.9


def hips_above_floor(body: Body) -> float:
    return float((body.at["left_hip"] + body.at["right_hip"])[1] / 2 - body.floor)


def read_posture(found: re.Match, a: Body, b: Body) -> None:
    rise = hips_above_floor(b) - hips_above_floor(a)
    text = found.string
    if re.search(r"\bup\b|^rise", text) and "sit up" not in text:
        assert rise > 0
    if re.search(r"\bdown\b|^sink", text) and text != "turn upside down":
        assert rise < 0
    if "the other leg straight" in text:
        other = "right" if "left" in text else "left"
        assert b.angle(*(f"{other}_{joint}" for joint in ("hip", "knee", "ankle"))) >= 149.9
    tilt = degrees_between(b.trunk, np.array([0.0, 1.0, 0.0]))
    facing = {"back": b.chest[2][1], "front": -b.chest[2][1], "left side": -b.chest[0][1], "right side": b.chest[0][1]}
    if "lie" in text or "turn over" in text:
        assert 60 <= tilt <= 120
        assert next(value for key, value in facing.items() if text.endswith(key)) > 0.6
    elif "upside" in text:
        assert tilt >= 140
    elif "all fours" not in text and "plank" not in text and "stand on" not in text:
        assert tilt <= 70


PARTS = r"(?:your (?P<side>left|right)|both)"
AMOUNT = r"(?P<how>(?: slightly| a little| a bit| a lot| far| much)?(?: more| further)?)"
TURNS = r"(?P<how> a little| a quarter turn| well over a quarter turn)"
LEFT = {"left": 1, "right": -1}
BENDS = (
    r"(?P<rest>(?: (?:slightly|a little|a bit|a lot|much))?(?: more| further)?"
    r"(?: completely| to a right angle| to right angles| all the way)?(?: so that the forearms? points? .*)?)"
)
READERS = (
    (STEPS, read_step),
    (rf"(?P<verb>bend|flex|straighten|extend) {PARTS} (?P<joint>elbow|knee)s?{BENDS}", read_hinge),
    (rf"(?:turn|rotate) {PARTS} forearms? so that (?:it|they) point(?P<rest>.*)", read_point),
    (rf"(?:keep|leave) {PARTS} (?:upper )?arms?(?P<rest> hanging down| pointing the way .*)", read_keep),
    (rf"turn(?: your whole body)?{TURNS} to the (?P<side>left|right)", read_turn),
    (rf"turn on the spot{TURNS} (?P<clock>(?:counter-)?clockwise), seen from above", read_turn),
    (r"turn around to face the other way|turn your whole body around", read_turn),
    (rf"(?:turn|rotate) your head{AMOUNT} to the (?P<way>left|right)(?P<until> until .*)?",
     reader_of(lambda body: math.degrees(math.atan2(body.face[0], body.face[2])), LEFT, 15)),
    (rf"(?:tilt your head|tip your head){AMOUNT}(?: sideways)? to the (?P<way>left|right)",
     reader_of(lambda body: math.degrees(math.asin(np.clip(-body.ear[1], -1, 1))), LEFT, 15)),
    (rf"(?P<way>lower your chin|tip your head forward|raise your chin|tip your head back){AMOUNT}"
     r"(?: to look (?:up|down))?",
     reader_of(lambda body: math.degrees(math.asin(np.clip(-body.face[1], -1, 1))),
               {"lower your chin": 1, "tip your head forward": 1, "raise your chin": -1, "tip your head back": -1},
               15)),
    (rf"(?:lean|bend your upper body|tip your upper body) (?P<way>forward|back){AMOUNT}"
     r"(?: until your back is horizontal)?",
     reader_of(lambda body: body.pitch, {"forward": 1, "back": -1}, 15)),
    (rf"(?:straighten up|straighten your upper body up){AMOUNT}(?: until your trunk is vertical)?", read_straighten_up),
    (rf"(?:lean|bend your upper body){AMOUNT} to the (?P<way>left|right)", reader_of(lambda body: body.lean, LEFT, 15)),
    (r"bring your upper body back to the middle, to the (?P<side>left|right)", read_to_middle),
    (r"turn your shoulders back to the (?P<side>left|right), in line with your hips", read_untwist),
    (rf"(?:twist your upper body|turn your shoulders){AMOUNT} to the (?P<way>left|right)",
     reader_of(lambda body: body.twist, LEFT, 15)),
    (rf"(?P<way>round your back|curl your upper back forward|arch your back|bend your upper back backward){AMOUNT}",
     read_back),
    (r"(?P<way>straighten your back)", read_back),
    (r"(?P<way>bring your upper body up|raise your upper body|bring your upper body down|lower your upper body)"
     rf"{AMOUNT}(?: until .*)?",
     reader_of(lambda body: degrees_between(body.trunk, np.array([0.0, -1.0, 0.0])),
               {"bring your upper body up": 1, "raise your upper body": 1, "bring your upper body down": -1,
                "lower your upper body": -1}, 18)),
    (rf"turn your chest (?P<way>up|down), (?:away from|towards) the floor{AMOUNT}",
     reader_of(lambda body: math.degrees(math.asin(np.clip(body.chest[2][1], -1, 1))), {"up": 1, "down": -1}, 18)),
    (rf"roll{AMOUNT} so that your (?P<way>left|right) side goes down",
     reader_of(lambda body: math.degrees(math.asin(np.clip(-body.chest[0][1], -1, 1))), LEFT, 18)),
    (r"(?:put|place|bring|move|rest) (?P<it>(?:your (?P<side>left|right)|both) (?:hand|foot|hands|feet)) "
     r"(?:on|to|close to|against) (?P<target>(?:your|the) .*)", read_goal),
    (r"touch (?P<target>(?:your|the) .*) with (?P<it>(?:your (?P<side>left|right)|both) hands?)", read_goal),
    (r"(?:cross|fold) your arms in front of you", read_crossed_arms),
    (r"(?:bring|move) your hands (?:close together|together until they touch)",
     read_distance(("left_hand", "right_hand"), -1)),
    (r"cross your legs", read_crossed_legs),
    (rf"(?:move your feet further apart|widen your stance){AMOUNT}", read_distance(("left_foot", "right_foot"), 1)),
    (rf"(?:move your feet closer together|narrow your stance){AMOUNT}", read_distance(("left_foot", "right_foot"), -1)),
    (rf"(?:shift|move) your hips (?:to the )?(?P<way>forward|back|left|right){AMOUNT}", read_hips),
    (rf"(?:draw|bring) {PARTS} knees?(?: up)? towards your chest{AMOUNT}", read_hip_angle(-1)),
    (rf"(?:move|bring) {PARTS} knees? away from your chest{AMOUNT}", read_hip_angle(1)),
    (rf"(?:lift|take) {PARTS} f(?:oo|ee)t off the floor", read_foot_height("foot", 1, 0.01)),
    (rf"(?:put|set) {PARTS} f(?:oo|ee)t down on the floor", read_foot_height("foot", -1, 0.01)),
    (rf"(?:put|set) {PARTS} knees? down on the floor", read_knee_down),
    (rf"(?P<way>raise|bring|lower) your hips(?P<rest> up| down)?{AMOUNT}", read_hip_height),
    (rf"(?:rise onto the toes of|lift the heels? of) {PARTS} f(?:oo|ee)t", read_foot_height("heel", 1, 0.01)),
    (rf"(?:lower the heels? of {PARTS} f(?:oo|ee)t to the floor)", read_foot_height("heel", -1, 0.01)),
    (rf"(?:put the heels? of {PARTS} f(?:oo|ee)t down)", read_foot_height("heel", -1, 0.01)),
    (rf"point the toes of {PARTS} f(?:oo|ee)t", read_foot_point(-1)),
    (rf"stretch {PARTS} f(?:oo|ee)t so that the toes point away", read_foot_point(-1)),
    (rf"flex {PARTS} f(?:oo|ee)t, toes towards the shin", read_foot_point(1)),
    (rf"pull the toes of {PARTS} f(?:oo|ee)t towards the shin", read_foot_point(1)),
    (r"(?:stand|squat|come up|sink|rise|step into|kneel|go down|sit|get|go into|push up|turn upside|turn over|lie) ?.*",
     read_posture),
)  # fmt: skip
