"""`NameSpotter`: names of atlas entries inside a sentence ("… in warrior two, looking down")."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chatpose.atlas.compiled import Atlas
from chatpose.language.verified.request_famous import famous_names
from chatpose.language.verified.request_words import stem, word_set
from chatpose.posecodes.phrasebook import exchange_words

Strength = Literal["whole", "clear", "doubtful"]
"""The request is the name; it can't mean anything else; everyday words, and nothing says a pose is meant."""

_WORDS = re.compile(r"(?i)\b[aty]-pose\b|[^\W_]+(?:['’][^\W_]+)*")
"""Words; "A-pose" is one, as its article-like letter isn't passed over."""
_PASSED_OVER = word_set("a an the one's ones your his her their its my our both own")
"""Words that names and sentences have or lack without meaning anything else."""
_AROUND = _PASSED_OVER | word_set(
    """in into doing do does holding hold holds performing performs practising practicing show shows me us give find get
    draw make generate create someone somebody person people human figure man woman girl boy character he she they it is
    are this that of please yoga pose poses position posture stance asana image picture photo just like as standing
    being who whos someone's i want would see can you could"""
)
"""Words around a name that say nothing more about the pose."""
_POSE_WORDS = word_set("pose poses position posture stance asana exercise stretch move sitting seat")
_SITTING = ("sitting", "seat")
"""These end a name ("lotus sitting") only where nothing follows: "… sitting on a chair" is a posture."""
_DOING = word_set(
    """in into do does doing did hold holds holding perform performs performing practise practises practising practice
    practices practicing strike strikes striking throw throws throwing land lands landing deliver delivers delivering
    at take takes taking yoga attempt attempts attempting demonstrate demonstrates demonstrating"""
)
"""Words right before a name that say that a pose is meant."""
_ENDING = word_set("with but and on while except only facing looking then as without though one both")
"""Words that may follow a bare name ("in tree with …"); a noun would make it something else ("in tree houses")."""
_EVERYDAY = word_set(
    """cross hook bow toast cheers fear anger rage pride relief grief surprise attitude contraction attention leap
    crunch hug triumph
    despair pointer conductor dab cobra sphinx crab retire passe corte limbo jab jog hurdling freezing yuck
    cringing exhaustion pistol set clap the_twist hands_on leg_raise big_leap at_bat low_block high_step exasperation
    rising tripping slipping drinking bridge wheel plank box_position ball_toss stop_gesture first_position
    second_position fifth_position passing_position set_position back_stroke on_pointe straight_left straight_right
    left_hook right_cross left_jab back_kick hand_kiss pick_up step_up jump_up mountain running runner driving typing
    tango riding_bike on_bike"""
)
"""Names that are everyday words as well; words joined by underscores."""


_BODY = word_set(
    """arm arms leg legs hand hands knee knees foot feet elbow elbows head hip hips heel heels toe toes
    shoulder shoulders chest chin palm palms finger fingers ankle ankles thigh thighs back forearm forearms"""
)


@dataclass(frozen=True)
class Spotted:
    """A name found.

    Attributes:
        entry_id: of the atlas.
        start: first character in the text.
        stop: one past the last.
        strength: how sure it is that the pose is meant.
        mirrored: whether the name is of the mirror image ("right hook" where the entry is a left one).
    """

    entry_id: str
    start: int
    stop: int
    strength: Strength = "clear"
    mirrored: bool = False


@dataclass(frozen=True)
class _Word:
    key: str
    stem: str
    start: int
    stop: int


@dataclass(frozen=True)
class _Name:
    entry: str
    keys: tuple[str, ...]
    stems: tuple[str, ...]
    bare: bool
    mirrored: bool

    @property
    def bends(self) -> bool:
        """Whether other forms of its words mean the same: not of one noun, nor of parts of the body."""
        if len(self.keys) == 1:
            return self.keys[0].endswith("ing") and self.keys[0] not in _EVERYDAY
        return _BODY.isdisjoint(self.keys)


