"""Postures and limb codes on hand-made poses: each holds for its pose, its neighbours don't, and it mirrors."""

import functools

import pytest

from chatpose.corpus.basic_postures import BASIC_POSTURES, basic_posture
from chatpose.posecodes.definitions import all_posecodes, posecodes_by_name
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.posecode import exchange_sides

POSTURES = tuple(code.name for code in all_posecodes() if code.family in ("posture", "limbs"))

# What else a person would say of a pose: (pose, further postures and limb codes that hold).
ALSO: dict[str, tuple[str, ...]] = {
    "standing": ("arms: hanging down", "legs: straight"),
    "standing on the left leg": ("standing", "arms: hanging down"),
    "lunging with the left leg in front": ("standing", "arms: hanging down"),
    "sitting on the floor": ("legs: straight", "arms: hanging down"),
    "sitting cross-legged": ("sitting on the floor", "legs: crossed"),
    "kneeling": ("arms: hanging down",),
    "kneeling on the left knee": ("arms: hanging down",),
    "lying on the back": ("legs: straight",),
    "lying on the front": ("legs: straight",),
    "in a plank": ("legs: straight",),
    "upside down": ("legs: straight",),
    "bending forward": ("legs: straight",),
    "arching backward": ("standing", "legs: straight", "arms: raised overhead"),
    "bending to the left": ("standing", "legs: straight"),
    "twisting to the left": ("standing", "legs: straight", "arms: hanging down"),
    "arms: crossed": ("standing", "legs: straight"),
    "legs: crossed": ("standing", "legs: straight", "arms: hanging down"),
    "left hand: on hip": ("standing", "legs: straight"),
    "arms: raised overhead": ("standing", "legs: straight"),
    "arms: spread to the sides": ("standing", "legs: straight"),
    "arms: stretched forward": ("standing", "legs: straight"),
    "arms: hanging down": ("standing", "legs: straight"),
    "legs: spread wide": ("standing", "legs: straight", "arms: hanging down"),
    "sitting on the heels": ("kneeling",),
    "child's pose": ("kneeling",),
    "cobra": ("legs: straight",),
    "downward dog": ("bending forward", "legs: straight"),
    "shoulder stand": ("upside down", "legs: straight"),
    "hugging the knees": ("sitting on the floor",),
    "foetal": ("lying on the left side",),
    "foot behind the head": ("sitting on the floor",),
    "folded over straight legs": ("sitting on the floor", "legs: straight"),
    "side split": ("sitting on the floor", "legs: straight", "legs: spread wide", "arms: spread to the sides"),
}


@functools.cache
def describer() -> Describer:
    return Describer()


def held(name: str, changes: dict[str, float] | None = None, *, mirrored: bool = False) -> set[str]:
    """Postures and limb codes that hold for a hand-made pose."""
    return said_of(name, mirrored, tuple((changes or {}).items())) & set(POSTURES)


@functools.cache
def said_of(name: str, mirrored: bool, changes: tuple[tuple[str, float], ...]) -> set[str]:
    pose = basic_posture(name, mirrored=mirrored, **dict(changes))
    found = describer().extract(pose)
    return {code.name for code, holds in zip(found.codes, found.holds[0].tolist(), strict=True) if holds}


def test_every_posture_has_a_hand_made_pose() -> None:
    sides = {name for base in BASIC_POSTURES for name in (base, exchange_sides(base))}
    assert {name for name in POSTURES if name != "legs: straight"} <= sides


@pytest.mark.parametrize("name", BASIC_POSTURES)
def test_a_hand_made_pose_is_what_it_is_called_and_nothing_else(name: str) -> None:
    expected = {*ALSO.get(name, ()), *({name} if name in POSTURES else ())}
    assert held(name) == expected


@pytest.mark.parametrize("name", BASIC_POSTURES)
def test_the_mirrored_pose_is_called_by_the_exchanged_name(name: str) -> None:
    assert held(name, mirrored=True) == {exchange_sides(code) for code in held(name)}


@pytest.mark.parametrize("name", [name for name in BASIC_POSTURES if name in POSTURES])
def test_a_posture_holds_with_a_margin(name: str) -> None:
    found = describer().extract(basic_posture(name))
    column = [code.name for code in found.codes].index(name)
    unit = found.measures[int(found.deciding[0, column])].unit
    assert found.margins[0, column] >= {"m": 0.015, "°": 2.0, "%": 2.0}[unit]


@pytest.mark.parametrize("turn", [110.0, -70.0])
def test_heading_changes_no_posture(turn: float) -> None:
    for name in BASIC_POSTURES:
        assert held(name, {"pelvis_heading": turn}) == held(name), name


