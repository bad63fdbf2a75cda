"""Decoding with numpy alone: no torch, no chatpose body. A copy of this file and the tokenizer's folder are enough.

Everything is kept as one table of small rotations for all 24 joints, so that one stage of all parts is one composition.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

_JOINTS = 24
_PARTS: dict[str, tuple[str, tuple[int, ...]]] = {
    "torso": ("torso", (3, 6, 9, 12, 15, 13, 14)),
    "left_arm": ("arm", (16, 18, 20, 22)),
    "right_arm": ("arm", (17, 19, 21, 23)),
    "left_leg": ("leg", (1, 4, 7, 10)),
    "right_leg": ("leg", (2, 5, 8, 11)),
}
_ORDER = ("root", *_PARTS)
_TORSO_MIRROR = (0, 1, 2, 3, 4, 6, 5)


class NumpyDecoder:
    """Tokens to rotations with numpy.

    Args:
        config: content of config.json.
        tensors: content of model.safetensors.
    """

    def __init__(self, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> None:
        self.bins = int(config["heading_bins"])
        self.codes = int(config["codes"])
        self.fingerprint = str(config.get("fingerprint", ""))
        plain = {name: np.asarray(tensor, dtype=np.float32) for name, tensor in tensors.items()}
        self._up = _interleaved(plain["root.first"], plain["root.first"] * np.array([-1, 1, 1], np.float32), 0)
        self._tilts = _interleaved(plain["root.steps"], plain["root.steps"] * np.array([-1, 1], np.float32), 1)
        self._first: dict[str, np.ndarray] = {}
        self._steps: dict[str, np.ndarray] = {}
        self._scales: dict[str, np.ndarray] = {}
        self._spreads: dict[str, np.ndarray] = {}
        for book in ("torso", "arm", "leg"):
            names = ("first", "steps", "scales", "spreads")
            first, steps, scales, spreads = (plain[f"{book}.{name}"] for name in names)
            steps = steps.reshape(*steps.shape[:2], -1, 3)
            if book == "torso":
                first = _interleaved(first, _mirrored_torso(first), 0)
                steps = _interleaved(steps, _mirrored_torso(steps), 1)
                scales, spreads = _interleaved(scales, scales, 1), _interleaved(spreads, spreads, 1)
            self._first[book], self._steps[book] = _exponential(first), steps
            self._scales[book], self._spreads[book] = scales, spreads

    @classmethod
    def load(cls, folder: str | Path) -> "NumpyDecoder":
        """Reads a tokenizer's folder."""
        config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
        return cls(config, load_file(str(Path(folder) / "model.safetensors")))

    def decode(self, heading: np.ndarray, codes: Mapping[str, np.ndarray]) -> np.ndarray:
        """(N, 24, 3, 3) local rotations, the pelvis first, of (N,) headings and (N, stages) codes by part."""
        self._check(heading, codes)
        quats = self._tilt_and_heading(heading, codes["root"])
        reached = np.zeros((len(heading), _JOINTS, 4), np.float32)
        reached[:, 0] = quats
        deepest = max(codes[part].shape[1] for part in _PARTS)
        for part, (book, index) in _PARTS.items():
            reached[:, index] = self._first[book][codes[part][:, 0]]
        for stage in range(1, deepest):
            turned, steps = [], []
            for part, (book, index) in _PARTS.items():
                if codes[part].shape[1] > stage:
                    scale = self._scales[book][stage - 1, codes[part][:, 0]]
                    if stage > 1:
                        scale = scale * self._spreads[book][stage - 1, codes[part][:, stage - 1]]
                    steps.append(self._steps[book][stage - 1, codes[part][:, stage]] * scale[:, None, None])
                    turned += index
            reached[:, turned] = _compose(reached[:, turned], _exponential(np.concatenate(steps, axis=1)))
        right = [joint for part, (_, index) in _PARTS.items() if part.startswith("right_") for joint in index]
        reached[:, right, 2:] *= -1
        return _matrices(reached / np.linalg.norm(reached, axis=-1, keepdims=True))

    def _tilt_and_heading(self, heading: np.ndarray, codes: np.ndarray) -> np.ndarray:
        up = self._up[codes[:, 0]]
        for stage in range(1, codes.shape[1]):
            step = self._tilts[stage - 1, codes[:, stage]]
            length = np.sqrt(np.maximum((step**2).sum(-1, keepdims=True), 1e-12))
            flat = step * np.sin(length) / length
            seen = np.stack([flat[:, 0], np.cos(length[:, 0]), flat[:, 1]], axis=-1)
            up = (np.swapaxes(_matrices(_from_up(up)), -1, -2) @ seen[..., None])[..., 0]
            up /= np.linalg.norm(up, axis=-1, keepdims=True)
        half = heading * np.float32(np.pi / self.bins)
        zero = np.zeros_like(half)
        turn = np.stack([np.cos(half), zero, np.sin(half), zero], axis=-1).astype(np.float32)
        return _compose(turn, _from_up(up))

    def _check(self, heading: np.ndarray, codes: Mapping[str, np.ndarray]) -> None:
        if tuple(codes) != _ORDER:
            raise ValueError(f"parts {', '.join(codes)}; expected {', '.join(_ORDER)}")
        if len(heading) and (heading.min() < 0 or heading.max() >= self.bins):
            raise ValueError(f"a heading out of range; expected 0 to {self.bins - 1}")
        for part, several in codes.items():
            most = 1 + len(self._tilts if part == "root" else self._steps[_PARTS[part][0]])
            if several.ndim != 2 or len(several) != len(heading) or not 1 <= several.shape[1] <= most:
                raise ValueError(f"{part} has codes of shape {several.shape}; expected ({len(heading)}, 1 to {most})")
            if several.size and (several.min() < 0 or several.max() >= self.codes):
                raise ValueError(f"a code of {part} is out of range; expected 0 to {self.codes - 1}")


