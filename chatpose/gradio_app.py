"""The page: drop pose files and photos, look at the body from all sides, compare two, take them away in any format.

`build()` gives the `gradio.Blocks`, `launch()` serves it. Every visitor has a `Session` of their own, and nothing that
the page loads comes from another host. What the page does is in `chatpose.page.actions`; here is how it is laid out.
"""

import functools
import mimetypes
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.errors import ChatposeError
from chatpose.offline import stay_offline
from chatpose.optional import require_package
from chatpose.page import actions, cards, finding, viewer
from chatpose.page.actions import Page, Result
from chatpose.page.examples import load_examples
from chatpose.page.finder import finder_component, finder_routes
from chatpose.page.finding import Finder
from chatpose.page.photos import Estimating, SeenPhoto
from chatpose.page.search import MOST_FOR_PROGRAMS, PageSearch
from chatpose.page.session import SLOTS, Session
from chatpose.page.theme import page_theme
from chatpose.page.thumbnails import Thumbnails
from chatpose.perception.estimator import PerceptionPipeline
from chatpose.posecodes.describe import Describer
from chatpose.resources import asset

TITLE = "chatpose"
MAX_UPLOAD = "64mb"
VIEWER_ID = "cp-viewer"
FINDER_ID = "cp-finder"

_QUEUE_SIZE = 32
_MAX_SESSIONS = 200
_AT_ONCE = 2
_SEARCHES_AT_ONCE = 2
_SWEEP_SECONDS, _CACHE_SECONDS = 600, 3600
_STYLES = (("theme.css",), ("viewer", "viewer.css"), ("finder", "finder.css"))
_STATIC = ("viewer", "finder")
_UP_CHOICES = [("as the file says", ""), ("y is up", "y"), ("z is up", "z")]
_ON_SCREEN_JS = f"document.querySelector('#{VIEWER_ID} .cp-viewer')?.viewer?.state() ?? {{}}"
_SAVE_JS = """(file) => {
  if (!file) return;
  const link = document.createElement("a");
  link.href = file.url;
  link.download = file.orig_name || "pose";
  document.body.append(link);
  link.click();
  link.remove();
}"""
_PASTE_JS = """() => {
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    const drop = [...document.querySelectorAll(".cp-drop")].find((one) => one.offsetParent);
    const input = drop?.querySelector("input[type=file]");
    if (!input) return;
    const taken = new DataTransfer();
    files.forEach((file) => taken.items.add(file));
    input.files = taken.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    event.preventDefault();
  });
}"""
_HEADER = """<header class="cp-header">
  <h1>chatpose</h1><p>Find 3D human poses or bring your own, see them from all sides, read them in words.</p>
</header>"""


def build(body: BodyModel | None = None, estimator: Estimating | None = None, search: PageSearch | None = None) -> Any:
    """The page as `gradio.Blocks`.

    Args:
        body: the body that poses are shown on; the open one when absent.
        estimator: finds people in photos, or says by a photo's path who does; chatpose's own when absent.
        search: finds poses; in the person's own library and the shipped one when absent.

    Raises:
        MissingExtraError: gradio isn't installed.
    """
    return _build(body, estimator, search)[0]


