"""What a clause asks of arms and legs, as changes."""

import re
from collections.abc import Callable

from chatpose.posecodes.grammar import parse
from chatpose.posecodes.instructions.clauses import Clause
from chatpose.posecodes.instructions.cues import Cues
from chatpose.posecodes.instructions.plan import Amount, Change

Made = list[Change]


def ways_across(cues: Cues, side: str) -> list[str]:
    """Directions other than up and down, of a limb: left and right are outwards or inwards."""
    found = [way for way in ("forward", "back", "out", "in") if way in cues]
    for side_said in ("left", "right"):
        if side_said in cues:
            found.append("out" if side_said == side else "in")
    return list(dict.fromkeys(found))


def of_arm(clause: Clause, side: str) -> Made:
    """As in "raise the left arm", "left arm out to the side", "bend the right arm"."""
    cues, amount = clause.cues, clause.amount
    if (
        "lower" in cues
        and not amount.exact
        and re.search(r"\bout (?:to|at) (?:\w+ )?sides?\b|\bout sideways\b", clause.text)
    ):
        return [Change(f"{side} arm", "up", amount, "out level")]
    sides = cues.has("lower", "down") and re.search(r"\bto (?:the|her|his|their|your) sides?\b", clause.text)
    if cues.has("relax", "uncross", "reset") or sides or ("down by" in cues and not cues.has("raise")):
        return [Change(f"{side} arm", "reset" if "reset" in cues else "relax")]
    made = _swung(clause, side)
    if "bend" in cues and "less" in cues and "straighten" not in cues:
        made.append(Change(f"{side} elbow", "straighten", amount))
    elif "bend" in cues:
        made.append(Change(f"{side} elbow", "bend", amount))
    elif "straighten" in cues and not straight_said(made):
        made.append(Change(f"{side} elbow", "straighten", amount))
    return made


def _swung(clause: Clause, side: str) -> Made:
    """Where a whole arm goes."""
    cues, amount, part = clause.cues, clause.amount, f"{side} arm"
    across = ways_across(cues, side)
    straight = " straight" if cues.has("reach", "straighten") else ""
    if cues.has("raise", "up", "overhead", "level") and not ("lower" in cues and "level" not in cues):
        target = "overhead" if "overhead" in cues else "level" if "level" in cues else ""
        if across == ["in"] and target != "level" and "over" in clause.text.split():
            target = "overhead"  # "up and over to the left" with the right arm
        plane = next((way for way in across if way != "in" or target != "overhead"), "")
        return [Change(part, "up", amount, f"{plane} {target}{straight}".strip())]
    if cues.has("lower", "down"):
        if _all_down(clause) and not across:
            return [Change(part, "relax")]
        return [Change(part, "down", amount, across[0] if across else "")]
    if across:
        return _across(clause, part, across, straight)
    if cues.has("spread", "apart", "open") and "bend" not in cues:
        return [Change(part, "up", amount, "out level") if _held_out(clause) else Change(part, "out", amount)]
    if cues.has("join", "close"):
        return [Change(part, "in", amount)]
    return [Change(part, "up", amount)] if amount.exact and not cues.has("bend", "straighten") else []


def _across(clause: Clause, part: str, across: list[str], straight: str) -> Made:
    """Forward, back, out or in; held there where no step is said."""
    cues, amount = clause.cues, clause.amount
    if straight and "bend" not in cues:
        return [Change(part, "up", amount, f"{across[0]} level straight")]
    if across[0] in ("out", "forward") and _held_out(clause):
        return [Change(part, "up", amount, f"{across[0]} level")]
    turns = [way for way in across if "turn" in cues and way in ("in", "out")]
    return [Change(part, f"turn {way}" if way in turns else way, amount) for way in across]


