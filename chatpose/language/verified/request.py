"""`RequestReader`: a request in free words → plans, the likeliest first.

A name of the atlas in the sentence gives the pose that is meant; what else the sentence says changes it. Without a name
the words are limb by limb, about somebody who stands unless they say otherwise, or they are about a situation: then
entries that people speak of in such words say what has to hold, softly.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.entry import Entry
from chatpose.language.verified.plan import Donor, Plan, agreeing, once, without_contradictions
from chatpose.language.verified.plan_aims import worded_aims
from chatpose.language.verified.plan_parts import ARMS, LEGS, LIMBS, Limb, limbs_of
from chatpose.language.verified.request_borrowed import (
    done_by,
    gives_legs,
    lends_arms,
    of_the_other,
    one_of_two,
    without_sides,
)
from chatpose.language.verified.request_entry import as_of_entry
from chatpose.language.verified.request_moods import Mood, mood_of
from chatpose.language.verified.request_near import EntryFinder, Near
from chatpose.language.verified.request_places import places_in
from chatpose.language.verified.request_scenes import (
    as_in_scene,
    fitting,
    less_of_exercise,
    speaks_of_exercise,
    tells_activity,
)
from chatpose.language.verified.request_scope import Scope, scope_of
from chatpose.language.verified.request_sides import busy_limb, doubled, mirrored_by, side_hints
from chatpose.language.verified.request_text import clean_request
from chatpose.language.verified.request_words import word_set
from chatpose.language.verified.spotting import NameSpotter, Spotted
from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.parsing.reading import Impossible, Parsed, Reading

SURE = 0.5
"""Certainty from which a reading has to hold; below it, it is expected."""
QUITE_SURE = 0.97
"""Certainty from which a reading shows that a sentence says limb by limb what is meant."""
UPPER: frozenset[Limb] = ARMS | {"head"}
OTHER_SIDE = 0.3
"""How far-fetched it is that the mirror image of a named pose is meant."""
DESCRIBED = 0.2
"""How far-fetched it is that a name that describes ("legs wide apart") was only meant to describe."""
DOUBTFUL = 2.5
"""How far-fetched a name is whose words are everyday words."""
NEAR_ENTRIES = 8
LOOKED_AT = 2000
"""Entries that the scene's posture and activity are sought among."""
LEAST_SHARE = 0.02
UNLIKE = 5.0
"""How far-fetched an entry gets for each point of nearness less than the nearest."""
TELLING_WORDS = 3
"""Further telling words from which a sentence with a name of one word may be about something else."""
NOT_THE_WORD = 0.2
"""By how much likelier that is."""
HARDLY_READ = 0.4
"""Share of the telling words up to which what was read may be a misunderstanding where an entry is surely near."""
MISREAD = 0.3
"""How far-fetched that is."""
BEHIND = 0.06
"""By how much less near an entry counts that shows the mood of a sentence than the nearest in words."""
OUT_OF_MOOD = 0.5
"""How far-fetched an entry gets for each thing that the mood expects and that it can't be."""
TELLING = 0.7
"""Share of the telling words from which a sentence says everything itself."""
LIMB_BY_LIMB = 1.6
"""How far-fetched it is that nothing but the few words that were read is meant, where most weren't."""
SPOKEN_OF = 0.6
"""By how much less where all limbs are spoken of."""
UNREAD = 0.4
"""The same where words about a body weren't read."""
LEAST_NEAR: dict[Scope, float] = {"pose": 0.6, "unclear": 0.9, "other": 1.25}
"""Score from which an entry counts as near enough to answer a request of which nothing was read."""
SURELY_NEAR, SURELY_NEAR_BESIDE = 0.9, 1.15
"""Score from which it is no guess; and where the words also say what limbs do."""
MOST_STRANGE, FOREIGN = 0.3, 0.6
"""Share of words that no sentence about a pose has, above which they are told, and above which a text isn't English."""
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_EMPTY = word_set(
    """a an the and or but with without while as at by for from in into of off on onto over to up out that this these
    those it its his her their your my our one ones he she they him them you i we me us is are was were be been being am
    do does doing did has have having had will would can could should may might please show give make draw generate
    create get find want need let see image picture photo someone somebody person people man woman boy girl guy lady
    figure human body pose poses posed posing position posture stance who whose which when where what how just only very
    really quite slightly bit little also then now so like same there here no not any some each both"""
)


