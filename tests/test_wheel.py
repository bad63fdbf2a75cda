"""The wheel: only `chatpose` at top level, the packed artefacts inside, and it works outside the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

MAX_WHEEL_MIB = 32
POSE = {"global_orient": [0, 0.3, 0], "body_pose": [0.1] * 69, "betas": [0.5] * 10, "transl": [0, 1, 0]}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built offline by the build back end itself, from the working tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def interpreter(wheel, tmp_path_factory) -> Path:
    """An environment with the wheel and, for its dependencies only, the test environment's packages behind it."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    scheme = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", vars=scheme))
    # A path in a .pth file comes after the environment's own packages, and .pth files in it (editable installs) are
    # not followed.
    behind = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(behind)) + "\n", encoding="utf-8")
    python = Path(sysconfig.get_path("scripts", vars=scheme)) / ("python.exe" if os.name == "nt" else "python")
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    subprocess.run([*install, "--no-deps", "--no-index", "--quiet", str(wheel)], check=True, timeout=120)
    return python


def run(interpreter: Path, folder: Path, *arguments: str) -> str:
    """Runs Python in `folder`, with nothing of the checkout or of this process on the path."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CHATPOSE"))}
    done = subprocess.run(
        [str(interpreter), *arguments], cwd=folder, env=clean, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_top_level_holds_only_chatpose(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    assert len(top) == 2
    assert "chatpose" in top
    assert all(name == "chatpose" or name.endswith(".dist-info") for name in top)


def test_assets_are_those_of_the_checkout(wheel):
    packed = {
        name.removeprefix("chatpose/assets/")
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith("chatpose/assets/")
    }
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "tokenizers", "data", "ui"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    wanted = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    assert packed == wanted, "git-ignored files would be packed, or tracked ones are missing"


def test_code_and_licences_are_packed_and_junk_is_not(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "chatpose").rglob("*.py")}
    assert code <= names
    assert "chatpose/py.typed" in names
    endings = {name.rpartition(".dist-info/")[2] for name in names if ".dist-info/" in name}
    assert {"licenses/LICENSE", "licenses/THIRD_PARTY.md", "entry_points.txt"} <= endings
    assert not [name for name in names if any(junk in name for junk in ("__pycache__", "node_modules", "/.", ".pyc"))]
    assert wheel.stat().st_size < MAX_WHEEL_MIB * 2**20


def test_runs_from_the_wheel_outside_the_checkout(interpreter, tmp_path):
    code = "import chatpose, chatpose.resources as r; print(chatpose.__file__); print(r.asset('data', 'body'))"
    module, body = run(interpreter, tmp_path, "-c", code).split()
    environment = interpreter.parent.parent
    assert Path(module).is_relative_to(environment)
    assert Path(body).is_relative_to(environment)


@pytest.mark.parametrize(("target", "start"), [("out.bvh", b"HIERARCHY"), ("out.glb", b"glTF"), ("out.npz", b"PK")])
def test_wheel_converts_a_file(interpreter, tmp_path, target, start):
    (tmp_path / "in.json").write_text(json.dumps(POSE), encoding="utf-8")
    run(interpreter, tmp_path, "-m", "chatpose", "convert", "in.json", target)
    assert (tmp_path / target).read_bytes().startswith(start)
    assert {path.name for path in tmp_path.iterdir()} == {"in.json", target}


def test_the_command_is_installed(interpreter, tmp_path):
    script = interpreter.with_name("chatpose.exe" if os.name == "nt" else "chatpose")
    done = subprocess.run([str(script), "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("chatpose ")
