"""The conversation in a real browser: type, edit, undo, search, take away, save, open; keyboard only; accessibility."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from page_visitor import Visitor, body_share, changed_share, chromium, needed
from search_library import TellingEmbedder, make_library

from chatpose.agent.agent import Agent
from chatpose.agent.backends.choice import open_backend
from chatpose.agent.backends.protocol import Move, OnText, Say, View
from chatpose.agent.steps import Cancelled, never
from chatpose.body.model import BodyModel
from chatpose.formats import load
from chatpose.page.search import PageSearch
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.search_place import LibrarySearch
from chatpose.retrieval.searcher import Searcher

AXE = ROOT / "tests" / "js" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
ENTRY = 50
NOBODY = "openai:http://127.0.0.1:9/v1"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


@pytest.fixture(scope="module")
def server(body: BodyModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("gradio")
    from chatpose.gradio_app import launch

    describer = Describer(body)
    with make_library(tmp_path_factory.mktemp("library") / "poses", describer) as library:
        opened = LibrarySearch([Searcher(library, TellingEmbedder(64), describer=describer)])
        blocks = launch(body, block=False, quiet=True, search=PageSearch(lambda: opened))
        yield blocks.local_url
        blocks.close()


@pytest.fixture
def visitor(browser: Any, server: str) -> Iterator[Visitor]:
    someone = Visitor(browser, server)
    yield someone
    someone.close()


def test_a_conversation(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    assert page.locator(".cp-prompt").count() >= 5
    before = visitor.pixels()
    visitor.say("Someone standing with both arms raised overhead")
    made = visitor.pixels()
    assert changed_share(before, made) > 0.01
    assert body_share(made) > 0.03
    assert highest(made) < highest(before), "the hands are above the head"
    assert page.locator(".cp-statements li[data-holds=true]").count() > 0
    page.get_by_text("Measured besides").wait_for()
    row = page.locator(".cp-statements li[data-joints*=_]").first
    page.mouse.move(5, 5)
    plain = visitor.pixels()
    row.hover()
    assert changed_share(plain, visitor.pixels()) > 0.001, "the part lights up"

    visitor.say("Bend the left knee to a right angle")
    page.mouse.move(5, 5)
    edited = visitor.pixels()
    assert changed_share(made, edited) > 0.003
    visitor.tab("poses")
    assert page.locator(".cp-tray .cp-shot").count() == 2

    visitor.click("Undo (Ctrl Z)")
    page.wait_for_selector('.cp-chat[data-current="1"]')
    assert page.locator(".cp-message [data-number='2']").last.is_disabled(), "it was undone"
    visitor.click("Redo (Ctrl Shift Z)")
    page.wait_for_selector('.cp-chat[data-current="2"]')

    visitor.say(f"Find poses of entry {ENTRY}")
    page.locator(".cp-message [data-place='0']").click()
    page.wait_for_selector('.cp-chat[data-current="3"]')

    visitor.tab("download")
    taken = visitor.take_away(".npz", tmp_path)
    assert len(load(taken)) == 1
    visitor.attach(taken)
    visitor.say("What pose is this?")
    page.wait_for_selector('.cp-chat[data-current="4"]')

    with page.expect_download() as waiting:
        visitor.click("Save the conversation as a file")
    saved = tmp_path / "saved.json"
    waiting.value.save_as(saved)
    assert json.loads(saved.read_text())["version"] == 1
    said = page.locator(".cp-message").count()
    visitor.click("New conversation")
    visitor.click("Begin anew")
    visitor.wait_shown("a", "Standing")
    assert page.locator(".cp-message").count() == 0
    page.locator(".cp-open-file").set_input_files(saved)
    page.wait_for_selector('.cp-chat[data-current="4"]')
    assert page.locator(".cp-message").count() == said


def highest(pixels: np.ndarray) -> int:
    """First row of the body."""
    return int(np.flatnonzero((pixels[..., 3] > 250).any(1))[0])


def test_keyboard_only(visitor: Visitor) -> None:
    page = visitor.page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.className") == "cp-input"
    page.keyboard.type("Hello")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("What can you do?")
    page.keyboard.press("Enter")
    assert len(visitor.answer(0).split()) > 5
    assert page.locator(".cp-from-person .cp-text").inner_text() == "Hello\nWhat can you do?"
    assert page.evaluate("document.activeElement.className") == "cp-input"
    page.keyboard.press("Alt+2")
    assert page.locator("#cp-tab-poses").get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "cp-tab-similar"
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Shortcuts").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Shortcuts").wait_for(state="detached")
    stops = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        stops.add(page.evaluate("document.activeElement.className.split(' ')[0]"))
    assert {"cp-act", "cp-tool", "cp-canvas", "cp-tab", "cp-input", "cp-send"} <= stops


def test_markup_is_text(visitor: Visitor) -> None:
    nasty = "<img src=x onerror=window.broken=1><b>tree pose</b>"
    visitor.say(nasty)
    log = visitor.page.locator(".cp-log")
    assert nasty in log.inner_text()
    assert log.locator(".cp-text img, .cp-text b").count() == 0
    assert visitor.page.evaluate("window.broken") is None


def test_axe_finds_nothing(visitor: Visitor) -> None:
    needed(AXE.is_file(), "axe-core, `npm ci --prefix tests/js`")
    page = visitor.page
    visitor.example("Squat")
    page.add_script_tag(content=AXE.read_text())
    wrong: list[str] = []
    for look, rules in (("light", list(RULES)), ("dark", {"type": "rule", "values": ["color-contrast"]})):
        for tab in ("checklist", "poses", "similar", "compare", "download"):
            visitor.tab(tab)
            page.wait_for_timeout(500)
            found = page.evaluate("rules => axe.run(document, { runOnly: rules })", rules)["violations"]
            wrong += [f"{look} {tab}: {one['id']} {[node['target'] for node in one['nodes'][:3]]}" for one in found]
        visitor.click("Light / dark")
    assert not wrong, "\n".join(dict.fromkeys(wrong))


class Troubled:
    """A back end that writes until it is stopped, one that breaks, and one that nobody reaches."""

    name = "troubled"

    def next(self, view: View, *, on_text: OnText | None = None, cancelled: Cancelled = never) -> Move:
        if "break" in view.text:
            raise RuntimeError("secret of the visitor")
        if "Hello" in view.text:
            return open_backend(NOBODY, model="far").next(view, on_text=on_text, cancelled=cancelled)
        if on_text is not None:
            on_text("Let me think. ")
        for _ in range(600):
            if cancelled():
                break
            time.sleep(0.05)
        return Say("Let me think. ")


def test_a_photo_is_taken(visitor: Visitor) -> None:
    page = visitor.page
    visitor.click("Take a photo")
    dialog = page.get_by_role("dialog", name="Take a photo")
    dialog.get_by_text("Step back").wait_for()
    assert dialog.locator("video").evaluate("video => video.videoWidth") > 100
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert page.locator(".cp-chip-file").count() == 0
    visitor.click("Take a photo")
    visitor.click("Take the photo")
    page.get_by_role("button", name="Remove camera.jpg").wait_for()
    assert page.locator(".cp-chip-file img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    dialog.wait_for(state="detached")


def test_password_stop_faults_and_a_back_end_out_of_reach(browser: Any, body: BodyModel) -> None:
    from chatpose.agent.toolbox import Toolbox
    from chatpose.gradio_app import launch

    login = ("ann", "a word")
    blocks = launch(body, block=False, quiet=True, agent=Agent(Toolbox(), Troubled()), auth=login)
    someone = Visitor(browser, blocks.local_url, login=login)
    try:
        page = someone.page
        stranger = browser.new_context()
        for address in ("gradio_api/info", "config", "mcp"):
            assert stranger.request.get(f"{blocks.local_url}{address}").status == 401, address
        stranger.close()
        page.locator(".cp-input").fill("Think")
        page.keyboard.press("Enter")
        page.get_by_text("Let me think.").wait_for()
        page.keyboard.press("Escape")
        someone.answer(0, seconds=20)
        assert page.get_by_role("button", name="Send", exact=True).is_visible()
        assert "fault of chatpose" in someone.say("break")
        assert "secret" not in page.content()
        told = someone.say("Hello")
        assert "nothing answers at http://127.0.0.1:9" in told, "the server that can't be reached is named"
        assert len(told.split()) > 25, "and the page answers all the same"
        assert page.locator(".cp-message").count() == 6, "the conversation is kept"
    finally:
        someone.close()
        blocks.close()