def _interleaved(even: np.ndarray, odd: np.ndarray, axis: int) -> np.ndarray:
    both = np.stack([even, odd], axis=axis + 1)
    return both.reshape(*even.shape[:axis], -1, *even.shape[axis + 1 :])


def _mirrored_torso(rotvec: np.ndarray) -> np.ndarray:
    return rotvec[..., _TORSO_MIRROR, :] * np.array([1, -1, -1], np.float32)


def _exponential(rotvec: np.ndarray) -> np.ndarray:
    squared = (rotvec**2).sum(-1, keepdims=True)
    angle = np.sqrt(np.maximum(squared, 1e-12))
    scale = np.where(squared > 1e-6, np.sin(angle / 2) / angle, 0.5 - squared / 48)
    return np.concatenate([np.cos(angle / 2), rotvec * scale], axis=-1)


def _compose(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    a, b, c, d = np.moveaxis(first, -1, 0)
    e, f, g, h = np.moveaxis(second, -1, 0)
    return np.stack(
        [
            a * e - b * f - c * g - d * h,
            a * f + b * e + c * h - d * g,
            a * g - b * h + c * e + d * f,
            a * h + b * g - c * f + d * e,
        ],
        axis=-1,
    )


def _from_up(up: np.ndarray) -> np.ndarray:
    quat = np.stack([1 + up[:, 1], -up[:, 2], np.zeros_like(up[:, 0]), up[:, 0]], axis=-1)
    squared = (quat**2).sum(-1, keepdims=True)
    quat = np.where(squared < 1e-10, np.array([0, 1, 0, 0], np.float32), quat)
    return quat / np.linalg.norm(quat, axis=-1, keepdims=True)


def _matrices(quat: np.ndarray) -> np.ndarray:
    w, x, y, z = np.moveaxis(quat, -1, 0)
    rows = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    ]
    return np.stack(rows, axis=-1).reshape(*quat.shape[:-1], 3, 3)
