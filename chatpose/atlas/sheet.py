"""Labelled contact sheets: every entry from the front and from the side."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.render.camera import Camera
from chatpose.body.render.figure import figures_of_poses
from chatpose.body.render.picture import Look
from chatpose.body.render.sheet import render_sheet
from chatpose.safefiles import atomic_write

VIEWS = (Camera(azimuth_deg=25, elevation_deg=12), Camera(azimuth_deg=-75, elevation_deg=8))
"""A little to the body's left of the front, and its right side."""
COLUMNS = 4
ROWS = 6
WEBP_QUALITY = 60


def draw_sheet(
    poses: Pose, labels: Sequence[str], body: BodyModel, *, size: int = 160, columns: int = COLUMNS
) -> np.ndarray:
    """One sheet with all the poses, the left limbs warm and the right ones cool.

    Args:
        poses: a batch (N,), on the floor.
        labels: a line under each.
        body: drawn.
        size: edge of one view, pixels.
        columns: poses side by side.

    Returns:
        (height, width, 3) uint8 sRGB.
    """
    figures = figures_of_poses(body, poses.without_heading(), tint_sides=True)
    look = replace(Look(), samples=2)
    return render_sheet(figures, labels, views=VIEWS, size=size, columns=columns, look=look)


def sheets(poses: Pose, labels: Sequence[str], body: BodyModel) -> Iterator[np.ndarray]:
    """As many sheets as are needed."""
    count = COLUMNS * ROWS
    for start in range(0, len(poses), count):
        yield draw_sheet(poses[start : start + count], labels[start : start + count], body)


def save_picture(picture: np.ndarray, path: Path) -> None:
    """Writes WebP or PNG, by the suffix.

    Raises:
        UnwritableFileError: it can't be written there.
    """
    with atomic_write(path) as temporary:
        image = Image.fromarray(picture)
        if path.suffix == ".webp":
            image.save(temporary, "WEBP", quality=WEBP_QUALITY, method=6)
        else:
            image.save(temporary)
