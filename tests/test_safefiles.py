"""Files from strangers, and files that are whole or not there."""

import io
import os
import struct
import zipfile

import numpy as np
import pytest

from chatpose.errors import (
    MissingFileError,
    TooLargeError,
    UnreadableFileError,
    UnsafeFileError,
    UnwritableFileError,
)
from chatpose.safe_arrays import read_npy, read_npz, write_npz
from chatpose.safefiles import atomic_write, checked_file, read_limited


def npy_bytes(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue()


def header(shape: str, descr: str = "'<f8'", order: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def archive(path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)


class TestCheckedFile:
    def test_what_is_no_file(self, tmp_path):
        (tmp_path / "empty.npz").touch()
        os.symlink(tmp_path / "loop", tmp_path / "loop")
        os.symlink(tmp_path / "gone", tmp_path / "dangling")
        for name, kind, words in [
            ("nothing", MissingFileError, "no file"),
            ("dangling", MissingFileError, "no file"),
            (".", MissingFileError, "is a directory"),
            ("loop", MissingFileError, "symbolic links"),
            ("empty.npz", UnreadableFileError, "is empty"),
            ("empty.npz/inside", MissingFileError, "can't look at"),
            ("a" * 5000, MissingFileError, "too long"),
            ("nul\0.npz", MissingFileError, "null"),
        ]:
            with pytest.raises(kind, match=words) as caught:
                checked_file(tmp_path / name)
            assert str(caught.value).isprintable()

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    def test_a_pipe_does_not_hang(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.npz")
        with pytest.raises(UnreadableFileError, match="regular"):
            read_limited(tmp_path / "pipe.npz")

    def test_size_limit(self, tmp_path):
        (tmp_path / "a").write_bytes(b"12345")
        assert read_limited(tmp_path / "a", max_bytes=5) == b"12345"
        with pytest.raises(TooLargeError):
            read_limited(tmp_path / "a", max_bytes=4)

    def test_no_permission(self, tmp_path, monkeypatch):
        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        (tmp_path / "a").write_bytes(b"12345")
        monkeypatch.setattr("pathlib.Path.open", refuse)
        with pytest.raises(UnreadableFileError, match="Permission denied"):
            read_limited(tmp_path / "a")


class TestAtomicWrite:
    def test_whole_or_nothing(self, tmp_path):
        target = tmp_path / "a.npz"
        target.write_text("old")

        def fail():
            with atomic_write(target) as temporary:
                temporary.write_text("half")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
        assert target.read_text() == "old"
        with atomic_write(target) as temporary:
            temporary.write_text("new")
        assert target.read_text() == "new"
        assert len(list(tmp_path.iterdir())) == 1

    def test_errors_of_writers_keep_their_kind(self, tmp_path):
        with pytest.raises(MissingFileError), atomic_write(tmp_path / "a"):
            raise MissingFileError("no body")
        with pytest.raises(UnwritableFileError, match="No space"), atomic_write(tmp_path / "a"):
            raise OSError(28, "No space left on device")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["gone/a.npz", "nul\0.npz", "a" * 300 + ".npz", "."])
    def test_places_that_cannot_be_written(self, tmp_path, name):
        with pytest.raises(UnwritableFileError), atomic_write(tmp_path / name) as temporary:
            temporary.write_text("x")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("name", ["новая\nстрока.npz", "😀" * 62 + ".npz", "-rf.npz", " .npz"])
    def test_odd_names(self, tmp_path, name):
        with atomic_write(tmp_path / name) as temporary:
            assert temporary.name.endswith(".npz")
            temporary.write_text("x")
        assert [path.name for path in tmp_path.iterdir()] == [name]


class TestNpy:
    @pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
    def test_as_numpy_reads_it(self, tmp_path, version):
        for array in (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.array(1.5),
                      np.zeros((0, 3)), np.array(["a", "bc"]), np.array(b"x"), np.arange(3, dtype=">i2")):  # fmt: skip
            (tmp_path / "a.npy").write_bytes(npy_bytes(array, version))
            ours = read_npy(tmp_path / "a.npy")
            assert ours.dtype == array.dtype
            assert ours.flags.f_contiguous == array.flags.f_contiguous
            assert np.array_equal(ours, array)
            assert not ours.flags.writeable

    def test_as_python_2_wrote_it(self, tmp_path):
        (tmp_path / "a.npy").write_bytes(header("(2L, 3L)") + bytes(48))
        assert read_npy(tmp_path / "a.npy").shape == (2, 3)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (header("(1000000000, 72)") + bytes(64), "promises 1,000,000,000×72"),
            (header("(99999999999999999999999,)") + bytes(64), "promises"),
            (header("(2, 3)") + bytes(47), "cut short"),
            (header("(0, 99999999999999999999)"), "impossible shape"),
            (header("(2, -3)") + bytes(64), "damaged header"),
            (header("(2, 3)", "'<f3'") + bytes(64), "number type"),
            (header("(2, 3)", "'|S0'") + bytes(64), "number type"),
            (header("(2, 3)", "'<M8[s]'") + bytes(64), "number type"),
            (header("__import__('os').system('true')"), "damaged header"),
            (header("(2, 3)", order="1"), "damaged header"),
            (b"\x93NUMPY\x01\x00\xff\xff{", "ends after"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "header of 4,294,967,295"),
            (b"\x93NUMPY\x09\x00", "not a numpy array"),
            (b"\x93NUM", "not a numpy array"),
            (b"hello", "not a numpy array"),
        ],
    )
    def test_damaged(self, tmp_path, data, words):
        (tmp_path / "a.npy").write_bytes(data)
        with pytest.raises(UnreadableFileError, match=words) as caught:
            read_npy(tmp_path / "a.npy")
        assert str(caught.value).isprintable()

    @pytest.mark.parametrize("descr", ["'|O'", "[('a', '<f8')]", "'|V8'"])
    def test_objects(self, tmp_path, descr):
        (tmp_path / "a.npy").write_bytes(header("(1,)", descr) + b"cos\nsystem\n(S'true'\ntR.")
        with pytest.raises(UnsafeFileError):
            read_npy(tmp_path / "a.npy")


