"""Words of a model on their way to a person: thoughts, markup, links and control characters stay behind."""

import re

MAX_CHARS = 6000
_THOUGHTS = ("<think>", "<thinking>")
_THOUGHT = re.compile(r"\s*<(think|thinking)>.*?(?:</\1>|\Z)", re.DOTALL)
_LATE_END = re.compile(r"\A.*?</(?:think|thinking)>", re.DOTALL)
_HELD_FROM = re.compile(r"!?\[|[<`]")
_ENDED = re.compile(r"[.!?…][\"”)]?\s+|\n")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,400})\]\([^()\n]{0,2000}\)")
_TAG = re.compile(r"</?[a-zA-Z!?|][^<>]{0,2000}>")
_FENCE = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)


class VisibleText:
    """Tells how much of a text may be shown while it is written: nothing from where markup may begin on.

    Args:
        sentences: only whole ones, so that none is left behind in the middle where the rest doesn't come.
    """

    def __init__(self, *, sentences: bool = False) -> None:
        self._sentences = sentences
        self._raw = ""
        self._shown = 0
        self._held = False

    def add(self, piece: str) -> str:
        """What may be shown now, after a further piece."""
        if self._held:
            return ""
        self._raw += clean(piece)
        start = len(self._raw) - len(self._raw.lstrip())
        found = _HELD_FROM.search(self._raw, start)
        # A "!" at the end may begin a picture.
        stop = found.start() if found else len(self._raw) - self._raw.endswith("!")
        self._held = found is not None or stop > start + MAX_CHARS
        stop = min(stop, start + MAX_CHARS)
        begin = max(self._shown, start)
        if self._sentences:
            stop = max((one.end() for one in _ENDED.finditer(self._raw, begin, stop)), default=begin)
        if stop <= begin:
            return ""
        self._shown = stop
        return self._raw[begin:stop]


def final_text(raw: str) -> str:
    """What a person is shown of a text; begins with what `VisibleText` gave of it.

    Args:
        raw: as a model wrote it, without tool calls, plans and poses.
    """
    text = without_thoughts(clean(raw))
    found = _HELD_FROM.search(text)
    if found:
        head, tail = text[: found.start()], text[found.start() :]
        tail = _TAG.sub("", _LINK.sub(r"\1", _FENCE.sub("", tail))).replace("`", "")
        text = head + tail
    text = text.strip()
    return text if len(text) <= MAX_CHARS else text[:MAX_CHARS] + "…"


def without_thoughts(text: str) -> str:
    """A text without what a model thinks before it speaks."""
    text = _THOUGHT.sub("", text, count=1) if text.lstrip().startswith(_THOUGHTS) else text
    return _LATE_END.sub("", text, count=1) if _LATE_END.match(text) else text


def clean(text: str) -> str:
    """A text without signs that can't be seen; line breaks and blanks stay."""
    return "".join(char for char in text if char.isprintable() or char in "\n\t")
