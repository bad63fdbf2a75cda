"""`Reading`: one message on its way to asks: small talk, cutting, what is asked, and what is guessed."""

import re
from typing import Any

from chatpose.agent import intent_manner as manner
from chatpose.agent import intent_tables as known
from chatpose.agent.intent_ask import MOST_COUNT, MOST_LISTED, Ask
from chatpose.agent.intent_counts import NUMBER_WORDS, counted, number
from chatpose.agent.intent_kinds import Segment, kind_of
from chatpose.agent.intent_tools import ToolAsks
from chatpose.agent.intent_vocabulary import Vocabulary
from chatpose.agent.intent_words import cuts, without_courtesy
from chatpose.agent.state import ConversationState

_ALONE = (
    ("not so", manner.NOT_SO),
    ("who", manner.WHO),
    ("shape", manner.SHAPE),
    ("rude", manner.RUDE),
    ("introduced", manner.INTRODUCED),
    ("greet", known.GREET),
    ("how are you", known.HOW_ARE_YOU),
    ("okay", manner.ENOUGH),
    ("bye", known.BYE),
    ("thanks", known.THANKS),
    ("thanks", manner.PRAISE),
    ("help", known.HELP),
    ("what there is", known.WHAT_THERE_IS),
    ("view", known.VIEW),
)
"""Small talk: messages that are nothing else."""