class TestNpz:
    def test_round_trip_of_any_key(self, tmp_path):
        arrays = {"file": np.arange(3), "allow_pickle": np.array("x"), "ключ": np.zeros((2, 0)), "a/b": np.array(1.0)}
        write_npz(tmp_path / "a.npz", arrays)
        write_npz(tmp_path / "b.npz", arrays)
        assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
        again = read_npz(tmp_path / "a.npz").arrays
        assert list(again) == list(arrays)
        assert all(np.array_equal(again[key], arrays[key]) for key in arrays)
        with np.load(tmp_path / "a.npz") as theirs:
            assert set(theirs) == set(arrays)

    def test_objects_are_left_out(self, tmp_path):
        archive(tmp_path / "a.npz", {"a.npy": npy_bytes(np.ones(2)), "b.npy": header("(1,)", "'|O'"), "c.txt": b"x"})
        arrays, left_out = read_npz(tmp_path / "a.npz")
        assert list(arrays) == ["a"]
        assert left_out == ("b", "c.txt")

    def test_members_that_lie(self, tmp_path):
        good = npy_bytes(np.ones(100))
        archive(tmp_path / "a.npz", {"a.npy": header("(1000000000, 72)") + bytes(64)})
        with pytest.raises(UnreadableFileError, match="promises"):
            read_npz(tmp_path / "a.npz")
        archive(tmp_path / "a.npz", {"a.npy": good}, zipfile.ZIP_DEFLATED)
        data = bytearray((tmp_path / "a.npz").read_bytes())
        entry = data.rindex(b"PK\x01\x02")
        for size in (10, len(good) - 1, len(good) + 1, 10**9 // 16):
            data[entry + 24 : entry + 28] = struct.pack("<I", size)
            (tmp_path / "b.npz").write_bytes(data)
            with pytest.raises(UnreadableFileError):
                read_npz(tmp_path / "b.npz")

    def test_zip_bombs(self, tmp_path):
        path = tmp_path / "a.npz"
        archive(path, {"a.npy": header("(12500000,)") + bytes(10**8)}, zipfile.ZIP_DEFLATED)
        with pytest.raises(UnsafeFileError, match="zip bomb"):
            read_npz(path)
        archive(path, {f"{i}.npy": header("(1250000,)") + bytes(10**7) for i in range(9)}, zipfile.ZIP_DEFLATED)
        with pytest.raises(UnsafeFileError, match="zip bomb"):
            read_npz(path)
        archive(path, {f"{i}.npy": b"" for i in range(1500)})
        with pytest.raises(TooLargeError, match="1,500 arrays"):
            read_npz(path)
        archive(path, {"a.npy": npy_bytes(np.ones(100)), "b.npy": npy_bytes(np.ones(100))})
        data = bytearray(path.read_bytes())
        second = data.rindex(b"PK\x01\x02")
        data[second + 42 : second + 46] = struct.pack("<I", 0)  # the second member begins where the first does
        path.write_bytes(data)
        with pytest.raises(UnsafeFileError, match="overlap"):
            read_npz(path)

    def test_huge_table_of_contents(self, tmp_path):
        path = tmp_path / "a.npz"
        archive(path, {f"{i:0100}.npy": b"" for i in range(9000)})
        with pytest.raises(TooLargeError, match="table of contents"):
            read_npz(path)

    def test_repeated_encrypted_and_oddly_packed_members(self, tmp_path):
        path = tmp_path / "a.npz"
        archive(path, {"a.npy": npy_bytes(np.ones(3)), "b.npy": npy_bytes(np.zeros(3))})
        path.write_bytes(path.read_bytes().replace(b"b.npy", b"a.npy"))
        with pytest.raises(UnsafeFileError, match="one name"):
            read_npz(path)
        archive(path, {"a.npy": npy_bytes(np.ones(3))}, zipfile.ZIP_LZMA)
        with pytest.raises(UnreadableFileError, match="unusual"):
            read_npz(path)
        archive(path, {"archive/data.pkl": b"\x80\x02."})
        with pytest.raises(UnreadableFileError, match="torch"):
            read_npz(path)
        archive(path, {})
        with pytest.raises(UnreadableFileError, match="no arrays"):
            read_npz(path)

    def test_damaged(self, tmp_path):
        write_npz(tmp_path / "a.npz", {"poses": np.random.default_rng(0).normal(size=(3, 72))})
        data = (tmp_path / "a.npz").read_bytes()
        for cut in (2, 30, 200, len(data) - 1):
            (tmp_path / "b.npz").write_bytes(data[:cut])
            with pytest.raises(UnreadableFileError):
                read_npz(tmp_path / "b.npz")
        flipped = bytearray(data)
        flipped[300] ^= 1
        (tmp_path / "b.npz").write_bytes(flipped)
        with pytest.raises(UnreadableFileError, match="damaged"):
            read_npz(tmp_path / "b.npz")
