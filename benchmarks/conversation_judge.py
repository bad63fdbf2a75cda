"""What each turn of the scripted conversation must come to, and whether it did: kinds of outcomes, never words.

One object a line beside the script; each key is one demand, all of them measured on the conversation as it was saved
before and after the turn.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chatpose.agent.items import PoseItem
from chatpose.agent.parts import Parts
from chatpose.agent.state import ConversationState
from chatpose.body.angles import pose_to_angles
from chatpose.body.ground import floor_under
from chatpose.body.rotations import geodesic_distance
from chatpose.body.skeleton import SMPL
from chatpose.formats import load
from chatpose.posecodes.check import check
from chatpose.posecodes.grammar import measures_by_name, parse
from chatpose.posecodes.measures import measure_all

KEPT_RAD = 1e-3
"""Largest turn of a joint that counts as none: what is saved is rounded."""
MOVED_M = 0.01
ON_FLOOR_M = 0.01
TALK_ONLY = ("about", "shot", "tab")


@dataclass(frozen=True, eq=False)
class Played:
    """One turn that was played.

    Attributes:
        said: the line of the script.
        reply: of chatpose.
        seconds: until the whole answer was there.
        before: the conversation before.
        after: and after.
        files: that were written in this turn.
    """

    said: str
    reply: str
    seconds: float
    before: ConversationState
    after: ConversationState
    files: tuple[Path, ...] = ()

    @property
    def tools(self) -> list[str]:
        """Tools and files that went well, in order."""
        steps = self.after.turns[-1].steps
        return [step.name for step in steps if step.kind in ("tool", "attachment") and not step.failed]

    @property
    def shown(self) -> PoseItem | None:
        """The pose on screen."""
        return self.after.current_pose


def expectations(path: Path) -> list[dict[str, Any]]:
    """The demands, one object a turn."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


