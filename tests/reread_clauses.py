"""Reads captions back: every clause of every sentence becomes statements, and text that can't be accounted for raises.

Written from docs/posecodes_clauses.md, with a lexicon of its own and nothing from `chatpose.posecodes`.
"""

import re
from dataclasses import dataclass
from functools import cache

OTHER = {"left": "right", "right": "left"}
OWNER = r"(?:their|the|his|her)"
SIDES = "(left|right)"
END = r"(?=$|[,;]| and )"

PERSONS = (
    "the person is", "they are", "this person is", "someone is", "the body is", "the figure is", "this figure is",
    "he is", "the man is", "this man is", "she is", "the woman is", "this woman is",
)  # fmt: skip

PAIRS = ("hands", "elbows", "knees", "feet", "arms", "legs", "forearms", "shins", "thighs")
SINGLES = (
    "upper arm", "forearm", "arm", "knee", "elbow", "hip", "hand", "foot", "shoulder", "thigh", "shin", "palm",
    "wrist",
)  # fmt: skip
MIDDLE = {
    "torso": "torso", "upper body": "torso", "trunk": "torso", "back": "back", "chest": "chest", "head": "head",
    "gaze": "gaze", "face": "face", "hips": "pelvis", "pelvis": "pelvis",
}  # fmt: skip
PLURALS = {"foot": "feet", "thigh": "thighs"}
OBJECTS = ("head", "neck", "torso", "chest", "belly", "back")
OBJECT_PARTS = ("upper arm", "forearm", "shoulder", "elbow", "hip", "thigh", "knee", "shin", "ankle", "foot", "hand")
VERBS = {
    "point": "pointing", "rest": "resting", "reach": "reaching", "face": "facing", "lean": "leaning",
    "hang": "hanging", "touch": "touching",
}  # fmt: skip


class UnreadError(ValueError):
    """Text that is no clause."""


# By noun: phrases (a regular expression; `X` stands for another part, `S` for a side) and what they claim. In claims
# `X` is the part found, `S` the first side found, `{own}` and `{other}` the side of the subject and the one across.
_BENDS = {
    "fully bent|tightly folded|completely bent": "fully bent",
    "sharply bent|bent well past a right angle|strongly bent": "sharply bent",
    "(?:bent )?at (?:about|roughly) a right angle": "right angle",
    "half bent|moderately bent|bent about halfway": "half bent",
    "slightly bent|a little bent|bent a little": "slightly bent",
    "(?:held )?straight|extended": "straight",
}
_NEAR = {"(?:close|next) to X|near X": "near X"}
_ABOVE = {"(?:up )?above X|higher than X": "above X", "(?:down )?below X|lower than X": "below X"}
_FRONT = {
    "in front of X|ahead of X|further forward than X": "in front of X",
    "behind X|further back than X|to the rear of X": "behind X",
}
_BESIDE = {"(?:over )?to the S of X|on the S of X": "to the S of X"}
_CROSSED = {"crossed (?:over )?past the other|on the far side of the other": "to the {other} of the other one"}
_INNER = {
    f"brought inward past the {part} on the same side|well inside the {part} on the same side|"
    f"on the inner side of the {part} on the same side": f"to the {{other}} of {{own}} {part}"
    for part in ("shoulder", "hip")
}
_ACROSS = {
    "brought across past the opposite shoulder|beyond the opposite shoulder|on the outer side of the opposite shoulder":
        "to the {other} of {other} shoulder",
}  # fmt: skip
_FAR = {
    "(?:far|far out|well) to the S of X": "far to the S of X",
    "(?:far|well) out to its own side|stretched out wide to its own side": "far to the {own} of {own} shoulder",
}
_LINES = {
    "level beside X|in line sideways with X|straight across from X": "level beside X",
    "vertically in line with X|straight above or below X|in one vertical line with X": "vertically in line with X",
    "in line front to back with X|straight in front of or behind X|in one line front to back with X":
        "in line front to back with X",
}  # fmt: skip
_TOUCHING = {"touching X|in contact with X|resting against X": "touching X"}
_TOGETHER = {"touching each other|in contact with each other|pressed together": "touching each other"}
_APART = {
    "(?:held )?close together|near each other": "close together",
    "(?:about|roughly) shoulder width apart|about as far apart as the shoulders": "shoulder width apart",
    "spread apart|well apart|more than shoulder width apart": "spread",
    "(?:spread )?far apart|wide apart": "wide apart",
    "level and (?:about|roughly) shoulder width apart|at the same height and about shoulder width apart":
        "level and shoulder width apart",
}  # fmt: skip
_LEVEL = {
    "horizontal|parallel to the floor|held horizontally": "horizontal",
    "vertical|in a vertical line|straight up and down|perpendicular to the floor": "vertical",
}
_DIRECTIONS = {
    **_LEVEL,
    "pointing up(?:ward)?|directed upward": "pointing up",
    "pointing down(?:ward)?|directed downward": "pointing down",
    "(?:pointing|directed) straight up|pointing vertically upward": "vertical & pointing up",
    "(?:pointing|directed) straight down|pointing vertically downward": "vertical & pointing down",
}
_FLOOR = {"(?:resting )?on the floor|down on the ground": "on ground"}

