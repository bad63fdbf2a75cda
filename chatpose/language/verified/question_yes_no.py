"""Yes-or-no questions: which claims they make, and whether each is so."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chatpose.language.verified.question_body import body_test, statements_finding
from chatpose.language.verified.question_facts import PoseFacts, Reading
from chatpose.language.verified.question_findings import UNKNOWN, Finding, every, some
from chatpose.language.verified.question_lengths import resolve
from chatpose.language.verified.question_numbers import amounts
from chatpose.language.verified.question_part_claims import of_part, quantified
from chatpose.language.verified.question_parts import FLOOR, SIDED, Mention, Part, mentions
from chatpose.language.verified.question_relations import compare, comparison_of
from chatpose.language.verified.question_text import with_directions
from chatpose.language.verified.question_traits import looking_test
from chatpose.posecodes.parsing.reading import Parsed

AUXILIARIES = "is|are|does|do|has|have|can|could|was|were|did|will|would|am"
_AUXILIARY = re.compile(rf"(?:and |so |but )?(?:{AUXILIARIES})\b")
_BOUND = re.compile(
    r"\b(?P<how>(?:by )?(?:more|greater|larger|bigger|wider|higher|further|farther|less|smaller|lower|"
    r"closer|fewer|narrower) than|"
    r"over|above|at least|under|below|at most|up to|about|around|at|to|by|of)? ?(?P<number>\d+(?:[.,]\d+)?) ?"
    r"(?P<unit>°|degrees?|cm|centimet\w+|mm|m|met(?:er|re)s?)(?: or (?P<more>more|less))?"
)
_TWO_BOUNDS = re.compile(
    r"between (?P<low>\d+(?:\.\d+)?) (?:\w+ )?and (?P<high>\d+(?:\.\d+)?) ?(?P<unit>°|degrees?|cm|"
    r"centimet\w+|m|met(?:er|re)s?)\b"
)
_WITHIN_DEG, _WITHIN_SHARE = 10.0, 0.15


class ReadsSentences(Protocol):
    """What turns free sentences into statements of the grammar."""

    def parse(self, text: str) -> Parsed:
        """Reads a sentence."""
        ...


@dataclass(frozen=True)
class Answering:
    """What claims are judged with.

    Attributes:
        facts: of the pose.
        parser: for what the tables of this package don't know; nothing more is understood without it.
    """

    facts: PoseFacts
    parser: Callable[[], ReadsSentences | None]


def asks_yes_no(text: str) -> bool:
    """Whether a plain question wants a yes or a no (or one of two alternatives)."""
    return bool(_AUXILIARY.match(text))


def answer_claim(text: str, using: Answering) -> Finding | None:
    """Whether what a plain question claims is so; None when it can't be read."""
    return _bounded(text, using) or _compared(text, using) or _conjunction(text, using)


@dataclass(frozen=True)
class Alternative:
    """One of several things that a question offers.

    Attributes:
        words: as it was said.
        finding: whether it is so.
    """

    words: str
    finding: Finding


def alternatives(text: str, using: Answering) -> list[Alternative] | None:
    """Of "is she standing or sitting": each of what is offered; None when the question offers no choice."""
    pieces = re.split(r"\s*,?\s+or\s+|\s*,\s+", text)
    if " or " not in text or len(pieces) < 2 or any(not piece for piece in pieces):
        return None
    head = pieces[0]
    opening = _opening(head)
    found = []
    for number, piece in enumerate(pieces):
        piece = re.sub(r"^(?:is|are|does|do) (?:they|it)\s+", "", piece) if number else piece
        asked = head if number == 0 else piece if _AUXILIARY.match(piece) else f"{opening} {piece}"
        finding = answer_claim(with_directions(asked), using)
        if finding is None:
            return None
        words = head.removeprefix(opening).strip() if number == 0 else piece
        found.append(Alternative(words, finding))
    return found


def _opening(head: str) -> str:
    """Auxiliary and subject of the first alternative."""
    found = mentions(head)
    auxiliary = _AUXILIARY.match(head)
    start = auxiliary.end() if auxiliary else 0
    if found and found[0].start - start <= 2:
        opening = head[: found[0].stop]
        verb = re.match(
            r" (turned|facing|pointing|leaning|tilted|looking|bent|rotated|twisted|raised|held|stretched|on|at)\b",
            head[found[0].stop :],
        )
        return opening + (
            verb[0]
            if verb
            and re.search(r"\b(?:to(?:left|right)|forwards?|back\w*|up|down|in|out\w*)\b", head[found[0].stop :])
            else ""
        )
    match = re.match(
        rf"(?:{AUXILIARIES}) (?:not )?(?:they|it)(?: (?:looking|leaning|facing|turned|bending|lying|"
        r"standing|kneeling|twisting|sitting) (?=(?:to|on|up|down|for|back|over|straight)))?",
        head,
    )
    return match[0].strip() if match else head[:start]


