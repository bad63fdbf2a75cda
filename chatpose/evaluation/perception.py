"""How good perception is on rendered scenes of held-out poses, whose truth is exact.

Protocol: `perception_scenes` has the scenes, `perception_marks` says what is measured on one. Means are over the people
who were found, joints first, people then; directions, statements and confidences are pooled. How many weren't found
stands beside.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chatpose.body.skeleton import SMPL
from chatpose.evaluation.perception_marks import Claim, Marks
from chatpose.evaluation.perception_methods import Method
from chatpose.evaluation.perception_scenes import SOURCES, SceneSet, source_mark
from chatpose.perception.person import CLOSE_M
from chatpose.perception.reliability import Reliability, reliability, spearman
from chatpose.perception.scenes import KINDS
from chatpose.resources import asset
from chatpose.safefiles import made_folder

CHUNK = 8
"""Scenes that a method gets at once."""
ENOUGH_STATEMENTS = 5
BINS = 10
AZIMUTHS = {"front": (0.0, 45.0), "front side": (45.0, 90.0), "back side": (90.0, 135.0), "back": (135.0, 180.1)}
"""Where the camera stands about the person, left and right alike."""
ELEVATIONS = {"from below": (-90.0, 0.0), "0-15°": (0.0, 15.0), "15-35°": (15.0, 35.0), "from above": (35.0, 90.1)}
MARGINS_DEG = (0.0, 3.0, 6.0, 10.0, 15.0, 25.0, math.inf)
"""Statements are told apart by how clearly they hold of the guess."""
_FEWEST = 8
"""Rank correlations of fewer people within a joint mean nothing."""


@dataclass(frozen=True)
class Figures:
    """One row of the table; NaN for what a method doesn't tell.

    Attributes:
        method: its name.
        kind: "clean" or "occluded".
        source: one of `SOURCES`, or "all".
        scenes: how many.
        not_found: share of people who weren't found.
        others: people a scene who were found and aren't there.
        mpjpe_mm: visible joints, pelvis on pelvis, photo frame; the pelvis itself isn't among them.
        mpjpe_error_mm: standard error of that mean.
        pa_mpjpe_mm: after the best similarity.
        best_mm: `mpjpe_mm` of the best of five hypotheses.
        limbs_deg: mean direction error of the 8 limb bones (thighs, shins, upper arms, forearms) with visible ends.
        bones_deg: the same of trunk, head, feet and hands.
        shared_mm: of the 12 joints that BlazePose has too, middle of the hips on middle of the hips.
        shared_pa_mm: the same after the best similarity.
        right: share of the statements made that hold of the true pose.
        said: statements a person who is visible as a whole; where nobody is, NaN.
        enough: share of such people of whom at least five are made.
        spearman: of 1 - confidence and error over all joints of all people, hidden ones too.
        spearman_visible: the same of the joints that count.
        spearman_within: mean over the joints of the correlation within one.
        gap: mean distance of expected from actual chance of lying within `CLOSE_M`.
        by_joint: mean error of each joint where it counts.
        views: by where the camera stands, people, `mpjpe_mm` and `limbs_deg`.
        right_by_margin: by how clearly statements hold of the guess, their number and the share that is right.
        right_by_family: the same by kind of statement.
    """

    method: str
    kind: str
    source: str
    scenes: int
    not_found: float
    others: float
    mpjpe_mm: float
    mpjpe_error_mm: float
    pa_mpjpe_mm: float
    best_mm: float
    limbs_deg: float
    bones_deg: float
    shared_mm: float
    shared_pa_mm: float
    right: float
    said: float
    enough: float
    spearman: float
    spearman_visible: float
    spearman_within: float
    gap: float
    by_joint: dict[str, float]
    views: dict[str, dict[str, float]]
    right_by_margin: dict[str, dict[str, float]]
    right_by_family: dict[str, dict[str, float]]

    def as_json(self) -> dict[str, Any]:
        """All figures, rounded; what can't be told is null."""
        return {key: rounded(value) for key, value in vars(self).items()}


