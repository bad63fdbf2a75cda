"""Differences of poses: laws, pairs made by hand, and every instruction measured again by code that shares nothing."""

import math
import re
import time
from pathlib import Path

import pytest
import torch
from conftest import random_rotations
from difference_reader import SIDES, Body, check_instruction

from chatpose.body.kinematics import WorldJoints, forward_kinematics
from chatpose.body.pose import Pose
from chatpose.body.rotations import about_axis, axis_angle_to_matrix
from chatpose.body.skeleton import SMPL, smpl_rest_offsets
from chatpose.errors import InvalidPoseError
from chatpose.posecodes.difference import Difference, difference, differences
from chatpose.posecodes.difference_words import _POSTURES, _WORDINGS
from chatpose.posecodes.grammar import parse
from chatpose.posecodes.points import PosePoints, points_of_kinematics, pose_points
from chatpose.posecodes.posecode import exchange_sides


def kinematics(rotations: torch.Tensor) -> WorldJoints:
    return forward_kinematics(rotations, smpl_rest_offsets(rotations.dtype))


def prepared(rotations: torch.Tensor) -> PosePoints:
    return points_of_kinematics(kinematics(rotations))


HANGING = {"left_shoulder": (0.0, 0.0, -80.0), "right_shoulder": (0.0, 0.0, 80.0)}


def posed(**axis_angles: tuple[float, float, float]) -> torch.Tensor:
    """Standing with hanging arms, some joints turned otherwise; axis-angle in degrees, (1, 24, 3, 3)."""
    rotations = torch.eye(3, dtype=torch.float64).repeat(1, 24, 1, 1)
    for joint, degrees in (HANGING | axis_angles).items():
        turn = torch.tensor(degrees, dtype=torch.float64) * math.pi / 180
        rotations[:, SMPL.index(joint)] = axis_angle_to_matrix(turn)
    return rotations


def said(a: torch.Tensor, b: torch.Tensor, seed: int = 0) -> Difference:
    return difference(prepared(a), prepared(b), seed=seed)


def some_poses(count: int, seed: int, least: float = 0.9) -> torch.Tensor:
    """Random poses, float64: most of them upright, some lying or upside down."""
    body = random_rotations(count, 23, max_angle_rad=1.1, seed=seed).double()
    root = random_rotations(count, 1, max_angle_rad=least, seed=seed + 1).double()
    root[::4] = random_rotations(len(root[::4]), 1, max_angle_rad=3.1, seed=seed + 2).double()
    arms = posed()[:, [SMPL.index("left_shoulder"), SMPL.index("right_shoulder")]]
    rotations = torch.cat([root, body], 1)
    half = slice(0, count, 2)
    rotations[half, 16:18] = rotations[half, 16:18] @ arms
    return rotations


# --- laws ------------------------------------------------------------------------------------------------------------


def test_identical_poses_change_nothing() -> None:
    poses = some_poses(40, 1)
    for found in differences(prepared(poses), prepared(poses)):
        assert found.text == "Nothing changes."
        assert found.instructions == ()


def test_tiny_changes_are_called_tiny() -> None:
    found = said(posed(), posed(left_elbow=(0.0, -9.0, 0.0)))
    assert found.instructions == ()
    assert found.text.startswith("Only tiny changes")
    assert "left" in found.text


@pytest.mark.parametrize("seed", [0, 7])
def test_mirrored_pairs_get_exchanged_words(seed: int) -> None:
    a, b = (Pose.from_rotations(some_poses(150, start)) for start in (10, 20))
    here = differences(prepared(a.local_rotations), prepared(b.local_rotations), seed=seed)
    there = differences(prepared(a.mirror().local_rotations), prepared(b.mirror().local_rotations), seed=seed)

    def mirrored(text: str) -> str:
        swap = {"counter-clockwise": "clockwise", "clockwise": "counter-clockwise"}
        return re.sub(r"(counter-)?clockwise", lambda found: swap[found.group()], exchange_sides(text))

    same = [mirrored(one.text) == two.text for one, two in zip(here, there, strict=True)]
    assert all(same), (here[same.index(False)].text, there[same.index(False)].text)
    for one, two in zip(here, there, strict=True):
        gained = [{exchange_sides(name) for name in instruction.gained} for instruction in one.instructions]
        assert gained == [set(instruction.gained) for instruction in two.instructions]


