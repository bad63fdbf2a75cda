"""Poses for the samples of the embedded model: decoded from coarse tokens, measured once, used by many texts.

Atlas entries with variations, recordings, hand-made postures and the shipped library are encoded once each. Limbs of
these are then put on people who stand at ease, or sit, kneel and lie, as tokens: that costs no encoding, and gives
poses of which one thing is to be said and the rest is as nobody mentions it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.corpus.augment import Augmenter
from chatpose.corpus.samples.holders import REGIONS
from chatpose.corpus.samples.postures import OTHER, POSTURES, STANDING, postures_of
from chatpose.corpus.samples.samples import mirrored_codes
from chatpose.posecodes.extraction import Extraction
from chatpose.train.instruction_measure import Measurer, clear_state
from chatpose.train.instruction_poses import BankSettings, BankSplit, PoseGatherer
from chatpose.train.tokenizer_data import packed_rotations

SURE = 0.002
"""Least margin, in the unit of the measure, by which a statement is counted as true: more than rounding."""
ARM_COLUMNS = {"left": slice(4, 6), "right": slice(6, 8)}
ROOT, TORSO, LEGS = slice(0, 2), slice(2, 4), slice(8, 12)
AT_EASE_SHARE = 0.62
"""Of the mixes that are made on somebody who stands at ease; half of the rest sits, lies, kneels …"""
_CHUNK = 4096
_HAND_POSTURES = tuple(POSTURES.index(name) for name in ("upside down", "on all fours", "in a plank"))


@dataclass(frozen=True)
class PoolCounts:
    """How many poses.

    Attributes:
        variations: of each atlas entry.
        recorded: of each collection, the most diverse first.
        at_ease: recorded ones beside, that stand with at most one thing to be said of them.
        postures: hand-made with jitter.
        library: of the shipped one.
        mixes: tried.
    """

    variations: int = 12
    recorded: int = 3500
    at_ease: int = 4000
    postures: int = 3000
    library: int = 4500
    mixes: int = 75_000

    def scaled(self, share: float) -> "PoolCounts":
        """Fewer of all."""
        several = {name: max(int(count * share), 1) for name, count in vars(self).items()}
        return PoolCounts(**{**several, "variations": max(2, min(self.variations, round(self.variations * share * 2)))})


@dataclass(frozen=True, eq=False)
class PosePool:
    """N poses that are exactly what their tokens say.

    Attributes:
        codes: (N, 12) int16.
        state: (N, C) int8: 1 where a posecode holds clearly, −1 where it fails clearly.
        held: (N, C) int8: 1 where a posecode holds if only just, −1 where it fails so, 0 where rounding decides.
        values: (N, M) float32 of `measures`.
        measures: names.
        posture: (N,) uint8.
        unusual: (N,) uint8 mask of regions.
        entry: (N,) place among the entries of the split, −1 for none; poses of entries are as written, not mirrored.
    """

    codes: np.ndarray
    state: np.ndarray
    held: np.ndarray
    values: np.ndarray
    measures: tuple[str, ...]
    posture: np.ndarray
    unusual: np.ndarray
    entry: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: np.ndarray) -> "PosePool":
        names = ("codes", "state", "held", "values", "posture", "unusual", "entry")
        kept = {name: getattr(self, name)[rows] for name in names}
        return PosePool(measures=self.measures, **kept)

    def joined(self, other: "PosePool") -> "PosePool":
        """Both, one after the other."""
        names = ("codes", "state", "held", "values", "posture", "unusual", "entry")
        both = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names}
        return PosePool(measures=self.measures, **both)


class PoolMaker:
    """Makes pools.

    Args:
        measurer: at the level "coarse".
    """

    def __init__(self, measurer: Measurer) -> None:
        self.measurer = measurer
        self._augmenter = Augmenter(measurer.describer.body)

    def measured(self, codes: np.ndarray, entry: np.ndarray | None = None) -> PosePool:
        """What poses of codes (N, 12) are."""
        parts = [self._chunk(codes[start : start + _CHUNK]) for start in range(0, max(len(codes), 1), _CHUNK)]
        state, held, values, unusual = (np.concatenate(several) for several in zip(*parts, strict=True))
        posture = postures_of(held == 1)
        unusual[posture != STANDING] &= _mask("head", "left arm", "right arm")
        unusual[np.isin(posture, _HAND_POSTURES)] &= _mask("head")
        owner = np.full(len(codes), -1, np.int32) if entry is None else entry.astype(np.int32)
        return PosePool(
            codes.astype(np.int16), state, held, values, self.measurer.measures, posture, unusual, owner
        )  # fmt: skip

    def _chunk(self, codes: np.ndarray) -> tuple[np.ndarray, ...]:
        found = self.measurer.describer.extract(self.poses(codes))
        column = {measure.name: number for number, measure in enumerate(found.measures)}
        values = found.values[:, [column[name] for name in self.measurer.measures]].numpy().astype(np.float32)
        held = ((found.margins >= SURE).to(torch.int8) - (found.margins <= -SURE).to(torch.int8)).numpy()
        return clear_state(found).numpy(), held, values, _unusual(found, column)

    def poses(self, codes: np.ndarray) -> Pose:
        """Poses of codes, facing +z."""
        tokens = torch.from_numpy(np.concatenate([np.zeros((len(codes), 1)), codes], axis=1)).long()
        return Pose.from_rotations(self.measurer.rotations_of(tokens))

    def codes_of(self, rotations: Tensor) -> np.ndarray:
        """(N, 12) of poses (N, 24, 3, 3)."""
        return self.measurer.tokens_of(rotations)[:, 1:].numpy().astype(np.int16)

    def gathered(self, gatherer: PoseGatherer, at_ease: int) -> PosePool:
        """Poses of a split, encoded; mirrored variations of entries turned back."""
        base = gatherer.gather()
        more = self._at_ease(gatherer, at_ease)
        codes = self.codes_of(torch.cat([base.rotations, more]))
        turned = np.concatenate([base.mirrored.numpy(), np.zeros(len(more), bool)])
        codes[turned] = mirrored_codes(codes[turned])
        entry = np.concatenate([base.entry.numpy(), np.full(len(more), -1)])
        own = self.codes_of(gatherer.chosen.poses.without_heading().local_rotations.float())
        return self.measured(np.concatenate([own, codes]), np.concatenate([np.arange(len(own)), entry]))

    def _at_ease(self, gatherer: PoseGatherer, count: int) -> Tensor:
        if gatherer.data is None or not count:
            return torch.zeros(0, 24, 3, 3)
        split: BankSplit = "train" if gatherer.settings.split == "train" else "validation"
        recorded = packed_rotations(gatherer.data, split)
        kept: list[Tensor] = []
        for some in recorded.split(_CHUNK):
            found = self.measurer.describer.extract(Pose.from_rotations(some))
            column = {measure.name: number for number, measure in enumerate(found.measures)}
            unusual = _unusual(found, column)
            standing = postures_of((found.margins >= SURE).numpy()) == STANDING
            few = np.array([bin(mask).count("1") for mask in range(1 << len(REGIONS))])[unusual] <= 1
            kept.append(some[torch.from_numpy(standing & few)])
        found = torch.cat(kept)
        return found[torch.randperm(len(found), generator=gatherer.generator)[:count].sort().values]

    def mixes(self, pool: PosePool, count: int, rng: np.random.Generator) -> PosePool:
        """Limbs of some poses on others; what overlaps or bends more than both of them did is left out."""
        base, donor = self._bases(pool, count, rng), rng.integers(len(pool), size=count)
        codes, donors = pool.codes[base].copy(), pool.codes[donor]
        way = rng.choice(5, size=count, p=(0.34, 0.3, 0.12, 0.12, 0.12))
        turned = np.where((rng.random(count) < 0.5)[:, None], mirrored_codes(donors), donors)
        left = rng.random(count) < 0.5
        for side, chosen in (("left", left), ("right", ~left)):
            rows = ((way == 0) | (way == 3)) & chosen
            codes[rows, ARM_COLUMNS[side]] = turned[rows, ARM_COLUMNS[side]]
        for side in ("left", "right"):
            codes[way == 1, ARM_COLUMNS[side]] = turned[way == 1, ARM_COLUMNS[side]]
        rows = (way == 2) | (way == 3)
        codes[rows, TORSO] = turned[rows, TORSO]
        upright = (way == 4) & (pool.posture[base] == STANDING)
        for part in (ROOT, LEGS):
            codes[upright, part] = turned[upright, part]
        codes = np.unique(codes, axis=0)[rng.permutation(len(np.unique(codes, axis=0)))]
        good = self.is_human(codes)
        found = self.measured(codes[good])
        return found[np.flatnonzero(found.posture != OTHER)]

    def is_human(self, codes: np.ndarray) -> np.ndarray:
        """Whether decoded poses are within wide limits and don't overlap much, (N,) bool."""
        parts = [
            self._augmenter.is_human(self.poses(codes[start : start + _CHUNK])).numpy()
            for start in range(0, len(codes), _CHUNK)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, bool)

    @staticmethod
    def _bases(pool: PosePool, count: int, rng: np.random.Generator) -> np.ndarray:
        """Rows: most at ease, the others of all postures alike."""
        at_ease = np.flatnonzero((pool.posture == STANDING) & (pool.unusual == 0))
        groups = [np.flatnonzero(pool.posture == place) for place in range(OTHER)]
        groups = [group for group in groups if len(group)]
        chosen = np.array([group[int(draw * len(group))] for group, draw in _drawn(groups, count, rng)], np.int64)
        easy = (rng.random(count) < AT_EASE_SHARE) & bool(len(at_ease))
        return np.where(easy, at_ease[rng.integers(max(len(at_ease), 1), size=count)] if len(at_ease) else 0, chosen)


