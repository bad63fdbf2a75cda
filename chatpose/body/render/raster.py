"""Z-buffer rasteriser in NumPy: which face each sample of a picture sees, how far away, and where on the face.

Triangles are put into buckets by the size of their bounding box, so that a bucket is one dense array of candidate
samples: no per-sample gathering before the inside test. Depths are resolved with one `maximum.at` on integers that
hold the depth in their upper and the face in their lower half, so the result doesn't depend on order.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from chatpose.body.render.camera import Camera

_BOX_STEPS = np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192])
_CHUNK_SAMPLES = 1 << 20
_NEAREST = 0.05  # metres; faces that reach nearer to the camera are left out
_EDGE = 1e-5  # barycentric slack that closes the seams between neighbours


@dataclass(frozen=True, eq=False)
class Fragments:
    """The visible samples of a picture, one entry a sample that sees a face, in no order.

    Attributes:
        sample: (n,) index into the row-major picture.
        face: (n,) index of the face seen.
        barycentric: (n, 3) float32 weights of its corners, perspective-correct.
        depth: (n,) float32 metres along the direction of view.
    """

    sample: np.ndarray
    face: np.ndarray
    barycentric: np.ndarray
    depth: np.ndarray

    def interpolate(self, values: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """Per-vertex values (verts, channels) at the samples, (n, channels)."""
        corners = faces[self.face]
        result = values[corners[:, 0]] * self.barycentric[:, :1]
        result += values[corners[:, 1]] * self.barycentric[:, 1:2]
        result += values[corners[:, 2]] * self.barycentric[:, 2:]
        return result


@dataclass(frozen=True, eq=False)
class Buffers:
    """A picture's geometry, dense.

    Attributes:
        depth: (size, size) float32 metres along the direction of view, infinite where nothing is.
        face: (size, size) int32 face seen, -1 where none.
        barycentric: (size, size, 3) float32, zero where nothing is.
    """

    depth: np.ndarray
    face: np.ndarray
    barycentric: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """(size, size) bool, True where a face is seen."""
        return self.face >= 0

    def interpolate(self, values: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """Per-vertex values (verts, channels) at every pixel, (size, size, channels); zero where nothing is."""
        corners = faces[np.maximum(self.face, 0)]
        return np.einsum("hwc,hwck->hwk", self.barycentric, values[corners])


def rasterize(vertices: np.ndarray, faces: np.ndarray, camera: Camera, size: int) -> Buffers:
    """What each pixel's centre sees of a mesh, without anti-aliasing.

    Args:
        vertices: (verts, 3) metres, world.
        faces: (faces, 3), counter-clockwise from outside; faces turned away are left out.
        camera: a framed camera.
        size: edge of the picture, pixels.
    """
    pixels, depth = camera.project(vertices, size)
    fragments = scan(pixels, depth, faces, size, size)
    dense = Buffers(
        np.full(size * size, np.inf, np.float32),
        np.full(size * size, -1, np.int32),
        np.zeros((size * size, 3), np.float32),
    )
    dense.depth[fragments.sample] = fragments.depth
    dense.face[fragments.sample] = fragments.face
    dense.barycentric[fragments.sample] = fragments.barycentric
    shape = (size, size)
    return Buffers(dense.depth.reshape(shape), dense.face.reshape(shape), dense.barycentric.reshape(*shape, 3))


def scan(pixels: np.ndarray, depth: np.ndarray, faces: np.ndarray, width: int, height: int) -> Fragments:
    """Visible samples of projected triangles; samples lie at (column + 0.5, row + 0.5).

    Args:
        pixels: (verts, 2) projected vertices in units of samples.
        depth: (verts,) metres along the direction of view.
        faces: (faces, 3), counter-clockwise from outside.
        width: samples in a row.
        height: rows.
    """
    x, y = (np.ascontiguousarray(pixels[:, axis])[faces].T for axis in (0, 1))  # (3, faces) each
    e1x, e1y, e2x, e2y = x[1] - x[0], y[1] - y[0], x[2] - x[0], y[2] - y[0]
    # y runs down, so a face turned towards the viewer runs clockwise: its signed area is below zero.
    area = e1x * e2y - e1y * e2x
    near = np.minimum.reduce(depth[faces.T]) > _NEAREST
    front = np.flatnonzero((area < -1e-9) & near)
    left, right = _sample_range(x[:, front], width)
    top, bottom = _sample_range(y[:, front], height)
    some = (right >= left) & (bottom >= top)
    kept, left, top, right, bottom = front[some], left[some], top[some], right[some], bottom[some]

    # Barycentrics 1 and 2 are linear over the picture: value at the box's first sample, and steps in x and y.
    inverse = 1 / area[kept]
    dx, dy = left + 0.5 - x[0, kept], top + 0.5 - y[0, kept]
    x1, y1 = e2y[kept] * inverse, -e2x[kept] * inverse
    x2, y2 = -e1y[kept] * inverse, e1x[kept] * inverse
    planes = np.stack([dx * x1 + dy * y1, x1, y1, dx * x2 + dy * y2, x2, y2]).astype(np.float32)
    nearness = (1 / depth)[faces[kept]].astype(np.float32)

    boxes = np.stack([left, top, right - left + 1, bottom - top + 1])
    triangle, sample, b1, b2 = _samples_inside(planes, boxes, width, height)
    near = nearness[triangle]
    samples_nearness = near[:, 0] + b1 * (near[:, 1] - near[:, 0]) + b2 * (near[:, 2] - near[:, 0])
    # Positive floats sort as their bits do, so depth and triangle fit one integer whose maximum is the nearest.
    key = (samples_nearness.view(np.int32).astype(np.int64) << 32) | triangle
    nearest = np.zeros(width * height, np.int64)
    np.maximum.at(nearest, sample, key)
    owner = np.flatnonzero(key == nearest[sample])

    inverse_depth, near, b1, b2 = samples_nearness[owner], near[owner], b1[owner], b2[owner]
    barycentric = np.stack([1 - b1 - b2, b1, b2], 1) * (near / inverse_depth[:, None])
    return Fragments(sample[owner], kept[triangle[owner]], barycentric, 1 / inverse_depth)


def _sample_range(corners: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last sample whose centre lies between the corners (3, n), clipped to 0 … count - 1."""
    first = np.ceil(np.minimum.reduce(corners) - 0.5)
    last = np.floor(np.maximum.reduce(corners) - 0.5)
    return np.clip(first, 0, count).astype(np.int64), np.clip(last, -1, count - 1).astype(np.int64)


