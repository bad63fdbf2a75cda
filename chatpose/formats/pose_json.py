"""The pose object of the command line's contract, in JSON.

    {"global_orient": [3], "body_pose": [69], "betas": [10], "transl": [3], "joints": [[x, y, z] × 24]}

Axis-angle in radians, metres, y up. A file holds one such object, a list of them, one a line (JSON lines), or
{"poses": […], "fps": …, "shape_space": …, "gender": …}; a pose may also sit under "pose", as in what the commands print
with --json. Without "shape_space" the betas belong to the open body. `joints` are for people and scripts: they are
written, and ignored on reading, because they follow from the rest.
"""

import collections
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import InvalidPoseError, TooLargeError, UnreadableFileError
from chatpose.formats.clip import SHAPE_SPACES, PoseClip
from chatpose.formats.layouts import arrays_to_clip
from chatpose.formats.registry import ReadOptions, WriteOptions
from chatpose.formats.rotation_arrays import as_numbers
from chatpose.safefiles import read_limited
from chatpose.shapes import Joints24

MAX_JSON_BYTES = 64 * 2**20
"""About 35,000 poses; numbers take several times the room once they are parsed."""
MAX_CONTAINERS = 2_000_000
"""Most lists and objects: an empty one takes thirty times the room of its text, and a pose has about thirty."""
WIDTHS = {"global_orient": (3,), "body_pose": (69, 63), "betas": None, "transl": (3,)}
"""Numbers under each key; betas may have any count."""
DIGITS = 7
DEFAULT_SPACE = "open"

_LISTS = ("poses", "people", "hits")


def read_json(path: Path, options: ReadOptions) -> PoseClip:
    """Reads poses from JSON.

    Raises:
        UnreadableFileError: not JSON (NaN and Infinity aren't), keys that appear twice, or without poses.
        TooLargeError: beyond `MAX_JSON_BYTES`.
        InvalidPoseError: wrong joint count, text for numbers, values beyond any angle.
    """
    top = parse_json(read_limited(path, max_bytes=MAX_JSON_BYTES))
    entries, about = _entries(top)
    rows = [_row(entry, f"pose {index}") for index, entry in enumerate(entries)]
    return _rows_to_clip(rows, about, options)


