"""Licensed bodies of the SMPL family: read from the user's own file, run by the `smplx` package.

SMPL, SMPL-H and SMPL-X files all become one `BodyData` with SMPL's 24 joints. Fingers, jaw and eyes have no rotation
in a `Pose`, so their skinning weights are added to the joint that carries them and their pose correctives, which are
zero then, are left out: the mesh is the one that the full model gives with flat hands and a still face.
`smplx.SMPL` runs all of them. Not yet tried on the original files, which can't be had without a licence; the tests
use files of the same layout made from the open body.
"""

import contextlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatpose.body.model import BodyData, PosedBody
from chatpose.body.pose import BETA_COUNT, Pose
from chatpose.body.skeleton import SMPL
from chatpose.errors import MissingFileError, UnreadableFileError, unknown_name
from chatpose.optional import require_package
from chatpose.safe_arrays import read_npz
from chatpose.safe_pickle import load_pickle

GENDERS = ("neutral", "female", "male")
WHERE_TO_GET_IT = (
    "get the file after signing up at https://smpl.is.tue.mpg.de (SMPL-H: https://mano.is.tue.mpg.de, "
    "SMPL-X: https://smpl-x.is.tue.mpg.de); chatpose's open body works without it"
)
_EXPECTED = "a licensed SMPL, SMPL-H or SMPL-X body (.pkl or .npz)"
_NEEDED = ("v_template", "shapedirs", "J_regressor", "weights", "f", "posedirs", "kintree_table")

_OFFICIAL_NAMES = {"neutral": "neutral", "female": "f", "male": "m"}
"""Genders in the names of the files as they are downloaded."""

_BODY_JOINTS = 22
_FAMILY = {24: "smpl", 52: "smplh", 55: "smplx"}
"""Model by its number of joints."""
_KNUCKLES = {"smpl": (22, 23), "smplh": (25, 40), "smplx": (28, 43)}
"""Joints that are `left_hand` and `right_hand` in SMPL: the first of the middle fingers in SMPL-H and SMPL-X."""

_LANDMARK_OF_SMPLX = {
    "nose": "nose",
    **{f"{side[0]}{part}": f"{side}_{part}" for side in ("left", "right") for part in ("eye", "ear")},
    **{
        f"{side[0]}{finger}": f"{side}_{finger}"
        for side in ("left", "right")
        for finger in ("thumb", "index", "middle", "ring", "pinky")
    },
    **{
        f"{side[0].upper()}{name}": f"{side}_{part}"
        for side in ("left", "right")
        for name, part in (("BigToe", "big_toe"), ("SmallToe", "small_toe"), ("Heel", "heel"))
    },
}
_VERTEX_COUNTS = {6890: "smplh", 10475: "smplx"}
"""Which of the `smplx` package's vertex tables fits a mesh."""


def load_smpl_file(path: Path, gender: str = "neutral", device: torch.device | str | None = None) -> BodyData:
    """Reads a licensed body file without running code from it.

    Args:
        path: the file, or a folder that holds it under one of its usual names.
        gender: "neutral", "female" or "male"; chooses the file in a folder.
        device: where the tensors live.

    Raises:
        MissingFileError: nothing there; says where it is to be had.
        UnreadableFileError: not a body file.
        UnknownNameError: no such gender.
    """
    if gender not in GENDERS:
        raise unknown_name("gender", gender, GENDERS)
    path = find_smpl_file(path, gender)
    arrays = read_npz(path).arrays if path.suffix.lower() == ".npz" else load_pickle(path)
    if not isinstance(arrays, Mapping):
        raise _not_a_body(path, f"it holds a {type(arrays).__name__}")
    missing = [key for key in _NEEDED if key not in arrays]
    if missing:
        raise _not_a_body(path, f"it lacks {', '.join(missing)}")
    try:
        numbers = {key: np.asarray(arrays[key], dtype=np.float64) for key in _NEEDED}
    except (TypeError, ValueError) as error:
        raise _not_a_body(path, "its arrays aren't numbers") from error
    return _body_data(path, _gender_of(path, gender), numbers, device)


