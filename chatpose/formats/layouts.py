"""From named arrays to a clip: the key names and shapes of the SMPL family's files, in npz, pickles and JSON alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from chatpose.body.pose import BETA_COUNT, Pose
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError, UnreadableFileError
from chatpose.formats.clip import SHAPE_SPACES, PoseClip
from chatpose.formats.file_facts import read_fps, read_gender, read_text
from chatpose.formats.plausibility import are_joint_positions, degrees_warning
from chatpose.formats.registry import ReadOptions, UpAxis
from chatpose.formats.rotation_arrays import (
    BODY_COUNTS,
    FULL_COUNTS,
    ROOT_COUNTS,
    RotationArray,
    as_numbers,
    read_rotations,
)
from chatpose.formats.up_axis import turn_up, up_warning

FULL_KEYS = ("poses", "pose", "thetas", "smpl_poses", "smpl_thetas", "fullpose", "full_pose", "pred_rotmat")
ROOT_KEYS = ("global_orient", "root_orient")
BODY_KEYS = ("body_pose", "pose_body")
TRANSL_KEYS = ("transl", "trans", "smpl_trans", "pred_trans")
BETAS_KEYS = ("betas", "shape", "smpl_betas", "pred_shape", "beta")
NUMBER_KEYS = frozenset((*FULL_KEYS, *ROOT_KEYS, *BODY_KEYS, *TRANSL_KEYS, *BETAS_KEYS))
"""Keys whose numbers make the pose."""
HAND_KEYS = ("pose_hand", "left_hand_pose", "right_hand_pose")
FACE_KEYS = ("pose_jaw", "pose_eye", "jaw_pose", "leye_pose", "reye_pose", "expression")
CAMERA_KEYS = ("cam", "pred_cam", "cam_trans", "cam_t", "orig_cam", "pred_cam_t", "camera_translation")
JOINT_KEYS = ("joints", "joints3d", "smpl_joints", "keypoints3d", "positions", "pred_joints", "j3d")
BODY_MODEL_KEYS = ("v_template", "shapedirs", "J_regressor")

MAX_VALUE = 1e6
"""Translations and betas stay below; single precision still resolves 6 cm there."""

_SPACE_OF_JOINTS = {24: "smpl", 52: "smplh", 55: "smplx", 22: "smplh", 23: "smpl", 21: "smplx"}
_MODEL_OF_JOINTS = {**FULL_COUNTS, **BODY_COUNTS}
_JOINTS_OF_MODEL = {"smpl": (24, 23), "smplh": (52, 22, 21), "smplx": (55, 22, 21)}


@dataclass(frozen=True)
class _Rotations:
    """The rotations of a file: one whole array, or the pelvis and the rest apart."""

    arrays: tuple[RotationArray, ...]
    notes: tuple[str, ...] = ()

    @property
    def joints(self) -> int:
        return self.arrays[-1].joints

    @property
    def frames(self) -> int:
        return len(self.arrays[-1])

    @property
    def has_frames(self) -> bool:
        return self.arrays[-1].has_frames


def arrays_to_clip(
    arrays: Mapping[str, Any], options: ReadOptions, *, container: str, default_up: UpAxis | None = None
) -> PoseClip:
    """Builds a clip, without `source`, from arrays under the key names that people use.

    Args:
        arrays: arrays or nested lists by key.
        options: how to read.
        container: "npz", "pkl" or "json"; becomes part of the clip's layout.
        default_up: the up axis when `options` doesn't say; None stands for z in the AMASS layout (`poses` with
            `trans`) and y otherwise.

    Raises:
        UnreadableFileError: no pose under any known key.
        InvalidPoseError: wrong joint count, keys that contradict each other, frames that don't match, NaN.
    """
    rotations = _find_rotations(arrays)
    space, space_notes = _shape_space(arrays, rotations, options)
    _check_agreement(arrays, rotations)
    local, notes = _to_matrices(rotations)
    betas, betas_notes = _betas(arrays, rotations)
    transl, transl_notes = _transl(arrays, rotations)
    pose = Pose.from_rotations(local, betas=betas, transl=transl)
    amass = "poses" in arrays and "trans" in arrays
    layout = f"{'amass' if amass else 'smpl'}-{container}"
    up = options.up or default_up or ("z" if amass else "y")
    pose = turn_up(pose, up)  # sound by now: every number and every matrix has been checked
    fps, fps_warnings = read_fps(arrays)
    gender, gender_notes = read_gender(arrays)
    warnings = [*_plausibility(rotations), *fps_warnings, up_warning(pose, up)]
    return PoseClip(
        pose,
        fps=fps,
        layout=layout,
        shape_space=space,
        gender=gender,
        notes=(up_note(up, options, amass), *notes, *space_notes, *betas_notes, *transl_notes, *gender_notes),
        warnings=tuple(warning for warning in warnings if warning),
    )


def up_note(up: UpAxis, options: ReadOptions, amass: bool = False) -> str:
    """The sentence that says which up axis was taken and why."""
    turned = ", turned to y up" if up == "z" else ""
    if options.up:
        return f"{up} is up, as asked{turned}"
    why = " (AMASS layout: poses with trans)" if amass and up == "z" else ""
    return f"{up} is up, assumed{why}{turned}"


def first_key(arrays: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    """The first of `keys` that is there."""
    return next((key for key in keys if key in arrays), None)


def has_pose_keys(arrays: Mapping[Any, Any]) -> bool:
    """Whether some key is one under which poses are kept."""
    return any(key in arrays for key in (*FULL_KEYS, *BODY_KEYS, *ROOT_KEYS))


def _find_rotations(arrays: Mapping[str, Any]) -> _Rotations:
    full, root, body = (first_key(arrays, keys) for keys in (FULL_KEYS, ROOT_KEYS, BODY_KEYS))
    if full:
        return _Rotations((read_rotations(full, arrays[full], FULL_COUNTS),))
    if body:
        rest = read_rotations(body, arrays[body], BODY_COUNTS)
        if not root:
            upright = RotationArray("global_orient", "axis-angle", np.zeros((len(rest), 1, 3)), rest.has_frames, 0)
            return _Rotations((upright, rest), (f"{body} without global_orient: the pelvis is left unturned",))
        pelvis = read_rotations(root, arrays[root], ROOT_COUNTS, len(rest) if rest.has_frames else 0)
        if len(pelvis) != len(rest):
            raise InvalidPoseError(f"{root} has {len(pelvis)} frames and {body} has {len(rest)}", expected="as many")
        return _Rotations((pelvis, rest))
    raise _no_pose(arrays)


def _no_pose(arrays: Mapping[str, Any]) -> UnreadableFileError:
    keys = ", ".join(sorted(map(str, arrays))[:12]) or "nothing"
    fix = ""
    if any(key in arrays for key in BODY_MODEL_KEYS):
        fix = "this seems to be a body model: use it with --body"
    elif first_key(arrays, ROOT_KEYS):
        fix = "body_pose is missing"
    elif first_key(arrays, JOINT_KEYS):
        fix = "joint positions alone don't fix the rotations: fit SMPL to them first"
    return UnreadableFileError(
        f"no pose in it (it holds {keys})", expected="poses, or global_orient and body_pose", fix=fix
    )


def _shape_space(arrays: Mapping[str, Any], rotations: _Rotations, options: ReadOptions) -> tuple[str, tuple[str, ...]]:
    """Which body the betas belong to; a model name that contradicts the joint count is an error."""
    named = (read_text(arrays, "surface_model_type") or "").lower().replace("-", "").replace("+", "")
    joints, name = rotations.joints, rotations.arrays[-1].name
    if named in _JOINTS_OF_MODEL and joints not in _JOINTS_OF_MODEL[named]:
        raise InvalidPoseError(
            f"surface_model_type says {named} but {name} has {joints} joints ({_MODEL_OF_JOINTS[joints]})",
            expected=f"{' or '.join(map(str, _JOINTS_OF_MODEL[named]))} joints",
        )
    own = read_text(arrays, "shape_space")
    if own in SHAPE_SPACES:
        return own, ()
    if named in SHAPE_SPACES:
        return named, ()
    if options.shape_space:
        return options.shape_space, ()
    if joints == 21 and "pose_hand" in arrays and not first_key(arrays, FACE_KEYS):
        return "smplh", ()
    space = _SPACE_OF_JOINTS[joints]
    certain = joints in (24, 23, 52, 55) or first_key(arrays, FACE_KEYS)
    return space, () if certain else (f"betas taken for {space}'s: {joints} joints fit SMPL-H and SMPL-X",)


def _check_agreement(arrays: Mapping[str, Any], rotations: _Rotations) -> None:
    """Keys that go with fingers, or a second copy of the body, must fit the joint count."""
    fingers = first_key(arrays, (*HAND_KEYS, *FACE_KEYS))
    main = rotations.arrays[-1]
    if fingers and main.joints in (23, 24):
        raise InvalidPoseError(
            f"{main.name} has {main.joints} joints (SMPL) beside {fingers}, which SMPL doesn't have",
            expected="21 body joints (SMPL-H, SMPL-X) with fingers or a face, or no such key",
        )
    body = first_key(arrays, BODY_KEYS)
    if body and len(rotations.arrays) == 1:
        copy = read_rotations(body, arrays[body], BODY_COUNTS)
        if (copy.joints == 23) != (main.joints == 24):
            raise InvalidPoseError(
                f"{main.name} has {main.joints} joints and {body} {copy.joints}: one is SMPL's, the other isn't"
            )


def _to_matrices(rotations: _Rotations) -> tuple[torch.Tensor, tuple[str, ...]]:
    """All 24 rotations (frames, 24, 3, 3); joints from 22 on are fingers in SMPL-H and SMPL-X and stay straight."""
    parts, projected = [], 0
    for array in rotations.arrays:
        used = array.joints if array.joints in (1, 21, 23, 24) else 22
        matrices, off = array.to_matrices(used)
        parts.append(matrices)
        projected += off
    missing = len(SMPL) - sum(part.shape[1] for part in parts)
    if missing:
        parts.append(torch.eye(3).expand(rotations.frames, missing, 3, 3))
    kind = rotations.arrays[-1].kind
    notes = list(rotations.notes)
    if kind == "6D":
        notes.append("6D rotations read as the first two columns of each matrix, one after the other")
    if projected:
        notes.append(f"{projected:,} matrices were slightly off a rotation and were projected")
    if rotations.joints in (52, 55):
        notes.append("fingers and face are kept for npz but not shown: hands are straight")
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1), tuple(notes)


def _plausibility(rotations: _Rotations) -> list[str | None]:
    """Warnings about the numbers; joint positions in the place of rotations are an error."""
    found = []
    for array in rotations.arrays:
        if array.kind != "axis-angle" or array.joints == 1:
            continue
        if array.joints >= 22 and are_joint_positions(array.values):
            raise InvalidPoseError(
                f"{array.name} looks like joint positions: the distances between its joints are a body's bones",
                expected="rotations",
                fix="fit SMPL to the joints first",
            )
        found.append(degrees_warning(array.values[:, :24] if array.joints < 52 else array.values[:, :22]))
    return found


def _betas(arrays: Mapping[str, Any], rotations: _Rotations) -> tuple[torch.Tensor, tuple[str, ...]]:
    """Shape coefficients (frames, 10): the first ten, padded with zeros."""
    frames = rotations.frames
    key = first_key(arrays, BETAS_KEYS)
    if key is None:
        return torch.zeros(frames, BETA_COUNT), ("no betas: average shape",)
    values = _rows(key, arrays[key], rotations, width=None)
    count = min(BETA_COUNT, values.shape[1])
    betas = torch.zeros(frames, BETA_COUNT)
    betas[:, :count] = torch.from_numpy(values[:, :count].astype(np.float32))
    left_out = values[:, BETA_COUNT:]
    notes = (f"the first {BETA_COUNT} of {values.shape[1]} betas are used",) if left_out.any() else ()
    return betas, notes


def _transl(arrays: Mapping[str, Any], rotations: _Rotations) -> tuple[torch.Tensor, tuple[str, ...]]:
    """Translations (frames, 3), metres."""
    key = first_key(arrays, TRANSL_KEYS)
    if key is None:
        camera = first_key(arrays, CAMERA_KEYS)
        why = f" ({camera} belongs to a camera)" if camera else ""
        return torch.zeros(rotations.frames, 3), (f"no translation{why}: the body stays at the origin",)
    values = _rows(key, arrays[key], rotations, width=3)
    notes: tuple[str, ...] = ()
    if "smpl_scaling" in arrays:  # AIST++: translations are in units of the body's own scale
        scale = as_numbers("smpl_scaling", arrays["smpl_scaling"])
        if scale.size != 1 or not np.isfinite(scale).all() or scale.item() <= 0:
            raise InvalidPoseError("smpl_scaling is not one positive number")
        values, notes = values / scale.item(), (f"{key} divided by smpl_scaling",)
    return torch.from_numpy(values.astype(np.float32)), notes


def _rows(key: str, value: Any, rotations: _Rotations, width: int | None) -> np.ndarray:
    """A (frames, width) array from one row for all frames or one row a frame, finite and within single precision."""
    frames = rotations.frames
    array = as_numbers(key, value)
    if array.ndim == 3 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 0 or array.ndim > 2 or (width and array.shape[-1] != width) or not array.shape[-1]:
        raise InvalidPoseError(
            f"{key} has shape {array.shape}", expected=f"({frames}, {width or BETA_COUNT}) or ({width or BETA_COUNT},)"
        )
    rows = array.reshape(-1, array.shape[-1])
    if len(rows) not in (1, frames):
        raise InvalidPoseError(
            f"{key} has {len(rows):,} rows for {frames:,} frames", expected="one row a frame, or one"
        )
    bad = ~(np.abs(rows) < MAX_VALUE).all(1)
    if bad.any():
        where = f" in frame {int(np.argmax(bad))}" if len(rows) > 1 else ""
        raise InvalidPoseError(
            f"{key} holds NaN, infinite or absurdly large values{where}", fix="remove or repair those frames"
        )
    return np.broadcast_to(rows, (frames, rows.shape[1]))
