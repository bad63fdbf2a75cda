"""What postures and statements of both arms or legs mean, written anew for the re-reader."""

from reread_measures import OPPOSITE, Numbers, Poses, degrees, every, metres, percent, rule, some
from reread_rules import INFINITY, armpit, down, elbow, hip, knee, leftwards, limb_tilt, off, words

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
