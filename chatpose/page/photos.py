"""Photos on the page: the people in one, which of them is on screen, and the pictures that go with it."""

import base64
import dataclasses
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from chatpose.body.model import BodyModel
from chatpose.body.skeleton import SMPL
from chatpose.errors import MissingExtraError, MissingFileError
from chatpose.formats.clip import PoseClip
from chatpose.perception.estimator import PhotoEstimator
from chatpose.perception.one_thread import one_thread
from chatpose.perception.overlay import body_panel, seen_panel
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo, photo_of_bytes, read_photo
from chatpose.perception.readings import Reading, distinct_readings

Estimating = PhotoEstimator | Callable[[Path], PhotoEstimator]
"""Finds people in photos; or says who does, by the path of the photo."""

KEPT_PX = 1024
"""The page keeps photos no larger than this; they are drawn again when another person is chosen."""
PICTURE_PX = 420
_QUALITY = 88


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """A photo with the person in it who is on screen.

    Attributes:
        photo: small.
        chosen: who is on screen.
        all_readings: whether the other readings of that person are frames of the clip.
    """

    photo: Photo
    chosen: PhotoPerson
    all_readings: bool = False

    def with_all_readings(self) -> "SeenPhoto":
        """The same, with all readings as frames."""
        return dataclasses.replace(self, all_readings=True)

    def readings(self, body: BodyModel) -> list[Reading]:
        """All readings of who is on screen, the likeliest first."""
        return distinct_readings(self.chosen, body)

    def reading_of_frame(self, frame: int, body: BodyModel) -> Reading:
        """The reading that a frame of the clip shows."""
        readings = self.readings(body)
        return readings[min(max(frame, 0), len(readings) - 1) if self.all_readings else 0]

    def clip(self, body: BodyModel) -> PoseClip:
        """The pose of who is on screen; each reading a frame where all are asked for."""
        readings = self.readings(body) if self.all_readings else self.readings(body)[:1]
        frames = [reading.hypothesis for reading in readings]
        notes = dict.fromkeys((*self.photo.notes, *self.chosen.notes))
        return PoseClip(self.chosen.poses[frames], layout="photo", notes=tuple(notes))

    def unseen(self) -> list[str]:
        """Joints of who is on screen that nothing is said of: where they are is a guess."""
        return [name for name, seen in zip(SMPL.joint_names, self.chosen.visible.tolist(), strict=True) if not seen]


@one_thread()
def look(path: Path, estimator: Estimating) -> list[PhotoPerson]:
    """Reads a photo and looks for people; the largest first, there may be none.

    Raises:
        ChatposeError: whatever is wrong with the photo.
        MissingFileError: this server can't look at photos.
    """
    photo = read_photo(path)
    estimator = estimator if isinstance(estimator, PhotoEstimator) else estimator(path)
    try:
        return estimator.people(photo)
    except (MissingFileError, MissingExtraError) as error:  # whose words name folders of the server
        raise MissingFileError("photos can't be looked at here yet", fix=error.fix) from error


@one_thread()
def seen_again(content: bytes, title: str, person: PhotoPerson) -> SeenPhoto:
    """A photo of the conversation in which somebody was found.

    Raises:
        ChatposeError: whatever is wrong with the photo.
    """
    return SeenPhoto(_small(photo_of_bytes(content, title)), person)


def small_picture(content: bytes, title: str, size: int) -> str:
    """A photo as a data URL, its longer edge at most `size` pixels.

    Raises:
        ChatposeError: whatever is wrong with the photo.
    """
    picture = Image.fromarray(photo_of_bytes(content, title).pixels)
    picture.thumbnail((size, size), Image.Resampling.BOX)
    return _data_url(np.array(picture))


@one_thread()
def pictures(seen: SeenPhoto, body: BodyModel) -> list[tuple[str, str]]:
    """What is shown beside the body: (words, data URL) of the photo with landmarks and of the body in it."""
    drawn = (
        ("What was seen", seen_panel(seen.photo, [seen.chosen], PICTURE_PX)),
        ("The body in the photo", body_panel(seen.photo, [seen.chosen], body, PICTURE_PX)),
    )
    return [(words, _data_url(picture)) for words, picture in drawn]


def _small(photo: Photo) -> Photo:
    """The photo with fewer pixels; its size stays what it is, so that everything lies where it lay."""
    picture = Image.fromarray(photo.pixels)
    picture.thumbnail((KEPT_PX, KEPT_PX), Image.Resampling.BOX)
    return dataclasses.replace(photo, pixels=np.array(picture))


def _data_url(picture: np.ndarray) -> str:
    """The picture inside the page: no file of it is served or kept."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
