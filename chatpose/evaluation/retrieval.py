"""How well poses are found by words: every line of the table, for the embedder alone, search, a baseline and chance.

A hit is right when it is the sentence's own entry, or meets all of its must and must-not statements; for a sentence
that names no side the mirror image may meet them instead. Equal scores count as drawn in any order.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.evaluation.retrieval_methods import CHANCE, EMBEDDER, MINILM, PoseGallery, Ranking
from chatpose.evaluation.retrieval_recall import chance_recalls, expected_recalls
from chatpose.evaluation.retrieval_search import SEARCH
from chatpose.evaluation.retrieval_sets import KNOWN, UNSEEN, CaptionSet, NameSet, SentenceSet, SidePairs
from chatpose.posecodes.phrasebook import exchange_words
from chatpose.train.retrieval_figures import CAPTION_WORDS, DESCRIPTIVE, OBLIQUE, Gallery

MEAN = "mRecall"
SIDES = "ranked rightly"
FIRST = "first is the entry"
POSESCRIPT: dict[str, float] = {
    "T2P R@1": 58.0, "T2P R@5": 85.6, "T2P R@10": 91.6, "P2T R@1": 47.7, "P2T R@5": 78.4, "P2T R@10": 87.0, MEAN: 74.7,
}  # fmt: skip
"""PoseScript's A1: retrieval trained and tested on its automatic captions, gallery of 1,000 test poses (Delmas et al.,
PoseScript: 3D Human Poses from Natural Language, 2022)."""
CAPTIONS = f"plain captions of at most {CAPTION_WORDS} words"
POSE_TO_TEXT = "pose to text"
_OTHER_CAPTIONS = (
    "PoseScript's gallery and captions are others: AMASS poses, its own automatic captions; MiniLM reads captions of "
    "the same measurements in other wordings"
)


@dataclass(frozen=True)
class Figures:
    """One row: one way to rank, on one kind of texts.

    Attributes:
        what: kind of texts.
        method: what ranks.
        queries: how many were asked.
        gallery: among how many.
        held_out: what training didn't get.
        percent: by name.
        note: what else one has to know; may be empty.
    """

    what: str
    method: str
    queries: int
    gallery: int
    held_out: str
    percent: dict[str, float]
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """All of it; null for what there is nothing to measure of."""
        percent = {name: round(value, 2) if math.isfinite(value) else None for name, value in self.percent.items()}
        return {**vars(self), "percent": percent}


TARGETS: tuple[tuple[str, str, float], ...] = (
    (f"{KNOWN}, descriptive voices", "R@1", 65),
    (f"{KNOWN}, descriptive voices", "R@5", 90),
    (f"{UNSEEN}, descriptive voices", "R@5", 45),
    (f"{UNSEEN}, descriptive voices", "R@10", 60),
    (f"{KNOWN}, oblique voices", "R@10", 60),
    (f"{POSE_TO_TEXT}, {KNOWN}, descriptive voices", "R@5", 90),
    (CAPTIONS, MEAN, 80),
    (f"sentences with a side, {KNOWN}", SIDES, 97),
    (f"sentences with a side, {UNSEEN}", SIDES, 97),
    ("sayings with a side, generated poses", SIDES, 97),
)
"""What is to be reached."""


def sentence_figures(asked: SentenceSet, atlas: Atlas, truth: Gallery, methods: Sequence[Ranking]) -> list[Figures]:
    """Text to pose by groups of voices and by voice, and pose to text where all poses are ranked.

    Args:
        asked: sentences.
        atlas: whose entries all are the gallery.
        truth: which of them are right for which entry.
        methods: that rank.
    """
    if not asked.sentences:
        return []
    gallery = PoseGallery.of_atlas(atlas)
    texts = [one.text for one in asked.sentences]
    entries = torch.tensor([one.entry for one in asked.sentences])
    free = torch.tensor([exchange_words(text) == text for text in texts])
    right = truth.right(entries, free)
    scores = {method.name: method.scores(texts, gallery) for method in methods}
    groups = {"descriptive voices": DESCRIPTIVE, "oblique voices": OBLIQUE}
    groups |= {f"voice {voice}": (voice,) for voice in (*DESCRIPTIVE, *OBLIQUE)}
    rows: list[Figures] = []
    for name, voices in groups.items():
        chosen = torch.tensor([number for number, one in enumerate(asked.sentences) if one.voice in voices])
        if not len(chosen):
            continue
        some = {method: values[chosen] for method, values in scores.items()}
        rows += _recalled(f"{asked.what}, {name}", asked.held_out, some, right[chosen])
        if voices == DESCRIPTIVE:
            poses = torch.unique(entries[chosen])
            turned = {method: values[:, poses].T for method, values in some.items() if method != SEARCH}
            what = f"{POSE_TO_TEXT}, {asked.what}, {name}"
            rows += _recalled(what, asked.held_out, turned, right[chosen][:, poses].T)
    return rows


def _recalled(what: str, held_out: str, scores: dict[str, Tensor], right: Tensor) -> list[Figures]:
    """A row a method, and chance."""
    found = {method: expected_recalls(values, right) for method, values in scores.items()}
    found[CHANCE] = chance_recalls(right)
    queries, gallery = right.shape
    return [Figures(what, method, queries, gallery, held_out, percent) for method, percent in found.items()]


def side_figures(pairs: SidePairs, methods: Iterable[Ranking]) -> list[Figures]:
    """How often the own pose is above its mirror image for a sentence, and the mirror image for the exchanged one."""
    if not pairs.texts:
        return []
    gallery = PoseGallery(pairs.poses, pairs.names).with_mirror_images()
    rows = torch.arange(len(pairs.texts))
    own, turned = pairs.pose, pairs.pose + len(pairs.poses)
    twins = [exchange_words(text) for text in pairs.texts]
    found: dict[str, dict[str, float]] = {}
    for method in methods:
        scores, exchanged = method.scores(pairs.texts, gallery), method.scores(twins, gallery)
        first = _above(scores[rows, own], scores[rows, turned])
        second = _above(exchanged[rows, turned], exchanged[rows, own])
        found[method.name] = {
            SIDES: 100 * float((first * second).mean()),
            "one by one": 50 * float((first + second).mean()),
        }
    found[CHANCE] = {SIDES: 25.0, "one by one": 50.0}
    note = f"own pose against mirror image; {pairs.chosen}, which leaves out {pairs.left_out}"
    return [
        Figures(pairs.what, method, len(pairs.texts), 2, pairs.held_out, percent, note)
        for method, percent in found.items()
    ]


def _above(one: Tensor, other: Tensor) -> Tensor:
    """1 where it is, 0 where it isn't, a half where both are equal."""
    return 0.5 * (1 + torch.sign(one.double() - other.double()).nan_to_num(-1.0))


