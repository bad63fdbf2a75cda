"""Claims about parts: what is so of one, of both, of one against another."""

import re
from collections.abc import Sequence

from chatpose.language.verified.question_body import statements_finding
from chatpose.language.verified.question_facts import PoseFacts, Reading
from chatpose.language.verified.question_findings import Finding, every, judged, some
from chatpose.language.verified.question_parts import Mention, Part
from chatpose.language.verified.question_relations import relation_of
from chatpose.language.verified.question_traits import looking_test, pair_test, trait_test
from chatpose.posecodes.grammar import Statement, parse_all


def of_part(text: str, found: Sequence[Mention], facts: PoseFacts) -> Finding | None:
    """Whether what is asked of the first part of a question is so; None when that is not known."""
    subject = found[0]
    words = text[subject.stop :]
    if subject.noun == "head" and (looking := looking_test(words)) is not None and len(found) == 1:
        return looking(facts, Part("head"))
    others = [one for one in found[1:] if not _is_measure(one, text)]
    both = _two_subjects(text, found)
    if both and (made := _both(text[both[-1].stop :], both, facts)) is not None:
        return made
    if subject.noun == "foot" and re.search(r"\bflat\b", words):
        return _traits("flat", subject, facts)
    if others:
        return _related(text, subject, others[0], facts) or _traits(words, subject, facts)
    return _traits(words, subject, facts) or _traits(text[: subject.start], subject, facts)


def _is_measure(one: Mention, text: str) -> bool:
    """Whether it is of a kind: "shoulder width apart", "at shoulder height" are no parts to be related to."""
    return bool(re.match(r"[- ](?:width|wide)", text[one.stop :]))


def _two_subjects(text: str, found: Sequence[Mention]) -> list[Mention]:
    """Such as: "the left hand and the right foot" as one subject."""
    if len(found) > 1 and re.fullmatch(r"\s*,?\s*and\s*", text[found[0].stop : found[1].start]):
        return [found[0], found[1]]
    return []


def _both(words: str, subjects: Sequence[Mention], facts: PoseFacts) -> Finding | None:
    parts = [part for one in subjects for part in one.parts]
    if len(parts) == 2 and parts[0].noun == parts[1].noun:
        return _traits(words, Mention(tuple(parts), "all", 0, 0), facts)
    if re.search(r"\b(?:touch|together|in contact)\w*\b", words) and len(parts) == 2:
        relation = relation_of("touching")
        return relation(facts, parts[0], parts[1]) if relation else None
    made = [_traits(words, one, facts) for one in subjects]
    known = [one for one in made if one is not None]
    return every(known) if len(known) == len(made) else None


def _traits(words: str, subject: Mention, facts: PoseFacts) -> Finding | None:
    if len(subject.parts) == 2 and subject.quantity == "all":
        if crossed := _crossed(words, subject.noun, facts):
            return crossed
        if (pair := pair_test(subject.noun, words)) is not None:
            return pair(facts, subject.parts[0])
    if subject.noun in ("foot", "knee", "leg") and len(subject.parts) == 1 and _against_other(words):
        relation = relation_of("in front of" if re.search(r"\b(?:forwards?|front|ahead)\b", words) else "behind")
        part = subject.parts[0]
        return relation(facts, part, part.opposite()) if relation else None
    test = trait_test(subject.noun, words)
    return None if test is None else quantified(subject, [test(facts, part) for part in subject.parts])


def _against_other(words: str) -> bool:
    return bool(re.search(r"\b(?:forwards?|in front|ahead|back|behind)\b", words)) and not re.search(
        r"\b(?:bent|straight|point\w*|lean\w*)\b", words
    )


def _crossed(words: str, noun: str, facts: PoseFacts) -> Finding | None:
    if not re.search(r"\b(?:cross\w*|folded|interlocked)\b", words):
        return None
    if noun in ("arm", "forearm"):
        return statements_finding(facts, _lines("arms: crossed"))
    if noun in ("leg", "ankle", "shin", "foot", "knee", "thigh") and "cross" in words:
        return statements_finding(facts, _lines("legs: crossed"))
    if noun == "hand" and "cross" in words:
        return statements_finding(facts, _lines("left hand: to the right of right hand"))
    return None


def _lines(*lines: str) -> tuple[Statement, ...]:
    return tuple(parse_all(lines))


def _related(text: str, subject: Mention, other: Mention, facts: PoseFacts) -> Finding | None:
    between = text[subject.stop : other.start]
    relation = relation_of(between)
    after = text[other.stop :]
    if re.match(r" (?:height|level)\b", after) and not re.search(
        r"\b(?:above|below|over|under|higher|lower)\b", between
    ):
        relation = relation_of("level with")
    if relation is None:
        return None
    made = []
    for part in subject.parts:
        targets = _targets(part, other)
        if targets:
            how = some if other.quantity == "any" else every
            found = [relation(facts, part, target) for target in targets]
            if _DIRECTLY.search(between):
                found += [_plumb(facts, part, target) for target in targets]
            made.append(how(found))
    return quantified(subject, made) if made else None


_DIRECTLY = re.compile(r"\b(?:directly|vertically|straight|right) (?:above|over|below|under|beneath)\b")
PLUMB_M = 0.12


def _plumb(facts: PoseFacts, part: Part, other: Part) -> Finding:
    """One straight above the other."""
    apart = facts.at(part.point) - facts.at(other.point)
    reading = Reading(float((apart[0] ** 2 + apart[2] ** 2) ** 0.5), "m", f"{part.name} beside {other.name}")
    return judged(reading, high=PLUMB_M)


def _targets(part: Part, other: Mention) -> list[Part]:
    """What a part is related to: of "the shoulders" its own side's, of "the hip" too."""
    if len(other.parts) == 1:
        return [other.parts[0]]
    if part.side and other.noun != part.noun:
        return [Part(other.noun, part.side)]
    if part.side:
        return [part.opposite()]
    return list(other.parts)


def quantified(subject: Mention, made: Sequence[Finding]) -> Finding:
    """All, any, or none of the parts that are meant."""
    if subject.quantity == "any":
        return some(made)
    if subject.quantity == "none":
        return some(made).denied()
    if subject.quantity == "one" and len(made) == 2 and not any(one.holds is None for one in made):
        return some(made)
    return every(made)
