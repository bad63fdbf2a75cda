"""Captions are true: read back and measured by a re-reader that shares nothing with posecodes, and can say no.

The same on 25,000 poses: benchmarks/truth_check.py.
"""

import ast
import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from reread_check import Truth, Verdict, exchange
from reread_clauses import UnreadError, read_caption
from reread_poses import random_poses, real_poses, skin_of
from reread_rules import elevation_of

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.rotations import about_axis
from chatpose.posecodes.captioning import StyleName, caption
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import Extraction

STYLES: tuple[StyleName, ...] = ("short", "plain", "full")
LEAST = {"short": (1, 1), "plain": (6, 1), "full": (12, 50)}  # distinct statements, words
RANDOM, REAL = 450, 900


@functools.cache
def describer() -> Describer:
    return Describer()


def truth_of(poses: Pose) -> Truth:
    world = describer().body.kinematics(poses)
    return Truth(world.positions.numpy(), world.rotations.numpy(), skin_of(describer().body))


@functools.cache
def sample() -> tuple[Pose, Truth, Extraction]:
    poses = random_poses(RANDOM)
    return poses, truth_of(poses), describer().extract(poses)


def told(found: Extraction, style: StyleName, seed: int = 0) -> list[str]:
    return [words.text for words in caption(found, style, list(range(seed, seed + len(found))))]


def assert_true(verdict: Verdict) -> None:
    assert not verdict.unread, verdict.unread[:3]
    assert not verdict.false, verdict.false[:3]


@pytest.mark.parametrize("style", STYLES)
def test_no_clause_is_false_on_random_poses(style: StyleName) -> None:
    _, truth, found = sample()
    verdict = truth.verdict(told(found, style))
    assert_true(verdict)
    statements, words = LEAST[style]
    assert verdict.distinct >= statements * RANDOM
    assert verdict.words >= words * RANDOM


def test_no_clause_is_false_on_real_poses(shared_data: Path) -> None:
    poses = real_poses(shared_data, REAL)
    found = describer().extract(poses)
    truth = truth_of(poses)
    for style in STYLES:
        assert_true(truth.verdict(told(found, style, seed=7)))


def test_statements_read_are_the_statements_claimed() -> None:
    _, _, found = sample()
    for style in STYLES:
        for words in caption(found, style, 3):
            read = sorted({name for clause in read_caption(words.text) for name in clause.statements})
            assert read == sorted({code.name for code in words.statements}), words.text


def test_posecodes_hold_and_fail_as_measured() -> None:
    _, truth, found = sample()
    names, holds = [code.name for code in found.codes], found.holds.numpy()
    assert len(truth.claimed(names, holds)) <= holds.sum() * 1e-4
    assert not truth.denied(names, holds)


def test_every_code_can_be_measured() -> None:
    _, truth, _ = sample()
    for code in all_posecodes():
        assert np.isfinite(truth.judged(code.name, [0])).all(), code.name


# --- the re-reader can say no ----------------------------------------------------------------------------------------


def test_exchanged_sides_are_caught() -> None:
    _, truth, found = sample()
    texts = told(found, "full")
    lies = [exchange(text) for text in texts]
    caught = {falsehood.row for falsehood in truth.verdict(lies).false}
    sided = {row for row, (text, lie) in enumerate(zip(texts, lies, strict=True)) if text != lie}
    assert len(caught) > 0.9 * len(sided) > 100


@pytest.mark.parametrize(
    ("truth_is", "lie"),
    [
        ("straight", "half bent"),
        ("slightly bent", "fully bent"),
        ("in front of", "behind"),
        ("above", "below"),
        ("on the floor", "raised off the ground"),
        ("pointing down", "pointing up"),
        ("close together", "wide apart"),
        ("turned to the left", "turned to the right"),
        ("horizontal", "vertical"),
    ],
)
def test_a_wrong_word_is_caught(truth_is: str, lie: str) -> None:
    _, truth, found = sample()
    lied = [row for row, text in enumerate(told(found, "full")) if f" {truth_is}" in text]
    texts = told(found, "full")
    lies = [text.replace(f" {truth_is}", f" {lie}") if row in lied else text for row, text in enumerate(texts)]
    verdict = truth.verdict(lies)
    assert lied
    caught = {falsehood.row for falsehood in verdict.false}
    assert len(caught) + len(verdict.unread) > 0.9 * len(lied)


