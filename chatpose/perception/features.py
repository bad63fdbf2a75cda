"""What the lifter looks at: landmarks of one person with the photo's camera as a row of numbers.

The numbers are those that a camera would give that looks straight at the person with its top along the person's trunk,
the **view frame**: x to the right and y up along hips to shoulders, z towards that camera. So where the person stands
in the photo and how the photo is turned don't change them; what perspective does is left in through the person's size
against the distance (`PersonFeatures.size`) and through the exact turn between the frames. Yu et al., PCLs:
Geometry-aware Neural Reconstruction of 3D Pose with Perspective Crop Layers, CVPR 2021, turn crops in the same way.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from chatpose.body.keypoints import keypoint_set
from chatpose.body.rotations import about_axis
from chatpose.perception.landmarks import KIND, NAMES, Landmarks
from chatpose.perception.photo_camera import PhotoCamera

POINTS = len(NAMES)
MIRROR = torch.tensor(keypoint_set(KIND).mirror_index)
SHOULDERS = (NAMES.index("left_shoulder"), NAMES.index("right_shoulder"))
HIPS = (NAMES.index("left_hip"), NAMES.index("right_hip"))
PHOTO_UP_SHARE = 0.15
"""How far the photo's up counts beside the trunk's direction, in person sizes: a trunk that points at the camera has
none of its own."""
SMALLEST_SIZE = 1e-4
"""Tangent of the smallest person: a hundredth of a degree."""
MOST_LOGIT = 6.0
FAR_OUT = 8.0
"""Points further than this from the person's middle, in its sizes, are drawn nearer."""

Tangents = Float[Tensor, "batch 33 2"]
Points33 = Float[Tensor, "batch 33 3"]
PointValues = Float[Tensor, "batch 33"]
FeatureRows = Float[Tensor, "batch features"]


@dataclass(frozen=True, eq=False)
class Sightings:
    """Landmarks of many people as tensors, the cameras' pixels taken out.

    Attributes:
        tangents: (N, 33, 2) image points over the focal length from the photo's middle, x to its right, y up.
        world_m: (N, 33, 3) as `Landmarks.world_m`.
        visibility: (N, 33).
        sharpness: (N, 33).
        inside: (N, 33) 1 for points in the photo, else 0.
        half_view: (N, 2) the photo's right and upper edge as tangents.
    """

    tangents: Tangents
    world_m: Points33
    visibility: PointValues
    sharpness: PointValues
    inside: PointValues
    half_view: Float[Tensor, "batch 2"]

    @classmethod
    def of(cls, people: Sequence[Landmarks], cameras: Sequence[PhotoCamera]) -> "Sightings":
        """From what was seen, one camera a person; the cameras' pitch and roll don't count."""
        half = np.array([[one.width / 2, one.height / 2] for one in cameras], dtype=np.float64).reshape(-1, 2)
        focal = np.array([one.focal_px for one in cameras], dtype=np.float64)
        pixels = np.array([one.image_px for one in people], dtype=np.float64).reshape(-1, POINTS, 2)
        tangents = (pixels - half[:, None]) / focal[:, None, None] * [1.0, -1.0]
        columns = (
            tangents,
            np.array([one.world_m for one in people]).reshape(-1, POINTS, 3),
            np.array([one.visibility for one in people]).reshape(-1, POINTS),
            np.array([one.sharpness for one in people]).reshape(-1, POINTS),
            np.array([one.inside for one in people]).reshape(-1, POINTS),
            half / focal[:, None],
        )
        return cls(*(torch.from_numpy(column).float() for column in columns))

    def __len__(self) -> int:
        return len(self.tangents)

    def __getitem__(self, index: Tensor | slice) -> "Sightings":
        """Some of them."""
        return Sightings(*(getattr(self, one.name)[index] for one in fields(self)))

    def to(self, device: torch.device | str) -> "Sightings":
        """On another device."""
        return Sightings(*(getattr(self, one.name).to(device) for one in fields(self)))

    def mirrored(self) -> "Sightings":
        """As the photo's mirror image shows them: the body's left and right exchanged too."""
        flat, deep = self.tangents.new_tensor([-1.0, 1.0]), self.tangents.new_tensor([-1.0, 1.0, 1.0])
        order = MIRROR.to(self.tangents.device)
        return Sightings(
            self.tangents[:, order] * flat,
            self.world_m[:, order] * deep,
            self.visibility[:, order],
            self.sharpness[:, order],
            self.inside[:, order],
            self.half_view,
        )