LEXICON: dict[str, dict[str, str]] = {
    "knee": {**_BENDS, **_NEAR, **_ABOVE, **_FRONT, **_BESIDE, **_CROSSED, **_FLOOR},
    "elbow": {**_BENDS, **_NEAR, **_ABOVE, **_FRONT, **_FLOOR},
    "hip": {
        "folded tightly|closed tightly|sharply folded": "folded",
        "(?:bent )?at (?:about|roughly) a right angle": "right angle",
        "partly bent|bent part of the way|somewhat bent": "half open",
        "(?:opened )?straight|extended": "straight",
        **_ABOVE,
    },
    "arm": {
        "raised a little from the side|held a little away from the side|slightly raised": "raised a little",
        "(?:raised|held out) at about a right angle to the torso|lifted to about a right angle with the torso":
            "raised level",
        "(?:raised|lifted) high|raised high past the shoulder": "raised high",
        "raised overhead|stretched past the head|lifted up alongside the head": "raised overhead",
    },
    "upper arm": {"(?:close along|held against|down by) the side": "arm! at the side", **_DIRECTIONS},
    "forearm": {**_DIRECTIONS, **_TOUCHING},
    "thigh": {**_DIRECTIONS, **_TOUCHING},
    "shin": _DIRECTIONS,
    "shoulder": {**_ABOVE, **_FRONT, **_FLOOR},
    "hand": {
        **_NEAR, **_ABOVE, **_FRONT, **_BESIDE, **_CROSSED, **_INNER, **_ACROSS, **_FAR, **_LINES, **_TOUCHING,
        **_FLOOR,
        "reaching beyond X|stretched past X|extended beyond X": "beyond X",
        "(?:resting |propped )?on the hips?": "on hip",
    },
    "foot": {
        **_NEAR, **_ABOVE, **_FRONT, **_BESIDE, **_CROSSED, **_INNER, **_LINES, **_TOUCHING, **_FLOOR,
        "(?:lifted )?off the floor|raised off the ground": "off ground",
        "on tiptoe|up on the toes|resting on the toes": "on tiptoe",
        "pointed|(?:stretched|extended) with pointed toes": "pointed",
        "flexed(?: towards the shin)?|drawn up at the ankle": "flexed",
        "turned out(?:ward)?|pointing outward": "turned out",
        "turned in(?:ward)?|pointing inward": "turned in",
    },
    "palm": {
        f"facing {way}{more}|turned {way}{extra}": f"facing {way}"
        for way, more, extra in (
            ("up", "(?:ward)?", ""), ("down", "(?:ward)?", ""),
            ("forward", "", "|turned to the front"), ("backward", "", "|turned to the rear"),
            ("inward", "", "|facing the middle of the body"),
            ("outward", "", "|facing away from the middle of the body"),
        )
    },
    "wrist": {
        "(?:bent|flexed) inward|curled towards the palm": "bent inward",
        "(?:bent|flexed|cocked) back": "bent back",
    },
    "torso": {
        **_LEVEL,
        "tipped head downward|inclined with the head down|turned head down": "head downward",
        "(?:leaning|bent|inclined) far forward": "leaning forward",
        "leaning slightly forward|tipped somewhat forward|inclined a little forward": "leaning slightly forward",
        "leaning slightly backward|tipped somewhat backward|inclined a little backward": "leaning slightly backward",
        "(?:leaning|bent|inclined) far backward": "leaning backward",
        "(?:leaning|bent|inclined) to the S": "leaning to the S",
        "leaning slightly to the S|tipped somewhat to the S|inclined a little to the S": "leaning slightly to the S",
        "(?:twisted|rotated) to the S|turned to the S from the waist": "twisted to the S",
        "twisted slightly to the S|turned a little to the S from the waist|rotated somewhat to the S":
            "twisted slightly to the S",
    },
    "chest": {f"(?:facing|turned) {way}|facing {way}ward": f"facing {way}" for way in ("up", "down")},
    "back": {
        "arched(?: backward)?|curved backward": "arched",
        "rounded(?: forward)?|curved forward": "rounded",
    },
    "head": {
        "(?:turned|rotated|facing) to the S": "turned to the S",
        "turned (?:slightly|a little) to the S|rotated slightly to the S": "turned slightly to the S",
        "turned far to the S|looking over the S shoulder": "gaze! over the S shoulder",
        "(?:tilted|tipped) to the S|tilted towards the S shoulder": "tilted to the S",
        "bowed|bent forward|lowered towards the chest": "bowed",
        "(?:tipped|tilted|bent) back": "tipped back",
        "facing the same way as the chest|in line with the chest|turned straight ahead": "straight ahead",
        **_FLOOR,
    },
    "gaze": {
        "directed over the S shoulder": "over the S shoulder",
        "(?:directed|angled) upward": "up",
        "(?:directed|angled) downward": "down",
        "(?:directed )?level|horizontal": "level",
    },
    "face": {"turned upward": "gaze! up", "turned downward": "gaze! down", "level": "gaze! level"},
    "pelvis": _FLOOR,
    "hands": {**_APART, **_TOGETHER},
    "elbows": _APART,
    "knees": _APART,
    "feet": {**_APART, **_TOGETHER},
    "forearms": _TOGETHER,
    "shins": _TOGETHER,
    "thighs": _TOGETHER,
    "arms": {
        "crossed(?: in front of the body)?|folded": "crossed",
        "raised overhead|lifted over the head|stretched up over the head": "raised overhead",
        "spread to the sides|stretched out to the sides|held out wide to the sides": "spread to the sides",
        "hanging (?:down|at the sides)|down by the sides": "hanging down",
        "stretched forward|reaching forward|held out in front": "stretched forward",
    },
    "legs": {
        "crossed(?: over each other| one over the other)?": "crossed",
        "(?:held )?straight|extended": "straight",
        "spread wide|wide apart|spread far apart": "spread wide",
    },
}  # fmt: skip

