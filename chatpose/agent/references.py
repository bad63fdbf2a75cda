"""What people mean by "it", "pose 2", "the photo", "the second one", "the first result", "them"."""

import re
from dataclasses import dataclass

from chatpose.agent.items import Hit, HitList, PhotoItem, PoseItem, short_title
from chatpose.agent.state import ConversationState
from chatpose.errors import ChatposeError

Referred = PoseItem | PhotoItem | Hit
ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
    "5th": 5,
    "6th": 6,
    "7th": 7,
    "8th": 8,
    "9th": 9,
    "10th": 10,
}
NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "a couple": 2,
    "a few": 3,
    "several": 4,
    "some": 3,
}
_ORDINAL = "|".join(ORDINALS)
_NUMBER = r"\d{1,4}|" + "|".join(word for word in NUMBERS if " " not in word and word not in ("some", "several"))
_HIT = r"(?:results?|hits?|matche?s?|finds?|found (?:one|poses?)|neighbou?rs?|search results?)"
_POSE = r"(?:poses?|figures?|bod(?:y|ies)|persons?|versions?|variants?|variations?|one|candidates?|options?)"
_PHOTO = r"(?:photos?|pictures?|images?|pics?|snapshots?|selfies?)"


class UnclearReferenceError(ChatposeError, LookupError):
    """Something that is spoken of isn't there, or isn't clear; the message lists what there is."""


@dataclass(frozen=True)
class Mention:
    """Something named in a text.

    Attributes:
        words: as they stand there.
        start: first character.
        stop: one past the last.
    """

    words: str
    start: int
    stop: int


_MENTIONS = re.compile(
    rf"\b(?:pose|figure|version|variant|candidate|option|result|hit|match|photo|picture|image|number|no\.?|#) ?#?"
    rf"(?:{_NUMBER})\b(?! (?:degrees?|cm|%))"
    rf"|\b(?:the )?(?:{_ORDINAL}|last|latest|previous|other|original|next)(?: (?:{_HIT}|{_POSE}|"
    rf"{_PHOTO}))(?: of (?:them|those|these))?\b"
    rf"|\bthe (?:{_ORDINAL})\b(?= (?:of (?:them|those|these)|and the\b)|\s*[?.!,;]*$)"
    rf"|\b(?:the|this|that|my|your) (?:{_PHOTO}|top {_HIT}|best {_HIT}|{_HIT})\b"
    r"|\bthe (?:original|photo's pose|first|second|third)\b(?=\s*[?.!,;]*$)"
    r"|#\d{1,4}\b",
    re.IGNORECASE,
)


def mentions(text: str) -> list[Mention]:
    """Names of things in a text, in order; pronouns aren't among them."""
    return [Mention(match[0], match.start(), match.end()) for match in _MENTIONS.finditer(text)]


def resolve(name: str, state: ConversationState) -> Referred:
    """What a name means now.

    Args:
        name: "it", "pose 2", "the second one", "the first result", "the photo", "photo 1", or a title.
        state: the conversation.

    Raises:
        UnclearReferenceError: nothing of that name; what there is is listed.
    """
    words = _plain(name)
    if not words or words in _PRONOUNS or words in _IT_PHRASES:
        return _it(state, name)
    for reader in (_photo, _hit, _numbered, _ordered):
        found = reader(words, state)
        if found is not None:
            return found
    titled = _titled(words, state)
    if titled is not None:
        return titled
    raise UnclearReferenceError(f"I don't know which one “{name[:60]}” is", expected=there_is(state))


def resolve_pose(name: str, state: ConversationState) -> tuple[PoseItem, ConversationState]:
    """The pose that a name means; a hit becomes a pose of the conversation.

    Raises:
        UnclearReferenceError: there is none; a photo that nobody has looked at is none, either.
    """
    found = resolve(name, state)
    if isinstance(found, PoseItem):
        return found, state
    if isinstance(found, Hit):
        known = next((item for item in state.poses if item.library_id == found.id and item.pose is found.pose), None)
        if known is not None:
            return known, state
        item = state.hit_as_pose(found)
        return item, state.add_pose(item)
    item = next((pose for number in found.poses if (pose := state.pose(number)) is not None), None)
    if item is None:
        what = "nobody was found in it" if found.looked_at else "nobody has looked at it yet"
        raise UnclearReferenceError(f"{found.name} holds no pose: {what}", expected=there_is(state))
    return item, state


def resolve_poses(name: str, state: ConversationState) -> tuple[list[PoseItem], ConversationState]:
    """All poses that a name means: "them", "all", "the results", "pose 1 and pose 3"; else the one.

    Raises:
        UnclearReferenceError: there is none.
    """
    words = _plain(name)
    if words in _ALL:
        return _several(words, state, name)
    named = mentions(name)
    if len(named) > 1:
        found = []
        for one in named:
            item, state = resolve_pose(one.words, state)
            found.append(item)
        return found, state
    item, state = resolve_pose(name, state)
    return [item], state


