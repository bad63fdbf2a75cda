"""What each statement means, written anew for the re-reader: words to a judgement of `Poses`.

Figures are those that the documentation promises a reader; nothing is taken from `chatpose.posecodes`.
"""

import numpy as np
from reread_measures import (
    LENGTH_TOLERANCE_M,
    Numbers,
    Poses,
    between_deg,
    degrees,
    dot,
    elevation,
    every,
    metres,
    rule,
    some,
)

BENDS = {
    "fully bent": (0, 45), "sharply bent": (45, 75), "right angle": (75, 105), "half bent": (105, 135),
    "slightly bent": (135, 160), "straight": (160, 180),
}  # fmt: skip
HIPS = {"folded": (0, 60), "right angle": (75, 105), "half open": (115, 145), "straight": (160, 180)}
ARMS = {
    "at the side": (0, 25), "raised a little": (30, 60), "raised level": (75, 105), "raised high": (120, 150),
    "raised overhead": (155, 180),
}  # fmt: skip
APART = {"close together": (0, 0.2), "shoulder width apart": (0.25, 0.4), "spread": (0.4, 0.8), "wide apart": (0.8, 9)}
SINGULAR = {"elbows": "elbow", "hands": "hand", "knees": "knee", "feet": "foot"}
ENDS = {
    "thigh": ("hip", "knee"), "shin": ("knee", "ankle"), "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
}  # fmt: skip
PART = r"((?:left |right )?[a-z]+(?: arm)?)"
INFINITY = float("inf")


def words(options: dict) -> str:
    """Any of these words, the longest first."""
    return f"({'|'.join(sorted(options, key=len, reverse=True))})"


def leftwards(side: str, values: Numbers) -> Numbers:
    """Values that count to the left, counted outwards from the middle on that side."""
    return values if side == "left" else -values


def knee(poses: Poses, side: str) -> Numbers:
    return poses.bend(f"{side} hip", f"{side} knee", f"{side} ankle")


def elbow(poses: Poses, side: str) -> Numbers:
    return poses.bend(f"{side} shoulder", f"{side} elbow", f"{side} wrist")


def hip(poses: Poses, side: str) -> Numbers:
    return poses.bend(f"{side} shoulder", f"{side} hip", f"{side} knee")


def armpit(poses: Poses, side: str) -> Numbers:
    return poses.bend(f"{side} hip", f"{side} shoulder", f"{side} elbow")


def limb_tilt(poses: Poses, side: str, limb: str) -> Numbers:
    return poses.tilt(*(f"{side} {end}" for end in ENDS[limb]))


SKIN_ERROR_M = 0.06
"""How far the lowest skin of the mesh may be from where the joints tell it to be (bent fingers, flipped ankles)."""


def down(poses: Poses, part: str, most: float = 0.06) -> Numbers:
    """On the floor: the skin within 6 cm of it, told from the joints; on the mesh it must be about there too."""
    judged = metres(poses.height(part), high=most)
    if poses.skin_heights is None:
        return judged
    return every(judged, metres(poses.skin_heights[part], high=most + SKIN_ERROR_M))


def off(poses: Poses, part: str, least: float) -> Numbers:
    """At least so high above the floor; on the mesh about that."""
    judged = metres(poses.height(part), low=least)
    if poses.skin_heights is None or part not in poses.skin_heights:
        return judged
    return every(judged, metres(poses.skin_heights[part], low=least - SKIN_ERROR_M))


# --- bends and distances ---------------------------------------------------------------------------------------------


@rule(f"SIDE (knee|elbow): {words(BENDS)}")
def _bend(poses: Poses, side: str, part: str, word: str) -> Numbers:
    return degrees((knee if part == "knee" else elbow)(poses, side), *BENDS[word])


@rule(f"SIDE hip: {words(HIPS)}")
def _hip(poses: Poses, side: str, word: str) -> Numbers:
    return degrees(hip(poses, side), *HIPS[word])


@rule(f"SIDE arm: {words(ARMS)}")
def _arm(poses: Poses, side: str, word: str) -> Numbers:
    return degrees(armpit(poses, side), *ARMS[word])


@rule(f"{words(SINGULAR)}: {words(APART)}")
def _apart(poses: Poses, pair: str, word: str) -> Numbers:
    return metres(poses.apart(f"left {SINGULAR[pair]}", f"right {SINGULAR[pair]}"), *APART[word])


@rule("(hands|feet): level and shoulder width apart")
def _level_apart(poses: Poses, pair: str) -> Numbers:
    part = SINGULAR[pair]
    level = poses.higher(f"left {part}", f"right {part}")
    return every(metres(poses.apart(f"left {part}", f"right {part}"), 0.25, 0.4), metres(level, -0.07, 0.07))