class Reading(ToolAsks):
    """One message.

    Args:
        vocabulary: of bodies and poses.
        state: the conversation.
        seed: of the turn, for "surprise me".
        attached: whether a pose or a photo came with it.
    """

    def __init__(self, vocabulary: Vocabulary, state: ConversationState, seed: int, attached: bool) -> None:
        super().__init__(vocabulary, state, attached)
        self._seed = seed

    def asks(self, line: str) -> list[Ask]:
        """All asks of a message."""
        line = manner.without_rudeness(line) or line
        whole = manner.without_introduction(without_courtesy(line))
        alone = self._alone(line, whole)
        if alone is not None:
            return [alone]
        found: list[Ask] = []
        for segment in self._segments(whole):
            found += self._of(segment)
        return found or self._guess(line)

    def _alone(self, line: str, whole: str) -> Ask | None:
        """Small talk, and what isn't done: messages that are nothing else."""
        if manner.YES.match(line):
            return self._accepted(line) or Ask("okay", line)
        for kind, pattern in _ALONE:
            said = pattern.match(whole) or (kind != "introduced" and pattern.match(line))
            if said and not self._says_more(kind, line, whole):
                if kind == "help" and self._has_pose and manner.WHAT_IS_THIS.match(whole):
                    return Ask("name", line, "name", {"pose": "it"})
                return Ask(kind, line)
        if known.START_OVER.match(line) or known.START_OVER.match(whole):
            return Ask("new conversation", line, "clear", {})
        if known.HOW_SO.match(whole) and self._state.turns:
            return Ask("how so", line)
        if known.ADDRESS.search(line):
            return Ask("address", line)
        if known.PATH.search(line):
            return Ask("path", line)
        for pattern, said in known.CONVENTIONS:
            if pattern.search(whole) and (whole.endswith("?") or known.QUESTION.match(whole)):
                return Ask("convention", said)
        return None

    def _says_more(self, kind: str, line: str, whole: str) -> bool:
        """Whether what looks like small talk is about a pose: "lovely" is none, "I'm an artist kneeling" is one."""
        if kind in ("thanks", "rude"):
            return self._words.is_name(line)
        return kind == "introduced" and bool(self._words.statements_in(whole))

    def _accepted(self, line: str) -> Ask | None:
        """What "yes" means after an offer of the answer before."""
        last = self._state.turns[-1] if self._state.turns else None
        if last is None:
            return None
        if re.search(r"I can make one instead\.|Shall I make it\?", last.reply):
            made = self._last_made()
            if made is not None and made[0] == "query":
                return Ask("generate", line, "generate", {"prompt": made[1]}, needed=True)
        if re.search(r"Shall I show you one\?", last.reply):
            return self._surprise("surprise", line)[0]
        return None

    def _segments(self, whole: str) -> list[Segment]:
        """The message cut where another ask begins."""
        pieces: list[str] = []
        start = 0
        kind = kind_of(whole)
        for stop, begin in cuts(whole):
            rest = without_courtesy(whole[begin:])
            next_kind = kind_of(rest, whole[start:stop], sentence_end=whole[stop - 1] in ".!?;")
            # By itself the first piece may tell what together with the next it doesn't: "use pose 2 and raise …".
            so_far = kind_of(whole[start:stop].strip(" ,;")) or kind
            if next_kind and self._begins(so_far, next_kind, rest):
                pieces.append(whole[start:stop])
                start, kind = begin, next_kind
        pieces.append(whole[start:])
        cleaned = [without_courtesy(piece.strip(" ,;")) for piece in pieces]
        return [Segment(kind_of(piece) or "", piece) for piece in cleaned if re.search(r"\w", piece)]

    def _begins(self, before: str, kind: str, rest: str) -> bool:
        """Whether another ask begins here, rather than the one before going on."""
        if kind == "edit":
            return before in (
                "search",
                "generate",
                "choose",
                "mirror",
                "undo",
                "compare",
                "estimate",
                "name",
                "describe",
                "question",
                "export",
                "more",
                "redo",
                "blend",
                "ground",
            ) and bool(known.EDIT_VERB.match(rest))
        if kind == "question":
            return bool(re.match(r"(?:what|which|where|how|is|are|does|do|who|tell|say)\b", rest, re.IGNORECASE)) and (
                before != "generate" or rest.rstrip().endswith("?")
            )
        if kind == "generate":
            return before not in ("generate", "") and bool(
                re.match(r"(?:show|make|create|generate|draw|give)\b", rest, re.I)
            )
        return True

    def _of(self, segment: Segment) -> list[Ask]:
        found = self._read(segment)
        for ask in found:
            if ask.tool in ("generate", "search", "edit", "mirror", "blend", "estimate", "choose"):
                self._has_pose = True
                self._made_here = True
        return found

    def _read(self, segment: Segment) -> list[Ask]:
        text = segment.text
        given = self._given_choice(text)
        if given is not None:
            return given
        how = {
            "undo": self._undo,
            "redo": self._plain,
            "export": self._export,
            "search": self._search,
            "mirror": self._mirror,
            "compare": self._compare,
            "blend": self._blend,
            "ground": self._on_pose,
            "name": self._name,
            "describe": self._on_pose,
            "estimate": self._estimate,
            "choose": self._choose,
            "more": self._more,
            "set_angle": self._set_angle,
            "surprise": self._surprise,
            "question": self._question,
            "generate": self._generate,
            "like but": self._like_but,
            "rename": self._rename,
            "remove": self._remove,
            "keep": self._keep,
            "show all": self._show_all,
        }.get(segment.kind)
        asks = how(segment.kind, text) if how is not None else None
        return asks or self._guess(text)

    def _surprise(self, kind: str, text: str) -> list[Ask]:
        return [Ask(kind, text, "generate", {"prompt": self._words.any_entry(self._seed)}, needed=True)]

    def _question(self, kind: str, text: str) -> list[Ask] | None:
        if known.HOW_IT_LOOKS.match(text) and self._words.names_in(text):
            return self._of_name(text, text)
        wish = manner.COULD_BE.match(text)
        if wish is not None and self._has_pose and self._words.speaks_of_bodies(text):
            rest = re.sub(r"(?i)^(?:she|he|they|it) ", "", wish["rest"])
            return [self._edit(rest, "it", rest)]
        named = self._has_pose and known.SIDED_PART.search(text)
        if manner.ALWAYS_BEYOND.search(text) or (manner.BEYOND.search(text) and not named):
            return [Ask("beyond", text)]
        both = manner.ALSO_ANGLE.match(text)
        if both is not None and self._has_pose:
            pair = (f"{both['lead']}{both[one]}{both['rest']}" for one in ("first", "second"))
            return [ask for question in pair for ask in self._question(kind, question) or ()]
        if known.OTHER_SUBJECT.search(text) and not known.PART.search(text):
            return [Ask("off topic", text)]
        if not self._state.photos and known.THE_PHOTO.search(text):
            return [Ask("no photo", text)]
        if not self._has_pose:
            if self._words.names_in(text):
                return self._of_name(
                    re.sub(r"^(?:do you know|what about|how about|what is|what's) ", "", text, flags=re.I), text
                )
            return [Ask("no pose" if self._words.speaks_of_bodies(text) else "off topic", text)]
        text = self._completed(text)
        target, question = self._target_and_rest(text)
        if known.SEVERAL.search(text) and (len(self._state.poses) > 1 or self._made_here):
            target = "them" if target == "it" else target
        about = self._words.speaks_of_bodies(text) or known.SEVERAL.search(text) or known.OF_THIS.search(text)
        otherwise = Ask("unread question" if about else "off topic", text)
        return [Ask(kind, text, "ask", {"pose": target, "question": question}, otherwise=otherwise)]

    def _generate(self, kind: str, text: str) -> list[Ask] | None:
        stripped = known.GENERATE_VERB.sub("", text, count=1).strip()
        stripped = (
            re.sub(r"\s+(?:looks? like|done|look)\s*\?*$", "", stripped, flags=re.I)
            if text.rstrip().endswith("?")
            else stripped
        )
        stripped = re.sub(r"(?i)[\s,]+(?:instead|now|this time)(?=[\s.?!]*$)", "", stripped).rstrip(" ?.!")
        spoken = self._edit_of_named(stripped, text)
        if spoken is not None:
            return spoken
        if re.fullmatch(r"(?:it|this|that|him|her|them|me)?[.!?\s]*", stripped, re.I):
            return None
        if self._named(stripped) and self._has_pose:
            return [Ask("choose", text, "choose", {"pose": stripped.strip(" .!?")})]
        like = known.LIKE_BUT.match(stripped)
        if like is not None and self._has_pose:
            return self._like_but("like but", stripped)
        count, prompt = self._counted(stripped)
        if self._is_elsewhere(prompt):
            return [Ask("off topic", text)]
        if manner.SOMETHING_ELSE.match(prompt):
            return [Ask("beyond", text)]
        listed = self._listed(prompt)
        if listed:
            return [Ask(kind, text, "generate", {"prompt": one}) for one in listed]
        if re.fullmatch(
            r"(?:(?:some|any|an?|\d+|different|random|cool|nice|new)\s*)*(?:poses?|figures?|something)?[.!?\s]*",
            prompt,
            re.I,
        ):
            prompt = self._words.any_entry(self._seed)
        arguments: dict[str, Any] = {"prompt": prompt.strip(" ,;:?")}
        return [Ask(kind, text, "generate", arguments | ({"count": count} if count > 1 else {}), needed=True)]

    def _counted(self, text: str) -> tuple[int, str]:
        """How many poses are wanted, "three handstands" as well, and the words without that."""
        named = re.match(
            rf"(?i)(\d{{1,2}}|{NUMBER_WORDS})\s+(?:different\s+|other\s+|more\s+)*(?P<rest>.+s)$",
            text.strip(" .!?"),
        )
        if named is None:
            return counted(text)
        for name in (named["rest"], named["rest"][:-1]):
            if self._words.is_name(name):
                return min(MOST_COUNT, number(named[1].lower())), name
        return counted(text)

    def _listed(self, text: str) -> list[str]:
        """The poses of a list, each of which is a pose by itself: "triangle pose and tree pose"."""
        text = text.strip(" .!?")
        if self._words.is_name(text):
            return []
        found = manner.POSES_FOR.match(text)
        if found is not None:
            rest = found["rest"] or ""
            pieces = [one.strip() for one in re.split(r",(?: and)?|\band\b|&", found["list"]) if one.strip()]
            return [f"{one} pose{rest}" for one in pieces][:MOST_LISTED] if len(pieces) > 1 else []
        pieces = [one.strip() for one in re.split(r"\s*,\s*(?:and |then |or )?|\s+(?:and|then|or|&|plus)\s+", text)]
        pieces = [re.sub(r"(?i)^(?:also |then )?", "", one) for one in pieces if one]
        named = len(pieces) > 1 and all(self._words.is_pose(one) and not known.PART.search(one) for one in pieces)
        return pieces[:MOST_LISTED] if named else []

    def _like_but(self, kind: str, text: str) -> list[Ask] | None:
        """An ask such as "like this, but kneeling": an edit of what is there."""
        match = known.LIKE_BUT.match(text)
        if match is None or not self._has_pose:
            return None
        rest = text[match.end() :].strip(" .!?")
        if not rest:
            return None
        if known.MIRROR.match(rest):
            return self._mirror("mirror", text)
        target = self._target(match[0], "it")
        return [self._edit(rest, target, text)]

    def _guess(self, text: str) -> list[Ask]:
        """An instruction for the pose on screen, or a request for a new one."""
        if self._has_pose and self._named(text.strip(" .!?")):
            return [Ask("choose", text, "choose", {"pose": text.strip(" .!?")})]
        other = manner.OTHER_ONE.match(text) or (
            (lead := manner.CORRECTED.match(text)) and known.SIDED_PART.fullmatch(text[lead.end() :].rstrip(" .!?"))
        )
        if other and self._asked_last():
            question = self._completed(text)
            if question != text:
                return [Ask("question", text, "ask", {"pose": "it", "question": question})]
        text = self._with_part(text)
        if manner.FOLLOW_UP.match(text) and not self._goes_on():
            return [Ask("nothing to go on with", text)]
        text = re.sub(
            r"(?i)^(?:i|we)(?:'d| would)? (?:want|need|like|love|prefer|wish)(?: to have)? "
            r"(?=(?:the|her|his|their|its|both|your) )",
            "",
            text,
        )
        spoken = self._edit_of_named(text, text)
        if spoken is not None:
            return spoken
        made = known.MAKE_IT.match(text)
        if made is not None and self._has_pose:
            return [self._edit(text[made.end() :], self._target(made[0], "it"), text)]
        if self._has_pose and self._is_instruction(text):
            target, rest = self._target_and_rest(text)
            return [self._edit(rest, target, text)]
        if self._is_elsewhere(text):
            return [Ask("off topic", text)]
        if not self._state.photos and known.THE_PHOTO.search(text):
            return [Ask("no photo", text)]
        listed = self._listed(text)
        if listed:
            return [Ask("generate", text, "generate", {"prompt": one}) for one in listed]
        count, prompt = self._counted(text)
        otherwise = (
            Ask("edit", text, "edit", {"pose": "it", "instruction": text}, otherwise=Ask("unclear", text))
            if self._has_pose
            else None
        )
        return [
            Ask(
                "generate",
                text,
                "generate",
                {"prompt": prompt} | ({"count": count} if count > 1 else {}),
                otherwise=otherwise,
                needed=True,
            )
        ]

    def _edit_of_named(self, words: str, text: str) -> list[Ask] | None:
        """An ask such as "in pose 2, bend …", "the last one, but with the arms up": a change of what is named."""
        named = self._mentions(words)
        if (
            not self._has_pose
            or not named
            or not re.fullmatch(r"(?i)(?:in|on|of|for|with|to|make|let|have)?\s*", words[: named[0].start])
        ):
            return None
        rest = re.sub(
            r"(?i)^[\s,:;]*(?:,|:|but|only|should|has to|must|'s|is to|be|with)?\s+", "", words[named[0].stop :]
        ).strip(" ,")
        if not re.search(r"\w", rest) or known.QUESTION.match(rest):
            return None
        return [self._edit(rest, named[0].words, text)]

    def _edit(self, instruction: str, target: str, text: str) -> Ask:
        instruction = instruction.rstrip(" ?")
        if not self._goes_on() and known.PART.search(
            instruction
        ):  # nothing to correct: "no, the other hand on the hip" says what to do
            instruction = re.sub(r"(?i)^(?:no|nope)\b[\s,:;-]+(?=\w)", "", instruction)
        unread = Ask("mood" if manner.MOOD.search(instruction) else "unread edit", instruction)
        again = unread
        if (
            target == "it"
            and not known.MAKE_IT.match(text)
            and (self._words.names_in(text) or self._words.statements_in(text))
        ):
            again = Ask("generate", text, "generate", {"prompt": text}, otherwise=unread, needed=True)
        return Ask("edit", text, "edit", {"pose": target, "instruction": instruction}, otherwise=again, needed=True)

    def _is_instruction(self, text: str) -> bool:
        """Whether words change the pose on screen, rather than describe another."""
        limb = known.SIDED_PART.match(text) is not None
        if known.ORDER.match(text):
            return True
        if self._words.is_name(text) and not limb:
            return False
        if known.CORRECTION.match(text) and known.PART.search(text):
            return True
        if known.EDIT_VERB.match(text):
            return True
        if known.NOUN_PHRASE.match(text) or known.POSTURE_PHRASE.match(text) or not known.EDIT.match(text):
            return False
        # Limb by limb, with a posture among them: somebody is described anew.
        if "," in text and known.A_POSTURE.search(text):
            return False
        return limb or not self._words.names_in(text)

    def _is_elsewhere(self, text: str) -> bool:
        """Whether a text is about something else than bodies."""
        other = known.OTHER_SUBJECT.search(text) and not known.PERSON_PHRASE.match(text)
        return bool(other) and not self._words.speaks_of_bodies(text)
