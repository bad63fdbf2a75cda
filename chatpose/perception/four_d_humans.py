"""`FourDHumans`: results of 4D-Humans (Goel et al., Humans in 4D, ICCV 2023) for one photo, as another estimator.

Written after the fields that its demo and model publish, and NOT tried on the original: it needs the licensed SMPL
body and a GPU. docs/photos.md has the lines that save the file.

The model gives rotation matrices in the camera frame of OpenCV (y down), about SMPL's pelvis, betas of SMPL, and a
camera of its crop (`pred_cam`); its demo turns that into a place in the whole photo (`pred_cam_t_full`) with the focal
length `scaled_focal_length`, both taken here as `cam_t` and `focal_length`.
"""

from pathlib import Path

import numpy as np

from chatpose.body.model import BodyModel
from chatpose.errors import UnreadableFileError
from chatpose.formats.clip import PoseClip
from chatpose.formats.layouts import arrays_to_clip
from chatpose.formats.registry import ReadOptions
from chatpose.perception.blazepose import MAX_PEOPLE
from chatpose.perception.estimator import camera_of
from chatpose.perception.file_estimator import in_photo_frame, people_of_poses
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo
from chatpose.perception.photo_camera import PhotoCamera
from chatpose.safe_arrays import read_npz

KEYS = ("global_orient", "body_pose", "betas", "cam_t", "focal_length")
_NOTE = "Poses of 4D-Humans, read after its published fields; this adapter has not been tried on the original."


class FourDHumans:
    """People out of an npz of 4D-Humans' results.

    Args:
        path: the file: `global_orient` (N, 1, 3, 3), `body_pose` (N, 23, 3, 3), `betas` (N, 10), `cam_t` (N, 3) metres
            in the whole photo, `focal_length` pixels of the whole photo.
        body: that the people are shown on; the open body when absent.
    """

    def __init__(self, path: str | Path, *, body: BodyModel | None = None) -> None:
        self.path, self.body = Path(path), body or BodyModel.open()

    def people(self, photo: Photo, limit: int = MAX_PEOPLE) -> list[PhotoPerson]:
        """As `PhotoEstimator.people`.

        Raises:
            UnreadableFileError: not such a file.
            InvalidPoseError: its numbers are no poses.
        """
        arrays = read_npz(self.path).arrays
        missing = [key for key in KEYS if key not in arrays]
        if missing:
            raise UnreadableFileError(
                f"{self.path.name} has no {', '.join(missing)}",
                expected=f"results of 4D-Humans: {', '.join(KEYS)}",
                fix="docs/photos.md has the lines that save them",
            )
        focal = np.ravel(arrays["focal_length"]).astype(np.float64)
        if not focal.size or not np.isfinite(focal).all() or focal[0] <= 0:
            raise UnreadableFileError(f"{self.path.name}: focal_length isn't a positive number")
        numbers = {key: arrays[key] for key in ("global_orient", "body_pose", "betas")} | {"transl": arrays["cam_t"]}
        clip: PoseClip = arrays_to_clip(numbers, ReadOptions(up="y", shape_space="smpl"), container="npz")
        camera = camera_of(photo)
        camera = PhotoCamera(camera.width, camera.height, float(focal[0]))
        return people_of_poses(in_photo_frame(clip, "y down", self.body), camera, self.body, limit, (_NOTE,))


def is_four_d_humans(path: Path) -> bool:
    """Whether an npz has the keys of such a file."""
    return path.suffix.lower() == ".npz" and set(KEYS) <= set(read_npz(path).arrays)