_TO_LOWER = re.compile(r"\blower (?=(?:the|your|his|her|their|my|its|both|left|right|it|them|arms?|legs?)\b)")
"""The verb, which is no comparison."""
_PARTLY = re.compile(r"\blower|too high|not (?:quite )?(?:so|that|as) high|more|further|less|farther")


def _all_down(clause: Clause, *, leg: bool = False) -> bool:
    """Whether a limb goes all the way down: "put the arm down", "lower it again"; "lower the arm" is a step."""
    amount = clause.amount
    if amount.exact or amount.size not in ("plain", "full"):
        return False
    return (
        "again" in clause.text
        or amount.size == "full"
        or not _PARTLY.search(_TO_LOWER.sub("", clause.text) if leg else clause.text)
    )


_STEP = re.compile(r"\b(?:move|shift|slide|push|pull|wider|further|farther|more|less|again|bit|rotate|turn)\b")


def _held_out(clause: Clause) -> bool:
    """Whether arms are to be held somewhere ("arms out to the sides"), rather than moved there by a step."""
    amount = clause.amount
    return not amount.exact and amount.size in ("plain", "full") and not _STEP.search(clause.text)


def straight_said(made: Made) -> bool:
    """Whether a change already straightens."""
    return any("straight" in change.toward for change in made)


_TO_BODY = re.compile(
    r"\b(?:closer|nearer|close|in|tight|against|tuck(?:ed)?)\b.*\b(?:to|against|into|at|by|beside)? ?(?:the |her |his"
    r" |their |your )?"
    r"(?:body|sides?|ribs|torso|waist|flanks?)\b"
)


def of_elbow(clause: Clause, side: str) -> Made:
    """As in "bend the left elbow more", "right elbow to 90 degrees", "elbows out"."""
    cues, amount, part = clause.cues, clause.amount, f"{side} elbow"
    across = ways_across(cues, side)
    if _TO_BODY.search(clause.text):
        return [Change(f"{side} arm", "down", Amount("full"))]
    if cues.has("bend", "close") and "straighten" not in cues:
        return [Change(part, "bend", amount)]
    if cues.has("straighten") or ("open" in cues and not across):
        return [Change(part, "straighten", amount)]
    if cues.has("raise", "up", "level", "overhead"):
        plane = across[0] if across else ""
        return [Change(f"{side} arm", "up", amount, f"{plane} {'level' if 'level' in cues else ''}".strip())]
    if cues.has("lower", "down"):
        return [Change(f"{side} arm", "down", amount)]
    if across or cues.has("spread", "apart"):
        return [Change(f"{side} arm", across[0] if across else "out", amount)]
    if "join" in cues:
        return [Change(f"{side} arm", "in", amount)]
    return [Change(part, "bend", amount)] if amount.exact or "more" in cues else []


_LEVEL_WITH = re.compile(r"\b(?:to|at|on|up to|down to) (?:the |her |his |their )?(?:level |"
    r"height )?(?:of )?(?:the |her |his )?(hips?|shoulder|"
                         r"chest|waist|head|eye|chin|knee|neck)s?[ -](?:level|height|high)|\blevel with (?:the |"
                         r"her |his )?(hip|"
                         r"shoulder|chest|waist|head|chin|knee|neck)s?")  # fmt: skip
_MIDLINE = ("spine3", "spine1", "head", "neck")
_PALM = {"up": "up", "down": "down", "forward": "forward", "back": "backward", "in": "inward", "out": "outward"}


_HAND_DOWN = re.compile(r"^(?:put|take|let|bring|drop|set) (?:(?:the|your|her|his|their|both|left|right) )*hands? (?:"
                        r"back )?(?:all the way )?"
                        r"(?:down|drop|fall)(?: again)?$")  # fmt: skip