def is_reference(words: str, state: ConversationState) -> bool:
    """Whether words name something of the conversation, and nothing else: "it", "the second one", "the tree pose"."""
    plain = _plain(words)
    if plain in _PRONOUNS or plain in _IT_PHRASES:
        return True
    named = mentions(words)
    if named and _plain(named[0].words) == plain:
        return True
    return bool(re.match(r"(?:the|that|this) ", plain)) and _titled(plain, state) is not None


def given_names(state: ConversationState) -> dict[str, PoseItem]:
    """Names that the person gave to poses, in lower case, with the poses that bear them."""
    asked = {
        str(step.arguments.get("name", "")).lower()
        for turn in state.turns
        for step in turn.steps
        if step.name == "rename" and not step.failed
    }
    return {item.title.lower(): item for item in state.poses if item.title.lower() in asked}


def there_is(state: ConversationState) -> str:
    """What there is to speak of, in words."""
    parts = []
    if state.poses:
        named = [f"{item.name} “{short_title(item.title, most=32)}”" for item in state.poses[-5:]]
        parts.append(", ".join(named))
    if state.last_hits and state.last_hits.hits:
        parts.append(f"{len(state.last_hits.hits)} results of the last search")
    if state.photos:
        parts.append(", ".join(f"{item.name} “{item.title}”" for item in state.photos[-3:]))
    return (
        "; ".join(parts) if parts else "nothing here yet: describe a pose, search for one, or attach a file or a photo"
    )


_PRONOUNS = frozenset(
    [
        "it",
        "this",
        "that",
        "him",
        "her",
        "she",
        "he",
        "they",
        "them",
        "its",
        "his",
        "their",
        "me",
        "here",
        "current",
        "same",
        "last",
        "latest",
        "new",
        "now",
        "result",
    ]
)
_IT_PHRASES = frozenset(
    f"{article} {noun}".strip()
    for article in (
        "this",
        "that",
        "the",
        "the current",
        "the same",
        "the new",
        "the latest",
        "the edited",
        "current",
        "my",
    )
    for noun in (
        "one",
        "pose",
        "figure",
        "person",
        "body",
        "model",
        "mannequin",
        "result",
        "guy",
        "man",
        "woman",
        "character",
    )
) | {"what is on screen", "the pose on screen", "on screen"}
_ALL = frozenset(
    (
        "all",
        "all of them",
        "all poses",
        "all the poses",
        "all of these",
        "both",
        "both of them",
        "these",
        "those",
        "these two",
        "those two",
        "the two",
        "the last two",
        "the poses",
        "the results",
        "the hits",
        "all results",
        "every pose",
        "each",
        "them",
        "them all",
        "each of them",
        "these poses",
        "the people",
        "everybody",
        "every one",
        "everyone",
        "the group",
    )
)


def _plain(name: str) -> str:
    words = " ".join(name.lower().strip(" .!?,;:'\"“”").split())
    return re.sub(r"^(?:in|on|of|from|to|with|at|for) ", "", words)


def _it(state: ConversationState, name: str) -> Referred:
    """What came last, or the pose on screen."""
    now = state.now
    if now.focus == "hits" and state.last_hits and state.last_hits.hits:
        return state.last_hits.hits[0]
    if now.focus == "photo" and state.photos:
        return state.photos[-1]
    if (item := state.current_pose) is not None:
        return item
    if state.poses:
        return state.poses[-1]
    raise UnclearReferenceError("there is no pose yet", expected=there_is(state))


def _photo(words: str, state: ConversationState) -> Referred | None:
    if not re.search(rf"\b{_PHOTO}\b", words):
        return None
    person = re.search(rf"person (\d+|{'|'.join(NUMBERS)}) (?:in|of|on) ", words)
    if not state.photos:
        raise UnclearReferenceError("there is no photo in this conversation", expected=there_is(state))
    number = _number(re.sub(r"person \w+", "", words)) or _ordinal(words)
    photo = state.photo(number) if number else state.photos[-1]
    if photo is None:
        raise UnclearReferenceError(f"no photo {number}", expected=there_is(state))
    if person and (place := _value(person[1])) and place <= len(photo.poses):
        return state.pose(photo.poses[place - 1])
    return photo


def _hit(words: str, state: ConversationState) -> Referred | None:
    if not re.search(rf"\b{_HIT}\b", words) or not state.last_hits:
        return None
    number = _number(words) or _ordinal(words) or (1 if re.search(r"\b(?:top|best|the)\b", words) else 0)
    return _nth_hit(number, state.last_hits) if number else None


