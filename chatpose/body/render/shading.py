"""Light on a mesh, worked out once a vertex: area key light with soft shadows, sky and floor light with occlusion.

The bodies drawn here have a vertex every centimetre or so, about a pixel, so light per vertex and interpolated over
the faces looks the same as light per pixel and costs a tenth. Occlusion comes from depth maps splatted from the
vertices: seen along a direction, a vertex is in shadow when another one of its cell lies clearly in front of it.
"""

import math
from dataclasses import dataclass

import numpy as np

_CELL = 0.028  # metres; about twice the spacing of the vertices, so that a surface leaves no holes
_CELLS_MOST = 512  # along each axis; bodies far apart get larger cells
_BIAS = 0.025  # metres that a vertex may lie behind the front of its cell and still be lit
_SOFTNESS = 0.05  # metres over which light fades into shadow


@dataclass(frozen=True)
class Light:
    """A directional light.

    Attributes:
        azimuth_deg: degrees from the camera's own azimuth, growing to the picture's right.
        elevation_deg: degrees above the horizontal.
        color: linear RGB times strength.
    """

    azimuth_deg: float
    elevation_deg: float
    color: tuple[float, float, float]

    def direction(self, camera_azimuth_deg: float) -> np.ndarray:
        """(3,) unit vector towards the light."""
        return _direction(camera_azimuth_deg + self.azimuth_deg, self.elevation_deg)


@dataclass(frozen=True)
class Lighting:
    """The studio.

    Attributes:
        key: the main light, the only one whose shadows are drawn.
        key_spread_deg: angular radius of the key light, which makes its shadows soft.
        fills: lights without shadows.
        sky: linear RGB from straight above.
        ground: linear RGB from straight below.
        specular: strength of the gloss.
    """

    key: Light = Light(-42.0, 46.0, (1.08, 1.03, 0.97))
    key_spread_deg: float = 5.5
    fills: tuple[Light, ...] = (Light(60.0, 10.0, (0.10, 0.12, 0.15)), Light(150.0, 30.0, (0.26, 0.28, 0.32)))
    sky: tuple[float, float, float] = (0.42, 0.44, 0.48)
    ground: tuple[float, float, float] = (0.20, 0.185, 0.175)
    specular: float = 0.09


STUDIO = Lighting()
"""The light of all pictures: key from the upper left, a cool fill, a rim from behind, pale sky."""


