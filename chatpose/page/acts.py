"""What buttons and pictures of the page do; whatever the browser sends is checked here."""

import dataclasses
import io
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chatpose.agent import saved
from chatpose.agent.attachments import Attachment
from chatpose.agent.items import Hit, PoseItem
from chatpose.agent.state import ConversationState, NothingToUndoError
from chatpose.body.pose import stack_poses
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.errors import ChatposeError, MissingFileError, printable
from chatpose.formats.clip import PoseClip
from chatpose.page import screen, sheet, transcript, uploads, viewer, wording
from chatpose.page.actions import frame_and_camera
from chatpose.page.desk import Change, Desk
from chatpose.page.finding import origin
from chatpose.page.session import SLOTS, Shown, new_folder, read_clip
from chatpose.page.turns import FAULT
from chatpose.page.visit import Visit

SAVED_NAME = "chatpose-conversation.json"
_MIRRORED = "{}, mirrored.png"
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Act:
    """One act of a visitor.

    Attributes:
        desk: what is shared.
        visit: the visitor's.
        asked: by the browser.
        uploads: where the server puts uploads.
    """

    desk: Desk
    visit: Visit
    asked: Mapping[str, Any]
    uploads: Path

    def number(self, name: str) -> int:
        """A number that was sent, or -1."""
        value = self.asked.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else -1

    def pose(self) -> PoseItem:
        """The pose that was sent.

        Raises:
            MissingFileError: there is none of that number now.
        """
        item = self.visit.state.pose(self.number("number"))
        if item is None:
            raise MissingFileError("that pose isn't in the conversation any more", fix="undo brings it back")
        return item

    def changed(self, *, note: str = "") -> Change:
        """What is on screen, shown anew."""
        return Change(commands=screen.show(self.desk, self.visit), panel=sheet.quick(self.desk, self.visit), note=note)


def perform(desk: Desk, visit: Visit, asked: Any, upload_folder: Path) -> Change:
    """Does what was asked for, or says in plain words why not."""
    asked = asked if isinstance(asked, dict) else {}
    act = _ACTS.get(str(asked.get("do")))
    if act is None:
        return Change()
    try:
        return act(Act(desk, visit, asked, upload_folder))
    except ChatposeError as error:
        return Change(note=sentence(wording.plain_words(error, visit.session.folder)), problem=True)
    except Exception as error:
        _log.error("an act failed: %s", type(error).__name__)
        return Change(note=FAULT, problem=True)


def sentence(text: str) -> str:
    """Words as a sentence."""
    text = printable(text).strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def begin(desk: Desk, visit: Visit) -> Change:
    """What a page shows that was just opened."""
    panel = sheet.fixed(desk, visit) | sheet.quick(desk, visit)
    return Change(transcript.history(desk, visit), reset=True, commands=screen.show(desk, visit), panel=panel)


# --- which pose is on screen -----------------------------------------------------------------------------------------


def _choose(act: Act) -> Change:
    act.visit.state = act.visit.state.choose(act.pose().number)
    return act.changed()


def _undo(act: Act) -> Change:
    return _moved(act, ConversationState.undo, "Undone")


def _redo(act: Act) -> Change:
    return _moved(act, ConversationState.redo, "Done again")


def _moved(act: Act, move: Callable[[ConversationState], ConversationState], told: str) -> Change:
    if act.visit.busy.locked():
        return Change(note="Stop the answer first, or wait for it.", problem=True)
    try:
        act.visit.state = move(act.visit.state)
    except NothingToUndoError as error:
        return Change(note=sentence(error.got))
    item = act.visit.state.current_pose
    return act.changed(note=f"{told}: {item.name if item else 'no pose'} is on screen.")


