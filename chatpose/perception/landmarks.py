"""`Landmarks`: what an eye found of one person in a photo, before any body is put to it."""

from dataclasses import dataclass, field

import numpy as np

from chatpose.body.keypoints import keypoint_set

KIND = "blazepose33"
"""The points' names and edges are those of this keypoint set."""
NAMES = keypoint_set(KIND).names


@dataclass(frozen=True, eq=False)
class Landmarks:
    """33 points of one person; the body's left and right.

    Attributes:
        image_px: (33, 2) in the photo as it is shown (EXIF applied), x to the right, y down, the corner at (0, 0).
            Points may lie outside the photo.
        world_m: (33, 3) metres as the landmark model guesses them, the middle of the hips at 0; axes of the photo
            frame: x to the photo's right, y up, z towards the camera.
        visibility: (33,) 0 to 1, how likely a point is in the photo and not hidden.
        presence: (33,) 0 to 1, how likely a point lies inside the crop that the model saw.
        score: 0 to 1, how likely there is a person.
        crop_px: (4, 2) corners of the crop that the model saw: its upper left, upper right, lower right, lower left.
        photo_size: width and height of the photo, pixels.
        sharpness: (33,) 0 to 1, the peak of each point's heat map: of all that the model says, it tells best how near
            a point lies to its true place (rank correlation with the error on renders -0.6; visibility: -0.3).
    """

    image_px: np.ndarray
    world_m: np.ndarray
    visibility: np.ndarray
    presence: np.ndarray
    score: float
    crop_px: np.ndarray
    photo_size: tuple[int, int]
    sharpness: np.ndarray = field(default_factory=lambda: np.ones(len(NAMES)))

    @property
    def inside(self) -> np.ndarray:
        """(33,) bool, which points lie inside the photo."""
        width, height = self.photo_size
        x, y = self.image_px.T
        return (x >= 0) & (x < width) & (y >= 0) & (y < height)
