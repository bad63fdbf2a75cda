"""Names of the atlas in what people and models say, without those that only look like one."""

import re
from collections.abc import Sequence

from chatpose.agent.parts import Parts
from chatpose.language.verified.spotting import Spotted

_POSE = re.compile(r"(?i)(?:a|an|the|this|that|one|which|what)?\s*poses?")


def spotted_names(parts: Parts, text: str) -> Sequence[Spotted]:
    """Names in a text that mean a pose; the bare word "pose" isn't the A-pose."""
    found = (one for one in parts.spotter.spot(text) if one.strength != "doubtful")
    return [one for one in found if not _POSE.fullmatch(text[one.start : one.stop].strip())]


def is_name(parts: Parts, text: str) -> bool:
    """Whether a text is a name and nothing else."""
    return any(one.strength == "whole" for one in spotted_names(parts, text))
