"""Which of several poses: "which of them has the lower knee?", "in which one are the feet furthest apart?"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatpose.agent.items import PoseItem
from chatpose.agent.parts import AnswersQuestions
from chatpose.agent.replying import listed

_PART = (
    r"(?P<side>left |right |back |front )?(?P<part>hands?|foot|feet|knees?|elbows?|hips?|heads?|shoulders?|"
    r"ankles?|wrists?|arms?|"
    r"legs?|pelvis|torso|trunk|back|head)"
)
_LOW = r"low(?:er|est)|deep(?:er|est)|close(?:r|st) to the (?:floor|ground)|near(?:er|est) (?:to )?the (?:floor|ground)"
_HIGH = r"high(?:er|est)|more raised|furthest up|further up|highest up"
_BENT = (
    r"more bent|most bent|bent (?:the )?(?:more|most|further|furthest)|sharp(?:er|est)(?: bent)?|small(?:er|"
    r"est) angle|bends? (?:the )?(?:more|most)"
)
_STRAIGHT = (
    r"straight(?:er|est)|more straight|less bent|least bent|bent (?:the )?least|large(?:r|st) angle|wid(?:er|"
    r"est) angle"
)
_APART = (
    r"wid(?:er|est)(?: apart)?|further apart|furthest apart|farther apart|farthest apart|broad(?:er|est)|"
    r"more spread|most spread"
)
_TOGETHER = r"close(?:r|st)(?: together)?|near(?:er|est)(?: together)?|narrow(?:er|est)"
# Words, the question that is asked of each pose with `{part}`, whether the smallest answer wins, what it is called.
_TABLE: tuple[tuple[str, str, bool, str], ...] = (
    (_BENT, "What angle is the {part} at?", True, "angle"),
    (_STRAIGHT, "What angle is the {part} at?", False, "angle"),
    (_APART, "How far apart are the {part}?", False, "distance"),
    (_LOW, "How high is the {part} above the floor?", True, "height"),
    (_HIGH, "How high is the {part} above the floor?", False, "height"),
    (_TOGETHER, "How far apart are the {part}?", True, "distance"),
)
_PLURALS = {"foot": "feet", "hand": "hands", "knee": "knees", "elbow": "elbows"}
_SINGLES = {"feet": "foot"}
_ENDS = {"arm": "hand", "leg": "foot", "trunk": "torso"}
_CLOSE = {"°": 2.0, "cm": 1.0, "m": 0.01}


@dataclass(frozen=True, eq=False)
class Which:
    """The pose that a comparison of several chose.

    Attributes:
        item: the pose.
        values: what was measured of each pose, in their order.
        unit: of the values.
        part: what was measured.
        text: the answer.
    """

    item: PoseItem
    values: tuple[tuple[str, float], ...]
    unit: str
    part: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """For models."""
        return {
            "pose": self.item.name,
            "measured": dict(self.values),
            "unit": self.unit,
            "of": self.part,
            "answer": self.text,
        }


def which_of(question: str, items: Sequence[PoseItem], answerer: AnswersQuestions) -> Which | None:
    """The pose of which something is largest or smallest; None where the question doesn't ask for that."""
    line = " ".join(question.lower().split())
    row = next((row for row in _TABLE if re.search(rf"\b(?:{row[0]})\b", line)), None)
    part = re.search(rf"\b{_PART}\b", re.sub(r"\b(?:which|what) (?:of|one)\b", "", line))
    if row is None or (part is None and row[3] != "height"):
        return None
    parts = _asked_parts(part, row[3]) if part is not None else ["pelvis"]  # of a body as a whole
    measured = [_measure(row[1], parts, item, answerer, smallest=row[2]) for item in items]
    if any(one is None for one in measured):
        return None
    found = [one for one in measured if one is not None]
    order = sorted(range(len(items)), key=lambda place: found[place][0], reverse=not row[2])
    best, second = order[0], order[1]
    unit = found[best][1]
    tail = " apart" if row[3] == "distance" else " above the floor" if row[3] == "height" else ""
    told = [f"{found[place][0]:g}{'' if unit == '°' else ' '}{unit}" for place in order]
    words = listed(
        [
            f"{one}{tail if not rank else ''} in {items[place].name}"
            for rank, (one, place) in enumerate(zip(told, order, strict=True))
        ]
    )
    close = abs(found[best][0] - found[second][0]) <= _CLOSE.get(unit, 0.0)
    what = f"the {found[best][2]}" + {"height": " is", "angle": " is at", "distance": " are"}[row[3]]
    lead = f"{items[best].name[0].upper()}{items[best].name[1:]}"
    even = [items[place].name for place in order if abs(found[place][0] - found[best][0]) < 0.5 * _CLOSE.get(unit, 0.0)]
    if len(even) > 1:
        text = f"{listed(even)} are the same in that, as far as I can measure: {what} {words}."
        text = text[:1].upper() + text[1:]
    else:
        text = f"{lead}{', by a hair' if close else ''}: {what} {words}."
    values = tuple((item.name, one[0]) for item, one in zip(items, found, strict=True))
    return Which(items[best], values, unit, found[best][2], text)


def _asked_parts(match: re.Match[str], kind: str) -> list[str]:
    """What to ask for: one part, both of a pair where no side is said, or the pair for distances."""
    side, name = (match["side"] or "").strip(), match["part"]
    single = _SINGLES.get(name, name.removesuffix("s") if name not in ("pelvis", "hips") else name)
    single = _ENDS.get(single, single) if kind != "angle" else {"arm": "elbow", "leg": "knee"}.get(single, single)
    if kind == "distance":
        return [_PLURALS.get(single, f"{single}s")]
    if side in ("left", "right"):
        return [f"{side} {single}"]
    if single in ("head", "torso", "back", "pelvis", "hips"):
        return [single]
    return [f"left {single}", f"right {single}"]


def _measure(
    question: str, parts: Sequence[str], item: PoseItem, answerer: AnswersQuestions, *, smallest: bool
) -> tuple[float, str, str] | None:
    """The value that counts of one pose: of two sides the one that goes further; its unit and whose it is."""
    found = []
    for part in parts:
        answered = answerer.answer(question.format(part=part), item.pose)
        if isinstance(answered.value, bool) or not isinstance(answered.value, int | float):
            return None
        found.append((float(answered.value), answered.unit, part))
    return min(found, key=lambda one: one[0]) if smallest else max(found, key=lambda one: one[0])
