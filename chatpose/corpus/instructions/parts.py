"""Which parts of the pose tokens there are, and which of them a statement is about.

The table is `chatpose.pose_tokenizer.config`'s (a test keeps them the same); this package lies below that one.
"""

from collections.abc import Iterable
from functools import cache

from chatpose.body.skeleton import SMPL
from chatpose.posecodes.grammar import parse

PART_JOINTS: dict[str, tuple[str, ...]] = {
    "root": ("pelvis",),
    "torso": ("spine1", "spine2", "spine3", "neck", "head", "left_collar", "right_collar"),
    **{f"{side}_arm": tuple(f"{side}_{joint}" for joint in ("shoulder", "elbow", "wrist", "hand")) for side in
       ("left", "right")},
    **{f"{side}_leg": tuple(f"{side}_{joint}" for joint in ("hip", "knee", "ankle", "foot")) for side in
       ("left", "right")},
}  # fmt: skip
"""Joints of each part, in the order of the tokens."""
PARTS: tuple[str, ...] = tuple(PART_JOINTS)
LEGS = ("left_leg", "right_leg")
ARMS = ("left_arm", "right_arm")

_LIMB: dict[str, str] = {
    **dict.fromkeys(("arm", "upper arm", "elbow", "forearm", "wrist", "palm", "hand", "armpit"), "arm"),
    **dict.fromkeys(("leg", "hip", "thigh", "knee", "shin", "ankle", "heel", "foot"), "leg"),
}
_PLURAL: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("arms", "elbows", "hands"), ARMS),
    **dict.fromkeys(("legs", "knees", "feet"), LEGS),
}


def joint_indices(part: str) -> list[int]:
    """Where the joints of a part are in SMPL's order."""
    return [SMPL.index(joint) for joint in PART_JOINTS[part]]


@cache
def parts_of(line: str) -> tuple[str, ...]:
    """The parts that a statement speaks of, by its subject; several for pairs, pelvis, and postures of the body."""
    code = parse(line).code
    subject = code.subject
    if subject == "body" or subject in ("pelvis", "hips"):
        return ("root", "torso", *LEGS)
    side, _, name = subject.partition(" ")
    if side in ("left", "right"):
        limb = next((limb for part, limb in _LIMB.items() if name == part or name.startswith(f"{part} ")), None)
        return (f"{side}_{limb}",) if limb else ("torso",)
    first = subject.split(" ", 1)[0]
    return _PLURAL.get(first, ("torso",))


def planned_parts(statements: Iterable[str]) -> tuple[str, ...]:
    """The parts that a plan speaks of, in the order of `PARTS`: what an edit with this plan changes."""
    told = {part for line in statements for part in parts_of(line)}
    return tuple(part for part in PARTS if part in told)


def mask_of(parts: tuple[str, ...]) -> int:
    """Parts as bits, in the order of `PARTS`."""
    return sum(1 << PARTS.index(part) for part in parts)


def parts_in(mask: int) -> tuple[str, ...]:
    """Bits as parts."""
    return tuple(part for place, part in enumerate(PARTS) if mask >> place & 1)
