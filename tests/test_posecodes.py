"""Posecode tables, extraction and the statement grammar: laws, edges, errors."""

import math

import pytest
import torch
from conftest import random_rotations
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, axis_angle_to_matrix
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.posecodes.check import check
from chatpose.posecodes.definitions import all_posecodes, posecodes_by_name
from chatpose.posecodes.extraction import Extraction, extract
from chatpose.posecodes.grammar import StatementError, contradictions, measures_by_name, parse
from chatpose.posecodes.points import PosePoints, points_of_kinematics, pose_points
from chatpose.posecodes.posecode import exchange_sides


def prepared(rotations: torch.Tensor) -> PosePoints:
    return points_of_kinematics(forward_kinematics(rotations, smpl_rest_offsets(rotations.dtype)))


def bent(**axis_angles: tuple[float, float, float]) -> PosePoints:
    """The rest pose with some joints turned, axis-angle in degrees."""
    rotations = torch.eye(3).repeat(1, 24, 1, 1)
    for joint, degrees in axis_angles.items():
        rotations[:, SMPL.index(joint)] = axis_angle_to_matrix(torch.tensor(degrees) * math.pi / 180)
    return prepared(rotations)


def held(found: Extraction, pose: int = 0) -> set[str]:
    return {code.name for code, holds in zip(found.codes, found.holds[pose], strict=True) if holds}


def holds(statement: str, pose: PosePoints) -> bool | None:
    return check([parse(statement)], pose)[0][0].holds


def random_poses(count: int, seed: int) -> torch.Tensor:
    root = random_rotations(count, 1, max_angle_rad=3.1, seed=seed)
    return torch.cat([root, random_rotations(count, 23, max_angle_rad=1.2, seed=seed + 1)], dim=1)


def test_names_are_unique_and_have_mirror_images() -> None:
    names = [code.name for code in all_posecodes()]
    assert len(names) == len(set(names)) > 450
    assert {exchange_sides(name) for name in names} == set(names)


def test_every_name_parses_to_itself() -> None:
    for name, code in posecodes_by_name().items():
        assert parse(name).code is code
        assert str(parse(f"not: {name}")) == f"not: {name}"


def test_mirrored_pose_has_the_exchanged_codes() -> None:
    poses = Pose.from_rotations(random_poses(200, 5))
    here, there = extract(prepared(poses.local_rotations)), extract(prepared(poses.mirror().local_rotations))
    names = [code.name for code in here.codes]
    exchanged = [names.index(exchange_sides(name)) for name in names]
    clear = here.margins.abs() > 1e-3
    assert torch.equal(here.holds & clear, there.holds[:, exchanged] & clear)


@settings(max_examples=20, deadline=None)
@given(st.floats(-math.pi, math.pi), st.integers(0, 1000))
def test_heading_changes_nothing(turn: float, seed: int) -> None:
    rotations = random_poses(8, seed)
    turned = rotations.clone()
    turned[:, 0] = about_axis("y", torch.tensor(turn)) @ rotations[:, 0]
    here, there = extract(prepared(rotations)), extract(prepared(turned))
    clear = here.margins.abs() > 1e-2
    assert torch.equal(here.holds & clear, there.holds & clear)


@pytest.mark.parametrize(
    ("statement", "turns"),
    [
        ("left knee: right angle", {"left_knee": (90.0, 0.0, 0.0)}),
        ("right elbow: right angle", {"right_elbow": (0.0, 90.0, 0.0)}),
        ("left arm: raised overhead", {"left_shoulder": (0.0, 0.0, 80.0)}),
        ("left hand: above head", {"left_shoulder": (0.0, 0.0, 70.0)}),
        ("torso: leaning forward", {"left_hip": (-80.0, 0, 0), "right_hip": (-80.0, 0, 0), "pelvis": (80.0, 0, 0)}),
        ("head: turned to the left", {"head": (0.0, 45.0, 0.0)}),
        ("gaze: over the right shoulder", {"neck": (0.0, -40.0, 0.0), "head": (0.0, -40.0, 0.0)}),
        ("head: tilted to the right", {"head": (0.0, 0.0, 30.0)}),
        ("gaze: down", {"head": (45.0, 0.0, 0.0)}),
        ("left palm: facing up", {"left_wrist": (180.0, 0.0, 0.0)}),
        ("left foot: pointed", {"left_ankle": (45.0, 0.0, 0.0)}),
        ("torso: twisted to the left", {"spine1": (0.0, 20.0, 0.0), "spine2": (0.0, 20.0, 0.0)}),
        ("standing on the right leg", {"left_hip": (-70.0, 0.0, 0.0), "left_knee": (80.0, 0.0, 0.0)}),
        ("left knee: above right knee", {"left_hip": (-70.0, 0.0, 0.0)}),
        ("lying on the back", {"pelvis": (-90.0, 0.0, 0.0)}),
        ("lying on the front", {"pelvis": (90.0, 0.0, 0.0)}),
        ("lying on the left side", {"pelvis": (0.0, 0.0, -90.0), "left_shoulder": (0.0, 0.0, 80.0)}),
        ("upside down", {"pelvis": (180.0, 0.0, 0.0)}),
    ],
)
def test_statement_holds_where_it_should_and_not_at_rest(statement: str, turns: dict) -> None:
    assert holds(statement, bent(**turns))
    assert not holds(statement, bent())
    assert holds(f"not: {statement}", bent())


