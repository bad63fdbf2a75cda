"""Pose to words, photo to pose and words, names, a part of a pose, how to get into it."""

from random import Random

from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.chance import one, some, yes
from chatpose.corpus.instructions.context_words import in_context
from chatpose.corpus.instructions.messages import Part
from chatpose.corpus.instructions.pieces import Piece, about, called, caption_of, holds_all, pose_plan
from chatpose.corpus.instructions.posecode_words import code_words
from chatpose.corpus.instructions.questions import deniable, question, unanswerable
from chatpose.corpus.instructions.task import ToldTask
from chatpose.corpus.instructions.tell_words import (
    BOTH,
    DESCRIBE,
    DESCRIBE_FULL,
    DESCRIBE_SHORT,
    HOW_TO,
    HOW_TO_TOLD,
    LINES,
    NAME,
    NAME_TOO,
    NO_NAME,
    PHOTO_BOTH,
    PHOTO_POSE,
    PHOTO_WORDS,
    SPOKEN,
    WORKS_FOR,
)
from chatpose.corpus.instructions.told import Draft, Holds, Named, Told
from chatpose.corpus.instructions.wording import as_typed, capital, sentence


def describe(bank: PoseBank, row: int, rng: Random) -> Piece:
    """A description: short, plain, full, or in people's words."""
    draw = rng.random()
    if draw < 0.3:
        ask, said = DESCRIBE_SHORT, caption_of(bank, row, rng, "short")
    elif draw < 0.7:
        ask, said = DESCRIBE, caption_of(bank, row, rng, "plain")
    elif draw < 0.86:
        ask, said = DESCRIBE_FULL, caption_of(bank, row, rng, "full", "plain")
    else:
        ask, said = SPOKEN, caption_of(bank, row, rng, "spoken")
    claims = holds_all(row, said)
    text = said.text or "Nothing about this pose is clear enough to say."
    if said.lines and yes(rng, 0.3):
        name, more = called(bank, row, rng)
        text, claims = (
            (f"{name} {text}".strip(), (*more, *claims))
            if yes(rng, 0.6)
            else (f"{text} {name}".strip(), (*claims, *more))
        )
    return Piece(ask.say(rng), text, claims)


