"""The solver: what is asked for is reached, nothing else moves, and it says so when it can't."""

from functools import cache

import pytest
import torch

from chatpose.body.joint_limits import within_limits
from chatpose.body.kinematics import forward_kinematics, joints_to_offsets
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import axis_angle_to_matrix, geodesic_distance
from chatpose.body.skeleton import SMPL
from chatpose.corpus.basic_postures import BASIC_POSTURES, basic_posture
from chatpose.corpus.random_poses import limit_poses
from chatpose.errors import InvalidPoseError, UnknownNameError
from chatpose.posecodes.definitions import all_posecodes, posecodes_by_name
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.goals import Goal, parse_goal
from chatpose.posecodes.grammar import Statement, contradictions, parse
from chatpose.posecodes.solve import Solution, SolveOptions, Solver, moving_joints
from chatpose.posecodes.solve_clauses import INNER_MARGIN, clause_table, clauses_of
from chatpose.posecodes.solve_jets import STEP_RAD, neighbours
from chatpose.posecodes.solve_limits import limit_rows
from chatpose.posecodes.solve_starts import START_ANGLES, start_costs, start_poses


@cache
def solver() -> Solver:
    return Solver()


def statements(*lines: str) -> list[Statement]:
    return [parse(line) for line in lines]


def goals(*lines: str) -> list[Goal]:
    return [goal for line in lines for goal in parse_goal(line)]


def standing(count: int | None = None) -> Pose:
    pose = basic_posture("standing")
    return pose if count is None else stack_poses([pose] * count)


def turned_deg(solution: Solution, start: Pose) -> torch.Tensor:
    return geodesic_distance(solution.pose.local_rotations, start.local_rotations).rad2deg()


