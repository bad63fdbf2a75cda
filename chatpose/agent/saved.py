"""A conversation as one JSON file: saved whole or not at all, read with care, also where an older chatpose wrote it.

    {"chatpose": "conversation", "version": 1, "counts": […], "poses": […], "photos": […], "hits": […],
     "now": {…}, "past": [{…}], "future": [{…}], "turns": […]}

`poses`, `photos` and `hits` are all items of present, past and future; the holdings name them by number. Poses are the
contract's objects. Photos are base64 up to a limit, else by name only; hits carry the library's id and the pose as it
was found. Of motions the chosen frame is saved.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from chatpose.agent.items import SOURCES, CheckedStatement, Hit, HitList, PhotoItem, PoseItem, Sighting
from chatpose.agent.state import MAX_PAST, MAX_TURNS, ConversationState, Holdings, Turn
from chatpose.agent.steps import Step
from chatpose.errors import ChatposeError, UnreadableFileError
from chatpose.formats.pose_json import json_to_pose, parse_json
from chatpose.safefiles import atomic_write, read_limited

VERSION = 1
MAX_FILE_BYTES = 128 * 2**20
MAX_PHOTO_BYTES = 48 * 2**20
"""Photos of a conversation that are saved with it, together; the latest first."""
_KIND = "conversation"


class DamagedConversationError(UnreadableFileError):
    """A file that is no saved conversation, or one that is damaged."""


def save(state: ConversationState, path: str | Path) -> None:
    """Writes a conversation.

    Raises:
        UnwritableFileError: it can't be written there.
    """
    with atomic_write(Path(path)) as temporary:
        temporary.write_text(dumps(state), encoding="utf-8")


def load(path: str | Path) -> ConversationState:
    """Reads a conversation.

    Raises:
        MissingFileError: no such file.
        DamagedConversationError: no conversation, damaged, or written by a newer chatpose.
        TooLargeError: beyond `MAX_FILE_BYTES`.
    """
    return loads(read_limited(Path(path), max_bytes=MAX_FILE_BYTES, kind="a saved conversation"))


def dumps(state: ConversationState) -> str:
    """A conversation as JSON."""
    holdings = (state.now, *state.past, *state.future)
    # What is there now wins: a pose that got a name, or another frame, is the same pose.
    poses = {item.number: item for one in reversed(holdings) for item in one.poses}
    photos = {item.number: item for one in reversed(holdings) for item in one.photos}
    photos |= {item.number: item for item in state.photos}
    hits = {item.number: item for one in holdings for item in one.hits}
    row = {
        "chatpose": _KIND,
        "version": VERSION,
        "counts": list(state.counts),
        "poses": [_pose_row(poses[number]) for number in sorted(poses)],
        "photos": _photo_rows([photos[number] for number in sorted(photos)]),
        "hits": [_hits_row(hits[number]) for number in sorted(hits)],
        "now": _holdings_row(state.now),
        "past": [_holdings_row(one) for one in state.past],
        "future": [_holdings_row(one) for one in state.future],
        "turns": [_turn_row(turn) for turn in state.turns],
    }
    return json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n"


def loads(content: bytes) -> ConversationState:
    """A conversation from JSON.

    Raises:
        DamagedConversationError: no conversation, damaged, or written by a newer chatpose.
    """
    try:
        row: Any = parse_json(content)
    except ChatposeError as error:
        raise DamagedConversationError(f"no saved conversation: {error.got}") from error
    if not isinstance(row, dict) or row.get("chatpose") != _KIND:
        raise DamagedConversationError("no saved conversation", expected="a file that `--save` or the page wrote")
    version = row.get("version")
    if not isinstance(version, int) or version not in _READERS:
        raise DamagedConversationError(
            f"a conversation of version {str(version)[:20]}",
            expected=f"1 to {VERSION}",
            fix="a newer chatpose wrote it",
        )
    try:
        return _READERS[version](row)
    except ChatposeError as error:
        raise DamagedConversationError(f"the saved conversation is damaged: {error.got}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, binascii.Error) as error:
        raise DamagedConversationError(
            f"the saved conversation is damaged: {type(error).__name__} {str(error)[:80]}"
        ) from error


# --- version 1 -------------------------------------------------------------------------------------------------------


def _read_1(row: Mapping[str, Any]) -> ConversationState:
    poses = {item.number: item for item in map(_pose_of, row["poses"])}
    photos = {item.number: item for item in map(_photo_of, row["photos"])}
    hits = {item.number: item for item in map(_hits_of, row["hits"])}

    def holdings(one: Mapping[str, Any]) -> Holdings:
        current = one["current"]
        there = tuple(poses[number] for number in one["poses"])
        if current is not None and current not in one["poses"]:
            raise ValueError(f"pose {current} isn't there")
        focus = one["focus"] if one["focus"] in ("", "pose", "hits", "photo") else ""
        return Holdings(
            there,
            tuple(photos[number] for number in one["photos"]),
            tuple(hits[number] for number in one["hits"]),
            current,
            focus,
            tuple(number for number in one["group"] if number in one["poses"]),
        )

    pose_count, photo_count, hits_count = (_whole(count) for count in row["counts"])
    return ConversationState(
        now=holdings(row["now"]),
        turns=tuple(_turn_of(one) for one in row["turns"][-MAX_TURNS:]),
        past=tuple(holdings(one) for one in row["past"][-MAX_PAST:]),
        future=tuple(holdings(one) for one in row["future"][-MAX_PAST:]),
        counts=(
            max([pose_count, *poses]),
            max([photo_count, *photos]),
            max([hits_count, *hits]),
        ),
    )


_READERS: dict[int, Callable[[Mapping[str, Any]], ConversationState]] = {1: _read_1}


def _holdings_row(one: Holdings) -> dict[str, Any]:
    return {
        "poses": [item.number for item in one.poses],
        "photos": [item.number for item in one.photos],
        "hits": [item.number for item in one.hits],
        "current": one.current,
        "focus": one.focus,
        "group": list(one.group),
    }


def _pose_row(item: PoseItem) -> dict[str, Any]:
    row = item.as_json()
    return row | {
        "frame": item.frame,
        "plan": list(item.plan),
        "prompt": item.prompt,
        "library_id": item.library_id,
    }


def _pose_of(row: Mapping[str, Any]) -> PoseItem:
    if row["source"] not in SOURCES:
        raise ValueError(f"source {str(row['source'])[:20]!r}")
    return PoseItem(
        _whole(row["number"]),
        _text(row["title"]),
        json_to_pose(row["pose"]),
        _joints(row["pose"]),
        row["source"],
        _text(row["description"]),
        _texts(row["names"]),
        tuple(_check_of(one) for one in row["checks"]),
        frame=_whole(row["frame"]),
        seen=_sighting_of(row["seen"]) if row.get("seen") is not None else None,
        parent=None if row["parent"] is None else _whole(row["parent"]),
        plan=_texts(row["plan"]),
        prompt=_text(row["prompt"]),
        score=None if row["score"] is None else _real(row["score"]),
        library_id=_text(row["library_id"]),
        notes=_texts(row["notes"]),
    )


def _check_of(row: Mapping[str, Any]) -> CheckedStatement:
    holds = row["holds"]
    if holds is not None and not isinstance(holds, bool):
        raise TypeError("holds")
    measured, margin = row["measured"], row["margin"]
    return CheckedStatement(
        _text(row["statement"]),
        holds,
        None if measured is None else _text(measured),
        None if margin is None else _text(margin),
        _text(row["why"]),
    )


def _sighting_of(row: Mapping[str, Any]) -> Sighting:
    return Sighting(
        _whole(row["photo"]),
        _whole(row["person"]),
        Sighting.joints_seen(_texts(row["not_visible"])),
        _real(row["confidence"]),
        _texts(row["not_spoken_of"]),
        _texts(row["notes"]),
    )


def _photo_rows(items: Sequence[PhotoItem]) -> list[dict[str, Any]]:
    rows = []
    room = MAX_PHOTO_BYTES
    for item in reversed(items):
        content = item.content if item.content is not None and len(item.content) <= room else None
        room -= len(content or b"")
        rows.append(
            {
                "number": item.number,
                "title": item.title,
                "content": None if content is None else base64.b64encode(content).decode(),
                "looked_at": item.looked_at,
                "poses": list(item.poses),
            }
        )
    return rows[::-1]


def _photo_of(row: Mapping[str, Any]) -> PhotoItem:
    content = row["content"]
    return PhotoItem(
        _whole(row["number"]),
        _text(row["title"]),
        None if content is None else base64.b64decode(content, validate=True),
        bool(row["looked_at"]),
        tuple(map(_whole, row["poses"])),
    )


def _hits_row(item: HitList) -> dict[str, Any]:
    hits = [hit.as_json() | {"name": hit.name} for hit in item.hits]
    return {"number": item.number, "query": item.query, "hits": hits}


def _hits_of(row: Mapping[str, Any]) -> HitList:
    hits = tuple(
        Hit(
            _text(one["id"]),
            _text(one["name"]),
            tuple(dict(name) for name in one["names"]),
            _real(one["score"]),
            _text(one["description"]),
            _text(one["source"]),
            json_to_pose(one["pose"]),
            _joints(one["pose"]),
            bool(one["mirrored"]),
            None if one["distance_mm"] is None else _real(one["distance_mm"]),
            _whole(one["folded"]),
        )
        for one in row["hits"]
    )
    return HitList(_whole(row["number"]), _text(row["query"]), hits)


def _turn_row(turn: Turn) -> dict[str, Any]:
    return {
        "user": turn.user,
        "reply": turn.reply,
        "attachments": list(turn.attachments),
        "poses": list(turn.poses),
        "hits": turn.hits,
        "seconds": round(turn.seconds, 4),
        "steps": [step.as_json() | {"poses": list(step.poses)} for step in turn.steps],
    }


def _turn_of(row: Mapping[str, Any]) -> Turn:
    return Turn(
        _text(row["user"]),
        _text(row["reply"]),
        _texts(row["attachments"]),
        tuple(_step_of(one) for one in row["steps"]),
        tuple(map(_whole, row["poses"])),
        None if row["hits"] is None else _whole(row["hits"]),
        _real(row["seconds"]),
    )


def _step_of(row: Mapping[str, Any]) -> Step:
    kind = row["kind"]
    if kind not in ("tool", "attachment", "model", "truth"):
        raise ValueError("kind of a step")
    return Step(
        kind,
        _text(row["name"]),
        dict(row["arguments"]),
        _text(row["result"]),
        _real(row["seconds"]),
        bool(row["failed"]),
        poses=tuple(map(_whole, row["poses"])),
    )


def _joints(pose: Mapping[str, Any]) -> torch.Tensor:
    joints = torch.tensor(pose["joints"], dtype=torch.float32)
    if joints.shape != (24, 3) or not bool(torch.isfinite(joints).all()):
        raise ValueError("joints of a pose")
    return joints


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        raise TypeError(f"{str(value)[:20]!r} for a number")
    return value


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:20]!r} for a number")
    if not -(10**15) < value < 10**15:  # NaN and infinity, too
        raise ValueError("a number beyond all")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:20]!r} for words")
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError("words")
    return tuple(_text(value) for value in values)
