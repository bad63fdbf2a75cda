"""What needn't be said any more once something has been said: it follows, or it is the same fact in other words.

Statements stand for the left and the right side at once: `{s}` is a side, `{o}` the other, `{b}` either; `*` is
anything. The rules decide what is worth saying, never what is true.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from chatpose.posecodes.definitions import OTHER, SIDES
from chatpose.posecodes.posecode import Posecode

ARM_DOWN = ("{s} elbow: below {s} shoulder", "{s} hand: below {s} shoulder", "{s} upper arm: pointing down",
            "{s} upper arm: vertical")  # fmt: skip
ARM_UP = ("{s} elbow: above {s} shoulder", "{s} hand: above {s} shoulder", "{s} upper arm: pointing up",
          "{s} hand: beyond head")  # fmt: skip
ALIGNED_HANDS = ("{b} hand: level *", "{b} hand: vertically *", "{b} hand: in line *")
STANDING = ("{b} hip: above {b} knee", "{b} foot: on ground", "{b} thigh: pointing down")
LYING = ("torso: horizontal", "pelvis: on ground", "head: on ground", "{b} shoulder: on ground", "lying *",
         "in a plank", "chest: facing *")  # fmt: skip

ECHOES: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Postures
    ("standing", STANDING),
    ("standing on the {s} leg", ("standing", *STANDING, "{o} foot: off ground", "{o} foot: above {s} foot")),
    ("lunging with the {s} leg in front", ("standing", *STANDING, "{s} foot: in front of *", "{o} foot: behind pelvis",
                                           "{s} knee: in front of *", "feet: *")),
    ("squatting", ("standing", "{b} foot: on ground", "{b} hip: folded")),
    ("sitting as on a chair", ("squatting", "{b} thigh: horizontal", "{b} hip: right angle", "{b} shin: pointing down",
                               "{b} shin: vertical", "{b} foot: on ground", "{b} knee: in front of pelvis",
                               "{b} foot: in front of pelvis", "{b} hip: folded", "{b} hip: half open")),
    ("sitting on the floor", ("squatting", "pelvis: on ground", "{b} hip: folded", "{b} hip: right angle")),
    ("sitting cross-legged", ("sitting on the floor", "squatting", "pelvis: on ground", "legs: crossed",
                              "{b} hip: folded", "{b} hip: right angle", "{b} knee: fully bent",
                              "{b} knee: sharply bent")),
    ("kneeling", ("{b} knee: on ground", "squatting", "{b} hip: above {b} knee")),
    ("kneeling on the {s} knee", ("{s} knee: on ground", "{o} knee: above {s} knee", "{o} foot: on ground",
                                  "standing", "squatting")),
    ("lying on the back", LYING),
    ("lying on the front", LYING),
    ("lying on the {s} side", (*LYING, "{s} hand: on ground")),
    ("on all fours", ("kneeling*", "{b} knee: on ground", "{b} hand: on ground", "torso: horizontal", "bending *",
                      "torso: leaning *", "chest: facing down")),
    ("in a plank", ("{b} hand: on ground", "{b} foot: on ground", "torso: horizontal", "{b} hip: straight",
                    "chest: facing down")),
    ("upside down", ("standing*", "torso: head downward", "{b} foot: above *", "{b} knee: above {b} *",
                     "torso: vertical", "{b} foot: off ground")),
    ("bending forward", ("torso: leaning *forward", "gaze: down", "chest: facing down")),
    ("arching backward", ("torso: leaning *backward", "back: arched", "gaze: up", "chest: facing up")),
    ("bending to the {s}", ("torso: leaning *to the {s}", "{o} shoulder: above {s} shoulder")),
    ("twisting to the {s}", ("torso: twisted *", "{o} shoulder: in front of {s} shoulder")),
    # Trunk and head
    ("torso: leaning *to the {s}", ("{o} shoulder: above {s} shoulder",)),
    ("torso: leaning *", ("torso: vertical",)),
    ("torso: leaning forward", ("chest: facing down",)),
    ("torso: leaning backward", ("chest: facing up",)),
    ("torso: twisted to the {s}", ("{o} shoulder: in front of {s} shoulder",)),
    ("torso: horizontal", ("torso: leaning *",)),
    ("torso: head downward", ("torso: leaning forward", "torso: leaning backward")),
    ("head: bowed", ("gaze: down", "head: straight ahead")),
    ("head: tipped back", ("gaze: up", "head: straight ahead")),
    ("head: tilted *", ("head: straight ahead",)),
    ("gaze: *", ("gaze: *",)),
    # Arms as a whole
    ("arms: hanging down", ("{b} arm: *", "{b} elbow: slightly bent", "{b} elbow: straight",
                            "{b} forearm: pointing down", "{b} upper arm: *", "{b} elbow: below *",
                            "{b} hand: below {b} shoulder", "{b} hand: near {b} hip", "elbows: *", *ALIGNED_HANDS)),
    ("arms: raised overhead", ("{b} arm: raised *", "{b} hand: above *", "{b} elbow: above {b} shoulder",
                               "{b} upper arm: pointing up", "{b} hand: beyond head")),
    ("arms: spread to the sides", ("{b} arm: raised *", "{b} hand: far to *", "hands: wide apart", "elbows: *",
                                   "{b} elbow: straight", "{b} elbow: slightly bent", "{b} upper arm: horizontal",
                                   "{b} forearm: horizontal")),
    ("arms: stretched forward", ("{b} arm: raised level", "{b} hand: in front of torso", "{b} elbow: straight",
                                 "{b} elbow: in front of torso", "{b} elbow: slightly bent")),
    ("arms: crossed", ("{b} hand: near *", "{b} hand: to the *", "{b} hand: in front of torso", "hands: *",
                       "{b} hand: touching chest", "{b} hand: touching belly", "{b} hand: touching {b} upper arm",
                       "{b} hand: touching {b} forearm", "forearms: touching each other", "elbows: *",
                       *ALIGNED_HANDS)),
    ("{s} hand: on hip", ("{s} hand: near *", "{s} hand: touching *", "{s} hand: level *", "{s} hand: vertically *",
                          "{s} hand: in line *", "{s} hand: below {s} shoulder", "{s} forearm: pointing down",
                          "{s} hand: in front of torso")),
    # One arm
    ("{s} arm: at the side", (*ARM_DOWN, "{s} elbow: near torso")),
    ("{s} arm: raised a little", ARM_DOWN),
    ("{s} arm: raised level", ("{s} upper arm: horizontal",)),
    ("{s} arm: raised high", ARM_UP),
    ("{s} arm: raised overhead", (*ARM_UP, "{s} hand: above head", "{s} hand: above neck")),
    ("{s} upper arm: vertical", ("{s} elbow: * {s} shoulder",)),
    ("{s} upper arm: pointing *", ("{s} elbow: * {s} shoulder",)),
    ("{s} forearm: *", ("{s} hand: above {s} elbow",)),
    ("{s} hand: above head", ("{s} hand: above neck", "{s} hand: above {s} shoulder", "{s} hand: above {o} hand",
                              "{s} hand: beyond head", "{s} hand: above {s} elbow")),
    ("{s} hand: above neck", ("{s} hand: above {s} shoulder", "{s} hand: above {s} elbow")),
    ("{s} hand: above {s} shoulder", ("{s} hand: above {s} elbow",)),
    ("{s} hand: below {s} knee", ("{s} hand: below {s} hip", "{s} hand: below {s} shoulder")),
    ("{s} hand: below {s} hip", ("{s} hand: below {s} shoulder",)),
    ("{s} hand: above {o} hand", ("{s} elbow: above {o} elbow",)),
    ("{s} hand: in front of torso", ("{s} elbow: in front of torso",)),
    ("{s} hand: behind torso", ("{s} elbow: behind torso",)),
    ("{s} hand: in front of {o} hand", ("{s} elbow: in front of {o} elbow",)),
    ("{s} hand: to the {o} of {o} shoulder", ("{s} hand: to the {o} of {s} shoulder",
                                              "{s} hand: to the {o} of {o} hand",
                                              "{o} hand: to the {s} of {s} hand")),
    ("{s} hand: far to *", ("elbows: wide apart",)),
    ("hands: level and shoulder width apart", ("hands: shoulder width apart",)),
    # Nearness and touch: one way to place a hand is enough
    ("hands: touching each other", ("hands: *", "{b} hand: touching {b} forearm", "{b} hand: in front of {b} hand")),
    ("hands: close together", ("{b} hand: in front of {b} hand",)),
    ("{s} hand: touching head", ("{s} hand: near head", "{s} hand: near neck", "{s} hand: near {b} shoulder",
                                 "{s} forearm: touching head")),
    ("{s} hand: touching neck", ("{s} hand: near neck", "{s} hand: near {b} shoulder", "{s} hand: near head",
                                 "{s} hand: touching head")),
    ("{s} hand: touching chest", ("{s} hand: near torso", "{s} hand: touching belly")),
    ("{s} hand: touching pelvis", ("{s} hand: near {b} hip", "{s} hand: touching belly")),
    ("{s} hand: touching back", ("{s} hand: near torso",)),
    ("{s} hand: touching belly", ("{s} hand: near torso", "{s} hand: near {b} hip")),
    ("{s} hand: touching {b} *arm", ("{s} hand: near {b} elbow", "{s} hand: near {b} shoulder")),
    ("{s} hand: touching {b} thigh", ("{s} hand: near {b} knee", "{s} hand: near {b} hip",
                                       "{s} hand: touching belly", "{s} hand: touching pelvis")),
    ("{s} hand: touching {b} shin", ("{s} hand: near {b} knee", "{s} hand: near {b} ankle", "{s} hand: near {b} foot",
                                     "{s} hand: touching {b} foot")),
    ("{s} hand: touching {b} foot", ("{s} hand: near {b} ankle", "{s} hand: near {b} foot",
                                     "{s} hand: below {s} knee")),
    ("{s} hand: near head", ("{s} hand: near neck", "{s} hand: near {s} shoulder")),
    ("{s} hand: near neck", ("{s} hand: near {b} shoulder",)),
    ("{s} hand: near {b} ankle", ("{s} hand: near {b} foot", "{s} hand: below {s} knee")),
    ("{s} hand: near {b} foot", ("{s} hand: near {b} ankle", "{s} hand: below {s} knee")),
    ("{s} hand: near *", ("{s} hand: level *", "{s} hand: vertically *", "{s} hand: in line *")),
    ("{s} hand: touching *", ("{s} hand: level *", "{s} hand: vertically *", "{s} hand: in line *")),
    ("feet: touching each other", ("feet: *", "{b} foot: near {b} ankle", "{b} foot: touching {b} shin",
                                   "shins: touching each other", "knees: close together")),
    ("{s} foot: touching {o} shin", ("{s} foot: near {o} ankle", "shins: touching each other", "feet: close together")),
    ("{s} foot: touching {o} thigh", ("{s} foot: near {o} knee",)),
    ("{s} foot: near {o} ankle", ("feet: *",)),
    ("shins: touching each other", ("thighs: touching each other", "knees: close together")),
    ("{s} foot: near *", ("{s} foot: level *", "{s} foot: vertically *", "{s} foot: in line *")),
    ("{s} foot: touching *", ("{s} foot: level *", "{s} foot: vertically *", "{s} foot: in line *")),
    ("knees: close together", ("thighs: touching each other",)),
    ("{s} thigh: touching chest", ("{s} knee: near torso", "{s} hip: folded", "{s} knee: near {s} shoulder")),
    # Legs
    ("legs: straight", ("{b} knee: straight",)),
    ("legs: spread wide", ("feet: *", "knees: *")),
    ("legs: crossed", ("{b} foot: to the *", "{b} knee: to the *", "feet: *")),
    ("{s} knee: to the {o} of {o} knee", ("knees: *",)),
    ("{s} foot: to the {o} of {o} foot", ("{s} foot: to the {o} of {s} hip",)),
    ("{s} thigh: pointing down", ("{s} hip: above {s} knee",)),
    ("{s} thigh: vertical", ("{s} hip: above {s} knee",)),
    ("{s} thigh: pointing up", ("{s} knee: above {s} hip",)),
    ("{s} knee: above {s} shoulder", ("{s} knee: above {s} hip",)),
    ("{s} shin: pointing up", ("{s} foot: above {s} knee",)),
    ("{s} foot: above head", ("{s} foot: above {s} hip", "{s} foot: above {o} foot", "{s} foot: off ground")),
    ("{s} foot: above {s} hip", ("{s} foot: above {o} foot", "{s} foot: off ground")),
    ("{s} foot: above {o} foot", ("{s} foot: off ground",)),
    ("{s} foot: off ground", ("{o} foot: on ground",)),
    ("{s} foot: on tiptoe", ("{s} foot: on ground",)),
    ("{s} knee: above {o} knee", ("{s} knee: in front of {o} knee",)),
    ("{s} foot: in front of {o} foot", ("{s} foot: in front of pelvis", "{o} foot: behind pelvis")),
    ("{s} knee: in front of {o} knee", ("{s} knee: in front of pelvis",)),
    ("{s} foot: behind pelvis", ("{o} foot: in front of {s} foot",)),
    ("feet: level and shoulder width apart", ("feet: shoulder width apart",)),
)  # fmt: skip


def echo_masks(codes: Sequence[Posecode]) -> list[int]:
    """For every code the codes that it makes superfluous, as bits of one whole number."""
    names = [code.name for code in codes]
    places = {name: place for place, name in enumerate(names)}
    masks = [0] * len(codes)
    for said, superfluous in ECHOES:
        for side in SIDES:
            targets = 0
            for pattern in superfluous:
                targets |= _bits(matching(pattern, side, names), places)
            for name in matching(said, side, names):
                masks[places[name]] |= targets & ~(1 << places[name])
    return masks


def _bits(names: Iterable[str], places: dict[str, int]) -> int:
    return sum(1 << places[name] for name in set(names))


def matching(pattern: str, side: str, names: Sequence[str]) -> list[str]:
    """The names that a pattern of the rules stands for, seen from one side."""
    pattern = pattern.replace("{s}", side).replace("{o}", OTHER[side])
    if "*" not in pattern and "{b}" not in pattern:
        return [pattern] if pattern in names else []
    matches = _compiled(pattern).fullmatch
    return [name for name in names if matches(name)]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*|\{b\})", pattern)
    return re.compile("".join({"*": ".*", "{b}": "(?:left|right)"}.get(part, re.escape(part)) for part in parts))