def name(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """What a pose is called, or that no common name fits; nothing where that is open."""
    entry = bank.entry_of(row)
    if entry is None:
        if not bank.nameless[row]:
            return None
        said = caption_of(bank, row, rng, "short")
        text = NO_NAME.say(rng)
        if not said.lines or yes(rng, 0.3):
            return Piece(NAME.say(rng), text, ())
        return Piece(NAME.say(rng), f"{text} {said.text}", holds_all(row, said))
    claim = Named(row, int(bank.entry[row]))
    if yes(rng, 0.15) and len(entry.names) > 1:
        first, other = some(rng, entry.names, 2)
        return Piece(f"Is this {first}?", f"Yes, also known as {other}.", (claim,))
    text, _ = called(bank, row, rng)
    if not text:
        return None
    if yes(rng, 0.25):
        facts = some(rng, [line for line in bank.claims(row) if line in code_words()], 2)
        if facts:
            told = [code_words()[line].told(rng) for line in facts]
            text = f"{text} {WORKS_FOR.say(rng, told=' and '.join(told))}"
            return Piece(
                NAME.say(rng),
                text,
                (claim, *(Holds(row, line, True, words) for line, words in zip(facts, told, strict=True))),
            )
    if yes(rng, 0.3):
        said = caption_of(bank, row, rng, "short")
        return Piece(NAME.say(rng), f"{text} {said.text}", (claim, *holds_all(row, said)))
    return Piece(NAME.say(rng), text, (claim,))


def wrong_name(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """Such as: Is this a squat? of a pose that is called something else, where that one's claims fail."""
    entry = bank.entry_of(row)
    if entry is None:
        return None
    other = one(rng, bank.head.entries)
    failing = [line for line in other.claims if line in bank.code_number and deniable(bank, row, line)]
    if other.id == entry.id or not failing:
        return None
    line = one(rng, failing)
    denied = code_words()[line].denied(rng)
    text = f"No, for {other.names[0]} {code_words()[line].told(rng)}, and here {denied}. This is {entry.names[0]}."
    return Piece(
        f"Is this {other.names[0]}?", text, (Holds(row, line, False, denied), Named(row, int(bank.entry[row])))
    )


def as_lines(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """What holds, line by line in the grammar of statements."""
    said = caption_of(bank, row, rng, "plain", "full")
    if not said.lines:
        return None
    return Piece(LINES.say(rng), "\n".join(said.lines), tuple(Holds(row, line, True, line) for line in said.lines))


def how_to(bank: PoseBank, row: int, rng: Random) -> Piece | None:
    """How to get into a pose: a coach's words for its entry, or what it takes in people's words."""
    entry = bank.entry_of(row)
    if entry is not None and yes(rng, 0.5):
        from chatpose.corpus.instructions.make import text_of

        voice, text = text_of(bank, row, entry, rng, "coach")
        if voice == "coach":
            return Piece(HOW_TO.say(rng), text, (Named(row, int(bank.entry[row])),))
    lines = [line for line in caption_of(bank, row, rng, "plain", "full").lines if bank.people_say(line)]
    if len(lines) < 2:
        return None
    told = [one(rng, bank.people_say(line)) for line in lines[:6]]
    text = (
        HOW_TO_TOLD.say(rng) + "\n" + "\n".join(f"{number}. {capital(words)}" for number, words in enumerate(told, 1))
    )
    claims = tuple(Holds(row, line, True, capital(words)) for line, words in zip(lines, told, strict=False))
    return Piece(HOW_TO.say(rng), text, claims)


def telling(bank: PoseBank, row: int, rng: Random) -> Piece:
    """Any of these."""
    draw = rng.random()
    if draw < 0.62:
        return describe(bank, row, rng)
    for maker, share in ((name, 0.2), (wrong_name, 0.03), (as_lines, 0.08), (how_to, 0.07)):
        draw -= share
        if draw < 0.62:
            return maker(bank, row, rng) or describe(bank, row, rng)
    return describe(bank, row, rng)


def with_pose(draft: Draft, row: int, piece: Piece, rng: Random) -> Draft:
    """A user's message with a pose and a question, before or after it, and the answer."""
    text = as_typed(rng, in_context(rng, piece.question))
    pose = draft.bring(row, rng)
    draft.user(*((pose, text) if yes(rng, 0.6) else (text, pose)))
    return draft.assistant(piece.answer).claim(*piece.claims)


class PoseToText(ToldTask):
    """A pose and a wish to have it in words."""

    name = "pose to text"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        named = len(bank.named) and yes(rng, 0.4)
        row = (bank.named if named else bank.any_pose).draw(rng)
        return with_pose(Draft(bank, self.name), row, telling(bank, row, rng), rng).told()


class AskPose(ToldTask):
    """Questions about a pose, at times two in turn."""

    name = "questions"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        row = bank.any_pose.draw(rng)
        draft = with_pose(Draft(bank, self.name), row, question(bank, row, rng), rng)
        if yes(rng, 0.3):
            piece = question(bank, row, rng)
            draft.user(as_typed(rng, piece.question)).assistant(piece.answer).claim(*piece.claims)
        return draft.told()


class Unanswerable(ToldTask):
    """Questions that no pose answers."""

    name = "unanswerable"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        row = bank.any_pose.draw(rng)
        return with_pose(Draft(bank, self.name), row, unanswerable(bank, row, rng), rng).told()


class PhotoToPose(ToldTask):
    """A photo: the pose in it, words about it, or both; the pose comes first where it is asked for."""

    name = "photo"

    def possible(self, bank: PoseBank) -> bool:
        """Whether there are pictures."""
        return len(bank.arrays["picture_row"]) > 0

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        draft = Draft(bank, self.name)
        row, turn, image = bank.picture(bank.pictured.draw(rng))
        draft.rows[row] = turn
        draw = rng.random()
        piece = (question if yes(rng, 0.35) else describe)(bank, row, rng)
        text = PHOTO_POSE.say(rng) if draw < 0.35 else PHOTO_BOTH.say(rng) if draw < 0.7 else piece.question
        if draw >= 0.85:
            piece, text = describe(bank, row, rng), PHOTO_WORDS.say(rng)
        text = as_typed(rng, in_context(rng, text))
        draft.user(*((image, text) if yes(rng, 0.7) else (text, image)))
        if draw < 0.7:
            plan = draft.plan(row, pose_plan(bank, row, rng))
            parts: list[Part | str] = [plan, draft.pose(row)] if plan.statements else [draft.pose(row)]
            if draw >= 0.35:
                parts.append(about(draft, row, rng))
            return draft.assistant(*parts).told()
        return draft.assistant(piece.answer).claim(*piece.claims).told()


class PoseToBoth(ToldTask):
    """A request that is answered in words and as a pose: "show it and tell me how it's done"."""

    name = "pose with words"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        from chatpose.corpus.instructions.make import a_request

        draft = Draft(bank, self.name)
        row, text, lines = a_request(bank, rng)
        ask = f"{sentence(text) if text[-1:].isalnum() else text} {BOTH.say(rng)}"
        piece = how_to(bank, row, rng) if yes(rng, 0.4) else name(bank, row, rng) if yes(rng, 0.3) else None
        piece = piece or describe(bank, row, rng)
        plan = draft.plan(row, lines)
        parts = [plan] if plan.statements else []
        more = "" if yes(rng, 0.7) else NAME_TOO.say(rng)
        draft.user(ask).assistant(more, *parts, draft.pose(row), piece.answer)
        return draft.claim(*piece.claims).told()
