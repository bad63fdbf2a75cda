"""What a reply claims about poses, read back and measured: what the geometry contradicts doesn't leave the agent."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chatpose.agent.items import PoseItem
from chatpose.agent.parts import Parts
from chatpose.agent.references import UnclearReferenceError, mentions, resolve
from chatpose.agent.replying import sentence, split_sentences, statement_claim
from chatpose.agent.spotted import spotted_names
from chatpose.agent.state import ConversationState
from chatpose.body.pose import stack_poses
from chatpose.errors import ChatposeError
from chatpose.posecodes.check import Check, check
from chatpose.posecodes.grammar import Statement

SURE = 0.5
"""Certainty of a reading from which a sentence counts as claiming it."""
NAMES_LOOKED_AT = 12
LEAST_NAME = 0.1
"""Score from which a name counts as one that may be said."""
MOST_CORRECTIONS = 2
_NO_CLAIM = re.compile(
    r"\?\s*$|^(?:if|try|say|ask|would|could|shall|should|do you|tell me|let me|please|to (?:get|go|do)|instead of)\b"
    r"|\b(?:i|we) (?:can|could|can't|cannot|couldn't|could not|will|would|won't|may|might|tried|wanted|read)\b"
    r"(?! (?:see|tell|say|confirm|assure|report|state|add|show))"
    r"|^(?:i'll|you) (?!see)\w+|\bif you\b|\bsuch as\b",
    re.IGNORECASE,
)
_NAMING = re.compile(
    r"(?i)\b(?:this|that|it|she|he|they|the (?:pose|person|figure|photo)|pose \d+)\b.{0,40}?"
    r"\b(?:is|are|'s|looks? like|shows?|resembles?|doing|does|in|called)\b"
)
_QUOTED = re.compile(r"[“\"][^”\"]{0,400}[”\"]")


@dataclass(frozen=True)
class Contradiction:
    """A claim that a pose doesn't bear out.

    Attributes:
        correction: what was measured instead, a sentence.
        why: the statement with what was measured, in short.
    """

    correction: str
    why: str


@dataclass(frozen=True)
class TakenOut:
    """A sentence that was taken out of a reply.

    Attributes:
        sentence: as the model wrote it.
        why: what contradicts it.
    """

    sentence: str
    why: str


class TruthChecker:
    """Reads sentences back and measures what they claim.

    Args:
        parts: parser, describer and names.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def contradiction(self, text: str, items: Sequence[PoseItem]) -> Contradiction | None:
        """What is false in a sentence about some poses: about all of them, as it needs to hold of one.

        Args:
            text: one sentence.
            items: the poses that it may be about; nothing is false of none.
        """
        words = _QUOTED.sub(" ", text)
        if not items or _NO_CLAIM.search(words):
            return None
        return self._false_statement(words, items) or self._false_name(words, items)

    def _false_statement(self, words: str, items: Sequence[PoseItem]) -> Contradiction | None:
        plans = self._claims(words)
        if not plans:
            return None
        failures: list[Check] = []
        for item in items:
            points, gaps = self._parts.describer.measure(item.pose)
            for plan in plans:
                wrong = [row for row in check(plan, points, gaps)[0] if row.holds is False]
                if not wrong:
                    return None
                failures = failures or wrong
        rows = [row.as_json() for row in failures]
        told = "; ".join(f"{statement_claim(row['statement'], False)} ({row['measured']})" for row in rows[:2])
        return Contradiction(
            sentence(f"Measured, {told}"), "; ".join(f"{row['statement']}: {row['measured']}" for row in rows)
        )

    def _claims(self, words: str) -> list[tuple[Statement, ...]]:
        """Ways to understand what a sentence claims; none where it claims nothing."""
        try:
            parsed = self._parts.parser.parse(words)
        except ChatposeError:
            return []
        sure = [reading for reading in parsed.readings if reading.certainty >= SURE]
        if not sure:
            return []
        own = tuple(dict.fromkeys(one for reading in sure for one in reading.statements))
        if all(reading.side == "said" for reading in sure):
            return [own]
        return [own, tuple(dict.fromkeys(one for reading in sure for one in reading.mirrored().statements))]

    def _false_name(self, words: str, items: Sequence[PoseItem]) -> Contradiction | None:
        if not _NAMING.search(words) or re.search(r"(?i)\b(?:no|not|n't|isn't)\b", words):
            return None
        atlas = self._parts.namer.atlas
        spotted = spotted_names(self._parts, words)
        if not spotted:
            return None
        found = self._parts.namer.names(stack_poses([item.pose for item in items]), NAMES_LOOKED_AT, LEAST_NAME)
        for one in spotted:
            entry = atlas.find(one.entry_id)
            known = {name.entry.id for names in found for name in names} | {item.library_id for item in items}
            called = {name for item in items for name in (*item.names, item.title, *(row.why for row in item.checks))}
            if entry.id not in known and entry.name not in called:
                best = found[0][0].name if found[0] else ""
                told = f"Measured, it doesn't fit {entry.name}" + (f"; nearest is {best}" if best else "")
                return Contradiction(sentence(told), f"not {entry.name}")
        return None