class Parser(Protocol):
    """Reads sentences."""

    def parse(self, text: str) -> Parsed:
        """What a sentence says, as statements."""
        ...


class RequestReader:
    """Reads requests. Safe to share between threads.

    Args:
        parser: of sentences.
        atlas: of named poses.
        finder: of entries by words; without it only what is named or said is understood.
        postures: of entries, coarsely (`request_scenes.postures_of`).
    """

    def __init__(
        self,
        parser: Parser,
        atlas: Atlas,
        finder: EntryFinder | None = None,
        postures: Mapping[str, str] | None = None,
    ) -> None:
        self._parser = parser
        self._atlas = atlas
        self._finder = finder
        self._postures = postures or {}
        self._families = {entry.id: entry.family for entry in atlas}
        self._spotter = NameSpotter(atlas)

    def read(self, text: str, *, history: Sequence[Plan] = ()) -> list[Plan]:
        """The ways to understand a request, the likeliest first; none where nothing was understood.

        Args:
            text: free words.
            history: plans of earlier requests of a conversation, the latest last: "the same, but …" builds on it.

        Raises:
            RequestError: no words.
            TooLargeError: too many.
        """
        line = clean_request(text)
        names = self._spotter.spot(line)
        main = self._main(line, names)
        told, sides = without_sides(_without(line, main)) if main is not None else (line, "")
        parsed = _telling(self._parser.parse(told))
        parsed = as_in_scene(line, parsed) if main is None else parsed
        if main is None and history and _SAME.match(line) and history[-1].entry:
            main = Spotted(history[-1].entry, 0, 0, "clear", history[-1].mirrored)
        lent = [one for one in names if one is not main and (one.strength != "doubtful" or lends_arms(line, one))]
        grounds = [
            self._with_lent(plan, parsed, lent, line)
            for plan in self._grounds(line, parsed, _named(line, main) if main else "")
        ]
        if main is not None:
            plans = self._about_name(grounds, main, parsed, sides)
            name = _named(line, main)
            plans += self._instead(line, plans, grounds, parsed, main)
            if main.strength != "whole" and _limbs_named(name):
                described = DESCRIBED * (3 if _POSTURE.search(name) else 1)
                plans += [replace(plan, weight=plan.weight + described) for plan in self._told(grounds, parsed, [])]
            return _ordered(plans)
        foreign = self._foreign(line, parsed)
        if len(foreign) > FOREIGN * len(set(_WORDS.findall(line))) and not grounds[0].said:
            return []
        grounds = [replace(plan, unread=(*plan.unread, *foreign)) for plan in grounds]
        return _ordered([*self._told(grounds, parsed, names), *self._near(line, grounds, parsed)])

    def _foreign(self, line: str, parsed: Parsed) -> tuple[str, ...]:
        """Words that no sentence about a pose has, where they are many: another language, or none."""
        if self._finder is None:
            return ()
        read = _covered(parsed.text, parsed.readings)
        told = {word for reading in parsed.readings for word in parsed.text[reading.start : reading.stop].split()}
        words = _WORDS.findall(line)
        strange = [word for word in words if not self._finder.knows(word) and (not read or word not in told)]
        return tuple(dict.fromkeys(strange)) if len(strange) > MOST_STRANGE * len(words) else ()

    def _main(self, line: str, names: Sequence[Spotted]) -> Spotted | None:
        """The name that the sentence is about: not one that only tells of limbs, beside other words."""
        if (chosen := gives_legs(line, names) or done_by(line, names)) is not None:
            return chosen
        for spotted in sorted(names, key=lambda one: _RANKS[one.strength]):
            if spotted.strength == "whole":
                return spotted
            if spotted.strength == "clear" and not _of_limbs(_named(line, spotted)):
                return spotted
        return None

    def _with_lent(self, plan: Plan, parsed: Parsed, lent: Sequence[Spotted], line: str) -> Plan:
        """With further names for what limbs do; their statements where the words weren't read ("hands in pockets")."""
        places = [parsed.words((reading.start, reading.stop)) for reading in parsed.readings]
        read = {word for place in places for word in _WORDS.findall(place)}
        for spotted in lent:
            name = _named(line, spotted)
            entry = self._atlas.find(spotted.entry_id)
            donor = _donor(entry, spotted, name, line)
            if donor is None:
                continue
            if lends_arms(line, spotted):
                donor = Donor(entry.id, spotted.mirrored, ARMS)
            donor = _on_its_side(donor, plan)
            plan = replace(plan, donors=(*plan.donors, donor))
            if all(word in read for word in _WORDS.findall(name) if word.lower() not in _EMPTY):
                continue
            musts = [one.mirrored() if donor.mirrored else one for one in entry.must]
            taken = [one for one in musts if limbs_of(one) <= donor.limbs]
            said = without_contradictions((*plan.said, *taken))[0]
            told = {str(one): entry.name for one in said if one not in plan.said}
            plan = replace(plan, said=said, sources=plan.sources | told)
        folded = _FOLDED in self._atlas.places and not plan.lent & ARMS and _CROSSED in map(str, plan.said)
        return replace(plan, donors=(*plan.donors, Donor(_FOLDED, False, ARMS))) if folded else plan

    def _grounds(self, line: str, parsed: Parsed, name: str) -> list[Plan]:
        """What the words say: one plan, or two where a side is left open.

        What the words of the name say gives way to the rest without a word: "a plank with one foot lifted".
        """
        plans = []
        for number, readings in enumerate(_sided(parsed)):
            sure = [one for reading in readings if reading.certainty >= SURE for one in reading.statements]
            inner = {one for reading in readings if _within(parsed, reading, name) for one in reading.statements}
            outer = [one for one in sure if one not in inner]
            limbs = [one for one in outer if "whole" not in limbs_of(one)]
            postures = [one for one in sure if one in inner and "whole" in limbs_of(one)]
            others = [one for one in sure if one in inner and "whole" not in limbs_of(one)]
            sure = [*outer, *agreeing(postures, limbs), *others]
            told = [one for one in readings if one.certainty >= SURE and not _within(parsed, one, name)]
            unsure = [one for reading in readings if reading.certainty < SURE for one in reading.statements]
            said, pairs = without_contradictions(_as_meant(sure))
            plan = Plan(
                line,
                said,
                tuple(one for one in once(unsure) if one not in said),
                weight=0.02 * number,
                sources={str(one): "said" for one in said},
                open_sided=parsed.open_sided,
                impossible=tuple(f"{parsed.words((one.start, one.stop))!r}: {one.why}" for one in parsed.impossible),
                contradictions=tuple((str(first), str(second)) for first, second in pairs),
                unread=tuple(parsed.words(place) for place in parsed.unread),
                worded=tuple(aim for one in told for aim in worded_aims(one.statements, _words_of(parsed, one))),
                places=places_in(parsed, told),
            )
            nearest = tuple(one for impossible in parsed.impossible for one in impossible.nearest)
            plans.append(replace(plan, said=without_contradictions((*plan.said, *nearest))[0]))
        return plans

    def _about_name(self, grounds: Sequence[Plan], main: Spotted, parsed: Parsed, sides: str) -> list[Plan]:
        entry = self._atlas.find(main.entry_id)
        grounds = [as_of_entry(one_of_two(ground), entry) for ground in grounds]
        name = f"{_named(grounds[0].text, main)} {sides}".strip()
        return [
            of_the_other(ground.of_entry(entry, mirrored=mirrored, named=True), entry)
            for ground, mirrored in self._sides(grounds, entry, main.mirrored, parsed, name)
        ]

    def _told(self, grounds: Sequence[Plan], parsed: Parsed, names: Sequence[Spotted]) -> list[Plan]:
        """Limb by limb; the fewer of the words were read, the less likely that they are all."""
        if not grounds[0].said:
            return [
                ground.of_entry(self._atlas.find(one.entry_id), mirrored=one.mirrored, weight=DOUBTFUL)
                for one in names
                for ground in grounds
            ]
        missing = max(0.0, TELLING - _share_read(parsed)) / TELLING + UNREAD * bool(parsed.unread)
        return [
            replace(plan, weight=plan.weight + LIMB_BY_LIMB * missing * (1 - SPOKEN_OF * _spoken_of(plan)))
            for plan in grounds
        ]

    def _near(self, line: str, grounds: Sequence[Plan], parsed: Parsed) -> list[Plan]:
        """About a situation: entries that people speak of in such words."""
        if self._finder is None:
            return []
        mood = mood_of(line)
        near_ones = fitting(line, self._usual(line), self._postures, NEAR_ENTRIES)
        found = self._with_mood(near_ones, None if tells_activity(line) else mood)
        best = found[0].score if found else 0.0
        told = bool(grounds[0].said)
        if not found or (not told and best < LEAST_NEAR[scope_of(line)]):
            return []
        read = _share_read(parsed) if told else 0.0
        if told and read < HARDLY_READ and best >= SURELY_NEAR_BESIDE:
            grounds = [*grounds, *(_less_sure(ground) for ground in grounds[:1])]
        doubt = max(0.0, (SURELY_NEAR_BESIDE if told else SURELY_NEAR) - best) * 4 + (
            1.0 if read >= TELLING else 0.5 * read
        )
        plans = []
        for near in (one for place, one in enumerate(found) if not place or one.share >= LEAST_SHARE):
            weight = doubt + UNLIKE * (found[0].score - near.score)
            entry = self._atlas.find(near.entry)
            for ground, mirrored in self._sides(grounds, entry, near.mirrored, parsed):
                plan = ground.of_entry(entry, mirrored=mirrored, weight=weight, share=near.share)
                plans.append(_in_mood(plan, mood))
        return plans

    def _usual(self, line: str) -> list[Near]:
        """All entries by nearness; what people only do on mats counts less where nothing speaks of that."""
        found = self._finder.near(line, LOOKED_AT) if self._finder is not None else []
        return found if speaks_of_exercise(line) else less_of_exercise(found, self._families)

    def _with_mood(self, found: Sequence[Near], mood: Mood | None) -> list[Near]:
        """The entries found, and one that shows the mood that is spoken of, not far behind."""
        known = [name for name in mood.entries if name in self._atlas.places] if mood is not None and found else []
        more = [one for one in found if one.entry in known]
        if not known or more:
            return list(found)
        score = max(found[0].score - BEHIND, LEAST_NEAR["unclear"])
        added = Near(known[0], False, score, found[0].share / 2)
        return sorted([*found, added], key=lambda one: -one.score)

    def _instead(
        self, line: str, plans: Sequence[Plan], grounds: Sequence[Plan], parsed: Parsed, main: Spotted
    ) -> list[Plan]:
        """Where a name of one word is a small part of a sentence that is surely about something else, what that is.

        "Winded after that last sprint" isn't sprinting.
        """
        name = _named(line, main)
        telling = [word for word in _WORDS.findall(line.replace(name, " ")) if word.lower() not in _EMPTY]
        if (
            main.strength == "whole"
            or len(_WORDS.findall(name)) > 1
            or len(telling) < TELLING_WORDS
            or self._finder is None
        ):
            return []
        names = self._atlas.find(main.entry_id).names
        if not name.lower().endswith("ing") and any(one.lower().endswith(name.lower()) for one in names):
            return []
        found = self._finder.near(line, 1)
        if not found or found[0].score < SURELY_NEAR_BESIDE or found[0].entry == main.entry_id or grounds[0].said:
            return []
        return [
            replace(plan, weight=plan.weight - NOT_THE_WORD, named=True)
            for plan in self._near(line, grounds, parsed)
            if plan.entry != main.entry_id
        ]

    def _sides(
        self, grounds: Sequence[Plan], entry: Entry, mirrored: bool, parsed: Parsed, name: str = ""
    ) -> Iterator[tuple[Plan, bool]]:
        """A plan each for the entry and, where it could be meant, its mirror image."""
        hints = [*side_hints(name, set()), *side_hints(parsed.text, _covered(parsed.text, parsed.readings))]
        asked = mirrored_by(hints, entry)
        first = mirrored if asked is None else asked
        for ground in grounds:
            for turned in (first, not first) if ground.said and asked is None else (first,):
                more = doubled(hints, entry, turned)
                said = without_contradictions((*ground.said, *more))[0]
                weight = ground.weight + OTHER_SIDE * (turned != first)
                told = ground.sources | {str(one): "said" for one in said}
                yield replace(ground, said=said, weight=weight, sources=told), turned


