"""One instruction → its clauses, each with what it says and what it leaves to the clause before it."""

import re
from dataclasses import dataclass, replace

from chatpose.posecodes.instructions.cues import Cues, read_cues
from chatpose.posecodes.instructions.parts import Named, find_parts, without_parts
from chatpose.posecodes.instructions.plan import Amount
from chatpose.posecodes.instructions.text import plain, read_amount

_BREAKS = re.compile(r"[.;!?\n:]+(?!\d)\s*|,\s*(?!\d{3}\b)")
_JOINTS = re.compile(
    r"\s+(?:and then|and also|and|then|but|while|whilst|plus|&|afterwards)\s+|^(?:and then|and also|and|then|but|also|"
    r"now|next|first|finally)\s+|\s+(?=without |keeping |leaving |with (?:the|her|his|their|your|a|an|both|left|"
    r"right) )"
)
_ELIDED = re.compile(
    r"(?<!to )(?<!towards )(?<!toward )(?<!on )(?<!from )(?<!is )\bthe (?P<side>left|right|"
    r"other)(?: side)?\b"
)
_IMPLIED = re.compile(
    r"\b(?:kick|point|reach|wave|punch)(?:ing)?\b(?=.*\b(?:higher|lower|up|down|forward|out|further|straighter|"
    r"left|right|"
    r"back|ceiling|sky|floor|ground|sun|moon|stars?|clouds?|horizon|side)\b)"
)
"""Verbs that are said of a limb without naming it."""
_STEPS = re.compile(r"\b(?:step|kick)\b")
_ONE = re.compile(r"\b(?:the )?(?P<side>left|right|other) one\b")
_IT = re.compile(r"\b(?:it|them|that|this|those|these)\b")


@dataclass(frozen=True)
class Clause:
    """A clause.

    Attributes:
        text: its words.
        parts: named in it, or taken over from the clause before.
        bare: the text without the amount; places of parts are places in it.
        rest: the text without parts and amounts.
        amount: how much.
        cues: verbs, directions, states.
        pronoun: whether "it" stands where a part would.
        elided: a side whose part isn't said ("lower the right").
    """

    text: str
    parts: tuple[Named, ...]
    bare: str
    rest: str
    amount: Amount
    cues: Cues
    pronoun: bool = False
    elided: str = ""

    @property
    def empty(self) -> bool:
        """Whether it says nothing to do."""
        return not self.cues.any and not self.amount.exact


def read_clause(text: str) -> Clause:
    """Reads one clause."""
    amount, shorter = read_amount(text)
    parts = tuple(find_parts(shorter))
    if not parts and (implied := _IMPLIED.search(shorter)):
        kind = "leg" if implied[0].startswith("kick") else "hand" if implied[0].startswith(("wave", "punch")) else "arm"
        parts = (Named(kind, "raised", len(shorter), len(shorter)),)
    rest = without_parts(shorter, list(parts))
    elided = ""
    if (not parts and (match := _ONE.search(rest))) or (not parts and (match := _ELIDED.search(rest))):
        elided = match["side"]
        rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    if elided and not parts and _STEPS.search(rest):
        parts, elided = (Named("foot", elided, len(shorter), len(shorter)),), ""
    return Clause(text, parts, shorter, rest, amount, read_cues(rest), bool(_IT.search(rest)) and not parts, elided)


def split(text: str) -> list[Clause]:
    """All clauses; what a clause leaves out comes from the one before."""
    clauses: list[Clause] = []
    for sentence in _BREAKS.split(text):
        for piece in _JOINTS.split(sentence):
            words = plain(piece)
            words = "backwards" if words == "back" and clauses else words
            if words:
                _add(clauses, read_clause(words))
    return clauses


_IT_SOMEWHERE = re.compile(
    r"^(?P<verb>(?:put|place|rest|set|lay|bring|move|press|hold|keep) )(?P<what>it|them)(?= (?:(?:back|down|up) )?(?:"
    r"on|onto|to|behind|against|at|"
    r"over|under|in|into)\b)"
)
_HANDS = frozenset(("hand", "palm", "arm", "foot", "elbow", "knee"))


