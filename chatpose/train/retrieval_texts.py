"""Texts that the embedder is trained on: whose poses they describe and what they claim.

The right form of a sentence isn't a text of its own: the embedder treats a sentence with left and right exchanged and
the mirror image exactly alike (`chatpose.retrieval.halves`).
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from chatpose.atlas.entry import VOICES, Description, Entry
from chatpose.body.pose import Pose
from chatpose.posecodes.captioning import Caption, StyleName, caption
from chatpose.posecodes.definitions import posecodes_by_name
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.extraction import Extraction
from chatpose.posecodes.grammar import Statement, parse
from chatpose.posecodes.phrasebook import Phrasebook
from chatpose.posecodes.spoken import spoken_caption

KINDS: tuple[str, ...] = ("atlas", "sentences", "names", "parts", "phrases", "spoken", "captions", "clips")
"""Kinds of texts: sentences of entries, more of them (`atlas.sentences`), names, clauses of sentences, wordings of the
phrasebook, poses told in its
words, poses in the captions' own language, descriptions of recordings."""

VALIDATION_SHARE = 1 / 11
"""Of the training entries that are held out whole for choosing settings."""
VALIDATION_VOICES = 1

_CLAUSE_END = re.compile(r"(?<=[,;:.!?])\s+")
MIN_PART_WORDS = 5
_CHUNK = 512


@dataclass(frozen=True)
class Text:
    """A text to train on.

    Attributes:
        text: the words.
        kind: one of `KINDS`.
        claims: statements that must hold for a pose to be a right answer.
        group: poses that it is about: an entry's place, a pose's row or a clip's number, by kind; -1 for whichever
            meets the claims.
    """

    text: str
    kind: str
    claims: tuple[Statement, ...]
    group: int


@dataclass(frozen=True)
class HeldOut:
    """A sentence about an entry that isn't trained on.

    Attributes:
        voice: who speaks.
        text: the words.
        entry: place of the entry.
    """

    voice: str
    text: str
    entry: int


def is_validation_entry(entry: Entry) -> bool:
    """Whether an entry is held out for choosing settings, by a hash of its id."""
    return hashlib.sha256(f"validation/{entry.id}".encode()).digest()[0] < 256 * VALIDATION_SHARE


def validation_descriptions(entry: Entry) -> tuple[Description, ...]:
    """Training descriptions that are held out for choosing settings: the first of one voice, by a hash of the id."""
    ranked = sorted(VOICES, key=lambda voice: hashlib.sha256(f"validation/{entry.id}/{voice}".encode()).digest())
    left = entry.training_descriptions()
    voices = [voice for voice in ranked if any(one.voice == voice for one in left)][:VALIDATION_VOICES]
    return tuple(next(one for one in left if one.voice == voice) for voice in voices)


def entry_texts(
    entry: Entry, place: int, held: Iterable[Description], unseen: "NameSearch | None" = None
) -> Iterator[Text]:
    """Names, sentences and long sentences' clauses of an entry.

    Args:
        entry: for training.
        place: what to call its poses.
        held: descriptions to leave out.
        unseen: names that no text may hold.
    """
    left_out = set(held)
    names = [(name, "names") for name in entry.names]
    sentences = [one.text for one in entry.training_descriptions() if one not in left_out]
    parts = [(part, "parts") for text in sentences for part in clauses(text)]
    for text, kind in (*names, *((text, "atlas") for text in sentences), *parts):
        if unseen is None or not unseen.found_in(text):
            yield Text(text, kind, entry.claims, place)


def clauses(text: str) -> list[str]:
    """The first and the second half of a sentence of several clauses, cut at punctuation."""
    pieces = _CLAUSE_END.split(text)
    if len(pieces) < 2:
        return []
    cut = min(range(1, len(pieces)), key=lambda n: abs(2 * len(" ".join(pieces[:n])) - len(text)))
    halves = (" ".join(pieces[:cut]), " ".join(pieces[cut:]))
    return [half.rstrip(",;:") for half in halves if len(half.split()) >= MIN_PART_WORDS]


def plain_words(text: str) -> str:
    """A text's words alone, in lower case."""
    return " ".join(re.findall(r"\w+", text.lower()))


class NameSearch:
    """Finds names of entries in texts.

    Args:
        entries: whose names no training text may hold.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        names = sorted({re.escape(name.lower()) for entry in entries for name in entry.names})
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)") if names else None

    def found_in(self, text: str) -> bool:
        """Whether a text holds one of the names as whole words."""
        return self._pattern is not None and self._pattern.search(text.lower()) is not None


def phrase_texts(book: Phrasebook) -> Iterator[Text]:
    """Training wordings of the phrasebook, the left forms; a pattern is filled in with a part of each name."""
    for number, saying in enumerate(book.sayings):
        if saying.for_test:
            continue
        if not any("{part}" in line for line in saying.means):
            yield Text(saying.text, "phrases", tuple(map(parse, saying.means)), -1)
            continue
        (line,) = (line for line in saying.means if "{part}" in line)
        known = posecodes_by_name()
        parts = [part for part in book.parts if line.removeprefix("not: ").replace("{part}", part) in known]
        for part in parts[number % max(len(parts), 1) :][:1]:
            words = book.calls(part)
            filled = saying.about(part, words[number % len(words)])
            yield Text(filled.text, "phrases", filled.statements(), -1)


@dataclass(frozen=True)
class CaptionCounts:
    """Captions by style.

    Attributes:
        short: of one sentence.
        plain: of what is telling.
        full: of nearly all.
    """

    short: int
    plain: int
    full: int

    def __iter__(self) -> Iterator[tuple[StyleName, int]]:
        yield "short", self.short
        yield "plain", self.plain
        yield "full", self.full


def caption_texts(
    describer: Describer, poses: Pose, rows: Tensor, counts: CaptionCounts, kind: str, generator: torch.Generator
) -> Iterator[Text]:
    """Captions of poses drawn at random.

    Args:
        describer: measures them.
        poses: of which some are told.
        rows: which may be drawn.
        counts: how many of each style.
        kind: "spoken" for the phrasebook's words, "captions" for the captions' own language.
        generator: of everything random.
    """
    write = spoken_caption if kind == "spoken" else caption
    for style, count in counts:
        chosen = rows[torch.randint(len(rows), (count,), generator=generator)]
        seeds = torch.randint(2**31, (count,), generator=generator)
        for part, some in zip(chosen.split(_CHUNK), seeds.split(_CHUNK), strict=True):
            told = write(describer.extract(poses[part]), style, some.tolist())
            for row, said in zip(part.tolist(), told, strict=True):
                if said.clauses:
                    yield caption_text(said, kind, row)


def caption_text(said: Caption, kind: str, row: int) -> Text:
    """A caption as a text to train on."""
    return Text(said.text, kind, tuple(Statement(code) for code in dict.fromkeys(said.statements)), row)


def short_captions(found: Extraction, words: int, tries: int = 12) -> list[Caption | None]:
    """Plain captions of at most so many words, by trying several wordings; None where none is."""
    kept: list[Caption | None] = [None] * len(found)
    for seed in range(tries):
        for place, said in enumerate(caption(found, "plain", seed)):
            if kept[place] is None and said.clauses and len(said.text.split()) <= words:
                kept[place] = said
    return kept