@dataclass(frozen=True, eq=False)
class Confidences:
    """Confidence and error of joints, pooled: each (N, 24), the pelvis left out by NaN."""

    confidence: np.ndarray
    errors_mm: np.ndarray
    seen: np.ndarray

    @classmethod
    def of(cls, marks: Sequence[Marks]) -> "Confidences":
        """Of those found."""
        found = [one for one in marks if one.found]

        def table(values: list[tuple[Any, ...]], kind: type) -> np.ndarray:
            return np.array(values, dtype=kind).reshape(-1, len(SMPL))[:, 1:]

        return cls(
            table([one.confidence for one in found], float),
            table([one.errors_mm for one in found], float),
            table([one.seen for one in found], bool),
        )

    @property
    def known(self) -> np.ndarray:
        """Which joints have both."""
        return np.isfinite(self.confidence) & np.isfinite(self.errors_mm)

    def reliability(self, bins: int = BINS) -> Reliability | None:
        """Expected and actual chance of lying within `CLOSE_M`; None without confidences."""
        known = self.known
        if not known.any():
            return None
        return reliability(self.confidence[known], self.errors_mm[known] <= 1000 * CLOSE_M, bins)

    def spearman(self, chosen: np.ndarray | None = None) -> float:
        """Of 1 - confidence and error; NaN without confidences."""
        known = self.known if chosen is None else self.known & chosen
        if known.sum() < _FEWEST:
            return math.nan
        return spearman(1 - self.confidence[known], self.errors_mm[known])

    @property
    def spearman_within(self) -> float:
        """Mean over joints of the correlation within one."""
        column = np.arange(self.known.shape[1])
        return _mean([self.spearman(column == joint) for joint in column])


def measure(
    scenes: SceneSet,
    count: int,
    methods: Sequence[Method],
    work: Path | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    step: Callable[[int], object] = lambda _: None,
) -> dict[str, list[Marks]]:
    """Marks of each method on the first scenes; those that are kept in a folder are taken from there.

    Args:
        scenes: of the protocol.
        count: how many.
        methods: to be measured.
        work: keeps marks, under a name that changes with the code and the models.
        stop: asked between scenes; what is there by then is returned.
        step: told how many scenes are through.

    Returns:
        By name of the method; all on the same scenes.
    """
    journals = {method.name: _Journal(work, method.name, scenes.mark) for method in methods}
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        missing = {method.name: [n for n in numbers if n not in journals[method.name].marks] for method in methods}
        wanted = sorted(set().union(*missing.values()))
        made = {}
        for number in wanted:
            if stop():
                break
            made[number] = scenes.scene(number)
        if len(made) < len(wanted) or stop():
            break
        for method in methods:
            todo = [made[number] for number in missing[method.name]]
            if todo:
                journals[method.name].add(method.marks(todo))
        step(len(numbers))
    common = set.intersection(*(set(journal.marks) for journal in journals.values())) & set(range(count))
    return {name: [journal.marks[number] for number in sorted(common)] for name, journal in journals.items()}


class _Journal:
    """Marks of one method as lines of a file; a line that was cut off is made again."""

    def __init__(self, work: Path | None, method: str, scenes_mark: str) -> None:
        self.marks: dict[int, Marks] = {}
        self._file: Path | None = None
        if work is None:
            return
        name = "".join(char if char.isalnum() else "-" for char in method)
        folder = made_folder(work / f"marks-{scenes_mark[:12]}-{_code_mark()[:12]}")
        self._file = folder / f"{name}.jsonl"
        if self._file.is_file():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            one = Marks.from_json(json.loads(line))
        except (ValueError, TypeError):
            return
        self.marks[one.number] = one

    def add(self, marks: Iterable[Marks]) -> None:
        for one in marks:
            self.marks[one.number] = one
            if self._file is not None:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(one.as_json(), allow_nan=False) + "\n")


def _code_mark() -> str:
    """Changes with whatever marks may depend on."""
    package = Path(__file__).parent.parent
    code = [file for part in ("body", "perception", "posecodes") for file in (package / part).rglob("*.py")]
    data = [file for part in ("body", "posecodes", "models") for file in _files(part)]
    return source_mark([*code, *data, *Path(__file__).parent.glob("perception*.py")])


def _files(part: str) -> list[Path]:
    folder = asset("data") / part
    return [file for file in folder.rglob("*") if file.is_file()] if folder.is_dir() else []


