"""Unit quaternions (w, x, y, z) as the codec's working form: composed, taken apart, differentiable in float32."""

import torch
from torch import Tensor

from chatpose.shapes import AxisAngle, Quaternion

_TINY = 1e-12


def exponential(rotvec: AxisAngle) -> Quaternion:
    """Quaternions of rotation vectors, radians; smooth at zero."""
    squared = rotvec.square().sum(-1, keepdim=True)
    angle = squared.clamp_min(_TINY).sqrt()
    scale = torch.where(squared > 1e-6, torch.sin(angle / 2) / angle, 0.5 - squared / 48)
    return torch.cat([torch.cos(angle / 2), rotvec * scale], dim=-1)


def logarithm(quat: Quaternion) -> AxisAngle:
    """Rotation vectors at most π long; the inverse of `exponential`, smooth at zero."""
    quat = torch.where(quat[..., :1] < 0, -quat, quat)
    vector = quat[..., 1:]
    squared = vector.square().sum(-1, keepdim=True)
    sine = squared.clamp_min(_TINY).sqrt()
    scale = torch.where(squared > 1e-8, 2 * torch.atan2(sine, quat[..., :1]) / sine, 2 + squared / 3)
    return vector * scale


def compose(first: Quaternion, second: Quaternion) -> Quaternion:
    """The product: as matrices, first · second."""
    a, b, c, d = first.unbind(-1)
    e, f, g, h = second.unbind(-1)
    return torch.stack(
        [
            a * e - b * f - c * g - d * h,
            a * f + b * e + c * h - d * g,
            a * g - b * h + c * e + d * f,
            a * h + b * g - c * f + d * e,
        ],
        dim=-1,
    )


def between(start: Quaternion, end: Quaternion) -> AxisAngle:
    """The rotation vector that composed on the right of `start` gives `end`."""
    return logarithm(compose(conjugate(start), end))


def conjugate(quat: Quaternion) -> Quaternion:
    """The inverse turn."""
    return quat * quat.new_tensor([1.0, -1.0, -1.0, -1.0])


def mirrored(quat: Quaternion) -> Quaternion:
    """The reflection in the plane x = 0: axes are pseudovectors, so y and z change sign."""
    return quat * quat.new_tensor([1.0, 1.0, -1.0, -1.0])


def to_matrix(quat: Quaternion) -> Tensor:
    """(*batch, 3, 3) of unit quaternions, normalised first."""
    w, x, y, z = torch.nn.functional.normalize(quat, dim=-1).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    ]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def from_up(up: Tensor) -> Quaternion:
    """The smallest rotation that turns the direction `up` upright, (*batch, 4) from unit (*batch, 3).

    It has no heading. Exactly upside down it is half a turn about x.
    """
    upright = 1 + up[..., 1]
    zero = torch.zeros_like(upright)
    quat = torch.stack([upright, -up[..., 2], zero, up[..., 0]], dim=-1)
    pole = quat.new_tensor([0.0, 1.0, 0.0, 0.0])
    near = (quat.square().sum(-1, keepdim=True)) < 1e-10
    return torch.nn.functional.normalize(torch.where(near, pole, quat), dim=-1)
