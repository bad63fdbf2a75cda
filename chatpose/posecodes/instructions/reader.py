"""`InstructionReader`: what an instruction asks to change in a pose, in people's words.

Relative and structural changes, numbers and contacts are read here; states ("standing on one leg", "arms crossed") by
the parser of sentences.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError
from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.instructions.clauses import Clause, read_clause, split
from chatpose.posecodes.instructions.contacts import looked_at, read_contact
from chatpose.posecodes.instructions.facts import SIDES, Facts
from chatpose.posecodes.instructions.follow import (
    LastEdit,
    back_again,
    corrected,
    correction,
    halves,
    instead,
    other_side,
    repeated,
    than_before,
    undoes,
)
from chatpose.posecodes.instructions.idioms import crossed_leg, read_idiom
from chatpose.posecodes.instructions.keeping import kept_parts
from chatpose.posecodes.instructions.limbs import LIMBS, of_pair
from chatpose.posecodes.instructions.moving import parts_to_move
from chatpose.posecodes.instructions.orders import read_order
from chatpose.posecodes.instructions.parts import Named
from chatpose.posecodes.instructions.plan import Amount, Change, EditPlan
from chatpose.posecodes.instructions.roles import told_by_role
from chatpose.posecodes.instructions.sides import Chosen, choose, sides_told
from chatpose.posecodes.instructions.structure import read_structure
from chatpose.posecodes.instructions.text import MAX_CHARS, even, plain
from chatpose.posecodes.instructions.trunk import MIDDLE, of_body
from chatpose.posecodes.instructions.ways import told_by_pose
from chatpose.posecodes.instructions.wording import reworded
from chatpose.posecodes.parsing.reading import Parsed


class InstructionError(ChatposeError, ValueError):
    """An instruction that can't be read at all."""


class Parser(Protocol):
    """Reads free sentences."""

    def parse(self, text: str) -> Parsed:
        """What a sentence claims."""
        ...


class InstructionReader:
    """Reads instructions; keep one.

    Args:
        body: whose poses are meant; the open body when absent.
        parser: of sentences; the usual one when absent.
    """

    def __init__(self, body: BodyModel | None = None, parser: Parser | None = None) -> None:
        self._body = body or BodyModel.open()
        self._given = parser

    @property
    def parser(self) -> Parser:
        """Made when it is needed."""
        if self._given is None:
            from chatpose.posecodes.parsing.parser import SentenceParser

            self._given = SentenceParser()
        return self._given

    def read(self, text: str, pose: Pose, *, last: LastEdit | None = None) -> EditPlan:
        """Reads one instruction.

        Args:
            text: as a person says it.
            pose: a single pose that it is about.
            last: the edit before, which "it", "the other one" and "even more" are about.

        Raises:
            InstructionError: nothing, too much, or no words in it.
        """
        if len(text) > MAX_CHARS:
            raise InstructionError(f"an instruction of {len(text):,} characters", expected=f"at most {MAX_CHARS:,}")
        clean = even(text)
        if not re.search(r"\w", clean):
            raise InstructionError("an empty instruction", expected="what to change, such as: raise the left arm a bit")
        return _Reading(text, clean, Facts(pose, self._body), self.parser, last).plan()


_ONE_BY_ONE = re.compile(r"\b(?:then|after|before|next|finally)\b")
_HINGE_WAYS = ("bend", "straighten")
_TOO_MANY = re.compile(r"\b(?:third|fourth|fifth|(?:all )?(?:three|four|five|3|4|5|six|6)(?: of (?:the|her|"
    r"his))?) (?:left |right )?"
                       r"(?:arms?|legs?|hands?|feet|knees?|elbows?|heads?|foot)\b")  # fmt: skip
_PURPOSE = re.compile(r"\b(?:until|till|so that|so|such that)\b(?! (?:much|far|high|low|deep|wide))")


_UPRIGHT = re.compile(r"^stand(?: up)?(?: straight| tall(?:er)?| upright)+$|^stand up$")
LEANS_DEG = 12.0
_ON_A_CHAIR = ("left knee angle: 78..108", "right knee angle: 78..108", "torso pitch: -12..14")
"""How people sit who are told no more."""
LOW_HIPS = 85.0
"""Percent of the legs' length below which who is to stand up straight has to stand up first."""
_POSTURE = re.compile(
    r"^(?!.*tiptoe)(?:then )?(?:sit(?!ting (?:lower|deeper)| (?:up )?(?:straight|tall|upright))|kneel|lie|lay|"
    r"lunge|do an? |go (?:down )?(?:on|into)|get (?:up|"
    r"down|on|into|"
    r"in)|stand(?! (?:up |a bit )?(?:straight|tall|upright))|squat$|squat down$|crawl|come (?:up|down) (?:to|"
    r"into|on)|turn (?:over|onto)|"
    r"roll (?:over|onto)|assume|strike)(?! ?(?:lower|deeper|a bit|further|more))\b"
)


