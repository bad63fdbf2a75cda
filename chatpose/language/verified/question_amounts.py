"""`Amount`: a number that answers a question."""

from dataclasses import dataclass

from chatpose.language.verified.question_facts import PoseFacts, Reading
from chatpose.language.verified.question_parts import BODY, Part
from chatpose.language.verified.question_telling import tell
from chatpose.posecodes.measures import Measure

_BODY = Part(BODY)


@dataclass(frozen=True)
class Amount:
    """A number that answers a question.

    Attributes:
        reading: the number, degrees or metres; its sign is told in words by `way`.
        told: how it was measured, one clause.
        way: what follows the number ("forward"), or "".
        part: whose it is.
    """

    reading: Reading
    told: str
    way: str = ""
    part: Part = _BODY


def read_amount(facts: PoseFacts, measure: Measure, part: Part) -> Amount:
    """A measure of a part as it is."""
    reading = facts.read(measure)
    return Amount(reading, tell(reading), part=part)
