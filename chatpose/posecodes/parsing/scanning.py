"""Words → items: parts with their sides, relations, features, negations, numbers, breaks."""

from collections.abc import Sequence

from chatpose.posecodes.parsing.items import Item
from chatpose.posecodes.parsing.normal import Word
from chatpose.posecodes.parsing.noun_phrases import bare_side, noun_of, of_furniture, part_of
from chatpose.posecodes.parsing.quantities import number_of
from chatpose.posecodes.parsing.terms import STOPS, terms


def adjectives_first(words: Sequence[Word]) -> list[Word]:
    """Side and noun brought together: "the left bent knee" → "the bent left knee"."""
    found = list(words)
    for place in range(len(found) - 2):
        side, adjective, noun = (word.word for word in found[place : place + 3])
        sided = side in ("left", "right", "other", "both", "one") and (noun,) in terms().nouns
        if sided and terms().phrases.get((adjective,), ("", ""))[1] in _LEADING:
            found[place], found[place + 1] = found[place + 1], found[place]
    return found


def unbracketed(words: Sequence[Word]) -> list[Word]:
    """Words without brackets that stand between a part and what is said of it: "elbows (pointing out) at ear level"."""
    found = list(words)
    for place in range(len(found) - 1, 0, -1):
        if found[place].word != "(" or (found[place - 1].word,) not in terms().nouns:
            continue
        end = next((n for n in range(place, min(place + 8, len(found))) if found[n].word == ")"), 0)
        after = found[end + 1].word if end and end + 1 < len(found) else "."
        if not end or after in STOPS or after in _RESUMING:
            continue
        inside = found[place + 1 : end]
        found[place : end + 1] = [] if any(one.word in ("both", "all") for one in inside) else inside
    return found


_RESUMING = frozenset({"and", "is", "are", "with"})
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
    if word == "straight" and texts[place + 1 : place + 2] == ["back"] and texts[place - 1] in ("with", "a"):
        return Item("feature", "straight", place, place + 1)  # "with a straight back"
    if word == "right" and _side_by_side(texts, place, before):
        return bare_side(texts, place, before)  # "arms: left up, right down"
    if word == "right" and texts[place - 1] not in terms().determiners and texts[place + 1 : place + 2] in _OUTRIGHT:
        return None  # "tipped right back"
    if word == "to" and place + 1 < len(texts) and _is_verb(texts[place + 1]):
        return Item("and", "and", place, place + 1)  # "twist to look behind"
    if _is_nothing(texts, place, before):
        return None
    if part := part_of(texts, place):
        looks = part.value == "gaze" and word in ("look", "looks", "looking") and before
        if looks and before[-1].value in _LOOKED:
            return Item("feature", "facing", place, place + 1)  # "the palms look forward"
        return part
    if word[0].isdigit():
        return number_of(texts, place)
    found = _phrase(texts, place)
    if found and not _is_bare(texts, place, before, found):
        return found
    if bare := bare_side(texts, place, before):
        return bare
    return None if word in terms().determiners else _connective(texts, place) or Item("word", word, place, place + 1)


def _connective(texts: list[str], place: int) -> Item | None:
    """A denial or a conjunction."""
    word = texts[place]
    if tuple(texts[place : place + 2]) in _INSTEAD:
        return Item("not", "without", place, place + 2)
    if word == "except" and texts[place + 1 : place + 2] in (["that"], ["for"]):
        return Item("and", "but", place, place + 2)
    if word in terms().negations or word == "except":
        return Item("not", word, place, place + 1)
    if word in terms().conjunctions:
        return Item("and", word, place, place + 1)
    return None


def _is_verb(word: str) -> bool:
    """Whether a word after "to" is the infinitive of what hands and eyes do."""
    return word in _SEEING or terms().phrases.get((word,), ("", ""))[1] in ("touch", "hold", "hug")


_LOOKED = frozenset({"palm", "chest", "knee", "toe", "elbow", "thumb", "finger", "sole", "foot"})
_SEEING = frozenset({"look", "gaze", "peek", "peer", "stare", "glance"})
_OUTRIGHT = (["back"], ["up"], ["down"], ["over"], ["round"], ["backward"])
_INSTEAD = {("anywhere", "but"), ("anything", "but"), ("other", "than"), ("rather", "than"), ("instead", "of"),
            ("everywhere", "but"), ("anywhere", "except"), ("free", "of")}  # fmt: skip


def _is_bare(texts: list[str], place: int, before: list[Item], found: Item) -> bool:
    """Whether a direction of one word is a part without its noun: "left one in front", "higher than right"."""
    if found.value not in ("dir left", "dir right") or found.last - found.first > 1:
        return False
    compared = bool(before) and before[-1].kind == "rel" and before[-1].value in ("above", "below", "front", "behind")
    return compared or texts[place + 1 : place + 2] == ["one"] or _side_by_side(texts, place, before)


