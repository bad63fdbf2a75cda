"""Conversations as rows of tokens, in an order that depends on the seed alone, and from any place on again.

Conversations come in chunks. A chunk is drawn, rendered and packed by itself, from its number: so several processes
have chunks of their own, workers may prepare them in any order, and a run goes on at a chunk and a row.
"""

import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch.utils.data import DataLoader, Dataset, Sampler

from chatpose.corpus.instructions.messages import Conversation
from chatpose.errors import ChatposeError
from chatpose.train.language_packing import Example, plan_rows
from chatpose.train.language_settings import LanguageTraining

log = logging.getLogger(__name__)

Draw = Callable[[int], Conversation]
"""The conversation of a number."""


class Make(Protocol):
    """Renders conversations."""

    def prepare(self, conversations: Sequence[Conversation]) -> None:
        """Is told which ones come next; does for all at once what is slow one by one."""
        ...

    def __call__(self, conversation: Conversation) -> Example:
        """A conversation as a model learns it."""
        ...


TOO_LONG, NOTHING_LEARNED, BAD = "too long", "nothing to learn", "can't be shown to the model"


class UnusableConversationError(ChatposeError, ValueError):
    """A conversation that the model can't be shown."""


@dataclass(frozen=True)
class Cursor:
    """A place in a process's rows: chunks of its own that are behind, and rows of the next."""

    chunk: int = 0
    row: int = 0


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows of examples.

    Attributes:
        rows: of the conversations.
        left_out: how many there are beside, by reason.
        problem: why the run can't go on; empty when it can. As words: workers can't hand every error over.
    """

    rows: list[list[Example]]
    left_out: dict[str, int]
    problem: str = ""


class ConversationSource:
    """An endless stream of conversations: generated ones, those of files again and again, or both mixed.

    Args:
        chunk: conversations drawn together.
        seed: of the stream.
        generate: makes the conversation of a number; none are generated when absent.
        files: conversations of people.
        share: of generated ones where there are both.
    """

    def __init__(
        self,
        chunk: int,
        seed: int,
        generate: Draw | None = None,
        files: Sequence[Conversation] = (),
        share: float = 0.8,
    ) -> None:
        if generate is None and not files:
            raise ChatposeError("no conversations to learn", expected="data.files or data.bank in the settings")
        self.size, self.seed, self.generate, self.files = chunk, seed, generate, files
        self.made = chunk if not files else 0 if generate is None else round(share * chunk)

    def chunk(self, number: int) -> list[Conversation]:
        """The conversations of a chunk."""
        drawn: list[Conversation] = []
        if self.generate is not None:
            drawn += [self.generate(number * self.made + place) for place in range(self.made)]
        read = self.size - self.made
        drawn += [self._read(number * read + place) for place in range(read)]
        order = np.random.default_rng([self.seed, 1, number]).permutation(len(drawn))
        return [drawn[place] for place in order]

    def _read(self, place: int) -> Conversation:
        """Of the files, each once before any comes again."""
        epoch, place = divmod(place, len(self.files))
        order = np.random.default_rng([self.seed, 2, epoch]).permutation(len(self.files))
        return self.files[int(order[place])]


class Chunks(Dataset[Chunk]):
    """Chunks of packed rows by their number.

    Args:
        source: of conversations.
        make: renders one.
        settings: of the run.
        skip_bad: leave out what can't be rendered, and count it.
    """

    def __init__(
        self, source: ConversationSource, make: Make, settings: LanguageTraining, *, skip_bad: bool = False
    ) -> None:
        self.source, self.make, self.settings, self.skip_bad = source, make, settings, skip_bad

    def __getitem__(self, index: int) -> Chunk:
        """The chunk of a number; with `problem` where a conversation can't be used."""
        try:
            return self._chunk(index)
        except ChatposeError as error:
            return Chunk([], {}, str(error))

    def _chunk(self, index: int) -> Chunk:
        left_out: Counter[str] = Counter()
        examples = []
        drawn = self.source.chunk(index)
        self.make.prepare(drawn)
        for conversation in drawn:
            made, why = example_or_reason(self.make, conversation, self.settings.length, skip_bad=self.skip_bad)
            if made is not None:
                examples.append(made)
            left_out.update([why] if why else [])
        planned = plan_rows([len(one) for one in examples], self.settings.length)
        order = np.random.default_rng([self.settings.seed, 3, index]).permutation(len(planned))
        rows = [[examples[place] for place in sorted(planned[row])] for row in order]
        return Chunk(rows, dict(left_out))


