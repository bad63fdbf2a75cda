"""Smoothing on the open body's mesh: the surface where a mannequin has no detail, the weights where thighs meet."""

from typing import Any

import numpy as np

from chatpose.body.build_open_body_shape import index
from chatpose.body.build_open_body_source import People, SourceHuman
from chatpose.body.skeleton import SMPL
from chatpose.optional import require_package

INFLUENCES = 4
"""Most joints that one vertex follows: what browsers and game engines read from a glTF file."""
_WEIGHT_BALL, _WEIGHT_ROUNDS = 0.16, 40
"""Radius (metres) and rounds of the smoothing of weights around the crotch. The source keeps the crotch on the pelvis
alone, so that it stands out when both thighs are lifted."""
_CROTCH_BELOW_PELVIS = 0.10
_CHEST_BALL, _CROTCH_BALL = 0.03, 0.06
"""Radii, metres, of the balls whose surface is smoothed."""


def finished_weights(source: SourceHuman, template: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Weights for the file, (verts, 24): symmetric, rows sum to 1.

    Args:
        source: the mesh and the weights to start from.
        template: (verts, 3).
        joints: (24, 3) its pivots.
    """
    weights = symmetrise_weights(source.weights, source.mirror)
    strength = _ball(template, _crotch(joints), _WEIGHT_BALL)
    weights = _smoothed(weights, neighbour_average(source.faces, len(weights)), strength, _WEIGHT_ROUNDS)
    return symmetrise_weights(heaviest_weights(weights, INFLUENCES), source.mirror)


def heaviest_weights(weights: np.ndarray, count: int) -> np.ndarray:
    """At most `count` weights a row, summing to 1: each less the heaviest one that goes.

    Taking off what is dropped, instead of just dropping it, keeps the weights continuous over the skin.
    """
    dropped = -np.sort(-weights, axis=1)[:, count, None]
    kept = np.maximum(weights - dropped, 0)
    return kept / kept.sum(1, keepdims=True)


def as_mannequins(people: People, source: SourceHuman) -> People:
    """People whose chest and crotch are the smoothest surface that continues what is around them.

    Inside some balls the vertices minimise the surface's squared curvature (a bent plate without load). The map is
    linear and the same for all people, so that the shape space stays linear.
    """
    template, joints = people.vertices.mean(0), people.joints.mean(0)
    balls = [(_crotch(joints), _CROTCH_BALL)]
    balls += [(template[tip], _CHEST_BALL) for tip in _chest_tips(source, template, joints)]
    inside = np.any([_ball(template, centre, radius)[:, 0] > 0 for centre, radius in balls], axis=0)
    # A stretched skin first: its triangles are even, while those of the detail that goes are tiny and folded.
    skin = _filled(template, inside, _laplacian(source.faces, len(template)))
    plate = _laplacian(source.faces, len(skin), skin).multiply(1 / _spacing(source.faces, skin)[:, None]).tocsr()
    flat = people.vertices.transpose(1, 0, 2).reshape(len(template), -1)
    filled = _filled(flat, inside, plate.T @ plate)
    return People(filled.reshape(len(template), -1, 3).transpose(1, 0, 2), people.joints)


def _laplacian(faces: np.ndarray, count: int, template: np.ndarray | None = None) -> Any:
    """Sparse (verts, verts): a value minus the mean of its neighbours', weighted as in `neighbour_average`."""
    sparse = require_package("scipy.sparse", "body-build", "to rebuild the open body")
    return (sparse.identity(count) - neighbour_average(faces, count, template)).tocsr()


def _filled(values: np.ndarray, inside: np.ndarray, system: Any) -> np.ndarray:
    """Values, (verts, …), whose rows `inside` are solved for so that `system @ values` is zero there."""
    linalg = require_package("scipy.sparse.linalg", "body-build", "to rebuild the open body")
    free, fixed = np.flatnonzero(inside), np.flatnonzero(~inside)
    rows = system.tocsr()[free]
    filled = values.copy()
    filled[free] = linalg.splu(rows[:, free].tocsc()).solve(-(rows[:, fixed] @ values[fixed]))
    return filled


def symmetrise_weights(weights: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Averages (verts, 24) with its mirror image, joints exchanged too."""
    return (weights + weights[mirror][:, list(SMPL.mirror_index)]) / 2


def neighbour_average(faces: np.ndarray, count: int, template: np.ndarray | None = None) -> Any:
    """Sparse (verts, verts) matrix that replaces each vertex's value by the mean of its neighbours'.

    With a template, near neighbours count more (by one over the distance), so that the mesh's density doesn't matter.
    """
    sparse = require_package("scipy.sparse", "body-build", "to rebuild the open body")
    starts, ends = faces.ravel(), np.roll(faces, 1, axis=1).ravel()
    rows, columns = np.concatenate([starts, ends]), np.concatenate([ends, starts])
    joined = sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count)).tocsr().tocoo()
    near = 1 if template is None else 1 / np.linalg.norm(template[joined.row] - template[joined.col], axis=1)
    joined.data = np.ones(joined.nnz) * near
    return (sparse.diags(1 / np.asarray(joined.sum(1)).ravel()) @ joined).tocsr()


def _smoothed(values: np.ndarray, average: Any, strength: np.ndarray, rounds: int) -> np.ndarray:
    for _ in range(rounds):
        values = values + strength * (average @ values - values)
    return values


def _ball(template: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    """(verts, 1): 1 at the centre, smoothly down to 0 at the radius."""
    distance = np.linalg.norm(template - centre, axis=1, keepdims=True) / radius
    return np.clip(1 - distance**2, 0, 1) ** 2


def _crotch(joints: np.ndarray) -> np.ndarray:
    return joints[index("pelvis")] - [0, _CROTCH_BELOW_PELVIS, 0]


def _spacing(faces: np.ndarray, template: np.ndarray) -> np.ndarray:
    """(verts,) mean length of each vertex's edges."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    lengths = np.linalg.norm(template[edges[:, 0]] - template[edges[:, 1]], axis=1)
    return np.bincount(edges[:, 0], lengths) / np.bincount(edges[:, 0])


def _chest_tips(source: SourceHuman, template: np.ndarray, joints: np.ndarray) -> list[int]:
    """The middle of the finest detail on each half of the front of the chest."""
    low, high = joints[index("spine2"), 1], joints[index("left_collar"), 1]
    arms = source.weights[:, [index(f"left_{name}") for name in ("shoulder", "elbow", "wrist", "hand")]].sum(1)
    x, y, z = template.T
    chest = np.flatnonzero((x > 0.03) & (z > joints[index("spine3"), 2] + 0.05) & (y > low) & (y < high) & (arms < 0.1))
    tip = int(chest[_spacing(source.faces, template)[chest].argmin()])
    return [tip, int(source.mirror[tip])]
