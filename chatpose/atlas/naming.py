"""What a pose is called: the nearest atlas entries whose statements it meets, with a calibrated score.

An entry is a candidate when everything that it must be holds, with some slack, and nothing that it must not be does.
Candidates are ranked by a logistic model of how far the pose is from the entry, by how much its statements are missed,
how many there are, how clear its lead is, and how often it was right in motion capture; `chatpose.train.naming` fits
the coefficients on shaken entries and on motion capture of the training subjects. Heading and side don't count.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.entry import Entry
from chatpose.body.comparison import comparison_points, point_weights
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.body.skeleton import SMPL
from chatpose.errors import UnreadableFileError
from chatpose.posecodes.body_parts import joints_of
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import METRES_PER_DEGREE, extract
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.posecode import Posecode
from chatpose.resources import asset
from chatpose.safefiles import atomic_write, read_limited

MUST_SLACK_DEG = 12.0
"""By how much a must statement may be missed, degrees; lengths count 5 mm a degree. People don't pose by the book."""
MUST_NOT_SLACK_DEG = 4.0
"""By how much a must-not statement may hold: these tell an entry from its neighbours."""
MISSED_MM = 1.0
"""Millimetres of distance that a degree missed counts as, in choosing the nearest entries."""
TOLD_FROM = 0.5
"""Least score of a name that is told."""
ABOUT_WEIGHT = 3.0
"""Weight of the joints that an entry's must statements are about, against the others."""
NEAR = 24
"""Entries that are looked at for each pose."""
FEATURES = ("log distance", "distance", "missed", "worst miss", "statements", "lead", "reliability")
MAX_CALIBRATION_BYTES = 2**16


@dataclass(frozen=True)
class Name:
    """One name of a pose.

    Attributes:
        entry: what it is.
        score: share of such answers that were right when it was calibrated, 0 to 1.
        distance_mm: mean distance of the pose from the entry.
        mirrored: whether the pose is the mirror image of the entry as it is written.
    """

    entry: Entry
    score: float
    distance_mm: float
    mirrored: bool

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.entry.name

    def as_json(self) -> dict[str, object]:
        """The contract's object."""
        return {"name": self.name, "score": round(self.score, 3), "id": self.entry.id, "mirrored": self.mirrored}


