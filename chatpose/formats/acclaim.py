"""Acclaim motion (AMC) with its skeleton (ASF), as the CMU motion capture database has them.

An ASF gives each bone a direction and a length in the world, and axes of its own; an AMC gives angles about those
axes. A joint lies where its bone starts; with all angles zero its frame is taken parallel to the world, so a bone's
rotation is C · M · Cᵀ with C its axes and M the angles (Lander, Working with Motion Capture File Formats, Game
Developer, January 1998).
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.retarget import Retargeter, SourceSkeleton, fit_retargeter
from chatpose.body.rotations import about_axis
from chatpose.body.skeleton import Skeleton
from chatpose.errors import InvalidPoseError, MissingFileError, TooLargeError, UnreadableFileError
from chatpose.formats.bvh import finished, lying_warning, matched
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import ReadOptions
from chatpose.safefiles import MAX_ARRAY_BYTES, MAX_FRAMES, read_limited

MAX_ASF_BYTES = 4 * 2**20
MAX_AMC_BYTES = 128 * 2**20
"""An hour at 120 frames per second; the numbers take several times the file's size in memory."""
MAX_BONES = 1000
_LARGEST = 1e7
_CHUNK_FRAMES = 8192
_ROOT_DOFS = ("tx", "ty", "tz", "rx", "ry", "rz")


@dataclass(frozen=True)
class Bone:
    """One bone of an ASF; "root" is the first.

    Attributes:
        name: as in the file.
        parent: index, -1 for the root.
        offset: (3,) from the start of the parent to the start of this bone.
        end: (3,) from its start to its end.
        axes: (3, 3) its own axes in the world.
        dofs: what the numbers of a line in the AMC are, "rx", "tz"…
    """

    name: str
    parent: int
    offset: np.ndarray
    end: np.ndarray
    axes: torch.Tensor
    dofs: tuple[str, ...]


@dataclass(frozen=True)
class Asf:
    """A skeleton file.

    Attributes:
        bones: parents before children.
        in_degrees: the unit of angles, in both files.
    """

    bones: tuple[Bone, ...]
    in_degrees: bool


def read_amc(path: Path, options: ReadOptions) -> PoseClip:
    """Reads an AMC with the ASF beside it: `07.asf` for `07_01.amc`, or the only one in the folder.

    Raises:
        MissingFileError: no ASF beside it, or several of which none has the name.
        UnreadableFileError: either file is damaged or isn't a person's.
        InvalidPoseError: NaN or infinite numbers.
    """
    skeleton_path = find_asf(path)
    asf = parse_asf(_text(skeleton_path, MAX_ASF_BYTES), skeleton_path.name)
    values = parse_amc(_text(path, MAX_AMC_BYTES), asf, path.name)
    offsets = torch.tensor(np.array([bone.offset for bone in asf.bones]))
    ends = torch.tensor(np.array([bone.end for bone in asf.bones]))
    tips = torch.where(ends.norm(dim=-1, keepdim=True) > 0, ends, torch.nan)
    names = tuple(bone.name for bone in asf.bones)
    source = SourceSkeleton(
        Skeleton(skeleton_path.name, names, tuple(bone.parent for bone in asf.bones)), offsets, tips
    )
    match = matched(source.skeleton, skeleton_path.name)
    retargeter = fit_retargeter(source, match, up=options.up)
    pose = finished(_retargeted(values, asf, retargeter), path.name)
    return PoseClip(
        pose,
        layout="amc",
        notes=(f"skeleton: {skeleton_path.name}", *retargeter.notes, match.report(source.skeleton),
               "AMC names no frame rate (CMU's are 120 or 60 per second)"),
        warnings=(*retargeter.warnings, *lying_warning(pose, options)),
    )  # fmt: skip


def find_asf(path: Path) -> Path:
    """The skeleton file that belongs to an AMC.

    Raises:
        MissingFileError: none, or no telling which.
    """
    there = sorted(file for file in path.parent.iterdir() if file.suffix.lower() == ".asf" and file.is_file())
    stem = path.stem.lower()
    for wanted in (stem, stem.rpartition("_")[0], stem.partition("_")[0]):
        for file in there:
            if wanted and file.stem.lower() == wanted:
                return file
    if len(there) == 1:
        return there[0]
    found = f"{len(there)} .asf files, none of that name" if there else "no .asf file"
    raise MissingFileError(
        f"{path.name} needs its skeleton, and there is {found} beside it",
        expected=f"{path.stem.partition('_')[0]}.asf in {path.parent}",
        fix="put the subject's .asf file into the same folder",
    )


