"""Fits the codebooks of one part by k-means, stage by stage.

Moving the codes of all stages together afterwards was tried and left out: gradient descent through the same distance
(Adam, 300 steps) and least-squares sweeps over all poses made training poses nearer and validation poses no nearer at
two stages, and farther at four and six.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.rotations import about_axis, matrix_to_axis_angle, matrix_to_quaternion, nearest_rotation
from chatpose.body.skeleton import SMPL, smpl_rest_offsets, swap_side
from chatpose.pose_tokenizer import quaternions as quat
from chatpose.pose_tokenizer.codebooks import RootBook, RotationBook, root_residual, root_step
from chatpose.pose_tokenizer.config import BOOK_JOINTS
from chatpose.pose_tokenizer.metric import PointSet
from chatpose.pose_tokenizer.tokenizer import interleaved, mirrored_torso
from chatpose.train.kmeans import kmeans, nearest

SHRINK = 20.0
"""Poses' worth of the common spread that goes into each first code's own."""
POWER = 1.0
"""Clusters are for small mean distances, not mean squares: the few wild poses would draw too many codes."""
HANGING_DEG = 65.0
"""The arms hang by so much when trunks are compared as points."""


@dataclass(frozen=True, eq=False)
class PartRows:
    """Poses of a part.

    Attributes:
        target: (N, J, 4) unit quaternions.
        metric: (N, 3J, 3J) quadratic forms.
    """

    target: Tensor
    metric: Tensor

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, index: Tensor | slice) -> "PartRows":
        return PartRows(self.target[index], self.metric[index])


def fit_root(up: Tensor, codes: int, stages: int, rounds: int, generator: torch.Generator) -> RootBook:
    """Codes of the tilt: a fifth of the directions are uniform on the sphere, so that upside down is covered."""
    everywhere = torch.nn.functional.normalize(torch.randn(len(up) // 4, 3, generator=generator), dim=-1)
    rows = torch.cat([up, everywhere.to(up)])
    signs = up.new_tensor([-1.0, 1.0, 1.0])
    first = torch.nn.functional.normalize(kmeans(rows, codes, rounds, generator, lambda row: row * signs), dim=-1)
    reached = first[(rows @ first.T).argmax(-1)]
    steps = []
    for _ in range(stages - 1):
        left = root_residual(reached, rows)
        step = kmeans(left, codes, rounds, generator, lambda row: row * signs[:2]).half().float()
        steps.append(step)
        reached = root_step(reached, step[nearest(left, step)[0]])
    return RootBook(first, torch.stack(steps) if steps else first.new_zeros(0, codes, 2))


def fit_rotations(
    book: str,
    rows: PartRows,
    codes: int,
    stages: int,
    rounds: int,
    points: PointSet,
    generator: torch.Generator,
    told: Callable[[int, float], None] | None = None,
) -> RotationBook:
    """Codes of a part stage by stage, in the mean metric; `told` hears the stage and the root mean square, metres."""
    joints = rows.target.shape[1]
    mirror = _mirror_of(book)
    root = torch.linalg.cholesky(rows.metric.mean(0).double()).to(rows.metric)  # M = L Lᵀ: |r L|² = rᵀ M r
    inverse = torch.linalg.inv(root.double()).to(root)
    first = fit_first(book, rows.target, codes, rounds, points, generator)
    start, empty = quat.exponential(first), first.new_zeros(0, codes)
    fitted = RotationBook(first, first.new_zeros(0, codes, 3 * joints), empty, empty)
    chosen = torch.cat([fitted.encode(part.target, part.metric, 1, 2)[:, 0] for part in _chunks(rows)])
    reached, before, steps, scales, spreads = start[chosen], chosen, [], [], []
    whitened = None if mirror is None else lambda row: mirror(row @ inverse) @ root
    for stage in range(stages - 1):
        left = quat.between(reached, rows.target).flatten(-2) @ root
        if told is not None:
            told(stage + 1, float(left.square().sum(-1).mean().sqrt()))
        scales.append(_scales(left, chosen, codes, mirror is not None))
        scale = scales[-1][chosen]
        spreads.append(torch.ones_like(scales[-1]))
        if stage:
            spreads[-1] = _scales(left / scale[:, None], before, codes, mirror is not None)
            scale = scale * spreads[-1][before]
        scaled = left / scale[:, None]
        step = kmeans(scaled, codes, rounds, generator, whitened, power=POWER)
        before = nearest(scaled, step)[0]
        steps.append(step @ inverse)
        turn = (steps[-1][before] * scale[:, None]).unflatten(-1, (-1, 3))
        reached = torch.nn.functional.normalize(quat.compose(reached, quat.exponential(turn)), dim=-1)
    return RotationBook(first, torch.stack(steps), torch.stack(scales), torch.stack(spreads))


def fit_first(
    book: str, target: Tensor, codes: int, rounds: int, points: PointSet, generator: torch.Generator
) -> Tensor:
    """(K, J, 3) absolute codes: clusters of where the part's points are, each averaged as rotations."""
    mirror = _point_mirror(points) if _mirror_of(book) is not None else None
    matrices = quat.to_matrix(target)
    rows = point_rows(book, matrices, points)
    index = nearest(rows, kmeans(rows, codes, rounds, generator, mirror))[0]
    if mirror is not None:
        matrices = torch.where((index % 2 == 1)[:, None, None, None], _mirrored_matrices(matrices), matrices)
        index = index // 2
    count = codes if mirror is None else codes // 2
    total = matrices.new_zeros(count, *matrices.shape[1:]).index_add_(0, index, matrices)
    total[torch.bincount(index, minlength=count) == 0] = torch.eye(3).to(total)
    first = matrix_to_axis_angle(nearest_rotation(total.double())).to(target)
    return first if mirror is None else interleaved(first, mirrored_torso(first), 0)


