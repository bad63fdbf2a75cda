"""Photos: taking one into the conversation, and finding the people in it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from chatpose.agent.attachments import MAX_KEPT_BYTES, Attachment
from chatpose.agent.bench import Bench
from chatpose.agent.items import PhotoItem, PoseItem, Sighting
from chatpose.agent.outcome import Outcome
from chatpose.agent.references import UnclearReferenceError, resolve, there_is
from chatpose.agent.replying import confidence_words, joined, listed, name_told, sentence, split_sentences
from chatpose.agent.state import ConversationState
from chatpose.body.ground import put_on_floor
from chatpose.errors import ChatposeError, MissingExtraError, MissingFileError
from chatpose.perception.person import PhotoPerson

MAX_PEOPLE = 10


def take(bench: Bench, attachment: Attachment, state: ConversationState) -> Outcome:
    """Takes a photo in; who is in it is looked for by `estimate`."""
    attachment.check_size()
    if len(attachment.content) > MAX_KEPT_BYTES:
        raise ChatposeError(
            f"{attachment.title} has {len(attachment.content):,} bytes",
            expected=f"at most {MAX_KEPT_BYTES:,} for a photo",
            fix="save a smaller version of it",
        )
    from chatpose.perception.photo import photo_of_bytes

    photo = photo_of_bytes(attachment.content, attachment.title)
    item = PhotoItem(state.next_photo, attachment.title, attachment.content)
    text = sentence(f"I've taken {attachment.title} in as {item.name}")
    size = f"{photo.size[0]} × {photo.size[1]} pixels"
    return Outcome(state.add_photo(item), {"name": item.name, "size": size}, text, f"{item.name}: {size}")


def estimate(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Finds the people in a photo and their poses."""
    photo = _photo(arguments["photo"], state)
    known = [item for number in photo.poses if (item := state.pose(number)) is not None]
    if photo.looked_at and known:
        return _told(bench, photo, known, state, new=False)
    if photo.content is None:
        raise ChatposeError(f"{photo.name} ({photo.title}) isn't kept in this conversation", fix="attach it again")
    people = _people(bench, photo)
    items = [_item(bench, state.next_pose + place, photo, place + 1, person) for place, person in enumerate(people)]
    photo = dataclasses.replace(photo, looked_at=True, poses=tuple(item.number for item in items))
    state = state.replace_photo(photo).add_poses(items)
    return _told(bench, photo, items, state, new=True)


def _people(bench: Bench, photo: PhotoItem) -> list[PhotoPerson]:
    from chatpose.perception.one_thread import one_thread
    from chatpose.perception.photo import photo_of_bytes

    with one_thread():
        picture = photo_of_bytes(photo.content or b"", photo.title)
        try:
            return bench.parts.estimator.people(picture, MAX_PEOPLE)
        except (MissingFileError, MissingExtraError) as error:  # whose words name folders
            raise MissingFileError("photos can't be looked at here yet", fix=error.fix) from error


def _item(bench: Bench, number: int, photo: PhotoItem, place: int, person: PhotoPerson) -> PoseItem:
    from chatpose.perception.telling import tell

    told = tell(person, bench.parts.describer, bench.parts.namer, "plain", bench.seed)
    level = person.pose.replace(transl=person.pose.transl.new_zeros(3))
    pose = put_on_floor(level, bench.parts.body)
    seen = Sighting(photo.number, place, person.visible, told.confidence, told.unseen, person.notes, person)
    title = f"person {place} of {photo.title}"
    names = tuple(name.name for name in told.names)
    return bench.item(number, title, pose, "photo", description=told.description.text, names=names, seen=seen)


def _told(bench: Bench, photo: PhotoItem, items: list[PoseItem], state: ConversationState, *, new: bool) -> Outcome:
    if not items:
        text = joined(
            sentence(f"I found nobody in {photo.title}"),
            "A photo with one person in full view works best.",
        )
        return Outcome(state, {"photo": photo.name, "people": []}, text, "nobody found")
    if len(items) == 1:
        text = _one(bench, items[0])
    else:
        told = [f"{item.name}: {item.names[0] if item.names else _short(item)}" for item in items[:4]]
        text = joined(
            sentence(f"I see {len(items)} people"), sentence(listed(told)), sentence(confidence_words(_mean(items)))
        )
    rows = [
        {"pose": item.name, "names": list(item.names), "description": item.description}
        | (item.seen.as_json() if item.seen is not None else {})
        for item in items
    ]
    short = f"{len(items)} {'person' if len(items) == 1 else 'people'} found"
    return Outcome(state, {"photo": photo.name, "people": rows}, text, short, tuple(items), new, evidence=rows)


def _one(bench: Bench, item: PoseItem) -> str:
    seen = item.seen
    names: list[tuple[str, float]] = []
    if seen is not None and seen.found is not None:
        from chatpose.perception.telling import tell

        found = tell(seen.found, bench.parts.describer, bench.parts.namer, "short", bench.seed)
        names = [(name.name, name.score) for name in found.names]
    sure = seen_told(seen) if seen is not None else ""
    sentences = split_sentences(item.description)
    return joined(name_told(item, names, bench.words), *sentences[:2], sure)


def seen_told(seen: Sighting) -> str:
    """How well somebody was seen, and what of them not."""
    if not seen.unseen:
        return sentence(confidence_words(seen.confidence))
    sure = "what I speak of I see well" if seen.confidence >= 0.85 else confidence_words(seen.confidence)
    return sentence(f"{sure}; not seen well enough to speak of: {listed(list(seen.unseen))}")


def _short(item: PoseItem) -> str:
    first = split_sentences(item.description)[0].rstrip(".")
    return first[:1].lower() + first[1:]


def _mean(items: list[PoseItem]) -> float:
    found = [item.seen.confidence for item in items if item.seen is not None]
    return sum(found) / len(found) if found else 0.0


def _photo(name: str, state: ConversationState) -> PhotoItem:
    found = resolve(name, state) if state.photos else None
    if isinstance(found, PoseItem) and found.seen is not None:
        found = state.photo(found.seen.photo)
    if not isinstance(found, PhotoItem):
        if state.photos and found is not None and name.lower().strip() in ("it", "this"):
            return state.photos[-1]
        raise UnclearReferenceError(f"“{name[:60]}” is no photo of this conversation", expected=there_is(state))
    return found
