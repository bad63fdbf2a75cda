"""The page: talk about poses on the left, see the body on the right.

`build()` gives the `gradio.Blocks`, `launch()` serves it. Every visitor has a conversation of their own
(`chatpose.page.visit`), and nothing that the page loads comes from another host. How it is laid out and what its events
do is in `chatpose.page.layout`; `chatpose.agent` answers.
"""

import contextlib
import io
import logging
import mimetypes
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Any

from chatpose.agent.agent import Agent
from chatpose.agent.backends.protocol import Backend
from chatpose.agent.toolbox import Toolbox
from chatpose.atlas.naming import Namer
from chatpose.body.model import BodyModel
from chatpose.errors import ChatposeError
from chatpose.offline import stay_offline
from chatpose.optional import require_package
from chatpose.page import endpoints, layout, viewer
from chatpose.page.actions import Page
from chatpose.page.bodies import body_route
from chatpose.page.desk import Desk, PageParts
from chatpose.page.examples import load_examples
from chatpose.page.finder import finder_routes
from chatpose.page.finding import Finder
from chatpose.page.photos import Estimating
from chatpose.page.search import PageSearch
from chatpose.page.theme import page_theme
from chatpose.page.thumbnails import Thumbnails
from chatpose.perception.estimator import PerceptionPipeline
from chatpose.posecodes.describe import Describer
from chatpose.resources import asset

TITLE = "chatpose"
MAX_UPLOAD = "64mb"

_QUEUE_SIZE = 64
_MAX_SESSIONS = 200
_AT_ONCE = 2
_SWEEP_SECONDS, _CACHE_SECONDS = 600, 3600
_STYLES = (
    ("theme.css",),
    ("chat", "chat.css"),
    ("viewer", "viewer.css"),
    ("panel", "panel.css"),
    ("finder", "finder.css"),
)
_STATIC = ("viewer", "finder", "chat", "panel")
_WARMING = ("someone standing with the left hand on the hip", "raise the right arm")
_log = logging.getLogger(__name__)


def build(
    body: BodyModel | None = None,
    estimator: Estimating | None = None,
    search: PageSearch | None = None,
    agent: Agent | None = None,
) -> Any:
    """The page as `gradio.Blocks`.

    Args:
        body: the body that poses are shown on; the open one when absent.
        estimator: finds people in photos, or says by a photo's path who does; chatpose's own when absent.
        search: finds poses; in the person's own library and the shipped one when absent.
        agent: answers; chatpose's own when absent.

    Raises:
        MissingExtraError: gradio isn't installed.
    """
    return _build(body, estimator, search, agent)[0]


def _build(
    body: BodyModel | None,
    estimator: Estimating | None,
    search: PageSearch | None,
    agent: Agent | None,
    backend: Backend | None = None,
) -> tuple[Any, Desk]:
    stay_offline()
    gr = require_package("gradio", "ui", "for the page")
    folder = tempfile.TemporaryDirectory(prefix="chatpose-page-")
    body = body or BodyModel.open()
    describer = Describer(body)
    estimator = estimator or PerceptionPipeline(body=body)
    page = Page(body, load_examples(), Path(folder.name), describer, Namer(describer=describer), estimator)
    finder = Finder(search or PageSearch.shipped(describer), Thumbnails(body))
    desk = Desk(page, finder, agent or Agent(Toolbox(PageParts(page, finder.search), page.root), backend))
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(_SWEEP_SECONDS, _CACHE_SECONDS), fill_width=True
    ) as blocks:
        parts = layout.lay_out(gr)
        layout.bind(desk, parts, blocks)
        endpoints.add(gr, desk)
    endpoints.open_no_addresses(blocks)
    weakref.finalize(blocks, _clean_up, folder, finder)  # also when the process ends
    return blocks.queue(max_size=_QUEUE_SIZE, default_concurrency_limit=_AT_ONCE), desk


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
    agent: Agent | None = None,
    backend: Backend | None = None,
    warm: bool = False,
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
        agent: as for `build`.
        backend: decides, where no agent is given; chatpose's own when absent.
        warm: begins at once to load what the first answers need, beside serving.

    Returns:
        The `gradio.Blocks`; `local_url` says where it is, `close()` ends it.

    Raises:
        ChatposeError: the port is taken or can't be listened on.
    """
    blocks, desk = _build(body, estimator, search, agent, backend)
    serving = endpoints.mcp_parts(desk, host=host, share=share, auth=auth)
    pictures, bodies = finder_routes(desk.finder.thumbnails), body_route(desk.page.bodies, viewer.MOUNT)
    serving["routes"] += [*_static_files(), *pictures, bodies]
    if share and not quiet:
        _tell("Asking Gradio's servers for a public link…")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # gradio's words are about its own functions
            blocks.launch(
                server_name=host,
                server_port=port,
                share=share,
                auth=auth,
                auth_message=_login_words() if auth else None,
                inbrowser=open_browser,
                prevent_thread_lock=True,
                quiet=True,
                app_kwargs=serving,
                **_serving_options(),
            )
    except OSError as error:
        where = f"port {port}" if port else "the ports from 7860"
        raise ChatposeError(f"can't listen on {host}, {where}: {error}", fix="try another --port") from error
    if not quiet:
        _tell(_where(blocks, share))
    if warm:  # once it is served: gradio gives its own first request few seconds
        threading.Thread(target=_warm, args=(desk,), name="warm-up", daemon=True).start()
    if block:
        blocks.block_thread()
    return blocks


def _login_words() -> str:
    """What the page that asks for a password says; gradio gives that page no style sheet of ours, so it is in here."""
    style = asset("ui", "login.css").read_text(encoding="utf-8")
    return f"<style>{style}</style>Talk about human poses. This page asks for a name and a password."


def _tell(line: str) -> None:
    """To whoever started the server."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _where(blocks: Any, share: bool) -> str:
    """Where the page is, in a line or two."""
    lines = [f"chatpose is at {blocks.local_url} (Ctrl+C ends it)"]
    if blocks.share_url:
        lines.append(f"For everybody who knows this address, for a week at most: {blocks.share_url}")
    elif share:
        lines.append("There is no public link: Gradio's servers can't be reached. The page is on this machine only.")
    return "\n".join(lines)


def _warm(desk: Desk) -> None:
    """Makes one pose and changes it, so that the first visitor doesn't wait for what is loaded with the first of each.

    Whoever asks while this runs waits for it; what can't be loaded is told to whoever needs it.
    """
    parts = desk.agent.toolbox.parts
    try:
        parts.warm()
        made = parts.generator.generate(_WARMING[0])
        for one in made.poses:
            parts.editor.edit(one.pose, _WARMING[1])
    except Exception as error:
        _log.info("not everything is ready: %s", type(error).__name__)


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
