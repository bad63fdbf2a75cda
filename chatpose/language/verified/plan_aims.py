"""What people mean by words that hold by a hair, too: "bent" is clearly bent, "up" is nearly upright, "wide" is wide.

Only repair and ranking are told, softly; what is checked is what was said.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from chatpose.language.verified.plan import Plan, agreeing, once
from chatpose.language.verified.plan_parts import limbs_of
from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.posecode import exchange_sides

_ELBOW_OUT = "left elbow left of left shoulder: 0.14.."
_UPRIGHT = "torso tilt: ..12"
_UP = "hip height: 88.."
_ARM_STRAIGHT = "left elbow angle: 162.."

_ONE_SIDE: Mapping[str, tuple[str, ...]] = {
    "left knee: straight": ("left knee angle: 172..",),
    "left elbow: straight": ("left elbow angle: 168..",),
    "not: left knee: straight": ("left knee angle: 60..125",),
    "not: left elbow: straight": ("left elbow angle: 60..125",),
    "left knee: slightly bent": ("left knee angle: 143..153",),
    "left knee: right angle": ("left knee angle: 85..95",),
    "left elbow: right angle": ("left elbow angle: 85..95",),
    "left thigh: horizontal": ("left thigh tilt: 86..94",),
    "left upper arm: horizontal": ("left upper arm tilt: 86..94",),
    "left forearm: horizontal": ("left forearm tilt: 84..96",),
    **{f"left {limb}: pointing up": (f"left {limb} tilt: ..12",)
       for limb in ("thigh", "shin", "upper arm", "forearm")},
    **{f"left {limb}: pointing down": (f"left {limb} tilt: 168..",)
       for limb in ("thigh", "shin", "upper arm", "forearm")},
    "left arm: raised overhead": ("left upper arm tilt: ..18", "left arm tilt: ..18", _ARM_STRAIGHT),
    "left armpit angle: 60..": ("left upper arm tilt: ..25", "left arm tilt: ..25", "left elbow angle: 160.."),
    "left arm: raised level": ("left armpit angle: 84..96", _ARM_STRAIGHT),
    "left arm: raised high": ("left armpit angle: 130..140", _ARM_STRAIGHT),
    "left arm: raised a little": ("left armpit angle: 40..50", _ARM_STRAIGHT),
    "left hand: below left knee": ("torso pitch: 65..",),
    "lying on the left side": ("left side facing: ..-65", "torso tilt: 78..102"),
    "left arm: at the side": ("left armpit angle: ..16", "left elbow angle: 150..", "left arm tilt: 163..",
                              "left hand to left hip distance: ..0.24"),
    "left hand: above head": ("left hand above head: 0.3..",),
    "left hand: beyond head": ("left hand beyond head: 0.4..", "left armpit angle: 160.."),
    "left hand: on hip": (_ELBOW_OUT, "left elbow angle: 65..105", "left hand to left hip distance: ..0.18"),
    "left hand: in front of torso": ("left hand in front of torso: 0.3..0.6",),
    "left hand: behind torso": ("left hand in front of torso: ..-0.24",),
    "left hand: near head": ("left hand to head distance: ..0.17",),
    "left hand: on ground": ("left hand height: ..0.02",),
    "left elbow: on ground": ("left elbow height: ..0.03",),
    "left foot: on ground": ("left foot height: ..0.02",),
    "left foot: off ground": ("left foot height: 0.25..", "right foot height: ..0.03"),
    "left foot: on tiptoe": ("left heel height: 0.09..", "left knee angle: 168.."),
    "left foot: in front of right foot": ("left foot in front of right foot: 0.32..0.6",),
    "left foot: in front of pelvis": ("left foot in front of pelvis: 0.3..",),
    "left foot: behind pelvis": ("left foot in front of pelvis: ..-0.3",),
    "left elbow: near left knee": ("left elbow to left knee distance: ..0.13",),
    "left elbow: near torso": ("left armpit angle: ..18", "left upper arm tilt: 160.."),
    "left elbow: above left shoulder": ("left elbow above left shoulder: 0.2..",),
    "left knee: near torso": ("left knee to torso distance: ..0.25",),
    "head: turned to the left": ("head turn left: 40..55", "head nod: -12..12", "head tilt left: -10..10"),
    "gaze: over the left shoulder": ("head turn left: 64..80",),
    "head: tilted to the left": ("head tilt left: 25..40",),
    "twisting to the left": ("shoulder twist left: 38..60",),
    "torso: twisted to the left": ("shoulder twist left: 38..60",),
    "torso: leaning to the left": ("torso lean left: 33..50",),
    "bending to the left": ("torso lean left: 28..50",),
    "standing on the left leg": ("left knee angle: 168..", "right foot height: 0.2..", "left foot height: ..0.02"),
    "lunging with the left leg in front": ("left knee angle: 88..108", _UPRIGHT,
                                           "left foot in front of right foot: 0.75.."),
    "kneeling on the left knee": (_UPRIGHT, "left knee height: ..0.03", "right thigh tilt: 80..100",
                                  "right shin tilt: 168..", "left foot height: ..0.1"),
}  # fmt: skip
"""By statement of the left side; the right side's are their mirror images."""
_BOTH_SIDES: Mapping[str, tuple[str, ...]] = {
    "standing": (_UPRIGHT,),
    "legs: straight": ("left knee angle: 172..",),
    "arms: spread to the sides": ("left upper arm tilt: 84..96", "left arm tilt: 84..96", "left elbow angle: 168..",
                                  "left hand left of left shoulder: 0.5.."),
    "arms: stretched forward": ("left upper arm tilt: 80..100", "left arm tilt: 82..98", "left elbow angle: 165..",
                                "left hand in front of torso: 0.5..", "left hand to right hand distance: 0.2..0.5"),
    "arms: raised overhead": ("left upper arm tilt: ..22", "left arm tilt: ..22"),
    "arms: hanging down": ("left armpit angle: ..16",),
    "feet: close together": ("left foot to right foot distance: ..0.14",),
    "knees: close together": ("left knee to right knee distance: ..0.14",),
    "hands: close together": ("left hand to right hand distance: ..0.09",),
    "hands: touching each other": ("left hand to right hand distance: ..0.09",),
    "feet: shoulder width apart": ("left ankle left of right ankle: 0.28..0.42",),
    "left foot to right foot distance: 0.4..": ("left ankle left of right ankle: 0.42..0.7",),
    "left elbow to right elbow distance: 0.4..": (_ELBOW_OUT,),
    "torso: vertical": ("torso tilt: ..6",),
    "torso: horizontal": ("torso tilt: 84..96",),
    "torso: leaning slightly forward": ("torso pitch: 26..40",),
    "torso: leaning forward": ("torso pitch: 55..80",),
    "torso pitch: 20..": ("torso pitch: 32..50",),
    "torso: leaning slightly backward": ("torso pitch: -40..-25",),
    "torso pitch: ..-20": ("torso pitch: -42..-26",),
    "bending forward": ("torso pitch: 65..",),
    "back: rounded": ("back curve: 36..",),
    "back: arched": ("back curve: ..-32",),
    "head: bowed": ("head nod: 35..50", "gaze elevation: ..-30"),
    "head: tipped back": ("head nod: ..-30", "gaze elevation: 20.."),
    "head nod: ..-5": ("head nod: -30..-14", "gaze elevation: 8..25"),
    "gaze: up": ("gaze elevation: 36..60",),
    "gaze: down": ("gaze elevation: -60..-36",),
    "gaze: level": ("gaze elevation: -8..8", "head turn left: -8..8"),
    "kneeling": ("left knee height: ..0.03", _UPRIGHT),
    "sitting as on a chair": ("left thigh tilt: 82..98", "left shin tilt: 165..", "left foot height: ..0.04",
                              _UPRIGHT),
    "on all fours": ("left hand height: ..0.03", "left knee height: ..0.03"),
    "squatting": ("left foot height: ..0.03",),
    "lying on the front": ("left foot height: ..0.03",),
    "lying on the back": ("left foot height: ..0.05", "chest facing: 65..", "torso tilt: 80..100"),
}  # fmt: skip
"""By statement of both sides; of each aim the mirror image is meant, too."""
_SIDEWAYS = r"\b(to|at|out to) (the |his |her |its |your |their |each |either )?(left |right )?sides?\b|\bsideways\b"
_AHEAD = r"\b(forwards?|ahead|in front of (him|her|you|them|me)|out in front|straight out front)\b"
_TOGETHER: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = tuple(
    (frozenset(several), lines)
    for several, lines in (
        (("on all fours", "left hand: beyond head"), ("left arm tilt: 80..100", "torso tilt: 80..100")),
        (("on all fours", "left foot: off ground"), ("left thigh tilt: 80..100", "torso tilt: 80..100")),
        (("in a plank", "left hand: beyond head"), ("left arm tilt: 75..100", "left hand height: 0.3..")),
        (
            ("sitting on the floor", "not: left knee: straight"),
            ("left knee angle: 45..75", "left hip angle: ..62", "left foot height: ..0.03"),
        ),
        (("torso: horizontal", "left foot: off ground"), ("left thigh tilt: 75..105", "left knee angle: 165..")),
        (("left foot: off ground", "left foot: behind pelvis"), ("left thigh tilt: ..130",)),
        (("bending forward", "left foot: off ground"), ("left thigh tilt: 75..110",)),
    )
)
"""What several statements together mean."""
_WORDED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"\b(very |really |super |extra )?(wide|astride|far apart|straddl\w+|broad)\b",
     "left foot to right foot distance: 0.4..", ("left ankle left of right ankle: 0.75..1.0",)),
    (r"\b(big|long|large|wide|huge|giant|deep) (step|stride|lunge)\b", "left foot: in front of right foot",
     ("left foot in front of right foot: 0.65..0.9",)),
    (r"\b(face|head|eyes|nose)\b", "left hand: in front of torso",
     ("left hand in front of torso: 0.28..0.5", "left hand above left shoulder: 0.1..0.3")),
    (r"\bchest|breast|heart\b", "left hand: in front of torso",
     ("left hand in front of torso: 0.25..0.4", "left hand above left shoulder: -0.25..-0.08")),
    (r"\b(belly|stomach|waist|navel)\b", "left hand: in front of torso",
     ("left hand in front of torso: 0.2..0.4", "left hand above left hip: 0.05..0.25")),
    (r"\b(hips?|groin|crotch|lap)\b", "hands: close together", ("left hand above left hip: -0.12..0",)),
    (r"\b(hips?|groin|crotch|lap)\b", "hands: touching each other", ("left hand above left hip: -0.12..0",)),
    (r"\b(wide|out)\b", "left elbow to right elbow distance: 0.4..", ("left elbow left of left shoulder: 0.2..",)),
    (r"\b(straight|stretched|extended|thrown|thrust\w*|punch\w*|jab\w*|reach\w*|far)\b", "left hand: in front of torso",
     ("left elbow angle: 165..", "left arm tilt: 75..100", "left hand in front of torso: 0.45..",
      "left hand left of left shoulder: -0.2..0.15")),
    (r"\b(punch\w*|jab\w*|thrust\w*)\b", "left elbow: straight",
     ("left arm tilt: 75..100", "left hand in front of torso: 0.45..")),
    (r"\bhead (height|level)|(level|height) of (the |his |her |your )?head\b", "left elbow: straight",
     ("left hand above left shoulder: 0.12..0.3",)),
    (r"\bleft (leg|knee|ankle|foot|thigh).{1,20} over (the |his |her |your )?(right|other)", "legs: crossed",
     ("left foot height: 0.15..", "right foot height: ..0.03")),
    (r"\bright (leg|knee|ankle|foot|thigh).{1,20} over (the |his |her |your )?(left|other)", "legs: crossed",
     ("right foot height: 0.15..", "left foot height: ..0.03")),
    (_SIDEWAYS, "left upper arm: horizontal", ("left elbow left of left shoulder: 0.22..",)),
    *((_SIDEWAYS, f"left {line}", ("left hand left of left shoulder: 0.35..",))
      for line in ("arm: raised level", "arm: raised high", "arm: raised a little", "armpit angle: 60..",
                   "elbow: straight", "armpit angle: 35..55", "armpit angle: 125..145", "armpit angle: 115..150")),
    (_SIDEWAYS, "left foot: off ground", ("left foot left of left hip: 0.35..", "left knee angle: 165..")),
    *((_AHEAD, f"left {line}", ("left hand in front of torso: 0.45..", "left hand left of left shoulder: -0.2..0.15"))
      for line in ("arm: raised level", "arm: raised high", "armpit angle: 60..")),
    (r"\bbehind|back(wards?)?\b", "left foot: off ground",
     ("left foot in front of pelvis: ..-0.4", "left thigh tilt: ..125")),
    (r"\bhigh(er)?\b", "left foot: off ground", ("left foot above left hip: -0.1..", "left knee angle: 165..")),
    (r"\b(straight|stretched|extended|far)\b", "left hand: behind torso", ("left hand in front of torso: ..-0.45",)),
    (r"\b(up|high|lifted|raised|kicked|swung?)\b", "left foot: off ground", ("left foot height: 0.4..",)),
    (r"\bbehind (the |his |her |your |their |my )?back\b", "left hand: behind torso",
     ("left hand left of left shoulder: ..-0.12",)),
    (r"\bsharply|far\b", "head: turned to the left", ("head turn left: 48..60",)),
)  # fmt: skip
"""What further words beside a statement of the left side, or of both, say about how much."""
IMPLIED_HEAD = ("head turn left: -12..12", "head tilt left: -12..12", "head nod: -15..15")
_STANDING = ("standing", "standing on the left leg", "standing on the right leg")
_LEG_ON_FLOOR = ("bend", "pair distance", "ground", "front")
"""Families of what may be said of a leg whose foot nevertheless stays on the floor."""
_OF_A_PAIR = re.compile(r"left (\w+) (?:left of|to) right \1")


