"""Edits by words: what is named changes the way that is said, exactly where a number is said, and nothing else does."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.body.angles import angles_to_pose
from chatpose.body.capsules import body_capsules
from chatpose.body.joint_limits import within_limits
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import about_axis, geodesic_distance
from chatpose.body.skeleton import SMPL
from chatpose.errors import ChatposeError, InvalidPoseError
from chatpose.language.verified.edited import Edited
from chatpose.language.verified.editor import EditError, Editor
from chatpose.posecodes.body_parts import joints_of_part
from chatpose.posecodes.grammar import measures_by_name
from chatpose.posecodes.measures import measure_all
from chatpose.posecodes.points import points_of_kinematics
from chatpose.posecodes.posecode import exchange_sides

BODY = BodyModel.open()
LIMBS = {"shoulder_abduction": 9, "elbow_flexion": 12, "hip_abduction": 2}
STANDING = angles_to_pose({f"{side}_{name}": value for side in ("left", "right") for name, value in LIMBS.items()})
SITTING = angles_to_pose(
    {f"{side}_{name}": value for side in ("left", "right") for name, value in
     {"hip_flexion": 88, "knee_flexion": 90, "shoulder_abduction": 10, "elbow_flexion": 40}.items()},
)  # fmt: skip
LUNGING = angles_to_pose(
    {"left_hip_flexion": 80, "left_knee_flexion": 85, "right_hip_flexion": -15, "right_knee_flexion": 25,
     "left_shoulder_abduction": 30, "right_shoulder_abduction": 30}
)  # fmt: skip
POSES = {"standing": STANDING, "sitting": SITTING, "lunging": LUNGING, "t-pose": Pose.identity()}


@pytest.fixture(scope="module")
def editor() -> Editor:
    return Editor(BODY)


def _measure(pose: Pose, name: str) -> float:
    points = points_of_kinematics(BODY.kinematics(stack_poses([pose])))
    return float(measure_all((measures_by_name()[name],), points)[0, 0])


def _turned(before: Pose, after: Pose) -> torch.Tensor:
    return torch.rad2deg(geodesic_distance(before.local_rotations.double(), after.local_rotations.double()))


CHANGES = [
    ("raise the left arm", "left upper arm tilt", -1, 20, ("left arm",)),
    ("raise the right arm a bit", "right upper arm tilt", -1, 5, ("right arm",)),
    ("move the left arm forward", "left elbow in front of torso", 1, 0.05, ("left arm",)),
    ("move the right arm back", "right elbow in front of torso", -1, 0.02, ("right arm",)),
    ("bend the left elbow", "left elbow angle", -1, 20, ("left arm",)),
    ("bend the left elbow a lot", "left elbow angle", -1, 45, ("left arm",)),
    ("straighten the right elbow", "right elbow angle", 1, 1, ("right arm",)),
    ("turn the head to the left", "head turn left", 1, 20, ("head",)),
    ("turn the head slightly to the right", "head turn left", -1, 8, ("head",)),
    ("tilt the head to the left", "head tilt left", 1, 15, ("head",)),
    ("chin down", "head nod", 1, 15, ("head",)),
    ("look up", "gaze elevation", 1, 20, ("head",)),
    ("twist the upper body to the left", "shoulder twist left", 1, 20, ("torso",)),
    ("arch the back", "back curve", -1, 15, ("torso",)),
    ("round the back", "back curve", 1, 15, ("torso",)),
    ("lean forward", "torso pitch", 1, 8, ("torso", "pelvis", "left hip", "right hip")),
    ("lean a bit to the right", "torso lean left", -1, 5, ("torso", "pelvis", "left hip", "right hip")),
    ("point the left foot", "left foot point", -1, 15, ("left foot",)),
    ("left foot flexed more", "left foot point", 1, 5, ("left foot",)),
    ("lift the right knee", "right thigh tilt", -1, 10, ("right leg",)),
    ("put the hands further apart", "left hand to right hand distance", 1, 0.05, ("left arm", "right arm")),
    ("open the chest", "back curve", -1, 3, ("torso", "left shoulder", "right shoulder")),
]  # fmt: skip


@pytest.mark.parametrize("name", ["standing", "sitting"])
@pytest.mark.parametrize(("text", "measure", "sign", "least", "parts"), CHANGES, ids=[row[0] for row in CHANGES])
def test_what_is_named_changes_and_nothing_else(
    editor: Editor, name: str, text: str, measure: str, sign: int, least: float, parts: tuple[str, ...]
) -> None:
    before = POSES[name]
    after = editor.edit(before, text)
    if text != "straighten the right elbow" or name == "sitting":
        assert (_measure(after.pose, measure) - _measure(before, measure)) * sign >= least, after.notes
        assert after.held, after.checks
    moved = {SMPL.index(joint) for part in parts for joint in joints_of_part(part)}
    for joint in set(range(len(SMPL))) - moved:
        assert torch.equal(before.local_rotations[joint], after.pose.local_rotations[joint]), SMPL.joint_names[joint]
    assert bool(within_limits(after.pose, extreme=True, tolerance_deg=1.0))


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["knee", "elbow"]), st.sampled_from(["left", "right"]), st.integers(40, 160))
def test_numbers_are_exact(part: str, side: str, degrees: int) -> None:
    after = EDITOR.edit(SITTING, f"{side} {part} to {degrees} degrees").pose
    assert _measure(after, f"{side} {part} angle") == pytest.approx(degrees, abs=0.1)


EDITOR = Editor(BODY)

NUMBERS = [
    ("bend the right elbow by 30 degrees", "right elbow angle", -30.0),
    ("straighten the left elbow by 10 degrees", "left elbow angle", 10.0),
    ("turn the head 25 degrees to the left", "head turn left", 25.0),
    ("lean forward by 15 degrees", "torso pitch", 15.0),
    ("twist the torso 20 degrees to the right", "shoulder twist left", -20.0),
]


@pytest.mark.parametrize(("text", "measure", "change"), NUMBERS, ids=[row[0] for row in NUMBERS])
def test_changes_by_a_number_are_exact(editor: Editor, text: str, measure: str, change: float) -> None:
    after = editor.edit(SITTING, text).pose
    assert _measure(after, measure) - _measure(SITTING, measure) == pytest.approx(change, abs=0.15)


def test_distances_are_exact(editor: Editor) -> None:
    start = BODY.joints(STANDING)
    hand, foot = SMPL.index("left_hand"), SMPL.index("left_ankle")
    after = editor.edit(STANDING, "move the left hand 20 cm forward").pose
    assert float(BODY.joints(after)[hand, 2] - start[hand, 2]) == pytest.approx(0.2, abs=0.003)
    after = editor.edit(STANDING, "move the left foot 20 cm forward").pose
    assert float(BODY.joints(after)[foot, 2] - start[foot, 2]) == pytest.approx(0.2, abs=0.003)
    after = editor.edit(STANDING, "feet 50 cm apart").pose
    assert _measure(after, "left foot to right foot distance") == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize(
    ("text", "measure"), [("raise the left arm", "left upper arm tilt"), ("bend the left elbow", "left elbow angle"),
                          ("lean forward", "torso pitch"), ("turn the head left", "head turn left")],
)  # fmt: skip
def test_a_bit_is_less_than_a_lot(editor: Editor, text: str, measure: str) -> None:
    steps = [abs(_measure(editor.edit(STANDING, words).pose, measure) - _measure(STANDING, measure))
             for words in (f"{text} a bit", text, f"{text} a lot")]  # fmt: skip
    if text == "raise the left arm":  # without an amount an arm goes up to level
        steps = [steps[0], steps[2]]
    assert all(one + 3 < two for one, two in pairwise(steps)), steps


@pytest.mark.parametrize(
    "text",
    ["raise the left arm", "bend the right knee", "step to the left", "lean to the left", "turn the head right",
     "squat lower", "left foot forward 15 cm", "lift the left knee"],
)  # fmt: skip
def test_the_mirrored_edit_of_the_mirrored_pose(editor: Editor, text: str) -> None:
    one = editor.edit(LUNGING, text).pose.mirror()
    two = editor.edit(LUNGING.mirror(), exchange_sides(text)).pose
    assert float(_turned(one, two).max()) < 0.5
    assert float((one.transl - two.transl).abs().max()) < 0.005


@pytest.mark.parametrize("text", ["raise the left arm", "step forward with the left foot", "lean left", "mirror it"])
def test_heading_changes_nothing(editor: Editor, text: str) -> None:
    turn = about_axis("y", torch.tensor(1.1))
    turned = LUNGING.replace(global_orient=turn @ LUNGING.global_orient)
    one, two = editor.edit(LUNGING, text).pose, editor.edit(turned, text).pose
    assert float(_turned(one, two)[1:].max()) < 0.1
    assert float(_turned(one.replace(global_orient=turn @ one.global_orient), two)[0]) < 0.1


def test_feet_stay_where_they_stand(editor: Editor) -> None:
    for text in ("squat lower", "bend the knees", "push the hips to the left", "lean forward a lot"):
        after = editor.edit(STANDING, text).pose
        for joint in ("left_ankle", "right_ankle"):
            index = SMPL.index(joint)
            apart = BODY.joints(after)[index] - BODY.joints(STANDING)[index]
            assert float(apart.norm()) < 0.01, (text, joint)


def test_the_floor_stays_under_the_body(editor: Editor) -> None:
    capsules = body_capsules(BODY)

    def lowest(pose: Pose) -> float:
        ends = capsules.place(BODY.kinematics(pose))
        return float((ends[..., 1] - capsules.end_radii).amin())

    for text in ("kneel on the right knee", "lift the left foot", "stand on tiptoe", "reset the legs"):
        assert lowest(editor.edit(LUNGING, text).pose) == pytest.approx(lowest(LUNGING), abs=0.005)


@pytest.mark.parametrize(
    "text", ["left hand on the right shoulder", "put the right foot on the left knee", "hands on hips",
             "touch your nose with the left hand", "palms together"],
)  # fmt: skip
def test_contacts_are_made(editor: Editor, text: str) -> None:
    edited = editor.edit(STANDING, text)
    assert edited.checks
    assert edited.held, edited.checks


def test_who_stands_leans_to_reach_a_knee(editor: Editor) -> None:
    edited = editor.edit(STANDING, "touch the left knee with the right hand")
    assert edited.held
    assert any("trunk" in note for note in edited.notes)
    assert "left arm" not in edited.changed_parts


def _then(editor: Editor, pose: Pose, *texts: str) -> list[Edited]:
    made: list[Edited] = []
    for text in texts:
        made.append(editor.edit(pose, text, last=made[-1] if made else None))
        pose = made[-1].pose
    return made


def test_the_other_arm_too(editor: Editor) -> None:
    _, after = _then(editor, STANDING, "raise the left arm out to the side", "the other arm too")
    assert after.changed_parts == ("right arm",)
    assert _measure(after.pose, "left arm tilt") == pytest.approx(_measure(after.pose, "right arm tilt"), abs=1.0)


def test_no_the_left_one(editor: Editor) -> None:
    first, after = _then(editor, STANDING, "raise the right arm", "no, the left one")
    for joint in joints_of_part("right arm"):
        index = SMPL.index(joint)
        assert torch.equal(after.pose.local_rotations[index], STANDING.local_rotations[index])
    assert "right arm" in first.changed_parts


def test_undo_gives_the_pose_back_bit_for_bit(editor: Editor) -> None:
    _, after = _then(editor, LUNGING, "squat lower", "undo that")
    assert torch.equal(after.pose.local_rotations, LUNGING.local_rotations)
    assert torch.allclose(after.pose.transl, LUNGING.transl, atol=1e-6)


def test_even_more_and_less(editor: Editor) -> None:
    first, more, less = _then(editor, STANDING, "bend the left knee slightly", "even more", "a bit less")
    angles = [_measure(one.pose, "left knee angle") for one in (first, more, less)]
    assert angles[1] < angles[0] - 5
    assert angles[2] > angles[1] + 5


def test_arms_are_exchanged(editor: Editor) -> None:
    raised = editor.edit(STANDING, "raise the left arm").pose
    after = editor.edit(raised, "swap the arms").pose
    assert _measure(after, "right arm tilt") == pytest.approx(_measure(raised, "left arm tilt"), abs=0.5)
    assert torch.equal(after.local_rotations[SMPL.index("left_knee")], raised.local_rotations[SMPL.index("left_knee")])


def test_mirroring_twice_is_the_pose(editor: Editor) -> None:
    after = _then(editor, LUNGING, "mirror it", "mirror it")[-1].pose
    assert float(_turned(after, LUNGING).max()) < 0.01


def test_what_is_to_stay_stays(editor: Editor) -> None:
    after = editor.edit(STANDING, "bend forward, keep the legs").pose
    for side in ("left", "right"):
        for joint in joints_of_part(f"{side} leg"):
            index = SMPL.index(joint)
            assert torch.equal(after.local_rotations[index], STANDING.local_rotations[index])


def test_a_limit_is_said(editor: Editor) -> None:
    edited = editor.edit(STANDING, "bend the left knee by 400 degrees")
    assert any("no farther" in note for note in edited.notes)
    assert not edited.held
    assert bool(within_limits(edited.pose, extreme=True, tolerance_deg=1.0))


def test_nothing_silently(editor: Editor) -> None:
    edited = editor.edit(STANDING, "swap the legs")
    assert any("nothing changed" in note for note in edited.notes)
    raised = editor.edit(STANDING, "raise the left arm and juggle seven balls")
    assert any("not understood" in note for note in raised.notes)


@pytest.mark.parametrize("text", ["", "🙂", "quantum chromodynamics", "keep everything", "x" * 100_000])
def test_what_cannot_be_read_is_an_error(editor: Editor, text: str) -> None:
    with pytest.raises(ChatposeError):
        editor.edit(STANDING, text)


def test_bad_poses(editor: Editor) -> None:
    with pytest.raises(InvalidPoseError):
        editor.edit(stack_poses([STANDING, STANDING]), "raise the left arm")
    with pytest.raises(InvalidPoseError):
        editor.edit(STANDING.replace(transl=torch.full((3,), float("nan"))), "raise the left arm")


def test_error_says_what_helps(editor: Editor) -> None:
    with pytest.raises(EditError, match="such as"):
        editor.edit(STANDING, "quantum chromodynamics")


def test_doubles_stay_doubles(editor: Editor) -> None:
    after = editor.edit(STANDING.to(torch.float64), "left knee to 90 degrees, left hand on the hip").pose
    assert after.body_pose.dtype == torch.float64
    index = SMPL.index("right_shoulder")
    assert torch.equal(after.local_rotations[index], STANDING.to(torch.float64).local_rotations[index])


def test_json_is_the_contracts(editor: Editor) -> None:
    found = editor.edit(STANDING, "raise the left arm").as_json()
    assert {"instruction", "pose", "changed_parts", "description", "checks", "seconds"} <= found.keys()
    assert found["changed_parts"] == ["left arm"]
    assert len(found["pose"]["joints"]) == 24
    assert found["checks"][0]["holds"] is True