def example_or_reason(
    make: Make, conversation: Conversation, length: int, *, skip_bad: bool
) -> tuple[Example | None, str]:
    """An example, or why there is none.

    Raises:
        UnusableConversationError: it can't be rendered, and bad ones aren't to be left out.
    """
    try:
        made = make(conversation)
    except ChatposeError as error:
        if not skip_bad:
            begun = " ".join(next((message.text for message in conversation.messages if message.text), "").split())
            raise UnusableConversationError(
                f"the conversation that begins {begun[:60]!r}: {error.got}",
                expected=error.expected,
                fix=f"{error.fix or 'mend it'}, or leave such conversations out by --skip-bad",
            ) from error
        return None, BAD
    if len(made) > length:
        return None, TOO_LONG
    if not bool(made.weights[1:].any()):
        return None, NOTHING_LEARNED
    return made, ""


class _From(Sampler[int]):
    """Numbers from one on, in steps."""

    def __init__(self, first: int, step: int) -> None:
        self.first, self.step = first, step

    def __iter__(self) -> Iterator[int]:
        return itertools.count(self.first, self.step)


class RowStream:
    """The rows of one process, from its cursor on.

    Args:
        chunks: of all processes.
        rank: of this process.
        processes: how many there are.
        workers: processes that prepare chunks.

    Attributes:
        cursor: before the next row; whoever takes rows moves it when they have been learned.
        left_out: conversations so far, by reason.
    """

    def __init__(self, chunks: Chunks, rank: int = 0, processes: int = 1, workers: int = 0) -> None:
        self.chunks, self.rank, self.processes, self.workers = chunks, rank, processes, workers
        self.cursor = Cursor()
        self.left_out: Counter[str] = Counter()
        self._ahead: Iterator[tuple[list[Example], Cursor]] | None = None
        self._at = self.cursor

    def take(self, count: int) -> tuple[list[list[Example]], Cursor]:
        """The next rows, and where the stream is behind them; `cursor` stays.

        Raises:
            ChatposeError: a conversation that can't be used; or chunk after chunk has none that fits.
        """
        if self._ahead is None or self._at != self.cursor:
            self._ahead = self._rows(self.cursor)
        taken = []
        for _ in range(count):
            row, self._at = next(self._ahead)
            taken.append(row)
        return taken, self._at

    def examples(self, count: int) -> list[Example]:
        """The first of the stream, for trials; the stream stays where it is."""
        found: list[Example] = []
        for number in range(4):
            found += itertools.chain.from_iterable(_usable(self.chunks[number]).rows)
            if len(found) >= count:
                break
        # One with photos, where there is one, shows more.
        return sorted(found, key=lambda one: (not one.images, len(one)))[:count]

    def _rows(self, start: Cursor) -> Iterator[tuple[list[Example], Cursor]]:
        first = self.rank + start.chunk * self.processes
        options: dict[str, Any] = {"num_workers": self.workers}
        if self.workers:
            options |= {"prefetch_factor": 2, "multiprocessing_context": "fork"}
        loader = DataLoader(self.chunks, batch_size=None, sampler=_From(first, self.processes), **options)
        empty = 0
        for number, chunk in enumerate(loader, start.chunk):
            _usable(chunk)
            skipped = start.row if number == start.chunk else 0
            if not skipped:
                self._tell(chunk)
            empty = 0 if chunk.rows else empty + 1
            if empty == 8:
                raise ChatposeError(
                    f"none of {empty * self.chunks.source.size} conversations fits", fix="raise length in the settings"
                )
            for place, row in enumerate(chunk.rows[skipped:], skipped + 1):
                yield row, Cursor(number, place) if place < len(chunk.rows) else Cursor(number + 1, 0)

    def _tell(self, chunk: Chunk) -> None:
        for why, count in chunk.left_out.items():
            if why not in self.left_out and not self.rank:
                log.warning("conversations are left out: %s (counted in the log)", why)
            self.left_out[why] += count


def _usable(chunk: Chunk) -> Chunk:
    if chunk.problem:
        raise UnusableConversationError(chunk.problem)
    return chunk