def _example(act: Act) -> Change:
    examples = {example.key: example for example in act.desk.page.examples}
    example = examples.get(str(act.asked.get("key")))
    if example is None:
        raise MissingFileError("no such example")
    if act.asked.get("slot") == "B":
        change = _beside(act, example.shown, None)
        shown = act.visit.session.shown.get("A")
        if shown is None or len(shown.clip) == 1:  # otherwise the frame is A's
            change.commands.append(viewer.frame(example.frame))
        return change
    clip = example.shown.clip
    bench, state = act.desk.bench(act.visit), act.visit.state
    moving = {"clip": clip, "frame": example.frame} if len(clip) > 1 else {}
    item = bench.item(state.next_pose, example.shown.title, example.pose, "library", **moving)
    return _added(act, item)


def _hit(act: Act) -> Change:
    """A hit of a search that the agent made."""
    lists = {one.number: one for one in transcript.hits_of(act.visit.state)}
    found, place = lists.get(act.number("list")), act.number("place")
    if found is None or not 0 <= place < len(found.hits):
        raise MissingFileError("that result is no longer in the conversation", fix="search again")
    return _added(act, act.visit.state.hit_as_pose(found.hits[place]))


def use(act: Act, slot: str) -> Change:
    """A hit of the finder as the current pose, or as B."""
    token = act.asked.get("token")
    hit = act.visit.session.found.get(token) if isinstance(token, str) else None
    if hit is None:
        raise MissingFileError("that pose is no longer in the list", fix="search again")
    item = act.visit.state.hit_as_pose(Hit.of(hit))
    title = item.title[:1].upper() + item.title[1:]
    item = dataclasses.replace(item, title=title, notes=tuple(filter(None, (*item.notes, origin(hit)))))
    if slot == "B":
        space = act.desk.page.body.data.shape_space
        return _beside(act, Shown(title, PoseClip(stack_poses([hit.pose]), layout="library", shape_space=space)), None)
    return _added(act, item)


def _added(act: Act, item: PoseItem) -> Change:
    before = act.visit.state
    act.visit.state = before.add_pose(item).with_step(before)
    return act.changed()


# --- two poses --------------------------------------------------------------------------------------------------------


def _compare(act: Act) -> Change:
    item = act.pose()
    return _beside(act, screen.shown_of(act.desk, act.visit, item), item.number)


def _beside(act: Act, shown: Shown, number: int | None) -> Change:
    commands = screen.show_beside(act.desk, act.visit, shown, number)
    return Change(commands=commands, panel=sheet.quick(act.desk, act.visit))


def _compare_file(act: Act) -> Change:
    (path,) = uploads.take(act.visit, [act.asked.get("file")], act.uploads)
    return _beside(act, Shown(path.name, read_clip(path)), None)


def _alone(act: Act) -> Change:
    act.visit.session.shown.pop("B", None)
    act.visit.compared = None
    return Change(commands=[viewer.clear("B")], panel=sheet.quick(act.desk, act.visit))


# --- files ------------------------------------------------------------------------------------------------------------


def _download(act: Act) -> Change:
    """What is on screen, as a file."""
    slot = act.asked.get("slot")
    slot = slot if slot in SLOTS and slot in act.visit.session.shown else "A"
    frame, camera = frame_and_camera(act.visit.session.shown.get(slot), slot, act.asked.get("state"))
    suffix = str(act.asked.get("suffix"))[:20]
    path = act.visit.session.export(slot, suffix, act.desk.page.body, frame=frame, camera=camera)
    return _handed(path)


def _fetch(act: Act) -> Change:
    """A file that the agent wrote."""
    files, place = act.visit.written.get(act.number("turn"), ()), act.number("place")
    if not 0 <= place < len(files) or not files[place].is_file():
        raise MissingFileError("that file is no longer here", fix="ask for it again")
    return _handed(files[place])


def _save(act: Act) -> Change:
    path = new_folder(act.visit.session.folder, "saved-") / SAVED_NAME
    saved.save(act.visit.state, path)
    return _handed(path)


def _handed(path: Path) -> Change:
    return Change(file=path, note=f"Saved {path.name}, {wording.size_text(path.stat().st_size)}.")


