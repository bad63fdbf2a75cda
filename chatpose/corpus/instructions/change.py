"""Edits: a pose, what is to be changed, the plan of the changed parts, and these parts anew."""

from random import Random

from chatpose.corpus.instructions.adjusting import ADJUSTERS, number_request, rounded
from chatpose.corpus.instructions.bank import HEADING_BINS, KINDS, Change, PoseBank
from chatpose.corpus.instructions.chance import one, yes
from chatpose.corpus.instructions.change_words import (
    ABSOLUTE,
    BLEND,
    BLEND_SHARE,
    DONE,
    FROM_DIFFERENCE,
    MIRROR,
    NOW,
    OTHER_SIDE,
    POSTURE_CHANGE,
    REST,
    SWAP,
    TARGET,
    TURN,
    TURN_ROUND,
)
from chatpose.corpus.instructions.context_words import in_context
from chatpose.corpus.instructions.messages import Part
from chatpose.corpus.instructions.pieces import caption_of, holds_all
from chatpose.corpus.instructions.posecode_words import code_words
from chatpose.corpus.instructions.task import ToldTask
from chatpose.corpus.instructions.told import Changed, Claim, Draft, Holds, More, Reads, Told, Turned
from chatpose.corpus.instructions.wording import as_typed, capital, sentence

OTHER = {"left": "right", "right": "left"}
SHARES: dict[str, float] = {
    "limb": 0.36, "more": 0.32, "posture": 0.09, "other side": 0.07, "swap": 0.04, "mirror": 0.05, "blend": 0.07,
}  # fmt: skip


def draw_change(bank: PoseBank, rng: Random, *kinds: str) -> Change | None:
    """A change of some kinds, kinds in their shares; None where the bank has none of them."""
    have = [kind for kind in (kinds or SHARES) if kind in bank.changed]
    if not have:
        return None
    draw, chosen = rng.random() * sum(SHARES[kind] for kind in have), have[0]
    for kind in have:
        chosen = kind
        draw -= SHARES[kind]
        if draw < 0:
            break
    return bank.change(bank.changed[chosen].draw(rng))


def change_request(bank: PoseBank, change: Change, rng: Random) -> tuple[str, tuple[Claim, ...]]:
    """How somebody asks for a change, and what it claims of the outcome."""
    if change.kind == "more":
        return _more_request(bank, change, rng)
    if change.kind == "other side":
        limb, _, side = change.note.partition("|")
        return OTHER_SIDE.say(rng, limb=limb, s=side, o=OTHER[side]), ()
    if change.kind == "swap":
        return SWAP.say(rng, limbs=f"{change.note}s", limb=change.note), ()
    if change.kind == "mirror":
        return MIRROR.say(rng), ()
    if change.kind == "blend":
        share = change.note
        return (BLEND.say(rng) if share == "0.50" else BLEND_SHARE.say(rng, share=_percent(share))), ()
    return _target_request(change, rng)


def _percent(share: str) -> str:
    return f"{round(100 * float(share))}%"


def _more_request(bank: PoseBank, change: Change, rng: Random) -> tuple[str, tuple[Claim, ...]]:
    name, _, side = change.note.partition("|")
    adjuster = ADJUSTERS[name]
    measure = adjuster.measure_of(side)
    before, after = bank.value(change.before, measure), bank.value(change.after, measure)
    steps = adjuster.steps(before, after)
    least = 0.99 * abs(after - before)
    rows = (change.after, change.before) if after > before else (change.before, change.after)
    claim = More(rows[0], measure, rows[1], measure, least)
    if yes(rng, 0.35):
        text, number, exact = number_request(rng, adjuster, side, before, after)
        if text:
            reads = (Reads(change.after, measure, number, "°", 2.6),) if exact else ()
            return text, (claim, *reads)
    return adjuster.ask(rng, side, steps), (claim,)


def _target_request(change: Change, rng: Random) -> tuple[str, tuple[Claim, ...]]:
    """A change towards a statement: in people's words, in the captions', or all that differs."""
    target, draw = change.note, rng.random()
    differences = change.text("difference")
    if differences and draw < 0.3 and change.kind == "limb":
        text = one(rng, differences)
        return (FROM_DIFFERENCE.say(rng, text=text) if yes(rng, 0.3) else text), ()
    words = code_words()[target]
    if change.kind == "posture":
        return POSTURE_CHANGE.say(rng, posture=words.after_with(rng)), (Holds(change.after, target),)
    wordings = change.text("wording")
    if wordings and draw < 0.72:
        text = one(rng, wordings)
        return (text if yes(rng, 0.5) else ABSOLUTE.say(rng, text=text)), (Holds(change.after, target),)
    told = words.told(rng)
    text = TARGET.say(rng, told=told, With=capital(words.after_with(rng)), with_=words.after_with(rng))
    return text, (Holds(change.after, target),)


