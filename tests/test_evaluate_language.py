"""The suite `language`: figures of generators, editors and answers whose quality is known, by a tiny judge."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.angles import angles_to_pose
from chatpose.body.pose import Pose, stack_poses
from chatpose.cli import evaluate_language
from chatpose.cli.main import main
from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError
from chatpose.evaluation.language_edits import edit_rows, largest_turn, still_joints
from chatpose.evaluation.language_entries import Sentence, entry_rows, held_out_sentences, meets
from chatpose.evaluation.language_folder import EvaluationFolder
from chatpose.evaluation.language_habits import diversity_rows, limit_rows, names_no_posture, sentence_rows, stands
from chatpose.evaluation.language_methods import Generating, Made, NearestCaption, guarded
from chatpose.evaluation.language_plans import Labelled, implied, labelled_sentences, plan_rows
from chatpose.evaluation.language_prompts import prompt_rows, real_rows, training_poses
from chatpose.evaluation.language_questions import question_rows
from chatpose.evaluation.language_rows import (
    HELD,
    MADE,
    NEAREST_MM,
    PRECISION,
    PROMPTS_PASSED,
    RECALL,
    RIGHT,
    STILL,
    TARGETS,
    Row,
    describe_rows,
    describe_targets,
)
from chatpose.evaluation.language_speed import measure_times
from chatpose.formats.pose_json import pose_to_json
from chatpose.language.verified.plausibility import KnownPoses
from chatpose.language.verified.questions import Answered, QuestionAnswerer
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import parse
from chatpose.retrieval.shipped_poses import ShippedPoses

UP = {"left_shoulder_abduction": 170.0}
BENT = {"left_knee_flexion": 60.0}

TINY_JUDGE = '''
"""Holds a prompt when the left hand is as high as it asks, an edit when the left hand is above the start's."""
import json, pathlib, sys

asked = [json.loads(line) for line in open(sys.argv[1])]
given = [json.loads(line) for line in open(sys.argv[2])]
hand = lambda pose: pose["joints"][22][1] - pose["joints"][0][1]
good = lambda row, got: "poses" in got and (hand(got["poses"][0]["pose"]) > 0.5) == row["high"]
if "question" in asked[0]:
    right = sum(row["answer"] == got["answer"].split(",")[0].split(".")[0].lower() for row, got in zip(asked, given))
    print(f"questions right: {right} of {len(asked)}")
    sys.exit(0)
kinds = [row.get("category", "edit") for row in asked]
print("    n  result held / whole   constant   shuffled held / whole")
for kind in [*dict.fromkeys(kinds), "ALL"]:
    rows = [good(row, got) for row, got, own in zip(asked, given, kinds) if kind in ("ALL", own)]
    share = 100 * sum(rows) / len(rows)
    more = "   50.0 / 50.0 (7)   25.0 / 25.0" if "--baseline" in sys.argv else ""
    print(f"{kind:<12}{len(rows):4} {share:6.1f} / {share:6.1f}{more}")