def _open(act: Act) -> Change:
    """A conversation that was saved."""
    (path,) = uploads.take(act.visit, [act.asked.get("file")], act.uploads)
    return open_saved(act.desk, act.visit, path)


def open_saved(desk: Desk, visit: Visit, path: Path) -> Change:
    """Shows a saved conversation instead of the one that there is.

    Raises:
        ChatposeError: it can't be read; the conversation stays.
    """
    state = saved.load(path)
    path.unlink(missing_ok=True)
    visit.restart(state)
    change = begin(desk, visit)
    change.commands.append(viewer.clear("B"))
    change.note = f"{path.name} is open: {len(state.turns)} messages, {len(state.poses)} poses."
    return change


def _fresh(act: Act) -> Change:
    act.visit.restart()
    change = begin(act.desk, act.visit)
    change.commands.append(viewer.clear("B"))
    return change


# --- how a file or a photo is read -----------------------------------------------------------------------------------


def _up(act: Act) -> Change:
    """A pose file read with another axis up."""
    item = act.pose()
    path = act.visit.files.get(item.number)
    if path is None:
        raise MissingFileError("that file is no longer here", fix="attach it again")
    axis = act.asked.get("axis")
    clip = read_clip(path, axis if axis in ("y", "z") else None)
    pose = clip.pose_on(act.desk.page.body)[0]
    made = act.desk.bench(act.visit).item(
        item.number, item.title, pose, "file", clip=clip, notes=(*clip.warnings, *clip.notes)
    )
    screen.replace_item(act.visit, made)
    return act.changed()


def _readings(act: Act) -> Change:
    """All readings of the person in the photo as frames, or only the likeliest."""
    item = act.pose()
    seen = screen.see(act.visit, item)
    if seen is None:
        raise MissingFileError("the photo isn't in the conversation any more", fix="attach it again")
    act.visit.readings = bool(act.asked.get("on"))
    if not act.visit.readings:
        return act.changed()
    seen = seen.with_all_readings()
    shown = Shown(item.title, seen.clip(act.desk.page.body), seen)
    act.visit.session.shown["A"] = shown
    return Change(commands=[viewer.load("A", shown, act.desk.page.bodies, about=item.description)])


def _mirrored(act: Act) -> Change:
    """The photo read as a mirror image: another photo of the conversation."""
    from PIL import Image, ImageOps

    from chatpose.perception.photo import photo_of_bytes

    item = act.pose()
    photo = act.visit.state.photo(item.seen.photo) if item.seen is not None else None
    if photo is None or photo.content is None:
        raise MissingFileError("the photo isn't in the conversation any more", fix="attach it again")
    out = io.BytesIO()
    ImageOps.mirror(Image.fromarray(photo_of_bytes(photo.content, photo.title).pixels)).save(out, "PNG")
    attachment = Attachment(_MIRRORED.format(Path(photo.title).stem), out.getvalue())
    toolbox = act.desk.agent.toolbox.with_folder(act.visit.session.folder)
    before = act.visit.state
    taken = toolbox.take(attachment, before)
    found = toolbox.run(ToolCall("estimate", {"photo": str(taken.content.get("name", ""))}), taken.state)
    if found.failed or not found.poses:
        return Change(note=found.text, problem=True)
    act.visit.state = found.state.with_step(before)
    return act.changed(note="Read as a mirror image.")


_ACTS: dict[str, Callable[[Act], Change]] = {
    "choose": _choose,
    "undo": _undo,
    "redo": _redo,
    "example": _example,
    "hit": _hit,
    "use_a": lambda act: use(act, "A"),
    "use_b": lambda act: use(act, "B"),
    "compare": _compare,
    "compare_file": _compare_file,
    "alone": _alone,
    "download": _download,
    "fetch": _fetch,
    "save": _save,
    "open": _open,
    "fresh": _fresh,
    "up": _up,
    "readings": _readings,
    "mirrored": _mirrored,
}
