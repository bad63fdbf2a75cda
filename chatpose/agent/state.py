"""`ConversationState`: what a conversation holds, and its past; never changed in place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from chatpose.agent.items import Hit, HitList, PhotoItem, PoseItem
from chatpose.agent.steps import Step
from chatpose.errors import ChatposeError

MAX_POSES = 200
"""Poses that a conversation keeps; the oldest that aren't on screen are let go."""
MAX_PHOTOS = 20
MAX_HIT_LISTS = 20
MAX_CLIP_FRAMES = 120_000
"""Frames of motions that a conversation keeps, about 110 MB; of older motions only the chosen frame stays."""
MAX_PHOTO_BYTES = 48 * 2**20
"""Bytes of photos that a conversation keeps; older ones stay by name, with their poses."""
MAX_PAST = 60
"""Steps that can be undone."""
MAX_TURNS = 500
"""Turns that are remembered."""
Focus = Literal["", "pose", "hits", "photo"]


class NothingToUndoError(ChatposeError, IndexError):
    """There is nothing to undo, or to redo."""


@dataclass(frozen=True)
class Turn:
    """What was said once.

    Attributes:
        user: the person's words.
        reply: what was answered.
        attachments: titles of what came with the words.
        steps: how the answer came about.
        poses: numbers of the poses that it made or is about.
        hits: number of the list that it found; None for none.
        seconds: it took.
    """

    user: str
    reply: str
    attachments: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    poses: tuple[int, ...] = ()
    hits: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Holdings:
    """What there is; undo restores all of it but the hits.

    Attributes:
        poses: oldest first.
        photos: oldest first.
        hits: lists of hits, oldest first.
        current: number of the pose on screen.
        focus: what came last, which "it" is about.
        group: numbers of the poses that came together last, which "them" and "the second one" are about.
    """

    poses: tuple[PoseItem, ...] = ()
    photos: tuple[PhotoItem, ...] = ()
    hits: tuple[HitList, ...] = ()
    current: int | None = None
    focus: Focus = ""
    group: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class ConversationState:
    """One conversation. Methods give new states; items are shared between them.

    Attributes:
        now: what there is.
        turns: what was said.
        past: what there was, the latest last.
        future: what was undone, the latest last.
        counts: numbers given so far to poses, photos and hit lists; never given again, not even after undo.
    """

    now: Holdings = field(default_factory=Holdings)
    turns: tuple[Turn, ...] = ()
    past: tuple[Holdings, ...] = ()
    future: tuple[Holdings, ...] = ()
    counts: tuple[int, int, int] = (0, 0, 0)

    @property
    def poses(self) -> tuple[PoseItem, ...]:
        """All poses, oldest first."""
        return self.now.poses

    @property
    def photos(self) -> tuple[PhotoItem, ...]:
        """All photos, oldest first."""
        return self.now.photos

    @property
    def hits(self) -> tuple[HitList, ...]:
        """Lists of hits, oldest first."""
        return self.now.hits

    @property
    def current(self) -> int | None:
        """Number of the pose on screen."""
        return self.now.current

    @property
    def current_pose(self) -> PoseItem | None:
        """The pose on screen."""
        return self.pose(self.current) if self.current is not None else None

    @property
    def last_hits(self) -> HitList | None:
        """The latest list of hits."""
        return self.hits[-1] if self.hits else None

    @property
    def next_pose(self) -> int:
        """The number that the next pose gets."""
        return self.counts[0] + 1

    @property
    def next_photo(self) -> int:
        """The number that the next photo gets."""
        return self.counts[1] + 1

    @property
    def next_hits(self) -> int:
        """The number that the next list of hits gets."""
        return self.counts[2] + 1

    def pose(self, number: int) -> PoseItem | None:
        """The pose of a number; None where there is none."""
        return next((item for item in self.poses if item.number == number), None)

    def photo(self, number: int) -> PhotoItem | None:
        """The photo of a number; None where there is none."""
        return next((item for item in self.photos if item.number == number), None)

    def group(self) -> tuple[PoseItem, ...]:
        """The poses that came together last."""
        return tuple(item for number in self.now.group if (item := self.pose(number)) is not None)

    # --- changes; none of them is an undo step by itself, see `with_step` ---------------------------------------------

    def add_poses(self, items: Sequence[PoseItem]) -> "ConversationState":
        """With further poses; the first of them is on screen."""
        if not items:
            return self
        poses = _kept((*self.poses, *items), MAX_POSES, {item.number for item in items})
        now = replace(
            self.now, poses=poses, current=items[0].number, focus="pose", group=tuple(item.number for item in items)
        )
        return _within_memory(replace(self, now=now, counts=_at_least(self.counts, 0, items[-1].number)))

    def add_pose(self, item: PoseItem) -> "ConversationState":
        """With one more pose, which is on screen."""
        return self.add_poses([item])

    def add_photo(self, item: PhotoItem) -> "ConversationState":
        """With one more photo."""
        now = replace(self.now, photos=(*self.photos, item)[-MAX_PHOTOS:], focus="photo")
        return _within_memory(replace(self, now=now, counts=_at_least(self.counts, 1, item.number)))

    def replace_pose(self, item: PoseItem) -> "ConversationState":
        """The pose of the same number exchanged, which is on screen then."""
        poses = tuple(item if one.number == item.number else one for one in self.poses)
        return replace(self, now=replace(self.now, poses=poses, current=item.number, focus="pose"))

    def with_title(self, number: int, title: str) -> "ConversationState":
        """With another title of a pose; the pose on screen stays."""
        poses = tuple(replace(one, title=title) if one.number == number else one for one in self.poses)
        return replace(self, now=replace(self.now, poses=poses))

    def remove_pose(self, number: int) -> "ConversationState":
        """Without a pose; where it was on screen, the one that it was made from is, or else the latest."""
        gone = self.pose(number)
        poses = tuple(item for item in self.poses if item.number != number)
        left = {item.number for item in poses}
        current = self.current
        if current == number:
            parent = gone.parent if gone is not None else None
            current = parent if parent in left else max(left, default=None)
        group = tuple(one for one in self.now.group if one in left)
        return replace(self, now=replace(self.now, poses=poses, current=current, group=group, focus="pose"))

    def with_group(self, numbers: Sequence[int]) -> "ConversationState":
        """With poses that came together, which "them" and "the second one" are about."""
        return replace(self, now=replace(self.now, group=tuple(numbers)))

    def cleared(self) -> "ConversationState":
        """With nothing in it; numbers go on."""
        return replace(self, now=Holdings())

    def replace_photo(self, item: PhotoItem) -> "ConversationState":
        """The photo of the same number exchanged."""
        photos = tuple(item if one.number == item.number else one for one in self.photos)
        return replace(self, now=replace(self.now, photos=photos))

    def add_hits(self, item: HitList) -> "ConversationState":
        """With one more list of hits; the pose on screen stays."""
        now = replace(self.now, hits=(*self.hits, item)[-MAX_HIT_LISTS:], focus="hits" if item.hits else self.now.focus)
        return replace(self, now=now, counts=_at_least(self.counts, 2, item.number))

    def choose(self, number: int) -> "ConversationState":
        """With another pose on screen.

        Raises:
            ChatposeError: no such pose.
        """
        if self.pose(number) is None:
            there = ", ".join(str(item.number) for item in self.poses) or "none yet"
            raise ChatposeError(f"no pose {number}", expected=f"one of the poses {there}")
        return replace(self, now=replace(self.now, current=number, focus="pose"))

    def hit_as_pose(self, hit: Hit) -> PoseItem:
        """A hit as the next pose of the conversation; not added yet."""
        return PoseItem(
            self.next_pose,
            hit.called,
            hit.pose,
            hit.joints,
            "library",
            hit.description,
            (hit.name,) if hit.name else (),
            score=hit.score,
            library_id=hit.id,
        )

    def with_turn(self, turn: Turn) -> "ConversationState":
        """One turn longer."""
        return replace(self, turns=(*self.turns, turn)[-MAX_TURNS:])

    # --- past and future ---------------------------------------------------------------------------------------------

    def with_step(self, before: "ConversationState") -> "ConversationState":
        """This state as one step after `before` that can be undone; nothing where no pose and no photo changed.

        What was found stays found: searches aren't undone.
        """
        if _shown(self.now) == _shown(before.now):
            return self
        return _within_memory(replace(self, past=(*before.past, before.now)[-MAX_PAST:], future=()))

    def undo(self) -> "ConversationState":
        """As it was before the last step that changed something; what was said stays.

        Raises:
            NothingToUndoError: there is none.
        """
        if not self.past:
            raise NothingToUndoError("there is nothing to undo")
        now = replace(self.past[-1], hits=self.hits or self.past[-1].hits, focus="pose")
        return replace(self, now=now, past=self.past[:-1], future=(*self.future, self.now))

    def redo(self) -> "ConversationState":
        """As it was before the last undo.

        Raises:
            NothingToUndoError: nothing was undone.
        """
        if not self.future:
            raise NothingToUndoError("there is nothing to redo")
        now = replace(self.future[-1], hits=self.hits or self.future[-1].hits, focus="pose")
        return replace(self, now=now, future=self.future[:-1], past=(*self.past, self.now))


