"""Parts with what stands before and after their nouns: determiners, sides, counts, adjectives."""

import itertools

from chatpose.posecodes.parsing.items import Item, Side
from chatpose.posecodes.parsing.terms import STOPS, terms

_SIDES: dict[str, Side] = {
    "left": "left",
    "right": "right",
    "both": "both",
    "each": "both",
    "either": "both",
    "one": "one",
    "a": "one",
    "an": "one",
    "other": "other",
    "opposite": "opposite",
    "same": "same",
    "own": "same",
    "two": "both",
    "neither": "both",
    "all": "both",
    "another": "other",
    "single": "one",
    "far": "opposite",
    "contralateral": "opposite",
    "ipsilateral": "same",
}

_FIRM = {
    "straight",
    "directly",
    "up",
    "down",
    "behind",
    "above",
    "over",
    "next",
    "in",
    "at",
    "beside",
    "under",
    "below",
    "back",
    "against",
    "by",
    "across",
    "away",
    "around",
}


def part_of(texts: list[str], place: int) -> Item | None:
    """A noun with what stands before it: "both of her knees", "the left and right hand", "a left foot"."""
    before = _before(texts, place)
    if before is None:
        return None
    side, counted, at = before
    noun = noun_of(texts, at)
    if (
        noun is None
        or (texts[at] == "face" and at and texts[at - 1] in _FACING)
        or (texts[at] == "face" and at == place and _of_viewer(texts, at + 1))
    ):
        return None
    value, plural, length = noun
    at += length
    if value == "gaze" and texts[at : at + 1] == ["for"]:
        return None  # "I'm looking for a reference"
    if (value == "back" and not _is_back(texts, place, at)) or _is_measure(texts, place, at, value):
        return None
    if value in _FACES and (whole := _of_what(texts, at)):
        value = value if value in ("palm", "sole", "heel", "toe") else whole.value
        return Item("part", value, place, whole.last, side=whole.side, plural=whole.plural)
    sided = value in terms().sided
    if sided and side == "none" and (after := _side_after(texts, at)):
        side, at = after
    if side in ("one", "same") and plural:
        side = "none"
    if side == "none" and plural and sided:
        side = "both"
    return Item("part", value, place, at, side=side, plural=plural, counted=counted, denied=texts[place] == "neither")


def _before(texts: list[str], place: int) -> tuple[Side, int, int] | None:
    """Side, count and place of the noun; None before "right angle"."""
    side: Side = "none"
    counted = 0
    at = place
    while at < len(texts):
        word, after = texts[at], texts[at + 1] if at + 1 < len(texts) else ""
        if word in ("left", "right") and texts[at + 1 : at + 3] in (["and", "left"], ["and", "right"]):
            side, at = "both", at + 3
            continue
        if word in ("left", "right") and after == "angle":
            return None
        if word in _SIDES and (word in ("left", "right") or side not in ("left", "right", "both", "opposite", "same")):
            side = _SIDES[word]
        elif word in _COUNTS:
            counted, side = _COUNTS[word], "both"
        elif word in _ENDS and after in _ENDED and side in ("none", "one"):
            side = _ENDS[word]
        elif not (word in _SIDES or word in terms().determiners or (word == "of" and at > place) or (
            word in _PLAIN and noun_of(texts, at + 1))):  # fmt: skip
            break
        at += 1
    return side, counted, at


def _of_what(texts: list[str], at: int) -> Item | None:
    """The part whose back, palm or sole is spoken of: "the back of the left hand", "the back of the head"."""
    start = at if texts[at - 1] == "of" else at + 1  # "the balls of" ends in it
    whole = part_of(texts, start) if texts[start - 1 : start] == ["of"] else None
    return whole if whole and (whole.value in terms().sided or whole.value in ("head", "neck", "face")) else None


def _is_measure(texts: list[str], place: int, at: int, value: str) -> bool:
    """Whether a foot is a length: "a foot apart", "three feet above the floor"."""
    after = texts[at] if at < len(texts) else ""
    if value != "foot" or texts[at - 1] not in ("foot", "feet"):
        return False
    if texts[at - 1] == "foot":
        return after in ("apart", "wide", "long", "between") or (texts[at - 2] in ("a", "half") and after in _LENGTHS)
    return texts[at - 2].isdigit() and (after in _LENGTHS or texts[at - 2] not in ("1", "2"))


