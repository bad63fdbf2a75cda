"""The page's named endpoints for programs (gradio_client, curl), and its MCP endpoint.

`/convert`, `/info`, `/search` and `/similar` are in `chatpose.page.named`; those of the conversation's tools are here.
gradio's own MCP server isn't used: its file arguments are addresses that the server would open for whoever names them.
"""

import weakref
from typing import Any

from chatpose.page import named, programs
from chatpose.page.desk import Desk
from chatpose.page.named import told

_AT_ONCE = 2
_NO_ADDRESSES = "chatpose opens no addresses; upload the file instead"
_homes: "weakref.WeakSet[Any]" = weakref.WeakSet()


def add(gr: Any, desk: Desk) -> None:
    """Adds all of them to the blocks that are being built."""
    named.add(gr, desk.page, desk.finder)

    def generate(text: str, count: float = 1, seed: float = 0) -> dict[str, Any]:
        """Poses from words, each measured against what was asked: the object of `chatpose generate --json`."""
        return told(gr, lambda: programs.generate(desk, text, count, seed))

    def describe(pose: Any, file: str | None, frame: float = 0, style: str = "plain") -> dict[str, Any]:
        """A pose in words, with what was measured; of a pose object, a pose file or a photo."""
        return told(gr, lambda: programs.describe(desk, pose, file, frame, style))

    def estimate(file: str) -> dict[str, Any]:
        """The people in a photo and their poses."""
        return told(gr, lambda: programs.estimate(desk, file))

    def edit(pose: Any, instruction: str) -> dict[str, Any]:
        """A pose changed as told: the object of `chatpose edit --json`."""
        return told(gr, lambda: programs.edit(desk, pose, instruction))

    def compare(first: Any, second: Any) -> dict[str, Any]:
        """How to get from one pose to another: the object of `chatpose compare --json`."""
        return told(gr, lambda: programs.compare(desk, first, second))

    def question(pose: Any, text: str) -> dict[str, Any]:
        """An answer about a pose, measured."""
        return told(gr, lambda: programs.question(desk, pose, text))

    def export(pose: Any, suffix: str = ".npz") -> str:
        """A pose as a file: .npz, .bvh, .glb, .obj, .json, .png and more."""
        return told(gr, lambda: programs.export(desk, pose, suffix))

    def talk(text: str, files: list[str] | None, conversation: Any) -> tuple[Any, Any, list[str]]:
        """One turn: the object of `chatpose talk --json`, the conversation to send with the next turn, files."""
        return told(gr, lambda: programs.talk(desk, text, files, conversation))

    limits = {"concurrency_id": "program", "concurrency_limit": _AT_ONCE}
    with gr.Row(visible=False):
        words, suffix = gr.Textbox("", label="words"), gr.Textbox(".npz", label="suffix")
        count, seed, frame = (gr.Number(value, label=name, precision=0) for name, value in _NUMBERS)
        style = gr.Dropdown(list(programs.STYLES), value="plain", label="style")
        pose, second = gr.JSON(label="pose object"), gr.JSON(label="pose object")
        file, files = gr.File(label="file"), gr.File(label="photos and pose files", file_count="multiple")
        conversation = gr.JSON(label="conversation, as the turn before gave it")
        result, after = gr.JSON(label="result"), gr.JSON(label="conversation")
        written, several = gr.File(label="written"), gr.File(label="written", file_count="multiple")
        for act, inputs, outputs in (
            (generate, [words, count, seed], result),
            (describe, [pose, file, frame, style], result),
            (estimate, [file], result),
            (edit, [pose, words], result),
            (compare, [pose, second], result),
            (question, [pose, words], result),
            (export, [pose, suffix], written),
            (talk, [words, files, conversation], [result, after, several]),
        ):
            gr.Button().click(act, inputs, outputs, api_name=act.__name__, **limits)


_NUMBERS = (("count", 1), ("seed", 0), ("frame", 0))


def open_no_addresses(blocks: Any) -> None:
    """Keeps gradio from fetching an address that a caller puts where a file is expected; other pages stay as they are.

    gradio downloads such addresses on the server before any function of ours is called.
    """
    import gradio
    from gradio import processing_utils
    from gradio.context import LocalContext

    _homes.add(blocks)
    fetch = processing_utils.async_ssrf_protected_download
    if getattr(fetch, "asks_chatpose", False):
        return

    async def fetch_elsewhere_only(url: str, cache_dir: str) -> str:
        if LocalContext.blocks.get(None) in _homes:
            raise gradio.Error(_NO_ADDRESSES, print_exception=False)
        return await fetch(url, cache_dir)

    fetch_elsewhere_only.asks_chatpose = True  # type: ignore[attr-defined]
    processing_utils.async_ssrf_protected_download = fetch_elsewhere_only


def mcp_parts(desk: Desk, *, host: str, share: bool, auth: tuple[str, str] | None) -> dict[str, Any]:
    """What `gradio.Blocks.launch(app_kwargs=…)` needs to serve MCP at /mcp; nothing where `mcp` isn't installed.

    Args:
        desk: what all visitors share.
        host: that the page listens on.
        share: whether a public link is made.
        auth: name and password of the page, which MCP clients then give as HTTP Basic.

    Returns:
        `routes`, and `lifespan` where there is one.
    """
    from chatpose.mcp_server import http_endpoint
    from chatpose.mcp_session import ToolRunner

    endpoint = http_endpoint(ToolRunner(lambda: desk.agent.toolbox), host="" if share else host, auth=auth)
    return {"routes": [endpoint.route()], "lifespan": endpoint.lifespan} if endpoint is not None else {"routes": []}
