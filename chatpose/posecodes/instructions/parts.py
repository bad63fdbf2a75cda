"""Which parts of the body a clause names, and of which side."""

import re
from dataclasses import dataclass

_NAMES: dict[str, str] = {
    "arm": r"(?:upper )?arms?|limbs?",
    "elbow": r"elbows?",
    "forearm": r"fore-?arms?|(?<=left )lower arms?|(?<=right )lower arms?|(?<=the )lower arms?|(?<=both )lower arms?",
    "palm": r"palms?",
    "wrist": r"wrists?",
    "hand": r"hands?|fists?|fingers?|fingertips?",
    "shoulder": r"shoulders?(?! (?:height|level|high|width|wide|distance))|shoulder blades?",
    "leg": r"legs?|(?<=front )limb",
    "thigh": r"thighs?|upper legs?",
    "knee": r"knees?|kneecaps?",
    "shin": r"shins?|cal(?:f|ves)|(?<=left )lower legs?|(?<=right )lower legs?|(?<=the )lower legs?",
    "ankle": r"ankles?",
    "heel": r"heels?",
    "toes": r"toes?",
    "foot": r"foot|feet|stance|soles?|footing",
    "head": r"head(?! (?:height|level|high))|face(?= (?:up|down|left|right|forward|to|away|toward|is|should|more))|"
            r"(?<=the )face|(?<=her )face|(?<=his )face|(?<=their )face",
    "chin": r"chin",
    "gaze": r"gaze",
    "neck": r"neck",
    "pelvis": r"body ?weight|weight|cent(?:er|re) of (?:gravity|mass)|pelvis|hips?|bottom|butt|backside|seat|"
        r"buttocks|waistline",
    "torso": r"torso|trunk|body(?! ?weight)|upper body|waist",
    "chest": r"chest|sternum|ribcage|rib cage",
    "back": r"(?:(?<=\bthe )|(?<=\bher )|(?<=\bhis )|(?<=their )|(?<=your )|(?<=my )|(?<=upper )|(?<=lower )|"
        r"(?<=arch )|"
            r"(?<=round )|(?<=straighten )|^)back(?! (?:leg|foot|arm|knee|hand|heel|toes|elbow|thigh|ankle|hip|"
            r"shoulder|of|down|up|to|and|a|more|in|"
            r"again|out)\b)|"
            r"spine",
}  # fmt: skip
_MIDDLE = ("head", "chin", "gaze", "neck", "pelvis", "torso", "chest", "back")
_SIDE_WORDS = (
    "left|right|both|other|opposite|same|one|either|each|an?|front|back|rear|leading|trailing|standing|supporting|"
    "raised|lifted|bent|straight|free|higher|lower|hanging|extended|lowered|lead|two|first|second|outstretched|forward|"
    "non-standing|all"
)
_PART = re.compile(
    rf"(?:\b(?P<side>{_SIDE_WORDS})[ -])?(?:(?:and|of) )?(?:\b(?:the|her|his|their|your|my) )?\b(?:"
    + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _NAMES.items())
    + r")\b(?P<whose>'s?)?(?: (?:on|of|at) the (?P<after>left|right)(?: side)?(?! ?\w* (?:hip|knee|foot|hand|leg|arm|"
    r"shoulder|elbow|thigh|ankle|side|ear|cheek|shin)))?"
)
_PLURAL = re.compile(r"(?:arms|elbows|forearms|palms|wrists|hands|fists|fingers|fingertips|shoulders|legs|thighs|knees|"
                     r"shins|calves|ankles|heels|feet|soles|limbs|stance|footing|toes|lower arms|lower legs|"
                     r"upper arms)$")  # fmt: skip


@dataclass(frozen=True)
class Named:
    """A part in a clause.

    Attributes:
        name: without a side: "arm", "head".
        side: "left", "right", "both", "" where none is meant or said, or how it is described ("front", "other", "one").
        start: of its words in the clause.
        stop: behind them.
    """

    name: str
    side: str
    start: int
    stop: int

    @property
    def middle(self) -> bool:
        """Whether there is only one of it."""
        return self.name in _MIDDLE


def find_parts(clause: str) -> list[Named]:
    """Parts in the order of the text."""
    found = []
    for match in _PART.finditer(clause):
        name = match.lastgroup if match.lastgroup in _NAMES else next(n for n in _NAMES if match[n])
        word = match[name]
        side = match["side"] or match["after"] or ""
        start = match.start()
        if side in ("lower", "raised", "lifted", "forward", "bent", "back", "straight", "extended") and not re.search(
            r"\b(?:the|her|his|their|your)(?: own)? $", clause[: match.start()]
        ):
            # "lower arms", "back straight": verbs and states; with an article it says which one.
            start, side = start + len(side) + 1, match["after"] or ""
        if name == "pelvis" and word == "hip" and side in ("left", "right"):
            name = "hip"
        if name in _MIDDLE:
            if match["side"]:
                start = match.start(name)
            side = ""
        elif side in ("each", "two", "all") or (not side and _PLURAL.search(word)):
            side = "both"
        elif side in ("a", "an", "either"):
            side = "one"
        elif side == "same":
            side = ""
        found.append(Named(name, side, start, match.end()))
    return found


def without_parts(clause: str, parts: list[Named]) -> str:
    """The clause with its parts taken out, so that what is left says what happens to them."""
    for part in reversed(parts):
        clause = f"{clause[: part.start]} @ {clause[part.stop :]}"
    return " ".join(clause.split())
