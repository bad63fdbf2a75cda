"""`chatpose generate`: the contract, batches, files, bad input; the generator reads statements in brackets."""

import io
import json
import sys

import pytest
from test_generate import describer, generator, parts  # noqa: F401

import chatpose.language.verified.generator as module
from chatpose.cli.main import main
from chatpose.formats import load


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch, generator):  # noqa: F811
    monkeypatch.setattr(module.Generator, "open", classmethod(lambda cls, **_: generator))


def lines_of(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_for_people(capsys):
    assert main(["generate", "warrior two, [gaze: down]"]) == 0
    told = capsys.readouterr()
    assert "✓ gaze: down" in told.out
    assert "(warrior 2)" in told.out
    assert not told.err


def test_one_object_a_request_in_order_and_errors_in_their_place(capsys, monkeypatch):
    batch = 'tree pose\n\nasdf qwer\n{"prompt": "[gaze: up]", "seed": 3}\n{"prompt": 3}\n{"text": "x"}\n'
    monkeypatch.setattr(sys, "stdin", io.StringIO(batch))
    assert main(["generate", "--batch", "-", "--json"]) == 2
    told = capsys.readouterr()
    rows = lines_of(told.out)
    assert [row["prompt"] for row in rows[:3]] == ["tree pose", "asdf qwer", "[gaze: up]"]
    assert ["error" in row for row in rows] == [False, True, False, True, True]
    assert not told.err


def test_files_are_written_and_hold_the_pose(capsys, tmp_path):
    assert main(["generate", "tree pose", "--out", str(tmp_path / "new"), "--json"]) == 0
    (row,) = lines_of(capsys.readouterr().out)
    (one,) = row["poses"]
    clip = load(one["file"])
    assert len(clip) == 1
    assert clip.pose.axis_angle()[0, 0].tolist() == pytest.approx(one["pose"]["global_orient"], abs=1e-4)


def test_files_of_a_batch_are_numbered_by_line(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("tree pose\nwarrior two\n"))
    assert main(["generate", "--batch", "-", "--json", "--out", str(tmp_path), "--format", "json"]) == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["request_0001_pose_1.json", "request_0002_pose_1.json"]


@pytest.mark.parametrize("text", ["", "?!", "what is the capital of Peru", "a" * 5000, "tree pose\udc80 \x1b[31m?"])
def test_bad_input_is_one_clear_line(capsys, text):
    code = main(["generate", text])
    told = capsys.readouterr()
    if code:
        assert code == 2
        assert told.err.count("\n") == 1
        assert told.err.startswith("chatpose: ")
    else:
        assert "\x1b" not in told.out


def test_no_request_and_a_bad_count(capsys):
    assert main(["generate"]) == 2
    assert main(["generate", "tree pose", "--count", "0"]) == 2
    assert capsys.readouterr().err.count("chatpose: ") == 2


def test_raw(capsys):
    assert main(["generate", "tree pose", "--no-verify"]) == 0
    assert "not verified" in capsys.readouterr().out
