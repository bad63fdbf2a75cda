"""Orders that mean one thing of several joints: "drop to your forearms", "lunge to the left", "flex your biceps"."""

import re

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.goals import Goal
from chatpose.posecodes.grammar import parse
from chatpose.posecodes.instructions.clauses import Clause
from chatpose.posecodes.instructions.facts import SIDES, Facts
from chatpose.posecodes.instructions.plan import Amount, Change

_THE = r"(?:the |her |his |their |your |my )?"
_SIDE_LUNGE = re.compile(
    r"^(?:do a |take a |a )?(?:side(?:ways)? )?lunge (?:out |over )?(?:to |towards )?(?:the |your )?(?:side )?"
    r"(?P<side>left|right)(?: side)?$|^(?:do a |take a |a )?(?:side(?:ways)?|lateral) lunge(?: (?:to|on) (?:the |your"
    r" )?(?P<also>left|right))?"
)
_PARALLEL = re.compile(r"\bfeet parallel\b")
_UNTWIST = re.compile(
    rf"\b(?:unwind|untwist|undo the twist|take (?:out )?the twist out|square (?:up )?{_THE}(?:shoulders|chest|torso|h"
    rf"ips))\b|"
    rf"\b{_THE}(?:chest|shoulders|torso) (?:to )?fac(?:es?|ing) the same (?:way|direction) as {_THE}(?:hips|pelvis)\b|"
    rf"\bno (?:more )?twist\b"
)
_BEHIND = re.compile(
    rf"\b(?:grab|hold|catch|grasp|take(?: hold of)?|reach(?: back)?(?: for| to)?|clasp) {_THE}(?P<side>left|right)? ?"
    rf"(?P<part>ankle|foot|toes|heel|shin)\b.*\bbehind\b"
)
_FOREARMS = re.compile(
    rf"^(?:drop|come|go|lower|get|sink|move)(?: (?:yourself|her|him|them))?(?: back)?(?: down)? (?:on|onto|to|into) "
    rf"{_THE}(?:both )?"
    rf"(?:forearms|elbows|(?:a )?forearm plank)\b"
)
_PUSH_UP = re.compile(
    rf"^(?:push|press)(?: (?:yourself|{_THE}(?:body|chest|torso|trunk|upper body)|off))?(?: up| off)*(?: (?:off|from)"
    rf" the (?:floor|ground))?"
    r"(?=$|\b.*\b(?:arms?|elbows?) (?:are |is )?(?:fully )?(?:straight|extended|locked))"
)
_HIPS_DOWN = re.compile(
    rf"\b(?:lower|drop|bring|put|set|let|sink|rest) {_THE}(?:hips|bottom|butt|pelvis|backside|seat)\b.*\b(?:to|on|ont"
    rf"o) the (?:floor|ground|mat)\b|"
    rf"^come (?:back )?down (?:to|onto) the (?:floor|ground|mat)$"
)
_KNEE_IN = re.compile(
    rf"\b(?:pull|bring|draw|hug|tuck|lift|raise|squeeze|take) {_THE}(?P<side>left |right |both )?(?P<part>knees?|thig"
    rf"hs?)\b.*"
    rf"\b(?:to|towards?|into|in to|against|up to) {_THE}(?:chest|torso|belly|stomach|tummy)\b"
)
_BICEPS = re.compile(rf"\b(?:flex|show(?: off)?|pump) {_THE}(?:left |right |both )?(?:biceps?|muscles?|guns)\b")
_FOOT_FORWARD = re.compile(
    rf"^(?:put|bring|place|step|plant|set|move) {_THE}(?P<side>left|right) (?:foot|leg)\b.*\b(?:forwards?|in front|ah"
    rf"ead|flat)\b"
)
KNEE_DOWN_M = 0.1
_SALUTE = re.compile(r"\bsalute\b")