class NameSpotter:
    """Finds names in sentences. Case, accents, articles, hyphens and the forms of verbs don't matter.

    Args:
        atlas: whose names.
    """

    def __init__(self, atlas: Atlas) -> None:
        self._by_first: dict[str, list[_Name]] = {}
        known: set[tuple[str, ...]] = set()
        for name in _names(atlas):
            if name.keys not in known and not _POSE_WORDS.issuperset(name.keys):
                known.add(name.keys)
                self._by_first.setdefault(name.stems[0], []).append(name)
        self._longest = max((len(keys) for keys in known), default=0)

    def spot(self, text: str) -> list[Spotted]:
        """The names in a sentence that don't overlap, longer ones first served; in the order of the text."""
        words = [word for word in _words(text) if word.key not in _PASSED_OVER]
        found: list[tuple[int, int, _Name, bool]] = []
        for first in range(len(words)):
            best = max(self._at(words, first), key=lambda one: (len(one[0].keys), one[1]), default=None)
            if best is not None:
                found.append((first, first + len(best[0].keys), *best))
        kept: list[tuple[int, int, _Name, bool]] = []
        for one in sorted(found, key=lambda each: (each[0] - each[1], not each[3], each[0])):
            if all(one[1] <= other[0] or other[1] <= one[0] for other in kept):
                kept.append(one)
        return [self._told(text, words, *one[:3]) for one in sorted(kept, key=lambda each: each[0])]

    def _at(self, words: Sequence[_Word], first: int) -> Iterator[tuple[_Name, bool]]:
        """Names that begin at a word, and whether letter by letter; one everyday word never in another form."""
        for name in self._by_first.get(words[first].stem, ()):
            part = words[first : first + len(name.keys)]
            if len(part) < len(name.keys):
                continue
            if tuple(word.key for word in part) == name.keys:
                yield name, True
            elif name.bends and tuple(word.stem for word in part) == name.stems:
                yield name, False

    def _told(self, text: str, words: Sequence[_Word], first: int, last: int, name: _Name) -> Spotted:
        before, after = words[:first], words[last:]
        stop = words[last - 1].stop
        if after and after[0].key in _POSE_WORDS and (len(after) == 1 or after[0].key not in _SITTING):
            stop = after[0].stop
        told = Spotted(name.entry, words[first].start, stop, _strength(text, words, first, last, name), name.mirrored)
        if all(word.key in _AROUND for word in (*before, *after)):
            return Spotted(told.entry_id, told.start, told.stop, "whole", told.mirrored)
        return told


def _strength(text: str, words: Sequence[_Word], first: int, last: int, name: _Name) -> Strength:
    if first and words[first - 1].key in _BODY and not text[words[first - 1].stop : words[first].start].strip():
        return "doubtful"  # "the right arm pointing up", "the head bowed": of a limb
    if len(name.keys) == 1 and _told_beside(words[max(0, first - 3) : first]):
        return "doubtful"
    everyday = name.bare or "_".join(name.keys) in _EVERYDAY
    if not everyday:
        return "clear"
    after = words[last] if last < len(words) else None
    if after is not None and after.key in _POSE_WORDS:
        return "clear"
    before = words[first - 1] if first else None
    gap = text[before.stop : words[first].start].strip().lower() if before is not None else ""
    ends = (
        after is None or after.key in _ENDING or bool(re.search(r"[,;.:!?]", text[words[last - 1].stop : after.start]))
    )
    if before is not None and before.key in _DOING and ends and (not name.bare or not gap or before.key not in _PLACES):
        return "clear"
    if before is not None and ends and text[before.start : before.stop].lower().endswith(("'s", "’s")):
        return "clear"  # "a butler's bow"
    around = all(word.key in _AROUND for word in words[:first]) and (before is None or before.key not in _PLACES)
    return "clear" if around and ends else "doubtful"


def _told_beside(before: Sequence[_Word]) -> bool:
    """Whether what is named isn't what is done: "winded after the sprint", "tired of walking"."""
    keys = [word.key for word in before]
    other_than = keys[-1:] == ["of"] and len(keys) > 1 and keys[-2] not in _AROUND
    return other_than or not {"after", "before"}.isdisjoint(keys)


_PLACES = frozenset(("in", "into", "at", "on"))
"""With an article, what follows these is a place ("in a tree"), not a pose."""


def _names(atlas: Atlas) -> Iterator[_Name]:
    """All names; then without "pose" at the end; then those of mirror images."""
    written = [(entry.id, name) for entry in atlas for name in entry.names]
    for entry, name in written:
        yield _name(entry, name, bare=False, mirrored=False)
    for entry, name in famous_names(atlas):
        yield _name(entry, name, bare=False, mirrored=False)
    for entry in atlas:
        yield _name(entry.id, entry.id.replace("-", " "), bare="-" not in entry.id, mirrored=False)
    for entry, name in written:
        head, _, tail = name.rpartition(" ")
        if head and tail.lower() == "pose":
            telling = [word for word in _words(head) if word.key not in _PASSED_OVER]
            yield _name(entry, head, bare=len(telling) == 1, mirrored=False)
    for entry, name in written:
        if re.search(r"\bone\b", name):
            for side in ("left", "right"):
                yield _name(entry, re.sub(r"\bone\b", side, name), bare=False, mirrored=False)
    for entry, name in written:
        if (turned := exchange_words(name)) != name:
            yield _name(entry, turned, bare=False, mirrored=True)


def _name(entry: str, name: str, *, bare: bool, mirrored: bool) -> _Name:
    words = [word for word in _words(name) if word.key not in _PASSED_OVER]
    return _Name(entry, tuple(word.key for word in words), tuple(word.stem for word in words), bare, mirrored)


def _words(text: str) -> list[_Word]:
    found = []
    for match in _WORDS.finditer(text):
        key = _key(match.group())
        found.append(_Word(key, stem(key), match.start(), match.end()))
    return found


def _key(word: str) -> str:
    """Lower case, without accents and apostrophes; small numbers and roman ones as words."""
    letters = unicodedata.normalize("NFKD", word.lower())
    bare = "".join(char for char in letters if not unicodedata.combining(char) and char not in "'’-")
    return _NUMBERS.get(bare, bare)


_NUMBERS = {"1": "one", "2": "two", "3": "three", "ii": "two", "iii": "three", "childs": "child", "cobblers": "cobbler"}
