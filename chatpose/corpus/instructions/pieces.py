"""Pieces of conversations that several tasks share: a pose shown with its plan, a question with its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from chatpose.corpus.instructions.bank import BankEntry, Description, PoseBank
from chatpose.corpus.instructions.chance import one, yes
from chatpose.corpus.instructions.messages import Part
from chatpose.corpus.instructions.told import Claim, Draft, Holds, Named
from chatpose.corpus.instructions.wording import Wordings, bare, capital, lowered

MOST_PLANNED = 16


@dataclass(frozen=True, slots=True)
class Piece:
    """A question and its answer, without the poses that they are about.

    Attributes:
        question: what the user asks; starts with a capital.
        answer: what the assistant says.
        claims: that the answer makes.
    """

    question: str
    answer: str
    claims: tuple[Claim, ...]


HERE = Wordings(
    "",
    "",
    "",
    "Here you go.",
    "(Sure|Okay|Of course|Certainly).",
    "Like this:",
    "Here('s the pose| it is| is the pose).",
    "One way to (do|show) it:",
    "Done.",
    "Here's one.",
    "(Sure|Okay), here('s one| it is).",
    "This is how it looks:",
)
CALLED = Wordings(
    "This is {name}.",
    "That's {name}.",
    "It's (known as|called) {name}.",
    "The pose is called {name}.",
    "{name}, that is.",
)
ALSO_CALLED = Wordings(
    "People also (say|call it) {name}.", "Another name (for it |)is {name}.", "Also known as {name}."
)


def holds_all(row: int, said: Description) -> tuple[Claim, ...]:
    """The claims of a description."""
    return tuple(Holds(row, line, True, said.text) for line in said.lines)


def caption_of(bank: PoseBank, row: int, rng: Random, *styles: str) -> Description:
    """A description in one of some styles; every pose has a short or a plain one, or there is nothing to say."""
    order = list(styles)
    while order:
        style = one(rng, order)
        found = bank.describe(row, style, rng)
        if found is not None:
            return found
        order.remove(style)
    return bank.describe(row, "plain", rng) or Description("", ())


def name_of(entry: BankEntry, rng: Random) -> str:
    """One of the names, mostly the usual one."""
    return entry.names[0] if yes(rng, 0.6) else one(rng, entry.names)


def called(bank: PoseBank, row: int, rng: Random) -> tuple[str, tuple[Claim, ...]]:
    """A sentence with the name of a pose; nothing for one without."""
    entry = bank.entry_of(row)
    if entry is None:
        return "", ()
    text = capital(CALLED.say(rng, name=entry.names[0]))
    if len(entry.names) > 1 and yes(rng, 0.3):
        text = f"{text} {ALSO_CALLED.say(rng, name=one(rng, entry.names[1:]))}"
    return text, (Named(row, int(bank.entry[row])),)


def pose_plan(bank: PoseBank, row: int, rng: Random) -> tuple[str, ...]:
    """A plan of a whole pose: what it is called for, or what is telling of it."""
    claims = bank.claims(row)
    if claims:
        return claims[:MOST_PLANNED]
    return caption_of(bank, row, rng, "plain", "plain", "full").lines[:MOST_PLANNED]


def shown(
    draft: Draft,
    row: int,
    lines: Sequence[str],
    rng: Random,
    *,
    label: str = "",
    tell: float = 0.7,
    opening: bool = True,
) -> list[Part | str]:
    """An answer with a pose: a word, the plan, the pose, and mostly a sentence about it.

    Args:
        draft: to which the claims go.
        row: of the pose.
        lines: its plan.
        rng: of all choices.
        label: what to call it ("Pose 2"), said first.
        tell: share of answers with a sentence about the pose.
        opening: whether a word may come first.
    """
    first = f"{label}:" if label else HERE.say(rng) if opening else ""
    plan = draft.plan(row, lines)
    parts: list[Part | str] = [first, plan] if plan.statements else [first]
    parts.append(draft.pose(row))
    if yes(rng, tell):
        parts.append(about(draft, row, rng))
    return parts


def about(draft: Draft, row: int, rng: Random) -> str:
    """One or two sentences about a pose."""
    bank = draft.bank
    text, claims = called(bank, row, rng) if yes(rng, 0.6) else ("", ())
    if not text or yes(rng, 0.5):
        said = caption_of(bank, row, rng, "short", "short", "plain")
        text = f"{text} {said.text}".strip()
        claims = (*claims, *holds_all(row, said))
    draft.claim(*claims)
    return text


def quoted(text: str) -> str:
    """A text in quotation marks."""
    return f'"{text}"'


def within(text: str) -> str:
    """A sentence to be part of another one."""
    return lowered(bare(text))
