"""Other skeletons that carry rotations, and which of their joints are SMPL's.

Sets of mere points, as detectors give them, are in `chatpose.body.keypoints`.
"""

from collections.abc import Mapping

from chatpose.body.skeleton import SMPL, Skeleton

BODY_JOINT_COUNT = 22
"""The first joints of SMPL, SMPL-H and SMPL-X are the same 22; after them each has its own order."""

_FINGERS = ("index", "middle", "pinky", "ring", "thumb")


def _with_hands(name: str, face: tuple[str, ...]) -> Skeleton:
    """SMPL's 22 body joints, joints of the face, then five fingers of three joints on each hand."""
    names = [*SMPL.joint_names[:BODY_JOINT_COUNT], *face]
    parents = [*SMPL.parents[:BODY_JOINT_COUNT], *(SMPL.index("head") for _ in face)]
    for side in ("left", "right"):
        for finger in _FINGERS:
            for phalanx in (1, 2, 3):
                parents.append(SMPL.index(f"{side}_wrist") if phalanx == 1 else len(names) - 1)
                names.append(f"{side}_{finger}{phalanx}")
    return Skeleton(name, tuple(names), tuple(parents))


SMPLH = _with_hands("SMPL-H", ())
"""52 joints (Romero et al., Embodied Hands, SIGGRAPH Asia 2017)."""
SMPLX = _with_hands("SMPL-X", ("jaw", "left_eye", "right_eye"))
"""55 joints (Pavlakos et al., SMPL-X, CVPR 2019)."""

CMU = Skeleton(
    "CMU",
    (
        "root",
        *("lhipjoint", "lfemur", "ltibia", "lfoot", "ltoes"),
        *("rhipjoint", "rfemur", "rtibia", "rfoot", "rtoes"),
        *("lowerback", "upperback", "thorax", "lowerneck", "upperneck", "head"),
        *("lclavicle", "lhumerus", "lradius", "lwrist", "lhand", "lfingers", "lthumb"),
        *("rclavicle", "rhumerus", "rradius", "rwrist", "rhand", "rfingers", "rthumb"),
    ),
    (-1, 0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11, 12, 13, 14, 15, 13, 17, 18, 19, 20, 21, 20, 13, 24, 25, 26, 27, 28, 27),
)
"""31 joints of the CMU motion capture database, by the names of its ASF files; a joint lies where its bone starts."""

_CMU_SIDE = {
    "hip": "femur",
    "knee": "tibia",
    "ankle": "foot",
    "foot": "toes",
    "collar": "clavicle",
    "shoulder": "humerus",
    "elbow": "radius",
    "wrist": "hand",
    "hand": "fingers",
}
CMU_OF_SMPL: Mapping[str, str] = {
    "pelvis": "root",
    "spine1": "lowerback",
    "spine2": "upperback",
    "spine3": "thorax",
    "neck": "lowerneck",
    "head": "head",
    **{f"{side}_{smpl}": side[0] + cmu for side in ("left", "right") for smpl, cmu in _CMU_SIDE.items()},
}
"""The CMU joint at the place of each SMPL joint."""


def index_map(target: Skeleton, source: Skeleton) -> tuple[int, ...]:
    """For each joint of `target` the index of the joint of that name in `source`, -1 where it has none.

    Between SMPL, SMPL-H and SMPL-X these are the same joints; SMPL's `left_hand` and `right_hand`, which the others
    don't have, are straight.
    """
    have = {name: joint for joint, name in enumerate(source.joint_names)}
    return tuple(have.get(name, -1) for name in target.joint_names)
