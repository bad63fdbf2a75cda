"""The second stage of BlazePose: 33 points of the one person in a crop."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from chatpose.body.keypoints import keypoint_set
from chatpose.perception.crops import Crop
from chatpose.perception.detector import sigmoid
from chatpose.perception.interpreter import Interpreter
from chatpose.perception.landmarks import KIND, NAMES, Landmarks

INPUT_SIZE = 256
"""Edge of the square picture that the landmark model takes."""
CROP_SCALE = 1.25
"""MediaPipe's crop is this much wider than the circle that holds the body."""
POINTS = len(NAMES)
HIPS, SCALE = 33, 34
"""Two points more: the middle of the hips, and one on the circle about it that holds the body, above the head."""
CELLS = 64
WINDOW = 9
"""Cells along the edge of the part of a heat map whose centre of mass a point moves to."""
MIN_PEAK = 0.3
"""Heat maps that stay below tell nothing."""

_MIRROR = np.array([*keypoint_set(KIND).mirror_index, *range(POINTS, 39)])


@dataclass(frozen=True, eq=False)
class Reading:
    """What the model says of one crop.

    Attributes:
        crop: where it looked.
        landmarks: of the person, in the photo.
        next_crop: where the person would lie well, as far as this reading tells.
    """

    crop: Crop
    landmarks: Landmarks
    next_crop: Crop

    @property
    def quality(self) -> float:
        """0 to 1, how clearly the points are seen that lie in the photo: the mean peak of their heat maps."""
        inside = self.landmarks.inside
        return float(self.landmarks.sharpness[inside].mean()) if inside.any() else 0.0


def crop_of(hips: np.ndarray, scale: np.ndarray) -> Crop:
    """The crop about the middle of the hips (2,), from a point (2,) on the circle about it that holds the body."""
    reach = scale - hips
    return Crop(hips, 2 * CROP_SCALE * max(1.0, float(np.hypot(*reach))), math.atan2(reach[0], -reach[1]))


def read_crop(interpreter: Interpreter, photo: Image.Image, crop: Crop, *, mirrored: bool = False) -> Reading:
    """Runs the landmark model on a crop.

    Args:
        interpreter: the landmark model.
        photo: RGB.
        crop: turned so that the person is upright.
        mirrored: show the model the mirror image, and turn what it says back.
    """
    picture = crop.cut(photo, INPUT_SIZE, extend=True).astype(np.float32) / 255
    if mirrored:
        picture = np.ascontiguousarray(picture[:, ::-1])
    flat, score, _mask, heat, world = interpreter.run(picture)
    raw = flat.reshape(-1, 5).astype(np.float64)
    points, world_m = raw[:, :2] / INPUT_SIZE, world.reshape(-1, 3).astype(np.float64)
    refined, sharpness = refined_points(points, heat)
    if mirrored:
        points, refined, raw, sharpness = points[_MIRROR], refined[_MIRROR], raw[_MIRROR], sharpness[_MIRROR]
        points, refined, world_m = points * (-1, 1) + (1, 0), refined * (-1, 1) + (1, 0), world_m[_MIRROR] * (-1, 1, 1)
    world_m[:, :2] = world_m[:, :2] @ crop.turn.T
    landmarks = Landmarks(
        image_px=crop.to_photo(refined[:POINTS]),
        world_m=world_m[:POINTS] * (1, -1, -1),  # the model's y points down, its z away from the camera
        visibility=sigmoid(raw[:POINTS, 3]),
        presence=sigmoid(raw[:POINTS, 4]),
        score=float(np.clip(score[0], 0, 1)),
        crop_px=crop.corners,
        photo_size=photo.size,
        sharpness=sharpness[:POINTS],
    )
    landmarks.visibility[~landmarks.inside] = 0
    hips, scale = crop.to_photo(points[[HIPS, SCALE]])
    return Reading(crop, landmarks, crop_of(hips, scale))


def refined_points(points: np.ndarray, heat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moves points to the centre of mass of their heat maps nearby.

    Cell i of a heat map stands for the place i / 64 of the crop: so readings of mirrored pictures agree best.
    Source of the idea: MediaPipe's refinement from heat maps; window and threshold measured on renders.

    Args:
        points: (N, 2) parts of the crop's edge, x and y.
        heat: (64, 64, N) logits, rows first.

    Returns:
        (N, 2) the points, moved where the heat map is above `MIN_PEAK` nearby; (N,) the peak of each heat map.
    """
    half, count = WINDOW // 2, len(points)
    cells = np.floor(points * CELLS).astype(int)
    padded = np.pad(heat, ((half, half), (half, half), (0, 0)), constant_values=-np.inf)
    offsets = np.arange(-half, half + 1)
    near = np.clip(cells, 0, CELLS - 1)
    rows, columns = near[:, 1, None] + offsets, near[:, 0, None] + offsets  # (N, WINDOW)
    window = sigmoid(padded[rows[:, :, None] + half, columns[:, None, :] + half, np.arange(count)[:, None, None]])
    mass = window.sum(axis=(1, 2))
    x, y = (window.sum(axis=1) * columns).sum(axis=1), (window.sum(axis=2) * rows).sum(axis=1)
    centers = np.stack([x, y], axis=1) / np.maximum(mass, 1e-9)[:, None] / CELLS
    moved = (cells == near).all(axis=1) & (window.max(axis=(1, 2)) >= MIN_PEAK)
    return np.where(moved[:, None], centers, points), sigmoid(heat.max(axis=(0, 1)))


def averaged(first: Landmarks, second: Landmarks) -> Landmarks:
    """The mean of two readings of one person in the same crop."""
    names = ("image_px", "world_m", "visibility", "presence", "sharpness")
    means = {name: (getattr(first, name) + getattr(second, name)) / 2 for name in names}
    landmarks = dataclasses.replace(first, score=(first.score + second.score) / 2, **means)
    landmarks.visibility[~landmarks.inside] = 0
    return landmarks
