"""`Desk`: what all visitors share, and `Change`: what an event changes on the page."""

import contextlib
import contextvars
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chatpose.agent.agent import Agent
from chatpose.agent.bench import Bench
from chatpose.agent.parts import MakesPoses, Parts
from chatpose.page.actions import Page
from chatpose.page.finding import Finder
from chatpose.page.photos import Estimating
from chatpose.page.search import NoSearchError, PageSearch
from chatpose.page.session import Session
from chatpose.page.viewer import Command
from chatpose.page.visit import Visit
from chatpose.perception.estimator import MAX_PEOPLE, PhotoEstimator
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo import Photo, read_photo
from chatpose.perception.photo_files import is_photo

_near: contextvars.ContextVar[tuple[Path, ...]] = contextvars.ContextVar("files of this turn", default=())


@dataclass(frozen=True)
class Desk:
    """What all visitors share; nothing of them is in it.

    Attributes:
        page: body, examples, words, photos.
        finder: libraries and small pictures.
        agent: answers.
    """

    page: Page
    finder: Finder
    agent: Agent

    def visit(self, visit: Visit | None) -> Visit:
        """The visitor's visit, a new one on the first call."""
        return visit or Visit(Session.start(self.page.root), self.finder.thumbnails.forget)

    def bench(self, visit: Visit) -> Bench:
        """Makes items of poses."""
        return Bench(self.agent.toolbox.parts, lambda: visit.session.folder)


@dataclass
class Change:
    """What an event changes on the page; whatever is empty stays as it is.

    Attributes:
        messages: of the conversation, new or changed ones.
        reset: whether the page forgets all other messages first.
        commands: for the viewer.
        panel: for what is under it.
        note: one line that is told.
        problem: whether the line is about something that went wrong.
        file: to hand over.
        extra: for the chat.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    reset: bool = False
    commands: list[Command] = field(default_factory=list)
    panel: dict[str, Any] | None = None
    note: str = ""
    problem: bool = False
    file: Path | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class PageParts(Parts):
    """What the tools of the agent work with on a page: its own library, photos read as the page was told to.

    Args:
        page: body, words, photos.
        search: libraries, opened once for finder and agent.
    """

    def __init__(self, page: Page, search: PageSearch, **parts: Any) -> None:
        self._search = search
        estimator = OneOfSeveral(page.estimator)
        super().__init__(
            body=page.body, describer=page.describer, namer=page.namer, searcher=search, estimator=estimator, **parts
        )

    def _open_generator(self) -> MakesPoses:
        from chatpose.language.verified.generator import Generator

        try:
            library: Any = self._search.libraries()
        except NoSearchError:
            library = False
        return Generator.open(library=library, describer=self.describer)


class OneOfSeveral:
    """Finds people in photos, also where who does depends on the photo's file (results that lie beside it).

    Args:
        estimator: one, or who says which by a path.
    """

    def __init__(self, estimator: Estimating) -> None:
        self._estimator = estimator

    def people(self, photo: Photo, limit: int = MAX_PEOPLE) -> list[PhotoPerson]:
        """Everybody, the largest first; see `PhotoEstimator`."""
        if isinstance(self._estimator, PhotoEstimator):
            return self._estimator.people(photo, limit)
        return self._estimator(_path_of(photo)).people(photo, limit)


@contextlib.contextmanager
def files_near(paths: Sequence[Path]) -> Iterator[None]:
    """The files that came with this turn, for estimators that read what lies beside a photo."""
    token = _near.set(tuple(paths))
    try:
        yield
    finally:
        _near.reset(token)


def _path_of(photo: Photo) -> Path:
    """The file of this turn that a photo was read from."""
    for path in _near.get():
        if is_photo(path) and np.array_equal(read_photo(path).pixels, photo.pixels):
            return path
    return Path("photo")