def _direction(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    return np.array(
        [math.sin(azimuth) * math.cos(elevation), math.sin(elevation), math.cos(azimuth) * math.cos(elevation)]
    )


def spiral_directions(count: int, lowest: float = -1.0) -> np.ndarray:
    """(count, 3) unit vectors spread evenly (golden spiral) over the sphere's part with y above `lowest`."""
    at = np.arange(count)
    y = 1 - (1 - lowest) * (at + 0.5) / count
    angle = at * math.pi * (3 - math.sqrt(5))
    ring = np.sqrt(1 - y**2)
    return np.stack([ring * np.cos(angle), y, ring * np.sin(angle)], 1)


def area_light_directions(direction: np.ndarray, spread_deg: float, count: int) -> np.ndarray:
    """(count, 3) unit vectors spread evenly over a cone about `direction`."""
    at = np.arange(count)
    radius = math.radians(spread_deg) * np.sqrt((at + 0.5) / count)
    angle = at * math.pi * (3 - math.sqrt(5))
    right, up = _plane(direction)
    spread = direction + radius[:, None] * (np.cos(angle)[:, None] * right + np.sin(angle)[:, None] * up)
    return spread / np.linalg.norm(spread, axis=1, keepdims=True)


def _plane(direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors at right angles to a direction and each other."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(direction[1]) > 0.9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(helper, direction)
    right /= np.linalg.norm(right)
    return right, np.cross(direction, right)


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(verts, 3) float32 unit normals, each the area-weighted mean of its faces'."""
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    summed = _sum_at_vertices(normals, faces, len(vertices))
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    return (summed / np.maximum(length, 1e-12)).astype(np.float32)


def _sum_at_vertices(face_values: np.ndarray, faces: np.ndarray, count: int) -> np.ndarray:
    """Sums values of faces (faces, channels) at their corners, (count, channels)."""
    flat = faces.ravel()
    columns = [np.bincount(flat, np.repeat(face_values[:, k], 3), count) for k in range(face_values.shape[1])]
    return np.stack(columns, 1)


def visibility(vertices: np.ndarray, normals: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """How much of each direction each vertex sees past the rest of the mesh.

    Args:
        vertices: (verts, 3) metres.
        normals: (verts, 3) unit.
        directions: (n, 3) unit vectors away from the surface, towards the light.

    Returns:
        (n, verts) float32 from 0 (hidden) to 1.
    """
    result = np.empty((len(directions), len(vertices)), np.float32)
    points = np.ascontiguousarray(vertices.T)
    facing = directions.astype(np.float32) @ normals.T
    # A tilted surface spans more depth within a cell: allow for it, or it would shadow itself.
    slope = np.sqrt(1 - np.minimum(facing**2, 1)) / np.maximum(facing, 0.2)
    for at, direction in enumerate(directions):
        basis = np.stack([*_plane(direction), direction]).astype(np.float32)
        right, up, along = basis @ points
        low, high = (right.min(), up.min()), (right.max(), up.max())
        cell = max(_CELL, float(high[0] - low[0]) / _CELLS_MOST, float(high[1] - low[1]) / _CELLS_MOST)
        column = ((right - low[0]) * np.float32(1 / cell)).astype(np.int64)
        row = ((up - low[1]) * np.float32(1 / cell)).astype(np.int64)
        columns, rows = int(column.max()) + 1, int(row.max()) + 1
        index = row * columns + column
        front = np.full(columns * rows, -np.inf, np.float32)
        np.maximum.at(front, index, along)
        hidden = (front[index] - along - _BIAS - 0.5 * _CELL * slope[at]) * (1 / _SOFTNESS)
        result[at] = 1 - np.clip(hidden, 0, 1)
    return result


def shade(
    vertices: np.ndarray,
    faces: np.ndarray,
    albedo: np.ndarray,
    camera_position: np.ndarray,
    camera_azimuth_deg: float,
    lighting: Lighting,
) -> np.ndarray:
    """Colours of the vertices under the light.

    Args:
        vertices: (verts, 3) float32 metres.
        faces: (faces, 3).
        albedo: (verts, 3) sRGB in 0 to 1.
        camera_position: (3,) metres.
        camera_azimuth_deg: the lights turn with the camera, so that every view is lit from its upper left.
        lighting: the studio.

    Returns:
        (verts, 3) float32 sRGB in 0 to 1.
    """
    normals = vertex_normals(vertices, faces)
    view = (camera_position - vertices).astype(np.float32)
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    key = lighting.key.direction(camera_azimuth_deg)

    dome = spiral_directions(20)
    cone = area_light_directions(key, lighting.key_spread_deg, 5)
    seen = visibility(vertices, normals, np.concatenate([dome, cone]))
    ambient = _dome_light(normals, seen[: len(dome)], dome, lighting)
    key_seen = seen[len(dome) :].mean(0)[:, None]

    smooth = _smoothed(np.concatenate([ambient, key_seen], 1), faces)
    ambient, key_seen = smooth[:, :3], smooth[:, 3:]

    diffuse = np.maximum(normals @ key.astype(np.float32), 0)[:, None]
    light = ambient + key_seen * diffuse * np.asarray(lighting.key.color, np.float32)
    openness = ambient.sum(1, keepdims=True) / sum(lighting.sky)
    for fill in lighting.fills:
        direction = fill.direction(camera_azimuth_deg).astype(np.float32)
        light = light + np.maximum(normals @ direction, 0)[:, None] * np.asarray(fill.color, np.float32) * openness

    half = view + key.astype(np.float32)
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    gloss = np.maximum((normals * half).sum(1, keepdims=True), 0) ** 20
    edge = (1 - np.abs((normals * view).sum(1, keepdims=True))) ** 3
    shine = lighting.specular * (gloss * key_seen + 0.7 * edge * openness)
    linear = _srgb_to_linear(albedo) * light + shine
    return _linear_to_srgb(np.clip(linear, 0, 1)).astype(np.float32)


def _dome_light(normals: np.ndarray, seen: np.ndarray, dome: np.ndarray, lighting: Lighting) -> np.ndarray:
    """Light from sky and floor that reaches each vertex, (verts, 3)."""
    up = (dome[:, 1:2] + 1) / 2
    radiance = (np.asarray(lighting.ground) * (1 - up) + np.asarray(lighting.sky) * up).astype(np.float32)
    facing = np.maximum(normals @ dome.T.astype(np.float32), 0)
    return (facing * seen.T) @ radiance * np.float32(4 / len(dome))


def _smoothed(values: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Values of vertices averaged over their faces, which hides the grain of the splatted depth maps."""
    ones = np.ones((len(faces), 1))
    summed = _sum_at_vertices(np.concatenate([values[faces].mean(1), ones], 1), faces, len(values))
    return (summed[:, :-1] / np.maximum(summed[:, -1:], 1)).astype(np.float32)


def _srgb_to_linear(color: np.ndarray) -> np.ndarray:
    return color ** np.float32(2.2)


def _linear_to_srgb(color: np.ndarray) -> np.ndarray:
    return color ** np.float32(1 / 2.2)
