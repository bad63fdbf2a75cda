import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from chatpose.errors import MissingFileError, TooLargeError, UnreadableFileError
from chatpose.perception import photo as photo_module
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.photo import LEAST_EDGE, WORKING_EDGE, photo_of_bytes, photo_of_image, read_photo

WIDTH, HEIGHT = 96, 64


def picture(width=WIDTH, height=HEIGHT):
    """Red upper left quarter, blue lower right, green elsewhere: every turn and mirroring shows."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 1] = 200
    pixels[: height // 2, : width // 2] = (220, 10, 10)
    pixels[height // 2 :, width // 2 :] = (10, 10, 220)
    return Image.fromarray(pixels)


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif_of(**values):
    exif = Image.Exif()
    details = exif.get_ifd(0x8769)
    for name, value in values.items():
        match name:
            case "orientation":
                exif[0x0112] = value
            case "focal":
                details[0xA405] = value
            case "shape":
                details[0xA002], details[0xA003] = value
            case "gps":
                exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0)})
                exif[0x010F] = value
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".xyz", ""])
def test_the_content_tells_the_type(tmp_path, kind, suffix):
    path = tmp_path / f"photo{suffix}"
    path.write_bytes(encoded(picture(), kind))
    photo = read_photo(path)
    assert photo.pixels.shape == (HEIGHT, WIDTH, 3)
    assert photo.pixels.dtype == np.uint8
    assert photo.size == (WIDTH, HEIGHT)
    assert photo.scale == 1
    assert not photo.notes
    assert np.abs(photo.pixels[10, 10].astype(int) - (220, 10, 10)).max() < 25


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_shows_the_photo_upright(orientation, kind):
    stored = picture()
    inverse = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    turn = inverse.get(orientation, photo_module._UPRIGHT.get(orientation))
    if turn is not None:
        stored = stored.transpose(turn)  # each of the other six undoes itself
    options = {"lossless": True} if kind == "WEBP" else {"quality": 98, "subsampling": 0} if kind == "JPEG" else {}
    photo = photo_of_bytes(encoded(stored, kind, exif=exif_of(orientation=orientation), **options))
    assert photo.size == (WIDTH, HEIGHT)
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture())).mean() < 2


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_impossible_orientation_is_upright(orientation):
    photo = photo_of_bytes(encoded(picture(), "JPEG", exif=exif_of(orientation=orientation)))
    assert photo.size == (WIDTH, HEIGHT)


def test_damaged_metadata_does_not_stop_the_photo():
    content = encoded(picture(), "JPEG", exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff garbage")
    assert photo_of_bytes(content).focal_35mm is None


def test_focal_length_is_the_only_metadata_that_leaves():
    content = encoded(picture(), "JPEG", exif=exif_of(orientation=1, focal=28, gps="Secret Camera Maker"))
    assert b"Secret Camera Maker" in content
    photo = photo_of_bytes(content)
    assert photo.focal_35mm == 28
    assert set(vars(photo)) == {"pixels", "size", "focal_35mm", "notes"}
    assert "Secret" not in repr(vars(photo))
    diagonal = np.hypot(WIDTH, HEIGHT)
    assert photo.focal_px == pytest.approx(28 / np.hypot(36, 24) * diagonal)


@pytest.mark.parametrize(("focal", "shape"), [(0, None), (3, None), (28, (96, 96)), (65535, None)])
def test_an_unlikely_focal_length_is_not_believed(focal, shape):
    values = {"focal": focal, **({"shape": shape} if shape else {})}
    photo = photo_of_bytes(encoded(picture(), "JPEG", exif=exif_of(**values)))
    assert photo.focal_35mm is None
    assert photo.focal_px is None


@pytest.mark.parametrize("shape", [(WIDTH, HEIGHT), (HEIGHT, WIDTH), (4 * WIDTH, 4 * HEIGHT)])
def test_the_focal_length_of_an_uncropped_photo_is_believed(shape):
    assert photo_of_bytes(encoded(picture(), "JPEG", exif=exif_of(focal=50, shape=shape))).focal_35mm == 50


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_mode_becomes_rgb(mode):
    if mode == "I;16":
        image = Image.fromarray(np.asarray(picture().convert("L")).astype(np.uint16) * 257)
    else:
        image = picture().convert(mode)
    photo = photo_of_bytes(encoded(image, "TIFF"))
    assert photo.pixels.shape == (HEIGHT, WIDTH, 3)
    assert photo.pixels.dtype == np.uint8
    bright = photo.pixels @ np.array([0.3, 0.6, 0.1])
    assert bright[10:20, 60:80].mean() - bright[45:55, 60:80].mean() > 30  # green is brighter than blue in every mode


def test_cmyk_and_grey_jpeg():
    assert (
        np.abs(photo_of_bytes(encoded(picture().convert("CMYK"), "JPEG")).pixels[10, 10] - (220.0, 10, 10)).max() < 25
    )
    grey = photo_of_bytes(encoded(picture().convert("L"), "JPEG")).pixels
    assert (grey[..., 0] == grey[..., 2]).all()


def test_sixteen_bit_keeps_its_brightness():
    image = Image.fromarray(np.full((HEIGHT, WIDTH), 0x8000, np.uint16))
    assert (photo_of_bytes(encoded(image)).pixels == 128).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_is_white(mode):
    image = picture().convert("RGBA")
    alpha = np.full((HEIGHT, WIDTH), 255, np.uint8)
    alpha[:, : WIDTH // 2] = 0
    image.putalpha(Image.fromarray(alpha))
    content = encoded(image.quantize(), transparency=image.quantize().getpixel((5, 5))) if mode == "P" else None
    photo = photo_of_bytes(content or encoded(image.convert(mode)))
    assert (photo.pixels[10, 10] > 250).all()
    assert not (photo.pixels[10, 80] > 250).all()
    assert "white" in photo.notes[0]


def test_opaque_alpha_needs_no_note():
    assert not photo_of_bytes(encoded(picture().convert("RGBA"))).notes


def test_floats_that_are_no_numbers():
    values = np.linspace(0, 1, WIDTH * HEIGHT, dtype=np.float32).reshape(HEIGHT, WIDTH)
    values[0, 0], values[0, 1] = np.nan, np.inf
    assert photo_of_bytes(encoded(Image.fromarray(values), "TIFF")).pixels[-1, -1].min() == 255


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame(kind):
    others = [Image.new("RGB", (WIDTH, HEIGHT), color) for color in ((255, 255, 0), (0, 255, 255))]
    photo = photo_of_bytes(encoded(picture(), kind, save_all=True, append_images=others))
    assert np.abs(photo.pixels[10, 10].astype(int) - (220, 10, 10)).max() < 30
    what = "pages" if kind == "TIFF" else "frames"
    assert photo.notes == (f"The file holds 3 {what}; only the first was looked at.",)


def test_a_second_view_in_a_phone_photo_is_no_animation():
    content = encoded(picture(), "MPO", save_all=True, append_images=[picture()])
    assert not photo_of_bytes(content).notes


# --- size ------------------------------------------------------------------------------------------------------------


def png_header(width, height):
    """A PNG that only claims its size."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (chunk, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("edge", [11_000, 13_000, 30_000])
