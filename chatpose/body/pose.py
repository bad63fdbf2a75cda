"""`Pose`: one or many body poses, immutable."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from chatpose.body import rotations as rot
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError
from chatpose.shapes import AxisAngle, AxisAngle24, Betas, BodyRotations, Rotation, Rotations24, Vector

BODY_JOINTS = len(SMPL) - 1
BETA_COUNT = 10


@dataclass(frozen=True, eq=False)
class Pose:
    """A batch of SMPL poses: rotation matrices inside, axis-angle only in files.

    Nothing writes into a pose's tensors; methods return new poses.

    Convention:
        Right-handed, y up, metres. At rest (all identity) the body stands in a T-pose, faces +z, its left is +x.

    Attributes:
        global_orient: (*batch, 3, 3) pelvis relative to the world.
        body_pose: (*batch, 23, 3, 3) the other joints relative to their parents, in the order of `SMPL`.
        betas: (*batch, 10) shape coefficients, standard deviations of the body's own shape space.
        transl: (*batch, 3) metres; the pelvis is at its rest position plus `transl`.
    """

    global_orient: Rotation
    body_pose: BodyRotations
    betas: Betas
    transl: Vector

    def __post_init__(self) -> None:
        batch = self.global_orient.shape[:-2]
        expected = {
            "global_orient": (*batch, 3, 3),
            "body_pose": (*batch, BODY_JOINTS, 3, 3),
            "betas": (*batch, BETA_COUNT),
            "transl": (*batch, 3),
        }
        for name, shape in expected.items():
            came = tuple(getattr(self, name).shape)
            if came != tuple(shape):
                raise InvalidPoseError(f"{name} has shape {came}", expected=str(tuple(shape)))

    @classmethod
    def identity(cls, batch: Sequence[int] = (), **tensor_options: Any) -> "Pose":
        """The rest pose; `tensor_options` are dtype and device."""
        eye = torch.eye(3, **tensor_options)
        return cls.from_rotations(eye.expand(*batch, len(SMPL), 3, 3))

    @classmethod
    def from_rotations(
        cls, local_rotations: Rotations24, *, betas: Betas | None = None, transl: Vector | None = None
    ) -> "Pose":
        """From all 24 rotations, the pelvis first; shape and translation are zero when absent."""
        batch = local_rotations.shape[:-3]
        return cls(
            local_rotations[..., 0, :, :],
            local_rotations[..., 1:, :, :],
            local_rotations.new_zeros((*batch, BETA_COUNT)) if betas is None else betas,
            local_rotations.new_zeros((*batch, 3)) if transl is None else transl,
        )

    @classmethod
    def from_axis_angle(
        cls,
        global_orient: AxisAngle,
        body_pose: Tensor,
        *,
        betas: Betas | None = None,
        transl: Vector | None = None,
    ) -> "Pose":
        """From axis-angle in radians.

        Args:
            global_orient: (*batch, 3).
            body_pose: (*batch, 69), or (*batch, 63) with the two hand joints left straight.
            betas: (*batch, 10).
            transl: (*batch, 3) metres.

        Raises:
            InvalidPoseError: another number of joints, or NaN or infinite values.
        """
        batch = global_orient.shape[:-1]
        came = tuple(body_pose.shape)
        if came[:-1] != tuple(batch) or came[-1] not in (63, 69):
            raise InvalidPoseError(
                f"body_pose has shape {came}",
                expected=f"{(*batch, 69)} (23 joints) or {(*batch, 63)} (21 joints, without hands)",
            )
        missing = body_pose.new_zeros((*batch, 69 - came[-1]))
        axis_angle = torch.cat([global_orient, body_pose, missing], dim=-1).unflatten(-1, (len(SMPL), 3))
        pose = cls.from_rotations(rot.axis_angle_to_matrix(axis_angle), betas=betas, transl=transl)
        return pose.validated()

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """The leading axes; empty for one pose."""
        return tuple(self.global_orient.shape[:-2])

    def __len__(self) -> int:
        if not self.batch_shape:
            raise TypeError("a single pose has no length")
        return self.batch_shape[0]

    def __getitem__(self, index: Any) -> "Pose":
        """Indexes the batch axes, as a tensor's."""
        if not self.batch_shape:
            raise IndexError("a single pose can't be indexed")
        return Pose(self.global_orient[index], self.body_pose[index], self.betas[index], self.transl[index])

    @property
    def local_rotations(self) -> Rotations24:
        """All 24 rotations relative to the parent, the pelvis first."""
        return torch.cat([self.global_orient.unsqueeze(-3), self.body_pose], dim=-3)

    def axis_angle(self) -> AxisAngle24:
        """All 24 rotations as axis-angle, radians, each at most π long."""
        return rot.matrix_to_axis_angle(self.local_rotations)

    def replace(self, **changes: Tensor) -> "Pose":
        """A pose with some fields exchanged."""
        return dataclasses.replace(self, **changes)

    def with_rotation(self, joint: str, rotation: Rotation) -> "Pose":
        """A pose in which one joint has another rotation relative to its parent."""
        changed = self.local_rotations.clone()
        changed[..., SMPL.index(joint), :, :] = rotation
        return Pose.from_rotations(changed, betas=self.betas, transl=self.transl)

    def mirror(self) -> "Pose":
        """Left and right exchanged by reflection in the plane x = 0."""
        reflect = self.global_orient.new_tensor([-1.0, 1.0, 1.0])
        signs = reflect[:, None] * reflect[None, :]  # S R S for S = diag(reflect), entry by entry
        mirrored = self.local_rotations[..., list(SMPL.mirror_index), :, :] * signs
        return Pose.from_rotations(mirrored, betas=self.betas, transl=self.transl * reflect)

    def without_heading(self) -> "Pose":
        """Turned about the vertical to face +z, and moved back over the origin."""
        level = self.transl * self.transl.new_tensor([0.0, 1.0, 0.0])
        return self.replace(global_orient=rot.without_heading(self.global_orient), transl=level)

    def to(self, *args: Any, **kwargs: Any) -> "Pose":
        """Moves or casts all tensors, as `torch.Tensor.to`."""
        return Pose(*(getattr(self, field.name).to(*args, **kwargs) for field in dataclasses.fields(self)))

    def validated(self) -> "Pose":
        """Returns itself when every number is finite and every matrix a rotation.

        Raises:
            InvalidPoseError: naming the first bad joint and pose.
        """
        for name in ("betas", "transl"):
            if not torch.isfinite(getattr(self, name)).all():
                raise InvalidPoseError(f"{name} holds NaN or infinite values", fix="remove or repair those frames")
        local = self.local_rotations
        finite = torch.isfinite(local).all(-1).all(-1)
        good = finite & rot.is_rotation(torch.where(finite[..., None, None], local, torch.zeros_like(local)))
        if not good.all():
            where = torch.nonzero(~good)[0].tolist()
            what = "isn't a rotation" if finite[tuple(where)] else "holds NaN or infinite values"
            frame = f" in frame {where[0]}" if len(where) > 1 else ""
            raise InvalidPoseError(f"{SMPL.joint_names[where[-1]]} {what}{frame}", fix="remove or repair those frames")
        return self


def stack_poses(poses: Sequence[Pose]) -> Pose:
    """Stacks poses of one batch shape along a new first axis."""
    return Pose(*(torch.stack([getattr(pose, field.name) for pose in poses]) for field in dataclasses.fields(Pose)))


def concatenate_poses(poses: Sequence[Pose]) -> Pose:
    """Joins batches of poses along the first axis."""
    return Pose(*(torch.cat([getattr(pose, field.name) for pose in poses]) for field in dataclasses.fields(Pose)))
