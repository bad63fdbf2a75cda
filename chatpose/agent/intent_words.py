"""A message in even form, without words of courtesy, and cut where another thing may be asked."""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from chatpose.posecodes.parsing.spelling import corrected

_QUOTES = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "`": "'",
        "´": "'",
        "„": '"',
        "“": '"',
        "”": '"',
        "–": "-",
        "—": " - ",
        "\u00a0": " ",
        "\u200b": " ",
        "\ufeff": " ",
        "\u2060": " ",
    }
)
_COURTESY = re.compile(
    r"^(?:(?:(?:hi|hey|hello)(?: there| again| everyone| chatpose)|good (?:morning|evening|afternoon|day)|(?:no|oh|"
    r"hey|and)?,? ?"
    r"wait(?: a (?:second|minute|moment))?|please|pls|plz|kindly|hey|hi|hello|hallo|ok(?:ay)?|alright|all right|"
    r"right|well|so|now|and|then|also|"
    r"but|next|great|cool|nice|"
    r"perfect|good|super|wonderful|awesome|thanks|thank you|thx|sorry|hmm+|um+|uh|oh|wow|yes|yeah|yep|sure|just|"
    r"maybe|perhaps|actually|chatpose|lol|haha(?:ha)*|hehe|omg|whoa|dude|bro|listen|look(?=,))\b[ ,.!:;-]*"
    r"|(?:can|could|would|will) (?:you|u|we)(?: please| kindly| maybe| perhaps| just| also| now)*\b[ ,]*"
    r"|(?:i(?:'d| would) (?:like|love|want)(?: for)?(?: you)? to(?: see)?(?= (?:the|it|you|find|search|get|have|"
    r"see|compare|export|save|undo|know|raise|lower|bend|turn|mirror|edit|change))\b[ ,]*)"
    r"|(?:i want you to|i need you to|let'?s|let us|go ahead and|try to|feel free to|would you mind|do you mind|"
    r"is it possible to|are you able to)\b[ ,]*)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"[\s,]*\b(?:please|pls|plz|thanks|thank you|thx|for me|if possible|if you can|will you|would you|"
    r"could you)[\s.!?]*$",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"(?<=[.!?;])\s+|\s*;\s*|\s*\n+\s*|,?\s+(?:and\s+)?(?:then|after that|afterwards|finally|next)\b[ ,]*|"
    r",\s*(?:and\s+|but\s+)?(?:also\s+)?|\s+and\s+(?:also\s+)?|\s+&\s+",
    re.IGNORECASE,
)
_CONTRACTED = {
    "whats": "what's", "thats": "that's", "dont": "don't", "cant": "can't", "didnt": "didn't", "doesnt": "doesn't",
    "isnt": "isn't", "im": "I'm", "lets": "let's", "wheres": "where's", "hows": "how's", "teh": "the", "hte": "the",
    "adn": "and", "nad": "and", "waht": "what", "wat": "what", "wich": "which", "whcih": "which", "wiht": "with",
    "arn": "arm", "lefft": "left", "leftt": "left", "letf": "left", "rigt": "right", "rght": "right", "rase": "raise",
    "rais": "raise", "lfit": "lift", "bned": "bend", "plz": "please", "pls": "please", "u": "you", "ur": "your",
    "gimme": "give me", "wanna": "want to", "lemme": "let me", "shwo": "show", "mak": "make", "udno": "undo",
    "unod": "undo", "agian": "again", "agin": "again",
}  # fmt: skip
_COMMANDS = (
    "mirror", "mirrored", "export", "download", "similar", "compare", "difference", "different", "between", "describe",
    "degrees", "library", "original", "previous", "another", "straighten", "screenshot", "search", "picture", "halfway",
    "higher", "should", "please", "second", "generate", "variations", "versions", "happier", "conversation",
)  # fmt: skip
"""Words that chatpose is told things with, and of which few other words are slips."""
_NO_SLIPS = {"expert", "experts", "starch", "hither", "decrees", "inference", "deference", "simile", "reconsider"}
_SIDES = {"left", "right", "forward", "backward", "forwards", "backwards", "straight", "raise", "bend", "lower"}
_BODY = re.compile(
    r"(?:arm|hand|leg|knee|elbow|hip|head|shoulder|ankle|wrist|torso|back|chest|neck|chin|heel|thigh|shin|forearm|"
    r"palm|fist|"
    r"pelvis|waist)s?|foot|feet"
)


def spelled(text: str) -> str:
    """With slips in words of commands, sides and parts of the body put right; what is in quotes stays."""
    pieces = re.split(r"(\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)|@\S+)", text)
    return "".join(
        piece
        if place % 2
        else re.sub(r"(?<![\w.'/-])[A-Za-z][A-Za-z']*(?![\w/-])", lambda word: _spelled(word[0]), piece)
        for place, piece in enumerate(pieces)
    )


@lru_cache(maxsize=4096)
def _spelled(word: str) -> str:
    lower = word.lower()
    right = _CONTRACTED.get(lower)
    if right is None and len(lower) >= 4 and lower.isalpha():
        found = corrected(lower)
        right = found if found in _SIDES or _BODY.fullmatch(found) else None
        if right is None and len(lower) >= 5:
            right = _command(lower)
    if right is None or right == lower:
        return word
    return capital(right) if word[0].isupper() else right


def _command(word: str) -> str | None:
    """The word of a command that a word is a slip of; forms of it are none."""
    if word in _NO_SLIPS or word in _COMMANDS:
        return None
    near = difflib.get_close_matches(word, [one for one in _COMMANDS if one[0] == word[0]], n=1, cutoff=0.83)
    meant = near[0] if near and abs(len(near[0]) - len(word)) <= 1 else None
    if meant is None or word.startswith(meant) or meant.startswith(word) or word[:-1] == meant[:-1]:
        return None
    return meant


def even_text(text: str) -> str:
    """One line, plain quotes; nothing that can't be printed."""
    whole = unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode()).translate(_QUOTES)
    kept = "".join(char if char.isprintable() or char == "\n" else " " for char in whole)
    return re.sub(r"[ \t]+", " ", kept).strip()


def without_courtesy(text: str) -> str:
    """Without words of courtesy at both ends; a message of nothing else stays as it is."""
    rest = text
    while True:
        cut = _COURTESY.sub("", rest, count=1)
        if cut == rest or not cut.strip():
            break
        rest = cut
    while True:
        cut = _TAIL.sub("", rest)
        if cut == rest or not cut.strip():
            break
        rest = cut + ("?" if rest.rstrip().endswith("?") and not cut.endswith("?") else "")
    return rest.strip()


def cuts(text: str) -> Iterator[tuple[int, int]]:
    """Places where another ask may begin: where the one before ends, and where the next begins."""
    for match in _CUT.finditer(text):
        if match.end() < len(text) and match.start() > 0:
            yield match.start(), match.end()


def capital(text: str) -> str:
    """With a capital letter."""
    return text[:1].upper() + text[1:]
