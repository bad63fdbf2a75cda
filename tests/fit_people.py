"""Synthetic people before synthetic cameras, for the tests of the fit: atlas poses of which the truth is known."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.landmarks import NAMES, Landmarks
from chatpose.perception.photo_camera import PhotoCamera
from chatpose.perception.virtual_views import CROPS, ViewSettings, VirtualViews, draw_views

HIPS = [NAMES.index("left_hip"), NAMES.index("right_hip")]


@dataclass(frozen=True, eq=False)
class People:
    """N people, each before a camera of its own."""

    views: VirtualViews
    landmarks: list[Landmarks]
    cameras: list[PhotoCamera]

    @property
    def truth(self) -> Pose:
        return self.views.pose

    def perturbed(self, width_deg: float, seed: int = 0) -> Pose:
        """The true poses with every joint but the knuckles turned by that much in the mean square, moved away."""
        generator = torch.Generator().manual_seed(seed)
        turn = torch.randn(len(self.landmarks), 24, 3, generator=generator) * np.radians(width_deg) / 3**0.5
        turn[:, 22:] = 0
        rotations = self.truth.local_rotations @ axis_angle_to_matrix(turn)
        return Pose.from_rotations(rotations, betas=self.truth.betas)


def people(body_landmarks: BodyLandmarks, count: int, crop: str = "whole", seed: int = 0, noise_m: float = 0) -> People:
    """Draws people; landmarks outside the photo are hidden."""
    generator = torch.Generator().manual_seed(seed)
    atlas = Atlas.load().training()
    poses = atlas.poses[torch.randperm(len(atlas), generator=generator)[:count]]
    settings = ViewSettings(crops={crop: CROPS[crop]})
    views = draw_views(poses, body_landmarks, generator, settings, keep_shapes=True)
    found = [_landmarks(views, row, noise_m, generator) for row in range(count)]
    return People(views, found, [views.camera(row) for row in range(count)])


def _landmarks(views: VirtualViews, row: int, noise_m: float, generator: torch.Generator) -> Landmarks:
    points = views.points_photo[row]
    camera = views.camera(row)
    pixels = camera.project(points)
    noise = torch.randn(len(NAMES), 3, generator=generator) * noise_m
    pixels = pixels + noise[:, :2] * camera.focal_px / -points[:, 2].mean()
    world = points - points[HIPS].mean(0)
    world[:, 2] += 3 * noise[:, 2]
    inside = views.points_inside[row]
    middle, half = pixels[HIPS].mean(0), 1.2 * camera.focal_px / -points[HIPS, 2].mean()
    crop = middle + half * torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    chance = torch.where(inside, 0.98, 0.02)
    seen, deep, sure, corners = (one.numpy().astype(np.float64) for one in (pixels, world, chance, crop))
    return Landmarks(seen, deep, sure, sure.copy(), 1.0, corners, (camera.width, camera.height))


def root_errors(estimated: Tensor, true: Tensor) -> Tensor:
    """(N, 24) metres, pelvis on pelvis."""
    return (estimated - estimated[:, :1] - true + true[:, :1]).norm(dim=-1)
