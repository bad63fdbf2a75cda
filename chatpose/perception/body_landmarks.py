"""`BodyLandmarks`: a keypoint set of many posed bodies without their meshes.

The 33 points of BlazePose hang on SMPL joints and a few named surface vertices (`chatpose.body.keypoints`), so only
those vertices are skinned. A second form ties each point rigidly to one joint, for solvers that want short formulas. On
the open body it is exact for all points but the thumbs, which lie between wrist and knuckle: they are off by 6 mm for
every 10° by which the `hand` joint bends.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from chatpose.body.keypoints import HEAD_TOP, KeypointSet, keypoint_set
from chatpose.body.kinematics import WorldJoints, forward_kinematics, joints_to_offsets
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.body.skinning import blend_vertices
from chatpose.errors import UnknownNameError
from chatpose.perception.landmarks import KIND
from chatpose.shapes import Betas, Joints


class LandmarkBodies(NamedTuple):
    """`points` (*batch, points, 3) metres in the poses' frame, and the `world` joints that carry them."""

    points: Joints
    world: WorldJoints


class RigidPoints(NamedTuple):
    """Points that hang on one joint each: `world.positions[joint] + world.rotations[joint] @ offset`.

    Attributes:
        joints: (points,) int64 index of the joint.
        offsets: (*batch, points, 3) metres, in the joint's frame.
    """

    joints: Tensor
    offsets: Joints

    def place(self, world: WorldJoints) -> Joints:
        """(*batch, points, 3) metres, where the joints are."""
        turned = (world.rotations[..., self.joints, :, :] @ self.offsets[..., None]).squeeze(-1)
        return world.positions[..., self.joints, :] + turned


class BodyLandmarks:
    """Reads a keypoint set off posed bodies, fast.

    Args:
        model: the body; pose correctives, if it has them, are applied.
        kind: a key of `chatpose.body.keypoints.KEYPOINT_SETS`.

    Raises:
        UnknownNameError: no such set, or the body lacks a surface point that it needs.
    """

    def __init__(self, model: BodyModel, kind: str = KIND) -> None:
        wanted = keypoint_set(kind)
        self.model, self.names = model, wanted.names
        surface = [name for name in wanted.sources if name not in SMPL.joint_names]
        index = torch.tensor([_vertex(model, name, kind) for name in surface], dtype=torch.long)
        data = model.data
        self._template = data.v_template[index]
        self._shapedirs = data.shapedirs[index]
        self._weights = data.weights[index]
        self._posedirs = None if data.posedirs is None else data.posedirs.unflatten(-1, (-1, 3))[:, index]
        self._of_joints = _mix_matrix(wanted, list(SMPL.joint_names)).to(self._template)
        self._of_surface = _mix_matrix(wanted, surface).to(self._template)
        # On the open body every BlazePose point but the thumbs hangs on one joint alone.
        self._owners = (self._of_joints + self._of_surface @ self._weights).argmax(-1)

    def __call__(self, pose: Pose) -> Joints:
        """(*batch, points, 3) metres in the poses' frame, as `keypoints` of the skinned bodies gives them."""
        return self.of_bodies(pose).points

    def of_bodies(self, pose: Pose) -> LandmarkBodies:
        """The points and the joints, at the price of the points."""
        shaped = self._shaped(pose.betas)
        rest = self.model.rest_joints(pose.betas)
        if self._posedirs is not None:
            bent = pose.body_pose - torch.eye(3, dtype=pose.body_pose.dtype, device=pose.body_pose.device)
            shaped = shaped + torch.einsum("...p,pvk->...vk", bent.flatten(-3), self._posedirs)
        offsets = joints_to_offsets(rest)
        world = forward_kinematics(pose.local_rotations, offsets, offsets[..., 0, :] + pose.transl)
        surface = blend_vertices(shaped, rest, world, self._weights)
        return LandmarkBodies(self._of_joints @ world.positions + self._of_surface @ surface, world)

    def rigid_points(self, betas: Betas) -> RigidPoints:
        """Each point tied to the one joint that it follows most, exact at rest; pose correctives are left out.

        Args:
            betas: (*batch, 10) shapes, mostly one.
        """
        rest = self.model.rest_joints(betas)
        points = self._of_joints @ rest + self._of_surface @ self._shaped(betas)
        return RigidPoints(self._owners, points - rest[..., self._owners, :])

    def _shaped(self, betas: Betas) -> Tensor:
        """(*batch, surface, 3) rest places of the surface points."""
        return self._template + (betas @ self._shapedirs.flatten(0, 1).T).unflatten(-1, (-1, 3))


def _vertex(model: BodyModel, name: str, kind: str) -> int:
    if name == HEAD_TOP:
        return int(model.data.v_template[:, 1].argmax())
    if name not in model.data.landmarks:
        raise UnknownNameError(
            f"{kind} keypoints need the surface point {name!r}, which {model.data.name!r} doesn't name",
            fix="use the open body, or an unchanged body file of the SMPL family",
        )
    return model.data.landmarks[name]


def _mix_matrix(wanted: KeypointSet, sources: list[str]) -> Tensor:
    """(points, sources) weights of some sources in each point."""
    return torch.tensor([[mix.get(source, 0.0) for source in sources] for mix in wanted.mixes]).reshape(
        len(wanted), len(sources)
    )
