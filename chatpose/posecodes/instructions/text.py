"""Instructions as even text: lower case, numbers in digits, one name for each unit; and the amounts in them."""

import re
import unicodedata

from chatpose.posecodes.instructions.plan import Amount, Size

MAX_CHARS = 2000
"""Longest instruction."""

_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
         "ninety": 90}  # fmt: skip
_NUMBER_WORD = "|".join((*_ONES, *_TENS, "hundred"))
_NUMBER = re.compile(rf"\b((?:a|one|two) hundred|(?:{_NUMBER_WORD}))((?:[ -](?:and )?(?:{_NUMBER_WORD}))*)\b")
_UNITS = r"(?:degrees?|degs?|cm|centimet(?:er|re)s?|mm|millimet(?:er|re)s?|m|met(?:er|re)s?|inch(?:es)?|percent)"

_EVEN: tuple[tuple[str, str], ...] = (
    (r"[’‘`´]", "'"),
    (r"[“”„]", '"'),
    (r"[–—]", " - "),
    (r"°|º", " degrees "),
    (r"\bdo ?n'?t\b", "do not"),
    (r"\bshould ?n'?t\b", "should not"),
    (r"\bdoes ?n'?t\b", "does not"),
    (r"\bis ?n'?t\b", "is not"),
    (r"\bcannot\b|\bcan ?n'?t\b", "can not"),
    (r"\b(he|she|it|that|who|they)'(?:s|re)\b", r"\1 is"),
    (r"\bdegs?\b\.?", "degrees"),
    (r"\b(?:r|rt)\.? (?=arm|leg|hand|foot|knee|elbow|shoulder)", "right "),
    (r"\b(?:l|lt)\.? (?=arm|leg|hand|foot|knee|elbow|shoulder)", "left "),
    (r"\bcentimet(?:er|re)s?\b|\bcms\b", "cm"),
    (r"\bmillimet(?:er|re)s?\b", "mm"),
    (r"\binches\b|\binch\b", "inch"),
    (r"\bhalf an? met(?:er|re)\b|\bhalf a m\b", "50 cm"),
    (r"\ba met(?:er|re)\b", "100 cm"),
    (r"(?<=\d) ?met(?:er|re)s?\b|(?<=\d) ?m\b", " m"),
    (r"\b(?:a |one )?(?:hand|palm|fist)(?:'?s)?[ -](?:width|breadth)\b", "10 cm"),
    (r"\b(?:a |one )?finger(?:'?s)?[ -](?:width|breadth)\b", "2 cm"),
    (r"\ban inch\b", "1 inch"),
    (r"\ba (?:few|couple of|couple) degrees\b", "6 degrees"),
    (r"\ba (?:few|couple of|couple) (?=cm|inch)", "3 "),
    (r"\ba quarter[ -]?(?:of a )?turn\b", "90 degrees"),
    (r"\b(?:a )?half(?: a)?[ -]turn\b|\bhalf ?way (?:a)?round\b", "180 degrees"),
    (r"\ban eighth of a turn\b", "45 degrees"),
    (r"\b(?:at |in |to |into )?an? right angles?\b|\bat right angles\b|\bsquare angle\b", "to 90 degrees"),
    (r"\bhalf[ -]?way\b", "halfway"),
    (r"^(?:just )?(?:bit|tad)(?= \w)", "a bit"),
    (r"(?<!the )(?<!a )(?<!little )(?<!tiny )(?<!wee )(?<!good )(?<!small )(?<!this )(?<!quite a )\bbit(?= (?:more|le"
     r"ss|higher|lower|further|"
     r"closer|wider))", "a bit"),
    (r"\b(left|right) (?:and|&|or) (?:the )?(?!\1)(?:left|right) (?=\w)", "both "),
    (r"\bboth of (?:the |her |his |their |your )?", "both "),
    (r"\bboth (?:the |her |his |their |your |my )", "both "),
    (r"\b(?:upper|trunk|top) (?:part of the )?body\b|\btop half\b", "torso"),
    (r"\b(left|right)[ -]hand side\b", r"\1 side"),
    (r"\bon tip-? ?toes?\b|\bon (?:the |her |his |their |your |my )?toes\b(?! (?:to|at))|\btip-? ?toes?\b", "tiptoe"),
    (r"\bon all 4s?\b", "on all fours"),
    (r"\bopen(?:ed|ing)? up\b", "open"),
    (r"\bgaze\b|\beyes\b", "gaze"),
    (r"\b(?:higher|further up) than (?=(?:the |your |her |his |their |my )?(?:left |right )?"
     r"(?:head|shoulders?|chin|face|hips?|waist|knees?|chest)\b)", "above "),
    (r"\bas far (?:to the |to your )?(left|right|up|down|forward|back) as (?:it goes|possible|(?:it|you|she|he|they) "
     r"can(?: go)?)", r"\1 as far as possible"),
    (r"\b(bend|lean|fold|hinge)((?: over| forwards?)*) (?:at|from|in) (?:the |your |her |his |their )?"
     r"hips?(?: joints?)?"
     r"(?=$| *[^\w ]| +(?:by|to|about|around)? ?\d)", r"\1\2 at the waist hinging"),
    (r"\b(bend|lean|fold|hinge)((?: over| forwards?)*) (?:at|from|in) (?:the |your |her |his |their )?"
     r"hips?(?: joints?)?"
     r"(?= with)", r"\1\2 at the waist"),
    (r"((?:bend|lean|fold|hinge)[^,.;]*?),? with (?:a |the |your |her |his |their )?(?:flat|straight) back\b",
     r"\1 hinging"),
    (r"\b(?:lean|rest) (?:more )?(?:on|onto|upon) (?:the |your |her |his |their )?(left|right) (?:leg|foot)",
     r"shift the weight to the \1 leg"),
)  # fmt: skip
_EVEN_COMPILED = tuple((re.compile(pattern), new) for pattern, new in _EVEN)

