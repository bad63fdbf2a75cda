"""`chatpose edit`: the contract's object a line, errors in their place, exit codes."""

import json
from pathlib import Path

import pytest

from chatpose.body.pose import Pose
from chatpose.cli.main import main
from chatpose.formats import PoseClip, load, save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pose.json"
    save(PoseClip(Pose.identity((1,))), path)
    return path


def _lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_edit(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edit", str(file), "left elbow to 90 degrees", "--json", "--quiet"]) == 0
    (row,) = _lines(capsys.readouterr().out)
    assert {"instruction", "pose", "changed_parts", "description", "checks", "seconds"} <= row.keys()
    assert row["changed_parts"] == ["left arm"]
    assert all(check["holds"] for check in row["checks"])


def test_edits_follow_each_other_and_are_written(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("out.npz")
    assert main(["edit", str(file), "left elbow to 90 degrees", "the other one too", "--out", str(out), "--quiet"]) == 0
    assert "right elbow" in capsys.readouterr().out
    assert len(load(out)) == 1


def test_batch_answers_in_order_and_goes_on_after_errors(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pose = json.loads(file.read_text())
    rows = [
        {"pose": str(file), "instruction": "raise the left arm"},
        {"pose": pose, "instruction": "quantum chromodynamics"},
        {"pose": "nowhere.npz", "instruction": "raise the left arm"},
        {"pose": pose, "instruction": "mirror it", "then": ["turn the head left"]},
        {"instruction": "no pose"},
    ]
    batch = file.with_name("list.jsonl")
    batch.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["edit", "--batch", str(batch), "--json", "--quiet"]) == 2
    found = _lines(capsys.readouterr().out)
    assert ["error" in row for row in found] == [False, True, True, False, False, True]
    assert [row.get("instruction") for row in found[:2]] == ["raise the left arm", "quantum chromodynamics"]


@pytest.mark.parametrize("arguments", [[], ["pose.json"], ["pose.json", "x", "--batch", "y"]])
def test_what_is_missing_is_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edit", *arguments]) == 2
    assert "expected" in capsys.readouterr().err
