"""`Meant`: what in a conversation the words of a message mean: which pose, which two, which question goes on."""

import re

from chatpose.agent import intent_tables as known
from chatpose.agent.intent_vocabulary import Vocabulary
from chatpose.agent.references import Mention, UnclearReferenceError, is_reference, mentions, resolve
from chatpose.agent.state import ConversationState


class Meant:
    """Reads what is meant.

    Args:
        vocabulary: of bodies and poses.
        state: the conversation.
        attached: whether a pose or a photo came with the message.
    """

    def __init__(self, vocabulary: Vocabulary, state: ConversationState, attached: bool) -> None:
        self._words, self._state = vocabulary, state
        # What there will be once the asks before have been done.
        self._has_pose = bool(state.poses) or bool(state.last_hits and state.last_hits.hits) or attached
        self._made_here = False

    def _named(self, words: str) -> str:
        """The words, where they name something of the conversation or are a pronoun; else nothing."""
        words = words.strip(" .!?,")
        if not words or (len(words.split()) > 7):
            return ""
        return words if is_reference(words, self._state) else ""

    def _mentions(self, text: str) -> list[Mention]:
        """Names of things in a text; "the other one" after an edit is the other arm or leg."""
        edited = self._state.current_pose is not None and self._state.current_pose.edited is not None
        again = edited or re.search(r"(?i)\b(?:too|also|as well|same|likewise)\b", text)
        return [
            one for one in mentions(text) if not (again and re.fullmatch(r"(?i)(?:the )?other(?: one)?", one.words))
        ]

    def _target(self, text: str, otherwise: str) -> str:
        """Which pose is spoken of."""
        named = self._mentions(text)
        if len(named) > 1:
            return " and ".join(one.words for one in named)
        if named:
            return named[0].words
        several = re.search(
            r"(?i)\b(?:all of them|both of them|them all|all (?:the )?poses|the results|both|these|those|them)\b", text
        )
        if several and (len(self._state.poses) > 1 or self._made_here):
            return several[0]
        return otherwise

    def _target_and_rest(self, text: str) -> tuple[str, str]:
        """Which pose is spoken of, and the words without its name."""
        named = self._mentions(text)
        if not named:
            return "it", text
        if len(named) > 1:
            return " and ".join(one.words for one in named), text
        one = named[0]
        try:
            resolve(one.words, self._state)
        except UnclearReferenceError:
            if not re.match(r"(?i)(?:pose|result|hit|photo|picture|#)", one.words) and not self._made_here:
                return "it", text
        before = re.sub(r"(?i)\s*\b(?:in|on|of|for|from|with|to|at)\s*$", "", text[: one.start])
        after = text[one.stop :]
        if not before.strip():
            after = re.sub(r"^[\s,:]*(?:,|:|but|should|has to|must|'s)\s*", "", after)
        elif re.search(r"(?i)\b(?:is|are|does|do|has|have|make|let)\s*$", before):
            before = f"{before} it"
        rest = re.sub(r"\s+", " ", f"{before} {after}").strip(" ,")
        rest = re.sub(r"(?i)^make it\s+", "", rest) if re.match(r"(?i)make it \w", rest) else rest
        rest = re.sub(r"\s+([?.!,])", r"\1", rest)
        return one.words, rest or text

    def _two(self, text: str) -> tuple[str, str]:
        """The two things that a comparison or a blend is of."""
        named = [mention.words for mention in mentions(text)]
        if len(named) >= 2:
            return named[0], named[1]
        if len(named) == 1:
            before = re.search(r"\b(?:from|of|between|compare|blend|mix)\s+(?:this|it|that|the current)\b", text, re.I)
            return (
                ("it", named[0])
                if before or not text.lower().find(named[0].lower()) < text.lower().find(" it")
                else (named[0], "it")
            )
        group = self._state.group()
        if len(group) == 2 and not re.search(r"\b(?:chang\w+|before|previous|original)\b", text, re.I):
            return group[0].name, group[1].name
        if re.search(r"\boriginal\b|\bstart\b|\bbeginning\b", text, re.I):
            return "the original", "it"
        current = self._state.current_pose
        if (
            current is not None
            and current.parent is not None
            and not re.search(r"\b(?:two|both|these|those)\b", text, re.I)
        ):
            return f"pose {current.parent}", current.name
        if len(self._state.poses) >= 2:
            return self._state.poses[-2].name, self._state.poses[-1].name
        return "the previous pose", "it"

    def _edited_last(self) -> bool:
        """Whether the last thing that was done is an edit: "more" goes on with it."""
        steps = [step for turn in self._state.turns[-1:] for step in turn.steps if not step.failed]
        return bool(steps) and steps[-1].name == "edit"

    def _last_made(self) -> tuple[str, str] | None:
        """What was made or searched for last: "generate", "query" or "like", and the words."""
        for turn in reversed(self._state.turns):
            for step in reversed(turn.steps):
                if step.failed:
                    continue
                if step.name == "generate" and step.arguments.get("prompt"):
                    return "generate", str(step.arguments["prompt"])
                for key in ("query", "like"):
                    if step.name == "search" and step.arguments.get(key):
                        return key, str(step.arguments[key])
        return None

    def _completed(self, text: str) -> str:
        """A question that leaves out what the one before said: "and the feet?"."""
        if not re.fullmatch(
            r"(?i)(?:what about |how about )?(?:the |her |his |their |its )?(?:left |right )?[a-z]+(?: one)?\s*\?*",
            text,
        ):
            return text
        part = known.SIDED_PART.search(text)
        steps = [
            step for turn in self._state.turns[-1:] for step in turn.steps if step.name == "ask" and not step.failed
        ]
        before = known.SIDED_PART.search(str(steps[-1].arguments.get("question", ""))) if steps else None
        if before is None or not steps:
            return text
        question = str(steps[-1].arguments["question"])
        new = part[0] if part is not None else None
        side = re.search(r"(?i)\b(left|right)\b", text)
        if new is None and side is not None:
            new = re.sub(r"(?i)\b(?:left|right)\b", side[1], before[0])
        if new is None and re.search(r"(?i)\bother\b", text):
            new = re.sub(
                r"(?i)\b(left|right)\b", lambda match: "right" if match[1].lower() == "left" else "left", before[0]
            )
        return question if new is None else question[: before.start()] + new + question[before.end() :]
