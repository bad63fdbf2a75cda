"""`PhotoCamera`: the camera of a photo, as far as it is known.

Two frames. The **photo frame** sits in the camera: x to the photo's right, y up in the photo, z towards the camera, so
what is seen has z below zero. The **level frame** has the same origin and its y axis against gravity; a person who
faces the camera faces +z in both. A camera that looks down has a positive pitch.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.rotations import about_axis
from chatpose.shapes import Angle, Rotation, Vector

DEFAULT_FOV_DEG = 50.0
"""Angle of view along the longer edge where nothing is known: about a 39 mm lens on 36 mm film."""
NEAREST_M = 0.05


@dataclass(frozen=True)
class PhotoCamera:
    """A pinhole camera with its principal point in the middle.

    Attributes:
        width: of the photo, pixels.
        height: of the photo, pixels.
        focal_px: focal length, pixels.
        pitch_deg: how far it looks down.
        roll_deg: how far it is turned about its line of sight, counter-clockwise as its holder sees it.
    """

    width: int
    height: int
    focal_px: float
    pitch_deg: float = 0.0
    roll_deg: float = 0.0

    @classmethod
    def guessed(cls, width: int, height: int, fov_deg: float = DEFAULT_FOV_DEG) -> "PhotoCamera":
        """From the angle of view along the longer edge, level."""
        return cls(width, height, max(width, height) / (2 * math.tan(math.radians(fov_deg) / 2)))

    @property
    def fov_deg(self) -> float:
        """Angle of view along the longer edge, degrees."""
        return 2 * math.degrees(math.atan2(max(self.width, self.height) / 2, self.focal_px))

    @property
    def photo_from_level(self) -> Rotation:
        """(3, 3) turns directions of the level frame into the photo frame."""
        pitch, roll = torch.tensor(math.radians(self.pitch_deg)), torch.tensor(math.radians(self.roll_deg))
        return level_to_photo(pitch, roll)

    def project(self, points_photo: Vector) -> Tensor:
        """(*batch, 2) pixels of points in the photo frame, metres; what is behind the camera means nothing."""
        depth = (-points_photo[..., 2:]).clamp_min(NEAREST_M)
        scaled = points_photo[..., :2] / depth * self.focal_px
        middle = scaled.new_tensor([self.width / 2, self.height / 2])
        return middle + scaled * scaled.new_tensor([1.0, -1.0])

    def rays(self, pixels: Tensor) -> Vector:
        """(*batch, 3) directions in the photo frame through pixels (*batch, 2), with z = -1."""
        middle = pixels.new_tensor([self.width / 2, self.height / 2])
        flat = (pixels - middle) / self.focal_px * pixels.new_tensor([1.0, -1.0])
        return torch.cat([flat, -torch.ones_like(flat[..., :1])], dim=-1)


def level_to_photo(pitch_rad: Angle, roll_rad: Angle) -> Rotation:
    """(*batch, 3, 3) turns directions of the level frame into the photo frame of cameras with these angles."""
    return about_axis("z", -roll_rad) @ about_axis("x", pitch_rad)
