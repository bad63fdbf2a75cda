"""What a clause asks of head, trunk and the body as a whole, as changes."""

import re
from collections.abc import Callable

from chatpose.posecodes.instructions.clauses import Clause
from chatpose.posecodes.instructions.plan import Amount, Change

Made = list[Change]
_SIDES = ("left", "right")


def of_head(clause: Clause, name: str) -> Made:
    """As in "turn the head left", "chin up", "look over the right shoulder"."""
    cues, amount = clause.cues, clause.amount
    if name == "chin" and re.search(
        r"\b(?:to|on|towards?) (?:the |her |his |their |your )?(?:chest|breast|throat)", clause.text
    ):
        return [Change("head", "nod down", Amount("lot") if amount.size == "plain" else amount)]
    if (
        "over shoulder" in cues
        and cues.has("look", "turn", *_SIDES)
        and any(p.name == "shoulder" for p in clause.parts)
    ):
        side = next(part.side for part in clause.parts if part.name == "shoulder") or "left"
        return [Change("head", f"turn {side}", Amount(value=65, unit="°", absolute=True))]
    if "ahead" not in cues and not cues.has(*_SIDES) and (side := _shoulder_side(clause)):
        return [Change("head", f"{'tilt' if 'lean' in cues else 'turn'} {side}", amount)]
    looks = name == "gaze" or cues.has("look")
    if said := _head_said(clause, name, looks=looks):
        return said
    made: Made = []
    for side in _SIDES:
        if side in cues:
            tilts = "lean" in cues and "turn" not in cues and not looks
            made.append(Change("head", f"{'tilt' if tilts else 'turn'} {side}", amount))
    if cues.has("raise", "up") or (cues.has("back") and not looks and not cues.has("turn")):
        made.append(Change("head", "nod up", amount))
    elif cues.has("lower", "down", "tuck") or ("forward" in cues and cues.has("lean", "move", "bend")):
        made.append(Change("head", "nod down", amount))
    if made:
        return made
    if cues.has("ahead", "straighten", "upright", "reset", "level", "relax", "forward"):
        return [Change("head", "reset")]
    if cues.has("lean", "bend"):
        return [Change("head", "nod down", amount)]
    return []


def _head_said(clause: Clause, name: str, *, looks: bool) -> Made:
    """Heads that hang, drop to a side, or look behind."""
    cues, amount = clause.cues, clause.amount
    if (
        not looks
        and re.search(r"\b(?:hang|droop|loll|fall)(?:s|ing)?\b", clause.text)
        and not cues.has(*_SIDES, "back")
    ):
        return [Change("head", "nod down", amount)]
    if looks and re.search(r"\bbehind (?:you|her|him|them|me|the back|your back)\b", clause.text):
        side = next((side for side in _SIDES if side in cues), "left")
        return [Change("head", f"turn {side}", Amount(value=65, unit="°", absolute=True))]
    if not looks and "lower" in cues and cues.has(*_SIDES) and "turn" not in cues and name != "chin":
        return [Change("head", f"tilt {side}", amount) for side in _SIDES if side in cues]
    return []


def _shoulder_side(clause: Clause) -> str:
    """The shoulder or ear that the head goes to."""
    said = re.search(
        r"\b(?:to|towards?|onto|on) (?:the |her |his |their |your )?(left|right) (?:shoulder|"
        r"ear)",
        clause.text,
    )
    return said[1] if said else ""


def of_torso(clause: Clause, name: str) -> Made:
    """As in "lean forward", "twist to the left", "arch the back", "chest up"."""
    cues, amount = clause.cues, clause.amount
    if "arch" in cues:
        return [Change("back", "round" if "less" in cues else "arch", amount)]
    if "round" in cues:
        return [Change("back", "arch" if "less" in cues else "round", amount)]
    if (
        name == "chest"
        and cues.has("open", "spread", "move", "out")
        and not cues.has("left", "right", "forward", "down")
    ):
        return [Change("chest", "open", amount)]
    if cues.has("turn") and cues.has(*_SIDES):
        return [Change("torso", f"turn {side}", amount) for side in _SIDES if side in cues]
    made = [Change("torso", f"lean {side}", amount) for side in _SIDES if side in cues]
    if cues.has("forward", "down", "lower") and "upright" not in cues:
        made.append(Change("torso", "lean forward", _bent(clause)))
    elif "back" in cues and not cues.has("straighten"):
        made.append(Change("torso", "lean back", amount))
    if made:
        return made
    if cues.has("straighten", "upright", "reset") and "bend" not in cues:
        return [Change("torso", "upright", amount)]
    if cues.has("raise", "up"):
        return [Change("torso", "lean back", amount, "upright")]
    if cues.has("lean", "bend") and re.search(r"\b(?:side(?:ways)?|laterally)\b", clause.text):
        return [Change("torso", "lean right", amount)]
    if cues.has("lean", "bend"):
        return [Change("torso", "lean forward", _bent(clause))]
    return []


BEND_DEG = 55.0
"""How far people bend forward who don't say how far; who leans does less."""


def _bent(clause: Clause) -> Amount:
    amount = clause.amount
    bends = re.search(r"\b(?:bend|bent|fold|hinge|bow)\b", clause.text)
    plain = amount == Amount() and not re.search(r"\bmore|further|deeper\b", clause.text)
    return Amount(value=BEND_DEG, unit="°", by=True) if bends and plain else amount


