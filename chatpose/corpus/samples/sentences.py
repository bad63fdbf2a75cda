"""Clauses put together to what somebody might type: orders, descriptions, lists, fragments, framed or not."""

import itertools
import re
from collections.abc import Sequence
from random import Random

from chatpose.corpus.instructions.chance import one, yes
from chatpose.corpus.instructions.wording import as_typed, capital, lowered
from chatpose.corpus.samples.clauses import after, form_of, is_gerund, with_owner, without_adverb

_OWNERS = ("the", "the", "the", "your", "her", "his", "their", "my")
_TO_ORDER = (", ", ". ", ". ", "; ", " and ", ", and ", ", then ")
_TO_SENTENCE = (", ", ". ", ". ", "; ", ", and ", " while ", " and ")
_TO_NOUN = (", ", ", ", ", ", " and ", ", and ", " with ", ", with ", "; ", ". ", " while ", " plus ")
_TO_FRAGMENT = (", ", ", ", " and ", ", and ", "; ", ". ")
_TO_GERUND = (*_TO_FRAGMENT, " while ", ", ")
_AFTER_ELLIPSIS = (", ", " and ", ", and ", " while ", "; ")

_BEFORE_NOUN = (
    "a person with {}", "someone with {}", "a figure with {}", "pose with {}", "a pose with {}", "somebody, {}",
    "show me someone with {}", "I need a figure with {}", "draw a person with {}", "give me a pose with {}",
    "make a figure with {}", "a woman with {}", "a man with {}", "pose: {}", "figure: {}", "he has {}", "she has {}",
    "person with {}", "the character has {}", "I'd like a pose with {}", "reference pose, {}", "I want {}",
)  # fmt: skip
_BEFORE_GERUND = (
    "a person {}", "someone {}", "a figure {}", "show me someone {}", "a woman {}", "a man {}", "somebody {}",
    "I need a figure {}", "draw a person {}", "pose: {}", "he is {}", "she's {}", "they are {}", "a dancer {}",
    "imagine somebody {}", "a character {}", "the figure is {}",
)  # fmt: skip
_BEFORE_ORDER = (
    "please {}", "could you {}", "can you {}", "now {}", "try this: {}", "{}, please", "I want you to {}",
    "ask the model to {}", "just {}", "I'd like you to {}",
)  # fmt: skip
_BEFORE_OTHER = ("pose: {}", "make it like this: {}", "a pose where {}", "picture this: {}", "{}, that's the pose")
FRAMED = 0.25


def compose(rng: Random, clauses: Sequence[str], *, framed: float = FRAMED) -> str:
    """One text of several clauses, in their order, as somebody might type it.

    Args:
        rng: of all choices.
        clauses: wordings.
        framed: share of texts with words around them ("show me someone with …").
    """
    owner = one(rng, _OWNERS)
    said = [lowered(without_adverb(with_owner(text.strip().rstrip(".;,"), owner))) for text in clauses]
    text = said[0]
    if yes(rng, framed):
        text = one(rng, _frames(text)).replace("{}", text)
    for before, clause in itertools.pairwise(said):
        shorter = after(before, clause)
        if shorter and yes(rng, 0.55):
            text += one(rng, _AFTER_ELLIPSIS) + shorter
            continue
        joint = one(rng, _joints(before, clause))
        if text[-1] in "?!":
            joint = " "
        text += joint + (capital(clause) if joint == ". " or text[-1] in "?!" else clause)
    return tidy(as_typed(rng, _ended(text)))


def _frames(text: str) -> Sequence[str]:
    form = form_of(text)
    if form == "order":
        return _BEFORE_ORDER if not text.startswith(("don't", "never", "do not")) else ("please {}", "{}, please")
    if form == "noun":
        return _BEFORE_NOUN
    if form == "fragment" and is_gerund(text):
        return _BEFORE_GERUND
    return _BEFORE_OTHER if form in ("sentence", "fragment") else ("someone {}", "a figure {}", "a person {}")


def _joints(before: str, clause: str) -> Sequence[str]:
    form = form_of(clause)
    if form == "order":
        return _TO_ORDER if form_of(before) == "order" else _TO_ORDER[:4]
    if form == "sentence":
        return _TO_SENTENCE
    if form == "with":
        return (" ", ", ")
    if form == "noun":
        return _TO_NOUN
    return _TO_GERUND if is_gerund(clause) else _TO_FRAGMENT


def _ended(text: str) -> str:
    return capital(text) + ("" if text[-1] in ".!?" else ".")


def tidy(text: str) -> str:
    """One space between words, no mark twice."""
    return re.sub(r"\s+", " ", re.sub(r"([,.;])(?:\s*[,;])+", r"\1", text)).strip()
