"""Edits on our own development sentences: claims held, relative changes made, still parts still, time.

    python benchmarks/dev_edits.py [--file data/dev/edits_dev.jsonl] [--only 3 17] [--failed] [--sheet SHEET.png]

Every line of the file is an instruction for a pose of the atlas (data/dev/README.md). A line passes when all of its
claims hold, every relative change has the sign and the size that is asked for, and the parts that are to be still turn
no joint by 0.1° or more. CPU time is given beside wall time, as machines are shared.
"""

import argparse
import json
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.angles import angles_to_pose
from chatpose.body.pose import Pose
from chatpose.body.rotations import geodesic_distance
from chatpose.body.skeleton import SMPL
from chatpose.errors import ChatposeError
from chatpose.language.verified.edited import Edited
from chatpose.language.verified.editor import Editor
from chatpose.posecodes.check import check
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import measures_by_name, parse
from chatpose.posecodes.measures import measure_all

ROOT = Path(__file__).parents[1]
STILL_DEG = 0.1
PARTS = {
    "torso": ("spine1", "spine2", "spine3"),
    "head": ("neck", "head"),
    **{f"{side} arm": tuple(f"{side}_{name}" for name in ("shoulder", "elbow", "wrist", "hand"))
       for side in ("left", "right")},
    **{f"{side} leg": tuple(f"{side}_{name}" for name in ("hip", "knee", "ankle", "foot"))
       for side in ("left", "right")},
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What came of one line."""

    kind: str
    instruction: str
    missed: tuple[str, ...]
    moved: tuple[str, ...]
    error: str
    wall_s: float
    cpu_s: float
    pose: Pose | None
    before: Pose | None

    @property
    def passed(self) -> bool:
        """Whether all came true."""
        return not (self.missed or self.moved or self.error)


class Judge:
    """Carries out and judges lines."""

    def __init__(self) -> None:
        self._editor, self._atlas = Editor(), Atlas.load()
        self._describer = Describer(self._editor.body)
        limbs = {"shoulder_abduction": 9, "elbow_flexion": 12, "hip_abduction": 2}
        self._relaxed = angles_to_pose(
            {f"{s}_{name}": value for s in ("left", "right") for name, value in limbs.items()}
        )

    def line(self, row: dict[str, Any]) -> Line:
        """What comes of a line of the file."""
        pose = self._start(row["start"])
        last: Edited | None = None
        if "history" in row:
            last = self._editor.edit(pose, row["history"])
            pose = last.pose
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            after = self._editor.edit(pose, row["instruction"], last=last).pose
            error = ""
        except ChatposeError as problem:
            after, error = pose, str(problem)
        spent = time.perf_counter() - wall, time.process_time() - cpu
        moved = tuple(part for part in row["still"] if _turned(pose, after, part) >= STILL_DEG)
        missed = (*self._claims(row, after), *self._relative(row, pose, after))
        return Line(row["kind"], row["instruction"], missed, moved, error, *spent, after, pose)

    def _start(self, start: str | list[str]) -> Pose:
        if isinstance(start, str):
            return self._atlas.pose(start)
        return self._editor.solver.solve([parse(line) for line in start], self._relaxed).pose

    def _claims(self, row: dict[str, Any], after: Pose) -> list[str]:
        points, gaps = self._describer.measure(after)
        rows = check([parse(line) for line in row["claims"]], points, gaps)[0]
        return [f"{one.statement} ({one.as_json()['measured']})" for one in rows if not one.holds]

    def _relative(self, row: dict[str, Any], before: Pose, after: Pose) -> list[str]:
        found = []
        for asked in row.get("relative", []):
            measure = measures_by_name()[asked["measure"]]
            one, two = (
                float(measure_all((measure,), self._describer.measure(pose)[0])[0, 0]) for pose in (before, after)
            )
            change = (two - one) * (1 if asked["by"] == "more" else -1)
            if change < asked["at_least"]:
                found.append(f"{asked['measure']} {one:.2f} → {two:.2f}, not {asked['by']} by {asked['at_least']}")
        return found


def _turned(before: Pose, after: Pose, part: str) -> float:
    index = [SMPL.index(joint) for joint in PARTS[part]]
    one, two = before.local_rotations[index].double(), after.local_rotations[index].double()
    return float(torch.rad2deg(geodesic_distance(one, two)).max())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--file", type=Path, default=ROOT / "data/dev/edits_dev.jsonl")
    options.add_argument("--only", type=int, nargs="*")
    options.add_argument("--failed", action="store_true", help="print only lines that fail")
    options.add_argument("--sheet", type=Path, help="before and after of the lines, as a picture")
    asked = options.parse_args()
    judge = Judge()
    rows = [json.loads(line) for line in asked.file.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines: dict[int, Line] = {}
    for number, row in enumerate(rows):
        if asked.only and number not in asked.only:
            continue
        line = lines[number] = judge.line(row)
        if not (asked.failed and line.passed):
            print(f"{number:3} {'ok ' if line.passed else 'BAD'} {line.cpu_s:5.2f}s {line.kind}: {line.instruction}")
            for text in (*line.missed, *(f"moved: {part}" for part in line.moved), line.error):
                if text:
                    print(f"        {text}")
    report(list(lines.values()))
    if asked.sheet:
        draw(lines, asked.sheet)


def report(lines: list[Line]) -> None:
    total = Counter(line.kind for line in lines)
    good = Counter(line.kind for line in lines if line.passed)
    for kind, count in total.items():
        print(f"{kind:12} {good[kind]:3} of {count}")
    made = sum(not (line.missed or line.error) for line in lines)
    still = sum(not line.moved for line in lines)
    print(f"passed {sum(good.values())} of {len(lines)}; made {made}, others still {still}")
    for name in ("wall_s", "cpu_s"):
        values = [getattr(line, name) for line in lines]
        print(f"{name}: median {statistics.median(values):.3f}, largest {max(values):.3f}")


def draw(lines: dict[int, Line], path: Path) -> None:
    from chatpose.atlas.sheet import draw_sheet, save_picture
    from chatpose.body.ground import put_on_floor
    from chatpose.body.model import BodyModel
    from chatpose.body.pose import stack_poses

    body = BodyModel.open()
    poses, labels = [], []
    for number, line in lines.items():
        if line.before is not None and line.pose is not None:
            poses += [line.before, line.pose]
            labels += [f"{number}", line.instruction]
    save_picture(draw_sheet(put_on_floor(stack_poses(poses), body), labels, body, size=150, columns=4), path)


if __name__ == "__main__":
    main()