def _samples_inside(
    planes: np.ndarray, boxes: np.ndarray, width: int, height: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Triangle, sample index and barycentrics 1 and 2 of every sample inside a triangle."""
    parts = []
    step = np.searchsorted(_BOX_STEPS, boxes[2:])
    bucket = step[0] * len(_BOX_STEPS) + step[1]
    order = np.argsort(bucket, kind="stable")
    bounds = np.flatnonzero(np.diff(bucket[order], prepend=-1, append=-1))
    for begin, end in itertools.pairwise(bounds.tolist()):
        columns, rows = _BOX_STEPS[step[:, order[begin]]]
        chunk = max(1, _CHUNK_SAMPLES // int(columns * rows))
        for at in range(begin, end, chunk):
            chosen = order[at : min(at + chunk, end)]
            parts.append(_inside_box(chosen, planes[:, chosen], int(columns), int(rows)))
    if not parts:
        empty = np.empty(0, np.int64)
        return empty, empty, np.empty(0, np.float32), np.empty(0, np.float32)
    triangle, column, row, b1, b2 = (np.concatenate(part) for part in zip(*parts, strict=True))
    column += boxes[0, triangle]
    row += boxes[1, triangle]
    inside = (column < width) & (row < height)  # a bucket's box may be larger than the triangle's
    if not inside.all():
        triangle, column, row, b1, b2 = (part[inside] for part in (triangle, column, row, b1, b2))
    return triangle, row * width + column, b1, b2


def _inside_box(chosen: np.ndarray, planes: np.ndarray, columns: int, rows: int) -> tuple[np.ndarray, ...]:
    """Samples inside the triangles of one bucket, each tested against the same box of candidates."""
    x = np.arange(columns, dtype=np.float32)
    y = np.arange(rows, dtype=np.float32)[:, None]
    start1, dx1, dy1, start2, dx2, dy2 = planes[:, :, None, None]
    b1 = (start1 + dy1 * y) + dx1 * x
    b2 = (start2 + dy2 * y) + dx2 * x
    hit = (b1 >= -_EDGE) & (b2 >= -_EDGE) & (b1 + b2 <= 1 + _EDGE)
    index = np.flatnonzero(hit)
    local, inside = np.divmod(index, columns * rows)
    row, column = np.divmod(inside, columns)
    return chosen[local], column, row, b1.ravel()[index], b2.ravel()[index]
