"""chatpose: a conversational agent for 3D human poses.

Names are loaded on first use, so that `import chatpose` costs neither torch nor transformers.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatpose.body.model import BodyModel
    from chatpose.body.pose import Pose
    from chatpose.errors import ChatposeError
    from chatpose.formats import PoseClip, load, save
    from chatpose.language import PoseLM
    from chatpose.posecodes.describe import compare, describe

__version__ = "0.1.0"

_HOMES = {
    "BodyModel": "chatpose.body.model",
    "ChatposeError": "chatpose.errors",
    "Pose": "chatpose.body.pose",
    "PoseClip": "chatpose.formats",
    "PoseLM": "chatpose.language",
    "compare": "chatpose.posecodes.describe",
    "describe": "chatpose.posecodes.describe",
    "load": "chatpose.formats",
    "save": "chatpose.formats",
}

__all__ = [
    "BodyModel",
    "ChatposeError",
    "Pose",
    "PoseClip",
    "PoseLM",
    "__version__",
    "compare",
    "describe",
    "load",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'chatpose' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