def test_a_heading_of_both_changes_nothing() -> None:
    a, b = some_poses(80, 30), some_poses(80, 40)
    turn = about_axis("y", torch.tensor(2.0, dtype=torch.float64))
    here = differences(prepared(a), prepared(b))
    for poses in (a, b):
        poses[:, 0] = turn @ poses[:, 0]
    assert [one.text for one in here] == [one.text for one in differences(prepared(a), prepared(b))]


_OPPOSITES = {
    "raise": "lower", "forward": "backward", "outward": "inward", "bend": "straighten", "headward": "footward",
    "turn head": "turn head", "tilt head": "tilt head", "turn": "turn", "lower chin": "raise chin",
    "draw up": "stretch out", "feet apart": "feet together",
}  # fmt: skip
_OPPOSITES |= {value: key for key, value in _OPPOSITES.items()}


def test_exchanging_the_poses_turns_the_directions_round() -> None:
    a, b = prepared(some_poses(200, 50)), prepared(some_poses(200, 60))
    checked = 0
    for there, back in zip(differences(a, b), differences(b, a), strict=True):
        returning = {
            change.measure: (instruction.action, change) for instruction in back.instructions
            for change in instruction.changes
        }  # fmt: skip
        for instruction in there.instructions:
            for change in instruction.changes:
                if instruction.action in _OPPOSITES and change.measure in returning:
                    action, reverse = returning[change.measure]
                    assert reverse.delta == pytest.approx(-change.delta, abs=1e-9)
                    if instruction.action != "turn" and action in _OPPOSITES:
                        assert action == _OPPOSITES[instruction.action]
                        checked += 1
    assert checked > 200


def test_words_do_not_depend_on_the_batch() -> None:
    a, b = some_poses(20, 70), some_poses(20, 80)
    together = differences(prepared(a), prepared(b), seed=3)
    assert [said(a[k : k + 1], b[k : k + 1], seed=3).text for k in range(20)] == [one.text for one in together]


def test_seeds_change_the_words_and_nothing_else() -> None:
    a, b = some_poses(20, 70), some_poses(20, 80)
    one, two = (differences(prepared(a), prepared(b), seed=seed) for seed in (1, 2))
    assert [found.text for found in one] != [found.text for found in two]
    for first, second in zip(one, two, strict=True):
        assert [i.changes for i in first.instructions] == [i.changes for i in second.instructions]


def test_gained_statements_hold_only_after() -> None:
    from chatpose.posecodes.check import check

    a, b = prepared(some_poses(60, 90)), prepared(some_poses(60, 100))
    told = 0
    for number, found in enumerate(differences(a, b)):
        names = [name for instruction in found.instructions for name in instruction.gained]
        assert len(names) == len(set(names))  # each is told once
        statements = [parse(name) for name in names]
        told += len(statements)
        assert all(one.holds for one in check(statements, b)[number])
        assert not any(one.holds for one in check(statements, a)[number])
    assert told > 600


# --- pairs made by hand ----------------------------------------------------------------------------------------------