# Changes that a person sees: what is no longer so, and what is so instead.
@pytest.mark.parametrize(
    ("name", "changes", "gone", "come"),
    [
        ("standing", {"pelvis_forward_tilt": 80, "hip_flexion": 80}, "standing", "bending forward"),
        ("standing", {"hip_flexion": 90, "knee_flexion": 90}, "standing", "sitting as on a chair"),
        ("standing on the left leg", {"right_hip_flexion": 5, "right_knee_flexion": 5}, "standing on the left leg", ""),
        ("standing on the left leg", {"right_knee_flexion": 10, "right_hip_flexion": 80}, "", "standing"),
        ("lunging with the left leg in front", {"left_knee_flexion": 20}, "lunging with the left leg in front", ""),
        (
            "lunging with the left leg in front",
            {"right_knee_flexion": 95, "left_knee_flexion": 98, "left_hip_flexion": 108, "right_hip_flexion": 0,
             "right_ankle_dorsiflexion": -45},
            "lunging with the left leg in front",
            "kneeling on the right knee",
        ),
        ("squatting", {"knee_flexion": 60, "hip_flexion": 60, "ankle_dorsiflexion": 5}, "squatting", "standing"),
        ("sitting as on a chair", {"knee_flexion": 5}, "sitting as on a chair", "sitting on the floor"),
        ("sitting on the floor", {"pelvis_forward_tilt": -90, "hip_flexion": 0}, "sitting on the floor",
         "lying on the back"),
        ("sitting cross-legged", {"left_knee_flexion": 10, "right_knee_flexion": 10}, "sitting cross-legged", ""),
        ("kneeling", {"pelvis_forward_tilt": 80, "hip_flexion": 80, "shoulder_flexion": 85, "wrist_flexion": -80},
         "kneeling", "on all fours"),
        ("kneeling on the left knee",
         {"right_knee_flexion": 90, "right_hip_flexion": 0, "right_ankle_dorsiflexion": -45},
         "kneeling on the left knee", "kneeling"),
        ("lying on the back", {"pelvis_forward_tilt": 90}, "lying on the back", "lying on the front"),
        ("lying on the back", {"pelvis_forward_tilt": 0, "pelvis_left_tilt": -90}, "lying on the back",
         "lying on the right side"),
        ("lying on the back", {"pelvis_forward_tilt": 0}, "lying on the back", "standing"),
        ("in a plank", {"knee_flexion": 60, "hip_flexion": 45}, "in a plank", ""),
        ("on all fours", {"knee_flexion": 5, "hip_flexion": 5}, "on all fours", ""),
        ("upside down", {"pelvis_forward_tilt": 0}, "upside down", "arms: raised overhead"),
        ("bending forward", {"pelvis_forward_tilt": 10, "hip_flexion": 10, "spine_flexion": 10}, "bending forward",
         "standing"),
        ("arching backward", {"spine_flexion": 0, "pelvis_forward_tilt": 0, "hip_flexion": 0}, "arching backward",
         "standing"),
        ("bending to the left", {"spine_bend_left": -35}, "bending to the left", "bending to the right"),
        ("bending to the left", {"spine_bend_left": 10}, "bending to the left", "standing"),
        ("twisting to the left", {"spine_twist_left": -45}, "twisting to the left", "twisting to the right"),
        ("twisting to the left", {"spine_twist_left": 15}, "twisting to the left", "standing"),
        ("arms: crossed", {"elbow_flexion": 20}, "arms: crossed", ""),
        ("arms: crossed", {"shoulder_internal_rotation": -20}, "arms: crossed", ""),
        ("legs: crossed", {"left_hip_abduction": 5, "right_hip_abduction": 5}, "legs: crossed", "standing"),
        ("left hand: on hip", {"left_elbow_flexion": 10}, "left hand: on hip", ""),
        ("left hand: on hip", {"left_shoulder_internal_rotation": -30}, "left hand: on hip", ""),
        ("arms: raised overhead", {"shoulder_flexion": 90}, "arms: raised overhead", "arms: stretched forward"),
        ("arms: raised overhead", {"left_shoulder_flexion": 10}, "arms: raised overhead", "standing"),
        ("arms: spread to the sides", {"shoulder_abduction": 45}, "arms: spread to the sides", ""),
        ("arms: spread to the sides", {"elbow_flexion": 60}, "arms: spread to the sides", ""),
        ("arms: stretched forward", {"elbow_flexion": 80}, "arms: stretched forward", ""),
        ("arms: hanging down", {"shoulder_abduction": 60}, "arms: hanging down", ""),
        ("legs: spread wide", {"hip_abduction": 15}, "legs: spread wide", "standing"),
    ],
)  # fmt: skip
def test_a_changed_pose_is_called_otherwise(name: str, changes: dict[str, float], gone: str, come: str) -> None:
    assert gone in (*POSTURES, "")
    now = held(name, changes)
    assert gone not in now
    if come:
        assert come in now


def test_table_names_only_postures() -> None:
    for name in (name for names in ALSO.values() for name in names):
        assert name in posecodes_by_name()
