"""What of a rendered body can be seen: in the photo, behind something, behind itself."""

from typing import NamedTuple

import numpy as np

from chatpose.body.model import BodyModel
from chatpose.body.render.raster import Fragments
from chatpose.body.skeleton import SMPL
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.photo_camera import PhotoCamera

_SURFACE_M = 0.035
"""A point on the skin this far behind what is seen at its pixel is hidden."""
_NEAREST_M = 1e-3


class Sight(NamedTuple):
    """What can be seen of some points.

    Attributes:
        in_photo: (n,) bool, inside the photo's edges and before the camera.
        covered: (n,) bool, behind an occluder.
        self_hidden: (n,) bool, behind another part of the body.
    """

    in_photo: np.ndarray
    covered: np.ndarray
    self_hidden: np.ndarray

    @property
    def visible(self) -> np.ndarray:
        """(n,) bool, in the photo and not behind an occluder; the body itself may be in the way."""
        return self.in_photo & ~self.covered


class SightFinder:
    """Tells what can be seen of one body model's joints and landmarks.

    A joint lies within the body: it counts as seen where the skin before it belongs to it or to its neighbours.
    """

    def __init__(self, model: BodyModel, landmarks: BodyLandmarks) -> None:
        self._faces = model.data.faces.numpy()
        self._part = model.data.weights.numpy().argmax(1)
        names = list(SMPL.joint_names)
        self.carriers = np.array([names.index(name) if name in names else -1 for name in landmarks.names])
        self.belongs = _belonging()

    def look(self, fragments: Fragments, camera: PhotoCamera, samples: int, mask: np.ndarray) -> "Look":
        """At one picture.

        Args:
            fragments: what each sample sees of the body.
            camera: that took it.
            samples: samples a pixel along each axis.
            mask: (height, width) how much of each pixel something else covers.
        """
        count = camera.width * camera.height * samples**2
        depth = np.full(count, np.inf, np.float32)
        depth[fragments.sample] = fragments.depth
        part = np.full(count, -1, np.int64)
        part[fragments.sample] = self._part[self._faces[fragments.face, 0]]
        return Look(self, camera, samples, mask, depth, part)


class Look(NamedTuple):
    """One picture as `SightFinder.look` took it: depth and joint of the skin by sample, in rows."""

    finder: SightFinder
    camera: PhotoCamera
    samples: int
    mask: np.ndarray
    depth: np.ndarray
    part: np.ndarray

    def joints(self, joints_photo: np.ndarray) -> Sight:
        """What can be seen of the joints (24, 3)."""
        return self._sight(joints_photo, np.arange(len(SMPL)))

    def points(self, points_photo: np.ndarray) -> Sight:
        """What can be seen of the landmarks (points, 3)."""
        return self._sight(points_photo, self.finder.carriers)

    def _sight(self, points_photo: np.ndarray, carriers: np.ndarray) -> Sight:
        """`carriers` (n,) is the joint that a point is, -1 for points on the skin."""
        size = [self.camera.width, self.camera.height]
        pixels, depth = projected(points_photo, self.camera)
        within = (pixels >= 0).all(1) & (pixels < size).all(1) & (depth > 0)
        pixels = np.where(within[:, None], pixels, 0)
        column, row = pixels.astype(np.int64).T
        blocked = within & (self.mask[row, column] > 0.5)
        column, row = (pixels * self.samples).astype(np.int64).T
        at = row * (self.camera.width * self.samples) + column
        part, front = self.part[at], self.depth[at]
        strange = ~self.finder.belongs[np.maximum(carriers, 0), part] & (part >= 0)
        behind = np.where(carriers < 0, depth - front > _SURFACE_M, strange)
        return Sight(within, blocked, within & behind)


def projected(points_photo: np.ndarray, camera: PhotoCamera) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) pixels and (n,) depths; points behind the camera are far off the picture or have depths below zero."""
    depth = -points_photo[:, 2]
    scale = camera.focal_px / np.maximum(depth, _NEAREST_M)
    x, y = camera.width / 2 + points_photo[:, 0] * scale, camera.height / 2 - points_photo[:, 1] * scale
    return np.stack([x, y], 1), depth


def _belonging() -> np.ndarray:
    """(24, 24) bool: a joint counts as seen where the skin before it follows one of these joints."""
    trunk = ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar", "neck")
    near: dict[str, tuple[str, ...]] = dict.fromkeys(trunk, trunk)
    near |= {"head": ("neck",), "neck": (*trunk, "head"), "pelvis": (*trunk, "left_hip", "right_hip")}
    for side in ("left", "right"):
        near |= {
            f"{side}_hip": ("pelvis", "spine1"),
            f"{side}_knee": (f"{side}_hip",),
            f"{side}_ankle": (f"{side}_knee", f"{side}_foot"),
            f"{side}_foot": (f"{side}_ankle",),
            f"{side}_shoulder": (f"{side}_collar", "spine3"),
            f"{side}_elbow": (f"{side}_shoulder",),
            f"{side}_wrist": (f"{side}_elbow", f"{side}_hand"),
            f"{side}_hand": (f"{side}_wrist",),
        }
    table = np.eye(len(SMPL), dtype=bool)
    for joint, others in near.items():
        table[SMPL.index(joint), [SMPL.index(other) for other in others]] = True
    return table
