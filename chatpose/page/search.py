"""Search as the page has it: opened once a server, when first asked for, with plain words where it can't be."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError, MissingExtraError, MissingFileError, UnreadableFileError
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.hit import SearchHit
from chatpose.retrieval.library_errors import BusyLibraryError
from chatpose.retrieval.query import MAX_QUERY_CHARS, MAX_STATEMENTS, Query, QueryError
from chatpose.retrieval.search_place import LibrarySearch, open_search

MOST_ON_PAGE = 48
"""Most pictures in a list of the page."""
MOST_FOR_PROGRAMS = 100
"""Most hits that an endpoint gives."""
MAX_LINE_CHARS = 300

_TRY_AGAIN_SECONDS = 20.0
_WARMING = "a person standing"
_log = logging.getLogger(__name__)


class NoSearchError(MissingFileError):
    """This server can't search, or not by words; everything else goes on."""


class PageSearch:
    """The libraries of this server. Safe to share between threads; holds nothing of a visitor.

    Args:
        open_: opens them, which takes a moment; called once, or again a while after it failed.
    """

    def __init__(self, open_: Callable[[], LibrarySearch]) -> None:
        self._open = open_
        self._turn = threading.Lock()
        self._opened: LibrarySearch | None = None
        self._problem: NoSearchError | None = None
        self._failed_at = 0.0
        self._warmed = False

    @classmethod
    def shipped(cls, describer: Describer) -> "PageSearch":
        """The person's own library and the one that ships with chatpose."""
        return cls(lambda: _open_shipped(describer))

    def by_words(self, text: str, where: Sequence[str], k: int) -> list[SearchHit]:
        """Poses that fit words, or meet statements, or both.

        Raises:
            ChatposeError: a bad query, or no search here.
        """
        return self._answer(Query.parse(_short(text), where=_lines(where), k=k))

    def like(self, pose: Pose, where: Sequence[str], k: int) -> list[SearchHit]:
        """Poses like one, the nearest first.

        Args:
            pose: without batch axes.
            where: statements that have to hold.
            k: most hits.

        Raises:
            ChatposeError: a bad statement, or no search here.
        """
        return self._answer(Query.parse(where=_lines(where), like=pose.validated(), k=k))

    def search(self, query: Query) -> list[SearchHit]:
        """The hits of any query; the agent asks this way.

        Raises:
            ChatposeError: no search here.
        """
        return self._answer(query)

    def libraries(self) -> LibrarySearch:
        """The libraries themselves, opened now if they weren't.

        Raises:
            NoSearchError: they can't be.
        """
        return self._libraries()

    def warm_up(self) -> None:
        """Begins to load what a search by words needs, beside everything else; for when somebody starts to type."""
        if self._warmed:
            return
        self._warmed = True
        threading.Thread(target=self._warm, name="search warm-up", daemon=True).start()

    def _warm(self) -> None:
        try:
            self.by_words(_WARMING, (), 1)
        except Exception as error:  # whoever searches is told
            _log.info("no search by words: %s", type(error).__name__)
            self._warmed = False

    def _answer(self, query: Query) -> list[SearchHit]:
        search = self._libraries()
        try:
            return search.search(query)
        except (MissingExtraError, MissingFileError) as error:  # whose words name folders of the server
            _log.warning("search: %s", error)
            raise (_no_words() if query.text else _in_plain_words(error)) from error
        except UnreadableFileError as error:
            _log.warning("search: %s", error)
            raise NoSearchError("the library of poses on this server can't be read right now") from error

    def _libraries(self) -> LibrarySearch:
        with self._turn:
            if self._opened is not None:
                return self._opened
            if self._problem is not None and time.monotonic() - self._failed_at < _TRY_AGAIN_SECONDS:
                raise NoSearchError(self._problem.got, fix=self._problem.fix)
            try:
                self._opened = self._open()
            except ChatposeError as error:
                self._problem, self._failed_at = _in_plain_words(error), time.monotonic()
                raise self._problem from error
            return self._opened


def statement_lines() -> list[str]:
    """All statements there are, for the page to offer while somebody types."""
    return sorted(code.name for code in all_posecodes())


def checked_count(k: object, most: int) -> int:
    """The number of hits that was asked for.

    Raises:
        QueryError: no whole number from 1 to `most`.
    """
    if isinstance(k, bool) or not isinstance(k, int | float) or k not in range(1, most + 1):
        raise QueryError(f"k = {str(k)[:20]}", expected=f"a whole number from 1 to {most}")
    return int(k)


def _open_shipped(describer: Describer) -> LibrarySearch:
    from chatpose.retrieval.embedder import Embedder

    try:
        embedder = Embedder.from_pretrained()
    except MissingFileError as error:
        raise NoSearchError("the search model isn't installed") from error
    return open_search(embedder=embedder, describer=describer)


def _no_words() -> NoSearchError:
    return NoSearchError(
        "searching by words isn't available here: the language model that reads them isn't installed",
        fix="statements and similar poses work without it",
    )


def _in_plain_words(error: ChatposeError) -> NoSearchError:
    """Without the folders of the server, which the log gets."""
    _log.warning("search can't be opened: %s", error)
    if isinstance(error, NoSearchError):
        why = error.got
    elif isinstance(error, MissingExtraError):
        why = "a package that it needs isn't installed"
    elif isinstance(error, BusyLibraryError):
        why = "another process is making the library of poses ready; try again in a few minutes"
    elif isinstance(error, MissingFileError):
        why = "no library of poses is installed"
    else:
        why = "the library of poses is damaged or was made with another model"
    return NoSearchError(f"search isn't available on this server: {why}", fix="everything else works without it")


def _short(text: object) -> str:
    """The words of a query, refused before anything is done with a very long one."""
    if not isinstance(text, str):
        raise QueryError("a query that is no text", expected="words to search for")
    if len(text) > 2 * MAX_QUERY_CHARS:
        raise QueryError(f"a query of {len(text):,} characters", expected=f"at most {MAX_QUERY_CHARS:,}")
    return text


def _lines(where: object) -> tuple[str, ...]:
    """Statements that have to hold, without empty ones."""
    if not isinstance(where, list | tuple) or not all(isinstance(line, str) for line in where):
        raise QueryError("statements that are no lines of text", expected='lines such as "left knee: right angle"')
    if len(where) > MAX_STATEMENTS:
        raise QueryError(f"{len(where):,} statements", expected=f"at most {MAX_STATEMENTS}")
    for line in where:
        if len(line) > MAX_LINE_CHARS:
            raise QueryError(f"a statement of {len(line):,} characters", expected=f"at most {MAX_LINE_CHARS}")
    return tuple(line for line in where if line.strip())
