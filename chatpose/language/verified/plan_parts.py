"""Which limbs a statement is about: what a repair may move."""

import re
from collections.abc import Iterable
from functools import lru_cache

from chatpose.body.skeleton import SMPL
from chatpose.posecodes.goals import GROUND, Goal
from chatpose.posecodes.grammar import Statement

Limb = str
"""One of `LIMBS`, or "whole" for postures."""
LIMBS: tuple[Limb, ...] = ("left arm", "right arm", "left leg", "right leg", "head", "trunk")
ARMS: frozenset[Limb] = frozenset(("left arm", "right arm"))
LEGS: frozenset[Limb] = frozenset(("left leg", "right leg"))
WHOLE: frozenset[Limb] = frozenset(("whole",))

_KIND = {
    **dict.fromkeys(("arm", "hand", "elbow", "forearm", "palm", "wrist", "shoulder", "fingertips", "armpit"), "arm"),
    **dict.fromkeys(("leg", "knee", "foot", "hip", "thigh", "shin", "ankle", "heel", "toes"), "leg"),
    **dict.fromkeys(("head", "gaze", "neck"), "head"),
    **dict.fromkeys(("torso", "back", "chest", "shoulders", "hips", "belly", "side"), "trunk"),
    "pelvis": "whole",
}
_PLURALS = {"feet": "foot", "arms": "arm", "hands": "hand", "elbows": "elbow", "palms": "palm", "wrists": "wrist",
            "legs": "leg", "knees": "knee", "thighs": "thigh", "shins": "shin", "forearms": "forearm"}  # fmt: skip
_RELATIONS = re.compile(
    r" (?:to the left of|to the right of|far to the left of|far to the right of|left of|right of|above|below"
    r"|in front of|behind|beyond|near|touching|to|level beside|vertically in line with|in line front to back with) "
)
_MEASURES = re.compile(r" (?:angle|distance|tilt|height|elevation|turn left|nod|tilt left|flexion|point|turnout)\b")
_OF_THE_TRUNK = ("twisting", "bending", "arching")
_TRUNK_MEASURES = (
    "shoulder twist left",
    "back curve",
    "torso pitch",
    "torso lean left",
    "side bend left",
    "chest facing",
)
_JOINTS: dict[str, tuple[str, ...]] = {
    "arm": ("collar", "shoulder", "elbow", "wrist", "hand"),
    "leg": ("hip", "knee", "ankle", "foot"),
    "head": ("neck", "head"),
    "trunk": ("spine1", "spine2", "spine3"),
}


@lru_cache(maxsize=4096)
def limbs_of(statement: Statement) -> frozenset[Limb]:
    """The limbs that a statement is about in the first place; "whole" for postures."""
    code = statement.code
    if code.subject == "body":
        return frozenset(("trunk",)) if code.predicate.startswith(_OF_THE_TRUNK) else WHOLE
    if code.subject in _TRUNK_MEASURES:
        return frozenset(("trunk",))
    subject = _MEASURES.split(_RELATIONS.split(code.subject)[0])[0]
    return _limbs(subject) or WHOLE


@lru_cache(maxsize=4096)
def other_limbs_of(statement: Statement) -> frozenset[Limb]:
    """The limbs on the other side of a relation: they are moved only where the first ones don't get there."""
    code = statement.code
    if code.object:
        return _limbs(code.object) or WHOLE
    parts = _RELATIONS.split(code.subject, maxsplit=1)
    return _limbs(_MEASURES.split(parts[1])[0]) if len(parts) > 1 else frozenset()


def limbs_of_all(statements: Iterable[Statement]) -> frozenset[Limb]:
    """The limbs that any of several statements is about."""
    return frozenset(limb for statement in statements for limb in limbs_of(statement))


def joints_of_limbs(limbs: Iterable[Limb]) -> frozenset[str]:
    """Names of the SMPL joints of limbs; all of them for "whole"."""
    names: set[str] = set()
    for limb in limbs:
        if limb == "whole":
            return frozenset(SMPL.joint_names)
        side, _, bare = limb.rpartition(" ")
        names |= {f"{side}_{joint}" if side else joint for joint in _JOINTS[bare]}
    return frozenset(names)


def moving_joints_for(limbs: frozenset[Limb]) -> frozenset[str]:
    """Joints that a repair of these limbs may turn: whoever moves a leg has to shift the weight, who leans the hips."""
    if limbs & (LEGS | WHOLE | {"trunk"}):
        carried = (limbs - {"whole"}) | LEGS | {"trunk"}
        return joints_of_limbs(carried) | {"pelvis"}
    return joints_of_limbs(limbs)


def still_joints(limbs: frozenset[Limb]) -> frozenset[str]:
    """Joints that words about these limbs say nothing of; who changes posture says something of trunk and legs."""
    spoken = joints_of_limbs(limbs - {"whole"})
    if limbs & (LEGS | WHOLE | {"trunk"}):
        spoken = spoken | joints_of_limbs((*LEGS, "trunk")) | {"pelvis"}
    return frozenset(SMPL.joint_names) - spoken


def _limbs(part: str) -> frozenset[Limb]:
    words = part.split()
    side = words[0] if words and words[0] in ("left", "right") else ""
    name = words[-1] if words else ""
    kind = _KIND.get(name)
    if kind is None:
        kind = _KIND.get(_PLURALS.get(name, ""))
    if kind is None:
        return frozenset()
    if kind in ("arm", "leg"):
        return frozenset((f"{side} {kind}",)) if side else frozenset((f"left {kind}", f"right {kind}"))
    return frozenset((kind,))


def limbs_of_goal(goal: Goal) -> frozenset[Limb]:
    """The limbs that a contact joins; the floor is none."""
    found: set[Limb] = set()
    for part in (name for name in (goal.subject, goal.object) if name != GROUND):
        side, _, bare = part.partition(" ")
        if side not in ("left", "right", "either"):
            found.add("head" if part in _HEAD_SITES else "trunk")
        elif side != "either" and (kind := _SITE_KIND.get(bare.split()[-1]) or _SITE_KIND.get(bare.split()[0])):
            found.add(f"{side} {kind}" if kind in ("arm", "leg") else kind)
    return frozenset(found)


_HEAD_SITES = frozenset(
    ("head", "crown", "forehead", "face", "nose", "mouth", "chin", "back of head", "neck", "nape", "throat")
)
_SITE_KIND = {
    **dict.fromkeys(("temple", "ear", "eye", "cheek", "head", "neck"), "head"),
    **dict.fromkeys(("blade", "breast", "armpit", "ribs", "waist", "side", "hip", "buttock"), "trunk"),
    **dict.fromkeys(("shoulder", "arm", "elbow", "forearm", "wrist", "hand", "palm", "fingers", "fingertips", "thumb",
                     "knuckles"), "arm"),
    **dict.fromkeys(("thigh", "knee", "kneecap", "shin", "calf", "leg", "ankle", "foot", "sole", "heel", "toes",
                     "instep"), "leg"),
}  # fmt: skip
