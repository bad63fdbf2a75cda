"""How right the names of poses are: on held-out variations, and on motion capture of the test subjects.

An answer on a variation is right when it names the entry that was varied. An answer on motion capture is right when a
tag of the entry is what the clip's description says (karate forms hold kicks, punches and blocks alike). Names of ways
to stand and walk are left out and counted apart, right or wrong: people do that in every clip and no description says
so. Any other name without a fitting tag is wrong.
"""

from dataclasses import dataclass
from typing import Any

import torch

from chatpose.atlas.naming import Namer
from chatpose.atlas.variations import Varier
from chatpose.corpus.activities import activities_of
from chatpose.corpus.packed import PackedPoses, Split

SURE = 0.8
"""Score from which an answer counts."""
UNJUDGED = frozenset(("standing",))
"""Families whose names descriptions of clips don't bear out or deny: people stand and walk in every clip."""
KNOWN = frozenset(
    ("cartwheel", "kick", "punch", "block", "sword", "arabesque", "balance", "backflip", "motorcycle", "jump", "run")
)
"""Activities that are asked about: what the test subjects do that the atlas has entries of."""
CHUNK = 512
VARIATIONS = 6
HELD_OUT_SEED = 20_000
"""Seed of the held-out variations; the calibration draws its shaken entries from seed 0."""


@dataclass(frozen=True)
class NamingFigures:
    """Figures of one kind of poses.

    Attributes:
        poses: how many were named.
        sure: answers scored at least `SURE` that can be judged.
        right: of those, the right ones.
        found: poses whose right name was among the three best, whatever the score.
        unjudged: sure answers that nobody can judge.
    """

    poses: int
    sure: int
    right: int
    found: int
    unjudged: int

    @property
    def precision(self) -> float:
        """Right answers of the sure ones."""
        return self.right / max(self.sure, 1)

    @property
    def recall(self) -> float:
        """Poses with a sure and right answer."""
        return self.right / max(self.poses, 1)

    def as_json(self) -> dict[str, Any]:
        """All figures."""
        return {
            "poses": self.poses,
            "answers from 0.8": self.sure,
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "right among the best three": round(self.found / max(self.poses, 1), 4),
            "answers that can't be judged": self.unjudged,
        }


def variations(namer: Namer, seed: int = HELD_OUT_SEED) -> NamingFigures:
    """Names variations that no calibration has seen."""
    count = VARIATIONS * len(namer.atlas)
    drawn = Varier(namer.atlas).draw(count, torch.Generator().manual_seed(seed), blends=0.0)
    ids = [namer.atlas.entries[place].id for place in drawn.entry.tolist()]
    sure = right = found = 0
    for start in range(0, count, CHUNK):
        named = namer.names(drawn.poses[start : start + CHUNK], least=0.0)
        for wanted, names in zip(ids[start : start + CHUNK], named, strict=True):
            found += any(name.entry.id == wanted for name in names)
            if names and names[0].score >= SURE:
                sure += 1
                right += names[0].entry.id == wanted
    return NamingFigures(count, sure, right, found, 0)


def motion_capture(namer: Namer, packed: PackedPoses, split: Split = "test") -> dict[str, NamingFigures]:
    """Names the poses of a split whose clips do something of `KNOWN`.

    Returns:
        Figures by activity, and of all under "all"; a clip of two activities counts for both.
    """
    tallies: dict[str, list[int]] = {}
    rows = packed.rows(split)
    for start in range(0, len(rows), CHUNK):
        batch = packed.batch(rows[start : start + CHUNK])
        done = [activities_of(packed.clips[int(clip)].description) for clip in batch.clips]
        kept = [row for row, several in enumerate(done) if several & KNOWN]
        if not kept:
            continue
        named = namer.names(batch.pose[torch.tensor(kept)], least=0.0)
        for row, names in zip(kept, named, strict=True):
            for activity in ("all", *sorted(done[row] & KNOWN)):
                _count(tallies.setdefault(activity, [0] * 5), done[row], names)
    return {activity: NamingFigures(*tally) for activity, tally in sorted(tallies.items())}


def _count(tally: list[int], done: frozenset[str], names: list[Any]) -> None:
    tally[0] += 1
    tally[3] += any(done & set(name.entry.tags) for name in names)
    if names and names[0].score >= SURE:
        if names[0].entry.family in UNJUDGED:
            tally[4] += 1
            return
        tally[1] += 1
        tally[2] += bool(done & set(names[0].entry.tags))


def describe_rows(figures: dict[str, NamingFigures]) -> list[str]:
    """A table for people."""
    rows = [f"{'':<16}{'poses':>7}{'sure':>7}{'precision':>11}{'recall':>8}{'top 3':>7}{'unjudged':>10}"]
    rows += [
        f"{name:<16}{one.poses:>7}{one.sure:>7}{one.precision:>11.3f}{one.recall:>8.3f}"
        f"{one.found / max(one.poses, 1):>7.3f}{one.unjudged:>10}"
        for name, one in figures.items()
    ]
    return rows
