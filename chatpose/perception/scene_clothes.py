"""Colours and folds of rendered people: skin, hair, eyes and clothes, so that detectors see a person."""

import numpy as np

from chatpose.body.model import BodyModel
from chatpose.body.render.shading import vertex_normals
from chatpose.body.skeleton import SMPL

_PALE, _DARK = np.array([0.96, 0.80, 0.70]), np.array([0.27, 0.16, 0.11])
_HAIR = np.array([[0.07, 0.06, 0.06], [0.22, 0.14, 0.09], [0.42, 0.28, 0.16], [0.76, 0.62, 0.38], [0.6, 0.6, 0.6]])
_EDGE_M = 0.008
"""Width over which one colour turns into the next; about the spacing of the vertices."""


class Wardrobe:
    """Dresses one body model. Everything is worked out on the rest pose of the mean shape, once."""

    def __init__(self, model: BodyModel) -> None:
        data = model.data
        self._points = data.v_template.numpy().astype(np.float64)
        self._faces = data.faces.numpy()
        self._joints = model.rest_joints(data.v_template.new_zeros(10)).numpy().astype(np.float64)
        weights = data.weights.numpy()
        self._head = weights[:, [SMPL.index("head")]].sum(1)
        self._arm = weights[:, _indices("shoulder", "elbow", "wrist", "hand")].sum(1)
        self._leg = weights[:, _indices("hip", "knee", "ankle", "foot")].sum(1)
        self._marks = {name: self._points[vertex] for name, vertex in data.landmarks.items()}

    def colors(self, rng: np.random.Generator) -> np.ndarray:
        """(verts, 3) float32 sRGB of one random person."""
        skin = _PALE + (_DARK - _PALE) * rng.uniform(0, 1) ** 1.3 + rng.uniform(-0.03, 0.03, 3)
        colors = np.tile(skin, (len(self._points), 1))
        for mask, cloth in self._garments(rng):
            colors = _over(colors, mask, self._cloth(rng) if cloth is None else cloth)
        colors = self._face(colors, rng, skin)
        return np.clip(colors, 0.02, 0.98).astype(np.float32)

    def puffed(self, vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(verts, 3) vertices moved outwards by what clothes and hair take, up to 15 and 25 mm."""
        normals = vertex_normals(vertices, self._faces)
        trunk, limbs, hair = rng.uniform(0, [0.015, 0.010, 0.025])
        x, y = np.abs(self._points[:, 0]), self._points[:, 1]
        bare = np.maximum(_rises(x, self._joints[SMPL.index("left_wrist"), 0] - 0.03), self._head)
        bare = np.maximum(bare, _rises(-y, -self._joints[SMPL.index("left_ankle"), 1] - 0.03))
        limb = np.maximum(self._arm, self._leg)
        out = (trunk * (1 - limb) + limbs * limb) * (1 - bare) + hair * self._hair_mask(0.0)
        return (vertices + normals * out[:, None]).astype(np.float32)

    def _garments(self, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Masks (verts,) of clothes from the inside out, with a colour where it isn't any cloth's."""
        x, y = np.abs(self._points[:, 0]), self._points[:, 1]
        at = {name: self._joints[SMPL.index(name)] for name in SMPL.joint_names}
        waist = at["spine1"][1] + rng.uniform(-0.08, 0.06)
        hem = rng.choice([at["left_ankle"][1] + 0.02, at["left_knee"][1] + rng.uniform(-0.12, 0.12), at["left_hip"][1]])
        sleeve = rng.choice([at["left_wrist"][0] - 0.02, at["left_elbow"][0] - rng.uniform(0, 0.15), 0.2])
        neckline = at["neck"][1] + rng.uniform(-0.06, 0.03)
        body = 1 - np.maximum(self._head, _rises(y, neckline) * (1 - self._arm))
        top = _rises(y, waist) * body * (1 - _rises(x, sleeve) * _rises(self._arm, 0.5, 0.1))
        legs = _rises(-y, -waist) * _rises(y, hem) * (1 - self._arm)
        shoes = _rises(-y, -(at["left_ankle"][1] + rng.uniform(-0.02, 0.05))) * self._leg
        shoe = rng.uniform(0.05, 0.9) * np.ones(3) + rng.uniform(-0.05, 0.05, 3)
        pieces: list[tuple[np.ndarray, np.ndarray | None]] = [(legs, None), (top, None)]
        if rng.random() < 0.15:  # one piece: overall, dress, leotard
            cloth = self._cloth(rng)
            pieces = [(legs, cloth), (top, cloth)]
        if rng.random() < 0.85:
            pieces.append((shoes, shoe))
        return pieces

    def _cloth(self, rng: np.random.Generator) -> np.ndarray:
        """(verts, 3) a plain, striped or mottled cloth."""
        hue = rng.uniform(0, 1, 3)
        grey = hue.mean()
        color = grey + (hue - grey) * rng.uniform(0.2, 1.0)
        cloth = np.tile(color, (len(self._points), 1))
        kind = rng.random()
        if kind < 0.2:
            phase = self._points @ rng.normal(size=3) * rng.uniform(20, 90)
            cloth = _over(cloth, np.sin(phase) > rng.uniform(-0.6, 0.6), rng.uniform(0, 1, 3))
        elif kind < 0.4:
            waves = np.sin(self._points @ rng.normal(size=(3, 5)) * rng.uniform(10, 40)).sum(1)
            cloth = cloth * (1 + 0.12 * waves[:, None])
        return cloth

    def _face(self, colors: np.ndarray, rng: np.random.Generator, skin: np.ndarray) -> np.ndarray:
        """Hair, brows, eyes and lips."""
        if not {"nose", "left_eye", "right_eye", "left_ear"} <= set(self._marks):
            return colors
        hair = _HAIR[rng.integers(len(_HAIR))] * rng.uniform(0.8, 1.2)
        if rng.random() < 0.9:
            colors = _over(colors, self._hair_mask(rng.uniform(-0.02, 0.02)), hair)
        nose = self._marks["nose"]
        front = self._points[:, 2] > nose[2] - 0.06
        for side in ("left_eye", "right_eye"):
            eye = self._marks[side]
            across = np.hypot((self._points[:, 0] - eye[0]) / 1.6, self._points[:, 1] - eye[1])
            colors = _over(colors, front * _rises(-across, -0.009, 0.003), np.array([0.85, 0.84, 0.82]))
            pupil = np.hypot(self._points[:, 0] - eye[0], self._points[:, 1] - eye[1])
            colors = _over(colors, front * _rises(-pupil, -0.006, 0.003), rng.uniform(0.03, 0.25, 3))
            brow = np.hypot((self._points[:, 0] - eye[0]) / 3.5, self._points[:, 1] - eye[1] - 0.022)
            colors = _over(colors, front * _rises(-brow, -0.005, 0.003), hair * 0.8)
        mouth = nose - np.array([0, 0.045, 0])
        lips = np.hypot((self._points[:, 0] - mouth[0]) / 2.6, self._points[:, 1] - mouth[1])
        return _over(colors, front * _rises(-lips, -0.009, 0.003), skin * np.array([0.85, 0.55, 0.55]))

    def _hair_mask(self, raised: float) -> np.ndarray:
        """(verts,) where hair grows: above a line that falls from the forehead to the nape."""
        if "left_ear" not in self._marks or "left_eye" not in self._marks:
            return np.zeros(len(self._points))
        eye, ear = self._marks["left_eye"], self._marks["left_ear"]
        share = (eye[2] - self._points[:, 2]) / (eye[2] - ear[2])  # 0 at the eyes, 1 at the ears
        line = np.interp(share, [0.0, 0.55, 0.8, 1.6], [0.065, 0.055, 0.01, -0.055]) + eye[1] + raised
        return _rises(self._points[:, 1], line) * _rises(self._head, 0.5, 0.2)


def _indices(*parts: str) -> list[int]:
    return [number for number, name in enumerate(SMPL.joint_names) if name.endswith(parts)]


def _rises(values: np.ndarray, where: float | np.ndarray, width: float = _EDGE_M) -> np.ndarray:
    """0 below and 1 above `where`, with a soft step."""
    return np.clip((values - where) / width + 0.5, 0, 1)


def _over(colors: np.ndarray, mask: np.ndarray, paint: np.ndarray) -> np.ndarray:
    """Paints over colours where the mask is 1."""
    share = np.asarray(mask, np.float64)[:, None]
    return colors + share * (paint - colors)