def write_json(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes one pose object for one frame, {"poses": […], …} for more, one object a line for a .jsonl."""
    body: BodyModel = options.body or BodyModel.open()
    objects = list(poses_to_json(clip.pose, body.joints(clip.pose_on(body))))
    about = {"fps": clip.fps, "shape_space": clip.shape_space, "gender": clip.gender}
    if path.name.lower().endswith(".jsonl"):
        extra = {key: about[key] for key in ("shape_space", "gender")}
        text = "".join(_dumps(pose | _without_defaults(extra)) + "\n" for pose in objects)
    elif len(objects) == 1:
        text = _dumps(objects[0] | _without_defaults(about)) + "\n"
    else:
        text = _dumps({**{k: v for k, v in about.items() if v is not None}, "poses": objects}) + "\n"
    path.write_text(text, encoding="utf-8")


def pose_to_json(pose: Pose, joints: Joints24) -> dict[str, Any]:
    """One pose as the contract's object, ready for `json.dumps`; numbers have 7 significant digits.

    Args:
        pose: a single pose, without batch axes.
        joints: (24, 3) its joints in metres, y up.
    """
    return next(poses_to_json(Pose(*(t[None] for t in (pose.global_orient, pose.body_pose, pose.betas, pose.transl))),
                              joints[None]))  # fmt: skip


def poses_to_json(pose: Pose, joints: Joints24) -> Iterator[dict[str, Any]]:
    """Each of a batch (frames,) of poses as the contract's object; `joints` is (frames, 24, 3).

    Raises:
        InvalidPoseError: NaN or infinite values, which JSON doesn't know.
    """
    axis_angle = pose.axis_angle()
    columns = {
        "global_orient": axis_angle[:, 0],
        "body_pose": axis_angle[:, 1:].flatten(1),
        "betas": pose.betas,
        "transl": pose.transl,
        "joints": joints,
    }
    for name, values in columns.items():
        if not torch.isfinite(values).all():
            raise InvalidPoseError(f"{name} holds NaN or infinite values, which JSON can't")
    rounded = {name: _rounded(values.detach().cpu().numpy()).tolist() for name, values in columns.items()}
    for row in zip(*rounded.values(), strict=True):
        yield dict(zip(columns, row, strict=True))


def json_to_pose(entry: Any) -> Pose:
    """One pose object to a pose without batch axes; inverse of `pose_to_json`.

    Raises:
        UnreadableFileError: not an object, or without rotations.
        InvalidPoseError: wrong joint count, text for numbers.
    """
    return _rows_to_clip([_row(_unwrapped(entry), "the pose")], {}, ReadOptions()).pose[0]


def parse_json(data: bytes) -> Any:
    """Strict JSON, or JSON lines as a list: no NaN, no key twice, no bottomless nesting.

    Raises:
        UnreadableFileError: anything else.
        TooLargeError: millions of lists and objects.
    """
    if data.count(b"[") + data.count(b"{") > MAX_CONTAINERS:
        raise TooLargeError(f"the JSON holds more than {MAX_CONTAINERS:,} lists and objects", fix="split it")
    try:
        return _loads(data)
    except UnreadableFileError:  # a ValueError as well
        raise
    except json.JSONDecodeError as error:
        lines = data.splitlines()
        if error.msg == "Extra data" and len(lines) > 1:
            return [_parse_line(line, number) for number, line in enumerate(lines, 1) if line.strip()]
        raise UnreadableFileError(
            f"not sound JSON: {error.msg} in line {error.lineno}", fix="the file is damaged or cut short"
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError("not JSON: the file is not text") from error
    except RecursionError as error:
        raise UnreadableFileError(
            "the JSON is nested too deeply", expected="a pose object or a list of them"
        ) from error
    except ValueError as error:  # a number of more than 4300 digits
        raise UnreadableFileError("the JSON holds an absurdly long number") from error


def _parse_line(line: bytes, number: int) -> Any:
    try:
        return _loads(line)
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(f"line {number} is not sound JSON") from error


def _loads(data: bytes) -> Any:
    return json.loads(data, object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        twice = collections.Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise UnreadableFileError(f"the JSON holds the key {twice[:40]!r} twice in one object")
    return result


def _no_constant(name: str) -> float:
    raise UnreadableFileError(f"the JSON holds {name}", expected="numbers")


def _entries(top: Any) -> tuple[list[Any], dict[str, Any]]:
    """The pose objects of a file, and what it says about all of them."""
    if isinstance(top, dict):
        key = next((key for key in _LISTS if isinstance(top.get(key), list)), None)
        about = top
        entries = top[key] if key and "global_orient" not in top else [top]
    elif isinstance(top, list):
        entries = top
        about = top[0] if top and isinstance(top[0], dict) else {}
    else:
        raise UnreadableFileError(
            "the JSON is neither an object nor a list", expected="a pose object or a list of them"
        )
    if not entries:
        raise UnreadableFileError("the JSON holds no poses")
    return [_unwrapped(entry) for entry in entries], about


def _unwrapped(entry: Any) -> Any:
    return entry["pose"] if isinstance(entry, dict) and isinstance(entry.get("pose"), dict) else entry


def _row(entry: Any, where: str) -> dict[str, np.ndarray]:
    """The numbers of one pose object by key, `body_pose` always of 69."""
    if not isinstance(entry, Mapping):
        raise UnreadableFileError(f"{where} is not an object", expected='{"global_orient": […], "body_pose": […], …}')
    missing = [key for key in ("global_orient", "body_pose") if key not in entry]
    if missing:
        fix = "joints alone don't fix the rotations: fit SMPL to them first" if "joints" in entry else ""
        raise UnreadableFileError(f"{where} has no {' and no '.join(missing)}", expected="rotations", fix=fix)
    row = {}
    for key, widths in WIDTHS.items():
        if key not in entry:
            continue
        numbers = as_numbers(f"{key} of {where}", entry[key])
        if numbers.ndim != 1 or (widths and numbers.size not in widths) or not numbers.size:
            raise InvalidPoseError(
                f"{key} of {where} has shape {numbers.shape}",
                expected=f"{' or '.join(map(str, widths or (10,)))} numbers in one list",
            )
        row[key] = numbers
    row["body_pose"] = np.pad(row["body_pose"], (0, 69 - row["body_pose"].size))
    row["betas"] = _ten(row.get("betas", np.zeros(0)))
    row.setdefault("transl", np.zeros(3))
    return row


def _ten(betas: np.ndarray) -> np.ndarray:
    return np.pad(betas[:10], (0, max(0, 10 - betas.size)))


def _rows_to_clip(rows: list[dict[str, np.ndarray]], about: Mapping[str, Any], options: ReadOptions) -> PoseClip:
    facts = {key: about[key] for key in ("fps", "gender", "shape_space") if about.get(key) is not None}
    if "shape_space" in facts and facts["shape_space"] not in SHAPE_SPACES:
        raise UnreadableFileError(
            f"unknown shape_space {str(facts['shape_space'])[:40]!r}", expected=f"one of {', '.join(SHAPE_SPACES)}"
        )
    space = options.shape_space or DEFAULT_SPACE
    arrays = {key: np.stack([row[key] for row in rows]) for key in WIDTHS}
    return arrays_to_clip(arrays | facts, ReadOptions(options.up, space), container="json", default_up="y")


def _without_defaults(about: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {"shape_space": DEFAULT_SPACE}
    return {key: value for key, value in about.items() if value is not None and value != defaults.get(key)}


def _rounded(values: np.ndarray) -> np.ndarray:
    """To 7 significant digits, so that a number's text is short and the same everywhere."""
    exact = values.astype(np.float64)
    size = np.abs(exact)
    exponent = np.floor(np.log10(np.where(size > 0, size, 1.0)))
    scale = 10.0 ** np.clip(DIGITS - 1 - exponent, -22, 22)  # powers of ten up to 22 are exact
    return np.round(exact * scale) / scale + 0.0  # no negative zero


def _dumps(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(", ", ": "))
