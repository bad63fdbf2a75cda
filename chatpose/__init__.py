"""chatpose: a conversational agent for 3D human poses.

Names are loaded on first use, so that `import chatpose` costs neither torch nor transformers.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatpose.agent.agent import Agent
    from chatpose.agent.state import ConversationState
    from chatpose.atlas.naming import Namer
    from chatpose.body.model import BodyModel
    from chatpose.body.pose import Pose
    from chatpose.errors import ChatposeError
    from chatpose.formats import PoseClip, load, save
    from chatpose.language import PoseLM
    from chatpose.language.verified.editor import Editor
    from chatpose.language.verified.generator import Generator
    from chatpose.posecodes.describe import compare, describe
    from chatpose.retrieval.query import Query
    from chatpose.retrieval.search_place import open_search

__version__ = "0.1.0"

_HOMES = {
    "Agent": "chatpose.agent.agent",
    "BodyModel": "chatpose.body.model",
    "ChatposeError": "chatpose.errors",
    "ConversationState": "chatpose.agent.state",
    "Editor": "chatpose.language.verified.editor",
    "Generator": "chatpose.language.verified.generator",
    "Namer": "chatpose.atlas.naming",
    "Pose": "chatpose.body.pose",
    "PoseClip": "chatpose.formats",
    "PoseLM": "chatpose.language",
    "Query": "chatpose.retrieval.query",
    "compare": "chatpose.posecodes.describe",
    "describe": "chatpose.posecodes.describe",
    "load": "chatpose.formats",
    "open_search": "chatpose.retrieval.search_place",
    "save": "chatpose.formats",
}

__all__ = [
    "Agent",
    "BodyModel",
    "ChatposeError",
    "ConversationState",
    "Editor",
    "Generator",
    "Namer",
    "Pose",
    "PoseClip",
    "PoseLM",
    "Query",
    "__version__",
    "compare",
    "describe",
    "load",
    "open_search",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'chatpose' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