class SentenceGate:
    """Lets sentences of a reply through, one by one, as they are written; false ones stay behind.

    Args:
        checker: of sentences.
        emit: is told what may be seen.
    """

    def __init__(self, checker: TruthChecker, emit: Callable[[str], None]) -> None:
        self._checker, self._emit = checker, emit
        self._measured: set[str] = set()
        self._items: Sequence[PoseItem] = ()
        self._state: ConversationState | None = None
        self._raw = ""
        self._waiting = ""
        self._out: list[str] = []
        self.taken_out: list[TakenOut] = []
        self._corrections: list[str] = []

    def measured(self, text: str) -> None:
        """Sentences that a tool said: they were measured, and may be said again word by word."""
        self._measured.update(map(_key, split_sentences(text)))

    def about(self, items: Sequence[PoseItem], state: ConversationState) -> None:
        """The poses that the next sentences are about, where they don't name others."""
        self._items, self._state = items, state

    def begin(self) -> None:
        """A new text begins; what was said stays said."""
        self._flush()
        self._raw = ""

    def say(self, text: str) -> None:
        """Says something at once that was measured, or says nothing about poses."""
        self.begin()
        self._through(text)

    def write(self, piece: str) -> None:
        """A piece of the text while it is written."""
        self._raw += piece
        self._waiting += piece
        parts = split_sentences(self._waiting)
        if not parts:
            return
        # The last one may go on, unless something follows its full stop.
        done = parts if self._waiting[-1:].isspace() and self._waiting.rstrip()[-1:] in ".!?…" else parts[:-1]
        if done:
            last = self._waiting.rfind(done[-1]) + len(done[-1])
            self._waiting = self._waiting[last:].lstrip()
            for one in done:
                self._judge(one)

    def finish(self, text: str) -> str:
        """The rest of the text that was written piece by piece, or all of it; and the whole reply."""
        rest = (
            text[len(self._raw) :]
            if self._raw and text.startswith(self._raw)
            else ""
            if self._raw.strip() == text.strip()
            else text
        )
        self._waiting += rest
        self._flush()
        for correction in self._corrections[:MOST_CORRECTIONS]:
            self._through(correction)
        self._raw = ""
        return " ".join(self._out)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, ""
        for one in split_sentences(waiting):
            self._judge(one)

    def _judge(self, text: str) -> None:
        if _key(text) in self._measured:
            self._through(text)
            return
        found = self._checker.contradiction(text, self._meant(text))
        if found is None:
            self._through(text)
            return
        self.taken_out.append(TakenOut(text, found.why))
        if found.correction not in self._corrections:
            self._corrections.append(found.correction)

    def _meant(self, text: str) -> Sequence[PoseItem]:
        """The poses that a sentence names, or else those that the reply is about."""
        if self._state is None:
            return self._items
        named = []
        for mention in mentions(text):
            try:
                found = resolve(mention.words, self._state)
            except UnclearReferenceError:
                continue
            if isinstance(found, PoseItem):
                named.append(found)
        return named or self._items

    def _through(self, text: str) -> None:
        self._out.append(text)
        self._emit(text if len(self._out) == 1 else f" {text}")


def _key(text: str) -> str:
    return " ".join(text.split()).strip(" .!")
