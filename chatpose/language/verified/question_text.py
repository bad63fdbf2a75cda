"""A question in plain form: lower case, contractions written out, the person as "they", directions as one word each.

"What's the angle at her RIGHT elbow?"      what is the angle at the right elbow
"Is the head turned to the left?"           is the head turned toleft
"Isn't the left hand to the left of it?"    is not the left hand leftof it
"""

import re
import unicodedata

from chatpose.posecodes.parsing.numbers import number_words
from chatpose.posecodes.parsing.spelling import corrected

MAX_QUESTION_CHARS = 1_000

_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-"})
_CONTRACTIONS = (
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    (r"\b(what|where|who|how|which|she|he|it|that|there|this)'s\b", r"\1 is"),
    (r"\b(they|you|we|what|where|how|which)'re\b", r"\1 are"),
    (r"\bi'm\b", "i am"),
    (r"\bteh\b", "the"),
    (r"\bkne\b", "knee"),
    (r"\b(isnt|arent|doesnt|dont)\b", lambda match: match[1].removesuffix("nt") + " not"),
)
_FILLERS = (
    r"\b(?:please|currently|exactly|actually|really|roughly|approximately|about how|right now|right here|at the moment|"
    r"all right|in (?:this|the) (?:pose|picture|image|figure)|here|would you say|do you think|do you "
    r"know|by any chance|"
    r"(?:can|could) you (?:please )?(?:tell|show|give|say)(?: to)?(?: me| us)?|(?:i|we) (?:want|would like) to know|"
    r"(?:tell|give|show) (?:me|us)(?: whether| if)?|i wonder(?: whether| if)?|measure(?: me)?|just|"
    r"then|so,|and,|hey|ok|"
    r"okay)\b"
)
_FEW = {"a": "1", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}
_ALONE = r"\b(?:only|just|exactly)\b(?= (?:one|the|his|her|their)\b)"
_PERSON = (
    r"\b(?:(?:the|this|that|our|a) )?(?:person|figure|model|man|woman|guy|girl|boy|lady|subject|character|human|"
    r"individual|somebody|someone|mannequin|dancer|athlete)\b"
)
_PREPOSITIONS = "behind|in front of|beside|above|over|under|below|next to|before|from|around|across"
_OWNED = "left|right|hand|hands|head|knee|knees|foot|feet|hip|hips|shoulder|shoulders|back|chest|torso|body|legs?|arms?"
_NO_NOUN = (
    r"(?! (?:hand|wrist|elbow|forearm|arm|upper|lower|shoulder|foot|feet|toe|heel|ankle|knee|shin|"
    r"calf|thigh|leg|hip|ear|"
    r"palm|fist|finger|buttock|side of|(?:or|and) (?:the )?(?:left|right) \w)s?)"
)
_TURNING = (
    r"\b(turn(?:ed|ing|s)?|rotat(?:ed|ing|es?)|look(?:ing|s)?|gaz(?:ing|es?)|fac(?:ing|es?)|lean(?:ing|s)?|"
    r"point(?:ing|s|ed)?|bend(?:ing|s)?|bent|twist(?:ed|ing|s)?|tilt(?:ed|ing|s)?|tip(?:ped|ping|s)?|"
    r"inclin(?:ed|ing|es?))"
)
_DIRECTIONS = (
    (r"\bupper and (?:the )?lower (left|right) arm\b", r"\1 upper arm and the \1 forearm"),
    (r"\b(left|right) upper and (?:the )?lower arm\b", r"\1 upper arm and the \1 forearm"),
    (r"\bfurther (left|right)\b", r"further to\1"),
    (r"\bright[- ]angle[sd]?\b", "rightangle"),
    (r"\bupper[- ]bod(?:y|ies)\b", "torso"),
    (r"\blower[- ]back\b", "back"),
    (r"\b(left|right)[- ]?most\b", r"far to\1"),
    (r"\b(?:to|toward|towards|on|at) the (left|right)(?:[- ]hand)?(?: side)? of\b", r"\1of"),
    (r"\b(left|right) of (?=the |it|they)", r"\1of "),
    (r"\b(?:to|toward|towards) (?:the |a )?(left|right)(?:[- ]hand)?(?: side)?\b" + _NO_NOUN, r"to\1"),
    (r"\b(left|right)wards?\b", r"to\1"),
    (r"\bon the (left|right)(?:[- ]hand)?(?: side)?\b" + _NO_NOUN, r"on\1"),
    (_TURNING + r"( slightly| far| sharply| a little| a bit)? (left|right)\b" + _NO_NOUN, r"\1\2 to\3"),
)


def plain_question(text: str) -> str:
    """One question (without its question mark) as the readers of this package take it."""
    line = unicodedata.normalize("NFKC", text[:MAX_QUESTION_CHARS]).translate(_QUOTES).lower()
    for pattern, words in _CONTRACTIONS:
        line = re.sub(pattern, words, line)
    line = re.sub(r"'s?(?= |$)", "", line.replace("the person's", "the").replace("'s ", " "))
    line = re.sub(r"[^\w°%.,/ -]+", " ", line)
    line = re.sub(r"(?<!\d)\.|\.(?!\d)", " ", line)
    line = re.sub(_ALONE, "only", line)
    line = re.sub(_FILLERS, " ", line)
    line = re.sub(r"\b(?:ground|mat)\b", "floor", _worded(line))
    line = re.sub(r"\b(?:past|over|beyond|across) the mid-?line\b", "across the torso", line)
    line = re.sub(rf"\b({_PREPOSITIONS}) (?:her|him|them|the person)\b(?! (?:{_OWNED})\b)", r"\1 the body", line)
    line = re.sub(_PERSON, "they", line)
    line = re.sub(r"\b(?:his|her|their|its|your|my|our)(?: own)?(?= [a-z])", "the", line)
    line = re.sub(r"\b(?:she|he|you|him|her|them)\b", "they", line)
    return with_directions(_even(line))


def _worded(line: str) -> str:
    """Slips put right, numbers in figures."""
    line = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", line)
    words = re.findall(r"[^\W\d_]+|[\d.]+|\s+|.", line)
    told: list[str] = []
    kept = [word for word in words if not word.isspace()]
    place = 0
    while place < len(kept):
        number, taken = number_words(kept[place : place + 6])
        told.append(number or corrected(kept[place]))
        place += taken or 1
    line = re.sub(r"(\w) - (?=\w)", r"\1-", " ".join(told))
    return re.sub(
        r"\b(a|one|two|three|four|five)(?= (?:metres?|meters?|cm|centimet|degrees?)\b)", lambda m: _FEW[m[1]], line
    )


def with_directions(line: str) -> str:
    """Directions as one word each: "to the left" becomes "toleft"."""
    for pattern, words in _DIRECTIONS:
        line = re.sub(pattern, words, line)
    return _even(line)


def _even(line: str) -> str:
    return " ".join(line.replace(" ,", ",").split()).strip(" ,.-")


def split_questions(text: str) -> list[str]:
    """The questions of a text; a text without a question mark is one."""
    pieces = [piece.strip(" \t\n") for piece in re.split(r"[?？]+|\n+", text[:MAX_QUESTION_CHARS])]
    numbered = (re.sub(r"^\(?\d{1,2}[).]\s+", "", piece) for piece in pieces)
    return [piece for piece in numbered if re.search(r"\w", piece)]
