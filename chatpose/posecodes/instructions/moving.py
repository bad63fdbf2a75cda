"""Which parts may move for statements to hold."""

from collections.abc import Sequence

from chatpose.posecodes.grammar import Statement

_LIMB = {
    **dict.fromkeys(("arm", "upper arm", "elbow", "forearm", "hand", "palm", "wrist"), "arm"),
    **dict.fromkeys(("leg", "thigh", "hip", "knee", "shin", "foot", "ankle", "heel"), "leg"),
}
_PAIRS = {
    **dict.fromkeys(("arms", "hands", "elbows"), ("left arm", "right arm")),
    **dict.fromkeys(("legs", "knees", "feet"), ("left leg", "right leg")),
}
_BODY = ("pelvis", "torso", "left leg", "right leg")


def parts_to_move(statements: Sequence[Statement]) -> tuple[str, ...]:
    """The parts of the statements' subjects, as the solver names them."""
    found: list[str] = []
    for statement in statements:
        found += _moved_by(statement)
    return tuple(dict.fromkeys(found))


def _moved_by(statement: Statement) -> tuple[str, ...]:
    subject = statement.code.subject
    if statement.code.family == "range":
        subject = _of_measure(subject)
    if subject in _PAIRS:
        return _PAIRS[subject]
    side, _, part = subject.partition(" ")
    if side in ("left", "right"):
        if part == "shoulder":
            return (f"{side} shoulder",)
        return (f"{side} {_LIMB[part]}",) if part in _LIMB else ("torso",)
    if subject in ("head", "gaze"):
        return ("head",)
    if subject in ("torso", "back", "chest"):
        upright = statement.code.family == "direction" or "leaning" in statement.code.predicate
        return ("torso", "pelvis", "left hip", "right hip") if upright else ("torso",)
    return _BODY


def _of_measure(name: str) -> str:
    """The part that a measure is mostly about."""
    words = name.split()
    if words[0] in ("left", "right"):
        pair = name.split(" to ")
        if len(pair) == 2 and pair[1].startswith(("left ", "right ")) and pair[1].split()[1] == words[1]:
            return {"hand": "hands", "foot": "feet", "knee": "knees", "elbow": "elbows"}.get(words[1], "body")
        part = {"armpit": "arm", "upper": "upper arm"}.get(words[1], words[1])
        return f"{words[0]} {part}"
    if words[0] in ("head", "gaze"):
        return "head"
    return "torso" if words[0] in ("torso", "shoulder", "side", "back", "chest") else "body"
