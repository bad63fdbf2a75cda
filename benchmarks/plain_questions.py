"""What `plain_judge` can ask: postures and measures of a `Body` as a demanding but fair onlooker would see them."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from plain_body import OTHER, UP, Body, angle, bone, elbow, elevation, knee, off, sign_of, unit


def arm_at_side(body: Body, side: str) -> bool:
    """Hanging, the hand beside the thigh."""
    beside = np.linalg.norm(bone(body, side, "hip", "hand")) < 0.32
    return bool(off(body, side, "down") < 25 and elbow(body, side) < 45 and beside)


def forearm_rise(body: Body, side: str) -> float:
    """Elevation of the forearm, degrees; 90 has the hand straight above the elbow."""
    return elevation(bone(body, side, "elbow", "wrist"))


def in_frame(body: Body, side: str, joint: str, axis: int, start: str = "spine3") -> float:
    """Centimetres of a joint to its own side (0), up (1) or forward (2) from the trunk, in the chest's frame."""
    value = (body.chest[axis] @ (body.at(f"{side}_{joint}") - body.at(start))) * 100
    return float(value * sign_of(side) if axis == 0 else value)


def hand_above(body: Body, side: str, what: np.ndarray) -> float:
    """Centimetres of the knuckles above a point; along the body where it lies."""
    way = UP if angle(body.torso, UP) < 55 else body.torso
    return float((body.at(f"{side}_hand") - what) @ way) * 100


def hand_at_height(body: Body, side: str, low: np.ndarray, high: np.ndarray) -> bool:
    """Whether the knuckles are at a height between two points, give or take five centimetres."""
    return hand_above(body, side, low) > -5 and hand_above(body, side, high) < 5


def hand_to(body: Body, side: str, points: Sequence[np.ndarray]) -> float:
    """Centimetres from palm, knuckles or fingertips to the nearest of some points."""
    return min(float(np.linalg.norm(one - two)) for one in body.hand(side) for two in points) * 100


def hand_on_hip(body: Body, side: str) -> bool:
    """Hand at the side of waist or hip, the elbow bent and pointing away from the body."""
    near = hand_to(body, side, PLACES["hip_side"][0](body, side)) < 14
    away = in_frame(body, side, "elbow", 0) - in_frame(body, side, "shoulder", 0) > 6
    return near and 45 < elbow(body, side) < 150 and (away or in_frame(body, side, "elbow", 2) < -12)


def hands_gap(body: Body) -> float:
    """Centimetres between the hands."""
    return hand_to(body, "left", body.hand("right"))


def hands_behind(body: Body, side: str) -> bool:
    """The hand behind the back, near the middle."""
    palm = body.hand(side)[0]
    behind = body.pelvis[2] @ (palm - body.at("pelvis")) < -0.08
    return bool(behind and abs(body.pelvis[0] @ (palm - body.at("pelvis"))) < 0.15 and palm[1] < body.at("neck")[1])


def arms_crossed(body: Body) -> bool:
    """Forearms across each other before the chest, each hand at the other arm."""
    across = body.chest[0] @ (body.at("left_hand") - body.at("right_hand")) < 0
    ahead = all(in_frame(body, side, "wrist", 2) > 5 for side in OTHER)
    at_arm = all(
        min(hand_to(body, side, PLACES[name][0](body, side)) for name in ("opposite_upper_arm", "opposite_forearm"))
        < 15
        for side in OTHER
    )
    level = all(abs(in_frame(body, side, "wrist", 1, "spine2")) < 28 for side in OTHER)
    return bool(across and ahead and at_arm and level)


def lean(body: Body, sign: int = 1) -> float:
    """Degrees that the trunk leans forward (sign 1) or backward (-1)."""
    return math.degrees(math.atan2(sign * float(body.torso @ body.facing), float(body.torso[1])))


def bow(body: Body) -> float:
    """Degrees that the back is rounded; negative when arched."""
    up, left = body.pelvis[1], body.pelvis[0]
    chest = body.at("neck") - body.at("spine3")
    return math.degrees(math.atan2(float(np.cross(up, chest) @ left), float(up @ chest))) - 2


