"""What the embedder is trained on: a pool of poses with all that holds of them, and texts with what they claim.

Which poses a text is right for is never guessed: it is its own pose, and every pose that meets all its claims. Poses
are real ones of the training subjects and variations of the atlas' training entries, with some whose limbs are
exchanged and some hand-made postures between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.entry import Description, Entry
from chatpose.atlas.sentences import Sentence, by_entry, read_sentences
from chatpose.atlas.variations import Varier
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.corpus.packed import PackedPoses, Split
from chatpose.corpus.random_poses import jittered_postures
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.phrasebook import exchange_words, shipped_phrasebook
from chatpose.posecodes.posecode import Posecode
from chatpose.pretrained import PretrainedConfig
from chatpose.retrieval.pose_features import PoseFeatures
from chatpose.train.retrieval_texts import (
    KINDS,
    CaptionCounts,
    HeldOut,
    NameSearch,
    Text,
    caption_texts,
    entry_texts,
    is_validation_entry,
    phrase_texts,
    plain_words,
    validation_descriptions,
)
from chatpose.train.tokenizer_data import COLLECTIONS, exchanged_limbs

_CHUNK = 1024


@dataclass(frozen=True)
class RetrievalMixture(PretrainedConfig):
    """Poses and texts by kind.

    Attributes:
        real: poses of each collection at most, the most diverse first.
        variations: of each entry.
        mixed: real poses whose limbs are exchanged with others'.
        postures: hand-made ones with jitter.
        phrases: wordings of the phrasebook at most.
        spoken: poses told in the phrasebook's words.
        captions: poses told in the captions' own language.
        hold_out: leave the validation entries and sentences out, for choosing settings.
    """

    KIND: ClassVar[str] = "retrieval_mixture"
    real: int = 14_000
    variations: int = 16
    mixed: int = 3_000
    postures: int = 2_000
    phrases: int = 20_000
    spoken: CaptionCounts = field(default_factory=lambda: CaptionCounts(7_000, 4_500, 1_000))
    captions: CaptionCounts = field(default_factory=lambda: CaptionCounts(4_000, 9_000, 1_000))
    hold_out: bool = True


@dataclass(frozen=True, eq=False)
class PosePool:
    """Poses with what holds of them.

    Attributes:
        poses: (N,) facing +z.
        features: (N, F) half precision, of the pose tower.
        holds: (N, C) bool, of `codes`.
        codes: statements; the mirror image of each is among them.
        twins: (C,) column of each statement's mirror image.
        entry: (N,) place of the entry that a pose is a variation of, the same side; -1 for the others.
        clip: (N,) number of the description of the recording; -1 for the others.
    """

    poses: Pose
    features: Tensor
    holds: Tensor
    codes: tuple[Posecode, ...]
    twins: Tensor
    entry: Tensor
    clip: Tensor

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, eq=False)
class TextPool:
    """Texts as numbers.

    Attributes:
        sentences: every distinct sentence, those with left and right exchanged included.
        sentence: (M,) of each text.
        exchanged: (M,) of the same with left and right exchanged; itself where it names no side.
        kind: (M,) index into `retrieval_texts.KINDS`.
        claims: of each text, columns of the statements that must hold and of those that must not.
        own: of each text, rows of poses that it is about.
    """

    sentences: tuple[str, ...]
    sentence: Tensor
    exchanged: Tensor
    kind: Tensor
    claims: tuple[tuple[Tensor, Tensor], ...]
    own: tuple[Tensor, ...]

    def __len__(self) -> int:
        return len(self.sentence)

    def claim_tables(self, chosen: Sequence[int], codes: int) -> tuple[Tensor, Tensor]:
        """(B, codes) float32 each: what must hold for some texts, and what must not."""
        wanted, denied = torch.zeros(2, len(chosen), codes)
        for row, text in enumerate(chosen):
            must, must_not = self.claims[text]
            wanted[row, must] = 1
            denied[row, must_not] = 1
        return wanted, denied


@dataclass(frozen=True, eq=False)
class RetrievalData:
    """All of it.

    Attributes:
        atlas: the training entries; with `hold_out` the validation entries too, of which the pools have nothing.
        pool: poses.
        texts: of `KINDS`.
        known: held-out sentences of entries that are trained on.
        unseen: sentences of entries that aren't.
        facts: counts for the card.
    """

    atlas: Atlas
    pool: PosePool
    texts: TextPool
    known: tuple[HeldOut, ...]
    unseen: tuple[HeldOut, ...]
    facts: dict[str, Any]


def retrieval_data(
    folder: Path,
    mixture: RetrievalMixture,
    seed: int,
    atlas: Atlas | None = None,
    sentences: Sequence[Sentence] | None = None,
) -> RetrievalData:
    """Draws poses and texts.

    Args:
        folder: with the packed collections.
        mixture: how many of each kind.
        seed: of everything random.
        atlas: compiled; the shipped one when absent.
        sentences: about its entries; the shipped ones when absent.
    """
    whole = atlas or Atlas.load()
    training = whole.training()
    unseen = {entry.id for entry in training if mixture.hold_out and is_validation_entry(entry)}
    seen = training.only([entry for entry in training if entry.id not in unseen])
    held = {entry.id: validation_descriptions(entry) if mixture.hold_out else () for entry in seen}
    names = NameSearch([*whole.testing(), *(entry for entry in training if entry.id in unseen)])
    written = [text for entry in seen for text in entry_texts(entry, training.places[entry.id], held[entry.id], names)]
    # Writers of these never saw what is kept for testing, but a search of two words may well be the same.
    kept = {plain_words(one.text) for entry in whole for one in _kept_for_testing(whole, entry)}
    kept |= {plain_words(one.text) for several in held.values() for one in several}
    more = by_entry(read_sentences() if sentences is None else sentences)
    written += [
        Text(one.text, "sentences", entry.claims, training.places[entry.id])
        for entry in seen
        for one in more.get(entry.id, ())
        if plain_words(one.text) not in kept and not names.found_in(one.text)
    ]
    generator = torch.Generator().manual_seed(seed)
    phrases = [text for text in phrase_texts(shipped_phrasebook()) if not names.found_in(text.text)]
    drawn = torch.randperm(len(phrases), generator=generator)[: mixture.phrases]
    written += [phrases[number] for number in drawn.sort().values.tolist()]
    describer = Describer()
    poses, entry, clip, about = _poses(folder, mixture, training, seen, generator)
    told = _captions(describer, poses, entry, mixture, generator)
    clips = [Text(text, "clips", (), number) for number, text in enumerate(about) if text]
    pool = _pool(describer, poses, entry, clip, [*written, *told])
    texts = _texts([*written, *told, *clips], pool)
    kinds, counts = torch.unique(texts.kind, return_counts=True)
    facts: dict[str, Any] = {
        "poses": len(pool),
        "of recordings": int((clip >= 0).sum()),
        "of entries": int((entry >= 0).sum()),
        "entries": len(seen),
        "sentences": len(texts.sentences),
        "texts": {KINDS[kind]: count for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)},
    }
    return RetrievalData(
        training,
        pool,
        texts,
        tuple(HeldOut(one.voice, one.text, training.places[key]) for key, several in held.items() for one in several),
        tuple(
            HeldOut(one.voice, one.text, training.places[entry.id])
            for entry in training
            if entry.id in unseen
            for one in entry.training_descriptions()
        ),
        facts,
    )


def _kept_for_testing(atlas: Atlas, entry: Entry) -> tuple[Description, ...]:
    return entry.descriptions if entry.id in atlas.test_ids else entry.test_descriptions()


def recorded(folder: Path, split: Split, limit: int | None = None) -> tuple[Pose, list[str]]:
    """Poses of the recordings of a split, each with the description of its recording; the most diverse first."""
    parts, about = [], []
    for name in COLLECTIONS:
        packed = PackedPoses(folder / name)
        rows = packed.rows(split)[:limit]
        if len(rows):
            parts.append(packed.pose(rows))
            about += packed.descriptions(rows)
    return (concatenate_poses(parts) if parts else Pose.identity((0,))), about


def _poses(
    folder: Path, mixture: RetrievalMixture, training: Atlas, seen: Atlas, generator: torch.Generator
) -> tuple[Pose, Tensor, Tensor, list[str]]:
    """Poses, their entries, the numbers of their recordings' descriptions, and these descriptions."""
    real, descriptions = recorded(folder, "train", mixture.real)
    about = list(dict.fromkeys(descriptions))
    number = {text: place for place, text in enumerate(about)}
    places = torch.tensor([training.places[entry.id] for entry in seen])
    varied = Varier(seen).draw(mixture.variations * len(seen), generator, blends=0.0)
    back = torch.where(varied.mirrored[:, None, None, None], varied.poses.mirror().local_rotations,
                       varied.poses.local_rotations)  # fmt: skip
    parts = [
        seen.poses,
        Pose.from_rotations(back),
        real,
        Pose.from_rotations(exchanged_limbs(real.local_rotations, mixture.mixed, generator)),
        jittered_postures(mixture.postures, generator),
    ]
    poses = concatenate_poses([Pose.from_rotations(part.local_rotations).without_heading() for part in parts])
    entry, clip = torch.full((2, len(poses)), -1, dtype=torch.long)
    count = len(seen) + len(back)
    entry[:count] = torch.cat([places, places[varied.entry]])
    clip[count : count + len(real)] = torch.tensor([number[text] for text in descriptions], dtype=torch.long)
    return poses, entry, clip, about


