"""Postures to start from when no pose is given: what the statements want is a short way from one of them."""

from collections.abc import Mapping
from functools import cache

from chatpose.body.angle_table import ANGLE_NAMES, GROUP_NAMES, PELVIS_NAMES
from chatpose.body.angles import angles_to_pose
from chatpose.body.pose import Pose, stack_poses

# Knees and elbows are never quite straight: a straight joint doesn't know which way it bends.
_ARMS = {"shoulder_abduction": 8, "elbow_flexion": 12}
_SOFT = {**_ARMS, "knee_flexion": 4, "hip_flexion": 2}
_SHIN_DOWN = {"ankle_dorsiflexion": -40, "toes_flexion": -20}

START_ANGLES: Mapping[str, Mapping[str, float]] = {
    "standing": _SOFT,
    "standing on the left leg": {**_SOFT, "right_hip_flexion": 60, "right_knee_flexion": 85},
    "standing on the right leg": {**_SOFT, "left_hip_flexion": 60, "left_knee_flexion": 85},
    "in a lunge, left leg in front": {
        **_ARMS, "pelvis_forward_tilt": 10, "spine_flexion": -8, "left_hip_flexion": 65, "left_knee_flexion": 71,
        "left_ankle_dorsiflexion": 14, "right_hip_flexion": -27, "right_knee_flexion": 13,
        "right_ankle_dorsiflexion": 12, "right_toes_flexion": 35,
    },
    "in a lunge, right leg in front": {
        **_ARMS, "pelvis_forward_tilt": 10, "spine_flexion": -8, "right_hip_flexion": 65, "right_knee_flexion": 71,
        "right_ankle_dorsiflexion": 14, "left_hip_flexion": -27, "left_knee_flexion": 13,
        "left_ankle_dorsiflexion": 12, "left_toes_flexion": 35,
    },
    "bent forward": {**_SOFT, "pelvis_forward_tilt": 55, "hip_flexion": 58, "spine_flexion": 35,
                     "shoulder_flexion": 70},
    "squatting": {"pelvis_forward_tilt": 10, "spine_flexion": 25, "hip_flexion": 112, "hip_abduction": 12,
                  "knee_flexion": 135, "ankle_dorsiflexion": 32, "shoulder_flexion": 65, "elbow_flexion": 15},
    "on a chair": {"hip_flexion": 88, "knee_flexion": 90, "ankle_dorsiflexion": 2, "shoulder_flexion": 20,
                   "elbow_flexion": 45},
    "on the floor": {"pelvis_forward_tilt": 3, "hip_flexion": 94, "hip_abduction": 6, "knee_flexion": 5,
                     "spine_flexion": 8, "shoulder_flexion": 25, "elbow_flexion": 35},
    "cross-legged": {
        "hip_flexion": 110, "hip_abduction": 62, "hip_internal_rotation": -88, "left_knee_flexion": 122,
        "right_knee_flexion": 112, "spine_flexion": 10, "shoulder_flexion": 25, "shoulder_abduction": 20,
        "elbow_flexion": 45,
    },
    "on both knees": {**_ARMS, **_SHIN_DOWN, "knee_flexion": 90},
    "on the heels": {**_SHIN_DOWN, "hip_flexion": 62, "knee_flexion": 148, "shoulder_flexion": 30,
                     "elbow_flexion": 40},
    "on the left knee": {**_ARMS, "left_knee_flexion": 92, "left_ankle_dorsiflexion": -40,
                         "right_hip_flexion": 95, "right_knee_flexion": 95},
    "on the right knee": {**_ARMS, "right_knee_flexion": 92, "right_ankle_dorsiflexion": -40,
                          "left_hip_flexion": 95, "left_knee_flexion": 95},
    "on the back": {**_SOFT, "pelvis_forward_tilt": -90},
    "on the front": {**_SOFT, "pelvis_forward_tilt": 90, "ankle_dorsiflexion": -40},
    "on the left side": {"pelvis_left_tilt": 90, "left_shoulder_flexion": 85, "right_shoulder_flexion": 25,
                         "elbow_flexion": 20, "hip_flexion": 30, "knee_flexion": 50},
    "on the right side": {"pelvis_left_tilt": -90, "right_shoulder_flexion": 85, "left_shoulder_flexion": 25,
                          "elbow_flexion": 20, "hip_flexion": 30, "knee_flexion": 50},
    "on all fours": {"pelvis_forward_tilt": 80, "hip_flexion": 82, "knee_flexion": 92, **_SHIN_DOWN,
                     "shoulder_flexion": 82, "elbow_flexion": 6, "wrist_flexion": -78, "neck_flexion": -20},
    "on hands and feet": {"pelvis_forward_tilt": 72, "hip_flexion": 6, "shoulder_flexion": 78, "elbow_flexion": 6,
                          "wrist_flexion": -70, "ankle_dorsiflexion": 18, "toes_flexion": 42, "neck_flexion": -15},
    "head down": {"pelvis_forward_tilt": 176, "shoulder_flexion": 172, "elbow_flexion": 6, "knee_flexion": 6,
                  "wrist_flexion": -70, "ankle_dorsiflexion": -35},
}  # fmt: skip
"""Angles by name, degrees (`chatpose.body.angle_table`); a name without a side stands for both."""

_STANDING = ("standing on the left leg", "standing on the right leg", "in a lunge, left leg in front",
             "in a lunge, right leg in front", "bent forward")  # fmt: skip
_LYING = ("on the back", "on the front", "on the left side", "on the right side", "on hands and feet", "head down")

ON_HANDS = ("on all fours", "on hands and feet", "head down")
"""Postures whose arms belong to them."""


@cache
def start_costs() -> tuple[float, ...]:
    """What it costs to be in each of the starting postures: people of whom nothing else is said stand on both feet."""
    costs = {"standing": 0.0, **dict.fromkeys(_STANDING, 1.5), **dict.fromkeys(_LYING, 8.0)}
    return tuple(costs.get(name, 4.0) for name in START_ANGLES)


@cache
def start_poses() -> Pose:
    """The starting postures as a batch, standing first."""
    known = {*ANGLE_NAMES, *GROUP_NAMES, *PELVIS_NAMES}
    poses = []
    for angles in START_ANGLES.values():
        both = {f"{side}_{name}": value for name, value in angles.items() if name not in known
                for side in ("left", "right")}  # fmt: skip
        poses.append(angles_to_pose(both | {name: value for name, value in angles.items() if name in known}))
    return stack_poses(poses)
