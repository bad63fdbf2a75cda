"""Tools that make a new pose from others: edit, mirror, blend, set an angle, put on the floor."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import roma
import torch

from chatpose.agent.bench import Bench
from chatpose.agent.intent_tables import PART
from chatpose.agent.items import CheckedStatement, PoseItem, short_title
from chatpose.agent.outcome import Outcome
from chatpose.agent.references import resolve_pose
from chatpose.agent.replying import edited_told, joined, sentence, so_already
from chatpose.agent.state import ConversationState
from chatpose.body.angle_table import ANGLE_NAMES, GROUP_NAMES, PELVIS_NAMES
from chatpose.body.angles import angles_to_pose, body_pose_to_angles, group_angles, pose_to_angles
from chatpose.body.ground import floor_under, put_on_floor
from chatpose.body.pose import Pose
from chatpose.errors import ChatposeError, unknown_name
from chatpose.posecodes.grammar import parse

STEM_CHARS = 36
ANGLE_EXACT_DEG = 0.1
"""How close an angle that was set has to come."""
_LESS = re.compile(r"(?i)\b(?:too (?:much|far)|less|not (?:so|that|as|quite) (?:much|far)|back off|ease off)\b")
ON_FLOOR_M = 5e-4
"""How near to the floor the lowest skin is on it."""
_BONE_ANGLES = {
    f"{side} {joint} angle": f"{side}_{joint}_flexion" for side in ("left", "right") for joint in ("knee", "elbow")
}


def edit(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Carries out an instruction."""
    item, state = resolve_pose(arguments["pose"], state)
    made = bench.parts.editor.edit(item.pose, arguments["instruction"], last=item.edited)
    checks = tuple(CheckedStatement.of_row(row.as_json()) for row in made.checks)
    new = bench.item(
        state.next_pose,
        short_title(f"{_stem(item)}: {arguments['instruction']}"),
        made.pose,
        "edited",
        parent=item.number,
        checks=checks,
        plan=tuple(row.statement for row in checks),
        notes=tuple(made.notes),
        edited=_gone_on(made, item.edited, arguments["instruction"]),
        prompt=arguments["instruction"],
        description=made.description,
        seen=item.seen,
    )
    text = edited_told(new, made.changed_parts, made.notes, bench.words)
    content = {
        "pose": new.name,
        "changed_parts": list(made.changed_parts),
        "description": made.description,
        "checks": [row.as_json() for row in checks],
        "notes": list(made.notes),
    }
    there = so_already(made.notes)
    if (there and all(row.statement in there for row in checks)) or (
        not made.changed_parts and torch.equal(made.pose.transl, item.pose.transl)
    ):
        # The same pose again would only fill the tray; what was asked is kept for "the other one too".
        same = dataclasses.replace(item, edited=made)
        return Outcome(
            state.replace_pose(same),
            content | {"pose": item.name},
            text,
            f"{item.name}: nothing changed",
            (same,),
            checks=checks,
        )
    held = f"{new.held} of {len(checks)} hold" if checks else "done"
    short = f"{new.name}: {', '.join(made.changed_parts) or 'nothing'} changed; {held}"
    return Outcome(state.add_pose(new), content, text, short, (new,), True, checks, evidence=content["checks"])


def _gone_on(made: Any, last: Any, instruction: str) -> Any:
    """The edit that "the other one too" is about: after "too much" it is still the one that was too much."""
    if last is None or not _LESS.search(instruction) or PART.search(instruction):
        return made
    return dataclasses.replace(made, plan=last.plan)