def _is_nothing(texts: list[str], place: int, before: list[Item]) -> bool:
    """Whether a word that may say something doesn't here."""
    word, after = texts[place], texts[place + 1 : place + 2]
    if word == "to":
        return after in (["be"], ["have"], ["keep"])  # "I want her to have her arms up"
    if word == "first":
        return not before or before[-1].kind in ("stop", "and")  # "first raise the arm"
    return word == "back" and after == ["of"] and of_furniture(texts, place + 2)  # "over the back of the chair"


def _side_by_side(texts: list[str], place: int, before: list[Item]) -> bool:
    """Whether a side behind a break is a part of which something is said: "arms: left straight up, right bent"."""
    if not before or before[-1].kind not in ("stop", "and") or (before[-1].value in ".;!?" and before[-1].value):
        return False
    spoken = next((item for item in reversed(before) if item.kind == "part"), None)
    headed = before[-1].value == ":" or {"left", "right"} & set(texts[max(0, place - 8) : place]) - {texts[place]}
    if spoken is None or not headed or (spoken.value not in terms().sided and not spoken.bare):
        return False
    after = texts[place + 1] if place + 1 < len(texts) else "."
    return after in ("likewise", "too", "is", "isn't") or (after,) in terms().phrases or (
        tuple(texts[place + 1 : place + 3]) in terms().phrases)  # fmt: skip


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
            continue
        words.append(word)
        known = table.get(tuple(words))
        if known and not (word in ("side", "sides", "back", "front") and texts[at : at + 1] == ["of"]):
            found = Item(known[0], known[1], place, at)  # type: ignore[arg-type]
    behind = found and found.value == "backward" and texts[found.last - 1] == "behind"
    if found and behind and part_of(texts, found.last):
        return Item("rel", "behind", place, found.last)
    if found and found.kind == "rel":
        found = _against_surface(texts, found) or _with_object(texts, found)
    if found and found.value in _SIDEWAYS and found.last - found.first > 1:
        noun = noun_of(texts, found.last) if found.last < len(texts) else None
        if noun and texts[found.last - 1] in ("left", "right"):
            return Item("rel", "to", place, found.last - 1 if texts[found.last - 2] == "to" else place + 1)
    if found and found.value in _RISING and texts[found.last - 1] in ("left", "right"):
        noun = noun_of(texts, found.last) if found.last < len(texts) else None
        if noun and texts[found.last - 2] in terms().determiners | {"to"}:
            return Item("rel", "to", place, found.last - 1)  # "up to the right knee"
    if found and found.value in ("dir left", "dir right") and found.last - found.first == 1:
        determined = place and texts[place - 1] in terms().determiners
        return None if determined else found
    return found


_ON = frozenset({"on", "rest", "touch", "along", "across", "around", "hold"})
_AT = frozenset({"to", "towards", "at", "reach"})


def _against_surface(texts: list[str], item: Item) -> Item | None:
    """What a relation to the floor, the sky or the viewer says: "brushing the ground", "towards the camera"."""
    at = item.last
    while at < len(texts) and (texts[at] in terms().determiners or texts[at] in _ANY):
        at += 1
    adjective = at + 1 < len(texts) and (texts[at],) not in terms().nouns and texts[at] not in STOPS
    at += adjective and texts[at] not in terms().surfaces and texts[at + 1] in terms().surfaces
    surface = terms().surfaces.get(texts[at], "") if at < len(texts) else ""
    value = ""
    if surface == "floor" and item.value == "not touch":
        value = "off floor"
    elif surface == "floor":
        near = "near floor" if item.value in ("at", "by") else ""
        off = "off floor" if item.value in ("off", "above", "over") else ""
        to = {"to": "to floor", "towards": "towards floor", "reach": "towards floor"}.get(item.value, "")
        value = "floor" if item.value in _ON else to or near or off
    elif surface == "elsewhere":
        value = "on elsewhere" if item.value in ("on", "rest") else "elsewhere" if item.value in _ON | {"by"} else ""
    elif surface and item.value in _AT | {"on"}:
        value = "sky" if surface == "sky" else "forward"
    return Item("feature", value, item.first, at + 1) if value else None


_SIDEWAYS = frozenset({"dir left", "dir right", "over left", "over right"})
_RISING = frozenset({"up left", "up right", "down left", "down right"})
_ANY = frozenset({"a", "an"})


def _with_object(texts: list[str], item: Item) -> Item:
    """A relation of several words, cut to its adverb where no part follows: "down to the side" is down."""
    length = item.last - item.first
    if length == 1 or item.value == "touch" or texts[item.last - 1] != "to" or part_of(texts, item.last):
        return item
    if bare_side(texts, item.last, [item]):
        return item
    adverb = terms().phrases.get(tuple(texts[item.first : item.last - 1]))
    return Item(adverb[0], adverb[1], item.first, item.last - 1) if adverb else item  # type: ignore[arg-type]