def worded_aims(statements: Sequence[Statement], words: str) -> tuple[Statement, ...]:
    """What words tell of how much.

    Args:
        statements: what they say.
        words: where it is said, and a word or two before it.
    """
    return tuple(parse(line) for one in statements for line in _worded_lines(str(one), words.lower()))


@lru_cache(maxsize=4096)
def _worded_lines(line: str, words: str) -> tuple[str, ...]:
    turned = exchange_sides(line)
    found: list[str] = []
    for pattern, left, lines in _WORDED:
        if left in (line, turned) and re.search(pattern, words):
            both = exchange_sides(left) == left or bool(_OF_A_PAIR.match(left))
            found += _each(lines, line != left, both)
    return tuple(dict.fromkeys(found))


def aims_of(statement: Statement) -> tuple[Statement, ...]:
    """The aims of one statement."""
    return tuple(parse(line) for line in _lines(str(statement)))


@lru_cache(maxsize=4096)
def _lines(line: str) -> tuple[str, ...]:
    turned = exchange_sides(line)
    found: list[str] = []
    if line in _BOTH_SIDES:
        found += _each(_BOTH_SIDES[line], False, True)
    elif turned in _BOTH_SIDES:
        found += _each(_BOTH_SIDES[turned], True, True)
    elif line in _ONE_SIDE:
        found += _each(_ONE_SIDE[line], False, False)
    elif turned in _ONE_SIDE:
        found += _each(_ONE_SIDE[turned], True, False)
    return tuple(dict.fromkeys(found))


