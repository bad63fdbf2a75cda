"""The tools that MCP clients see: names, words for models, JSON schemas. Pure tables; loads nothing heavy.

Most are tools of the conversation (`chatpose.corpus.instructions.tools`) under the names that people of other programs
expect. Where the conversation knows poses by name only, a pose may come as numbers here as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chatpose.corpus.instructions.tools import MAX_STRING, TOOLS, Tool, ToolError
from chatpose.errors import unknown_name

Schema = dict[str, Any]

POSE_ARGUMENTS = ("pose", "first", "second", "like")
"""Arguments that are poses: a handle, or numbers."""
CONVERSATION = "conversation"
NUMBERS = "numbers"
SEED = "seed"
PATH = "path"
OPEN_FILE = "open_file"
MAX_SEED = 2**31 - 1
MAX_TOKEN = 64

_NUMBERS_3 = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
POSE_OBJECT: Schema = {
    "type": "object",
    "description": "SMPL pose, axis-angle in radians, metres, y up, facing +z: what `numbers` gives",
    "properties": {
        "global_orient": _NUMBERS_3,
        "body_pose": {"type": "array", "items": {"type": "number"}, "minItems": 63, "maxItems": 69},
        "betas": {"type": "array", "items": {"type": "number"}, "maxItems": 300},
        "transl": _NUMBERS_3,
    },
    "required": ["global_orient", "body_pose"],
}
_HANDLE: Schema = {
    "type": "string",
    "maxLength": MAX_STRING,
    "description": "what an earlier result calls it: 'pose 2', 'result 1' (of the last search), 'it' (the latest)",
}
_POSE: Schema = {"anyOf": [_HANDLE, POSE_OBJECT], "description": "a handle from an earlier result, or a pose object"}
_WITH_NUMBERS: Schema = {
    "type": "boolean",
    "default": False,
    "description": "also give each pose as numbers (about 3 kB each); handles are enough for the other tools",
}
_WITH_SEED: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": MAX_SEED,
    "default": 0,
    "description": "another seed gives other poses for the same words",
}
_IN: Schema = {
    "type": "string",
    "maxLength": MAX_TOKEN,
    "description": "the token that earlier results gave as `conversation`; handles are known only with it",
}

_ROWS: Schema = {"type": "array", "items": {"type": "object", "required": ["handle"]}}
RESULT: Schema = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "poses": _ROWS,
        "hits": _ROWS,
        "files": {"type": "array", "items": {"type": "object", "required": ["name", "media_type", "bytes"]}},
        "result": {},
        CONVERSATION: {"type": "string"},
        "seconds": {"type": "number"},
    },
    "required": ["text", "poses", "hits", "files", "result", "seconds"],
}
"""The schema of every result."""


@dataclass(frozen=True)
class McpTool:
    """A tool as MCP clients see it.

    Attributes:
        name: what they call.
        runs: the tool of the conversation that does it; empty for `open_file`.
        title: for people.
        purpose: for models: what it does, what comes back.
        extras: arguments beyond those of the tool that it runs.
        reads: whether it changes nothing but which poses there are.
    """

    name: str
    runs: str
    title: str
    purpose: str
    extras: tuple[str, ...] = ()
    reads: bool = True

    @property
    def tool(self) -> Tool:
        """The tool of the conversation."""
        return TOOLS[self.runs]

    def schema(self, *, conversations: bool) -> Schema:
        """JSON schema of the arguments.

        Args:
            conversations: whether clients say which conversation they go on with.
        """
        if self.runs:
            schema = self.tool.schema
            properties = {
                name: _argument(name, about, self.tool.required) for name, about in schema["properties"].items()
            }
            required = schema["required"]
        else:
            properties, required = {PATH: dict(_PATH)}, [PATH]
        properties |= {name: dict(_EXTRAS[name]) for name in self.extras}
        if conversations:
            properties[CONVERSATION] = dict(_IN)
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_PATH: Schema = {
    "type": "string",
    "maxLength": 1024,
    "description": "a pose file (npz, pkl, json, bvh, glb, …) or a photo, relative to the folder that was allowed",
}
_EXTRAS: dict[str, Schema] = {NUMBERS: _WITH_NUMBERS, SEED: _WITH_SEED}
_DESCRIPTIONS = {
    "prompt": "what the body does, in plain words: 'tree pose, arms overhead', 'left knee on the floor, drawing a bow'",
    "plan": "statements that must hold as well, in chatpose's form: 'left knee: right angle'",
    "count": "how many",
    "instruction": "one change in plain words: 'raise the left arm to the side', 'bend the right knee to 90 degrees'",
    "query": "words, or the name of a pose",
    "where": "statements that have to hold: 'left knee: right angle', 'not: kneeling'",
    "question": "'Is the left knee bent?', 'How far apart are the feet?', 'Which hand is higher?'",
    "format": "npz (AMASS), bvh (motion), glb or obj (mesh), json (numbers), png (picture)",
    "style": "how much is told",
}

MCP_TOOLS: dict[str, McpTool] = {
    one.name: one
    for one in (
        McpTool(
            "generate",
            "generate",
            "Make a pose",
            "Makes 3D poses of a human body from words, measures them against what was asked and repairs what doesn't "
            "hold. Gives a handle for each, a description, and every statement with whether it holds and what was "
            "measured.",
            (SEED, NUMBERS),
        ),
        McpTool(
            "edit",
            "edit",
            "Change a pose",
            "Changes a pose as told in words; parts of the body that aren't named stay as they are. Gives the new pose "
            "with a handle of its own, which parts changed, and whether what was asked for came true.",
            (NUMBERS,),
        ),
        McpTool(
            "describe",
            "describe",
            "Describe a pose",
            "Describes a pose in words and gives the statements behind them with measured angles and distances. Left "
            "and right are those of the body.",
            (NUMBERS,),
        ),
        McpTool("name", "name", "Name a pose", "Says what a pose is called (yoga, sport, dance, …), with scores."),
        McpTool(
            "question",
            "ask",
            "Ask about a pose",
            "Answers a question about a pose by measuring it; of several ('pose 1 and pose 2') it says which one.",
        ),
        McpTool(
            "compare",
            "compare",
            "Compare two poses",
            "Says how to get from the first pose to the second, as instructions with measured differences.",
        ),
        McpTool(
            "search",
            "search",
            "Search poses",
            "Finds poses of the library by words (query), by a pose (like), by statements that must hold (where). "
            "Results can be used as poses: 'result 1'.",
            (NUMBERS,),
        ),
        McpTool(
            "export",
            "export",
            "Take a pose away as a file",
            "Gives a pose as a file: an embedded resource in base64.",
        ),
        McpTool(
            OPEN_FILE,
            "",
            "Open a file",
            "Opens a pose file or a photo out of the folder that the person allowed. Gives a handle for the first pose "
            "of a file, or for each person in a photo.",
            (NUMBERS,),
        ),
    )
}
"""By name; `open_file` is offered only where a folder was allowed."""


def offered(*, files: bool) -> list[McpTool]:
    """The tools of a server; `files` whether it may open any."""
    return [one for one in MCP_TOOLS.values() if files or one.name != OPEN_FILE]


def mcp_tool(name: str, *, files: bool) -> McpTool:
    """The tool of a name.

    Raises:
        UnknownNameError: there is none.
    """
    there = {one.name: one for one in offered(files=files)}
    if name not in there:
        raise unknown_name("tool", name[:60], there)
    return there[name]


def checked_extras(tool: McpTool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What of the arguments the tool of the conversation doesn't know, checked; unset ones have their defaults.

    Raises:
        ToolError: of the wrong kind.
    """
    found: dict[str, Any] = {NUMBERS: arguments.get(NUMBERS, False), SEED: arguments.get(SEED, 0)}
    if not isinstance(found[NUMBERS], bool):
        raise ToolError(f"{tool.name}: {NUMBERS} is {str(found[NUMBERS])[:40]!r}", expected="true or false")
    seed = found[SEED]
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise ToolError(f"{tool.name}: {SEED} is {str(seed)[:40]!r}", expected=f"a whole number from 0 to {MAX_SEED}")
    return found


def _argument(name: str, about: Mapping[str, Any], required: tuple[str, ...]) -> Schema:
    if name in POSE_ARGUMENTS:
        return dict(_POSE) if name in required else dict(_POSE) | {"description": f"optional: {_POSE['description']}"}
    words = {"description": _DESCRIPTIONS[name]} if name in _DESCRIPTIONS else {}
    long = {"maxLength": MAX_STRING} if about.get("type") == "string" and "enum" not in about else {}
    return dict(about) | long | words
