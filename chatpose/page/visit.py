"""`Visit`: one visitor of the page: the conversation, its files, and what is on screen."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chatpose.agent.state import ConversationState
from chatpose.page.photos import SeenPhoto
from chatpose.page.session import Session


@dataclass(eq=False, repr=False)
class Visit:
    """One visitor. `close` deletes everything of theirs.

    Attributes:
        session: files and clips on screen.
        forget: is told the owner of the thumbnails when the visit ends.
        state: the conversation.
        owner: names this visit to those who draw; nobody else knows it.
        files: by number of a pose, the file that it was read from.
        seen: by number of a pose, the photo that it was taken out of, as the page shows it.
        written: by number of a message, the files that were written for it.
        said: messages so far.
        readings: whether all readings of the person on screen are shown as frames.
        compared: what is shown as B: a pose's number, or None where it is none of the conversation.
        stop: is set to stop the turn that runs.
        busy: held while a turn runs.
        epoch: grows with every new conversation; a turn of an older one is dropped.
    """

    session: Session
    forget: Callable[[str], None]
    state: ConversationState = field(default_factory=ConversationState)
    owner: str = field(default_factory=lambda: secrets.token_hex(16))
    files: dict[int, Path] = field(default_factory=dict)
    seen: dict[int, SeenPhoto] = field(default_factory=dict)
    written: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    said: int = 0
    readings: bool = False
    compared: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    busy: threading.Lock = field(default_factory=threading.Lock)
    epoch: int = 0

    def restart(self, state: ConversationState | None = None) -> None:
        """Begins another conversation, empty or loaded; what ran for the old one is stopped."""
        self.stop.set()
        self.epoch += 1
        self.forget(self.owner)
        self.owner = secrets.token_hex(16)
        self.state = state or ConversationState()
        self.files.clear()
        self.seen.clear()
        self.written.clear()
        self.said = len(self.state.turns)
        self.readings, self.compared = False, None
        self.stop, self.busy = threading.Event(), threading.Lock()
        self.session.shown.pop("B", None)

    def close(self) -> None:
        """Stops what runs and deletes the files."""
        self.stop.set()
        self.epoch += 1
        self.forget(self.owner)
        self.session.close()