def of_hand(clause: Clause, side: str, name: str) -> Made:
    """As in "left hand up", "move the right hand 20 cm forward", "palms up", "bend the wrist back"."""
    cues, amount = clause.cues, clause.amount
    across = ways_across(cues, side)
    if match := _LEVEL_WITH.search(clause.text):
        target = (
            (match[1] or match[2])
            .replace("chest", "spine3")
            .replace("waist", "spine1")
            .replace("eye", "head")
            .replace("chin", "head")
        )
        target = target.replace("hips", "hip")
        return [Change(f"{side} hand", "level with", amount, target if target in _MIDLINE else f"{side} {target}")]
    if name == "palm" or ("turn" in cues and name == "hand"):
        way = next((way for way in ("up", "down", *across) if way in cues or way in across), "")
        if way:
            said = parse(f"{side} palm: facing {_PALM[way]}")
            return [Change(f"{side} palm", "hold", amount, statements=(said,), moving=(f"{side} wrist",))]
    if cues.has("bend") or (name == "wrist" and cues.has("straighten")):
        if "straighten" in cues:
            return [Change(f"{side} wrist", "reset")]
        back = cues.has("back", "up")
        return [Change(f"{side} wrist", "bend back" if back else "bend in", amount)]
    if cues.has("relax", "reset") or "down by" in cues:
        return [Change(f"{side} arm", "relax")]
    ways = [way for way, names in (("up", ("raise", "up")), ("down", ("lower", "down"))) if cues.has(*names)]
    if name == "hand" and ways == ["down"] and not across and _HAND_DOWN.search(clause.text):
        return [Change(f"{side} arm", "relax")]
    if cues.has("overhead", "level") or ("reach" in cues and (ways or across) and amount.unit != "m"):
        return of_arm(clause, side)
    if ways[:1] == ["up"] and amount.unit != "m" and amount.size in ("plain", "lot", "full"):
        return of_arm(clause, side)
    return [Change(f"{side} hand", way, amount) for way in (*ways[:1], *across)]


def of_forearm(clause: Clause, side: str) -> Made:
    """As in "raise the left forearm": about the elbow."""
    cues, amount = clause.cues, clause.amount
    if "turn" in cues:
        way = next((way for way in ways_across(cues, side) if way in ("in", "out")), "")
        return [Change(f"{side} forearm", f"turn {way}", amount)] if way else []
    if cues.has("raise", "up", "level"):
        return [Change(f"{side} forearm", "up", amount, "level" if "level" in cues else "")]
    if cues.has("lower", "down"):
        return [Change(f"{side} forearm", "down", amount)]
    across = ways_across(cues, side)
    return [Change(f"{side} forearm", across[0], amount)] if across else of_elbow(clause, side)


def of_leg(clause: Clause, side: str) -> Made:
    """As in "lift the left leg", "right leg to the side", "straighten the legs"."""
    cues, amount, part = clause.cues, clause.amount, f"{side} leg"
    across = ways_across(cues, side)
    if cues.has("reset", "relax", "uncross"):
        return [Change(part, "reset")]
    if cues.has("raise", "up", "off ground", "level", "overhead") and "lower" not in cues:
        return _leg_up(clause, side, across)
    if "ground" in cues or (cues.has("lower", "down") and _all_down(clause, leg=True)):
        return [Change(f"{side} foot", "down", amount)]
    if cues.has("lower", "down"):
        return [Change(part, "down", amount)]
    if "bend" in cues and "less" not in cues:
        return [Change(f"{side} knee", "bend", amount)]
    if "turn" in cues:
        return [Change(part, f"turn {way}", amount) for way in across if way in ("in", "out")]
    if "kick" in clause.text and not amount.exact and amount.size == "plain":
        amount = Amount("lot")
    if across:
        name = f"{side} foot" if "step" in cues else part
        made = [Change(name, way, amount) for way in across]
        return [*made, Change(f"{side} knee", "straighten", Amount("full"))] if "straighten" in cues else made
    return _leg_alone(clause, side)


