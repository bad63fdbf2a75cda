"""Mixtures of tasks: which conversations come how often, the same in every process, and what a mixture is made of."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import accumulate, count

from chatpose.corpus.families import FAMILIES
from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.calls import ToolTalk
from chatpose.corpus.instructions.chance import chance_of, one, yes
from chatpose.corpus.instructions.change import EditPose
from chatpose.corpus.instructions.compare import ComparePoses, PickPose
from chatpose.corpus.instructions.make import SeveralPoses, Speculate, TextToPose
from chatpose.corpus.instructions.messages import Conversation, Message
from chatpose.corpus.instructions.refuse import Contradiction, Impossible, NoPose
from chatpose.corpus.instructions.task import ToldTask
from chatpose.corpus.instructions.tell import AskPose, PhotoToPose, PoseToBoth, PoseToText, Unanswerable
from chatpose.corpus.instructions.told import Told
from chatpose.corpus.instructions.turns import Talk
from chatpose.errors import ChatposeError, unknown_name

TASKS: Mapping[str, ToldTask] = {
    task.name: task
    for task in (
        TextToPose(),
        SeveralPoses(),
        Speculate(),
        PoseToText(),
        PoseToBoth(),
        PhotoToPose(),
        AskPose(),
        Unanswerable(),
        EditPose(),
        ComparePoses(),
        PickPose(),
        Talk(),
        ToolTalk(),
        NoPose(),
        Impossible(),
        Contradiction(),
    )
}
"""All tasks by name."""

SHARES: Mapping[str, float] = {
    "text to pose": 0.2,
    "several poses": 0.04,
    "speculative": 0.06,
    "pose to text": 0.1,
    "pose with words": 0.03,
    "photo": 0.04,
    "questions": 0.09,
    "unanswerable": 0.015,
    "edit": 0.15,
    "compare": 0.06,
    "pick": 0.03,
    "talk": 0.09,
    "tools": 0.06,
    "no pose": 0.015,
    "impossible": 0.01,
    "contradiction": 0.01,
}
"""How often each task comes by default."""

SYSTEM_SHARE = 0.25
SYSTEMS = (
    "You talk about poses of the human body. Left and right are the body's. Write a plan before a pose.",
    "You are chatpose, an assistant for 3D human poses.",
    "Answer questions about poses with what is measured on them, and say so when something can't be told.",
    "You help people to find, make, describe and change poses. Keep answers short.",
    "An assistant for body poses: statements first, then the pose.",
)
"""System messages that some conversations begin with."""


class Mixture:
    """Draws conversations of several tasks.

    A conversation depends on the seed and its number alone, so processes take numbers of their own and runs go on
    anywhere.

    Args:
        bank: of poses.
        shares: by task; those that the bank can't serve (no pictures, no changes) are shared out among the others.

    Raises:
        UnknownNameError: no such task.
        ChatposeError: nothing is left to draw.
    """

    def __init__(self, bank: PoseBank, shares: Mapping[str, float] = SHARES) -> None:
        for name in shares:
            if name not in TASKS:
                raise unknown_name("task", name, TASKS)
        self.bank = bank
        kept = {name: share for name, share in shares.items() if share > 0 and TASKS[name].possible(bank)}
        if not kept:
            raise ChatposeError("no task to draw conversations of", expected="a bank with poses and a share above 0")
        total = sum(kept.values())
        self.shares = {name: share / total for name, share in kept.items()}
        self._tasks = [TASKS[name] for name in kept]
        self._ends = list(accumulate(self.shares.values()))

    def told(self, seed: int, number: int) -> Told:
        """The conversation of a number with all that is claimed in it."""
        rng = chance_of(seed, number)
        place = min(bisect_right(self._ends, rng.random()), len(self._tasks) - 1)
        told = self._tasks[place].tell(self.bank, rng)
        if not yes(rng, SYSTEM_SHARE):
            return told
        made = told.conversation
        messages = (Message.say("system", one(rng, SYSTEMS)), *made.messages)
        return Told(Conversation(messages, made.task, made.tools), told.claims, told.rows)

    def conversation(self, seed: int, number: int) -> Conversation:
        """The conversation of a number."""
        return self.told(seed, number).conversation

    def stream(self, seed: int, start: int = 0, step: int = 1) -> Iterator[Conversation]:
        """Conversations without end.

        Args:
            seed: of the stream.
            start: first number; of the first process 0, of the second 1, …
            step: numbers apart: the number of processes.
        """
        for number in count(start, step):
            yield self.conversation(seed, number)


def report(mixture: Mixture, size: int, seed: int = 0) -> str:
    """What a mixture is made of: tasks, families of posture, turns, poses, different requests.

    Args:
        mixture: to draw from.
        size: conversations that are drawn.
        seed: of the stream.
    """
    bank = mixture.bank
    tasks, families, turns = Counter[str](), Counter[str](), Counter[str]()
    words, poses, asked = Counter[str](), Counter[str](), dict[str, set[str]]()
    claims = 0
    for number in range(size):
        told = mixture.told(seed, number)
        task = told.conversation.task
        tasks[task] += 1
        claims += len(told.claims)
        families.update(bank.family_name(row) for row in told.rows)
        turns[task] += len(told.conversation.messages)
        poses[task] += sum(1 for message in told.conversation.messages for _ in message.poses())
        for message in told.conversation.messages:
            words[message.role] += len(message.text.split())
            if message.role == "user":
                asked.setdefault(task, set()).add(message.text)
    lines = [f"{size:,} conversations of {len(bank):,} poses, {claims:,} claims", ""]
    lines += ["| task | share % | messages | poses | different requests % |", "| --- | --- | --- | --- | --- |"]
    for task, found in tasks.most_common():
        lines.append(
            f"| {task} | {100 * found / size:.1f} | {turns[task] / found:.1f} | {poses[task] / found:.1f} "
            f"| {100 * min(len(asked[task]) / found, 1):.0f} |"
        )
    lines += ["", *_family_lines(bank, families), ""]
    lines += ["words by role: " + ", ".join(f"{role} {number:,}" for role, number in sorted(words.items()) if number)]
    return "\n".join(lines)


def family_table(mixture: Mixture, size: int, seed: int = 0) -> str:
    """Which families of posture the poses of a mixture's first conversations are of, and what is wanted."""
    bank = mixture.bank
    return "\n".join(
        _family_lines(
            bank, Counter(bank.family_name(row) for number in range(size) for row in mixture.told(seed, number).rows)
        )
    )


def _family_lines(bank: PoseBank, families: Mapping[str, int]) -> list[str]:
    total, wanted = max(sum(families.values()), 1), bank.any_pose.shares
    return [
        "| family of posture | share of poses shown % | wanted % |",
        "| --- | --- | --- |",
        *(
            f"| {family} | {100 * families.get(family, 0) / total:.1f} | {100 * wanted.get(family, 0):.1f} |"
            for family in FAMILIES
        ),
    ]