def test_captions_of_other_poses_are_caught() -> None:
    _, truth, found = sample()
    texts = told(found, "plain")
    caught = {falsehood.row for falsehood in truth.verdict(texts[1:] + texts[:1]).false}
    assert len(caught) > 0.95 * len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "They are standing, with a hat.",
        "They are standing happily.",
        "Their left knee is very bent.",
        "Their left knee is straight, and.",
        "Their left knee are straight.",
        "Their left knee is straight. and both elbows are straight.",
        "Their left knee is straight, with the right knee.",
        "Straight is their left knee.",
        "Their nose is straight.",
        "Their left knee is straight and their",
    ],
)
def test_text_that_is_no_clause_raises(text: str) -> None:
    with pytest.raises(UnreadError):
        read_caption(text)


def test_reader_shares_nothing_with_posecodes() -> None:
    for path in Path(__file__).parent.glob("reread_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("chatpose.posecodes")], path.name
            if path.name != "reread_poses.py":
                assert not [name for name in names if name.startswith("chatpose")], path.name


def test_palms_and_face_are_where_the_mesh_has_them() -> None:
    """The axes that palms and gaze are told by, against landmarks of the body."""
    body = BodyModel.open()
    vertices = body(Pose.identity((1,))).vertices
    truth = truth_of(Pose.identity((1,)))
    ears = (body.landmark(vertices, "left_ear") + body.landmark(vertices, "right_ear")) / 2
    face = (body.landmark(vertices, "nose") - ears)[0]
    assert face[2] > 0.9 * face.norm()
    for side in ("left", "right"):
        index, pinky = (
            body.landmark(vertices, f"{side}_{tip}")[0].numpy() - truth.poses.at(f"{side} wrist")[0]
            for tip in ("index", "pinky")
        )
        palm = np.cross(pinky, index) * (1 if side == "left" else -1)
        assert palm[1] < -0.8 * np.linalg.norm(palm)
        assert elevation_of(truth.poses, f"{side} wrist", 1)[0] > 80


# --- laws ------------------------------------------------------------------------------------------------------------

BRINK = 2e-3


def on_the_brink(found: Extraction) -> np.ndarray:
    """Poses with a statement so near its threshold that rounding may turn it."""
    return (found.margins.abs() < BRINK).any(-1).numpy()


@pytest.mark.parametrize("style", STYLES)
def test_mirrored_pose_has_the_exchanged_caption(style: StyleName) -> None:
    poses, _, found = sample()
    there = describer().extract(poses.mirror())
    pairs = zip(caption(found, style, 5), caption(there, style, 5), on_the_brink(found), strict=True)
    different = [
        (one.text, other.text) for one, other, brink in pairs if exchange(one.text) != other.text and not brink
    ]
    assert not different, different[0]


def test_heading_changes_no_caption() -> None:
    poses, _, found = sample()
    turn = about_axis("y", torch.linspace(0.1, 6.2, len(poses)))
    there = describer().extract(poses.replace(global_orient=turn @ poses.global_orient))
    pairs = zip(caption(found, "full", 5), caption(there, "full", 5), on_the_brink(found), strict=True)
    for one, other, brink in pairs:
        assert brink or one.text == other.text


def test_captions_dont_depend_on_the_batch_or_the_threads() -> None:
    poses, _, found = sample()
    alone = [describer().extract(poses[row : row + 1]) for row in range(20)]
    assert [caption(one, "full", 5)[0].text for one in alone] == [one.text for one in caption(found, "full", 5)[:20]]
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert told(describer().extract(poses), "plain") == told(found, "plain")
    finally:
        torch.set_num_threads(threads)


def test_all_poses_of_a_batch_are_read() -> None:
    poses = concatenate_poses([random_poses(3), Pose.identity((2,))])
    verdict = truth_of(poses).verdict(told(describer().extract(poses), "short"))
    assert verdict.captions == 5
    assert verdict.clauses >= 5
