"""What an instruction says is to stay."""

import re

from chatpose.posecodes.instructions.clauses import Clause

_JOINTS_OF_WHAT: dict[str, str] = {
    "arm": "arm", "elbow": "elbow", "forearm": "elbow", "hand": "hand", "palm": "hand", "wrist": "hand", "leg": "leg",
    "thigh": "thigh", "knee": "shin", "hip": "thigh", "shin": "shin", "foot": "foot", "ankle": "foot", "toes": "foot",
    "heel": "foot", "shoulder": "shoulder",
}  # fmt: skip
_STATES = ("straighten", "bend", "upright", "level", "raise", "up", "apart", "join", "spread", "overhead", "point",
           "down by", "ahead")  # fmt: skip
_LEFT_SO = re.compile(r"^(?:leave|leaving)\b.*\b(?:up|raised|lifted|out|down|bent|straight|there|extended)$")
"""A limb that is to stay as it is, however that is called."""


def kept_parts(clause: Clause, mentioned: str) -> list[str] | None:
    """Parts that must not move; None when the clause describes a state instead ("keep the back straight").

    The names are parts as `chatpose.posecodes.body_parts` has them, "… elbow only" and "… knee only" for single joints.
    """
    if not clause.parts:
        return []
    text = clause.text
    if clause.cues.keep and "bent" in clause.cues and text.startswith(("keep", "leave")):
        return _sided(clause, mentioned, single=True)
    if _LEFT_SO.match(text):
        return _sided(clause, mentioned, single=False)
    forbids = any(word in text for word in ("not ", "without", "never"))
    if text.startswith("without") and "cross" in text:  # no order to cross them
        return []
    if forbids and any(word in text for word in ("touch", " let ", "hold", "cross")):
        return None
    if (
        not forbids
        and clause.cues.has(*_STATES)
        and not any(
            word in text
            for word in ("still", "as is", "as it is", "as they are", "alone", "unchanged", "same", "where", "place")
        )
    ):
        return None
    if forbids and not clause.cues.has("move", "bend", "turn", "raise", "lower", "lean", "straighten", "keep", "step"):
        return None
    return _sided(clause, mentioned, single=clause.cues.has("bend", "straighten"))


def _sided(clause: Clause, mentioned: str, *, single: bool) -> list[str]:
    found: list[str] = []
    for part in clause.parts:
        if part.middle:
            found.append({"chin": "head", "gaze": "head", "chest": "torso", "back": "torso"}.get(part.name, part.name))
            continue
        sides = ("left", "right") if part.side in ("both", "") and not mentioned else (part.side or mentioned,)
        for side in (
            sides if part.side not in ("other",) else ({"left": "right", "right": "left"}.get(mentioned, "left"),)
        ):
            name = _JOINTS_OF_WHAT[part.name]
            if part.name == "arm" and clause.bare[part.start : part.stop].endswith("upper arm"):
                found.append(f"{side} shoulder only")
                continue
            hinge = {"knee": "knee", "leg": "knee", "elbow": "elbow", "arm": "elbow"}.get(part.name, "")
            found.append(f"{side} {hinge} only" if single and hinge else f"{side} {name}")
    return found
