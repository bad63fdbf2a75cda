"""The container of a glTF 2.0 binary: typed arrays in one buffer, and the chunks of a .glb file.

Section and figure numbers are those of the Khronos glTF 2.0 specification.
"""

import json
import struct
from typing import Any

import numpy as np

VERTEX_DATA = 34962
"""`bufferView.target` of vertex attributes (ARRAY_BUFFER)."""
TRIANGLE_DATA = 34963
"""`bufferView.target` of triangle indices (ELEMENT_ARRAY_BUFFER)."""

_COMPONENT_TYPES = {"uint8": 5121, "uint16": 5123, "uint32": 5125, "float32": 5126}
_ELEMENT_TYPES = {(): "SCALAR", (2,): "VEC2", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_ALIGNMENT = 4


class BufferBuilder:
    """Appends arrays to one binary buffer, each as an aligned bufferView with one accessor (section 3.6)."""

    def __init__(self) -> None:
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self._chunks: list[bytes] = []
        self._length = 0

    def add(self, array: np.ndarray, *, target: int | None = None, bounds: bool = False) -> int:
        """Appends an array and returns the index of its accessor.

        Args:
            array: (count, *element) of uint8, uint16, uint32 or float32. The element shape gives the accessor's type:
                () SCALAR, (3,) VEC3, (4,) VEC4, (4, 4) MAT4 (rows and columns as in mathematics; the file's column
                order is made here).
            target: `VERTEX_DATA`, `TRIANGLE_DATA` or None for everything else.
            bounds: writes the accessor's min and max, which the specification demands of positions and of key times.

        Raises:
            ValueError: an element shape or type that glTF doesn't have, or no elements.
        """
        element, component = array.shape[1:], array.dtype.name
        if element not in _ELEMENT_TYPES or component not in _COMPONENT_TYPES or not len(array):
            raise ValueError(f"glTF has no accessor for {len(array)} elements of shape {element}, type {component}")
        if element == (4, 4):
            array = array.transpose(0, 2, 1)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._length, "byteLength": array.nbytes}
        if target is not None:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views),
            "componentType": _COMPONENT_TYPES[component],
            "count": len(array),
            "type": _ELEMENT_TYPES[element],
        }
        if bounds:
            rows = array.reshape(len(array), -1)
            accessor |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        self._append(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
        self.views.append(view)
        self.accessors.append(accessor)
        return len(self.accessors) - 1

    def _append(self, data: bytes) -> None:
        padding = -len(data) % _ALIGNMENT
        self._chunks.append(data + b"\0" * padding)
        self._length += len(data) + padding

    def to_glb(self, document: dict[str, Any]) -> bytes:
        """The whole .glb file: header, JSON chunk and binary chunk (section 4.4).

        Args:
            document: the glTF document without `buffers`, `bufferViews` and `accessors`, which are added.

        Raises:
            ValueError: NaN or infinite numbers in the document.
        """
        described = document | {
            "buffers": [{"byteLength": self._length}],
            "bufferViews": self.views,
            "accessors": self.accessors,
        }
        text = json.dumps(described, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % _ALIGNMENT)
        total = 12 + 8 + len(text) + 8 + self._length
        return b"".join(
            [
                struct.pack("<4sII", b"glTF", 2, total),
                struct.pack("<I4s", len(text), b"JSON"),
                text,
                struct.pack("<I4s", self._length, b"BIN\0"),
                *self._chunks,
            ]
        )