_ENDING = ([], *([stop] for stop in STOPS), ["and"], ["with"])
_COMPARED = frozenset({"above", "below", "under", "over", "past", "beneath", "than"})
_OWNED = frozenset({"left", "right", "other", "one", "his", "her", "my", "your", "their", "each", "the", "both"})
_HEIGHT_OF = (["at"], ["to"], ["above"], ["below"], ["over"], ["past"], ["the"], ["of"])
_FACES = frozenset({"back", "palm", "sole", "heel", "toe", "hand", "knee", "elbow", "torso"})
_COUNTS = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "3": 3, "4": 4}


def noun_of(texts: list[str], at: int) -> tuple[str, bool, int] | None:
    """The part that a noun names, whether it is a plural, how many words it takes."""
    table = terms().nouns
    if texts[at : at + 1] in (["side"], ["top"], ["small"], ["inside"], ["tip"], ["front"], ["middle"], ["edge"],
                             ["outside"], ["tips"], ["backs"], ["sides"], ["tops"]):  # fmt: skip
        rest = at + 1
        if texts[rest : rest + 1] == ["of"]:
            rest += 1
            while rest < len(texts) and texts[rest] in terms().determiners:
                rest += 1
            noun = noun_of(texts, rest)
            return (noun[0], noun[1], rest - at + noun[2]) if noun else None
    for length in range(min(4, len(texts) - at), 0, -1):
        known = table.get(tuple(texts[at : at + length]))
        if known:
            after = texts[at + length : at + length + 1]
            if after == ["of"] and of_furniture(texts, at + length + 1):
                return None  # "the head of the cane"
            if after in (["length"], ["lengths"], ["breadth"], ["span"], ["widths"]):
                return None
            if after in (["height"], ["level"]) and at and texts[at - 1] in _COMPARED:
                return known[0], known[1], length + 1  # "below hip level"
            owned = at > 0 and texts[at - 1] in _OWNED and known[0] != "shoulder"
            levels = after == ["level"] and (known[1] or owned) and texts[at - 1 : at] not in _HEIGHT_OF
            first = not at or texts[at - 1] in STOPS or texts[at - 1] in ("and", "with")  # "fists on hips, head high"
            high = after in (["high"], ["level"]) and first and texts[at + length + 1 : at + length + 2] in _ENDING
            if (after in (["width"], ["height"], ["level"]) and not (levels or high)) or (
                after in (["high"], ["wide"]) and not (known[1] or owned or high)
            ):
                return None
            return known[0], known[1], length
    return None


def _of_viewer(texts: list[str], at: int) -> bool:
    """Whether who looks on follows: "face the camera"."""
    while at < len(texts) and texts[at] in terms().determiners:
        at += 1
    return at < len(texts) and (texts[at] in ("me", "us") or terms().surfaces.get(texts[at], "") == "viewer")


def of_furniture(texts: list[str], at: int) -> bool:
    """Whether a thing follows, perhaps with "a" or "his" before it."""
    while at < len(texts) and (texts[at] in terms().determiners or texts[at] == "a"):
        at += 1
    return at < len(texts) and terms().surfaces.get(texts[at], "") == "elsewhere"


def _is_back(texts: list[str], place: int, at: int) -> bool:
    """Whether "back" is the part and no direction."""
    if texts[at - 1] != "back" or (at - place > 1 and texts[place] != "far"):
        return True
    before = texts[place - 1] if place else ","
    listed = before == "," and place > 1 and (texts[place - 2],) in terms().nouns
    if listed and (at >= len(texts) or texts[at] in STOPS):
        return True  # "everything straight: arms, legs, back"
    if before in _BACKS or (place > 1 and texts[place - 2] == "a" and before == "bent"):
        return True
    after = texts[at] if at < len(texts) else "."
    return (before in STOPS or before in ("and", "with", "on")) and after not in STOPS and after not in _AFTER_ADVERB


