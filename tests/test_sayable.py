"""Of parts that aren't seen nothing is said, and what is said doesn't hang on them."""

import re

import pytest
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError
from chatpose.perception.sayable import SPECIAL_NEEDS, needed_joints, needs_of, sayable
from chatpose.posecodes.definitions import all_posecodes, posecodes_by_name
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.measures import SPECIALS

NAMES = SMPL.joint_names
HIDDEN: dict[str, tuple[str, ...]] = {
    "left leg": ("left_knee", "left_ankle", "left_foot"),
    "left leg with the hip": ("left_hip", "left_knee", "left_ankle", "left_foot"),
    "legs": tuple(f"{side}_{part}" for side in ("left", "right") for part in ("knee", "ankle", "foot")),
    "right arm": ("right_elbow", "right_wrist", "right_hand"),
    "hands": ("left_hand", "right_hand"),
    "head": ("head",),
    "bust only": ("pelvis", "spine1", "spine2",
                  *(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "foot"))),
}  # fmt: skip
# Joints whose own turn is hidden with them: what they move is out of sight.
TURNING: dict[str, tuple[str, ...]] = {
    "left leg": ("left_hip", "left_knee", "left_ankle"),
    "left leg with the hip": ("left_hip", "left_knee", "left_ankle"),
    "legs": ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    "right arm": ("right_shoulder", "right_elbow", "right_wrist"),
    "hands": ("left_wrist", "right_wrist"),
    "head": ("head",),
    "bust only": ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle"),
}


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


@pytest.fixture(scope="module")
def poses() -> Pose:
    atlas = Atlas.load().training()
    return atlas.poses[torch.arange(0, len(atlas), 4)]


def seen_without(*hidden: str) -> torch.Tensor:
    return torch.tensor([name not in hidden for name in NAMES])


@pytest.mark.parametrize("part", HIDDEN)
def test_what_may_be_said_doesnt_change_with_what_is_hidden(describer: Describer, poses: Pose, part: str) -> None:
    turned = poses.local_rotations.clone()
    for joint in TURNING[part]:
        index = NAMES.index(joint)
        turned[:, index] = turned[:, index] @ axis_angle_to_matrix(0.5 * torch.randn(len(poses), 3))
    others = Pose.from_rotations(turned, transl=poses.transl)
    visible = seen_without(*HIDDEN[part]).expand(len(poses), -1)
    first, second = describer.extract(poses), describer.extract(others)
    allowed = sayable(visible, describer.measure(poses)[0]) & sayable(visible, describer.measure(others)[0])
    assert allowed.any(-1).all()
    assert not allowed.all(-1).any()
    # Distances of capsules come from their own, larger skin: the same to a tenth of a millimetre.
    torch.testing.assert_close(first.margins[allowed], second.margins[allowed], atol=2e-2, rtol=1e-3, equal_nan=True)
    assert (first.margins[~allowed] - second.margins[~allowed]).abs().nan_to_num(0).max() > 0.1


@pytest.mark.parametrize("style", ["short", "plain", "full"])
def test_no_clause_about_a_hidden_leg(describer: Describer, poses: Pose, style: str) -> None:
    visible = seen_without(*HIDDEN["left leg"]).expand(len(poses), -1)
    allowed = sayable(visible, describer.measure(poses)[0])
    told = describer.describe_all(poses, style, 3, allowed)  # pyright: ignore[reportArgumentType]
    spoken = re.compile(
        r"left (leg|knee|foot|thigh|shin|ankle)|both (legs|knees|feet|thighs|shins)|\b(legs|knees|feet|shins|thighs)\b"
        r"|standing|sitting|kneeling|squat|crouch|lung|all fours|plank|(on|off|from) the (floor|ground)"
    )
    for description in told:
        assert not spoken.search(description.text), description.text
        for check in description.checks:
            assert not {"left_knee", "left_ankle", "left_foot"} & needed_joints(check.statement.code)
    assert sum(len(description.checks) for description in told) > 2 * len(told)
    whole = describer.describe_all(poses, style, 3)  # pyright: ignore[reportArgumentType]
    assert sum(bool(spoken.search(description.text)) for description in whole) > len(whole) / 2


def test_everything_visible_changes_nothing(describer: Describer, poses: Pose) -> None:
    few = poses[:12]
    allowed = sayable(torch.ones(12, 24, dtype=torch.bool), describer.measure(few)[0])
    assert allowed.all()
    with_mask, without = describer.describe_all(few, "full", 1, allowed), describer.describe_all(few, "full", 1)
    assert [one.text for one in with_mask] == [one.text for one in without]
    one = describer.describe(few[0], "plain", 1, allowed[0])
    assert one.text == describer.describe(few[0], "plain", 1).text


def test_nothing_visible_says_nothing(describer: Describer, poses: Pose) -> None:
    allowed = sayable(torch.zeros(24, dtype=torch.bool))
    assert not allowed.any()
    assert describer.describe(poses[0], "full", 0, allowed).checks == ()


def test_mirrored_bodies_may_have_the_mirrored_said() -> None:
    from chatpose.posecodes.posecode import exchange_sides

    names = [code.name for code in all_posecodes()]
    mirror = [names.index(exchange_sides(name)) if exchange_sides(name) in names else -1 for name in names]
    left = sayable(seen_without("left_elbow", "left_wrist", "left_hand"))
    right = sayable(seen_without("right_elbow", "right_wrist", "right_hand"))
    for number, other in enumerate(mirror):
        if other >= 0:
            assert left[number] == right[other], names[number]


def test_needs_of_some_codes() -> None:
    codes = posecodes_by_name()
    assert needed_joints(codes["left knee: right angle"]) == {"left_hip", "left_knee", "left_ankle"}
    assert {"left_elbow", "left_wrist", "right_shoulder"}.isdisjoint(needed_joints(codes["legs: crossed"]))
    assert {"head", "spine3"} <= needed_joints(codes["head: bowed"])
    assert "floor" in needs_of(codes["left foot: on ground"].conditions[0].measure)
    sitting = sayable(seen_without("left_foot"))
    assert not sitting[list(codes).index("sitting on the floor")]


def test_a_standing_trunk_needs_no_legs_for_its_frame(describer: Describer) -> None:
    upright = Pose.identity((1,))
    visible = seen_without(*HIDDEN["legs"])[None]
    lean = [code.name for code in all_posecodes()].index("torso: leaning forward")
    assert sayable(visible, describer.measure(upright)[0])[0, lean]
    assert not sayable(visible)[0, lean]
    lying = upright.replace(global_orient=axis_angle_to_matrix(torch.tensor([[1.5, 0.0, 0.0]])))
    assert not sayable(visible, describer.measure(lying)[0])[0, lean]


def test_every_formula_has_its_needs() -> None:
    assert set(SPECIAL_NEEDS) == set(SPECIALS)


def test_bad_masks_are_refused(describer: Describer) -> None:
    for bad in (torch.ones(23, dtype=torch.bool), torch.ones(24)):
        with pytest.raises(InvalidPoseError):
            sayable(bad)
    with pytest.raises(InvalidPoseError):
        sayable(torch.ones(2, 24, dtype=torch.bool), describer.measure(Pose.identity((3,)))[0])