def _drawn(groups: list[np.ndarray], count: int, rng: np.random.Generator) -> "list[tuple[np.ndarray, float]]":
    return [
        (groups[place], draw)
        for place, draw in zip(rng.integers(len(groups), size=count), rng.random(count), strict=True)
    ]


def make_pool(
    maker: PoolMaker,
    gatherer: PoseGatherer,
    counts: PoolCounts,
    seed: int,
    tell: Callable[[str], None],
) -> PosePool:
    """A pool of a split."""
    gathered = maker.gathered(gatherer, counts.at_ease)
    tell(f"{len(gathered):,} poses encoded")
    made = maker.mixes(gathered, counts.mixes, np.random.default_rng(seed))
    tell(f"{len(made):,} mixes")
    return gathered.joined(made)


def pool_settings(split: BankSplit, counts: PoolCounts, seed: int) -> BankSettings:
    """What the gatherer needs to know."""
    return BankSettings(
        split=split,
        level="coarse",
        variations=counts.variations,
        recorded=counts.recorded,
        mixed=0,
        postures=counts.postures,
        library=counts.library,
        seed=seed,
    )


def _mask(*regions: str) -> np.uint8:
    return np.uint8(sum(1 << REGIONS.index(region) for region in regions))


_QUIET_TRUNK = {"torso tilt": (0, 20), "shoulder twist left": (-20, 20), "torso lean left": (-13, 13)}
_QUIET_HEAD = {"head turn left": (-25, 25), "head nod": (-20, 25), "head tilt left": (-18, 18)}
_QUIET_LEGS = {
    **{f"{side} knee angle": (150, 181) for side in ("left", "right")},
    **{f"{side} thigh tilt": (150, 181) for side in ("left", "right")},
    "left foot to right foot distance": (0.0, 0.5),
    "left foot left of right foot": (0.03, 0.5),
    "left foot in front of right foot": (-0.3, 0.3),
}
_QUIET_ARM = {"{s} armpit angle": (0, 35), "{s} forearm tilt": (120, 181)}


def _unusual(found: Extraction, column: dict[str, int]) -> np.ndarray:
    """(N,) mask of the regions that aren't as of somebody who stands at ease."""
    values = found.values.numpy()

    def loud(quiet: Mapping[str, tuple[float, float]]) -> np.ndarray:
        several = [(values[:, column[name]], low, high) for name, (low, high) in quiet.items()]
        return np.logical_or.reduce([~((value >= low) & (value <= high)) for value, low, high in several])

    arms = [{name.format(s=side): ends for name, ends in _QUIET_ARM.items()} for side in ("left", "right")]
    regions = (loud(_QUIET_TRUNK), loud(_QUIET_HEAD), loud(arms[0]), loud(arms[1]), loud(_QUIET_LEGS))
    mask = np.zeros(len(values), np.uint8)
    for place, region in enumerate(regions):
        mask |= region.astype(np.uint8) << np.uint8(place)
    return mask
