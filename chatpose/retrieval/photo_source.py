"""`PhotoSource`: the people of a photo as poses of a library."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from chatpose.body.ground import put_on_floor
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.corpus.source import file_fingerprint
from chatpose.errors import ChatposeError, MissingExtraError, MissingFileError
from chatpose.perception.blazepose import MAX_PEOPLE
from chatpose.perception.estimator import PhotoEstimator
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import read_photo
from chatpose.perception.telling import unseen_parts
from chatpose.retrieval.pose_source import SourcePoses

LEAST_SEEN = 12
"""Joints of the 24 that have to be seen for a person to become a pose: half a person is somebody's guess."""


class PhotosUnreadableError(MissingFileError):
    """What looks at photos isn't on this machine."""


@dataclass(frozen=True)
class PhotoSource:
    """One photo; every person of it is a pose, numbered from 1, the largest first.

    Attributes:
        path: of the photo.
        name: how it is called.
        collection: what it belongs to.
        licence: its terms.
        estimator_of: who looks at a photo.
        way: how it is looked at, another text for every estimator that finds other poses; part of the fingerprint.
        mirrored: the photo is a mirror image and turned back.
        limit: most people.
    """

    path: Path
    name: str
    collection: str
    licence: str
    estimator_of: Callable[[Path], PhotoEstimator]
    way: str = ""
    mirrored: bool = False
    limit: int = MAX_PEOPLE

    @property
    def file(self) -> str:
        """Its path."""
        return str(self.path)

    def fingerprint(self) -> str:
        """Of the bytes and of how they are looked at."""
        return file_fingerprint(self.path, f"photo {self.way} {'mirrored' if self.mirrored else ''}")

    def read(self) -> SourcePoses:
        """The likeliest pose of everybody, on the floor; nobody where nobody was found, with a note.

        Raises:
            ChatposeError: whatever is wrong with the photo or the estimator.
        """
        photo = read_photo(self.path, mirrored=self.mirrored)
        people = self.estimator_of(self.path).people(photo, self.limit)
        notes = dict.fromkeys((*photo.notes, *(note for person in people for note in person.notes)))
        kept = [(number, person) for number, person in enumerate(people, 1) if enough_is_seen(person)]
        seen = {number for number, _ in kept}
        for number in range(1, len(people) + 1):
            if number not in seen:
                notes[f"of person {number} in {self.path.name} too little was seen"] = None
        if not people:
            notes[f"no person was found in {self.path.name}"] = None
        if not kept:
            return SourcePoses(Pose.identity((0,)), np.arange(0), notes=tuple(notes))
        numbers = np.array([number for number, _ in kept])
        told = [_told(person, number, len(people)) for number, person in kept]
        return SourcePoses(
            _standing([person.pose for _, person in kept]), numbers, descriptions=told, notes=tuple(notes)
        )


@dataclass(frozen=True)
class PhotoReader:
    """Makes sources of photos: what `find_sources.Reading.photo` takes.

    Attributes:
        estimator_of: who looks at a photo.
        check: raises when no photo can be read on this machine.
        collection: of all photos; the folder of each when empty.
        licence: of all photos.
        way: see `PhotoSource`.
        mirrored: all photos are mirror images.
    """

    estimator_of: Callable[[Path], PhotoEstimator]
    check: Callable[[], None] = lambda: None
    collection: str = ""
    licence: str = "not stated: ask whoever made it"
    way: str = ""
    mirrored: bool = False

    def __call__(self, path: Path, name: str) -> PhotoSource:
        """The source of a photo.

        Raises:
            PhotosUnreadableError: the models or the package that runs them are missing; the message says what to do.
        """
        try:
            self.check()
        except (MissingFileError, MissingExtraError) as error:
            raise PhotosUnreadableError(error.got, expected=error.expected, fix=error.fix) from error
        collection = self.collection or path.parent.name
        return PhotoSource(path, name, collection, self.licence, self.estimator_of, self.way, self.mirrored)


def enough_is_seen(person: PhotoPerson) -> bool:
    """Whether a person's pose is more seen than guessed."""
    return int(person.visible.sum()) >= LEAST_SEEN


def find_person(people: list[PhotoPerson], number: int | None, photo: str) -> PhotoPerson:
    """One of the people of a photo.

    Args:
        people: the largest first.
        number: from 1; the largest when absent.
        photo: its name, for messages.

    Raises:
        ChatposeError: nobody, not so many, or of whom nothing was seen.
    """
    if not people:
        raise ChatposeError(f"no person was found in {photo}", fix="try a photo that shows more of somebody, larger")
    if number is not None and not 1 <= number <= len(people):
        raise ChatposeError(f"{photo}: no person {number}", expected=f"1 to {len(people)}")
    person = people[(number or 1) - 1]
    if not bool(person.visible.any()):
        raise ChatposeError(f"{photo}: nothing of person {number or 1} was seen well enough")
    return person


def _told(person: PhotoPerson, number: int, count: int) -> str:
    """What is said of the pose in the library."""
    chance = float(person.confidence[0][person.visible].mean())
    unseen = unseen_parts(person.visible)
    hidden = f"; guessed: {', '.join(unseen)}" if unseen else ""
    return f"person {number} of {count}, confidence {chance:.0%}{hidden}"


def _standing(poses: list[Pose]) -> Pose:
    """On the floor instead of before a camera."""
    pose = stack_poses(poses)
    return put_on_floor(pose.replace(transl=torch.zeros_like(pose.transl)), BodyModel.open())