def _text(path: Path, max_bytes: int) -> str:
    return read_limited(path, max_bytes=max_bytes).decode("utf-8", errors="replace")


# ASF


def parse_asf(text: str, name: str) -> Asf:
    """A skeleton from the text of an ASF.

    Raises:
        UnreadableFileError: sections missing, bones without length or direction, a tree that isn't one.
    """
    sections = _sections(text)
    if "bonedata" not in sections or "hierarchy" not in sections:
        raise UnreadableFileError(f"{name} has no :bonedata or no :hierarchy", expected="an ASF file")
    in_degrees = not any(words[0] == "angle" and words[1:2] == ["rad"] for words in sections.get("units", []))
    per_radian = np.pi / 180 if in_degrees else 1.0
    try:
        blocks = {block["name"][0]: block for block in _blocks(sections["bonedata"])}
        root = {words[0]: words[1:] for words in sections.get("root", [])}
        parents = _parents(sections["hierarchy"])
        if len(blocks) > MAX_BONES:
            raise TooLargeError(f"{name} has {len(blocks)} bones", expected=f"at most {MAX_BONES}")
        return Asf(_tree(blocks, root, parents, per_radian), in_degrees)
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(f"{name}: its bones can't be read: {error}", expected="an ASF file") from error


def _sections(text: str) -> dict[str, list[list[str]]]:
    """Lines as words under each `:keyword`; the words after the keyword are the first line."""
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith(":"):
            current = sections.setdefault(words[0][1:].lower(), [])
            words = words[1:]
        if words:
            current.append(words)
    return sections


def _blocks(lines: list[list[str]]) -> list[dict[str, list[str]]]:
    """Bone descriptions between `begin` and `end`."""
    blocks: list[dict[str, list[str]]] = []
    for words in lines:
        key = words[0].lower()
        if key == "begin":
            blocks.append({})
        elif key != "end" and blocks:
            blocks[-1].setdefault(key, words[1:])
    return blocks


def _parents(lines: list[list[str]]) -> dict[str, str]:
    parents: dict[str, str] = {}
    for parent, *children in lines:
        if parent.lower() in ("begin", "end"):
            continue
        for child in children:
            if child in parents:
                raise ValueError(f"{child[:40]} has two parents")
            parents[child] = parent
    return parents