def _build(body: BodyModel | None, estimator: Estimating | None, search: PageSearch | None) -> tuple[Any, Finder]:
    stay_offline()
    gr = require_package("gradio", "ui", "for the page")
    folder = tempfile.TemporaryDirectory(prefix="chatpose-page-")
    body = body or BodyModel.open()
    describer = Describer(body)
    estimator = estimator or PerceptionPipeline(body=body)
    page = Page(body, load_examples(), Path(folder.name), describer, Namer(describer=describer), estimator)
    finder = Finder(search or PageSearch.shipped(describer), Thumbnails(body))
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(_SWEEP_SECONDS, _CACHE_SECONDS), fill_width=True
    ) as blocks:
        session = gr.State(None, delete_callback=_close_session)
        with gr.Row(elem_classes="cp-top"):
            gr.HTML(_HEADER, apply_default_css=False)
            theme = gr.Button("Light / dark", size="sm", elem_classes="cp-theme", scale=0)
        with gr.Row(elem_classes="cp-main"):
            with gr.Column(scale=2, min_width=300, elem_classes="cp-panel"):
                with gr.Tabs(elem_classes="cp-tabs"):
                    slots = {slot: _slot_tab(gr, page, slot) for slot in SLOTS}
                download = _download_box(gr)
            with gr.Column(scale=5, min_width=300, elem_classes="cp-stage"):
                stage = viewer.viewer_component(elem_id=VIEWER_ID)
                found = finder_component(elem_id=FINDER_ID)
        for parts in slots.values():
            _bind_slot(page, parts, session, stage, download)
            _bind_use(page, parts, found, session, stage, download)
        _bind_finder(page, finder, found, session)
        _bind_download(page, download, session)
        theme.click(None, js="() => { document.body.classList.toggle('dark'); }")
        spoken = [slots["A"]["words"], slots["B"]["words"], slots["B"]["way"]]
        stage.settled(_on_settled(page), session, spoken, api_visibility="private", show_progress="hidden")
        stage.picture(_on_picture(page), session, stage, api_visibility="private", show_progress="hidden")
        first = _handler(page, "A", lambda state: actions.show_example(page, state, "A", page.examples[0]))
        blocks.load(first, session, _outputs(slots["A"], session, stage, download), api_visibility="private")
        blocks.load(None, js=_PASTE_JS)
        _endpoints(gr, page, finder)
    weakref.finalize(blocks, _clean_up, folder, finder)  # also when the process ends
    return blocks.queue(max_size=_QUEUE_SIZE, default_concurrency_limit=_AT_ONCE), finder


def _clean_up(folder: tempfile.TemporaryDirectory[str], finder: Finder) -> None:
    finder.thumbnails.close()
    folder.cleanup()


def launch(
    body: BodyModel | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    auth: tuple[str, str] | None = None,
    open_browser: bool = False,
    block: bool = True,
    quiet: bool = False,
    estimator: Estimating | None = None,
    search: PageSearch | None = None,
) -> Any:
    """Serves the page.

    Args:
        body: as for `build`.
        host: address to listen on.
        port: the first free one from 7860 when absent.
        share: a public link through gradio's servers.
        auth: name and password that visitors must give.
        open_browser: opens a window.
        block: until interrupted; otherwise returns at once and serves on.
        quiet: doesn't print the address.
        estimator: as for `build`.
        search: as for `build`.

    Returns:
        The `gradio.Blocks`; `local_url` says where it is, `close()` ends it.

    Raises:
        ChatposeError: the port is taken or can't be listened on.
    """
    blocks, finder = _build(body, estimator, search)
    try:
        blocks.launch(
            server_name=host,
            server_port=port,
            share=share,
            auth=auth,
            inbrowser=open_browser,
            prevent_thread_lock=not block,
            quiet=quiet,
            app_kwargs={"routes": [*_static_files(), *finder_routes(finder.thumbnails)]},
            **_serving_options(),
        )
    except OSError as error:
        where = f"port {port}" if port else "the ports from 7860"
        raise ChatposeError(f"can't listen on {host}, {where}: {error}", fix="try another --port") from error
    return blocks


def _serving_options() -> dict[str, Any]:
    return {
        "theme": page_theme(),
        "css_paths": [asset("ui", *parts) for parts in _STYLES],
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "max_file_size": MAX_UPLOAD,
        "state_session_capacity": _MAX_SESSIONS,
        "ssr_mode": False,
        "pwa": False,
        "show_error": False,
    }


