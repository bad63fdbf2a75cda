"""Skeletons as trees of named joints, and SMPL's 24-joint one, which everything inside chatpose uses.

Frame: metres, y up, the body faces +z, its left is +x. *Left is the body's left.*
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from chatpose.errors import unknown_name
from chatpose.shapes import Joints24


@dataclass(frozen=True)
class Skeleton:
    """A tree of joints; parents come before their children.

    Attributes:
        name: what people call it.
        joint_names: one name a joint.
        parents: index of each joint's parent, -1 for the root.
    """

    name: str
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.joint_names) != len(self.parents):
            raise ValueError(f"{self.name}: {len(self.joint_names)} names but {len(self.parents)} parents")
        if any(parent >= joint for joint, parent in enumerate(self.parents)):
            raise ValueError(f"{self.name}: a joint comes before its parent")

    def __len__(self) -> int:
        return len(self.joint_names)

    def index(self, joint_name: str) -> int:
        """Index of a joint.

        Raises:
            UnknownNameError: no such joint; the message lists near matches.
        """
        try:
            return self._index[joint_name]
        except KeyError:
            raise unknown_name(f"{self.name} joint", joint_name, self.joint_names) from None

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: joint for joint, name in enumerate(self.joint_names)}

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """Children of each joint."""
        return tuple(tuple(j for j, p in enumerate(self.parents) if p == joint) for joint in range(len(self)))

    @cached_property
    def levels(self) -> tuple[tuple[int, ...], ...]:
        """Joints by depth in the tree, the root's level first (kinematics handles one level at a time)."""
        depth: list[int] = []
        for parent in self.parents:
            depth.append(0 if parent < 0 else depth[parent] + 1)
        return tuple(tuple(j for j, d in enumerate(depth) if d == level) for level in range(max(depth) + 1))

    @cached_property
    def mirror_index(self) -> tuple[int, ...]:
        """For each joint the joint of the other side (itself on the midline)."""
        return tuple(self._index.get(swap_side(name), joint) for joint, name in enumerate(self.joint_names))


def swap_side(name: str) -> str:
    """The name with `left_`/`right_` exchanged, unchanged when it has neither."""
    for here, there in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(here):
            return there + name.removeprefix(here)
    return name


SMPL = Skeleton(
    "SMPL",
    (
        "pelvis",
        "left_hip",
        "right_hip",
        "spine1",
        "left_knee",
        "right_knee",
        "spine2",
        "left_ankle",
        "right_ankle",
        "spine3",
        "left_foot",
        "right_foot",
        "neck",
        "left_collar",
        "right_collar",
        "head",
        "left_shoulder",
        "right_shoulder",
        "left_elbow",
        "right_elbow",
        "left_wrist",
        "right_wrist",
        "left_hand",
        "right_hand",
    ),
    (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21),
)
"""SMPL's joint order (Loper et al., SMPL, SIGGRAPH Asia 2015). `hand` is the middle knuckle, `foot` the ball."""

LIMB_BONES: tuple[tuple[str, str], ...] = tuple(
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
)
"""The 8 limb bones (thigh, shin, upper arm, forearm) whose direction errors are reported."""

_REST_OFFSETS_MM: dict[str, tuple[float, float, float]] = {
    "pelvis": (0, 0, 0),
    "hip": (60, -87, -15),
    "spine1": (0, 122, -35),
    "knee": (43, -385, 3),
    "spine2": (0, 138, 26),
    "ankle": (-17, -424, -36),
    "spine3": (0, 56, 3),
    "foot": (38, -61, 127),
    "neck": (0, 212, -34),
    "collar": (78, 113, -21),
    "head": (0, 89, 50),
    "shoulder": (116, 46, -13),
    "elbow": (258, -15, -27),
    "wrist": (252, 10, -7),
    "hand": (87, -10, -13),
}

PELVIS_REST = (0.0, -0.2233, 0.0282)
"""Where the pelvis lies in the rest pose when `transl` is zero, metres (SMPL's published value, put on the midline)."""


def smpl_rest_offsets(dtype: torch.dtype = torch.float32) -> Joints24:
    """Joint offsets from the parent in SMPL's rest pose (a T-pose), metres, zero for the root.

    SMPL's published table, made left-right symmetric and rounded to millimetres.
    """
    return torch.tensor(offsets_by_name(SMPL.joint_names), dtype=dtype)


def offsets_by_name(names: Sequence[str]) -> list[list[float]]:
    """SMPL's rest offsets, metres, for the given SMPL joint names."""
    rows = []
    for name in names:
        side, _, bare = name.rpartition("_")
        x, y, z = _REST_OFFSETS_MM[bare]
        rows.append([(-x if side == "right" else x) / 1000, y / 1000, z / 1000])
    return rows
