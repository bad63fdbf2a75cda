"""Backgrounds of rendered scenes, all made up: rooms, open air, gradients, noise, blurred colours, and clutter."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from chatpose.body.render.floor import FloorShadow

_STEP = 2
"""Floors and walls are worked out for every second pixel."""


def backdrop(
    rng: np.random.Generator, rays: np.ndarray, floor_height: float, shadow: FloorShadow | None, depth_m: float
) -> np.ndarray:
    """One random background.

    Args:
        rng: source of the numbers.
        rays: (height, width, 3) direction of every pixel in the level frame, for walls and floors in perspective.
        floor_height: y of the floor, metres; the camera is at 0.
        shadow: of the person, drawn on floors.
        depth_m: how far away the person is; walls stand behind.

    Returns:
        (height, width, 3) float32 sRGB, 0 to 1.
    """
    height, width = rays.shape[:2]
    kind = rng.choice(["room", "open air", "gradient", "noise", "blobs"], p=[0.42, 0.2, 0.1, 0.12, 0.16])
    if kind in ("room", "open air"):
        image = _place(rng, rays[::_STEP, ::_STEP], floor_height, shadow, depth_m, kind == "room")
        image = resized(image, width, height)
    elif kind == "gradient":
        image = _gradient(rng, width, height)
    elif kind == "noise":
        image = _color(rng) + rng.uniform(0.1, 0.5) * np.stack([noise(rng, width, height) for _ in range(3)], -1)
    else:
        image = _blobs(rng, width, height)
    if rng.random() < 0.6:
        image = _cluttered(rng, image)
    return np.clip(image, 0, 1).astype(np.float32)


def noise(rng: np.random.Generator, width: int, height: int, octaves: int = 4) -> np.ndarray:
    """(height, width) float32 smooth noise about 0, of several sizes of grain."""
    total = np.zeros((height, width), np.float32)
    first = rng.integers(1, 4)
    for octave in range(octaves):
        cells = 2 ** (first + octave)
        shape = (max(2, round(cells * height / max(width, height))), max(2, round(cells * width / max(width, height))))
        grid = Image.fromarray(rng.standard_normal(shape).astype(np.float32))
        total += np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC)) * np.float32(0.6**octave)
    return total * np.float32(0.5)


def resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """A float picture (h, w, 3) at another size."""
    planes = [Image.fromarray(image[..., k].astype(np.float32)) for k in range(3)]
    return np.stack([np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR)) for plane in planes], -1)


def _color(rng: np.random.Generator, vivid: float = 0.5) -> np.ndarray:
    """(3,) a colour, mostly a muted one."""
    hue = rng.uniform(0, 1, 3)
    return rng.uniform(0.15, 0.9) + (hue - hue.mean()) * rng.uniform(0, vivid)


def _gradient(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    angle = rng.uniform(0, 2 * math.pi)
    x, y = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)[:, None]
    share = np.clip(0.5 + x * math.cos(angle) + y * math.sin(angle), 0, 1)[..., None]
    return _color(rng) * (1 - share) + _color(rng) * share


def _blobs(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Coloured spots out of focus."""
    canvas = _canvas(np.broadcast_to(_color(rng), (height // 4, width // 4, 3)))
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.integers(6, 30)):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        a, b = rng.uniform(0.04, 0.3, 2) * max(canvas.size)
        draw.ellipse((x - a, y - b, x + a, y + b), fill=_fill(_color(rng, 1.0)))
    soft = canvas.filter(ImageFilter.GaussianBlur(rng.uniform(1.5, 6)))
    return np.asarray(soft.resize((width, height), Image.Resampling.BILINEAR), np.float32) / 255


def _place(
    rng: np.random.Generator,
    rays: np.ndarray,
    floor_height: float,
    shadow: FloorShadow | None,
    depth_m: float,
    room: bool,
) -> np.ndarray:
    """Floor and wall, or ground and sky, in perspective."""
    height, width = rays.shape[:2]
    falls = rays[..., 1] < -1e-4
    reach = np.where(falls, floor_height / np.where(falls, rays[..., 1], -1), np.inf)
    turn = rng.uniform(-0.7, 0.7)
    wall_at = depth_m * rng.uniform(1.1, 2.0) + rng.uniform(0.6, 4.0)
    towards = -rays[..., 2] * math.cos(turn) + rays[..., 0] * math.sin(turn)
    wall_reach = np.where(towards > 1e-4, wall_at / np.maximum(towards, 1e-4), np.inf) if room else np.inf
    on_floor = reach < wall_reach
    at = rays * np.where(on_floor, np.minimum(reach, 60), 0)[..., None]
    floor = _floor(rng, at[..., 0], at[..., 2])
    floor = floor + 0.06 * noise(rng, width, height)[..., None] * rng.uniform(0, 1.5)
    if shadow is not None:
        floor = floor * (1 - _shadow_at(shadow, at[..., 0], at[..., 2])[..., None])
    up = np.linspace(1, 0, height)[:, None, None]
    behind = _color(rng, 0.3) + (0.25 * up - 0.1) * rng.uniform(-1, 1.5)
    behind = np.broadcast_to(behind, (height, width, 3))
    if not room:
        behind = _color(rng, 0.2) * (1 - up) + np.array([0.55, 0.7, 0.92]) * rng.uniform(0.7, 1.1) * up
        behind = behind + 0.12 * noise(rng, width, height)[..., None]
    return np.where(on_floor[..., None], floor, behind)


def _floor(rng: np.random.Generator, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Colours of a floor: plain, tiles, planks or speckled; the pattern fades where it would flicker."""
    base, other = _color(rng, 0.35), _color(rng, 0.35)
    other = base + (other - base) * rng.uniform(0.1, 0.6)
    turn = rng.uniform(0, math.pi)
    along, across = x * math.cos(turn) + z * math.sin(turn), z * math.cos(turn) - x * math.sin(turn)
    kind = rng.choice(["plain", "tiles", "planks", "mottled"])
    if kind == "plain":
        return np.broadcast_to(base, (*x.shape, 3))
    if kind == "tiles":
        edge = rng.uniform(0.2, 0.8)
        share = ((np.floor(along / edge) + np.floor(across / edge)) % 2).astype(np.float32)
    elif kind == "planks":
        row = np.floor(across / rng.uniform(0.08, 0.25))
        share = (np.sin(row * 12.9898) * 43758.5453) % 1.0
    else:
        share = 0.5 + 0.25 * (np.sin(along * 9.7 + 2 * np.sin(across * 5.3)) + np.sin(across * 13.1))
    far = np.clip(np.hypot(x, z) / 12, 0, 1)
    share = share * (1 - far) + 0.5 * far
    return base + (other - base) * share[..., None]


def _shadow_at(shadow: FloorShadow, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Darkness at places on the floor, 0 outside the map."""
    column = ((x - shadow.origin[0]) / shadow.cell).astype(np.int64)
    row = ((z - shadow.origin[1]) / shadow.cell).astype(np.int64)
    last = len(shadow.darkness)
    known = (column >= 0) & (row >= 0) & (column < last) & (row < last)
    return np.where(known, shadow.darkness[row.clip(0, last - 1), column.clip(0, last - 1)], 0)


def _cluttered(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Furniture-like shapes and lines behind the person, more or less out of focus."""
    height, width = image.shape[:2]
    canvas = _canvas(image)
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.integers(1, 9)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        a, b = rng.uniform(0.02, 0.22, 2) * max(width, height)
        paint = _fill(_color(rng))
        kind = rng.random()
        if kind < 0.5:
            draw.rectangle((x - a, y - b, x + a, y + b), fill=paint, outline=_fill(_color(rng)))
        elif kind < 0.75:
            draw.ellipse((x - a, y - b, x + a, y + b), fill=paint)
        else:
            end = (rng.uniform(0, width), rng.uniform(0, height))
            draw.line((x, y, *end), fill=paint, width=int(rng.integers(1, max(2, width // 30))))
    return np.asarray(canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0, 3))), np.float32) / 255


def _canvas(image: np.ndarray) -> Image.Image:
    return Image.fromarray((np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8))


def _fill(color: np.ndarray) -> tuple[int, ...]:
    return tuple(int(np.clip(channel, 0, 1) * 255) for channel in color)
