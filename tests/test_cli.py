"""The command line's contract: exit codes, one-line errors, JSON lines, nothing half-written."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import random_rotations

from chatpose.body.pose import Pose
from chatpose.cli.main import main
from chatpose.formats import PoseClip, load, save


@pytest.fixture
def motion(tmp_path: Path) -> Path:
    """Twelve frames of a moving body as an npz file."""
    pose = Pose.from_rotations(random_rotations(12, 24, max_angle_rad=0.4), transl=torch.linspace(0, 1, 36).view(12, 3))
    path = tmp_path / "motion.npz"
    save(PoseClip(pose, fps=30.0), path)
    return path


def test_help_is_quick_and_light() -> None:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "chatpose", "--help"], check=True, capture_output=True)
        return time.perf_counter() - start

    assert min(once() for _ in range(5)) < 0.5


def test_convert_writes_and_says_what_was_assumed(motion: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    target = tmp_path / "motion.bvh"
    assert main(["convert", str(motion), str(target)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "note: " in captured.err
    assert len(load(target)) == 12


def test_what_a_format_leaves_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    pose = Pose.from_rotations(random_rotations(2, 24), betas=torch.ones(2, 10), transl=torch.ones(2, 3))
    source = tmp_path / "smpl.npz"
    save(PoseClip(pose, fps=30.0, shape_space="smpl"), source)
    assert main(["convert", str(source), str(tmp_path / "out.npy")]) == 0
    assert "translation, shape, frame rate left out" in capsys.readouterr().err
    assert main(["convert", str(source), str(tmp_path / "out.obj"), "--frame", "0"]) == 0
    assert "betas of the 'smpl' body" in capsys.readouterr().err
    assert main(["convert", str(source), str(tmp_path / "out.json")]) == 0
    assert "betas of" not in capsys.readouterr().err


def test_quiet_leaves_notes_out(motion: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["convert", str(motion), str(tmp_path / "motion.json"), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "frames", "fps"),
    [(["--frame", "3"], 1, None), (["--frame", "-1"], 1, None), (["--every", "5"], 3, 6.0), ([], 12, 30.0)],
)
def test_frames_are_picked(motion: Path, tmp_path: Path, arguments: list[str], frames: int, fps: float | None) -> None:
    target = tmp_path / "out.json"
    assert main(["convert", str(motion), str(target), *arguments]) == 0
    clip = load(target)
    assert len(clip) == frames
    assert clip.fps == fps


def test_picked_frame_is_the_right_one(motion: Path, tmp_path: Path) -> None:
    main(["convert", str(motion), str(tmp_path / "out.json"), "--frame", "7"])
    expected = load(motion).pose[7]
    found = load(tmp_path / "out.json").pose[0]
    assert torch.allclose(found.local_rotations, expected.local_rotations, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["convert", "missing.npz", "out.bvh"], "missing.npz"),
        (["convert", "{motion}", "out.xyz"], ".bvh"),
        (["convert", "{motion}", "no/such/folder/out.bvh"], "folder"),
        (["convert", "{motion}", "out.bvh", "--frame", "12"], "0 to 11"),
        (["convert", "{motion}", "out.obj"], "--frame"),
        (["convert", "{motion}", "out.png", "--camera", "sideways"], "sideways"),
        (["convert", "{motion}", "out.png", "--camera", "1,2,3,4"], "1,2,3,4"),
        (["convert", "{motion}", "out.png", "--camera", "nan,0,40"], "nan"),
        (["convert", "{motion}", "out.bvh", "--body", "nowhere"], "nowhere"),
        (["convert", "{folder}", "out.bvh"], "directory"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    motion: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    arguments: list[str],
    word: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code = main([argument.format(motion=motion, folder=tmp_path) for argument in arguments])
    errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("note: ")]
    assert code == 2
    assert len(errors) == 1
    assert word in errors[0]
    assert sorted(tmp_path.rglob("*")) == before


def test_failed_conversion_keeps_the_old_file(motion: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.obj"
    target.write_text("precious")
    assert main(["convert", str(motion), str(target)]) == 2
    assert target.read_text() == "precious"


def test_info_json_has_one_line_an_input_and_goes_on_after_a_bad_one(
    motion: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK not really")
    assert main(["info", str(motion), str(bad), str(motion), "--json"]) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["input"] for line in lines] == [str(motion), str(bad), str(motion)]
    assert lines[0]["frames"] == lines[2]["frames"] == 12
    assert lines[0]["fps"] == 30.0
    assert "error" in lines[1]


def test_info_without_files_names_versions(capsys: pytest.CaptureFixture) -> None:
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["numpy"] == np.__version__


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["convert", "a", "b", "--every", "0"], ["chat", "--port", "0"]]
)
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_chat_refuses_half_a_password(capsys: pytest.CaptureFixture) -> None:
    assert main(["chat", "--auth", "onlyuser"]) == 2
    assert "USER:PASSWORD" in capsys.readouterr().err
