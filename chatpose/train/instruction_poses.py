"""Poses for conversations by split: atlas, recordings, hand-made postures, the shipped library, a user's own.

Entries of the atlas are kept apart as for the embedder (`retrieval_texts.is_validation_entry`), people as the packed
collections keep them (`corpus.packed`), a user's own poses by a hash of their file's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.entry import Entry
from chatpose.atlas.sentences import Sentence, by_entry, read_sentences
from chatpose.atlas.variations import Varier
from chatpose.body.pose import Pose
from chatpose.corpus.augment import Augmenter
from chatpose.corpus.instructions.bank import BankEntry
from chatpose.corpus.instructions.user_poses import read_user_poses
from chatpose.corpus.random_poses import jittered_postures
from chatpose.errors import MissingFileError, UnknownNameError
from chatpose.posecodes.definitions import posecodes_by_name
from chatpose.pretrained import PretrainedConfig
from chatpose.train.instruction_measure import Measurer, mirrored_lines
from chatpose.train.retrieval_texts import NameSearch, is_validation_entry, plain_words
from chatpose.train.tokenizer_data import packed_rotations

BankSplit = Literal["train", "validation"]
SPLITS: tuple[BankSplit, ...] = ("train", "validation")
TRIES = 3
"""Variations that are drawn for each that is wanted: tokens may break what makes a pose its entry."""


@dataclass(frozen=True)
class BankSettings(PretrainedConfig):
    """How many poses and changes of each kind.

    Attributes:
        split: "train" or "validation".
        level: of the pose tokenizer that all poses are made exactly sayable in; empty for poses as they come.
        variations: of each atlas entry, its own pose included.
        recorded: of each packed collection at most, the most diverse first.
        mixed: recorded ones whose limbs are exchanged with others'.
        postures: hand-made ones with jitter.
        library: of the shipped library.
        changes: by kind, as many are tried; what isn't true or human falls away.
        pictures: rendered photos.
        picture_px: longer edge of these.
        seed: of everything random.
    """

    KIND: ClassVar[str] = "instruction_bank"
    split: str = "train"
    level: str = "coarse"
    variations: int = 14
    recorded: int = 4000
    mixed: int = 800
    postures: int = 1500
    library: int = 3000
    changes: dict[str, int] = field(
        default_factory=lambda: {
            "limb": 6000, "more": 6000, "other side": 900, "swap": 500, "mirror": 500, "blend": 600, "posture": 1200,
            "pair": 2500,
        }
    )  # fmt: skip
    pictures: int = 250
    picture_px: int = 224
    seed: int = 0

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise UnknownNameError(f"split {self.split!r}", expected=" or ".join(SPLITS))


@dataclass(frozen=True, eq=False)
class BasePoses:
    """Poses with what they are called and what their owners wrote.

    Attributes:
        rotations: (N, 24, 3, 3) facing +z.
        origin: of each.
        entry: (N,) place in `entries`, -1 for none.
        mirrored: (N,).
        own_texts: of each.
    """

    rotations: Tensor
    origin: tuple[str, ...]
    entry: Tensor
    mirrored: Tensor
    own_texts: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.origin)


def split_entries(atlas: Atlas, split: str) -> Atlas:
    """The training entries without those that are held out for validation, or these; never a test entry."""
    held_out = split == "validation"
    return atlas.only([entry for entry in atlas.training().entries if is_validation_entry(entry) == held_out])


def kept_names(whole: Atlas, chosen: Atlas) -> tuple[str, ...]:
    """Names of the entries that are kept for testing or for another split, those that posecodes have too left out."""
    ours = {entry.id for entry in chosen}
    names = (name.lower() for entry in whole if entry.id not in ours for name in entry.names)
    return tuple(sorted(set(names) - set(posecodes_by_name())))


def bank_entries(whole: Atlas, chosen: Atlas, sentences: Sequence[Sentence] | None = None) -> tuple[BankEntry, ...]:
    """What is known of the entries of a split: nothing that is kept for testing, no name of an entry of another split.

    Args:
        whole: the atlas.
        chosen: its part.
        sentences: about entries; the shipped ones when absent.
    """
    ours = {entry.id for entry in chosen}
    names = NameSearch([entry for entry in whole if entry.id not in ours])
    kept = {
        plain_words(one.text)
        for entry in whole
        for one in (entry.descriptions if entry.id in whole.test_ids else entry.test_descriptions())
    }
    more = by_entry(read_sentences() if sentences is None else sentences)

    def texts_of(entry: Entry) -> tuple[tuple[str, str], ...]:
        told = [(one.voice, one.text) for one in (*entry.training_descriptions(), *more.get(entry.id, ()))]
        good = (pair for pair in told if plain_words(pair[1]) not in kept and not names.found_in(pair[1]))
        return tuple(dict.fromkeys(good))

    return tuple(
        BankEntry(
            entry.id,
            entry.names,
            entry.family,
            entry.tags,
            tuple(map(str, entry.claims)),
            mirrored_lines([str(claim) for claim in entry.claims]),
            texts_of(entry),
        )
        for entry in chosen
    )


class PoseGatherer:
    """Gathers the poses of a split.

    Args:
        settings: how many.
        data: folder with the packed collections; None for none.
        folders: a user's own.
        atlas: compiled; the shipped one when absent.
        measurer: to see what tokens leave true.
        skip_bad: leave malformed lines of the user's texts out instead of refusing them.
    """

    def __init__(
        self,
        settings: BankSettings,
        data: Path | None,
        folders: Sequence[Path],
        measurer: Measurer,
        *,
        atlas: Atlas | None = None,
        skip_bad: bool = False,
    ) -> None:
        self.settings, self.data, self.folders, self.skip_bad = settings, data, folders, skip_bad
        self.measurer = measurer
        self.whole = atlas or Atlas.load()
        self.chosen = split_entries(self.whole, settings.split)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.problems: list[str] = []

    def gather(self) -> BasePoses:
        """All of them."""
        settings, generator = self.settings, self.generator
        parts = [self._atlas()]
        recorded = self._recorded()
        if len(recorded):
            parts.append(_plain(recorded, "recorded"))
            if settings.mixed:
                own = Pose.from_rotations(
                    recorded[torch.randint(len(recorded), (settings.mixed,), generator=generator)]
                )
                made = Augmenter(self.measurer.describer.body).exchanged(own, generator)
                parts.append(_plain(made.pose[made.changed].local_rotations, "made"))
        if settings.postures:
            made = jittered_postures(settings.postures, generator).without_heading()
            good = Augmenter(self.measurer.describer.body).is_human(made)
            parts.append(_plain(made.local_rotations[good], "made"))
        parts += [self._library(), *self._own()]
        parts = [part for part in parts if len(part)]
        return BasePoses(
            torch.cat([part.rotations for part in parts]),
            tuple(origin for part in parts for origin in part.origin),
            torch.cat([part.entry for part in parts]),
            torch.cat([part.mirrored for part in parts]),
            tuple(texts for part in parts for texts in part.own_texts),
        )

    def _atlas(self) -> BasePoses:
        """Entries and variations of which all claims hold in tokens too, as many of each as are wanted."""
        count, wanted = len(self.chosen), self.settings.variations
        if not count or not wanted:
            return _plain(torch.zeros(0, 24, 3, 3), "atlas")
        varied = Varier(self.chosen, self.measurer.describer.body).draw(
            count * wanted * TRIES, self.generator, blends=0.0
        )
        own = [self.chosen.poses, self.chosen.poses.mirror(), Pose.from_rotations(varied.poses.local_rotations)]
        rotations = torch.cat([pose.without_heading().local_rotations.float() for pose in own])
        places = torch.arange(count)
        entry = torch.cat([places, places, varied.entry])
        mirrored = torch.cat(
            [torch.zeros(count, dtype=torch.bool), torch.ones(count, dtype=torch.bool), varied.mirrored]
        )
        lines = [tuple(map(str, one.claims)) for one in self.chosen]
        turned = [mirrored_lines(several) for several in lines]
        kept: list[int] = []
        have = [0] * count
        for rows in torch.arange(len(entry)).split(max(2 * count, 1)):
            rows = torch.tensor([row for row in rows.tolist() if have[int(entry[row])] < wanted], dtype=torch.long)
            if not len(rows):
                continue
            again = rotations[rows]
            if self.measurer.level:
                again = self.measurer.rotations_of(self.measurer.tokens_of(again))
            claims = [(turned if mirrored[row] else lines)[int(entry[row])] for row in rows]
            for row, good in zip(
                rows.tolist(), self.measurer.all_hold(Pose.from_rotations(again), claims), strict=True
            ):
                if good and have[int(entry[row])] < wanted:
                    have[int(entry[row])] += 1
                    kept.append(row)
        chosen = torch.tensor(kept, dtype=torch.long)
        texts = tuple(() for _ in kept)
        return BasePoses(rotations[chosen], ("atlas",) * len(kept), entry[chosen], mirrored[chosen], texts)

    def _recorded(self) -> Tensor:
        if self.data is None or not self.settings.recorded:
            return torch.zeros(0, 24, 3, 3)
        split: BankSplit = "train" if self.settings.split == "train" else "validation"
        return packed_rotations(self.data, split, self.settings.recorded)

    def _library(self) -> BasePoses:
        """Poses of the shipped library that no entry of another split stands behind."""
        from chatpose.retrieval.shipped_poses import ShippedPoses

        nothing = _plain(torch.zeros(0, 24, 3, 3), "library")
        if not self.settings.library:
            return nothing
        try:
            shipped = ShippedPoses.load()
        except MissingFileError:
            return nothing
        ours = {entry.id for entry in self.chosen}
        train = self.settings.split == "train"
        rows = [
            place
            for place, row in enumerate(shipped.rows)
            if row.kind in ("mixed", "solved", "blend") and (row.entry in ours or (train and not row.entry))
        ]
        order = torch.randperm(len(rows), generator=self.generator)[: self.settings.library].tolist()
        chosen = torch.tensor(sorted(rows[place] for place in order), dtype=torch.long)
        return _plain(shipped.poses[chosen].without_heading().local_rotations.float(), "library")

    def _own(self) -> list[BasePoses]:
        parts = []
        for folder in self.folders:
            found = read_user_poses(folder, self.settings.split, skip_bad=self.skip_bad)
            self.problems += found.problems
            plain = _plain(found.poses.without_heading().local_rotations.float(), "user")
            parts.append(BasePoses(plain.rotations, plain.origin, plain.entry, plain.mirrored, found.texts))
        return parts


def _plain(rotations: Tensor, origin: str) -> BasePoses:
    """Poses that nothing is known of."""
    count = len(rotations)
    return BasePoses(
        rotations.float(),
        (origin,) * count,
        torch.full((count,), -1),
        torch.zeros(count, dtype=torch.bool),
        tuple(() for _ in range(count)),
    )
