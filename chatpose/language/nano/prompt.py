"""What chatpose-nano reads: the prompt's tokens, sorted into texts, poses with their names, and earlier turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chatpose.language.nano.sides import SideWords

REQUEST, EARLIER = 0, 5
MAX_ENTRIES = 4
SEGMENTS = 6
"""0 is the request, 1 to 4 are poses of the request with the text right before each, 5 is what was said before."""
MAX_TEXT, MAX_TOKENS, MAX_RUN = 256, 128, 200


@dataclass(frozen=True)
class PromptIds:
    """Which ids are what.

    Attributes:
        word_rows: how many word pieces there are; they come first.
        system, user, assistant, end: marks of turns.
        plan: marks of plans.
        first_pose: of the pose tokens, `<pose>`; then `</pose>`, then headings.
        headings: how many.
    """

    word_rows: int
    system: int
    user: int
    assistant: int
    end: int
    plan: tuple[int, int]
    first_pose: int
    headings: int

    @property
    def turns(self) -> tuple[int, ...]:
        """Marks of turns."""
        return self.system, self.user, self.assistant, self.end


@dataclass(frozen=True, eq=False)
class Run:
    """Words that stand together.

    Attributes:
        words: ids of word pieces, every side "left".
        signs: (T, 2) of `SideWords.read`.
        segment: 0 to 5.
    """

    words: tuple[int, ...]
    signs: NDArray[np.int8]
    segment: int


@dataclass
class Prompt:
    """A prompt, sorted.

    Attributes:
        runs: texts.
        tokens: ids of poses and statements that it shows.
        segments: of these.
    """

    runs: list[Run] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)


@dataclass
class _Piece:
    ids: list[int]
    pose: bool
    turn: int


def read_prompt(ids: Sequence[int], known: PromptIds, sides: SideWords) -> Prompt:
    """Sorts the tokens before an answer; what is beyond the limits is left out, the request last of all.

    Args:
        ids: without padding, up to the mark of the assistant's turn.
        known: which ids are what.
        sides: words of sides.
    """
    pieces, roles = _pieces(ids, known)
    last = max((turn for turn, role in enumerate(roles) if role != known.assistant), default=0)
    prompt, entry = Prompt(), 1
    told: list[tuple[_Piece, int]] = []
    for place, piece in enumerate(pieces):
        following = pieces[place + 1] if place + 1 < len(pieces) else None
        named = following is not None and following.pose and following.turn == piece.turn
        if piece.turn != last:
            segment = EARLIER
        elif piece.pose or named:
            segment = min(entry, MAX_ENTRIES)
        else:
            segment = REQUEST
        entry += piece.pose and piece.turn == last
        told.append((piece, segment))
    _fill(prompt, told, known, sides)
    return prompt


def _pieces(ids: Sequence[int], known: PromptIds) -> tuple[list[_Piece], list[int]]:
    """Runs of words, of pose tokens and of statements, and the role of each turn."""
    pieces: list[_Piece] = []
    roles: list[int] = [known.user]
    fresh = True
    for number in ids:
        if number in known.turns:
            if number != known.end:
                roles.append(number)
            fresh = True
            continue
        pose = number >= known.first_pose
        kind = pose, number < known.word_rows
        turn = len(roles) - 1
        if fresh or (pieces[-1].pose, pieces[-1].ids[-1] < known.word_rows) != kind or number == known.first_pose:
            pieces.append(_Piece([], pose, turn))
        pieces[-1].ids.append(number)
        fresh = False
    return pieces, roles


def _fill(prompt: Prompt, told: list[tuple[_Piece, int]], known: PromptIds, sides: SideWords) -> None:
    """The request first, then its poses, then the latest of what was said before."""
    order = sorted(range(len(told)), key=lambda at: (told[at][1], -at if told[at][1] == EARLIER else at))
    room_text, room_tokens = MAX_TEXT, MAX_TOKENS
    marks = {*range(known.first_pose, known.first_pose + 2), *known.plan}
    for at in order:
        piece, segment = told[at]
        if piece.ids[0] < known.word_rows:
            neutral, signs = sides.read(piece.ids[:room_text])
            room_text -= len(neutral)
            for start in range(0, len(neutral), MAX_RUN):
                part = slice(start, start + MAX_RUN)
                prompt.runs.append(Run(tuple(neutral[part]), signs[part], segment))
        else:
            kept = [number for number in piece.ids if number not in marks][:room_tokens]
            room_tokens -= len(kept)
            prompt.tokens += kept
            prompt.segments += [segment] * len(kept)
