"""What is being done in a motion-capture clip, from the database's own description of it."""

import re
from collections.abc import Mapping

ACTIVITIES: Mapping[str, str] = {
    "run": r"\b(run|jog|sprint)",
    "walk": r"\bwalk|\bstride|\bnavigate",
    "jump": r"\bjump|\bhop\b|\bleap|\bjete",
    "hop": r"\bhop\b",
    "leap": r"\bleap|\bjete",
    "cartwheel": r"\bcartwheel",
    "kick": r"\bkick|geri\b|\bempi\b|heian|mawashigeri|yokogeri",
    "punch": r"\bpunch|\bboxing|\bstrike|oiduki|\bempi\b|heian",
    "block": r"gedanbarai|syutouuke|\bempi\b|heian",
    "sword": r"\bsword",
    "arabesque": r"\barabesque|\battitude\b",
    "balance": r"\bbalance",
    "dance": r"\bdance|pirouette|ballet",
    "backflip": r"\bbackflip|\bback flip",
    "flip": r"flip\b|hand ?spring",
    "motorcycle": r"\bmotorcycle",
    "climb": r"\bclimb|\bladder",
    "hang": r"\bhang|\bswing",
    "dribble": r"\bdribble",
    "throw": r"\bthrow|\bshoot|\bpitch",
    "swim": r"\bswim",
    "sit": r"\bsit",
    "stand up": r"\bstand up",
    "bend": r"\bbend|\bscoop|\bpick",
    "lift": r"\blift|\bscoop",
    "wash": r"\bwash",
    "mop": r"\bmop|\bsweep",
    "wave": r"\bwave",
    "point": r"\bpoint\b",
    "direct": r"\bdirect traffic",
    "drink": r"\bdrink",
    "laugh": r"\blaugh",
    "squat": r"\bsquat|\bduck",
    "stretch": r"\bstretch|range of motion",
    "twist": r"\btwist",
    "jumping jack": r"jumping jack",
    "roll": r"\broll",
    "sneak": r"\bstealth|\bsneak",
    "spin": r"\bspin|twirl|pirouette",
    "turn": r"\bturn|\bveer",
    "stop": r"\bstop",
}
"""Activities and the pattern of descriptions that name them; karate forms (empi, heian) hold kicks, punches, blocks."""


def activities_of(description: str) -> frozenset[str]:
    """Activities that a description names; empty when none is known.

    >>> sorted(activities_of("Run Jump Over"))
    ['jump', 'run']
    """
    text = description.lower()
    return frozenset(name for name, pattern in ACTIVITIES.items() if re.search(pattern, text))
