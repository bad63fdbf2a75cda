"""Hand-made poses of the postures that people have words for, as clinical angles.

The motion capture at hand has next to no sitting, kneeling, lying or bent-down people; tests, benchmarks and random
poses near the floor (`chatpose.corpus.random_poses`) start from these.
"""

from collections.abc import Mapping

from chatpose.body.angle_table import mirrored_angle
from chatpose.body.angles import angles_to_pose, both_sides
from chatpose.body.pose import Pose, stack_poses
from chatpose.errors import unknown_name

_TOES = {"ankle_dorsiflexion": 20, "toes_flexion": 45}
_SHIN_DOWN = {"ankle_dorsiflexion": -45}
_HANG = {"shoulder_abduction": 8}

BASIC_POSTURES: Mapping[str, Mapping[str, float]] = {
    "standing": _HANG,
    "standing on the left leg": {**_HANG, "right_hip_flexion": 70, "right_knee_flexion": 95},
    "lunging with the left leg in front": {
        **_HANG, "pelvis_forward_tilt": 10, "spine_flexion": -8, "left_hip_flexion": 65, "left_knee_flexion": 69,
        "left_ankle_dorsiflexion": 14, "right_hip_flexion": -27, "right_knee_flexion": 13,
        "right_ankle_dorsiflexion": 12, "right_toes_flexion": 35,
    },
    "squatting": {
        "pelvis_forward_tilt": 10, "spine_flexion": 25, "hip_flexion": 112, "hip_abduction": 12,
        "knee_flexion": 132, "ankle_dorsiflexion": 30, "shoulder_flexion": 70, "elbow_flexion": 10,
    },
    "sitting as on a chair": {"hip_flexion": 90, "knee_flexion": 90, "shoulder_flexion": 20, "elbow_flexion": 50},
    "sitting on the floor": {
        "hip_flexion": 88, "knee_flexion": 5, "spine_flexion": 8, "shoulder_flexion": 25, "elbow_flexion": 35,
    },
    "sitting cross-legged": {
        "hip_flexion": 110, "hip_abduction": 62, "hip_internal_rotation": -88, "left_knee_flexion": 122,
        "right_knee_flexion": 110, "spine_flexion": 10, "shoulder_flexion": 25, "shoulder_abduction": 20,
        "elbow_flexion": 45,
    },
    "kneeling": {**_HANG, **_SHIN_DOWN, "knee_flexion": 90, "toes_flexion": -20},
    "kneeling on the left knee": {
        **_HANG, "left_knee_flexion": 92, "left_ankle_dorsiflexion": -45, "left_toes_flexion": -20,
        "right_hip_flexion": 98, "right_knee_flexion": 98,
    },
    "lying on the back": {**_HANG, "pelvis_forward_tilt": -90},
    "lying on the front": {**_HANG, **_SHIN_DOWN, "pelvis_forward_tilt": 90},
    "lying on the left side": {
        "pelvis_left_tilt": 90, "left_shoulder_flexion": 90, "right_shoulder_flexion": 25, "right_elbow_flexion": 20,
        "hip_flexion": 30, "knee_flexion": 50,
    },
    "on all fours": {
        "pelvis_forward_tilt": 80, "hip_flexion": 80, "knee_flexion": 92, **_SHIN_DOWN, "shoulder_flexion": 82,
        "wrist_flexion": -80, "neck_flexion": -20,
    },
    "in a plank": {
        "pelvis_forward_tilt": 72, "shoulder_flexion": 76, "wrist_flexion": -70, **_TOES, "neck_flexion": -15,
    },
    "upside down": {
        "pelvis_forward_tilt": 176, "shoulder_flexion": 176, "ankle_dorsiflexion": -40, "wrist_flexion": -70,
    },
    "bending forward": {"pelvis_forward_tilt": 60, "hip_flexion": 60, "spine_flexion": 45, "shoulder_flexion": 85},
    "arching backward": {
        "pelvis_forward_tilt": -12, "hip_flexion": -12, "spine_flexion": -48, "neck_flexion": -25,
        "shoulder_flexion": 150,
    },
    "bending to the left": {**_HANG, "spine_bend_left": 35},
    "twisting to the left": {**_HANG, "spine_twist_left": 45},
    "arms: crossed": {
        "shoulder_flexion": 38, "shoulder_abduction": -8, "shoulder_internal_rotation": 62, "elbow_flexion": 100,
    },
    "legs: crossed": {
        **_HANG, "left_hip_flexion": 10, "left_hip_abduction": -15, "right_hip_flexion": -6, "right_hip_abduction": -12,
    },
    "left hand: on hip": {
        "left_shoulder_abduction": 45, "left_shoulder_flexion": -25, "left_shoulder_internal_rotation": 55,
        "left_elbow_flexion": 95, "right_shoulder_abduction": 8,
    },
    "arms: raised overhead": {"shoulder_flexion": 172, "shoulder_abduction": 5},
    "arms: spread to the sides": {"shoulder_abduction": 90},
    "arms: stretched forward": {"shoulder_flexion": 90},
    "arms: hanging down": _HANG,
    "legs: spread wide": {**_HANG, "hip_abduction": 40},
    # Further ways to be on the floor.
    "sitting on the heels": {
        "hip_flexion": 60, "knee_flexion": 150, **_SHIN_DOWN, "toes_flexion": -20, "shoulder_flexion": 30,
        "elbow_flexion": 40,
    },
    "child's pose": {
        "pelvis_forward_tilt": 72, "hip_flexion": 132, "knee_flexion": 150, **_SHIN_DOWN, "toes_flexion": -20,
        "spine_flexion": 35, "shoulder_flexion": 175,
    },
    "cobra": {
        "pelvis_forward_tilt": 86, "hip_flexion": -4, "spine_flexion": -60, "neck_flexion": -20,
        "shoulder_flexion": 35, "elbow_flexion": 70, "wrist_flexion": -60, **_SHIN_DOWN,
    },
    "bridge": {
        "pelvis_forward_tilt": -115, "hip_flexion": -10, "knee_flexion": 95, "spine_flexion": -20,
        "neck_flexion": 40, **_HANG,
    },
    "crab": {
        "pelvis_forward_tilt": -72, "hip_flexion": 20, "knee_flexion": 90, "shoulder_flexion": -60,
        "wrist_flexion": -70,
    },
    "downward dog": {
        "pelvis_forward_tilt": 133, "hip_flexion": 100, "shoulder_flexion": 172, "ankle_dorsiflexion": 12,
        "wrist_flexion": -60,
    },
    "shoulder stand": {
        "pelvis_forward_tilt": -165, "neck_flexion": 75, "spine_flexion": 15, "shoulder_flexion": -40,
        "elbow_flexion": 100,
    },
    "hugging the knees": {
        "pelvis_forward_tilt": -15, "hip_flexion": 130, "knee_flexion": 112, "spine_flexion": 45, "neck_flexion": 20,
        "shoulder_flexion": 62, "elbow_flexion": 45, "shoulder_internal_rotation": 40,
    },
    "foetal": {
        "pelvis_left_tilt": 90, "hip_flexion": 110, "knee_flexion": 125, "spine_flexion": 40, "neck_flexion": 35,
        "shoulder_flexion": 60, "elbow_flexion": 120,
    },
    "foot behind the head": {
        "left_hip_flexion": 165, "left_hip_abduction": 20, "left_hip_internal_rotation": -30, "left_knee_flexion": 60,
        "right_hip_flexion": 88, "spine_flexion": 40, "neck_flexion": 30, "shoulder_flexion": 25, "elbow_flexion": 70,
    },
    "folded over straight legs": {
        "pelvis_forward_tilt": 35, "hip_flexion": 125, "spine_flexion": 60, "neck_flexion": 20,
        "shoulder_flexion": 160,
    },
    "side split": {
        "hip_abduction": 85, "hip_internal_rotation": -40, "shoulder_abduction": 70,
    },
}  # fmt: skip
"""Angles by name, degrees; a name without a side stands for both. Where a posecode says the same, the key is it."""


def posture_angles(name: str, *, mirrored: bool = False) -> dict[str, float]:
    """The angles of a posture with the sides written out.

    Raises:
        UnknownNameError: no such posture.
    """
    if name not in BASIC_POSTURES:
        raise unknown_name("posture", name, BASIC_POSTURES)
    angles = both_sides(BASIC_POSTURES[name])
    if not mirrored:
        return angles
    pairs = ((mirrored_angle(angle), value) for angle, value in angles.items())
    return {twin: sign * value for (twin, sign), value in pairs}


def basic_posture(name: str, *, mirrored: bool = False, **changes: float) -> Pose:
    """One posture, some of its angles changed; not yet put on the floor."""
    return angles_to_pose({**posture_angles(name, mirrored=mirrored), **both_sides(changes)})


def basic_postures() -> Pose:
    """All of `BASIC_POSTURES` as a batch in the table's order."""
    return stack_poses([basic_posture(name) for name in BASIC_POSTURES])