@rule(f"{PART}: near {PART}")
def _near(poses: Poses, part: str, other: str) -> Numbers:
    return metres(poses.apart(part, other), high=0.20)


# --- places ----------------------------------------------------------------------------------------------------------


@rule(f"{PART}: (above|below) {PART}")
def _above(poses: Poses, part: str, word: str, other: str) -> Numbers:
    return metres(poses.higher(part, other) * (1 if word == "above" else -1), low=0.15)


@rule(f"{PART}: (in front of|behind) {PART}")
def _in_front(poses: Poses, part: str, word: str, other: str) -> Numbers:
    return metres(poses.along("front", part, other) * (1 if word == "in front of" else -1), low=0.15)


@rule(f"{PART}: beyond {PART}")
def _beyond(poses: Poses, part: str, other: str) -> Numbers:
    return metres(poses.along("beyond", part, other), low=0.15)


@rule("SIDE ([a-z]+): (far )?to the SIDE of SIDE ([a-z]+)")
def _beside(poses: Poses, side: str, part: str, far: str | None, way: str, other_side: str, other: str) -> Numbers:
    """Past a part of the other side by 5 cm, of the own side by 15 cm, or far (30 cm) outwards."""
    moved = leftwards(way, poses.along("left", f"{side} {part}", f"{other_side} {other}"))
    least = 0.30 if far else 0.15 if side == other_side else 0.05
    return metres(moved, low=least)


LINES = {
    "level beside": ("above", "front"),
    "vertically in line with": ("left", "front"),
    "in line front to back with": ("left", "above"),
}


@rule(f"{PART}: {words(LINES)} {PART}")
def _in_line(poses: Poses, part: str, word: str, other: str) -> Numbers:
    """Within 80 cm, and no more than 7 cm apart on the two axes that the words don't leave open."""
    reach = metres(poses.apart(part, other), 0.1, 0.8)
    return every(reach, *(metres(poses.along(name, part, other), -0.07, 0.07) for name in LINES[word]))


# --- directions ------------------------------------------------------------------------------------------------------

TILTS = {
    "horizontal": ((80, 100),),
    "vertical": ((0, 10), (170, 180)),
    "pointing up": ((0, 30),),
    "pointing down": ((150, 180),),
}


@rule(f"SIDE {words(ENDS)}: {words(TILTS)}")
def _direction(poses: Poses, side: str, limb: str, word: str) -> Numbers:
    return some(*(degrees(limb_tilt(poses, side, limb), *ends) for ends in TILTS[word]))


@rule("torso: (vertical|horizontal)")
def _torso(poses: Poses, word: str) -> Numbers:
    ranges = ((75, 105),) if word == "horizontal" else TILTS["vertical"]
    return some(*(degrees(poses.tilt("hips", "neck"), *ends) for ends in ranges))


@rule("torso: head downward")
def _head_downward(poses: Poses) -> Numbers:
    """The trunk's head end at least 30° below level."""
    return degrees(poses.tilt("hips", "neck"), low=120)


# --- ground ----------------------------------------------------------------------------------------------------------


@rule(f"{PART}: on ground")
def _on_ground(poses: Poses, part: str) -> Numbers:
    return down(poses, part)


@rule("SIDE foot: off ground")
def _off_ground(poses: Poses, side: str) -> Numbers:
    return off(poses, f"{side} foot", 0.12)


@rule("SIDE foot: on tiptoe")
def _tiptoe(poses: Poses, side: str) -> Numbers:
    """The toes on the floor, heel and knee off it."""
    lifted = every(off(poses, f"{side} heel", 0.05), off(poses, f"{side} knee", 0.2))
    return every(down(poses, f"{side} foot"), lifted)


# --- trunk and head --------------------------------------------------------------------------------------------------


@rule("torso: leaning (slightly )?(forward|backward)")
def _pitch(poses: Poses, slightly: str | None, way: str) -> Numbers:
    pitch = poses.lean()[0] * (1 if way == "forward" else -1)
    return degrees(pitch, *((20, 50) if slightly else (50, 180)))


@rule("torso: leaning (slightly )?to the SIDE")
def _lean(poses: Poses, slightly: str | None, side: str) -> Numbers:
    return degrees(leftwards(side, poses.lean()[1]), *((15, 30) if slightly else (30, 90)))


@rule("torso: twisted (slightly )?to the SIDE")
def _twist(poses: Poses, slightly: str | None, side: str) -> Numbers:
    return degrees(leftwards(side, poses.twist()), *((15, 30) if slightly else (30, 180)))


@rule("chest: facing (up|down)")
def _chest(poses: Poses, way: str) -> Numbers:
    return degrees(poses.chest_faces() * (1 if way == "up" else -1), low=50)


@rule("back: (arched|rounded)")
def _back(poses: Poses, word: str) -> Numbers:
    return degrees(-poses.back(), low=25) if word == "arched" else degrees(poses.back(), low=30)


