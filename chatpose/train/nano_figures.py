"""How well chatpose-nano reads and poses, on rows that it hasn't learned from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chatpose.corpus.samples.claims import mirrored_claim
from chatpose.corpus.samples.postures import POSTURES, posture_columns, postures_of
from chatpose.language.nano.modeling import NanoModel
from chatpose.language.nano.rows import Places
from chatpose.language.nano.sampling import Draw, write_plans, write_poses
from chatpose.posecodes.definitions import all_posecodes
from chatpose.train.nano_data import Batch, NanoData
from chatpose.train.nano_reward import Measure
from chatpose.train.nano_steps import read_batch

UPRIGHT = ("standing", "on one leg")
CHUNK = 100
GREEDY, WARM = Draw(temperature=0.0), Draw()


@dataclass
class Tally:
    """Counts of one split."""

    found: int = 0
    written: int = 0
    told: int = 0
    body: int = 0
    rows: int = 0
    silent: int = 0
    upright: int = 0
    upright_truth: int = 0
    upright_plan: int = 0

    def shares(self) -> dict[str, float]:
        """Precision and recall of plans without the posture, the posture's accuracy, and who stands."""
        shares = {
            "plan precision": self.found / max(self.written, 1),
            "plan recall": self.found / max(self.told, 1),
            "posture": self.body / max(self.rows, 1),
        }
        if self.silent:
            shares |= {
                "upright unsaid": self.upright / self.silent,
                "upright unsaid, planned": self.upright_plan / self.silent,
                "upright unsaid, true poses": self.upright_truth / self.silent,
            }
        return shares


def figures(
    model: NanoModel,
    table: Tensor,
    places: Places,
    data: NanoData,
    measure: Measure | None,
    *,
    rows: int = 300,
    names: tuple[str, ...] = ("val", "val_wording", "val_entry"),
) -> dict[str, dict[str, float]]:
    """Figures by split.

    Args:
        model: reader and decoder.
        table: of rows.
        places: in it.
        data: with held-out rows.
        measure: of statements; without it plans alone are judged.
        rows: of each split, at most.
        names: of the splits.
    """
    was = model.training
    model.eval()
    try:
        return {
            name: _split(model, table, places, data, measure, data.held_out[name][:rows])
            for name in names
            if len(data.held_out[name])
        }
    finally:
        model.train(was)


@torch.no_grad()
def _split(
    model: NanoModel, table: Tensor, places: Places, data: NanoData, measure: Measure | None, rows: NDArray[np.int64]
) -> dict[str, float]:
    tally = Tally()
    held: dict[str, list[Tensor]] = {}
    swaps: dict[str, list[int]] = {}
    rng = np.random.default_rng(0)
    for start in range(0, len(rows), CHUNK):
        batch = data.batch(rows[start : start + CHUNK], rng, flip=False)
        read = read_batch(model, table, batch, 0.0)
        plans = write_plans(model, table, read, GREEDY)
        _judge_plans(tally, plans, batch)
        if measure is None:
            continue
        own = [tuple(one for one, known in zip(*pair, strict=True) if known) for pair in _pairs(batch)]
        for name, several, how in (
            ("greedy", plans, GREEDY),
            ("sampled", plans, WARM),
            ("true plan, greedy", own, GREEDY),
            ("true plan, sampled", own, WARM),
        ):
            codes = write_poses(model, table, places, read, several, how)
            holds = measure.holds(measure.rotations(codes))
            said, known = _said(data, batch)
            good, judged = measure.told(holds, said, known)
            held.setdefault(name, []).append(torch.stack([good.sum(1), judged.sum(1)], 1))
            _count_swaps(swaps.setdefault(name, [0, 0]), measure, holds, said, known & _with_sides(data, batch))
            if name == "greedy":
                _count_upright(tally, plans, holds, measure, data, batch)
    shares = tally.shares()
    for name, parts in held.items():
        counts = torch.cat(parts).double()
        counts = counts[counts[:, 1] > 0]
        shares[f"statements, {name}"] = float(counts[:, 0].sum() / counts[:, 1].sum().clamp_min(1))
        shares[f"whole, {name}"] = float((counts[:, 0] == counts[:, 1]).double().mean())
        wrong, right = swaps[name]
        shares[f"swapped, {name}"] = wrong / max(wrong + right, 1)
    return shares


