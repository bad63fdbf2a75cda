"""Samples as chatpose-nano's trainers take them: numbered words, statements and codes, in batches of like length."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chatpose.corpus.samples.claims import mirrored_claim
from chatpose.corpus.samples.postures import posture_columns
from chatpose.corpus.samples.samples import SPLITS, Samples, mirrored_codes
from chatpose.language.nano.modeling import PLACES, TextInputs, side_words
from chatpose.language.nano.rows import BEGIN, END, Places
from chatpose.language.nano.text_states import TextStates
from chatpose.language.nano.words import claim_place
from chatpose.posecodes.definitions import all_posecodes
from chatpose.train.nano_settings import NanoTraining
from chatpose.train.nano_states import StateStore, Words

ASKING = (
    "What pose is this?",
    "Describe this pose.",
    "What is the person doing?",
    "Say what holds of this pose.",
)
MAX_PLAN = 14
MAX_WORDS = 60
"""Of a text in training; longer ones are cut."""
MAX_DRAWN = 7
"""Statements of a plan that is drawn from what holds of a pose."""
RARITY = 0.6
"""Power of a statement's rarity by which it is drawn."""
_NO_RUN = -1
_NONE = np.iinfo(np.int16).min


@dataclass(eq=False)
class Batch:
    """Rows, ready for the model; B of them.

    Attributes:
        rows: (B,) their numbers.
        flipped: (B,) which are shown as their mirror image.
        text: words of the prompts; None where there are none.
        shown: (B, P) places in the table of pose tokens that prompts show.
        shown_segments: (B, P).
        shown_mask: (B, P).
        plans: (B, S) places of the plan's statements, the posture first; END where it is over.
        plan_mask: (B, S) which are statements.
        claims: (B, S) the same as numbers of statements.
        codes: (B, 12).
    """

    rows: NDArray[np.int64]
    flipped: NDArray[np.bool_]
    text: TextInputs | None
    shown: Tensor
    shown_segments: Tensor
    shown_mask: Tensor
    plans: Tensor
    plan_mask: Tensor
    claims: Tensor
    codes: Tensor

    def __len__(self) -> int:
        return len(self.rows)


