"""What the embedder is measured on: sentences, wordings and captions that it wasn't trained on."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.entry import Entry
from chatpose.body.pose import Pose, concatenate_poses
from chatpose.corpus.random_poses import jittered_postures, limit_poses
from chatpose.posecodes.captioning import Caption
from chatpose.posecodes.definitions import posecodes_by_name
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import extract
from chatpose.posecodes.phrasebook import Phrasebook, Saying, exchange_words
from chatpose.posecodes.posecode import Posecode
from chatpose.train.retrieval_data import claimed_codes, twins_of
from chatpose.train.retrieval_figures import CAPTION_GALLERY, CAPTION_WORDS, Gallery
from chatpose.train.retrieval_texts import HeldOut, is_validation_entry, short_captions, validation_descriptions

Split = Literal["validation", "test"]

KNOWN, UNSEEN = "entries known", "entries never seen"
GENERATED = 6_000
"""Poses among which the phrasebook's sayings find one that they are true of."""
MOST_SAYINGS = 1_600
"""More than are held out for testing; of the training wordings that validation takes instead, so many."""
SEED = 0
_POSES_AT_ONCE = 512
_BOTH_SIDES = re.compile(r"\b(?:left\W+(?:and|or|to)\W+right|right\W+(?:and|or|to)\W+left)\b", re.IGNORECASE)


@dataclass(frozen=True)
class SentenceSet:
    """Sentences about entries.

    Attributes:
        what: `KNOWN` or `UNSEEN`.
        held_out: what training didn't get.
        sentences: with the places of their entries in the whole atlas.
    """

    what: str
    held_out: str
    sentences: tuple[HeldOut, ...]


def sentence_sets(atlas: Atlas, split: Split) -> tuple[SentenceSet, SentenceSet]:
    """Held-out sentences about entries that are trained on, and sentences about entries that aren't.

    Of the validation entries only training descriptions are taken: the others are for testing, once the settings are
    chosen and these entries are trained on.
    """
    training = atlas.training().entries
    if split == "test":
        known = [(entry, entry.test_descriptions()) for entry in training]
        unseen = [(entry, entry.descriptions) for entry in atlas.testing()]
        told = ("the first sentence of two voices of each entry", "the test entries, their names and all sentences")
    else:
        chosen = [entry for entry in training if is_validation_entry(entry)]
        known = [(entry, validation_descriptions(entry)) for entry in training if not is_validation_entry(entry)]
        unseen = [(entry, entry.training_descriptions()) for entry in chosen]
        told = ("a sentence of each entry", "the validation entries, their names and all sentences")
    return tuple(
        SentenceSet(
            what,
            held_out,
            tuple(HeldOut(one.voice, one.text, atlas.places[entry.id]) for entry, several in rows for one in several),
        )
        for what, held_out, rows in zip((KNOWN, UNSEEN), told, (known, unseen), strict=True)
    )  # pyright: ignore[reportReturnType]


@dataclass(frozen=True, eq=False)
class SidePairs:
    """Sentences that name a side, each with a pose that it is true of and whose mirror image it isn't true of.

    Attributes:
        what: kind of sentences.
        held_out: what training didn't get.
        chosen: which sentences these are.
        texts: S.
        poses: (P,) distinct ones.
        names: of each pose.
        pose: (S,) row of each sentence's pose.
        left_out: how many others that name a side no such pose was found for.
    """

    what: str
    held_out: str
    chosen: str
    texts: tuple[str, ...]
    poses: Pose
    names: tuple[tuple[str, ...], ...]
    pose: Tensor
    left_out: int


def names_a_side(text: str) -> bool:
    """Whether exchanging left and right makes another sentence; "left and right" is no side."""
    rest = _BOTH_SIDES.sub(" ", text)
    return exchange_words(rest) != rest


def entry_pairs(atlas: Atlas, truth: Gallery, sentences: SentenceSet) -> SidePairs:
    """Of entries whose statements hold for their pose but not for its mirror image."""
    sided = [one for one in sentences.sentences if names_a_side(one.text)]
    one_sided = ~truth.truth_mirrored.diagonal()
    kept = [one for one in sided if one_sided[one.entry]]
    places = sorted({one.entry for one in kept})
    row = {place: number for number, place in enumerate(places)}
    rotations = atlas.poses.local_rotations[torch.tensor(places, dtype=torch.long)]
    return SidePairs(
        f"sentences with a side, {sentences.what}",
        sentences.held_out,
        "of entries whose statements hold for their pose and not for its mirror image",
        tuple(one.text for one in kept),
        Pose.from_rotations(rotations),
        tuple(atlas.entries[place].names for place in places),
        torch.tensor([row[one.entry] for one in kept], dtype=torch.long),
        len(sided) - len(kept),
    )