def test_too_many_pixels_are_refused_before_they_are_unpacked(monkeypatch, edge):
    def fail(*_):
        raise AssertionError("the pixels were unpacked")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    with pytest.raises(TooLargeError, match="120,000,000 pixels"):
        photo_of_bytes(png_header(edge, edge), "huge.png")


def test_too_many_bytes(monkeypatch, tmp_path):
    monkeypatch.setattr(photo_module, "MAX_PHOTO_BYTES", 100)
    path = tmp_path / "big.png"
    path.write_bytes(encoded(picture()))
    for read in (lambda: read_photo(path), lambda: photo_of_bytes(path.read_bytes(), "big.png")):
        with pytest.raises(TooLargeError, match="save a smaller version"):
            read()


@pytest.mark.parametrize("size", [(1, 1), (LEAST_EDGE - 1, 500), (500, LEAST_EDGE - 1)])
def test_too_small(size):
    with pytest.raises(UnreadableFileError, match="at least 32 × 32"):
        photo_of_bytes(encoded(Image.new("RGB", size)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_very_large_photo_is_shrunk_and_says_so(kind):
    large = picture(WORKING_EDGE * 2 + 100, 200)
    photo = photo_of_bytes(encoded(large, kind, exif=exif_of(orientation=6)))
    assert photo.size == (200, WORKING_EDGE * 2 + 100)
    assert max(photo.pixels.shape) <= WORKING_EDGE
    assert photo.pixels.shape[0] / photo.pixels.shape[1] == pytest.approx(photo.size[1] / photo.size[0], rel=0.02)
    assert "8292 pixels was looked at in" in photo.notes[0]


def test_landmarks_are_told_in_the_photos_own_pixels():
    photo = photo_of_image(picture(WORKING_EDGE * 2, WORKING_EDGE))
    assert photo.scale == 0.5
    zeros = np.zeros(33)
    person = Landmarks(np.full((33, 2), 100.0), np.zeros((33, 3)), zeros, zeros, 1.0, np.ones((4, 2)), (4096, 2048))
    own = photo.in_own_pixels(person)
    assert (own.image_px == 200).all()
    assert (own.crop_px == 2).all()
    assert own.photo_size == photo.size == (8192, 4096)


def test_mirrored_is_turned_back_and_said():
    photo = photo_of_bytes(encoded(picture()), mirrored=True)
    assert (photo.pixels == np.asarray(picture())[:, ::-1]).all()
    assert "mirror" in photo.notes[0]


# --- what is no photo ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_a_file_that_was_cut_short(kind, share):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8))
    content = encoded(noise, kind)
    with pytest.raises(UnreadableFileError):
        photo_of_bytes(content[: int(len(content) * share)], "cut.jpg")


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "video"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
    ],
)
def test_what_people_take_for_a_photo(tmp_path, head, what):
    path = tmp_path / "photo.jpg"
    path.write_bytes(head + bytes(500))
    with pytest.raises(UnreadableFileError, match=f"{what}.*JPEG or PNG"):
        read_photo(path)


@pytest.mark.parametrize("content", [b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", bytes(5000), b"GIF89a", b"BM"])
def test_not_a_picture(content):
    with pytest.raises(UnreadableFileError, match=r"a( whole)? photo"):
        photo_of_bytes(content, "x.jpg")


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_never_crash(seed):
    generator = np.random.default_rng(seed)
    kind = ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"][seed % 6]
    content = bytearray(encoded(picture(), kind))
    for place in generator.integers(0, len(content), 12):
        content[place] = generator.integers(0, 256)
    try:
        photo = photo_of_bytes(bytes(content), "damaged")
    except UnreadableFileError:
        return
    assert photo.pixels.dtype == np.uint8


def test_no_file_a_folder_an_empty_file(tmp_path):
    with pytest.raises(MissingFileError, match="no file"):
        read_photo(tmp_path / "none.jpg")
    with pytest.raises(MissingFileError, match="directory; expected a photo"):
        read_photo(tmp_path)
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(UnreadableFileError, match="empty; expected a photo"):
        read_photo(tmp_path / "empty.jpg")
