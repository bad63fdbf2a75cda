"""What isn't a pose, or can't be one: small talk, impossible bodies, contradictions, something that isn't there."""

from functools import cache
from random import Random

from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.chance import below, one, yes
from chatpose.corpus.instructions.pieces import pose_plan, shown
from chatpose.corpus.instructions.posecode_words import code_words, kin_of
from chatpose.corpus.instructions.refuse_words import (
    CLASH,
    CLASH_ASK,
    IMPOSSIBLE,
    MISSING,
    NEAREST,
    PLAIN_TALK,
    SINGLE,
    UNCLEAR,
    UNFIT,
)
from chatpose.corpus.instructions.task import ToldTask
from chatpose.corpus.instructions.told import Draft, Told
from chatpose.corpus.instructions.wording import as_typed, capital, sentence
from chatpose.posecodes.grammar import contradictions, parse


class NoPose(ToldTask):
    """Talk that asks for no pose, questions about the tool, unclear wishes, things that aren't done."""

    name = "no pose"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        draft = Draft(bank, self.name)
        draw = rng.random()
        table = PLAIN_TALK if draw < 0.6 else UNCLEAR if draw < 0.8 else MISSING if draw < 0.92 else UNFIT
        asks, answers = one(rng, table)
        draft.user(as_typed(rng, one(rng, asks))).assistant(one(rng, answers))
        if yes(rng, 0.12):
            asks, answers = one(rng, PLAIN_TALK)
            draft.user(as_typed(rng, one(rng, asks))).assistant(one(rng, answers))
        return draft.told()


class Impossible(ToldTask):
    """Bodies that don't bend that way; at times with the nearest that does."""

    name = "impossible"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        draft = Draft(bank, self.name)
        asks, answer, lines = one(rng, IMPOSSIBLE)
        side, other = one(rng, (("left", "right"), ("right", "left")))

        def sided(text: str) -> str:
            return text.replace("{s}", side).replace("{o}", other)

        draft.user(as_typed(rng, sided(one(rng, asks))))
        wanted = tuple(map(sided, lines))
        rows = bank.rows_with(wanted) if wanted and yes(rng, 0.6) else ()
        if not len(rows):
            return draft.assistant(sided(answer)).told()
        row = int(rows[below(rng, len(rows))])
        told = code_words()[wanted[0]].told(rng)
        text = f"{sided(answer)} {NEAREST.say(rng, told=told)}"
        more = [line for line in pose_plan(bank, row, rng) if line not in wanted]
        parts = shown(draft, row, (*wanted, *more), rng, opening=False, tell=0.3)
        return draft.assistant(text, *parts).told()


@cache
def clashes() -> tuple[tuple[str, str], ...]:
    """Pairs of statements that no pose can hold together: of one part, or two postures."""
    words = code_words()
    found: list[tuple[str, str]] = []
    for name, several in words.items():
        family = several.code.family
        if family not in ("bend", "arm raise", "direction", "ground", "incline", "head", "posture", "pair distance"):
            continue
        others = [other for other in kin_of(name).names if other > name]
        claim = parse(name)
        found += [(name, other) for other in others if contradictions([claim, parse(other)])]
    return tuple(found)


class Contradiction(ToldTask):
    """Two wishes that exclude each other; the assistant says so and asks which one counts."""

    name = "contradiction"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        draft = Draft(bank, self.name)
        pair = one(rng, clashes())
        names = pair if yes(rng, 0.5) else pair[::-1]
        words = [code_words()[name] for name in names]
        first, second = (each.told(rng) for each in words)
        ask = CLASH_ASK.say(rng, a=first, b=second, with_a=words[0].after_with(rng), with_b=words[1].after_with(rng))
        draft.user(as_typed(rng, sentence(ask)))
        draft.assistant(CLASH.say(rng, a=first, b=second, A=capital(first)))
        rows = bank.rows_with((names[0],)) if yes(rng, 0.5) else ()
        if not len(rows):
            return draft.told()
        row = int(rows[below(rng, len(rows))])
        choice = one(rng, SINGLE).format(words[0].after_with(rng))
        more = [line for line in pose_plan(bank, row, rng) if line != names[0]]
        draft.user(as_typed(rng, sentence(choice)))
        return draft.assistant(*shown(draft, row, (names[0], *more), rng)).told()
