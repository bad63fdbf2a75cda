"""The names of the anatomical angles: which joint, which sign, and the sums that people speak of.

Zero is the anatomical stance of the neutral-zero method (AAOS, Joint Motion, 1965): standing, arms hanging at the
sides with the thumbs forward, legs straight down, feet forward. The same word has the same sign on both sides.
"""

from dataclasses import dataclass

from chatpose.body.skeleton import SMPL, swap_side
from chatpose.errors import unknown_name


@dataclass(frozen=True)
class Angle:
    """One anatomical angle.

    Attributes:
        name: unique, `<left_|right_><joint or region>_<motion>`.
        joint: the SMPL joint that it turns.
        positive: what a positive value does.
        negative: what a negative value does.
    """

    name: str
    joint: str
    positive: str
    negative: str


@dataclass(frozen=True)
class AngleGroup:
    """A sum of angles that people speak of as one; setting it spreads the value over the members.

    Attributes:
        name: unique among angles and groups.
        members: names of `Angle`s.
        shares: part of the value that each member takes when the group is set; they sum to 1.
    """

    name: str
    members: tuple[str, ...]
    shares: tuple[float, ...]


# One row a joint: the region that names it and its three motions, in the order of decomposition.
_SPINE_MOTIONS = (
    ("flexion", "bends forward", "bends backward"),
    ("bend_left", "bends to the left", "bends to the right"),
    ("twist_left", "turns to the left", "turns to the right"),
)
_HAND_MOTIONS = (
    ("flexion", "towards the palm", "towards the back of the hand"),
    ("ulnar_deviation", "towards the little finger", "towards the thumb"),
    ("pronation", "thumb inwards", "thumb outwards"),
)
_MOTIONS: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "hip": (
        "hip",
        (
            ("flexion", "thigh forward", "thigh backward"),
            ("abduction", "thigh away from the midline", "thigh across the midline"),
            ("internal_rotation", "toes inwards", "toes outwards"),
        ),
    ),
    "knee": (
        "knee",
        (
            ("flexion", "bent", "overstretched"),
            ("varus", "shin inwards (bow legs)", "shin outwards (knock knees)"),
            ("internal_rotation", "toes inwards", "toes outwards"),
        ),
    ),
    "ankle": (
        "ankle",
        (
            ("dorsiflexion", "toes up", "toes pointed (plantar flexion)"),
            ("inversion", "sole faces the midline", "sole faces outwards (eversion)"),
            ("internal_rotation", "toes inwards", "toes outwards"),
        ),
    ),
    "foot": (
        "toes",
        (
            ("flexion", "toes curl down", "toes bend up"),
            ("inversion", "ball of the foot turns to the midline", "ball of the foot turns outwards"),
            ("adduction", "toes inwards", "toes outwards"),
        ),
    ),
    "spine1": ("spine1", _SPINE_MOTIONS),
    "spine2": ("spine2", _SPINE_MOTIONS),
    "spine3": ("spine3", _SPINE_MOTIONS),
    "neck": ("lower_neck", _SPINE_MOTIONS),
    "head": ("upper_neck", _SPINE_MOTIONS),
    "collar": (
        "collar",
        (
            ("protraction", "shoulder forward", "shoulder backward"),
            ("elevation", "shoulder up", "shoulder down"),
            ("backward_rotation", "collar bone rolls backward", "collar bone rolls forward"),
        ),
    ),
    "shoulder": (
        "shoulder",
        (
            ("flexion", "upper arm forward", "upper arm backward"),
            ("abduction", "upper arm away from the midline", "upper arm across the midline"),
            ("internal_rotation", "thumb inwards", "thumb outwards"),
        ),
    ),
    "elbow": (
        "elbow",
        (
            ("flexion", "bent", "overstretched"),
            ("valgus", "forearm outwards (carrying angle)", "forearm inwards"),
            ("pronation", "thumb inwards", "thumb outwards (supination)"),
        ),
    ),
    "wrist": ("wrist", _HAND_MOTIONS),
    "hand": ("fingers", _HAND_MOTIONS),
}


def _angles() -> tuple[Angle, ...]:
    rows = []
    for joint in SMPL.joint_names[1:]:
        side, _, bare = joint.rpartition("_")
        region, motions = _MOTIONS[bare]
        prefix = f"{side}_" if side else ""
        rows += [Angle(f"{prefix}{region}_{motion}", joint, plus, minus) for motion, plus, minus in motions]
    return tuple(rows)


ANGLES: tuple[Angle, ...] = _angles()
"""The 69 angles of the 23 joints below the pelvis, three a joint, in SMPL's joint order."""

ANGLE_NAMES: tuple[str, ...] = tuple(angle.name for angle in ANGLES)
"""Names of `ANGLES`; the last axis of every angle tensor."""

PELVIS_ANGLES: tuple[Angle, ...] = (
    Angle("pelvis_heading", "pelvis", "faces towards its left of +z", "faces towards its right of +z"),
    Angle("pelvis_forward_tilt", "pelvis", "leans forward (90: lying on the belly)", "leans backward"),
    Angle("pelvis_left_tilt", "pelvis", "leans to the left (90: lying on the left side)", "leans to the right"),
)
"""How the pelvis is turned in the world: the three angles of `global_orient`."""

PELVIS_NAMES: tuple[str, ...] = tuple(angle.name for angle in PELVIS_ANGLES)
"""Names of `PELVIS_ANGLES`."""


def _groups() -> tuple[AngleGroup, ...]:
    # Own estimates of the split: the lower spine bends most, the upper turns most (Kapandji, vol. 3, gives the lumbar
    # spine most of the flexion and almost none of the rotation; half of the neck's rotation is between C1 and C2).
    rows = [
        AngleGroup(f"spine_{motion}", tuple(f"spine{n}_{motion}" for n in (1, 2, 3)), shares)
        for motion, shares in (
            ("flexion", (0.4, 0.35, 0.25)),
            ("bend_left", (0.35, 0.35, 0.3)),
            ("twist_left", (0.2, 0.4, 0.4)),
        )
    ]
    rows += [
        AngleGroup(f"neck_{motion}", (f"lower_neck_{motion}", f"upper_neck_{motion}"), shares)
        for motion, shares in (("flexion", (0.6, 0.4)), ("bend_left", (0.7, 0.3)), ("twist_left", (0.45, 0.55)))
    ]
    # The radius turns along the whole forearm: rigs put that into the elbow, the wrist or both.
    rows += [
        AngleGroup(f"{side}_forearm_pronation", (f"{side}_elbow_pronation", f"{side}_wrist_pronation"), (0.5, 0.5))
        for side in ("left", "right")
    ]
    return tuple(rows)


GROUPS: tuple[AngleGroup, ...] = _groups()
"""Sums that can be read and set: spine, neck, forearm."""

GROUP_NAMES: tuple[str, ...] = tuple(group.name for group in GROUPS)
"""Names of `GROUPS`."""

_INDEX = {name: index for index, name in enumerate(ANGLE_NAMES)}
_MIDLINE_ODD = ("bend_left", "twist_left", "heading", "left_tilt")


def angle_index(name: str) -> int:
    """Place of an angle on the last axis of angle tensors.

    Raises:
        UnknownNameError: no such angle; the message lists near matches.
    """
    if name not in _INDEX:
        raise unknown_name("angle", name, ANGLE_NAMES)
    return _INDEX[name]


def mirrored_angle(name: str) -> tuple[str, int]:
    """The angle that takes this one's value in the mirrored pose, and the sign that it takes it with."""
    other = swap_side(name)
    return other, -1 if other == name and name.endswith(_MIDLINE_ODD) else 1
