"""Which kind of question it is: readers that are asked one after the other."""

import re
from collections.abc import Callable

from chatpose.atlas.naming import Namer
from chatpose.language.verified.question_answer import Answered, in_words, readable, sentence, told_numbers, told_yes_no
from chatpose.language.verified.question_facts import PoseFacts
from chatpose.language.verified.question_numbers import amounts, asks_number
from chatpose.language.verified.question_parts import FLOOR, Mention, Part, mentions, plural
from chatpose.language.verified.question_places import (
    asks_where,
    capital,
    described,
    doing,
    listed,
    named,
    nearest,
    on_floor,
    posture_words,
    touched,
    where,
)
from chatpose.language.verified.question_sides import Chosen, asks_side, asks_way, choose, way
from chatpose.language.verified.question_telling import length_words
from chatpose.language.verified.question_yes_no import (
    Answering,
    alternatives,
    answer_claim,
    asks_yes_no,
)

NOT_READ = "I can't read this as a question about the pose that I could measure."
NOT_IN_POSE = "A pose holds only how the body is placed, so it doesn't tell that."
ABOUT_MORE = re.compile(
    r"\b(?:colou?rs?|wear\w*|clothes|clothing|shirt|trousers|shoes?|dress|jeans|hat|hair|beard|age|"
    r"old|young|gender|male|female|"
    r"name of they|called they|who|happy|sad|angry|mood|feel\w*|smil\w*|expression|think\w*|weigh|tall|heavy|music|"
    r"background|room|place taken|indoors|outdoors|country|language|muscles?|strong|pain\w*|hurt\w*|"
    r"comfortable|next move|"
    r"eyes (?:open|closed)|mouth open|thumbs?|why)\b"
)
_NAME = re.compile(
    r"\b(?:what (?:kind of |sort of |yoga |body )?(?:pose|position|asana|exercise|stance)|"
    r"name of (?:the|this) (?:pose|position)|(?:pose|this|that|position|it) called|which (?:pose|exercise|asana)|"
    r"name (?:the|this) pose|what is this|what pose)\b"
)
_POSTURE = re.compile(
    r"\bposture\b|what (?:is|are) (?:they|the body) doing|what (?:do|does) they do\b|(?:basic|body) "
    r"position|position of the body|"
    r"how (?:is|are) (?:they|the body) (?:positioned|posed|placed|sit|stand)"
)
_FLOOR = re.compile(
    r"(?:what|which (?:body )?parts?)\b.*\b(?:touch\w*|rest\w*|on|support\w*|carr\w*|bear\w*|contact\w*|hold\w*)\b"
    r".*\b(?:floor|weight|they)\b|what do(?:es)? (?:they|the body) rest on|"
    r"what (?:supports|carries|holds up) (?:the body|they|the weight)|"
    r"(?:where|what) (?:do|does) (?:they|the body) (?:touch|rest|stand)"
)


Reader = Callable[[Callable[[], Namer], str, str, Answering], Answered | None]


