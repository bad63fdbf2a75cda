"""Kinds of clauses, told by their words, and how one clause speaks of both sides or leaves words out.

The phrasebook's wordings are orders ("bring the left hand up"), sentences ("her left knee is bent"), and fragments
("left hand on the hip", "leaning forward"). How they go together depends on it.
"""

import re
from typing import Literal

Form = Literal["order", "sentence", "with", "noun", "fragment"]

_ORDERS = frozenset((
    "keep", "don't", "bring", "put", "let", "take", "lift", "hold", "turn", "reach", "bend", "pull", "raise",
    "drop", "cross", "get", "stretch", "stand", "sit", "set", "make", "push", "swing", "place", "open",
    "move", "lean", "slide", "draw", "fold", "tuck", "point", "look", "step", "kick", "hug", "lie", "rub",
    "curl", "press", "tip", "roll", "squeeze", "stick", "rotate", "extend", "plant", "grab", "straighten",
    "stop", "send", "twist", "stack", "close", "rest", "touch", "come", "give", "flex", "avoid", "lay",
    "drive", "clasp", "do", "slap", "kneel", "lock", "hinge", "feel", "go", "pick", "tap", "aim", "sink",
    "leave", "support", "cover", "scratch", "prop", "hang", "show", "hook", "throw", "round", "swivel",
    "grip", "have", "unlock", "stay", "rise", "crouch", "brace", "shift", "recline", "check", "flip",
    "uncross", "ease", "relax", "carry", "never", "bow", "squat", "arch", "bare", "clench", "spread",
    "separate", "widen", "narrow", "lower", "face", "tilt", "nod", "dip", "crane", "position", "splay",
    "straddle", "balance", "wrap", "try", "angle", "park", "lead", "scoop", "level", "shrug", "pinch",
))  # fmt: skip
_PERSON = r"(?:she|he|they|i|you|it|we|someone|somebody|nobody|there|one)"
_SENTENCE = re.compile(
    rf"^{_PERSON}(?:'s|'re|'ve|'d|'m)?\s|^the (?:figure|person|model|dancer)\b(?!'s)"
    r"|\b(?:is|are|was|were|isn't|aren't|has|have|had|hangs|lies|rests|points|stays|runs|sits|stands|goes|touches"
    r"|touch|hang|rest|lie|point|stay|reach|reaches|doesn't|don't|comes|leans|looks|holds|keeps|forms|makes)\b",
    re.IGNORECASE,
)
_DETERMINER = r"(?:the|your|her|his|their|my)"
_NOUN = re.compile(
    rf"^(?:{_DETERMINER} )?(?:left|right|both|each|no|neither|one|two|head|chin|eyes|gaze|torso|trunk|chest|back|spine"
    r"|arms|hands|elbows|palms|feet|knees|legs|shoulders|hips|forearms|thighs|shins|upper)\b",
    re.IGNORECASE,
)
_SIDES = re.compile(r"\b(left|right|other|opposite|one|both|each|own)\b(?! angle)", re.IGNORECASE)
_OWNER = re.compile(r"\b(?:your|her|his|their|my|the) (?=left\b|right\b(?! angle))", re.IGNORECASE)
_ADVERB = re.compile(
    r"(?<!\bthe )(?<!left )(?<!and )(?<!or )(?<!his )(?<!her )(?<!your )(?<!their )(?<!my )(?<!to )\bright (?="
    r"(?:above|below|under|underneath|beneath|over|behind|beside|next|in front|down|up|away|here|there|through|past"
    r"|between|by the|against|on top|along|into|around|round|across|back|out)\b)",
    re.IGNORECASE,
)
_BEGINNING = re.compile(
    rf"^(?:{_DETERMINER} )?(left|right) (hand|arm|elbow|knee|foot|leg|palm|forearm|thigh|shin|upper arm|wrist)\b(?!')",
    re.IGNORECASE,
)
_OBJECT = re.compile(
    r"\b(?:the|your|her|his|their|my) (?:left|right) (hand|arm|elbow|knee|foot|leg|palm|forearm|thigh|shin|upper arm)\b"
    r"(?!')",
    re.IGNORECASE,
)
_AFTER_PLURAL = re.compile(
    r"\s(?:\w+(?:ed|ing)|bent|held|set|put|drawn|on|at|by|in|up|down|out|over|above|below|behind|beside|near|close|next"
    r"|straight|level|horizontal|vertical|parallel|overhead|far|well|raised|forward|back|off|away|to|touching)\b",
    re.IGNORECASE,
)
_PLURALS = {"foot": "feet", "shin": "shins", "thigh": "thighs"}


def form_of(text: str) -> Form:
    """What kind of clause a wording is."""
    first = text.split(" ", 1)[0].lower().strip(",")
    if first in _ORDERS:
        return "order"
    if first == "with":
        return "with"
    if _SENTENCE.search(text):
        return "sentence"
    return "noun" if _NOUN.match(text) else "fragment"


def is_gerund(text: str) -> bool:
    """Whether it begins with a word in -ing."""
    return text.split(" ", 1)[0].endswith("ing")


def with_owner(text: str, owner: str) -> str:
    """Determiners of sided parts made one: "her left hand", "your right knee" become "the" or whoever's."""
    return _OWNER.sub(f"{owner} ", text)


def without_adverb(text: str) -> str:
    """The adverb as another one ("just above" for "right above"): right is a side only."""
    return _ADVERB.sub("just ", text)


def for_both(text: str, *, each: bool) -> str | None:
    """A wording of one side said of both sides at once; None where that isn't plain.

    Args:
        text: such as "left hand held near the head", "bring the left hand near the head".
        each: "each hand" instead of "both hands" where both are possible.
    """
    begins = _BEGINNING.match(text)
    found = begins or (_OBJECT.search(text) if form_of(text) == "order" else None)
    if not found or len(_SIDES.findall(text)) != 1:
        return None
    noun = found.group(2) if begins else found.group(1)
    rest = text[found.end() :]
    plural = f"both {_PLURALS.get(noun, noun + 's')}"
    singular = each or (begins is not None and rest != "" and not _AFTER_PLURAL.match(rest))
    if begins is None and not each:
        singular = False
    return f"{text[: found.start()]}{f'each {noun}' if singular else plural}{rest}"


def after(first: str, second: str) -> str | None:
    """The second clause without the noun that it shares with the first: "left hand on the hip", "the right overhead".

    None where they don't speak of the two sides of one part, or say nothing more of it.
    """
    one, other = _BEGINNING.match(first), _BEGINNING.match(second)
    if not one or not other or one.group(2).lower() != other.group(2).lower():
        return None
    if one.group(1).lower() == other.group(1).lower() or form_of(second) != "noun" or form_of(first) != "noun":
        return None
    rest = second[other.end() :]
    return f"{second[: other.end(1)]}{rest}" if rest.strip() else None
