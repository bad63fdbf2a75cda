"""Things that stand between camera and person in rendered scenes."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from chatpose.perception.scene_backdrop import noise

_SCALE = 2  # masks are drawn this much larger, for soft edges


def occluder_mask(rng: np.random.Generator, width: int, height: int, at: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """How much each pixel is covered by one random thing.

    Args:
        rng: source of the numbers.
        width: of the picture.
        height: of the picture.
        at: (2,) pixel that it covers.
        extent: (2,) size of the person, pixels.

    Returns:
        (height, width) float32, 0 to 1.
    """
    canvas = Image.new("L", (width * _SCALE, height * _SCALE))
    draw = ImageDraw.Draw(canvas)
    kind = rng.choice(["box", "ellipse", "bar", "table"], p=[0.35, 0.25, 0.15, 0.25])
    longest = float(extent.max())
    half = longest * rng.uniform(0.08, 0.28, 2)
    if kind == "box":
        _polygon(draw, at, half, rng.normal(0, 0.2))
    elif kind == "ellipse":
        low, high = (at - half) * _SCALE, (at + half) * _SCALE
        draw.ellipse((*low.tolist(), *high.tolist()), fill=255)
    elif kind == "bar":
        tilt = rng.choice([0.0, math.pi / 2]) + rng.normal(0, 0.15)
        _polygon(draw, at, np.array([2.0 * (width + height), longest * rng.uniform(0.03, 0.09)]), tilt)
    else:
        _table(draw, rng, at, longest)
    soft = canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2.5) * _SCALE))
    return np.asarray(soft.resize((width, height), Image.Resampling.BOX), np.float32) / 255


def covered(rng: np.random.Generator, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A float picture (height, width, 3) with a thing of random colour over it where the mask (height, width) is."""
    height, width = mask.shape
    color = rng.uniform(0.05, 0.95) + rng.uniform(-0.15, 0.15, 3)
    down = np.linspace(0.5, -0.5, height)[:, None, None] * rng.uniform(-0.4, 0.4)
    paint = np.clip(color + down + 0.1 * rng.uniform(0, 1.5) * noise(rng, width, height)[..., None], 0, 1)
    return image + mask[..., None] * (paint.astype(np.float32) - image)


def _polygon(draw: ImageDraw.ImageDraw, at: np.ndarray, half: np.ndarray, turn_rad: float) -> None:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    turn = np.array([[math.cos(turn_rad), -math.sin(turn_rad)], [math.sin(turn_rad), math.cos(turn_rad)]])
    draw.polygon([tuple(corner) for corner in ((corners @ turn.T + at) * _SCALE).tolist()], fill=255)


def _table(draw: ImageDraw.ImageDraw, rng: np.random.Generator, at: np.ndarray, longest: float) -> None:
    """A slab on two legs, or a chair's seat and back."""
    half = np.array([rng.uniform(0.25, 0.6), rng.uniform(0.015, 0.06)]) * longest
    _polygon(draw, at, half, rng.normal(0, 0.05))
    leg = np.array([rng.uniform(0.012, 0.03), 0.25]) * longest
    for side in (-0.85, 0.85):
        _polygon(draw, at + np.array([side * half[0], leg[1]]), leg, 0.0)
    if rng.random() < 0.4:
        back = np.array([half[0] * 0.3, rng.uniform(0.1, 0.25) * longest])
        _polygon(draw, at + np.array([rng.choice([-0.7, 0.7]) * half[0], -back[1]]), back, 0.0)
