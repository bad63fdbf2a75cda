"""The plain judge on poses made by hand: what an onlooker would say of them, and what not."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from chatpose.body.angles import angles_to_pose, both_sides
from chatpose.body.model import BodyModel

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from plain_judge import judge, parse_line, points_of  # noqa: E402  # pyright: ignore[reportMissingImports]

ON_HIP = {"shoulder_abduction": 45, "elbow_flexion": 95, "shoulder_internal_rotation": 60}
FOUR_FEET = {"hip_flexion": 83, "knee_flexion": 90, "shoulder_flexion": 80, "elbow_flexion": 25, "wrist_flexion": -80}
POSES = {
    "ease": {},
    "tee": {"shoulder_abduction": 90},
    "reach": {"left_shoulder_abduction": 175, "neck_flexion": -35},
    "ahead": {"shoulder_flexion": 90},
    "akimbo": ON_HIP,
    "turned": {"neck_twist_left": 50, "spine_twist_left": 25},
    "bent": {"spine_bend_left": 30},
    "chair": {"hip_flexion": 90, "knee_flexion": 90},
    "floor": {"hip_flexion": 90, "shoulder_abduction": 30, "elbow_flexion": 40},
    "squat": {"hip_flexion": 110, "knee_flexion": 120, "ankle_dorsiflexion": 35, "shoulder_flexion": 80},
    "knees": {"knee_flexion": 90, "ankle_dorsiflexion": -50},
    "back": {"pelvis_forward_tilt": -90},
    "front": {"pelvis_forward_tilt": 90},
    "side": {"pelvis_left_tilt": 90},
    "four": {"pelvis_forward_tilt": 83, "ankle_dorsiflexion": -60, **FOUR_FEET},
    "kick": {"right_hip_flexion": 80},
    "hands": {"pelvis_forward_tilt": 180, "shoulder_abduction": 175},
}
TRUE = {
    "ease": ["standing", "torso_upright", "arm_at_side", "foot_flat", "looking_ahead", "leg_straight"],
    "tee": ["arm_out_to_side", "arm_level", "arm_straight", "hands_wide_apart 140..", "elbow_at_shoulder_height"],
    "reach": ["arm_up left", "hand_above_head left", "arm_at_side right", "looking_up", "hand_higher_than_other left"],
    "ahead": ["arm_forward", "hand_far_in_front", "hands_level", "hand_at_shoulder_height"],
    "akimbo": ["hand_on_hip", "elbow_out", "elbow_bent_deg both 80..110", "standing"],
    "turned": ["head_turned left", "torso_twisted left", "standing"],
    "bent": ["bent_sideways left", "hand_higher_than_other right"],
    "chair": ["sitting_on_chair", "thigh_level", "shin_upright", "knee_bent_deg 90"],
    "floor": ["sitting_on_floor", "leg_straight", "leg_level"],
    "squat": ["squatting", "arm_forward", "foot_on_floor", "hips_off_floor"],
    "knees": ["kneeling", "knee_on_floor", "torso_upright", "knee_bent_deg 70..110"],
    "back": ["lying_on_back", "looking_up", "leg_straight", "torso_level"],
    "front": ["lying_on_front", "torso_level"],
    "side": ["lying_on_side left", "torso_level"],
    "four": ["on_all_fours", "knee_on_floor", "hand_on_floor", "torso_level"],
    "kick": ["standing_on_one_leg left", "leg_raised_forward right 70..90", "foot_off_floor right", "leg_level right"],
    "hands": ["inverted", "hand_on_floor", "arm_straight", "hips_above_head"],
}
FALSE = {
    "ease": ["feet_wide_apart", "hand_on_hip", "legs_crossed", "hands_clasped_behind_back", "squatting", "heel_raised"],
    "tee": ["arm_forward", "arm_up", "arm_at_side", "hand_above_head", "hand_behind_back either", "arm_back either"],
    "reach": ["arm_up right", "looking_ahead", "torso_leaning_back"],
    "ahead": ["arm_out_to_side either", "arms_crossed_on_chest", "hands_together"],
    "akimbo": ["hand_on_belly either", "arm_straight either", "hand_behind_back either"],
    "turned": ["head_turned right", "torso_twisted right", "bent_sideways"],
    "bent": ["bent_sideways right", "torso_upright", "torso_leaning_forward"],
    "chair": ["standing", "squatting", "kneeling", "sitting_on_floor", "lunging"],
    "floor": ["sitting_on_chair", "standing", "lying_on_back"],
    "squat": ["standing", "kneeling", "sitting_on_floor", "knee_on_floor either"],
    "knees": ["standing", "kneeling_on_one_knee", "sitting_on_heels", "on_all_fours"],
    "back": ["lying_on_front", "lying_on_side", "standing", "sitting_on_floor", "arm_forward either"],
    "front": ["lying_on_back", "on_all_fours", "plank", "kneeling"],
    "side": ["lying_on_side right", "lying_on_back", "standing"],
    "four": ["lying_on_front", "kneeling", "plank", "standing"],
    "kick": ["standing_on_one_leg right", "leg_raised_side right", "leg_raised_back right", "leg_raised_forward left"],
    "hands": ["standing", "plank"],
}


@pytest.fixture(scope="module")
def seen() -> dict[str, np.ndarray]:
    model = BodyModel.open()
    return {name: points_of(angles_to_pose(both_sides(angles)), model) for name, angles in POSES.items()}


@pytest.mark.parametrize("name", POSES)
def test_an_onlooker_would_say_so(seen, name):
    held = dict(zip(checks := [*TRUE[name], *FALSE[name]], judge(seen[name], checks), strict=True))
    assert {check for check in checks if held[check]} == set(TRUE[name])
    assert all(judge(seen[name], [f"not: {check}" for check in FALSE[name]]))


@pytest.mark.parametrize("name", POSES)
def test_where_the_body_stands_and_faces_changes_nothing(seen, name):
    turn = np.array([[np.cos(2), 0, np.sin(2)], [0, 1, 0], [-np.sin(2), 0, np.cos(2)]])
    checks = [*TRUE[name], *FALSE[name]]
    assert judge(seen[name] @ turn.T + [3, -1, 2], checks) == judge(seen[name], checks)


def test_joints_alone_do_but_for_the_turn_of_the_head(seen):
    for name, points in seen.items():
        checks = [check for check in TRUE[name] if not check.startswith(("head", "look"))]
        assert all(judge(points[:24], checks)), name


def test_either_side_will_do_when_asked_for(seen):
    checks = ["arm_up right", "arm_at_side left"]
    assert judge(seen["reach"], checks) == [False, False]
    assert judge(seen["reach"], checks, either=True) == [True, True]
    assert judge(seen["reach"], [*checks, "head_turned right"], either=True) == [True, True, False]


@pytest.mark.parametrize("line", ["hand_on_moon left", "standing left", "knee_bent_deg left wide"])
def test_a_line_that_is_not_understood_is_refused(line):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_line(line)


def test_every_check_of_the_prompts_is_understood():
    lines = (ROOT / "data" / "dev" / "prompts_dev2.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert all(parse_line(check) for row in rows for check in row["checks"])
    assert len({row["text"] for row in rows}) == len(rows) == 90