def sideways(body: Body, side: str) -> float:
    """Degrees of a bend to the side, of the whole trunk in the room or of the chest on the pelvis."""
    left = np.cross(UP, body.facing)
    room = math.degrees(math.atan2(float(body.torso @ left), abs(float(body.torso[1])) + 0.01))
    own = math.degrees(math.atan2(float(body.chest[1] @ body.pelvis[0]), float(body.chest[1] @ body.pelvis[1])))
    return max(room * sign_of(side) if angle(body.torso, UP) < 65 else -180, own * sign_of(side))


def twist(body: Body, side: str) -> float:
    """Degrees that the shoulders are turned against the hips."""
    left = body.chest[0]
    return sign_of(side) * math.degrees(math.atan2(-float(left @ body.pelvis[2]), float(left @ body.pelvis[0])))


def head_turn(body: Body, side: str) -> float:
    """Degrees that the head is turned on the chest."""
    nose = body.head[2]
    return sign_of(side) * math.degrees(math.atan2(float(nose @ body.chest[0]), float(nose @ body.chest[2])))


def head_tilt(body: Body, side: str) -> float:
    """Degrees that the head is tilted towards a shoulder."""
    crown = body.head[1]
    return sign_of(side) * math.degrees(math.atan2(float(crown @ body.chest[0]), float(crown @ body.chest[1])))


def gaze(body: Body) -> float:
    """Elevation of the nose's direction, degrees."""
    return elevation(body.head[2])


def ankles(body: Body, axis: str) -> float:
    """Centimetres from the right ankle to the left one: across, along (left is before), or in all on the floor."""
    apart = (body.at("left_ankle") - body.at("right_ankle")) * 100
    ways = {"across": np.cross(UP, body.facing), "along": body.facing}
    return float(apart @ ways[axis]) if axis in ways else float(np.hypot(apart[0], apart[2]))


def legs_crossed(body: Body) -> bool:
    """One ankle or knee has passed the other, seen along the body or from the front."""
    across = body.pelvis[0]
    by = {name: float(across @ (body.at(f"left_{name}") - body.at(f"right_{name}"))) for name in ("ankle", "knee")}
    return by["ankle"] < 0.03 or by["knee"] < 0.0


def leg_raised(body: Body, side: str, way: str) -> float:
    """Degrees from hanging straight down towards forward, side or back, of the line from hip to ankle."""
    down = -UP if angle(body.torso, UP) < 60 else -body.pelvis[1]
    facing = body.facing if angle(body.torso, UP) < 60 else body.pelvis[2]
    ways = {"forward": facing, "back": -facing, "side": sign_of(side) * np.cross(-down, facing)}
    leg = unit(bone(body, side, "hip", "ankle"))
    towards = float(leg @ ways[way])
    mostly = towards > 0.6 * float(np.linalg.norm(leg - down * (leg @ down)))
    return angle(leg, down) if mostly else math.degrees(math.asin(max(-1.0, min(1.0, towards))))


def foot_gap(body: Body, side: str) -> float:
    """Centimetres of the lowest of ankle and ball above the floor."""
    return min(body.gap[f"{side}_ankle"], body.gap[f"{side}_foot"]) * 100


def foot_flat(body: Body, side: str) -> bool:
    """Heel and ball on the floor."""
    return body.gap[f"{side}_ankle"] < 0.07 and body.gap[f"{side}_foot"] < 0.04


def heel_raised(body: Body, side: str) -> float:
    """Centimetres that the ankle is above the ball of a foot that stands; in an upright foot 5."""
    return float(bone(body, side, "foot", "ankle")[1]) * 100 if foot_gap(body, side) < 6 else 0.0


def turned_out(body: Body, side: str) -> float:
    """Degrees that the toes point outwards from where the pelvis faces; at ease about 15."""
    foot, left = bone(body, side, "ankle", "foot"), unit(body.pelvis[0] * (1, 0, 1))
    return math.degrees(math.atan2(sign_of(side) * float(foot @ left), float(foot @ np.cross(left, UP))))