POSTURES = {
    "standing(?: up)?|in a standing (?:position|pose)": "standing",
    f"(?:standing(?: only)?|balancing) on {OWNER} S leg": "standing on the S leg",
    f"lunging with {OWNER} S leg in front|in a lunge with {OWNER} S leg (?:in front|forward)":
        "lunging with the S leg in front",
    "squatting|crouching|in a squat": "squatting",
    "(?:sitting|seated) as if on a chair|in a sitting position as on a chair": "sitting as on a chair",
    "(?:sitting|seated) on the floor|sitting on the ground": "sitting on the floor",
    "(?:sitting|seated) cross-legged|sitting with crossed legs": "sitting cross-legged",
    "(?:kneeling )?on both knees|kneeling": "kneeling",
    f"(?:kneeling|down|resting) on {OWNER} S knee": "kneeling on the S knee",
    f"(?:lying(?: down)?|resting) on {OWNER} back": "lying on the back",
    f"lying on {OWNER} (?:front|stomach)|lying face down": "lying on the front",
    f"(?:lying(?: down)?|resting) on {OWNER} S side": "lying on the S side",
    "(?:down )?on all fours|on hands and knees": "on all fours",
    "in a plank(?: position)?|holding a plank": "in a plank",
    "(?:turned )?upside down|head down with the legs up": "upside down",
    "bending forward|bent over forward|bending over": "bending forward",
    "arching backward|bending over backward|arched back": "arching backward",
    "bending (?:sideways )?to the S|bent over to the S": "bending to the S",
    "(?:twisting|twisted|turning at the waist) to the S": "twisting to the S",
}  # fmt: skip