def _captions(
    describer: Describer, poses: Pose, entry: Tensor, mixture: RetrievalMixture, generator: torch.Generator
) -> list[Text]:
    """Half about variations of entries, half about the other poses."""
    told = []
    for kind, counts in (("spoken", mixture.spoken), ("captions", mixture.captions)):
        for rows in ((entry >= 0).nonzero()[:, 0], (entry < 0).nonzero()[:, 0]):
            half = CaptionCounts(*(count // 2 for _, count in counts))
            told += list(caption_texts(describer, poses, rows, half, kind, generator)) if len(rows) else []
    return told


def claimed_codes(claims: Sequence[Statement]) -> tuple[Posecode, ...]:
    """All posecodes, and the ranges that are claimed or whose mirror image is."""
    ranges = [claim for claim in claims if claim.code.family == "range"]
    # The mirror image of a mirror image may be written otherwise ("0.." for "0.0..").
    both = [one.mirrored() for one in ranges]
    return (*all_posecodes(), *dict.fromkeys(one.code for one in (*ranges, *both, *(one.mirrored() for one in both))))


def _pool(describer: Describer, poses: Pose, entry: Tensor, clip: Tensor, texts: Sequence[Text]) -> PosePool:
    codes = claimed_codes([claim for text in texts for claim in text.claims])
    holds, features = measured(describer, poses, codes)
    return PosePool(poses, features, holds, codes, twins_of(codes), entry, clip)


def measured(describer: Describer, poses: Pose, codes: tuple[Posecode, ...]) -> tuple[Tensor, Tensor]:
    """(N, C) what holds of poses, and (N, F) their features in half precision."""
    measure = PoseFeatures(describer.body)
    holds, rows = [], []
    for start in range(0, len(poses), _CHUNK):
        part = poses[start : start + _CHUNK]
        points, gaps = describer.measure(part)
        holds.append(extract(points, codes, gaps).holds)
        rows.append(measure.of_measured(part.local_rotations, points, gaps).half())
    return torch.cat(holds), torch.cat(rows)


def twins_of(codes: Sequence[Posecode]) -> Tensor:
    """(C,) column of each code's mirror image."""
    column = {code: number for number, code in enumerate(codes)}
    return torch.tensor([column[Statement(code).mirrored().code] for code in codes])


def _texts(texts: Sequence[Text], pool: PosePool) -> TextPool:
    """Texts as numbers; those that no pose of the pool is right for are left out."""
    column = {code: number for number, code in enumerate(pool.codes)}
    by_entry = _rows_by(pool.entry)
    by_clip = _rows_by(pool.clip)
    numbers: dict[str, int] = {}
    rows: list[tuple[int, int, int]] = []
    claims: list[tuple[Tensor, Tensor]] = []
    own: list[Tensor] = []
    for text in texts:
        must = torch.tensor([column[one.code] for one in text.claims if not one.negated], dtype=torch.long)
        must_not = torch.tensor([column[one.code] for one in text.claims if one.negated], dtype=torch.long)
        if text.kind == "phrases":
            found = pool.holds[:, must].all(1) & ~pool.holds[:, must_not].any(1)
            mine = found.nonzero()[:, 0].int()
        elif text.kind in ("spoken", "captions"):
            mine = torch.tensor([text.group], dtype=torch.int32)
        else:
            mine = (by_clip if text.kind == "clips" else by_entry).get(text.group, torch.zeros(0, dtype=torch.int32))
        if not len(mine):
            continue
        sentence = numbers.setdefault(text.text, len(numbers))
        exchanged = numbers.setdefault(exchange_words(text.text), len(numbers))
        rows.append((sentence, exchanged, KINDS.index(text.kind)))
        claims.append((must, must_not))
        own.append(mine)
    sentence, exchanged, kind = torch.from_numpy(np.array(rows, dtype=np.int64).reshape(-1, 3)).T
    return TextPool(tuple(numbers), sentence, exchanged, kind, tuple(claims), tuple(own))


def _rows_by(group: Tensor) -> dict[int, Tensor]:
    order = torch.argsort(group, stable=True)
    values, counts = torch.unique_consecutive(group[order], return_counts=True)
    parts = order.int().split(counts.tolist())
    return {value: part for value, part in zip(values.tolist(), parts, strict=True) if value >= 0}
