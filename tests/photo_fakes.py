"""A photo that nobody looks at, eyes that were told what is in it, and an estimator that needs no models."""

from collections.abc import Sequence

import numpy as np
import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.perception.blazepose import MAX_PEOPLE
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.file_estimator import people_of_poses
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo
from chatpose.perception.photo_camera import PhotoCamera


def grey_photo(width: int, height: int, **facts) -> Photo:
    return Photo(np.full((height, width, 3), 128, np.uint8), (width, height), **facts)


class ToldEyes:
    """Sees the given people in whatever photo."""

    def __init__(self, people: Sequence[Landmarks]) -> None:
        self.told = list(people)

    def see(self, pixels: np.ndarray, *, limit: int | None = None) -> list[Landmarks]:
        return self.told[:limit]


def standing_at(*places: tuple[float, float, float], arm_deg: float = 60.0) -> Pose:
    """People (N,) who face the camera, pelvis at these places in the photo frame, with their left arm lowered."""
    body = BodyModel.open()
    turn = torch.tensor(np.radians(-arm_deg))
    cos, sin = turn.cos(), turn.sin()
    down = torch.tensor([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], dtype=torch.float32)
    pose = Pose.identity((len(places),)).with_rotation("left_shoulder", down)
    return pose.replace(transl=torch.tensor(places) - body.rest_joints(pose.betas)[:, 0])


class StandingPeople:
    """Finds the same people in every photo; a class as `--estimator` takes it."""

    places: tuple[tuple[float, float, float], ...] = ((0.0, 0.0, -3.0), (1.0, 0.0, -5.0))

    def people(self, photo: Photo, limit: int = MAX_PEOPLE) -> list[PhotoPerson]:
        camera = PhotoCamera.guessed(*photo.size)
        return people_of_poses(standing_at(*self.places), camera, BodyModel.open(), limit) if self.places else []


class NobodyThere(StandingPeople):
    places = ()


class TwoReadings(StandingPeople):
    """One person whose left arm is lowered or raised."""

    def people(self, photo: Photo, limit: int = MAX_PEOPLE) -> list[PhotoPerson]:
        import dataclasses

        from chatpose.body.pose import concatenate_poses

        (one,) = people_of_poses(
            standing_at((0.0, 0.0, -3.0)), PhotoCamera.guessed(*photo.size), BodyModel.open(), limit
        )
        poses = concatenate_poses([one.poses, one.poses, standing_at((0.0, 0.0, -3.0), arm_deg=-60.0)])
        return [
            dataclasses.replace(
                one,
                poses=poses,
                weights=torch.tensor([0.5, 0.2, 0.3]),
                confidence=one.confidence.expand(3, -1),
                residual_px=torch.zeros(3),
            )
        ]


class FindsNothing:
    """No estimator: it has no `people`."""


def true_landmarks(poses: Pose, camera: PhotoCamera) -> list[Landmarks]:
    """What perfect eyes would see of people in the photo frame."""
    from chatpose.perception.file_estimator import projected_landmarks

    return [projected_landmarks(points, camera) for points in BodyLandmarks(BodyModel.open())(poses)]
