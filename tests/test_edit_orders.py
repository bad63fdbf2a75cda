"""Orders of several joints, limbs told by their role or their side afterwards, contacts that need the trunk."""

import pytest
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import geodesic_distance
from chatpose.body.skeleton import SMPL
from chatpose.language.verified.editor import Editor
from chatpose.posecodes.body_parts import joints_of_part
from chatpose.posecodes.grammar import measures_by_name
from chatpose.posecodes.instructions.wording import reworded
from chatpose.posecodes.measures import measure_all
from chatpose.posecodes.points import points_of_kinematics

BODY = BodyModel.open()


@pytest.fixture(scope="module")
def editor() -> Editor:
    return Editor(BODY)


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return Atlas.load()


def _measure(pose: Pose, name: str) -> float:
    points = points_of_kinematics(BODY.kinematics(stack_poses([pose])))
    return float(measure_all((measures_by_name()[name],), points)[0, 0])


def _still(before: Pose, after: Pose, parts: tuple[str, ...]) -> bool:
    turned = torch.rad2deg(geodesic_distance(before.local_rotations.double(), after.local_rotations.double()))
    index = [SMPL.index(joint) for part in parts for joint in joints_of_part(part)]
    return float(turned[index].max()) < 0.1


ARMS, LEGS = ("left arm", "right arm"), ("left leg", "right leg")
ORDERS = [
    ("mountain", "lunge to the left", "left knee angle", 60, 130, (*ARMS, "head", "torso")),
    ("on-the-back-knees-bent", "pull the right knee in towards the chest", "right hip angle", 0, 80,
     (*ARMS, "left leg", "torso")),
    ("high-plank", "drop to your forearms", "left elbow angle", 80, 100, (*LEGS, "head")),
    ("cobra", "push up until the arms are straight", "right elbow angle", 165, 180, ("head",)),
    ("bridge", "lower the hips back to the floor", "pelvis height", -0.1, 0.05, ("head",)),
    ("lying-flat-on-the-back", "lift the hips", "pelvis height", 0.12, 0.5, ("head", "torso")),
    ("golf-finish", "unwind the shoulders", "shoulder twist left", -0.1, 0.1, (*LEGS, *ARMS, "head")),
    ("ballet-first-position", "turn both feet parallel", "left foot turnout", -0.1, 0.1, (*ARMS, "torso")),
    ("warrior-2", "straighten the front leg", "left knee angle", 168, 180, (*ARMS, "torso", "head")),
    ("kneeling-upright", "sit back on your heels", "left knee angle", 15, 35, (*ARMS, "torso", "head")),
    ("star-pose", "bring the left arm down and leave the right one up", "left armpit angle", 0, 25,
     ("right arm", *LEGS, "torso", "head")),
    ("relaxed-standing", "left elbow out to the side", "left armpit angle", 30, 70, ("right arm", *LEGS, "torso")),
    ("relaxed-standing", "lean forward from the hips, 45 degrees", "back curve", -10, 15, (*ARMS, "torso", "head")),
    ("mountain", "turn your head to look over your left shoulder", "head turn left", 45, 80, (*ARMS, *LEGS, "torso")),
    ("tree", "lower your arms out to the sides", "left upper arm tilt", 75, 105, (*LEGS, "torso", "head")),
    ("waving", "now raise the other arm, too", "left armpit angle", 120, 180, ("right arm", *LEGS, "torso", "head")),
    ("boxing-guard", "lean forward", "torso pitch", 25, 60, (*ARMS, *LEGS, "head")),
    ("legs-astride", "reach down and touch your left foot with your right hand", "left knee angle", 160, 180,
     ("left arm", "head")),
    ("warrior-2", "raise both arms overhead and look up", "gaze elevation", 25, 60, (*LEGS, "torso")),
    ("easy-pose", "reach the right arm up and over to the left", "right upper arm tilt", 0, 40, ("left arm", *LEGS)),
    ("hands-and-knees", "lift your knees off the floor", "left knee height", 0.12, 0.4, (*ARMS, "head")),
    ("childs-pose", "come up to sitting on the heels", "torso pitch", -12, 15, ()),
    ("sitting-upright", "stretch the left leg out", "left knee angle", 165, 180, ("right leg", *ARMS, "torso")),
    ("archery-full-draw", "let the bow arm sink down, that's the left one", "left armpit angle", 0, 25,
     ("right arm", *LEGS, "torso", "head")),
    ("archery-full-draw", "turn your face back towards the front by 40 degrees", "head turn left", 42.5, 43.5, ARMS),
    ("biceps-curl", "straighten the right elbow, upper arm doesn't move", "right elbow angle", 170, 180, ("left arm",)),
    ("t-pose", "turn the palms up", "left palm elevation", 75, 90, LEGS),
    ("sitting-upright", "slide the left foot forward", "left knee angle", 100, 150, ("right leg", *ARMS)),
    ("air-squat", "come up a little, you're too deep", "left knee angle", 78, 100, (*ARMS, "torso", "head")),
]  # fmt: skip


@pytest.mark.parametrize(("start", "said", "measure", "low", "high", "still"), ORDERS)
def test_order(editor: Editor, atlas: Atlas, start: str, said: str, measure: str, low: float, high: float,
               still: tuple[str, ...]) -> None:  # fmt: skip
    before = atlas.pose(start)
    after = editor.edit(before, said).pose
    assert low <= _measure(after, measure) <= high
    assert not still or _still(before, after, still)


@pytest.mark.parametrize("said", ["touch your toes", "touch the floor", "put your hands on your knees"])
def test_bending_down_keeps_feet_and_knees(editor: Editor, atlas: Atlas, said: str) -> None:
    before = atlas.pose("mountain")
    edited = editor.edit(before, said)
    assert all(check.holds for check in edited.checks)
    assert _still(before, edited.pose, ("head",))
    for side in ("left", "right"):
        assert abs(_measure(edited.pose, f"{side} knee angle") - _measure(before, f"{side} knee angle")) < 1


def test_one_side_of_hands_on_the_floor_keeps_the_other_arm(editor: Editor, atlas: Atlas) -> None:
    before = atlas.pose("mountain")
    after = editor.edit(before, "touch the floor with the right hand").pose
    assert _still(before, after, ("left arm", "head"))
    assert _measure(after, "right hand height") < 0.05


@pytest.mark.parametrize(
    ("first", "then", "measure", "sign"),
    [
        ("lean forward", "back a little", "torso pitch", -1),
        ("turn the head left", "the other way", "head turn left", -1),
        ("tilt the head to the right", "now turn it that way as well", "head turn left", -1),
    ],
)
def test_follow_up(editor: Editor, atlas: Atlas, first: str, then: str, measure: str, sign: int) -> None:
    one = editor.edit(atlas.pose("sitting-upright"), first)
    two = editor.edit(one.pose, then, last=one)
    assert sign * (_measure(two.pose, measure) - _measure(one.pose, measure)) > 5


@pytest.mark.parametrize(
    ("said", "plainer"),
    [
        ("make the stride shorter", "feet closer together"),
        ("get up on both feet", "stand up"),
        ("drop the left ear towards the left shoulder", "tilt the head to the left"),
        ("raise the left arm", "raise the left arm"),
    ],
)
def test_reworded(said: str, plainer: str) -> None:
    assert reworded(said) == plainer
