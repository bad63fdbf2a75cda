"""Words → items: parts with their sides, relations, features, negations, numbers, breaks."""

from collections.abc import Sequence

from chatpose.posecodes.parsing.items import Item
from chatpose.posecodes.parsing.normal import Word
from chatpose.posecodes.parsing.noun_phrases import bare_side, noun_of, part_of
from chatpose.posecodes.parsing.terms import STOPS, terms

_UNITS = {"degrees": "°", "cm": "cm", "centimeters": "cm", "centimetres": "cm", "inches": "in", "inch": "in",
          "m": "m", "meters": "m", "metres": "m", "meter": "m", "metre": "m"}  # fmt: skip


def adjectives_first(words: Sequence[Word]) -> list[Word]:
    """Side and noun brought together: "the left bent knee" → "the bent left knee"."""
    found = list(words)
    for place in range(len(found) - 2):
        side, adjective, noun = (word.word for word in found[place : place + 3])
        sided = side in ("left", "right", "other", "both", "one") and (noun,) in terms().nouns
        if sided and terms().phrases.get((adjective,), ("", ""))[1] in _LEADING:
            found[place], found[place + 1] = found[place + 1], found[place]
    return found


_LEADING = {"bent", "straight", "raised", "pointed", "flexed", "crossed", "hang", "together", "horizontal", "apart"}


def scan(words: Sequence[Word]) -> list[Item]:
    """Items of a text, in order; determiners are passed over."""
    texts = [word.word for word in words]
    found: list[Item] = []
    place = 0
    while place < len(texts):
        item = _item(texts, place, found)
        if item:
            found.append(item)
            place = item.last
        else:
            place += 1
    return found


def _item(texts: list[str], place: int, before: list[Item]) -> Item | None:
    word = texts[place]
    if word in STOPS:
        return Item("stop", word, place, place + 1)
    if part := part_of(texts, place):
        return part
    if word[0].isdigit():
        return _number(texts, place)
    found = _phrase(texts, place)
    if found and not _is_bare(texts, place, before, found):
        return found
    if bare := bare_side(texts, place, before):
        return bare
    if tuple(texts[place : place + 2]) in _INSTEAD:
        return Item("not", "without", place, place + 2)
    if word == "except" and texts[place + 1 : place + 2] in (["that"], ["for"]):
        return Item("and", "but", place, place + 2)
    if word in terms().negations or word == "except":
        return Item("not", word, place, place + 1)
    if word in terms().conjunctions:
        return Item("and", word, place, place + 1)
    if word in terms().determiners:
        return None
    return Item("word", word, place, place + 1)


_INSTEAD = {("anywhere", "but"), ("anything", "but"), ("other", "than"), ("rather", "than"), ("instead", "of"),
            ("everywhere", "but"), ("anywhere", "except"), ("free", "of")}  # fmt: skip


def _is_bare(texts: list[str], place: int, before: list[Item], found: Item) -> bool:
    """Whether a direction of one word is a part without its noun: "left one in front", "higher than right"."""
    if found.value not in ("dir left", "dir right") or found.last - found.first > 1:
        return False
    compared = bool(before) and before[-1].kind == "rel" and before[-1].value in ("above", "below", "front", "behind")
    return compared or texts[place + 1 : place + 2] == ["one"]


def _phrase(texts: list[str], place: int) -> Item | None:
    """The longest known phrase; determiners inside it are passed over."""
    table = terms().phrases
    words: list[str] = []
    found: Item | None = None
    at = place
    while at < len(texts) and len(words) <= terms().longest:
        word = texts[at]
        at += 1
        if word in terms().determiners:
            if not words:
                return None
            if word in ("his", "her") and tuple((*words, word)) not in table:
                continue
            continue
        words.append(word)
        known = table.get(tuple(words))
        if known and not (word in ("side", "sides", "back", "front") and texts[at : at + 1] == ["of"]):
            found = Item(known[0], known[1], place, at)  # type: ignore[arg-type]
    if found and found.value in ("dir left", "dir right") and found.last - found.first > 1:
        noun = noun_of(texts, found.last) if found.last < len(texts) else None
        if noun and texts[found.last - 1] in ("left", "right"):
            return Item("rel", "to", place, place + 1)
    if found and found.value in ("dir left", "dir right") and found.last - found.first == 1:
        determined = place and texts[place - 1] in terms().determiners
        return None if determined else found
    return found


def _number(texts: list[str], place: int) -> Item | None:
    unit = _UNITS.get(texts[place + 1], "") if place + 1 < len(texts) else ""
    last = place + (2 if unit else 1)
    if not unit and texts[place + 1 : place + 3] in (["feet", "apart"], ["foot", "apart"]):
        unit, last = "ft", place + 2
    if not unit and texts[place + 1 : place + 2] == ["%"]:
        last = place + 2
    value = float(texts[place])
    high = 0.0
    for gap in (("to",), ("and",), ("or",), ()):
        at = place + 1 + len(gap)
        if tuple(texts[place + 1 : at]) == gap and at < len(texts) and texts[at][0].isdigit():
            high, unit, last = float(texts[at]), _UNITS.get(texts[at + 1], "") if at + 1 < len(texts) else "", at + 1
            last += bool(unit)
            break
    if not unit and 10 <= value <= 999:
        unit = "°"
    return Item("number", unit, place, last, number=value, high=high if high > value else 0.0)
