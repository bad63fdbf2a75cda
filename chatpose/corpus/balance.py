"""A mixture of pose sources in which rare postures come up as often as they should, and which says what it is made of.

Recordings are nine tenths standing and walking; a model that sees them as they are never learns to lie. Each pose gets
a family by posecodes; families are drawn by wanted shares, sources within a family by their weights, and no pose is
drawn so often that it is learnt by heart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.corpus.families import FAMILIES, family_indices
from chatpose.errors import InvalidPoseError, unknown_name

WANTED_SHARES: Mapping[str, float] = {
    "upside down": 0.02, "lying": 0.09, "on hands": 0.05, "kneeling": 0.08, "sitting": 0.14, "squatting": 0.05,
    "lunging": 0.05, "bending": 0.06, "on one leg": 0.12, "standing": 0.28, "other": 0.06,
}  # fmt: skip
"""Roughly what people ask about: a third on their feet, a third low, the rest in between."""

MAX_REPEAT = 20.0
"""How many times as often as without balancing a pose may be drawn."""

_CHUNK = 4096


class Drawn(NamedTuple):
    """Poses drawn from a mixture.

    Attributes:
        pose: (N,).
        source: (N,) place of the source in `BalancedMixture.names`.
        row: (N,) number of the pose in its source, counted as it was streamed.
        family: (N,) place in `FAMILIES`.
    """

    pose: Pose
    source: Tensor
    row: Tensor
    family: Tensor


@dataclass(frozen=True)
class FamilyReport:
    """One family in a mixture.

    Attributes:
        family: name.
        poses: in all sources together.
        kept: that are drawn from; fewer when there are more than the mixture's capacity.
        natural: share without balancing.
        share: share that is drawn.
        repeat: how many times as often as without balancing each of its poses is drawn.
        by_source: share of the family's draws by source.
    """

    family: str
    poses: int
    kept: int
    natural: float
    share: float
    repeat: float
    by_source: Mapping[str, float]


class BalancedMixture:
    """Draws poses from several sources, families balanced.

    The sources are streamed once. Of every family of every source a random sample within `capacity` stays in memory,
    864 bytes a pose, so a source may be larger than memory.

    Args:
        sources: batches of poses by name: of a corpus, of the atlas' variations, of anything that gives poses.
        generator: source of all chance, on the CPU.
        weights: of the sources, 1 where absent; a source of twice the weight is drawn twice as often a pose.
        wanted: share by family, for families that the sources have; they are scaled to sum to 1.
        max_repeat: limit for `FamilyReport.repeat`.
        capacity: most poses that are kept of a family of a source.
        body: to tell families on; the open body when absent.

    Raises:
        InvalidPoseError: no pose in any source, or weights that can't be drawn by.
        UnknownNameError: a weight of no source, or a share of no family.
    """

    def __init__(
        self,
        sources: Mapping[str, Iterable[Pose]],
        generator: torch.Generator,
        *,
        weights: Mapping[str, float] | None = None,
        wanted: Mapping[str, float] = WANTED_SHARES,
        max_repeat: float = MAX_REPEAT,
        capacity: int = 200_000,
        body: BodyModel | None = None,
    ) -> None:
        self.names = tuple(sources)
        self._generator = generator
        self._weights = _checked(weights or {}, self.names, "source", 1.0)
        targets = _checked(wanted, FAMILIES, "family", 0.0)
        body = body or BodyModel.open()
        samples = [_Reservoirs(capacity, generator) for _ in self.names]
        for sample, batches in zip(samples, sources.values(), strict=True):
            for pose in batches:
                for start in range(0, len(pose), _CHUNK):
                    part = pose[start : start + _CHUNK]
                    sample.add(part, family_indices(part, body))
        self._seen = torch.stack([sample.seen for sample in samples]).double()
        if not bool((self._seen * self._weights[:, None]).any()):
            raise InvalidPoseError("no pose in any source of the mixture", expected="at least one")
        natural = (self._seen * self._weights[:, None]).sum(0)
        self._natural = natural / natural.sum()
        self._shares = balanced_shares(self._natural, targets, max_repeat)
        self._samples = [[sample.kept(family) for family in range(len(FAMILIES))] for sample in samples]

    def draw(self, count: int) -> Drawn:
        """Draws poses, each by itself."""
        family = torch.multinomial(self._shares, count, replacement=True, generator=self._generator)
        by_source = (self._seen * self._weights[:, None]).T
        source = torch.multinomial(by_source[family], 1, replacement=True, generator=self._generator)[:, 0]
        rotations, transl = torch.zeros(count, 24, 3, 3), torch.zeros(count, 3)
        row = torch.zeros(count, dtype=torch.long)
        for place in (source * len(FAMILIES) + family).unique().tolist():
            of_source, of_family = divmod(place, len(FAMILIES))
            mine = ((source == of_source) & (family == of_family)).nonzero()[:, 0]
            pool = self._samples[of_source][of_family]
            taken = torch.randint(len(pool.rows), (len(mine),), generator=self._generator)
            rotations[mine], transl[mine], row[mine] = pool.rotations[taken], pool.transl[taken], pool.rows[taken]
        return Drawn(Pose.from_rotations(rotations, transl=transl), source, row, family)

    def report(self) -> tuple[FamilyReport, ...]:
        """What is drawn, by family; families without poses aren't named."""
        return tuple(self._family_report(number) for number in range(len(FAMILIES)) if self._natural[number] > 0)

    def table(self) -> str:
        """The report as Markdown."""
        lines = ["| family | poses | share as it is | share drawn | drawn more often | sources |", "|---" * 6 + "|"]
        for one in self.report():
            shares = ", ".join(f"{name} {share:.0%}" for name, share in one.by_source.items() if share)
            cells = (one.family, f"{one.poses:,}", f"{one.natural:.1%}", f"{one.share:.1%}", f"{one.repeat:.1f}×")
            lines.append(f"| {' | '.join((*cells, shares))} |")
        return "\n".join(lines) + "\n"

    def _family_report(self, number: int) -> FamilyReport:
        mine = self._seen[:, number] * self._weights
        return FamilyReport(
            FAMILIES[number],
            int(self._seen[:, number].sum()),
            sum(len(sample[number].rows) for sample in self._samples),
            float(self._natural[number]),
            float(self._shares[number]),
            float(self._shares[number] / self._natural[number]),
            {name: float(share) for name, share in zip(self.names, mine / mine.sum(), strict=True)},
        )


