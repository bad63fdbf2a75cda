"""Answers to questions about poses: the plain answer, its evidence, and laws."""

import json
import random
import string
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chatpose.atlas.compiled import Atlas
from chatpose.body.angles import angles_to_pose
from chatpose.body.pose import Pose
from chatpose.errors import InvalidPoseError
from chatpose.language.verified.question_parts import mentions
from chatpose.language.verified.question_text import plain_question, split_questions
from chatpose.language.verified.question_yes_no import declarative
from chatpose.language.verified.questions import NOT_IN_POSE, Answered, QuestionAnswerer, answer_question
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.phrasebook import exchange_words
from chatpose.resources import asset

ATLAS_POSES = ("tree", "warrior-2", "sitting-upright", "downward-dog", "thinking", "front-kick", "extended-triangle")


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


@pytest.fixture(scope="module")
def answerer(describer: Describer) -> QuestionAnswerer:
    return QuestionAnswerer(describer)


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return Atlas.load()


def standing(**angles: float) -> Pose:
    """Standing, arms hanging, with some anatomical angles in degrees."""
    return angles_to_pose(angles)


def named(atlas: Atlas, name: str) -> Pose:
    place = atlas.places[name]
    return Pose.from_rotations(atlas.poses.local_rotations[place], transl=atlas.poses.transl[place])


Ask = Callable[..., Answered]


@pytest.fixture
def ask(answerer: QuestionAnswerer) -> Ask:
    return lambda question, **angles: answerer.answer(question, standing(**angles))


@pytest.mark.parametrize(
    ("question", "angles", "answer"),
    [
        ("Is the left knee bent?", {"left_knee_flexion": 60, "left_hip_flexion": 40}, True),
        ("Is the left knee bent?", {}, False),
        ("Isn't her left knee straight?", {"left_knee_flexion": 60}, False),
        ("Is the left knee not bent?", {}, True),
        ("Are both knees bent?", {"left_knee_flexion": 60}, False),
        ("Is either knee bent?", {"left_knee_flexion": 60}, True),
        ("Is neither knee bent?", {}, True),
        ("Is only the left knee bent?", {"left_knee_flexion": 60}, True),
        ("Is only the left knee bent?", {"left_knee_flexion": 60, "right_knee_flexion": 60}, False),
        ("Is the left knee bent more than the right?", {"left_knee_flexion": 60, "right_knee_flexion": 30}, True),
        ("Is the left knee bent more than 45 degrees?", {"left_knee_flexion": 60}, True),
        ("Is the left knee bent by less than forty-five degrees?", {"left_knee_flexion": 60}, False),
        ("Is the right arm raised above the head?", {"right_shoulder_abduction": 175}, True),
        ("Is the right arm raised above the head?", {"left_shoulder_abduction": 175}, False),
        ("Is the right hand higher than the left one?", {"right_shoulder_abduction": 90}, True),
        ("Is the left elbow straight and the right knee bent?", {"right_knee_flexion": 50}, True),
        ("Is the left elbow bent and the right knee bent?", {"right_knee_flexion": 50}, False),
        ("Is she looking up?", {"neck_flexion": -50}, True),
        ("Is the head turned to the left?", {"neck_twist_left": 40}, True),
        ("Is the head turned to the right?", {"neck_twist_left": 40}, False),
        ("Is the person leaning forward?", {"spine_flexion": 60}, True),
        ("Is the torso upright?", {}, True),
        ("Does the left hand touch the head?", {}, False),
        ("The left knee is bent, isn't it?", {"left_knee_flexion": 60}, True),
        ("Is this person sitting?", {}, False),
        ("Are the feet more than two metres apart?", {}, False),
    ],
)
def test_yes_or_no(ask: Ask, question: str, angles: dict[str, float], answer: bool) -> None:
    found = ask(question, **angles)
    assert found.value is answer, found.text
    assert found.text.startswith("Yes, " if answer else "No, ")
    assert found.measured


