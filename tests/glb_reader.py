"""A small reader of .glb files for tests: written from the glTF 2.0 specification, shares no code with chatpose."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

_DTYPES = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Glb:
    """A parsed file: `document`, `accessor(i)`, and the skinned vertices at any key of its animation."""

    def __init__(self, content: bytes | Path) -> None:
        data = content.read_bytes() if isinstance(content, Path) else content
        magic, version, length = struct.unpack_from("<4sII", data)
        assert (magic, version, length) == (b"glTF", 2, len(data))
        chunks, at = {}, 12
        while at < len(data):
            size, kind = struct.unpack_from("<I4s", data, at)
            assert size % 4 == 0
            chunks[kind] = data[at + 8 : at + 8 + size]
            at += 8 + size
        assert at == len(data)
        self.document: dict[str, Any] = json.loads(chunks[b"JSON"])
        self.binary = chunks[b"BIN\0"]
        self.nodes = self.document["nodes"]
        self.skin = self.document["skins"][0]
        self.primitive = self.document["meshes"][0]["primitives"][0]

    def accessor(self, index: int) -> np.ndarray:
        accessor = self.document["accessors"][index]
        view = self.document["bufferViews"][accessor["bufferView"]]
        width = _WIDTHS[accessor["type"]]
        flat = np.frombuffer(
            self.binary, _DTYPES[accessor["componentType"]], accessor["count"] * width, view["byteOffset"]
        )
        assert flat.nbytes == view["byteLength"]
        return flat if width == 1 else flat.reshape(-1, width)

    def attribute(self, name: str) -> np.ndarray:
        return self.accessor(self.primitive["attributes"][name])

    @property
    def frame_count(self) -> int:
        if "animations" not in self.document:
            return 1
        return len(self.accessor(self.document["animations"][0]["samplers"][0]["input"]))

    def vertices(self, frame: int | None = None) -> np.ndarray:
        """Skinned vertices of the nodes as they stand, or at a key of the animation (section 3.7.3.3)."""
        local = [dict(node) for node in self.nodes]
        if frame is not None:
            animation = self.document["animations"][0]
            for channel in animation["channels"]:
                values = self.accessor(animation["samplers"][channel["sampler"]]["output"])
                local[channel["target"]["node"]][channel["target"]["path"]] = values[frame]
        world = self._world_matrices(local)
        inverse_bind = self.accessor(self.skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        matrices = np.stack([world[joint] for joint in self.skin["joints"]]) @ inverse_bind
        positions = self.attribute("POSITION").astype(np.float64)
        for target, weight in zip(
            self.primitive.get("targets", []), self.document["meshes"][0].get("weights", []), strict=True
        ):
            positions = positions + weight * self.accessor(target["POSITION"])
        homogeneous = np.concatenate([positions, np.ones((len(positions), 1))], axis=1)
        skinned = np.zeros((len(positions), 4))
        for number in range(sum(name.startswith("JOINTS_") for name in self.primitive["attributes"])):
            joints, weights = self.attribute(f"JOINTS_{number}"), self.attribute(f"WEIGHTS_{number}")
            for slot in range(4):
                moved = np.einsum("vij,vj->vi", matrices[joints[:, slot]], homogeneous)
                skinned += weights[:, slot, None] * moved
        return skinned[:, :3]

    def _world_matrices(self, nodes: list[dict[str, Any]]) -> dict[int, np.ndarray]:
        world: dict[int, np.ndarray] = {}

        def visit(index: int, parent: np.ndarray) -> None:
            world[index] = parent @ _local_matrix(nodes[index])
            for child in nodes[index].get("children", []):
                visit(child, world[index])

        for root in self.document["scenes"][self.document["scene"]]["nodes"]:
            visit(root, np.eye(4))
        return world


def _local_matrix(node: dict[str, Any]) -> np.ndarray:
    x, y, z, w = np.asarray(node.get("rotation", (0, 0, 0, 1)), dtype=np.float64)
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix
