"""Fuzzes the readers: damaged, made-up and hostile files of every readable kind through `chatpose.formats.load`.

    python benchmarks/fuzz_formats.py --count 50000 --seed 0

Every input must be loaded or refused with a `ChatposeError` whose message is one printable line, within the limits of
CPU time and memory, and without a warning. Anything else is a failure: printed, its input kept in --failures, exit
code 1. The same seed gives the same inputs.
"""

import argparse
import collections
import io
import json
import pickle
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatpose.errors import ChatposeError
from chatpose.formats import load
from chatpose.formats.registry import readable_suffixes

CPU_SECONDS = 2.0
WALL_SECONDS = 60.0
MEMORY_BYTES = 3 * 2**29
"""Address space that one input may add."""
GROWTH_BYTES = 256 * 2**20
"""Resident memory that one input may add."""

NUMBERS = ("0", "-1", "1e999", "nan", "NaN", "-inf", "1e308", "999999999", "1000000000000", "0x10", "1.2.3", "",
           "1e-400", "-", "9" * 400, "3.14", "180", "Infinity", "²", "true")  # fmt: skip
INTERESTING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\n", b"{",
               b"[", b"PK\x03\x04", b"\x93NUMPY", b"'", b'"', b"(", b"\xef\xbb\xbf", b"\xff" * 8)  # fmt: skip
KEYS = ("poses", "pose", "thetas", "trans", "transl", "betas", "shape", "global_orient", "root_orient", "body_pose",
        "pose_body", "pose_hand", "pose_jaw", "gender", "mocap_framerate", "mocap_frame_rate", "surface_model_type",
        "fps", "smpl_scaling", "smpl_trans", "smpl_poses", "shape_space", "still", "joints", "cam", "extra", "smpl",
        "results", "v_template", "expression")  # fmt: skip
SIZES = (0, 1, 2, 3, 4, 6, 9, 10, 16, 21, 22, 23, 24, 52, 55, 63, 66, 69, 72, 126, 132, 138, 144, 156, 165, 207, 216)
DTYPES = ("f8", "f4", "f2", "i4", "i8", "u1", "?", "c16", "U5", "S3", ">f8", "f16", "M8[s]", "O", "i4,f4")

BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
%s}
MOTION
Frames: 3
Frame Time: 0.0333333
%s
"""
BVH_CHAINS = (
    (("LeftUpLeg", 9, -5, 0), ("LeftLeg", 0, -40, 0), ("LeftFoot", 0, -40, 0), ("LeftToeBase", 0, -5, 12)),
    (("RightUpLeg", -9, -5, 0), ("RightLeg", 0, -40, 0), ("RightFoot", 0, -40, 0), ("RightToeBase", 0, -5, 12)),
    (("Spine", 0, 12, 0), ("Spine1", 0, 15, 0), ("Neck", 0, 25, 0), ("Head", 0, 12, 0)),
    (("LeftShoulder", 4, 45, 0), ("LeftArm", 14, 0, 0), ("LeftForeArm", 28, 0, 0), ("LeftHand", 25, 0, 0)),
    (("RightShoulder", -4, 45, 0), ("RightArm", -14, 0, 0), ("RightForeArm", -28, 0, 0), ("RightHand", -25, 0, 0)),
)
ACCLAIM = """lowerback root 0 1 0 2 3; upperback lowerback 0 1 0 2 3; thorax upperback 0 1 0 2 3
lowerneck thorax 0 1 0 1 3; upperneck lowerneck 0 1 0 1 3; head upperneck 0 1 0 1 3
rclavicle thorax -1 0 0 3 2; rhumerus rclavicle -1 0 0 5 3; rradius rhumerus -1 0 0 3 1; rwrist rradius -1 0 0 1 1
rhand rwrist -1 0 0 1 2; rfingers rhand -1 0 0 1 1; rthumb rwrist -1 0 1 1 2
lclavicle thorax 1 0 0 3 2; lhumerus lclavicle 1 0 0 5 3; lradius lhumerus 1 0 0 3 1; lwrist lradius 1 0 0 1 1
lhand lwrist 1 0 0 1 2; lfingers lhand 1 0 0 1 1; lthumb lwrist 1 0 1 1 2
rhipjoint root -1 -1 0 2 0; rfemur rhipjoint 0 -1 0 7 3; rtibia rfemur 0 -1 0 7 1; rfoot rtibia 0 -0.2 1 2 2
rtoes rfoot 0 0 1 1 1; lhipjoint root 1 -1 0 2 0; lfemur lhipjoint 0 -1 0 7 3; ltibia lfemur 0 -1 0 7 1
lfoot ltibia 0 -0.2 1 2 2; ltoes lfoot 0 0 1 1 1"""
"""Bone, parent, direction, length, degrees of freedom, like CMU's."""


