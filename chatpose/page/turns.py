"""One turn of the conversation on the page: what is shown while the agent works, and what stays."""

import contextlib
import dataclasses
import logging
import queue
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from chatpose.agent.agent import TurnResult
from chatpose.agent.attachments import Attachment
from chatpose.agent.items import PoseItem
from chatpose.agent.steps import Done, Event, FirstPose, PoseReady, Step, StepEnded, StepStarted, TextPiece
from chatpose.agent.toolbox import plain_error
from chatpose.errors import ChatposeError
from chatpose.page import screen, sheet, transcript, viewer
from chatpose.page.desk import Change, Desk, files_near
from chatpose.page.viewer import Command
from chatpose.page.visit import Visit

FAULT = (
    "chatpose failed at this. It is a fault of chatpose, not of yours; the conversation is kept. Try it in other words."
)
WAITING = "Reading…"
_log = logging.getLogger(__name__)


class Problem:
    """What was wrong with a turn as a whole.

    Args:
        text: in plain words.
    """

    def __init__(self, text: str) -> None:
        self.text = text


def answer(desk: Desk, visit: Visit, text: str, paths: Sequence[Path]) -> Iterator[Change]:
    """Answers a message.

    Args:
        desk: what is shared.
        visit: the visitor's; one turn at a time.
        text: the message.
        paths: files that came with it, in the visitor's folder.

    Yields:
        What changes on the page, as soon as it is known.
    """
    if not visit.busy.acquire(blocking=False):
        yield Change(note="One thing at a time: the last answer is still on its way.", problem=True)
        return
    visit.stop.clear()
    epoch, lock, number = visit.epoch, visit.busy, visit.said
    visit.said += 1
    live = _Live(desk, visit, number, text, paths)
    events: queue.SimpleQueue[Event | Problem] = queue.SimpleQueue()
    before = frozenset(item.number for item in visit.state.poses)
    worker = threading.Thread(target=_work, args=(desk, visit, epoch, lock, text, paths, events), daemon=True)
    worker.start()
    yield live.begin()
    while not live.over:
        changes = []
        for event in _arrived(events):
            if visit.epoch != epoch:
                return
            if isinstance(event, Problem):
                changes.append(live.problem(event.text))
            elif isinstance(event, Done):
                _remember_files(visit, before, event.result, paths)
                changes.append(live.end(event.result))
            elif (change := live.take(event)) is not None:
                changes.append(change)
        if changes:
            yield _together(changes)


def _arrived(events: "queue.SimpleQueue[Event | Problem]") -> "list[Event | Problem]":
    """The next event, and whatever came with it: sending each by itself would take longer than all at once."""
    found = [events.get()]
    with contextlib.suppress(queue.Empty):
        while True:
            found.append(events.get_nowait())
    return found


def _together(changes: Sequence[Change]) -> Change:
    """Changes of one reply as one; of its messages the last is the whole, and a draft isn't shown before its body."""
    commands = [command for change in changes for command in change.commands]
    bodies = [command for command in commands if command["do"] == "load"]
    late = [command for command in bodies[:-1] if command["meta"]["draft"]]
    return dataclasses.replace(changes[-1], commands=[one for one in commands if one not in late])


def _work(
    desk: Desk,
    visit: Visit,
    epoch: int,
    lock: threading.Lock,
    text: str,
    paths: Sequence[Path],
    events: "queue.SimpleQueue[Event | Problem]",
) -> None:
    """Runs the turn; goes on to its end, or to the next place where it looks whether to stop."""
    stop, state = visit.stop, visit.state
    toolbox = desk.agent.toolbox.with_folder(visit.session.folder)

    def tell(event: Event) -> None:
        if not isinstance(event, Done):  # told at the end, when the conversation is what it came to
            events.put(event)

    outcome: Done | Problem = Problem(FAULT)
    try:
        with files_near(paths):
            attached = [Attachment.read(path) for path in paths]
            result = desk.agent.turn(state, text, attached, toolbox=toolbox, on_event=tell, cancelled=stop.is_set)
        if visit.epoch == epoch:
            visit.state = result.state
        outcome = Done(result)
    except ChatposeError as error:
        folder = re.escape(str(visit.session.folder)) + r"[\\/]+(?:in-[^\\/\s]+[\\/]+)?"
        outcome = Problem(f"{re.sub(folder, '', plain_error(error)).rstrip('.')}.")  # names files, not where they lie
    except Exception as error:
        _log.error("a turn failed: %s", type(error).__name__)
    finally:
        lock.release()
        events.put(outcome)


