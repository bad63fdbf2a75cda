"""Words in pictures, with the font that Pillow carries inside, so that every machine draws the same."""

import unicodedata

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_SPELLED = str.maketrans({"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x", "°": " deg", "ß": "ss"})


def embedded_font(size: int) -> Font:
    """Pillow's own scalable font, `size` pixels high, or its small bitmap font where Pillow lacks FreeType."""
    try:
        font = ImageFont.load_default(size)
    except ImportError:
        return ImageFont.load_default_imagefont()
    if isinstance(font, ImageFont.FreeTypeFont):
        # The other layout engine depends on a system library, and places letters a little differently.
        return font.font_variant(layout_engine=ImageFont.Layout.BASIC)
    return font


def drawable(text: str) -> str:
    """The text on one line in the letters that the embedded fonts have, which is ASCII.

    Accents are dropped, a few signs are spelled out, and any other character becomes "?".
    """
    spelled = unicodedata.normalize("NFKD", " ".join(text.split()).translate(_SPELLED))
    letters = "".join(char for char in spelled if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else "?" for char in letters)


def fitted(text: str, font: Font, width: float) -> str:
    """The drawable text, cut short with "..." so that it is at most `width` pixels wide; empty when nothing fits."""
    text = drawable(text)
    if font.getlength(text) <= width:
        return text
    low, high = 0, len(text)  # the longest beginning that fits, by bisection
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle].rstrip() + "...") <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "..." if low else ""
