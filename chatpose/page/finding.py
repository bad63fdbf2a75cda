"""What the finder does: searches by words and statements, poses like the one on screen.

Plain functions that the layout binds to events. Whatever the browser sends is checked here.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatpose.agent.items import Hit
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError, MissingFileError
from chatpose.page import photos
from chatpose.page.actions import Page, attempt, frame_and_camera
from chatpose.page.search import MOST_FOR_PROGRAMS, MOST_ON_PAGE, PageSearch, checked_count
from chatpose.page.session import SLOTS, Session, read_clip
from chatpose.page.thumbnails import Thumbnails
from chatpose.perception.photo_files import is_photo
from chatpose.retrieval.hit import SearchHit
from chatpose.retrieval.photo_source import find_person

SIMILAR = 12
"""Similar poses that are shown."""
SAME_MM = 2.0
"""A hit this near the pose on screen is that pose."""
_SHOWN_CHARS = 28
_NAME_CHARS = 80

Answer = dict[str, Any]


@dataclass(frozen=True)
class Finder:
    """What all visitors share; nothing of them is in it.

    Attributes:
        search: the libraries.
        thumbnails: pictures of their poses.
    """

    search: PageSearch
    thumbnails: Thumbnails


def find(page: Page, finder: Finder, session: Session, asked: Any) -> Answer:
    """Poses by words and statements.

    Args:
        page: what the actions share.
        finder: likewise.
        session: the visitor's.
        asked: by the browser: `{"ask", "text", "where", "k"}`.

    Returns:
        An answer for the finder.
    """
    asked = asked if isinstance(asked, dict) else {}

    def search() -> Answer:
        text, where = asked.get("text") or "", asked.get("where") or []
        k = checked_count(asked.get("k"), MOST_ON_PAGE)
        hits = finder.search.by_words(text, where, k)
        told = " ".join(text.split()) or ", ".join(where)
        return {
            "tiles": [_tile(finder, session, hit) for hit in hits],
            "status": _found_line(len(hits), told),
            "more": len(hits) == k < MOST_ON_PAGE,
        }

    return _answer(session, "found", asked, search)


def find_similar(page: Page, finder: Finder, session: Session, asked: Any) -> Answer:
    """Poses like the one on screen.

    Args:
        page: what the actions share.
        finder: likewise.
        session: the visitor's.
        asked: by the browser: `{"ask", "slot", "frames"}`; without a slot that is shown it is A.

    Returns:
        An answer for the finder.
    """
    asked = asked if isinstance(asked, dict) else {}

    def search() -> Answer:
        slot = asked.get("slot")
        slot = slot if slot in SLOTS and slot in session.shown else "A"
        shown = session.shown.get(slot)
        if shown is None:
            return {"tiles": [], "status": "Show a pose to see others like it."}
        frame, _ = frame_and_camera(shown, slot, asked)
        pose = shown.pose(frame, page.body)
        hits = finder.search.like(pose, (), SIMILAR + 1)
        others = [hit for hit in hits if hit.distance_mm is None or hit.distance_mm > SAME_MM][:SIMILAR]
        tiles = [_tile(finder, session, hit, _apart(hit)) for hit in others]
        return {"tiles": tiles, "status": f"Like {_cut(shown.title)} ({slot}), the nearest first."}

    return _answer(session, "similar", asked, search)


def search_for_program(page: Page, finder: Finder, text: str, where: str, k: float) -> dict[str, Any]:
    """The endpoint `/search`: the hits of words and statements (one a line), as the command line prints them.

    Raises:
        ChatposeError: in plain words.
    """
    start = time.perf_counter()
    count, lines = checked_count(k, MOST_FOR_PROGRAMS), _lines(where)
    hits = _plainly(page.root, lambda: finder.search.by_words(text or "", lines, count))
    return _for_program(text or "; ".join(lines), hits, start)


def similar_for_program(page: Page, finder: Finder, file: str, frame: float, where: str, k: float) -> dict[str, Any]:
    """The endpoint `/similar`: poses like one of a file, or like the largest person in a photo.

    Raises:
        ChatposeError: with names of files, not of the server's folders.
    """
    start = time.perf_counter()
    count, lines = checked_count(k, MOST_FOR_PROGRAMS), _lines(where)
    if not file:
        raise MissingFileError("no file came", expected="a pose file or a photo")
    source = Path(file)

    def search() -> list[SearchHit]:
        return finder.search.like(_pose_of(page, source, int(frame or 0)), lines, count)

    return _for_program(source.name, _plainly(source.parent, search), start)


def _pose_of(page: Page, source: Path, frame: int) -> Pose:
    if not is_photo(source):
        return read_clip(source).select(frame=frame).pose_on(page.body)[0]
    return find_person(photos.look(source, page.estimator), None, source.name).pose


def _answer(session: Session, which: str, asked: dict[str, Any], search: Any) -> Answer:
    """What the search gives, or what was wrong; with what the browser needs to know an old answer from a new one."""
    found, problem = attempt(session.folder, search)
    about = {"id": secrets.token_hex(4), "list": which, "ask": asked.get("ask")}
    if found is None:
        return {**about, "tiles": [], "problem": f"{problem[:1].upper()}{problem[1:]}."}
    return about | found


def _tile(finder: Finder, session: Session, hit: SearchHit, note: str = "") -> dict[str, str]:
    token = finder.thumbnails.offer(hit.pose)
    session.remember(token, hit)
    return {"token": token, "name": _name(hit), "alt": hit.description, "note": note}


def _name(hit: SearchHit) -> str:
    """Its name; of a pose that came without one how it is described, of one out of a file where it lies."""
    of_a_file = "." in hit.id
    name = hit.name or (hit.id if of_a_file else Hit.of(hit).called)
    return name[:1].upper() + name[1:_NAME_CHARS]


def _apart(hit: SearchHit) -> str:
    return "" if hit.distance_mm is None else f"{hit.distance_mm / 10:.0f} cm off"


def origin(hit: SearchHit) -> str:
    """Where a pose comes from, with its terms."""
    told = ", ".join(part for part in (hit.row.source, hit.row.licence) if part)
    return " ".join(part for part in (f"{told}." if told else "", "Its mirror image." if hit.mirrored else "") if part)


def _found_line(count: int, told: str) -> str:
    if not count:
        return f"Nothing in the library fits “{_cut(told)}”. Try fewer statements, or say it otherwise."
    return f"{count} pose{'s' if count > 1 else ''} for “{_cut(told)}”."


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def _lines(where: str | None) -> list[str]:
    return [line for line in (where or "").splitlines() if line.strip()]


def _plainly(folder: Path, search: Any) -> list[SearchHit]:
    hits, problem = attempt(folder, search)
    if hits is None:
        raise ChatposeError(problem)
    return hits


def _for_program(told: str, hits: Sequence[SearchHit], start: float) -> dict[str, Any]:
    seconds = time.perf_counter() - start
    return {"query": told, "hits": [hit.as_json() for hit in hits], "seconds": round(seconds, 4)}