_TOWARD_LEG = re.compile(
    r"^(?P<what>(?:twist|rotate|turn|lean)(?: (?:the |your |her |his |their )?(?:torso|upper body|trunk|chest|body|"
    r"shoulders))?)(?: back)? (?:to|towards?|over) the (?P<side>left|right) (?:leg|foot|knee|thigh)(?= *(?:[.,;!]|$))"
)
"""Twisting or leaning toward a leg is doing so to its side."""
_HANDS_UP = re.compile(r"^.*\b(?:hands?|fingers?|fingertips|fists?|they)\b.*\b(?:up|upwards?|ceiling|sky)\b.*$")
_FOREARM_TILTS = {"pointing up": "..14", "pointing down": "166.."}


_INSTEAD_OF = re.compile(r"(?<!one)(?<!arm)(?<!leg)(?<!hand)(?<!foot)(?<!side),? instead\W*$")


class _Reading:
    """One instruction on its way to a plan."""

    def __init__(self, text: str, clean: str, facts: Facts, parser: Parser, last: LastEdit | None) -> None:
        self._text, self._clean = text, clean
        self._facts, self._parser, self._last = facts, parser, last
        self._changes: list[Change] = []
        self._kept: list[str] = []
        self._notes: list[str] = []
        self._unread: list[str] = []
        self._contradictions: list[str] = []

    def plan(self) -> EditPlan:
        """The plan."""
        words = _INSTEAD_OF.sub("", self._clean) if self._last is None else self._clean
        undo = False
        if said := _TOO_MANY.search(words):
            self._notes.append(f"{said[0]}: a body has two of them")
        if self._last is not None:
            if (more := than_before(words)) is not None:
                undo, words = True, more
            elif halves(words):
                return self._done(tuple(Change(c.part, "halfway") for c in self._last.plan.changes), undo=False)
            rest = "" if instead(words) else correction(words)
            if rest is not None and not undo:
                undo, words = True, plain(rest).strip(" .!")
                self._changes += corrected(words, self._last)
                words = "" if self._changes else words
            elif undoes(plain(words).strip(" .!")):
                return self._done((Change("body", "undo"),), undo=False)
        before = () if self._last is None else self._last.plan.changes
        words = told_by_role(words, self._facts, self._notes)
        words = sides_told(reworded(told_by_pose(words, self._facts, before, self._notes)), self._facts, self._notes)
        words = _TOWARD_LEG.sub(r"\g<what> to the \g<side>", words)
        for clause in split(words) if words else []:
            self._read(clause)
        return self._done(tuple(self._changes), undo=undo)

    def _done(self, changes: tuple[Change, ...], *, undo: bool) -> EditPlan:
        changes = _without_echoes(changes)
        if not _ONE_BY_ONE.search(self._clean):
            changes = _hands_last(changes)
        self._contradictions += _contradictions(changes)
        return EditPlan(
            self._text, changes, tuple(dict.fromkeys(self._kept)), undo, tuple(dict.fromkeys(self._notes)),
            tuple(self._unread), tuple(self._contradictions),
        )  # fmt: skip

    def _read(self, clause: Clause) -> None:
        if clause.cues.keep:
            kept = kept_parts(clause, self._mentioned())
            if kept is not None:
                self._kept += kept
                return
        for reader in (self._follow, self._order, self._structure, self._idiom, self._posture, self._looking,
                       self._contact, self._named, self._states):  # fmt: skip
            made = reader(clause)
            if made is not None:
                self._changes += [change if change.words else replace(change, words=clause.text) for change in made]
                return
        self._unread.append(clause.text)

    def _mentioned(self) -> str:
        """The side that was spoken of last."""
        before = [*(self._last.plan.changes if self._last else ()), *self._changes]
        for change in reversed(before):
            side = change.part.split()[0]
            if side in SIDES:
                both = any(other.part == change.mirrored().part and other is not change for other in before[-4:])
                return "" if both else side
        return ""

    def _follow(self, clause: Clause) -> list[Change] | None:
        """What continues the last edit, or the clause before."""
        last = self._last
        if last is None or (self._changes and "too" not in clause.cues):
            return self._too(clause) if self._changes else None
        found = repeated(clause, last) or back_again(clause, last) or other_side(clause, last)
        return list(found) or self._about_it(clause, last)

    def _too(self, clause: Clause) -> list[Change] | None:
        """As in "… and the other one too within one instruction"."""
        if "too" not in clause.cues or clause.cues.verb or not self._changes:
            return None
        so_far = EditPlan(self._text, (self._changes[-1],))
        return list(other_side(clause, _Made(so_far, self._facts))) or None

    def _about_it(self, clause: Clause, last: LastEdit) -> list[Change] | None:
        """As in "lower it", "higher": the parts of the last edit."""
        if clause.parts or clause.cues.whole or not clause.cues.any:
            return None
        known = clause.cues.has("raise", "lower", "bend", "straighten")
        if not clause.pronoun and (clause.cues.bodily or (clause.cues.verb and not known)):
            return None
        names = last.plan.parts
        if clause.elided in SIDES:  # "the left one": of what both sides did, or of the side that did nothing
            names = tuple(f"{clause.elided} {name.split(' ', 1)[1]}" for name in names if name.split()[0] in SIDES)
        bent = [change for change in last.plan.changes if change.part.endswith("knee") and change.way in _HINGE_WAYS]
        if len(bent) == len(names) == len(SIDES) and clause.cues.has("lower", "down", "raise", "up"):
            return [Change("pelvis", "crouch" if clause.cues.has("lower", "down") else "rise", clause.amount)]
        made: list[Change] = []
        for name in dict.fromkeys(names):
            made += _about(name, clause)
        return made or None

    def _structure(self, clause: Clause) -> list[Change] | None:
        return read_structure(clause, self._facts, self._notes)

    def _order(self, clause: Clause) -> list[Change] | None:
        return read_order(clause, self._facts, self._notes)

    def _idiom(self, clause: Clause) -> list[Change] | None:
        return read_idiom(clause, self._facts, self._notes)

    def _posture(self, clause: Clause) -> list[Change] | None:
        """As in "sit down", "kneel on the right knee": a posture of the whole body."""
        if _UPRIGHT.match(clause.text) and self._facts.value("hip height") < LOW_HIPS:
            legs = tuple(parse(f"{side} knee angle: 160..") for side in SIDES)
            held = (parse("standing"), *legs)
            found = [Change("body", "hold", Amount(), "", clause.text, held, (), parts_to_move(held))]
            leans = abs(self._facts.value("torso pitch")) > LEANS_DEG
            return [*found, Change("torso", "upright")] if found and leans else found
        return self._states(clause) if _POSTURE.match(clause.text) else None

    def _looking(self, clause: Clause) -> list[Change] | None:
        """As in "look at the left hand"."""
        found = looked_at(clause.text, self._facts, self._mentioned()) if "look" in clause.cues else ""
        return [Change("head", "look at", clause.amount, found)] if found else None

    def _contact(self, clause: Clause) -> list[Change] | None:
        found = read_contact(clause.text, self._facts, self._mentioned())
        if found is None:
            return None
        self._notes += found[1]
        return found[0]

    def _named(self, clause: Clause) -> list[Change] | None:
        """Changes of the parts that are named, or of the whole body."""
        purpose = _PURPOSE.search(clause.bare)
        places = len(clause.bare) if purpose is None else purpose.start()
        parts = [part for part in clause.parts if not _is_place(part, clause) and (part.start <= places)]
        if not parts:
            return _less([self._with_side(change) for change in of_body(clause)], clause) or None
        made: list[Change] = []
        for part in parts:
            made += self._of_part(part, clause)
        made = _less(made, clause)
        if purpose and made:
            made += self._purpose(clause.bare[purpose.end() :], made)
        return made or (of_body(clause) or None if all(part.middle for part in parts) else None)

    def _with_side(self, change: Change) -> Change:
        """Stepping forward: with the foot that is behind; back with the one in front."""
        if not change.part.startswith("one "):
            return change
        front = self._facts.in_front("foot")
        side = (OTHER[front] if change.way == "forward" else front) if front else "left"
        self._notes.append(f"which foot isn't said; took the {side} one")
        return replace(change, part=change.part.replace("one", side))

    def _purpose(self, text: str, made: list[Change]) -> list[Change]:
        """The state that a change is to lead to: "… so that the forearms point up"."""
        if any({"level", "overhead", "straight"} & set(change.toward.split()) for change in made):
            return []
        if all(change.way == "bend" and change.part.endswith("elbow") for change in made):
            text = _HANDS_UP.sub("the forearms point up", text)
        sides = {change.part.split()[0] for change in made} & set(SIDES)
        side = sides.pop() if len(sides) == 1 else ""
        parsed = self._parser.parse(re.sub(r"\b(?:the|it) (?=\w+ )", f"the {side} " if side else "the ", text))
        statements = tuple(row for row in parsed.statements if row.code.subject != "body")
        if not statements:
            return []
        statements = tuple(map(_sharper, statements))
        statements += tuple(self._as_it_is(row, made) for row in statements if "forearm" in row.code.subject)
        return [Change(*_held(statements), Amount(), "", text, statements, (), parts_to_move(statements))]

    def _as_it_is(self, row: Statement, made: list[Change]) -> Statement:
        """The upper arm's direction as it is, where an elbow is to bend for its forearm."""
        side = row.code.subject.split()[0]
        tilt = self._facts.value(f"{side} upper arm tilt")
        return parse(f"{side} upper arm tilt: {max(tilt - 8, 0):.0f}..{min(tilt + 8, 180):.0f}")

    def _of_part(self, part: Named, clause: Clause) -> list[Change]:
        if clause.cues.has("look") and "turn" in clause.cues and part.name in ("torso", "chest"):
            return [*MIDDLE[part.name](clause), *of_body(clause)]
        if clause.cues.has("look") and part.name not in ("head", "gaze", "neck", "chin"):
            return of_body(clause)
        if part.middle:
            return MIDDLE[part.name](clause)
        if part.side in ("both", "") and (pair := of_pair(clause, part.name)):
            return pair
        if "cross" in clause.cues and part.name in ("leg", "ankle", "foot", "knee") and part.side != "both":
            return crossed_leg(choose(part, clause.cues, self._facts, self._mentioned()).sides[0], self._facts)
        chosen = choose(part, clause.cues, self._facts, self._mentioned())
        if "point" in clause.cues and part.side == "both" and "both" not in clause.bare and self._facts.standing_on:
            chosen = Chosen((OTHER[self._facts.standing_on],), "the foot that is off the floor is pointed")
        made = [change for side in chosen.sides for change in LIMBS[part.name](clause, side)]
        if made and chosen.note:
            self._notes.append(chosen.note)
        return made

    def _states(self, clause: Clause) -> list[Change] | None:
        """What the parser of sentences reads in a clause."""
        parsed = self._parser.parse(clause.text)
        dropped = _less_said(parsed)
        self._notes += [f"{parsed.words((found.start, found.stop))}: {found.why}" for found in parsed.impossible]
        plans = parsed.plans()
        if not plans or not plans[0]:
            return None
        self._contradictions += [
            f"{one} and {other}" for one, other in parsed.contradictions() if str(one) not in dropped
        ]
        plans = [tuple(row for row in plan if str(row) not in dropped) for plan in plans]
        statements = plans[0] if len(plans) == 1 else self._nearer(plans)
        if [str(row) for row in statements] == ["sitting as on a chair"]:
            statements = (*statements, *map(parse, _ON_A_CHAIR))
        if [str(row) for row in statements] == ["kneeling"]:
            statements = (*statements, *(parse(f"{side} knee: on ground") for side in SIDES))
        return [Change(*_held(statements), Amount(), "", clause.text, tuple(statements), (), parts_to_move(statements))]

    def _nearer(self, plans: Sequence[tuple[Statement, ...]]) -> tuple[Statement, ...]:
        """Of the ways to understand an open side the one that holds more already."""
        from chatpose.posecodes.check import check

        self._notes.append("which side isn't said; took the one that is nearer")
        held = [sum(bool(row.holds) for row in check(plan, self._facts.points)[0]) for plan in plans]
        return plans[held.index(max(held))]