_LIMB_WORDS: dict[str, frozenset[Limb]] = {
    **dict.fromkeys(word_set("arm arms hand hands elbow elbows fist fists palm palms finger fingers thumb forearm"),
                    ARMS | {"head"}),
    **dict.fromkeys(word_set("leg legs knee knees foot feet ankle ankles thigh heel heels toe toes"), LEGS),
    **dict.fromkeys(word_set("head chin neck looking gazing glancing face ear ears eyes"), frozenset(("head",))),
}  # fmt: skip
_HELD_HOW = word_set(
    """crossed folded clasped laced interlaced behind raised open overhead above below across forward back straight bent
    stretched wide spread apart together hips hip side sides chest waist body front akimbo touching cupped clenched high
    low akimbo left right resting sky shoulder shoulders"""
)
"""Words that say how limbs are held."""
_POSTURE = re.compile(
    r"(?i)\b(sit|sits|sitting|seat|seated|kneel\w*|knelt|lie|lies|lying|stand|stands|standing|squat\w*|crouch\w*|lung\w*|"
    r"plank|fours|bowing|hands and knees|crawl\w*|tiptoe\w*|upside|handstand|headstand|bend(ing)?|bent|"
    r"taking a knee|on the back|on the belly|on the side|on the stomach|face down|prone|supine)\b"
)
_SEATED = re.compile(r"(?i)\b(sitting|seat)$")
"""After a name this only says that it is a pose ("lotus sitting")."""
_RANKS = {"whole": 0, "clear": 1, "doubtful": 2}
_SAME = re.compile(r"(?i)(the )?same\b|again\b|but\b|now\b")


