"""Pictures of what was made of a photo: the skeleton on it, the body before its camera, the body from the side."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from chatpose.body.keypoints import keypoint_set
from chatpose.body.model import BodyModel
from chatpose.body.render import Camera, Figure, figure_of_body, render
from chatpose.body.render.picture import lay_over
from chatpose.body.render.shading import STUDIO, shade
from chatpose.body.render.text import embedded_font, fitted
from chatpose.perception.landmarks import KIND, NAMES, Landmarks
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo
from chatpose.perception.readings import Reading, distinct_readings
from chatpose.perception.same_person import person_size_px
from chatpose.perception.scene_sight import projected

PANEL_PX = 512
SMALL = 0.4
"""Where nobody and nothing of the people takes more of the photo's longer edge, only their part of it is drawn."""
_AROUND = 0.3
"""Room about them, as part of their size."""
SEEN_FROM = 0.5
"""Landmarks that are less likely to be seen are drawn thin."""
OPACITY, FAINT = 0.92, 0.3
"""Of the body over the photo: its visible parts, and those that nothing is said of."""
_FADED = 0.75
"""How far the photo is taken back towards grey under the body."""
_GREY = np.array([0.9, 0.905, 0.915], np.float32)
_UNSEEN = np.array([0.84, 0.845, 0.855], np.float32)
_INK, _PAPER = (52, 58, 66), (255, 255, 255)
_MIDDLE = (250, 250, 250)
_LEFT, _RIGHT = (tuple(round(255 * channel) for channel in color) for color in ((0.98, 0.55, 0.12), (0.16, 0.55, 0.95)))
_GAP, _FINE = 4, 2


