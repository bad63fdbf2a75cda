"""Body parts in a question: which part, of which side, and whether both, one or none are meant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chatpose.posecodes.definitions import SIDES
from chatpose.posecodes.points import POINTS

Quantity = Literal["all", "any", "one", "none"]

FLOOR, BODY = "floor", "body"

_NOUNS: dict[str, str] = {
    "hand": "hands?|palms? of the hands?|fists?|knuckles?",
    "fingertips": "fingertips?|fingers?",
    "palm": "palms?",
    "wrist": "wrists?",
    "elbow": "elbows?",
    "forearm": "forearms?|lower arms?",
    "upper arm": "upper arms?",
    "arm": "arms?",
    "armpit": "armpits?",
    "shoulder": "shoulders?(?: joints?)?",
    "foot": "foot|feet|soles?",
    "toes": "toes?",
    "heel": "heels?",
    "ankle": "ankles?",
    "knee": "knees?(?: joints?)?|kneecaps?",
    "shin": "shins?|lower legs?|calf|calves|shanks?",
    "thigh": "thighs?|upper legs?",
    "leg": "legs?",
    "hip": "hip(?: joint)?",
    "ear": "ears?|cheeks?",
    "hips": "hips|pelvis|waist|seat|(?<=the )bottom|buttocks?|butt|bum|(?<=the )rear|backside|hip bones?",
    "head": "head|face|chin|forehead|nose|mouth|eyes|skull|crown",
    "neck": "neck|throat",
    "chest": "chest|breast|sternum",
    "belly": "belly|stomach|abdomen|tummy",
    "back": "(?<=the )back|spine",
    "torso": "torso|trunk|body|midline",
    FLOOR: "floor|ground|mat|earth",
}
SIDED = frozenset(("hand", "fingertips", "palm", "wrist", "elbow", "forearm", "upper arm", "arm", "armpit", "shoulder",
                   "foot", "toes", "heel", "ankle", "knee", "shin", "thigh", "leg", "hip"))  # fmt: skip
PLURALS = {"foot": "feet", "toes": "toes", "fingertips": "fingertips", "thigh": "thighs"}
_SINGULAR = frozenset(("foot", "calf"))
_POINT = {"arm": "hand", "leg": "foot", "palm": "hand", "armpit": "shoulder", "chest": "spine3", "belly": "spine1",
          "back": "spine2", "ear": "head"}  # fmt: skip

_ANY_NOUN = "|".join(sorted((word for words in _NOUNS.values() for word in words.split("|")), key=len, reverse=True))
_SIDE = r"(?P<side>left|right)(?:(?: (?P<join>and|or|&) (?:the )?|/)(?P<other>left|right))?"
_MENTION = re.compile(
    r"(?:\b(?P<many>both|each|every|either|neither|one|any|no|none|a|an|two|which|what)(?: of)? )?(?:(?:the|two) )*"
    rf"(?:\b{_SIDE} )?\b(?P<noun>{_ANY_NOUN})\b(?! (?:foot|leg|knee|hand|arm|elbow)\b)"
)
_BARE = re.compile(r"(?:\bthe |(?<=than )|(?<=or )|(?<=and )|^)(?P<side>left|right)\b(?: one\b)?")
_ALIKE = {noun: re.compile(re.sub(r"\(\?<=the \)", "", words)) for noun, words in _NOUNS.items()}
_QUANTITY: dict[str, Quantity] = {"either": "any", "any": "any", "one": "one", "a": "any", "an": "any",
                                  "neither": "none", "no": "none", "none": "none"}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One part of the body, or the floor.

    Attributes:
        noun: canonical ("knee", "floor").
        side: "left", "right" or "".
    """

    noun: str
    side: str = ""

    @property
    def name(self) -> str:
        """As the grammar and people have it: "left knee"."""
        return f"{self.side} {self.noun}".strip()

    @property
    def point(self) -> str:
        """The point of `POINTS` that stands for its place; an arm is where its hand is, a leg where its foot is."""
        noun = _POINT.get(self.noun, self.noun)
        return f"{self.side} {noun}".strip() if f"{self.side} {noun}".strip() in POINTS else noun

    def opposite(self) -> "Part":
        """The same part of the other side."""
        return Part(self.noun, {"left": "right", "right": "left"}.get(self.side, ""))


@dataclass(frozen=True)
class Mention:
    """A part that a question speaks of.

    Attributes:
        parts: one, or both sides'.
        quantity: of how many of them something is asked.
        start: first character.
        stop: one past the last.
        open: whether a side is left open ("a hand", "which hand").
        alternative: whether the sides are a choice ("the left or the right hand").
    """

    parts: tuple[Part, ...]
    quantity: Quantity
    start: int
    stop: int
    open: bool = False
    alternative: bool = False

    @property
    def noun(self) -> str:
        """Of its parts."""
        return self.parts[0].noun

    @property
    def name(self) -> str:
        """Of all its parts."""
        if len(self.parts) == 1:
            return f"the {self.parts[0].name}"
        return f"the {plural(self.noun)}"


def plural(noun: str) -> str:
    """Several of a part."""
    return PLURALS.get(noun, f"{noun}s")


def mentions(text: str) -> list[Mention]:
    """The parts that a plain question speaks of, in order; "the left" takes the noun of its neighbour."""
    found = [_mention(match) for match in _MENTION.finditer(text)]
    taken = [(one.start, one.stop) for one in found]
    for match in _BARE.finditer(text):
        if any(start < match.end() and match.start() < stop for start, stop in taken):
            continue
        noun = _borrowed(found, match.start())
        if noun:
            found.append(Mention((Part(noun, match["side"]),), "all", match.start(), match.end()))
    return sorted(found, key=lambda one: one.start)


def _mention(match: re.Match[str]) -> Mention:
    word = match["noun"]
    noun = next(name for name, pattern in _ALIKE.items() if pattern.fullmatch(word))
    if noun == "hips" and word.startswith("hip") and match["side"]:
        noun = "hip"
    sides: Sequence[str] = [side for side in (match["side"], match["other"]) if side]
    quantity = _QUANTITY.get(match["many"] or "", "all")
    choice = match["join"] == "or"
    if noun not in SIDED or (noun == "hip" and not sides and not match["many"]):
        return Mention((Part({"hip": "hips", "ear": "head"}.get(noun, noun)),), "all", match.start(), match.end())
    several = not sides
    if several:
        sides = SIDES
    single = several and (word in _SINGULAR or not word.endswith(("s", "feet", "calves")))
    if single and quantity == "all" and match["many"] not in ("both", "each", "every"):
        quantity = "any"
    parts = tuple(Part(noun, side) for side in dict.fromkeys(sides))
    return Mention(parts, "any" if choice else quantity, match.start(), match.end(), single, choice)


def _borrowed(found: Sequence[Mention], start: int) -> str:
    """The noun that "the right" stands for: that of the nearest sided part, the one before it first."""
    sided = [one for one in found if one.noun in SIDED]
    before = [one for one in sided if one.start < start]
    nearest = before[-1:] or sided[:1]
    return nearest[0].noun if nearest else ""
