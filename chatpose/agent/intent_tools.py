"""`ToolAsks`: the words of an ask whose kind is known, as a call of a tool."""

import re
from typing import Any

from chatpose.agent import intent_manner as manner
from chatpose.agent import intent_tables as known
from chatpose.agent.intent_ask import MOST_ASKS, MOST_COUNT, Ask
from chatpose.agent.intent_counts import count_in, number, statements_typed
from chatpose.agent.intent_meant import Meant


class ToolAsks(Meant):
    """Reads arguments of tools out of words."""

    def _plain(self, kind: str, text: str) -> list[Ask]:
        return [Ask(kind, text, kind, {})]

    def _undo(self, kind: str, text: str) -> list[Ask]:
        rest = known.UNDO.sub("", text, count=1).strip(" ,.!?")
        again = 1 + len(re.findall(r"\bundo\b", rest))
        times = re.match(r"(?:the last )?(\d|two|three|four|five)\b(?: (?:steps|times|changes|edits))?", rest)
        count = number(times[1]) if times else 2 if re.match(r"twice\b", rest) else again
        return [Ask(kind, text, "undo", {}) for _ in range(min(count, MOST_ASKS))]

    def _export(self, kind: str, text: str) -> list[Ask] | None:
        formats = list(dict.fromkeys(self._format(match) for match in known.FORMAT.finditer(text)))
        unknown = manner.NO_FORMAT.search(text)
        if not formats and unknown is not None:
            return [Ask("no such format", unknown["format"].upper())]
        if not formats and re.match(r"(?:export|download|save|store|write)\b", text, re.IGNORECASE):
            formats = ["npz"]
        if not formats:
            return None
        plain = known.FORMAT.sub(" ", text)
        everything = len(self._state.poses) > 1 and re.search(r"(?i)\b(?:everything|all of it)\b", plain)
        target = "all poses" if everything else self._target(plain, "it")
        return [Ask(kind, text, "export", {"pose": target, "format": one}) for one in formats]

    @staticmethod
    def _format(match: re.Match[str]) -> str:
        words = match["format"].lower()
        return next(name for name, pattern in known.FORMATS.items() if re.fullmatch(pattern, words, re.IGNORECASE))

    def _search(self, kind: str, text: str) -> list[Ask]:
        rest = re.sub(r"[?.!\s]+$", "", text)
        rest = re.sub(
            r"\s*\b(?:in|from|of) (?:the|your|my) (?:library|collection|database)\b|\s*\bplease\b", "", rest, flags=re.I
        )
        like = re.search(
            r"\b(?:like|similar(?: to)?|close(?:st)? to|near(?:est)?(?: to)?|neighbou?rs?(?: of)?|related(?: to)?|"
            r"alike|matching|resembl\w+|looks like)\b\s*(?P<what>.*)$",
            rest,
            re.IGNORECASE,
        )
        count = count_in(rest)
        if like is not None:
            what = re.sub(r"^(?:the )?(?:poses?|ones?)\s*(?:to|of|like)?\s*", "", like["what"].strip(), flags=re.I)
            what = re.sub(r"^(?:to|of) ", "", what).strip()
            name = self._named(what) if what else "it"
            also = re.match(
                r"(?:poses?|ones?)?\s*(?P<name>.*?)\s*,?\s*(?:but|only|except|just|and)?\s*"
                r"\b(?:with|where|having)\s+(?P<rest>.+)$",
                what,
                re.I,
            )
            if not name and also is not None and (not also["name"] or self._named(also["name"])) and self._has_pose:
                where = self._words.statements_in(also["rest"])
                return [
                    Ask("similar", text, "search", {"like": also["name"] or "it", "where": where} | count, needed=True)
                ]
            if name:
                return [Ask("similar", text, "search", {"like": name} | count, needed=True)]
            but = re.match(
                r"(?i)(?:poses?|ones?)?\s*,?\s*(?:but|only|and|except)\s+(?:(?:that )?(?:is|are) )?(?P<rest>.+)$", what
            )
            where = self._words.statements_in(but["rest"]) if but is not None else []
            if where and self._has_pose:
                return [Ask("similar", text, "search", {"like": "it", "where": where} | count, needed=True)]
            there = self._titled(what)
            if there is not None:
                return [Ask("similar", text, "search", {"like": there.name} | count, needed=True)]
            if self._words.is_name(what):
                return [Ask(kind, text, "search", {"query": what} | count, needed=True)]
        query = re.sub(
            r"^(?:find|search(?:ing)?|look(?:ing)?|browse|pull up|fetch|retrieve|dig up|do you have|do you know of|"
            r"have you got|have you|is there|are there|what do you have|show|give|get|anything|which)"
            r"(?: me| us)?(?: (?:for|up|through|in))?(?: (?:on|about))?\s*",
            "",
            rest,
            flags=re.IGNORECASE,
        )
        query = re.sub(r"^(?:the library |your library )?(?:for )?", "", query, flags=re.I)
        query = re.sub(
            r"^(?:(?:\d{1,2}|two|three|four|five|six|seven|eight|nine|ten|some|a few|any|all|more)\s+)+(?=\w)",
            "",
            query,
            flags=re.I,
        )
        query = re.sub(
            r"^(?:poses?|examples?|pictures?|figures?)\s+"
            r"(?:of|with|where|for|in which|that (?:are|is|have|has)|about|:)?\s*(?=\w)",
            "",
            query,
            flags=re.I,
        )
        where = statements_typed(query)
        arguments: dict[str, Any] = {"where": where} if where else {"query": query or rest}
        return [Ask(kind, text, "search", arguments | count, needed=True)]

    def _mirror(self, kind: str, text: str) -> list[Ask]:
        return [Ask(kind, text, "mirror", {"pose": self._target(text, "it")}, needed=True)]

    def _rename(self, kind: str, text: str) -> list[Ask] | None:
        match = manner.RENAME.match(text)
        if match is None or not self._has_pose:
            return None
        name = (match["quoted"] or match["name2"] or match["name3"] or match["name4"]).strip(" \"'")
        ref = match["ref"] or match["ref2"] or match["ref3"] or match["ref4"] or "it"
        return [Ask(kind, text, "rename", {"pose": self._target(ref, "it"), "name": name})]

    def _remove(self, kind: str, text: str) -> list[Ask] | None:
        match = manner.REMOVE.match(text)
        if match is None or not self._has_pose:
            return None
        return [Ask(kind, text, "remove", {"pose": self._target(match["ref"] or "it", "it")})]

    def _keep(self, kind: str, text: str) -> list[Ask]:
        return [Ask("keep" if self._has_pose else "no pose", text)]

    def _show_all(self, kind: str, text: str) -> list[Ask] | None:
        match = manner.SHOW_ALL.match(text)
        if match is None or len(self._state.poses) < 2:
            return None
        return [Ask("describe", text, "describe", {"pose": self._all_of(match["ref"]), "style": "short"})]

    def _given_choice(self, text: str) -> list[Ask] | None:
        """A pose by the name that the person gave it: "show me guard", "back to the thinker"."""
        match = manner.GO_TO.match(text)
        item = self._given(match["name"] if match is not None else text)
        return None if item is None else [Ask("choose", text, "choose", {"pose": item.name})]

    def _on_pose(self, kind: str, text: str) -> list[Ask] | None:
        """Tools that take one pose: describe, ground."""
        if kind == "describe":
            rest = re.sub(r"^(?:describe|caption|explain|analy[sz]e|summari[sz]e)\s+", "", text, flags=re.I).strip(
                " .!?"
            )
            if not self._has_pose or (not self._named(rest) and self._words.is_name(rest)):
                return self._of_name(rest, text) if self._words.names_in(rest) else [Ask("no pose", text)]
            return [Ask(kind, text, "describe", {"pose": self._target(text, "it"), "style": _style(text)})]
        return [Ask(kind, text, kind, {"pose": self._target(text, "it")}, needed=True)]

    def _name(self, kind: str, text: str) -> list[Ask] | None:
        if not self._has_pose:
            return [Ask("no pose", text)]
        return [Ask(kind, text, "name", {"pose": self._target(text, "it")})]

    def _of_name(self, words: str, text: str) -> list[Ask]:
        prompt = known.GENERATE_VERB.sub("", words).strip(" ?.!")
        prompt = re.sub(r"\s+(?:looks? like|done|look)$", "", prompt, flags=re.I)
        return [Ask("generate", text, "generate", {"prompt": prompt}, needed=True)]

    def _estimate(self, kind: str, text: str) -> list[Ask] | None:
        if not self._state.photos:
            return [Ask("no photo", text)]
        return [Ask(kind, text, "estimate", {"photo": self._target(text, "the photo")})]

    def _choose(self, kind: str, text: str) -> list[Ask] | None:
        match = known.CHOOSE.match(text)
        if match is None or not self._has_pose:
            return None
        name = re.sub(r" (?:again|instead|on screen|please|now|then|looks?\b.*|is\b.*)$", "", match["ref"], flags=re.I)
        return [Ask(kind, text, "choose", {"pose": name})]

    def _compare(self, kind: str, text: str) -> list[Ask]:
        if len(self._mentions(text)) < 2 and not known.PART.search(text):
            names = self._unmade_names(text)
            made = [Ask("generate", text, "generate", {"prompt": name}, needed=True) for name in names]
            if len(names) == 2:
                return [*made, Ask(kind, text, "compare", {"first": "the previous pose", "second": "it"})]
            if len(names) == 1 and self._has_pose:
                here = self._mentions(text)
                current = self._state.current_pose
                first = (
                    here[0].words if here else current.name if current and not self._made_here else "the previous pose"
                )
                return [*made, Ask(kind, text, "compare", {"first": first, "second": "it"})]
        first, second = self._two(text)
        return [Ask(kind, text, "compare", {"first": first, "second": second})]

    def _blend(self, kind: str, text: str) -> list[Ask]:
        first, second = self._two(text)
        share = re.search(r"(\d{1,3}) ?%|\b(0?\.\d+)\b", text)
        value = 0.5 if share is None else float(share[1]) / 100 if share[1] else float(share[2])
        value = 0.25 if re.search(r"\ba quarter\b", text) else 0.75 if re.search(r"\bthree quarters\b", text) else value
        return [Ask(kind, text, "blend", {"first": first, "second": second, "share": min(value, 1.0)}, needed=True)]

    def _more(self, kind: str, text: str) -> list[Ask] | None:
        """Other poses from the same words: "make it three", "another one"."""
        if not known.MORE_WORDS.search(text) and text.lower().strip(" .!?") != "more":
            return None
        if self._edited_last() and not re.search(
            r"(?i)\b(?:ones?|versions?|varia\w+|poses?|options?|others?|another)\b|\d", text
        ):
            return [Ask("edit", text, "edit", {"pose": "it", "instruction": text}, needed=True)]
        last = self._last_made()
        if last is None:
            return [Ask("no pose", text)] if not self._has_pose else None
        match = known.MORE.match(text)
        count = number(match["count"].lower()) if match is not None and match["count"] else 1
        words = (match["count"] or "").lower() if match is not None else ""
        count = 1 if words in ("another", "one", "") else max(1, min(count, MOST_COUNT))
        if last[0] != "generate":
            more = 10 if count == 1 else count
            return [Ask(kind, text, "search", {last[0]: last[1], "count": more})]
        # Each message has its own seed, so asking again gives others.
        return [Ask(kind, text, "generate", {"prompt": last[1], "count": count if count > 1 else 1}, needed=True)]

    def _set_angle(self, kind: str, text: str) -> list[Ask] | None:
        match = known.SET_ANGLE.match(text)
        if match is None or not self._has_pose:
            return None
        rest = match["rest"].strip(" .!?,")
        target = self._target(rest, "it")
        if rest and target == "it" and not re.match(r"(?:please|now|exactly|of it)$", rest, re.I):
            return None  # more is said than an angle: the editor reads it
        return [
            Ask(
                kind,
                text,
                "set_angle",
                {"pose": target, "angle": match["angle"].lower(), "degrees": float(match["degrees"])},
                needed=True,
            )
        ]


def _style(text: str) -> str:
    """How much a description is to say."""
    if re.search(r"(?i)\b(?:detail|full|all|everything|exact|measure|facts|numbers|angles|complete|long)", text):
        return "full"
    return "short" if re.search(r"(?i)\b(?:short|brief|one sentence|few words)", text) else "plain"