def _mirrored_matrices(matrices: Tensor) -> Tensor:
    """(N, 7, 3, 3) of the torso's joints, mirrored."""
    names = BOOK_JOINTS["torso"]
    order = [names.index(swap_side(name)) for name in names]
    signs = matrices.new_tensor([-1.0, 1.0, 1.0])
    return matrices[:, order] * (signs[:, None] * signs)


def _point_mirror(points: PointSet) -> Callable[[Tensor], Tensor]:
    """Reflects rows of `point_rows` of the torso."""
    moved = _moved(BOOK_JOINTS["torso"], points)
    keys = [(int(points.joints[row]), tuple(round(float(x), 6) for x in points.offsets[row])) for row in moved]
    order = [keys.index((SMPL.mirror_index[joint], (-x + 0.0, y, z))) for joint, (x, y, z) in keys]

    def mirror(rows: Tensor) -> Tensor:
        width = 3 * len(moved)
        placed = rows[:, :width].unflatten(-1, (-1, 3))[:, order] * rows.new_tensor([-1.0, 1.0, 1.0])
        turned = _mirrored_matrices(rows[:, width:].unflatten(-1, (-1, 3, 3)))
        return torch.cat([placed.flatten(1), turned.flatten(1)], dim=-1)

    return mirror


def _moved(joints: tuple[str, ...], points: PointSet) -> list[int]:
    """The points that some joint of a part moves."""
    return sorted({row for name in joints for row in points.below(SMPL.index(name))})


def point_rows(book: str, matrices: Tensor, points: PointSet) -> Tensor:
    """(N, D) whose squared distances are those of the part's points, m², with a floor for the rotations themselves."""
    index = [SMPL.index(name) for name in BOOK_JOINTS[book]]
    offsets = smpl_rest_offsets().to(matrices)
    down = about_axis("z", torch.deg2rad(torch.tensor([-HANGING_DEG, HANGING_DEG]))).to(matrices)
    rows = []
    moved = _moved(BOOK_JOINTS[book], points)
    for part in matrices.split(4096):
        whole = torch.eye(3).to(part).expand(len(part), len(SMPL), 3, 3).clone()
        whole[:, [SMPL.index("left_shoulder"), SMPL.index("right_shoulder")]] = down
        whole[:, index] = part
        placed = points.place(forward_kinematics(whole, offsets))[:, moved]
        weighted = (placed * points.weights[moved].to(part).sqrt()[:, None]).flatten(1)
        floor = points.floor_m / (2 * (len(SMPL) - 1)) ** 0.5
        rows.append(torch.cat([weighted, part.flatten(1) * floor], dim=-1))
    return torch.cat(rows)


def _mirror_of(book: str) -> Callable[[Tensor], Tensor] | None:
    """Reflects rows of rotation vectors (N, 3J) of the torso."""
    if book != "torso":
        return None
    return lambda row: mirrored_torso(row.unflatten(-1, (-1, 3))).flatten(-2)


def _scales(left: Tensor, chosen: Tensor, codes: int, paired: bool) -> Tensor:
    """(K,) how far off poses of each first code are, against all; mirrored codes have the same."""
    squared = left.square().sum(-1)
    index, count = (chosen // 2, codes // 2) if paired else (chosen, codes)
    total = left.new_zeros(count).index_add_(0, index, squared)
    members = torch.bincount(index, minlength=count)
    common = squared.mean()
    scale = ((total + SHRINK * common) / (members + SHRINK) / common).sqrt()
    return scale.repeat_interleave(2) if paired else scale


def _chunks(rows: PartRows, size: int = 1024) -> list[PartRows]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def quaternions_of(rotations: Tensor, index: list[int]) -> Tensor:
    """(N, J, 4) of some joints."""
    return matrix_to_quaternion(rotations[:, index])
