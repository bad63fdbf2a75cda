"""The body as 22 capsules (segments with a radius), measured on a body model's own skin.

Capsules stand in for the mesh where thousands of poses are tested for contact. They are fitted to the rest pose of a
body: bones give the axes, skin vertices the radii. Left and right are fitted together, so they are exact mirror images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from chatpose.body.kinematics import WorldJoints
from chatpose.body.model import BodyModel
from chatpose.body.pose import BETA_COUNT
from chatpose.body.segments import segment_distance
from chatpose.body.skeleton import SMPL, swap_side
from chatpose.shapes import CapsuleEnds

REST_GAP_M = 0.03
"""Gap that every pair has at least in the rest pose."""

TRUNK: tuple[str, ...] = ("pelvis", "belly", "chest", "upper_chest", "neck", "head")
"""Capsules on the midline, from below; pairs of them are never tested."""

# Limb capsules of one side: name and the joint that carries it.
_LIMBS: tuple[tuple[str, str], ...] = (
    ("upper_arm", "shoulder"),
    ("forearm", "elbow"),
    ("palm", "wrist"),
    ("fingers", "hand"),
    ("thigh", "hip"),
    ("shin", "knee"),
    ("foot", "ankle"),
    ("toes", "foot"),
)
_TRUNK_JOINTS = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")

CAPSULE_NAMES: tuple[str, ...] = TRUNK + tuple(f"{side}_{name}" for side in ("left", "right") for name, _ in _LIMBS)
"""Names in the order of every capsule axis."""

CAPSULE_JOINTS: tuple[int, ...] = tuple(
    SMPL.index(joint)
    for joint in (*_TRUNK_JOINTS, *(f"{side}_{joint}" for side in ("left", "right") for _, joint in _LIMBS))
)
"""Index of the joint that moves each capsule."""

# Neighbours, and what can't meet or always does: not tested against each other.
_NEVER_ON_ONE_SIDE = (
    ("upper_arm", "forearm"),
    ("forearm", "palm"),
    ("palm", "fingers"),
    ("forearm", "fingers"),
    ("thigh", "shin"),
    ("shin", "foot"),
    ("foot", "toes"),
    ("shin", "toes"),
)
_NEVER_WITH_TRUNK = (("upper_arm", "upper_chest"), ("upper_arm", "neck"), ("thigh", "pelvis"))


@dataclass(frozen=True, eq=False)
class BodyCapsules:
    """Capsules of one body shape; make it once per body with `body_capsules` and keep it.

    Attributes:
        starts: (22, 3) metres, in the frame of each capsule's joint.
        ends: (22, 3) the other end of the axis.
        radii: (22,) metres.
        slack: (pairs,) what is added to the gap of each of `CONTACT_PAIRS` so that nothing is nearer than
            `REST_GAP_M` in the rest pose, where the thighs almost meet: that isn't contact.
    """

    starts: Tensor
    ends: Tensor
    radii: Tensor
    slack: Tensor

    def place(self, world: WorldJoints) -> CapsuleEnds:
        """World positions of both ends of every capsule, (*batch, 44, 3) metres: all starts, then all ends.

        Args:
            world: rotations and positions of the 24 joints, from `BodyModel.kinematics`.
        """
        joints = torch.tensor(CAPSULE_JOINTS, device=self.radii.device)
        local = torch.stack([self.starts, self.ends], dim=-1)
        moved = world.rotations[..., joints, :, :] @ local + world.positions[..., joints, :, None]
        return torch.cat([moved[..., 0], moved[..., 1]], dim=-2)

    @cached_property
    def end_radii(self) -> Tensor:
        """(44,) radius at each end that `place` gives."""
        return self.radii.repeat(2)


def _tested_pairs() -> tuple[tuple[str, str], ...]:
    never = {frozenset((a, b)) for a in TRUNK for b in TRUNK}
    for side in ("left", "right"):
        never |= {frozenset((f"{side}_{a}", f"{side}_{b}")) for a, b in _NEVER_ON_ONE_SIDE}
        never |= {frozenset((f"{side}_{limb}", trunk)) for limb, trunk in _NEVER_WITH_TRUNK}
    return tuple(
        (first, second)
        for place, first in enumerate(CAPSULE_NAMES)
        for second in CAPSULE_NAMES[place + 1 :]
        if frozenset((first, second)) not in never
    )


CONTACT_PAIRS: tuple[tuple[str, str], ...] = _tested_pairs()
"""Pairs of capsules that can meet; the order of every pair axis."""


def mirrored_pairs() -> list[int]:
    """For each of `CONTACT_PAIRS` the index of the same pair on the other side."""
    places = {frozenset(pair): index for index, pair in enumerate(CONTACT_PAIRS)}
    return [places[frozenset(map(swap_side, pair))] for pair in CONTACT_PAIRS]


def body_capsules(model: BodyModel, betas: Tensor | None = None) -> BodyCapsules:
    """Measures the capsules of a body.

    Args:
        model: any body.
        betas: (10,) its shape; the average when absent.
    """
    data = model.data
    betas = data.v_template.new_zeros(BETA_COUNT) if betas is None else betas
    rest = _RestBody(data.v_template + data.shapedirs @ betas, model.rest_joints(betas), data.weights.argmax(-1))
    fits = [_cross_capsule(rest, joints) for joints in (("pelvis",), ("spine1",), ("spine2",), ("spine3",))]
    fits += [_upright_capsule(rest, "neck"), _upright_capsule(rest, "head")]
    forearm, shin = _bone_capsule(rest, "elbow", "wrist"), _bone_capsule(rest, "knee", "ankle")
    left = [
        _not_beyond(_bone_capsule(rest, "shoulder", "elbow"), forearm),
        forearm,
        _bone_capsule(rest, "wrist", "hand"),
        _finger_capsule(rest),
        # Above this both thighs and the pelvis are one volume.
        _not_beyond(_bone_capsule(rest, "hip", "knee", trim=0.2), shin),
        shin,
        _foot_capsule(rest),
        _toe_capsule(rest),
    ]
    flip = betas.new_tensor([-1.0, 1.0, 1.0])
    fits += left + [(start * flip, end * flip, radius) for start, end, radius in left]
    starts, ends = torch.stack([fit[0] for fit in fits]), torch.stack([fit[1] for fit in fits])
    radii = torch.stack([fit[2] for fit in fits])
    return BodyCapsules(starts, ends, radii, _rest_slack(starts, ends, radii, rest.joints))


def pair_distances(ends: CapsuleEnds, radii: Tensor) -> Tensor:
    """Signed gap between the surfaces of each of `CONTACT_PAIRS`, (*batch, pairs) metres, negative when they overlap.

    Args:
        ends: what `BodyCapsules.place` gives.
        radii: (22,) metres.
    """
    count = len(CAPSULE_NAMES)
    first, second = _pair_indices(str(ends.device))
    # Coordinates first: every step of the distance then runs over contiguous memory.
    planes = ends.movedim(-1, 0).contiguous()
    starts, axes = planes[..., :count], planes[..., count:] - planes[..., :count]
    chosen = [part.index_select(-1, index) for index in (first, second) for part in (starts, axes)]
    return segment_distance(*chosen) - (radii[first] + radii[second])


@lru_cache(maxsize=8)
def _pair_indices(device: str) -> tuple[Tensor, Tensor]:
    """Capsule indices of the first and of the second of `CONTACT_PAIRS`."""
    places = {name: index for index, name in enumerate(CAPSULE_NAMES)}
    table = torch.tensor([[places[first], places[second]] for first, second in CONTACT_PAIRS], device=device)
    return table[:, 0].contiguous(), table[:, 1].contiguous()


_Fit = tuple[Tensor, Tensor, Tensor]


class _RestBody:
    """Skin and joints at rest, the right side reflected onto the left."""

    def __init__(self, vertices: Tensor, joints: Tensor, carrier: Tensor) -> None:
        flip = vertices.new_tensor([-1.0, 1.0, 1.0])
        self.joints = (joints + joints[list(SMPL.mirror_index)] * flip) / 2
        self._vertices = torch.cat([vertices, vertices * flip])
        mirror = torch.tensor(SMPL.mirror_index, device=carrier.device)
        self._carrier = torch.cat([carrier, mirror[carrier]])

    def joint(self, name: str) -> Tensor:
        return self.joints[SMPL.index(name)]

    def skin(self, joints: Sequence[str]) -> Tensor:
        """Vertices that mostly follow these joints, of both sides."""
        wanted = torch.tensor([SMPL.index(name) for name in joints], device=self._carrier.device)
        return self._vertices[torch.isin(self._carrier, wanted)]


def _span(values: Tensor, share: float = 0.02) -> tuple[Tensor, Tensor]:
    """Extent of a coordinate without its outermost few vertices."""
    return values.quantile(share), values.quantile(1 - share)


def _bone_capsule(rest: _RestBody, start: str, end: str, trim: float = 0.0) -> _Fit:
    """Along the bone from a left joint to the next; the radius is the skin's median distance from it."""
    origin, axis = rest.joint(f"left_{start}"), rest.joint(f"left_{end}") - rest.joint(f"left_{start}")
    skin = rest.skin([f"left_{start}"]) - origin
    along = (skin @ axis) / (axis @ axis)
    middle = (along > 0.1) & (along < 0.9)
    radius = (skin - along[:, None] * axis)[middle].norm(dim=-1).median()
    return axis * trim, axis, radius