def _leg_up(clause: Clause, side: str, across: list[str]) -> Made:
    cues = clause.cues
    plane = across[0] if across else ""
    level = "level" if "level" in cues else "overhead" if "overhead" in cues else ""
    made = [Change(f"{side} leg", "up", clause.amount, f"{plane} {level}".strip())]
    skywards = re.search(r"\b(?:ceiling|sky|straight up)\b", clause.text)
    if (skywards or cues.has("reach", "straighten")) and "bend" not in cues:
        made.append(Change(f"{side} knee", "straighten", Amount("full")))
    elif "bend" in cues:
        made.append(Change(f"{side} knee", "bend", Amount()))
    return made


def _leg_alone(clause: Clause, side: str) -> Made:
    cues, amount = clause.cues, clause.amount
    if cues.has("straighten", "bend"):
        return [Change(f"{side} knee", "straighten", amount)]
    if cues.has("spread", "apart", "open"):
        return [Change(f"{side} leg", "out", amount)]
    if cues.has("join", "close"):
        return [Change(f"{side} leg", "in", amount)]
    return [Change(f"{side} leg", "up", amount)] if amount.exact else []


def of_knee(clause: Clause, side: str) -> Made:
    """As in "bend the knees", "left knee to 90 degrees", "raise the right knee"."""
    cues, amount, part = clause.cues, clause.amount, f"{side} knee"
    across = ways_across(cues, side)
    if "turn" in cues and {"in", "out"} & set(across) and "bend" not in cues:
        return [Change(f"{side} leg", f"turn {way}", amount) for way in across if way in ("in", "out")]
    if cues.has("raise", "up", "level") and "bend" not in cues:
        aside = "out" if across[:1] == ["out"] else ""
        return [Change(part, "up", amount, f"{aside} {'level' if 'level' in cues else ''}".strip())]
    if cues.has("bend", "close") and not cues.has("straighten", "less"):
        return [Change(part, "bend", amount)]
    if cues.has("straighten", "bend"):
        return [Change(part, "straighten", amount)]
    if cues.has("lower", "down", "ground"):
        return [Change(f"{side} leg", "down", amount)]
    if cues.has("apart", "spread", "open"):
        return [Change(f"{side} leg", "out", amount)]
    if "join" in cues:
        return [Change(f"{side} leg", "in", amount)]
    if across:
        return [Change(f"{side} leg", across[0], amount)]
    return [Change(part, "bend", amount)] if amount.exact or "more" in cues else []


def of_hip(clause: Clause, side: str) -> Made:
    """As in "bend the left hip to 90 degrees"."""
    cues, amount = clause.cues, clause.amount
    if cues.has("straighten", "open", "lower", "down"):
        return [Change(f"{side} leg", "down", amount)]
    if cues.has("bend", "raise", "up") or amount.exact:
        return [Change(f"{side} leg", "up", amount, "forward")]
    return of_leg(clause, side)


def of_foot(clause: Clause, side: str, name: str) -> Made:
    """As in "lift the left foot", "step wider", "point the toes", "heels up"."""
    cues, amount, part = clause.cues, clause.amount, f"{side} foot"
    across = ways_across(cues, side)
    if name == "heel" or "tiptoe" in cues:
        down = cues.has("lower", "down", "ground")
        return [Change(part, "heel down" if down else "tiptoe", amount)]
    if cues.has("point") and not across and "up" not in cues:
        return [Change(part, "point", amount)]
    if name in ("ankle", "toes") and cues.has("straighten", "down", "lower"):
        return [Change(part, "point", amount)]
    if "bend" in cues or (name in ("ankle", "toes") and cues.has("raise", "up")):
        curled = name == "toes" and cues.has("round", "down")
        return [Change(part, "point" if curled else "flex", amount)]
    if "turn" in cues or (name == "toes" and across):
        return [Change(part, f"turn {way}", amount) for way in across if way in ("in", "out")]
    if cues.has("raise", "off ground") or ("up" in cues and "down" not in cues):
        return [Change(part, "up", amount), *(Change(part, way, amount) for way in across)]
    if cues.has("ground", "lower", "down"):
        return [Change(part, "down", amount)]
    if "join" in cues:
        return [Change(part, "closer", amount)]
    if across:
        return [Change(part, way, amount) for way in across]
    if cues.has("reset", "straighten"):
        return [Change(part, "reset")]
    if name == "ankle" and amount.exact:
        return [Change(part, "flex", amount)]
    return []