def mirror(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Exchanges left and right."""
    item, state = resolve_pose(arguments["pose"], state)
    checks = bench.checked(
        item.pose.mirror(), [_mirrored(row.statement) for row in item.checks if _parses(row.statement)]
    )
    new = bench.item(
        state.next_pose,
        short_title(f"{_stem(item)}, mirrored"),
        item.pose.mirror(),
        "mirrored",
        parent=item.number,
        checks=checks,
        plan=tuple(row.statement for row in checks),
    )
    text = joined(
        sentence(
            bench.words.one(
                "mirrored",
                "Mirrored: left and right are exchanged",
                "There is the mirror image",
                "Left and right swapped",
            )
        ),
        new.description.split(". ")[0].rstrip(".") + ".",
    )
    return _changed(state, new, text, "left and right exchanged")


def blend(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """A pose between two others."""
    first, state = resolve_pose(arguments["first"], state)
    second, state = resolve_pose(arguments["second"], state)
    share = float(arguments.get("share", 0.5))
    if first.number == second.number:
        raise ChatposeError("a blend of a pose with itself", expected="two different poses")
    pose = put_on_floor(between(first.pose, second.pose, share), bench.parts.body)
    title = short_title(f"{share:.0%} from {first.name} to {second.name}")
    new = bench.item(state.next_pose, title, pose, "blended", parent=first.number)
    where = "Halfway" if share == 0.5 else f"{share:.0%} of the way"
    text = joined(
        sentence(f"{where} between {first.name} and {second.name}, as {new.name}"),
        new.description.split(". ")[0].rstrip(".") + ".",
    )
    return _changed(state, new, text, f"{share:.0%} of the way")


def between(first: Pose, second: Pose, share: float) -> Pose:
    """Joint by joint along the shortest rotation; heading, place and shape as well."""
    start, end = (roma.rotmat_to_unitquat(pose.local_rotations) for pose in (first, second))
    end = torch.where((start * end).sum(-1, keepdim=True) < 0, -end, end)
    steps = torch.as_tensor(share, dtype=start.dtype)
    local = roma.unitquat_to_rotmat(roma.unitquat_slerp(start, end, steps))
    return Pose.from_rotations(
        local, betas=torch.lerp(first.betas, second.betas, share), transl=torch.lerp(first.transl, second.transl, share)
    )


def set_angle(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Sets an anatomical angle, or the angle between the two bones at a knee or an elbow, exactly."""
    item, state = resolve_pose(arguments["pose"], state)
    name, degrees = " ".join(arguments["angle"].lower().replace("_", " ").split()), float(arguments["degrees"])
    pose, reached, notes = with_angle(bench, item.pose, name, degrees)
    before = measured_angle(bench, item.pose, name)
    lowered = bool(floor_under(bench.parts.body(item.pose).vertices).abs() < 0.02)
    pose = put_on_floor(pose, bench.parts.body) if lowered else pose
    holds = abs(reached - degrees) <= ANGLE_EXACT_DEG
    row = CheckedStatement(
        f"{name} to {degrees:g}°",
        holds,
        f"{name} {before:.1f}° → {reached:.1f}°",
        f"{ANGLE_EXACT_DEG - abs(reached - degrees):.1f}°",
    )
    new = bench.item(
        state.next_pose,
        short_title(f"{_stem(item)}: {name} {degrees:g}°"),
        pose,
        "edited",
        parent=item.number,
        checks=(row,),
        plan=(row.statement,),
        notes=tuple(notes),
    )
    done = (
        f"The {name} is {reached:.1f}° now; it was {before:.1f}°"
        if holds
        else (f"I couldn't set the {name} to {degrees:g}°: it came to {reached:.1f}°")
    )
    outcome = _changed(
        state, new, joined(sentence(done), *map(sentence, notes)), f"{name} {before:.1f}° → {reached:.1f}°"
    )
    return dataclasses.replace(outcome, checks=new.checks)


def with_angle(bench: Bench, pose: Pose, name: str, degrees: float) -> tuple[Pose, float, list[str]]:
    """The pose with an angle set, what is measured then, and what is to be known.

    Raises:
        UnknownNameError: no such angle.
        ChatposeError: no joint turns so far.
    """
    notes: list[str] = []
    bones = _BONE_ANGLES.get(name)
    if bones is None:
        key = name.replace(" ", "_")
        known = (*ANGLE_NAMES, *GROUP_NAMES, *PELVIS_NAMES)
        if key not in known:
            raise unknown_name("angle", name, [one.replace("_", " ") for one in (*_BONE_ANGLES, *known)])
        made = angles_to_pose({key: degrees}, pose)
        notes += _beyond(made, pose)
        return made, measured_angle(bench, made, name), notes
    if not 0 <= degrees <= 180:
        raise ChatposeError(f"{degrees:g}° at a {name}", expected="0 to 180, where 180 is straight")
    flexion = 180 - degrees
    made = angles_to_pose({bones: flexion}, pose)
    for _ in range(8):  # bones aren't exactly the joint's axes apart: a few corrections reach the measured angle
        miss = measured_angle(bench, made, name) - degrees
        if abs(miss) <= ANGLE_EXACT_DEG / 4:
            break
        flexion += miss
        made = angles_to_pose({bones: flexion}, pose)
    notes += _beyond(made, pose)
    return made, measured_angle(bench, made, name), notes


def measured_angle(bench: Bench, pose: Pose, name: str) -> float:
    """An angle by name, degrees."""
    if name in _BONE_ANGLES:
        from chatpose.posecodes.grammar import measures_by_name
        from chatpose.posecodes.measures import measure_all

        points, _ = bench.parts.describer.measure(pose)
        return float(measure_all((measures_by_name()[name],), points)[0, 0])
    angles = pose_to_angles(pose)
    return float((angles | group_angles(angles))[name.replace(" ", "_")])


def ground(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Puts a pose on the floor."""
    item, state = resolve_pose(arguments["pose"], state)
    height = float(floor_under(bench.parts.body(item.pose).vertices))
    if abs(height) <= ON_FLOOR_M:
        text = sentence(f"{item.name} is on the floor already")
        return Outcome(state, {"pose": item.name}, text, f"{item.name}: on the floor already", (item,))
    pose = put_on_floor(item.pose, bench.parts.body)
    new = bench.item(state.next_pose, short_title(f"{_stem(item)}, on the floor"), pose, "edited", parent=item.number)
    moved = f"{abs(100 * height):.1f} cm {'down' if height > 0 else 'up'}"
    return _changed(state, new, sentence(f"It's on the floor now; it moved {moved}"), moved)


def _changed(state: ConversationState, new: PoseItem, text: str, short: str) -> Outcome:
    content = {"pose": new.name, "description": new.description, "result": short}
    return Outcome(state.add_pose(new), content, text, f"{new.name}: {short}", (new,), True, new.checks)


def _beyond(pose: Pose, before: Pose) -> list[str]:
    """Joints that the change took beyond what bodies do."""
    from chatpose.body.joint_limits import LIMIT_NAMES, beyond_limits

    now = beyond_limits(body_pose_to_angles(pose.body_pose))
    then = beyond_limits(body_pose_to_angles(before.body_pose))
    far = [
        name for name, value, was in zip(LIMIT_NAMES, now.tolist(), then.tolist(), strict=True) if value > was + 0.02
    ]
    return [f"{name.replace('_', ' ')} is beyond what most bodies do" for name in far[:2]]


def _stem(item: PoseItem) -> str:
    """The title without what edits added."""
    stem = item.title.split(": ")[0].removesuffix(", mirrored").removesuffix(", on the floor")
    return short_title(stem, most=STEM_CHARS)


def _parses(line: str) -> bool:
    try:
        parse(line)
    except ChatposeError:
        return False
    return True


def _mirrored(line: str) -> Any:
    return parse(line).mirrored()