@dataclass(frozen=True)
class Read:
    """One clause as it was read.

    Attributes:
        text: its words.
        statements: what it claims.
    """

    text: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """Whom a clause speaks of: a part, with a side unless it is in the middle or a pair."""

    side: str
    noun: str


def read_caption(text: str) -> list[Read]:
    """Every clause of a caption.

    Raises:
        UnreadError: some of the text is no clause.
    """
    if text == "No pose can be made out.":
        return []
    clauses: list[Read] = []
    sentences = re.findall(r"[^.]*\.", text)
    if " ".join(sentence.strip() for sentence in sentences) != text:
        raise UnreadError(f"no sentences: {text!r}")
    for number, sentence in enumerate(sentences):
        words = sentence.strip().removesuffix(".")
        if not words or not words[0].isupper():
            raise UnreadError(f"a sentence begins {words[:20]!r}")
        _Sentence(words[0].lower() + words[1:], clauses).read(first=number == 0)
    return clauses


class _Sentence:
    """Reads one sentence from left to right; nothing is skipped."""

    def __init__(self, text: str, clauses: list[Read]) -> None:
        self.text, self.place, self.clauses = text, 0, clauses

    def read(self, first: bool) -> None:
        person = self._match(rf"(?:{'|'.join(PERSONS)})(?= )") if first else None
        if person:
            self._expect(" ")
            self._posture()
            while self._match(" and ") or (not self._ahead(r", with ") and self._match(", ")):
                self._posture()
        else:
            self._clause()
        while not self._ahead("$"):
            if self._match(", with "):
                self._clause(verbless=True)
                while self._match(", and ") or self._match(", ") or self._match(" and "):
                    self._clause(verbless=True)
                self._expect("$")
                return
            if person or not (self._match(", and ") or self._match(", while ") or self._match("; ")):
                self._fail()
            self._clause()

    def _posture(self) -> None:
        start = self.place
        self._claim(start, [Subject("", "body")])

    def _clause(self, verbless: bool = False) -> None:
        start = self.place
        subjects = self._subjects()
        if not verbless:
            verb = self._match(r" (is|are) ")
            if not verb:
                self._finite(start, subjects)
                return
            many = len(subjects) > 1 or subjects[0].noun in PAIRS
            many = many and not re.match("each ", self.text[start:])
            many |= self.text[start : self.place].endswith(" hips are ")
            if (verb[1] == "are") != many:
                self._fail("singular and plural")
        else:
            self._expect(" ")
        self._claim(start, subjects)
        while (
            match := self._match(r"(?:, and | and |, )(?!(?:and|their|the|his|her|both|each|with|while)\b)")
        ) is not None:
            del match
            self._claim(start, subjects)

    def _finite(self, start: int, subjects: list[Subject]) -> None:
        """A verb of its own: "points up", "rest on the floor"."""
        verb = self._match(f" ({'|'.join(VERBS)})(s|es)?(?= )") or self._fail()
        self.text = f"{self.text[: self.place]}\0{VERBS[verb[1]]}{self.text[self.place :]}"
        self.place += 1
        self._claim(start, subjects)

    def _subjects(self) -> list[Subject]:
        subjects = self._subject()
        while (mark := self._ahead(rf"(?:, and | and |, )(?={OWNER} |both |each )")) is not None:
            here = self.place
            self.place += len(mark[0])
            subjects += self._subject()
            if self.place == here:
                self._fail()
        return subjects

    def _subject(self) -> list[Subject]:
        one = self._match(rf"{OWNER} {SIDES} ({'|'.join(SINGLES)})\b")
        if one:
            return [Subject(one[1], one[2])]
        both = self._match(rf"(?:both ({'|'.join(_plural(noun) for noun in SINGLES)})|each ({'|'.join(SINGLES)}))\b")
        if both:
            noun = both[2] or next(noun for noun in SINGLES if _plural(noun) == both[1])
            return [Subject("left", noun), Subject("right", noun)]
        pair = self._match(rf"{OWNER} ({'|'.join(sorted(PAIRS, key=len, reverse=True))})\b")
        if pair:
            return [Subject("", pair[1])]
        middle = self._match(rf"{OWNER} ({'|'.join(MIDDLE)})\b") or self._fail("subject")
        return [Subject("", MIDDLE[middle[1]])]

    def _claim(self, start: int, subjects: list[Subject]) -> None:
        """The longest complement that every subject can have."""
        found = [_complement(subject, self.text[self.place :]) for subject in subjects]
        lengths = {length for length, _ in found}
        if len(lengths) != 1 or 0 in lengths:
            self._fail("complement")
        self.place += lengths.pop()
        words = self.text[start : self.place].replace("\0", " ~ ")
        self.clauses.append(Read(words, tuple(name for _, names in found for name in names)))

    def _match(self, pattern: str) -> re.Match[str] | None:
        match = re.compile(pattern).match(self.text, self.place)
        self.place = match.end() if match else self.place
        return match

    def _ahead(self, pattern: str) -> re.Match[str] | None:
        return re.compile(pattern).match(self.text, self.place)

    def _expect(self, pattern: str) -> None:
        if self._match(pattern) is None:
            self._fail(pattern)

    def _fail(self, what: str = "clause") -> re.Match[str]:
        raise UnreadError(f"no {what} at {self.text[self.place :]!r} in {self.text!r}")