def hand_gap(body: Body, side: str) -> float:
    """Centimetres of the hand above the floor."""
    return (min(point[1] for point in body.hand(side)) - body.floor) * 100


def foot_to_other_leg(body: Body, side: str) -> float:
    """Centimetres from the sole to the other leg above the ankle."""
    hip, knee_, ankle = (body.at(f"{OTHER[side]}_{name}") for name in ("hip", "knee", "ankle"))
    leg = [knee_ + (end - knee_) * share for end in (hip, ankle) for share in (0, 0.2, 0.4, 0.6)]
    foot = [body.at(f"{side}_ankle"), body.at(f"{side}_foot")]
    return min(float(np.linalg.norm(one - two)) for one in foot for two in leg) * 100


def on_feet(body: Body) -> bool:
    """A foot carries: no knee, seat or hand lies lower, and the pelvis is well above it."""
    return min(foot_gap(body, side) for side in OTHER) < 4 and body.gap["pelvis"] > 0.08


def standing(body: Body) -> bool:
    """On a leg that is nearly straight (or two), not kneeling."""
    carriers = [side for side in OTHER if foot_gap(body, side) < 5 and knee(body, side) < 45]
    return on_feet(body) and any(body.at("pelvis")[1] - body.at(f"{side}_ankle")[1] > 0.6 for side in carriers)


def on_one_leg(body: Body, side: str) -> bool:
    """Standing on this leg, the other foot clearly off the floor."""
    return standing(body) and foot_gap(body, side) < 5 and foot_gap(body, OTHER[side]) > 6


def squatting(body: Body) -> bool:
    """On both feet with knees well bent, the seat low and free, over the feet."""
    feet = (body.at("left_ankle") + body.at("right_ankle")) / 2
    back = float((feet - body.at("pelvis")) @ body.facing)
    bent = all(knee(body, side) > 65 and foot_gap(body, side) < 6 for side in OTHER)
    free = body.gap["pelvis"] > 0.04 and all(body.gap[f"{side}_knee"] > 0.12 for side in OTHER)
    return bent and free and back < 0.34


def lunging(body: Body, side: str) -> bool:
    """A long step with this foot before, its knee well bent, the other leg stretched back."""
    front = sign_of(side) * ankles(body, "along") > 45 and 50 < knee(body, side) < 130
    return front and foot_gap(body, side) < 5 and knee(body, OTHER[side]) < knee(body, side) + 35


def sitting_on_chair(body: Body) -> bool:
    """As on a chair: seat free of the floor, thighs about level and forward, feet before the seat."""
    thighs = [bone(body, side, "hip", "knee") for side in OTHER]
    level = all(abs(elevation(thigh)) < 30 and float(unit(thigh) @ body.facing) > 0.4 for thigh in thighs)
    feet = (body.at("left_ankle") + body.at("right_ankle")) / 2
    before = float((feet - body.at("pelvis")) @ body.facing) > 0.1
    return level and before and body.gap["pelvis"] > 0.2 and abs(lean(body)) < 60


def kneeling(body: Body) -> bool:
    """Both knees and shins on the floor, trunk up."""
    shins = all(body.gap[f"{side}_knee"] < 0.06 and body.gap[f"{side}_ankle"] < 0.17 for side in OTHER)
    return shins and angle(body.torso, UP) < 60 and max(body.gap["left_hip"], body.gap["right_hip"]) > 0.06


def kneeling_on_one_knee(body: Body, side: str) -> bool:
    """This knee on the floor, the other foot planted before the body with its knee up."""
    other = OTHER[side]
    planted = foot_gap(body, other) < 5 and body.gap[f"{other}_knee"] > 0.22 and 50 < knee(body, other) < 130
    return planted and body.gap[f"{side}_knee"] < 0.06 and angle(body.torso, UP) < 50


def sitting_on_heels(body: Body) -> bool:
    """Kneeling with the seat down on the heels."""
    near = all(np.linalg.norm(bone(body, side, "hip", "ankle")) < 0.34 for side in OTHER)
    return near and all(body.gap[f"{side}_knee"] < 0.08 for side in OTHER) and angle(body.torso, UP) < 80


