"""Arguments of tool calls, as models write them: text that should be JSON, with the small slips that they make."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chatpose.agent.backends.openai_stream import RawCall
from chatpose.agent.backends.protocol import MalformedMoveError
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.corpus.instructions.tools import TOOLS, tool
from chatpose.errors import ChatposeError


def call_of(raw: RawCall, tools: Sequence[str]) -> ToolCall:
    """A tool call that can be run.

    Args:
        raw: as it came.
        tools: names of the tools that may be called.

    Raises:
        MalformedMoveError: an unknown tool, no JSON, or arguments that aren't as the schema says.
    """
    name = raw.name.strip()
    if name not in tools or name not in TOOLS:
        raise MalformedMoveError(
            f"a call of the tool {name[:60]!r}", expected=f"one of: {', '.join(tools)}", raw=_told(raw)
        )
    try:
        value = json.loads(raw.arguments or "{}")
        if isinstance(value, str):  # JSON in JSON
            value = json.loads(value or "{}")
    except (ValueError, RecursionError) as error:
        raise MalformedMoveError(
            f"a call of {name} whose arguments are no JSON", expected="one JSON object, whole", raw=_told(raw)
        ) from error
    if value is None:
        value = {}
    if not isinstance(value, dict):
        raise MalformedMoveError(
            f"a call of {name} with {type(value).__name__} as arguments", expected="one JSON object", raw=_told(raw)
        )
    try:
        return ToolCall(name, tool(name).check(_mended(value, tool(name).properties)))
    except ChatposeError as error:
        raise MalformedMoveError(
            f"a call of {error.got}", expected=error.expected, fix="call it again as its schema says", raw=_told(raw)
        ) from error


def _mended(arguments: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Without nulls, with numbers and lists where they were meant; all else stays, and is judged by the schema."""
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        if value is None:
            continue
        kind = properties.get(name, {}).get("type")
        if kind in ("integer", "number") and isinstance(value, str):
            value = _number(value)
        if kind == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if kind == "array" and isinstance(value, str):
            value = [value]
        found[name] = value
    return found


def _number(text: str) -> Any:
    try:
        value = float(text.strip().removesuffix("°"))
    except ValueError:
        return text
    # What JSON can't hold (nan, inf) stays text, which no schema takes for a number.
    return text if value != value or abs(value) == float("inf") else value


def _told(raw: RawCall) -> str:
    return f"{raw.name}({raw.arguments})"
