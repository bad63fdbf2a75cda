"""The codebooks: what a code means, how stages compose, and the search for the codes of a part.

Stage 1 of a part is an absolute code, the rotations of its joints. Every later stage composes a small rotation on the
right of each joint, R ← R exp(s c). The number s belongs to the stage, the first code and the code before: where codes
are far apart, as around rare poses, the next steps are wide. The root is a point on the sphere, the world's up seen
from the pelvis, and steps in the plane that touches it: that leaves the heading out exactly.

Residual quantisation: Juang and Gray, Multiple stage vector quantization for speech coding, ICASSP 1982; beam search
over stages as in Babenko and Lempitsky, Additive Quantization, CVPR 2014.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.pose_tokenizer import quaternions as quat
from chatpose.shapes import Vector

_BLOCKS = 16
"""Candidates are looked for in this many interleaved runs of codes: the best few lie in the best few runs."""


@dataclass(frozen=True, eq=False)
class RootBook:
    """Codes of how the pelvis is tilted.

    Attributes:
        first: (K, 3) unit up directions in the pelvis' frame.
        steps: (S - 1, K, 2) steps in the tangent plane, radians.
    """

    first: Tensor
    steps: Tensor

    @property
    def stages(self) -> int:
        """How many stages there are."""
        return 1 + len(self.steps)

    def decode(self, codes: Tensor) -> Vector:
        """(N, 3) up directions of (N, stages) codes."""
        up = self.first[codes[:, 0]]
        for stage, chosen in enumerate(codes.T[1:]):
            up = root_step(up, self.steps[stage, chosen])
        return up

    def encode(self, up: Vector, stages: int) -> Tensor:
        """(N, stages) codes nearest to unit up directions (N, 3), one stage after the other."""
        codes = (up @ self.first.T).argmax(-1)[:, None]
        reached = self.first[codes[:, 0]]
        for stage in range(stages - 1):
            left = root_residual(reached, up)
            chosen = torch.cdist(left, self.steps[stage]).argmin(-1)
            codes = torch.cat([codes, chosen[:, None]], dim=-1)
            reached = root_step(reached, self.steps[stage, chosen])
        return codes


def root_residual(start: Vector, end: Vector) -> Tensor:
    """(N, 2) the step in the tangent plane of `start` that leads to `end`, radians."""
    seen = (quat.to_matrix(quat.from_up(start)) @ end[..., None])[..., 0]
    flat = seen[..., [0, 2]]
    length = flat.norm(dim=-1, keepdim=True)
    return flat * torch.atan2(length, seen[..., 1:2]) / length.clamp_min(1e-9)


def root_step(start: Vector, step: Tensor) -> Vector:
    """Where a step from `start` leads; inverse of `root_residual`."""
    squared = step.square().sum(-1, keepdim=True)
    length = squared.clamp_min(1e-12).sqrt()
    flat = step * torch.sin(length) / length
    seen = torch.stack([flat[..., 0], torch.cos(length[..., 0]), flat[..., 1]], dim=-1)
    turned = quat.to_matrix(quat.from_up(start)).transpose(-1, -2) @ seen[..., None]
    return torch.nn.functional.normalize(turned[..., 0], dim=-1)


@dataclass(frozen=True, eq=False)
class Ways:
    """Codes of a part that come near, the nearest first.

    Attributes:
        codes: (N, W, stages).
        rotations: (N, W, J, 4) unit quaternions that they decode to.
        far: (N, W) mean squared distance of the points, m².
    """

    codes: Tensor
    rotations: Tensor
    far: Tensor


@dataclass(frozen=True, eq=False)
class RotationBook:
    """Codes of the rotations of a part's J joints.

    Attributes:
        first: (K, J, 3) rotation vectors.
        steps: (S - 1, K, 3J) small rotation vectors that later stages compose on the right.
        scales: (S - 1, K) what a step is multiplied with, by stage and first code.
        spreads: (S - 1, K) the same by stage and the code before; that of stage 2 doesn't count.
    """

    first: Tensor
    steps: Tensor
    scales: Tensor
    spreads: Tensor

    @property
    def stages(self) -> int:
        """How many stages there are."""
        return 1 + len(self.steps)

    @property
    def joints(self) -> int:
        """How many joints a code turns."""
        return self.first.shape[1]

    def decode(self, codes: Tensor) -> Tensor:
        """(N, J, 4) unit quaternions of (N, stages) codes."""
        reached = quat.exponential(self.first)[codes[:, 0]]
        for stage, chosen in enumerate(codes.T[1:]):
            scale = self.scale(stage, codes[:, 0], codes[:, stage])
            reached = quat.compose(reached, self.turn(stage, chosen, scale))
        return torch.nn.functional.normalize(reached, dim=-1)

    def encode(self, target: Tensor, metric: Tensor, stages: int, beam: int) -> Tensor:
        """(N, stages) codes that come nearest; arguments as for `ways`."""
        return self.ways(target, metric, stages, beam, 1).codes[:, 0]

    def ways(self, target: Tensor, metric: Tensor, stages: int, beam: int, keep: int) -> "Ways":
        """The codes that come nearest, several of them.

        Args:
            target: (N, J, 4) unit quaternions.
            metric: (N, 3J, 3J) quadratic forms that weigh what is left, from `chatpose.pose_tokenizer.metric`.
            stages: how many codes.
            beam: how many ways are kept open after each stage.
            keep: how many are given back.
        """
        packed = pack_form(metric)
        codes = self._first_codes(target, metric, beam if stages > 1 else max(beam, keep))[..., None]
        reached = quat.exponential(self.first)[codes[..., 0]]
        for stage in range(stages - 1):
            scale = self.scale(stage, codes[..., 0], codes[..., -1])
            going = beam if stage < stages - 2 else max(beam, keep)
            parent, chosen = self._next_codes(stage, target, reached, scale, metric, packed, going)
            codes = torch.cat([_pick(codes, parent), chosen[..., None]], dim=-1)
            turn = self.turn(stage, chosen, scale.gather(1, parent))
            reached = quat.compose(_pick(reached, parent), turn)
        left = self.residual(reached, target[:, None])  # large steps don't add up as vectors: measured once more
        far = ((left @ metric) * left).sum(-1)
        best = far.argmin(-1, keepdim=True) if keep == 1 else far.argsort(dim=-1, stable=True)[:, :keep]
        reached = torch.nn.functional.normalize(_pick(reached, best), dim=-1)
        return Ways(_pick(codes, best), reached, far.gather(1, best))

    def scale(self, stage: int, first: Tensor, before: Tensor) -> Tensor:
        """What steps after the first codes and the codes before are multiplied with; stage 0 is the second."""
        return self.scales[stage, first] * self.spreads[stage, before] if stage else self.scales[stage, first]

    def turn(self, stage: int, chosen: Tensor, scale: Tensor) -> Tensor:
        """(…, J, 4) what codes compose on the right."""
        return quat.exponential((self.steps[stage, chosen] * scale[..., None]).unflatten(-1, (-1, 3)))

    def residual(self, reached: Tensor, target: Tensor) -> Tensor:
        """(…, 3J) what is left to turn."""
        return quat.between(reached, target).flatten(-2)

    def _first_codes(self, target: Tensor, metric: Tensor, beam: int) -> Tensor:
        """(N, beam) first codes: a shortlist by chords, weighed joint by joint, then the metric itself."""
        count = len(self.first)
        levers = metric.diagonal(dim1=-2, dim2=-1).unflatten(-1, (-1, 3)).mean(-1)  # (N, J)
        have, want = quat.exponential(self.first), target
        # 1 - <p, q>² grows with the angle whatever the quaternions' signs; <p, q>² is linear in the products.
        dots = _products(have).flatten(1)
        chords = -((_products(want) * levers[..., None]).flatten(1) @ dots.T)
        short = chords.topk(min(max(8 * beam, 16), count), dim=-1, largest=False).indices
        left = self.residual(have[short], want[:, None])
        far = ((left @ metric) * left).sum(-1)
        best = far.topk(min(beam, count), dim=-1, largest=False).indices
        return short.gather(1, best)

    def _next_codes(
        self, stage: int, target: Tensor, reached: Tensor, scale: Tensor, metric: Tensor, packed: Tensor, keep: int
    ) -> tuple[Tensor, Tensor]:
        """(N, keep) ways of the beam that go on, and their next codes."""
        steps = self.steps[stage]
        left = self.residual(reached, target[:, None])  # (N, B, 3J)
        pulled = left @ metric
        own = (pulled * left).sum(-1)
        sizes = packed @ pack_products(steps).T  # (N, K) cᵀ M c
        far = (pulled * (-2 * scale[..., None])) @ steps.T
        far = far.addcmul_(sizes[:, None], scale.square()[..., None]).add_(own[..., None]).flatten(1)
        best = smallest(far, keep)
        return best // len(steps), best % len(steps)


def smallest(values: Tensor, count: int) -> Tensor:
    """(N, count) where the smallest values of each row (N, M) are, the smallest first."""
    rows, width = values.shape
    if count == 1:
        return values.argmin(-1, keepdim=True)
    if width % _BLOCKS or width // _BLOCKS < count:
        return values.topk(count, dim=-1, largest=False).indices
    runs = values.view(rows, _BLOCKS, width // _BLOCKS)
    best = runs.amin(1).topk(count, dim=-1, largest=False).indices  # the count best are in the count best runs
    inside = runs.gather(2, best[:, None].expand(-1, _BLOCKS, -1)).flatten(1)
    place = inside.topk(count, dim=-1, largest=False).indices
    return place // count * (width // _BLOCKS) + best.gather(1, place % count)


def pack_form(form: Tensor) -> Tensor:
    """The upper triangle of symmetric matrices (…, D, D), what is off the diagonal doubled."""
    row, column = torch.triu_indices(form.shape[-1], form.shape[-1], device=form.device)
    return form[..., row, column] * torch.where(row == column, 1.0, 2.0).to(form)


def pack_products(vectors: Tensor) -> Tensor:
    """Products of the entries of vectors (…, D): with them a packed form gives vᵀ M v as a dot product."""
    row, column = torch.triu_indices(vectors.shape[-1], vectors.shape[-1], device=vectors.device)
    return vectors[..., row] * vectors[..., column]


def _products(quats: Tensor) -> Tensor:
    """(…, 16) all products of a quaternion's entries; the dot product of two such is <p, q>²."""
    return (quats[..., :, None] * quats[..., None, :]).flatten(-2)


def _pick(values: Tensor, index: Tensor) -> Tensor:
    """Rows of (N, B, …) by (N, C)."""
    shaped = index.reshape(*index.shape, *[1] * (values.dim() - 2)).expand(*index.shape, *values.shape[2:])
    return values.gather(1, shaped)
