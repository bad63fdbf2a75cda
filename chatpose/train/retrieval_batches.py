"""Batches for the embedder: texts, their poses, poses that nearly meet them, and which answers are right."""

from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.retrieval.text_models import TokenStates
from chatpose.train.retrieval_data import RetrievalData
from chatpose.train.retrieval_settings import RetrievalTraining
from chatpose.train.retrieval_states import StateCache
from chatpose.train.retrieval_texts import KINDS

_GROUPS = 4
"""Stretches of like length in which sentences are read, so that little is padding."""


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's worth; the first B poses are the texts' own.

    Attributes:
        read: states of the batch's sentences, in groups of like length.
        straight: (B,) place of each text among these sentences.
        exchanged: (B,) place of the same with left and right exchanged.
        rows: (P,) poses.
        right: (B, P) whether a pose is a right answer.
        right_mirrored: (B, P) whether its mirror image is.
        wanted: (B, posecodes) what must hold for a text.
        denied: (B, posecodes) what must not.
    """

    read: tuple[TokenStates, ...]
    straight: Tensor
    exchanged: Tensor
    rows: Tensor
    right: Tensor
    right_mirrored: Tensor
    wanted: Tensor
    denied: Tensor


class Batches:
    """Draws batches.

    Args:
        settings: of the run.
        data: what is drawn from.
        cache: holds the states of all sentences.
    """

    def __init__(self, settings: RetrievalTraining, data: RetrievalData, cache: StateCache) -> None:
        self.settings, self.data, self.cache = settings, data, cache
        texts = data.texts
        self._by_kind = [(texts.kind == kind).nonzero()[:, 0] for kind in range(len(KINDS))]
        shares = [
            settings.shares.get(kind, 0.0) * bool(len(rows)) for kind, rows in zip(KINDS, self._by_kind, strict=True)
        ]
        self._shares = torch.tensor(shares) / sum(shares)
        order = torch.argsort(data.pool.entry, stable=True)
        order = order[data.pool.entry[order] >= 0]
        _, counts = torch.unique_consecutive(data.pool.entry[order], return_counts=True)
        self._entries = order.split(counts.tolist())

    def draw(self, generator: torch.Generator) -> Batch:
        """The next batch of a generator."""
        settings, texts, pool = self.settings, self.data.texts, self.data.pool
        chosen = self._texts(generator)
        own = torch.tensor([_one(texts.own[text], generator) for text in chosen.tolist()])
        wanted, denied = texts.claim_tables(chosen.tolist(), len(pool.codes))
        hard = self._hard(wanted[: settings.hard], denied[: settings.hard], generator)
        rows = torch.cat([own, hard, self._gallery(generator)])
        right, right_mirrored = self._right(chosen, own, rows, wanted, denied)
        read, straight, exchanged = self._sentences(chosen, generator)
        return Batch(read, straight, exchanged, rows, right, right_mirrored, wanted, denied)

    def _texts(self, generator: torch.Generator) -> Tensor:
        kinds = torch.multinomial(self._shares, self.settings.batch, replacement=True, generator=generator)
        return torch.stack([_pick(self._by_kind[kind], generator) for kind in kinds.tolist()])

    def _gallery(self, generator: torch.Generator) -> Tensor:
        """A variation of each of some entries."""
        places = torch.randperm(len(self._entries), generator=generator)[: self.settings.gallery]
        return torch.tensor([_one(self._entries[place], generator) for place in places.tolist()], dtype=torch.long)

    def _hard(self, wanted: Tensor, denied: Tensor, generator: torch.Generator) -> Tensor:
        """For each text that claims something the pose, of some, that breaks the fewest of its claims but not none."""
        pool = self.data.pool
        searched = torch.randint(len(pool), (self.settings.searched,), generator=generator)
        broken = _broken(wanted, denied, pool.holds[searched])
        broken = torch.where(broken > 0.5, broken, torch.inf)
        fewest, place = broken.min(1)
        return searched[place[fewest.isfinite() & (wanted.sum(1) + denied.sum(1) > 0)]]

    def _right(
        self, chosen: Tensor, own: Tensor, rows: Tensor, wanted: Tensor, denied: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(B, P) which poses, and which mirror images, are right: own ones, and those that meet all claims."""
        texts, pool = self.data.texts, self.data.pool
        claimed = (wanted.sum(1) + denied.sum(1) > 0)[:, None]
        right = (_broken(wanted, denied, pool.holds[rows]) < 0.5) & claimed
        mirrored = (_broken(wanted, denied, pool.holds[rows][:, pool.twins]) < 0.5) & claimed
        kind = texts.kind[chosen][:, None]
        of_entry = kind < KINDS.index("phrases")
        right |= of_entry & (pool.entry[own][:, None] == pool.entry[rows]) & (pool.entry[rows] >= 0)
        right |= (kind == KINDS.index("clips")) & (pool.clip[own][:, None] == pool.clip[rows]) & (pool.clip[rows] >= 0)
        right[torch.arange(len(own)), torch.arange(len(own))] = True
        free = (texts.sentence[chosen] == texts.exchanged[chosen])[:, None]
        either = right | mirrored
        return torch.where(free, either, right), torch.where(free, either, mirrored)

    def _sentences(self, chosen: Tensor, generator: torch.Generator) -> tuple[tuple[TokenStates, ...], Tensor, Tensor]:
        """States in groups, and where each text's two forms lie in the groups put together."""
        texts = self.data.texts
        distinct, place = torch.unique(
            torch.cat([texts.sentence[chosen], texts.exchanged[chosen]]), return_inverse=True
        )
        words = [texts.sentences[number] for number in distinct.tolist()]
        order = sorted(range(len(words)), key=lambda number: len(words[number]))
        size = -(-len(order) // _GROUPS)
        groups = [
            self._dropped(self.cache.states([words[number] for number in order[start : start + size]]), generator)
            for start in range(0, len(order), size)
        ]
        where = torch.empty(len(order), dtype=torch.long)
        where[torch.tensor(order)] = torch.arange(len(order))
        straight, exchanged = where[place].chunk(2)
        return tuple(groups), straight, exchanged

    def _dropped(self, found: TokenStates, generator: torch.Generator) -> TokenStates:
        """Without some tokens; the first stays."""
        kept = torch.rand(found.mask.shape, generator=generator) >= self.settings.token_dropout
        kept[:, 0] = True
        return TokenStates(found.states, found.mask & kept)


def _broken(wanted: Tensor, denied: Tensor, holds: Tensor) -> Tensor:
    """(B, P) how many claims each pose breaks."""
    used = (wanted + denied).sum(0).nonzero()[:, 0]
    wanted, denied, held = wanted[:, used], denied[:, used], holds[:, used].float()
    return wanted.sum(1, keepdim=True) + (denied - wanted) @ held.T


def _pick(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows[torch.randint(len(rows), (), generator=generator)]


def _one(rows: Tensor, generator: torch.Generator) -> int:
    return int(_pick(rows, generator))
