"""Every command and every Python block of the README works as printed."""

import glob
import re
import shlex
import shutil
from pathlib import Path

import pytest
from conftest import ROOT, random_rotations

from chatpose.body.pose import Pose
from chatpose.cli.main import main
from chatpose.formats import PoseClip, save

README = (ROOT / "README.md").read_text()
FENCE = "`" * 3


def blocks(language: str) -> list[str]:
    return re.findall(rf"^{FENCE}{language}\n(.*?)^{FENCE}", README, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path, pose_models: Path) -> Path:
    """A folder with the files that the README speaks of."""
    shutil.copy(shared_data / "photos" / "coco_000000000785.jpg", tmp_path / "photo.jpg")
    clip = PoseClip(Pose.from_rotations(random_rotations(12, 24, max_angle_rad=0.6)), fps=30.0)
    (tmp_path / "poses").mkdir()
    for name in ("walk.npz", "dance.bvh", "fight.bvh", "start.npz", "end.npz", "poses/one.npz"):
        save(clip, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_commands_of_the_readme(folder: Path) -> None:
    lines = [line for block in blocks("bash") for line in block.splitlines() if line.strip()]
    assert len(lines) >= 8
    for line in lines:
        program, *words = shlex.split(line, comments=True)
        assert program == "chatpose", line
        arguments = [name for word in words for name in (sorted(glob.glob(word)) if "*" in word else [word])]
        assert main(arguments) == 0, line


def test_python_of_the_readme(folder: Path) -> None:
    source = "\n".join(blocks("python"))
    assert "chatpose.load" in source
    assert "Generator" in source
    exec(compile(source, "README.md", "exec"), {})
    assert (folder / "mirrored.bvh").stat().st_size > 1000
