"""What `chatpose search --like` looks for: a pose of a file, or a person of a photo."""

import argparse
from typing import TYPE_CHECKING

from chatpose.cli import options as shared
from chatpose.cli.photo_estimators import Estimators
from chatpose.errors import ChatposeError
from chatpose.perception.photo_files import is_photo

if TYPE_CHECKING:
    from torch import Tensor

    from chatpose.body.pose import Pose


class LikeReader:
    """Reads the poses that searches are for; models for photos are loaded with the first photo.

    Args:
        options: of the command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._estimators = Estimators(options.estimator)

    def read(self, path: str, frame: int | None, person: int | None) -> "tuple[Pose, Tensor | None]":
        """One pose, and of a person in a photo which joints were seen.

        Raises:
            ChatposeError: whatever is wrong with the file; no person in the photo.
        """
        if is_photo(path):
            if frame is not None:
                raise ChatposeError(f"{path} is a photo and has no frames", fix="--person N chooses among its people")
            return self._person(path, person)
        if person is not None:
            raise ChatposeError(f"{path} is no photo and has no people", fix="--frame N chooses among its poses")
        return self._pose(path, frame), None

    def _pose(self, path: str, frame: int | None) -> "Pose":
        clip = shared.read_poses(self._options, path)
        self._note(*clip.notes)
        if len(clip) > 1 and frame is None:
            self._note(f"{path} holds {len(clip)} frames; the first is looked for. --frame N chooses another")
        shared.say("warning", clip.warnings)
        return clip.select(frame=frame or 0).pose.validated()[0]

    def _person(self, path: str, number: int | None) -> "tuple[Pose, Tensor | None]":
        from chatpose.perception.photo import read_photo
        from chatpose.perception.telling import unseen_parts
        from chatpose.retrieval.photo_source import find_person

        photo = read_photo(path)
        people = self._estimators.of(path).people(photo)
        person = find_person(people, number, path)
        self._note(*dict.fromkeys((*photo.notes, *person.notes)))
        if len(people) > 1 and number is None:
            self._note(f"{path} shows {len(people)} people; the largest is looked for. --person N chooses another")
        if unseen := unseen_parts(person.visible):
            self._note(f"not seen well enough, so that it doesn't count: {', '.join(unseen)}")
        return person.pose, person.visible

    def _note(self, *sentences: str) -> None:
        if not self._options.quiet:
            shared.say("note", sentences)
