"""The phrasebook: how people say the statements of the grammar (data/atlas/phrasebook, docs/atlas.md).

Only the left form is written down; the right one is made by exchanging the words left and right. A fifth of the
wordings, chosen by a hash of the text, is kept for testing: no model is trained on them and no parser reads them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from chatpose.posecodes.definitions import posecodes_by_name
from chatpose.posecodes.grammar import Statement, contradictions, measures_by_name, parse
from chatpose.posecodes.posecode import exchange_sides
from chatpose.resources import asset
from chatpose.yaml_source import Source, read_yaml

PARTS_FILE = "parts.yaml"
TEST_SHARE = 0.2

_SIDE_WORD = re.compile(r"\b(left|right)\b(?! angle)", re.IGNORECASE)
_READS = re.compile(r"(?:(?P<from>\d+(?:\.\d+)?) - )?n(?: (?P<operator>[*/]) (?P<factor>\d+(?:\.\d+)?))?")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Saying:
    """One wording and what it means.

    Attributes:
        text: as people say it; may hold `{part}`.
        means: statements in the grammar's form that hold together; may hold `{part}` where the text does.
    """

    text: str
    means: tuple[str, ...]

    @property
    def for_test(self) -> bool:
        """Whether it is kept for testing; its mirrored form goes with it."""
        return is_test_wording(self.text)

    def mirrored(self) -> "Saying":
        """The same of the other side."""
        return Saying(exchange_words(self.text), tuple(map(mirrored_line, self.means)))

    def about(self, part: str, words: str) -> "Saying":
        """With the part filled in: its name in the grammar and what people call it."""
        return Saying(self.text.replace("{part}", words), tuple(line.replace("{part}", part) for line in self.means))

    def statements(self) -> tuple[Statement, ...]:
        """The statements that it makes; none may hold a slot any more."""
        return tuple(map(parse, self.means))


@dataclass(frozen=True)
class NumberSaying:
    """One wording with a number in it.

    Attributes:
        text: with `{n}` in the place of the number.
        measure: name of the measure that it speaks of.
        offset: the measure is `offset + factor * n`.
        factor: see `offset`.
    """

    text: str
    measure: str
    offset: float
    factor: float

    @property
    def for_test(self) -> bool:
        """Whether it is kept for testing."""
        return is_test_wording(self.text)

    def value(self, number: float) -> float:
        """What the measure is when the sentence says `number`."""
        return self.offset + self.factor * number

    def mirrored(self) -> "NumberSaying":
        """The same of the other side; a measure "… left" turns its sign instead."""
        other = exchange_sides(self.measure)
        if other in measures_by_name():
            return NumberSaying(exchange_words(self.text), other, self.offset, self.factor)
        return NumberSaying(exchange_words(self.text), self.measure, -self.offset, -self.factor)


@dataclass(frozen=True)
class Phrasebook:
    """All wordings, in the order of the files; left forms only, `mirrored()` gives the others.

    Attributes:
        sayings: wordings of statements.
        numbers: wordings of measures.
        parts: what people call the parts of the grammar.
    """

    sayings: tuple[Saying, ...]
    numbers: tuple[NumberSaying, ...]
    parts: Mapping[str, tuple[str, ...]]

    @cached_property
    def by_meaning(self) -> Mapping[frozenset[str], tuple[Saying, ...]]:
        """Wordings of each set of statements, patterns under their pattern."""
        found: dict[frozenset[str], list[Saying]] = {}
        for saying in self.sayings:
            found.setdefault(frozenset(saying.means), []).append(saying)
        return {means: tuple(several) for means, several in found.items()}

    def wordings(self, *statements: str) -> tuple[Saying, ...]:
        """Wordings of exactly these statements, whichever side they are of; patterns filled in.

        Returns:
            Training and test wordings alike, told apart by `Saying.for_test`; empty where the book has none.
        """
        wanted = frozenset(statements)
        found = list(self.by_meaning.get(wanted, ()))
        mirrored = frozenset(map(mirrored_line, wanted))
        if mirrored != wanted:
            found += [saying.mirrored() for saying in self.by_meaning.get(mirrored, ())]
        if len(wanted) == 1:
            found += self._patterns(*wanted)
        return tuple(dict.fromkeys(found))

    def _patterns(self, statement: str) -> list[Saying]:
        """Wordings of a pattern that the statement, or its mirror image, is an instance of."""
        found = []
        for turned in dict.fromkeys((statement, exchange_sides(statement))):
            for part in self._part_names:
                if not turned.endswith(f" {part}"):
                    continue
                pattern = self.by_meaning.get(frozenset((turned.removesuffix(part) + "{part}",)), ())
                words = self.calls(part)
                filled = [saying.about(part, words[number % len(words)]) for number, saying in enumerate(pattern)]
                found += filled if turned == statement else [saying.mirrored() for saying in filled]
        return found

    def calls(self, part: str) -> tuple[str, ...]:
        """What people call a part of the grammar, of either side."""
        if part in self.parts:
            return self.parts[part]
        return tuple(map(exchange_words, self.parts[exchange_sides(part)]))

    @cached_property
    def _part_names(self) -> tuple[str, ...]:
        both = (name for part in self.parts for name in (part, exchange_sides(part)))
        return tuple(dict.fromkeys(both))


def exchange_words(text: str) -> str:
    """The words left and right exchanged in a sentence, capitals kept; "right angle" stays."""

    def other(match: re.Match[str]) -> str:
        word = match.group()
        turned = "right" if word.lower() == "left" else "left"
        return turned.capitalize() if word[0].isupper() else turned

    return _SIDE_WORD.sub(other, text)


def mirrored_line(line: str) -> str:
    """A statement about the mirror image; a range may turn its sign, so it has to be read."""
    return str(parse(line).mirrored()) if ".." in line else exchange_sides(line)


def is_test_wording(text: str) -> bool:
    """Whether a wording is kept for testing: drawn from its text with the sides left out, so it never changes."""
    neutral = _SIDE_WORD.sub("side", " ".join(text.lower().split()))
    return hashlib.sha256(neutral.encode()).digest()[0] < 256 * TEST_SHARE


def phrasebook_files() -> list[Path]:
    """The files that ship with chatpose."""
    return sorted(asset("data", "atlas", "phrasebook").glob("*.yaml"))


@cache
def shipped_phrasebook() -> Phrasebook:
    """The phrasebook that ships with chatpose."""
    return read_phrasebook(phrasebook_files())


def read_phrasebook(paths: Iterable[Path]) -> Phrasebook:
    """Reads the files of a phrasebook.

    Raises:
        SourceError: a malformed item, an unknown statement or measure, a wording that comes twice with different
            meanings.
    """
    sayings: list[Saying] = []
    numbers: list[NumberSaying] = []
    parts: dict[str, tuple[str, ...]] = {}
    owners: dict[str, tuple[str, ...]] = {}
    for path in paths:
        source = read_yaml(path)
        if path.name == PARTS_FILE:
            parts |= {part: _texts(words) for part, words in source.members().items()}
            continue
        for item in source.items():
            found = _item(item)
            for saying in found:
                _refuse_second_meaning(item, saying, owners)
            sayings += [saying for saying in found if isinstance(saying, Saying)]
            numbers += [saying for saying in found if isinstance(saying, NumberSaying)]
    return Phrasebook(tuple(sayings), tuple(numbers), parts)


def _item(source: Source) -> "list[Saying | NumberSaying]":
    keys = source.members()
    texts = _texts(keys["wordings"]) if "wordings" in keys else ()
    if set(keys) == {"means", "wordings"}:
        means = tuple(item.text() for item in keys["means"].items())
        _check_meaning(keys["means"], means)
        slots = {slot for line in means for slot in _SLOT.findall(line)}
        _check_slots(keys["wordings"], texts, slots)
        return [Saying(text, means) for text in texts]
    if set(keys) == {"measure", "reads", "wordings"}:
        measure = keys["measure"].text()
        if measure not in measures_by_name():
            raise keys["measure"].error(f"unknown measure {measure!r}")
        match = _READS.fullmatch(keys["reads"].text())
        if not match:
            raise keys["reads"].error(repr(keys["reads"].text()), expected='"n", "180 - n", "n / 100" or "n * 0.3"')
        _check_slots(keys["wordings"], texts, {"n"})
        factor = float(match["factor"] or 1)
        factor = 1 / factor if match["operator"] == "/" else factor
        sign, offset = (-1, float(match["from"])) if match["from"] else (1, 0.0)
        return [NumberSaying(text, measure, offset, sign * factor) for text in texts]
    raise source.error(f"the keys {', '.join(keys)}", expected="means, wordings; or measure, reads, wordings")


def _texts(source: Source) -> tuple[str, ...]:
    texts = tuple(item.text() for item in source.items())
    double = [text for number, text in enumerate(texts) if text.lower() in map(str.lower, texts[:number])]
    if double or not texts:
        raise source.error(f"{double[0]!r} twice" if double else "no wording")
    return texts


def _check_meaning(source: Source, means: tuple[str, ...]) -> None:
    """Every line is a statement, or a pattern that some part makes one; together they don't contradict each other."""
    statements = []
    for item, line in zip(source.items(), means, strict=True):
        if "{part}" not in line:
            statements.append(item.convert(parse))
            continue
        start = line.removesuffix("{part}").removeprefix("not: ")
        if "{part}" in start or not any(name.startswith(start) for name in posecodes_by_name()):
            raise item.error(repr(line), expected="a statement that ends in a part")
    for first, second in contradictions(statements):
        raise source.error(f"{first} and {second} can't hold together")


def _check_slots(source: Source, texts: tuple[str, ...], slots: set[str]) -> None:
    for text, item in zip(texts, source.items(), strict=True):
        if set(_SLOT.findall(text)) != slots or any(text.count(f"{{{slot}}}") > 1 for slot in slots):
            wanted = f"{{{next(iter(slots))}}} once" if slots else "no {…}"
            raise item.error(repr(text), expected=wanted)


def _refuse_second_meaning(source: Source, saying: Saying | NumberSaying, owners: dict[str, tuple[str, ...]]) -> None:
    means = saying.means if isinstance(saying, Saying) else (saying.measure, str(saying.factor))
    key = " ".join(saying.text.lower().split())
    other = owners.setdefault(key, means)
    if set(other) != set(means):
        raise source.error(f"{saying.text!r} means {'; '.join(other)} elsewhere and {'; '.join(means)} here")
