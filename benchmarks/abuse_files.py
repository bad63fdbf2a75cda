"""Files that want harm, made in memory: for abuse_page."""

import io
import json
import os
import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

BOMB_BYTES = 700 * 2**20


class Touch:
    """Unpickled carelessly it makes a file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def bad_files(canary: Path, pose: bytes) -> list[tuple[str, str, bytes]]:
    """What is done, the file's name, its content; each has to be refused.

    Args:
        canary: a file that exists once code of a file was run.
        pose: a sound pose as JSON.
    """
    code = pickle.dumps({"poses": Touch(canary), "trans": Touch(canary)})
    return [
        ("pickle with code", "walk.pkl", code),
        ("pickle with code, called npz", "walk.npz", code),
        ("npz with a pickled object", "walk2.npz", _npz({"poses.npy": _object_npy(canary)})),
        ("npy with a pickled object", "walk.npy", _object_npy(canary)),
        ("zip bomb: 700 MiB of zeros in an npz", "bomb.npz", _bomb()),
        ("npz that claims 80 GB", "claims.npz", _npz({"poses.npy": _claiming_npy((10**10,))})),
        ("npz with traversal and link entries", "slip.npz", _slip()),
        ("json nested 200,000 deep", "deep.json", b"[" * 200_000),
        ("json of 3 million empty lists", "wide.json", b"[" + b"[]," * 3_000_000 + b"[]]"),
        ("json with NaN", "nan.json", pose.replace(b'"betas"', b'"x": NaN, "betas"')),
        ("png that claims 60,000 × 60,000", "huge.png", _claiming_png(60_000)),
        ("png with 100 MB of text chunk", "text.png", _text_png()),
        ("svg with a script", "picture.svg", _SVG),
        ("svg with a script, called png", "picture.png", _SVG),
        ("html, called jpg", "photo.jpg", b"<html><script>alert(1)</script></html>"),
        ("glb whose length lies", "lies.glb", b"glTF" + struct.pack("<II", 2, 2**31) + b"\0" * 20),
        ("bvh with a million joints", "deep.bvh", b"HIERARCHY\nROOT a\n{\n" + b"JOINT a\n{\n" * 1_000_000),
        ("bvh that claims 10^12 frames", "long.bvh", _long_bvh()),
        ("random bytes", "noise.npz", os.urandom(4096)),
        ("an empty file", "empty.npz", b""),
        ("a sound, called npz", "song.npz", b"RIFF\x24\0\0\0WAVEfmt " + b"\0" * 200),
        ("a program, called json", "tool.json", b"\x7fELF" + b"\0" * 200),
        ("half a pose file", "half.json", pose[: len(pose) // 2]),
        ("70 MiB of nothing", "big.json", b" " * (70 * 2**20)),
    ]


def bad_names() -> list[str]:
    """Names of files that want out of their folder, or to be more than a name; the files themselves are sound."""
    return [
        "../../../../../../tmp/chatpose-evil.json",
        "..\\..\\..\\chatpose-evil.json",
        "/tmp/chatpose-evil.json",
        "....//....//chatpose-evil.json",
        "%2e%2e%2fchatpose-evil.json",
        "<img src=x onerror=alert(1)>.json",
        '"><script>alert(1)</script>.json',
        "a\r\nSet-Cookie: x=1.json",
        "$(touch chatpose-evil).json",
        "‮nosj.exe.json",
        "CON.json",
        "x" * 600 + ".json",
        ".json",
    ]


_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'


def _npz(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def _object_npy(canary: Path) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([Touch(canary)], dtype=object), allow_pickle=True)
    return out.getvalue()


def _claiming_npy(shape: tuple[int, ...]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return out.getvalue() + b"\0" * 64


def _bomb() -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("poses.npy", "w", force_zip64=True) as entry,
    ):
        entry.write(_claiming_npy((BOMB_BYTES // 8,)))
        for _ in range(BOMB_BYTES // 2**20):
            entry.write(b"\0" * 2**20)
    return out.getvalue()


def _slip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../../../tmp/chatpose-evil.npy", b"x")
        link = zipfile.ZipInfo("poses.npy")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _claiming_png(edge: int) -> bytes:
    header = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + _END


def _text_png() -> bytes:
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    text = b"Comment\0\0" + zlib.compress(b"a" * 100 * 2**20, 9)
    pixels = zlib.compress(b"\0" * (25 * 8))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"zTXt", text) + _chunk(b"IDAT", pixels) + _END


_END = _chunk(b"IEND", b"")


def _long_bvh() -> bytes:
    joint = b"HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 3 Xrotation Yrotation Zrotation\n"
    end = b"End Site\n{\nOFFSET 0 1 0\n}\n}\n"
    return joint + end + b"MOTION\nFrames: 1000000000000\nFrame Time: 0.03\n0 0 0\n"


def hostile_conversations(pose: bytes) -> list[tuple[str, Any]]:
    """Conversations that a program could send to /talk."""
    sound = {"global_orient": [0.0] * 3, "body_pose": [0.0] * 69, "joints": [[0.0] * 3] * 24}
    words = {"title": "x", "source": "file", "description": "", "prompt": "", "library_id": ""}
    item = {"number": 1, **words, "pose": sound, "names": [], "checks": [], "frame": 0, "parent": None, "plan": [],
            "score": None, "notes": []}  # fmt: skip
    now = {"poses": [1], "photos": [], "hits": [], "current": 1, "focus": "", "group": []}
    whole = {"chatpose": "conversation", "version": 1, "counts": [1, 0, 0], "poses": [item], "photos": [], "hits": [],
             "now": now, "past": [], "future": [], "turns": []}  # fmt: skip
    photo = {"number": 1, "title": "/etc/passwd", "content": "QUJD", "looked_at": False, "poses": []}
    return [
        ("no conversation", {"a": 1}),
        ("one of a later version", whole | {"version": 99}),
        ("a pose that isn't there", whole | {"now": now | {"poses": [7]}}),
        ("a number beyond all", whole | {"counts": [10**30, 0, 0]}),
        ("NaN as text", whole | {"poses": [item | {"score": "nan"}]}),
        ("a photo that is none", whole | {"photos": [photo], "now": now | {"photos": [1]}}),
        ("5,000 times undo", whole | {"past": [now] * 5000}),
        ("as text", json.dumps(whole)),
        ("a list", [whole]),
    ]