_REASON = re.compile(
    r"\b(?:is|are|you'?re|was|were|he'?s|she'?s|they'?re|it'?s) (?:much |way |far |a (?:bit|little) |still )?too \w+"
)


def _less(made: list[Change], clause: Clause) -> list[Change]:
    """The other way, for "less", "not so far": by a little unless more is said."""
    if "less" not in clause.cues or any(change.way in ("straighten", "round", "arch") for change in made):
        return made
    if _REASON.search(clause.text) and clause.cues.has("rise", "raise", "lower", "straighten", "join", "spread"):
        return made  # "come up a little, you're too deep": the way is said
    amount = clause.amount if clause.amount.exact or clause.amount.size != "plain" else Amount("little")
    return [back.by(amount) for change in made if (back := change.reversed()) is not None]


class _Made:
    """The changes so far in the place of an edit."""

    def __init__(self, plan: EditPlan, facts: Facts) -> None:
        self.plan = plan
        self.before = self.pose = facts.pose


def _sharper(row: Statement) -> Statement:
    """A forearm that is to point somewhere points there clearly, not just so."""
    subject, _, state = str(row).partition(": ")
    found = _FOREARM_TILTS.get(state) if subject.endswith("forearm") else None
    return row if found is None else parse(f"{subject} tilt: {found}")


