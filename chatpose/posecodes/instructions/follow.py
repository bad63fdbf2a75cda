"""Instructions that speak of the edit before: "even more", "the other arm too", "back down", "no, the left one"."""

import re
from dataclasses import replace
from typing import Protocol

from chatpose.body.pose import Pose
from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.instructions.clauses import Clause
from chatpose.posecodes.instructions.facts import SIDES
from chatpose.posecodes.instructions.plan import Amount, Change, EditPlan


class LastEdit(Protocol):
    """An edit that has been made."""

    @property
    def plan(self) -> EditPlan:
        """What it was."""
        ...

    @property
    def before(self) -> Pose:
        """The pose before it."""
        ...

    @property
    def pose(self) -> Pose:
        """The pose after it."""
        ...


_CORRECTION = re.compile(
    r"^(?:no|nope|wrong (?:side|arm|leg|one|hand|foot|knee)|not that(?: one)?|sorry|wait|"
    r"oops)\b[ ,.:;-]*(?:i meant?\b)?"
    r"[ ,]*|^i (?:meant?)\b[ ,]*"
)  # fmt: skip
_UNDO = re.compile(r"^(?:undo(?: (?:that|it|this|the last (?:one|change|edit)))?|revert(?: (?:that|it))?|"
    r"take (?:that|it) back|"
                   r"(?:put|bring|move) (?:it|that|them) back|back (?:again|to how it was|as it was|to where it was)|"
                   r"(?:go )?back|restore(?: it)?|never ?mind)$")  # fmt: skip
_BACK = re.compile(r"^(?:and )?(?:(?:bring|put|move|take|let|lower|lift|raise) (?:it|them|that|@) )?(?:go |come )?back "
                   r"(?:to (?:where (?:it|they) (?:was|were)|how (?:it|they) (?:was|were)|the start)|down|up|in|"
                   r"out|again)"
                   r"(?: again)?$")  # fmt: skip
_MORE = re.compile(r"^(?:(?:and )?(?:still|even|yet|do it|go|keep going|continue|again|more|further|farther|"
    r"some|another|"
                   r"same again|a|once|deeper|no|not enough|much|lot|the same|twice|double|as|that amount|"
                   r"repeat(?: that)?|@|it|that|"
                   r"like that)\s*)+$")  # fmt: skip
_LESS = re.compile(r"^(?:(?:and )?(?:even|still|a|do it|go|not (?:so|that|as|quite so) (?:much|far|high|low)|"
    r"less|too (?:much|"
                   r"far|high|low)|back off|ease off|reduce(?: it| that)?|that is|it|that|is|was|"
                   r"bit)\s*)+$")  # fmt: skip


_HALF = re.compile(r"\bhalf(?:way)? (?:of (?:that|it)|that|as (?:much|far|high)|back)\b")
_AGAIN = re.compile(r"\bagain\b")


_BACK_SOME = re.compile(
    r"^(?:and |now |ok |then )?(?:(?:go|come|move|bring|take|put|ease) )?(?:(?:it|them|that) )?back(?: (?:off|again|t"
    r"he other way))?"
    r"(?: (?:by )?(?:@|some|somewhat|slightly|a little|a bit))?$"
)
_OTHER_DIRECTION = re.compile(
    r"^(?:(?:no|and|now|go|move it|turn it|do it|take it) )*(?:the )?(?:other|opposite) (?:way|direction)(?: instead)?$"
)
_THAN_BEFORE = re.compile(
    r"\b(?:than|as) (?:it|they|that|he|she) (?:was|were|had been)(?: (?:at first|before|originally|at the start|at th"
    r"e beginning|to begin with|"
    r"in the first place|initially))?\W*$"
)
_TURNED_ROUND = re.compile(r"^(?:(?:no|nope|wrong),? )?(?:the )?(?:other way (?:a)?round|opposite)\W+")


def than_before(text: str) -> str | None:
    """A text that asks for more than there was before the last edit ("higher than it was"), without that; else None."""
    found = _THAN_BEFORE.search(text)
    return _TURNED_ROUND.sub("", text[: found.start()]).strip(" ,") if found else None


def halves(text: str) -> bool:
    """Whether half of the last edit is to be taken back."""
    return bool(_HALF.search(text)) and not re.search(r"\b(?:arm|leg|hand|foot|knee|elbow|head)s?\b", text)


def back_again(clause: Clause, last: LastEdit) -> tuple[Change, ...]:
    """As in "lower them again after a raise": as it was before; else nothing."""
    if not _AGAIN.search(clause.text) or clause.amount.exact or clause.amount.size != "plain":
        return ()
    ways = {"up": ("lower", "down"), "down": ("raise", "up"), "bend": ("straighten",), "straighten": ("bend",),
            "out": ("in", "join"), "in": ("out", "apart"), "apart": ("join",), "crouch": ("rise", "up")}  # fmt: skip
    found = [change for change in last.plan.changes if clause.cues.has(*ways.get(change.way, ()))]
    named = {part.name for part in clause.parts}
    found = [change for change in found if not named or change.part.split()[-1] in named]
    return tuple(_restoring(change) for change in found)


