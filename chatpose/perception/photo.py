"""`Photo`: a picture as people see it, read with care from whatever file they have.

Of a photo's metadata (EXIF) only the orientation, the focal length and the size are looked at, and only the focal
length leaves this module. Place, time, camera and owner never do.

Whether a selfie is mirrored can't be seen in it, so nothing is guessed: who knows says so with `mirrored`.
"""

import dataclasses
import io
import math
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from chatpose.errors import ChatposeError, TooLargeError, UnreadableFileError
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.photo_modes import to_rgb
from chatpose.safefiles import checked_file, read_limited

MAX_PHOTO_BYTES = 128 * 2**20
MAX_PIXELS = 120_000_000
"""More than any camera of today saves by default; a third of a gigabyte in memory."""
LEAST_EDGE = 32
"""Pixels; in less nobody can be made out."""
WORKING_EDGE = 4096
"""Larger photos are shrunk to this before anything looks at them."""
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")

FILM_DIAGONAL_MM = math.hypot(36, 24)
"""Cameras state the focal length that gives the same angle along the diagonal of 36 × 24 mm film."""
_FOCAL_LIMITS_MM = (5.0, 2000.0)
_SAME_SHAPE = 0.02

_ORIENTATION, _EXIF_IFD, _FOCAL_35MM, _EXIF_WIDTH, _EXIF_HEIGHT = 0x0112, 0x8769, 0xA405, 0xA002, 0xA003
_UPRIGHT = {  # EXIF 2.32, tag Orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_READABLE = "a photo: JPEG, PNG, WebP, BMP, TIFF or GIF"


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo, upright, in RGB.

    Attributes:
        pixels: (height, width, 3) uint8 sRGB, shrunk where the photo is very large.
        size: width and height of the photo itself, as it is shown.
        focal_35mm: focal length on 36 × 24 mm film with the same angle of view, mm; None where the file doesn't say.
        notes: what was assumed or done, in sentences.
    """

    pixels: np.ndarray
    size: tuple[int, int]
    focal_35mm: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def scale(self) -> float:
        """Pixels of `pixels` for one of the photo itself, at most 1."""
        return max(self.pixels.shape[:2]) / max(self.size)

    @property
    def focal_px(self) -> float | None:
        """The focal length in pixels of `pixels`, where the file says it."""
        if self.focal_35mm is None:
            return None
        return self.focal_35mm / FILM_DIAGONAL_MM * math.hypot(*self.pixels.shape[:2])

    def in_own_pixels(self, person: Landmarks) -> Landmarks:
        """Landmarks that were found in `pixels`, told in pixels of the photo itself."""
        factor = np.divide(self.size, self.pixels.shape[1::-1])
        return dataclasses.replace(
            person, image_px=person.image_px * factor, crop_px=person.crop_px * factor, photo_size=self.size
        )


def read_photo(path: str | Path, *, mirrored: bool = False) -> Photo:
    """Reads a photo; its content, not its name, tells what it is.

    Args:
        path: JPEG, PNG, WebP, BMP, TIFF or GIF; of several frames or pages the first, with a note.
        mirrored: the photo is a mirror image (many selfies are): it is turned back.

    Raises:
        MissingFileError: no such file.
        TooLargeError: beyond `MAX_PHOTO_BYTES` or `MAX_PIXELS`; found out before the pixels are unpacked.
        UnreadableFileError: not a photo, damaged, cut short, or too small.
    """
    path = Path(path)
    size = checked_file(path, max_bytes=2**62, kind="a photo").stat().st_size
    _check_bytes(size, str(path))
    return photo_of_bytes(read_limited(path, max_bytes=MAX_PHOTO_BYTES, kind="a photo"), str(path), mirrored=mirrored)


def photo_of_bytes(content: bytes, name: str = "the picture", *, mirrored: bool = False) -> Photo:
    """A photo from the bytes of its file; `name` is for messages. Further as `read_photo`."""
    _check_bytes(len(content), name)
    with warnings.catch_warnings():
        # Pillow warns of large pictures and of odd metadata; the limits here are our own, and errors are raised.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                return photo_of_image(image, name, mirrored=mirrored)
        except ChatposeError:
            raise
        except Image.DecompressionBombError as error:
            raise _too_many_pixels(name, str(error).partition(",")[0]) from error
        except Exception as error:  # Pillow's decoders raise almost anything on damaged files
            raise _unreadable(content, name, error) from error


def photo_of_image(image: Image.Image, name: str = "the picture", *, mirrored: bool = False) -> Photo:
    """A photo from a Pillow image, best not loaded yet. Further as `read_photo`.

    Raises:
        OSError: the image's file is damaged, as Pillow says it.
    """
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name, f"{width:,} × {height:,} pixels")
    if min(width, height) < LEAST_EDGE:
        raise UnreadableFileError(
            f"{name} has {width} × {height} pixels",
            expected=f"at least {LEAST_EDGE} × {LEAST_EDGE}",
            fix="take a larger version of the photo",
        )
    notes = _frame_notes(image)
    image.draft("RGB", (WORKING_EDGE, WORKING_EDGE))  # lets JPEG unpack at a fraction of its size
    image.load()
    orientation, focal = _metadata(image, width / height)
    rgb, mode_notes = to_rgb(_reduced(image))
    if max(rgb.size) > WORKING_EDGE:
        rgb.thumbnail((WORKING_EDGE, WORKING_EDGE), Image.Resampling.BOX)
    if orientation in _UPRIGHT:
        rgb = rgb.transpose(_UPRIGHT[orientation])
        width, height = (height, width) if orientation >= 5 else (width, height)
    notes += mode_notes
    if mirrored:
        rgb = rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        notes.append("The photo was said to be a mirror image and turned back.")
    if max(rgb.size) < max(width, height):
        notes.append(f"The photo of {width} × {height} pixels was looked at in {rgb.width} × {rgb.height}.")
    return Photo(np.array(rgb), (width, height), focal, tuple(notes))


def _reduced(image: Image.Image) -> Image.Image:
    """Much too large pictures made smaller before they are converted, where that needs no conversion itself."""
    factor = max(image.size) // WORKING_EDGE
    return image.reduce(factor) if factor > 1 and image.mode in ("L", "RGB", "RGBA", "CMYK") else image


def _frame_notes(image: Image.Image) -> list[str]:
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # MPO: a JPEG with a second view behind
    if frames == 1:
        return []
    what = "pages" if image.format == "TIFF" else "frames"
    return [f"The file holds {frames} {what}; only the first was looked at."]


def _metadata(image: Image.Image, aspect: float) -> tuple[int, float | None]:
    """Orientation (1 to 8) and focal length of 35 mm film; of damaged metadata, upright and None."""
    try:
        exif = image.getexif()
        details = exif.get_ifd(_EXIF_IFD)
        orientation = int(exif.get(_ORIENTATION, 1))
        focal = float(details.get(_FOCAL_35MM, 0))
        shape = float(details.get(_EXIF_WIDTH, 0)), float(details.get(_EXIF_HEIGHT, 0))
    except (ValueError, TypeError, OSError, SyntaxError, LookupError, ArithmeticError, struct.error):
        return 1, None
    if not _FOCAL_LIMITS_MM[0] <= focal <= _FOCAL_LIMITS_MM[1]:
        return orientation, None
    # A photo that was cropped since has another angle of view than its metadata says; turned on its side, it has not.
    cropped = min(shape) > 0 and abs(abs(math.log(shape[0] / shape[1])) - abs(math.log(aspect))) > _SAME_SHAPE
    return orientation, None if cropped else focal


def _check_bytes(size: int, name: str) -> None:
    if size > MAX_PHOTO_BYTES:
        raise TooLargeError(
            f"{name} has {size:,} bytes", expected=f"at most {MAX_PHOTO_BYTES:,}", fix="save a smaller version"
        )


def _too_many_pixels(name: str, found: str) -> TooLargeError:
    return TooLargeError(
        f"{name}: {found}", expected=f"at most {MAX_PIXELS:,} pixels", fix="save a smaller version of the photo"
    )


def _unreadable(content: bytes, name: str, error: Exception) -> UnreadableFileError:
    """What to say of bytes that Pillow can't read."""
    what = _kind(content[:1024])
    if what:
        return UnreadableFileError(f"{name} is {what}", expected=_READABLE, fix="save or export it as JPEG or PNG")
    if isinstance(error, Image.UnidentifiedImageError):
        return UnreadableFileError(f"{name} is no picture that can be read", expected=_READABLE)
    reason = "it is cut short" if "truncated" in str(error).lower() else f"damaged ({error})"
    return UnreadableFileError(f"can't read {name}: {reason}", expected="a whole photo", fix="copy or save it again")


def _kind(head: bytes) -> str:
    """What a file is that people take for a photo; empty where that is unknown.

    Source of the brands: ISO/IEC 14496-12 and 23008-12.
    """
    if head.startswith(b"%PDF"):
        return "a PDF document"
    if b"<svg" in head.lower():
        return "an SVG drawing"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"avif", b"avis"):
            return "an AVIF picture"
        return "a HEIC photo" if brand in (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1") else "a video"
    return ""
