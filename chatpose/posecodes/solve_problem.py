"""What the solver makes small: rows of errors over a batch of poses, with their slopes.

Every row is in units of an error that is worth mending (2°, 1 cm); the cost of a pose is half the sum of the squares,
large errors counting linearly (Huber 1964), so that one hopeless statement doesn't drag the body along.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import torch
from torch import Tensor

from chatpose.body.balance import balance_margin_m
from chatpose.body.capsules import CAPSULE_NAMES, CONTACT_PAIRS, BodyCapsules
from chatpose.body.kinematics import WorldJoints, forward_kinematics
from chatpose.body.rotations import matrix_to_axis_angle
from chatpose.body.segments import segment_distance
from chatpose.body.skeleton import SMPL
from chatpose.posecodes.contacts import gap_columns
from chatpose.posecodes.goals import GoalMeter
from chatpose.posecodes.measures import measure_all
from chatpose.posecodes.points import points_of_kinematics
from chatpose.posecodes.solve_clauses import ClauseTable
from chatpose.posecodes.solve_jets import STEP_RAD, flattened, neighbours
from chatpose.posecodes.solve_limits import limit_excess, limit_rows
from chatpose.shapes import CapsuleEnds, Rotations24

HUBER = 15.0
"""Error (in rows' units) from which it counts linearly: 30° or 15 cm."""


class Prior(Protocol):
    """How unlikely poses are."""

    def energy(self, local_rotations: Rotations24) -> Tensor:
        """(N,) about 0 for poses that people take, 1 and more for what they don't; differentiable."""
        ...


@dataclass(frozen=True)
class Weights:
    """What an error of one unit is worth.

    Attributes:
        insistence: factor of the errors of statements and goals.
        closeness: a joint turned by one radian away from the start; trunk and legs by more (`JOINT_WEIGHT`).
        goal_m: distance to a goal.
        reached_m: distance from which a goal counts as reached.
        facing: how wrongly the surfaces of a contact face, 0 to 1.
        reached_facing: from where on that doesn't matter.
        overlap_m: overlap of two parts of the body.
        extreme_rad: beyond the range of dancers and gymnasts.
        ordinary_rad: farther than the start beyond the range of healthy adults.
        balance_m: centre of mass beside the support, where balance is asked for.
        inside_m: how far inside it is to be there.
        poise_m: the same farther than at the start, where it isn't.
        lifted_m: off the floor what rested on it at the start; counts little from a few times this on (`_lifted`).
        unusual: energy of the prior above `Problem.usual`.
    """

    insistence: float = 1.0
    closeness: float = 1.2
    goal_m: float = 0.01
    reached_m: float = 0.004
    facing: float = 0.1
    reached_facing: float = 0.05
    overlap_m: float = 0.01
    extreme_rad: float = 0.02
    ordinary_rad: float = 0.15
    balance_m: float = 0.02
    inside_m: float = 0.01
    poise_m: float = 0.04
    lifted_m: float = 0.03
    unusual: float = 0.15


JOINT_WEIGHT: dict[str, tuple[float, float, float]] = {
    "pelvis": (3.0, 3.0, 3.0), "spine": (2.2, 2.2, 2.2), "hip": (1.2, 1.4, 1.4), "knee": (1.0, 4.0, 4.0),
    "ankle": (0.8, 1.8, 1.5), "foot": (1.0, 4.0, 4.0), "neck": (0.8, 0.8, 0.8), "head": (0.8, 0.8, 0.8),
    "collar": (1.8, 1.8, 1.8), "shoulder": (0.6, 0.6, 0.6), "elbow": (0.9, 0.6, 4.0), "wrist": (0.9, 0.8, 0.7),
    "hand": (4.0, 4.0, 1.0),
}  # fmt: skip
"""How dear a joint's turning is about its x, y and z axis: trunk dearer than limbs, and what hinges can't do much."""


def joint_weights(joints: Sequence[int]) -> Tensor:
    """(3 * joints,) weight of each axis of the given joints."""
    bare = (SMPL.joint_names[joint].rpartition("_")[2].rstrip("123") for joint in joints)
    return torch.tensor([JOINT_WEIGHT[name] for name in bare]).flatten()


@dataclass(frozen=True, eq=False)
class Errors:
    """The state of a batch of poses.

    Attributes:
        cost: (N,) what is made small.
        gradient: (N, D) its slope by turns of the moving joints about their own axes.
        curvature: (N, D, D) of Gauss and Newton.
        unmet: (N,) largest error of statements and goals, in units.
    """

    cost: Tensor
    gradient: Tensor
    curvature: Tensor
    unmet: Tensor

    def where(self, rows: Tensor, other: "Errors") -> "Errors":
        """The rows of this where `rows`, else of `other`."""
        return Errors(
            torch.where(rows, self.cost, other.cost),
            torch.where(rows[:, None], self.gradient, other.gradient),
            torch.where(rows[:, None, None], self.curvature, other.curvature),
            torch.where(rows, self.unmet, other.unmet),
        )

    def take(self, rows: Tensor) -> "Errors":
        """Some of the poses."""
        return Errors(self.cost[rows], self.gradient[rows], self.curvature[rows], self.unmet[rows])


@dataclass(frozen=True, eq=False)
class Problem:
    """N poses to solve at once.

    Attributes:
        offsets: (N, 24, 3) of the joints from their parents, metres.
        anchor: (N, 24, 3, 3) rotations to stay close to.
        joints: which joints move.
        clauses: what the statements want.
        capsules: of the body.
        weights: what an error is worth.
        meter: of goals, or None; `goals` (N, G) bool says which poses want which.
        goals: see there.
        balanced: (N,) bool, which poses are to stand in balance.
        poise: (N,) metres by which the start's centre of mass is inside its support (0 at most), negative outside.
        rested: (N, 44) heights of the capsules' ends at the start; infinite where they didn't rest on the floor.
        prior: or None.
        usual: (N,) energy of the prior up to which it doesn't count: a usual pose's, or the start's.
        allowed: (N, pairs) overlap of each two parts that is no error, metres.
        ordinary: (N, 79) radians by which the start is already beyond the ordinary limits.
    """

    offsets: Tensor
    anchor: Tensor
    joints: tuple[int, ...]
    clauses: ClauseTable
    capsules: BodyCapsules
    weights: Weights
    meter: GoalMeter | None
    goals: Tensor
    balanced: Tensor
    poise: Tensor
    rested: Tensor
    prior: Prior | None
    usual: Tensor
    allowed: Tensor
    ordinary: Tensor

    def __len__(self) -> int:
        return len(self.anchor)

    def take(self, rows: Tensor) -> "Problem":
        """Some of the poses."""
        return Problem(
            self.offsets[rows], self.anchor[rows], self.joints, self.clauses.take(rows), self.capsules, self.weights,
            self.meter, self.goals[rows], self.balanced[rows], self.poise[rows],
            self.rested[rows], self.prior, self.usual[rows], self.allowed[rows], self.ordinary[rows],
        )  # fmt: skip

    def errors(self, rotations: Rotations24) -> Errors:
        """All rows of errors of (N, 24, 3, 3) local rotations, put together."""
        jets = neighbours(forward_kinematics(rotations, self.offsets), self.joints)
        ends = self.capsules.place(jets)
        wanted = [*self._statements(jets, ends), *self._goals(jets, ends)]
        if (factor := self.weights.insistence) != 1:
            wanted = [(row * factor, slope * factor) for row, slope in wanted]
        rows = [*wanted, *self._overlaps(ends), *self._limits(rotations), *self._balance(jets), *self._lifted(ends)]
        rows += self._prior(rotations)
        errors = torch.cat([row for row, _ in rows], dim=1)
        slopes = torch.cat([slope for _, slope in rows], dim=1)
        unmet = torch.cat([row for row, _ in wanted], dim=1) if wanted else errors.new_zeros(len(self), 1)
        size = errors.abs()
        linear = size > HUBER
        cost = torch.where(linear, HUBER * (2 * size - HUBER), size * size).sum(1) / 2
        shrink = torch.where(linear, HUBER / size.clamp_min(HUBER), 1.0)
        pull = self._pull(rotations)
        metric = (self.weights.closeness * joint_weights(self.joints)) ** 2
        cost = cost + (metric * pull * pull).sum(1) / 2
        weighted = slopes * shrink[:, :, None]
        gradient = torch.einsum("nrd,nr->nd", weighted, errors) + metric * pull
        curvature = weighted.transpose(1, 2) @ slopes + torch.diag(metric)
        return Errors(cost, gradient, curvature, unmet.abs().amax(1) if unmet.shape[1] else unmet.new_zeros(len(self)))

    def _pull(self, rotations: Tensor) -> Tensor:
        """(N, D) how far the moving joints are turned from the start, radians about each axis."""
        moving = list(self.joints)
        turned = self.anchor[:, moving].transpose(-1, -2) @ rotations[:, moving]
        return matrix_to_axis_angle(turned).flatten(1)

    def _statements(self, jets: WorldJoints, ends: Tensor) -> list[tuple[Tensor, Tensor]]:
        table = self.clauses
        if not table.measures:
            return []
        values = measure_all(table.measures, points_of_kinematics(jets))  # (M, N * (1 + D))
        values = values.unflatten(1, jets.positions.shape[:2]).permute(1, 2, 0)  # (N, 1 + D, M)
        gaps = [number for number, measure in enumerate(table.measures) if measure.kind == "gap"]
        if gaps:
            values = values.clone()
            for number in gaps:
                columns = gap_columns(*table.measures[number].points)
                values[:, :, number] = self._gaps(ends, columns).amin(-1)
        here = values[:, 0, table.measure_of]
        errors = (table.low - here).clamp_min(0) - (here - table.high).clamp_min(0)
        errors = (errors / table.scale).nan_to_num(0.0)
        counts = table.chosen(errors * errors)
        errors = torch.where(counts, errors, 0.0)
        slopes = -(values[:, 1:] - values[:, :1]).nan_to_num(0.0, 0.0, 0.0) / STEP_RAD
        slopes = slopes[:, :, table.measure_of] / table.scale
        slopes = torch.where((errors != 0)[:, None], slopes, 0.0).transpose(1, 2)
        return [(errors, slopes)]

    def _goals(self, jets: WorldJoints, ends: Tensor) -> list[tuple[Tensor, Tensor]]:
        if self.meter is None or not bool(self.goals.any()):
            return []
        floor = (ends[..., 1] - self.capsules.end_radii).amin(-1)
        vectors, facing = self.meter.vectors(flattened(jets), floor.flatten())
        vectors = vectors.unflatten(0, floor.shape)  # (N, 1 + D, G, 3)
        facing = facing.unflatten(0, floor.shape)
        away = vectors[:, 0]
        size = away.norm(dim=-1, keepdim=True)
        far = (size > self.weights.reached_m) & self.goals[..., None]
        errors = torch.where(far, away * (1 - self.weights.reached_m / size.clamp_min(1e-6)), 0.0)
        slopes = torch.where(far[:, None], vectors[:, 1:] - vectors[:, :1], 0.0) / STEP_RAD
        turned = (facing[:, 0] - self.weights.reached_facing).clamp_min(0) * self.goals
        turning = torch.where((turned > 0)[:, None], facing[:, 1:] - facing[:, :1], 0.0) / STEP_RAD
        return [
            (errors.flatten(1) / self.weights.goal_m, slopes.flatten(2).transpose(1, 2) / self.weights.goal_m),
            (turned / self.weights.facing, turning.transpose(1, 2) / self.weights.facing),
        ]

    def _gaps(self, ends: Tensor, columns: tuple[int, ...]) -> Tensor:
        """(N, 1 + D, columns) gaps of some of `CONTACT_PAIRS`."""
        count = len(CAPSULE_NAMES)
        pairs = _pair_table()[:, list(columns)]
        planes = ends.movedim(-1, 0)
        starts, axes = planes[..., :count], planes[..., count:] - planes[..., :count]
        chosen = [part[..., index] for index in pairs for part in (starts, axes)]
        slack = self.capsules.slack[list(columns)] - self.capsules.radii[pairs].sum(0)
        return segment_distance(*chosen) + slack

    def _overlaps(self, ends: Tensor) -> list[tuple[Tensor, Tensor]]:
        here = self._gaps(ends[:, :1], _ALL_PAIRS)[:, 0]
        columns = tuple((here < -self.allowed).any(0).nonzero().flatten().tolist())
        if not columns:
            return []
        gaps = self._gaps(ends, columns)
        errors = (-self.allowed[:, list(columns)] - gaps[:, 0]).clamp_min(0) / self.weights.overlap_m
        slopes = -(gaps[:, 1:] - gaps[:, :1]) / (STEP_RAD * self.weights.overlap_m)
        return [(errors, torch.where((errors != 0)[:, None], slopes, 0.0).transpose(1, 2))]

    def _limits(self, rotations: Tensor) -> list[tuple[Tensor, Tensor]]:
        rows, slopes = limit_rows(rotations[:, 1:])
        slopes = slopes[:, :, list(self.joints)].flatten(2)
        extreme = limit_excess(rows, extreme=True, inside_rad=0.01)
        ordinary = limit_excess(rows, extreme=False)
        ordinary = torch.where(ordinary.abs() > self.ordinary.abs(), ordinary - self.ordinary, 0.0)
        found = []
        for excess, scale in ((extreme, self.weights.extreme_rad), (ordinary, self.weights.ordinary_rad)):
            errors = excess / scale
            found.append((errors, torch.where((errors != 0)[:, :, None], slopes / scale, 0.0)))
        return found

    def _balance(self, jets: WorldJoints) -> list[tuple[Tensor, Tensor]]:
        leaf = WorldJoints(*(part[:, 0].detach().requires_grad_(True) for part in jets))
        with torch.enable_grad():
            margin = balance_margin_m(leaf, self.capsules)
            slopes = torch.autograd.grad(margin.sum(), leaf)
        inside = margin.detach().nan_to_num(0.0)
        changes = [
            torch.einsum("ndj,nj->nd", (part[:, 1:] - part[:, :1]).flatten(2), slope.flatten(1))
            for part, slope in zip(jets, slopes, strict=True)
        ]
        scale = torch.where(self.balanced, self.weights.balance_m, self.weights.poise_m)
        wanted = torch.where(self.balanced, self.weights.inside_m, self.poise)
        errors = (wanted - inside).clamp_min(0) / scale
        slope = -(changes[0] + changes[1]).nan_to_num(0.0) / (STEP_RAD * scale[:, None])
        return [(errors[:, None], torch.where(errors[:, None] > 0, slope, 0.0)[:, None])]

    def _lifted(self, ends: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What rested on the floor stays there unless it has to leave (Geman and McClure's errors, at most 1)."""
        columns = self.rested.isfinite().any(0).nonzero().flatten()
        bottoms = ends[..., 1] - self.capsules.end_radii
        heights = bottoms[..., columns] - bottoms.amin(-1, keepdim=True)
        rested = self.rested[:, columns]
        rise = ((heights[:, 0] - rested) / self.weights.lifted_m).clamp_min(0)  # 0 where it didn't rest
        bounded = (1 + rise * rise).rsqrt()
        slopes = (heights[:, 1:] - heights[:, :1]).transpose(1, 2) / (STEP_RAD * self.weights.lifted_m)
        # The error is rise / √(1 + rise²), its slope by the rise 1 / √(1 + rise²)³.
        return [(rise * bounded, torch.where((rise > 0)[..., None], slopes * (bounded**3)[..., None], 0.0))]

    def _prior(self, rotations: Tensor) -> list[tuple[Tensor, Tensor]]:
        """How much less usual the pose is than `usual`."""
        if self.prior is None:
            return []
        leaf = rotations.detach().requires_grad_(True)
        with torch.enable_grad():
            energy = self.prior.energy(leaf)
            (slope,) = torch.autograd.grad(energy.sum(), leaf)
        moving = list(self.joints)
        # Turning about an own axis e changes R by R [e]×.
        turns = torch.einsum("njac,njab,ibc->nji", slope[:, moving], rotations[:, moving], _GENERATORS).flatten(1)
        errors = ((energy.detach() - self.usual).clamp_min(0) / self.weights.unusual).nan_to_num(0.0)[:, None]
        slopes = torch.where(errors > 0, turns / self.weights.unusual, 0.0).nan_to_num(0.0, 0.0, 0.0)
        return [(errors, slopes[:, None])]

USUAL = 0.15
"""Energy of the prior that is nothing unusual: three quarters of real poses have less."""
RESTS_M = 0.03
"""Height up to which a part rests on the floor."""


def resting_heights(ends: CapsuleEnds, capsules: BodyCapsules) -> Tensor:
    """(*batch, 44) heights above the floor of the capsules' ends that rest on it, metres; infinite for the others."""
    bottoms = ends[..., 1] - capsules.end_radii
    heights = bottoms - bottoms.amin(-1, keepdim=True)
    return heights.masked_fill(heights > RESTS_M, math.inf)


_ALL_PAIRS = tuple(range(len(CONTACT_PAIRS)))
_GENERATORS = torch.tensor(
    [[[0.0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0.0, 0, 1], [0, 0, 0], [-1, 0, 0]], [[0.0, -1, 0], [1, 0, 0], [0, 0, 0]]]
)


@lru_cache(maxsize=1)
def _pair_table() -> Tensor:
    place = {name: index for index, name in enumerate(CAPSULE_NAMES)}
    return torch.tensor([[place[first], place[second]] for first, second in CONTACT_PAIRS]).T
