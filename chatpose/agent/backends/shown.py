"""What back ends need to show a conversation to a model of another kind."""

import re

from chatpose.agent.backends.protocol import View
from chatpose.agent.items import PhotoItem
from chatpose.corpus.instructions.messages import Part, TextPart

_LISTED = re.compile(r"\[(?:pose \d+: .*)\]", re.DOTALL)


def is_list(part: Part) -> bool:
    """Whether a part of an answer is the agent's list of its poses, which a model would begin to imitate."""
    return isinstance(part, TextPart) and bool(_LISTED.fullmatch(part.text))


def corrections(view: View) -> str:
    """What the model is told of the replies of this turn that couldn't be used; empty where there are none."""
    if not view.outcomes or view.outcomes[-1][0].name != "reply":
        return ""
    return f"[Note by chatpose: {view.outcomes[-1][1].error.rstrip('.')}. Try again.]"


def attached_photos(view: View) -> list[PhotoItem]:
    """Photos that came with the last message."""
    names = [name.partition(" ") for name in view.attached]
    found = [view.state.photo(int(number)) for kind, _, number in names if kind == "photo" and number.isdigit()]
    return [photo for photo in found if photo is not None]