class TooSlow(BaseException):
    """The time limit; no `except Exception` of a reader can swallow it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="stop after so many, whatever the count")
    parser.add_argument("--suffix", action="append", help="only inputs made for this suffix, for example .bvh")
    parser.add_argument("--failures", type=Path, default=Path(tempfile.gettempdir()) / "chatpose-fuzz")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), options.failures, random.Random(options.seed), options.suffix)
        run.warm_up()
        run.limit_memory()
        start, cpu = time.perf_counter(), time.process_time()
        while run.done < options.count and (not options.seconds or time.perf_counter() - start < options.seconds):
            run.one()
            if run.done % 5000 == 0:
                print(f"{run.done:,} inputs, {run.done / (time.perf_counter() - start):.0f}/s", flush=True)
        run.report(time.perf_counter() - start, time.process_time() - cpu)
    return 1 if run.failures else 0


class Run:
    """One fuzzing run: makes inputs, loads them, counts."""

    def __init__(self, folder: Path, failures_at: Path, rng: random.Random, only: list[str] | None) -> None:
        self.folder, self.failures_at, self.rng = folder, failures_at, rng
        self.seeds = seed_files()
        self.suffixes = only or [*readable_suffixes(), ".asf"]
        (folder / "skeleton.asf").write_bytes(self.seeds[".asf"][0])
        self.done = 0
        self.failures = 0
        self.outcomes: collections.Counter[tuple[str, str]] = collections.Counter()
        self.messages: collections.Counter[str] = collections.Counter()
        self.slowest = (0.0, "")
        signal.signal(signal.SIGPROF, _stop)
        signal.signal(signal.SIGALRM, _stop)

    def warm_up(self) -> None:
        """Loads every valid file, so that imports and first calls count for no input; a refusal ends the run."""
        for suffix in self.suffixes:
            for data in self.seeds[suffix] if suffix != ".asf" else ():
                path = self.folder / f"seed{suffix}"
                path.write_bytes(data)
                load(path)
                path.unlink()
        self.peak = _peak_bytes()

    def limit_memory(self) -> None:
        """No input may take more address space than `MEMORY_BYTES`; an attempt ends in a MemoryError."""
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_BYTES, resource.RLIM_INFINITY))

    def one(self) -> None:
        """Makes and loads one input."""
        made_for, way, data = make_input(self.rng, self.seeds, self.suffixes)
        suffix = made_for if self.rng.random() < 0.93 else self.rng.choice(self.suffixes)
        path = self.folder / f"input{suffix}"
        path.write_bytes(data)
        if suffix == ".asf":  # read for the sake of a motion beside it
            path = path.with_suffix(".amc")
            path.write_bytes(self.seeds[".amc"][0])
        start = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
        try:
            outcome, problem = _outcome(path)
        except TooSlow:
            outcome, problem = "too slow", f"more than {CPU_SECONDS} s of CPU or {WALL_SECONDS} s"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.slowest = max(self.slowest, (time.process_time() - start, f"{suffix}, {way}"))
        peak = _peak_bytes()
        if peak - self.peak > GROWTH_BYTES:
            outcome, problem = "memory", f"{(peak - self.peak) / 2**20:.0f} MiB for {len(data):,} bytes"
        self.peak = max(self.peak, peak)
        self.done += 1
        self.outcomes[made_for, outcome] += 1
        if problem:
            self._keep(data, suffix, f"{self.done:06d}-{way.replace(' ', '-')}", outcome, problem)
        for used in self.folder.glob("input.*"):
            used.unlink()

    def _keep(self, data: bytes, suffix: str, name: str, outcome: str, problem: str) -> None:
        self.failures += 1
        self.messages[problem.strip().splitlines()[-1][:100]] += 1
        if self.failures > 20:
            return
        self.failures_at.mkdir(parents=True, exist_ok=True)
        kept = self.failures_at / f"{name}{suffix}"
        kept.write_bytes(data)
        print(f"FAILURE {outcome}: {kept}\n{problem}", file=sys.stderr, flush=True)

    def report(self, wall: float, cpu: float) -> None:
        """Prints totals by kind of file and by outcome."""
        names = sorted({outcome for _, outcome in self.outcomes})
        print(f"\n{'made for':<10}" + "".join(f"{name:>22}" for name in names))
        for suffix in self.suffixes:
            print(f"{suffix:<10}" + "".join(f"{self.outcomes[suffix, name]:>22,}" for name in names))
        totals = [sum(count for (_, name), count in self.outcomes.items() if name == wanted) for wanted in names]
        print(f"{'all':<10}" + "".join(f"{total:>22,}" for total in totals))
        print(f"\n{self.done:,} inputs in {wall:.1f} s ({self.done / wall:.0f}/s; {cpu:.1f} s of CPU)")
        print(f"slowest {self.slowest[0] * 1000:.0f} ms of CPU ({self.slowest[1]}); peak {self.peak / 2**20:.0f} MiB")
        for message, count in self.messages.most_common(20):
            print(f"{count:>7} × {message}")
        print(f"{self.failures} failures")


def _stop(*_: Any) -> None:
    raise TooSlow


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _outcome(path: Path) -> tuple[str, str]:
    """What happened, and what is wrong with it (empty when nothing)."""
    try:
        clip = load(path)
        clip.pose.validated()
        said = [*clip.notes, *clip.warnings]
        return "loaded", "" if all(text.isprintable() for text in said) else f"unprintable notes {said!r}"
    except ChatposeError as error:
        message = str(error)
        if isinstance(error.__cause__, MemoryError):
            return "memory", "".join(traceback.format_exception(error))
        good = message.isprintable() and 10 < len(message) < 1000
        return type(error).__name__, "" if good else f"a bad message: {message!r}"
    except Exception as error:
        return "other exception", "".join(traceback.format_exception(error))


def make_input(rng: random.Random, seeds: dict[str, list[bytes]], suffixes: list[str]) -> tuple[str, str, bytes]:
    """One input: (the suffix that it is made for, how it was made, its bytes)."""
    suffix = rng.choice(suffixes)
    data = rng.choice(seeds[suffix])
    ways: list[tuple[str, Callable[[], bytes]]] = [
        ("mutated", lambda: mutated(rng, data, seeds)),
        ("mutated", lambda: mutated(rng, data, seeds)),
        ("random", lambda: rng.randbytes(int(10 ** rng.uniform(0, 4)))),
    ]
    if suffix in (".bvh", ".amc", ".asf", ".json", ".jsonl"):
        ways += [("edited text", lambda: edited_text(rng, data))] * 3
    if suffix in (".json", ".jsonl"):
        ways += [("made-up json", lambda: json.dumps(random_tree(rng, 4), default=str).encode())] * 2
    if suffix == ".npz":
        ways += [("made-up npz", lambda: random_npz(rng)), ("repacked npz", lambda: repacked(rng, data, seeds))] * 2
    if suffix == ".npy":
        ways += [
            ("made-up npy", lambda: npy_bytes(random_array(rng))),
            ("edited header", lambda: edited_text(rng, data)),
        ]
    if suffix in (".pkl", ".pickle"):
        ways += [("made-up pickle", lambda: random_pickle(rng))] * 3
    way, make = rng.choice(ways)
    return suffix, way, make()[: 2**20]


def mutated(rng: random.Random, data: bytes, seeds: dict[str, list[bytes]]) -> bytes:
    """Bits flipped, bytes set, pieces cut, repeated, or put in from another file."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(changed) + 1) if rng.random() < 0.5 else rng.randrange(min(len(changed), 120) + 1)
        end = min(len(changed), at + int(10 ** rng.uniform(0, 3)))
        match rng.randrange(7):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                piece = rng.choice(INTERESTING)
                changed[at : at + len(piece)] = piece
            case 2:
                del changed[at:end]
            case 3:
                del changed[at:]
            case 4:
                changed[at:at] = changed[at:end] * rng.choice((1, 2, 10))
            case 5:
                other = rng.choice(seeds[rng.choice(list(seeds))])
                start = rng.randrange(len(other))
                changed[at:end] = other[start : start + end - at]
            case _:
                changed[at:at] = rng.randbytes(rng.randrange(1, 9))
    return bytes(changed)


