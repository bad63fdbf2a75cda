"""Named points on the skin with outward normals: where a hand, a foot or the floor touches a body.

Every site is where a ray from a point on a bone leaves the rest mesh (a T-pose that faces +z, left is +x), so the same
table serves every body shape; nothing refers to vertex numbers. A site keeps the skinning weights of the skin that it
lies on and moves with it exactly (pose correctives of a licensed body aside). Left sites are measured, right ones are
their reflection, sites of the midline are made symmetric.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from chatpose.body.capsules import BodyCapsules, body_capsules
from chatpose.body.kinematics import WorldJoints
from chatpose.body.model import BodyModel
from chatpose.body.pose import BETA_COUNT
from chatpose.body.skeleton import SMPL
from chatpose.errors import UnreadableFileError, unknown_name
from chatpose.shapes import Betas, Sites

_SIDES = ("left", "right")
_PATCH_M = 0.03
"""Radius of the skin over which a normal is averaged: about what a finger covers."""


@dataclass(frozen=True)
class _Ray:
    """From `start` towards `end` by `fraction` of the way, then in `direction` out of the body; left joints."""

    start: str
    end: str
    fraction: float
    direction: tuple[float, float, float]


def _ray(start: str, end: str, fraction: float, x: float, y: float, z: float) -> _Ray:
    return _Ray(start, end, fraction, (x, y, z))


def _round_limb(part: str, start: str, end: str, levels: dict[str, float], sides: dict[str, tuple]) -> dict[str, _Ray]:
    """Sites around a limb at several levels, such as "front of upper thigh" and "front of thigh"."""
    return {
        f"{side} of {level}{part}": _Ray(start, end, fraction, direction)
        for level, fraction in levels.items()
        for side, direction in sides.items()
    }


_MIDDLE: dict[str, _Ray] = {
    "crown": _ray("head", "head", 0, 0, 1, -0.15),
    "forehead": _ray("head", "head", 0, 0, 0.78, 1),
    "nose": _ray("head", "head", 0, 0, 0.02, 1),
    "mouth": _ray("head", "head", 0, 0, -0.3, 1),
    "chin": _ray("head", "head", 0, 0, -0.62, 1),
    "back of head": _ray("head", "head", 0, 0, 0.4, -1),
    "nape": _ray("neck", "head", 0.45, 0, 0, -1),
    "throat": _ray("neck", "head", 0.1, 0, 0, 1),
    "chest": _ray("spine3", "neck", 0.35, 0, 0, 1),
    "upper back": _ray("spine3", "neck", 0.4, 0, 0, -1),
    "middle back": _ray("spine2", "spine3", 0, 0, 0, -1),
    "stomach": _ray("spine1", "spine2", 0.75, 0, 0, 1),
    "belly": _ray("pelvis", "spine1", 0.85, 0, 0, 1),
    "lower back": _ray("pelvis", "spine1", 0.9, 0, 0, -1),
    "tailbone": _ray("pelvis", "spine1", 0.1, 0, 0, -1),
    "groin": _ray("pelvis", "pelvis", 0, 0, -1, 0.35),
}

_ARM_SIDES = {"outside": (0, 1, 0), "inside": (0, -1, 0), "front": (0, 0, 1), "back": (0, 0, -1)}
_LEG_SIDES = {"front": (0, 0, 1), "outside": (1, 0, 0), "inside": (-1, 0, 0), "back": (0, 0, -1)}

_SIDED: dict[str, _Ray] = {
    "temple": _ray("head", "head", 0, 0.8, 0.62, 0.75),
    "ear": _ray("head", "head", 0, 1, 0.4, -0.12),
    "eye": _ray("head", "head", 0, 0.31, 0.45, 1),
    "cheek": _ray("head", "head", 0, 0.5, -0.05, 1),
    "side of neck": _ray("neck", "head", 0.4, 1, 0, 0),
    "top of shoulder": _ray("collar", "shoulder", 0.8, 0, 1, 0),
    "front of shoulder": _ray("collar", "shoulder", 0.9, 0, 0, 1),
    "back of shoulder": _ray("collar", "shoulder", 0.9, 0, 0, -1),
    "point of shoulder": _ray("shoulder", "elbow", 0.1, 0, 1, 0),
    "shoulder blade": _ray("collar", "spine3", 0.35, 0.25, 0, -1),
    "breast": _ray("collar", "spine3", 0.55, 0.35, 0, 1),
    "armpit": _ray("shoulder", "elbow", 0, 0, -1, 0),
    "ribs": _ray("spine2", "spine3", 0.5, 1, 0, 0),
    "waist": _ray("spine1", "spine2", 0.4, 1, 0, 0.25),
    "iliac crest": _ray("pelvis", "spine1", 0.55, 1, 0, 0.15),
    "side of hip": _ray("hip", "knee", 0.08, 1, 0, 0),
    "front of hip": _ray("hip", "knee", 0, 0, 0, 1),
    "buttock": _ray("hip", "knee", 0.05, 0, -0.1, -1),
    "under buttock": _ray("hip", "knee", 0.1, -0.1, -0.75, -1),
    **_round_limb("upper arm", "shoulder", "elbow", {"": 0.55}, _ARM_SIDES),
    "elbow tip": _ray("elbow", "wrist", 0, 0, 0, -1),
    "inner elbow": _ray("elbow", "wrist", 0, 0, 0, 1),
    "outside of elbow": _ray("elbow", "wrist", 0, 0, 1, 0),
    "inside of elbow": _ray("elbow", "wrist", 0, 0, -1, 0),
    **_round_limb("forearm", "elbow", "wrist", {"": 0.5, "lower ": 0.8, "upper ": 0.2}, _ARM_SIDES),
    **_round_limb("wrist", "elbow", "wrist", {"": 0.97}, _ARM_SIDES),
    "palm": _ray("wrist", "hand", 0.75, 0, -1, 0),
    "heel of hand": _ray("wrist", "hand", 0.25, 0, -1, 0),
    "finger pads": _ray("wrist", "hand", 1.35, 0, -1, 0.4),
    "back of hand": _ray("wrist", "hand", 0.7, 0, 1, 0),
    "knuckles": _ray("wrist", "hand", 1, 0.3, 1, 0),
    "edge of hand": _ray("wrist", "hand", 0.6, 0, 0, -1),
    **_round_limb("thigh", "hip", "knee", {"": 0.55, "lower ": 0.8, "upper ": 0.32}, _LEG_SIDES),
    **_round_limb("knee", "hip", "knee", {"": 0.985}, _LEG_SIDES),
    "below knee": _ray("knee", "ankle", 0.06, 0, 0, 1),
    **_round_limb("shin", "knee", "ankle", {"": 0.5, "lower ": 0.75, "upper ": 0.25}, _LEG_SIDES),
    **_round_limb("ankle", "knee", "ankle", {"": 1.0}, _LEG_SIDES),
    "heel base": _ray("ankle", "foot", -0.15, 0, -1, 0),
    "heel back": _ray("ankle", "ankle", 0, -0.1, -0.55, -1),
    "sole": _ray("ankle", "foot", 0.5, 0, -1, 0),
    "ball": _ray("ankle", "foot", 1, 0, -1, 0),
    "instep": _ray("ankle", "foot", 0.6, 0, 1, 0.4),
    "outer edge of foot": _ray("ankle", "foot", 0.6, 1, -0.45, -0.25),
    "arch": _ray("ankle", "foot", 0.5, -1, -0.3, 0.25),
}


@dataclass(frozen=True)
class _Tip:
    """The vertex of the skin that mostly follows the left `joint` which lies farthest in `direction`, its normal."""

    joint: str
    direction: tuple[float, float, float]


_TIPS: dict[str, _Tip] = {
    "fingertips": _Tip("hand", (1, -0.5, 0)),
    "thumb": _Tip("hand", (0.3, -0.2, 1)),
    "toes": _Tip("foot", (0, -0.7, 1)),
}

SITE_NAMES: tuple[str, ...] = (*_MIDDLE, *(f"{side} {name}" for side in _SIDES for name in (*_SIDED, *_TIPS)))
"""Every site; of the sided ones all left before all right."""


def mirrored_sites() -> list[int]:
    """For each of `SITE_NAMES` the index of the same on the other side, itself on the midline."""
    middle, sided = len(_MIDDLE), len(_SIDED) + len(_TIPS)
    return [*range(middle), *range(middle + sided, middle + 2 * sided), *range(middle, middle + sided)]


@dataclass(frozen=True, eq=False)
class BodySites:
    """The sites of one body shape; make it once per body with `body_sites` and keep it.

    Attributes:
        names: the sites, in the order of every site axis.
        anchors: (sites, 96) for each site and joint the weighted offset in the joint's frame, metres, and the weight.
        directions: (sites, 96) the same of the outward normal.
        capsules: the capsules of the same body, for the floor under it.
    """

    names: tuple[str, ...]
    anchors: Tensor
    directions: Tensor
    capsules: BodyCapsules

    def place(self, world: WorldJoints) -> tuple[Sites, Sites]:
        """World points, metres, and outward unit normals, (*batch, sites, 3) each; differentiable.

        Linear blend skinning of the sites alone, written as one product with the joints' transforms.

        Args:
            world: the 24 joints, from `BodyModel.kinematics`.
        """
        joined = torch.cat([world.rotations, world.positions[..., None]], dim=-1)
        transforms = joined.transpose(-1, -2).flatten(-3, -2)
        both = torch.cat([self.anchors, self.directions]).to(transforms) @ transforms
        points, normals = both.tensor_split(2, dim=-2)
        return points, torch.nn.functional.normalize(normals, dim=-1)

    def subset(self, names: Iterable[str]) -> "BodySites":
        """Only some of the sites, in the order given.

        Raises:
            UnknownNameError: no such site.
        """
        kept = tuple(names)
        rows = [self.index(name) for name in kept]
        return BodySites(kept, self.anchors[rows], self.directions[rows], self.capsules)

    def index(self, name: str) -> int:
        """Place of a site on the site axis.

        Raises:
            UnknownNameError: no such site; the message lists near names.
        """
        if name not in self._places:
            raise unknown_name("site of the body", name, self.names)
        return self._places[name]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def joints(self) -> tuple[str, ...]:
        """The SMPL joint that carries most of each site."""
        weights = self.anchors.unflatten(-1, (len(SMPL), 4))[..., 3]
        return tuple(SMPL.joint_names[joint] for joint in weights.argmax(-1).tolist())


def body_sites(model: BodyModel, betas: Betas | None = None) -> BodySites:
    """Measures the sites of a body.

    Args:
        model: any body.
        betas: (10,) its shape; the average when absent.

    Raises:
        UnreadableFileError: the body's mesh has holes where a site should be.
    """
    data = model.data
    betas = data.v_template.new_zeros(BETA_COUNT) if betas is None else betas
    skin = _Skin(data.v_template + data.shapedirs @ betas, data.faces, data.weights, model.rest_joints(betas))
    middle = [skin.where_leaving(ray) for ray in _MIDDLE.values()]
    left = [skin.where_leaving(ray) for ray in _SIDED.values()] + [skin.farthest(tip) for tip in _TIPS.values()]
    centre, centre_normals = _rows(middle)
    own, own_normals = _rows(left)
    anchors = torch.cat([(centre + _reflected(centre)) / 2, own, _reflected(own)])
    directions = torch.cat([(centre_normals + _reflected(centre_normals)) / 2, own_normals, _reflected(own_normals)])
    return BodySites(SITE_NAMES, anchors.flatten(1), directions.flatten(1), body_capsules(model, betas))


_Site = tuple[Tensor, Tensor]


def _rows(sites: list[_Site]) -> _Site:
    return torch.stack([site[0] for site in sites]), torch.stack([site[1] for site in sites])


def _reflected(rows: Tensor) -> Tensor:
    """(sites, 24, 4) rows of the other side."""
    return rows[:, list(SMPL.mirror_index)] * rows.new_tensor([-1.0, 1.0, 1.0, 1.0])


class _Skin:
    """A rest mesh that rays leave."""

    def __init__(self, vertices: Tensor, faces: Tensor, weights: Tensor, joints: Tensor) -> None:
        self._vertices, self._faces, self._weights, self._joints = vertices, faces, weights, joints
        self._corners = vertices[faces]
        across = torch.linalg.cross(
            self._corners[:, 1] - self._corners[:, 0], self._corners[:, 2] - self._corners[:, 0], dim=-1
        )
        normals = torch.zeros_like(vertices)
        for corner in range(3):
            normals = normals.index_add(0, faces[:, corner], across)
        self._normals = torch.nn.functional.normalize(normals, dim=-1)

    def where_leaving(self, ray: _Ray) -> _Site:
        """Where a ray goes out: the first time, from the head the last (a body may have a mouth and eyeballs).

        Möller and Trumbore, Fast, Minimum Storage Ray/Triangle Intersection, 1997.
        """
        start, end = self._joint(ray.start), self._joint(ray.end)
        origin = start + (end - start) * ray.fraction
        direction = torch.nn.functional.normalize(origin.new_tensor(ray.direction), dim=0)
        first, second = self._corners[:, 1] - self._corners[:, 0], self._corners[:, 2] - self._corners[:, 0]
        across = torch.linalg.cross(direction.expand_as(second), second, dim=-1)
        determinant = (first * across).sum(-1)
        outward = determinant < -1e-12  # the face is seen from its inner side
        scale = torch.where(outward, determinant, torch.ones_like(determinant))
        offset = origin - self._corners[:, 0]
        turned = torch.linalg.cross(offset, first, dim=-1)
        share_1 = (offset * across).sum(-1) / scale
        share_2 = (turned @ direction) / scale
        away = (second * turned).sum(-1) / scale
        inside = (share_1 >= -1e-6) & (share_2 >= -1e-6) & (share_1 + share_2 <= 1 + 1e-6)
        hit = outward & inside & (away > 1e-4)
        if not hit.any():
            raise UnreadableFileError(f"the body's skin is open near {ray.start}", expected="a closed mesh")
        last = ray.start == "head"
        face = torch.where(hit, away, -1.0).argmax() if last else torch.where(hit, away, torch.inf).argmin()
        shares = torch.stack([1 - share_1[face] - share_2[face], share_1[face], share_2[face]])
        corners = self._faces[face]
        normal = self._smooth_normal(shares @ self._vertices[corners], shares @ self._normals[corners])
        return self._site(corners, shares, normal)

    def farthest(self, tip: _Tip) -> _Site:
        """The outermost vertex of a part in a direction."""
        joint = SMPL.index(f"left_{tip.joint}")
        direction = self._vertices.new_tensor(tip.direction)
        reach = self._vertices @ direction
        vertex = torch.where(self._weights.argmax(-1) == joint, reach, -torch.inf).argmax()
        return self._site(vertex[None], reach.new_ones(1), torch.nn.functional.normalize(direction, dim=0))

    def _site(self, vertices: Tensor, shares: Tensor, normal: Tensor) -> _Site:
        """(24, 4) rows of point and normal from a mix of vertices."""
        weights = shares[:, None] * self._weights[vertices]
        offsets = self._vertices[vertices][:, None] - self._joints
        point = torch.cat([(weights[..., None] * offsets).sum(0), weights.sum(0)[:, None]], dim=-1)
        turned = weights.sum(0)[:, None] * normal
        return point, torch.cat([turned, torch.zeros_like(turned[:, :1])], dim=-1)

    def _smooth_normal(self, point: Tensor, normal: Tensor) -> Tensor:
        """Mean normal of the skin within `_PATCH_M` that faces the same way."""
        near = (1 - (self._vertices - point).norm(dim=-1) / _PATCH_M).clamp_min(0)
        share = near * (self._normals @ normal).clamp_min(0)
        return torch.nn.functional.normalize(normal * 1e-3 + share @ self._normals, dim=0)

    def _joint(self, name: str) -> Tensor:
        return self._joints[SMPL.index(name if name in SMPL.joint_names else f"left_{name}")]
