"""What generation tends to: side swaps, standing by default, joint limits, diversity."""

import itertools
from collections.abc import Mapping, Sequence

import torch

from chatpose.body.angles import body_pose_to_angles
from chatpose.body.comparison import comparison_points, distances_mm
from chatpose.body.joint_limits import beyond_limits
from chatpose.body.pose import Pose, stack_poses
from chatpose.evaluation.language_methods import Bar, Generates, Made, guarded
from chatpose.evaluation.language_plans import Labelled
from chatpose.evaluation.language_rows import HELD, OUTSIDE, STANDING, SWAPPED, Row
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import Statement, parse

SAMPLES = 8
LIMIT_DEG = 0.5
"""From where on a joint counts as beyond its limits: those of trained people, which half of the atlas needs."""
UPRIGHT = (
    "standing", "standing on the left leg", "standing on the right leg", "lunging with the left leg in front",
    "lunging with the right leg in front", "bending forward", "arching backward", "bending to the left",
    "bending to the right",
)  # fmt: skip
"""Postures of somebody who is on the feet."""
_LOW = ("posture", "ground")
_LEGS = ("thigh", "shin", "knee", "knees", "hip", "pelvis", "legs", "foot", "feet")


def sentence_rows(sentences: Sequence[Labelled], made: Mapping[str, Sequence[Made]], describer: Describer) -> list[Row]:
    """Of sentences with labels: statements held, those held by the wrong side, and who stands where no posture is said.

    Args:
        sentences: asked for.
        made: by way, a pose for each.
        describer: measures.
    """
    rows = []
    for name, poses in made.items():
        held = count = swapped = sided = standing = free = 0
        for one, found in zip(sentences, poses, strict=True):
            if found.pose is None:
                count += len(one.statements)
                free += names_no_posture(one)
                continue
            plan = _nearer(one, found.pose, describer)
            for _, good in plan:
                count, held = count + 1, held + good
            own, twin = _swaps(plan, found.pose, describer)
            sided, swapped = sided + own, swapped + twin
            if names_no_posture(one):
                free += 1
                standing += stands(found.pose, describer)
        values = {HELD: _percent(held, count), SWAPPED: _percent(swapped, sided), STANDING: _percent(standing, free)}
        note = f"{count} statements, {sided} with a side; {free} sentences name no posture"
        rows.append(Row("test sentences", name, len(sentences), values, note))
    return rows


def _percent(part: int, of: int) -> float:
    return 100 * part / of if of else float("nan")


def _nearer(one: Labelled, pose: Pose, describer: Describer) -> list[tuple[Statement, bool]]:
    """The labels, or their mirror image where that is as good and more of it holds, with what holds."""
    ways = [list(one.statements)]
    if one.either:
        ways.append([statement.mirrored() for statement in one.statements])
    found = [list(zip(way, _holds(way, pose, describer), strict=True)) for way in ways]
    return max(found, key=lambda plan: sum(good for _, good in plan))


def _holds(statements: Sequence[Statement], pose: Pose, describer: Describer) -> list[bool]:
    if not statements:
        return []
    points, gaps = describer.measure(stack_poses([pose]))
    return [bool(row.holds) for row in check(tuple(statements), points, gaps)[0]]


def _swaps(plan: Sequence[tuple[Statement, bool]], pose: Pose, describer: Describer) -> tuple[int, int]:
    """Statements with a side, and those of them that fail while their mirror image holds."""
    sided = [(statement.mirrored(), good) for statement, good in plan if str(statement.mirrored()) != str(statement)]
    twins = _holds([twin for twin, _ in sided], pose, describer)
    return len(sided), sum(held and not good for (_, good), held in zip(sided, twins, strict=True))


def names_no_posture(one: Labelled) -> bool:
    """Whether nothing that is demanded or allowed says how the body rests or what the legs do."""
    codes = [statement.code for statement in (*one.statements, *one.optional)]
    return not any(
        code.family in _LOW or any(word in _LEGS for word in code.name.replace(":", " ").split()) for code in codes
    ) and not any(code.name.startswith(("torso", "chest")) for code in codes)


def stands(pose: Pose, describer: Describer) -> bool:
    """Whether somebody is on the feet."""
    return any(_holds([parse(name) for name in UPRIGHT], pose, describer))


def limit_rows(made: Mapping[str, Sequence[Made]]) -> list[Row]:
    """Share of poses, and of joint ranges, that are beyond anatomical limits."""
    rows = []
    for name, several in made.items():
        poses = [one.pose for one in several if one.pose is not None]
        if poses:
            beyond = (
                torch.rad2deg(beyond_limits(body_pose_to_angles(stack_poses(poses).body_pose), extreme=True))
                > LIMIT_DEG
            )
            values = {
                OUTSIDE: 100 * float(beyond.any(-1).float().mean()),
                "ranges outside %": 100 * float(beyond.float().mean()),
            }
            rows.append(
                Row(
                    "all generated poses",
                    name,
                    len(poses),
                    values,
                    f"by more than {LIMIT_DEG}° beyond what dancers and gymnasts reach",
                )
            )
    return rows


def diversity_rows(
    requests: Sequence[str], generator: Generates, real: Pose, describer: Describer, bar: Bar
) -> list[Row]:
    """How far samples of one open request are apart, verified and raw, beside as many poses of the atlas.

    Args:
        requests: that demand nothing.
        generator: answers.
        real: poses to compare with, drawn from at random.
        describer: whose body it is.
        bar: shows progress.
    """
    rows = []
    for verify in (True, False):
        apart, counts, alike = [], [], 0
        name = "verified" if verify else "raw nano"
        for text in bar(requests, f"diversity, {name}"):
            poses = _several(text, generator, verify)
            counts.append(len(poses))
            if len(poses) > 1:
                distances = pairwise_mm(stack_poses(poses), describer)
                apart.append(sum(distances) / len(distances))
                alike += sum(distance < 20 for distance in distances)
        values = {
            "mean distance of two, mm": sum(apart) / len(apart) if apart else float("nan"),
            "poses a request": sum(counts) / len(counts) if counts else float("nan"),
            "pairs nearer than 20 mm": float(alike),
        }
        rows.append(Row(f"diversity of {SAMPLES} samples of open requests", name, len(requests), values))
    generator_ = torch.Generator().manual_seed(0)
    chosen = real[torch.randperm(len(real), generator=generator_)[: 4 * SAMPLES]]
    distances = pairwise_mm(chosen, describer)
    values = {"mean distance of two, mm": sum(distances) / max(1, len(distances))}
    rows.append(Row(f"diversity of {SAMPLES} samples of open requests", "atlas at random", len(chosen), values))
    return rows


def _several(text: str, generator: Generates, verify: bool) -> list[Pose]:
    poses: list[Pose] = []

    def make() -> Made:
        poses.extend(one.pose for one in generator.generate(text, count=SAMPLES, verify=verify).poses)
        return Made(None)

    guarded(make)
    return poses


def pairwise_mm(poses: Pose, describer: Describer) -> list[float]:
    """Distances of all pairs, millimetres, heading left out."""
    points = comparison_points(Pose.from_rotations(poses.local_rotations), describer.body)
    table = distances_mm(points, points)
    return [float(table[one, two]) for one, two in itertools.combinations(range(len(points)), 2)]