def _plural(noun: str) -> str:
    return PLURALS.get(noun, f"{noun}s")


_SIDE_GROUP = "(?P<way>left|right)"
_THING = (
    rf"(?P<thing>the (?:{'|'.join(OBJECTS)})|the hips|the (?:left|right) (?:{'|'.join(OBJECT_PARTS)})|"
    rf"the opposite (?:{'|'.join(OBJECT_PARTS)})|the (?:{'|'.join(OBJECT_PARTS)}) on the same side)"
)


@cache
def _patterns(noun: str) -> list[tuple[re.Pattern[str], str]]:
    rows = POSTURES if noun == "body" else LEXICON[noun]
    made = []
    for phrases, claim in rows.items():
        for phrase in _top_level(phrases):
            pattern = re.sub(r"\bX\b", lambda _: _THING, re.sub(r"\bS\b", lambda _: _SIDE_GROUP, phrase))
            made.append((re.compile(pattern + END), claim))
    return made


def _top_level(phrases: str) -> list[str]:
    """Alternatives outside brackets."""
    parts, depth = [""], 0
    for letter in phrases:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _complement(subject: Subject, text: str) -> tuple[int, list[str]]:
    """Length of the longest complement that the text begins with, and the statements that it makes."""
    best, names = 0, []
    for pattern, claim in _patterns(subject.noun):
        match = pattern.match(text)
        if match and match.end() > best:
            best, names = match.end(), _statements(subject, claim, match)
    return best, names


def _statements(subject: Subject, claim: str, match: re.Match[str]) -> list[str]:
    noun, changed, rest = claim.rpartition("! ")
    side, part = ("", noun) if changed and noun == "gaze" else (subject.side, noun or subject.noun)
    other = OTHER.get(subject.side, "")
    found = match.groupdict()
    rest = rest.replace("the other one", f"{other} {part}")
    rest = rest.replace("{own}", subject.side).replace("{other}", other)
    rest = re.sub(r"\bX\b", lambda _: _thing(found["thing"], subject.side), rest)
    rest = re.sub(r"\bS\b", lambda _: found["way"], rest)
    predicates = rest.split(" & ")
    who = f"{side} {part}".strip()
    return [predicate if part == "body" else f"{who}: {predicate}" for predicate in predicates]


def _thing(words: str, side: str) -> str:
    words = words.removeprefix("the ")
    if words == "hips":
        return "pelvis"
    if words.startswith("opposite "):
        return f"{OTHER[side]} {words.removeprefix('opposite ')}"
    if words.endswith(" on the same side"):
        return f"{side} {words.removesuffix(' on the same side')}"
    return words
