"""`Vocabulary`: what of a text is about bodies and poses."""

import re

from chatpose.agent import intent_tables as known
from chatpose.agent.parts import Parts
from chatpose.agent.spotted import is_name, spotted_names
from chatpose.errors import ChatposeError


class Vocabulary:
    """Names of the atlas and statements in texts.

    Args:
        parts: parser, names and the spotter of names.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def names_in(self, text: str) -> list[str]:
        """Names of the atlas in a text that mean a pose."""
        return [self._parts.namer.atlas.find(one.entry_id).name for one in spotted_names(self._parts, text)]

    def is_name(self, text: str) -> bool:
        """Whether a text is a name of the atlas and nothing else."""
        return is_name(self._parts, text)

    def is_pose(self, text: str) -> bool:
        """Whether a text is a name, or a posture said as a thing, "a squat", and nothing else."""
        if self.is_name(text):
            return True
        thing = re.fullmatch(r"(?i)(?:an?|the) (?:\w+ ){0,2}\w+", text.strip())
        return thing is not None and not known.PART.search(text) and bool(self.statements_in(text))

    def speaks_of_bodies(self, text: str) -> bool:
        """Whether anything in a text is about a body or a pose."""
        if known.PART.search(text) or re.search(
            r"\b(?:pose|posture|stance|stand|sit|kneel|lie|asana|yoga)\w*\b", text, re.I
        ):
            return True
        try:
            if self._parts.parser.parse(text).statements:
                return True
        except ChatposeError:
            pass
        return bool(self.names_in(text))

    def statements_in(self, text: str) -> list[str]:
        """What a text claims, in the grammar's form."""
        try:
            return [str(statement) for statement in self._parts.parser.parse(text).statements]
        except ChatposeError:
            return []

    def any_entry(self, seed: int) -> str:
        """The name of some entry of the atlas."""
        entries = self._parts.namer.atlas.entries
        return entries[seed % len(entries)].name
