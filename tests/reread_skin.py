"""The skin for the re-reader: own skinning of a body's mesh, heights of parts above the floor, gaps between parts.

NumPy only and nothing from `chatpose`: a body comes in as plain arrays. A part is the skin near its joint, or the skin
that follows its joints most.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from reread_measures import ORDER

NEAR_M = {"knee": 0.085, "elbow": 0.07, "shoulder": 0.09}
"""Parts that are the skin within so far of a joint."""

FOLLOWS = {
    "foot": ("ankle", "foot"), "hand": ("wrist", "hand"), "thigh": ("hip",), "shin": ("knee",),
    "upper arm": ("shoulder",), "forearm": ("elbow",),
}  # fmt: skip
FOLLOWS_MIDDLE = {"head": ("skull base",), "neck": ("neck",)}
_UPPER = ("spine2", "spine3", "left collar", "right collar")
TRUNK = {
    "chest": (_UPPER, 1), "belly": (("pelvis", "spine1", "spine2"), 1), "back": (("pelvis", "spine1", *_UPPER), -1),
}  # fmt: skip
"""Front and back of the trunk: the skin that faces there, sideways included."""

FOLLOWS_FROM = 0.25
"""Share of the skinning weights from which skin belongs to a part; parts overlap at the joints, as words do."""

DEEPEST_M = 0.08
"""No skin is further inside a body part than that."""

CHUNK = 256
GAP_CHUNK = 64


@dataclass(eq=False)
class Skin:
    """A thinned-out mesh of a body.

    Attributes:
        vertices: (V, 3) of the rest pose, metres.
        normals: (V, 3) outwards.
        weights: (V, 24) skinning weights.
        rest: (24, 3) rest joints.
    """

    vertices: np.ndarray
    normals: np.ndarray
    weights: np.ndarray
    rest: np.ndarray

    @classmethod
    def of(cls, vertices: np.ndarray, faces: np.ndarray, weights: np.ndarray, rest: np.ndarray) -> "Skin":
        """Thins out what lies closer than a centimetre; what sticks out furthest is kept."""
        corners = vertices[faces]
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals = np.zeros_like(vertices)
        for corner in range(3):
            np.add.at(normals, faces[:, corner], across)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        chosen = np.unique(np.concatenate([_thinned(vertices), _extremes(vertices, weights)]))
        return cls(vertices[chosen], normals[chosen], weights[chosen], rest)

    def indices(self, part: str) -> np.ndarray:
        """Vertices of a part."""
        side, _, bare = part.rpartition(" ") if not part.endswith("upper arm") else (part.split()[0], "", "upper arm")
        if bare in NEAR_M:
            away = np.linalg.norm(self.vertices - self.rest[ORDER.index(part)], axis=1)
            return np.flatnonzero(away < NEAR_M[bare])
        if bare == "pelvis":
            return np.flatnonzero(self._follows("pelvis") | self._buttocks)
        if part in TRUNK:
            joints, front = TRUNK[part]
            return np.flatnonzero(self._follows(*joints) & (front * self.normals[:, 2] > -0.3))
        names = FOLLOWS_MIDDLE[part] if part in FOLLOWS_MIDDLE else [f"{side} {name}" for name in FOLLOWS[bare]]
        return np.flatnonzero(self._follows(*names))

    def _follows(self, *joints: str) -> np.ndarray:
        return self.weights[:, [ORDER.index(joint) for joint in joints]].sum(1) >= FOLLOWS_FROM

    @cached_property
    def _buttocks(self) -> np.ndarray:
        hips = [ORDER.index(f"{side} hip") for side in ("left", "right")]
        low = self.vertices[:, 1] > self.rest[hips[0], 1] - 0.12
        return (self.weights[:, hips].sum(1) > 0.3) & low

    def place(
        self, joints: np.ndarray, rotations: np.ndarray, chosen: np.ndarray | slice = slice(None)
    ) -> tuple[np.ndarray, np.ndarray]:
        """World vertices and normals, (N, V, 3) each, by linear blend skinning."""
        offsets = joints - np.einsum("njab,jb->nja", rotations, self.rest)
        moves = np.concatenate([rotations, offsets[..., None]], axis=-1).astype(np.float32)
        blended = np.einsum("vj,njx->nvx", self.weights[chosen], moves.reshape(len(joints), 24, 12), optimize=True)
        blended = blended.reshape(len(joints), -1, 3, 4)
        placed = np.einsum("nvab,vb->nva", blended[..., :3], self.vertices[chosen]) + blended[..., 3]
        return placed, np.einsum("nvab,vb->nva", blended[..., :3], self.normals[chosen])

    def heights(self, joints: np.ndarray, rotations: np.ndarray) -> dict[str, np.ndarray]:
        """Lowest skin of every ground part above the lowest of all, (N,) each."""
        parts = [
            f"{side} {name}" for side in ("left", "right") for name in ("foot", "knee", "hand", "elbow", "shoulder")
        ]
        parts = {part: self.indices(part) for part in (*parts, "pelvis", "head")}
        found: dict[str, list[np.ndarray]] = {part: [] for part in parts}
        for start in range(0, len(joints), CHUNK):
            placed, _ = self.place(joints[start : start + CHUNK], rotations[start : start + CHUNK])
            floor = placed[..., 1].min(1)
            for part, chosen in parts.items():
                found[part].append(placed[:, chosen, 1].min(1) - floor)
        return {part: np.concatenate(rows) for part, rows in found.items()}

    def gap(self, first: str, second: str, joints: np.ndarray, rotations: np.ndarray) -> np.ndarray:
        """Nearest distance of two parts' skins, negative where one dives into the other, (N,) metres."""
        one, two = self.indices(first), self.indices(second)
        gaps = np.empty(len(joints))
        for start in range(0, len(joints), GAP_CHUNK):
            rows = slice(start, start + GAP_CHUNK)
            here, there = (self.place(joints[rows], rotations[rows], part) for part in (one, two))
            difference = here[0][:, :, None] - there[0][:, None]
            distance = np.linalg.norm(difference, axis=-1)
            inward = np.minimum(_gap(difference, distance, there[1], 2), _gap(-difference, distance, here[1], 1))
            gaps[rows] = inward
        return gaps


def _thinned(vertices: np.ndarray) -> np.ndarray:
    """One vertex of every cube of a centimetre."""
    _, first = np.unique(np.floor(vertices / 0.01).astype(int), axis=0, return_index=True)
    return first


def _extremes(vertices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Vertices that stick out furthest from each joint's skin, in 26 directions."""
    grid = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3), axis=-1).reshape(-1, 3)
    follows = weights.argmax(1)
    chosen = []
    for joint in np.unique(follows):
        own = np.flatnonzero(follows == joint)
        chosen.append(own[(vertices[own] @ grid.T).argmax(0)])
    return np.concatenate(chosen)


def _gap(difference: np.ndarray, distance: np.ndarray, normals: np.ndarray, axis: int) -> np.ndarray:
    """Least distance to the nearest vertex along `axis`, negative behind its skin, (N,)."""
    nearest = np.expand_dims(distance.argmin(axis), axis)
    reach = np.take_along_axis(distance, nearest, axis).squeeze(axis)
    away = np.take_along_axis(difference, nearest[..., None], axis).squeeze(axis)
    along = (away * np.take_along_axis(normals, nearest.squeeze(axis)[..., None], 1)).sum(-1)
    # Inside means straight under the nearest skin; beyond the rim where a part was cut off it is sideways of it.
    return np.where((along < -0.8 * reach) & (reach < DEEPEST_M), -reach, reach).min(1)