@dataclass(frozen=True)
class Calibration:
    """Coefficients of the logistic model.

    Attributes:
        weights: go with `FEATURES`.
        bias: of the model.
        reliability: by entry id, log-odds that it was right where it was nearest in motion capture; 0 when unknown.
        fitted_on: what the coefficients come from.
        figures: of the fit, for the record.
    """

    weights: tuple[float, ...] = (-2.0, 0.0, -0.02, -0.02, 0.1, 0.02, 1.0)
    bias: float = 8.0
    reliability: dict[str, float] = field(default_factory=dict)
    fitted_on: str = ""
    figures: dict[str, float] = field(default_factory=dict)

    def score(self, features: Tensor) -> Tensor:
        """(*, features) → (*) 0 to 1."""
        return torch.sigmoid(features @ features.new_tensor(self.weights) + self.bias)

    def save(self, path: Path) -> None:
        """Writes JSON.

        Raises:
            UnwritableFileError: not there.
        """
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path | None = None) -> "Calibration":
        """The calibration that ships with the atlas, or that of a file.

        Raises:
            UnreadableFileError: no calibration of these features.
        """
        path = asset("data", "atlas", "compiled", "naming.json") if path is None else path
        try:
            row = json.loads(read_limited(path, max_bytes=MAX_CALIBRATION_BYTES))
            weights = tuple(float(value) for value in row["weights"])
            reliability = {str(key): float(value) for key, value in row["reliability"].items()}
            found = cls(weights, float(row["bias"]), reliability, str(row["fitted_on"]), dict(row["figures"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableFileError(
                f"{path} is no calibration: {error}", fix="python -m chatpose.train.naming"
            ) from error
        if len(weights) != len(FEATURES):
            raise UnreadableFileError(f"{path} has {len(weights)} weights", expected=str(len(FEATURES)))
        return found


@dataclass(frozen=True, eq=False)
class Candidates:
    """The nearest entries of a batch of poses.

    Attributes:
        entry: (N, K) places in the atlas, the nearest first.
        mirrored: (N, K) whether the mirror image is the nearer one.
        distance_mm: (N, K).
        meets: (N, K) whether the statements hold, with the slack.
        features: (N, K, len(FEATURES)).
    """

    entry: Tensor
    mirrored: Tensor
    distance_mm: Tensor
    meets: Tensor
    features: Tensor


class Namer:
    """Names poses after the entries of an atlas.

    Args:
        atlas: the shipped one when absent.
        describer: measures statements; of the open body when absent.
        calibration: the shipped one when absent.
    """

    def __init__(
        self,
        atlas: Atlas | None = None,
        describer: Describer | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self.atlas = Atlas.load() if atlas is None else atlas
        self._describer = describer or Describer()
        self._calibration = Calibration.load() if calibration is None else calibration
        both = concatenate_poses([self.atlas.poses, self.atlas.poses.mirror()])
        self._points = comparison_points(both, self._describer.body)
        weights = torch.stack([_weights_of(entry) for entry in self.atlas])
        self._weights = torch.cat([weights, weights[:, _mirror_index(weights.shape[-1])]])
        claims = [(*entry.claims,) for entry in self.atlas]
        claims += [tuple(claim.mirrored() for claim in several) for several in claims]
        self._codes = tuple(dict.fromkeys(claim.code for several in claims for claim in several))
        claimed, self._signs = _claim_table(claims, self._codes)
        # Of `_missed`: musts first, then must-nots, then a row for "no claim".
        count = len(self._codes)
        rows = claimed + count * (self._signs < 0)
        self._verdicts = rows.masked_fill(self._signs == 0, 2 * count).T.contiguous()
        known = self._calibration.reliability
        self._reliability = torch.tensor([known.get(entry.id, 0.0) for entry in self.atlas])

    def names(self, poses: Pose, count: int = 3, least: float = TOLD_FROM) -> list[list[Name]]:
        """The best names of each pose of a batch (N,).

        Args:
            poses: on any floor, facing anywhere.
            count: most names for a pose.
            least: least score.

        Returns:
            N lists, the best first; empty where no common name fits.
        """
        if not len(poses) or not len(self.atlas):
            return [[] for _ in range(len(poses))]
        found = self.candidates(poses)
        scores = self._calibration.score(found.features).masked_fill(~found.meets, 0.0)
        named = []
        for row, order in enumerate(scores.argsort(dim=-1, descending=True, stable=True).tolist()):
            best = [place for place in order[:count] if float(scores[row, place]) >= least]
            named.append([self._name(found, scores, row, place) for place in best])
        return named

    def _name(self, found: Candidates, scores: Tensor, row: int, place: int) -> Name:
        entry = self.atlas.entries[int(found.entry[row, place])]
        distance = float(found.distance_mm[row, place])
        return Name(entry, float(scores[row, place]), distance, bool(found.mirrored[row, place]))

    def candidates(self, poses: Pose) -> Candidates:
        """The nearest entries of each pose whose statements it meets; places that are left over don't meet."""
        count = len(self.atlas)
        missed = self._missed(poses)
        row, column = self._meeting(missed).nonzero(as_tuple=True)  # a handful a pose, whatever the atlas' size
        points = comparison_points(poses, self._describer.body)
        gaps = (points[row] - self._points[column]).norm(dim=-1)
        apart = 1000 * (gaps * self._weights[column]).sum(-1)
        misses = missed[self._verdicts.T[column], row[:, None]]
        facts = torch.stack([apart, misses.sum(-1), misses.amax(-1)], dim=-1)
        told = facts.new_tensor([_OUT_MM, 0.0, 0.0]).repeat(len(poses), 2 * count, 1)
        told[row, column] = facts
        best, side = (told[..., 0] + MISSED_MM * told[..., 1]).unflatten(-1, (2, count)).min(-2)
        near = best.argsort(dim=-1, stable=True)[:, : min(NEAR, count)]
        mirrored = side.gather(-1, near)
        nearest = torch.arange(len(poses))[:, None]
        distance, total, worst = told[nearest, near + count * mirrored].unbind(-1)
        features = (
            distance.clamp_min(1.0).log(),
            distance,
            total,
            worst,
            self._sizes(near),
            _lead(best.gather(-1, near)),
            self._reliability[near],
        )
        return Candidates(
            near,
            mirrored > 0,
            distance,
            distance < _OUT_MM,
            torch.stack([feature.to(distance) for feature in features], dim=-1),
        )

    def _sizes(self, entries: Tensor) -> Tensor:
        """How many statements an entry has."""
        return (self._signs[: len(self.atlas)] != 0).sum(-1)[entries]

    def _meeting(self, missed: Tensor) -> Tensor:
        """(N, 2 · entries) whether all statements of an entry hold, with the slack; mirror images last."""
        count = len(self._codes)
        slack = missed.new_full((len(missed), 1), MUST_SLACK_DEG)
        slack[count:] = MUST_NOT_SLACK_DEG
        failed = (missed > slack).to(torch.uint8)
        out = failed.new_zeros((self._verdicts.shape[1], missed.shape[1]))
        for claim in self._verdicts:
            out |= failed[claim]
        return (out == 0).T

    def _missed(self, poses: Pose) -> Tensor:
        """(2 · codes + 1, N) by how much each code is missed, degrees, as a must and as a must-not; the last by none.

        What can't be told is missed by infinity.
        """
        measured, gaps = self._describer.measure(poses)
        found = extract(measured, self._codes, gaps)
        unit = [METRES_PER_DEGREE if measure.unit == "m" else 1.0 for measure in found.measures]
        margins = (found.margins / found.margins.new_tensor(unit)[found.deciding]).T
        both = torch.cat([-margins, margins, margins.new_zeros((1, len(poses)))])
        return both.clamp_min_(0).nan_to_num_(nan=torch.inf, posinf=torch.inf)


_OUT_MM = 1e4
_LEAD_MM = 60.0


def _lead(costs: Tensor) -> Tensor:
    """(N, K) by how much an entry is nearer than the nearest other one; negative for all but the first."""
    if costs.shape[1] < 2:
        return torch.full_like(costs, _LEAD_MM)
    first, second = costs[:, :1], costs[:, 1:2]
    return (torch.where(costs == first, second, first) - costs).clamp(-_LEAD_MM, _LEAD_MM)


def _weights_of(entry: Entry) -> Tensor:
    """Weights of the comparison points, heavier where the must statements speak of."""
    weights = point_weights().clone()
    about = {SMPL.index(joint) for claim in entry.must for joint in joints_of(claim.code)}
    weights[sorted(about)] *= ABOUT_WEIGHT
    return weights / weights.sum()


def _mirror_index(points: int) -> list[int]:
    """Points of the mirror image: the joints', then head, head, wrists, ankles of `comparison_points`."""
    joints = list(SMPL.mirror_index)
    return [*joints, 24, 25, 27, 26, 29, 28][:points]


def _claim_table(claims: Sequence[Sequence[Statement]], codes: Sequence[Posecode]) -> tuple[Tensor, Tensor]:
    """(entries, most claims) columns of the codes, and their signs: -1 for a denial, 0 for no claim."""
    column = {code: number for number, code in enumerate(codes)}
    width = max((len(several) for several in claims), default=0)
    columns, signs = torch.zeros(len(claims), width, dtype=torch.long), torch.zeros(len(claims), width)
    for row, several in enumerate(claims):
        for place, claim in enumerate(several):
            columns[row, place] = column[claim.code]
            signs[row, place] = -1.0 if claim.negated else 1.0
    return columns, signs