def one_of_each_family() -> list[Statement]:
    """Two codes of every family, spread over it."""
    families: dict[str, list[Statement]] = {}
    for code in all_posecodes():
        families.setdefault(code.family, []).append(Statement(code))
    return [rows[place] for rows in families.values() for place in (len(rows) // 3, len(rows) - 1)]


class TestReach:
    def test_every_family_is_reached_from_standing(self) -> None:
        wanted = one_of_each_family()
        found = solver().solve_all([[statement] for statement in wanted], standing(len(wanted)))
        assert [solution.failed for solution in found if not solution.solved] == []
        assert all(solution.quality.limit_excess_deg < 0.5 for solution in found)
        assert all(solution.quality.overlap_m < 0.03 for solution in found)

    def test_postures_are_reached_from_scratch(self) -> None:
        names = [name for name in BASIC_POSTURES if name in posecodes_by_name()]
        found = solver().solve_all([statements(name) for name in names])
        assert [solution.failed for solution in found if not solution.solved] == []
        assert max(solution.quality.overlap_m for solution in found) < 0.03

    def test_the_checks_are_the_truth(self) -> None:
        claims = statements("left knee: right angle", "right hand: above head", "not: left hand: above head")
        solution = solver().solve(claims)
        found = Describer(solver().body).extract(solution.pose)
        names = [code.name for code in found.codes]
        for check in solution.checks:
            holds = bool(found.holds[0, names.index(check.statement.code.name)])
            assert check.holds == (holds != check.statement.negated)
        assert solution.solved

    def test_denials_ranges_and_alternatives(self) -> None:
        claims = statements("not: standing", "left elbow angle: 85..95", "torso: vertical")
        assert solver().solve(claims, standing()).solved

    def test_an_alternative_that_agrees_is_taken(self) -> None:
        """A vertical forearm hangs when nothing else is said; here it has to stand."""
        assert solver().solve(statements("left forearm: vertical", "left forearm: pointing up"), standing()).solved

    def test_margins_are_comfortable(self) -> None:
        solution = solver().solve(statements("left knee angle: 60..120", "right elbow: right angle"), standing())
        margins = [check.margin for check in solution.checks]
        assert all(margin is not None and margin > INNER_MARGIN["°"] - 1 for margin in margins)

    def test_contacts(self) -> None:
        wanted = goals("left hand on left hip", "right hand at the chin")
        solution = solver().solve([], standing(), goals=wanted)
        assert solution.solved
        assert max(solution.goal_distances_m) < 0.012

    def test_hands_reach_the_ground(self) -> None:
        solution = solver().solve(statements("legs: straight"), goals=goals("both palms on the ground"))
        assert solution.solved
        assert solution.quality.below_floor_m < 0.02

    def test_real_poses_hold_their_own_statements(self, shared_data) -> None:
        from chatpose.corpus.packed import PackedPoses

        packed = PackedPoses(shared_data / "cmu_poses_30k.npz")
        poses = packed.pose(packed.rows("validation")[:12])
        found = Describer(solver().body).extract(poses)
        claims = [
            [
                Statement(found.codes[column])
                for column in row.nonzero().flatten().tolist()[:: max(1, int(row.sum()) // 4)]
            ]
            for row in found.holds
        ]
        solved = solver().solve_all(claims, standing(12))
        assert sum(solution.solved for solution in solved) >= 11


class TestNothingElse:
    def test_what_holds_already_stays_bit_for_bit(self) -> None:
        start = basic_posture("kneeling")
        solution = solver().solve(statements("left knee: right angle"), start)
        assert solution.solved
        assert torch.equal(solution.pose.local_rotations, start.local_rotations)

    def test_joints_that_may_not_move_stay_bit_for_bit(self) -> None:
        start = limit_poses(1, torch.Generator().manual_seed(1), reach=0.3)[0]
        solution = solver().solve(statements("left elbow: right angle", "left hand: above head"), start,
                                  moving=["left arm"])  # fmt: skip
        moved = set(moving_joints(["left arm"]))
        still = [joint for joint in range(len(SMPL)) if joint not in moved]
        assert torch.equal(solution.pose.local_rotations[still], start.local_rotations[still])
        assert turned_deg(solution, start)[sorted(moved)].max() > 5

    def test_double_precision_keeps_what_stays(self) -> None:
        start = limit_poses(1, torch.Generator().manual_seed(2), reach=0.3)[0].to(torch.float64)
        start = start.with_rotation("spine2", axis_angle_to_matrix(torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)))
        solution = solver().solve(statements("left elbow: right angle"), start, moving=["left_elbow"])
        still = [joint for joint in range(len(SMPL)) if joint != SMPL.index("left_elbow")]
        assert solution.pose.body_pose.dtype == torch.float64
        assert torch.equal(solution.pose.local_rotations[still], start.local_rotations[still])

    def test_unnamed_parts_hardly_move(self) -> None:
        solution = solver().solve(statements("left elbow: right angle"), standing())
        turned = turned_deg(solution, standing())
        assert turned[SMPL.index("left_elbow")] > 40
        others = [joint for joint, name in enumerate(SMPL.joint_names) if not name.startswith("left_")]
        assert turned[others].max() < 1

    def test_a_near_miss_is_repaired_by_a_small_change(self) -> None:
        start = basic_posture("squatting", left_knee_flexion=118, right_knee_flexion=118, hip_flexion=100)
        solution = solver().solve(statements("squatting", "left elbow: straight"), start)
        assert solution.solved
        assert turned_deg(solution, start).max() < 25

    def test_far_postures_keep_the_arms(self) -> None:
        start = basic_posture("arms: spread to the sides")
        switched = solver().solve(statements("lying on the back"), start)
        assert switched.solved
        arms = list(moving_joints(["left arm", "right arm"]))
        assert turned_deg(switched, start)[arms].max() < 15
        stayed = solver().solve(statements("lying on the back"), start, options=SolveOptions(switch=False))
        assert stayed.cost > switched.cost

    def test_feet_stay_on_the_floor(self) -> None:
        solution = solver().solve(statements("torso: leaning forward"), standing())
        assert solution.solved
        assert {"left_foot", "right_foot", "left_toes", "right_toes"} <= set(solution.quality.resting)

    def test_balance_where_asked(self) -> None:
        claims = statements("standing on the left leg", "torso: leaning forward")
        solution = solver().solve(claims, standing(), options=SolveOptions(balance=True))
        assert solution.solved
        assert solution.quality.balance_m is not None
        assert solution.quality.balance_m < 0.01


class TestLaws:
    CLAIMS = (
        ("left hand: above head", "right elbow: right angle"),
        ("head: turned to the left", "left arm: raised level"),
        ("left hand: on hip", "torso: twisted to the left", "right palm: facing forward"),
    )

    def test_mirrored_problem_has_the_mirrored_solution(self) -> None:
        for lines in self.CLAIMS:
            claims = statements(*lines)
            here = solver().solve(claims, standing())
            there = solver().solve([claim.mirrored() for claim in claims], standing().mirror())
            assert here.failed == there.failed == ()
            apart = geodesic_distance(here.pose.mirror().local_rotations, there.pose.local_rotations).rad2deg()
            # Not to the last degree: the costs are flat at the bottom, and rounding decides where it ends.
            assert apart.max() < 8
            assert apart.mean() < 1.5

    def test_batches_equal_singles(self) -> None:
        claims = [statements(*lines) for lines in self.CLAIMS]
        together = solver().solve_all(claims, standing(3))
        for row, solution in zip(claims, together, strict=True):
            alone = solver().solve(row, standing())
            assert alone.failed == solution.failed == ()
            assert turned_deg(alone, solution.pose).max() < 3

    def test_deterministic(self) -> None:
        claims = statements("squatting", "hands: touching each other")
        first, second = solver().solve(claims), Solver().solve(claims)
        assert torch.equal(first.pose.local_rotations, second.pose.local_rotations)
        assert torch.equal(first.pose.transl, second.pose.transl)

    def test_heading_is_kept_and_changes_nothing(self) -> None:
        from chatpose.body.rotations import about_axis, heading_angle

        claims, turn = statements("left hand: above head"), about_axis("y", torch.tensor(1.3))
        start = standing()
        here = solver().solve(claims, start)
        there = solver().solve(claims, start.replace(global_orient=turn @ start.global_orient))
        back = there.pose.replace(global_orient=turn.T @ there.pose.global_orient)
        assert geodesic_distance(here.pose.local_rotations, back.local_rotations).rad2deg().max() < 3
        assert abs(float(heading_angle(here.pose.global_orient))) < 0.1

    def test_limits_are_kept(self) -> None:
        lines = ("left hand: beyond head", "left hand: behind torso", "left knee: fully bent", "left foot: above head")
        solution = solver().solve(statements(*lines))
        assert bool(within_limits(solution.pose, extreme=True, tolerance_deg=1.0))


class TestHonesty:
    def test_a_contradiction_comes_back_as_a_failed_check(self) -> None:
        claims = statements("left knee: straight", "left knee: right angle", "right elbow: right angle")
        assert contradictions(claims)
        solution = solver().solve(claims, standing())
        assert not solution.solved
        assert len(solution.failed) >= 1
        assert solution.checks[2].holds

    def test_what_may_not_move_can_fail(self) -> None:
        solution = solver().solve(statements("right knee: right angle"), standing(), moving=["left arm"])
        assert solution.failed == ("right knee: right angle",)

    def test_a_goal_out_of_reach(self) -> None:
        solution = solver().solve([], standing(), goals=goals("left hand on right heel"), moving=["left arm"])
        assert not solution.solved
        assert solution.goal_distances_m[0] > 0.1

    def test_nothing_asked_is_nothing_done(self) -> None:
        assert solver().solve([], standing()).steps == 0
        assert solver().solve_all([]) == []

    def test_unknown_part(self) -> None:
        with pytest.raises(UnknownNameError, match="left arm"):
            solver().solve(statements("kneeling"), standing(), moving=["left arn"])

    def test_wrong_numbers_of_poses(self) -> None:
        with pytest.raises(InvalidPoseError):
            solver().solve(statements("kneeling"), standing(2))
        with pytest.raises(InvalidPoseError):
            solver().solve_all([statements("kneeling")], standing(2))
        with pytest.raises(InvalidPoseError):
            solver().solve_all([statements("kneeling")], goals_per_pose=[])


class TestClauses:
    def test_natural_ends_are_no_borders(self) -> None:
        ((alternative,),) = clauses_of(parse("left knee: straight"))
        assert (alternative[0].low, alternative[0].high) == (165, float("inf"))

    def test_inner_margin_is_at_most_a_third(self) -> None:
        ((alternative,),) = clauses_of(parse("left knee angle: 90..96"))
        assert (alternative[0].low, alternative[0].high) == (92, 94)

    def test_a_denial_needs_every_alternative_to_fail(self) -> None:
        code = posecodes_by_name()["left thigh: vertical"]
        clauses = clauses_of(Statement(code, negated=True))
        assert len(clauses) == len(code.alternatives) == 2

    def test_clauses_are_shared(self) -> None:
        table = clause_table([statements("kneeling"), statements("kneeling", "left knee: straight")])
        assert table.wanted.tolist() == [[True, False], [True, True]]


def test_slopes_are_those_of_the_kinematics() -> None:
    poses = limit_poses(3, torch.Generator().manual_seed(0))
    offsets = joints_to_offsets(solver().body.rest_joints(poses.betas))
    rotations = poses.local_rotations
    joints = (0, 3, 5, 16)
    near = neighbours(forward_kinematics(rotations, offsets), joints)
    for place, joint in enumerate(joints):
        for axis in range(3):
            turn = axis_angle_to_matrix(torch.eye(3)[axis] * STEP_RAD)
            moved = rotations.clone()
            moved[:, joint] = rotations[:, joint] @ turn
            exact = forward_kinematics(moved, offsets)
            row = 1 + 3 * place + axis
            assert torch.allclose(near.positions[:, row], exact.positions, atol=2 * STEP_RAD**2)
            assert torch.allclose(near.rotations[:, row], exact.rotations, atol=2 * STEP_RAD**2)


def test_slopes_of_the_limits() -> None:
    poses = limit_poses(4, torch.Generator().manual_seed(3), reach=0.5)
    rows, slopes = limit_rows(poses.body_pose)
    step = torch.randn(4, 24, 3, generator=torch.Generator().manual_seed(4)) * 1e-3
    moved = poses.local_rotations @ axis_angle_to_matrix(step)
    after, _ = limit_rows(moved[:, 1:])
    assert torch.allclose(after - rows, torch.einsum("nrjx,njx->nr", slopes, step), atol=2e-4)


def test_starting_postures_come_in_mirrored_pairs() -> None:
    assert len(start_poses()) == len(START_ANGLES) == len(start_costs())
    for name in START_ANGLES:
        twin = name.replace("left", "\0").replace("right", "left").replace("\0", "right")
        assert twin in START_ANGLES
