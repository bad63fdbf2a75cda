"""`Parts`: what the tools work with, opened when it is first needed, once for everybody."""

import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.errors import MissingExtraError, MissingFileError
from chatpose.language.verified.answer import Generated
from chatpose.language.verified.questions import Answered, QuestionAnswerer
from chatpose.language.verified.spotting import NameSpotter
from chatpose.perception.estimator import PerceptionPipeline, PhotoEstimator
from chatpose.posecodes.describe import Describer
from chatpose.posecodes.parsing.parser import SentenceParser
from chatpose.retrieval.hit import SearchHit
from chatpose.retrieval.query import Query

T = TypeVar("T")


class MakesPoses(Protocol):
    """Words to verified poses: `language.verified.Generator`."""

    def generate(
        self, text: str, *, count: int = 1, seed: int = 0, verify: bool = True, on_first: Any = None, history: Any = ()
    ) -> Generated:
        """Answers a request."""
        ...


class EditsPoses(Protocol):
    """Instructions to changed poses: `language.verified.Editor`."""

    def edit(self, pose: Pose, instruction: str, *, last: Any = None) -> Any:
        """Carries out an instruction."""
        ...


@runtime_checkable
class FindsPoses(Protocol):
    """Queries to hits: `retrieval.LibrarySearch`."""

    def search(self, query: Query) -> list[SearchHit]:
        """The best hits."""
        ...


class AnswersQuestions(Protocol):
    """Questions about a pose: `language.verified.QuestionAnswerer`."""

    def answer(self, question: str, pose: Pose) -> Answered:
        """Answers one question."""
        ...


class Parts:
    """Everything heavy. Threads may share it; each part is opened once, by whoever needs it first.

    Args:
        body: of the conversation; the open body when absent.
        describer: measures and describes.
        namer: knows what poses are called.
        searcher: of libraries.
        generator: makes poses.
        editor: changes poses.
        estimator: finds people in photos.
        answerer: of questions.
        parser: reads sentences.
    """

    def __init__(
        self,
        *,
        body: BodyModel | None = None,
        describer: Describer | None = None,
        namer: Namer | None = None,
        searcher: FindsPoses | None = None,
        generator: MakesPoses | None = None,
        editor: EditsPoses | None = None,
        estimator: PhotoEstimator | None = None,
        answerer: AnswersQuestions | None = None,
        parser: SentenceParser | None = None,
    ) -> None:
        given = {
            "body": body,
            "describer": describer,
            "namer": namer,
            "searcher": searcher,
            "generator": generator,
            "editor": editor,
            "estimator": estimator,
            "answerer": answerer,
            "parser": parser,
        }
        self._made: dict[str, Any] = {name: part for name, part in given.items() if part is not None}
        self._lock = threading.RLock()

    @property
    def body(self) -> BodyModel:
        """The body."""
        return self._part(
            "body", lambda: self._made["describer"].body if "describer" in self._made else BodyModel.open()
        )

    @property
    def describer(self) -> Describer:
        """Measures and describes."""
        return self._part("describer", lambda: Describer(self.body))

    @property
    def namer(self) -> Namer:
        """Knows names."""
        return self._part("namer", lambda: Namer(describer=self.describer))

    @property
    def parser(self) -> SentenceParser:
        """Reads sentences."""
        return self._part("parser", SentenceParser)

    @property
    def spotter(self) -> NameSpotter:
        """Finds names in sentences."""
        return self._part("spotter", lambda: NameSpotter(self.namer.atlas))

    @property
    def answerer(self) -> AnswersQuestions:
        """Answers questions."""
        return self._part("answerer", lambda: QuestionAnswerer(self.describer, self.parser, self.namer))

    @property
    def searcher(self) -> FindsPoses:
        """Searches libraries.

        Raises:
            MissingFileError: there is no library, or no embedder.
            MissingExtraError: a package for it isn't installed.
        """
        return self._part("searcher", self._open_searcher)

    @property
    def generator(self) -> MakesPoses:
        """Makes poses."""
        return self._part("generator", self._open_generator)

    @property
    def editor(self) -> EditsPoses:
        """Changes poses."""
        return self._part("editor", self._open_editor)

    @property
    def estimator(self) -> PhotoEstimator:
        """Finds people in photos; its models are loaded with the first photo."""
        return self._part("estimator", lambda: PerceptionPipeline(body=self.body))

    def warm(self) -> None:
        """Opens what most conversations need."""
        for name in ("describer", "namer", "answerer", "editor", "generator"):
            getattr(self, name)

    def _part(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._made:
            with self._lock:
                if name not in self._made:
                    self._made[name] = make()
        return self._made[name]

    def _open_searcher(self) -> FindsPoses:
        from chatpose.retrieval.search_place import open_search

        return open_search(describer=self.describer, atlas=self.namer.atlas)

    def _open_generator(self) -> MakesPoses:
        from chatpose.language.verified.generator import Generator
        from chatpose.retrieval.search_place import LibrarySearch

        try:
            found: Any = self.searcher
        except (MissingFileError, MissingExtraError):
            found = False
        library = found if isinstance(found, LibrarySearch) else False
        return Generator.open(library=library, describer=self.describer)

    def _open_editor(self) -> EditsPoses:
        from chatpose.language.verified.editor import Editor
        from chatpose.posecodes.instructions.reader import InstructionReader

        return Editor(self.body, reader=InstructionReader(self.body, self.parser))


__all__ = ["AnswersQuestions", "EditsPoses", "FindsPoses", "MakesPoses", "Parts"]