# --- numbers in a claim ----------------------------------------------------------------------------------------------


def _bounded(text: str, using: Answering) -> Finding | None:
    """Such as: is the left knee bent more than 90 degrees?"""
    if two := _TWO_BOUNDS.search(text):
        ends = [f"{text[: two.start()]}{how} {two[name]} {two['unit']}{text[two.end() :]}" for how, name in
                (("at least", "low"), ("at most", "high"))]  # fmt: skip
        found = [_bounded(end, using) for end in ends]
        return every([one for one in found if one is not None]) if None not in found else None
    bound = _BOUND.search(text)
    if bound is None:
        return None
    rest = f"{text[: bound.start()]} {text[bound.end() :]}"
    unit = bound["unit"]
    degrees = unit.startswith(("°", "deg"))
    asked = _AUXILIARY.sub("how many degrees" if degrees else "how far", rest, count=1)
    if not degrees and not re.search(r"apart|from|above|high|behind|front|height|floor", asked):
        asked += " apart"
    found = amounts(asked, mentions(asked), using.facts)
    if not found:
        return None
    wanted = float(bound["number"].replace(",", "."))
    wanted *= 1 if degrees else 0.001 if unit.startswith(("mm", "milli")) else 0.01 if unit.startswith("c") else 1.0
    return every([_against(one.reading, one.told, bound, wanted) for one in found])


def _against(reading: Reading, told: str, bound: re.Match[str], wanted: float) -> Finding:
    value = abs(reading.value)
    how = " ".join(filter(None, (bound["how"], bound["more"])))
    if re.search(r"\b(?:less|smaller|lower|closer|fewer|narrower|under|below|most|up to)\b", how):
        margin = wanted - value
    elif re.search(r"\b(?:more|greater|larger|bigger|wider|higher|further|farther|over|above|least)\b", how):
        margin = value - wanted
    else:
        slack = _WITHIN_DEG if reading.unit == "°" else max(0.05, _WITHIN_SHARE * wanted)
        margin = slack - abs(value - wanted)
    return Finding(margin >= 0, margin / reading.sure, told, reading, reading.measure)


# --- comparisons -----------------------------------------------------------------------------------------------------


def _compared(text: str, using: Answering) -> Finding | None:
    """Such as: is the left knee more bent than the right?"""
    if whole := re.match(r"(?:is|was) (?:not )?the (left|right) (\w+) the (\w+)(?: \w+)?$", text):
        part, compared = Part(whole[2], whole[1]), comparison_of(whole[3])
        known = part.noun in SIDED and compared is not None
        return compare(using.facts, compared, part, part.opposite()) if known and compared is not None else None
    if " than" not in text:
        return None
    found = mentions(text)
    cut = text.index(" than")
    before, after = [one for one in found if one.start < cut], [one for one in found if one.start > cut]
    if not before:
        return None
    subject = before[0]
    if not after and re.search(r"than (?:the )?other", text) and len(subject.parts) == 1:
        after = [Mention((subject.parts[0].opposite(),), "all", cut, cut)]
    if not after:
        return None
    if wider := _wider(text, subject, after[0], using.facts):
        return wider
    target = before[1].parts[0] if len(before) > 1 else None
    compared = comparison_of(text[subject.stop : cut], target)
    if compared is None:
        return None
    pairs = [(part, resolve(part, after[0])) for part in subject.parts]
    made = [compare(using.facts, compared, first, second) for first, second in pairs if first != second]
    return _negated(text, quantified(subject, made)) if made else None


def _wider(text: str, subject: Mention, other: Mention, facts: PoseFacts) -> Finding | None:
    """Are the feet further apart than the hands?"""
    if (
        not re.search(r"\b(?:apart|wider|narrower|closer together)\b", text)
        or len(subject.parts) != 2
        or len(other.parts) != 2
    ):
        return None
    first, second = (facts.apart(*one.parts) for one in (subject, other))
    sign = -1 if re.search(r"\b(?:narrower|closer)\b", text) else 1
    difference = sign * (first.value - second.value)
    told = f"{subject.name} are {round(100 * first.value)} cm apart and {other.name} {round(100 * second.value)} cm"
    return Finding(difference > 0, difference / first.sure, told, first, first.measure)


# --- claims ----------------------------------------------------------------------------------------------------------


def _conjunction(text: str, using: Answering) -> Finding | None:
    """The whole, or its halves around "and"."""
    whole = _claim(text, using)
    pieces = re.split(r"\s*,?\s+(?:and|but|while|with)\s+", text)
    if len(pieces) > 1:
        opening = _opening(pieces[0])
        asked = [pieces[0]]
        for piece in pieces[1:]:
            own = mentions(piece)
            asked.append(f"is {piece}" if own and own[0].start <= 4 else f"{opening} {piece}")
        parts = [_claim(piece, using) for piece in asked]
        found = [part for part in parts if part is not None]
        if len(found) == len(asked):
            return every(found)
    return whole or _parsed(text, using)


