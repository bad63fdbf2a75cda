"""`Answered`: an answer, and how findings become one."""

import re
from dataclasses import dataclass

from chatpose.language.verified.question_findings import Finding
from chatpose.language.verified.question_numbers import Amount
from chatpose.language.verified.question_parts import plural
from chatpose.language.verified.question_places import (
    capital,
)
from chatpose.language.verified.question_sides import Chosen

CLOSE = "That is a close call."


@dataclass(frozen=True)
class Answered:
    """An answer.

    Attributes:
        question: as it was asked.
        text: the answer; it starts with the plain answer, then gives what was measured.
        value: the plain answer: True or False, a number in `unit`, or words ("left"); None where there is none.
        unit: "°", "cm" or "m"; "" for what isn't a number.
        measure: the measure or the statement that decides; "" where there is none.
        measured: what was measured, one clause; "" where nothing was.
        certain: whether it isn't a close call.
    """

    question: str
    text: str
    value: bool | float | str | None = None
    unit: str = ""
    measure: str = ""
    measured: str = ""
    certain: bool = True

    @property
    def understood(self) -> bool:
        """Whether there is an answer."""
        return self.value is not None

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        facts = {"question": self.question, "answer": self.text, "value": self.value, "unit": self.unit}
        return {**facts, "measure": self.measure, "measured": self.measured, "certain": self.certain}


def told_yes_no(question: str, finding: Finding) -> Answered:
    """Yes or no, with the evidence."""
    if finding.holds is None:
        return Answered(question, f"That can't be told: {finding.told}.", None, "", finding.measure, "", False)
    sure = abs(finding.margin) >= 1
    word = "Yes" if finding.holds else "No"
    return Answered(
        question, sentence(f"{word}, {finding.told}", sure), finding.holds, "", finding.measure, finding.told, sure
    )


def in_words(question: str, found: Chosen) -> Answered:
    """A chosen word, with the evidence."""
    said = f"{found.word}. {capital(found.told)}" if found.told else found.word
    note = f" {found.note}" if found.note else ""
    text = sentence(said, found.sure or bool(found.note)) + note
    return Answered(question, text, found.word.lower(), "", found.measure, found.told, found.sure)


def told_numbers(question: str, text: str, found: list[Amount]) -> Answered:
    """A number, or one a side, with how it was measured."""
    shown = [_shown(one, text) for one in found]
    if len(found) == 1:
        (value, unit), one = shown[0], found[0]
        way = f" {one.way}" if one.way and abs(value) > 0 else ""
        said = f"{_number_words(value, unit)}{way}. {capital(one.told)}"
        return Answered(question, sentence(said, True), value, unit, one.reading.measure, one.told)
    lead = ", ".join(
        f"{one.part.side or plural(one.part.noun)} {_number_words(*values)}"
        for one, values in zip(found, shown, strict=True)
    )
    told = "; ".join(one.told for one in found)
    return Answered(question, sentence(f"{capital(lead)}. {capital(told)}", True), shown[0][0], shown[0][1],
                    found[0].reading.measure, told)  # fmt: skip


def _shown(one: Amount, text: str) -> tuple[float, str]:
    """Value and unit as they are told: whole degrees, centimetres unless another unit is asked for."""
    value = abs(one.reading.value)
    if one.reading.unit == "°":
        return float(round(value)), "°"
    if re.search(r"\b(?:in |many |of )?(?<!centi)met(?:er|re)s?\b", text) and "centi" not in text:
        return round(value, 2), "m"
    if re.search(r"\binch(?:es)?\b", text):
        return round(value / 0.0254, 1), "in"
    return (float(round(100 * value)), "cm") if value >= 0.02 else (round(100 * value, 1), "cm")


def _number_words(value: float, unit: str) -> str:
    return f"{value:g}°" if unit == "°" else f"{value:g} {unit}"


def readable(words: str) -> str:
    """Words of a plain question as people write them."""
    words = re.sub(r"\b(to|on)(left|right)\b", r"\1 the \2", words)
    words = re.sub(r"\b(left|right)of\b", r"to the \1 of", words).replace("rightangle", "right angle")
    return re.sub(r"^(?:they|it|is|are)\s+", "", words)


def sentence(text: str, sure: bool) -> str:
    """A sentence; says so where it is a close call."""
    said = text.rstrip(".") + "."
    return said if sure else f"{said} {CLOSE}"
