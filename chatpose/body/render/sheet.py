"""Labelled sheets: many bodies, or finished pictures, in a grid."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from chatpose.body.render.camera import Camera
from chatpose.body.render.figure import LEFT, RIGHT, Figure
from chatpose.body.render.picture import Look, render
from chatpose.body.render.text import embedded_font, fitted

Cell = Figure | Sequence[Figure] | np.ndarray

_GAP = 4
_PAPER, _INK = (255, 255, 255), (52, 58, 66)


def render_sheet(
    cells: Sequence[Cell],
    labels: Sequence[str] | None = None,
    *,
    views: Sequence[Camera | str] = ("front",),
    size: int = 256,
    columns: int | None = None,
    legend: bool = False,
    look: Look | None = None,
) -> np.ndarray:
    """Draws a grid of cells; bodies are drawn at one scale throughout, each in the middle of its place.

    Args:
        cells: a figure, several figures for one cell, or a finished (height, width, 3) uint8 picture.
        labels: a line under each cell, shortened to fit; none when absent.
        views: cameras, whose pictures stand side by side in each cell; direction and angle of view are used.
        size: edge of one picture, pixels.
        columns: cells in a row; chosen for a sheet about as wide as high when absent.
        legend: name the tints of left and right below the grid.
        look: background, light, quality.

    Returns:
        (height, width, 3) uint8 sRGB.

    Raises:
        ValueError: no cells, or another number of labels than of cells.
    """
    if not cells:
        raise ValueError("a sheet needs at least one cell")
    if labels is not None and len(labels) != len(cells):
        raise ValueError(f"{len(labels)} labels for {len(cells)} cells")
    cameras = [_common_camera(view, cells) for view in views]
    wide = len(cameras) * size
    columns = columns or max(1, round(math.sqrt(len(cells) / len(cameras))))
    columns = min(columns, len(cells))
    rows = math.ceil(len(cells) / columns)
    text_size = max(11, size // 15)
    strip = 0 if labels is None else text_size + 8
    foot = text_size + 12 if legend else 0
    sheet = Image.new("RGB", (columns * (wide + _GAP) + _GAP, rows * (size + strip + _GAP) + _GAP + foot), color=_PAPER)
    draw, font = ImageDraw.Draw(sheet), embedded_font(text_size)
    for at, cell in enumerate(cells):
        left = _GAP + (at % columns) * (wide + _GAP)
        top = _GAP + (at // columns) * (size + strip + _GAP)
        _paste_cell(sheet, cell, cameras, (left, top), size, look)
        if labels is not None:
            line = fitted(labels[at], font, wide - 8)
            draw.text((left + (wide - font.getlength(line)) / 2, top + size + 2), line, fill=_INK, font=font)
    if legend:
        _draw_legend(draw, sheet.height - foot + 2, text_size)
    return np.asarray(sheet)


def _figures(cell: Figure | Sequence[Figure]) -> list[Figure]:
    return [cell] if isinstance(cell, Figure) else list(cell)


def _framed(camera: Camera, figures: Sequence[Figure]) -> Camera:
    return camera.framing(*(figure.vertices for figure in figures))


def _common_camera(view: Camera | str, cells: Sequence[Cell]) -> Camera:
    """A view's camera at the distance that the largest cell needs."""
    camera = Camera.from_name(view) if isinstance(view, str) else view
    distances = [_framed(camera, _figures(cell)).distance for cell in cells if not isinstance(cell, np.ndarray)]
    return dataclasses.replace(camera, distance=max(distances, default=camera.distance))


def _paste_cell(
    sheet: Image.Image, cell: Cell, cameras: Sequence[Camera], corner: tuple[int, int], size: int, look: Look | None
) -> None:
    left, top = corner
    if isinstance(cell, np.ndarray):
        width = len(cameras) * size
        picture = ImageOps.contain(Image.fromarray(cell).convert("RGB"), (width, size), Image.Resampling.LANCZOS)
        sheet.paste(picture, (left + (width - picture.width) // 2, top + (size - picture.height) // 2))
        return
    figures = _figures(cell)
    for at, camera in enumerate(cameras):
        framed = dataclasses.replace(_framed(camera, figures), distance=camera.distance)
        sheet.paste(Image.fromarray(render(figures, framed, size, look=look)), (left + at * size, top))


def _draw_legend(draw: ImageDraw.ImageDraw, top: int, text_size: int) -> None:
    font = embedded_font(text_size)
    left = float(2 * _GAP)
    for color, words in ((LEFT, "the body's left"), (RIGHT, "the body's right")):
        fill = tuple(round(255 * channel) for channel in color)
        draw.rectangle((left, top + 2, left + text_size, top + 2 + text_size), fill=fill)
        draw.text((left + text_size + 6, top), words, fill=_INK, font=font)
        left += text_size + 6 + font.getlength(words) + 16