def caption_figures(asked: CaptionSet, names: Sequence[tuple[str, ...]], methods: Iterable[Ranking]) -> list[Figures]:
    """Both ways, with the mean of the six recalls; also where only a caption's own pose counts.

    Args:
        asked: captions and their poses.
        names: of each pose, for the baseline.
        methods: that rank.
    """
    if not asked.texts:
        return []
    gallery = PoseGallery(asked.poses, tuple(names))
    own = torch.eye(len(asked.texts), dtype=torch.bool)
    scores = {method.name: method.scores(asked.texts, gallery) for method in methods}
    scores[CHANCE] = torch.zeros(own.shape)
    rows: list[Figures] = []
    for what, right in ((CAPTIONS, asked.right), (f"{CAPTIONS}, only the own pose counts", own)):
        for method, values in scores.items():
            percent = {f"T2P {name}": value for name, value in expected_recalls(values, right).items()}
            percent |= {f"P2T {name}": value for name, value in expected_recalls(values.T, right.T).items()}
            percent[MEAN] = sum(percent.values()) / len(percent)
            rows.append(Figures(what, method, len(own), len(own), "the subjects", percent, _OTHER_CAPTIONS))
    return rows


def name_figures(asked: NameSet, atlas: Atlas, methods: Iterable[Ranking]) -> list[Figures]:
    """How often the first hit for a name is an entry that carries it; the baseline reads the canonical names only."""
    if not asked.names:
        return []
    gallery = PoseGallery.of_atlas(atlas, lambda names: names[:1])
    right = torch.zeros(len(asked.names), len(atlas), dtype=torch.bool)
    for row, (_, carriers) in enumerate(asked.names):
        right[row, list(carriers)] = True
    texts = [name for name, _ in asked.names]
    scores = {method.name: method.scores(texts, gallery) for method in methods}
    found = {method: expected_recalls(values, right, (1,)) for method, values in scores.items()}
    found[CHANCE] = chance_recalls(right, (1,))
    return [
        Figures(
            f"alternate names, {asked.what}", method, len(texts), len(atlas), asked.held_out, {FIRST: percent["R@1"]}
        )
        for method, percent in found.items()
    ]


def describe_rows(rows: Sequence[Figures]) -> list[str]:
    """For people: a heading a kind of texts, a line a method."""
    lines: list[str] = []
    for what in dict.fromkeys(row.what for row in rows):
        some = [row for row in rows if row.what == what]
        lines.append(f"{what}: {some[0].queries} among {some[0].gallery:,}; held out: {some[0].held_out}")
        lines += [f"    {some[0].note}"] if some[0].note else []
        lines += [f"    {row.method:<16}" + "".join(_cell(*one) for one in row.percent.items()) for row in some]
        if what == CAPTIONS:
            lines.append(f"    {'PoseScript A1':<16}" + "".join(_cell(*one) for one in POSESCRIPT.items()))
    return lines


def _cell(name: str, value: float) -> str:
    return f"{name} {'-':>5}   " if math.isnan(value) else f"{name} {value:5.1f}   "


def describe_targets(rows: Sequence[Figures]) -> list[str]:
    """What of the targets is reached, by the embedder alone and by search."""
    lines = []
    for what, name, wanted in TARGETS:
        for row in rows:
            if row.what == what and row.method in (EMBEDDER, SEARCH):
                value = row.percent[name]
                word = "reached" if value >= wanted else "MISSED"
                lines.append(f"{word:<9}{row.method:<10}{value:6.1f}  at least {wanted:g}  {name} of {what}")
    return lines


ABOUT = (
    f"{EMBEDDER}: its vectors alone; {SEARCH}: a library of the atlas alone, searched as a user does, where names lift "
    f"(it knows the names of all entries); {MINILM}: the sentence model over captions and all names of each pose; "
    "percent; right: the own entry, or whatever meets all its must and must-not statements"
)
"""What the rows are."""