def of_pelvis(clause: Clause) -> Made:
    """As in "lower the hips", "push the hips forward"."""
    cues, amount = clause.cues, clause.amount
    if cues.has("turn") and cues.has(*_SIDES):
        return [Change("body", f"turn {side}", amount) for side in _SIDES if side in cues]
    if "lean" in cues and clause.parts[:1] and re.search(r"\bpelvis\b", clause.bare):
        ways = [way for way in ("forward", "back") if way in cues]
        return [Change("pelvis", f"tilt {way}", amount) for way in ways[:1]] or of_torso(clause, "torso")
    if "lean" in cues:
        return of_torso(clause, "torso")
    if cues.has("out") and re.search(r"\b(?:bottom|butt|backside|seat|buttocks)\b", clause.bare):
        return [Change("pelvis", "back", amount)]
    if cues.has("lower", "down", "squat"):
        return [Change("pelvis", "crouch", amount)]
    if cues.has("raise", "up", "rise"):
        return [Change("pelvis", "rise", amount)]
    if said := re.search(
        r"\b(?:to|onto|on|over) (?:the |her |his |their |your )?(left|right) (?:leg|foot|side|hip)",
        clause.text,
    ):
        return [Change("pelvis", said[1], amount)]
    return [Change("pelvis", way, amount) for way in ("forward", "back", *_SIDES) if way in cues]


def of_body(clause: Clause) -> Made:
    """Clauses without a part: "turn around", "lean forward", "squat lower", "look up", "on tiptoe"."""
    cues, amount = clause.cues, clause.amount
    if cues.has("look"):
        return of_head(clause, "gaze")
    if re.match(r"^nod(?:ding)?\b", clause.text):
        return [Change("head", "nod down", amount)]
    if "tiptoe" in cues:
        down = cues.has("down", "lower")
        return [Change(f"{side} foot", "heel down" if down else "tiptoe", amount) for side in _SIDES]
    if "shrug" in cues:
        return [Change(f"{side} shoulder", "up", amount) for side in _SIDES]
    if cues.has("arch", "round"):
        return of_torso(clause, "back")
    if cues.has("squat", "rise"):
        return _crouched(clause)
    if "turn" in cues:
        return _turned(clause)
    if cues.has("lean", "bend"):
        return of_torso(clause, "torso")
    if "step" in cues:
        return _step(clause)
    return _at_large(clause)


_DEEPER = re.compile(r"lower|deep|further|more")


def _crouched(clause: Clause) -> Made:
    """Lower or higher, the feet staying; a squat as such is a posture and is left to others."""
    cues, amount = clause.cues, clause.amount
    if "squat" in cues:
        if amount.exact or amount.size != "plain" or _DEEPER.search(clause.text):
            return [Change("pelvis", "crouch", amount)]
        return [Change("pelvis", "rise", amount)] if "less" in cues else []
    straight = "upright" in cues or "tall" in clause.text
    torso = [Change("torso", "upright", Amount())] if straight else []
    if straight and re.match(r"(?:sit|kneel)", clause.text):
        return torso
    return [*torso, Change("pelvis", "rise", amount)]


_BARE_WAY = re.compile(r"^(?:(?:go|get|come|even|still|more|further|lower|higher|up|down|sink|drop|too|high|low) ?)+$")


def _at_large(clause: Clause) -> Made:
    """What is left: upright, relaxed, as usual, up, down, somewhere else."""
    cues, amount = clause.cues, clause.amount
    if "upright" in cues and cues.has("straighten"):
        return [Change("torso", "upright", amount)]
    if "relax" in cues:
        return [Change(f"{side} arm", "relax") for side in _SIDES]
    if "reset" in cues:
        return [Change("body", "reset")]
    if cues.has("move") and amount.unit == "m":
        return [Change("body", way, amount) for way in ("forward", "back", "up", "down", *_SIDES) if way in cues]
    if _BARE_WAY.match(clause.rest) and cues.has("up", "down", "raise", "lower"):
        return [Change("pelvis", "crouch" if cues.has("down", "lower") else "rise", amount)]
    return []


def _turned(clause: Clause) -> Made:
    cues, amount = clause.cues, clause.amount
    sides = [side for side in _SIDES if side in cues]
    if "around" in cues and not amount.exact:
        return [Change("body", "turn left", Amount(value=180, unit="°"))]
    part = "torso" if re.search(r"\btwist", clause.text) else "body"
    if sides:
        return [Change(part, f"turn {side}", amount) for side in sides]
    return [Change("body", "turn left", amount)] if amount.exact else []


def _step(clause: Clause) -> Made:
    cues, amount = clause.cues, clause.amount
    if cues.has("spread", "apart", "out") and not cues.has(*_SIDES):
        return [Change("feet", "apart", amount)]
    if "join" in cues:
        return [Change("feet", "together", amount)]
    ways = [way for way in ("forward", "back", *_SIDES) if way in cues]
    made: Made = []
    for way in ways:
        side = way if way in _SIDES else "one"
        made.append(Change(f"{side} foot", "out" if way in _SIDES else way, amount))
    return made


MIDDLE: dict[str, Callable[[Clause], Made]] = {
    "head": lambda clause: of_head(clause, "head"),
    "chin": lambda clause: of_head(clause, "chin"),
    "gaze": lambda clause: of_head(clause, "gaze"),
    "neck": lambda clause: of_head(clause, "head"),
    "torso": lambda clause: of_torso(clause, "torso"),
    "chest": lambda clause: of_torso(clause, "chest"),
    "back": lambda clause: of_torso(clause, "back"),
    "pelvis": of_pelvis,
}
"""By the part's name."""
