"""Numbers in words: "ninety", "forty-five", "a hundred and twenty"."""

from collections.abc import Sequence

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_SMALL = {word: number for number, word in enumerate(_UNITS)}
_TENS = {word: 10 * number for number, word in enumerate(
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)}  # fmt: skip
_TENS["fourty"] = 40


_METRIC = frozenset(
    {
        "oclock",
        "mm",
        "centimeter",
        "centimetre",
        "degrees",
        "cm",
        "centimeters",
        "centimetres",
        "inches",
        "inch",
        "metre",
        "meter",
        "metres",
        "meters",
    }
)


def _is_unit(after: Sequence[str]) -> bool:
    """Whether a unit follows: "five degrees", "one metre", "two feet apart"."""
    return bool(after) and (after[0] in _METRIC or list(after) in (["feet", "apart"], ["foot", "apart"]))


def number_words(words: Sequence[str]) -> tuple[str, int]:
    """The number that a text begins with, in figures, and how many words it takes.

    "A foot and a half" is the number and its unit: "1.5 foot". Single words up to nine stay words ("one knee",
    "two hands"): they count things.
    """
    if words[:2] == ["half", "a"] and words[2:3] in (["metre"], ["meter"], ["foot"]):
        return "0.5", 2
    if words[:3] == ["a", "couple", "of"] or words[:2] == ["couple", "of"]:
        return "2", 3 if words[0] == "a" else 2
    if words[:4] == ["one", "and", "a", "half"] or (words[:2] == ["two", "and"] and words[2:4] == ["a", "half"]):
        return f"{_SMALL[words[0]]}.5", 4
    if (
        words[:1] in (["a"], ["one"])
        and words[1:2] in (["foot"], ["metre"], ["meter"])
        and words[2:] == ["and", "a", "half"]
    ):
        return f"1.5 {words[1]}", 5
    if len(words) > 1 and (words[0] in _SMALL or words[0] == "a") and _is_unit(words[1:3]):
        return f"{_SMALL.get(words[0], 1)}", 1
    total, taken = 0, 0
    if len(words) > 1 and words[0] == "one" and words[1] in _TENS:
        words = ["one", "hundred", *words[1:]]
        value, length = number_words(words)
        return value, length - 1
    if words[:2] in (["a", "hundred"], ["one", "hundred"], ["two", "hundred"], ["three", "hundred"]):
        total, taken = 100 * {"a": 1}.get(words[0], _SMALL.get(words[0], 1)), 2
    elif words[:1] == ["hundred"]:
        total, taken = 100, 1
    rest = list(words[taken:])
    skipped = 1 if taken and rest[:1] == ["and"] else 0
    rest = rest[skipped:]
    if rest and rest[0] in _TENS:
        more = _SMALL.get(rest[1], 0) if len(rest) > 1 else 0
        more = more if 1 <= more <= 9 else 0
        return f"{total + _TENS[rest[0]] + more}", taken + skipped + (2 if more else 1)
    if rest and rest[0] in _SMALL and (taken or _SMALL[rest[0]] >= 10):
        return f"{total + _SMALL[rest[0]]}", taken + skipped + 1
    return (f"{total}", taken) if taken else ("", 0)
