"""How the page is laid out, and which event does what."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatpose.page import actions, acts, finding, sheet, turns, uploads, viewer
from chatpose.page.components import chat_component, chat_value, panel_component, panel_value
from chatpose.page.desk import Change, Desk
from chatpose.page.finder import finder_component
from chatpose.page.named import SEARCHES_AT_ONCE
from chatpose.page.visit import Visit

VIEWER_ID = "cp-viewer"
FINDER_ID = "cp-finder"
CHAT_ID = "cp-chat"
PANEL_ID = "cp-panel"

_TURNS_AT_ONCE = 2
_ACTS_AT_ONCE = 4
_QUIET = {"api_visibility": "private", "show_progress": "hidden"}
_BAR = '<header class="cp-bar"></header>'
_SAVE_JS = """(file) => {
  if (!file || file.url === window.chatposeSaved) return;
  window.chatposeSaved = file.url;
  const link = document.createElement("a");
  link.href = file.url;
  link.download = file.orig_name || "pose";
  document.body.append(link);
  link.click();
  link.remove();
}"""


@dataclass(frozen=True)
class Parts:
    """The components, and what an event gets and changes.

    Attributes:
        visit: the visitor's state.
        chat: the conversation.
        stage: the viewer.
        panel: under it.
        found: the finder.
        file: what is handed over.
    """

    visit: Any
    chat: Any
    stage: Any
    panel: Any
    found: Any
    file: Any

    @property
    def outputs(self) -> list[Any]:
        """What most events change."""
        return [self.visit, self.chat, self.stage, self.panel, self.file]


def lay_out(gr: Any) -> Parts:
    """The components in their places; inside `gr.Blocks`."""
    visit = gr.State(None, delete_callback=close_visit)
    gr.HTML(_BAR, apply_default_css=False, elem_classes="cp-top")
    with gr.Row(elem_classes="cp-app"):
        with gr.Column(elem_classes="cp-talk", min_width=0):
            chat = chat_component(elem_id=CHAT_ID)
        with gr.Column(elem_classes="cp-side", min_width=0):
            stage = viewer.viewer_component(elem_id=VIEWER_ID)
            panel = panel_component(elem_id=PANEL_ID)
            found = finder_component(elem_id=FINDER_ID)
    return Parts(visit, chat, stage, panel, found, gr.File(visible="hidden"))


def close_visit(visit: Any) -> None:
    """Deletes what a visitor had."""
    if visit is not None:
        visit.close()


def bind(desk: Desk, parts: Parts, blocks: Any) -> None:
    """Joins events to what they do."""
    import gradio as gr

    folder = _upload_folder

    def ask(visit: Visit | None, event: gr.EventData) -> Iterator[list[Any]]:
        visit = desk.visit(visit)
        for change in _asked(desk, visit, event._data, folder()):
            yield _spread(visit, change)

    def act(visit: Visit | None, event: gr.EventData) -> list[Any]:
        visit = desk.visit(visit)
        return _spread(visit, acts.perform(desk, visit, event._data, folder()))

    def stop(visit: Visit | None) -> None:
        if visit is not None:
            visit.stop.set()

    def begin(visit: Visit | None) -> list[Any]:
        visit = desk.visit(visit)
        return _spread(visit, acts.begin(desk, visit))

    chat, panel, outputs = parts.chat, parts.panel, parts.outputs
    many = _QUIET | {"trigger_mode": "multiple", "concurrency_limit": _ACTS_AT_ONCE, "concurrency_id": "act"}
    turn = _QUIET | {"trigger_mode": "multiple", "concurrency_limit": _TURNS_AT_ONCE, "concurrency_id": "turn"}
    chat.ask(ask, parts.visit, outputs, **turn)
    chat.stop(stop, parts.visit, None, queue=False, **_QUIET)
    for component in (chat, panel):
        done = component.act(act, parts.visit, outputs, **many)
        done.then(None, parts.file, None, js=_SAVE_JS, **_QUIET)
    _bind_finder(desk, parts, many)
    _bind_stage(desk, parts)
    blocks.load(begin, parts.visit, outputs, **_QUIET)


def _asked(desk: Desk, visit: Visit, asked: Any, folder: Path) -> Iterator[Change]:
    """A message, with what came with it; a saved conversation among it is opened instead."""
    asked = asked if isinstance(asked, dict) else {}
    text = asked.get("text")
    paths, problem = actions.attempt(folder, lambda: uploads.take(visit, asked.get("files"), folder))
    if paths is None:
        number = visit.said
        told = {"key": f"b{number}", "who": "chatpose", "text": acts.sentence(problem), "problem": True}
        visit.said += 1
        yield Change([told], extra={"busy": False})
        return
    if len(paths) == 1 and uploads.is_conversation(paths[0]):
        change, problem = actions.attempt(visit.session.folder, lambda: acts.open_saved(desk, visit, paths[0]))
        yield change or Change(note=acts.sentence(problem), problem=True, extra={"busy": False})
        return
    if asked.get("known") and not visit.said:
        visit.said = asked["known"] if isinstance(asked["known"], int) and 0 < asked["known"] < 10**6 else 0
        yield Change(note="The server began anew, and what was said before is gone from it. Open a saved conversation.")
    yield from turns.answer(desk, visit, text if isinstance(text, str) else "", paths)


def _bind_finder(desk: Desk, parts: Parts, many: dict[str, Any]) -> None:
    import gradio as gr

    found, page, finder = parts.found, desk.page, desk.finder

    def find(visit: Visit | None, event: gr.EventData) -> tuple[Visit, finding.Answer]:
        visit = desk.visit(visit)
        return visit, finding.find(page, finder, visit.session, event._data)

    def alike(visit: Visit | None, event: gr.EventData) -> tuple[Visit, finding.Answer]:
        visit = desk.visit(visit)
        return visit, finding.find_similar(page, finder, visit.session, event._data)

    def user(slot: str) -> Callable[..., list[Any]]:
        def use(visit: Visit | None, event: gr.EventData) -> list[Any]:
            visit = desk.visit(visit)
            asked = event._data if isinstance(event._data, dict) else {}
            return _spread(visit, acts.perform(desk, visit, asked | {"do": f"use_{slot}"}, _upload_folder()))

        return use

    search = _QUIET | {"trigger_mode": "always_last", "concurrency_id": "search", "concurrency_limit": SEARCHES_AT_ONCE}
    found.find(find, parts.visit, [parts.visit, found], **search)
    found.alike(alike, parts.visit, [parts.visit, found], **search)
    found.use_a(user("a"), parts.visit, parts.outputs, **many)
    found.use_b(user("b"), parts.visit, parts.outputs, **many)
    found.wake(finder.search.warm_up, None, None, **_QUIET)


def _bind_stage(desk: Desk, parts: Parts) -> None:
    import gradio as gr

    def settled(visit: Visit | None, event: gr.EventData) -> Iterator[tuple[Any, Any, Any]]:
        """What was measured, and after it the photo, where there is one."""
        visit = desk.visit(visit)
        folder = visit.session.folder
        told, _ = actions.attempt(folder, lambda: sheet.measured(desk, visit, event._data))
        of_photo = sheet.is_of_photo(visit)
        yield visit, gr.skip(), panel_value((told or {}) | ({} if of_photo else {"photo": None}))
        if of_photo:
            seen, _ = actions.attempt(folder, lambda: sheet.photo(desk, visit))
            pictures = seen["pictures"] if seen else []
            command = viewer.photo(pictures[-1]["url"], pictures[-1]["words"]) if pictures else viewer.photo("", "")
            yield visit, viewer.update(command), panel_value({"photo": seen})

    def picture(visit: Visit | None, event: gr.EventData) -> viewer.Update:
        return actions.draw_pictures(desk.page, desk.visit(visit).session, event._data)

    once = _QUIET | {"trigger_mode": "always_last"}
    parts.stage.settled(settled, parts.visit, [parts.visit, parts.stage, parts.panel], **once)
    parts.stage.picture(picture, parts.visit, parts.stage, **_QUIET)


def _spread(visit: Visit, change: Change) -> list[Any]:
    """A `Change` as values for `Parts.outputs`."""
    import gradio as gr

    stage = viewer.update(*change.commands) if change.commands else gr.skip()
    panel = panel_value(change.panel) if change.panel is not None else gr.skip()
    file = str(change.file) if change.file is not None else gr.skip()
    return [visit, chat_value(visit, change), stage, panel, file]


def _upload_folder() -> Path:
    from gradio.utils import get_upload_folder

    return Path(get_upload_folder())
