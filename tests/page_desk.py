"""A desk of the page without a server: what all visitors share, with a back end that does what the first word says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from photo_fakes import StandingPeople

from chatpose.agent.agent import Agent
from chatpose.agent.backends.protocol import Call, Move, OnText, Say, View
from chatpose.agent.steps import Cancelled, never
from chatpose.agent.toolbox import Toolbox
from chatpose.atlas.compiled import Atlas
from chatpose.atlas.naming import Namer
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.page import acts, turns
from chatpose.page.actions import Page
from chatpose.page.components import chat_value
from chatpose.page.desk import Change, Desk, PageParts
from chatpose.page.examples import load_examples
from chatpose.page.finding import Finder
from chatpose.page.photos import Estimating
from chatpose.page.search import PageSearch
from chatpose.page.thumbnails import Thumbnails
from chatpose.page.visit import Visit
from chatpose.posecodes.describe import Describer


class Scripted:
    """Does what the words say, by the script of these tests."""

    name = "scripted"

    def __init__(self) -> None:
        self.gate = threading.Event()

    def next(self, view: View, *, on_text: OnText | None = None, cancelled: Cancelled = never) -> Move:
        word = view.text.split()[0] if view.text else ""
        if word == "make":
            return Say("Here.", poses=(Atlas.load().poses[50],), plan=("left knee: right angle",))
        if word == "mirror" and not view.outcomes:
            return Call((ToolCall("mirror", {"pose": "it"}),))
        if word == "export" and not view.outcomes:
            return Call((ToolCall("export", {"pose": "it", "format": "npz"}),))
        if word == "estimate" and not view.outcomes:
            return Call((ToolCall("estimate", {"photo": "photo 1"}),))
        if word == "break":
            raise RuntimeError("secret of the visitor")
        if word == "wait":
            while not (self.gate.wait(0.01) or cancelled()):
                pass
        return Say("Done.")


@contextmanager
def make_desk(
    describer: Describer, backend: Any = None, *, estimator: Estimating | None = None, search: PageSearch | None = None
) -> Iterator[Desk]:
    """A desk that ends with the test."""
    with TemporaryDirectory() as root:
        namer = Namer(describer=describer)
        seeing = estimator or StandingPeople()
        page = Page(describer.body, load_examples(), Path(root), describer, namer, seeing)
        finder = Finder(search or PageSearch(lambda: pytest.fail("no search here")), Thumbnails(describer.body))
        toolbox = Toolbox(PageParts(page, finder.search), page.root)
        yield Desk(page, finder, Agent(toolbox, backend or Scripted()))
        finder.thumbnails.close()


def say(desk: Desk, visit: Visit, text: str, *paths: Path) -> list[Change]:
    """One turn, whole; everything in it can be sent."""
    changes = list(turns.answer(desk, visit, text, paths))
    json.dumps([chat_value(visit, change) for change in changes])
    return changes


def act(desk: Desk, visit: Visit, what: str, **more: Any) -> Change:
    """One click."""
    return acts.perform(desk, visit, {"do": what, **more}, Path("/nowhere"))