def sitting_on_floor(body: Body) -> bool:
    """The seat on the floor, the trunk rather upright."""
    return min(body.gap[name] for name in ("pelvis", "left_hip", "right_hip")) < 0.07 and angle(body.torso, UP) < 55


def lying(body: Body, way: np.ndarray) -> bool:
    """The trunk along the floor, with the given side of the body down."""
    flat = abs(elevation(body.torso)) < 30 and body.gap["pelvis"] < 0.15
    return flat and angle(way, -UP) < 45 and body.gap["spine3"] < 0.25


def on_all_fours(body: Body) -> bool:
    """Both hands and both knees on the floor, trunk over them."""
    down = all(hand_gap(body, side) < 7 and body.gap[f"{side}_knee"] < 0.07 for side in OTHER)
    return down and abs(elevation(body.torso)) < 40 and body.gap["pelvis"] > 0.15


def plank(body: Body) -> bool:
    """On hands or forearms and toes, face down, the body in one line, knees free."""
    props = all(hand_gap(body, side) < 8 and foot_gap(body, side) < 8 for side in OTHER)
    line = all(
        angle(bone(body, side, "shoulder", "hip"), bone(body, side, "hip", "ankle")) < 25 and knee(body, side) < 30
        for side in OTHER
    )
    free = body.gap["pelvis"] > 0.05 and min(body.gap["left_knee"], body.gap["right_knee"]) > 0.02
    return props and line and free and body.chest[2] @ UP < -0.4


def inverted(body: Body) -> bool:
    """Upside down: head under pelvis, pelvis under a foot."""
    feet = max(body.at("left_ankle")[1], body.at("right_ankle")[1])
    return bool(body.at("head")[1] < body.at("pelvis")[1] - 0.2 and feet > body.at("pelvis")[1] + 0.3)


Place = tuple[Callable[[Body, str], list[np.ndarray]], float]
"""Points that a hand may be at, given the body and the hand's side, and how near it must be, centimetres."""


def _limb(start: str, end: str, shares: Sequence[float], other: bool = False) -> Callable[[Body, str], list]:
    def points(body: Body, side: str) -> list[np.ndarray]:
        one = OTHER[side] if other else side
        return [body.at(f"{one}_{start}") + bone(body, one, start, end) * share for share in shares]

    return points


def _head(*points: tuple[float, float, float]) -> Callable[[Body, str], list]:
    return lambda body, side: [body.on_head(left * sign_of(side), up, forward) for left, up, forward in points]


def _trunk(*points: tuple[str, float, float, float]) -> Callable[[Body, str], list]:
    return lambda body, side: [body.on_trunk(name, left * sign_of(side), *rest) for name, left, *rest in points]


