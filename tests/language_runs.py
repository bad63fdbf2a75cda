"""Small training runs of PoseLM for tests: conversations, settings, states to compare."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from conftest import random_rotations
from tiny_models import EYES, photo, tiny_base

from chatpose.body.pose import Pose
from chatpose.corpus.instructions.messages import Conversation, ImagePart, Message, PlanPart, ToolCall
from chatpose.language.config import PoseLMConfig
from chatpose.language.conversation_files import write_conversations
from chatpose.train.language_checkpoint import state_of
from chatpose.train.language_settings import LanguageData, LanguageTraining

SMALL = {
    "length": 256, "accumulate": 2, "chunk": 8, "precision": "float32", "checkpointing": False, "learning_rate": 1e-2,
    "evaluate_every": 0, "replies": 0, "keep_every_s": 1e9,
}  # fmt: skip


def pose(number: int) -> Pose:
    """Another one for every number."""
    return Pose.from_rotations(random_rotations(24, max_angle_rad=0.8, seed=number))


def conversations(count: int, *, eyes: bool = False) -> list[Conversation]:
    """Questions that can be told apart, answered by poses, words, a plan, a tool."""
    made = []
    for number in range(count):
        said: list[Any] = [f"Show me pose number {number}, please."]
        if eyes and number % 2:
            said = [ImagePart(photo(number)), "What is this pose?"]
        answer: list[Any] = ["Here it is.", pose(number)]
        if number % 4 == 2:
            answer = [PlanPart(("left knee: right angle",)), pose(number), "Done."]
        if number % 4 == 3:
            said, answer = [f"Undo {number} times."], [ToolCall("undo")]
        made.append(Conversation((Message.say("user", *said), Message.say("assistant", *answer))))
    return made


def settings(folder: Path, family: str = "llama", count: int = 8, **changes: Any) -> LanguageTraining:
    """Of a run on a file of conversations in a folder."""
    path = folder / "conversations.jsonl"
    if not path.exists():
        write_conversations(path, conversations(count, eyes=family in EYES))
    model = PoseLMConfig(base=str(tiny_base(family)), lora_rank=4, lora_dropout=0.1)
    data = LanguageData(files=(str(path),), held_out=(str(path),))
    choices = {name: changes.pop(name) for name in list(changes) if name in vars(model)}
    base = LanguageTraining(model=replace(model, **choices), data=data)
    return replace(base, **{**SMALL, **changes})


def state(trainer: Any) -> dict[str, torch.Tensor]:
    """All that the next step depends on."""
    return {name: value.clone() for name, value in state_of(trainer.parameters, trainer._adam())}


def differences(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    """Names of what isn't the same, bit for bit."""
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]
