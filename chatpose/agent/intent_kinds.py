"""Which kind of ask begins at a place of a message, by its first words."""

import re
from dataclasses import dataclass

from chatpose.agent import intent_manner as manner
from chatpose.agent import intent_tables as known


@dataclass(frozen=True)
class Segment:
    """A part of a message that asks for one thing.

    Attributes:
        kind: what it asks, as far as its first words tell; empty where they don't.
        text: its words.
    """

    kind: str
    text: str


_TABLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("surprise", known.SURPRISE),
    ("rename", manner.RENAME),
    ("remove", manner.REMOVE),
    ("keep", manner.KEEP),
    ("show all", manner.SHOW_ALL),
    ("undo", known.UNDO),
    ("redo", known.REDO),
    ("set_angle", known.SET_ANGLE),
    ("mirror", known.MIRROR),
    ("more", known.MORE),
    ("choose", known.CHOOSE),
    ("estimate", known.ESTIMATE),
    ("compare", known.COMPARE),
    ("export", known.EXPORT),
    ("search", known.SEARCH),
    ("ground", known.GROUND),
    ("blend", known.BLEND),
    ("name", known.NAME),
    ("describe", known.DESCRIBE),
    ("like but", known.LIKE_BUT),
)


_IMPERATIVE = re.compile(
    rf"(?:{known.EDIT_VERB.pattern}|(?:make|show|give|find|search|draw|create|generate|export|save|let)\b)",
    re.IGNORECASE,
)


def kind_of(text: str, before: str = "", *, sentence_end: bool = True) -> str:
    """The kind of ask that a text begins with; empty where its first words don't tell.

    Args:
        text: without words of courtesy.
        before: what was said before it in the same message.
        sentence_end: whether a sentence ended there.
    """
    line = text.strip()
    lower = line.lower()
    for kind, pattern in _TABLE:
        if pattern.match(lower) and not _is_other(kind, lower, before):
            return kind
    if _asks(lower, before, sentence_end=sentence_end):
        return "question"
    if known.GENERATE.match(lower) and not known.MAKE_IT.match(lower):
        return "generate"
    if known.EDIT.match(lower):
        return "edit"
    return ""


def _is_other(kind: str, text: str, before: str) -> bool:
    """Kinds whose first words may mean something else."""
    if kind == "rename":
        named = manner.RENAME.match(text)
        return named is None or manner.is_file_word(
            named["quoted"] or named["name2"] or named["name3"] or named["name4"]
        )
    if kind == "export":
        return known.FORMAT.search(text) is None and not re.match(r"(?:export|download|save)\b", text)
    if kind == "search":
        return bool(before) and text.startswith(("similar", "alike", "close", "near"))
    if kind == "choose":
        # "The second one" is a choice; "the other arm" is part of an instruction.
        return bool(before) and not re.match(r"(?:use|take|choose|select|pick|show|go|switch|back|continue)\b", text)
    if kind == "undo":
        return bool(re.match(r"(?:restore|go back) .*\b(?:to|with)\b", text))
    if kind == "describe":
        return bool(re.match(r"in words\b", text)) and not before
    if kind == "more":
        return bool(before) and not known.MORE_WORDS.search(text)
    if kind == "mirror":
        return False
    return False


def _asks(text: str, before: str, *, sentence_end: bool) -> bool:
    """Whether it is a question."""
    if not known.QUESTION.match(text):
        return text.endswith("?") and not before and not known.GENERATE.match(text) and not _IMPERATIVE.match(text)
    if (
        re.match(r"(?:do|does|can|could|will|would|should|has|have|was|were|are|is)\b", text)
        and before
        and not sentence_end
    ):
        return text.endswith("?")
    if re.match(r"do (?:an?|the|not|it|some|this|that|yoga)\b|do\b (?!you|they|we|the|his|her|its|both|these)", text):
        return text.endswith("?") and not re.match(r"do an?\b", text)
    return True