_FOOT = (-0.2, 0.3, 0.7, 1.0, 1.3)
PLACES: dict[str, Place] = {
    "face": (_head((0, 0, 12), (0, -6, 10), (5, 0, 9), (-5, 0, 9), (0, 8, 10)), 12),
    "chin": (_head((0, -6, 10), (4, -6, 7), (-4, -6, 7)), 10),
    "mouth": (_head((0, -3.5, 11)), 10),
    "eyes": (_head((3, 5, 11), (-3, 5, 11)), 11),
    "forehead": (_head((0, 8, 10), (5, 7, 8)), 10),
    "cheek": (_head((6, 0, 9), (7, -2, 6)), 10),
    "temple": (_head((6.5, 5, 6)), 10),
    "ear": (_head((8.5, 3.5, -1)), 11),
    "opposite_ear": (_head((-8.5, 3.5, -1)), 11),
    "back_of_head": (_head((0, 3.5, -9), (5, 3, -8), (0, -4, -7)), 13),
    "top_of_head": (_head((0, 15, -2), (5, 14, -2), (0, 14, -6)), 10),
    "neck": (_head((0, -6, -6), (5, -8, -2), (-5, -8, -2), (0, -9, 5)), 11),
    "chest": (_trunk(("spine3", 0, 7, 10), ("spine3", 7, 5, 11), ("spine3", -7, 5, 11)), 11),
    "belly": (_trunk(("spine1", 0, 0, 15), ("spine1", 0, 9, 15), ("spine1", 7, 4, 13), ("spine1", -7, 4, 13)), 12),
    "lower_back": (_trunk(("spine1", 0, 0, -4), ("spine1", 9, 0, -3), ("pelvis", 0, 2, -7)), 13),
    "hip_side": (_trunk(("pelvis", 15, 7, 1), ("spine1", 14, 5, 4), ("pelvis", 17, -7, 0), ("pelvis", 15, 2, 6)), 14),
    "own_shoulder": (_limb("shoulder", "elbow", (0,)), 14),
    "opposite_shoulder": (_limb("shoulder", "elbow", (0, 0.2), other=True), 14),
    "opposite_upper_arm": (_limb("shoulder", "elbow", (0.3, 0.5, 0.7, 0.9), other=True), 12),
    "opposite_elbow": (_limb("elbow", "wrist", (0, 0.1), other=True), 12),
    "opposite_forearm": (_limb("elbow", "wrist", (0.2, 0.4, 0.6, 0.8), other=True), 11),
    "own_thigh": (_limb("hip", "knee", (0.3, 0.45, 0.6, 0.75, 0.9)), 14),
    "own_knee": (_limb("knee", "ankle", (0, 0.08)), 15),
    "opposite_knee": (_limb("knee", "ankle", (0, 0.08), other=True), 15),
    "own_shin": (_limb("knee", "ankle", (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)), 13),
    "own_foot": (_limb("ankle", "foot", _FOOT), 13),
    "opposite_foot": (_limb("ankle", "foot", _FOOT, other=True), 13),
}

ANY = (-math.inf, math.inf)
Question = tuple[Callable[..., float | bool], tuple[float, float]]
"""What is asked of a body (and a side), and the span in which a number must lie when the line gives none."""


def _gaps(name: str) -> Callable[[Body, str], float]:
    return lambda body, side: body.gap[f"{side}_{name}"] * 100


WHOLE: dict[str, Question] = {
    "standing": (standing, ANY),
    "squatting": (squatting, ANY),
    "sitting_on_chair": (sitting_on_chair, ANY),
    "sitting_on_floor": (sitting_on_floor, ANY),
    "sitting_on_heels": (sitting_on_heels, ANY),
    "kneeling": (kneeling, ANY),
    "lying_on_back": (lambda body: lying(body, -body.chest[2]), ANY),
    "lying_on_front": (lambda body: lying(body, body.chest[2]), ANY),
    "on_all_fours": (on_all_fours, ANY),
    "plank": (plank, ANY),
    "inverted": (inverted, ANY),
    "hips_above_head": (lambda body: (body.at("pelvis") - body.at("head"))[1] * 100, (10, 999)),
    "hips_off_floor": (lambda body: body.gap["pelvis"] * 100, (10, 999)),
    "torso_upright": (lambda body: angle(body.torso, UP), (0, 16)),
    "torso_level": (lambda body: abs(elevation(body.torso)), (0, 25)),
    "torso_leaning_forward": (lean, (14, 120)),
    "torso_leaning_back": (partial(lean, sign=-1), (9, 95)),
    "back_rounded": (bow, (20, 180)),
    "back_arched": (lambda body: -bow(body), (15, 180)),
    "back_straight": (lambda body: abs(bow(body)), (0, 20)),
    "looking_up": (gaze, (15, 90)),
    "looking_down": (lambda body: -gaze(body), (15, 90)),
    "looking_ahead": (lambda body: max(abs(gaze(body)), abs(head_turn(body, "left"))), (0, 20)),
    "feet_together": (lambda body: ankles(body, "all"), (0, 18)),
    "feet_apart": (lambda body: abs(ankles(body, "across")), (27, 200)),
    "feet_wide_apart": (lambda body: abs(ankles(body, "across")), (55, 200)),
    "stride": (lambda body: abs(ankles(body, "along")), (25, 200)),
    "legs_crossed": (legs_crossed, ANY),
    "knees_apart": (lambda body: float(np.linalg.norm(body.at("left_knee") - body.at("right_knee"))) * 100, (40, 200)),
    "knees_together": (lambda body: float(np.linalg.norm(body.at("left_knee") - body.at("right_knee"))) * 100, (0, 20)),
    "hands_together": (hands_gap, (0, 11)),
    "hands_wide_apart": (hands_gap, (80, 300)),
    "hands_level": (lambda body: abs(float((body.at("left_hand") - body.at("right_hand"))[1])) * 100, (0, 10)),
    "hands_clasped_behind_back": (
        lambda body: hands_gap(body) < 14 and all(hands_behind(body, side) for side in OTHER),
        ANY,
    ),
    "arms_crossed_on_chest": (arms_crossed, ANY),
    "wrists_crossed": (lambda body: body.chest[0] @ (body.at("left_hand") - body.at("right_hand")) * 100, (-99, 0)),
}
"""Questions about the whole body."""

