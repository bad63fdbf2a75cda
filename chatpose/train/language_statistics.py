"""What a run will learn from, before it: conversations by task, and their tokens by what they are.

It needs the base's tokenizer (and processor), not its weights.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from chatpose.corpus.instructions.messages import Conversation
from chatpose.corpus.instructions.mixture import SHARES, Mixture, family_table
from chatpose.language.base import load_words
from chatpose.language.rendering import Renderer
from chatpose.language.rows import add_pose_words, level_vocabulary
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
from chatpose.train.language_build import sources
from chatpose.train.language_data import example_or_reason
from chatpose.train.language_maker import Maker
from chatpose.train.language_packing import Example, plan_rows
from chatpose.train.language_settings import ROLES, LanguageTraining

DEFAULT_COUNT = 2000
OWN = "your files"


@dataclass(eq=False)
class TaskCount:
    """Conversations of one task.

    Attributes:
        conversations: that are learned.
        messages: in them.
        poses: in them.
        tokens: by role, in the order of `ROLES`.
        longest: tokens of the longest.
    """

    conversations: int = 0
    messages: int = 0
    poses: int = 0
    tokens: torch.Tensor = field(default_factory=lambda: torch.zeros(len(ROLES), dtype=torch.long))
    longest: int = 0

    def add(self, conversation: Conversation, example: Example) -> None:
        """One more."""
        self.conversations += 1
        self.messages += len(conversation.messages)
        self.poses += sum(1 for message in conversation.messages for _ in message.poses())
        self.tokens += torch.bincount(example.roles.long(), minlength=len(ROLES))
        self.longest = max(self.longest, len(example))

    def plus(self, other: "TaskCount") -> "TaskCount":
        """Both together."""
        return TaskCount(
            self.conversations + other.conversations,
            self.messages + other.messages,
            self.poses + other.poses,
            self.tokens + other.tokens,
            max(self.longest, other.longest),
        )


def statistics(settings: LanguageTraining, count: int = DEFAULT_COUNT, *, skip_bad: bool = False) -> str:
    """What the first conversations of a run are made of, as tables.

    Args:
        settings: of the run.
        count: conversations, at least; whole chunks are counted.
        skip_bad: leave out and count what can't be used.

    Raises:
        ChatposeError: base or data can't be used.
    """
    data = sources(replace(settings, data=replace(settings.data, hold_out=0, held_out=())), skip_bad=skip_bad)
    make = Maker(_renderer(settings), settings, data.banks)
    by_task: dict[str, TaskCount] = {}
    left_out: Counter[str] = Counter()
    rows = chunks = 0
    while chunks * settings.chunk < count:
        drawn = data.source.chunk(chunks)
        make.prepare(drawn)
        lengths = []
        for conversation in drawn:
            example, why = example_or_reason(make, conversation, settings.length, skip_bad=skip_bad)
            left_out.update([why] if why else [])
            if example is not None:
                by_task.setdefault(conversation.task or OWN, TaskCount()).add(conversation, example)
                lengths.append(len(example))
        rows += len(plan_rows(lengths, settings.length))
        chunks += 1
    lines = [f"{settings.model.base}, level {settings.model.level}, mode {settings.model.mode}", ""]
    lines += _table(by_task)
    total = sum(int(one.tokens.sum()) for one in by_task.values())
    told = ", ".join(f"{number} {why}" for why, number in left_out.most_common()) or "none"
    lines += [
        "",
        f"rows of {settings.length} tokens: {rows}, {100 * total / max(rows * settings.length, 1):.0f} % full",
    ]
    lines += [f"left out: {told}; lines of files left out: {data.facts['bad_lines']}"]
    if data.banks:
        mixture = Mixture(data.banks[0], settings.data.tasks or SHARES)
        lines += ["", "Poses of generated conversations:", "", family_table(mixture, count, settings.seed)]
    return "\n".join(lines)


def _renderer(settings: LanguageTraining) -> Renderer:
    model = settings.model
    tokenizer, processor = load_words(model.base, trust_remote_code=settings.trust_remote_code)
    poses = PoseTokenizer.load()
    vocabulary = add_pose_words(tokenizer, level_vocabulary(poses, model.level))
    words = processor or tokenizer
    return Renderer(words, vocabulary, poses, model.level, mode=model.mode, stage_weights=model.stage_weights)


def _table(by_task: dict[str, TaskCount]) -> Sequence[str]:
    """Markdown: a line for each task, the most frequent first, and one for all."""
    whole = TaskCount()
    for one in by_task.values():
        whole = whole.plus(one)
    names = ["not learned", *(name.replace("_", " ") for name in ROLES[1:])]
    lines = [
        "| task | share % | messages | poses | tokens | longest | " + " | ".join(f"{one} %" for one in names) + " |"
    ]
    lines.append("| --- " * (6 + len(names)) + "|")
    told = sorted(by_task.items(), key=lambda item: -item[1].conversations)
    for name, one in [*told, ("all", whole)]:
        size, tokens = max(one.conversations, 1), max(int(one.tokens.sum()), 1)
        lines.append(
            f"| {name} | {100 * size / max(whole.conversations, 1):.1f} | {one.messages / size:.1f} "
            f"| {one.poses / size:.1f} | {tokens / size:.0f} | {one.longest} | "
            + " | ".join(f"{100 * number / tokens:.1f}" for number in one.tokens.tolist())
            + " |"
        )
    return lines
