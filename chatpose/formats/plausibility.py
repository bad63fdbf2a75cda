"""What numbers in a pose file give away: degrees taken for radians, joint positions taken for rotations."""

import numpy as np

from chatpose.body.skeleton import SMPL

DEGREE_JOINTS = 3
"""So many joints beyond a full turn look like degrees (one alone may be a root that spins)."""

_SAMPLES = 50
_SYMMETRY = 0.03
"""Left and right bones of one body differ by less than this part of their length."""
_RATIOS: tuple[tuple[tuple[str, ...], str, float, float], ...] = (
    (("hip",), "knee", 0.17, 0.42),
    (("ankle",), "knee", 0.8, 1.35),
    (("foot",), "ankle", 0.2, 0.6),
    (("elbow",), "knee", 0.45, 0.9),
    (("wrist",), "elbow", 0.7, 1.3),
    (("shoulder",), "elbow", 0.3, 0.75),
    (("collar",), "shoulder", 0.5, 1.8),
    (("spine1", "spine2", "spine3"), "knee", 0.55, 1.25),
    (("neck",), "knee", 0.25, 0.9),
    (("head",), "neck", 0.2, 1.3),
)
"""Lengths of bones (those that end in the named joints, added up) over another's, within about 40 % of SMPL's (0.27,
1.1, 0.34, 0.67, 0.98, 0.49, 1.1, 0.84, 0.55, 0.48) and the open body's (0.27, 1.0, 0.36, 0.64, 0.89, 0.57, 0.8, 0.88,
0.44, 0.56)."""


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
    Rotation vectors that do so by chance would have to fulfil eight equations and ten such ranges at once: of
    120,000 random poses none did, and of as many that were their own mirror images six.

    Args:
        values: (frames, joints, 3), at least SMPL's first 22 joints.
    """
    sample = values[:: max(1, len(values) // _SAMPLES), :22]
    lengths: dict[str, np.ndarray] = {}  # the two sides' mean
    fits = np.ones(len(sample), dtype=bool)
    for joint, name in enumerate(SMPL.joint_names[1:22], 1):
        length = np.linalg.norm(sample[:, joint] - sample[:, SMPL.parents[joint]], axis=-1)
        bare = name.removeprefix("left_").removeprefix("right_")
        if bare in lengths:
            other = lengths[bare]
            fits &= np.abs(length - other) <= _SYMMETRY * np.maximum(length, other)
            length = (length + other) / 2
        lengths[bare] = length
    for bones, of, low, high in _RATIOS:
        total = np.sum([lengths[bone] for bone in bones], axis=0)
        fits &= (lengths[of] > 0) & (total >= low * lengths[of]) & (total <= high * lengths[of])
    return bool(fits.all())
