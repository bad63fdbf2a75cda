"""The marks around plans and poses, and what may follow what: learned on few rows of whole answers.

Most steps leave the marks out, because nothing looks at them, and compare only what may come. Here every token of an
answer is predicted from all rows but those of word pieces, which answers don't consist of.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from chatpose.language.nano.modeling import Read
from chatpose.language.nano.rows import BEGIN, END, Places
from chatpose.language.nano.words import ASSISTANT, END_OF_TURN, MARKS, own_words
from chatpose.train.nano_data import Batch


def format_loss(
    model: Any, table: Tensor, places: Places, batch: Batch, read: Read, rows: int, *, poses: bool
) -> Tensor:
    """Mean loss of every token of whole answers.

    Args:
        model: `NanoForCausalLM`.
        table: rows.
        places: in it.
        batch: of whose rows some are taken.
        read: its prompts.
        rows: how many.
        poses: whether a pose follows the plan.
    """
    count = min(rows, len(batch))
    ids, known = whole_answers(batch, places, count, poses=poses)
    seen = model.seen(ids + model.config.word_rows) & known
    own = torch.eye(ids.shape[1], dtype=torch.bool, device=ids.device)
    mask = ((seen[:, None] & own.logical_not().tril()) | own)[:, None]
    few = Read([(key[:count], value[:count]) for key, value in read.pairs], read.mask[:count])
    hidden, _ = model.model.decode(table[ids], mask, few)
    following = torch.cat([ids[:, 1:], ids[:, :1]], 1)
    learned = known & torch.cat([known[:, 1:], known.new_zeros(count, 1)], 1)
    pool = table if poses else table[: len(own_words())]
    return cross_entropy(hidden[learned] @ pool.T, following[learned])


def whole_answers(batch: Batch, places: Places, count: int, *, poses: bool) -> tuple[Tensor, Tensor]:
    """(count, L) places of answers with all marks, left-aligned, and which of them there are."""
    assistant, end = MARKS.index(ASSISTANT), MARKS.index(END_OF_TURN)
    first = len(own_words())
    answers = []
    for row in range(count):
        plan = batch.plans[row][batch.plan_mask[row]].tolist()
        told = [assistant, BEGIN, *plan, END]
        if poses:
            codes = [start + code for start, code in zip(places.starts, batch.codes[row].tolist(), strict=True)]
            told += [first, places.heading, *codes, first + 1]
        answers.append([*told, end])
    longest = max(map(len, answers))
    ids = torch.zeros(count, longest, dtype=torch.long)
    known = torch.zeros(count, longest, dtype=torch.bool)
    for row, told in enumerate(answers):
        ids[row, : len(told)] = torch.tensor(told)
        known[row, : len(told)] = True
    return ids.to(batch.codes.device), known.to(batch.codes.device)
