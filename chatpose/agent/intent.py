"""`AskReader`: what a message asks for, as calls of tools and small talk, in the order in which it is said.

Deterministic: tables of words (`intent_tables`), names of things of the conversation (`references`), the parser of
sentences and the names of the atlas. What is said when no pose is on screen is a request for one; with one on screen,
an instruction changes it, a question is measured on it, and words that describe somebody anew make another.

    intent_words       a message in even form, and where it may be cut
    intent_kinds       which kind of ask begins at a place (intent_tables: the words)
    intent_reading     one message on its way to asks
    intent_tools       arguments of tools (intent_meant: which pose is meant; intent_counts: how many)
    intent_vocabulary  what of a text is about bodies
"""

import re
import unicodedata
from collections.abc import Sequence

from chatpose.agent.intent_ask import MOST_ASKS, Ask
from chatpose.agent.intent_reading import Reading
from chatpose.agent.intent_vocabulary import Vocabulary
from chatpose.agent.intent_words import even_text, spelled
from chatpose.agent.parts import Parts
from chatpose.agent.state import ConversationState


class AskReader:
    """Reads messages; keeps nothing of a conversation.

    Args:
        parts: parser and names.
    """

    def __init__(self, parts: Parts) -> None:
        self._vocabulary = Vocabulary(parts)

    def read(self, text: str, state: ConversationState, attached: Sequence[str] = (), *, seed: int = 0) -> list[Ask]:
        """What is asked, in order; at least one.

        Args:
            text: the message.
            state: the conversation, what came with the message taken in.
            attached: names of what came with it.
            seed: of the turn, for "surprise me".
        """
        photos = [name for name in attached if name.startswith("photo")]
        asks = [Ask("estimate", "", "estimate", {"photo": name}, needed=True) for name in photos]
        line = spelled(even_text(text))
        if not line or not (re.search(r"\w|^\?+$", line) or any(unicodedata.category(char) == "So" for char in line)):
            return asks or self._about_attached(attached) or [Ask("empty" if not line else "unclear", line)]
        reading = Reading(self._vocabulary, state, seed, bool(attached))
        found = reading.asks(line)
        if photos:
            found = [ask for ask in found if not _told_by_estimate(ask)]
        return [*asks, *found][:MOST_ASKS]

    def _about_attached(self, attached: Sequence[str]) -> list[Ask]:
        return [Ask("name", "", "name", {"pose": name}) for name in attached if name.startswith("pose")]


def _told_by_estimate(ask: Ask) -> bool:
    """Whether looking at the photo answers this already."""
    return ask.tool in ("name", "describe", "estimate") or ask.kind in ("no pose", "greet", "help", "choose")