def _each(lines: Sequence[str], turned: bool, both: bool) -> list[str]:
    straight = [str(parse(line)) for line in lines]
    mirrored = [str(parse(line).mirrored()) for line in lines if not (both and _OF_A_PAIR.match(line))]
    return [*straight, *mirrored] if both else mirrored if turned else straight


def aims_told(plan: Plan) -> tuple[Statement, ...]:
    """What the words tell of how much; the first ones of `hopes_of`."""
    return once(agreeing(plan.worded, plan.said)) if plan.said else ()


def hopes_of(plan: Plan) -> tuple[Statement, ...]:
    """All that a plan's pose is to be beyond what is said: the aims, and what somebody at rest is like."""
    if not plan.said:
        return ()
    wanted = aims(plan.said, plan.worded)
    return wanted if plan.entry is not None else once((*wanted, *agreeing(implied(plan.said), wanted)))


@lru_cache(maxsize=512)
def aims(said: tuple[Statement, ...], worded: tuple[Statement, ...] = ()) -> tuple[Statement, ...]:
    """What is aimed at: what the words tell of how much, then what each statement usually means.

    Aims that contradict what is said, or one before them, are left out; of two statements of one limb the narrower
    aim is the one that was said first.
    """
    kept = list(once(agreeing(worded, said)))
    leans = any("trunk" in limbs_of(one) for one in said)
    for one in (*_together(said), *(aim for statement in said for aim in aims_of(statement))):
        if agreeing([one], (*said, *kept)) and not (leans and str(one) == _UPRIGHT) and not _in_the_way(one, said):
            kept.append(one)
    return once(kept)


