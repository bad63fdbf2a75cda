"""PoseLM: any multimodal language model, LoRA-adapted, that reads and writes pose tokens.

Names are loaded on first use, so that importing the package costs neither torch nor transformers.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatpose.language.config import PoseLMConfig, PoseLMError
    from chatpose.language.decoding import Keep, Sampling
    from chatpose.language.pose_lm import PoseLM
    from chatpose.language.reply import Reply

_HOMES = {
    "Keep": "chatpose.language.decoding",
    "PoseLM": "chatpose.language.pose_lm",
    "PoseLMConfig": "chatpose.language.config",
    "PoseLMError": "chatpose.language.config",
    "Reply": "chatpose.language.reply",
    "Sampling": "chatpose.language.decoding",
}

__all__ = ["Keep", "PoseLM", "PoseLMConfig", "PoseLMError", "Reply", "Sampling"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'chatpose.language' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