def changed_parts(draft: Draft, change: Change, rng: Random, *, tell: float = 0.6, label: str = "") -> list[Part | str]:
    """An answer with a changed pose: a word, the plan, the parts that changed, and what is now different."""
    first = f"{label}:" if label else DONE.say(rng)
    plan = draft.plan(change.after, change.plan)
    parts: list[Part | str] = [first, plan] if plan.statements else [first]
    parts.append(draft.pose(change.after, change.parts, like=change.before, mirrored=change.kind == "mirror"))
    draft.claim(Changed(change.before, change.after, change.parts))
    if yes(rng, tell):
        parts.append(what_changed(draft, change, rng))
    return parts


def what_changed(draft: Draft, change: Change, rng: Random) -> str:
    """A sentence about a change."""
    bank = draft.bank
    if change.kind == "more":
        name, _, side = change.note.partition("|")
        text, claims = _measured_change(bank, change, ADJUSTERS[name].measure_of(side), ADJUSTERS[name].unit)
        draft.claim(*claims)
    elif change.kind in ("limb", "posture") and yes(rng, 0.8):
        told = code_words()[change.note].told(rng)
        draft.claim(Holds(change.after, change.note, True, told))
        text = NOW.say(rng, told=told)
    else:
        said = caption_of(bank, change.after, rng, "short")
        draft.claim(*holds_all(change.after, said))
        text = said.text
    if change.parts and yes(rng, 0.3):
        text = f"{text} {REST.say(rng)}"
    return text.strip()


_CALLED: dict[str, str] = {
    "torso pitch": "The trunk's forward lean", "torso lean left": "The trunk's lean to the left",
    "shoulder twist left": "The twist to the left", "head turn left": "The head's turn to the left",
    "head nod": "The head's nod", "head tilt left": "The head's tilt to the left", "hip height": "The hips' height",
    "left foot to right foot distance": "The distance of the feet",
    "left hand to right hand distance": "The distance of the hands",
}  # fmt: skip


def _measured_change(bank: PoseBank, change: Change, measure: str, unit: str) -> tuple[str, tuple[Claim, ...]]:
    if unit == "%":
        return "", ()
    scale, shown_unit, mark = (100, "cm", " cm") if unit == "m" else (1, "°", "°")
    before, after = (round(scale * bank.value(row, measure)) for row in (change.before, change.after))
    called = _CALLED.get(measure, f"The {measure.replace(' tilt', ' from straight up')}")
    claims = (Reads(change.before, measure, before, shown_unit), Reads(change.after, measure, after, shown_unit))
    return f"{called}: {before}{mark} before, {after}{mark} now.", claims


def turn_around(draft: Draft, rng: Random) -> Told:
    """A pose and a turn of the whole body; no statement tells which way a body faces, so there is no plan."""
    bank = draft.bank
    row = bank.any_pose.draw(rng)
    quarter, left = one(rng, (45, 90, 90, 180)), yes(rng, 0.5)
    pose = draft.bring(row, rng)
    before = draft.rows[row]
    after = (before + (1 if left else -1) * quarter * HEADING_BINS // 360) % HEADING_BINS
    if quarter == 180:
        text = TURN_ROUND.say(rng)
    else:
        text = TURN.say(rng, side="left" if left else "right", n=str(quarter), much=_TURNS[quarter])
    text = as_typed(rng, text)
    draft.user(*((pose, text) if yes(rng, 0.75) else (text, pose)))
    draft.claim(Turned(row, before, after))
    told = "" if yes(rng, 0.5) else one(rng, ("Only the direction has changed.", "The pose itself stays the same."))
    return draft.assistant(DONE.say(rng), bank.part(row, ("root",), after), told).told()


_TURNS = {45: "an eighth of a turn", 90: "a quarter turn"}


class EditPose(ToldTask):
    """A pose and an instruction; a blend has two poses."""

    name = "edit"

    def possible(self, bank: PoseBank) -> bool:
        """Whether there are changes."""
        return any(kind in bank.changed for kind in KINDS if kind != "pair")

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        draft = Draft(bank, self.name)
        if yes(rng, 0.05):
            return turn_around(draft, rng)
        change = draw_change(bank, rng)
        if change is None:
            raise ValueError("a bank without changes")
        text, claims = change_request(bank, change, rng)
        text = as_typed(rng, in_context(rng, sentence(text), 0.06))
        if change.kind == "blend":
            first, second = draft.bring(change.before, rng), draft.bring(change.other, rng)
            draft.user("Pose 1:", first, "Pose 2:", second, text)
        else:
            pose = draft.bring(change.before, rng)
            draft.user(*((pose, text) if yes(rng, 0.75) else (text, pose)))
        draft.claim(*claims)
        return draft.assistant(*changed_parts(draft, change, rng)).told()


def exact_angle(bank: PoseBank, change: Change) -> tuple[str, int] | None:
    """Angle and number of a change that the tool for exact angles can be asked for; None for other changes."""
    name, _, side = change.note.partition("|")
    if change.kind != "more" or name not in ("elbow", "knee"):
        return None
    return f"{side} {name} angle", rounded(bank.value(change.after, ADJUSTERS[name].measure_of(side)))