KNEELING = {
    "left_knee": (90.0, 0.0, 0.0), "right_knee": (90.0, 0.0, 0.0),
    "left_ankle": (60.0, 0.0, 0.0), "right_ankle": (60.0, 0.0, 0.0),
}  # fmt: skip
SQUATTING = {
    **dict.fromkeys(("left_hip", "right_hip"), (-110.0, 0.0, 0.0)),
    **dict.fromkeys(("left_knee", "right_knee"), (130.0, 0.0, 0.0)),
    **dict.fromkeys(("left_ankle", "right_ankle"), (-20.0, 0.0, 0.0)),
    "pelvis": (20.0, 0.0, 0.0),
}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {"left_shoulder": (0.0, 0.0, 0.0)}, ["your left arm", "out to the side", "until it is horizontal"]),
        ({}, {"left_shoulder": (0.0, 0.0, 0.0), "right_shoulder": (0.0, 0.0, 0.0)}, ["both arms", "out to the sides"]),
        ({}, {"right_elbow": (0.0, 85.0, 0.0)}, ["your right elbow to a right angle"]),
        ({"right_elbow": (0.0, 85.0, 0.0)}, {}, ["your right elbow completely"]),
        ({}, {"head": (0.0, 40.0, 0.0)}, ["your head to the left"]),
        ({}, {"neck": (0.0, -40.0, 0.0), "head": (0.0, -40.0, 0.0)}, ["until you look over your right shoulder"]),
        ({"head": (0.0, 40.0, 0.0)}, {}, ["to the right until it faces straight ahead"]),
        ({}, {"head": (40.0, 0.0, 0.0)}, ["forward to look down|chin to look down"]),
        ({}, {"head": (0.0, 0.0, -25.0)}, ["your head.* to the left"]),
        ({}, {"pelvis": (0.0, 90.0, 0.0)}, ["^Turn .*a quarter turn to the left"]),
        ({}, {"pelvis": (0.0, -130.0, 0.0)}, ["well over a quarter turn to the right"]),
        ({}, {"pelvis": (0.0, 178.0, 0.0)}, ["Turn around|Turn your whole body around"]),
        ({}, KNEELING, ["^Kneel down on both knees"]),
        (KNEELING, {}, ["^Stand up"]),
        ({}, SQUATTING, ["^Squat down"]),
        ({}, {"pelvis": (-90.0, 0.0, 0.0)}, ["^Lie down on your back"]),
        ({"pelvis": (-90.0, 0.0, 0.0)}, {"pelvis": (90.0, 0.0, 0.0)}, ["^Turn over onto your front"]),
        ({}, {"left_hip": (-60.0, 0.0, 0.0), "left_knee": (60.0, 0.0, 0.0)}, ["[Ss]tand on your right leg"]),
        (
            {},
            {"left_hip": (-40.0, 0.0, 0.0), "right_hip": (-40.0, 0.0, 0.0), "pelvis": (40.0, 0.0, 0.0)},
            ["forward"],
        ),
        (
            {"pelvis": (40.0, 0.0, 0.0), "left_hip": (-40.0, 0.0, 0.0), "right_hip": (-40.0, 0.0, 0.0)},
            {},
            ["until your trunk is vertical"],
        ),
        ({}, {"spine1": (0, 15.0, 0), "spine2": (0, 15.0, 0), "spine3": (0, 15.0, 0)}, ["to the left"]),
        ({}, {"left_hip": (0.0, 0.0, 15.0), "right_hip": (0.0, 0.0, -15.0)}, ["feet further apart|stance"]),
        ({}, {"left_ankle": (50.0, 0.0, 0.0)}, ["toes of your left foot|toes point away"]),
    ],
)
def test_expected_words(before: dict, after: dict, words: list[str]) -> None:
    for seed in range(4):
        text = said(posed(**before), posed(**after), seed=seed).text
        for pattern in words:
            assert re.search(pattern, text), text


def test_arms_that_hang_on_while_the_trunk_bends_are_kept() -> None:
    after = posed(left_hip=(-50.0, 0.0, 0.0), right_hip=(-50.0, 0.0, 0.0), pelvis=(50.0, 0.0, 0.0))
    back = axis_angle_to_matrix(torch.tensor([math.radians(-50.0), 0.0, 0.0], dtype=torch.float64))
    after[:, 16:18] = back @ after[:, 16:18]
    found = said(posed(), after)
    assert "both arms hanging down" in found.text
    assert "keep" in [instruction.action for instruction in found.instructions]


