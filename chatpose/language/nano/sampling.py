"""Answers drawn for many prompts at once: a posture, the other statements, then a pose, each from what may come.

The same as `PoseLM.replies` writes with its constraint, several times as fast: only rows that may come are compared,
and marks, which nothing looks at, aren't computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.language.nano.modeling import NanoModel, Read
from chatpose.language.nano.network import Pair
from chatpose.language.nano.rows import BEGIN, END, Places, claim_places, posture_places
from chatpose.language.nano.words import claim_at, claim_place

MAX_STATEMENTS = 12


@dataclass(frozen=True)
class Draw:
    """How tokens are drawn.

    Attributes:
        temperature: 0 takes the likeliest.
        top_p: only the likeliest that together have this probability.
        seed: of the noise.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    seed: int = 0

    def generator(self) -> torch.Generator:
        """Of the noise."""
        return torch.Generator().manual_seed(self.seed)


def drawn(logits: Tensor, how: Draw, generator: torch.Generator) -> Tensor:
    """(B,) places drawn from (B, N) logits."""
    if how.temperature == 0:
        return logits.argmax(-1)
    chances = (logits.float() / how.temperature).softmax(-1)
    if how.top_p < 1:
        ordered, order = chances.sort(-1, descending=True)
        out = ordered.cumsum(-1) - ordered > how.top_p
        chances = torch.zeros_like(chances).scatter(-1, order, ordered.masked_fill(out, 0.0))
    noise = torch.empty(chances.shape).exponential_(generator=generator).to(chances.device)
    return (chances / noise).argmax(-1)


@torch.no_grad()
def write_plans(
    model: NanoModel, table: Tensor, read: Read, how: Draw, begun: Sequence[Sequence[int]] | None = None
) -> list[tuple[int, ...]]:
    """Plans for prompts: a statement about the whole body, then others; none twice, none with its denial.

    Args:
        model: reader and decoder.
        table: of `table_of`.
        read: B prompts.
        how: they are drawn.
        begun: statements that a plan begins with.

    Returns:
        Statements' numbers, `~number` for denials.
    """
    count, device = len(read.mask), table.device
    generator = how.generator()
    claims, postures = claim_places().to(device), posture_places().to(device)
    pool = torch.cat([claims, claims.new_tensor([END])])
    banned = torch.zeros(count, len(table), dtype=torch.bool, device=device)
    plans: list[list[int]] = [[] for _ in range(count)]
    going = torch.ones(count, dtype=torch.bool, device=device)
    last = torch.full((count, 1), BEGIN, device=device)
    told: list[Pair | None] = [None] * len(model.layers)
    seen = torch.zeros(count, 0, dtype=torch.bool, device=device)
    for step in range(MAX_STATEMENTS + 1):
        own = torch.ones(count, 1, dtype=torch.bool, device=device)
        mask = torch.cat([seen, own], 1)[:, None, None]
        hidden, told = model.decode(table[last], mask, read, told)
        seen = torch.cat([seen, (going[:, None] & (last != BEGIN))], 1)
        if not bool(going.any()) or step == MAX_STATEMENTS:
            break
        logits = (hidden[:, 0] @ table[pool].T).masked_fill(banned[:, pool], -torch.inf)
        if step == 0:
            logits = _posture_first(logits, pool, postures, how)
        chosen = pool[drawn(logits, how, generator)]
        for row, start in enumerate(begun or ()):
            if step < len(start):
                chosen[row] = claim_place(start[step])
        going &= chosen != END
        for row, place in enumerate(chosen.tolist()):
            claim = claim_at(place)
            if claim is not None and bool(going[row]):
                plans[row].append(claim)
                banned[row, place] = banned[row, claim_place(~claim)] = True
        last = torch.where(going, chosen, BEGIN)[:, None]
    return [tuple(plan) for plan in plans]


def _posture_first(logits: Tensor, pool: Tensor, postures: Tensor, how: Draw) -> Tensor:
    """Scores of a plan's first line: never the end, and the likeliest only among postures that beat all the rest.

    What isn't said in a word ("none of these postures") is spread over many lines; the likeliest single line would
    compare a posture with one of them instead of with all together.
    """
    body = torch.isin(pool, postures)
    logits = logits.clone()
    logits[:, -1] = -torch.inf
    if how.temperature:
        return logits
    chances = logits.softmax(-1)
    other = chances[:, ~body].sum(-1) > chances[:, body].amax(-1)
    return logits.masked_fill(torch.where(other[:, None], body, ~body), -torch.inf)


@torch.no_grad()
def write_poses(
    model: NanoModel,
    table: Tensor,
    places: Places,
    read: Read,
    plans: Sequence[Sequence[int]],
    how: Draw,
    *,
    count: int = 1,
    kept: Tensor | None = None,
) -> Tensor:
    """(B · count, 12) codes of poses, the poses of one prompt together.

    Args:
        model: reader and decoder.
        table: of `table_of`.
        places: in the table.
        read: B prompts.
        plans: of each, statements' numbers.
        how: they are drawn.
        count: poses of each prompt.
        kept: (B, 12) codes that are given, −1 where they are free.
    """
    device, generator = table.device, how.generator()
    longest = max(len(plan) for plan in plans)
    ids = torch.full((len(plans), longest + 1), places.heading, device=device)
    seen = torch.zeros(len(plans), longest + 1, dtype=torch.bool, device=device)
    for row, plan in enumerate(plans):
        if plan:
            ids[row, : len(plan)] = torch.tensor([claim_place(claim) for claim in plan])
            seen[row, : len(plan)] = True
    own = torch.eye(longest + 1, dtype=torch.bool, device=device)
    mask = ((seen[:, None] & own.logical_not().tril()) | own)[:, None]
    hidden, told = model.decode(table[ids], mask, read)
    if count > 1:
        read = read.repeated(count)
        told = [pair and (pair[0].repeat_interleave(count, 0), pair[1].repeat_interleave(count, 0)) for pair in told]
        seen, hidden = seen.repeat_interleave(count, 0), hidden.repeat_interleave(count, 0)
        kept = None if kept is None else kept.repeat_interleave(count, 0)
    codes = torch.zeros(len(hidden), len(places.starts), dtype=torch.long, device=device)
    state, one = hidden[:, -1], seen.new_ones(len(hidden), 1)
    for slot, start in enumerate(places.starts):
        rows = table[start : start + places.codes]
        code = drawn(state @ rows.T, how, generator)
        if kept is not None:
            code = torch.where(kept[:, slot] >= 0, kept[:, slot], code)
        codes[:, slot] = code
        if slot + 1 < len(places.starts):
            seen = torch.cat([seen, one], 1)
            hidden, told = model.decode(rows[code][:, None], seen[:, None, None], read, told)
            state = hidden[:, 0]
    return codes