@rule("head: turned (slightly )?to the SIDE")
def _head_turn(poses: Poses, slightly: str | None, side: str) -> Numbers:
    return degrees(leftwards(side, poses.face()[0]), *((15, 30) if slightly else (30, 60)))


@rule("gaze: over the SIDE shoulder")
def _over_shoulder(poses: Poses, side: str) -> Numbers:
    return degrees(leftwards(side, poses.face()[0]), 60, 180)


@rule("head: straight ahead")
def _straight_ahead(poses: Poses) -> Numbers:
    return degrees(poses.face()[0], -10, 10)


@rule("head: tilted to the SIDE")
def _head_tilt(poses: Poses, side: str) -> Numbers:
    return degrees(leftwards(side, poses.face()[2]), low=20)


@rule("head: (bowed|tipped back)")
def _nod(poses: Poses, word: str) -> Numbers:
    return degrees(poses.face()[1], low=30) if word == "bowed" else degrees(poses.face()[1], high=-25)


GAZES = {"up": (30, 90), "down": (-90, -30), "level": (-15, 15)}


@rule(f"gaze: {words(GAZES)}")
def _gaze(poses: Poses, word: str) -> Numbers:
    return degrees(elevation_of(poses, "skull base", 2), *GAZES[word])


# --- hands and feet --------------------------------------------------------------------------------------------------


def elevation_of(poses: Poses, joint: str, column: int) -> Numbers:
    return elevation(poses.axis(joint, column))


def palm_against(poses: Poses, side: str, direction: Numbers) -> Numbers:
    """Angle of where the palm faces (the hand's underside in the T-pose) to a direction."""
    return between_deg(-poses.axis(f"{side} wrist", 1), direction)


@rule("SIDE palm: facing (up|down)")
def _palm_up(poses: Poses, side: str, way: str) -> Numbers:
    faces = -elevation_of(poses, f"{side} wrist", 1)
    return degrees(faces if way == "up" else -faces, 50, 90)


@rule("SIDE palm: facing (forward|backward|inward|outward)")
def _palm(poses: Poses, side: str, way: str) -> Numbers:
    left, _, front = poses.chest_axes
    inward = -left if side == "left" else left
    direction = {"forward": front, "backward": -front, "inward": inward, "outward": -inward}[way]
    return degrees(palm_against(poses, side, direction), high=35)


@rule("SIDE wrist: bent (inward|back)")
def _wrist(poses: Poses, side: str, way: str) -> Numbers:
    """The fingers' direction against the forearm's, seen from the thumb's side."""
    out = 1 if side == "left" else -1
    forearm, palmward = out * poses.axis(f"{side} elbow", 0), -poses.axis(f"{side} elbow", 1)
    fingers = out * poses.axis(f"{side} wrist", 0)
    flexion = np.degrees(np.arctan2(dot(fingers, palmward), dot(fingers, forearm)))
    return degrees(flexion if way == "inward" else -flexion, 35, 180)


@rule("SIDE foot: (pointed|flexed)")
def _foot(poses: Poses, side: str, word: str) -> Numbers:
    shin = poses.at(f"{side} ankle") - poses.at(f"{side} knee")
    angle = between_deg(shin, poses.at(f"{side} foot") - poses.at(f"{side} ankle"))
    return degrees(angle, high=45) if word == "pointed" else degrees(angle, low=92)


@rule("SIDE foot: turned (out|in)")
def _turnout(poses: Poses, side: str, way: str) -> Numbers:
    ends = f"{side} foot", f"{side} ankle"
    outwards = leftwards(side, poses.along("left", *ends))
    turned = np.degrees(np.arctan2(outwards, poses.along("front", *ends)))
    return degrees(turned, 40, 135) if way == "out" else degrees(-turned, 8, 90)


# --- touching --------------------------------------------------------------------------------------------------------

PLURALS = {"hands": "hand", "forearms": "forearm", "feet": "foot", "shins": "shin", "thighs": "thigh"}


def touch(poses: Poses, first: str, second: str) -> Numbers:
    """Skins at most 2 cm apart on the mesh; capsules stand in for it to two centimetres, so that is let pass."""
    if poses.gaps is None:
        raise ValueError("touching needs the gaps of reread_skin")
    return metres(poses.gaps(first, second), high=0.04 - LENGTH_TOLERANCE_M)


@rule(f"{PART}: touching {PART}")
def _touching(poses: Poses, part: str, other: str) -> Numbers:
    return touch(poses, part, other)


@rule(f"{words(PLURALS)}: touching each other")
def _touching_each_other(poses: Poses, pair: str) -> Numbers:
    return touch(poses, f"left {PLURALS[pair]}", f"right {PLURALS[pair]}")
