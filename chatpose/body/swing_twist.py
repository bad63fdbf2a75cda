"""Ball joints as a swing of the bone and a twist about it, without gimbal lock in the reach of a human joint.

The bone hangs along -y when nothing is turned. The swing is a rotation vector (x, 0, z): its length is how far the
bone is lifted, its direction says where to. Pure flexion is all x, pure abduction all z. (Baerlocher and Boulic,
Parametrization and range of motion of the ball-and-socket joint, 2001; Grassia, Practical parameterization of
rotations using the exponential map, 1998.)

The one singular direction is straight up, half a turn from hanging: there every swing of length π lifts the bone to
the same place, and they differ by a twist (Codman's paradox). It can't be read off from which side the bone came, so
a swing beyond π in a direction that a human arm takes is preferred to one below π in a direction that none takes.
"""

import math

import torch
from torch import Tensor

from chatpose.shapes import Angle, Rotation, Swing

REACH_CENTRE_RAD = (-math.radians(36.0), math.radians(36.0))
"""Middle of a ball joint's reach, (x, z) of the swing: 36° flexion with 36° abduction.

Of the two swings that make one rotation, the one nearer to this is read. Lifting forward, sideways and anything
between goes on without a jump to 36° (51° in between) beyond straight up; the jump lies behind the back, outside the
extreme ranges of `chatpose.body.joint_limits`, which this value is chosen for.
"""

_KEEP_OFF_RAD = math.radians(0.04)
_TINY = 1e-30


def swing_twist_to_matrix(swing: Swing, twist: Angle) -> Rotation:
    """Rotation that first twists about y, then swings.

    A swing within 0.04° of half a turn is moved off it by that much: a bone that points straight up to the last bit
    no longer holds the direction of its swing.

    Args:
        swing: (*batch, 2) x and z of the swing's rotation vector, radians.
        twist: (*batch) radians.
    """
    length = _length(swing)
    off = torch.where(length < math.pi, math.pi - _KEEP_OFF_RAD, math.pi + _KEEP_OFF_RAD)
    near = (length - math.pi).abs() < _KEEP_OFF_RAD
    swing = torch.where(near[..., None], swing * (off / length)[..., None], swing)
    return _swing_matrix(swing) @ _twist_matrix(twist)


def matrix_to_swing_twist(matrix: Rotation, centre_rad: tuple[float, float] = REACH_CENTRE_RAD) -> tuple[Swing, Angle]:
    """Inverse of `swing_twist_to_matrix`: swing (*batch, 2) and twist (*batch), radians.

    Of the two swings that make one rotation, the one nearer to `centre_rad` is given, so it is at most π plus the
    length of `centre_rad` long. The twist lies in (-π, π]. Exactly straight up reads as swing (-π, 0), pure flexion.
    """
    # The twist leaves the y column alone: (-sin r · z/r, cos r, sin r · x/r) for a swing (x, z) of length r.
    sine_x, cosine, sine_z = matrix[..., 2, 1], matrix[..., 1, 1], -matrix[..., 0, 1]
    squared = sine_x * sine_x + sine_z * sine_z
    small = squared < 1e-6
    hanging, upright = small & (cosine > 0), (cosine < 0) & (squared < _TINY)
    # Both ends are computed on harmless numbers and then exchanged: a NaN that `where` drops still spoils gradients.
    sine = torch.where(hanging | upright, torch.ones_like(squared), squared).sqrt()
    ratio = torch.where(hanging, 1 + squared / 6, torch.atan2(sine, cosine) / sine)
    swing = torch.stack([sine_x, sine_z], dim=-1) * ratio[..., None]
    swing = torch.where(upright[..., None], swing.new_tensor([-math.pi, 0.0]), swing)
    rest = _swing_matrix(swing).transpose(-1, -2) @ matrix
    twist = torch.atan2(rest[..., 0, 2] - rest[..., 2, 0], rest[..., 0, 0] + rest[..., 2, 2])
    return _nearest_to_centre(swing, centre_rad), twist


def _nearest_to_centre(swing: Tensor, centre_rad: tuple[float, float]) -> Tensor:
    """Of `swing` and the one a whole turn shorter, which rotate alike, the nearer to `centre_rad`."""
    length = _length(swing)
    along = (swing * swing.new_tensor(centre_rad)).sum(-1) / length
    shorter = swing * (1 - 2 * math.pi / length)[..., None]
    return torch.where((length > math.pi + along)[..., None], shorter, swing)


def _length(swing: Tensor) -> Tensor:
    """Length of a swing, never zero, with a finite gradient everywhere."""
    return (swing * swing).sum(-1).clamp_min(1e-12).sqrt()


def _swing_matrix(swing: Tensor) -> Tensor:
    """Rodrigues' formula for a rotation vector without y."""
    x, z = swing.unbind(-1)
    length = _length(swing)
    a = torch.sinc(length / math.pi)
    b = 0.5 * torch.sinc(length / (2 * math.pi)) ** 2
    rows = [1 - b * z * z, -a * z, b * x * z, a * z, 1 - b * (x * x + z * z), -a * x, b * x * z, a * x, 1 - b * x * x]
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def _twist_matrix(twist: Tensor) -> Tensor:
    cos, sin = torch.cos(twist), torch.sin(twist)
    zero, one = torch.zeros_like(twist), torch.ones_like(twist)
    return torch.stack([cos, zero, sin, zero, one, zero, -sin, zero, cos], dim=-1).unflatten(-1, (3, 3))