def _static_files() -> list[Any]:
    """Folders of ui/ as plain files beside gradio's own; they hold nothing of a visitor's."""
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    mimetypes.add_type("text/javascript", ".js")  # Windows takes it from the registry, where it is often wrong
    return [Mount(f"{viewer.MOUNT}/{name}", StaticFiles(directory=asset("ui", name))) for name in _STATIC]


def _slot_tab(gr: Any, page: Page, slot: str) -> dict[str, Any]:
    """Drop zone, examples, choice of files and card of one slot."""
    title = "Pose A" if slot == "A" else "Compare with B"
    with gr.Tab(title, elem_classes=f"cp-tab-{slot.lower()}"):
        drop = gr.File(
            label=f"Pose file or photo {slot}",
            file_count="multiple",
            height=104,
            elem_classes=["cp-drop", f"cp-drop-{slot.lower()}"],
        )
        gr.HTML(f'<p class="cp-muted cp-kinds">{cards.readable_line()}</p>', apply_default_css=False)
        with gr.Row(elem_classes="cp-chips"):
            examples = [gr.Button(example.shown.title, size="sm", min_width=60) for example in page.examples]
        files = gr.Radio([], label="Files", visible=False, elem_classes="cp-files")
        person = gr.Radio([], label="Person, the largest first", visible=False, elem_classes="cp-people")
        card = gr.HTML(cards.EMPTY_CARD, apply_default_css=False, elem_classes=["cp-slot-card"])
        with gr.Row(visible=False, elem_classes="cp-photo") as photo:
            readings = gr.Checkbox(False, label="Show all readings", min_width=140)
            mirrored = gr.Checkbox(False, label="Mirrored selfie", min_width=140)
        way = gr.HTML("", apply_default_css=False, elem_classes="cp-way") if slot == "B" else None
        words = gr.HTML("", apply_default_css=False, elem_classes="cp-spoken")
        with gr.Accordion("Stands wrong?", open=False, visible=False, elem_classes="cp-more") as more:
            up = gr.Radio(_UP_CHOICES, value="", label="Up axis of the file")
        remove = gr.Button("Remove B", size="sm", visible=False, elem_classes="cp-remove") if slot == "B" else None
    inputs = {"drop": drop, "examples": examples, "files": files, "up": up, "remove": remove}
    inputs |= {"person": person, "readings": readings, "mirrored": mirrored}
    return {"slot": slot, "card": card, "words": words, "way": way, "more": more, "photo": photo} | inputs


def _download_box(gr: Any) -> dict[str, Any]:
    with gr.Column(elem_classes="cp-download"):
        suffix = gr.Dropdown(cards.format_choices(), value=".bvh", label="Take it away as", filterable=False)
        which = gr.Radio(list(SLOTS), value="A", label="Which body", visible=False)
        button = gr.Button("Download", variant="primary")
        line = gr.HTML("", apply_default_css=False, elem_classes="cp-line", min_height=24)
        file = gr.File(visible="hidden")
        state = gr.JSON(visible="hidden")
    return {"suffix": suffix, "which": which, "button": button, "line": line, "file": file, "state": state}


def _outputs(parts: dict[str, Any], session: Any, stage: Any, download: dict[str, Any]) -> list[Any]:
    extra = [parts["remove"]] if parts["remove"] else []
    changed = [session, parts["card"], stage, parts["files"], parts["more"], parts["drop"]]
    changed += [parts[name] for name in ("person", "photo", "readings", "mirrored")]
    return [*changed, download["which"], download["line"], *extra]


