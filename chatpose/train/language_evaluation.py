"""How good a model is on conversations that it doesn't learn: losses by role, and poses that it writes itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from chatpose.body.kinematics import forward_kinematics
from chatpose.body.skeleton import smpl_rest_offsets
from chatpose.corpus.instructions.messages import Conversation, Message, PosePart
from chatpose.pose_tokenizer.vocabulary import BEGIN
from chatpose.train.language_loss import Tally
from chatpose.train.language_packing import Example, plan_rows
from chatpose.train.language_settings import ROLES
from chatpose.train.language_trainer import LanguageTrainer

TOGETHER = 8
"""Answers that are written side by side."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A held-out conversation up to an answer with a pose, and that answer."""

    question: Conversation
    answer: Message


def asked_for_poses(conversations: Iterable[Conversation], count: int) -> list[Asked]:
    """The first conversations in which the assistant answers with whole poses, cut before that answer."""
    found: list[Asked] = []
    for conversation in conversations:
        if len(found) == count:
            break
        for place, message in enumerate(conversation.messages):
            if message.role == "assistant" and _whole_poses(message):
                question = Conversation(conversation.messages[:place], conversation.task, conversation.tools)
                found.append(Asked(question, message))
                break
    return found


def _whole_poses(message: Message) -> list[PosePart]:
    poses = [part for part in message.parts if isinstance(part, PosePart)]
    return [] if any(part.parts for part in poses) else poses


def held_out_losses(trainer: LanguageTrainer, examples: Sequence[Example]) -> dict[str, float]:
    """Mean loss of each kind of token, and the share of pose tokens that were the likeliest; all processes ask.

    Args:
        trainer: of the model.
        examples: the same on every process.
    """
    mine = plan_rows([len(one) for one in examples], trainer.settings.length)
    # Every process has as many rows, so that none waits for another: some are measured twice and count nothing.
    each = -(-len(mine) // trainer.accelerator.num_processes)
    tally, right = Tally(), torch.zeros(len(ROLES), dtype=torch.float64)
    was = trainer.module.training
    trainer.module.eval()
    try:
        with torch.no_grad():
            for turn in range(each):
                number = turn * trainer.accelerator.num_processes + trainer.accelerator.process_index
                for row in trainer.rows_of([examples[place] for place in mine[number % len(mine)]]):
                    made = trainer.module(row)
                    if number >= len(mine):
                        continue
                    tally.add(made.losses, row.roles)
                    right.index_add_(0, row.roles.long().cpu(), made.right.double().cpu())
                    if made.errors is not None:
                        tally.add_poses(made.errors)
    finally:
        trainer.module.train(was)
    sums = trainer.summed([*tally.vector().tolist(), *right.tolist()])
    total = Tally.of(torch.tensor(sums[: -len(ROLES)], dtype=torch.float64))
    told = dict(total.means())
    pose = ROLES.index("pose")
    if total.count[pose]:
        told["pose_right"] = sums[-len(ROLES) + pose] / float(total.count[pose])
    return told


def written_poses(lm: Any, asked: Sequence[Asked]) -> dict[str, float]:
    """Poses that the model writes by itself, greedily.

    Args:
        lm: the model (`chatpose.language.PoseLM`).
        asked: what it is asked.

    Returns:
        "whole": share of answers with poses, all of them whole, where nothing constrains decoding. With constraint
        "as_many": share of answers with as many poses as the right answer, and over these "mm": mean distance of 23
        joints from the right poses, pelvis on pelvis.
    """
    from chatpose.language.decoding import Sampling

    if not asked:
        return {}
    sampling = Sampling(temperature=0.0)
    free, led = (
        [
            reply
            for start in range(0, len(asked), TOGETHER)
            for reply in lm.replies(
                [one.question for one in asked[start : start + TOGETHER]], sampling=sampling, constrain=constrain
            )
        ]
        for constrain in (False, True)
    )
    whole = sum(len(reply.poses) == reply.raw_text.count(BEGIN) > 0 for reply in free)
    counted, far = 0, []
    for one, reply in zip(asked, led, strict=True):
        wanted = [part.pose for part in _whole_poses(one.answer)]
        if len(reply.poses) == len(wanted):
            counted += 1
            far += [_distance_mm(made, right) for made, right in zip(reply.poses, wanted, strict=True)]
    told = {"whole": whole / len(asked), "as_many": counted / len(asked)}
    return told | ({"mm": sum(far) / len(far)} if far else {})


def _distance_mm(made: Any, right: Any) -> float:
    offsets = smpl_rest_offsets()
    placed = [forward_kinematics(one.local_rotations.float().cpu(), offsets).positions for one in (made, right)]
    return 1000 * float((placed[0] - placed[1]).norm(dim=-1)[1:].mean())
