"""`PhotoPerson`: what is known of one person in a photo."""

from dataclasses import dataclass

from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.photo_camera import PhotoCamera


@dataclass(frozen=True, eq=False)
class PhotoPerson:
    """One person, the likeliest pose first.

    Attributes:
        landmarks: what was seen.
        camera: as it was guessed, with its pitch and roll.
        poses: K hypotheses in the level frame (`PhotoCamera`), in metres from the camera.
        weights: (K,) how likely each is, sum 1, falling.
        confidence: (K, 24) calibrated, 0 to 1 by joint: how likely the joint lies within `CLOSE_M` of its true place,
            pelvis on pelvis.
        visible: (24,) whether anything may be said of a joint: it was in the photo, and its confidence suffices.
        residual_px: (K,) root mean square distance of the seen landmarks from the fitted body's, pixels.
        notes: what was assumed, in sentences.
    """

    landmarks: Landmarks
    camera: PhotoCamera
    poses: Pose
    weights: Tensor
    confidence: Tensor
    visible: Tensor
    residual_px: Tensor
    notes: tuple[str, ...] = ()

    @property
    def pose(self) -> Pose:
        """The likeliest hypothesis."""
        return self.poses[0]


CLOSE_M = 0.1
"""A joint this near its true place counts as right in confidences."""