def _handler(page: Page, slot: str, act: Callable[..., Result]) -> Callable[..., list[Any]]:
    """Turns an action's `Result` into values for `_outputs`."""
    import gradio as gr

    def handle(*inputs: Any) -> list[Any]:
        result = act(*inputs)
        stage = viewer.update(*result.commands) if result.commands else gr.skip()
        files = gr.skip()
        if result.choices is not None:
            named = [(name, index) for index, name in enumerate(result.choices)]
            files = gr.Radio(choices=named, value=0 if named else None, visible=len(named) > 1)
        shown = result.session.shown.get(slot)
        seen = shown.seen if shown and result.people else None
        dropped = bool(result.session.dropped.get(slot)) and result.choices != [] and bool(result.commands)
        both = "B" in result.session.shown
        values = [result.session, result.card, stage, files, gr.Accordion(visible=dropped and not seen), None]
        values += _photo_controls(result, seen) if result.commands else [gr.skip()] * 4
        values += [gr.Radio(visible=both), ""]
        return [*values, gr.Button(visible=both)] if slot == "B" else values

    return handle


def _photo_controls(result: Result, seen: SeenPhoto | None) -> list[Any]:
    """The list of people, the row under the card, and its two switches."""
    import gradio as gr

    if seen is None:
        return [gr.Radio([], visible=False), gr.Row(visible=False), False, False]
    named = [(name, index) for index, name in enumerate(result.people or [])]
    several = result.readings > 1
    return [
        gr.Radio(choices=named, value=seen.person, visible=len(named) > 1),
        gr.Row(visible=True),
        gr.Checkbox(seen.all_readings and several, visible=several),
        gr.Checkbox(seen.mirrored),
    ]


def _bind_slot(page: Page, parts: dict[str, Any], session: Any, stage: Any, download: dict[str, Any]) -> None:
    slot = parts["slot"]
    outputs = _outputs(parts, session, stage, download)
    quiet = {"api_visibility": "private", "show_progress": "hidden"}
    drop, files, up = parts["drop"], parts["files"], parts["up"]
    received = _handler(page, slot, lambda state, paths, axis: actions.receive(page, state, slot, paths, axis))
    drop.upload(received, [session, drop, up], outputs, **quiet)
    chosen = _handler(page, slot, lambda state, index, axis: actions.choose(page, state, slot, index, axis))
    for control in (files, up):
        control.input(chosen, [session, files, up], outputs, **quiet)
    people = _handler(page, slot, lambda state, *asked: actions.choose_person(page, state, slot, *asked))
    switches = [parts["person"], parts["readings"], parts["mirrored"]]
    for control in switches:
        control.input(people, [session, *switches], outputs, **quiet)
    for button, example in zip(parts["examples"], page.examples, strict=True):
        shown = functools.partial(_show_example, page, slot, example)
        button.click(_handler(page, slot, shown), session, outputs, **quiet)
    if remove := parts["remove"]:
        gone = [parts["card"], stage, parts["files"], parts["more"], download["which"], remove]
        gone += [parts["person"], parts["photo"]]
        remove.click(_on_remove(slot), session, gone, **quiet)


def _show_example(page: Page, slot: str, example: Any, session: Session | None) -> Result:
    return actions.show_example(page, session, slot, example)


def _on_remove(slot: str) -> Callable[..., Any]:
    import gradio as gr

    def handle(session: Session | None) -> list[Any]:
        card, update = actions.clear(session, slot)
        files, which = gr.Radio(choices=[], visible=False), gr.Radio(value="A", visible=False)
        hidden = [gr.Accordion(visible=False), which, gr.Button(visible=False)]
        return [card, update, files, *hidden, gr.Radio([], visible=False), gr.Row(visible=False)]

    return handle


def _on_picture(page: Page) -> Callable[..., Any]:
    import gradio as gr

    def handle(session: Session | None, event: gr.EventData) -> viewer.Update:
        return actions.draw_pictures(page, session, event._data)

    return handle


def _on_settled(page: Page) -> Callable[..., tuple[str, str, str]]:
    import gradio as gr

    def handle(session: Session | None, event: gr.EventData) -> tuple[str, str, str]:
        return actions.say(page, session, event._data)

    return handle