def _ordered(plans: list[Plan]) -> list[Plan]:
    return sorted(plans, key=lambda plan: plan.weight)


def _named(line: str, spotted: Spotted) -> str:
    return line[spotted.start : spotted.stop]


def _without(line: str, spotted: Spotted) -> str:
    """The sentence without the name, so that its words aren't read as if they described; postures stay."""
    name = _named(line, spotted)
    if spotted.strength != "whole" and (_POSTURE.search(_SEATED.sub("", name)) or _limbs_named(name)):
        return line
    return f"{line[: spotted.start]} {line[spotted.stop :]}"


def _telling(parsed: Parsed) -> Parsed:
    """Without readings of words that tell nothing ("a pose")."""
    kept = (one for one in parsed.readings if set(_WORDS.findall(parsed.words((one.start, one.stop)).lower())) - _EMPTY)
    return replace(parsed, readings=tuple(kept))


def _donor(entry: Entry, spotted: Spotted, name: str, line: str) -> Donor | None:
    """Which limbs a further name lends: both of a pair where it is in the plural, else the one that it keeps busy.

    A side right before it says whose ("left hand on the hip").
    """
    words = set(_WORDS.findall(name.lower()))
    named = _limbs_named(name)
    if named & LEGS and not named & ARMS:
        return None
    if named and named <= {"head"}:
        return Donor(entry.id, spotted.mirrored, frozenset(("head",)))
    if words & _PLURAL_ARMS:
        return Donor(entry.id, spotted.mirrored, ARMS)
    busy = busy_limb(entry.must, ARMS)
    if busy is None:
        of_arms = sum(bool(limbs_of(one) & ARMS) for one in entry.must)
        return Donor(entry.id, spotted.mirrored, ARMS) if of_arms >= len(entry.must) / 2 else None
    before = re.search(r"(?i)\b(left|right)\b", name) or re.search(r"(?i)\b(left|right)\s+$", line[: spotted.start])
    mirrored = spotted.mirrored if before is None else not busy.startswith(before[1].lower())
    side = busy.partition(" ")[0] if not mirrored else {"left": "right", "right": "left"}[busy.partition(" ")[0]]
    return Donor(entry.id, mirrored, frozenset((f"{side} arm",)))