def correction(text: str) -> str | None:
    """What is left of a text that takes the last edit back to do it otherwise; None for others."""
    match = _CORRECTION.match(text)
    return text[match.end() :] if match and match.end() else None


_INSTEAD = re.compile(
    r"^(?:(?:do|use|take|make|i mean) )?(?:(?:it|that) )?(?:with )?the other(?: (?:one|arm|leg|hand|foot|side|"
    r"knee|elbow))? "
    r"instead\W*$"
)


def instead(text: str) -> bool:
    """Whether the other side is to do what the last edit did, and this side not."""
    return bool(_INSTEAD.match(text))


def undoes(text: str) -> bool:
    """Whether a text takes the last edit back."""
    return bool(_UNDO.match(text))


def corrected(rest: str, last: LastEdit) -> tuple[Change, ...]:
    """The last edit for the other side, when that is all that a correction says; else nothing."""
    said = re.fullmatch(
        r"(?:on )?(?:the )?(?:(left|right|other)(?: (?:one|side|arm|leg|hand|foot|knee|elbow|shoulder))?)?", rest
    )
    if not said:
        return ()
    if said[1] in SIDES and any(said[1] in change.part for change in last.plan.changes):
        return last.plan.changes
    return tuple(change.mirrored() for change in last.plan.changes)


def repeated(clause: Clause, last: LastEdit) -> tuple[Change, ...]:
    """The last edit again, further or back, for a clause that only says how much; else nothing."""
    rest = clause.rest.replace("@", "").strip()
    amount = clause.amount
    if _BACK_SOME.match(clause.bare) and (amount.exact or amount.size != "plain"):
        turned = [change.reversed() for change in last.plan.changes]
        return tuple(change.by(amount) for change in turned if change is not None)
    if clause.parts or not last.plan.changes:
        return ()
    if _BACK.match(clause.text):
        return tuple(_restoring(change) for change in last.plan.changes)
    if _OTHER_DIRECTION.match(clause.text):
        turned = [change.reversed() for change in last.plan.changes]
        if all(turned):
            return tuple(change for change in turned if change is not None)
    if clause.cues.names - {"more", "less", "too", "turn"}:
        return ()
    if (_LESS.match(rest) and clause.cues.has("less", "down", "up")) or rest == "less":
        found = (change.reversed() for change in last.plan.changes)
        smaller = amount if amount.exact or amount.size != "plain" else Amount("little")
        return tuple(change.by(smaller) for change in found if change is not None)
    bare = not rest and (amount.exact or amount.size != "plain")
    if _MORE.match(rest) or bare:
        return tuple(_again(change, amount, bare) for change in last.plan.changes)
    return ()


def _again(change: Change, amount: Amount, bare: bool) -> Change:
    """Once more: by what is said now, or by as much as before; what was a number to reach goes on by a step."""
    if bare or amount.exact or amount.size != "plain":
        return replace(change, amount=amount, toward=change.toward if not change.amount.absolute else "")
    was = change.amount
    if change.way in ("up", "down") and {"overhead", "level"} & set(change.toward.split()):
        change = replace(change, toward=" ".join(set(change.toward.split()) - {"overhead", "level"}))
    return replace(change, amount=Amount(was.size) if was.absolute else was)


def _restoring(change: Change) -> Change:
    return Change(change.part, "restore")


def other_side(clause: Clause, last: LastEdit) -> tuple[Change, ...]:
    """The last edit for the other side: "the other arm too", "same with the left"; else nothing."""
    changes = last.plan.changes
    if not changes or ("too" not in clause.cues and not any(p.side == "other" for p in clause.parts)):
        return ()
    if clause.cues.verb and not clause.cues.has("copy"):
        return ()
    wanted = clause.elided or next((part.side for part in clause.parts if part.side in (*SIDES, "other", "both")), "")
    wanted = wanted or next((side for side in SIDES if side in clause.cues), "")
    made = []
    for change in changes:
        side = next((side for side in SIDES if side in change.part.split() or side in change.way.split()), "")
        if not side:
            continue
        target = wanted if wanted in SIDES else OTHER[side]
        turned = change if target == side else change.mirrored()
        made.append(_moved_to(turned, clause))
    return tuple(dict.fromkeys(made))


def _moved_to(change: Change, clause: Clause) -> Change:
    """For another kind of part, if one is named: "the same with the left leg"."""
    name = next((part.name for part in clause.parts), "")
    side, _, old = change.part.partition(" ")
    kinds = {"arm": "leg", "leg": "arm", "elbow": "knee", "knee": "elbow", "hand": "foot", "foot": "hand"}
    if side in SIDES and name and kinds.get(old) == name and not change.statements and not change.goals:
        return replace(change, part=f"{side} {name}")
    return change
