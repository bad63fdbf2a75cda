"""Annotated photos: how far the fitted body, put back into the photo, lies from the points that people clicked on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from chatpose.body.keypoints import keypoint_set
from chatpose.body.model import BodyModel
from chatpose.errors import MissingFileError
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.estimator import PhotoEstimator
from chatpose.perception.landmarks import NAMES, Landmarks
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import read_photo
from chatpose.safefiles import read_limited

KIND = "coco17"
TARGET = 0.06
"""Mean distance to be reached, as part of the person's height."""
_POINTS = [NAMES.index(name) for name in keypoint_set(KIND).names]
_FEWEST_POINTS = 6


class Annotated(NamedTuple):
    """One person in a photo as annotated: pixels (17, 2), which of them are (17,), the height of the box."""

    photo: Path
    points_px: np.ndarray
    given: np.ndarray
    height_px: float


def photo_rows(estimator: PhotoEstimator, folder: Path, body: BodyModel) -> list[dict[str, Any]]:
    """A row for each annotated person of the photos in a folder, distances as parts of the person's height.

    `body` is of the fitted body, `landmarks` of what the eye said.

    Raises:
        MissingFileError: no such folder.
    """
    if not folder.is_dir():
        raise MissingFileError(f"no folder {folder}", expected="photos with annotations in COCO's form")
    points = BodyLandmarks(body, KIND)
    rows = []
    for one in annotated(folder):
        people = estimator.people(read_photo(one.photo))
        row: dict[str, Any] = {"photo": one.photo.name, "people": len(people), "points": int(one.given.sum())}
        best = min(people, key=lambda person: _off(one, _seen(person.landmarks)), default=None)
        if best is not None:
            row |= {"body": _off(one, _projected(best, points)), "landmarks": _off(one, _seen(best.landmarks))}
        rows.append(row)
    return rows


def annotated(folder: Path) -> Iterator[Annotated]:
    """People in the photos of a folder of whom enough points are annotated (COCO's format of keypoints)."""
    for file in sorted(folder.glob("*.json")):
        facts = json.loads(read_limited(file))
        if not isinstance(facts, dict):
            continue
        names = {image["id"]: image["file_name"] for image in facts.get("images", [])}
        for person in facts.get("annotations", []):
            photo = _photo(folder, names.get(person.get("image_id"), ""))
            points = np.array(person.get("keypoints", []), dtype=float).reshape(-1, 3)
            given = points[:, 2] > 0
            if photo is not None and len(points) == len(_POINTS) and given.sum() >= _FEWEST_POINTS:
                yield Annotated(photo, points[:, :2], given, float(person["bbox"][3]))


def _photo(folder: Path, name: str) -> Path | None:
    """The photo of a name, also with something before it."""
    return next((file for file in sorted(folder.iterdir()) if name and file.name.endswith(name)), None)


def _off(one: Annotated, points_px: np.ndarray) -> float:
    distances = np.linalg.norm(points_px - one.points_px, axis=1)[one.given]
    return float(distances.mean()) / one.height_px


def _seen(landmarks: Landmarks) -> np.ndarray:
    return landmarks.image_px[_POINTS]


@torch.no_grad()
def _projected(person: PhotoPerson, points: BodyLandmarks) -> np.ndarray:
    return person.camera.project(points(person.pose) @ person.camera.photo_from_level.mT).numpy()