_LENGTHS = frozenset(
    {"apart", "above", "below", "behind", "ahead", "wide", "between", "higher", "lower", "away", "from"}
)
_ENDS: dict[str, Side] = {"front": "front", "leading": "front", "lead": "front", "forward": "front", "rear": "rear",
                          "back": "rear", "trailing": "rear", "hind": "rear",
                          "bottom": "front", "top": "rear", "uppermost": "rear"}  # fmt: skip
_ENDED = {
    "leg",
    "foot",
    "knee",
    "heel",
    "thigh",
    "shin",
    "hand",
    "arm",
    "toes",
    "hip",
    "ankle",
    "elbow",
    "calf",
    "shoulder",
}
_PLAIN = {"inner", "outer", "whole", "entire", "free", "supporting", "planted", "respective", "corresponding", "two"}
_FACING = {
    "shoulders",
    "hips",
    "they",
    "not",
    "palms",
    "palm",
    "hands",
    "feet",
    "toes",
    "it",
    "should",
    "must",
    "both",
    "also",
    "chest",
}
_BACKS = {"flat", "straight", "arched", "rounded", "round", "curved", "long", "upright", "hollow", "hunched"}
_AFTER_ADVERB = {"and", "with", "to", "on", "over", "behind", "in", "from", "up", "down"}


def _side_after(texts: list[str], at: int) -> tuple[Side, int] | None:
    """A side that follows its noun: "the hand on the left", "the knee of the right leg"."""
    if _sided_behind(texts, at):
        return _SIDES[texts[at]], at + 1
    joined, side, rest = texts[at : at + 2], texts[at + 2 : at + 3], texts[at + 3 : at + 4]
    if side not in (["left"], ["right"]) and not (side in (["other"], ["opposite"]) and rest == ["side"]):
        return None
    if joined == ["on", "the"] and rest == ["side"] and side != ["same"]:
        return _SIDES[side[0]], at + 4
    if joined == ["on", "the"] and (not rest or rest[0] in STOPS or rest[0] in ("is", "and")):
        return _SIDES[side[0]], at + 3
    if joined == ["of", "the"] and rest in (["arm"], ["leg"], ["hand"], ["foot"]):
        return _SIDES[side[0]], at + 4
    return None


def _sided_behind(texts: list[str], at: int) -> bool:
    """A side right behind its noun, as other languages have it: "arm left up, arm right down"."""
    if texts[at : at + 1] not in (["left"], ["right"]) or (at + 1 < len(texts) and noun_of(texts, at + 1)):
        return False
    after = texts[at + 1] if at + 1 < len(texts) else "."
    if after in ("angle", "angles", "of", "and", "one", "side", "shoulder"):
        return False
    other = "left" if texts[at] == "right" else "right"
    paired = any(two == other and (one,) in terms().nouns for one, two in itertools.pairwise(texts))
    return paired or after in ("is", "are")


def bare_side(texts: list[str], place: int, before: list[Item]) -> Item | None:
    """A side without its noun: "the right overhead", "both straight", "the other one"."""
    at, determined = place, False
    while at < len(texts) and texts[at] in terms().determiners:
        at, determined = at + 1, True
    if at >= len(texts) or texts[at] not in ("left", "right", "other", "both", "each", "one", "neither"):
        return None
    word = texts[at]
    after = texts[at + 1] if at + 1 < len(texts) else "."
    if word == "one" and at and texts[at - 1] in ("the", "that", "this"):
        return None  # "the one with the shield"
    if word == "right" and not determined and after in _FIRM and not _breaks(before):
        return None
    if word in ("left", "right") and not determined and not _breaks(before):
        return None
    if word in ("both", "one") and after in ("of",):
        return None
    if word == "one" and (after in STOPS or not _breaks(before)):
        return None
    if after in ("one", "ones"):
        at += 1
    if after in ("side", "way", "direction"):
        return None
    return Item("part", "", place, at + 1, side=_SIDES[word], bare=True, denied=word == "neither")


def _breaks(before: list[Item]) -> bool:
    return (
        not before
        or before[-1].kind in ("stop", "and")
        or before[-1].value == "than"
        or (before[-1].kind == "rel" and before[-1].value in ("above", "below", "front", "behind"))
    )