def overlay(
    photo: Photo,
    people: Sequence[PhotoPerson],
    body: BodyModel,
    *,
    hypotheses: bool = False,
    size: int = PANEL_PX,
) -> np.ndarray:
    """All panels side by side: what was seen, the bodies from the photo's camera, each body from the side.

    Args:
        photo: as it was looked at.
        people: whom to draw; with nobody only the photo is there.
        body: that the poses are for.
        hypotheses: show the other readings of each person from the side, too.
        size: longer edge of the photo's panels, pixels.

    Returns:
        (height, width, 3) uint8 sRGB.
    """
    panels = [seen_panel(photo, people, size)]
    if people:
        panels.append(body_panel(photo, people, body, size))
        panels.append(side_panel(people, body, max(panels[0].shape[0], 2 * size // 3), hypotheses=hypotheses))
    return _beside(panels)


def seen_panel(photo: Photo, people: Sequence[PhotoPerson], size: int = PANEL_PX) -> np.ndarray:
    """The photo with everybody's landmarks: left orange, right blue, what is hidden thin; numbers where several are."""
    frame = _framed(photo, people, size)
    picture = frame.cut(photo)
    fine = picture.resize((picture.width * _FINE, picture.height * _FINE), Image.Resampling.BILINEAR).convert("RGB")
    draw = ImageDraw.Draw(fine, "RGBA")
    fine_frame = frame._replace(factor=frame.factor * _FINE)
    for person in reversed(people):
        _draw_skeleton(draw, person.landmarks, fine_frame)
    for number, person in enumerate(people, 1):
        if len(people) > 1:
            _draw_number(draw, person.landmarks, number, fine_frame, fine.height)
    return np.asarray(fine.resize(picture.size, Image.Resampling.BOX))


def body_panel(
    photo: Photo, people: Sequence[PhotoPerson], body: BodyModel, size: int = PANEL_PX, hypothesis: int = 0
) -> np.ndarray:
    """The photo, faded, with the bodies where they stand; parts that nothing is said of are see-through.

    Args:
        photo: as it was looked at.
        people: whom to draw.
        body: that the poses are for.
        size: longer edge, pixels.
        hypothesis: which one of each person.
    """
    frame = _framed(photo, people, size)
    picture = np.asarray(frame.cut(photo), np.float32) / 255
    image = picture + _FADED * (0.35 * picture.mean(-1, keepdims=True) + 0.65 * _GREY - picture)
    nearest_last = sorted(people, key=lambda person: float(person.poses.transl[hypothesis, 2]))
    for person in nearest_last:
        _lay_body(image, _figure(person, body, hypothesis), person, frame)
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def side_panel(
    people: Sequence[PhotoPerson], body: BodyModel, height: int, *, hypotheses: bool = False, view: str = "side"
) -> np.ndarray:
    """Each body from the side of the photo's line of sight, a tile each, in as many columns as fit the height.

    Args:
        people: whom to draw.
        body: that the poses are for.
        height: of the panel, pixels.
        hypotheses: a tile for every reading of each person, with how likely it is.
        view: a named view of `Camera`; the camera of the photo looks from "front".
    """
    cells: list[Figure] = []
    labels: list[str] = []
    for number, person in enumerate(people, 1):
        readings = distinct_readings(person, body)
        for reading in readings if hypotheses else [Reading(0, 1.0)]:
            cells.append(_pale(_figure(person, body, reading.hypothesis)))
            whose = f"{number}, side" if len(people) > 1 else "from the side"
            labels.append(f"{whose}, {reading.weight:.0%}" if hypotheses and len(readings) > 1 else whose)
    rows = max(1, round(len(cells) ** 0.5))
    edge = (height - (rows - 1) * _GAP) // rows
    columns = -(-len(cells) // rows)
    sheet = np.full((height, columns * (edge + _GAP) - _GAP, 3), 255, np.uint8)
    for at, (figure, label) in enumerate(zip(cells, labels, strict=True)):
        top, left = (at // columns) * (edge + _GAP), (at % columns) * (edge + _GAP)
        camera = Camera.from_name(view).framing(figure.vertices)
        tile = Image.fromarray(render(figure, camera, edge))
        font = embedded_font(max(11, edge // 24))
        ImageDraw.Draw(tile).text((8, 6), fitted(label, font, edge - 16), fill=_INK, font=font)
        sheet[top : top + edge, left : left + edge] = np.asarray(tile)
    return sheet


class _Frame(NamedTuple):
    """The part of the photo that is drawn: `box` (left, top, right, bottom) in its pixels, and by how much it grows."""

    box: tuple[float, float, float, float]
    factor: float

    def cut(self, photo: Photo) -> Image.Image:
        """The picture of it."""
        width, height = (max(1, round((self.box[k + 2] - self.box[k]) * self.factor)) for k in (0, 1))
        box = tuple(edge * photo.scale for edge in self.box)
        picture = Image.fromarray(photo.pixels)
        limits = (*picture.size, *picture.size)
        inside = tuple(min(edge, limit) for edge, limit in zip(box, limits, strict=True))
        return picture.resize((width, height), Image.Resampling.LANCZOS, box=inside)  # type: ignore[arg-type]

    def place(self, pixels: np.ndarray) -> np.ndarray:
        """Where pixels (n, 2) of the photo lie in it."""
        return (pixels - self.box[:2]) * self.factor


def _framed(photo: Photo, people: Sequence[PhotoPerson], size: int) -> _Frame:
    """The whole photo, or the part of it about small people."""
    edges = np.array(photo.size, np.float64)
    box = np.array([0.0, 0.0, *edges])
    points = [person.landmarks.image_px[person.landmarks.inside] for person in people]
    if points and len(joined := np.concatenate(points)):
        low, high = joined.min(0), joined.max(0)
        extent = float((high - low).max())
        if 0 < extent < SMALL * edges.max():
            room = _AROUND * extent
            box = np.concatenate([np.maximum(low - room, 0), np.minimum(high + room, edges)])
    left, top, right, bottom = box.tolist()
    return _Frame((left, top, right, bottom), size / max(right - left, bottom - top))


def paled(figure: Figure, body: BodyModel, visible: Tensor) -> Figure:
    """A body whose hidden parts are near white.

    Args:
        figure: of the body.
        body: that it is of.
        visible: (24,) whether anything may be said of a joint.
    """
    return _pale(_with_sight(figure, body, visible))


def _figure(person: PhotoPerson, body: BodyModel, hypothesis: int) -> Figure:
    """The body with tinted limbs; a fourth colour channel says how visible each vertex is, 0 to 1."""
    figure = figure_of_body(body(person.poses[hypothesis]), body, tint_sides=True)
    return _with_sight(figure, body, person.visible)


def _with_sight(figure: Figure, body: BodyModel, visible: Tensor) -> Figure:
    seen = (body.data.weights @ visible.to(body.data.weights)).numpy()
    return replace(figure, colors=np.concatenate([figure.colors, seen[:, None].astype(np.float32)], axis=1))


def _pale(figure: Figure) -> Figure:
    """The figure opaque, its hidden parts near white."""
    seen = figure.colors[:, 3:]
    return replace(figure, colors=figure.colors[:, :3] * seen + _UNSEEN * (1 - seen))


def _lay_body(image: np.ndarray, figure: Figure, person: PhotoPerson, frame: _Frame) -> None:
    lit = shade(figure.vertices, figure.faces, figure.colors[:, :3], np.zeros(3), 0.0, STUDIO)
    opacity = FAINT + (OPACITY - FAINT) * figure.colors[:, 3:]
    pixels, depth = projected(figure.vertices @ person.camera.photo_from_level.numpy().T, person.camera)
    lay_over(image, frame.place(pixels), depth, figure.faces, np.concatenate([lit, opacity], axis=1), samples=2)


def _draw_skeleton(draw: ImageDraw.ImageDraw, person: Landmarks, frame: _Frame) -> None:
    points = frame.place(person.image_px)
    unit = max(2.0, min(9.0, person_size_px(person) * frame.factor / 80))
    seen = person.inside & (person.visibility >= SEEN_FROM)
    for first, second in keypoint_set(KIND).edges:
        if not (person.inside[first] and person.inside[second]):
            continue
        both = bool(seen[first] and seen[second])
        line = [*points[first], *points[second]]
        if both:
            draw.line(line, fill=(20, 20, 20, 130), width=round(unit + 2 * _FINE))
        width = max(1, round(unit if both else unit / 3))
        draw.line(line, fill=(*_color(first, second), 235 if both else 120), width=width)
    for index in np.flatnonzero(seen):
        x, y = points[index]
        radius = 0.75 * unit
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*_MIDDLE, 255), outline=(20, 20, 20, 160))


def _color(first: int, second: int) -> tuple[int, ...]:
    sides = {NAMES[index].partition("_")[0] for index in (first, second)}
    return _LEFT if sides == {"left"} else _RIGHT if sides == {"right"} else _MIDDLE


def _draw_number(draw: ImageDraw.ImageDraw, person: Landmarks, number: int, frame: _Frame, height: int) -> None:
    """The person's number above the head."""
    x, y = frame.place(person.image_px)[NAMES.index("nose")]
    font = embedded_font(max(24, height // 20))
    y = max(2.0, y - 0.18 * person_size_px(person) * frame.factor - font.getbbox("0")[3])
    draw.text((x, y), str(number), fill=_PAPER, font=font, stroke_width=4, stroke_fill=_INK, anchor="ma")


def _beside(panels: Sequence[np.ndarray]) -> np.ndarray:
    height = max(panel.shape[0] for panel in panels)
    width = sum(panel.shape[1] + _GAP for panel in panels) - _GAP
    sheet = np.full((height, width, 3), 255, np.uint8)
    left = 0
    for panel in panels:
        sheet[: panel.shape[0], left : left + panel.shape[1]] = panel
        left += panel.shape[1] + _GAP
    return sheet