class NanoData:
    """Samples with their states.

    Args:
        samples: all rows.
        places: in the table of rows.
        settings: of the training.
        work: where states are kept.
        device: of the batches.
        tokenizer: of the base.
        texts: makes states.
    """

    def __init__(
        self,
        samples: Samples,
        places: Places,
        settings: NanoTraining,
        work: Path | None,
        device: torch.device,
        tokenizer: Any,
        texts: TextStates,
    ) -> None:
        self.samples, self.places, self.settings, self.device = samples, places, settings, device
        self._number: dict[Words, int] = {}
        signs: list[NDArray[np.int8]] = []
        sides = side_words()

        def numbered(words: list[str]) -> tuple[NDArray[np.int64], list[NDArray[np.int8]]]:
            told = tokenizer(words, add_special_tokens=False)["input_ids"] if words else []
            numbers, signed = np.empty(len(words), np.int64), []
            for at, ids in enumerate(told):
                neutral, sign = sides.read(ids[:MAX_WORDS] or [100])
                numbers[at] = self._number.setdefault(tuple(neutral), len(self._number))
                signed.append(sign)
            return numbers, signed

        self.train_rows, self.held_out = chosen_rows(samples, settings)
        used = np.unique(np.asarray(samples.text)[np.concatenate([self.train_rows, *self.held_out.values()])])
        self.text_run = np.full(len(samples.texts), _NO_RUN)
        self.text_run[used], signs = numbered([samples.texts[at] for at in used])
        self.text_signs = dict(zip(used.tolist(), signs, strict=True))
        self.names = [one.names[:4] for one in samples.contexts]
        flat = [name for names in self.names for name in names]
        name_runs, name_signs = numbered(flat)
        self.name_first = np.cumsum([0, *map(len, self.names)])
        self.name_run, self.name_signs = name_runs, name_signs
        self.ask_run, self.ask_signs = numbered(list(ASKING))
        self.states = StateStore(list(self._number), work, texts)
        self._plans()

    def _plans(self) -> None:
        """Plans of all rows as numbers, the posture first."""
        samples = self.samples
        rows = len(samples)
        self.claims = np.full((rows, MAX_PLAN), _NONE, np.int16)
        self.plan_counts = np.zeros(rows, np.int64)
        columns = posture_columns()
        whole_body = {at for several in columns for at in several}
        self._whole_body = np.array(sorted(whole_body))
        often = samples.holds(self.train_rows[:: max(len(self.train_rows) // 4000, 1)]).mean(0)
        self._log_rarity = -RARITY * np.log(np.maximum(often, 1e-3))
        holds = samples.arrays["pose_holds"]
        pose = np.asarray(samples.pose)
        posture = np.asarray(samples.posture)
        first: dict[int, dict[int, int]] = {}
        for row in range(rows):
            plan = list(samples.plan(row))
            among = columns[posture[row]]
            said = [claim for claim in plan if claim in whole_body]
            if said:
                body = said[0]
            else:
                known = first.setdefault(int(pose[row]), {})
                if -1 not in known:
                    bits = np.unpackbits(holds[pose[row]], count=len(samples.head.codes))
                    known[-1] = next((at for at in reversed(among) if bits[at]), _NONE)
                body = known[-1]
            whole = ([] if body == _NONE else [body]) + [claim for claim in dict.fromkeys(plan) if claim != body]
            whole = whole[:MAX_PLAN]
            self.claims[row, : len(whole)] = whole
            self.plan_counts[row] = len(whole)

    @property
    def runs(self) -> int:
        """How many texts have states."""
        return len(self._number)

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What rows are sorted by."""
        return self.states.counts[self.text_run[self.samples.text[rows]]] + 2 * self.plan_counts[rows]

    # --- batches -------------------------------------------------------------------------------------------------

    def batch(
        self,
        rows: NDArray[np.int64],
        rng: np.random.Generator,
        *,
        flip: bool = True,
        context: float | None = None,
        pose_shown: bool = False,
    ) -> Batch:
        """Rows as a batch.

        Args:
            rows: their numbers.
            rng: draws mirror images, names, and who sees entries.
            flip: half of them as their mirror images.
            context: share of rows that see entries nearby; as the settings say when None.
            pose_shown: prompts show the row's own pose and ask what it is, instead of the text.
        """
        flipped = rng.random(len(rows)) < 0.5 if flip else np.zeros(len(rows), bool)
        share = self.settings.context_share if context is None else context
        entries = np.where(rng.random(len(rows))[:, None] < share, self.samples.context[rows], -1)
        if pose_shown:
            entries = np.full_like(entries, -1)
        codes = self._codes(self.samples.codes[rows], flipped)
        text = self._text(rows, flipped, entries, rng, pose_shown)
        shown, segments, mask = self._shown(entries, flipped, codes if pose_shown else None)
        plans, plan_mask, claims = self._plan(rows, flipped)
        device = self.device
        moved = [one.to(device) for one in (shown, segments, mask, plans, plan_mask, claims, torch.from_numpy(codes))]
        return Batch(rows, flipped, text, *moved)

    def wordless(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        """Rows with nothing to read and statements drawn from all that holds of their poses, the posture first.

        Args:
            rows: their numbers.
            rng: draws statements and mirror images.
        """
        flipped = rng.random(len(rows)) < 0.5
        holds = self.samples.holds(rows)
        counts = rng.integers(1, MAX_DRAWN + 1, len(rows))
        # Gumbel's trick: the largest of log weight + noise are a draw without replacement.
        keys = np.where(holds, self._log_rarity + rng.gumbel(size=holds.shape), -np.inf)
        order = np.argpartition(-keys, MAX_DRAWN, 1)[:, :MAX_DRAWN]
        order = np.take_along_axis(order, np.argsort(-np.take_along_axis(keys, order, 1), 1), 1)
        there = np.isfinite(np.take_along_axis(keys, order, 1)) & (np.arange(MAX_DRAWN) < counts[:, None])
        body = self.claims[rows, :1].astype(np.int64)
        body = np.where(np.isin(body, self._whole_body), body, _NONE)
        drawn = np.concatenate([body, np.where(there & (order != body), order, _NONE)], 1)
        drawn = np.take_along_axis(drawn, np.argsort(drawn == _NONE, 1, kind="stable"), 1)
        drawn = drawn[:, : int((drawn != _NONE).sum(1).max())]
        codes = self._codes(self.samples.codes[rows], flipped)
        nothing = torch.zeros(len(rows), 0, dtype=torch.long)
        plans, mask, claims = self._told(drawn, flipped)
        tensors = (nothing, nothing, nothing.bool(), plans, mask, claims, torch.from_numpy(codes))
        return Batch(rows, flipped, None, *(one.to(self.device) for one in tensors))

    @staticmethod
    def _codes(codes: NDArray[Any], flipped: NDArray[np.bool_]) -> NDArray[np.int64]:
        turned = flipped.reshape(-1, *[1] * (codes.ndim - 1))
        return np.where(turned, mirrored_codes(codes), codes).astype(np.int64)

    def _text(
        self,
        rows: NDArray[np.int64],
        flipped: NDArray[np.bool_],
        entries: NDArray[Any],
        rng: np.random.Generator,
        asked: bool,
    ) -> TextInputs:
        pieces: list[list[tuple[int, NDArray[np.int8], int]]] = []
        for at, row in enumerate(rows.tolist()):
            if asked:
                number = int(rng.integers(len(ASKING)))
                pieces.append([(int(self.ask_run[number]), self.ask_signs[number], 0)])
                continue
            text = int(self.samples.text[row])
            piece = [(int(self.text_run[text]), self.text_signs[text], 0)]
            for segment, entry in enumerate((one for one in entries[at].tolist() if one >= 0), 1):
                name = int(rng.integers(self.name_first[entry], self.name_first[entry + 1]))
                piece.append((int(self.name_run[name]), self.name_signs[name], segment))
            pieces.append(piece)
        return self._inputs(pieces, flipped)

    def _inputs(self, pieces: list[list[tuple[int, NDArray[np.int8], int]]], flipped: NDArray[np.bool_]) -> TextInputs:
        counts, begins = self.states.counts, self.states.begins
        longest = max(sum(int(counts[run]) for run, *_ in piece) for piece in pieces)
        shape = len(pieces), longest
        tokens, segments, places = (np.zeros(shape, np.int64) for _ in range(3))
        signs, mask = np.zeros((*shape, 2), np.float32), np.zeros(shape, bool)
        for row, piece in enumerate(pieces):
            at, turn = 0, -1 if flipped[row] else 1
            for run, sign, segment in piece:
                count = int(counts[run])
                here = slice(at, at + count)
                tokens[row, here] = np.arange(begins[run], begins[run] + count)
                segments[row, here] = segment
                places[row, here] = np.minimum(np.arange(count), PLACES - 1)
                signs[row, at + 1 : at + count] = turn * sign
                mask[row, here] = True
                at += count
        states = self.states.take(torch.from_numpy(tokens)).to(self.device)
        rest = (torch.from_numpy(one).to(self.device) for one in (signs, segments, places, mask))
        return TextInputs(states, *rest)

    def _shown(
        self, entries: NDArray[Any], flipped: NDArray[np.bool_], own: NDArray[np.int64] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Pose tokens of entries, or of the rows' own poses, with the heading straight ahead before each."""
        starts = np.array(self.places.starts)
        if own is not None:
            shown = np.concatenate([np.full((len(own), 1), self.places.heading), own + starts], 1)
            mask, segments = np.ones(shown.shape, bool), np.ones(shown.shape, np.int64)
        elif not (entries >= 0).any():
            shown = segments = np.zeros((len(entries), 0), np.int64)
            mask = shown.astype(bool)
        else:
            codes = self._codes(self.samples.context_codes[np.maximum(entries, 0)], flipped) + starts
            headed = np.concatenate([np.full((*codes.shape[:2], 1), self.places.heading), codes], 2)
            there = entries >= 0
            order = np.cumsum(there, 1) * there
            shown, each = headed.reshape(len(entries), -1), headed.shape[2]
            mask, segments = np.repeat(there, each, 1), np.repeat(order, each, 1)
        return torch.from_numpy(shown), torch.from_numpy(segments), torch.from_numpy(mask)

    def _plan(self, rows: NDArray[np.int64], flipped: NDArray[np.bool_]) -> tuple[Tensor, Tensor, Tensor]:
        longest = int(self.plan_counts[rows].max())
        return self._told(self.claims[rows, :longest].astype(np.int64), flipped)

    @staticmethod
    def _told(claims: NDArray[np.int64], flipped: NDArray[np.bool_]) -> tuple[Tensor, Tensor, Tensor]:
        """Places, which there are, and numbers of statements, mirrored where rows are."""
        tables = _tables()
        mask = claims != _NONE
        known = np.where(mask, claims, 0)
        known = np.where(flipped[:, None], tables.mirrored[known + tables.shift], known)
        places = np.where(mask, tables.place[known + tables.shift], END)
        claims = np.where(mask, known, _NONE)
        return torch.from_numpy(places), torch.from_numpy(mask), torch.from_numpy(claims)


@dataclass(frozen=True, eq=False)
class _Tables:
    """Of every statement's number, from the last denial up.

    Attributes:
        shift: place of number 0.
        place: in the table of rows.
        mirrored: number of the mirror image.
    """

    shift: int
    place: NDArray[np.int64]
    mirrored: NDArray[np.int64]


@cache
def _tables() -> _Tables:
    count = len(all_posecodes())
    numbers = range(-count, count)
    return _Tables(
        count, np.array([claim_place(one) for one in numbers]), np.array([mirrored_claim(one) for one in numbers])
    )


def chosen_rows(samples: Samples, settings: NanoTraining) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]]]:
    """Rows to learn from, of as many texts as are wanted, and some of each other split."""
    rng = np.random.default_rng(settings.seed)
    rows = samples.rows("train")
    texts = rng.permutation(np.unique(samples.text[rows]))[: settings.texts]
    rows = rows[np.isin(samples.text[rows], texts)]
    held_out = {}
    for split in SPLITS[1:]:
        held_out[split] = rng.permutation(samples.rows(split))[: settings.held_out]
    return rows, held_out


def answer_inputs(batch: Batch, places: Places) -> tuple[Tensor, Tensor]:
    """Places in the table of an answer's tokens that something follows, and which of them may be looked at.

    `<plan>`, the statements, then the heading and the codes but the last: (B, 1 + S + 12) each.
    """
    count = len(batch)
    begin = batch.plans.new_full((count, 1), BEGIN)
    heading = batch.plans.new_full((count, 1), places.heading)
    starts = batch.codes.new_tensor(places.starts)
    ids = torch.cat([begin, batch.plans, heading, batch.codes[:, :-1] + starts[:-1]], 1)
    one, no = batch.plan_mask.new_ones(count, len(places.starts) - 1), batch.plan_mask.new_zeros(count, 1)
    return ids, torch.cat([no, batch.plan_mask, no, one], 1)
