"""What the page does for programs: the command line's contract, one call at a time. Nothing here knows gradio.

Every function takes what the endpoint got and gives the contract's object; nothing of a caller is kept.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from chatpose.agent.attachments import Attachment
from chatpose.agent.saved import dumps, loads
from chatpose.agent.state import ConversationState
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.skeleton import SMPL
from chatpose.errors import ChatposeError, MissingFileError, TooLargeError
from chatpose.formats.clip import PoseClip
from chatpose.formats.pose_json import json_to_pose, pose_to_json
from chatpose.page import photos
from chatpose.page.actions import Page, attempt
from chatpose.page.desk import Desk, files_near
from chatpose.page.session import new_folder, read_clip, write_clip
from chatpose.perception.one_thread import one_thread
from chatpose.perception.person import PhotoPerson
from chatpose.perception.photo_files import is_photo
from chatpose.perception.telling import tell

STYLES = ("short", "plain", "full")
MAX_WORDS = 2000
"""Characters of a request, an instruction or a question."""
MAX_COUNT = 12
MAX_POSE_CHARS = 64 * 1024
MAX_CONVERSATION_CHARS = 32 * 2**20

Row = dict[str, Any]
T = TypeVar("T")


def generate(desk: Desk, text: str, count: float, seed: float) -> Row:
    """The contract's generate object.

    Raises:
        ChatposeError: nothing was understood, or too long a text.
    """
    made = desk.agent.toolbox.parts.generator.generate(
        _words(text, "text"), count=_whole(count, 1, MAX_COUNT, "count"), seed=_whole(seed, 0, 2**31 - 1, "seed")
    )
    if not made.poses:
        raise ChatposeError("; ".join(made.notes) or "nothing in this was understood as a pose")
    return made.as_json()


def describe(desk: Desk, pose: Any, file: str | None, frame: float, style: str) -> Row:
    """The contract's describe object, of a pose object, of a frame of a pose file, or of the people in a photo.

    Raises:
        ChatposeError: neither or both came, or one that is bad.
    """
    if bool(pose) == bool(file):
        raise ChatposeError("a pose and a file" if pose else "nothing to describe", expected="a pose or a file")
    if style not in STYLES:
        raise ChatposeError(f"style {str(style)[:20]!r}", expected=", ".join(STYLES))
    if file and is_photo(Path(file)):
        return estimate(desk, file, style)
    start = time.perf_counter()
    found = _frame(desk.page, Path(file), frame) if file else _pose(pose, "pose")
    row = {"input": Path(file).name if file else "pose", "people": [_person(desk.page, found, style)]}
    return row | _seconds(start)


def estimate(desk: Desk, file: str | None, style: str = "plain") -> Row:
    """The contract's describe object of a photo: everybody in it, the largest first.

    Raises:
        ChatposeError: no photo, or photos can't be read here.
    """
    start = time.perf_counter()
    path = _file(file)
    if not is_photo(path):
        raise ChatposeError(f"{path.name} is no photo", expected="a photo")

    def look() -> list[Row]:
        with one_thread():
            people = photos.look(path, desk.page.estimator)
            return [_seen_person(desk.page, person, style) for person in people]

    return {"input": path.name, "people": _plainly(path.parent, look)} | _seconds(start)


def edit(desk: Desk, pose: Any, instruction: str) -> Row:
    """The contract's edit object.

    Raises:
        ChatposeError: a bad pose, or nothing understood.
    """
    found = _pose(pose, "pose")
    return desk.agent.toolbox.parts.editor.edit(found, _words(instruction, "instruction")).as_json()


def compare(desk: Desk, first: Any, second: Any) -> Row:
    """The contract's compare object.

    Raises:
        ChatposeError: a bad pose.
    """
    start = time.perf_counter()
    found = desk.page.describer.compare(_pose(first, "first"), _pose(second, "second"))
    rows = [instruction.as_json() for instruction in found.instructions]
    return {"instructions": found.text, "differences": rows} | _seconds(start)


def question(desk: Desk, pose: Any, text: str) -> Row:
    """An answer with what was measured; `value` is null where the question wasn't understood.

    Raises:
        ChatposeError: a bad pose, or no question.
    """
    start = time.perf_counter()
    answered = desk.agent.toolbox.parts.answerer.answer(_words(text, "question"), _pose(pose, "pose"))
    return answered.as_json() | _seconds(start)


def export(desk: Desk, pose: Any, suffix: str) -> str:
    """A pose as a file; the path of it.

    Raises:
        ChatposeError: a bad pose, or a format that isn't written.
    """
    page = desk.page
    clip = PoseClip(stack_poses([_pose(pose, "pose")]), shape_space=page.body.data.shape_space)
    folder = new_folder(page.root, "out-")
    suffix = str(suffix)[:20].lower()
    suffix = suffix if suffix.startswith(".") else f".{suffix}"
    return str(_plainly(folder, lambda: write_clip(clip, "pose", folder, suffix, page.body)))


def talk(
    desk: Desk, text: str, files: Sequence[str] | None, conversation: Any
) -> tuple[Row, dict[str, Any], list[str]]:
    """One turn of a conversation that the caller keeps.

    Args:
        desk: what all visitors share.
        text: what is said; may be empty where files came.
        files: photos and pose files.
        conversation: what the turn before gave, or nothing.

    Returns:
        The contract's talk object, the conversation afterwards, paths of files that were written.

    Raises:
        ChatposeError: no such conversation, too long a text, too many files.
    """
    state = _conversation(conversation)
    paths = [_file(file) for file in files or []]
    if not str(text or "").strip() and not paths:
        raise ChatposeError("nothing was said", expected="words or files")
    folder = new_folder(desk.page.root, "talk-")

    def answer() -> Any:
        attachments = [Attachment.read(path) for path in paths]
        with files_near(paths):
            return desk.agent.turn(state, text or "", attachments, toolbox=desk.agent.toolbox.with_folder(folder))

    result = _plainly(paths[0].parent if paths else folder, answer)
    row = result.as_json() | {"files": [path.name for path in result.files]}
    return row, json.loads(dumps(result.state)), [str(path) for path in result.files]


def _conversation(given: Any) -> ConversationState:
    if not given:
        return ConversationState()
    content = json.dumps(given)
    if len(content) > MAX_CONVERSATION_CHARS:
        raise TooLargeError(f"a conversation of {len(content):,} characters", expected=f"{MAX_CONVERSATION_CHARS:,}")
    return loads(content.encode())


def _pose(given: Any, where: str) -> Pose:
    """A pose object as a pose."""
    if not isinstance(given, Mapping):
        raise ChatposeError(f"{where}: {type(given).__name__}", expected='a pose: {"global_orient": […], …}')
    if len(json.dumps(given)) > MAX_POSE_CHARS:
        raise TooLargeError(f"{where} is larger than any pose", expected=f"at most {MAX_POSE_CHARS:,} characters")
    return json_to_pose(given).validated()


def _frame(page: Page, path: Path, frame: float) -> Pose:
    number = _whole(frame, -(10**7), 10**7, "frame")
    return _plainly(path.parent, lambda: read_clip(path).select(frame=number).pose_on(page.body)[0].validated())


def _person(page: Page, pose: Pose, style: Any) -> Row:
    told = page.describer.describe(pose, style)
    (names,) = page.namer.names(stack_poses([pose]))
    return {
        "pose": pose_to_json(pose, told.joints),
        "names": [name.as_json() for name in names],
        "description": told.text,
        "statements": told.statements_as_json(),
        "confidence": 1.0,
    }


def _seen_person(page: Page, person: PhotoPerson, style: Any) -> Row:
    told = tell(person, page.describer, page.namer, style)
    hidden = [name for name, seen in zip(SMPL.joint_names, person.visible.tolist(), strict=True) if not seen]
    return {
        "pose": pose_to_json(person.pose, told.description.joints),
        "names": [name.as_json() for name in told.names],
        "description": told.description.text,
        "statements": told.description.statements_as_json(),
        "confidence": round(told.confidence, 3),
        "not_visible": hidden,
        "not_spoken_of": list(told.unseen),
    }


def _file(file: str | None) -> Path:
    if not file:
        raise MissingFileError("no file came", expected="a file")
    return Path(file)


def _words(text: Any, where: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ChatposeError(f"no {where}", expected="words")
    if len(text) > MAX_WORDS:
        raise TooLargeError(f"{where} of {len(text):,} characters", expected=f"at most {MAX_WORDS:,}")
    return text


def _whole(value: Any, low: int, high: int, where: str) -> int:
    try:
        number = int(value or 0)
    except (TypeError, ValueError, OverflowError):
        number = low - 1
    if not low <= number <= high:
        raise ChatposeError(f"{where} {str(value)[:20]}", expected=f"a whole number, {low} to {high}")
    return number


def _plainly(folder: Path, act: Callable[[], T]) -> T:
    """What `act` gives; messages name files, not the server's folders."""
    found, problem = attempt(folder, act)
    if found is None:
        raise ChatposeError(problem)
    return found


def _seconds(start: float) -> dict[str, float]:
    return {"seconds": round(time.perf_counter() - start, 4)}
