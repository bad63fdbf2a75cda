"""A second judge of poses: plain questions about joint positions, asked as a demanding but fair onlooker would.

It shares no definition with chatpose's own check. A check line is `[not:] name [left|right|both|either] [number]`,
the number `a..b`, `a..`, `..b` or `n` (within 20), in degrees or centimetres: `knee_bent_deg left 70..110`.
The predicates are the tables of `plain_questions`; a side that is left out means both, of directions either
(`not: arm_up either`: neither arm is up; `not: arm_up`: not both are). `a | b` holds when either line does.

python benchmarks/plain_judge.py [--file FILE ...] [--kind KIND] [--third held|rest] [--no-model] [--show] [--list]
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from plain_body import OTHER, Body
from plain_questions import PLACES, SIDED, WHOLE, Question, hand_to
from thirds import in_third

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL

PROMPTS = Path(__file__).parent.parent / "data" / "dev" / "prompts_dev2.jsonl"
DIRECTIONS = ("head_turned", "head_tilted", "torso_twisted", "bent_sideways", "lying_on_side", "lunging")
"""Names whose side is a direction or one of two: without one, either will do."""
EITHER = (*DIRECTIONS, "kneeling_on_one_knee", "standing_on_one_leg", "foot_in_front", "hand_higher_than_other")
NEARER = 4
"""Centimetres that `near` allows beyond `on`."""


@dataclass(frozen=True)
class Line:
    """A check line taken apart: what is asked, of which `sides` (none: of the whole body), all or any of them."""

    name: str
    sides: tuple[str, ...]
    every: bool
    span: tuple[float, float] | None
    wanted: bool

    def holds(self, body: Body) -> bool:
        """Whether the body passes."""
        question, usual = _question(self.name)
        low, high = self.span or usual
        found = [question(body, side) for side in self.sides] if self.sides else [question(body)]
        passed = [bool(one) if isinstance(one, bool | np.bool_) else low <= float(one) <= high for one in found]
        return (all(passed) if self.every else any(passed)) == self.wanted

    def mirrored(self) -> "Line":
        """The same of the mirror image."""
        return Line(self.name, tuple(OTHER[side] for side in self.sides), self.every, self.span, self.wanted)


def _question(name: str) -> Question:
    if name in WHOLE or name in SIDED:
        return WHOLE[name] if name in WHOLE else SIDED[name]
    for start, more in (("hand_on_", 0), ("hand_near_", NEARER)):
        if name.startswith(start) and name.removeprefix(start) in PLACES:
            return _at_place(name.removeprefix(start), more)
    raise ValueError(f"no predicate {name!r}; see WHOLE, SIDED and PLACES")


def _at_place(place: str, more: float) -> Question:
    points, reach = PLACES[place]
    return (lambda body, side: hand_to(body, side, points(body, side))), (0, reach + more)


def parse_line(text: str) -> Line:
    """Reads a check line.

    Raises:
        ValueError: an unknown name or a word that is no side and no number.
    """
    wanted = not text.startswith("not:")
    name, *rest = text.removeprefix("not:").split()
    _question(name)
    side, span = "", None
    for word in rest:
        if word in (*OTHER, "both", "either"):
            side = word
        elif ".." in word:
            low, high = word.split("..")
            span = (float(low or "-inf"), float(high or "inf"))
        else:
            span = (float(word) - 20, float(word) + 20)
    if name in WHOLE:
        if side:
            raise ValueError(f"{name} has no side: {text!r}")
        return Line(name, (), True, span, wanted)
    sides = (side,) if side in OTHER else tuple(OTHER)
    every = side in (*OTHER, "both") or (not side and name not in EITHER)
    return Line(name, sides, every, span, wanted)


def judge(joints: np.ndarray, checks: Sequence[str], either: bool = False) -> list[bool]:
    """Whether each check holds of the joints, `Body`'s points; with `either` the better of the pose and its mirror."""
    body, asked = Body(joints), [[parse_line(part) for part in check.split(" | ")] for check in checks]
    ways = [asked, [[line.mirrored() for line in one] for one in asked]] if either else [asked]
    return max(([any(line.holds(body) for line in one) for one in way] for way in ways), key=sum, default=[])


def points_of(pose: Pose, model: BodyModel) -> np.ndarray:
    """The 24 joints of one pose, and points before the nose and on the crown from the turn of the head, (26, 3)."""
    world = model.kinematics(pose)
    joints = world.positions.reshape(24, 3)
    head = world.rotations.reshape(24, 3, 3)[SMPL.index("head")]
    marks = joints[SMPL.index("head")] + torch.tensor([[0.0, 0.0, 0.12], [0.0, 0.15, 0.0]]) @ head.T
    return torch.cat([joints, marks]).detach().numpy().astype(float)


def main() -> None:
    """Prints whole prompts and checks held, by kind."""
    from chatpose.language.verified.generator import Generator  # heavy, and judging alone needs none of it

    options = _options()
    if options.list:
        print("\n".join((*WHOLE, *SIDED, *(f"hand_on_{name}, hand_near_{name}" for name in PLACES))))
        return
    torch.set_num_threads(1)
    files = options.file or [PROMPTS]
    rows = [json.loads(line) for path in files for line in _lines(Path(path), options.third)]
    rows = [row for row in rows if options.kind in ("", row["kind"])]
    model, generator = BodyModel.open(), Generator.open(nano=not options.no_model)
    table: dict[str, list[list[bool]]] = defaultdict(list)
    for row in rows:
        poses = generator.generate(row["text"]).poses
        held = judge(points_of(poses[0].pose, model), row["checks"], row["either"]) if poses else []
        held = held or [False] * len(row["checks"])
        table[row["kind"]].append(held)
        if options.show and options.third != "held" and not all(held):
            print(f"[{row['kind']}] {row['text']}{'' if poses else ' (no pose)'}")
            print("   missed:", [check for check, holds in zip(row["checks"], held, strict=True) if not holds])
    print(f"{'kind':12} {'whole':>12} {'checks':>16}")
    for kind, several in [*table.items(), ("all", [held for found in table.values() for held in found])]:
        whole, held, count = sum(map(all, several)), sum(map(sum, several)), sum(map(len, several))
        print(f"{kind:12} {whole:3}/{len(several):3} {whole / len(several):.2f} {held:5}/{count:3} {held / count:.3f}")


def _lines(path: Path, third: str) -> list[str]:
    """All lines of a file, every third (held out, never to be looked at), or the rest."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for row, line in enumerate(lines) if in_third(row, third)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", nargs="+", default=[], help="prompt files, by default data/dev/prompts_dev2.jsonl")
    parser.add_argument("--kind", default="", help="only this kind")
    parser.add_argument("--no-model", action="store_true", help="without chatpose-nano")
    parser.add_argument("--show", action="store_true", help="print what was missed")
    parser.add_argument("--third", choices=("held", "rest"), default="", help="held: totals only")
    parser.add_argument("--list", action="store_true", help="print the predicates")
    return parser.parse_args()


if __name__ == "__main__":
    main()