def edited_text(rng: random.Random, data: bytes) -> bytes:
    """Numbers exchanged, words and lines dropped, repeated or swapped."""
    parts = re.split(rb"(-?\d[\d.eE+-]*|\s+|[{}\[\](),:])", data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(parts))
        match rng.randrange(5):
            case 0 | 1:
                numbers = [i for i, part in enumerate(parts) if part[:1].isdigit() or part[:1] == b"-"]
                if numbers:
                    parts[rng.choice(numbers[: rng.choice((8, None))])] = rng.choice(NUMBERS).encode()
            case 2:
                parts[at] = b""
            case 3:
                parts[at] = parts[at] * rng.choice((2, 3, 1000))
            case _:
                other = rng.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
    return b"".join(parts)


def random_array(rng: random.Random) -> Any:
    """An array of odd shape, type and values, mostly near what a pose file holds."""
    frames = rng.choice((0, 1, 2, 3, 24, 72))
    shape: tuple[int, ...] = rng.choice(
        (
            (frames, rng.choice(SIZES)),
            (rng.choice(SIZES),),
            (frames, rng.choice(SIZES), 3),
            (rng.choice(SIZES), 3),
            (frames, rng.choice(SIZES), 3, 3),
            (frames, rng.choice(SIZES), 6),
            (),
            tuple(rng.choice((0, 1, 2, 3)) for _ in range(rng.randrange(6))),
        )
    )
    numpy_rng = np.random.default_rng(rng.randrange(2**32))
    values = numpy_rng.normal(size=shape) * rng.choice((0, 0.3, 0.3, 3, 100, 1e5, 1e200))
    if values.ndim > 2 and shape[-2:] == (3, 3) and rng.random() < 0.7:
        values = np.broadcast_to(np.eye(3), shape) + values * rng.choice((0, 1e-4, 1e-2))
    if values.size and rng.random() < 0.15:
        values = np.array(values)
        values.flat[rng.randrange(values.size)] = rng.choice((np.nan, np.inf, -np.inf, 1e300))
    dtype = rng.choice(DTYPES) if rng.random() < 0.4 else "f8"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(values).astype(dtype)
    except (ValueError, TypeError):
        return np.zeros(shape, dtype)