_POLITE = re.compile(
    r"\b(?:please|pls|kindly|(?:can|could|would|will) (?:you|we)|i(?:'d| would) (?:like|love|prefer)(?: (?:you )?to)?|"
    r"i want(?: (?:you|her|him|them) to)?|let'?s|try to|go ahead and|make sure (?:that |to )?|thanks?(?: you)?|"
    r"ok(?:ay)?|"
    r"alright|actually|maybe|perhaps|just|simply|for me|if possible|hmm+|(?<!as )well|great|good|nice|perfect|"
    r"i think|i meant?|rather|kind of|sort of|this time|from here|(?<!by )now|anymore|any more(?= *$))\b"
)  # fmt: skip


def even(text: str) -> str:
    """The text in one form."""
    folded = unicodedata.normalize("NFKC", text).lower()
    for pattern, new in _EVEN_COMPILED[:3]:
        folded = pattern.sub(new, folded)
    folded = _NUMBER.sub(_digits, folded)
    for pattern, new in _EVEN_COMPILED[3:]:
        folded = pattern.sub(new, folded)
    return " ".join(folded.split())


def plain(text: str) -> str:
    """Without the words of courtesy."""
    return " ".join(_POLITE.sub(" ", text).split()).strip(" ,")


def _digits(match: re.Match[str]) -> str:
    words = [word for word in re.split(r"[ -]", match[0]) if word != "and"]
    value = 0
    for word in words:
        if word == "hundred":
            value = max(value, 1) * 100
        elif word in _TENS:
            value += _TENS[word]
        elif word in _ONES:
            value += _ONES.index(word)
    rest = match.string[match.end() :]
    # "One arm" and "the other one" are no numbers; tens are, and what a unit follows is.
    if value >= 10 or re.match(rf" (?:more |extra |additional )?{_UNITS}\b", rest):
        return str(value)
    return match[0]