@pytest.mark.parametrize(
    ("question", "angles", "answer"),
    [
        ("Which knee is bent more?", {"left_knee_flexion": 60, "right_knee_flexion": 30}, "left"),
        ("Which knee is straighter?", {"left_knee_flexion": 60, "right_knee_flexion": 30}, "right"),
        ("Which hand is higher?", {"right_shoulder_abduction": 120}, "right"),
        ("Which hand is lower?", {"right_shoulder_abduction": 120}, "left"),
        ("Is the left or the right hand higher?", {"right_shoulder_abduction": 120}, "right"),
        ("Which foot is in front?", {"left_hip_flexion": 30, "right_hip_flexion": -15}, "left"),
        ("Which foot is further back?", {"left_hip_flexion": 30, "right_hip_flexion": -15}, "right"),
        ("On which leg is the weight?", {"left_hip_flexion": 90, "left_knee_flexion": 90}, "right"),
        ("Which leg is in the air?", {"left_hip_flexion": 90, "left_knee_flexion": 90}, "left"),
        ("Which way is the head turned?", {"neck_twist_left": -40}, "right"),
        ("Is the head turned left or right?", {"neck_twist_left": -40}, "right"),
        ("Which way does she lean?", {"spine_bend_left": 40}, "left"),
        ("Is she standing or sitting?", {}, "standing"),
        ("Which is higher, the left hand or the head?", {}, "the head"),
        ("Which knee is bent more?", {}, "neither"),
    ],
)
def test_sides_and_ways(ask: Ask, question: str, angles: dict[str, float], answer: str) -> None:
    found = ask(question, **angles)
    assert found.value == answer, found.text
    assert found.text.lower().startswith(answer)


@pytest.mark.parametrize(
    ("question", "angles", "value", "unit"),
    [
        ("How much is the left knee bent?", {"left_knee_flexion": 60}, 60, "°"),
        ("What is the angle of the left knee?", {"left_knee_flexion": 60}, 120, "°"),
        ("At what angle is the left knee bent?", {"left_knee_flexion": 60}, 120, "°"),
        ("Left knee angle?", {"left_knee_flexion": 60}, 120, "°"),
        ("By how many degrees is the right elbow bent?", {"right_elbow_flexion": 75}, 75, "°"),
        ("How far is the head turned?", {"neck_twist_left": 40}, 40, "°"),
    ],
)
def test_angles(ask: Ask, question: str, angles: dict[str, float], value: float, unit: str) -> None:
    found = ask(question, **angles)
    assert isinstance(found.value, float)
    assert abs(found.value - value) <= 4, found.text
    assert found.unit == unit
    assert found.text.startswith(f"{found.value:g}°")


def test_lengths_are_between_joints(answerer: QuestionAnswerer, describer: Describer) -> None:
    pose = standing(left_shoulder_abduction=60)
    joints = describer.body.joints(pose)
    apart = 100 * float((joints[22] - joints[23]).norm())
    found = answerer.answer("How far apart are the hands?", pose)
    assert abs(float(found.value or 0) - apart) <= 0.5
    assert found.text.startswith(f"{round(apart)} cm.")
    up = 100 * float(joints[22, 1] - joints[23, 1])
    higher = answerer.answer("By how much is the left hand higher than the right?", pose)
    assert abs(float(higher.value or 0) - up) <= 0.5
    assert "higher" in higher.text
    assert "lower" in answerer.answer("How much higher is the right hand than the left hand?", pose).text
    metres = answerer.answer("What is the distance between the hands in metres?", pose)
    assert metres.unit == "m"
    assert abs(float(metres.value or 0) - apart / 100) <= 0.006


def test_words(ask: Ask, answerer: QuestionAnswerer, atlas: Atlas) -> None:
    assert ask("Where is the left hand?", left_shoulder_abduction=178).text.startswith("Above the head")
    assert "left elbow" in ask("What is the left arm doing?", left_elbow_flexion=90).text
    assert ask("What is the posture?").text.startswith("Standing")
    assert answerer.answer("What pose is this?", named(atlas, "warrior-2")).text.lower().startswith("warrior 2")
    assert ask("What touches the floor?").text.startswith("Both feet")
    assert ask("How many knees are bent?", left_knee_flexion=60).text.startswith("One (the left knee)")


@pytest.mark.parametrize("question", ["", "   ", "?", "🙂", "Wie spät ist es?", "bla bla", "left", "the"])
def test_what_cannot_be_read_is_said(ask: Ask, question: str) -> None:
    found = ask(question)
    assert not found.understood
    assert found.text


@pytest.mark.parametrize("question", ["What colour is the shirt?", "How old is she?", "Is the person happy?"])
def test_what_no_pose_tells(ask: Ask, question: str) -> None:
    assert ask(question).text == NOT_IN_POSE


def test_several_questions_at_once(ask: Ask) -> None:
    found = ask("1) Is the left knee bent? 2) Which hand is higher?", left_knee_flexion=50, left_shoulder_abduction=90)
    assert found.text.splitlines()[0].startswith("1) Yes")
    assert found.text.splitlines()[1].startswith("2) Left")


def test_near_equal_is_said_and_still_decided(ask: Ask) -> None:
    found = ask("Which knee is bent more?", left_knee_flexion=51.5, right_knee_flexion=50)
    assert found.value == "left"
    assert not found.certain
    assert "nearly the same" in found.text