def _shown(one: Holdings) -> tuple[object, ...]:
    """What a person sees of holdings."""
    return (
        one.current,
        [(item.number, item.title, id(item.pose)) for item in one.poses],
        [item.number for item in one.photos],
    )


def _within_memory(state: ConversationState) -> ConversationState:
    """The oldest clips and photos let go of frames and bytes beyond the limits, in past and future as well."""
    everywhere = (state.now, *state.past, *state.future)
    frames = {item.number: len(item.clip) for one in everywhere for item in one.poses if item.clip is not None}
    sizes = {item.number: len(item.content) for one in everywhere for item in one.photos if item.content is not None}
    clips, photos = _beyond(frames, MAX_CLIP_FRAMES), _beyond(sizes, MAX_PHOTO_BYTES)
    if not clips and not photos:
        return state

    def lean(one: Holdings) -> Holdings:
        return replace(
            one,
            poses=tuple(replace(item, clip=None) if item.number in clips else item for item in one.poses),
            photos=tuple(replace(item, content=None) if item.number in photos else item for item in one.photos),
        )

    past, future = tuple(map(lean, state.past)), tuple(map(lean, state.future))
    return replace(state, now=lean(state.now), past=past, future=future)


def _beyond(sizes: Mapping[int, int], most: int) -> set[int]:
    """Numbers of the oldest whose sizes are too much together with those of all later ones; never the latest."""
    found, total = set(), 0
    for number in sorted(sizes, reverse=True):
        total += sizes[number]
        if total > most and number != max(sizes):
            found.add(number)
    return found


def _at_least(counts: tuple[int, int, int], place: int, number: int) -> tuple[int, int, int]:
    changed = list(counts)
    changed[place] = max(changed[place], number)
    return changed[0], changed[1], changed[2]


def _kept(items: tuple[PoseItem, ...], most: int, needed: set[int]) -> tuple[PoseItem, ...]:
    extra = len(items) - most
    if extra <= 0:
        return items
    old = [item.number for item in items if item.number not in needed][:extra]
    return tuple(item for item in items if item.number not in old)