def read_order(clause: Clause, facts: Facts, notes: list[str]) -> list[Change] | None:
    """The changes of an order of this kind; None for others."""
    text = clause.text
    if said := _SIDE_LUNGE.match(text):
        side = said["side"] or said["also"] or "left"
        return [Change(f"{side} leg", "lunge", clause.amount, "out")]
    if _PARALLEL.search(text):
        ahead = Amount(value=0.0, unit="°", absolute=True)
        return [Change(f"{side} foot", "turn out", ahead) for side in SIDES]
    if _UNTWIST.search(text):
        return [Change("torso", "untwist")]
    if (said := _FOOT_FORWARD.search(text)) and all(facts.height(f"{side} knee") < KNEE_DOWN_M for side in SIDES):
        half = parse(f"kneeling on the {OTHER[said['side']]} knee")
        return [Change("body", "hold", Amount(), "", text, (half,), (), ("pelvis", "left leg", "right leg"))]
    if said := _BEHIND.search(text):
        return _grabbed_behind(clause, said["side"] or "", facts, notes)
    if _FOREARMS.match(text) and facts.value("chest facing") < -35:
        return [Change("body", "forearms down")]
    if _PUSH_UP.match(text) and facts.value("chest facing") < -25 and facts.height("left hand") < 0.15:
        return [Change("body", "press up")]
    if _HIPS_DOWN.search(text) and "level" not in clause.cues:
        return _hips_down(text, facts)
    if (said := _KNEE_IN.search(text)) and "hand" not in text:
        return _knees_in(said["side"] or "", said["part"], facts, notes)
    if _BICEPS.search(text):
        side = next((one for one in SIDES if one in text), "")
        return [change for one in ((side,) if side else SIDES) for change in _flexed(one, text)]
    if _SALUTE.search(text):
        side = "left" if "left" in text else "right"
        goals = (Goal(f"{side} fingertips", "at", f"{side} temple"),)
        return [Change(f"{side} hand", "hold", Amount(), "", text, (), goals, (f"{side} arm",))]
    return None


def _flexed(side: str, text: str) -> list[Change]:
    """An arm that shows its biceps: level to the side, the forearm up."""
    lines = (f"{side} upper arm tilt: 80..100", f"{side} forearm tilt: ..25", f"{side} elbow angle: 60..90")
    held = tuple(map(parse, lines))
    return [
        Change(f"{side} arm", "up", Amount(), "out level"),
        Change(f"{side} elbow", "bend", Amount(value=80.0, unit="°", absolute=True)),
        Change(f"{side} arm", "hold", Amount(), "", text, held, (), (f"{side} arm",)),
    ]


def _grabbed_behind(clause: Clause, side: str, facts: Facts, notes: list[str]) -> list[Change]:
    """A foot held behind the body: the knee folds, the hand of the same side reaches back."""
    hand = re.search(r"\bwith (?:the |her |his |their |your )?(left|right|both|opposite|other)\b", clause.text)
    named = hand[1] if hand and hand[1] in SIDES else ""
    side = side or named or "right"
    one = OTHER[side] if hand and hand[1] in ("opposite", "other") else named or side
    bend = Change(f"{side} leg", "fold behind")
    goals = (Goal(f"{one} hand", "at", f"{side} ankle"),)
    return [bend, Change(f"{one} hand", "hold", Amount(), "", clause.text, (), goals, (f"{one} arm",))]


def _hips_down(text: str, facts: Facts) -> list[Change] | None:
    """Hips to the floor: from a bridge flat on the back, from the hands and knees flat on the front."""
    if facts.value("chest facing") > 20:
        return [Change("body", "hips down")]
    if facts.value("chest facing") < -50 or "front" in text:
        return [
            Change(
                "body",
                "hold",
                Amount(),
                "",
                text,
                (parse("lying on the front"),),
                (),
                ("pelvis", "torso", "left leg", "right leg"),
            )
        ]
    return None


def _knees_in(side: str, part: str, facts: Facts, notes: list[str]) -> list[Change]:
    """Thighs folded on the trunk."""
    side = side.strip()
    if side == "both" or (not side and part.endswith("s")):
        sides: tuple[str, ...] = SIDES
    elif side:
        sides = (side,)
    else:
        sides = (facts.higher("foot") or "right",)
        notes.append(f"which {part} isn't said; took the {sides[0]} one")
    return [Change(f"{one} leg", "fold", Amount("lot")) for one in sides]