class Judge:
    """Measures turns.

    Args:
        parts: body and describer.
    """

    def __init__(self, parts: Parts | None = None) -> None:
        self._parts = parts or Parts()
        self._demands: dict[str, Callable[[Any, Played], str]] = {
            "tools": self._tools,
            "made": self._made,
            "says": self._says,
            "holds": self._holds,
            "names": lambda wanted, turn: _same(wanted, (self._pose(turn).names or ("",))[0]),
            "title": lambda wanted, turn: _same(wanted, self._pose(turn).title),
            "source": lambda wanted, turn: _same(wanted, self._pose(turn).source),
            "up": lambda wanted, turn: self._moved(wanted, turn, 1),
            "down": lambda wanted, turn: self._moved(wanted, turn, -1),
            "kept": self._kept,
            "angles": self._angles,
            "measures": self._measures,
            "back": self._back,
            "hits": self._hits,
            "hits_hold": self._hits_hold,
            "on_floor": self._on_floor,
            "files": self._files,
        }

    def faults(self, wanted: dict[str, Any], turn: Played) -> list[str]:
        """What a turn didn't come to; empty where all is well."""
        found = []
        for key, value in wanted.items():
            if key not in TALK_ONLY and (fault := self._demands[key](value, turn)):
                found.append(f"{key}: {fault}")
        return found

    def _pose(self, turn: Played) -> PoseItem:
        if turn.shown is None:
            raise SystemExit(f"no pose on screen after “{turn.said}”")
        return turn.shown

    def _tools(self, wanted: Sequence[str], turn: Played) -> str:
        return "" if turn.tools == list(wanted) else f"{turn.tools}, not {list(wanted)}"

    def _made(self, wanted: int, turn: Played) -> str:
        made = [item.number for item in turn.after.poses if item.number > turn.before.counts[0]]
        return "" if len(made) == wanted else f"{len(made)} poses, not {wanted}"

    def _says(self, wanted: str, turn: Played) -> str:
        return "" if re.search(wanted, turn.reply) else f"“{turn.reply}” lacks {wanted}"

    def _holds(self, wanted: Sequence[str], turn: Played) -> str:
        return _listed(self._missed(wanted, self._pose(turn)))

    def _missed(self, wanted: Sequence[str], item: Any) -> list[str]:
        points, gaps = self._parts.describer.measure(item.pose)
        rows = check([parse(line) for line in wanted], points, gaps)[0]
        return [f"{row.statement} ({row.as_json()['measured']})" for row in rows if row.holds is not True]

    def _moved(self, wanted: Sequence[str], turn: Played, sign: int) -> str:
        was = turn.before.current_pose
        if was is None:
            return "there was no pose"
        far = [self._pose(turn).joints[place, 1] - was.joints[place, 1] for place in map(SMPL.index, wanted)]
        return _listed([f"{name} by {float(by):.3f} m" for name, by in zip(wanted, far, strict=True)
                        if sign * by < MOVED_M])  # fmt: skip

    def _kept(self, wanted: Sequence[str], turn: Played) -> str:
        was = turn.before.current_pose
        if was is None:
            return "there was no pose"
        turned = geodesic_distance(self._pose(turn).pose.local_rotations, was.pose.local_rotations)
        return _listed([name for name in wanted if float(turned[SMPL.index(name)]) > KEPT_RAD])

    def _angles(self, wanted: dict[str, list[float]], turn: Played) -> str:
        angles = pose_to_angles(self._pose(turn).pose)
        return _out_of({name: float(angles[name]) for name in wanted}, wanted)

    def _measures(self, wanted: dict[str, list[float]], turn: Played) -> str:
        points, _ = self._parts.describer.measure(self._pose(turn).pose)
        known = measures_by_name()
        return _out_of({name: float(measure_all((known[name],), points)[0, 0]) for name in wanted}, wanted)

    def _back(self, wanted: int, turn: Played) -> str:
        past = turn.before.past[-wanted]
        return _same(past.current, turn.after.current)

    def _hits(self, wanted: int, turn: Played) -> str:
        found = turn.after.last_hits
        if found is None or found.number <= turn.before.counts[2]:
            return "nothing was searched for"
        return "" if len(found.hits) >= wanted else f"{len(found.hits)} found, not {wanted}"

    def _hits_hold(self, wanted: Sequence[str], turn: Played) -> str:
        hits = turn.after.last_hits.hits if turn.after.last_hits is not None else ()
        return _listed([f"result {place}: {', '.join(missed)}" for place, hit in enumerate(hits, 1)
                        if (missed := self._missed(wanted, hit))])  # fmt: skip

    def _on_floor(self, wanted: bool, turn: Played) -> str:
        with torch.no_grad():
            height = float(floor_under(self._parts.body(self._pose(turn).pose).vertices))
        return "" if (abs(height) < ON_FLOOR_M) == wanted else f"{height:.3f} m above the floor"

    def _files(self, wanted: Sequence[str], turn: Played) -> str:
        kinds = [path.suffix.removeprefix(".") for path in turn.files]
        if sorted(kinds) != sorted(wanted):
            return f"{kinds}, not {list(wanted)}"
        bad = []
        for path in turn.files:
            if path.suffix in (".npz", ".bvh", ".json"):
                again = load(path)
                bad += [] if len(again) == 1 else [f"{path.name} has {len(again)} poses"]
            elif path.suffix == ".glb" and path.read_bytes()[:4] != b"glTF":
                bad.append(f"{path.name} is no glb")
        return _listed(bad)


def _same(wanted: object, found: object) -> str:
    return "" if wanted == found else f"{found!r}, not {wanted!r}"


def _listed(faults: Sequence[str]) -> str:
    return "; ".join(faults)


def _out_of(found: dict[str, float], wanted: dict[str, list[float]]) -> str:
    return _listed([f"{name} {found[name]:.2f}" for name, (low, high) in wanted.items()
                    if not low <= found[name] <= high])  # fmt: skip
