"""The evaluation prompts by the nearest pose of a library, judged by their own judge.

The prompts are for measuring alone: nothing is trained, tuned or chosen on them, and nothing of them is kept. The judge
is a script beside them, run as a process of its own.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatpose.body.model import BodyModel
from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.evaluation.retrieval import Figures
from chatpose.evaluation.retrieval_methods import PoseGallery, Ranking
from chatpose.evaluation.retrieval_search import Searching
from chatpose.formats.pose_json import pose_to_json, poses_to_json
from chatpose.safefiles import checked_file, read_limited

PROMPTS, JUDGE = "prompts.jsonl", "judge.py"
MAX_PROMPTS_BYTES = 2**24
MAX_CONSTANTS = 10_000
"""Poses among which the judge looks for the best constant one."""
JUDGE_SECONDS = 1_800
CONSTANT, SHUFFLED = "constant pose", "shuffled"
HELD, WHOLE = "statements held", "prompts passed"
HELD_OUT = "the prompts, on which nothing was trained or chosen"

_NUMBER = r"(\d+(?:\.\d+)?)"
_ROW = re.compile(
    rf"(?P<category>\S+)\s+(?P<count>\d+)\s+{_NUMBER} / +{_NUMBER}\s+{_NUMBER} / +{_NUMBER} \(\d+\)\s+"
    rf"{_NUMBER} / +{_NUMBER}\s*"
)


@dataclass(frozen=True)
class Judged:
    """What the judge says of one category.

    Attributes:
        count: prompts.
        held: percent of statements and percent of whole prompts that the results hold.
        constant: the same of the best constant pose.
        shuffled: the same of the results, each for another prompt.
    """

    count: int
    held: tuple[float, float]
    constant: tuple[float, float]
    shuffled: tuple[float, float]


def read_prompts(folder: Path) -> list[str]:
    """The prompts of a folder.

    Raises:
        MissingFileError: no prompts or no judge there.
        UnreadableFileError: a line without a prompt.
    """
    for name in (PROMPTS, JUDGE):
        if not (folder / name).is_file():
            raise MissingFileError(f"no {name} in {folder}", expected=f"a folder with {PROMPTS} and {JUDGE}")
    try:
        lines = read_limited(folder / PROMPTS, max_bytes=MAX_PROMPTS_BYTES).decode("utf-8").splitlines()
        return [str(json.loads(line)["prompt"]) for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(
            f"{folder / PROMPTS}: {error!r}", expected="an object with a prompt a line"
        ) from error


def prompt_figures(
    folder: Path, gallery: PoseGallery, methods: Sequence[Ranking], search: Searching | None, body: BodyModel
) -> list[Figures]:
    """What the judge says of each way to find a pose, by category.

    Args:
        folder: with the prompts and their judge.
        gallery: a library's poses.
        methods: that rank them.
        search: over the same library; its hits may be fewer than prompts, which fail then.
        body: gives the joints.
    """
    prompts = read_prompts(folder)
    joints = body.joints(gallery.poses).numpy()
    found: dict[str, list[dict[str, Any]]] = {}
    for method in methods:
        best = method.scores(prompts, gallery).argmax(1)
        chosen = gallery.poses[best]
        found[method.name] = [_result(one) for one in poses_to_json(chosen, body.joints(chosen))]
    if search is not None:
        hits = search.hits(prompts, 1)
        found[search.name] = [
            _result(pose_to_json(one[0].pose, one[0].joints)) if one else {"error": "no hit"} for one in hits
        ]
    rows: list[Figures] = []
    for number, (name, results) in enumerate(found.items()):
        judged = judge(folder, results, joints[: MAX_CONSTANTS if number == 0 else 1])
        rows += _rows(name, judged, len(gallery), with_constant=number == 0)
    return sorted(rows, key=lambda row: list(dict.fromkeys(one.what for one in rows)).index(row.what))


def judge(folder: Path, results: Sequence[Mapping[str, Any]], constants: np.ndarray) -> dict[str, Judged]:
    """Runs the judge.

    Args:
        folder: with the prompts and their judge.
        results: of each prompt, in the judge's form.
        constants: (N, 24, 3) joints among which it looks for the best constant pose.

    Returns:
        By category; "ALL" is the last.

    Raises:
        UnreadableFileError: it fails, or says something else.
    """
    script, prompts = checked_file(folder / JUDGE), checked_file(folder / PROMPTS)
    with tempfile.TemporaryDirectory() as place:
        answers, poses = Path(place) / "results.jsonl", Path(place) / "poses.npz"
        answers.write_text("".join(json.dumps(result) + "\n" for result in results), encoding="utf-8")
        np.savez(poses, joints=np.ascontiguousarray(constants, dtype=np.float32))
        command = [sys.executable, "-I", str(script.absolute()), str(prompts.absolute()), str(answers)]
        command += ["--baseline", str(poses), "--rows", str(len(constants))]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=JUDGE_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise UnreadableFileError(f"{script} didn't end within {JUDGE_SECONDS} s") from error
    rows = {match["category"]: _judged(match) for line in run.stdout.splitlines() if (match := _ROW.fullmatch(line))}
    if run.returncode or not rows:
        said = (run.stderr or run.stdout).strip().splitlines()
        raise UnreadableFileError(f"{script} failed: {said[-1] if said else 'it says nothing'}")
    return rows


def _judged(match: re.Match[str]) -> Judged:
    values = [float(value) for value in match.groups()[2:]]
    return Judged(int(match["count"]), *zip(values[::2], values[1::2], strict=True))


def _rows(method: str, judged: Mapping[str, Judged], gallery: int, *, with_constant: bool) -> list[Figures]:
    rows = []
    for category, one in judged.items():
        what = f"prompts, {category}"
        percent = {HELD: one.held[0], WHOLE: one.held[1]}
        percent |= {f"{SHUFFLED}, {HELD}": one.shuffled[0], f"{SHUFFLED}, {WHOLE}": one.shuffled[1]}
        rows.append(Figures(what, method, one.count, gallery, HELD_OUT, percent))
        if with_constant:
            constant = {HELD: one.constant[0], WHOLE: one.constant[1]}
            rows.append(Figures(what, CONSTANT, one.count, min(gallery, MAX_CONSTANTS), HELD_OUT, constant))
    return rows


def _result(pose: Mapping[str, Any]) -> dict[str, Any]:
    return {"poses": [{"pose": pose}]}
