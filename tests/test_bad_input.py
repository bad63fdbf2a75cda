"""Bad input of every kind under every readable suffix: one clear line, a typed error, nothing run, nothing written."""

import json
import os
import pickle
import random
import signal
import struct
import zipfile

import numpy as np
import pytest

from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError, UnsafeFileError
from chatpose.formats import PoseClip, load, save
from chatpose.formats.registry import readable_suffixes

SUFFIXES = readable_suffixes()
SECONDS = 30


ASF = """:units
angle deg
:root
order TX TY TZ RX RY RZ
axis XYZ
:bonedata
begin
name spine
direction 0 1 0
length 1
axis 0 0 0 XYZ
dof rx
end
:hierarchy
begin
root spine
end
"""


@pytest.fixture(autouse=True)
def _skeleton(tmp_path):
    """AMC files need one beside them."""
    (tmp_path / "skeleton.asf").write_text(ASF)


@pytest.fixture(autouse=True)
def _no_hang():
    """A reader that hangs fails its test."""

    def stop(*_):
        raise TimeoutError(f"no answer within {SECONDS} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)


def refused(path, kind=ChatposeError) -> str:
    """The message with which a path is refused: one printable line, no folder full of leftovers."""
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(kind) as caught:
        load(path)
    message = str(caught.value)
    assert message.isprintable()
    assert 10 < len(message) < 600
    assert before == (sorted(path.parent.iterdir()) if path.parent.is_dir() else [])
    return message


def valid(folder) -> dict[str, bytes]:
    """Small valid files by suffix."""
    clip = PoseClip(Pose.identity((3,)), fps=30.0)
    files = {}
    for suffix in (".npz", ".npy", ".json", ".jsonl"):
        save(clip, folder / f"valid{suffix}")
        files[suffix] = (folder / f"valid{suffix}").read_bytes()
    files[".pkl"] = files[".pickle"] = pickle.dumps({"pose": np.zeros((3, 72)), "betas": np.zeros(10)})
    return files


@pytest.mark.parametrize("suffix", SUFFIXES)
class TestEverySuffix:
    def test_empty(self, tmp_path, suffix):
        (tmp_path / f"a{suffix}").touch()
        assert "is empty" in refused(tmp_path / f"a{suffix}", UnreadableFileError)

    @pytest.mark.parametrize("blank", [b" ", b"\n\n\n", b"\0" * 100, b"\xff" * 100, b"\xef\xbb\xbf"])
    def test_blank(self, tmp_path, suffix, blank):
        (tmp_path / f"a{suffix}").write_bytes(blank)
        refused(tmp_path / f"a{suffix}", UnreadableFileError)

    def test_random(self, tmp_path, suffix):
        generator = random.Random(suffix)
        for size in (1, 7, 100, 5000):
            for _ in range(5):
                (tmp_path / f"a{suffix}").write_bytes(generator.randbytes(size))
                refused(tmp_path / f"a{suffix}", UnreadableFileError)
            (tmp_path / f"a{suffix}").write_text("".join(map(chr, generator.choices(range(32, 127), k=size))))
            refused(tmp_path / f"a{suffix}", UnreadableFileError)

    def test_missing_and_directory(self, tmp_path, suffix):
        assert "no file" in refused(tmp_path / f"a{suffix}", MissingFileError)
        (tmp_path / f"a{suffix}").mkdir()
        assert "is a directory" in refused(tmp_path / f"a{suffix}", MissingFileError)

    def test_links_and_pipes(self, tmp_path, suffix):
        os.symlink(tmp_path / f"a{suffix}", tmp_path / f"a{suffix}")
        refused(tmp_path / f"a{suffix}", MissingFileError)
        os.mkfifo(tmp_path / f"b{suffix}")
        assert "regular" in refused(tmp_path / f"b{suffix}", UnreadableFileError)

    def test_odd_names(self, tmp_path, suffix):
        for name in (
            f"two\nlines{suffix}",
            f"поза 😀{suffix}",
            f"\x1b[31mred{suffix}",
            f"-rf{suffix}",
            f"a\udcff{suffix}",
        ):
            (tmp_path / name).write_bytes(b"nothing")
            refused(tmp_path / name, UnreadableFileError)


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".json", ".pkl"])
def test_truncated(tmp_path, suffix):
    data = valid(tmp_path)[suffix]
    assert data
    for part in np.linspace(1, len(data) - 2, 25).astype(int):
        (tmp_path / f"a{suffix}").write_bytes(data[:part])
        refused(tmp_path / f"a{suffix}", UnreadableFileError)


class Runs:
    """A pickle that would leave a file behind if it ran."""

    def __init__(self, call, *args):
        self.call = call
        self.args = args

    def __reduce__(self):
        return self.call, self.args