def _together(said: Sequence[Statement]) -> list[Statement]:
    lines = {str(one) for one in said}
    turned = {str(one.mirrored()) for one in said}
    found = [parse(line) for several, aimed in _TOGETHER if several <= lines for line in aimed]
    return [*found, *(parse(line).mirrored() for several, aimed in _TOGETHER if several <= turned for line in aimed)]


def _in_the_way(aim: Statement, said: Sequence[Statement]) -> bool:
    """Whether an aim that an arm is straight is of one whose hand is brought to something."""
    side = str(aim).partition(" ")[0]
    return str(aim) in (_ARM_STRAIGHT, str(parse(_ARM_STRAIGHT).mirrored())) and any(
        str(one).startswith(f"{side} hand: ") and (one.code.family == "touch" or one.code.relation == "near")
        for one in said
    )


@lru_cache(maxsize=512)
def implied(said: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """What holds of somebody who stands where the words don't speak of it: feet flat, knees and trunk straight."""
    limbs = frozenset(limb for one in said for limb in limbs_of(one))
    postures = {str(one) for one in said if "whole" in limbs_of(one)}
    lines: list[str] = []
    if postures.issubset(_STANDING) and not any(str(one).endswith("hand: on ground") for one in said):
        lines += [line for side in ("left", "right") for line in _standing_leg(side, said)]
        lines += () if "trunk" in limbs else (_UPRIGHT,)
        lines += () if postures or "trunk" in limbs or _both_bent(said) else (_UP,)
    lines += () if "head" in limbs else IMPLIED_HEAD
    return agreeing([parse(line) for line in lines], said)


def _both_bent(said: Sequence[Statement]) -> bool:
    """Whether knees are said to be bent, more than slightly: who does that may be low."""
    bent = [one for one in said if "knee" in str(one) and not str(one).endswith((": straight", "slightly bent"))]
    return bool(bent) or any(str(one).startswith("not: ") and "knee" in str(one) for one in said)


def _standing_leg(side: str, said: Sequence[Statement]) -> tuple[str, ...]:
    """Of the leg of one side; nothing where it is said to do something else than to stand."""
    own = [one for one in said if f"{side} leg" in limbs_of(one) and not _OF_A_PAIR.match(str(one))]
    if any(one.code.family not in _LEG_ON_FLOOR for one in own):
        return ()
    bent = [one for one in own if one.code.family == "bend" and not str(one).endswith((": straight", "slightly bent"))]
    other = [one for one in said if one.mirrored() in bent]
    if bent and not other:
        return ()
    return (f"{side} foot height: ..0.03",) if bent else (f"{side} foot height: ..0.03", f"{side} knee angle: 165..")
