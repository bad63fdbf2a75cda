"""Reads the open body that ships with chatpose (made by `chatpose.body.build_open_body`)."""

import json
from pathlib import Path

import numpy as np
import torch

from chatpose.body.model import BodyData
from chatpose.body.skeleton import SMPL
from chatpose.errors import UnreadableFileError
from chatpose.resources import asset

FILE_NAME = "open_body.npz"
LAYOUT = 1


def load_open_body(device: torch.device | str | None = None, path: Path | None = None) -> BodyData:
    """The open body's arrays.

    Args:
        device: where the tensors live.
        path: another file of the same layout; the shipped one when absent.

    Raises:
        MissingFileError: the installation lacks the file.
        UnreadableFileError: the file is damaged or of another version.
    """
    path = path or asset("data", "body", FILE_NAME)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        if int(arrays["layout"]) != LAYOUT:
            raise ValueError(f"layout {int(arrays['layout'])} instead of {LAYOUT}")
        return _unpack(arrays, device)
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds over damaged bytes
        raise UnreadableFileError(
            f"the open body in {path} can't be read: {error}",
            expected="the file that came with chatpose",
            fix="reinstall chatpose, or rebuild it with: python -m chatpose.body.build_open_body",
        ) from error


def _unpack(arrays: dict[str, np.ndarray], device: torch.device | str | None) -> BodyData:
    template = arrays["v_template"]
    weights = np.zeros((len(template), len(SMPL)), np.float32)
    influence = arrays["weight_values"].astype(np.float32)
    np.put_along_axis(weights, arrays["weight_joints"].astype(np.int64), influence, axis=1)
    regressor = np.zeros((len(SMPL), len(template)), np.float32)
    regressor[arrays["regressor_joints"], arrays["regressor_vertices"]] = arrays["regressor_values"]
    shapedirs = arrays["shapedirs"].astype(np.float32) * arrays["shapedirs_step"]

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    return BodyData(
        name="open",
        shape_space="open",
        gender="neutral",
        v_template=tensor(template),
        shapedirs=tensor(shapedirs),
        posedirs=None,
        J_regressor=tensor(regressor),
        weights=tensor(weights / weights.sum(1, keepdims=True)),
        faces=tensor(arrays["faces"].astype(np.int64)),
        landmarks=json.loads(str(arrays["landmarks"])),
    )
