"""What is measured on rendered scenes: estimators, and two baselines that see through the same eye."""

import hashlib
import statistics
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.evaluation.perception_marks import Guess, Judge, Marks, of_landmarks
from chatpose.evaluation.perception_scenes import HeldOutScene
from chatpose.evaluation.perception_sketch import HIDDEN_BELOW, SketchSolver
from chatpose.perception.blazepose import MAX_PEOPLE, BlazePose
from chatpose.perception.confidence import landmark_means
from chatpose.perception.estimator import PhotoEstimator
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo
from chatpose.perception.sayable import sayable
from chatpose.perception.telling import describe_seen
from chatpose.train.landmark_bank import matched

Eye = Callable[[np.ndarray], list[Landmarks]]

REMEMBERED = 64
TIMED_PHOTOS = 20
WARMING = 2


class Method(Protocol):
    """One row of the table."""

    @property
    def name(self) -> str:
        """Of the row."""
        ...

    def marks(self, scenes: Sequence[HeldOutScene]) -> list[Marks]:
        """One entry a scene."""
        ...


class RememberingEyes(BlazePose):
    """BlazePose that looks at a picture once, however many methods ask."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: OrderedDict[bytes, list[Landmarks]] = OrderedDict()

    def see(self, pixels: np.ndarray, *, limit: int | None = MAX_PEOPLE) -> list[Landmarks]:
        """As `BlazePose.see`."""
        key = hashlib.sha256(pixels.tobytes()).digest()
        if key not in self._seen:
            self._seen[key] = super().see(pixels, limit=None)
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return self._seen[key][:limit]


class Estimated:
    """An estimator.

    Args:
        name: of the row.
        estimator: under test.
        judge: compares.
    """

    def __init__(self, name: str, estimator: PhotoEstimator, judge: Judge) -> None:
        self.name, self._estimator, self._judge = name, estimator, judge

    @torch.no_grad()
    def marks(self, scenes: Sequence[HeldOutScene]) -> list[Marks]:
        """One entry a scene."""
        return [self._marks(scene) for scene in scenes]

    def _marks(self, held_out: HeldOutScene) -> Marks:
        people = self._estimator.people(held_out.photo, MAX_PEOPLE)
        at = _at(held_out, [person.landmarks for person in people])
        if at is None:
            return self._judge.marks(held_out, None, len(people))
        return self._judge.marks(held_out, guess_of(people[at], self._judge), len(people) - 1)


class Sketch:
    """The first sketch's method, on the landmarks of an eye; several scenes at once."""

    name = "sketch"

    def __init__(self, eye: Eye, judge: Judge, solver: SketchSolver | None = None) -> None:
        self._eye, self._judge, self._solver = eye, judge, solver or SketchSolver(judge.body)

    def marks(self, scenes: Sequence[HeldOutScene]) -> list[Marks]:
        """One entry a scene."""
        seen = [_person(held_out, self._eye(held_out.scene.pixels)) for held_out in scenes]
        found = [one for one, _ in seen if one is not None]
        world = torch.tensor(np.array([one.world_m for one in found]).reshape(-1, 33, 3), dtype=torch.float32)
        visibility = torch.tensor(np.array([one.visibility for one in found]).reshape(-1, 33), dtype=torch.float32)
        rotations = iter(self._solver(world, visibility))
        shown = iter(landmark_means((visibility >= HIDDEN_BELOW).float()) >= 0.5)
        marks = []
        with torch.no_grad():
            for held_out, (one, others) in zip(scenes, seen, strict=True):
                guess = None
                if one is not None:
                    guess = self._guess(next(rotations), next(shown))
                marks.append(self._judge.marks(held_out, guess, others))
        return marks

    def _guess(self, rotations: Tensor, visible: Tensor) -> Guess:
        """It knows no camera: the photo counts as level."""
        pose, describer = Pose.from_rotations(rotations), self._judge.describer
        allowed = sayable(visible[None], describer.measure(pose)[0])[0]
        return Guess(self._judge.body.joints(pose)[None], describer.describe(pose, allowed=allowed))


class WorldLandmarks:
    """BlazePose's own points in metres, as they are: 12 joints."""

    name = "BlazePose"

    def __init__(self, eye: Eye, judge: Judge) -> None:
        self._eye, self._judge = eye, judge

    @torch.no_grad()
    def marks(self, scenes: Sequence[HeldOutScene]) -> list[Marks]:
        """One entry a scene."""
        marks = []
        for held_out in scenes:
            one, others = _person(held_out, self._eye(held_out.scene.pixels))
            guess = None if one is None else Guess(of_landmarks(one.world_m))
            marks.append(self._judge.marks(held_out, guess, others))
        return marks


def guess_of(person: PhotoPerson, judge: Judge) -> Guess:
    """What an estimator says of a person, in the axes of the photo frame."""
    joints = judge.body.joints(person.poses) @ person.camera.photo_from_level.mT
    return Guess(joints, describe_seen(person, judge.describer), person.confidence[0])


def times(estimator: PhotoEstimator, photos: Sequence[Photo]) -> dict[str, float]:
    """Median milliseconds a photo, warm: `wall_ms`, and `cpu_ms` of all threads; `photos` that were timed."""
    for photo in photos[:WARMING]:
        estimator.people(photo)
    wall, processor = [], []
    for photo in photos[:TIMED_PHOTOS]:
        began, spent = time.perf_counter(), time.process_time()
        estimator.people(photo)
        wall.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.process_time() - spent))
    if not wall:
        return {"photos": 0}
    return {"photos": len(wall), "wall_ms": statistics.median(wall), "cpu_ms": statistics.median(processor)}


def _person(held_out: HeldOutScene, people: list[Landmarks]) -> tuple[Landmarks | None, int]:
    """Who of the seen people is the scene's, and how many others there are."""
    at = _at(held_out, people)
    return (None, len(people)) if at is None else (people[at], len(people) - 1)


def _at(held_out: HeldOutScene, people: list[Landmarks]) -> int | None:
    one = matched(held_out.scene, people)
    return None if one is None else next(at for at, other in enumerate(people) if other is one)