def _on_its_side(donor: Donor, plan: Plan) -> Donor:
    """Of a side that is left open that which the plan has."""
    if not plan.open_sided or len(donor.limbs) > 1 or not donor.limbs <= ARMS or donor.limbs & plan.changed:
        return donor
    other = ARMS - donor.limbs
    return Donor(donor.entry, not donor.mirrored, other) if other & plan.changed else donor


_FOLDED, _CROSSED = "arms-crossed", "arms: crossed"
"""The entry that lends its arms to whoever is said to have them so."""
_PLURAL_ARMS = word_set("arms hands elbows fists palms fingers thumbs")


def _as_meant(said: Sequence[Statement]) -> list[Statement]:
    """Who stands and bends to the floor doesn't stand upright, as the posture "standing" has it."""
    lines = {str(one) for one in said}
    if "standing" not in lines or lines.isdisjoint(_BENT):
        return list(said)
    return [parse("bending forward") if str(one) == "standing" else one for one in said]


_BENT = (
    "bending forward",
    "torso: horizontal",
    "torso: head downward",
    "left hand: on ground",
    "right hand: on ground",
)


def _within(parsed: Parsed, reading: Reading, name: str) -> bool:
    """Whether a reading is of words of the name."""
    return parsed.words((reading.start, reading.stop)).strip().lower() in name.lower()


