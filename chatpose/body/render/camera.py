"""`Camera`: where a picture is taken from, and the exact framing of what it should show."""

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chatpose.errors import UnknownNameError, unknown_name

NAMED_VIEWS: dict[str, tuple[float, float]] = {
    "front": (0.0, 5.0),
    "three-quarter": (40.0, 12.0),
    "side": (90.0, 5.0),
    "back": (180.0, 5.0),
    "top": (0.0, 90.0),
}
"""Azimuth and elevation of each named view, degrees."""

DEFAULT_FOV_DEG = 18.0
_FOV_LIMITS_DEG = (1.0, 120.0)
_NEAREST = 0.05  # metres; depths nearer than this are projected as if they were here
_LEAST_DEPTHS = 5.0
_LEAST_DISTANCE = 0.5  # metres, for framing a single point


class Projection(NamedTuple):
    """Points in a picture: `pixels` (*batch, 2), x to the right and y down, and `depth` (*batch,), metres."""

    pixels: np.ndarray
    depth: np.ndarray


@dataclass(frozen=True)
class Camera:
    """A perspective camera that looks at a target, upright, for square pictures.

    Convention:
        Azimuth 0 stands before a body that faces +z and grows towards the body's left (+x); elevation is positive
        above the target. The camera belongs to the world: a turned body shows its side to the front camera.
        The centre of the first pixel is at (0.5, 0.5).

    Attributes:
        azimuth_deg: degrees about the vertical.
        elevation_deg: degrees above the horizontal, -90 to 90.
        fov_deg: full angle of view, degrees.
        target: the point in the middle of the picture, metres.
        distance: from the camera to the target, metres.
    """

    azimuth_deg: float = 0.0
    elevation_deg: float = 5.0
    fov_deg: float = DEFAULT_FOV_DEG
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    distance: float = 5.0

    def __post_init__(self) -> None:
        low, high = _FOV_LIMITS_DEG
        good = math.isfinite(self.azimuth_deg) and abs(self.elevation_deg) <= 90 and low <= self.fov_deg <= high
        if not good:
            raise UnknownNameError(
                f"camera {self.azimuth_deg:g},{self.elevation_deg:g},{self.fov_deg:g}",
                expected=f"azimuth, elevation from -90 to 90 and angle of view from {low:g} to {high:g} degrees",
            )

    @classmethod
    def from_name(cls, name: str) -> "Camera":
        """A named view or "azimuth,elevation[,fov]" in degrees; frame it before use.

        Raises:
            UnknownNameError: neither; the message lists the names.
        """
        key = name.strip().lower().replace("_", "-")
        if key in NAMED_VIEWS:
            return cls(*NAMED_VIEWS[key])
        try:
            numbers = [float(part) for part in key.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) not in (2, 3):
            raise unknown_name("camera", name, [*NAMED_VIEWS, "azimuth,elevation,fov in degrees, such as 35,10,25"])
        azimuth, elevation, fov = (*numbers, DEFAULT_FOV_DEG)[:3]
        return cls(azimuth, elevation, fov)

    @property
    def axes(self) -> np.ndarray:
        """(3, 3) rows: the picture's right, its up and the direction towards the viewer, in the world."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        sin_a, cos_a, sin_e, cos_e = math.sin(azimuth), math.cos(azimuth), math.sin(elevation), math.cos(elevation)
        return np.array(
            [[cos_a, 0, -sin_a], [-sin_a * sin_e, cos_e, -cos_a * sin_e], [sin_a * cos_e, sin_e, cos_a * cos_e]]
        )

    @property
    def position(self) -> np.ndarray:
        """Where the camera is, metres."""
        return np.asarray(self.target) + self.distance * self.axes[2]

    def focal_pixels(self, size: int) -> float:
        """Focal length in pixels of a picture `size` pixels wide."""
        return size / (2 * math.tan(math.radians(self.fov_deg) / 2))

    def project(self, points: np.ndarray, size: int) -> Projection:
        """Pixels and depths of world points.

        Args:
            points: (*batch, 3) metres.
            size: edge of the picture, pixels.

        Returns:
            Pixels, and depths along the direction of view. Points behind the camera have depths below zero, and their
            pixels mean nothing.
        """
        local = (np.asarray(points, np.float64) - self.target) @ self.axes.T
        depth = self.distance - local[..., 2]
        scale = self.focal_pixels(size) / np.where(np.abs(depth) < _NEAREST, _NEAREST, depth)
        pixels = np.stack([size / 2 + local[..., 0] * scale, size / 2 - local[..., 1] * scale], axis=-1)
        return Projection(pixels, depth)

    def framing(self, *point_sets: np.ndarray, margin: float = 0.06) -> "Camera":
        """A camera with this direction and angle of view that shows all points in the middle of the picture.

        In camera axes a point (x, y, z) is inside when |x - cx| ≤ k (d - z), which is linear in the centre cx and the
        distance d, so both follow in closed form from the extremes of k z ± x; the same for y. The distance is never
        less than `_LEAST_DEPTHS` times half the depth: seen along its length, a body would otherwise be taken from so
        near that its feet hide the rest.

        Args:
            *point_sets: (n, 3) metres each, finite.
            margin: part of the picture's edge to leave free on each side.
        """
        return self.framing_extents(np.max([self.extents(points, margin) for points in point_sets], axis=0), margin)

    def extents(self, points: np.ndarray, margin: float = 0.06) -> np.ndarray:
        """(6,) what framing needs to know of points; that of several sets together is the maximum of theirs."""
        x, y, z = (np.asarray(points, np.float64).reshape(-1, 3) @ self.axes.T).T
        leaning = self._reach(margin) * z
        sides = (leaning + x, leaning - x, leaning + y, leaning - y, z, -z)
        return np.array([side.max() for side in sides])

    def framing_extents(self, extents: np.ndarray, margin: float = 0.06) -> "Camera":
        """`framing` from `extents`, for more points than fit in memory."""
        right, left, top, bottom, nearest, farthest = extents.tolist()
        middle_z, half_depth = (nearest - farthest) / 2, (nearest + farthest) / 2
        distance = max(right + left, top + bottom) / (2 * self._reach(margin)) - middle_z
        distance = max(distance, _LEAST_DEPTHS * half_depth, _LEAST_DISTANCE)
        x, y, z = (np.array([(right - left) / 2, (top - bottom) / 2, middle_z]) @ self.axes).tolist()
        return dataclasses.replace(self, target=(x, y, z), distance=distance)

    def _reach(self, margin: float) -> float:
        """Half the width that is used at distance 1."""
        return math.tan(math.radians(self.fov_deg) / 2) * (1 - 2 * margin)
