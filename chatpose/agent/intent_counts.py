"""How many poses are asked for, and statements of the grammar that are typed as they are."""

import re

from chatpose.agent import intent_tables as known
from chatpose.agent.intent_ask import MOST_COUNT
from chatpose.agent.references import NUMBERS
from chatpose.errors import ChatposeError
from chatpose.posecodes.grammar import parse

NUMBER_WORDS = "two|three|four|five|six|seven|eight|nine|ten"


def count_in(text: str) -> dict[str, int]:
    """The argument of a search for so many."""
    match = re.match(
        rf"(?:\w+ ){{0,3}}?(\d{{1,2}}|{NUMBER_WORDS}|a few)\s+(?:\w+\s+)?"
        r"(?:poses?|ones?|examples?|results?|similar|others?|of)\b",
        text,
        re.I,
    )
    return {"count": max(1, min(20, number(match[1].lower())))} if match else {}


def counted(text: str) -> tuple[int, str]:
    """How many poses are wanted, and the words without that."""
    match = known.COUNTED.match(text)
    if match is not None:
        rest = text[match.end() :].strip()
        if not rest and match["noun"].lower().startswith("pose"):
            return min(MOST_COUNT, number(match["count"].lower())), ""
        return min(MOST_COUNT, max(1, number(match["count"].lower()))), rest or text
    match = known.COUNTED_AT_END.search(text)
    if match is not None and match.start() > 0:
        return min(MOST_COUNT, max(1, number(match["count"].lower()))), text[: match.start()].strip()
    match = re.match(
        r"(?i)(\d{1,2}|two|three|four|five|six)\s+(?:different\s+)?(?:\w+\s+)?(?:poses|asanas|stances|postures)\b", text
    )
    if match is not None:
        rest = re.sub(r"(?i)^(?:\d{1,2}|two|three|four|five|six)\s+(?:different\s+)?", "", text)
        return min(MOST_COUNT, max(1, number(match[1].lower()))), re.sub(r"(?i)\bposes\b", "pose", rest, count=1)
    return 1, re.sub(r"(?i)^(?:me |us )", "", text)


def statements_typed(query: str) -> list[str]:
    """The statements of the grammar that a query consists of; empty where it is free words."""
    if ":" not in query:
        return []
    lines = [
        line.strip(" .")
        for line in re.split(r"[,;]| and (?=[^:]*:)", re.sub(r"(?i)^where (?:it holds:?)?\s*", "", query))
    ]
    found = []
    for line in lines:
        try:
            found.append(str(parse(line)))
        except ChatposeError:
            return []
    return found


def number(word: str) -> int:
    """A number in digits or as a word; 1 where it is neither."""
    return int(word) if word.isdigit() else NUMBERS.get(word.removesuffix(" of"), 1)
