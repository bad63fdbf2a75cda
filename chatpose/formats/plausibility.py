"""What numbers in a pose file give away: degrees taken for radians, joint positions taken for rotations."""

import numpy as np

from chatpose.body.skeleton import SMPL

DEGREE_JOINTS = 3
"""So many joints beyond a full turn look like degrees (one alone may be a root that spins)."""

_SAMPLES = 50
_SYMMETRY = 0.03
"""Left and right bones of one body differ by less than this part of their length."""
_RATIOS: dict[tuple[str, str], tuple[float, float]] = {
    ("knee", "hip"): (2.0, 7.0),
    ("ankle", "knee"): (0.7, 1.5),
    ("foot", "ankle"): (0.15, 0.7),
    ("elbow", "shoulder"): (1.1, 4.0),
    ("wrist", "elbow"): (0.6, 1.5),
}
"""Length of the bone that ends in the first joint over the one that ends in the second, wide around SMPL's 3.7, 1.1,
0.34, 2.0, 0.98 and the open body's 3.7, 1.0, 0.36, 1.8, 0.89."""


def degrees_warning(axis_angle: np.ndarray) -> str | None:
    """A sentence when rotation vectors look like degrees.

    Args:
        axis_angle: (frames, joints, 3), meant to be radians.
    """
    squared = np.einsum("fjk,fjk->fj", axis_angle, axis_angle)
    joints = int((squared > (2 * np.pi) ** 2).any(0).sum())
    if joints < DEGREE_JOINTS:
        return None
    return (
        f"{joints} of {axis_angle.shape[1]} joints turn by more than 360 degrees: the angles look like degrees, "
        "but radians are expected and were read"
    )


def are_joint_positions(values: np.ndarray) -> bool:
    """Whether "rotation vectors" are a body's joint positions, in any unit.

    Positions keep the lengths of bones: left and right agree and neighbours stand in human proportion, in every frame.
    Rotation vectors that do so by chance would have to fulfil ten equations at once.

    Args:
        values: (frames, joints, 3), at least SMPL's first 22 joints.
    """
    step = max(1, len(values) // _SAMPLES)
    sample = values[::step, :22]
    lengths = {
        name: np.linalg.norm(sample[:, joint] - sample[:, SMPL.parents[joint]], axis=-1)
        for joint, name in enumerate(SMPL.joint_names[:22])
        if joint
    }
    fits = np.ones(len(sample), dtype=bool)
    for far, near in _RATIOS:
        for bone in (far, near):
            left, right = lengths[f"left_{bone}"], lengths[f"right_{bone}"]
            fits &= np.abs(left - right) <= _SYMMETRY * np.maximum(left, right)
    for (far, near), (low, high) in _RATIOS.items():
        for side in ("left", "right"):
            first, second = lengths[f"{side}_{far}"], lengths[f"{side}_{near}"]
            fits &= (second > 0) & (first >= low * second) & (first <= high * second)
    return bool(fits.all())
