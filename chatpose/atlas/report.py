"""What is wrong with compiled entries, with the numbers: statements, goals, limits, floor, overlap, balance, twins."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from chatpose.atlas.compiler import Built
from chatpose.atlas.distance import side_free_distances_mm
from chatpose.atlas.entry import FAMILIES, VOICES
from chatpose.atlas.wording import MAX_OVERLAP, overlaps
from chatpose.body.model import BodyModel
from chatpose.body.pose import stack_poses
from chatpose.posecodes.check import Check, format_value

MAX_LIMIT_EXCESS_DEG = 0.5
MAX_BELOW_FLOOR_M = 0.03
"""Capsules stand out of the skin by up to two centimetres."""
MAX_OVERLAP_M = 0.05
"""Capsules that overlap by more than flesh gives way."""
MAX_UNBALANCED_M = 0.03
MAX_MOVED_DEG = 45.0
"""A joint that the solver has to turn further contradicts the statements or the goals."""
TWIN_MM = 15.0
"""Two entries nearer than this came out alike: they are one."""


@dataclass(frozen=True)
class Report:
    """What was found about one entry.

    Attributes:
        built: the entry and its pose.
        problems: one line each; empty when it passes.
        nearest: id of the nearest other entry, "" when alone.
        nearest_mm: its distance, whichever way they face and whichever side they are on.
    """

    built: Built
    problems: tuple[str, ...]
    nearest: str
    nearest_mm: float

    def rows(self) -> Iterator[str]:
        """Every check with its numbers, for people."""
        solution = self.built.solution
        for check in solution.checks:
            yield f"{'ok  ' if check.holds else 'FAIL'} {_told(check)}"
        for goal, distance, met in zip(solution.goals, solution.goal_distances_m, solution.goals_met, strict=True):
            yield f"{'ok  ' if met else 'FAIL'} {goal}: {100 * distance:.0f} cm"
        quality = solution.quality
        balance = "" if quality.balance_m is None else f", balance off by {100 * quality.balance_m:.0f} cm"
        overlap = f"overlap {100 * quality.overlap_m:.0f} cm {' '.join(quality.overlapping)}".rstrip()
        floor = f"below the floor {100 * quality.below_floor_m:.0f} cm"
        yield f"     limits exceeded by {quality.limit_excess_deg:.0f}°, {floor}, {overlap}{balance}"
        moved = ", ".join(f"{name} {value:.0f}°" for name, value in self.built.moved_deg[:6])
        yield f"     moved: {moved or 'nothing'}; nearest {self.nearest or '-'} {self.nearest_mm:.0f} mm"


def report(built: Sequence[Built], body: BodyModel) -> list[Report]:
    """Checks every compiled entry, and all against each other."""
    poses = stack_poses([one.pose for one in built])
    apart = side_free_distances_mm(poses, poses, body)
    apart.fill_diagonal_(torch.inf)
    nearest = apart.min(-1)
    rows = []
    for number, one in enumerate(built):
        near = built[int(nearest.indices[number])] if len(built) > 1 else None
        distance = float(nearest.values[number]) if near else float("inf")
        problems = [*_problems(one)]
        if near and distance < TWIN_MM:
            problems.append(f"comes out like {near.entry.id} ({distance:.0f} mm apart)")
        rows.append(Report(one, tuple(problems), near.entry.id if near else "", distance))
    return rows


def _problems(built: Built) -> Iterator[str]:
    solution, quality = built.solution, built.solution.quality
    for check in solution.checks:
        if not check.holds:
            yield f"fails: {_told(check)}"
    for goal, distance, met in zip(solution.goals, solution.goal_distances_m, solution.goals_met, strict=True):
        if not met:
            yield f"not reached: {goal}, {100 * distance:.0f} cm away"
    if quality.limit_excess_deg > MAX_LIMIT_EXCESS_DEG:
        yield f"beyond human limits: {quality.limit} by {quality.limit_excess_deg:.0f}°"
    if quality.below_floor_m > MAX_BELOW_FLOOR_M:
        yield f"{100 * quality.below_floor_m:.0f} cm below the floor"
    if quality.overlap_m > MAX_OVERLAP_M:
        yield f"{' and '.join(quality.overlapping)} overlap by {100 * quality.overlap_m:.0f} cm"
    if quality.balance_m is not None and quality.balance_m > MAX_UNBALANCED_M:
        yield f"falls over: the centre of mass is {100 * quality.balance_m:.0f} cm beside the support"
    if built.moved_deg and built.moved_deg[0][1] > MAX_MOVED_DEG:
        joint, turned = built.moved_deg[0]
        yield f"angles contradict statements or goals: {joint} had to be turned by {turned:.0f}° from what is written"
    for test, other, share in overlaps(built.entry):
        if share > MAX_OVERLAP:
            yield f"the {test.voice} text repeats the {other.voice} text: {share:.2f} of their words are the same"


def _told(check: Check) -> str:
    if check.measured is None or check.margin is None:
        return f"{check.statement}: can't be told"
    holds = "holds by" if check.holds else "misses by"
    margin = format_value(abs(check.margin), check.unit)
    return f"{check.statement}: {check.measure} {format_value(check.measured, check.unit)}, {holds} {margin}"


@dataclass(frozen=True)
class Counts:
    """How many entries, names and texts there are."""

    entries: int
    names: int
    by_family: dict[str, int]
    by_voice: dict[str, int]
    by_split: dict[str, int]


def count(reports: Sequence[Report], test_ids: frozenset[str]) -> Counts:
    """Counts by family, voice and split; texts of test entries are all test texts."""
    entries = [one.built.entry for one in reports]
    families = Counter(entry.family for entry in entries)
    voices = Counter(text.voice for entry in entries for text in entry.descriptions)
    texts = sum(voices.values())
    held_out = sum(
        len(entry.descriptions) if entry.id in test_ids else len(entry.test_descriptions()) for entry in entries
    )
    return Counts(
        entries=len(entries),
        names=sum(len(entry.names) for entry in entries),
        by_family={family: families[family] for family in FAMILIES if families[family]},
        by_voice={voice: voices[voice] for voice in VOICES},
        by_split={
            "test entries": sum(entry.id in test_ids for entry in entries),
            "training texts": texts - held_out,
            "test texts": held_out,
        },
    )