def of_shoulder(clause: Clause, side: str) -> Made:
    """As in "shrug", "shoulders back"."""
    cues, amount, part = clause.cues, clause.amount, f"{side} shoulder"
    across = [Change(part, way, amount) for way in ("forward", "back") if way in cues]
    if cues.has("relax", "lower", "down"):
        return [Change(part, "down", amount, "relax" if "relax" in cues else ""), *across]
    if cues.has("raise", "up", "shrug"):
        return [Change(part, "up", amount), *across]
    if cues.has("reset", "level", "straighten"):
        return [Change(part, "reset")]
    return across


LIMBS: dict[str, Callable[[Clause, str], Made]] = {
    "arm": of_arm,
    "elbow": of_elbow,
    "forearm": of_forearm,
    "hand": lambda clause, side: of_hand(clause, side, "hand"),
    "palm": lambda clause, side: of_hand(clause, side, "palm"),
    "wrist": lambda clause, side: of_hand(clause, side, "wrist"),
    "leg": of_leg,
    "thigh": of_leg,
    "shin": of_leg,
    "knee": of_knee,
    "hip": of_hip,
    "foot": lambda clause, side: of_foot(clause, side, "foot"),
    "ankle": lambda clause, side: of_foot(clause, side, "ankle"),
    "toes": lambda clause, side: of_foot(clause, side, "toes"),
    "heel": lambda clause, side: of_foot(clause, side, "heel"),
    "shoulder": of_shoulder,
}  # fmt: skip
"""By the part's name."""

_PAIRS = {"arm": "hands", "hand": "hands", "elbow": "elbows", "leg": "feet", "foot": "feet", "knee": "knees",
          "thigh": "knees", "ankle": "feet", "palm": "hands"}  # fmt: skip


def of_pair(clause: Clause, name: str) -> Made:
    """What is said of both sides at once: apart, together, crossed."""
    cues, amount = clause.cues, clause.amount
    if "cross" in cues and name in ("arm", "leg", "ankle", "foot"):
        arms = name == "arm"
        said = parse("arms: crossed" if arms else "legs: crossed")
        limbs = ("left arm", "right arm") if arms else ("left leg", "right leg")
        return [Change("arms" if arms else "legs", "hold", amount, statements=(said,), moving=limbs)]
    pair = _PAIRS.get(name, "")
    if not pair or cues.has("raise", "up", "bend", "overhead", "level", "turn"):
        return []
    straight = cues.has("straighten") and not cues.has("apart", "join")
    if name == "arm" and "join" in cues and "forward" in cues and not amount.exact:
        ahead = [Change(f"{side} arm", "up", Amount(), "forward level straight") for side in ("left", "right")]
        return [*ahead, Change(pair, "together", Amount(), "touch")]
    if cues.has("join", "close") and not straight and name != "elbow":
        if name == "hand" and not cues.has("more") and amount.size == "plain" and "closer" not in clause.rest:
            return []
        return [Change(pair, "together", amount, "touch" if "closer" not in clause.rest and "narrow" not in clause.rest
                       and amount.size == "plain" and not amount.exact else "")]  # fmt: skip
    if name == "arm" and not cues.has("apart"):
        return []
    if cues.has("apart", "spread") or (name in ("foot",) and "open" in cues):
        return [Change(pair, "apart", amount)]
    if "uncross" in cues and pair == "feet":
        return [Change("left leg", "reset"), Change("right leg", "reset")]
    return []