def find_smpl_file(path: Path, gender: str) -> Path:
    """The body file at `path` or, when that is a folder, in it.

    Raises:
        MissingFileError: none there.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise MissingFileError(f"no body file {path}", expected=_EXPECTED, fix=WHERE_TO_GET_IT)
    names = _usual_names(gender)
    for folder in (path, *(path / name for name in ("smpl", "smplh", "smplx", "models", gender))):
        for name in names:
            if (folder / name).is_file():
                return folder / name
    raise MissingFileError(
        f"no {gender} body file in {path}", expected=f"{names[0]} or {names[2]}, say", fix=WHERE_TO_GET_IT
    )


def _usual_names(gender: str) -> list[str]:
    letter = _OFFICIAL_NAMES[gender]
    stems = [f"SMPL_{gender.upper()}"]
    stems += [f"basicmodel_{letter}_lbs_10_207_0_v1.1.0", f"basicModel_{letter}_lbs_10_207_0_v1.0.0"]
    stems += [f"basicModel_{letter}_lbs_10_207_0_v1.1.0", f"basicmodel_{letter}_lbs_10_207_0_v1.0.0"]
    stems += [f"SMPLH_{gender.upper()}", f"SMPLX_{gender.upper()}", "model"]
    return [stem + suffix for stem in stems for suffix in (".npz", ".pkl")]


def _gender_of(path: Path, asked: str) -> str:
    """The gender in a file's usual name; what was asked for when the name doesn't say."""
    named = (gender for gender in GENDERS if path.stem != "model" and path.name in _usual_names(gender))
    return next(named, asked)


def _not_a_body(path: Path, why: str) -> UnreadableFileError:
    return UnreadableFileError(f"{path} isn't a body file: {why}", expected=_EXPECTED, fix=WHERE_TO_GET_IT)


def _body_data(path: Path, gender: str, arrays: dict[str, np.ndarray], device: torch.device | str | None) -> BodyData:
    template, weights, regressor = arrays["v_template"], arrays["weights"], arrays["J_regressor"]
    verts, joints = len(template), len(regressor)
    family = _FAMILY.get(joints)
    if family is None:
        raise _not_a_body(path, f"it has {joints} joints, not 24 (SMPL), 52 (SMPL-H) or 55 (SMPL-X)")
    shapes = {
        "v_template": (verts, 3),
        "J_regressor": (joints, verts),
        "weights": (verts, joints),
        "posedirs": (verts, 3, (joints - 1) * 9),
        "kintree_table": (2, joints),
    }
    wrong = [f"{key} {arrays[key].shape}" for key, shape in shapes.items() if arrays[key].shape != shape]
    if wrong or arrays["shapedirs"].shape[:2] != (verts, 3) or arrays["shapedirs"].ndim != 3:
        raise _not_a_body(path, f"its arrays don't fit together ({', '.join(wrong) or 'shapedirs'})")
    faces = arrays["f"].astype(np.int64)
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.min() < 0 or faces.max() >= verts:
        raise _not_a_body(path, "its faces name vertices that aren't there")
    if not all(np.isfinite(arrays[key]).all() for key in shapes):
        raise _not_a_body(path, "it holds NaN or infinite values")
    shapedirs = np.zeros((verts, 3, BETA_COUNT))
    shapedirs[:, :, : arrays["shapedirs"].shape[-1]] = arrays["shapedirs"][:, :, :BETA_COUNT]
    chosen = [*range(_BODY_JOINTS), *_KNUCKLES[family]]

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.tensor(array, dtype=torch.float32, device=device)

    return BodyData(
        name=path.name,
        shape_space=family,
        gender=gender,
        v_template=tensor(template),
        shapedirs=tensor(shapedirs),
        posedirs=tensor(_body_posedirs(arrays["posedirs"])),
        J_regressor=tensor(regressor[chosen]),
        weights=tensor(_weights_of_24(weights, arrays["kintree_table"][0], chosen)),
        faces=torch.tensor(faces, device=device),
        landmarks=_landmarks(verts),
    )


def _body_posedirs(posedirs: np.ndarray) -> np.ndarray:
    """(207, verts * 3): the correctives of the 23 joints; zero for the hands when the file has fingers instead."""
    if posedirs.shape[-1] > 207:
        posedirs = np.concatenate(
            [posedirs[..., : (_BODY_JOINTS - 1) * 9], np.zeros((*posedirs.shape[:2], 18))], axis=-1
        )
    return posedirs.reshape(-1, 207).T


def _weights_of_24(weights: np.ndarray, parents: np.ndarray, chosen: list[int]) -> np.ndarray:
    """(verts, 24): each further joint's weight goes to its nearest ancestor among the 24, fingers' to the hand."""
    folded = np.zeros((len(weights), len(SMPL)))
    for joint in range(weights.shape[1]):
        carrier = joint
        while carrier not in chosen:
            carrier = int(parents[carrier])
        folded[:, chosen.index(carrier)] += weights[:, joint]
    return folded


def _landmarks(verts: int) -> dict[str, int]:
    table = _VERTEX_COUNTS.get(verts)
    if table is None:
        return {}
    indices = _smplx().vertex_ids.vertex_ids[table]
    return {ours: int(indices[theirs]) for theirs, ours in _LANDMARK_OF_SMPLX.items()}


class SmplxSkinning:
    """Skinning by `smplx.SMPL`; a `chatpose.body.model.Skinning`.

    Args:
        data: the body that it will be called with.

    Raises:
        MissingExtraError: `smplx` isn't installed.
    """

    def __init__(self, data: BodyData) -> None:
        smplx = _smplx()
        posedirs = data.posedirs
        if posedirs is None:
            posedirs = data.v_template.new_zeros(207, data.v_template.numel())
        parents = np.array([SMPL.parents, range(len(SMPL))])
        struct = smplx.utils.Struct(
            v_template=_numpy(data.v_template),
            shapedirs=_numpy(data.shapedirs),
            posedirs=_numpy(posedirs).T.reshape(-1, 3, 207),
            J_regressor=_numpy(data.J_regressor),
            weights=_numpy(data.weights),
            f=_numpy(data.faces),
            kintree_table=parents,
        )
        with _silence():  # it prints a warning for bodies of 10 shape directions
            self._model = smplx.SMPL(
                "",
                data_struct=struct,
                gender=data.gender,
                vertex_ids=_extra_joints(data),
                **{f"create_{name}": False for name in ("betas", "global_orient", "body_pose", "transl")},
            ).to(data.v_template.device)

    def __call__(self, data: BodyData, pose: Pose) -> PosedBody:
        """Poses the body; any batch shape."""
        batch = pose.batch_shape
        out = self._model(
            betas=pose.betas.reshape(-1, BETA_COUNT),
            global_orient=pose.global_orient.reshape(-1, 1, 3, 3),
            body_pose=pose.body_pose.reshape(-1, len(SMPL) - 1, 3, 3),
            transl=pose.transl.reshape(-1, 3),
            pose2rot=False,
        )
        joints = out.joints[:, : len(SMPL)]  # landmarks follow
        return PosedBody(out.vertices.reshape(*batch, len(data.v_template), 3), joints.reshape(*batch, len(SMPL), 3))


def _smplx() -> Any:
    return require_package("smplx", "smpl", "for licensed SMPL bodies (the open body works without it)")


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _extra_joints(data: BodyData) -> dict[str, int]:
    """Vertices that smplx appends to the joints; its own table would name wrong ones on another mesh."""
    return {theirs: data.landmarks.get(ours, 0) for theirs, ours in _LANDMARK_OF_SMPLX.items()}


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield
