"""How good the embedder is on what was held out for choosing settings: never on what is kept for testing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from chatpose.atlas.compiled import Atlas
from chatpose.body.pose import Pose
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.grammar import Statement
from chatpose.posecodes.phrasebook import exchange_words
from chatpose.posecodes.posecode import Posecode
from chatpose.retrieval.embedder import PoseTextTowers
from chatpose.retrieval.halves import mirrored
from chatpose.retrieval.text_tower import TextTower
from chatpose.train.retrieval_data import RetrievalData, claimed_codes, measured, recorded, twins_of
from chatpose.train.retrieval_states import StateCache
from chatpose.train.retrieval_texts import HeldOut, short_captions

DESCRIPTIVE: tuple[str, ...] = ("coach", "illustrator", "casual", "precise", "nonnative", "question")
"""Voices that say what the body does or what it is called."""
OBLIQUE: tuple[str, ...] = ("indirect", "query")
CAPTION_WORDS = 45
CAPTION_GALLERY = 1_000
_CHUNK = 128

Embed = Callable[[Sequence[str]], Tensor]


@dataclass(frozen=True, eq=False)
class Gallery:
    """Entries to be found.

    Attributes:
        features: (N, F) of their poses.
        truth: (N, N) whether an entry's claims hold for a pose.
        truth_mirrored: (N, N) whether they hold for its mirror image.
    """

    features: Tensor
    truth: Tensor
    truth_mirrored: Tensor

    @classmethod
    def of(cls, atlas: Atlas, describer: Describer) -> "Gallery":
        """The gallery of an atlas; an entry's own pose is always right for it."""
        codes = claimed_codes([claim for entry in atlas for claim in entry.claims])
        holds, features = measured(describer, Pose.from_rotations(atlas.poses.local_rotations), codes)
        column = {code: number for number, code in enumerate(codes)}
        tables = []
        for one in (holds, holds[:, twins_of(codes)]):
            rows = [_meets(one, column, entry.claims) for entry in atlas]
            tables.append(torch.stack(rows))
        return cls(features.float(), tables[0] | torch.eye(len(atlas), dtype=torch.bool), tables[1])

    def right(self, entries: Tensor, free: Tensor) -> Tensor:
        """(S, N) which poses are right for sentences about entries; `free` are those that name no side."""
        return self.truth[entries] | (self.truth_mirrored[entries] & free[:, None])


def _meets(holds: Tensor, column: dict[Posecode, int], claims: Sequence[Statement]) -> Tensor:
    good = torch.ones(len(holds), dtype=torch.bool)
    for claim in claims:
        good &= holds[:, column[claim.code]] != claim.negated
    return good


class Validation:
    """All that is needed to measure towers again and again.

    Args:
        data: with held-out sentences and entries.
        cache: their states are taken from it.
        folder: with the packed collections, for captions of the validation subjects; none when None.
    """

    def __init__(self, data: RetrievalData, cache: StateCache, folder: Path | None = None) -> None:
        self.data, self.cache = data, cache
        describer = Describer()
        self.gallery = Gallery.of(data.atlas, describer)
        self.captions: tuple[str, ...] = ()
        if folder is not None:
            self.captions, self._caption_features, self._caption_right = _captions(folder, describer)

    def sentences(self) -> list[str]:
        """Every sentence that is read."""
        plain = [*(one.text for one in (*self.data.known, *self.data.unseen)), *self.captions]
        return list(dict.fromkeys(form for text in plain for form in (text, exchange_words(text))))

    @torch.no_grad()
    def figures(self, towers: PoseTextTowers) -> dict[str, float]:
        """Recall in percent, by what was held out and by voice."""
        poses = towers.pose(self.gallery.features)
        found: dict[str, float] = {}
        for what, held in (("known", self.data.known), ("unseen", self.data.unseen)):
            for name, voices in (("descriptive", DESCRIPTIVE), ("oblique", OBLIQUE), *((v, (v,)) for v in _VOICES)):
                found |= {
                    f"{what} {name} {key}": value for key, value in self._recalls(towers, held, voices, poses).items()
                }
        if self.captions:
            found |= self._caption_figures(towers)
        return found

    def embed(self, towers: PoseTextTowers, texts: Sequence[str]) -> Tensor:
        """(N, D) vectors of sentences whose states are known."""
        distinct = sorted({form for text in texts for form in (text, exchange_words(text))}, key=lambda t: (len(t), t))
        place = {text: number for number, text in enumerate(distinct)}
        read = torch.cat(
            [towers.text.read(*self.cache.states(distinct[at : at + _CHUNK])) for at in range(0, len(distinct), _CHUNK)]
        )
        straight = torch.tensor([place[text] for text in texts])
        return TextTower.vectors(read, straight, torch.tensor([place[exchange_words(text)] for text in texts]))

    def _recalls(
        self, towers: PoseTextTowers, held: Sequence[HeldOut], voices: Sequence[str], poses: Tensor
    ) -> dict[str, float]:
        chosen = [one for one in held if one.voice in voices]
        if not chosen:
            return {}
        entries = torch.tensor([one.entry for one in chosen])
        free = torch.tensor([exchange_words(one.text) == one.text for one in chosen])
        texts = self.embed(towers, [one.text for one in chosen])
        scores = texts @ poses.T
        right = self.gallery.right(entries, free)
        found = {f"R@{k}": value for k, value in recalls(scores, right).items()}
        asked = torch.unique(entries)
        found |= {f"P2T R@{k}": v for k, v in recalls(scores[:, asked].T, right[:, asked].T).items()}
        sided = ~free
        if sided.any():
            own, other = scores, texts @ mirrored(poses).T
            place = torch.arange(len(chosen))[sided], entries[sided]
            found["sides"] = 100 * float((own[place] > other[place]).float().mean())
        return found

    def _caption_figures(self, towers: PoseTextTowers) -> dict[str, float]:
        scores = self.embed(towers, self.captions) @ towers.pose(self._caption_features).T
        found = {f"captions T2P R@{k}": v for k, v in recalls(scores, self._caption_right).items()}
        found |= {f"captions P2T R@{k}": v for k, v in recalls(scores.T, self._caption_right.T).items()}
        own = torch.eye(len(scores), dtype=torch.bool)
        strict = [*recalls(scores, own).values(), *recalls(scores.T, own).values()]
        mean = sum(found.values()) / len(found)
        return found | {"captions mRecall": mean, "captions mRecall, own pose only": sum(strict) / len(strict)}


_VOICES = (*DESCRIPTIVE, *OBLIQUE)


def recalls(scores: Tensor, right: Tensor, at: Sequence[int] = (1, 5, 10)) -> dict[int, float]:
    """Percent of rows of which a right column is among the first k."""
    order = scores.argsort(1, descending=True)[:, : max(at)]
    hits = right.gather(1, order)
    return {k: 100 * float(hits[:, :k].any(1).float().mean()) for k in at}


def summary(figures: dict[str, float]) -> str:
    """The figures that settings are chosen by, in one line."""
    asked = {
        "known": ("known descriptive R@1", "known descriptive R@5"),
        "oblique R@10": ("known oblique R@10",),
        "P2T R@5": ("known descriptive P2T R@5",),
        "unseen": ("unseen descriptive R@5", "unseen descriptive R@10"),
        "captions": ("captions mRecall", "captions mRecall, own pose only"),
        "sides": ("known descriptive sides",),
    }
    return "; ".join(
        f"{name} {'/'.join(f'{figures[key]:.1f}' for key in keys)}"
        for name, keys in asked.items()
        if all(key in figures for key in keys)
    )


def _captions(folder: Path, describer: Describer) -> tuple[tuple[str, ...], Tensor, Tensor]:
    """Captions of poses of the validation subjects, these poses' features, and which of them meet which caption."""
    poses, _ = recorded(folder, "validation")
    told = short_captions(describer.extract(poses), CAPTION_WORDS)
    rows = [row for row, said in enumerate(told) if said is not None][:CAPTION_GALLERY]
    kept = [said for said in told if said is not None][:CAPTION_GALLERY]
    codes = claimed_codes(())
    column = {code: number for number, code in enumerate(codes)}
    holds, features = measured(describer, poses[torch.tensor(rows, dtype=torch.long)], codes)
    right = torch.stack([holds[:, [column[code] for code in said.statements]].all(1) for said in kept])
    return tuple(said.text for said in kept), features.float(), right
