"""PNG pictures of a clip: one frame as a picture, many as a labelled sheet."""

import dataclasses
import math
from pathlib import Path

import numpy as np
from PIL import Image

from chatpose.body.model import BodyModel, PosedBody
from chatpose.body.render import Camera, Figure, figure_of_body, render, render_sheet
from chatpose.errors import InvalidPoseError, UnwritableFileError
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import WriteOptions

SHEET_FRAMES_MOST = 100
SIZE_LEAST, SIZE_MOST = 32, 4096


def write_png(clip: PoseClip, path: Path, options: WriteOptions) -> None:
    """Writes one frame as a picture of `options.size` pixels, several as a sheet of cells half that wide.

    In a sheet the limbs are tinted by side, and each cell is labelled with its time, or its number in the clip.

    Raises:
        InvalidPoseError: more frames than a sheet shows.
        UnknownNameError: no such camera.
        UnwritableFileError: a size that can't be drawn.
    """
    size = picture_size(options)
    if len(clip) > SHEET_FRAMES_MOST:
        raise InvalidPoseError(
            f"{len(clip)} frames for one picture",
            expected=f"at most {SHEET_FRAMES_MOST}",
            fix=f"choose one with --frame N or thin them out with --every {math.ceil(len(clip) / SHEET_FRAMES_MOST)}",
        )
    model = options_model(options)
    camera = Camera.from_name(options.camera)
    if len(clip) == 1:
        figure = figure_of_body(pose_frame(clip, model, 0), model)
        save_png(render(figure, camera.framing(figure.vertices), size), path)
        return
    figures: list[Figure] = [
        figure_of_body(pose_frame(clip, model, frame), model, tint_sides=True) for frame in range(len(clip))
    ]
    labels = [f"{frame / clip.fps:.2f} s" if clip.fps else str(frame) for frame in range(len(clip))]
    save_png(render_sheet(figures, labels, views=(camera,), size=max(size // 2, SIZE_LEAST), legend=True), path)


def options_model(options: WriteOptions) -> BodyModel:
    """The body to draw: the one of the options, or the open body."""
    return options.body or BodyModel.open()


def picture_size(options: WriteOptions) -> int:
    """The edge of the picture, pixels.

    Raises:
        UnwritableFileError: outside `SIZE_LEAST` to `SIZE_MOST`.
    """
    if not SIZE_LEAST <= options.size <= SIZE_MOST:
        raise UnwritableFileError(
            f"a picture of {options.size} pixels", expected=f"a size from {SIZE_LEAST} to {SIZE_MOST}"
        )
    return options.size


def pose_frame(clip: PoseClip, model: BodyModel, frame: int) -> PosedBody:
    """One frame's body, with the clip's shape where the model knows its meaning."""
    pose = clip.pose[frame]
    pose = dataclasses.replace(pose, betas=model.usable_betas(pose.betas, clip.shape_space))
    data = model.data.v_template
    return model(pose.to(data.device, data.dtype))


def save_png(image: np.ndarray, path: Path) -> None:
    """Writes (height, width[, 3]) uint8 as PNG, whatever the path's suffix."""
    Image.fromarray(image).save(path, format="PNG", optimize=False)