def random_value(rng: random.Random) -> Any:
    """What may lie under a key."""
    texts = ("male", "b'female'", "smplx", "smplh", "smpl", "open", "", "a" * 300, "\n\x1b[31m")
    return rng.choice(
        (random_array(rng), random_array(rng), random_array(rng), np.array(rng.choice(texts)), rng.choice(texts),
         np.array(rng.choice((30.0, 0.0, np.nan, 1e30, -1.0))), np.array(b"male"), True)
    )  # fmt: skip


def random_dictionary(rng: random.Random) -> dict[str, Any]:
    """Mostly a sound pose with something odd added."""
    frames = rng.choice((1, 2, 3))
    sound: dict[str, Any] = rng.choice(
        (
            {"poses": np.zeros((frames, rng.choice((72, 156, 165)))), "trans": np.zeros((frames, 3))},
            {"global_orient": np.zeros((frames, 3)), "body_pose": np.zeros((frames, rng.choice((63, 69))))},
            {},
        )
    )
    for _ in range(rng.randrange(4)):
        sound[rng.choice(KEYS)] = random_value(rng)
    if sound and rng.random() < 0.1:
        del sound[rng.choice(list(sound))]
    return sound


def random_npz(rng: random.Random) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for key, value in random_dictionary(rng).items():
            archive.writestr(rng.choice((f"{key}.npy",) * 9 + (key, f"../{key}.npy")), npy_bytes(np.asarray(value)))
    return file.getvalue()