class TestPicklesThatRunCode:
    def attacks(self, trace) -> dict[str, bytes]:
        command = f"touch {trace}"
        code = f"open({str(trace)!r}, 'w')"
        text = command.encode()
        found = {
            f"{name} {protocol}": pickle.dumps(payload, protocol)
            for protocol in range(6)
            for name, payload in {
                "system": Runs(os.system, command),
                "eval": Runs(eval, code),
                "exec in a value": {"pose": np.zeros(72), "betas": Runs(exec, code)},
                "open": Runs(open, str(trace), "w"),
            }.items()
        }
        return found | {
            "GLOBAL": b"cposix\nsystem\n(S'" + text + b"'\ntR.",
            "INST": b"(S'" + text + b"'\nios\nsystem\n.",
            "OBJ": b"(cos\nsystem\nS'" + text + b"'\no.",
            "NEWOBJ": b"\x80\x02cos\nsystem\n(S'" + text + b"'\nt\x81.",
            "NEWOBJ_EX": b"\x80\x04cos\nsystem\n(S'" + text + b"'\nt}\x92.",
            "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c" + bytes([len(text)]) + text + b"\x85R.",
            "memo": b"\x80\x02cos\nsystem\nq\x000h\x00(S'" + text + b"'\ntR.",
            "dotted": b"\x80\x04\x8c\x05numpy\x8c\x0f_core.os.system\x93(S'" + text + b"'\ntR.",
            "numpy": b"cnumpy.testing._private.utils\nrunstring\n(S'" + code.encode().replace(b"'", b'"') + b"'\n}tR.",
            "module": b"cnumpy\nload\n(S'" + str(trace).encode() + b"'\ntR.",
            "BUILD": b"c__builtin__\nobject\n)R(dS'__class__'\ncos\nsystem\nsb.",
            "reconstruct": b"cnumpy.core.multiarray\n_reconstruct\n(cos\nsystem\n(I0\ntS'b'\ntR.",
            "persistent": b"Pposix.system\n.",
            "extension": b"\x80\x02\x82\x01.",
        }

    def test_nothing_runs(self, tmp_path):
        trace = tmp_path / "trace"
        for name, data in self.attacks(trace).items():
            for suffix in (".pkl", ".npz", ".npy", ".json", ".bvh", ".amc"):
                path = tmp_path / f"a{suffix}"
                path.write_bytes(data)
                with pytest.raises(ChatposeError) as caught:
                    load(path)
                assert str(caught.value).isprintable(), name
                assert not trace.exists(), name
                path.unlink()

    def test_inside_numpy_files(self, tmp_path):
        trace = tmp_path / "trace"
        bad = np.array([Runs(os.system, f"touch {trace}")], dtype=object)
        np.save(tmp_path / "a.npy", bad, allow_pickle=True)
        assert "Python objects" in refused(tmp_path / "a.npy", UnsafeFileError)
        np.savez(tmp_path / "a.npz", poses=bad)
        assert "Python objects" in refused(tmp_path / "a.npz", UnsafeFileError)
        np.savez(tmp_path / "b.npz", poses=np.zeros((2, 72)), extra=bad)
        assert any("extra" in note for note in load(tmp_path / "b.npz").notes)
        assert not trace.exists()


class TestSizes:
    def test_a_billion_frames(self, tmp_path):
        head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 72), }\n"
        data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + bytes(576)
        (tmp_path / "a.npy").write_bytes(data)
        assert "1,000,000,000" in refused(tmp_path / "a.npy", UnreadableFileError)
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
            file.writestr("poses.npy", data)
        assert "1,000,000,000" in refused(tmp_path / "a.npz", UnreadableFileError)

    def test_zip_bombs(self, tmp_path):
        path = tmp_path / "a.npz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("poses.npy", bytes(2 * 10**8))
        assert "zip bomb" in refused(path, UnsafeFileError)
        inner = path.read_bytes()
        with zipfile.ZipFile(path, "w") as file:  # a zip in a zip is only data
            file.writestr("poses.npy", inner)
        refused(path, UnreadableFileError)

    def test_sparse_gigabytes(self, tmp_path):
        for suffix in SUFFIXES:
            with (tmp_path / f"a{suffix}").open("wb") as file:
                file.truncate(10**10)
            assert "bytes" in refused(tmp_path / f"a{suffix}", UnreadableFileError)

    def test_many_frames(self, tmp_path):
        np.save(tmp_path / "a.npy", np.zeros((1_000_001, 66), dtype=np.float16))
        assert "1,000,001 frames" in refused(tmp_path / "a.npy")


def test_zip_of_another_kind(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("word/document.xml", "<xml/>")
    refused(tmp_path / "a.npz", UnreadableFileError)


def test_every_message_says_what_to_do(tmp_path):
    """The cases that people meet: the message names the file, what came and what was expected or can be done."""
    poses = np.zeros((2, 24, 3))
    cases = {
        "counts.npy": poses[:, :23],
        "nan.npy": poses * np.nan,
        "text.npy": poses.astype(str),
    }
    for name, array in cases.items():
        np.save(tmp_path / name, array)
    (tmp_path / "half.json").write_text(json.dumps({"global_orient": [0, 0, 0]}))
    (tmp_path / "half.npz").write_bytes(valid(tmp_path)[".npz"][:200])
    for name in (*cases, "half.json", "half.npz"):
        with pytest.raises(ChatposeError) as caught:
            load(tmp_path / name)
        assert name in caught.value.got
        assert caught.value.expected or caught.value.fix, str(caught.value)
