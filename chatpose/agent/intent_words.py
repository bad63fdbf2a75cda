"""A message in even form, without words of courtesy, and cut where another thing may be asked."""

import re
import unicodedata
from collections.abc import Iterator

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
    r"^(?:(?:please|pls|plz|kindly|hey|hi|hello|hallo|ok(?:ay)?|alright|all right|right|well|so|now|and|then|also|"
    r"but|next|great|cool|nice|"
    r"perfect|good|super|wonderful|awesome|thanks|thank you|thx|sorry|hmm+|um+|uh|oh|wow|yes|yeah|yep|sure|just|"
    r"maybe|perhaps|actually|chatpose)\b[ ,.!:;-]*"
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