def table(marks: dict[str, list[Marks]]) -> list[Figures]:
    """Rows by method, kind and source; those without scenes are left out."""
    rows = []
    for method, several in marks.items():
        for kind in KINDS:
            of_kind = [one for one in several if one.kind == kind]
            for source in ("all", *SOURCES):
                chosen = [one for one in of_kind if source in ("all", one.source)]
                if chosen and (source == "all" or len(chosen) < len(of_kind)):
                    rows.append(figures(chosen, method, kind, source))
    return rows


def figures(marks: Sequence[Marks], method: str, kind: str, source: str) -> Figures:
    """One row."""
    found = [one for one in marks if one.found]
    whole = [one.said for one in found if one.whole]
    sure = Confidences.of(marks)
    curve = sure.reliability()
    errors = [one.mpjpe_mm for one in found if math.isfinite(one.mpjpe_mm)]
    claims = [claim for one in found for claim in one.statements]
    return Figures(
        method=method,
        kind=kind,
        source=source,
        scenes=len(marks),
        not_found=1 - len(found) / max(len(marks), 1),
        others=_mean([one.others for one in marks]),
        mpjpe_mm=_mean(errors),
        mpjpe_error_mm=float(np.std(errors, ddof=1)) / math.sqrt(len(errors)) if len(errors) > 1 else math.nan,
        pa_mpjpe_mm=_mean([one.pa_mpjpe_mm for one in found]),
        best_mm=_mean([one.best_mm for one in found]),
        limbs_deg=_mean([angle for one in found for angle in one.limbs_deg]),
        bones_deg=_mean([angle for one in found for angle in one.bones_deg]),
        shared_mm=_mean([one.shared_mm for one in found]),
        shared_pa_mm=_mean([one.shared_pa_mm for one in found]),
        right=_mean([float(claim.holds) for claim in claims]),
        said=_mean(whole) if claims else math.nan,
        enough=_mean([float(number >= ENOUGH_STATEMENTS) for number in whole]) if claims else math.nan,
        spearman=sure.spearman(),
        spearman_visible=sure.spearman(sure.seen),
        spearman_within=sure.spearman_within,
        gap=math.nan if curve is None else curve.gap,
        by_joint=_by_joint(sure),
        views=_views(found),
        right_by_margin=_right(claims, lambda claim: _margin_bin(claim.margin)),
        right_by_family=_right(claims, lambda claim: claim.family),
    )


def _by_joint(sure: Confidences) -> dict[str, float]:
    return {
        name: _mean(sure.errors_mm[sure.seen[:, joint], joint].tolist())
        for joint, name in enumerate(SMPL.joint_names[1:])
    }


def _right(claims: Sequence[Claim], of: Callable[[Claim], str]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[float]] = {}
    for claim in claims:
        groups.setdefault(of(claim), []).append(float(claim.holds))
    return {name: {"statements": len(held), "right": _mean(held)} for name, held in sorted(groups.items())}


def _margin_bin(margin: float) -> str:
    at = next((at for at, high in enumerate(MARGINS_DEG[1:]) if margin < high), len(MARGINS_DEG) - 2)
    low, high = MARGINS_DEG[at : at + 2]
    return f"{low:02.0f}-{high:02.0f}°" if math.isfinite(high) else f"{low:02.0f}°-"


def _views(found: Sequence[Marks]) -> dict[str, dict[str, float]]:
    """By azimuth, then by elevation; empty ones are left out."""
    bins = [
        *(
            (name, [one for one in found if low <= abs(one.azimuth_deg) < high])
            for name, (low, high) in AZIMUTHS.items()
        ),
        *(
            (name, [one for one in found if low <= one.elevation_deg < high])
            for name, (low, high) in ELEVATIONS.items()
        ),
    ]
    return {
        name: {
            "people": len(chosen),
            "mpjpe_mm": _mean([one.mpjpe_mm for one in chosen]),
            "limbs_deg": _mean([angle for one in chosen for angle in one.limbs_deg]),
        }
        for name, chosen in bins
        if chosen
    }


def _mean(values: Iterable[float]) -> float:
    """Of the numbers among them; NaN where there are none."""
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan


def rounded(value: Any) -> Any:
    """For JSON: four places, null for NaN."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one) for one in value]
    if isinstance(value, np.ndarray):
        return rounded(value.tolist())
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
