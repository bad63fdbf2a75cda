"""`chatpose describe`, `chatpose compare` and the functions behind them: the contract, frames, bad input."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT, random_rotations

import chatpose
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.cli.main import main
from chatpose.errors import InvalidPoseError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.pose_json import json_to_pose
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import parse


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    """Seven frames of a moving body."""
    path = tmp_path / "motion.npz"
    save(PoseClip(Pose.from_rotations(random_rotations(7, 24, max_angle_rad=0.7)), fps=30.0), path)
    return path


@pytest.fixture
def single(tmp_path: Path) -> Path:
    """One pose."""
    path = tmp_path / "single.json"
    save(PoseClip(Pose.from_rotations(random_rotations(1, 24, max_angle_rad=0.7, seed=5))), path)
    return path


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


def lines(capsys: pytest.CaptureFixture) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# --- describe --------------------------------------------------------------------------------------------------------


def test_describe_json_is_the_contract(single: Path, capsys: pytest.CaptureFixture, describer: Describer) -> None:
    assert main(["describe", str(single), "--json", "--style", "full"]) == 0
    (line,) = lines(capsys)
    assert list(line) == ["input", "people", "seconds"]
    assert line["input"] == str(single)
    assert 0 < line["seconds"] < 10
    (person,) = line["people"]
    assert list(person) == ["pose", "names", "description", "statements", "confidence"]
    assert all(set(name) == {"name", "score", "id", "mirrored"} for name in person["names"])
    assert person["confidence"] == 1.0
    assert len(person["pose"]["joints"]) == 24
    pose = json_to_pose(person["pose"])
    assert torch.allclose(pose.local_rotations, load(single).pose[0].local_rotations, atol=1e-5)
    told = [parse(row["statement"]) for row in person["statements"]]
    assert len(told) == len(set(map(str, told))) > 3
    points, gaps = describer.measure(pose)
    assert all(one.holds for one in check(told, points, gaps)[0])
    for row in person["statements"]:
        assert list(row) == ["statement", "measured", "margin"]
        assert row["margin"].split()[0].rstrip("°").isdigit()


def test_styles_say_more_and_more(single: Path, capsys: pytest.CaptureFixture) -> None:
    counts = []
    for style in ("short", "plain", "full"):
        assert main(["describe", str(single), "--json", "--style", style]) == 0
        counts.append(len(lines(capsys)[0]["people"][0]["statements"]))
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_text_shows_measures_and_margins(single: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["describe", str(single), "--style", "full"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(str(single))
    assert "  holds by " in out
    assert max(map(len, out.splitlines())) < 140


def test_a_motion_gives_its_first_frame_and_says_so(motion: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["describe", str(motion), "--json"]) == 0
    captured = capsys.readouterr()
    (line,) = map(json.loads, captured.out.splitlines())
    assert line["frame"] == 0
    assert "7 frames" in captured.err
    assert main(["describe", str(motion), "--json", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "frames"),
    [
        (["--every", "3"], [0, 3, 6]),
        (["--every", "1"], list(range(7))),
        (["--frame", "-1"], [6]),
        (["--frame", "2"], [2]),
    ],
)
def test_frames_are_lines(motion: Path, capsys: pytest.CaptureFixture, arguments: list[str], frames: list[int]) -> None:
    assert main(["describe", str(motion), "--json", *arguments]) == 0
    found = lines(capsys)
    assert [line["frame"] for line in found] == frames
    for line in found:
        expected = load(motion).pose[line["frame"]].local_rotations
        pose = json_to_pose(line["people"][0]["pose"])
        assert torch.allclose(pose.local_rotations, expected, atol=1e-5)
    if len(frames) > 1:  # a frame is described as it is alone
        assert main(["describe", str(motion), "--json", "--frame", str(frames[1])]) == 0
        assert lines(capsys)[0]["people"] == found[1]["people"]


def test_chunks_keep_the_order(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    from chatpose.cli import describe

    path = tmp_path / "long.npz"
    save(PoseClip(Pose.from_rotations(random_rotations(5, 24, max_angle_rad=0.5)), fps=30.0), path)
    assert main(["describe", str(path), "--json", "--every", "1"]) == 0
    whole = lines(capsys)
    monkeypatch.setattr(describe, "CHUNK", 2)
    assert main(["describe", str(path), "--json", "--every", "1"]) == 0
    assert [(line["frame"], line["people"]) for line in lines(capsys)] == [(w["frame"], w["people"]) for w in whole]


def test_a_bad_input_is_told_in_its_place(single: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK not really")
    assert main(["describe", str(single), str(bad), "nowhere.npz", str(tmp_path), str(single), "--json"]) == 2
    found = lines(capsys)
    assert ["people" in line for line in found] == [True, False, False, False, True]
    assert [line["input"] for line in found] == [str(single), str(bad), "nowhere.npz", str(tmp_path), str(single)]
    assert all("error" in line for line in found[1:4])


def test_batch_reads_paths(
    single: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"{single}\n\nnowhere.npz\n  {single}\r\n")
    assert main(["describe", "--batch", str(listed), "--json"]) == 2
    assert ["people" in line for line in lines(capsys)] == [True, False, True]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{single}\n"))
    assert main(["describe", str(single), "--batch", "-", "--json"]) == 0
    assert len(lines(capsys)) == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "no input"),
        (["holiday.JPG"], "holiday.JPG"),
        (["nowhere.npz"], "nowhere.npz"),
        (["--batch", "nowhere.txt"], "nowhere.txt"),
        (["{motion}", "--frame", "7"], "0 to 6"),
        (["{motion}", "--frame", "1", "--every", "2"], "--every"),
        (["{motion}", "--body", "nowhere"], "nowhere"),
    ],
)
def test_bad_use_of_describe_is_one_line(
    motion: Path, capsys: pytest.CaptureFixture, arguments: list[str], word: str
) -> None:
    assert main(["describe", *(argument.format(motion=motion) for argument in arguments), "--quiet"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert word in captured.err


def test_the_same_words_in_every_process(single: Path, motion: Path) -> None:
    calls = (["describe", str(single), "--style", "full"], ["compare", str(single), str(motion), "--seed", "3"])
    code = f"from chatpose.cli.main import main\nfor call in {calls}: main([*call, '--quiet'])"

    def words(hash_seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True).stdout

    assert words("1") == words("2")


def test_the_given_bvh_files_are_described(shared_data: Path, capsys: pytest.CaptureFixture) -> None:
    files = sorted(map(str, (shared_data / "makehuman_poses").glob("*.bvh")))
    assert main(["describe", *files, "--json", "--quiet"]) == 0
    found = lines(capsys)
    assert [line["input"] for line in found] == files
    assert all(line["people"][0]["description"] for line in found)
    assert max(line["seconds"] for line in found) < 2


# --- compare ---------------------------------------------------------------------------------------------------------


def test_compare_json_is_the_contract(single: Path, motion: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["compare", str(single), str(motion), "--frame-b", "2", "--json"]) == 0
    (line,) = lines(capsys)
    assert list(line) == ["instructions", "differences", "seconds"]
    assert line["instructions"].endswith(".")
    assert line["differences"]
    for row in line["differences"]:
        assert list(row) == ["instruction", "parts", "measured", "gained"]
        assert row["instruction"] in line["instructions"].lower()
        assert all(set(one) == {"measure", "from", "to"} for one in row["measured"])


def test_compare_of_a_pose_with_itself(single: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["compare", str(single), str(single), "--json"]) == 0
    (line,) = lines(capsys)
    assert line["instructions"] == "Nothing changes."
    assert line["differences"] == []


def test_compare_takes_the_frames_asked_for(motion: Path, capsys: pytest.CaptureFixture, describer: Describer) -> None:
    assert main(["compare", str(motion), str(motion), "--frame-a", "1", "--frame-b", "-1", "--seed", "4"]) == 0
    captured = capsys.readouterr()
    poses = load(motion).pose
    expected = describer.compare(poses[1], poses[6], seed=4)
    assert " ".join(captured.out.split("\n\n")[0].split()) == expected.text
    assert "frames" not in captured.err
    assert " → " in captured.out
    assert main(["compare", str(motion), str(motion)]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip() == "Nothing changes."
    assert captured.err.count("holds 7 frames") == 2
    assert "--frame-b" in captured.err


@pytest.mark.parametrize(("a", "b", "bad"), [("nowhere.npz", "{single}", 1), ("x.png", "nowhere.npz", 2)])
def test_bad_input_of_compare(single: Path, capsys: pytest.CaptureFixture, a: str, b: str, bad: int) -> None:
    paths = [a, b.format(single=single)]
    assert main(["compare", *paths, "--json"]) == 2
    found = lines(capsys)
    assert [line["input"] for line in found] == paths[:bad]
    assert all("error" in line for line in found)
    assert main(["compare", *paths, "--quiet"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == bad


# --- from Python -----------------------------------------------------------------------------------------------------


def test_describe_and_compare_from_python(describer: Describer) -> None:
    pose, other = (Pose.from_rotations(random_rotations(24, max_angle_rad=0.6, seed=seed)) for seed in (1, 2))
    description = chatpose.describe(pose, "full", seed=2)
    assert str(description) == description.text == describer.describe(pose, "full", seed=2).text
    assert all(one.holds and one.margin is not None and one.margin >= 0 for one in description.checks)
    assert description.joints.shape == (24, 3)
    found = chatpose.compare(pose, other)
    assert found.text == describer.compare(pose, other).text
    assert found.instructions


def test_another_body_can_be_given(describer: Describer) -> None:
    pose = Pose.identity()
    assert chatpose.describe(pose, body=BodyModel.open()).text == describer.describe(pose).text


def test_batches_and_bad_poses_are_refused(describer: Describer) -> None:
    with pytest.raises(InvalidPoseError, match="one pose"):
        describer.describe(Pose.identity((2,)))
    broken = Pose.identity().replace(transl=torch.tensor([0.0, float("nan"), 0.0]))
    with pytest.raises(InvalidPoseError, match="NaN"):
        describer.compare(broken, Pose.identity())
