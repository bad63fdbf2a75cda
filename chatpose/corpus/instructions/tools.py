"""The tools of the conversation: name, purpose and JSON schema of the arguments, defined here once.

Training data calls them, `chatpose.language` shows them to models, the agent runs them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chatpose.errors import ChatposeError, unknown_name

_POSE = {"type": "string", "description": "what the pose is called in this conversation: 'it', 'pose 2', 'the photo'"}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 20}
_STATEMENTS = {"type": "array", "items": {"type": "string"}, "maxItems": 40}
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list, tuple),
}  # fmt: skip
MAX_STRING = 2000


class ToolError(ChatposeError, ValueError):
    """A call of a tool that there isn't, or with arguments that aren't as its schema says."""


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes:
        name: what calls name.
        purpose: one sentence for models and people.
        properties: JSON schema of each argument.
        required: arguments that must be there.
    """

    name: str
    purpose: str
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """As OpenAI-compatible servers, templates and MCP take it."""
        return {
            "type": "object",
            "properties": {name: dict(about) for name, about in self.properties.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments, if they are as the schema says.

        Raises:
            ToolError: one that is missing, unknown or of another kind, with the tool's and the argument's name.
        """
        unknown = sorted(set(arguments) - set(self.properties))
        if unknown:
            raise ToolError(f"{self.name}: {', '.join(unknown)}", expected=", ".join(self.properties))
        missing = [name for name in self.required if name not in arguments]
        if missing:
            raise ToolError(f"{self.name} without {', '.join(missing)}")
        for name, value in arguments.items():
            _check(f"{self.name}: {name}", value, self.properties[name])
        return dict(arguments)


def _check(where: str, value: Any, schema: Mapping[str, Any]) -> None:
    kinds = _JSON_TYPES[schema["type"]]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ToolError(f"{where} is {json.dumps(value, default=str)[:80]}", expected=str(schema["type"]))
    if "enum" in schema and value not in schema["enum"]:
        raise ToolError(f"{where} is {value!r}", expected=", ".join(schema["enum"]))
    if isinstance(value, str) and len(value) > MAX_STRING:
        raise ToolError(f"{where} has {len(value):,} characters", expected=f"at most {MAX_STRING:,}")
    if isinstance(value, int | float):
        low, high = schema.get("minimum", -float("inf")), schema.get("maximum", float("inf"))
        if not low <= value <= high:
            raise ToolError(f"{where} is {value}", expected=f"{low} to {high}")
    if isinstance(value, list | tuple):
        if len(value) > schema.get("maxItems", len(value)):
            raise ToolError(f"{where} has {len(value)} items", expected=f"at most {schema['maxItems']}")
        for item in value:
            _check(where, item, schema["items"])


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("describe", "Measures a pose and says what holds of it.",
             {"pose": _POSE, "style": {"type": "string", "enum": ["short", "plain", "full"]}}, ("pose",)),
        Tool("name", "Says what a pose is called.", {"pose": _POSE}, ("pose",)),
        Tool("generate", "Makes a pose from words, and checks it.",
             {"prompt": {"type": "string"}, "plan": _STATEMENTS, "count": _COUNT}, ("prompt",)),
        Tool("edit", "Changes a pose as told; parts that aren't named stay.",
             {"pose": _POSE, "instruction": {"type": "string"}}, ("pose", "instruction")),
        Tool("compare", "Says how to get from one pose to another.",
             {"first": _POSE, "second": _POSE}, ("first", "second")),
        Tool("search", "Finds poses of the library by words, by a pose, by statements that must hold.",
             {"query": {"type": "string"}, "like": _POSE, "where": _STATEMENTS, "count": _COUNT}),
        Tool("estimate", "Finds the people in a photo and their poses.",
             {"photo": {"type": "string", "description": "what the photo is called in this conversation"}}, ("photo",)),
        Tool("mirror", "Exchanges left and right.", {"pose": _POSE}, ("pose",)),
        Tool("blend", "A pose between two others.",
             {"first": _POSE, "second": _POSE, "share": {"type": "number", "minimum": 0, "maximum": 1}},
             ("first", "second")),
        Tool("set_angle", "Sets an anatomical angle exactly.",
             {"pose": _POSE, "angle": {"type": "string", "description": "'left knee flexion', 'right elbow angle'"},
              "degrees": {"type": "number", "minimum": -360, "maximum": 360}}, ("pose", "angle", "degrees")),
        Tool("ground", "Puts a pose on the floor.", {"pose": _POSE}, ("pose",)),
        Tool("export", "Writes a pose as a file to take away.",
             {"pose": _POSE, "format": {"type": "string", "enum": ["npz", "bvh", "glb", "obj", "json", "png"]}},
             ("pose", "format")),
        Tool("undo", "Takes the last change back.", {}),
        Tool("redo", "Takes the last undo back.", {}),
        Tool("ask", "Answers a question about a pose by measuring it; of several poses, which one.",
             {"pose": _POSE, "question": {"type": "string"}}, ("pose", "question")),
        Tool("choose", "Puts a pose of this conversation or a result of the search on screen.",
             {"pose": _POSE}, ("pose",)),
    )
}  # fmt: skip
"""By name."""


def tool(name: str) -> Tool:
    """The tool of a name.

    Raises:
        UnknownNameError: there is none; near ones are listed.
    """
    if name not in TOOLS:
        raise unknown_name("tool", name, TOOLS)
    return TOOLS[name]
