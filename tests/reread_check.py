"""Holds captions against what the re-reader measures: which clauses are false, which text is no clause.

Used by tests/test_truth.py on a small sample and by benchmarks/truth_check.py on all of the given data.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import reread_postures  # noqa: F401 - registers the meanings, reread_rules' before its own
from reread_clauses import UnreadError, read_caption
from reread_measures import Poses, judge
from reread_skin import Skin

FALSE_BELOW = -1.0
"""Judgements are in tolerances: a statement is false when it misses its threshold by more than one."""


@dataclass(frozen=True)
class Falsehood:
    """A clause that isn't so: by how many tolerances it is off, on which pose, in what words."""

    judged: float
    row: int
    statement: str
    caption: str


@dataclass
class Verdict:
    """What reading and measuring captions found."""

    captions: int = 0
    clauses: int = 0
    words: int = 0
    distinct: int = 0
    false: list[Falsehood] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)


class Truth:
    """Poses as measured, ready to judge whatever is claimed of them."""

    def __init__(self, joints: np.ndarray, rotations: np.ndarray, skin: Skin) -> None:
        self.joints, self.rotations, self.skin = joints, rotations, skin
        heights = skin.heights(joints, rotations)
        self.poses = Poses(joints.astype(float), rotations.astype(float), heights)
        self._touches: dict[tuple[str, int], float] = {}

    def judged(self, statement: str, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """By how many tolerances a statement holds on some poses."""
        chosen = np.asarray(rows, dtype=int)
        if "touching" not in statement:
            return judge(self.poses, statement)[chosen]
        new = np.array(sorted({row for row in rows if (statement, row) not in self._touches}), dtype=int)
        if len(new):
            joints, rotations = self.joints[new], self.rotations[new]
            part = Poses(joints, rotations, gaps=lambda one, two: self.skin.gap(one, two, joints, rotations))
            self._touches |= {
                (statement, int(row)): float(value) for row, value in zip(new, judge(part, statement), strict=True)
            }
        return np.array([self._touches[statement, int(row)] for row in chosen])

    def verdict(self, captions: Sequence[str]) -> Verdict:
        """Reads one caption a pose and measures every clause."""
        found, claims = Verdict(), dict[str, list[int]]()
        for row, text in enumerate(captions):
            found.captions += 1
            found.words += len(text.split())
            try:
                clauses = read_caption(text)
            except UnreadError as error:
                found.unread.append(str(error))
                continue
            statements = {name for clause in clauses for name in clause.statements}
            found.clauses += len(clauses)
            found.distinct += len(statements)
            found.said.update(statements)
            for name in statements:
                claims.setdefault(name, []).append(row)
        for name, rows in claims.items():
            values = self.judged(name, rows)
            wrong = np.flatnonzero(~(values >= FALSE_BELOW))
            found.false += [Falsehood(float(values[i]), rows[i], name, captions[rows[i]]) for i in wrong]
        found.false.sort(key=lambda one: one.judged)
        return found

    def denied(self, names: Sequence[str], holds: np.ndarray, clearly: float = 1.0) -> list[tuple[str, int, float]]:
        """What posecodes deny though it holds by clearly more than a tolerance, on a sample; touching is left out.

        Poses on the brink between standing and lying, of which both readings of the hips' frame count, are left out.
        """
        certain = np.abs(self.poses.uprightness) > 3
        wrong = []
        for column, name in enumerate(names):
            if "touching" not in name:
                values = judge(self.poses, name)
                rows = np.flatnonzero(~holds[:, column] & (values > clearly) & certain)
                wrong += [(name, int(row), float(values[row])) for row in rows]
        return wrong

    def claimed(self, names: Sequence[str], holds: np.ndarray) -> list[tuple[str, int, float]]:
        """What posecodes say holds though it doesn't."""
        wrong = []
        for column, name in enumerate(names):
            rows = np.flatnonzero(holds[:, column])
            values = self.judged(name, rows)
            wrong += [(name, int(rows[i]), float(values[i])) for i in np.flatnonzero(~(values >= FALSE_BELOW))]
        return wrong


def exchange(text: str) -> str:
    """Left and right exchanged in a caption."""
    parts = text.replace("right angle", "\0").replace("left", "\1").replace("right", "left").replace("\1", "right")
    return parts.replace("\0", "right angle")
