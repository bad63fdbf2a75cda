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

from chatpose.body.balance import FADING, PATCH_M, SUPPORT_M, center_of_mass
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
from chatpose.posecodes.solve_errors import UNTOLD, Errors
from chatpose.posecodes.solve_jets import LEVI_CIVITA, STEP_RAD, flattened, neighbours
from chatpose.posecodes.solve_limits import limit_excess, limit_rows
from chatpose.shapes import CapsuleEnds, Rotations24

_NEAR_M = 0.03
"""Parts that are nearer than this to being too deep in each other are watched."""
_INSIDE_RAD = 0.01
"""How far inside the extreme limits joints are kept."""


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
        hope: the same of what is only hoped for.
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
    hope: float = 0.35
    closeness: float = 1.2
    goal_m: float = 0.01
    reached_m: float = 0.004
    facing: float = 0.1
    reached_facing: float = 0.05
    overlap_m: float = 0.01
    extreme_rad: float = 0.02
    ordinary_rad: float = 0.15
    balance_m: float = 0.03
    inside_m: float = 0.01
    poise_m: float = 0.06
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


Rows = tuple[Tensor, Tensor]
"""Errors (N, R) and their slopes (N, R, D) by turns of the moving joints; negative errors are room that is left."""


@dataclass(frozen=True, eq=False)
class Problem:
    """N poses to solve at once.

    Attributes:
        offsets: (N, 24, 3) of the joints from their parents, metres.
        anchor: (N, 24, 3, 3) rotations to stay close to.
        joints: which joints move.
        clauses: what the statements want.
        hopes: what is aimed at beside, or None.
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
        ordinary: (N, 79) radians by which the start is already beyond the ordinary limits, 0 inside.
    """

    offsets: Tensor
    anchor: Tensor
    joints: tuple[int, ...]
    clauses: ClauseTable
    hopes: ClauseTable | None
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
            self.offsets[rows], self.anchor[rows], self.joints, self.clauses.take(rows),
            self.hopes.take(rows) if self.hopes is not None else None, self.capsules, self.weights,
            self.meter, self.goals[rows], self.balanced[rows], self.poise[rows],
            self.rested[rows], self.prior, self.usual[rows], self.allowed[rows], self.ordinary[rows],
        )  # fmt: skip

    def errors(self, rotations: Rotations24) -> Errors:
        """All rows of errors of (N, 24, 3, 3) local rotations, put together."""
        jets = neighbours(forward_kinematics(rotations, self.offsets), self.joints)
        ends = self.capsules.place(jets)
        goals, wanted = self._goals(jets, ends), self._statements(self.clauses, jets, ends)
        factor = self.weights.insistence
        rows = [(row * factor, slope * factor) for row, slope in (*goals, *wanted)]
        if self.hopes is not None:
            hope = self.weights.hope
            rows += [(row * hope, slope * hope) for row, slope in self._statements(self.hopes, jets, ends)]
        rows += [*self._limits(rotations), *self._balance(jets, ends), *self._lifted(ends), *self._prior(rotations)]
        rows += self._overlaps(ends)
        metric = (self.weights.closeness * joint_weights(self.joints).to(rotations)) ** 2
        return Errors.of(
            rows,
            exact=goals[0][0].shape[1] if goals else 0,
            wanted=len(goals) + len(wanted),
            pull=self._pull(rotations),
            metric=metric,
        )

    def _pull(self, rotations: Tensor) -> Tensor:
        """(N, D) how far the moving joints are turned from the start, radians about each axis."""
        moving = list(self.joints)
        turned = self.anchor[:, moving].transpose(-1, -2) @ rotations[:, moving]
        return matrix_to_axis_angle(turned).flatten(1)

    def _statements(self, table: ClauseTable, jets: WorldJoints, ends: Tensor) -> list[Rows]:
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
        under, over = table.low - here, here - table.high
        errors = (torch.maximum(under, over) / table.scale).nan_to_num(UNTOLD, UNTOLD, UNTOLD)
        counts = table.chosen(errors.clamp_min(0).square()) & (errors > UNTOLD)
        slopes = (values[:, 1:] - values[:, :1]).nan_to_num(0.0, 0.0, 0.0)[:, :, table.measure_of] / STEP_RAD
        slopes = slopes.transpose(1, 2) * (torch.where(under > over, -1.0, 1.0) * counts / table.scale)[..., None]
        return [(torch.where(counts, errors, UNTOLD), slopes)]

    def _goals(self, jets: WorldJoints, ends: Tensor) -> list[Rows]:
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
        turned = torch.where(self.goals, facing[:, 0] - self.weights.reached_facing, UNTOLD)
        turning = torch.where(self.goals[:, None], facing[:, 1:] - facing[:, :1], 0.0) / STEP_RAD
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

    def _overlaps(self, ends: Tensor) -> list[Rows]:
        here = self._gaps(ends[:, :1], _ALL_PAIRS)[:, 0]
        columns = tuple((here < _NEAR_M - self.allowed).any(0).nonzero().flatten().tolist())
        if not columns:
            return []
        gaps = self._gaps(ends, columns)
        errors = (-self.allowed[:, list(columns)] - gaps[:, 0]) / self.weights.overlap_m
        slopes = (gaps[:, :1] - gaps[:, 1:]) / (STEP_RAD * self.weights.overlap_m)
        return [(errors, slopes.transpose(1, 2))]

    def _limits(self, rotations: Tensor) -> list[Rows]:
        rows, slopes = limit_rows(rotations[:, 1:])
        slopes = slopes[:, :, list(self.joints)].flatten(2)
        found = []
        for extreme, free, scale in (
            (True, -_INSIDE_RAD, self.weights.extreme_rad),
            (False, self.ordinary, self.weights.ordinary_rad),
        ):
            beyond, sign = limit_excess(rows, extreme=extreme)
            found.append(((beyond - free) / scale, slopes * (sign / scale)[..., None]))
        return found

    def _balance(self, jets: WorldJoints, ends: Tensor) -> list[Rows]:
        """How far the centre of mass reaches over the support, a row a direction, as `chatpose.body.balance` has it.

        What bears weight hangs on heights, all or nothing within centimetres, so there is no slope to follow; only the
        places of the supports and of the centre of mass are followed.
        """
        outward = _directions().to(ends)
        offsets = ends[..., ::2] - center_of_mass(jets, self.capsules)[..., None, ::2]  # (N, 1 + D, 44, 2)
        heights = ends[:, 0, :, 1] - self.capsules.end_radii
        too_high = heights - heights.amin(-1, keepdim=True) - SUPPORT_M
        size = self.capsules.end_radii.clamp_max(PATCH_M) - FADING * too_high.clamp_min(0)
        reach, patch = (offsets[:, 0] @ outward + size[..., None]).max(-2)  # (N, directions)
        chosen = patch[:, None, :, None].expand(-1, offsets.shape[1], -1, 2)
        along = (offsets.gather(2, chosen) * outward.T).sum(-1)  # (N, 1 + D, directions)
        scale = torch.where(self.balanced, self.weights.balance_m, self.weights.poise_m)[:, None]
        wanted = torch.where(self.balanced, self.weights.inside_m, self.poise)[:, None]
        slopes = (along[:, :1] - along[:, 1:]) / (STEP_RAD * scale[..., None])
        return [((wanted - reach) / scale, slopes.transpose(1, 2))]

    def _lifted(self, ends: Tensor) -> list[Rows]:
        """What rested on the floor stays there unless it has to leave (Geman and McClure's errors, at most 1)."""
        columns = self.rested.isfinite().any(0).nonzero().flatten()
        bottoms = ends[..., 1] - self.capsules.end_radii
        heights = bottoms[..., columns] - bottoms.amin(-1, keepdim=True)
        rested = self.rested[:, columns]
        rise = (heights[:, 0] - rested) / self.weights.lifted_m  # -inf where it didn't rest
        bounded = (1 + rise.clamp_min(0).square()).rsqrt()
        slopes = (heights[:, 1:] - heights[:, :1]).transpose(1, 2) / (STEP_RAD * self.weights.lifted_m)
        # The error is rise / √(1 + rise²), its slope by the rise 1 / √(1 + rise²)³.
        slopes = torch.where(rested.isfinite()[..., None], slopes * (bounded**3)[..., None], 0.0)
        return [((rise * bounded).clamp_min(UNTOLD), slopes)]

    def _prior(self, rotations: Tensor) -> list[Rows]:
        """How much less usual the pose is than `usual`."""
        if self.prior is None:
            return []
        leaf = rotations.detach().requires_grad_(True)
        with torch.enable_grad():
            energy = self.prior.energy(leaf)
            (slope,) = torch.autograd.grad(energy.sum(), leaf)
        moving = list(self.joints)
        # Turning about an own axis e changes R by R [e]×.
        turns = torch.einsum(
            "njac,njab,ibc->nji", slope[:, moving], rotations[:, moving], LEVI_CIVITA.to(rotations)
        ).flatten(1)
        errors = ((energy.detach() - self.usual) / self.weights.unusual).nan_to_num(UNTOLD)[:, None]
        slopes = (turns / self.weights.unusual).nan_to_num(0.0, 0.0, 0.0)
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


@lru_cache(maxsize=1)
def _directions() -> Tensor:
    """(2, 16) unit vectors all round in the floor's plane, the same set when mirrored."""
    turn = torch.arange(16) * (2 * math.pi / 16)
    return torch.stack([turn.sin(), turn.cos()])


@lru_cache(maxsize=1)
def _pair_table() -> Tensor:
    place = {name: index for index, name in enumerate(CAPSULE_NAMES)}
    return torch.tensor([[place[first], place[second]] for first, second in CONTACT_PAIRS]).T
