"""Pictures of figures: light, rasterise, anti-alias, floor shadow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chatpose.body.render.camera import Camera
from chatpose.body.render.figure import Figure
from chatpose.body.render.floor import draw_floor_shadow, floor_shadow
from chatpose.body.render.raster import scan
from chatpose.body.render.shading import STUDIO, Lighting, shade


@dataclass(frozen=True)
class Look:
    """How a picture looks.

    Attributes:
        top: sRGB of the background's upper edge, 0 to 1.
        bottom: sRGB of its lower edge.
        floor: draw the shadow on the floor.
        samples: samples a pixel along each axis, for anti-aliasing.
        lighting: the studio.
    """

    top: tuple[float, float, float] = (0.972, 0.975, 0.98)
    bottom: tuple[float, float, float] = (0.915, 0.922, 0.932)
    floor: bool = True
    samples: int = 3
    lighting: Lighting = STUDIO


def render(
    figures: Figure | Sequence[Figure],
    camera: Camera | str = "front",
    size: int = 512,
    *,
    floor_height: float | None = None,
    look: Look | None = None,
) -> np.ndarray:
    """Draws figures. The same input gives the same picture.

    Args:
        figures: what to draw; several occlude and shadow each other.
        camera: a framed camera, or a name for one that is then framed on the figures.
        size: edge of the picture, pixels.
        floor_height: y of the floor, metres; under the lowest vertex when absent.
        look: background, light, quality.

    Returns:
        (size, size, 3) uint8 sRGB.

    Raises:
        UnknownNameError: no such camera.
    """
    look = look or Look()
    scene = _joined([figures] if isinstance(figures, Figure) else figures)
    if isinstance(camera, str):
        camera = Camera.from_name(camera).framing(scene.vertices)
    image = _background(size, look)
    if look.floor:
        height = float(scene.vertices[:, 1].min()) if floor_height is None else floor_height
        draw_floor_shadow(image, floor_shadow(scene.vertices, height, camera.azimuth_deg, look.lighting), camera)
    colors = shade(scene.vertices, scene.faces, scene.colors, camera.position, camera.azimuth_deg, look.lighting)
    _draw_mesh(image, scene, colors, camera, look.samples)
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def _joined(figures: Sequence[Figure]) -> Figure:
    """All figures as one mesh."""
    starts = np.cumsum([0] + [len(figure.vertices) for figure in figures[:-1]])
    return Figure(
        np.concatenate([figure.vertices for figure in figures]),
        np.concatenate([figure.faces + start for figure, start in zip(figures, starts, strict=True)]),
        np.concatenate([figure.colors for figure in figures]),
    )


def _background(size: int, look: Look) -> np.ndarray:
    """(size, size, 3) float32, a vertical gradient."""
    down = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    rows = np.asarray(look.top, np.float32) * (1 - down) + np.asarray(look.bottom, np.float32) * down
    return np.repeat(rows[:, None], size, axis=1)


def _draw_mesh(image: np.ndarray, scene: Figure, colors: np.ndarray, camera: Camera, samples: int) -> None:
    """Lays the mesh over a float picture in place."""
    pixels, depth = camera.project(scene.vertices, len(image))
    lay_over(image, pixels, depth, scene.faces, colors, samples)


def lay_over(
    image: np.ndarray, pixels: np.ndarray, depth: np.ndarray, faces: np.ndarray, colors: np.ndarray, samples: int
) -> None:
    """Lays a projected mesh over a float picture in place, each pixel the mean of its samples.

    Args:
        image: (height, width, 3) float32 sRGB, 0 to 1.
        pixels: (verts, 2) the vertices in the picture, y down.
        depth: (verts,) metres along the direction of view.
        faces: (faces, 3), counter-clockwise from outside.
        colors: (verts, 3) sRGB, or (verts, 4) with opacity, 0 to 1.
        samples: samples a pixel along each axis.
    """
    size = image.shape[1::-1]
    # Only the part of the picture that holds the mesh is sampled; what is behind the camera has no place in it.
    ahead = pixels[depth > 0]
    if not len(ahead):
        return
    low = np.clip(np.floor(ahead.min(0)), 0, size).astype(np.int64)
    width, height = (np.clip(np.ceil(ahead.max(0)), 0, size).astype(np.int64) - low).tolist()
    if width <= 0 or height <= 0:
        return
    columns = width * samples
    fragments = scan((pixels - low) * samples, depth, faces, columns, height * samples)
    shown = fragments.interpolate(colors, faces)
    opacity = shown[:, 3] if shown.shape[1] == 4 else None
    row, column = np.divmod(fragments.sample, columns)
    pixel = (row // samples) * width + column // samples
    coverage = np.bincount(pixel, opacity, width * height)[:, None] / samples**2
    drawn = shown[:, :3] if opacity is None else shown[:, :3] * opacity[:, None]
    summed = np.stack([np.bincount(pixel, drawn[:, k], width * height) for k in range(3)], 1) / samples**2
    part = image[low[1] : low[1] + height, low[0] : low[0] + width]
    part *= (1 - coverage).reshape(height, width, 1).astype(np.float32)
    part += summed.reshape(height, width, 3).astype(np.float32)