'''


def standing(**angles: float) -> Pose:
    return angles_to_pose(angles)


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return Atlas.load()


@pytest.fixture(scope="module")
def known(describer: Describer) -> KnownPoses:
    return KnownPoses(stack_poses([standing(), standing(**UP)]), describer.body)


@pytest.fixture
def folder(tmp_path: Path, describer: Describer) -> Path:
    (tmp_path / "judge.py").write_text(TINY_JUDGE)
    prompts = [{"prompt": f"hand up {number}", "category": "explicit", "high": True} for number in range(4)]
    prompts += [{"prompt": f"relax {number}", "category": "named", "high": False} for number in range(2)]
    edits = [{"start": "calm", "instruction": "left hand up", "still": ["l_knee", "right_elbow", "head"], "high": True}]
    edits += [{"start": "calm", "instruction": "both knees bent", "still": ["l_wrist"], "high": False}]
    questions = [
        {"start": "calm", "question": "Is the left knee bent?", "kind": "yes/no", "answer": "no"},
        {"start": "bent", "question": "Is the left knee bent?", "kind": "yes/no", "answer": "yes"},
        {"start": "bent", "question": "Which knee is bent more?", "kind": "side", "answer": "left"},
    ]
    for name, rows in (("prompts", prompts), ("edits", edits), ("questions", questions)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    starts = {"calm": standing(), "bent": standing(**BENT)}
    entries = {name: pose_to_json(pose, describer.body.joints(pose)) for name, pose in starts.items()}
    (tmp_path / "starts.json").write_text(json.dumps(entries))
    return tmp_path


@dataclass
class FakeFound:
    poses: tuple
    notes: tuple[str, ...] = ()


@dataclass
class FakePose:
    pose: Pose
    source: str = "fake"


class FakeGenerator:
    """Raises the left arm where "hand up" is said, refuses what is named, breaks on "broken"."""

    def generate(self, text, *, count=1, seed=0, verify=True, on_first=None):
        if "broken" in text:
            raise RuntimeError("a fault")
        if "refused" in text:
            raise ChatposeError("a refusal")
        if "nothing" in text:
            return FakeFound((), ("nothing was understood",))
        if on_first is not None:
            on_first(standing())
        poses = [
            standing(**(UP if "hand up" in text and verify else {}), right_elbow_flexion=10 * n) for n in range(count)
        ]
        return FakeFound(tuple(FakePose(pose) for pose in poses))


def bar(texts, name):
    return list(texts)


def by_name(rows: list[Row], what: str, method: str) -> Row:
    return next(row for row in rows if (row.what, row.method) == (what, method))


def test_prompts_by_the_judge_with_constant_shuffled_and_plausibility(folder, known, describer) -> None:
    methods = [Generating(FakeGenerator()), Generating(FakeGenerator(), verify=False)]
    found = prompt_rows(EvaluationFolder(folder), methods, known, stack_poses([standing()]), describer.body, bar)
    verified = by_name(found.rows, "prompts, explicit", "verified")
    assert verified.values[PROMPTS_PASSED] == 100
    assert verified.values["shuffled statements %"] == 25
    assert verified.values[NEAREST_MM] < 1
    assert by_name(found.rows, "prompts, explicit", "raw nano").values[PROMPTS_PASSED] == 0
    assert by_name(found.rows, "prompts, named", "raw nano").values[HELD] == 100
    assert by_name(found.rows, "prompts, all", "constant pose").values[HELD] == 50
    assert by_name(found.rows, "prompts, all", "verified").note == "began from: fake 100 %"
    assert len(found.made["verified"]) == 6


def test_a_failing_request_counts_as_failed_and_the_run_goes_on(folder, known, describer) -> None:
    rows = [
        {"prompt": text, "category": "explicit", "high": True} for text in ("broken", "hand up", "refused", "nothing")
    ]
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = prompt_rows(
        EvaluationFolder(folder), [Generating(FakeGenerator())], known, stack_poses([standing()]), describer.body, bar
    )
    row = by_name(found.rows, "prompts, explicit", "verified")
    assert row.values[PROMPTS_PASSED] == 25
    assert row.note == "3 of 4 without a pose"
    assert [one.problem for one in found.made["verified"]] == [
        "RuntimeError('a fault')", "", "a refusal", "nothing was understood"
    ]  # fmt: skip


def test_every_kth_line_is_taken(folder) -> None:
    assert [one.text for one in EvaluationFolder(folder, every=3).prompts()] == ["hand up 0", "hand up 3"]
    assert len(EvaluationFolder(folder).questions()) == 3


def test_edits_are_made_and_the_rest_stays(folder, known, describer) -> None:
    class FakeEditor:
        def edit(self, pose, instruction):
            if "knees" in instruction:
                raise ChatposeError("not understood")
            return FakePose(standing(**UP))

    rows = edit_rows(EvaluationFolder(folder), FakeEditor(), known, describer.body, bar)
    editor, nothing = rows
    assert editor.values[MADE] == 50
    assert editor.values[STILL] == 100
    assert "1 not carried out" in editor.note
    assert nothing.values[MADE] == 50
    assert nothing.values[STILL] == 100


def test_still_is_measured_on_local_rotations() -> None:
    assert still_joints("l_knee") == ("left_knee",)
    assert still_joints("right_elbow") == ("right_elbow",)
    assert "left_shoulder" in still_joints("left arm")
    assert still_joints("a chair") == ()
    before, after = standing(), standing(left_knee_flexion=0.2)
    assert 0.15 < largest_turn(before, after, ["left_knee", "right_knee"]) < 0.25
    assert largest_turn(before, after, ["right_knee", "head"]) == pytest.approx(0, abs=1e-6)


def test_questions_by_kind_and_beside_guesses(folder, describer) -> None:
    rows = question_rows(EvaluationFolder(folder), QuestionAnswerer(describer), bar)
    assert by_name(rows, "questions", "answers").values[RIGHT] == 100
    assert by_name(rows, "questions, yes/no", "answers").count == 2
    assert by_name(rows, "questions", "always “Yes.”").values[RIGHT] == pytest.approx(100 / 3)

    class Broken:
        def answer(self, question, pose):
            if "bent?" in question:
                raise RuntimeError("a fault")
            return Answered(question, "Left. It is.", "left")

    rows = question_rows(EvaluationFolder(folder), Broken(), bar)
    assert by_name(rows, "questions", "answers").values[RIGHT] == pytest.approx(100 / 3)
    assert by_name(rows, "questions", "answers").note == "2 not understood"


def test_a_folder_that_is_no_good_is_refused(tmp_path, folder) -> None:
    with pytest.raises(MissingFileError):
        EvaluationFolder(tmp_path / "nowhere")
    (folder / "prompts.jsonl").write_text("no json\n")
    with pytest.raises(UnreadableFileError):
        EvaluationFolder(folder).prompts()
    (folder / "judge.py").write_text("import sys; sys.exit('I refuse')")
    with pytest.raises(UnreadableFileError, match="refuse"):
        EvaluationFolder(folder).judge_questions(EvaluationFolder(folder).questions(), ["", "", ""])
    (folder / "judge.py").write_text("print('something else')")
    with pytest.raises(UnreadableFileError):
        EvaluationFolder(folder).judge_edits(EvaluationFolder(folder).edits(), [{}, {}])


def labelled(text: str, *lines: str, optional: tuple[str, ...] = (), either: bool = False) -> Labelled:
    return Labelled(text, "limbs", tuple(map(parse, lines)), tuple(map(parse, optional)), either)


def test_plans_are_counted_by_what_they_imply() -> None:
    sentences = [
        labelled("a", "left knee: straight", "right knee: straight"),
        labelled("b", "not: left elbow: straight", optional=("left elbow: half bent",)),
        labelled("c", "left arm: raised high", either=True),
    ]
    answers = {
        "a": [[parse("legs: straight")]],
        "b": [[parse("left elbow: half bent"), parse("kneeling")]],
        "c": [[parse("right arm: raised high")]],
    }
    (row,) = [one for one in plan_rows(sentences, {"parser": answers.__getitem__}, bar) if one.what == "plans, all"]
    assert row.values[PRECISION] == pytest.approx(75)
    assert row.values[RECALL] == pytest.approx(100)
    assert row.values["whole %"] == pytest.approx(200 / 3)


@pytest.mark.parametrize(
    ("line", "given", "follows"),
    [
        ("not: left elbow: straight", ["left elbow: right angle"], True),
        ("legs: straight", ["left knee: straight", "right knee: straight"], True),
        ("torso pitch: 20..", ["torso: leaning slightly forward"], True),
        ("left knee angle: 70..110", ["left knee: right angle"], True),
        ("left knee: straight", ["not: left knee: right angle"], False),
        ("left knee: right angle", ["left knee: straight"], False),
        ("kneeling", ["left knee: on ground"], False),
    ],
)
def test_implication(line: str, given: list[str], follows: bool) -> None:
    assert implied(parse(line), [parse(one) for one in given]) is follows


def test_labelled_sentences_are_read(tmp_path) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text(
        json.dumps({"text": "kneel", "kind": "postures", "statements": ["kneeling"], "either": True}) + "\n"
    )
    (one,) = labelled_sentences(file)
    assert one.either
    assert str(one.statements[0]) == "kneeling"
    file.write_text(json.dumps({"text": "kneel", "statements": ["flying"]}) + "\n")
    with pytest.raises(UnreadableFileError):
        labelled_sentences(file)


def test_recall_of_sentences_about_entries(atlas, describer) -> None:
    entry = atlas.find("warrior 2")
    own = atlas.pose("warrior 2")

    class Remembers:
        def generate(self, text, *, count=1, seed=0, verify=True):
            if text == "fails":
                raise ChatposeError("no")
            poses = [standing(), own if text == "own" else own.mirror()]
            return FakeFound(tuple(FakePose(pose) for pose in poses))

    sentences = [Sentence(text, entry) for text in ("own", "turned round", "the left one", "fails")]
    (row,) = entry_rows({True: sentences}, Remembers(), describer, bar)
    assert row.values["R@5 %"] == 50
    assert row.values["R@1 %"] == 0
    assert row.note == "1 without a pose"
    assert meets(entry.claims, stack_poses([own, standing()]), describer) == [True, False]
    some = held_out_sentences(atlas, known=True, most=20)
    assert 10 <= len(some) <= 20
    assert not {one.entry.id for one in some} & atlas.test_ids


def test_habits(describer) -> None:
    sentences = [
        labelled("left up", "left arm: raised overhead"),
        labelled("kneel", "kneeling"),
        labelled("look", "gaze: up"),
    ]
    wrong_side = standing(right_shoulder_abduction=170)
    made = {"verified": [Made(wrong_side), Made(standing()), Made(None)]}
    (row,) = sentence_rows(sentences, made, describer)
    assert row.values["side swaps %"] == 100
    assert row.values["standing %"] == 50
    assert row.values[HELD] == 0
    assert [names_no_posture(one) for one in sentences] == [True, False, True]
    assert stands(standing(), describer)
    assert not stands(angles_to_pose({"pelvis_forward_tilt": 90}), describer)
    beyond = {"verified": [Made(standing()), Made(standing(left_knee_flexion=175, left_elbow_flexion=-40))]}
    (limits,) = limit_rows(beyond)
    assert limits.values["poses outside limits %"] == 50


def test_diversity(atlas, describer) -> None:
    rows = diversity_rows(["anything", "broken"], FakeGenerator(), atlas.poses, describer, bar)
    verified = by_name(rows, rows[0].what, "verified")
    assert verified.values["poses a request"] == 4
    assert (
        0
        < verified.values["mean distance of two, mm"]
        < by_name(rows, rows[0].what, "atlas at random").values["mean distance of two, mm"]
    )


def test_times_are_taken_warm() -> None:
    times = measure_times(["hand up", "refused", "relax"], FakeGenerator(), bar)
    assert times.failed == 1
    assert len(times.whole) == 2
    assert np.all(times.first <= times.whole)


def test_nearest_caption_and_guard(atlas) -> None:
    class Sentences:
        def scores(self, texts, gallery):
            return torch.eye(3)[[len(text) for text in texts]]

    class Gallery:
        poses = stack_poses([standing(), standing(**UP), standing(**BENT)])

    (found,) = NearestCaption(Sentences(), Gallery()).poses(["a"], bar)  # pyright: ignore
    assert found.pose is not None
    assert torch.allclose(found.pose.body_pose, standing(**UP).body_pose)
    assert guarded(lambda: Made(standing())).problem == ""


def test_training_poses_leave_test_entries_out(atlas, known) -> None:
    shipped = ShippedPoses.load()
    poses = training_poses(shipped, atlas, None)
    assert 0 < len(poses) < len(shipped)
    assert len(training_poses(shipped, atlas, stack_poses([standing()]))) == len(poses) + 1
    (row,) = real_rows({"some": stack_poses([standing()])}, known)
    assert row.values[NEAREST_MM] < 1e-3


def test_tables_name_what_is_reached() -> None:
    rows = [
        Row("prompts, explicit", "verified", 60, {PROMPTS_PASSED: 81.0, HELD: 90.0, "shuffled": float("nan")}, "a note")
    ]
    lines = describe_rows(rows)
    assert lines[0] == "prompts, explicit: 60"
    assert "81.0" in lines[1]
    assert lines[2].strip() == "a note"
    reached = describe_targets(rows)
    assert reached[0].startswith("reached")
    assert reached[1].startswith("MISSED")
    assert rows[0].as_json()["values"]["shuffled"] is None
    assert len({(what, method, name) for what, method, name, *_ in TARGETS}) == len(TARGETS)


def test_the_command_answers_questions_and_reads_plans(folder, capsys, monkeypatch) -> None:
    monkeypatch.setattr(evaluate_language, "_model_plans", lambda: None)
    code = main(
        ["evaluate", "language", "--prompts", str(folder), "--only", "questions,plans", "--limit", "30", "--json"]
    )
    assert code == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["suite"] for row in rows} == {"language"}
    assert any(row["what"] == "questions" and row["method"] == "answers" for row in rows)
    assert any(row["what"] == "plans, all" for row in rows)
    assert all("line" not in row for row in rows)


def test_the_command_refuses_unknown_parts(folder, capsys) -> None:
    assert main(["evaluate", "language", "--only", "poems"]) == 2
    assert "poems" in capsys.readouterr().err
    assert main(["evaluate", "language", "--prompts", str(folder / "nowhere"), "--only", "questions"]) == 2
    assert main(["evaluate", "language", "--rows", "best", "--only", "plans"]) == 2
    assert sys.modules  # the suites are only loaded when run