def _less_said(parsed: Parsed) -> set[str]:
    """Postures of which another says more: "kneeling" beside "kneeling on the right knee"."""
    names = {str(row) for row in parsed.statements}
    return {name for name in names if any(other.startswith(f"{name} on ") for other in names)}


def _held(statements: Sequence[Statement]) -> tuple[str, str]:
    subjects = {statement.code.subject for statement in statements}
    return (subjects.pop() if len(subjects) == 1 else "body"), "hold"


def _is_place(part: Named, clause: Clause) -> bool:
    """Whether a part only says where: "raise the arm over the head"."""
    before = clause.bare[: part.start]
    return part is not clause.parts[0] and bool(
        re.search(r"\b(?:above|over|behind|in front of|to|toward|towards|from|of|at|beside|near|past|than|with|across|"
            r"against|on)(?: the| her| his|"
                  r" their| your)?(?: left| right)? $", before)
    )  # fmt: skip


def _about(name: str, clause: Clause) -> list[Change]:
    """What a clause without a part asks of a part that is known."""
    side, _, part = name.partition(" ")
    if side in SIDES and part == "hand" and clause.cues.has(*_HINGE_WAYS):
        return LIMBS["elbow"](clause, side)
    if side in SIDES and part in LIMBS:
        return LIMBS[part](clause, side)
    if name in MIDDLE:
        return MIDDLE[name](clause)
    if name in ("feet", "hands", "knees", "elbows"):
        return of_pair(clause, {"feet": "foot"}.get(name, name[:-1]))
    return of_body(clause)