class PersonFeatures(NamedTuple):
    """Rows for the lifter with the way back to the photo.

    Attributes:
        values: (N, `WIDTH`).
        photo_from_view: (N, 3, 3) turns directions of the view frame into the photo frame.
        size: (N,) mean tangent of the points from the person's middle, seen from the view's camera.
    """

    values: FeatureRows
    photo_from_view: Float[Tensor, "batch 3 3"]
    size: Float[Tensor, " batch"]


def features(seen: Sightings) -> PersonFeatures:
    """The numbers; of a mirrored sighting they are `mirrored_values` of the numbers."""
    turn, size = view_frame(seen.tangents)
    points = (seen_from(turn, seen.tangents) / size[:, None, None]).clamp(-FAR_OUT, FAR_OUT)
    # The landmark model sees a crop and doesn't know from where: its axes are those of a camera that looks straight at
    # the person, turned about the line of sight only.
    world = seen.world_m @ about_axis("z", view_roll(turn))
    up = turn[:, 1]
    ahead = -turn[:, :, 2]
    globals_ = torch.stack(
        [
            size.log(),
            ahead[:, 0] / -ahead[:, 2],
            ahead[:, 1] / -ahead[:, 2],
            *up.unbind(-1),
            *seen.half_view.unbind(-1),
        ],
        dim=-1,
    )
    values = [
        points.flatten(1),
        (2 * world).flatten(1),
        _logit(seen.visibility),
        _logit(seen.sharpness),
        seen.inside,
        globals_,
    ]
    return PersonFeatures(torch.cat(values, dim=-1), turn, size)


def view_frame(tangents: Tangents) -> tuple[Tensor, Tensor]:
    """The view frame of points in the photo.

    Returns:
        (N, 3, 3) from the view frame to the photo frame: roll about the line of sight, tilt, pan; (N,) the size.
    """
    middle = tangents[:, SHOULDERS + HIPS].mean(1)
    across, up = middle.unbind(-1)
    pan, tilt = torch.atan2(-across, torch.ones_like(across)), torch.atan2(up, (1 + across.square()).sqrt())
    facing = about_axis("y", pan) @ about_axis("x", tilt)
    straight = seen_from(facing, tangents)
    size = straight.norm(dim=-1).mean(-1).clamp_min(SMALLEST_SIZE)
    trunk = straight[:, SHOULDERS].mean(1) - straight[:, HIPS].mean(1)
    roll = torch.atan2(-trunk[:, 0], trunk[:, 1] + PHOTO_UP_SHARE * size)
    return facing @ about_axis("z", roll), size


def seen_from(photo_from_view: Tensor, tangents: Tangents) -> Tangents:
    """Points of the photo as tangents of the camera that is turned so."""
    rays = torch.cat([tangents, -torch.ones_like(tangents[..., :1])], dim=-1) @ photo_from_view
    return rays[..., :2] / (-rays[..., 2:]).clamp_min(math.cos(math.radians(89)))


def view_roll(photo_from_view: Tensor) -> Tensor:
    """(N,) the roll about the line of sight in a view frame's turn, radians."""
    return torch.atan2(photo_from_view[:, 1, 0], photo_from_view[:, 1, 1])


def _logit(share: PointValues) -> PointValues:
    return torch.logit(share, eps=1e-6).clamp(-MOST_LOGIT, MOST_LOGIT) / MOST_LOGIT


GLOBALS = 8
WIDTH = POINTS * (2 + 3 + 3) + GLOBALS
"""Numbers in a row: 33 points of 2, 33 world points of 3, visibility, sharpness and inside of 33, and the log of the
size, the line of sight's tangents to the right and up, the photo's up (3) in the view frame, the half view (2)."""


def _mirror_table() -> tuple[Tensor, Tensor]:
    """Which number goes where when the photo is mirrored, and its sign."""
    order, signs, start = [], [], 0
    for signs_of_one in ((-1.0, 1.0), (-1.0, 1.0, 1.0), (1.0,), (1.0,), (1.0,)):
        width = len(signs_of_one)
        order.append(start + (MIRROR[:, None] * width + torch.arange(width)).flatten())
        signs.append(torch.tensor(signs_of_one).repeat(POINTS))
        start += POINTS * width
    order.append(start + torch.arange(GLOBALS))
    signs.append(torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0]))
    return torch.cat(order), torch.cat(signs)


def mirrored_values(values: FeatureRows) -> FeatureRows:
    """The features of the mirrored photo: a fixed order and fixed signs."""
    order, signs = _mirror_table()
    return values[:, order.to(values.device)] * signs.to(values)