def saying_pairs(book: Phrasebook, describer: Describer, split: Split, generated: int = GENERATED) -> SidePairs:
    """Of the phrasebook, on generated poses: anywhere in the limits of joints, and around hand-made postures.

    On validation there is nothing held out, and training wordings take the place of those for testing.
    """
    sided = [saying for saying in _filled(book, for_test=split == "test") if names_a_side(saying.text)]
    sayings = sorted(sided, key=lambda saying: _number(saying.text))[:MOST_SAYINGS]
    generator = torch.Generator().manual_seed(SEED)
    poses = concatenate_poses(
        [jittered_postures(generated - generated // 2, generator), limit_poses(generated // 2, generator)]
    )
    poses = Pose.from_rotations(poses.local_rotations).without_heading()
    claims = [saying.statements() for saying in sayings]
    codes = claimed_codes([claim for several in claims for claim in several])
    holds = _holds(describer, poses, codes)
    turned = holds[:, twins_of(codes)]
    column = {code: number for number, code in enumerate(codes)}
    texts, rows = [], []
    for saying, several in zip(sayings, claims, strict=True):
        columns = [column[claim.code] for claim in several]
        wanted = torch.tensor([not claim.negated for claim in several])
        here = (holds[:, columns] == wanted).all(1) & ~(turned[:, columns] == wanted).all(1)
        if found := here.nonzero()[:, 0].tolist():
            texts.append(saying.text)
            rows.append(found[_number(saying.text) % len(found)])
    chosen = sorted(set(rows))
    place = {row: number for number, row in enumerate(chosen)}
    return SidePairs(
        "sayings with a side, generated poses",
        "a fifth of the phrasebook's wordings" if split == "test" else "nothing: wordings of training",
        "each with a pose drawn from those that it is true of and whose mirror image it isn't",
        tuple(texts),
        poses[torch.tensor(chosen, dtype=torch.long)],
        ((),) * len(chosen),
        torch.tensor([place[row] for row in rows], dtype=torch.long),
        len(sayings) - len(texts),
    )


def _filled(book: Phrasebook, *, for_test: bool) -> Iterator[Saying]:
    """Wordings of statements; a pattern is filled in with one of its parts."""
    for number, saying in enumerate(book.sayings):
        if saying.for_test != for_test:
            continue
        pattern = next((line for line in saying.means if "{part}" in line), None)
        if pattern is None:
            yield saying
            continue
        known = posecodes_by_name()
        parts = [part for part in book.parts if pattern.removeprefix("not: ").replace("{part}", part) in known]
        if parts:
            part = parts[number % len(parts)]
            words = book.calls(part)
            yield saying.about(part, words[number % len(words)])


def _holds(describer: Describer, poses: Pose, codes: tuple[Posecode, ...]) -> Tensor:
    parts = []
    for start in range(0, len(poses), _POSES_AT_ONCE):
        points, gaps = describer.measure(poses[start : start + _POSES_AT_ONCE])
        parts.append(extract(points, codes, gaps).holds)
    return torch.cat(parts)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


@dataclass(frozen=True, eq=False)
class CaptionSet:
    """Plain captions of poses, which are the gallery.

    Attributes:
        texts: of each pose.
        poses: (N,).
        right: (N, N) whether a pose meets all that a caption says.
    """

    texts: tuple[str, ...]
    poses: Pose
    right: Tensor


def caption_set(
    poses: Pose, describer: Describer, count: int = CAPTION_GALLERY, words: int = CAPTION_WORDS
) -> CaptionSet:
    """The first poses that a plain caption of at most so many words can be made of."""
    kept: list[Caption] = []
    rows: list[int] = []
    for start in range(0, len(poses), _POSES_AT_ONCE):
        told = short_captions(describer.extract(poses[start : start + _POSES_AT_ONCE]), words)
        for row, said in enumerate(told, start):
            if said is not None and len(kept) < count:
                kept.append(said)
                rows.append(row)
        if len(kept) == count:
            break
    chosen = poses[torch.tensor(rows, dtype=torch.long)]
    codes = claimed_codes(())
    column = {code: number for number, code in enumerate(codes)}
    holds = _holds(describer, chosen, codes) if rows else torch.zeros(0, len(codes), dtype=torch.bool)
    right = [holds[:, [column[code] for code in said.statements]].all(1) for said in kept]
    return CaptionSet(
        tuple(said.text for said in kept), chosen, torch.stack(right) if right else torch.zeros(0, 0).bool()
    )


@dataclass(frozen=True)
class NameSet:
    """Names of entries that have several.

    Attributes:
        what: `KNOWN` or `UNSEEN`.
        held_out: what training didn't get.
        names: every name but the first, with the places of the entries that carry it.
    """

    what: str
    held_out: str
    names: tuple[tuple[str, tuple[int, ...]], ...]


def name_sets(atlas: Atlas, split: Split) -> tuple[NameSet, ...]:
    """Alternate names of entries that are trained on, and of those that aren't."""

    def unseen(entry: Entry) -> bool:
        return entry.id in atlas.test_ids if split == "test" else is_validation_entry(entry)

    carriers: dict[str, list[int]] = {}
    for place, entry in enumerate(atlas):
        for name in dict.fromkeys(one.lower() for one in entry.names):
            carriers.setdefault(name, []).append(place)
    entries = [entry for entry in atlas if split == "test" or entry.id not in atlas.test_ids]
    told = {KNOWN: "nothing: training has the names", UNSEEN: "the names"}
    return tuple(
        NameSet(
            what,
            held_out,
            tuple(
                (name, tuple(carriers[name.lower()]))
                for entry in entries
                if unseen(entry) == (what == UNSEEN)
                for name in entry.names[1:]
            ),
        )
        for what, held_out in told.items()
    )
