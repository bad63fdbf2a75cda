"""`PhotoEstimator`: what finds posed people in photos; and the one that chatpose brings, `PerceptionPipeline`.

Another estimator is a class with `people`, or a file of its results (`file_estimator`): see docs/photos.md.
"""

import dataclasses
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import MissingFileError
from chatpose.perception.blazepose import MAX_PEOPLE, BlazePose
from chatpose.perception.calibration import JointCalibration
from chatpose.perception.confidence import joint_features, trusted, visible_joints
from chatpose.perception.features import Sightings
from chatpose.perception.fit import Fitted, Fitter, reweighted
from chatpose.perception.fit_config import FitConfig
from chatpose.perception.fit_evidence import Evidence
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.lifter import Hypotheses, Lifter
from chatpose.perception.one_thread import one_thread
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo
from chatpose.perception.photo_camera import DEFAULT_FOV_DEG, PhotoCamera
from chatpose.resources import asset

_log = logging.getLogger(__name__)


@runtime_checkable
class PhotoEstimator(Protocol):
    """Finds the people in a photo and their poses."""

    def people(self, photo: Photo, limit: int = MAX_PEOPLE) -> list[PhotoPerson]:
        """Everybody, the largest first.

        Args:
            photo: upright.
            limit: most people; who leaves somebody out says so in a note of those who stay.

        Returns:
            One entry a person, in pixels of the photo itself (`Photo.size`); empty where nobody is.

        Raises:
            ChatposeError: what it needs isn't there.
        """
        ...


class PerceptionPipeline:
    """BlazePose's landmarks, the lifter's hypotheses, the fit, calibrated confidence. Models are loaded when needed.

    Usable from several threads.

    Args:
        fit: refine the hypotheses on what was seen; without it they are only put where they are seen.
        body: that is fitted; the open body when absent.
        eyes: finds landmarks; made when first needed.
        lifter: the one that ships with chatpose when absent.
        calibration: of confidences; the one that ships with chatpose when absent.
    """

    def __init__(
        self,
        *,
        fit: bool = True,
        body: BodyModel | None = None,
        eyes: BlazePose | None = None,
        lifter: Lifter | None = None,
        calibration: JointCalibration | None = None,
    ) -> None:
        self.fit = fit
        self._body, self._given_eyes, self._given_lifter, self._given_calibration = body, eyes, lifter, calibration

    @cached_property
    def eyes(self) -> BlazePose:
        """Finds landmarks."""
        return self._given_eyes or BlazePose()

    @cached_property
    def lifter(self) -> Lifter:
        """Makes hypotheses."""
        return self._given_lifter or Lifter.load()

    @cached_property
    def fitter(self) -> Fitter:
        """Refines them; takes no step where they aren't to be refined, and still says how well they fit."""
        config = FitConfig() if self.fit else FitConfig(most_steps=0)
        return Fitter(self._body, config=config)

    @cached_property
    def calibration(self) -> JointCalibration:
        """Of confidences; by the spread alone where no calibration ships yet."""
        if self._given_calibration is not None:
            return self._given_calibration
        try:
            return JointCalibration.from_pretrained(asset("data", "models", JointCalibration.config_type.KIND))
        except MissingFileError:
            return JointCalibration.untrained()

    def people(self, photo: Photo, limit: int = MAX_PEOPLE) -> list[PhotoPerson]:
        """As `PhotoEstimator.people`.

        Raises:
            MissingFileError: the models weren't fetched; the message says how.
            MissingExtraError: ai-edge-litert isn't installed.
        """
        watch = _Watch()
        seen = [photo.in_own_pixels(one) for one in self.eyes.see(photo.pixels, limit=limit + 1)]
        watch.lap("see")
        kept = seen[:limit]
        if not kept:
            watch.log(0)
            return []
        notes = (*_camera_notes(photo), *_crowd_notes(limit, left_out=len(seen) > limit))
        people = self.posed(kept, [camera_of(photo)] * len(kept))
        watch.lap("pose")
        watch.log(len(people))
        return [dataclasses.replace(person, notes=notes) for person in people]

    def posed(self, landmarks: Sequence[Landmarks], cameras: Sequence[PhotoCamera]) -> list[PhotoPerson]:
        """The people of whom landmarks were seen by level cameras, in their order."""
        estimate = self.estimate(landmarks, cameras)
        count = estimate.weights.shape[1]
        confidence = trusted(self.calibration, estimate.features).chance.unflatten(0, (-1, count))
        return [self._person(landmarks[row], estimate, row, confidence[row]) for row in range(len(landmarks))]

    def estimate(self, landmarks: Sequence[Landmarks], cameras: Sequence[PhotoCamera]) -> "Estimate":
        """What `posed` rests on, before anything is said of how far it can be trusted."""
        with torch.no_grad(), one_thread():
            return self._estimate(landmarks, cameras)

    def _estimate(self, landmarks: Sequence[Landmarks], cameras: Sequence[PhotoCamera]) -> "Estimate":
        sights = Sightings.of(landmarks, cameras)
        found = self.lifter.hypotheses(sights)
        turned = [
            dataclasses.replace(camera, pitch_deg=pitch, roll_deg=roll)
            for camera, pitch, roll in zip(cameras, found.pitch_deg.tolist(), found.roll_deg.tolist(), strict=True)
        ]
        fitted = self._fitted(landmarks, turned, found)
        cost = fitted.cost.view(found.weights.shape)
        weights = torch.stack([reweighted(*pair) for pair in zip(found.weights, cost, strict=True)])
        known = (sights.visibility, sights.sharpness, sights.inside)
        spread = found.spread_rad.flatten(0, 1)
        features = joint_features(fitted, spread, weights, *known, self.fitter.body)
        return Estimate(tuple(turned), fitted, weights, features)

    def _fitted(self, people: Sequence[Landmarks], cameras: Sequence[PhotoCamera], found: Hypotheses) -> Fitted:
        """(N * K,) everybody's hypotheses, refined together."""
        poses = Pose.from_rotations(found.rotations.flatten(0, 1))
        evidence = Evidence.of(people, cameras, self.fitter.config).repeated(found.weights.shape[1])
        return self.fitter.fit_all(evidence, poses, found.spread_rad.flatten(0, 1), found.spread_m.flatten(0, 1))

    def _person(self, landmarks: Landmarks, estimate: "Estimate", row: int, confidence: Tensor) -> PhotoPerson:
        weights = estimate.weights[row]
        order = weights.argsort(descending=True, stable=True)
        fitted, confidence = _rows(estimate.fitted, row, len(weights)), confidence[order]
        presence, inside = torch.from_numpy(landmarks.presence), torch.from_numpy(landmarks.inside)
        return PhotoPerson(
            landmarks,
            estimate.cameras[row],
            fitted.poses[order],
            weights[order],
            confidence,
            visible_joints(confidence[0], presence, inside, self.calibration.config.least_chance),
            fitted.residual_px[order],
        )