class _Live:
    """A reply on its way."""

    def __init__(self, desk: Desk, visit: Visit, number: int, text: str, paths: Sequence[Path]) -> None:
        self.desk, self.visit, self.number, self.asked = desk, visit, number, text
        self.files = [path.name for path in paths]
        self.status, self.text = WAITING, ""
        self.steps: list[Step] = []
        self.items: list[PoseItem] = []
        self.on_screen = visit.state.current_pose
        self.made = self.drafted = self.over = False

    def begin(self) -> Change:
        mine = transcript.said(self.visit, self.number, self.asked, self.files)
        return Change(messages=[mine, self.message()], extra={"busy": True})

    def message(self) -> transcript.Message:
        told = transcript.reply(self.desk, self.visit, self.number, self.text, self.items, None, self.steps)
        return told | {"status": self.status}

    def take(self, event: Event) -> Change | None:
        commands = []
        if isinstance(event, StepStarted):
            self.status = event.told
        elif isinstance(event, StepEnded):
            self.steps.append(event.step)
        elif isinstance(event, TextPiece):
            self.text += event.text
        elif isinstance(event, FirstPose):
            commands = self._guarded_draft(event)
        elif isinstance(event, PoseReady):
            self.items.append(event.item)
            if not self.made:
                commands = self._ready(event.item)
        else:
            return None
        return Change(messages=[self.message()], commands=commands)

    def end(self, result: TurnResult) -> Change:
        visit, self.over = self.visit, True
        if result.files:
            visit.written[self.number] = tuple(result.files)
        hits = visit.state.last_hits if result.hits else None
        told = transcript.reply(
            self.desk, visit, self.number, result.reply, result.poses, hits, result.tools, result.seconds
        )
        told |= {"problem": bool(result.error), "stopped": result.cancelled}
        changed = visit.state.current_pose
        commands = []
        if self.drafted or changed is not self.on_screen:
            commands = screen.show(self.desk, visit)
        mine = transcript.said(visit, self.number, self.asked, self.files)
        return Change([mine, told], commands=commands, panel=sheet.quick(self.desk, visit), extra={"busy": False})

    def problem(self, text: str) -> Change:
        self.over = True
        told = self.message() | {"text": text, "problem": True, "working": False, "status": ""}
        commands = screen.show(self.desk, self.visit) if self.drafted or self.made else []
        return Change([told], commands=commands, panel=sheet.quick(self.desk, self.visit), extra={"busy": False})

    def _guarded_draft(self, event: FirstPose) -> list[Command]:
        self.status = "Checking it against your words…"
        if self.drafted or self.made:
            return []
        self.drafted = True
        return screen.draft(self.desk, event.pose)

    def _ready(self, item: PoseItem) -> list[Command]:
        shown = screen.shown_of(self.desk, self.visit, item)
        self.on_screen, self.made, self.drafted = item, True, False
        self.visit.session.shown["A"] = shown
        unseen = screen.unseen_of(item)
        command = viewer.load("A", shown, self.desk.page.bodies, unseen=unseen, about=item.description)
        return [command, viewer.photo("", "")]


def _remember_files(visit: Visit, before: frozenset[int], result: TurnResult, paths: Sequence[Path]) -> None:
    """Which file each new pose was read from, so that it can be read again with another axis up."""
    for item in result.poses:
        if item.source == "file" and item.number not in before:
            match = next((path for path in paths if Attachment(path.name, b"").title == item.title), None)
            if match is not None:
                visit.files[item.number] = match