def test_one_joint_is_said_once() -> None:
    found = said(posed(), posed(right_knee=(70.0, 0.0, 0.0), right_hip=(-35.0, 0.0, 0.0)))
    assert sum("right knee" in instruction.text for instruction in found.instructions) <= 2
    assert not any("left" in part for instruction in found.instructions for part in instruction.parts)
    found = said(posed(), posed(left_elbow=(0.0, -90.0, 0.0)))
    assert [instruction.action for instruction in found.instructions] == ["bend"]  # and no word of the hand


def test_both_sides_are_merged_and_carry_both_measures() -> None:
    found = said(posed(), posed(left_elbow=(0.0, -85.0, 0.0), right_elbow=(0.0, 85.0, 0.0)))
    assert len(found.instructions) == 1
    (instruction,) = found.instructions
    assert instruction.parts == ("left elbow", "right elbow")
    assert [change.measure for change in instruction.changes] == ["left elbow angle", "right elbow angle"]
    assert "both elbows to right angles" in instruction.text


def test_json_has_what_the_contract_asks() -> None:
    (told,) = (i.as_json() for i in said(posed(), posed(right_elbow=(0.0, 85.0, 0.0))).instructions)
    assert told["parts"] == ["right elbow"]
    assert told["measured"][0]["measure"] == "right elbow angle"
    assert re.fullmatch(r"\d+°", told["measured"][0]["from"])
    assert "right elbow: right angle" in told["gained"]


# --- bad input -------------------------------------------------------------------------------------------------------


def test_degenerate_poses_say_nothing() -> None:
    point = pose_points(torch.zeros(1, 24, 3))
    assert difference(point, point).instructions == ()
    assert "can't be compared" in difference(point, prepared(posed().float())).text


def test_without_rotations_the_head_is_left_out() -> None:
    a, b = kinematics(posed()), kinematics(posed(head=(0.0, 40.0, 0.0), left_elbow=(0.0, -80.0, 0.0)))
    found = difference(pose_points(a.positions), pose_points(b.positions))
    assert "head" not in found.text
    assert "elbow" in found.text


def test_numbers_of_poses_must_agree() -> None:
    with pytest.raises(InvalidPoseError):
        differences(prepared(some_poses(3, 1)), prepared(some_poses(4, 1)))
    with pytest.raises(InvalidPoseError):
        difference(prepared(some_poses(2, 1)), prepared(some_poses(2, 1)))


# --- every instruction, measured again -------------------------------------------------------------------------------


def bodies(rotations: torch.Tensor) -> list[Body]:
    world = kinematics(rotations)
    return [Body(*row) for row in zip(world.positions.numpy(), world.rotations.numpy(), strict=True)]


def measure_again(a: torch.Tensor, b: torch.Tensor, seed: int) -> list[str]:
    """Checks all instructions of all pairs and returns their kinds; raises at the first false one."""
    found = differences(prepared(a), prepared(b), seed=seed)
    kinds = []
    for first, second, one in zip(bodies(a), bodies(b), found, strict=True):
        for instruction in one.instructions:
            kinds.append(instruction.action)
            try:
                check_instruction(instruction.text, first, second)
            except AssertionError as error:
                raise AssertionError(f"{instruction.text!r}: {instruction.changes} {error}") from error
        text = one.text.lower()
        assert all(instruction.text in text for instruction in one.instructions)
        assert not re.search(r"  | [.,]|\b(\w+) \1\b|[{}]", one.text), one.text
    return kinds


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_instruction_of_random_pairs_is_true(seed: int) -> None:
    kinds = measure_again(some_poses(250, 100 + seed), some_poses(250, 200 + seed), seed)
    assert len(kinds) > 250 * 8
    assert len(set(kinds)) > 30


def test_every_instruction_of_real_pairs_is_true(shared_data: Path) -> None:
    from chatpose.corpus.packed import PackedPoses

    packed = PackedPoses(shared_data / "cmu_poses_30k.npz")
    poses = packed.pose(packed.rows("train")[:1200]).local_rotations.double()
    kinds = measure_again(poses[:600], poses[600:], 5)
    assert len(kinds) > 600 * 6
    # Small steps, as between frames of a motion, and from one pose to a near one.
    near = poses[:300].clone()
    near[:, 1:] = near[:, 1:] @ random_rotations(300, 23, max_angle_rad=0.5, seed=4).double()
    assert len(measure_again(poses[:300], near, 6)) > 300


