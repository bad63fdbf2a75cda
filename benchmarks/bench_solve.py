"""The solver: share of statements held, time, and how good the poses are as bodies.

    python benchmarks/bench_solve.py [--poses 256] [--data ../shared/data] [--prior] [--threads 2] [--seed 0]

Statements are drawn from poses on which they hold together (1 to 5 of them, rare ones more often): real poses with
`--data`, else jittered postures. They are then solved from scratch, from standing, from another pose and from near
misses (the pose itself, every joint turned by a few degrees). Asked for on two cores: <= 2 s from scratch alone,
<= 0.2 s for the repair of a near miss, <= 0.1 s a pose in batches. CPU time is given beside wall time, as machines
are shared.
"""

import argparse
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.pose_prior import PosePrior
from chatpose.body.rotations import axis_angle_to_matrix, geodesic_distance
from chatpose.corpus.basic_postures import BASIC_POSTURES, basic_posture
from chatpose.corpus.packed import PackedPoses
from chatpose.corpus.random_poses import jittered_postures
from chatpose.posecodes.definitions import posecodes_by_name
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.solve import Solution, Solver

JITTER_DEG = 6.0


@dataclass(frozen=True)
class Run:
    """Solutions with the time they took."""

    solutions: list[Solution]
    wall: float
    cpu: float


def run(solver: Solver, sets: Sequence[Sequence[Statement]], starts: Pose | None, *, alone: bool = False) -> Run:
    """Solves everything, together or one by one."""
    wall, cpu = time.perf_counter(), time.process_time()
    if alone:
        found = [solver.solve(row, None if starts is None else starts[number]) for number, row in enumerate(sets)]
    else:
        found = solver.solve_all(sets, starts)
    return Run(found, time.perf_counter() - wall, time.process_time() - cpu)


def row(name: str, result: Run, starts: Pose | None = None) -> None:
    """One line of the table."""
    found = result.solutions
    checks = [check for solution in found for check in solution.checks]
    held = sum(bool(check.holds) for check in checks)
    whole = sum(solution.solved for solution in found)
    overlap = [solution.quality.overlap_m for solution in found]
    limits = [solution.quality.limit_excess_deg for solution in found]
    beside = [solution.quality.below_floor_m for solution in found]
    turned = ""
    if starts is not None:
        ends = stack_poses([solution.pose for solution in found])
        angles = geodesic_distance(ends.local_rotations, starts.local_rotations).rad2deg()
        turned = f", joints turned {angles.mean():.1f}° in the mean, the most turned {angles.amax(1).mean():.0f}°"
    print(
        f"{name:30s} {whole / len(found):6.1%} whole, {held / max(1, len(checks)):6.1%} of {len(checks)} statements; "
        f"{1e3 * result.wall / len(found):5.0f} ms wall, {1e3 * result.cpu / len(found):4.0f} ms CPU a pose, "
        f"{statistics.mean(solution.steps for solution in found):.0f} steps\n{'':30s} "
        f"beyond extreme limits by > 1°: {sum(value > 1 for value in limits)}, overlap > 3 cm: "
        f"{sum(value > 0.03 for value in overlap)} (deepest {100 * max(overlap):.1f} cm), "
        f"capsules below the floor by at most {100 * max(beside):.1f} cm{turned}"
    )


def drawn_sets(describer: Describer, poses: Pose, seed: int, most: int = 5) -> list[list[Statement]]:
    """Statements that hold together on each pose."""
    found = describer.extract(poses)
    weights = found.holds.float().mean(0).clamp_min(1e-3).pow(-0.6).tolist()
    chance = random.Random(seed)
    sets = []
    for holds in found.holds.tolist():
        columns = [column for column, held in enumerate(holds) if held]
        count, chosen = min(chance.randint(1, most), len(columns)), set[int]()
        while len(chosen) < count:
            chosen.add(chance.choices(columns, [weights[column] for column in columns])[0])
        sets.append([Statement(found.codes[column]) for column in sorted(chosen)])
    return sets


def jittered(poses: Pose, seed: int) -> Pose:
    """Every joint turned by a few degrees."""
    noise = torch.randn(*poses.local_rotations.shape[:-1], generator=torch.Generator().manual_seed(seed))
    turned = poses.local_rotations @ axis_angle_to_matrix(noise * torch.deg2rad(torch.tensor(JITTER_DEG / 3**0.5)))
    return Pose.from_rotations(turned, betas=poses.betas, transl=poses.transl)


def sample(count: int, data: Path | None, seed: int) -> tuple[Pose, Pose]:
    """Poses to draw statements from, and others to start at."""
    if data is None:
        poses = jittered_postures(2 * count, torch.Generator().manual_seed(seed))
        return poses[:count], poses[count:]
    packed = PackedPoses(data / "cmu_poses_30k.npz")
    rows = packed.rows("validation")
    chosen = random.Random(seed).sample(range(len(rows)), 2 * count)
    return packed.pose(rows[chosen[:count]]), packed.pose(rows[chosen[count:]])


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--poses", type=int, default=256)
    parser.add_argument("--alone", type=int, default=24, help="how many are solved one by one")
    parser.add_argument("--data", type=Path, help="folder of the given data; jittered postures without it")
    parser.add_argument("--prior", action="store_true", help="with the prior that ships")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    body = BodyModel.open()
    solver = Solver(body, PosePrior.load() if options.prior else None)
    describer, count = Describer(body), options.poses
    names = [name for name in BASIC_POSTURES if name in posecodes_by_name()]
    standing = stack_poses([basic_posture("standing")] * max(count, len(names)))
    claims = [[Statement(posecodes_by_name()[name])] for name in names]
    solver.solve(claims[0])
    print(f"{len(names)} postures by name")
    row("  from scratch, together", run(solver, claims, None))
    row("  from standing, together", run(solver, claims, standing[: len(names)]))
    row("  from scratch, one by one", run(solver, claims, None, alone=True))
    kinds = [("floor postures", None)] + ([("real poses", options.data)] if options.data else [])
    for kind, data in kinds:
        poses, others = sample(count, data, options.seed)
        sets = drawn_sets(describer, poses, options.seed)
        near, few = jittered(poses, options.seed), options.alone
        print(f"{count} sets of 1 to 5 statements that hold together on {kind}")
        row("  from scratch", run(solver, sets, None))
        row("  from standing", run(solver, sets, standing[:count]), standing[:count])
        row("  from another pose", run(solver, sets, others), others)
        row("  near misses", run(solver, sets, near), near)
        missed = [number for number, held in enumerate(_held(describer, near, sets)) if not held][:few]
        row("  near misses, one by one", run(solver, [sets[n] for n in missed], near[missed], alone=True), near[missed])
        row("  from scratch, one by one", run(solver, sets[:few], None, alone=True))
    return 0


def _held(describer: Describer, poses: Pose, sets: Sequence[Sequence[Statement]]) -> list[bool]:
    """Whether all of a pose's statements hold as it is."""
    found = describer.extract(poses)
    column = {code: place for place, code in enumerate(found.codes)}
    return [all(bool(found.holds[n, column[s.code]]) for s in claims) for n, claims in enumerate(sets)]


if __name__ == "__main__":
    raise SystemExit(main())