_SIZES: tuple[tuple[Size, str], ...] = (
    ("full", r"fully|completely|entirely|totally|all the way|maximally|as (?:far|high|low|much|wide|deep|straight) as "
             r"(?:possible|(?:she|he|they|you|it) can)|to the (?:max(?:imum)?|limit|full)|right (?:up|down)\b"),
    ("half", r"halfway|half as much|by half"),
    ("little", r"(?:just |only )?an? (?:tiny |little |wee |small |slight )?(?:bit|little|touch|tad|smidge(?:n)?|hair|"
               r"fraction|notch|nudge)|slightly|somewhat|gently|barely|minimally|a small amount|ever so|softly|subtly|"
             r"(?:small|short|tiny|little)(?= (?:step|stride))"),
    ("lot", r"a (?:whole )?lot|a good deal|quite a (?:bit|lot)|much|far(?! apart)|way(?= (?:up|down|more|higher|lower|"
            r"further|back|out|over|too))|significantly|considerably|greatly|strongly|deeply|sharply|dramatically|"
            r"substantially|really|very|well(?= (?:above|below))|a large amount|heavily|hard\b|"
            r"(?:big|large|huge|long|wide)(?= (?:step|stride))"),
)  # fmt: skip
_SIZE_PATTERNS: tuple[tuple[Size, re.Pattern[str]], ...] = tuple(
    (size, re.compile(rf"(?<!so )(?<!that )(?<!too )(?<!as )(?<!not )\b(?:{pattern})")) for size, pattern in _SIZES
)
_VALUE = re.compile(
    r"(?P<by>\b(?:by|another|an additional|additional|further|extra|about|around|roughly|approximately) )?"
    r"(?P<value>\d+(?:[.,]\d+)?) ?(?P<unit>degrees?|cm|mm|m|inch|foot|feet|percent|%)(?P<more> (?:more|further|extra|"
    r"less|lower|higher|closer|wider|deeper|apart|up|down))?(?!\w)"
)
_TO = re.compile(r"\b(?:to|at|of|is|be|=|exactly|until|into|reads?|shows?|with)(?: an?(?: angle of)?| about| around| "
                 r"exactly| angle of)? ?$")  # fmt: skip
_BARE = re.compile(r"\b(?:to|at|=)(?: about| around| exactly)? (?P<value>\d{1,3})(?! ?(?:cm|mm|m|inch|%|\d))\b")
_LAST = re.compile(
    r"(?:(?P<by>\bby)|(?<=elbow)|(?<=elbows)|(?<=knee)|(?<=knees)|(?<=arm)|(?<=arms)|(?<=hip)|(?<=angle)):? "
    r"(?P<value>\d{1,3})$"
)
_METRES = {"cm": 0.01, "mm": 0.001, "m": 1.0, "inch": 0.0254, "foot": 0.3048, "feet": 0.3048}


def read_amount(clause: str) -> tuple[Amount, str]:
    """The amount in a clause, and the clause without its words."""
    size: Size = "plain"
    rest = clause
    for named, pattern in _SIZE_PATTERNS:
        if match := pattern.search(rest):
            size = named
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
            break
    if match := _VALUE.search(rest):
        before = rest[: match.start()]
        unit = match["unit"]
        value = float(match["value"].replace(",", "."))
        to = bool(_TO.search(before)) or (unit.startswith("degree") and before.strip().endswith(":"))
        by = (match["by"] or "").strip() in ("by", "another", "an additional", "additional", "further", "extra")
        by = by or (match["more"] or "").strip() in ("more", "further", "extra", "less", "closer", "wider", "deeper")
        absolute = to and not by
        kept = match["more"] or ""
        rest = f"{_TO.sub(' ', before) if to else before} {kept} {rest[match.end() :]}"
        if unit in _METRES:
            return Amount(size, round(value * _METRES[unit], 6), "m", absolute, by), " ".join(rest.split())
        if unit.startswith("degree"):
            return Amount(size, value, "°", absolute, by), " ".join(rest.split())
    elif match := _BARE.search(rest) or _LAST.search(rest):
        rest = f"{rest[: match.start()]} {rest[match.end() :]}"
        by = bool(match.groupdict().get("by"))
        return Amount(size, float(match["value"]), "°", not by, by), " ".join(rest.split())
    return Amount(size), " ".join(rest.split())
