"""Poses that a few statements ask of an atlas pose, for the shipped library: "on one knee, left hand near head"."""

from collections.abc import Sequence

import torch

from chatpose.body.pose import Pose, stack_poses
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.grammar import Statement, contradictions
from chatpose.posecodes.posecode import Posecode
from chatpose.posecodes.solve import SolveOptions, Solver
from chatpose.retrieval.build_library_made import Made, Parents
from chatpose.retrieval.build_library_mixes import HELD_BY_HANDS, Pool

ASKED: tuple[str, ...] = (
    "bend", "arm raise", "pair distance", "near", "above", "front", "crossed", "aside", "incline", "head", "palm",
    "touch", "limbs",
)  # fmt: skip
"""Kinds of statements that are asked for; each kind is as likely, whatever its number of statements."""
MOST_ASKED = 3
_KEPT_FAMILIES = ("posture", "ground")
"""What a body does as a whole stays as it was."""
_OPTIONS = SolveOptions(max_steps=40, retries=False, switch=False)


def solved_poses(parents: Parents, pool: Pool, tries: int, generator: torch.Generator, describer: Describer) -> Made:
    """Solves random statements that don't contradict each other from poses of the pool, and keeps what came out well.

    Args:
        parents: the atlas.
        pool: where the solver starts.
        tries: before those that can't be are thrown away.
        generator: source of the numbers.
        describer: measures what holds at the start.
    """
    entries = len(parents.atlas)
    able = torch.tensor([entry.held_by not in HELD_BY_HANDS for entry in parents.atlas])[pool.row % entries]
    start = torch.multinomial(able.float(), tries, replacement=True, generator=generator)
    starts = pool.poses[start]
    asked = _wishes(starts, generator, describer)
    free = parents.free[pool.row[start] % entries]
    solver = Solver(parents.judge.body, parents.judge.prior)
    wanted = [(*kept, *new) for kept, new in asked]
    solutions = solver.solve_all(wanted, starts, balance_per_pose=free.tolist(), options=_OPTIONS)
    rows = torch.tensor([row for row, solution in enumerate(solutions) if solution.solved and asked[row][1]])
    if not len(rows):
        return Made("solved", Pose.identity((0,)), rows.long(), (), ())
    poses = stack_poses([solutions[row].pose for row in rows.tolist()])
    row = pool.row[start[rows]]
    good = parents.judge.holds(parents.judge.measure(poses), [parents.measures.take(row)], free[rows])
    good &= parents.family(poses) == parents.family(starts[rows])
    told = tuple(f"made to meet: {'; '.join(map(str, asked[place][1]))}" for place in rows.tolist())
    return Made("solved", poses, row % entries, told, ((),) * len(rows)).take(good)


def _wishes(
    starts: Pose, generator: torch.Generator, describer: Describer
) -> list[tuple[tuple[Statement, ...], tuple[Statement, ...]]]:
    """For each start what has to stay true and what is asked for, which doesn't hold yet."""
    codes = all_posecodes()
    points, gaps = describer.measure(starts)
    margins = extract(points, codes, gaps).margins
    by_family = [[place for place, code in enumerate(codes) if code.family == family] for family in ASKED]
    kept_rows = [place for place, code in enumerate(codes) if code.family in _KEPT_FAMILIES]
    wishes = []
    for row in range(len(starts)):
        kept = _holding(codes, margins[row], kept_rows)
        asked: list[Statement] = []
        count = int(torch.randint(1, MOST_ASKED + 1, (1,), generator=generator))
        for number in torch.randperm(len(ASKED), generator=generator)[:count].tolist():
            places = by_family[number]
            place = places[int(torch.randint(len(places), (1,), generator=generator))]
            new = Statement(codes[place])
            if float(margins[row, place]) < 0 and not contradictions([*kept, *asked, new]):
                asked.append(new)
        wishes.append((kept, tuple(asked)))
    return wishes


def _holding(codes: Sequence[Posecode], margins: torch.Tensor, places: Sequence[int]) -> tuple[Statement, ...]:
    return tuple(Statement(codes[place]) for place in places if float(margins[place]) >= 0)