def _named(clause: Clause, before: Clause) -> Clause:
    """As in "lift the left hand | put it on the hip": the part in the place of its pronoun."""
    said = _IT_SOMEWHERE.match(clause.text)
    part = before.parts[0] if before.parts else None
    if not said or part is None or part.name not in _HANDS or part.side not in ("left", "right", "both", ""):
        return clause
    name = {"arm": "hand"}.get(part.name, part.name)
    plural = {"foot": "feet"}.get(name, f"{name}s") if part.side in ("both", "") and said["what"] == "them" else name
    side = f"{part.side} " if part.side in ("left", "right") else "both " if plural != name else ""
    return read_clause(f"{said['verb']}the {side}{plural}{clause.text[said.end() :]}".replace("the both", "both"))


def _add(clauses: list[Clause], clause: Clause) -> None:
    before = clauses[-1] if clauses else None
    if before is not None:
        clause = _named(clause, before)
    if before is not None and clause.cues.keep and clause.elided and not clause.parts and before.parts:
        clause = replace(clause, parts=(replace(_inherited(before)[0], side=clause.elided),), elided="")
    if before is not None and not before.cues.keep and _with_what(before, clause):
        clauses[-1] = read_clause(f"{before.text} {clause.text}")
    elif (
        before is None
        or clause.cues.keep
        or clause.cues.follow
        or (clause.empty and clause.parts and not clause.cues.filler_only)
    ):
        clauses.append(clause)
    elif clause.empty and clause.parts:
        clauses.append(_like(before, clause))
    elif not clause.parts and not clause.pronoun and not clause.elided and _completes(before, clause):
        joined = read_clause(f"{before.text} {clause.text}")
        clauses[-1] = joined if joined.parts else replace(joined, parts=_inherited(before))
    elif not clause.parts and clause.elided and before.parts:
        clauses.append(replace(clause, parts=(replace(_inherited(before)[0], side=clause.elided),), elided=""))
        if clause.empty:
            clauses[-1] = _like(before, clauses[-1])
    elif not clause.parts and before.parts and not clause.cues.whole and (clause.pronoun or not clause.cues.bodily):
        clauses.append(replace(clause, parts=_inherited(before), pronoun=False))
    else:
        clauses.append(_sided(before, clause))


def _inherited(before: Clause) -> tuple[Named, ...]:
    """Parts of a clause, for one that they have no place in."""
    return tuple(replace(part, start=0, stop=0) for part in before.parts)


def _with_what(before: Clause, clause: Clause) -> bool:
    """Whether a clause names what the verb before it is done with: "point higher | with the right arm"."""
    if not clause.text.startswith("with ") or not (clause.parts or clause.elided) or clause.cues.names - {"too"}:
        return False
    return before.cues.any or before.pronoun or not before.parts


def _completes(before: Clause, clause: Clause) -> bool:
    """Whether a clause of directions or amounts belongs to the verb before it: "arms up and out", "a bit more"."""
    if not clause.cues.any and not clause.amount.exact and clause.amount.size == "plain":
        return False
    return (
        not clause.cues.verb
        and not before.cues.keep
        and not clause.cues.has("squat", "rise", "tiptoe", "mirror", "swap")
    )


def _like(before: Clause, clause: Clause) -> Clause:
    """A clause that only names a part does what the one before does."""
    parts = _sided(before, clause).parts
    amount = clause.amount if clause.amount.exact or clause.amount.size != "plain" else before.amount
    return replace(clause, parts=parts, amount=amount, cues=before.cues, rest=before.rest)


def _sided(before: Clause, clause: Clause) -> Clause:
    """As in "the left arm and leg": a part without a side takes that of the part just before it."""
    if not clause.empty or not before.parts or before.parts[-1].side not in ("left", "right"):
        return clause
    side = before.parts[-1].side
    parts = tuple(part if part.side or part.middle else replace(part, side=side) for part in clause.parts)
    return replace(clause, parts=parts)