SIDED: dict[str, Question] = {
    "arm_straight": (elbow, (0, 25)),
    "elbow_bent": (elbow, (35, 180)),
    "elbow_bent_deg": (elbow, (35, 180)),
    "arm_up": (partial(off, way="up"), (0, 35)),
    "arm_down": (partial(off, way="down"), (0, 35)),
    "arm_forward": (partial(off, way="forward"), (0, 33)),
    "arm_back": (lambda body, side: -in_frame(body, side, "wrist", 2, f"{side}_shoulder"), (12, 99)),
    "arm_out_to_side": (partial(off, way="side"), (0, 30)),
    "arm_at_side": (arm_at_side, ANY),
    "arm_level": (lambda body, side: abs(elevation(bone(body, side, "shoulder", "wrist"))), (0, 18)),
    "arm_rise": (lambda body, side: elevation(bone(body, side, "shoulder", "wrist")), (20, 65)),
    "elbow_at_shoulder_height": (lambda body, side: abs(bone(body, side, "shoulder", "elbow")[1]) * 100, (0, 11)),
    "elbow_above_shoulder": (lambda body, side: bone(body, side, "shoulder", "elbow")[1] * 100, (4, 99)),
    "elbow_out": (lambda body, side: in_frame(body, side, "elbow", 0) - in_frame(body, side, "shoulder", 0), (9, 99)),
    "elbow_close_to_body": (lambda body, side: off(body, side, "down", end="elbow"), (0, 28)),
    "elbow_behind": (lambda body, side: -in_frame(body, side, "elbow", 2, f"{side}_shoulder"), (9, 99)),
    "forearm_up": (forearm_rise, (58, 90)),
    "forearm_level": (lambda body, side: abs(forearm_rise(body, side)), (0, 22)),
    "hand_above_head": (lambda body, side: hand_above(body, side, body.on_head(0, 15, -2)), (0, 99)),
    "hand_above_shoulder": (lambda body, side: hand_above(body, side, body.at(f"{side}_shoulder")), (8, 99)),
    "hand_at_head_height": (
        lambda body, side: hand_at_height(body, side, body.at("neck"), body.on_head(0, 15, -2)),
        ANY,
    ),
    "hand_at_shoulder_height": (
        lambda body, side: abs(hand_above(body, side, body.at(f"{side}_shoulder"))),
        (0, 14),
    ),
    "hand_at_chest_height": (lambda body, side: hand_at_height(body, side, body.at("spine2"), body.at("neck")), ANY),
    "hand_at_waist_height": (lambda body, side: hand_at_height(body, side, body.at("pelvis"), body.at("spine2")), ANY),
    "hand_below_hip": (lambda body, side: -hand_above(body, side, body.at(f"{side}_hip")), (0, 200)),
    "hand_higher_than_other": (lambda body, side: hand_above(body, side, body.at(f"{OTHER[side]}_hand")), (10, 200)),
    "hand_in_front": (partial(in_frame, joint="hand", axis=2), (22, 99)),
    "hand_far_in_front": (partial(in_frame, joint="hand", axis=2), (42, 99)),
    "hand_behind_back": (hands_behind, ANY),
    "hand_across_body": (lambda body, side: -in_frame(body, side, "hand", 0), (2, 99)),
    "hand_on_floor": (hand_gap, (-20, 7)),
    "hand_near_floor": (hand_gap, (-20, 20)),
    "hand_on_hip": (hand_on_hip, ANY),
    "forearm_on_floor": (lambda body, side: max(body.gap[f"{side}_elbow"], body.gap[f"{side}_wrist"]) * 100, (-1, 8)),
    "elbow_on_own_knee": (lambda body, side: float(np.linalg.norm(bone(body, side, "elbow", "knee"))) * 100, (0, 20)),
    "head_turned": (head_turn, (20, 120)),
    "head_tilted": (head_tilt, (12, 80)),
    "torso_twisted": (twist, (15, 100)),
    "bent_sideways": (sideways, (13, 100)),
    "standing_on_one_leg": (on_one_leg, ANY),
    "lunging": (lunging, ANY),
    "kneeling_on_one_knee": (kneeling_on_one_knee, ANY),
    "lying_on_side": (lambda body, side: lying(body, body.chest[0] * sign_of(side)), ANY),
    "leg_straight": (knee, (0, 22)),
    "knee_bent": (knee, (25, 180)),
    "knee_bent_deg": (knee, (25, 180)),
    "knee_on_floor": (_gaps("knee"), (-1, 6)),
    "knee_off_floor": (_gaps("knee"), (12, 200)),
    "knee_at_hip_height": (lambda body, side: abs(bone(body, side, "hip", "knee")[1]) * 100, (0, 11)),
    "knee_raised": (lambda body, side: off(body, side, "down", "hip", "knee"), (50, 180)),
    "knee_to_chest": (lambda body, side: angle(bone(body, side, "hip", "knee"), body.torso), (0, 68)),
    "thigh_level": (lambda body, side: abs(elevation(bone(body, side, "hip", "knee"))), (0, 20)),
    "shin_upright": (lambda body, side: angle(bone(body, side, "ankle", "knee"), UP), (0, 25)),
    "leg_raised_forward": (partial(leg_raised, way="forward"), (25, 180)),
    "leg_raised_back": (partial(leg_raised, way="back"), (20, 180)),
    "leg_raised_side": (partial(leg_raised, way="side"), (20, 180)),
    "leg_level": (lambda body, side: abs(elevation(bone(body, side, "hip", "ankle"))), (0, 20)),
    "leg_up": (lambda body, side: elevation(bone(body, side, "hip", "ankle")), (50, 90)),
    "foot_on_floor": (foot_gap, (-1, 5)),
    "foot_flat": (foot_flat, ANY),
    "foot_off_floor": (foot_gap, (6, 250)),
    "foot_above_hip": (lambda body, side: bone(body, side, "hip", "ankle")[1] * 100, (-4, 150)),
    "foot_above_other_knee": (
        lambda body, side: float(body.at(f"{side}_foot")[1] - body.at(f"{OTHER[side]}_knee")[1]) * 100,
        (-5, 200),
    ),
    "foot_in_front": (lambda body, side: sign_of(side) * ankles(body, "along"), (18, 200)),
    "foot_turned_out": (turned_out, (28, 180)),
    "foot_against_other_leg": (foot_to_other_leg, (0, 18)),
    "ankle_on_other_knee": (
        lambda body, side: float(np.linalg.norm(body.at(f"{side}_ankle") - body.at(f"{OTHER[side]}_knee"))) * 100,
        (0, 25),
    ),
    "heel_to_buttock": (lambda body, side: float(np.linalg.norm(bone(body, side, "hip", "ankle"))) * 100, (0, 33)),
    "heel_raised": (heel_raised, (9.5, 40)),
    "toes_pointed": (
        lambda body, side: angle(bone(body, side, "knee", "ankle"), bone(body, side, "ankle", "foot")),
        (0, 48),
    ),
}
"""Questions about one side; `hand_on_<place>` and `hand_near_<place>` of every place come on top."""