@dataclass(frozen=True, eq=False)
class Estimate:
    """Hypotheses about N people, K of each, those of one person together.

    Attributes:
        cameras: (N) with their pitch and roll.
        fitted: (N * K,) where the fit came to.
        weights: (N, K) how likely each is.
        features: (N * K, 24, F) what is known of the joints, for `JointCalibration`.
    """

    cameras: tuple[PhotoCamera, ...]
    fitted: Fitted
    weights: Tensor
    features: Tensor


def camera_of(photo: Photo) -> PhotoCamera:
    """The camera of a photo, level, in pixels of the photo itself."""
    if photo.focal_px is None:
        return PhotoCamera.guessed(*photo.size)
    return PhotoCamera(*photo.size, photo.focal_px / photo.scale)


def _camera_notes(photo: Photo) -> tuple[str, ...]:
    if photo.focal_px is not None:
        return ()
    return (
        f"The photo doesn't say its focal length: an angle of view of {DEFAULT_FOV_DEG:.0f}° was assumed, "
        "on which the distance from the camera depends.",
    )


def _crowd_notes(limit: int, *, left_out: bool) -> tuple[str, ...]:
    whom = "the largest person was" if limit == 1 else f"the {limit} largest people were"
    return (f"There are more people in the photo; only {whom} looked at.",) if left_out else ()


def _rows(fitted: Fitted, person: int, count: int) -> Fitted:
    """What belongs to one person."""
    rows = slice(person * count, (person + 1) * count)
    return Fitted(*(getattr(fitted, field.name)[rows] for field in dataclasses.fields(Fitted)))


class _Watch:
    """Times of the stages, for the log."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._laps: list[str] = []

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._laps.append(f"{stage} {1000 * (now - self._last):.0f} ms")
        self._last = now

    def log(self, people: int) -> None:
        _log.info("%d people in a photo: %s", people, ", ".join(self._laps))