def _without_echoes(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    kept: list[Change] = []
    goes = {(goal.subject.split()[0], number) for number, change in enumerate(changes) for goal in change.goals}
    for number, change in enumerate(changes):
        taken_off = change.way == "away" or (change.way == "relax" and change.part.endswith("arm"))
        if taken_off and any(change.part.startswith(side) and later > number for side, later in goes):
            continue  # "off the knee and onto the hip": where it goes is said
        same = (change.part, change.way, change.amount, change.toward, change.statements, change.goals)
        if not any(same == (c.part, c.way, c.amount, c.toward, c.statements, c.goals) for c in kept):
            kept.append(change)
    return tuple(kept)


def _hands_last(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Leans and turns of the trunk before the contacts of hands, which they would pull away again."""
    trunk = [change.part in ("torso", "back") and change.way != "hold" for change in changes]
    touching = [bool(change.goals) and all(part.endswith("arm") for part in change.moving) for change in changes]
    if not any(touching) or not any(trunk):
        return changes
    first = touching.index(True)
    later = [change for change, moves in zip(changes[first:], trunk[first:], strict=True) if moves]
    rest = [change for change, moves in zip(changes[first:], trunk[first:], strict=True) if not moves]
    return (*changes[:first], *later, *rest)


def _contradictions(changes: tuple[Change, ...]) -> list[str]:
    """Changes that undo each other in one breath."""
    found = []
    for number, change in enumerate(changes):
        back = change.reversed()
        undone = change.part.endswith("arm") and change.way == "up"
        for other in changes[number + 1 :]:
            if undone and other.part == change.part and other.way == "relax":
                found.append(f"{change.part} up and down")
            elif back and (back.part, back.way) == (other.part, other.way) and not other.amount.exact:
                found.append(f"{change.part} {change.way} and {other.way}")
    return found


__all__ = ["EditPlan", "InstructionError", "InstructionReader", "read_clause"]