def _not_beyond(fit: _Fit, following: _Fit) -> _Fit:
    """Shortened so that its round end reaches no farther past the joint than the thinner next capsule's."""
    start, end, radius = fit
    pull = (radius - following[2]).clamp_min(0) / (end - start).norm()
    return start, end + (start - end) * pull, radius


def _finger_capsule(rest: _RestBody) -> _Fit:
    """From the middle knuckle to the finger tips along the hand; as thick as the fingers, without the thumb."""
    origin, axis = rest.joint("left_hand"), rest.joint("left_hand") - rest.joint("left_wrist")
    axis = axis / axis.norm()
    skin = rest.skin(["left_hand"]) - origin
    fingers = skin[(skin @ axis) > 0]
    low, high = _span(fingers[:, 1], 0.1)
    radius = (high - low) / 2
    return torch.zeros_like(axis), axis * ((fingers @ axis).amax() - radius), radius


def _foot_capsule(rest: _RestBody) -> _Fit:
    """From the heel to the ball, lying on the sole."""
    origin, ball = rest.joint("left_ankle"), rest.joint("left_foot")
    skin = rest.skin(["left_ankle"])
    heel = skin[skin[:, 2] < origin[2]]
    low, high = _span(heel[:, 0])
    radius, sole = (high - low) / 2, skin[:, 1].amin()
    start = torch.stack([(high + low) / 2, sole + radius, heel[:, 2].amin() + radius])
    end = torch.stack([ball[0], sole + radius, ball[2]])
    return start - origin, end - origin, radius


