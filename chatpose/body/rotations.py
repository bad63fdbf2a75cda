"""Rotations: conversions named `a_to_b`, any leading batch axes, stable near 0 and π.

roma does the conversions; what is added here is the wxyz order of chatpose, safe re-orthonormalisation, and the
atan2 forms of angles. Matrices act on column vectors from the left.
"""

from typing import cast

import roma
import torch
from torch import Tensor

from chatpose.shapes import Angle, AxisAngle, Quaternion, Rotation, Rotation6d, Vector


def axis_angle_to_matrix(axis_angle: AxisAngle) -> Rotation:
    """Rotation vectors (axis times angle, radians) to matrices."""
    return roma.rotvec_to_rotmat(axis_angle)


def matrix_to_axis_angle(matrix: Rotation) -> AxisAngle:
    """Matrices to rotation vectors of length at most π.

    Goes by way of quaternions: the direct trace formula loses the axis near π.
    """
    return roma.unitquat_to_rotvec(roma.rotmat_to_unitquat(matrix))


def quaternion_to_matrix(quat_wxyz: Quaternion) -> Rotation:
    """Quaternions, w first, of any non-zero length, to matrices."""
    quat_xyzw = roma.quat_wxyz_to_xyzw(torch.nn.functional.normalize(quat_wxyz, dim=-1))
    return roma.unitquat_to_rotmat(quat_xyzw)


def matrix_to_quaternion(matrix: Rotation) -> Quaternion:
    """Matrices to unit quaternions, w first and never negative."""
    quat = roma.quat_xyzw_to_wxyz(roma.rotmat_to_unitquat(matrix))
    return torch.where(quat[..., :1] < 0, -quat, quat)


def matrix_to_6d(matrix: Rotation) -> Rotation6d:
    """First two columns, one after the other (Zhou et al., Continuity of Rotation Representations, CVPR 2019)."""
    return torch.cat([matrix[..., :, 0], matrix[..., :, 1]], dim=-1)


def rotation_6d_to_matrix(rotation_6d: Rotation6d) -> Rotation:
    """Two columns to a rotation by Gram-Schmidt; inverse of `matrix_to_6d`."""
    return roma.special_gramschmidt(rotation_6d.unflatten(-1, (2, 3)).transpose(-1, -2))


def nearest_rotation(matrix: Rotation) -> Rotation:
    """The rotation closest to a 3×3 matrix in the Frobenius norm (special Procrustes)."""
    return cast(Tensor, roma.special_procrustes(matrix))  # a pair only when singular values are asked for


def about_axis(axis: str, angle_rad: Angle) -> Rotation:
    """Rotations about a coordinate axis, `axis` one of "x", "y", "z"."""
    i, j, k = {"x": (0, 1, 2), "y": (1, 2, 0), "z": (2, 0, 1)}[axis]
    cos, sin = torch.cos(angle_rad), torch.sin(angle_rad)
    matrix = torch.zeros((*angle_rad.shape, 3, 3), dtype=angle_rad.dtype, device=angle_rad.device)
    matrix[..., i, i] = 1
    matrix[..., j, j] = cos
    matrix[..., k, k] = cos
    matrix[..., k, j] = sin
    matrix[..., j, k] = -sin
    return matrix


def rotation_angle(matrix: Rotation) -> Angle:
    """Angle of each rotation in [0, π], exact at both ends (atan2 of the skew part against the trace)."""
    skew = torch.stack(
        [
            matrix[..., 2, 1] - matrix[..., 1, 2],
            matrix[..., 0, 2] - matrix[..., 2, 0],
            matrix[..., 1, 0] - matrix[..., 0, 1],
        ],
        dim=-1,
    )
    trace = matrix.diagonal(dim1=-2, dim2=-1).sum(-1)
    return torch.atan2(skew.norm(dim=-1), trace - 1)


def geodesic_distance(first: Rotation, second: Rotation) -> Angle:
    """Angle of the rotation between two, radians, in [0, π]."""
    return rotation_angle(first.transpose(-1, -2) @ second)


def angle_between(first: Vector, second: Vector) -> Angle:
    """Angle between two directions in [0, π], exact near 0 and π; 0 for a zero vector."""
    cross = torch.linalg.cross(first, second, dim=-1).norm(dim=-1)
    return torch.atan2(cross, (first * second).sum(-1))


def swing_between(start: Vector, end: Vector) -> Rotation:
    """The shortest rotation that turns direction `start` into direction `end`.

    For opposite directions, where the axis is open, half a turn about an axis at right angles to `start`.
    Zero vectors give the identity.
    """
    start, end = torch.broadcast_tensors(start, end)
    axis = torch.linalg.cross(start, end, dim=-1)
    sine = axis.norm(dim=-1, keepdim=True)
    cosine = (start * end).sum(-1, keepdim=True)
    fallback = _orthogonal(start)
    tiny = 1e-7 * start.norm(dim=-1, keepdim=True) * end.norm(dim=-1, keepdim=True)
    axis = torch.where(sine > tiny, axis / sine.clamp_min(torch.finfo(sine.dtype).tiny), fallback)
    return axis_angle_to_matrix(axis * torch.atan2(sine, cosine))


def heading_angle(matrix: Rotation) -> Angle:
    """Rotation about the vertical (y) axis contained in a rotation, radians in (-π, π].

    The twist of the swing-twist decomposition about y; 0 where it is undefined (exactly upside down).
    """
    return torch.atan2(matrix[..., 0, 2] - matrix[..., 2, 0], matrix[..., 0, 0] + matrix[..., 2, 2])


def without_heading(matrix: Rotation) -> Rotation:
    """The same rotation with its heading taken away: R_y(heading)ᵀ R."""
    return about_axis("y", -heading_angle(matrix)) @ matrix


def is_rotation(matrix: Rotation, tolerance: float = 1e-3) -> Tensor:
    """Whether each matrix is orthonormal and right-handed within `tolerance`, shape `*batch`, bool."""
    eye = torch.eye(3, dtype=matrix.dtype, device=matrix.device)
    orthonormal = (matrix.transpose(-1, -2) @ matrix - eye).abs().amax((-1, -2)) <= tolerance
    return orthonormal & (torch.linalg.det(matrix) > 0)


def _orthogonal(vector: Vector) -> Vector:
    """Some unit vector at right angles to each given one."""
    smallest = vector.abs().argmin(-1, keepdim=True)
    basis = torch.zeros_like(vector).scatter(-1, smallest, 1.0)
    return torch.nn.functional.normalize(torch.linalg.cross(vector, basis, dim=-1), dim=-1)
