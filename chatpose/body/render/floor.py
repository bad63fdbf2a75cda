"""The shadow of a mesh on the floor: from the area key light, and from the sky where the body comes near the floor."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from chatpose.body.render.camera import Camera
from chatpose.body.render.shading import Lighting, area_light_directions, spiral_directions

_CELL = 0.025  # metres
_CELLS_MOST = 320
_KEY_SHARE, _SKY_SHARE = 0.36, 0.45  # how dark the shadow of each gets at most
_SKY_REACH = 0.35  # metres above the floor


@dataclass(frozen=True, eq=False)
class FloorShadow:
    """Darkness on a square of the floor.

    Attributes:
        height: y of the floor, metres.
        origin: x and z of the square's corner, metres.
        cell: edge of a cell, metres.
        darkness: (cells, cells) float32, rows along z and columns along x, 0 to 1.
    """

    height: float
    origin: tuple[float, float]
    cell: float
    darkness: np.ndarray


def floor_shadow(vertices: np.ndarray, height: float, camera_azimuth_deg: float, lighting: Lighting) -> FloorShadow:
    """Works out the shadow by splatting the vertices on the floor along many directions of light.

    The sky's shadow is cast by what is near the floor only: what is higher darkens wide and evenly, which few
    directions would show as streaks.
    """
    points = np.stack([vertices[:, 0], vertices[:, 2], np.maximum(vertices[:, 1] - height, 0)], 1).astype(np.float32)
    near = points[points[:, 2] < _SKY_REACH]
    key = area_light_directions(lighting.key.direction(camera_azimuth_deg), lighting.key_spread_deg, 20)
    sky = spiral_directions(32, lowest=0.35)
    key_splats, sky_splats = _splats(points, key), _splats(near, sky)
    both = np.concatenate([key_splats.reshape(-1, 2), sky_splats.reshape(-1, 2)])
    low, high = _bounds(both)
    edge = max(high[0] - low[0], high[1] - low[1])
    cell = max(_CELL, edge / _CELLS_MOST)
    count = math.ceil(edge / cell) + 1
    origin = np.array(low, np.float32)
    key_part = _darkness(key_splats, np.full(len(key), 1 / len(key)), origin, cell, count)
    sky_part = _darkness(sky_splats, sky[:, 1] / sky[:, 1].sum(), origin, cell, count)
    darkness = 1 - (1 - _KEY_SHARE * _blurred(key_part, 3)) * (1 - _SKY_SHARE * _blurred(sky_part, 4))
    return FloorShadow(height, low, cell, darkness)


def _splats(points: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Where points (n, 3: x, z, height) shade the floor for each light, (lights, n, 2)."""
    slopes = (directions[:, [0, 2]] / directions[:, 1:2]).astype(np.float32)
    return points[None, :, :2] - points[None, :, 2:] * slopes[:, None]


def _bounds(splats: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Lowest and highest x and z with a free border, column by column (much faster than along the short axis)."""
    x, z = splats[:, 0], splats[:, 1]
    return (float(x.min()) - 0.2, float(z.min()) - 0.2), (float(x.max()) + 0.2, float(z.max()) + 0.2)


def _darkness(splats: np.ndarray, weights: np.ndarray, origin: np.ndarray, cell: float, count: int) -> np.ndarray:
    """Weighted share of the lights that each cell doesn't see, (count, count)."""
    cells = ((splats - origin) * np.float32(1 / cell)).astype(np.int32)
    index = cells[..., 1] * count + cells[..., 0]
    darkness = np.zeros(count * count, np.float32)
    for weight, row in zip(weights, index, strict=True):
        darkness += np.float32(weight) * (np.bincount(row, minlength=count * count) > 0)
    return darkness.reshape(count, count)


def _blurred(values: np.ndarray, times: int) -> np.ndarray:
    """Smoothed by a 1-2-1 kernel along both axes, `times` times; the border is taken as empty."""
    for _ in range(times):
        for axis in (0, 1):
            padded = np.pad(values, [(1, 1) if a == axis else (0, 0) for a in (0, 1)])
            first, middle, last = (np.take(padded, range(k, k + values.shape[axis]), axis) for k in (0, 1, 2))
            values = (first + 2 * middle + last) / 4
    return values


def draw_floor_shadow(image: np.ndarray, shadow: FloorShadow, camera: Camera) -> None:
    """Darkens the floor of a float picture (size, size, 3) in place; nothing is drawn from below the floor."""
    if camera.position[1] <= shadow.height:
        return
    size = len(image)
    step = 2 if size >= 128 else 1  # the shadow is soft: half the resolution is enough
    at = (np.arange(0, size, step) + step / 2 - size / 2) / camera.focal_pixels(size)
    right, up, back = camera.axes
    rays = at[None, :, None] * right - at[:, None, None] * up - back
    falls = rays[..., 1] < -1e-6
    reach = np.where(falls, (shadow.height - camera.position[1]) / np.where(falls, rays[..., 1], -1), 0)
    column = (camera.position[0] + reach * rays[..., 0] - shadow.origin[0]) / shadow.cell - 0.5
    row = (camera.position[2] + reach * rays[..., 2] - shadow.origin[1]) / shadow.cell - 0.5
    last = len(shadow.darkness) - 2
    inside = falls & (column >= 0) & (row >= 0) & (column < last) & (row < last)
    darkness = np.zeros(inside.shape, np.float32)
    darkness[inside] = _bilinear(shadow.darkness, row[inside], column[inside])
    if step > 1:
        full = Image.fromarray(darkness).resize((len(at) * step, len(at) * step), Image.Resampling.BILINEAR)
        darkness = np.asarray(full)[:size, :size]
    image *= 1 - darkness[..., None] * np.array([1.0, 0.97, 0.92], np.float32)


def _bilinear(values: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    top, left = row.astype(np.int64), column.astype(np.int64)
    down, over = (row - top).astype(np.float32), (column - left).astype(np.float32)
    upper = values[top, left] * (1 - over) + values[top, left + 1] * over
    lower = values[top + 1, left] * (1 - over) + values[top + 1, left + 1] * over
    return upper * (1 - down) + lower * down
