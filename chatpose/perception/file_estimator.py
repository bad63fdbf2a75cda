"""`FileEstimator`: another estimator's results for one photo, as a file of SMPL or SMPL-X parameters.

Any file that `chatpose.formats` reads will do; its frames are taken as the people of the photo. Estimators write poses
in the camera's own axes, mostly those of OpenCV (x to the right, y down, z away from the camera), some with y up. Which
of the two a file has shows in whether its people stand on their heads, and is said in a note.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.errors import MissingFileError, unknown_name
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import ReadOptions, load, readable_suffixes
from chatpose.perception.blazepose import MAX_PEOPLE
from chatpose.perception.body_landmarks import BodyLandmarks
from chatpose.perception.confidence import visible_joints
from chatpose.perception.estimator import camera_of
from chatpose.perception.landmarks import NAMES, Landmarks
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo
from chatpose.perception.photo_camera import PhotoCamera

Axes = Literal["y down", "y up"]
AXES: tuple[Axes, ...] = ("y down", "y up")

PELVIS_M = {"smpl": (-0.0018, -0.2233, 0.0282), "smplh": (-0.0018, -0.2233, 0.0282), "smplx": (0.0031, -0.3514, 0.012)}
"""Rest place of the pelvis in the neutral mean shape of SMPL and SMPL-X, about which files' `transl` moves the body;
other shapes are a few centimetres off."""
LEAST_M, GUESS_M = 0.3, 3.0
"""People whose pelvis is less than the first from the camera, as where a file says no places, stand at the second."""
_DOWN = torch.tensor([1.0, -1.0, -1.0])


class FileEstimator:
    """People out of a file of poses.

    Args:
        path: the file; read when first needed.
        body: that the people are shown on; the open body when absent.
        axes: of the file's poses; judged by how the people stand when absent.
        focal_px: the focal length that the estimator assumed, pixels of the photo; the photo's own when absent.

    Raises:
        UnknownNameError: no such axes.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        body: BodyModel | None = None,
        axes: Axes | None = None,
        focal_px: float | None = None,
    ) -> None:
        if axes is not None and axes not in AXES:
            raise unknown_name("axes", axes, AXES)
        self.path, self.body, self.focal_px = Path(path), body or BodyModel.open(), focal_px
        self.axes: Axes | None = axes

    def people(self, photo: Photo, limit: int = MAX_PEOPLE) -> list[PhotoPerson]:
        """As `PhotoEstimator.people`.

        Raises:
            ChatposeError: whatever is wrong with the file.
        """
        clip = load(self.path, ReadOptions(up="y"))
        axes: Axes = self.axes or judged_axes(clip.pose)
        camera = camera_of(photo)
        if self.focal_px:
            camera = PhotoCamera(camera.width, camera.height, self.focal_px)
        notes = []
        if not self.axes:
            notes.append(f"{self.path.name}: {axes} in the camera's axes, as that has its people the right way up.")
        poses = in_photo_frame(clip, axes, self.body)
        rest = self.body.rest_joints(poses.betas)[:, 0]
        nowhere = (poses.transl + rest)[:, 2] > -LEAST_M
        if bool(nowhere.any()):
            notes.append(f"{self.path.name} has people at or behind the camera; they were put {GUESS_M:g} m before it.")
            ahead = poses.transl.new_tensor([0.0, 0.0, -GUESS_M]) - rest
            poses = poses.replace(transl=torch.where(nowhere[:, None], ahead, poses.transl))
        return people_of_poses(poses, camera, self.body, limit, notes)


def estimates_beside(photo: str | Path, suffix: str) -> Path:
    """The file of estimates that belongs to a photo: its name with another suffix.

    Raises:
        MissingFileError: there is none.
    """
    path = Path(photo).with_suffix(suffix)
    if not path.is_file():
        raise MissingFileError(
            f"no {path.name} beside {photo}", expected="a file of poses with the photo's name", fix="run the estimator"
        )
    return path


def judged_axes(poses: Pose) -> Axes:
    """Whether most people's trunks point up with y down or with y up; poses (N,)."""
    return "y down" if float(poses.global_orient[..., 1, 1].median()) < 0 else "y up"


def in_photo_frame(clip: PoseClip, axes: Axes, body: BodyModel) -> Pose:
    """A file's poses (N,) in the photo frame.

    In all of them the pelvis lies where it lies at rest plus `transl`, whatever way the body is turned.
    """
    pose = clip.pose
    betas = body.usable_betas(pose.betas, clip.shape_space)
    own_rest = body.rest_joints(betas)[:, 0]
    foreign = clip.shape_space != body.data.shape_space and clip.shape_space in PELVIS_M
    rest = torch.tensor(PELVIS_M[clip.shape_space]) if foreign else own_rest
    flip = _DOWN if axes == "y down" else torch.ones(3)
    pelvis = flip * (rest + pose.transl)
    return Pose(flip[:, None] * pose.global_orient, pose.body_pose, betas, pelvis - own_rest)


def people_of_poses(
    poses: Pose, camera: PhotoCamera, body: BodyModel, limit: int, notes: Sequence[str] = ()
) -> list[PhotoPerson]:
    """People whose poses are all that is known of them; the largest in the photo first.

    Args:
        poses: (N,) photo frame; the camera is taken as level.
        camera: of the photo.
        body: that the poses are for.
        limit: most people.
        notes: for everybody.
    """
    points = BodyLandmarks(body)(poses)
    notes = (*notes, "The file says nothing of confidence: whatever lies in the photo counts as seen, also by guess.")
    if len(poses) > limit:
        notes = (*notes, f"The file holds {len(poses)} people; only the {limit} largest were taken.")
    people = [_person(poses[row], points[row], camera, notes) for row in range(len(poses))]
    people.sort(key=lambda person: -float(np.ptp(person.landmarks.image_px, axis=0).max()))
    return people[:limit]


def _person(pose: Pose, points: Tensor, camera: PhotoCamera, notes: tuple[str, ...]) -> PhotoPerson:
    landmarks = projected_landmarks(points, camera)
    confidence = torch.ones(1, len(SMPL))
    presence, inside = torch.from_numpy(landmarks.presence), torch.from_numpy(landmarks.inside)
    one = Pose(*(value[None] for value in (pose.global_orient, pose.body_pose, pose.betas, pose.transl)))
    visible = visible_joints(confidence[0], presence, inside)
    return PhotoPerson(landmarks, camera, one, torch.ones(1), confidence, visible, torch.zeros(1), notes)


def projected_landmarks(points: Tensor, camera: PhotoCamera) -> Landmarks:
    """What a camera would see of points (33, 3) in the photo frame: all that lies in the photo and before it."""
    pixels = camera.project(points).double().numpy()
    size = (camera.width, camera.height)
    before = points[:, 2].numpy() < 0
    there = before & ((pixels >= 0) & (pixels < size)).all(-1)
    pixels = np.where(before[:, None], pixels, -1.0)
    hips = [NAMES.index(f"{side}_hip") for side in ("left", "right")]
    low, high = pixels.min(0), pixels.max(0)
    corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    chance = there.astype(np.float64)
    world = (points - points[hips].mean(0)).double().numpy()
    return Landmarks(pixels, world, chance, chance.copy(), 1.0, corners, size)


def is_estimates_file(text: str) -> bool:
    """Whether an estimator's name is a file's, or the suffix of files beside the photos."""
    return text.lower().endswith(tuple(readable_suffixes()))