def repacked(rng: random.Random, data: bytes, seeds: dict[str, list[bytes]]) -> bytes:
    """Members damaged, then packed soundly again, so that damage gets past the checksums."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            member = source.read(name)
            target.writestr(name, rng.choice((mutated(rng, member, seeds), edited_text(rng, member), member, member)))
    return file.getvalue()


def npy_bytes(array: Any) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(file, np.asarray(array), allow_pickle=True)
    return file.getvalue()


def random_tree(rng: random.Random, depth: int) -> Any:
    """JSON-like values around pose objects."""
    numbers = [round(rng.gauss(0, 0.3), 3) for _ in range(rng.choice((3, 10, 63, 69, 69, 69, 72, 0)))]
    leaves = (None, True, 10**30, -0.5, "text", numbers, numbers, [], {}, float("nan"))
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(leaves)
    if rng.random() < 0.4:
        return [random_tree(rng, depth - 1) for _ in range(rng.randrange(4))]
    tree = {"global_orient": [0, 0, 0], "body_pose": [0.0] * 69} if rng.random() < 0.6 else {}
    keys = ("global_orient", "body_pose", "betas", "transl", "joints", "pose", "poses", "people", "fps", "gender")
    return tree | {rng.choice((*keys, *KEYS)): random_tree(rng, depth - 1) for _ in range(rng.randrange(4))}


def random_pickle(rng: random.Random) -> bytes:
    """Dictionaries of people, frames and arrays, some of them wrapped, shared or holding themselves."""
    value: Any = random_dictionary(rng)
    for _ in range(rng.randrange(4)):
        value = rng.choice(
            ({"smpl": value}, {1: value, 2: {}}, [value, value], [value], (value, 3), {("a", 1): value},
             {"pose": value}, {"poses": [value, value]}, random_tree(rng, 3), [value] * 200)
        )  # fmt: skip
    if isinstance(value, dict) and rng.random() < 0.05:
        value["self"] = value
    return pickle.dumps(value, rng.randrange(6))


def seed_files() -> dict[str, list[bytes]]:
    """Small valid files by suffix."""
    rng = np.random.default_rng(0)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) * 0.3

    facts = {"betas": some(16), "gender": np.array("male"), "mocap_framerate": np.array(60.0)}
    eyes = np.tile(np.eye(3), (2, 24, 1, 1))
    dictionaries: list[dict[str, Any]] = [
        {"poses": some(2, 156), "trans": some(2, 3), "dmpls": some(2, 8), **facts},
        {"poses": some(2, 165), "trans": some(2, 3), "surface_model_type": np.array("smplx"), "pose_hand": some(2, 90)},
        {"global_orient": some(2, 3), "body_pose": some(2, 69), "betas": some(2, 10), "transl": some(2, 3)},
        {"global_orient": eyes[:, :1], "body_pose": eyes[:, 1:], "betas": some(2, 10)},
        {"poses": some(72)},
    ]
    pose = {
        "global_orient": [0.1] * 3,
        "body_pose": some(69).round(3).tolist(),
        "betas": [0.0] * 10,
        "transl": [0, 1, 2],
    }
    people = {1: {"pose": some(2, 72), "betas": some(10)}, 2: {"pose": some(1, 72)}}
    files = {
        ".npz": [npz_bytes(entry, packing) for entry in dictionaries for packing in (np.savez, np.savez_compressed)],
        ".npy": [npy_bytes(array) for array in (some(2, 72), some(2, 24, 3), eyes, some(2, 22, 6), some(165))],
        ".json": [json.dumps(top).encode() for top in (pose, [pose, pose], {"poses": [pose], "fps": 30})],
        ".jsonl": [b"\n".join([json.dumps(pose).encode()] * 3)],
        ".pkl": [
            pickle.dumps(value, protocol)
            for value in (*dictionaries, people, [dictionaries[2]] * 2)
            for protocol in (0, 2, 4, 5)
        ],
        ".bvh": bvh_files(rng),
        ".asf": [acclaim_files()[0]],
        ".amc": [acclaim_files()[1]],
    }
    return files | {".pickle": files[".pkl"]}


def npz_bytes(arrays: dict[str, Any], packing: Callable[..., None]) -> bytes:
    file = io.BytesIO()
    packing(file, **arrays)
    return file.getvalue()


def bvh_files(rng: np.random.Generator) -> list[bytes]:
    """Three frames of a person of 21 joints, y up and z up."""
    chains, joints = [], 1
    for chain in BVH_CHAINS:
        text = ""
        for name, x, y, z in chain:
            joints += 1
            text += f"JOINT {name}\n{{\nOFFSET {x} {y} {z}\nCHANNELS 3 Zrotation Xrotation Yrotation\n"
        chains.append(text + "End Site\n{\nOFFSET 0 1 2\n}\n" + "}\n" * len(chain))
    frames = [" ".join(f"{value:.4f}" for value in rng.normal(size=3 + 3 * joints) * 10) for _ in range(3)]
    upright = BVH % ("".join(chains), "\n".join(frames))
    lying = re.sub(r"OFFSET (\S+) (\S+) (\S+)", r"OFFSET \1 \3 \2", upright)
    return [upright.encode(), lying.encode(), upright.replace("\n", "\r\n").encode()]


def acclaim_files() -> tuple[bytes, bytes]:
    """A skeleton like CMU's and two frames of its motion."""
    bones, children, lines = [], collections.defaultdict(list), []
    for number, entry in enumerate(re.split(r";|\n", ACCLAIM), 1):
        name, parent, x, y, z, length, dofs = entry.split()
        children[parent].append(name)
        dof = " ".join(("rx", "ry", "rz")[: int(dofs)])
        bones.append(
            f"begin\nid {number}\nname {name}\ndirection {x} {y} {z}\nlength {length}\naxis 0 0 20 XYZ\n"
            + (f"dof {dof}\nlimits (-90 90)\n" if dof else "")
            + "end\n"
        )
        if dof:
            lines.append(f"{name} {' '.join(str(10 * turn) for turn in range(1, int(dofs) + 1))}\n")
    skeleton = (
        ":version 1.10\n:name person\n:units\nmass 1.0\nlength 0.45\nangle deg\n:root\norder TX TY TZ RX RY RZ\n"
        f"axis XYZ\nposition 0 0 0\norientation 0 0 0\n:bonedata\n{''.join(bones)}:hierarchy\nbegin\n"
        + "".join(f"{parent} {' '.join(names)}\n" for parent, names in children.items())
        + "end\n"
    )
    frames = "".join(f"{frame}\nroot 0 17 {frame} 1 2 3\n{''.join(lines)}" for frame in (1, 2))
    return skeleton.encode(), f":FULLY-SPECIFIED\n:DEGREES\n{frames}".encode()


if __name__ == "__main__":
    raise SystemExit(main())
