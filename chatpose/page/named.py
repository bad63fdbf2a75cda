"""Endpoints of the page for programs (gradio_client, curl): `/convert`, `/info`, `/search`, `/similar`."""

from collections.abc import Callable
from typing import Any

from chatpose.errors import ChatposeError
from chatpose.page import actions, finding
from chatpose.page.actions import Page
from chatpose.page.finding import Finder
from chatpose.page.search import MOST_FOR_PROGRAMS

SEARCHES_AT_ONCE = 2


def add(gr: Any, page: Page, finder: Finder) -> None:
    """Adds them to the blocks that are being built."""

    def convert(file: str, suffix: str, frame: float) -> str:
        return told(gr, lambda: actions.convert(page, file, suffix, frame))

    def info(file: str) -> dict[str, Any]:
        return told(gr, lambda: actions.describe(file))

    def search(text: str, where: str, k: float) -> dict[str, Any]:
        return told(gr, lambda: finding.search_for_program(page, finder, text, where, k))

    def similar(file: str, frame: float, where: str, k: float) -> dict[str, Any]:
        return told(gr, lambda: finding.similar_for_program(page, finder, file, frame, where, k))

    with gr.Row(visible=False):
        file, suffix, frame = gr.File(label="file"), gr.Textbox(".glb", label="suffix"), gr.Number(0, label="frame")
        text = gr.Textbox("", label="words, or a name of the atlas")
        where = gr.Textbox("", label="statements that have to hold, one a line")
        k = gr.Number(10, label=f"most hits, 1 to {MOST_FOR_PROGRAMS}")
        written, facts = gr.File(label="written"), gr.JSON(label="info")
        hits = gr.JSON(label="hits")
        gr.Button().click(convert, [file, suffix, frame], written, api_name="convert")
        gr.Button().click(info, file, facts, api_name="info")
        limits = {"concurrency_id": "search", "concurrency_limit": SEARCHES_AT_ONCE}
        gr.Button().click(search, [text, where, k], hits, api_name="search", **limits)
        gr.Button().click(similar, [file, frame, where, k], hits, api_name="similar", **limits)


def told(gr: Any, act: Callable[[], Any]) -> Any:
    """What `act` gives; errors of ours in their own words."""
    try:
        return act()
    except ChatposeError as error:
        raise gr.Error(str(error), print_exception=False) from error