def _toe_capsule(rest: _RestBody) -> _Fit:
    """From the ball to the tip of the toes, lying on the sole."""
    origin = rest.joint("left_foot")
    skin = rest.skin(["left_foot"])
    low, high = skin[:, 1].amin(), skin[:, 1].quantile(0.95)
    radius = (high - low) / 2
    start = torch.stack([origin[0], low + radius, origin[2]])
    end = torch.stack([skin[:, 0].mean(), low + radius, skin[:, 2].amax() - radius])
    return start - origin, end - origin, radius


def _cross_capsule(rest: _RestBody, joints: Sequence[str]) -> _Fit:
    """A lying capsule across the trunk: as thick as the trunk is deep, as long as it is wide."""
    origin, skin = rest.joint(joints[0]), rest.skin(joints)
    (back, front), (low, high) = _span(skin[:, 2]), _span(skin[:, 1])
    radius = (front - back) / 2
    reach = (_span(skin[:, 0])[1] - radius).clamp_min(0)
    centre = torch.stack([torch.zeros_like(radius), (low + high) / 2, (back + front) / 2]) - origin
    side = torch.stack([reach, torch.zeros_like(reach), torch.zeros_like(reach)])
    return centre + side, centre - side, radius


def _upright_capsule(rest: _RestBody, joint: str) -> _Fit:
    """A standing capsule: neck and head."""
    origin, skin = rest.joint(joint), rest.skin([joint])
    (back, front), (low, high) = _span(skin[:, 2]), _span(skin[:, 1], 0.0)
    width = _span(skin[:, 0])[1]
    radius = (width + (front - back) / 2) / 2
    zero, depth = torch.zeros_like(radius), (back + front) / 2
    bottom = torch.stack([zero, torch.minimum(low + radius, (low + high) / 2), depth])
    top = torch.stack([zero, torch.maximum(high - radius, (low + high) / 2), depth])
    return bottom - origin, top - origin, radius


def _rest_slack(starts: Tensor, ends: Tensor, radii: Tensor, joints: Tensor) -> Tensor:
    eye = torch.eye(3, dtype=joints.dtype, device=joints.device).expand(len(SMPL), 3, 3)
    bare = BodyCapsules(starts, ends, radii, radii.new_zeros(len(CONTACT_PAIRS)))
    placed = bare.place(WorldJoints(eye, joints))
    return (REST_GAP_M - pair_distances(placed, radii)).clamp_min(0)
