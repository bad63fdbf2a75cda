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
    """A photo that was looked at.

    Attributes:
        photo: small.
        people: the largest first; may be empty.
        path: the file that it was read from, while it is there.
        mirrored: whether it was read as a mirror image.
        person: who is on screen.
        all_readings: whether the other readings of that person are frames of the clip.
    """

    photo: Photo
    people: tuple[PhotoPerson, ...]
    path: Path
    mirrored: bool = False
    person: int = 0
    all_readings: bool = False

    @property
    def chosen(self) -> PhotoPerson:
        """Who is on screen."""
        return self.people[self.person]

    def with_person(self, person: int, *, all_readings: bool) -> "SeenPhoto":
        """Somebody else, or the same one; numbers that there are not are taken as the nearest."""
        person = min(max(person, 0), len(self.people) - 1)
        return dataclasses.replace(self, person=person, all_readings=all_readings)

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

    def names(self) -> list[str]:
        """What to call the people in a list."""
        return [f"{number}" for number in range(1, len(self.people) + 1)]


@one_thread()
def look(path: Path, estimator: Estimating, *, mirrored: bool = False) -> SeenPhoto:
    """Reads a photo and looks for people.

    Raises:
        ChatposeError: whatever is wrong with the photo.
        MissingFileError: this server can't look at photos.
    """
    photo = read_photo(path, mirrored=mirrored)
    estimator = estimator if isinstance(estimator, PhotoEstimator) else estimator(path)
    try:
        people = estimator.people(photo)
    except (MissingFileError, MissingExtraError) as error:  # whose words name folders of the server
        raise MissingFileError("photos can't be looked at here yet", fix=error.fix) from error
    return SeenPhoto(_small(photo), tuple(people), path, mirrored)


@one_thread()
def seen_again(content: bytes, title: str, person: PhotoPerson) -> SeenPhoto:
    """A photo of the conversation in which somebody was found.

    Raises:
        ChatposeError: whatever is wrong with the photo.
    """
    return SeenPhoto(_small(photo_of_bytes(content, title)), (person,), Path())


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
        ("What was seen", seen_panel(seen.photo, seen.people, PICTURE_PX)),
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
