"""`BodyModel`: shape and pose to joints and a skinned mesh.

Two bodies, one interface: `BodyModel.open()` is the open body that ships with chatpose, `BodyModel.smpl(path)` a
licensed file of the SMPL family. The skinning itself is behind a small protocol: ours (`chatpose.body.skinning`) or
the `smplx` package's (`chatpose.body.smplx_backend`); both give the same vertices on the same body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from chatpose.body.kinematics import WorldJoints, forward_kinematics, joints_to_offsets
from chatpose.body.pose import Pose
from chatpose.errors import unknown_name
from chatpose.shapes import Betas, Joints24, Vector, Vertices


@dataclass(frozen=True, eq=False)
class BodyData:
    """The arrays of a body in SMPL's layout, float32 tensors on one device.

    Attributes:
        name: "open", or the file's name.
        shape_space: which body `betas` belong to, see `chatpose.formats.clip.SHAPE_SPACES`.
        gender: "neutral", "female" or "male".
        v_template: (verts, 3) rest vertices, metres.
        shapedirs: (verts, 3, 10) shape directions.
        posedirs: (207, verts * 3) pose correctives, or None for a body without.
        J_regressor: (24, verts) rest joints from rest vertices.
        weights: (verts, 24) skinning weights, rows sum to 1.
        faces: (faces, 3) int64, counter-clockwise from outside.
        landmarks: name to vertex index: nose, left_eye, left_ear, left_heel, left_big_toe, left_small_toe,
            left_thumb, left_index, left_middle, left_ring, left_pinky and the same on the right; empty when unknown.
    """

    name: str
    shape_space: str
    gender: str
    v_template: torch.Tensor
    shapedirs: torch.Tensor
    posedirs: torch.Tensor | None
    J_regressor: torch.Tensor
    weights: torch.Tensor
    faces: torch.Tensor
    landmarks: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class PosedBody:
    """A body in a pose.

    Attributes:
        vertices: (*batch, verts, 3) metres, world.
        joints: (*batch, 24, 3) metres, world.
    """

    vertices: Vertices
    joints: Joints24


@runtime_checkable
class Skinning(Protocol):
    """Turns a pose into a mesh on given body data."""

    def __call__(self, data: BodyData, pose: Pose) -> PosedBody:
        """Poses the body; any batch shape."""
        ...


class BodyModel:
    """A body that takes shape and pose. Immutable; joints alone never touch the mesh."""

    def __init__(self, data: BodyData, skinning: Skinning) -> None:
        self.data = data
        self._skinning = skinning
        # Rest joints are linear in betas, so the regressor is applied to the shape directions once.
        self._rest_joints = data.J_regressor @ data.v_template
        self._joint_shapedirs = torch.einsum("jv,vkb->jkb", data.J_regressor, data.shapedirs)

    @classmethod
    def open(cls, *, device: torch.device | str | None = None) -> "BodyModel":
        """The open body that ships with chatpose (licence in data/body/README.md)."""
        from chatpose.body.open_body import load_open_body
        from chatpose.body.skinning import linear_blend_skinning

        return cls(load_open_body(device), linear_blend_skinning)

    @classmethod
    def smpl(
        cls, path: str | Path, gender: str = "neutral", *, device: torch.device | str | None = None
    ) -> "BodyModel":
        """A licensed body of the SMPL family, read from the user's own file and run by the `smplx` package.

        Args:
            path: the .pkl or .npz file, or the folder that holds it.
            gender: "neutral", "female" or "male"; chooses the file when `path` is a folder.
            device: where the tensors live.

        Raises:
            MissingFileError: no such file; says where it is to be had and that the open body works without it.
            UnreadableFileError: not a body file.
            MissingExtraError: `smplx` isn't installed.
        """
        from chatpose.body.smplx_backend import SmplxSkinning, load_smpl_file

        data = load_smpl_file(Path(path), gender, device)
        return cls(data, SmplxSkinning(data))

    def rest_joints(self, betas: Betas) -> Joints24:
        """Joints of the rest pose for a shape, metres."""
        return self._rest_joints + torch.einsum("...b,jkb->...jk", betas, self._joint_shapedirs)

    def kinematics(self, pose: Pose) -> WorldJoints:
        """World rotations and positions of the joints, without the mesh."""
        offsets = joints_to_offsets(self.rest_joints(pose.betas))
        return forward_kinematics(pose.local_rotations, offsets, offsets[..., 0, :] + pose.transl)

    def joints(self, pose: Pose) -> Joints24:
        """World positions of the 24 joints, metres."""
        return self.kinematics(pose).positions

    def __call__(self, pose: Pose) -> PosedBody:
        """Joints and skinned vertices."""
        return self._skinning(self.data, pose)

    def landmark(self, vertices: Vertices, name: str) -> Vector:
        """Position of a named surface point on posed vertices.

        Raises:
            UnknownNameError: this body doesn't know it.
        """
        if name not in self.data.landmarks:
            raise unknown_name("landmark", name, self.data.landmarks)
        return vertices[..., self.data.landmarks[name], :]

    def usable_betas(self, betas: Betas, shape_space: str) -> Betas:
        """`betas` when they belong to this body's shape space, zeros otherwise (they'd mean something else)."""
        return betas if shape_space == self.data.shape_space else torch.zeros_like(betas)

    def __repr__(self) -> str:
        data: Any = self.data
        return f"BodyModel({data.name}, {data.gender}, {len(data.v_template):,} vertices)"
