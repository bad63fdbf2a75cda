"""Tools that bring poses into the conversation: from words, from a file, from a model."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from chatpose.agent.attachments import Attachment, read_clip
from chatpose.agent.bench import Bench
from chatpose.agent.items import CheckedStatement, PoseItem, short_title
from chatpose.agent.outcome import Outcome
from chatpose.agent.replying import joined, made_told, notes_told, sentence, split_sentences
from chatpose.agent.state import ConversationState
from chatpose.body.ground import put_on_floor
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError, InvalidPoseError
from chatpose.language.verified.answer import Generated, VerifiedPose
from chatpose.posecodes.grammar import Statement, StatementError, parse

MAX_ADOPTED = 8
"""Poses of one answer of a model that are taken."""


class NothingMadeError(ChatposeError, ValueError):
    """A request from which no pose could be made."""


def generate(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Makes poses from words."""
    prompt, count = arguments["prompt"], int(arguments.get("count", 1))
    wanted, bad = _statements(arguments.get("plan", ()))
    made = bench.parts.generator.generate(prompt, count=count, seed=bench.seed, on_first=bench.on_first)
    if not made.poses and not wanted:
        why = made.notes[0] if made.notes else "nothing in this was understood as a pose"
        raise NothingMadeError(why)
    if made.poses:
        items = [_item(bench, state.next_pose + place, made, one) for place, one in enumerate(made.poses)]
    else:
        items = [_solved(bench, state.next_pose, prompt, wanted)]
    if wanted and made.poses:
        items = [_held_to(bench, item, wanted) for item in items]
    notes = [*_notes(made), *bad]
    if len(items) < count:
        notes.append(f"I found {len(items)} that are different enough, not {count}")
    text = made_told(items, short_title(prompt), notes, bench.words)
    short = f"{items[0].held} of {len(items[0].checks)} statements hold" if items[0].checks else "made"
    content = {
        "poses": [_row(item) for item in items],
        "notes": [*made.notes, *bad],
    }
    return Outcome(
        state.add_poses(items),
        content,
        text,
        f"{_count(items)}; {short}",
        tuple(items),
        True,
        items[0].checks,
        evidence=[row.as_json() for item in items for row in item.checks],
    )


def take(bench: Bench, attachment: Attachment, others: Sequence[Attachment], state: ConversationState) -> Outcome:
    """The first pose of an attached file."""
    clip = read_clip(attachment, others)
    pose = clip.pose_on(bench.parts.body)[0]
    notes = (*clip.warnings, *clip.notes)
    item = bench.item(state.next_pose, attachment.title, pose, "file", clip=clip, frame=0, notes=notes)
    many = f"{len(clip):,} frames, the first is shown" if len(clip) > 1 else "one pose"
    called = f"It looks like {item.names[0]}" if item.names else ""
    text = joined(
        sentence(f"I've read {attachment.title} ({many}) as {item.name}"),
        sentence(called),
        split_sentences(item.description)[0],
        *notes_told(clip.warnings),
    )
    content = {"name": item.name, "frames": len(clip), "names": list(item.names), "description": item.description}
    return Outcome(state.add_pose(item), content, text, f"{item.name}: {many}", (item,), True)


def adopt(bench: Bench, poses: Sequence[Pose], plan: Sequence[str], state: ConversationState, prompt: str) -> Outcome:
    """Poses that a model wrote: on the floor, measured against its plan, repaired where it doesn't hold."""
    wanted, bad = _statements(plan)
    items = []
    for place, pose in enumerate(poses[:MAX_ADOPTED]):
        if pose.batch_shape:
            raise InvalidPoseError(f"a batch {pose.batch_shape} of poses", expected="single poses")
        pose = put_on_floor(pose.validated(), bench.parts.body)
        item = bench.item(
            state.next_pose + place,
            short_title(prompt, "pose"),
            pose,
            "model",
            prompt=prompt,
            plan=tuple(map(str, wanted)),
            checks=bench.checked(pose, wanted, "planned"),
        )
        items.append(_held_to(bench, item, wanted) if any(row.holds is False for row in item.checks) else item)
    if not items:
        raise NothingMadeError("the model wrote no pose")
    content = {"poses": [_row(item) for item in items], "notes": list(bad)}
    short = f"{items[0].held} of {len(items[0].checks)} planned statements hold"
    return Outcome(
        state.add_poses(items),
        content,
        made_told(items, short_title(prompt), bad, bench.words),
        short,
        tuple(items),
        True,
        items[0].checks,
    )