def _less_sure(plan: Plan) -> Plan:
    """A plan without what was read: it is hardly anything of the sentence."""
    return replace(plan, said=(), worded=(), places=(), sources={}, weight=plan.weight + MISREAD)


def _in_mood(plan: Plan, mood: Mood | None) -> Plan:
    """With what the mood expects."""
    if mood is None or not mood.expected:
        return plan
    agreed = agreeing(mood.expected, (*plan.said, *plan.expected))
    against = len(mood.expected) - len(agreed)
    told = {str(one): "the situation" for one in agreed} | plan.sources
    return replace(
        plan,
        expected=once((*plan.expected, *agreed)),
        sources=told,
        weight=plan.weight + OUT_OF_MOOD * against,
    )


def _spoken_of(plan: Plan) -> float:
    """Share of the limbs that the words say something of; a posture says it of trunk and legs."""
    limbs = plan.changed
    return len((limbs - {"whole"}) | (LEGS | {"trunk"} if "whole" in limbs else set())) / len(LIMBS)


def _words_of(parsed: Parsed, reading: Reading) -> str:
    """The words of a reading and the one before them ("wide legs", "a long step")."""
    before = _WORDS.findall(parsed.text[: reading.start])[-2:]
    return " ".join((*before, parsed.words((reading.start, reading.stop))))


def _of_limbs(name: str) -> bool:
    """Whether a name tells of limbs and of nothing else: "hands behind the head", not "proposing on one knee"."""
    words = {word for word in _WORDS.findall(name.lower()) if word not in _EMPTY}
    return bool(_limbs_named(name)) and all(word in _LIMB_WORDS or word in _HELD_HOW for word in words)


def _limbs_named(name: str) -> frozenset[Limb]:
    """The limbs that the words of a name speak of."""
    found: set[Limb] = set()
    for word in _WORDS.findall(name.lower()):
        found |= _LIMB_WORDS.get(word, frozenset())
    return frozenset(found)


def _sided(parsed: Parsed) -> list[list[Reading]]:
    """The readings; where a side is open, also with the other one."""
    own = list(parsed.readings)
    return [own, [reading.mirrored() for reading in own]] if parsed.open_sided else [own]


def _covered(text: str, readings: Sequence[Reading | Impossible]) -> set[int]:
    """Places of characters that were read."""
    return {place for reading in readings for place in range(reading.start, min(reading.stop, len(text)))}


def _share_read(parsed: Parsed) -> float:
    """Share of the words that tell something that were read."""
    sure = [reading for reading in parsed.readings if reading.certainty >= QUITE_SURE]
    read = _covered(parsed.text, [*sure, *parsed.impossible])
    telling = [match for match in _WORDS.finditer(parsed.text) if match.group().lower() not in _EMPTY]
    return sum(match.start() in read for match in telling) / len(telling) if telling else 1.0
