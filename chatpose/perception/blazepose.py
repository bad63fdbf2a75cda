"""`BlazePose`: finds the people in a photo and 33 points of each."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from chatpose.perception.crops import Crop, tiles, whole
from chatpose.perception.detector import detect
from chatpose.perception.interpreter import Interpreter
from chatpose.perception.landmarker import Reading, averaged, crop_of, read_crop
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.model_files import DETECTOR, LANDMARKER, read_model
from chatpose.perception.same_person import median_distance, person_size_px, same_person

MAX_PEOPLE = 10
MIN_SCORE = 0.5
"""MediaPipe's threshold of the landmark model's own score."""


@dataclass(frozen=True)
class Strictness:
    """What counts as a person.

    The landmark model's own score reaches 1 on lions and pagodas. `Reading.quality` tells better: in 580 looks at
    pictures without people it stayed below 0.51 in 99 %, while of 281 looks at rendered and photographed people, whole
    or cut off, 92 % lay above 0.55.

    Attributes:
        start_score: a detection's least score for a look (MediaPipe: 0.5).
        hopeless: where a first reading's quality lies below, nobody looks a second time.
        quality: least quality of a person.
        turns: whether a doubtful crop is looked at turned, too.
    """

    start_score: float
    hopeless: float
    quality: float
    turns: bool


IN_WHOLE = Strictness(start_score=0.3, hopeless=0.3, quality=0.55, turns=True)
CLOSER = Strictness(start_score=0.5, hopeless=0.4, quality=0.6, turns=False)
"""In tiles and turned photos there are many more chances of taking something for a person."""

DOUBTFUL = 0.6
"""A reading of less quality may be of a person who isn't upright in the crop."""
TURNS_DEG = (45, -45, 90, -90, 180)
LOOKS = 3
"""A crop is placed anew from what was seen in it, at most this often less one."""
STABLE = 0.03
"""A crop that moves less has settled."""
DRIFT = 0.5
"""A crop that moved or grew by more has gone to somebody else."""
CLOSE = 0.25
"""Where a settled person's crop is this near, nobody new begins."""
AGREEING = 0.1
"""Readings of a crop and of its mirror image that differ by less, as part of the person's size, are averaged."""

ZOOMS = (1.0, 1.5)
"""The whole photo, and once more with a black border, so that hips and feet outside it have a place."""
TILES = ((1 / 2, 0.5), (1 / 4, 0.3), (1 / 8, 0.12))
"""Closer looks: the tiles' edge, and how small the largest person must be for them, both as parts of the photo's longer
edge. The detector misses most people below 0.3 of its picture's edge and all below 0.12."""
MIN_TILE_PX = 112
"""Smaller tiles show nothing new."""


class BlazePose:
    """BlazePose through LiteRT; usable from several threads (they take turns)."""

    def __init__(self, threads: int = 1) -> None:
        """Reads the two models.

        Args:
            threads: for each model; more than one gains little.

        Raises:
            MissingFileError: the models weren't fetched.
            UnreadableFileError: a model file is damaged.
            MissingExtraError: ai-edge-litert isn't installed.
        """
        self._detector = Interpreter(read_model(DETECTOR), threads)
        self._landmarker = Interpreter(read_model(LANDMARKER), threads)
        self._lock = threading.Lock()

    def see(self, pixels: np.ndarray, *, limit: int | None = MAX_PEOPLE) -> list[Landmarks]:
        """The people in a photo, the largest first.

        People in the background, much smaller than the only person in front, aren't looked for.

        Args:
            pixels: (height, width, 3) uint8 sRGB, upright.
            limit: most people to return, the largest; None for all. Who asks for one more than wanted learns whether
                somebody is left out.

        Returns:
            One entry a person; empty where nobody is found.
        """
        photo = Image.fromarray(pixels)
        with self._lock:
            people = self._find(photo)
            people.sort(key=lambda person: -person_size_px(person.landmarks))
            return [self._with_mirror_image(photo, person) for person in people[:limit]]

    def _find(self, photo: Image.Image) -> list[Reading]:
        """Everybody, each once, in no order."""
        longer = max(photo.size)
        people = self._look_through(photo, [whole(photo, zoom) for zoom in ZOOMS], IN_WHOLE, [])
        if not people:
            turned = [whole(photo).turned(degrees) for degrees in (90, -90, 180)]
            people = self._look_through(photo, turned, CLOSER, [])
        for share, largest in TILES:
            sizes = [person_size_px(person.landmarks) / longer for person in people]
            crowd = share == TILES[0][0] and len(people) > 1
            if share * longer >= MIN_TILE_PX and (crowd or max(sizes, default=0) < largest):
                people = self._look_through(photo, tiles(photo, share * longer), CLOSER, people)
        return people

    def _look_through(
        self, photo: Image.Image, views: Iterable[Crop], strictness: Strictness, people: list[Reading]
    ) -> list[Reading]:
        """Adds those who are seen in views of the photo to `people`."""
        seen = list(people)
        for view in views:
            for found in detect(self._detector, photo, view, strictness.start_score):
                start = crop_of(*found.points[:2])
                if any(person.crop.is_near(start, CLOSE) for person in seen):
                    continue
                reading = self._settle(photo, start, strictness)
                if reading.quality >= strictness.quality and reading.landmarks.score >= MIN_SCORE:
                    seen.append(reading)
        return _each_once(seen)

    def _settle(self, photo: Image.Image, start: Crop, strictness: Strictness) -> Reading:
        """The clearest reading of the person at a crop, which is moved and turned until it fits."""
        best = self._follow(photo, start, strictness.hopeless)
        if strictness.turns and strictness.hopeless <= best.quality < DOUBTFUL:
            turned = [read_crop(self._landmarker, photo, best.crop.turned(degrees)) for degrees in TURNS_DEG]
            other = max(turned, key=lambda reading: reading.quality).next_crop
            best = max(best, *turned, self._follow(photo, other, strictness.hopeless), key=lambda one: one.quality)
        return best

    def _follow(self, photo: Image.Image, start: Crop, hopeless: float) -> Reading:
        """The clearest reading while the crop follows the person."""
        best = reading = read_crop(self._landmarker, photo, start)
        for _ in range(LOOKS - 1):
            crop, following = reading.crop, reading.next_crop
            gone = not following.is_near(crop, DRIFT)
            if reading.quality < hopeless or gone or following.is_near(crop, STABLE):
                break
            reading = read_crop(self._landmarker, photo, following)
            best = max(best, reading, key=lambda one: one.quality)
        return best

    def _with_mirror_image(self, photo: Image.Image, person: Reading) -> Landmarks:
        """The mean of what the model says of a crop and of its mirror image; the clearer one where they disagree."""
        other = read_crop(self._landmarker, photo, person.crop, mirrored=True)
        if median_distance(person.landmarks, other.landmarks) < AGREEING:
            return averaged(person.landmarks, other.landmarks)
        return max(person, other, key=lambda one: one.quality).landmarks


def _each_once(readings: list[Reading]) -> list[Reading]:
    """The clearest reading of each person."""
    people: list[Reading] = []
    for reading in sorted(readings, key=lambda one: -one.quality):
        if not any(same_person(reading.landmarks, person.landmarks) for person in people):
            people.append(reading)
    return people
