"""`Meant`: what in a conversation the words of a message mean: which pose, which two, which question goes on."""

import re

from chatpose.agent import intent_manner as manner
from chatpose.agent import intent_tables as known
from chatpose.agent.intent_vocabulary import Vocabulary
from chatpose.agent.items import PoseItem
from chatpose.agent.references import Mention, UnclearReferenceError, given_names, is_reference, mentions, resolve
from chatpose.agent.state import ConversationState

_NO_WHO = {
    "person", "figure", "body", "pose", "model", "woman", "lady", "left", "right", "other", "same", "first",
    "second", "third", "last", "next", "floor", "ground", "photo", "picture", "image", "library", "front", "back",
    "side", "whole", "result", "results", "original", "previous", "best", "angle", "distance", "difference",
    "height", "room", "wall", "chair", "camera", "viewer", "arms", "legs", "hands", "center", "middle", "name",
    "others", "rest", "standing", "sitting",
}  # fmt: skip
"""Nouns that mean nobody in particular."""
_NUMBER_ALONE = re.compile(
    r"(?<![\w.])\d{1,3}(?![\w.°%]| ?(?:%|percent|degrees?|cm|mm|of|steps?|times))", re.IGNORECASE
)


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
        found = [
            one for one in mentions(text) if not (again and re.fullmatch(r"(?i)(?:the )?other(?: one)?", one.words))
        ]
        for name, item in given_names(self._state).items():
            for match in re.finditer(rf"(?i)(?<!\w)(?:the |pose )?[\"']?{re.escape(name)}[\"']?(?!\w)", text):
                if not any(one.start < match.end() and match.start() < one.stop for one in found):
                    found.append(Mention(item.name, match.start(), match.end()))
        for match in re.finditer(r"(?i)\bthe (?P<noun>[a-z]{4,})\b", text):
            item = self._who(match["noun"].lower())
            if item is not None and not any(one.start < match.end() and match.start() < one.stop for one in found):
                found.append(Mention(item.name, match.start(), match.end()))
        return sorted(found, key=lambda one: one.start)

    def _who(self, noun: str) -> PoseItem | None:
        """The latest pose whose words begin with this noun: "the villain" after "the villain: a man laughing"."""
        if known.PART.fullmatch(noun) or noun in _NO_WHO or len(self._state.poses) < 2:
            return None
        begins = re.compile(rf"(?i)(?:(?:an?|the|my|now|one)\s+)?(?:\w+\s+)?{noun}\b")
        made = (item for item in reversed(self._state.poses) if item.source == "generated" and item.parent is None)
        return next((item for item in made if begins.match(item.prompt)), None)

    def _with_numbers(self, text: str) -> list[Mention]:
        """Names of things, and poses by their number or title alone: "blend 1 and guard, 30%"."""
        found = self._mentions(text)

        def add(words: str, match: re.Match[str]) -> None:
            if not any(one.start < match.end() and match.start() < one.stop for one in found):
                found.append(Mention(words, match.start(), match.end()))

        for item in self._titles_in(text):
            for match in re.finditer(re.escape(item.title), text, re.IGNORECASE):
                add(item.name, match)
        for match in _NUMBER_ALONE.finditer(text):
            add(f"number {match[0]}", match)
        return sorted(found, key=lambda one: one.start)

    def _given(self, words: str) -> PoseItem | None:
        """The pose to which the person gave this name."""
        plain = re.sub(r"(?i)^(?:the|my|pose) ", "", words.strip(" .!?,\"'")).strip(" \"'").lower()
        return given_names(self._state).get(plain)

    def _titled(self, words: str) -> PoseItem | None:
        """The latest pose of this title or name."""
        plain = re.sub(r"(?i)^(?:the|an?|my) ", "", words.strip(" .!?,\"'")).lower()
        titles = (
            (item, {item.title.lower(), *(name.lower() for name in item.names[:1])}) for item in self._state.poses
        )
        return next((item for item, names in reversed(list(titles)) if plain in names), None)

    def _all_of(self, words: str) -> str:
        """Which of "both", "them all", "all three" are meant, as a tool takes it."""
        lower = words.lower()
        if lower.startswith("all"):
            return "all of them"
        return "both" if re.search(r"both|two", lower) else "them"

    def _unmade_names(self, text: str) -> list[str]:
        """Names of the atlas in a text of which the conversation has no pose."""
        two = re.search(
            r"(?i)\b(?:between|compare|of|from) (.{2,50}?) (?:and|with|to|vs\.?|versus) (.{2,50}?)[\s.?!]*$", text
        )
        whole = [one for one in (two[1], two[2]) if self._words.is_pose(one)] if two is not None else []
        names = dict.fromkeys(whole or self._words.names_in(text))
        return [name for name in names if self._titled(name) is None][:2]

    def _goes_on(self) -> bool:
        """Whether the pose on screen came about by a change that "more" can go on with."""
        current = self._state.current_pose
        return current is not None and (current.edited is not None or current.source == "edited")

    def _with_part(self, text: str) -> str:
        """A change by an amount of what was asked about, or changed, just before: "increase it by 10 degrees"."""
        match = manner.AMOUNT.match(text)
        steps = [step for turn in self._state.turns[-1:] for step in turn.steps if step.name in ("ask", "edit")]
        if match is None or not steps:
            return text
        before = str(steps[-1].arguments.get("question") or steps[-1].arguments.get("instruction") or "")
        part = known.SIDED_PART.search(before)
        if part is None:
            return text
        way, name = match["way"].lower(), re.sub(r"(?i)^(?:her|his|their|its) ", "the ", part[0])
        if way in ("increase", "decrease", "reduce", "change", "open", "close", "raise", "lower"):
            more = way in ("increase", "change", "raise", "open")
            bent = re.search(r"\b(?:bent|bend|flex\w*)\b", before, re.I) is not None
            if re.search(r"angle|bent|bend|flex|straight|°|degree", before, re.I):
                way = "bend" if more == (bent and way != "open") else "straighten"
            else:
                way = "raise" if more else "lower"
        return f"{way} {name} by {match['amount']}"

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
        named = [mention.words for mention in self._with_numbers(text)]
        bare = manner.BARE_NUMBERS.search(text)
        if len(named) < 2 and bare is not None:
            return f"number {bare['first']}", f"number {bare['second']}"
        if len(named) < 2:
            titled = [item.name for item in self._titles_in(text) if item.name not in named]
            named = titled if len(titled) > 1 else [*titled, *named]
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

    def _titles_in(self, text: str) -> list[PoseItem]:
        """Poses of the conversation whose names stand in a text, in its order."""
        places = {}
        for item in self._state.poses:
            for name in {item.title.lower(), *(name.lower() for name in item.names[:1])}:
                at = text.lower().find(name) if len(name) > 3 else -1
                if at >= 0:
                    places[at] = item
        return [places[at] for at in sorted(places)]

    def _edited_last(self) -> bool:
        """Whether the last thing that was done is an edit: "more" goes on with it."""
        steps = [step for turn in self._state.turns[-1:] for step in turn.steps if not step.failed]
        return bool(steps) and steps[-1].name == "edit"

    def _asked_last(self) -> bool:
        """Whether the last thing that was done is a question."""
        steps = [step for turn in self._state.turns[-1:] for step in turn.steps]
        return bool(steps) and steps[-1].name == "ask"

    def _last_made(self) -> tuple[str, str] | None:
        """What was made or searched for last: "generate", "query" or "like", and the words."""
        for turn in reversed(self._state.turns):
            for step in reversed(turn.steps):
                if step.name == "clear":
                    return None
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
        text = re.sub(r"(?i)^(?:(?:no|nope|sorry|i meant?|and|on|at)\b[\s,]*)+(?=\w)", "", text).rstrip(" .!")
        if not re.fullmatch(
            r"(?i)(?:what about |how about )?(?:the |her |his |their |its )?(?:left |right )?[a-z]+(?: one)?\s*\?*",
            text,
        ):
            return text
        part = known.SIDED_PART.search(text)
        if part is not None and re.search(r"(?i)\bother\b", text):
            part = None  # "the other knee": the part of before, the other side
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
