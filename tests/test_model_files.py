import hashlib
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from chatpose.errors import MissingFileError, UnreadableFileError, UnwritableFileError
from chatpose.perception import fetch as fetch_module
from chatpose.perception import model_files
from chatpose.perception.model_files import DETECTOR, LANDMARKER, ModelFile, cache_folder, fetch, read_model

CONTENTS = {DETECTOR.name: b"finds people" * 50, LANDMARKER.name: b"finds points" * 70}


def made_wheel(path, contents=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (DETECTOR, LANDMARKER):
            archive.writestr(file.member, (contents or CONTENTS)[file.name])
        archive.writestr("mediapipe/__init__.py", "raise SystemExit('nothing of the wheel is run')")
        archive.writestr("../outside.txt", "escaped")
    return path


def pinned(file):
    content = CONTENTS[file.name]
    return ModelFile(file.name, file.member, len(content), hashlib.sha256(content).hexdigest())


@pytest.fixture
def files(monkeypatch):
    """The two files, pinned to the made wheel's contents."""
    chosen = (pinned(DETECTOR), pinned(LANDMARKER))
    monkeypatch.setattr(model_files, "MODEL_FILES", chosen)
    return chosen


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CHATPOSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "blazepose-0.10.21"


@pytest.fixture
def index(monkeypatch, tmp_path, files):
    """A package index that gives the made wheel; lists the folders that it was downloaded to."""
    wheel = made_wheel(tmp_path / "mediapipe-0.10.21-any.whl")
    monkeypatch.setattr(model_files, "WHEEL_SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    downloads = []

    def run(command, **_):
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        assert "--no-deps" in command
        assert command[-1] == "mediapipe==0.10.21"
        folder = Path(command[command.index("--dest") + 1])
        (folder / wheel.name).write_bytes(wheel.read_bytes())
        downloads.append(folder)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(model_files.subprocess, "run", run)
    return downloads


def test_fetch_takes_out_the_two_files_and_nothing_else(cache, index, files, tmp_path):
    assert fetch() == cache
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == CONTENTS
    assert [read_model(file) for file in files] == list(CONTENTS.values())
    assert not list(tmp_path.rglob("outside.txt"))
    assert not any(folder.exists() for folder in index), "the wheel is removed"


def test_what_is_here_is_not_fetched_again(cache, index):
    fetch()
    fetch()
    assert len(index) == 1


def test_a_missing_or_damaged_file_is_fetched_anew(cache, index, files):
    fetch()
    (cache / DETECTOR.name).unlink()
    (cache / LANDMARKER.name).write_bytes(b"half")
    fetch()
    assert [read_model(file) for file in files] == list(CONTENTS.values())


def test_absent_names_the_command(cache, files):
    with pytest.raises(MissingFileError, match=r"python -m chatpose\.perception\.fetch"):
        read_model(files[0])


@pytest.mark.parametrize("content", [b"", b"other", b"finds people" * 51, CONTENTS[DETECTOR.name][:-1]])
def test_a_damaged_file_is_refused_with_the_way_out(cache, files, content):
    cache.mkdir(parents=True)
    (cache / DETECTOR.name).write_bytes(content)
    with pytest.raises(UnreadableFileError, match="fetch it anew with: python -m"):
        read_model(files[0])
    assert not model_files.models_are_here()


def test_another_wheel_is_refused(cache, index, monkeypatch):
    monkeypatch.setattr(model_files, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(UnreadableFileError, match="not the released one"):
        fetch()
    assert not list(cache.iterdir())


def test_other_contents_are_refused_as_a_whole(cache, index, monkeypatch, tmp_path):
    changed = made_wheel(tmp_path / "changed.whl", {**CONTENTS, LANDMARKER.name: b"evil"})
    monkeypatch.setattr(model_files, "WHEEL_SHA256", hashlib.sha256(changed.read_bytes()).hexdigest())
    with pytest.raises(UnreadableFileError, match="not the pinned file"):
        model_files.unpack_wheel(changed, cache)
    assert not cache.exists()


def test_an_interrupted_fetch_leaves_nothing_half_written(cache, index, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch()
    assert not list(cache.iterdir())
    assert not any(folder.exists() for folder in index)
    fetch()
    assert model_files.models_are_here()


def test_two_fetches_at_once(cache, index, files):
    errors = []

    def one():
        try:
            fetch()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == CONTENTS


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            subprocess.CompletedProcess([], 1, "", "\nWARNING: x\nERROR: No matching distribution found\n\n"),
            "No matching",
        ),
        (subprocess.CompletedProcess([], 1, "", ""), "pip ended with 1"),
        (subprocess.CompletedProcess([], 0, "", ""), "pip ended with 0"),
        (subprocess.TimeoutExpired("pip", 900), "timed out"),
        (OSError("no such python"), "no such python"),
    ],
)
def test_no_connection_is_one_clear_line(cache, files, monkeypatch, capsys, outcome, said):
    def run(*_, **__):
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(model_files.subprocess, "run", run)
    with pytest.raises(MissingFileError, match=said):
        fetch()
    assert fetch_module.main() == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert captured.err.count("\n") == 1
    assert "chatpose.perception.fetch" in captured.err


def test_a_cache_that_cannot_be_written(index, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CHATPOSE_CACHE", str(tmp_path / "file"))
    with pytest.raises(UnwritableFileError, match="can't make the folder"):
        fetch()


def test_the_command_says_where_the_files_lie(cache, index, capsys):
    assert fetch_module.main() == 0
    assert str(cache) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"CHATPOSE_CACHE": "/c"}, "/c"),
        ("linux", {}, "/home/ann/.cache/chatpose"),
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/chatpose"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/ann/.cache/chatpose"),
        ("darwin", {"XDG_CACHE_HOME": "/x"}, "/home/ann/Library/Caches/chatpose"),
        ("win32", {"LOCALAPPDATA": "/l"}, "/l/chatpose"),
        ("win32", {}, "/home/ann/AppData/Local/chatpose"),
    ],
)
def test_the_cache_lies_where_the_system_keeps_caches(monkeypatch, platform, variables, expected):
    for name in ("CHATPOSE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(model_files.sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    assert cache_folder() == Path(expected)


def test_fetching_needs_no_torch():
    """`make` runs it before every start."""
    code = "import chatpose.perception.fetch, sys; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=model_files.__file__.rpartition("chatpose/")[0]).returncode
        == 0
    )


def test_the_real_files_are_the_pinned_ones(pose_models):
    for file in model_files.MODEL_FILES:
        assert len(read_model(file)) == file.size
