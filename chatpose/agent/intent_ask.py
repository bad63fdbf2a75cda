"""`Ask`: one thing that a message asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_ASKS = 6
"""Things of one message that are done."""
MOST_LISTED = 5
"""Poses of a list in one message that are made."""
MOST_COUNT = 12
"""Poses that are made for one ask."""


@dataclass(frozen=True)
class Ask:
    """One thing that is asked for.

    Attributes:
        kind: what it is: the name of a tool, or of small talk.
        text: its words.
        tool: to call; None for small talk.
        arguments: of the tool.
        otherwise: what may be meant instead, if that fails.
        needed: whether what follows makes no sense when it fails.
    """

    kind: str
    text: str
    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    otherwise: "Ask | None" = None
    needed: bool = False
