"""The finder in a real browser: keyboard, labels, pictures, layout, phones, dark, without a library."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_visitor import Visitor, changed_share, chromium
from photo_fakes import StandingPeople
from search_library import TellingEmbedder, make_library

from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.errors import MissingFileError
from chatpose.page.search import PageSearch
from chatpose.perception.photo import Photo
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.search_place import LibrarySearch
from chatpose.retrieval.searcher import Searcher

ENTRY = 50

pytestmark = pytest.mark.browser


class HalfSeen(StandingPeople):
    """One person of whom the legs weren't seen."""

    places = ((0.0, 0.0, -3.0),)

    def people(self, photo: Photo, limit: int = 10) -> list[Any]:
        import dataclasses

        from chatpose.body.skeleton import SMPL

        (one,) = super().people(photo, limit)
        visible = one.visible.clone()
        for name in ("knee", "ankle", "foot"):
            visible[[SMPL.index(f"left_{name}"), SMPL.index(f"right_{name}")]] = False
        return [dataclasses.replace(one, visible=visible)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return BodyModel.open()


def served(body: BodyModel, search: PageSearch) -> Any:
    pytest.importorskip("gradio")
    from chatpose.gradio_app import launch

    return launch(body, block=False, quiet=True, search=search, estimator=HalfSeen())


@pytest.fixture(scope="module")
def server(body: BodyModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    describer = Describer(body)
    with make_library(tmp_path_factory.mktemp("library") / "poses", describer) as library:
        opened = LibrarySearch([Searcher(library, TellingEmbedder(64), describer=describer)])
        blocks = served(body, PageSearch(lambda: opened))
        yield blocks.local_url
        blocks.close()


@pytest.fixture
def visitor(browser: Any, server: str) -> Iterator[Visitor]:
    someone = Visitor(browser, server)
    someone.tab("similar")
    someone.page.wait_for_selector(".cp-tile")
    yield someone
    someone.close()


def search(visitor: Visitor, text: str, *where: str) -> None:
    """By keyboard only."""
    page = visitor.page
    for line in where:
        page.get_by_label("Only poses where this statement holds").fill(line)
        page.keyboard.press("Enter")
    page.get_by_label("Find poses by words").fill(text)
    page.keyboard.press("Enter")
    page.locator(".cp-find-status").filter(has_text="for “").wait_for()


def names(visitor: Visitor) -> list[str]:
    return visitor.page.locator(".cp-tile-name").all_inner_texts()


def test_similar_poses_come_with_pictures(visitor: Visitor) -> None:
    page = visitor.page
    assert page.locator(".cp-find-status").inner_text() == "Like Standing (A), the nearest first."
    first = page.locator(".cp-tile img").first
    page.wait_for_function("() => document.querySelector('.cp-tile img').naturalWidth === 208")
    assert len(first.get_attribute("alt").split()) > 8
    before = names(visitor)
    assert len(before) == 12
    visitor.example("Warrior")
    visitor.tab("similar")
    page.locator(".cp-find-status").filter(has_text="Like Warrior (A)").wait_for()
    assert names(visitor) != before


def test_search_by_keyboard_and_choose(visitor: Visitor) -> None:
    page = visitor.page
    before = visitor.pixels()
    search(visitor, f"entry {ENTRY}", "not: kneeling")
    assert page.get_by_role("tab", name="Found").get_attribute("aria-selected") == "true"
    assert page.get_by_role("button", name="Remove: not: kneeling").is_visible()
    title = names(visitor)[0]
    assert title.lower() == Atlas.load().entries[ENTRY].names[0].lower()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.className") == "cp-tile"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    visitor.wait_shown("a", title)
    assert changed_share(before, visitor.pixels()) > 0.01
    assert page.locator(".cp-tile[aria-current=true]").count() == 1
    assert page.locator("#cp-tab-poses small").inner_text() == "1", "it is in the conversation"
    page.get_by_role("tab", name="Found").focus()
    page.keyboard.press("ArrowLeft")
    page.locator(".cp-find-status").filter(has_text=f"Like {title}").wait_for()
    assert title not in names(visitor)


def test_a_hit_is_compared(visitor: Visitor) -> None:
    page = visitor.page
    visitor.tab("compare")
    visitor.click("Find one in the library")
    search(visitor, f"entry {ENTRY}")
    page.get_by_text("A click shows it as B, to compare.").wait_for()
    title = names(visitor)[0]
    page.locator(".cp-tile").first.click()
    visitor.wait_shown("b", title)
    visitor.wait_shown("a", "Standing")
    page.get_by_text(f"Compared with {title}").wait_for()
    visitor.tab("similar")
    page.get_by_text("A click shows it.", exact=True).wait_for()


def test_more_are_shown_and_the_focus_goes_on(visitor: Visitor) -> None:
    page = visitor.page
    search(visitor, "entry 5")
    more = page.get_by_role("button", name="Show more")
    more.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector('.cp-finder[data-shown="found 24"]')
    assert page.evaluate("[...document.querySelectorAll('.cp-tile')].indexOf(document.activeElement)") == 12


def test_what_cannot_be_searched_for_is_told(visitor: Visitor) -> None:
    page = visitor.page
    visitor.click("Find")
    page.get_by_text("Type words, or a statement that has to hold.").wait_for()
    page.get_by_label("Only poses where this statement holds").fill("left kneee: bent")
    visitor.click("Find")
    page.locator(".cp-finder[data-problem]").wait_for()
    assert "left knee" in page.locator(".cp-find-status").inner_text()
    visitor.click("Remove: left kneee: bent")
    search(visitor, "entry 5")
    assert page.locator(".cp-finder[data-problem]").count() == 0


def test_markup_is_text(visitor: Visitor) -> None:
    nasty = "<img src=x onerror=window.broken=1>"
    search(visitor, nasty)
    page = visitor.page
    assert "<img" in page.locator(".cp-find-status").inner_text()
    page.get_by_label("Only poses where this statement holds").fill(nasty)
    visitor.click("Find")
    page.locator(".cp-finder[data-problem]").wait_for()
    assert page.evaluate("window.broken") is None


def test_statements_are_suggested(visitor: Visitor) -> None:
    visitor.page.get_by_label("Only poses where this statement holds").focus()
    visitor.page.wait_for_function("document.querySelectorAll('#cp-known-statements option').length > 500")


def test_nothing_moves(visitor: Visitor) -> None:
    """Searching changes what is in the list, and nothing around it."""
    places = """['.cp-screen', '.cp-log', '.cp-composer', '.cp-find-form', '.cp-tiles', '.cp-finder'].map((one) => {
      const { x, y, width, height } = document.querySelector(one).getBoundingClientRect();
      return [x, y, width, height].map(Math.round);
    })"""
    before = visitor.page.evaluate(places)
    assert before[0][2] > 500, "room for the body"
    search(visitor, "entry 5")
    assert visitor.page.evaluate(places) == before
    assert visitor.page.evaluate("document.documentElement.scrollHeight") <= 800


def test_everything_has_a_name(visitor: Visitor) -> None:
    page = visitor.page
    assert page.get_by_role("region", name="Find poses").count() == 1
    assert page.get_by_role("search").count() == 1
    assert page.get_by_role("tabpanel", name="Similar poses").count() == 1
    nameless = page.evaluate(
        """[...document.querySelectorAll('.cp-finder button, .cp-finder input')].filter(
          (one) => !(one.textContent.trim() || one.getAttribute('aria-label'))).length"""
    )
    assert nameless == 0
    reachable = page.evaluate("[...document.querySelectorAll('.cp-tile')].filter((one) => one.tabIndex === 0).length")
    assert reachable == 1, "one stop for Tab, arrows inside"


def test_visitors_do_not_see_each_others_searches(browser: Any, server: str, visitor: Visitor) -> None:
    search(visitor, "entry 123")
    other = Visitor(browser, server)
    other.tab("similar")
    other.page.wait_for_selector(".cp-tile")
    other.page.get_by_role("tab", name="Found").click()
    other.page.get_by_text("Search above to find poses.").wait_for()
    assert "entry 123" not in other.page.content()
    other.close()


def test_phone(browser: Any, server: str) -> None:
    phone = Visitor(browser, server, width=390, height=844)
    page = phone.page
    phone.tab("similar")
    page.wait_for_selector(".cp-tile")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    finder, composer = (page.locator(one).bounding_box() for one in (".cp-finder", ".cp-composer"))
    assert page.locator(".cp-screen").bounding_box()["y"] < finder["y"] < composer["y"]
    search(phone, "entry 5")
    assert page.locator(".cp-finder").bounding_box()["height"] == pytest.approx(finder["height"], abs=1)
    page.locator(".cp-tile").first.click()
    phone.wait_shown("a", names(phone)[0])
    phone.click("Light / dark")
    phone.close()


def test_without_a_library_the_page_goes_on(browser: Any, body: BodyModel) -> None:
    def missing() -> LibrarySearch:
        raise MissingFileError("no /srv/secret")

    blocks = served(body, PageSearch(missing))
    someone = Visitor(browser, blocks.local_url)
    try:
        page = someone.page
        someone.tab("similar")
        page.get_by_text("Search isn't available on this server: no library of poses is installed").wait_for()
        assert "secret" not in page.content()
        someone.example("Warrior")
        someone.tab("checklist")
        page.locator(".cp-called").filter(has_text="warrior").first.wait_for()
    finally:
        someone.close()
        blocks.close()


def test_what_a_photo_does_not_show_is_striped(visitor: Visitor, tmp_path: Path) -> None:
    from PIL import Image

    page = visitor.page
    legend = page.locator(".cp-legend")
    assert not legend.is_visible()
    photo = tmp_path / "beach.png"
    Image.new("RGB", (300, 400), (120, 130, 140)).save(photo)
    visitor.drop("a", photo)
    visitor.wait_shown("a", "person 1 of beach.png")
    assert legend.is_visible()
    assert "not seen" in legend.inner_text()
    solid = visitor.pixels()[..., 3] > 250
    rows = np.flatnonzero(solid.any(1))
    top, bottom = rows[0], rows[-1]
    chest, shin = (top + round(part * (bottom - top)) for part in (0.25, 0.85))
    assert breaks(solid[chest - 10 : chest + 10]) < breaks(solid[shin - 10 : shin + 10]) / 2
    visitor.example("Standing")
    assert not legend.is_visible()


def breaks(solid: np.ndarray) -> int:
    """How often a row goes from body to ground or back, over all rows."""
    return int((solid[:, 1:] != solid[:, :-1]).sum())