def _bind_use(
    page: Page, parts: dict[str, Any], found: Any, session: Any, stage: Any, download: dict[str, Any]
) -> None:
    import gradio as gr

    slot = parts["slot"]

    def chosen(state: Session | None, event: gr.EventData) -> list[Any]:
        handle = _handler(page, slot, lambda own: finding.use(page, own, slot, event._data))
        return handle(state)

    listen = found.use_a if slot == "A" else found.use_b
    outputs = _outputs(parts, session, stage, download)
    listen(chosen, session, outputs, api_visibility="private", show_progress="hidden")


def _bind_finder(page: Page, finder: Finder, found: Any, session: Any) -> None:
    import gradio as gr

    def find(state: Session | None, event: gr.EventData) -> tuple[Session, finding.Answer]:
        return finding.find(page, finder, state, event._data)

    def alike(state: Session | None, event: gr.EventData) -> tuple[Session, finding.Answer]:
        return finding.find_similar(page, finder, state, event._data)

    quiet = {"api_visibility": "private", "show_progress": "hidden"}
    search = quiet | {"trigger_mode": "always_last", "concurrency_id": "search", "concurrency_limit": _SEARCHES_AT_ONCE}
    found.find(find, session, [session, found], **search)
    found.alike(alike, session, [session, found], **search)
    found.wake(finder.search.warm_up, None, None, **quiet)


def _bind_download(page: Page, parts: dict[str, Any], session: Any) -> None:
    def write(state: Session | None, slot: str, suffix: str, on_screen: dict | None) -> tuple[str | None, str]:
        return actions.take_away(page, state, slot, suffix, on_screen)

    inputs = [session, parts["which"], parts["suffix"], parts["state"]]
    ready = parts["button"].click(
        write,
        inputs,
        [parts["file"], parts["line"]],
        js=f"(session, slot, suffix) => [session, slot, suffix, {_ON_SCREEN_JS}]",
        api_visibility="private",
        show_progress="hidden",
    )
    ready.then(None, parts["file"], None, js=_SAVE_JS)


def _endpoints(gr: Any, page: Page, finder: Finder) -> None:
    """`/convert`, `/info`, `/search` and `/similar` for programs (gradio_client, curl)."""

    def convert(file: str, suffix: str, frame: float) -> str:
        return _told(gr, lambda: actions.convert(page, file, suffix, frame))

    def info(file: str) -> dict[str, Any]:
        return _told(gr, lambda: actions.describe(file))

    def search(text: str, where: str, k: float) -> dict[str, Any]:
        return _told(gr, lambda: finding.search_for_program(page, finder, text, where, k))

    def similar(file: str, frame: float, where: str, k: float) -> dict[str, Any]:
        return _told(gr, lambda: finding.similar_for_program(page, finder, file, frame, where, k))

    with gr.Row(visible=False):
        file, suffix, frame = gr.File(label="file"), gr.Textbox(".glb", label="suffix"), gr.Number(0, label="frame")
        text = gr.Textbox("", label="words, or a name of the atlas")
        where = gr.Textbox("", label="statements that have to hold, one a line")
        k = gr.Number(10, label=f"most hits, 1 to {MOST_FOR_PROGRAMS}")
        written, facts = gr.File(label="written"), gr.JSON(label="info")
        hits = gr.JSON(label="hits")
        gr.Button().click(convert, [file, suffix, frame], written, api_name="convert")
        gr.Button().click(info, file, facts, api_name="info")
        limits = {"concurrency_id": "search", "concurrency_limit": _SEARCHES_AT_ONCE}
        gr.Button().click(search, [text, where, k], hits, api_name="search", **limits)
        gr.Button().click(similar, [file, frame, where, k], hits, api_name="similar", **limits)


def _told(gr: Any, act: Callable[[], Any]) -> Any:
    """What `act` gives; errors of ours in their own words."""
    try:
        return act()
    except ChatposeError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _close_session(session: Session | None) -> None:
    if session is not None:
        session.close()
