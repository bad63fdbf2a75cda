"""What each statement means, written anew for the re-reader: words to a judgement of `Poses`.

Figures are those that the documentation promises a reader; nothing is taken from `chatpose.posecodes`.
"""

import numpy as np
from reread_measures import (
    LENGTH_TOLERANCE_M,
    OPPOSITE,
    Numbers,
    Poses,
    between_deg,
    degrees,
    dot,
    elevation,
    every,
    metres,
    percent,
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


# --- postures --------------------------------------------------------------------------------------------------------


def upright(poses: Poses, most: float) -> Numbers:
    """The trunk within so many degrees of upright."""
    return degrees(poses.tilt("hips", "neck"), high=most)


def some_foot(poses: Poses) -> Numbers:
    return some(down(poses, "left foot"), down(poses, "right foot"))


def both(what, poses: Poses, *arguments) -> Numbers:
    """A judgement that must hold on both sides."""
    return every(*(what(poses, side, *arguments) for side in OPPOSITE))


def rests(poses: Poses, part: str) -> Numbers:
    """Carries weight: about on the floor, 10 cm at most."""
    return down(poses, part, 0.1)


def both_rest(poses: Poses, part: str) -> Numbers:
    return every(rests(poses, f"left {part}"), rests(poses, f"right {part}"))


def both_off(poses: Poses, part: str, least: float) -> Numbers:
    return every(off(poses, f"left {part}", least), off(poses, f"right {part}", least))


def hips_high(poses: Poses, least: float = -INFINITY, most: float = INFINITY) -> Numbers:
    return percent(poses.hips_percent(), least, most)


@rule("standing")
def _standing(poses: Poses) -> Numbers:
    """On a foot, knees off the floor, the trunk rather up; hips high, or lower on straight legs wide apart."""
    straddled = every(hips_high(poses, 50), *(degrees(knee(poses, side), low=150) for side in OPPOSITE))
    high = some(hips_high(poses, 80), straddled)
    return every(high, both_off(poses, "knee", 0.2), some_foot(poses), upright(poses, 60))


@rule("standing on the SIDE leg")
def _one_leg(poses: Poses, side: str) -> Numbers:
    """That foot on the floor, the other foot, heel included, well off it; the trunk may be level."""
    lifted = off(poses, f"{OPPOSITE[side]} foot", 0.12)
    stands = every(down(poses, f"{side} foot"), hips_high(poses, 80), both_off(poses, "knee", 0.2))
    return every(stands, lifted, upright(poses, 100))


@rule("lunging with the SIDE leg in front")
def _lunge(poses: Poses, side: str) -> Numbers:
    """A long step, the front knee bent, the rear leg nearly straight and its knee off the floor."""
    other = OPPOSITE[side]
    step = metres(poses.along("front", f"{side} foot", f"{other} foot"), low=0.55)
    legs = every(degrees(knee(poses, side), 65, 135), degrees(knee(poses, other), low=125))
    thigh = degrees(limb_tilt(poses, side, "thigh"), high=145)
    return every(step, legs, thigh, both_rest(poses, "foot"), off(poses, f"{other} knee", 0.07), upright(poses, 60))


@rule("squatting")
def _squatting(poses: Poses) -> Numbers:
    """On both feet, knees bent to a right angle or more, the hips low but not on the floor, and no chair in between."""
    bent = every(*(degrees(knee(poses, side), high=105) for side in OPPOSITE))
    low = every(hips_high(poses, most=70), off(poses, "pelvis", 0.08), both_off(poses, "knee", 0.15))
    shins = every(*(degrees(limb_tilt(poses, side, "shin"), 110, 150) for side in OPPOSITE))
    return every(both_rest(poses, "foot"), bent, low, upright(poses, 70), some(hips_high(poses, most=42), shins))


@rule("sitting as on a chair")
def _chair(poses: Poses) -> Numbers:
    """Thighs about level, shins down, trunk up, hips at the height of a seat."""
    thighs = every(*(degrees(limb_tilt(poses, side, "thigh"), 65, 125) for side in OPPOSITE))
    shins = every(*(degrees(limb_tilt(poses, side, "shin"), low=145) for side in OPPOSITE))
    folded = every(*(degrees(hip(poses, side), 50, 130) for side in OPPOSITE))
    return every(thighs, shins, folded, upright(poses, 50), hips_high(poses, 40))


def seated(poses: Poses) -> Numbers:
    """The seat on the floor, the trunk up, the hips bent."""
    folded = every(*(degrees(hip(poses, side), high=140) for side in OPPOSITE))
    return every(down(poses, "pelvis", 0.08), upright(poses, 50), folded)


@rule("sitting on the floor")
def _on_floor(poses: Poses) -> Numbers:
    """The trunk up, or folded forward over the legs; not curled up on a side."""
    folded = every(*(degrees(hip(poses, side), high=80) for side in OPPOSITE), upright(poses, 125))
    forward = every(degrees(poses.chest_faces(), high=10), degrees(poses.left_faces(), -40, 40))
    return some(seated(poses), every(down(poses, "pelvis", 0.08), folded, forward))


@rule("sitting cross-legged")
def _cross_legged(poses: Poses) -> Numbers:
    """On the floor, knees bent, low and apart, ankles together."""
    bent = every(*(degrees(knee(poses, side), high=90) for side in OPPOSITE))
    knees = metres(poses.apart("left knee", "right knee"), low=0.4)
    low = every(*(metres(poses.height(f"{side} knee"), high=0.3) for side in OPPOSITE))
    return every(seated(poses), bent, low, knees, metres(poses.apart("left ankle", "right ankle"), high=0.35))


@rule("kneeling")
def _kneeling(poses: Poses) -> Numbers:
    """On both knees, the seat off the floor: trunk up, or sitting on the heels with the trunk up or bent down."""
    bent, folded = (every(*(degrees(knee(poses, side), high=most) for side in OPPOSITE)) for most in (125, 70))
    ways = some(every(bent, upright(poses, 60)), every(folded, upright(poses, 125)))
    return every(both_rest(poses, "knee"), off(poses, "pelvis", 0.1), ways)


@rule("kneeling on the SIDE knee")
def _one_knee(poses: Poses, side: str) -> Numbers:
    """One knee and the other foot on the floor."""
    other = OPPOSITE[side]
    knelt = every(rests(poses, f"{side} knee"), degrees(knee(poses, side), high=135))
    foot = every(rests(poses, f"{other} foot"), off(poses, f"{other} knee", 0.2))
    return every(knelt, foot, upright(poses, 60), off(poses, "pelvis", 0.1))


LYING = {"back": (0.12, 0.25), "front": (0.12, 0.25), "left side": (0.28, 0.32), "right side": (0.28, 0.32)}


@rule(f"lying on the {words(LYING)}")
def _lying(poses: Poses, word: str) -> Numbers:
    """The trunk level and low, that side of it towards the floor."""
    pelvis, chest = LYING[word]
    low = every(metres(poses.height("pelvis"), high=pelvis), metres(poses.height("spine3"), high=chest))
    faces = {
        "back": degrees(poses.chest_faces(), low=40),
        "front": degrees(poses.chest_faces(), high=-40),
        "left side": degrees(poses.left_faces(), high=-45),
        "right side": degrees(poses.left_faces(), low=45),
    }[word]
    if word == "front":  # a seated forward fold isn't lying
        faces = every(faces, *(degrees(hip(poses, side), low=100) for side in OPPOSITE))
    level = (60, 120) if "side" in word else (68, 112)
    return every(degrees(poses.tilt("hips", "neck"), *level), low, faces)


@rule("on all fours")
def _all_fours(poses: Poses) -> Numbers:
    """Hands and knees on the floor, arms under the trunk, belly down, the seat in the air."""
    arms = every(*(degrees(poses.tilt(f"{side} shoulder", f"{side} wrist"), low=120) for side in OPPOSITE))
    faces = degrees(poses.chest_faces(), high=-20)
    trunk = degrees(poses.tilt("hips", "neck"), 50, 125)
    return every(both_rest(poses, "hand"), both_rest(poses, "knee"), faces, trunk, arms, off(poses, "pelvis", 0.15))


@rule("in a plank")
def _plank(poses: Poses) -> Numbers:
    """Hands and toes on the floor, knees and hips off it, trunk and hips stretched but not arched, belly down."""
    held = every(both_rest(poses, "hand"), both_rest(poses, "foot"), both_off(poses, "knee", 0.08))
    stretched = every(*(degrees(hip(poses, side), low=140) for side in OPPOSITE))
    faces = degrees(poses.chest_faces(), high=-20)
    held = every(held, off(poses, "pelvis", 0.15), degrees(poses.back(), low=-35))
    return every(held, stretched, faces, degrees(poses.tilt("hips", "neck"), 50, 110))


@rule("upside down")
def _upside_down(poses: Poses) -> Numbers:
    """The trunk head down, the feet above the hips."""
    feet = every(*(metres(poses.higher(f"{side} ankle", "hips"), low=0) for side in OPPOSITE))
    return every(degrees(poses.tilt("hips", "neck"), low=140), metres(poses.higher("hips", "shoulders"), 0.2), feet)


def on_legs(poses: Poses) -> Numbers:
    """A foot on the floor and the hips above two thirds of the legs."""
    return every(hips_high(poses, 65), some_foot(poses))


@rule("bending forward")
def _bending(poses: Poses) -> Numbers:
    return every(on_legs(poses), degrees(poses.lean()[0], low=50))


@rule("arching backward")
def _arching(poses: Poses) -> Numbers:
    return every(on_legs(poses), degrees(poses.lean()[0], high=-20), degrees(poses.back(), high=-10))


@rule("bending to the SIDE")
def _side_bend(poses: Poses, side: str) -> Numbers:
    """The trunk leaning that way, or the spine bent so that the shoulder of that side comes down."""
    leaning = some(*(degrees(leftwards(side, how), low=25) for how in (poses.lean()[1], poses.side_bend())))
    return every(on_legs(poses), leaning, upright(poses, 75))


@rule("twisting to the SIDE")
def _twisting(poses: Poses, side: str) -> Numbers:
    return every(degrees(leftwards(side, poses.twist()), low=30), upright(poses, 60))


# --- limbs -----------------------------------------------------------------------------------------------------------


def outward(poses: Poses, side: str, part: str, least: float) -> Numbers:
    """A part so far out beyond the shoulder of its side."""
    return metres(leftwards(side, poses.along("left", f"{side} {part}", f"{side} shoulder")), low=least)


@rule("arms: crossed")
def _crossed_arms(poses: Poses) -> Numbers:
    """Each hand past the middle, before the trunk, at the other elbow, elbows bent."""
    judged = []
    for side, other in OPPOSITE.items():
        judged += [
            metres(leftwards(other, poses.along("left", f"{side} hand", "torso")), low=0.03),
            metres(poses.along("front", f"{side} hand", "torso"), low=0.05),
            degrees(elbow(poses, side), high=125),
            metres(poses.apart(f"{side} hand", f"{other} elbow"), high=0.3),
        ]
    return every(*judged)


@rule("legs: crossed")
def _crossed_legs(poses: Poses) -> Numbers:
    past = metres(-poses.along("left", "left ankle", "right ankle"), low=0.07)
    return every(past, metres(poses.apart("left ankle", "right ankle"), high=0.45))


@rule("arms: raised overhead")
def _overhead(poses: Poses) -> Numbers:
    raised = (degrees(armpit(poses, side), low=140) for side in OPPOSITE)
    return every(*raised, *(metres(poses.higher(f"{side} hand", "head"), low=0.1) for side in OPPOSITE))


@rule("arms: spread to the sides")
def _aside(poses: Poses) -> Numbers:
    judged = []
    for side in OPPOSITE:
        level = degrees(limb_tilt(poses, side, "upper arm"), 70, 110)
        judged += [level, degrees(elbow(poses, side), low=150), outward(poses, side, "hand", 0.35)]
    return every(*judged)


@rule("arms: hanging down")
def _hanging(poses: Poses) -> Numbers:
    judged = []
    for side in OPPOSITE:
        below = metres(poses.higher(f"{side} elbow", f"{side} hand"), low=0.15)
        judged += [degrees(armpit(poses, side), high=30), degrees(elbow(poses, side), low=145), below]
    return every(*judged)


@rule("arms: stretched forward")
def _forward(poses: Poses) -> Numbers:
    judged = []
    for side in OPPOSITE:
        ahead = metres(poses.along("front", f"{side} hand", "torso"), low=0.4)
        level = degrees(poses.tilt(f"{side} shoulder", f"{side} wrist"), 50, 130)
        judged += [level, degrees(armpit(poses, side), 60, 120), degrees(elbow(poses, side), low=145), ahead]
    return every(*judged)


@rule("SIDE hand: on hip")
def _hand_on_hip(poses: Poses, side: str) -> Numbers:
    near = metres(poses.apart(f"{side} hand", f"{side} hip"), high=0.24)
    return every(near, degrees(elbow(poses, side), 45, 130), outward(poses, side, "elbow", 0.1))


@rule("legs: straight")
def _straight_legs(poses: Poses) -> Numbers:
    return every(*(degrees(knee(poses, side), low=160) for side in OPPOSITE))


@rule("legs: spread wide")
def _legs_wide(poses: Poses) -> Numbers:
    straight = (degrees(knee(poses, side), low=140) for side in OPPOSITE)
    aside = metres(poses.along("left", "left foot", "right foot"), low=0.6)
    return every(degrees(poses.bend("left knee", "hips", "right knee"), low=75), aside, *straight)
