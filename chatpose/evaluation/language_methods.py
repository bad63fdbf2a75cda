"""Ways to make a pose of a request, to be compared: the raw model, the nearest caption, parser and solver, verified."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from chatpose.body.ground import put_on_floor
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError
from chatpose.evaluation.language_rows import MINILM, RAW, SOLVER, VERIFIED
from chatpose.evaluation.retrieval_methods import PlainSentences, PoseGallery
from chatpose.language.verified.answer import Generated
from chatpose.posecodes.parsing.parser import SentenceParser
from chatpose.posecodes.solve import Solver

Bar = Callable[[Iterable[str], str], Iterable[str]]
"""Shows progress over some texts under a name."""


class Generates(Protocol):
    """What answers requests, such as `Generator`."""

    def generate(self, text: str, *, count: int = 1, seed: int = 0, verify: bool = True) -> Generated:
        """Poses for words."""
        ...


class PoseMethod(Protocol):
    """A way to make poses of words."""

    @property
    def name(self) -> str:
        """In the tables."""
        ...

    def poses(self, texts: Sequence[str], bar: Bar) -> "list[Made]":
        """One for each text; None where it failed."""
        ...


@dataclass(frozen=True, eq=False)
class Made:
    """What came of one request.

    Attributes:
        pose: None where it failed.
        source: where the pose began, or "".
        problem: why it failed, or "".
    """

    pose: Pose | None
    source: str = ""
    problem: str = ""


def guarded(make: Callable[[], Made]) -> Made:
    """A request that fails counts as failed and doesn't stop the run, whatever it fails with."""
    try:
        return make()
    except ChatposeError as error:
        return Made(None, problem=str(error))
    except Exception as error:  # one bad answer among hundreds has to be counted, not to end the hour
        return Made(None, problem=repr(error))


@dataclass(frozen=True)
class Generating:
    """Verified generation, or the raw model.

    Attributes:
        generator: answers.
        verify: measure, repair and rank.
        seed: of what is drawn.
    """

    generator: Generates
    verify: bool = True
    seed: int = 0

    @property
    def name(self) -> str:
        """In the tables."""
        return VERIFIED if self.verify else RAW

    def poses(self, texts: Sequence[str], bar: Bar) -> list[Made]:
        """The first pose of each."""
        return [guarded(lambda text=text: self._one(text)) for text in bar(texts, self.name)]

    def _one(self, text: str) -> Made:
        found = self.generator.generate(text, count=1, seed=self.seed, verify=self.verify)
        if not found.poses:
            return Made(None, problem="; ".join(found.notes) or "no pose")
        return Made(found.poses[0].pose, found.poses[0].source)


class NearestCaption:
    """The pose whose names and captions a plain sentence model finds nearest.

    Args:
        sentences: the sentence model over captions.
        gallery: the library's poses.
    """

    name = MINILM

    def __init__(self, sentences: PlainSentences, gallery: PoseGallery) -> None:
        self._sentences, self._gallery = sentences, gallery

    def poses(self, texts: Sequence[str], bar: Bar) -> list[Made]:
        """The nearest of each."""
        best = self._sentences.scores(texts, self._gallery).argmax(1).tolist()
        return [Made(self._gallery.poses[place], "library") for place in best]


class ParsedAndSolved:
    """The parser's statements solved for, from standing; nothing retrieved, nothing learned.

    Args:
        parser: reads.
        solver: solves.
        standing: where it begins.
    """

    name = SOLVER

    def __init__(self, parser: SentenceParser, solver: Solver, standing: Pose) -> None:
        self._parser, self._solver, self._standing = parser, solver, standing

    def poses(self, texts: Sequence[str], bar: Bar) -> list[Made]:
        """One of each; somebody who stands where nothing is read."""
        return [guarded(lambda text=text: self._one(text)) for text in bar(texts, self.name)]

    def _one(self, text: str) -> Made:
        statements = self._parser.parse(text).plans()[0]
        if not statements:
            return Made(self._standing, "standing")
        with torch.no_grad():
            solution = self._solver.solve(statements, self._standing)
        return Made(put_on_floor(solution.pose, self._solver.body), "solver")


def progress(quiet: bool = False) -> Bar:
    """A bar on standard error with the rate."""
    import sys

    from tqdm import tqdm

    def bar(texts: Iterable[str], name: str) -> Iterator[str]:
        yield from tqdm(list(texts), desc=name, unit="request", file=sys.stderr, disable=quiet)

    return bar