def _item(bench: Bench, number: int, made: Generated, one: VerifiedPose) -> PoseItem:
    names = bench.names(one.pose)
    title = _title(bench, made.prompt, one)
    checks = tuple(CheckedStatement.of(row, one.why(row)) for row in one.checks)
    entry = bench.parts.namer.atlas.find(one.entry) if one.entry else None
    notes = (*one.notes, f"made from “{entry.name}”") if one.mended and entry is not None else one.notes
    return PoseItem(
        number,
        title,
        one.pose,
        one.description.joints,
        "generated",
        one.description.text,
        names,
        checks,
        plan=tuple(str(row.statement) for row in one.checks),
        prompt=made.prompt,
        score=one.score,
        library_id="" if one.mended else one.entry or "",  # what was changed isn't the library's any more
        notes=notes,
    )


def _title(bench: Bench, prompt: str, one: VerifiedPose) -> str:
    """The name where the words are about a named pose and nothing else, else the words."""
    if one.entry is not None and one.plan.named and not one.plan.said:
        return bench.parts.namer.atlas.find(one.entry).name
    return short_title(prompt, "pose")


def _held_to(bench: Bench, item: PoseItem, wanted: Sequence[Statement]) -> PoseItem:
    """The pose repaired until the statements hold, as near to what it was as that allows."""
    import dataclasses

    from chatpose.posecodes.solve import Solver

    pose = item.pose
    rows = bench.checked(pose, wanted, "planned")
    if any(row.holds is False for row in rows):
        with torch.no_grad():
            found = Solver(bench.parts.body).solve(wanted, pose)
        again = bench.checked(found.pose, wanted, "planned")
        if sum(row.holds is True for row in again) > sum(row.holds is True for row in rows):
            pose, rows = found.pose, again
    known = {row.statement for row in rows}
    others = [row for row in item.checks if row.statement not in known]
    if pose is not item.pose:
        reasons = {row.statement: row.why for row in others}
        measured = bench.checked(pose, [parse(row.statement) for row in others])
        others = [dataclasses.replace(row, why=reasons[row.statement]) for row in measured]
    return dataclasses.replace(
        item,
        pose=pose,
        joints=bench.parts.body.joints(pose),
        description=bench.described(pose),
        names=bench.names(pose),
        checks=(*rows, *others),
        plan=tuple(row.statement for row in (*rows, *others)),
    )


def _solved(bench: Bench, number: int, prompt: str, wanted: Sequence[Statement]) -> PoseItem:
    """A pose from statements alone."""
    from chatpose.posecodes.solve import Solver

    with torch.no_grad():
        found = Solver(bench.parts.body).solve(wanted)
    checks = bench.checked(found.pose, wanted)
    plan = tuple(map(str, wanted))
    return bench.item(number, short_title(prompt), found.pose, "generated", checks=checks, plan=plan, prompt=prompt)


def _statements(lines: Sequence[str]) -> tuple[list[Statement], list[str]]:
    """The statements of a model's plan, and what of it can't be read."""
    found, bad = [], []
    for line in lines:
        try:
            found.append(parse(line))
        except StatementError as error:
            bad.append(f"the plan's line {line[:60]!r} couldn't be read: {error.got}")
    return found, bad


def _notes(made: Generated) -> list[str]:
    return list(made.notes) + [note for one in made.poses[:1] for note in one.notes]


def _row(item: PoseItem) -> dict[str, Any]:
    """What a model is told of a new pose."""
    checks = [{"statement": row.statement, "holds": row.holds, "measured": row.measured} for row in item.checks]
    return {"name": item.name, "title": item.title, "description": item.description, "checks": checks}


def _count(items: Sequence[PoseItem]) -> str:
    return items[0].name if len(items) == 1 else f"{items[0].name} to {items[-1].name}"
