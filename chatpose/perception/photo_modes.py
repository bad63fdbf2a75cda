"""Pictures of any colour mode as RGB."""

import numpy as np
from PIL import Image

WHITE = (255, 255, 255)


def to_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture in 8 bit RGB, with notes on what was done to it.

    Args:
        image: any of Pillow's modes: bits, grey, palette, colour, with alpha, CMYK, 16 and 32 bit.

    Raises:
        ValueError: a mode that Pillow can't convert.
    """
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB"), []
    if image.mode in ("I", "F"):
        return _stretched(np.asarray(image, np.float64)), ["The brightness was stretched from darkest to brightest."]
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return _over_white(image.convert("RGBA"))
    return image.convert("RGB"), []


def _over_white(image: Image.Image) -> tuple[Image.Image, list[str]]:
    alpha = image.getchannel("A")
    flat = Image.new("RGB", image.size, WHITE)
    flat.paste(image, mask=alpha)
    seen_through = int(np.asarray(alpha).min()) < 255
    return flat, ["Transparent parts of the picture were taken as white."] if seen_through else []


def _stretched(values: np.ndarray) -> Image.Image:
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = values.min(), values.max()
    grey = (values - low) / (high - low if high > low else 1.0) * 255
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
