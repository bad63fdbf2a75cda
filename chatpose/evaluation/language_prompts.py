"""Requests for poses, judged by the folder's own judge, with plausibility beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose, concatenate_poses, stack_poses
from chatpose.evaluation.language_folder import EvaluationFolder, Prompt
from chatpose.evaluation.language_methods import Bar, Made, PoseMethod
from chatpose.evaluation.language_rows import HELD, NEAREST_MM, PROMPTS_PASSED, Row
from chatpose.evaluation.retrieval_prompts import CONSTANT, MAX_CONSTANTS, SHUFFLED, Judged
from chatpose.formats.pose_json import pose_to_json
from chatpose.language.verified.plausibility import REAL_KINDS, KnownPoses
from chatpose.retrieval.shipped_poses import ShippedPoses

REAL_TEST = 400
"""Recorded test poses that plausibility is compared with."""
FAILED = {"error": "no pose"}


def training_poses(shipped: ShippedPoses, atlas: Atlas, recorded: Pose | None) -> Pose:
    """Poses that people take and that may be trained on: of the atlas without its test entries, and recorded ones."""
    rows = [
        place for place, row in enumerate(shipped.rows) if row.kind in REAL_KINDS and row.entry not in atlas.test_ids
    ]
    real = shipped.poses[torch.tensor(rows, dtype=torch.long)]
    if recorded is None:
        return real
    parts = [Pose.from_rotations(one.local_rotations) for one in (real, recorded)]
    return concatenate_poses(parts)


@dataclass(frozen=True, eq=False)
class PromptFigures:
    """Rows and the poses behind them.

    Attributes:
        rows: a category and way each.
        made: by way, in the order of the prompts.
    """

    rows: list[Row]
    made: dict[str, list[Made]]


def prompt_rows(
    folder: EvaluationFolder,
    methods: Sequence[PoseMethod],
    known: KnownPoses,
    constants: Pose,
    body: BodyModel,
    bar: Bar,
) -> PromptFigures:
    """Runs every way on every prompt.

    Args:
        folder: with the prompts.
        methods: ways.
        known: training poses.
        constants: (N,) among which the judge looks for the best constant pose.
        body: gives the joints.
        bar: shows progress.
    """
    prompts = folder.prompts()
    joints = body.joints(constants).numpy()
    rows: list[Row] = []
    made: dict[str, list[Made]] = {}
    for number, method in enumerate(methods):
        found = method.poses([one.text for one in prompts], bar)
        made[method.name] = found
        results = [result(one, body) for one in found]
        judged = folder.judge_prompts(prompts, results, joints[: MAX_CONSTANTS if number == 0 else 1])
        rows += _rows(method.name, judged, prompts, found, known, with_constant=number == 0)
    order = list(dict.fromkeys(row.what for row in rows))
    return PromptFigures(sorted(rows, key=lambda row: order.index(row.what)), made)


def result(made: Made, body: BodyModel) -> dict[str, Any]:
    """In the judge's form; a failed request is an error in its place."""
    return {"poses": [{"pose": pose_to_json(made.pose, body.joints(made.pose))}]} if made.pose is not None else FAILED


def _rows(
    name: str,
    judged: Mapping[str, Judged],
    prompts: Sequence[Prompt],
    made: Sequence[Made],
    known: KnownPoses,
    *,
    with_constant: bool,
) -> list[Row]:
    apart = nearest(made, known)
    rows = []
    for category, one in judged.items():
        chosen = [place for place, prompt in enumerate(prompts) if category in ("ALL", prompt.category)]
        values = {PROMPTS_PASSED: one.held[1], HELD: one.held[0]}
        values |= {f"{SHUFFLED} {PROMPTS_PASSED}": one.shuffled[1], f"{SHUFFLED} {HELD}": one.shuffled[0]}
        values[NEAREST_MM] = median(apart[chosen])
        failed = sum(made[place].pose is None for place in chosen)
        note = f"{failed} of {len(chosen)} without a pose" if failed else ""
        what = f"prompts, {category.lower() if category == 'ALL' else category}"
        rows.append(Row(what, name, one.count, values, _sources(made, chosen) if category == "ALL" else note))
        if with_constant:
            constant = {PROMPTS_PASSED: one.constant[1], HELD: one.constant[0]}
            rows.append(Row(what, CONSTANT, one.count, constant))
    return rows


def _sources(made: Sequence[Made], chosen: Sequence[int]) -> str:
    """Where the poses began, in shares."""
    names = [made[place].source or "failed" for place in chosen]
    shares = {name: names.count(name) / len(names) for name in sorted(set(names))}
    return "began from: " + ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())


def nearest(made: Sequence[Made], known: KnownPoses) -> np.ndarray:
    """(N,) millimetres to the nearest training pose; NaN where there is no pose."""
    apart = np.full(len(made), np.nan)
    places = [place for place, one in enumerate(made) if one.pose is not None]
    if places:
        poses = stack_poses([Pose.from_rotations(one.pose.local_rotations) for one in made if one.pose is not None])
        apart[places] = known.nearest_mm(poses).numpy()
    return apart


def median(values: np.ndarray) -> float:
    """Of what isn't NaN."""
    found = values[np.isfinite(values)]
    return float(np.median(found)) if len(found) else float("nan")


def real_rows(sets: Mapping[str, Pose], known: KnownPoses) -> list[Row]:
    """How far real test poses are from the training poses, to compare with."""
    rows = []
    for name, poses in sets.items():
        apart = known.nearest_mm(Pose.from_rotations(poses.local_rotations)).numpy()
        values = {NEAREST_MM: median(apart), "quarter below, mm": float(np.quantile(apart, 0.25)),
                  "quarter above, mm": float(np.quantile(apart, 0.75))}  # fmt: skip
        rows.append(Row("real test poses", name, len(poses), values))
    return rows
