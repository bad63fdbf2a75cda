"""The chat and the panel: a `gr.HTML` each that runs ui/chat or ui/panel, and the values that drive them."""

import itertools
import secrets
from collections.abc import Sequence
from typing import Any

from chatpose.page.desk import Change
from chatpose.page.viewer import MOUNT
from chatpose.page.visit import Visit

CHAT_EVENTS = ("ask", "stop", "act")
PANEL_EVENTS = ("act",)
_ON_LOAD = """
(async () => {{
  const base = new URL("{mount}/{name}/gradio.js", document.baseURI);
  const {{ connect }} = await import(base.href);
  watch('value', connect(element, props, trigger, upload));
}})();
// events that Python may listen to: {events}
"""
_numbers = itertools.count()


def chat_component(**options: Any) -> Any:
    """The conversation, for use inside `gr.Blocks`; it fills the bar above the page, too.

    Its events: `ask` with a message, `stop`, `act` for everything else (`chatpose.page.acts`).
    """
    return _component("chat", CHAT_EVENTS, options)


def panel_component(**options: Any) -> Any:
    """What stands under the body, for use inside `gr.Blocks`; its event: `act`."""
    return _component("panel", PANEL_EVENTS, options)


def chat_value(visit: Visit, change: Change) -> dict[str, Any]:
    """A value for the chat: what changed in it, and what can be done now."""
    state = visit.state
    return {
        "id": _new_id(),
        "messages": change.messages,
        "reset": change.reset,
        "note": change.note,
        "problem": change.problem,
        "said": visit.said,
        "present": [item.number for item in state.poses],
        "current": state.current,
        "undo": bool(state.past),
        "redo": bool(state.future),
        **change.extra,
    }


def panel_value(sheet: dict[str, Any]) -> dict[str, Any]:
    """A value for the panel."""
    return {"id": _new_id(), **sheet}


def _new_id() -> str:
    return f"{secrets.token_hex(4)}-{next(_numbers)}"


def _component(name: str, events: Sequence[str], options: dict[str, Any]) -> Any:
    import gradio as gr

    return gr.HTML(
        value={},
        html_template=f'<div class="cp-{name}"></div>',
        js_on_load=_ON_LOAD.format(mount=MOUNT.lstrip("/"), name=name, events=", ".join(f"'{one}'" for one in events)),
        apply_default_css=False,
        **options,
    )