def _claim(text: str, using: Answering) -> Finding | None:
    """One claim by the tables of this package."""
    facts = using.facts
    found = mentions(text)
    if re.search(r"\b(?:lying|laying|prone|supine|weight)\b", text) and (tested := body_test(text)) is not None:
        return _negated(text, tested(facts))
    if _on_body(text, found):
        if (looking := looking_test(text)) is not None and not _looks_at(found):
            return _negated(text, looking(facts, Part("head")))
        if (tested := body_test(text)) is not None:
            return _negated(text, tested(facts))
    if gaze := _gaze_at(text, found, facts):
        return gaze
    if not found:
        return None
    finding = of_part(text, found, facts)
    if finding is not None and re.search(r"\bonly\b", text[: found[0].start + 1]):
        finding = _alone(text, found, finding, facts)
    return None if finding is None else _negated(text, finding)


def _alone(text: str, found: Sequence[Mention], finding: Finding, facts: PoseFacts) -> Finding:
    """Such as "only the left arm": so of it, and not of the other one; "only one": of exactly one."""
    subject = found[0]
    others = subject.parts if len(subject.parts) == 2 else (subject.parts[0].opposite(),)
    made = [of_part(text, [replace(subject, parts=(part,), quantity="all"), *found[1:]], facts) for part in others]
    known = [one for one in made if one is not None and one.holds is not None]
    if len(known) < len(made) or not subject.parts[0].side:
        return finding
    if len(known) == 1:
        return every([finding, known[0].denied()])
    return every([some(known), every(known).denied()])


def _on_body(text: str, found: Sequence[Mention]) -> bool:
    return bool(re.match(rf"(?:{AUXILIARIES}) (?:not )?(?:they|it|the pose|the torso|this)\b", text)) or not found


def _looks_at(found: Sequence[Mention]) -> bool:
    return any(one.noun in ("hand", "foot", "knee", "fingertips", "elbow") for one in found)


def _gaze_at(text: str, found: Sequence[Mention], facts: PoseFacts) -> Finding | None:
    """Whether the face is turned to a part."""
    targets = [one for one in found if one.noun not in ("head", FLOOR)]
    face = facts.face()
    if (
        not targets
        or face is None
        or not re.search(
            r"\b(?:look|gaz|star)\w* (?:straight )?(?:at|to|towards?)\b"
            r"|\bfac(?:es?|ing) (?:to |towards? )?the (?!same)",
            text,
        )
    ):
        return None
    eyes = facts.at("head")
    made = []
    for part in targets[0].parts:
        direction = facts.at(part.point) - eyes
        off = facts.angle_between(face, direction)
        told = f"the face points {round(off)}° past the {part.name}"
        made.append(
            Finding(off <= 35, (35 - off) / 3, told, Reading(off, "°", f"gaze to {part.name}"), f"gaze to {part.name}")
        )
    return quantified(targets[0], made)


def _negated(text: str, finding: Finding) -> Finding:
    """A "not" further on denies; one right behind the auxiliary ("isn't …") only asks politely."""
    rest = re.sub(rf"^(?:{AUXILIARIES}) not\b", "", text)
    denied = re.search(r"\bnot (?!only)\b", rest) and not re.search(r"\bnot (?:touching|in contact)\b", rest)
    return finding.denied() if denied else finding


# --- the parser ------------------------------------------------------------------------------------------------------


def _parsed(text: str, using: Answering) -> Finding | None:
    """Anything else, read as a statement by the sentence parser."""
    parser = using.parser()
    if parser is None:
        return None
    read = parser.parse(declarative(text))
    if not read.readings or read.unread:
        return None
    found = [statements_finding(using.facts, plan) for plan in read.plans()]
    return some(found) if found else UNKNOWN


def declarative(text: str) -> str:
    """A plain question as a statement: "is the left knee bent" becomes "the left knee is bent"."""
    text = re.sub(r"\bto(left|right)\b", r"to the \1", text)
    text = re.sub(r"\bon(left|right)\b", r"on the \1", text)
    text = re.sub(r"\b(left|right)of\b", r"to the \1 of", text).replace("rightangle", "right angle")
    text = re.sub(r"^((?:is|are|do|does|has|have)) not\b", r"\1", text)
    match = re.match(rf"({AUXILIARIES}) ", text)
    if match is None:
        return text
    rest = text[match.end() :]
    verb = match[1] if match[1] in ("is", "are", "has", "have") else ""
    found = mentions(rest)
    stop = found[0].stop if found and found[0].start <= 12 else 0
    person = re.match(r"(?:they|it)\b", rest)
    stop = person.end() if person else stop
    subject = rest[:stop].replace("they", "the person")
    return " ".join(f"{subject} {verb} {rest[stop:]}".split())