def _tree(
    blocks: dict[str, dict[str, list[str]]], root: dict[str, list[str]], parents: dict[str, str], per_radian: float
) -> tuple[Bone, ...]:
    """Bones with parents before children, starting at the root."""
    order = [word.lower() for word in root.get("order", [])] or list(_ROOT_DOFS)
    if sorted(order) != sorted(_ROOT_DOFS):
        raise ValueError(f"root order {' '.join(order)[:60]}")
    turn = _axes([*root.get("orientation", ["0", "0", "0"]), *root.get("axis", ["XYZ"])], per_radian)
    bones = [Bone("root", -1, np.zeros(3), np.zeros(3), turn, tuple(order))]
    children: dict[str, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    waiting = [(child, 0) for child in reversed(children.get("root", []))]
    while waiting:
        name, parent = waiting.pop()
        block = blocks[name]
        direction = np.array([float(word) for word in block["direction"][:3]])
        length = float(block["length"][0])
        size = math.hypot(*direction)  # unlike numpy silent about numbers near the largest
        if direction.shape != (3,) or not (np.isfinite(size) and 0 <= length < _LARGEST and size < _LARGEST):
            raise ValueError(f"bone {name[:40]} has no direction or length")
        end = direction / size * length if size > 0 else np.zeros(3)
        dofs = tuple(word.lower() for word in block.get("dof", []))
        if any(dof not in (*_ROOT_DOFS, "l") for dof in dofs) or len(set(dofs)) < len(dofs):
            raise ValueError(f"bone {name[:40]} has dof {' '.join(dofs)[:60]}")
        axes = _axes(block.get("axis", ["0", "0", "0", "XYZ"]), per_radian)
        bones.append(Bone(name, parent, bones[parent].end, end, axes, dofs))
        if len(bones) > MAX_BONES:
            raise ValueError("more bones than it describes")
        waiting.extend((child, len(bones) - 1) for child in reversed(children.get(name, [])))
    return tuple(bones)


def _axes(words: list[str], per_radian: float) -> torch.Tensor:
    """A bone's axes: angles about the world's, the first letter's applied first (XYZ: Rz · Ry · Rx)."""
    angles = [float(word) * per_radian for word in words[:3]]
    letters = (words[3] if len(words) > 3 else "XYZ").lower()
    if sorted(letters) != ["x", "y", "z"] or not np.isfinite(angles).all():
        raise ValueError(f"axis {' '.join(words)[:60]}")
    return _turned(letters, torch.tensor([[angles["xyz".index(letter)] for letter in letters]], dtype=torch.float64))[0]


def _turned(letters: str, angles: torch.Tensor) -> torch.Tensor:
    """(frames, 3, 3) of angles (frames, len(letters)) about fixed axes, the first letter's applied first."""
    matrix = torch.eye(3, dtype=torch.float64).expand(len(angles), 3, 3)
    for place, letter in enumerate(letters):
        matrix = about_axis(letter, angles[:, place]) @ matrix
    return matrix


# AMC


def parse_amc(text: str, asf: Asf, name: str) -> dict[str, np.ndarray]:
    """Numbers of each bone, (frames, dofs) float64, in the file's units.

    Raises:
        UnreadableFileError: lines that fit neither a frame nor a bone, bones missing in a frame.
        InvalidPoseError: NaN or infinite numbers.
    """
    counts = {bone.name: len(bone.dofs) for bone in asf.bones if bone.dofs}
    rows: dict[str, list[list[float]]] = {bone: [] for bone in counts}
    frames = 0
    total = 0
    for number, line in enumerate(io.StringIO(text), 1):
        words = line.split()
        if not words or words[0][0] in "#:":
            continue
        if len(words) == 1 and words[0].isdigit():
            _check_frame(rows, frames, name)
            frames += 1
            continue
        if words[0] not in counts or not frames:
            raise UnreadableFileError(
                f"{name}, line {number}: {words[0][:40]!r} is no moving bone of the skeleton",
                expected=f"a frame number or one of {', '.join(list(counts)[:6])}…",
                fix="put the ASF that belongs to it beside it",
            )
        total += len(words)
        if frames > MAX_FRAMES or total * 8 > MAX_ARRAY_BYTES:
            raise TooLargeError(f"{name} has more than {frames - 1:,} frames", expected="a shorter file")
        try:
            values = [float(word) for word in words[1:]]
        except ValueError:
            raise UnreadableFileError(f"{name}, line {number}: not numbers", expected="an AMC file") from None
        if len(values) != counts[words[0]]:
            raise UnreadableFileError(
                f"{name}, line {number}: {words[0][:40]} with {len(values)} numbers", expected=str(counts[words[0]])
            )
        rows[words[0]].append(values)
    _check_frame(rows, frames, name)
    if not frames:
        raise UnreadableFileError(f"{name} has no frames", expected="an AMC file")
    arrays = {bone: np.array(values, np.float64) for bone, values in rows.items()}
    for bone, values in arrays.items():
        good = np.isfinite(values).all(1) & (np.abs(values) < _LARGEST).all(1)
        if not good.all():
            raise InvalidPoseError(f"{name}: {bone} in frame {int(np.argmin(good)) + 1} holds no usable number")
    return arrays


def _check_frame(rows: dict[str, list[list[float]]], frames: int, name: str) -> None:
    """Every frame must hold every moving bone once."""
    wrong = [bone for bone, values in rows.items() if len(values) != frames]
    if wrong:
        raise UnreadableFileError(
            f"{name}, frame {frames}: {', '.join(wrong[:4])} missing or there twice", expected="each bone once"
        )


def _retargeted(values: dict[str, np.ndarray], asf: Asf, retargeter: Retargeter) -> Pose:
    frames = len(values["root"])
    poses = []
    for start in range(0, frames, _CHUNK_FRAMES):
        part = slice(start, start + _CHUNK_FRAMES)
        local = [_local(asf.bones[joint], values, part, asf.in_degrees) for joint in retargeter.kept]
        order = asf.bones[0].dofs
        root = torch.from_numpy(values["root"][part][:, [order.index(axis) for axis in ("tx", "ty", "tz")]])
        count = len(root)
        rotations = torch.stack([matrix.expand(count, 3, 3) for matrix in local], dim=1)
        poses.append(retargeter(rotations, root).to(torch.float32))
    return concatenate_poses(poses)


def _local(bone: Bone, values: dict[str, np.ndarray], frames: slice, in_degrees: bool) -> torch.Tensor:
    """Rotations of one bone relative to its parent, frames parallel to the world at zero."""
    turns = [place for place, dof in enumerate(bone.dofs) if dof.startswith("r")]
    if not turns:
        return torch.eye(3, dtype=torch.float64)[None]
    angles = values[bone.name][frames][:, turns]
    letters = "".join(bone.dofs[place][1] for place in turns)
    turned = _turned(letters, torch.from_numpy(np.radians(angles) if in_degrees else angles))
    return bone.axes @ turned @ bone.axes.T
