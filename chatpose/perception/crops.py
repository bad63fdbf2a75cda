"""`Crop`: a turned square of a photo, and how a model's input is cut out of it."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True, eq=False)
class Crop:
    """A turned square in a photo.

    Attributes:
        center: (2,) pixels, x and y.
        edge: length of its sides, pixels.
        angle_rad: how far it is turned clockwise, as it is seen, from the upright photo.
    """

    center: np.ndarray
    edge: float
    angle_rad: float = 0.0

    @property
    def turn(self) -> np.ndarray:
        """(2, 2) turns directions in the crop into directions in the photo, both with y down."""
        cos, sin = math.cos(self.angle_rad), math.sin(self.angle_rad)
        return np.array([[cos, -sin], [sin, cos]])

    @property
    def corners(self) -> np.ndarray:
        """(4, 2) pixels: upper left, upper right, lower right, lower left of the crop held upright."""
        return self.to_photo(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Pixels of points (*batch, 2) that are given as parts of the crop's edge."""
        return self.center + (points - 0.5) @ self.turn.T * self.edge

    def turned(self, degrees: float) -> "Crop":
        """The crop turned further clockwise about its middle."""
        return Crop(self.center, self.edge, self.angle_rad + math.radians(degrees))

    def is_near(self, other: "Crop", share: float) -> bool:
        """Whether another crop has its middle, size and direction within `share` of the edge (or of a radian)."""
        moved = math.dist(self.center, other.center) / self.edge
        turned = abs(math.remainder(self.angle_rad - other.angle_rad, 2 * math.pi))
        return max(moved, abs(math.log(other.edge / self.edge)), turned) < share

    def cut(self, photo: Image.Image, size: int, *, extend: bool) -> np.ndarray:
        """The crop held upright. Where it has many more pixels than asked for, they are averaged, not skipped.

        Args:
            photo: RGB.
            size: edge of the result, pixels.
            extend: outside the photo, go on with its border pixels; black otherwise.

        Returns:
            (size, size, 3) uint8.
        """
        shrink = max(1, int(self.edge / size))
        corners = self.corners
        low = np.floor(corners.min(axis=0)).astype(int) - 2 * shrink
        high = np.ceil(corners.max(axis=0)).astype(int) + 2 * shrink
        left, top = np.clip(low, 0, photo.size).tolist()
        right, bottom = np.clip(high, 0, photo.size).tolist()
        if right <= left or bottom <= top:
            return np.zeros((size, size, 3), np.uint8)
        part = photo.reduce(shrink, box=(left, top, right, bottom))
        start = (corners[0] - (left, top)) / shrink
        if extend:
            before = -(-(np.array([left, top]) - low) // shrink)
            after = -(-(high - (right, bottom)) // shrink)
            part = _extended(part, before, after)
            start = start + before
        matrix = np.column_stack([self.turn * (self.edge / size / shrink), start]).ravel().tolist()
        return np.asarray(part.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))


def whole(photo: Image.Image, zoom: float = 1.0) -> Crop:
    """The square about a photo's middle that holds it all, `zoom` times as large as needed."""
    width, height = photo.size
    return Crop(np.array([width / 2, height / 2]), max(width, height) * zoom)


def tiles(photo: Image.Image, edge: float) -> list[Crop]:
    """Upright squares that cover a photo, each overlapping the next by half its edge or more."""
    rows = [_middles(length, edge) for length in photo.size]
    return [Crop(np.array([x, y]), edge) for y in rows[1] for x in rows[0]]


def _middles(length: int, edge: float) -> np.ndarray:
    if length <= edge:
        return np.array([length / 2])
    count = math.ceil((length - edge) / (edge / 2)) + 1
    return np.linspace(edge / 2, length - edge / 2, count)


def _extended(part: Image.Image, before: np.ndarray, after: np.ndarray) -> Image.Image:
    """The picture with its border pixels repeated outwards; `before` and `after` are (2,) pixels, x and y."""
    if not (before.any() or after.any()):
        return part
    margins = ((before[1], after[1]), (before[0], after[0]), (0, 0))
    return Image.fromarray(np.pad(np.asarray(part), margins, mode="edge"))