def _pairs(batch: Batch) -> list[tuple[list[int], list[bool]]]:
    return list(zip(batch.claims.tolist(), batch.plan_mask.tolist(), strict=True))


def _judge_plans(tally: Tally, plans: list[tuple[int, ...]], batch: Batch) -> None:
    body = {at for several in posture_columns() for at in several}
    for plan, (claims, known) in zip(plans, _pairs(batch), strict=True):
        true = [claim for claim, there in zip(claims, known, strict=True) if there]
        tally.rows += 1
        tally.body += {one for one in plan[:1] if one in body} == {one for one in true[:1] if one in body}
        wanted, written = set(true) - body, set(plan) - body
        tally.found += len(wanted & written)
        tally.written += len(written)
        tally.told += len(wanted)


def _said(data: NanoData, batch: Batch) -> tuple[Tensor, Tensor]:
    """Statements of the texts themselves, without a posture that only the pose tells."""
    body = {at for several in posture_columns() for at in several}
    known = batch.plan_mask.clone()
    for place, row in enumerate(batch.rows.tolist()):
        first = int(batch.claims[place, 0])
        if first in body and first not in data.samples.plan(row):
            known[place, 0] = False
    return batch.claims, known


def _with_sides(data: NanoData, batch: Batch) -> Tensor:
    """(B, 1) whose words name a side; of the others either side is right."""
    texts = data.samples.text[batch.rows].tolist()
    return torch.tensor([[bool(data.text_signs[text][:, 0].any())] for text in texts], device=batch.claims.device)


def _count_swaps(counts: list[int], measure: Measure, holds: Tensor, claims: Tensor, known: Tensor) -> None:
    """Of statements about one side, of which exactly one side holds: wrong ones, right ones."""
    numbers = torch.where(known, claims, 0)
    twin = torch.tensor([[mirrored_claim(one) for one in row] for row in numbers.tolist()], device=claims.device)
    sided = known & (twin != numbers)
    here, judged = measure.told(holds, numbers, sided)
    there, _ = measure.told(holds, twin, sided)
    counts[0] += int((there & ~here & judged).sum())
    counts[1] += int((here & ~there & judged).sum())


def _count_upright(
    tally: Tally, plans: list[tuple[int, ...]], holds: Tensor, measure: Measure, data: NanoData, batch: Batch
) -> None:
    """Who stands of those whose text says no posture."""
    columns = posture_columns()
    body = {at for several in columns for at in several}
    upright = {at for name in UPRIGHT for at in columns[POSTURES.index(name)]}
    whole = np.zeros((len(holds), len(all_posecodes())), bool)
    there = (measure.column >= 0).cpu().numpy()
    whole[:, there] = holds[:, measure.column[measure.column >= 0]].cpu().numpy()
    found = postures_of(whole)
    for place, row in enumerate(batch.rows.tolist()):
        if any(claim in body or ~claim in body for claim in data.samples.plan(row)):
            continue
        tally.silent += 1
        tally.upright += POSTURES[found[place]] in UPRIGHT
        tally.upright_plan += bool(plans[place]) and plans[place][0] in upright
        tally.upright_truth += POSTURES[data.samples.posture[row]] in UPRIGHT


def told(shares: dict[str, dict[str, Any]]) -> str:
    """Figures as lines for a log."""
    return "\n".join(
        f"  {name}: " + ", ".join(f"{what} {value:.3f}" for what, value in several.items())
        for name, several in shares.items()
    )
