"""Which joints move the skin that a posecode speaks of: what lights up when a person points at a statement."""

from chatpose.posecodes.points import POINTS
from chatpose.posecodes.posecode import Posecode

_ARM = ("shoulder", "elbow", "wrist", "hand")
_LEG = ("hip", "knee", "ankle", "foot")
_TRUNK = ("spine1", "spine2", "spine3")
_SIDED: dict[str, tuple[str, ...]] = {
    "arm": _ARM,
    "leg": _LEG,
    "upper arm": ("shoulder",),
    "forearm": ("elbow",),
    "palm": ("wrist", "hand"),
    "wrist": ("wrist", "hand"),
    "hand": ("wrist", "hand"),
    "elbow": ("shoulder", "elbow"),
    "shoulder": ("collar", "shoulder"),
    "thigh": ("hip",),
    "shin": ("knee",),
    "knee": ("hip", "knee"),
    "hip": ("hip",),
    "ankle": ("ankle",),
    "foot": ("ankle", "foot"),
}
_MIDDLE: dict[str, tuple[str, ...]] = {
    "head": ("neck", "head"),
    "gaze": ("neck", "head"),
    "neck": ("neck",),
    "torso": _TRUNK,
    "back": _TRUNK,
    "chest": ("spine3",),
    "belly": ("pelvis", "spine1"),
    "pelvis": ("pelvis",),
    "shoulders": ("left_collar", "right_collar"),
    "hips": ("pelvis", "left_hip", "right_hip"),
}
PART_NAMES: tuple[str, ...] = (*_MIDDLE, *(f"{side} {part}" for side in ("left", "right") for part in _SIDED))
"""Parts that `joints_of_part` knows; the plural stands for both sides."""

_PLURALS = {"feet": "foot", "thighs": "thigh"}


def joints_of(code: Posecode) -> tuple[str, ...]:
    """Names of the SMPL joints whose skin the code speaks of; empty for postures of the whole body."""
    parts = (code.subject, code.object) if code.object else (code.subject,)
    return tuple(dict.fromkeys(joint for part in parts for joint in joints_of_part(part)))


def joints_of_part(part: str) -> tuple[str, ...]:
    """Names of the SMPL joints of a part as the grammar names it ("left arm", "hands", "torso"); empty when unknown."""
    side, _, name = part.partition(" ")
    if side in ("left", "right") and name in _SIDED:
        return tuple(f"{side}_{joint}" for joint in _SIDED[name])
    if part in _MIDDLE:
        return _MIDDLE[part]
    single = _PLURALS.get(part, part.removesuffix("s"))
    if single in _SIDED:
        return tuple(f"{side}_{joint}" for side in ("left", "right") for joint in _SIDED[single])
    return tuple(joint for joint, _ in POINTS.get(part, ()))
