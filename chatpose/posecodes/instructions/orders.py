"""Orders that mean one thing of several joints: "drop to your forearms", "lunge to the left", "flex your biceps"."""

import re

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.goals import GROUND, Goal
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
_CROSSED_ABOVE = re.compile(
    rf"\bcross {_THE}(?:arms|wrists|hands|forearms)\b.*\b(?:over|above) {_THE}head\b|\bcross {_THE}(?:arms|wrist"
    rf"s|hands) overhead\b"
)
_HANDS_BEFORE = re.compile(
    rf"^(?:hold|bring|put|keep|have|with) (?:{_THE}(?:both )?)(?:hands|fists)(?: out| down| up| back)* in front "
    rf"of {_THE}(?P<pla"
    rf"ce>belly|stomach|waist|"
    r"navel|hips|abdomen|chest|torso|body)$"
)
_HEEL_DOWN = re.compile(
    rf"^(?:stretch|straighten|extend|put|slide|reach|stick) {_THE}(?P<side>left|right) leg\b.*\bheel\b.*\b(?:on|"
    rf"to|touching) the (?:floor|ground)\b"
)
_KNEES_OFF = re.compile(
    rf"^(?:lift|raise|take|bring|push) (?:both )?{_THE}knees (?:up )?off (?:of )?the (?:floor|ground|mat)$"
)
_ON_HEELS = re.compile(r"\bsit(?:ting)? (?:back |down |up )*on(?:to)? (?:the |your |her |his |their )?(?:own )?heels\b")
_HUGS = re.compile(r"\b(?:hug|hold|squeeze)\b")
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
    if made := _of_contacts(text, facts):
        return made
    if said := _BEHIND.search(text):
        return _grabbed_behind(clause, said["side"] or "", facts, notes)
    if _FOREARMS.match(text) and facts.value("chest facing") < -35:
        return [Change("body", "forearms down")]
    if _PUSH_UP.match(text) and facts.value("chest facing") < -25 and facts.height("left hand") < 0.15:
        return [Change("body", "press up")]
    if _HIPS_DOWN.search(text) and "level" not in clause.cues:
        return _hips_down(text, facts)
    if (said := _KNEE_IN.search(text)) and "hand" not in text:
        return _knees_in(said["side"] or "", said["part"], text, facts, notes)
    return _of_arms(text)


def _of_arms(text: str) -> list[Change] | None:
    """Biceps that are shown, a salute."""
    if _BICEPS.search(text):
        side = next((one for one in SIDES if one in text), "")
        return [change for one in ((side,) if side else SIDES) for change in _flexed(one, text)]
    if _SALUTE.search(text):
        side = "left" if "left" in text else "right"
        goals = (Goal(f"{side} fingertips", "at", f"{side} temple"),)
        return [Change(f"{side} hand", "hold", Amount(), "", text, (), goals, (f"{side} arm",))]
    return None


def _of_contacts(text: str, facts: Facts) -> list[Change] | None:
    """Contacts: wrists crossed overhead, a heel on the floor, the seat on the heels, knees off it."""
    if _ON_HEELS.search(text):
        return [Change("body", "sit on heels")]
    if _CROSSED_ABOVE.search(text):
        goals = (Goal("left wrist", "against", "right wrist"),)
        above = [Change(f"{side} arm", "up", Amount(), "overhead") for side in SIDES]
        return [*above, Change("hands", "hold", Amount(), "", text, (), goals, ("left arm", "right arm"))]
    if said := _HANDS_BEFORE.match(text):
        return _hands_before(said["place"], text)
    if said := _HEEL_DOWN.search(text):
        goals = (Goal(f"{said['side']} heel", "on", GROUND),)
        straight = (parse(f"{said['side']} knee angle: 163.."),)
        part = f"{said['side']} leg"
        return [
            Change(f"{said['side']} knee", "straighten", Amount("full")),
            Change(part, "hold", Amount(), "", text, straight, goals, (part,)),
        ]
    if _KNEES_OFF.match(text) and facts.value("chest facing") < -35:
        lines = [f"{side} {what}" for side in SIDES for what in ("foot: on ground", "hand: on ground")]
        lines += [f"{side} {what}" for side in SIDES for what in ("knee angle: 85..125", "knee height: 0.14..0.3")]
        held = tuple(map(parse, lines))
        return [Change("body", "hold", Amount(), "", text, held, (), ("pelvis", "left leg", "right leg"))]
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


def _knees_in(side: str, part: str, text: str, facts: Facts, notes: list[str]) -> list[Change]:
    """Thighs folded on the trunk."""
    side = side.strip()
    if side == "both" or (not side and part.endswith("s")):
        sides: tuple[str, ...] = SIDES
    elif side:
        sides = (side,)
    else:
        sides = (facts.higher("foot") or "right",)
        notes.append(f"which {part} isn't said; took the {sides[0]} one")
    made = [Change(f"{one} leg", "fold", Amount("lot")) for one in sides]
    if _HUGS.search(text):  # the hands hold what is hugged
        for hand in SIDES:
            goals = (Goal(f"{hand} hand", "on", f"{hand if len(sides) == 2 else sides[0]} shin"),)
            made.append(Change(f"{hand} hand", "hold", Amount(), "", text, (), goals, (f"{hand} arm",)))
    return made


def _hands_before(place: str, text: str) -> list[Change]:
    """Both hands held before the trunk, elbows bent."""
    angle = 75.0 if place in ("chest", "torso", "body") else 95.0
    lines = [f"{side} hand: in front of torso" for side in SIDES]
    lines += [f"{side} elbow angle: {angle - 15:.0f}..{angle + 15:.0f}" for side in SIDES]
    lines += [f"{side} upper arm tilt: 135.." for side in SIDES]
    lines += [f"{side} hand in front of torso: 0.2..0.45" for side in SIDES]
    bent = [Change(f"{side} elbow", "bend", Amount(value=angle, unit="°", absolute=True)) for side in SIDES]
    held = tuple(map(parse, lines))
    return [*bent, Change("hands", "hold", Amount(), "", text, held, (), ("left arm", "right arm"))]