def balanced_shares(natural: Tensor, wanted: Tensor, max_repeat: float) -> Tensor:
    """Shares as near to the wanted ones as the limit on repetition allows; they sum to 1.

    What a rare family can't take is shared out among the others in proportion to what they want.

    Args:
        natural: (F,) shares without balancing, sum 1.
        wanted: (F,) not negative.
        max_repeat: share / natural is at most this, where the sum of 1 allows it.

    Raises:
        InvalidPoseError: nothing that is wanted is there, or a limit below 1.
    """
    if max_repeat < 1:
        raise InvalidPoseError(f"max_repeat {max_repeat:g}", expected="1 or more")
    wanted = torch.where(natural > 0, wanted.to(natural), torch.zeros_like(natural))
    if not bool(wanted.sum() > 0):
        raise InvalidPoseError("none of the wanted families is in the sources", expected="a share for one that is")
    limit = natural * max_repeat
    full = torch.zeros_like(natural, dtype=torch.bool)
    shares = wanted / wanted.sum()
    for _ in range(len(natural)):
        full |= shares > limit
        rest = wanted * ~full
        if not bool(full.any()) or not bool(rest.sum() > 0):
            break
        shares = torch.where(full, limit, rest / rest.sum() * (1 - limit[full].sum()))
    return shares / shares.sum()


class _Pool(NamedTuple):
    rotations: Tensor
    transl: Tensor
    rows: Tensor


class _Reservoirs:
    """A uniform random sample of each family of a stream, within a capacity (Vitter's algorithm R, 1985)."""

    def __init__(self, capacity: int, generator: torch.Generator) -> None:
        self._capacity, self._generator = capacity, generator
        self._pools: list[list[_Pool]] = [[] for _ in FAMILIES]
        self.seen = torch.zeros(len(FAMILIES), dtype=torch.long)
        self._streamed = 0

    def add(self, pose: Pose, family: Tensor) -> None:
        rows = self._streamed + torch.arange(len(pose))
        self._streamed += len(pose)
        for number in family.unique().tolist():
            mine = (family == number).nonzero()[:, 0]
            new = _Pool(pose.local_rotations[mine], pose.transl[mine], rows[mine])
            free = max(0, self._capacity - int(self.seen[number]))
            if free:
                self._pools[number].append(_Pool(*(part[:free] for part in new)))
            if len(mine) > free:
                self._replace(number, _Pool(*(part[free:] for part in new)), int(self.seen[number]) + free)
            self.seen[number] += len(mine)

    def kept(self, number: int) -> _Pool:
        pools = self._pools[number]
        if not pools:
            return _Pool(torch.zeros(0, 24, 3, 3), torch.zeros(0, 3), torch.zeros(0, dtype=torch.long))
        if len(pools) > 1:
            self._pools[number] = pools = [_Pool(*(torch.cat(parts) for parts in zip(*pools, strict=True)))]
        return pools[0]

    def _replace(self, number: int, new: _Pool, seen: int) -> None:
        """Each further pose takes a random place among all seen so far, which is in the sample or isn't."""
        pool = self.kept(number)
        so_far = seen + 1 + torch.arange(len(new.rows))
        places = (torch.rand(len(new.rows), dtype=torch.float64, generator=self._generator) * so_far).long()
        for row in (places < self._capacity).nonzero()[:, 0].tolist():
            for part, value in zip(pool, new, strict=True):
                part[places[row]] = value[row]


def _checked(given: Mapping[str, float], names: tuple[str, ...], kind: str, default: float) -> Tensor:
    for name, value in given.items():
        if name not in names:
            raise unknown_name(kind, name, names)
        if not 0 <= value < float("inf"):
            raise InvalidPoseError(f"{kind} {name} has the weight {value}", expected="0 or more")
    return torch.tensor([float(given.get(name, default)) for name in names], dtype=torch.float64)
