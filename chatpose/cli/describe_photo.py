"""`chatpose describe PHOTO`: everybody in a photo in words, as far as they were seen."""

import argparse
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.cli import pose_lines
from chatpose.cli.photo_estimators import Estimators, add_estimator
from chatpose.errors import ChatposeError

if TYPE_CHECKING:
    from chatpose.atlas.naming import Namer
    from chatpose.perception.person import PhotoPerson
    from chatpose.perception.photo import Photo
    from chatpose.perception.telling import Told
    from chatpose.posecodes.describe import Describer


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that only photos have."""
    photos = parser.add_argument_group("of photos")
    photos.add_argument("--person", type=shared.positive, metavar="N", help="only the N-th largest person")
    photos.add_argument(
        "--people", type=shared.positive, default=10, metavar="N", help="at most the N largest people (default: 10)"
    )
    photos.add_argument("--readings", action="store_true", help="also the other poses that the photo may show")
    photos.add_argument("--overlay", metavar="OUT.png", help="draw what was seen and the bodies, beside the photo")
    photos.add_argument("--mirrored", action="store_true", help="the photo is a mirror image, as many selfies are")
    photos.add_argument("--no-fit", action="store_true", help="don't refine the poses on what was seen; faster")
    add_estimator(photos)


def check_options(options: argparse.Namespace) -> None:
    """Options that can't be meant.

    Raises:
        ChatposeError: one picture for several photos, or one that isn't a PNG.
        UnwritableFileError: the picture can't be written there.
    """
    if options.overlay is None:
        return
    if options.batch or len(options.files) != 1:
        raise ChatposeError("one --overlay for several inputs", expected="one photo", fix="run once for each photo")
    if not options.overlay.lower().endswith(".png"):
        raise ChatposeError(f"--overlay {options.overlay}", expected="a name that ends in .png")


class PhotoTeller:
    """Describes photos; models are loaded with the first one.

    Args:
        options: of the command line.
        describer: of the body.
        namer: knows what poses are called.
    """

    def __init__(self, options: argparse.Namespace, describer: "Describer", namer: "Namer") -> None:
        self.options, self.describer, self.namer = options, describer, namer
        self._estimators = Estimators(options.estimator, describer.body, fit=not options.no_fit)

    def describe(self, path: str) -> None:
        """Prints what there is to say of one photo.

        Raises:
            ChatposeError: whatever is wrong with the photo, the estimator or the picture to write.
        """
        from chatpose.perception.one_thread import one_thread

        with one_thread():
            self._describe(path)

    def _describe(self, path: str) -> None:
        from chatpose.perception.photo import read_photo

        options = self.options
        start = time.perf_counter()
        photo = read_photo(path, mirrored=options.mirrored)
        people = self._estimators.of(path).people(photo, max(options.people, options.person or 1))
        numbered = list(enumerate(people, 1))
        if options.person:
            numbered = [(number, person) for number, person in numbered if number == options.person]
            if not numbered:
                raise ChatposeError(f"{path}: no person {options.person}", expected=_count(len(people)))
        told = [(number, person, self._tell(person)) for number, person in numbered]
        seconds = time.perf_counter() - start
        if options.overlay:
            self._draw(photo, [person for _, person in numbered])
        if not options.quiet:
            said = [*photo.notes, *(note for _, person in numbered for note in person.notes)]
            shared.say("note", dict.fromkeys(said))
        if options.json:
            rows = [self._as_json(person, words) for _, person, words in told]
            shared.print_json({"input": path, "people": rows, "seconds": round(seconds, 4)})
        else:
            self._show(path, told, len(people))

    def _tell(self, person: "PhotoPerson", hypothesis: int = 0) -> "Told":
        from chatpose.perception.telling import tell

        options = self.options
        return tell(person, self.describer, self.namer, options.style, options.seed, hypothesis)

    def _draw(self, photo: "Photo", people: "list[PhotoPerson]") -> None:
        from PIL import Image

        from chatpose.perception.overlay import overlay
        from chatpose.safefiles import atomic_write

        picture = Image.fromarray(overlay(photo, people, self.describer.body, hypotheses=self.options.readings))
        with atomic_write(Path(self.options.overlay)) as temporary:
            picture.save(temporary, "PNG")

    def _show(self, path: str, told: "list[tuple[int, PhotoPerson, Told]]", count: int) -> None:
        print(path)
        if not told:
            print("no person found\n", flush=True)
        for number, person, words in told:
            if count > 1:
                print(f"person {number} of {count}, {_where(person)}")
            print(pose_lines.called(words.names))
            print(textwrap.fill(words.description.text, shared.WIDTH))
            if words.unseen:
                print(textwrap.fill(words.unseen_sentence, shared.WIDTH))
            print(f"confidence {words.confidence:.0%}")
            for row in pose_lines.check_rows(words.description.checks):
                print(f"  {row}")
            for reading in self._other_readings(person):
                text = f"Or, {reading.weight:.0%}: {self._tell(person, reading.hypothesis).description.text}"
                print(textwrap.fill(text, shared.WIDTH))
            print(flush=True)

    def _other_readings(self, person: "PhotoPerson") -> list[Any]:
        from chatpose.perception.readings import distinct_readings

        return distinct_readings(person, self.describer.body)[1:] if self.options.readings else []

    def _as_json(self, person: "PhotoPerson", words: "Told") -> dict[str, Any]:
        """The contract's object, and what is known of its parts."""
        from chatpose.body.skeleton import SMPL
        from chatpose.formats.pose_json import pose_to_json

        described = words.description
        joints = dict(
            zip(SMPL.joint_names, (round(chance, 3) for chance in person.confidence[0].tolist()), strict=True)
        )
        row: dict[str, Any] = {
            "pose": pose_to_json(person.pose, described.joints),
            "names": [name.as_json() for name in words.names],
            "description": described.text,
            "statements": described.statements_as_json(),
            "confidence": round(words.confidence, 3),
            "joint_confidence": joints,
            "not_visible": [
                name for name, seen in zip(SMPL.joint_names, person.visible.tolist(), strict=True) if not seen
            ],
            "not_spoken_of": list(words.unseen),
        }
        if self.options.readings:
            others = self._other_readings(person)
            row["other_readings"] = [
                {"weight": round(one.weight, 3), "pose": self._pose_of(person, one.hypothesis)} for one in others
            ]
        return row

    def _pose_of(self, person: "PhotoPerson", index: int) -> dict[str, Any]:
        from chatpose.formats.pose_json import pose_to_json

        pose = person.poses[index]
        return pose_to_json(pose, self.describer.body.joints(pose))


def _count(people: int) -> str:
    return f"1 to {people}" if people > 1 else "1: one person was found" if people else "nobody: no person was found"


def _where(person: "PhotoPerson") -> str:
    """Which part of the photo the person is in."""
    import numpy as np

    points = person.landmarks.image_px[person.landmarks.inside]
    if not len(points):
        return "outside the photo"
    across = float(np.mean(points[:, 0])) / person.landmarks.photo_size[0]
    return "on the left" if across < 1 / 3 else "on the right" if across > 2 / 3 else "in the middle"
