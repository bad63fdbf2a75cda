"""Entries to poses: the angles are the start, the solver closes contacts and mends what the statements ask for."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatpose.atlas.entry import Entry
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.rotations import matrix_to_axis_angle
from chatpose.body.skeleton import SMPL
from chatpose.posecodes.solve import Solution, SolveOptions, Solver


@dataclass(frozen=True, eq=False)
class Built:
    """An entry with the pose that came out.

    Attributes:
        entry: as written.
        solution: the pose, what holds of it, its quality.
        moved_deg: joints that the solver turned away from what is written, degrees, the most turned first.
    """

    entry: Entry
    solution: Solution
    moved_deg: tuple[tuple[str, float], ...]

    @property
    def pose(self) -> Pose:
        """A single pose, on the floor."""
        return self.solution.pose


OPTIONS = SolveOptions(retries=False, chunk=1)
"""What is written is meant, so no other posture is tried; one at a time, so that no entry depends on its neighbours."""


def build_entries(entries: Sequence[Entry], solver: Solver) -> list[Built]:
    """Compiles entries; the result of one doesn't depend on the others.

    Args:
        entries: what to compile.
        solver: with the body to compile for.
    """
    if not entries:
        return []
    starts = stack_poses([entry.start() for entry in entries])
    solutions = solver.solve_all(
        [entry.claims for entry in entries],
        starts,
        goals_per_pose=[entry.goals for entry in entries],
        balance_per_pose=[not entry.held_by for entry in entries],
        options=OPTIONS,
    )
    return [
        Built(entry, solution, _moved(starts[number], solution.pose))
        for number, (entry, solution) in enumerate(zip(entries, solutions, strict=True))
    ]


def _moved(start: Pose, end: Pose) -> tuple[tuple[str, float], ...]:
    """Joints that were turned by at least a degree, and how far: angles by name jump where they have two spellings."""
    between = start.local_rotations.transpose(-1, -2) @ end.local_rotations
    turned = matrix_to_axis_angle(between).norm(dim=-1).rad2deg().tolist()
    moved = [(name, value) for name, value in zip(SMPL.joint_names, turned, strict=True) if value >= 1]
    return tuple(sorted(moved, key=lambda pair: -pair[1]))