def test_touching_is_said_and_true(shared_data: Path) -> None:
    """With contacts: what a hand or foot is brought to is near it then."""
    from chatpose.body.pose import Pose as BodyPose
    from chatpose.corpus.packed import PackedPoses
    from chatpose.posecodes.describe import Describer

    packed = PackedPoses(shared_data / "cmu_poses_30k.npz")
    poses: BodyPose = packed.pose(packed.rows("train")[:1200])
    describer = Describer()
    found = describer.compare_all(poses[:600], poses[600:])
    world = [describer.body.kinematics(part) for part in (poses[:600], poses[600:])]
    pairs = [[Body(*row) for row in zip(w.positions.numpy(), w.rotations.numpy(), strict=True)] for w in world]
    touched = 0
    for first, second, one in zip(*pairs, found, strict=True):
        for instruction in one.instructions:
            if instruction.action.endswith((" touching", " near", " on")):
                touched += instruction.action.endswith("touching")
                try:
                    check_instruction(instruction.text, first, second)
                except AssertionError as error:
                    raise AssertionError(f"{instruction.text!r}: {instruction.changes}") from error
    assert touched > 10


def test_the_reader_refuses_instructions_of_the_way_back() -> None:
    """Guards the guard: with A and B exchanged hardly an instruction is true."""
    a, b = some_poses(100, 700), some_poses(100, 800)
    refused = total = 0
    for first, second, one in zip(bodies(a), bodies(b), differences(prepared(a), prepared(b)), strict=True):
        for instruction in one.instructions:
            total += 1
            try:
                check_instruction(instruction.text, second, first)
            except AssertionError:
                refused += 1
    assert refused >= 0.95 * total


def test_large_changes_of_elbows_and_knees_are_said() -> None:
    a, b = some_poses(200, 300), some_poses(200, 400)
    for poses, seed in ((a, 1), (b, 2)):  # elbows and knees that really bend
        bends = torch.rand(200, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2
        for slot, (joint, axis) in enumerate(
            (("left_elbow", -1), ("right_elbow", 1), ("left_knee", 0), ("right_knee", 0))
        ):
            turn = torch.zeros(200, 3, dtype=torch.float64)
            turn[:, 1 if axis else 0] = bends[:, slot] * (axis or 1)
            poses[:, SMPL.index(joint)] = axis_angle_to_matrix(turn)
    missed = total = 0
    for first, second, one in zip(bodies(a), bodies(b), differences(prepared(a), prepared(b)), strict=True):
        posture = any(instruction.action == "posture" for instruction in one.instructions)
        for side in SIDES:
            for joints in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")):
                names = [f"{side}_{joint}" for joint in joints]
                if abs(second.angle(*names) - first.angle(*names)) < 50 or posture:
                    continue
                total += 1
                named = any(f"{side} {joints[1]}" in instruction.parts for instruction in one.instructions)
                crossed = any(i.action in ("cross arms", "hands together") for i in one.instructions)
                missed += not (named or (crossed and joints[1] == "elbow") or len(one.instructions) >= 14)
    assert total > 60
    assert missed == 0


def test_every_action_has_wordings() -> None:
    for wordings in (*_WORDINGS.values(), *(tuple(forms.values()) for forms in _POSTURES.values())):
        assert wordings
        for wording in wordings:
            assert not re.search(r"\bleft\b|\bright\b", wording)
    assert all("" in forms for forms in _POSTURES.values())


def test_speed() -> None:
    a, b = prepared(some_poses(600, 500).float()), prepared(some_poses(600, 600).float())

    def seconds() -> float:
        start = time.process_time()
        differences(a, b)
        return time.process_time() - start

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # beside other tests, a second thread mostly waits, and waiting counts
    try:
        assert 600 / min(seconds() for _ in range(3)) > 500
    finally:
        torch.set_num_threads(threads)
