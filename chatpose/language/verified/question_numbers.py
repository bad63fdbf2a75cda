"""Numbers that are asked for: angles, distances, heights."""

import re
from collections.abc import Sequence
from math import isnan

from chatpose.language.verified.question_amounts import Amount
from chatpose.language.verified.question_angles import RAISED, angles
from chatpose.language.verified.question_facts import PoseFacts
from chatpose.language.verified.question_lengths import lengths
from chatpose.language.verified.question_parts import Mention

_ANGLE = re.compile(
    r"\b(?:degrees?|angles?|bent|bends?|bending|flex\w*|straight\w*|lean\w*|tilt\w*|inclin\w*|"
    r"twist\w*|turn\w*|rotat\w*|"
    r"steep\w*|look\w*|gaz\w*|upright|vertical\w*|horizontal\w*|bow\w*|nod\w*|extension|arch\w*|round\w*|pitch\w*)\b|°"
)
_SURE_ANGLE = re.compile(r"\b(?:degrees?|angles?)\b|°")


def asks_number(text: str) -> bool:
    """Whether a plain question asks for a number."""
    return bool(
        re.match(
            r"(?:by |at |to |with |from |about |in )*(?:how (?!is|are|does|do|many (?!degrees|cent|cm|met|inch|mill))|"
            r"what (?:is )?(?:the |an? )?(?:\w+ ){0,2}?(?:angle|distance|height|bend|flexion|gap|width|lean|tilt|"
            r"inclination|elevation|spread|rotation|twist|turn|extent)|what (?:angle|distance|height|extent|degree))",
            text,
        )
        or (
            re.match(
                r"(?:the )?(?:[\w ]+ )?(?:angle|distance|height|bend|flexion|gap|lean|tilt|rotation)(?: .*)?$", text
            )
            and not re.match(r"(?:is|are|does|do|has|have|which|where|what|can|was)\b", text)
        )
    )


def amounts(text: str, found: Sequence[Mention], facts: PoseFacts) -> list[Amount]:
    """The numbers asked for: one, or one a side; none when the question isn't about a number that is known."""
    angle = _SURE_ANGLE.search(text) or (_ANGLE.search(text) and not _only_length(text))
    made = list(angles(text, found, facts)) if angle or _raised_arm(text, found) else []
    if not made and not _SURE_ANGLE.search(text):
        made = list(lengths(text, found, facts))
    return [one for one in made if not isnan(one.reading.value)]


def _only_length(text: str) -> bool:
    return bool(re.search(r"\b(?:apart|cm|centimet\w+|distance|height|met(?:er|re)s?|high(?:er)?|lower)\b", text))


def _raised_arm(text: str, found: Sequence[Mention]) -> bool:
    arms = found and found[0].noun in ("arm", "upper arm")
    return bool(arms and RAISED.search(text) and not re.search(r"\b(?:cm|centimet\w+|floor|met(?:er|re)s?)\b", text))