def _not_in_pose(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    found = ABOUT_MORE.search(text)
    return Answered(question, NOT_IN_POSE) if found and not mentions(text) else None


def _names(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    if _NAME.search(text):
        return in_words(question, named(using.facts, namer()))
    return None


def _whole(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    if mentions(text) and not re.search(r"\b(?:posture|body)\b", text):
        return None
    if _POSTURE.search(text) and not re.match(r"is|are|does|do", text):
        return in_words(question, posture_words(using.facts))
    if re.match(
        r"describe (?:the pose|this|it|they|what)|what do you see|what does the pose look|how does the pose look", text
    ):
        return in_words(question, described(using.facts))
    return None


def _contacts(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    """What touches the floor; what a part touches."""
    if _FLOOR.match(text) and not re.search(r"\bwhich (?:leg|foot|hand|knee|side)\b", text):
        return in_words(question, on_floor(using.facts))
    found = [one for one in mentions(text) if one.noun != FLOOR]
    if found and re.match(r"what (?:is|are|does|do)\b.*\b(?:near\w*|clos\w*|next|beside)(?: to)?$", text):
        return in_words(question, _nearest(found[0], using.facts))
    if found and re.match(r"what (?:is|are|does|do)\b.*\b(?:touch\w*|rest\w* (?:on|against)|on|hold\w*)$", text):
        parts = found[0].parts
        said = [(part, touched(using.facts, part)) for part in parts]
        words = (
            listed([f"the {name}" for _, names in said for name in names])
            if any(names for _, names in said)
            else "Nothing"
        )
        told = (
            f"of what I can measure the {listed([part.name for part in parts])} touches "
            f"{words.lower() if words == 'Nothing' else words}"
        )
        return in_words(question, Chosen(words[0].upper() + words[1:], told, "contacts"))
    return None


def _nearest(mention: Mention, facts: PoseFacts) -> Chosen:
    rows = [
        (part, nearest(facts, Part("hand" if part.noun in ("arm", "palm") else part.noun, part.side)))
        for part in mention.parts
    ]
    own = [{name.removeprefix(f"{part.side} ") for name, _ in row[:1]} for part, row in rows]
    if len(rows) == 2 and own[0] == own[1]:
        lead = f"the {plural(next(iter(own[0])))}"
    else:
        lead = listed([f"the {row[0][0]}" for _, row in rows])
    told = "; ".join(
        f"the {part.name} is {length_words(apart)} from the {name}" for part, row in rows for name, apart in row
    )
    return Chosen(capital(lead), told, "nearest parts")


def _counted(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    """How many feet are on the floor?"""
    match = re.match(r"how many (?:of (?:the )?)?(?=\w)(?!degrees|cent|cm|met|inch|mill)", text)
    found = mentions(text)
    if not match or not found or len(found[0].parts) != 2:
        return None
    rest = re.sub(r"^ (?:are|is|do|does|have|has)\b", "", text[found[0].stop :])
    made = [(part, answer_claim(f"is the {part.name} {rest}".strip(), using)) for part in found[0].parts]
    if any(one is None or one.holds is None for _, one in made):
        return None
    held = [part for part, one in made if one is not None and one.holds]
    told = "; ".join(one.told for _, one in made if one is not None)
    sure = all(abs(one.margin) >= 1 for _, one in made if one is not None)
    word = ("None", "One", "Two")[len(held)]
    which = f" (the {held[0].name})" if len(held) == 1 else ""
    return Answered(
        question, sentence(f"{word}{which}. {capital(told)}", sure), float(len(held)), "", made[0][0].noun, told, sure
    )


def _way(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    if not asks_way(text):
        return None
    found = way(text, mentions(text), using.facts)
    return None if found is None else in_words(question, found)


def _side(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    found = mentions(text)
    if not asks_side(text, found) and not _or_parts(text, found):
        return None
    chosen = choose(text, found, using.facts)
    return None if chosen is None else in_words(question, chosen)


def _or_parts(text: str, found: list[Mention]) -> bool:
    """Is the hand or the elbow higher?"""
    return len(found) > 1 and bool(re.fullmatch(r",? or ", text[found[0].stop : found[1].start]))


def _number(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    if not asks_number(text):
        return None
    found = amounts(text, mentions(text), using.facts)
    return told_numbers(question, text, found) if found else None


def _where(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    if not asks_where(text):
        return None
    found = where(mentions(text), using.facts)
    return None if found is None else in_words(question, found)


def _doing(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    asks = re.match(
        r"(?:what (?:is|are|does|do|about)|how (?:is|are|does|do)|describe|and|only|(?:position|"
        r"state) of|say something about)\b",
        text,
    )
    if not asks:
        return None
    found = doing(mentions(text), using.facts)
    return None if found is None else in_words(question, found)


def _choice(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    """Is she standing or sitting?"""
    if not asks_yes_no(text) and (" or " not in text or re.match(r"which|what|how|where", text)):
        return None
    asked = text if asks_yes_no(text) else f"is {text}" if mentions(text) else f"is they {text}"
    offered = alternatives(asked, using)
    if not offered or any(one.finding.holds is None for one in offered):
        return None
    best = max(offered, key=lambda one: one.finding.margin)
    held = [one for one in offered if one.finding.holds]
    words = readable(best.words)
    sure = all(abs(one.finding.margin) >= 1 for one in offered)
    if not held:
        told = "; ".join(dict.fromkeys(one.finding.told for one in offered))
        text_ = f"Neither, strictly; rather {words}: {told}" if len(offered) == 2 else f"None of these: {told}"
        return Answered(question, sentence(text_, sure), "neither", "", best.finding.measure, told, sure)
    also = [readable(one.words) for one in held if one is not best]
    more = f" (and {listed(also)})" if also else ""
    return Answered(question, sentence(f"{capital(words)}{more}: {best.finding.told}", sure), words, "",
                    best.finding.measure, best.finding.told, sure)  # fmt: skip


def _yes_no(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    asked = text if asks_yes_no(text) else f"is {text}"
    finding = answer_claim(asked, using)
    return None if finding is None else told_yes_no(question, finding)


def _short_number(namer: Callable[[], Namer], question: str, text: str, using: Answering) -> Answered | None:
    """Left elbow angle?"""
    if not re.search(
        r"\b(?:angles?|distance|height|degrees|flexion|bend|lean|tilt|rotation|turnout|spread|width|cm|"
        r"centimet\w+|how)\b",
        text,
    ):
        return None
    found = amounts(text, mentions(text), using.facts)
    return told_numbers(question, text, found) if found and not asks_yes_no(text) else None


READERS: tuple[Reader, ...] = (
    _not_in_pose, _names, _whole, _contacts, _counted, _way, _side, _number, _where, _choice, _doing, _short_number,
    _yes_no,
)  # fmt: skip
