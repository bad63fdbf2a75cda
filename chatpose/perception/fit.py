"""`Fitter`: makes hypotheses about people in photos agree with what was seen of them.

The refinement in the loop of SPIN (Kolotouros et al., ICCV 2019) with the terms of SMPLify (Bogo et al., Keep it SMPL,
ECCV 2016): reprojection of landmarks, their own depth, closeness to the hypothesis, pose prior, joint limits, floor.
Levenberg and Marquardt's method with slopes in closed form; errors of landmarks are bounded after Geman and McClure,
and that bound is lowered step by step (graduated non-convexity: Black and Rangarajan 1996).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.body.kinematics import forward_kinematics, joints_to_offsets
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.pose_prior import PosePrior
from chatpose.body.rotations import axis_angle_to_matrix
from chatpose.body.skeleton import SMPL
from chatpose.errors import InvalidPoseError
from chatpose.perception.body_landmarks import BodyLandmarks, RigidPoints
from chatpose.perception.fit_config import FitConfig, shifts
from chatpose.perception.fit_evidence import Evidence
from chatpose.perception.fit_terms import MOVING, UNKNOWNS, Block, Terms, point_slopes, resting, without_mean
from chatpose.perception.landmarks import Landmarks
from chatpose.perception.photo_camera import NEAREST_M, PhotoCamera
from chatpose.perception.placement import place

LARGEST_TURN_RAD = 0.6
LARGEST_MOVE = 0.3
"""Most that a body is moved in one step, as a share of its distance."""
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-2, 1e-4, 1e4
_SOFTENING = 0.5
"""By how much the bound of outliers shrinks each step."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """Where the hypotheses came to, in the order in which they were given.

    Attributes:
        poses: (N,) level frame, metres from the camera.
        residual_px: (N,) root mean square distance of the seen landmarks from the body's, pixels; infinite where
            nothing was seen.
        errors_m: (N, 33) distance of each landmark from the body's across the line of sight, metres, hidden ones too.
        depth_errors_m: (N, 33) how much nearer the body has each landmark than the landmark's own depth, metres; the
            mean over what was seen is 0.
        cost: (N,) negative logarithm of how likely a hypothesis is, up to a constant for all of one person.
        spread_m: (N, 24) standard deviation of each joint's place, pelvis on pelvis, by the curvature of the cost
            (Laplace's approximation), metres.
        steps: (N,) that the solver took.
    """

    poses: Pose
    residual_px: Tensor
    errors_m: Tensor
    depth_errors_m: Tensor
    cost: Tensor
    spread_m: Tensor
    steps: Tensor


class Fitter:
    """Fits one body; make it once and keep it.

    Args:
        body: the open body when absent.
        prior: of poses; the one that ships with chatpose when absent.
        config: what errors are worth.
    """

    def __init__(
        self, body: BodyModel | None = None, prior: PosePrior | None = None, config: FitConfig | None = None
    ) -> None:
        self.body = body or BodyModel.open()
        self.prior = prior or PosePrior.load()
        self.config = config or FitConfig()
        self._landmarks = BodyLandmarks(self.body)

    def fit(
        self,
        landmarks: Landmarks,
        camera: PhotoCamera,
        hypotheses: Pose,
        spread_rad: Tensor | None = None,
        spread_m: Tensor | None = None,
    ) -> Fitted:
        """Refines hypotheses about one person.

        Args:
            landmarks: what was seen.
            camera: with its pitch and roll.
            hypotheses: (K,) level frame; where they stand doesn't matter.
            spread_rad: (K, 24) or (24,) expected angle of each joint's turn from the true one, as the lifter tells it.
            spread_m: the same of joints' places, pelvis on pelvis, metres.

        Raises:
            InvalidPoseError: NaN, infinite or wrongly shaped numbers.
        """
        evidence = Evidence.of([landmarks], [camera], self.config)
        return self.fit_all(evidence.repeated(len(hypotheses)), hypotheses, spread_rad, spread_m)

    def fit_all(
        self,
        evidence: Evidence,
        hypotheses: Pose,
        spread_rad: Tensor | None = None,
        spread_m: Tensor | None = None,
    ) -> Fitted:
        """Refines hypotheses about many people, (N,) poses on (N,) rows of evidence.

        Raises:
            InvalidPoseError: as `fit`.
        """
        terms, moved = self._prepare(evidence, hypotheses.validated(), spread_rad, spread_m)
        rotations, moved, steps = _descend(terms, hypotheses.local_rotations, moved)
        return self._told(terms, hypotheses, rotations, moved, steps)

    def placed(self, evidence: Evidence, hypotheses: Pose) -> Pose:
        """The same poses, moved to where they are seen best."""
        terms, moved = self._prepare(evidence, hypotheses.validated(), None, None)
        return hypotheses.replace(transl=self._transl(terms, hypotheses, moved))

    def _prepare(
        self, evidence: Evidence, hypotheses: Pose, spread_rad: Tensor | None, spread_m: Tensor | None
    ) -> tuple[Terms, Tensor]:
        """The terms and where the bodies stand at first."""
        count = len(evidence)
        if hypotheses.batch_shape != (count,):
            raise InvalidPoseError(f"hypotheses of shape {hypotheses.batch_shape}", expected=f"({count},)")
        rotations = hypotheses.local_rotations
        rigid = self._landmarks.rigid_points(hypotheses.betas)
        points = RigidPoints(rigid.joints, rigid.offsets + shifts(self.config.shift_m).to(rotations))
        offsets = joints_to_offsets(self.body.rest_joints(hypotheses.betas))
        world = forward_kinematics(rotations, offsets, torch.zeros_like(offsets[:, 0]))
        posed = points.place(world)
        moved = place(posed @ evidence.photo_from_level.mT, evidence.tangents, evidence.seen, evidence.guess_m)
        terms = Terms(
            self.config,
            evidence,
            points,
            offsets,
            rotations,
            _spread(spread_rad, count, self.config.unknown_spread_rad, "radians"),
            world.positions,
            _spread(spread_m, count, torch.inf, "metres"),
            (-moved[:, 2]).clamp_min(NEAREST_M),
            resting(posed, evidence.seen, self.config),
            self.prior,
        )
        return terms, moved

    def _transl(self, terms: Terms, hypotheses: Pose, moved: Tensor) -> Tensor:
        level = (moved[:, None] @ terms.evidence.photo_from_level)[:, 0]
        return level - self.body.rest_joints(hypotheses.betas)[:, 0]

    def _told(self, terms: Terms, hypotheses: Pose, rotations: Tensor, moved: Tensor, steps: Tensor) -> Fitted:
        evidence, state = terms.evidence, _State.of(terms, rotations, moved)
        world = terms.kinematics(rotations)
        points = terms.points.place(world)
        placed = points @ evidence.photo_from_level.mT + moved[:, None]
        depth = (-placed[..., 2:]).clamp_min(NEAREST_M)
        off = (placed[..., :2] / depth - evidence.tangents).norm(dim=-1)
        total = evidence.seen.sum(-1)
        mean = (evidence.seen * off.square()).sum(-1) / total.clamp_min(1e-9)
        residual = torch.where(total > 0, mean.sqrt() * evidence.focal_px, torch.inf)
        poses = Pose.from_rotations(rotations, betas=hypotheses.betas, transl=self._transl(terms, hypotheses, moved))
        depths = without_mean(terms.depth_errors(points)[..., None], evidence.seen)[..., 0]
        system, _ = state.normal(self.config.outlier)
        slopes = point_slopes(world, world.positions, torch.arange(len(SMPL)))
        slopes = torch.nn.functional.pad(slopes, (0, UNKNOWNS - slopes.shape[-1])).flatten(1, 2)
        covered = torch.linalg.solve_ex(system, slopes.mT)[0]
        variance = (slopes.mT * covered).sum(1).unflatten(-1, (len(SMPL), 3)).sum(-1)
        return Fitted(
            poses, residual, off * depth[..., 0], depths, state.cost(self.config.outlier),
            variance.clamp_min(0).sqrt(), steps,
        )  # fmt: skip


def _spread(spread: Tensor | None, count: int, unknown: float, unit: str) -> Tensor:
    joints = len(SMPL)
    if spread is None:
        return torch.full((count, joints), unknown)
    if spread.shape not in ((joints,), (count, joints)) or not bool((spread >= 0).all()):
        raise InvalidPoseError(
            f"a spread of shape {tuple(spread.shape)}", expected=f"({count}, {joints}) {unit}, none NaN or negative"
        )
    return spread.expand(count, -1)


def reweighted(weights: Tensor, cost: Tensor, trust: float = 0.1) -> Tensor:
    """(K,) weights of hypotheses after the fit, sum 1: the lifter's times the likelihood by the cost.

    Args:
        weights: (K,) the lifter's.
        cost: (K,) `Fitted.cost`.
        trust: power of the likelihood; far less than 1 because landmarks err together.
    """
    return torch.softmax(weights.clamp_min(1e-9).log() - trust * cost, dim=-1)


@dataclass(frozen=True, eq=False)
class _State:
    """Hypotheses with their errors."""

    rotations: Tensor
    moved: Tensor
    blocks: list[Block]
    choice: Tensor

    @classmethod
    def of(cls, terms: Terms, rotations: Tensor, moved: Tensor) -> "_State":
        blocks, choice = terms.blocks(rotations, moved)
        return cls(rotations, moved, blocks, choice)

    def cost(self, outlier: float) -> Tensor:
        """(N,) half the squares, bounded for robust rows."""
        total = self.choice
        for block in self.blocks:
            squares = block.errors.square().sum(-1)
            if block.robust:
                squares = squares / (1 + squares / outlier**2)
            total = total + (block.weights * squares).sum(-1) / 2
        return total

    def normal(self, outlier: float) -> tuple[Tensor, Tensor]:
        """Gauss and Newton's system (N, U, U) and the gradient (N, U)."""
        slopes, errors = [], []
        for block in self.blocks:
            weights = block.weights
            if block.robust:
                weights = weights / (1 + block.errors.square().sum(-1) / outlier**2).square()
            root = weights.sqrt()[..., None]
            slopes.append((block.slopes * root[..., None]).flatten(1, 2))
            errors.append((block.errors * root).flatten(1))
        rows = torch.cat(slopes, dim=1)
        return rows.mT @ rows, (torch.cat(errors, dim=1)[:, None] @ rows)[:, 0]

    def stepped(self, step: Tensor) -> tuple[Tensor, Tensor]:
        """Rotations and movements after a step (N, U), no larger than a slope can be trusted."""
        turns = step[:, :-3].unflatten(1, (-1, 3))
        largest = turns.norm(dim=-1).amax(-1).clamp_min(LARGEST_TURN_RAD)
        turns = turns * (LARGEST_TURN_RAD / largest)[:, None, None]
        move = step[:, -3:]
        reach = LARGEST_MOVE * self.moved.norm(dim=-1)
        move = move * (reach / move.norm(dim=-1).clamp_min(1e-9)).clamp_max(1)[:, None]
        index = torch.tensor(MOVING)
        turned = self.rotations[:, index] @ axis_angle_to_matrix(turns)
        return self.rotations.index_copy(1, index, turned), self.moved + move

    def mixed(self, rows: Tensor, other: "_State", terms: Terms) -> "_State":
        """The rows of `other` where `rows`."""
        if bool(rows.all()):
            return other
        if not bool(rows.any()):
            return self
        rotations = torch.where(rows[:, None, None, None], other.rotations, self.rotations)
        return _State.of(terms, rotations, torch.where(rows[:, None], other.moved, self.moved))


def _descend(terms: Terms, rotations: Tensor, moved: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotations and movements of little cost, and the steps taken; a hypothesis that has settled is left alone."""
    config = terms.config
    final = rotations.clone(), moved.clone(), torch.zeros(len(moved), dtype=torch.long)
    rows = torch.arange(len(moved))
    damping = torch.full((len(moved),), _FIRST_DAMPING)
    here = _State.of(terms, rotations, moved)
    for number in range(config.most_steps):
        outlier = max(config.outlier, config.first_outlier * _SOFTENING**number)
        system, gradient = here.normal(outlier)
        damped = system + torch.diag_embed(damping[:, None] * system.diagonal(dim1=-2, dim2=-1) + 1e-6)
        step = -torch.linalg.solve_ex(damped, gradient[..., None])[0][..., 0]
        there = _State.of(terms, *here.stepped(step))
        before, after = here.cost(outlier), there.cost(outlier)
        better = after < before
        damping = torch.where(better, (damping / 5).clamp_min(_LEAST_DAMPING), damping * 8)
        little = (before - after) < config.enough * before.abs()
        settled = (better & little & (outlier == config.outlier)) | (damping > _MOST_DAMPING)
        here = here.mixed(better, there, terms)
        final[0][rows], final[1][rows], final[2][rows] = here.rotations, here.moved, number + 1
        if bool(settled.all()):
            break
        if bool(settled.any()):
            keep = (~settled).nonzero().flatten()
            rows, damping, terms = rows[keep], damping[keep], terms[keep]
            here = _State.of(terms, here.rotations[keep], here.moved[keep])
    return final