def test_bad_poses_are_refused(answerer: QuestionAnswerer) -> None:
    with pytest.raises(InvalidPoseError):
        answerer.answer("Is the left knee bent?", Pose.identity((2,)))
    broken = Pose.identity()
    with pytest.raises(InvalidPoseError):
        answerer.answer("Is the left knee bent?", broken.replace(body_pose=broken.body_pose * float("nan")))


def test_answer_question_needs_no_answerer(describer: Describer) -> None:
    found = answer_question("Is the left knee bent?", standing(left_knee_flexion=40), describer)
    assert found.value is True
    assert found.as_json()["answer"] == found.text


def test_mirror_law(answerer: QuestionAnswerer, atlas: Atlas) -> None:
    """The question with left and right exchanged about the mirror image has the mirrored answer."""
    rows = [json.loads(line) for line in asset("data", "dev", "questions_dev.jsonl").read_text("utf-8").splitlines()]
    chosen = [row for row in rows if row["kind"] != "word"][::3]
    for row in chosen:
        pose = named(atlas, row["pose"])
        first = answerer.answer(row["question"], pose)
        second = answerer.answer(exchange_words(row["question"]), pose.mirror())
        if isinstance(first.value, str):
            assert exchange_words(first.value) == second.value, row["question"]
        elif isinstance(first.value, float) and isinstance(second.value, float):
            assert abs(first.value - second.value) <= 1, row["question"]
        else:
            assert first.value == second.value, row["question"]


@settings(max_examples=15, deadline=None)
@given(st.floats(-3.1, 3.1), st.sampled_from(ATLAS_POSES))
def test_heading_changes_nothing(heading: float, name: str) -> None:
    answerer, atlas = _SHARED()
    pose = named(atlas, name)
    turn = torch.tensor(heading)
    about_y = torch.eye(3)
    about_y[0, 0] = about_y[2, 2] = turn.cos()
    about_y[0, 2], about_y[2, 0] = turn.sin(), -turn.sin()
    turned = pose.replace(global_orient=about_y @ pose.global_orient)
    for question in ("Which hand is higher?", "Is the left foot in front of the right?", "How far apart are the feet?"):
        first, second = answerer.answer(question, pose), answerer.answer(question, turned)
        if isinstance(first.value, float) and isinstance(second.value, float):
            assert abs(first.value - second.value) <= 1.01
        elif first.certain:
            assert first.value == second.value


class _Shared:
    def __init__(self) -> None:
        self._made: tuple[QuestionAnswerer, Atlas] | None = None

    def __call__(self) -> tuple[QuestionAnswerer, Atlas]:
        if self._made is None:
            self._made = QuestionAnswerer(Describer()), Atlas.load()
        return self._made


_SHARED = _Shared()
_WORDS = """is are does which how what where left right hand knee foot the both either head above than more bent degrees
apart floor torso and or not in front of behind far many angle between hips arms she touching up toleft back of higher
""".split()  # noqa: SIM905


def test_any_words_are_answered_or_refused(answerer: QuestionAnswerer, atlas: Atlas) -> None:
    """Random words and characters never fail otherwise than by saying that they can't be read."""
    rng = random.Random(0)
    pose = named(atlas, "tree")
    for _ in range(120):
        text = " ".join(rng.choice(_WORDS) for _ in range(rng.randrange(1, 12))) + "?"
        assert answerer.answer(text, pose).text
    for _ in range(40):
        assert answerer.answer("".join(rng.choice(string.printable) for _ in range(rng.randrange(0, 80))), pose).text


def test_long_questions_are_cut(answerer: QuestionAnswerer) -> None:
    assert answerer.answer("is the left knee bent " * 5_000, standing()).text


def test_plain_questions() -> None:
    assert plain_question("What's the angle at her RIGHT elbow") == "what is the angle at the right elbow"
    assert plain_question("Is the head turned to the left") == "is the head turned toleft"
    assert plain_question("Isn’t the left hand to the left of the right hand") == (
        "is not the left hand leftof the right hand"
    )
    assert plain_question("is the knee bent at a right angle") == "is the knee bent at a rightangle"
    assert split_questions("1) Is it? 2) Or not?") == ["Is it", "Or not"]
    assert declarative("is the left knee bent") == "the left knee is bent"


def test_parts_are_found() -> None:
    (first, second) = mentions("is the left hand higher than the right")
    assert first.name == "the left hand"
    assert second.name == "the right hand"
    (both,) = mentions("are both feet apart")
    assert [part.name for part in both.parts] == ["left foot", "right foot"]
    (choice,) = mentions("is the left or the right knee bent")
    assert choice.alternative
    (one,) = mentions("which hand is higher")
    assert one.open