def test_range_reports_the_measured_value() -> None:
    result = check([parse("left elbow angle: 85..95")], bent(left_elbow=(0.0, -60.0, 0.0)))[0][0]
    assert result.holds is False
    assert result.measured == pytest.approx(116, abs=6)
    assert result.margin == pytest.approx(95 - result.measured, abs=1e-3)


def test_one_point_says_nothing_of_directions() -> None:
    found = extract(pose_points(torch.zeros(1, 24, 3)))
    directions = {"bend", "hip bend", "arm raise", "direction", "incline", "front", "crossed", "posture", "head"}
    assert not [
        code.name for code, it in zip(found.codes, found.holds[0], strict=True) if it and code.family in directions
    ]


def test_nan_joints_say_nothing() -> None:
    assert held(extract(pose_points(torch.full((1, 24, 3), float("nan"))))) == set()


def test_joints_without_rotations_leave_head_and_palms_out() -> None:
    rotations = random_poses(50, 1)
    world = forward_kinematics(rotations, smpl_rest_offsets())
    known, unknown = extract(points_of_kinematics(world)), extract(pose_points(world.positions))
    for column, code in enumerate(known.codes):
        if code.family in ("head", "palm"):
            assert unknown.margins[:, column].isnan().all()
        else:
            assert torch.equal(known.holds[:, column], unknown.holds[:, column])


@pytest.mark.parametrize(("angle", "bin_name"), [(180.0, "straight"), (0.0, "fully bent")])
def test_exactly_straight_and_exactly_folded_knees(angle: float, bin_name: str) -> None:
    joints = forward_kinematics(torch.eye(3).expand(1, 24, 3, 3), smpl_rest_offsets()).positions.clone()
    hip, knee, ankle = (joints[0, SMPL.index(f"left_{name}")] for name in ("hip", "knee", "ankle"))
    ankle[:] = knee + (knee - hip) * (1 if angle == 180.0 else -1)
    found = extract(pose_points(joints))
    assert f"left knee: {bin_name}" in held(found)
    assert not found.values.isinf().any()


def test_threshold_itself_holds() -> None:
    value = check([parse("left knee angle: 0..180")], bent())[0][0].measured
    assert value is not None
    assert holds(f"left knee angle: {value:.9f}..", bent().__class__(**vars(bent()))) in (True, False)
    code = posecodes_by_name()["left knee: straight"].alternatives[0][0]
    assert code.high >= 180


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("left kne: straight", ["left kne", "left knee"]),
        ("left knee: straigt", ["straigt", "straight"]),
        ("kneelin", ["kneelin", "kneeling"]),
        ("left elbow angel: 80..90", ["left elbow angel", "left elbow angle"]),
        ("left elbow angle: 95..85", ["empty", "85..95"]),
        ("left elbow angle: ..", [".."]),
        ("left elbow angle: a..b", ["a..b"]),
        ("", ["0 characters"]),
        ("x" * 5000, ["5000"]),
        ("not: not: kneeling", ["not"]),
    ],
)
def test_errors_name_the_token_and_near_ones(line: str, words: list[str]) -> None:
    with pytest.raises(StatementError) as raised:
        parse(line)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (["kneeling", "not: kneeling"], 1),
        (["left knee: straight", "left knee: right angle"], 1),
        (["left knee: straight", "left knee angle: 10..90", "kneeling"], 2),
        (["left knee: straight", "right knee: right angle"], 0),
    ],
)
def test_contradictions_are_found(lines: list[str], count: int) -> None:
    assert len(contradictions([parse(line) for line in lines])) == count


def test_ranges_mirror() -> None:
    pose = Pose.from_rotations(random_poses(20, 9))
    here, there = prepared(pose.local_rotations), prepared(pose.mirror().local_rotations)
    for name in measures_by_name():
        if measures_by_name()[name].kind == "gap":
            continue
        statement = parse(f"{name}: -20..20")
        first = check([statement], here)
        second = check([statement.mirrored()], there)
        for a, b in zip(first, second, strict=True):
            assert a[0].margin == pytest.approx(b[0].margin, abs=1e-2), name


@pytest.mark.gpu
def test_cuda_agrees_with_the_cpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    world = forward_kinematics(random_poses(500, 21), smpl_rest_offsets())
    here = extract(pose_points(world.positions, world.rotations))
    there = extract(pose_points(world.positions.cuda(), world.rotations.cuda()))
    clear = here.margins.abs() > 1e-3
    assert there.holds.is_cuda
    assert torch.equal(here.holds & clear, there.holds.cpu() & clear)