def _nth_hit(number: int, hits: HitList) -> Hit:
    if number == -1 and hits.hits:
        return hits.hits[-1]
    if not 1 <= number <= len(hits.hits):
        raise UnclearReferenceError(
            f"no result {number}", expected=f"1 to {len(hits.hits)}" if hits.hits else "a search that finds something"
        )
    return hits.hits[number - 1]


def _numbered(words: str, state: ConversationState) -> Referred | None:
    """Such as "pose 2", "number 2", "#2", "2"."""
    match = re.fullmatch(
        rf"(?:the )?(?:(?:{_POSE}|number|no\.?|nr\.?|#) ?#?)?({_NUMBER})(?: (?:please|then|again))?", words
    )
    if not match or words in ("one",):
        return None
    number = _value(match[1])
    if re.match(r"(?:number|no|nr|#|\d)", words) and state.now.focus == "hits" and state.last_hits:
        return _nth_hit(number, state.last_hits)
    item = state.pose(number)
    if item is None:
        raise UnclearReferenceError(f"there is no pose {number}", expected=there_is(state))
    return item


def _ordered(words: str, state: ConversationState) -> Referred | None:
    """Such as "the second one", "the previous pose", "the original"."""
    if re.search(r"\b(?:original|initial|starting)\b", words):
        return _origin(state)
    if re.search(r"\b(?:previous|before|old|earlier)\b", words):
        return _previous(state)
    if re.search(r"\bother\b", words):
        return _other(state)
    number = _ordinal(words)
    if not number:
        return None
    if state.now.focus == "hits" and state.last_hits and not re.search(r"\bpose\b", words):
        return _nth_hit(number, state.last_hits)
    group = state.group()
    candidates = group if len(group) > 1 else state.poses
    if number == -1:
        return candidates[-1] if candidates else None
    if number > len(candidates):
        raise UnclearReferenceError(f"there is no {words.removeprefix('the ')}", expected=there_is(state))
    return candidates[number - 1]


def _origin(state: ConversationState) -> PoseItem | None:
    item = state.current_pose
    while item is not None and item.parent is not None and (parent := state.pose(item.parent)) is not None:
        item = parent
    return item


def _previous(state: ConversationState) -> PoseItem | None:
    item = state.current_pose
    if item is None:
        return None
    if item.parent is not None and (parent := state.pose(item.parent)) is not None:
        return parent
    older = [one for one in state.poses if one.number < item.number]
    if not older:
        raise UnclearReferenceError("there is no pose before this one", expected=there_is(state))
    return older[-1]


def _other(state: ConversationState) -> PoseItem | None:
    group = [item for item in state.group() if item.number != state.current]
    if len(group) == 1:
        return group[0]
    others = [item for item in state.poses if item.number != state.current]
    return others[-1] if others else None


def _several(words: str, state: ConversationState, name: str) -> tuple[list[PoseItem], ConversationState]:
    if state.now.focus == "hits" and state.last_hits and ("result" in words or "hit" in words or not state.group()):
        found = []
        for hit in state.last_hits.hits[: 2 if "two" in words or "both" in words else 10]:
            item = state.hit_as_pose(hit)
            state = state.add_pose(item)
            found.append(item)
        return found, state
    group = list(state.group())
    if "two" in words or "both" in words:
        pool = group if len(group) == 2 else list(state.poses)
        if len(pool) < 2:
            raise UnclearReferenceError("there aren't two poses yet", expected=there_is(state))
        return pool[-2:], state
    if words.startswith("all") and "of them" not in words:
        group = list(state.poses)
    found = group if len(group) > 1 else list(state.poses)
    if not found:
        raise UnclearReferenceError(f"“{name}”: there are no poses yet", expected=there_is(state))
    return found, state


def _titled(words: str, state: ConversationState) -> Referred | None:
    """By its title or one of its names, the latest first; then by a hit's name."""
    bare = re.sub(r"^the | (?:one|pose)$", "", words)
    for item in reversed(state.poses):
        names = [re.sub(r" pose$", "", name.lower()) for name in (item.title, *item.names)]
        if bare in names or words in names:
            return item
    for hit in state.last_hits.hits if state.last_hits else ():
        if bare in (re.sub(r" pose$", "", hit.name.lower()), hit.id.lower()):
            return hit
    for item in reversed(state.photos):
        if words == item.title.lower():
            return item
    return None


def _number(words: str) -> int:
    match = re.search(rf"(?<![\w.])({_NUMBER})\b(?! (?:of|in)\b)", words)
    return _value(match[1]) if match and match[1] != "one" else 0


def _ordinal(words: str) -> int:
    if re.search(r"\blast\b", words):
        return -1
    match = re.search(rf"\b({_ORDINAL})\b", words)
    return ORDINALS[match[1]] if match else 0


def _value(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS.get(word, 0)
