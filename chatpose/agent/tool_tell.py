"""Tools that say something about poses: describe, name, answer a question, compare."""

import re
from collections.abc import Mapping
from typing import Any

from chatpose.agent.bench import Bench
from chatpose.agent.intent_manner import NEARER_TO
from chatpose.agent.items import CheckedStatement, PoseItem, short_title
from chatpose.agent.outcome import Outcome
from chatpose.agent.references import resolve_pose, resolve_poses
from chatpose.agent.replying import (
    how_sure,
    joined,
    listed,
    name_told,
    sentence,
    split_sentences,
    statement_words,
)
from chatpose.agent.spotted import is_name, spotted_names
from chatpose.agent.state import ConversationState
from chatpose.agent.tool_photo import seen_told
from chatpose.agent.which import Which, which_of
from chatpose.atlas.naming import TOLD_FROM
from chatpose.body.comparison import comparison_points, distances_mm
from chatpose.body.pose import stack_poses
from chatpose.errors import ChatposeError
from chatpose.language.verified.questions import Answered

NAMES_LOOKED_AT = 12
SURE_NAME = 0.75
MOST_ASKED = 8
"""Poses that one question is asked of."""
_IS_IT = re.compile(
    r"(?i)(?:so |and |but )*(?:is|isn't) (?:it|this|that|she|he) (?:really |now |still |doing |in )*"
    r"(?P<name>.{3,60}?)[\s?.!]*$"
)


class NotAnsweredError(ChatposeError, ValueError):
    """A question that a pose doesn't answer."""


def describe(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Measures a pose and says what holds."""
    items, state = resolve_poses(arguments["pose"], state)
    style = arguments.get("style", "plain")
    texts, rows, checks = [], [], ()
    for item in items[:MOST_ASKED]:
        told = _described(bench, item, style)
        checks = tuple(CheckedStatement.of(row, "measured") for row in told.checks)
        lead = f"{item.name[0].upper()}{item.name[1:]}: " if len(items) > 1 else ""
        texts.append(lead + (told.text if len(items) == 1 else split_sentences(told.text)[0]))
        rows.append({"pose": item.name, "description": told.text, "statements": told.statements_as_json()})
    text = joined(*texts, _seen_words(items[0]) if len(items) == 1 else "")
    content = rows[0] if len(rows) == 1 else {"poses": rows}
    shown = checks if len(items) == 1 else ()
    return Outcome(
        _shown(state, items),
        content,
        text,
        f"{len(checks)} statements measured",
        tuple(items),
        checks=shown,
        evidence=rows,
    )


def name(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Says what a pose is called, and what it looks like."""
    items, state = resolve_poses(arguments["pose"], state)
    texts, rows = [], []
    for item in items[:MOST_ASKED]:
        found = _names(bench, item)
        told = _described(bench, item, "short")
        called = name_told(item, [(one.name, one.score) for one in found], bench.words)
        if len(items) > 1:
            texts.append(f"{item.name[0].upper()}{item.name[1:]}: {called}")
        else:
            texts.append(joined(called, told.text, _seen_words(item)))
        rows.append({"pose": item.name, "names": [one.as_json() for one in found], "description": told.text})
    content = rows[0] if len(rows) == 1 else {"poses": rows}
    short = ", ".join(row["names"][0]["name"] if row["names"] else "no name" for row in rows)
    return Outcome(_shown(state, items), content, joined(*texts), short, tuple(items), evidence=rows)


def ask(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """Answers a question by measuring; of several poses it says which one."""
    question = arguments["question"]
    items, state = resolve_poses(arguments["pose"], state)
    if len(items) > 1:
        return _asked_of_several(bench, question, items[:MOST_ASKED], state)
    item = items[0]
    named = _IS_IT.match(question.strip())
    called = _is_it_called(bench, question, item) if named and is_name(bench.parts, named["name"]) else None
    answered = called or bench.parts.answerer.answer(question, item.pose)
    if not answered.understood and (called := _is_it_called(bench, question, item)) is not None:
        answered = called
    if not answered.understood:
        raise NotAnsweredError(answered.text)
    lead = f"In {item.name}: " if item.number != state.current else ""
    content = {"pose": item.name} | answered.as_json()
    text = joined(lead + answered.text.replace("\n", " "), _unsure(item))
    return Outcome(
        _shown(state, items),
        content,
        text,
        short_title(split_sentences(answered.text)[0]),
        (item,),
        evidence=[answered.as_json()],
    )


def _asked_of_several(bench: Bench, question: str, items: list[PoseItem], state: ConversationState) -> Outcome:
    found = _nearest_to(bench, question, items) or which_of(question, items, bench.parts.answerer)
    if found is None:
        answers = [(item, bench.parts.answerer.answer(question, item.pose)) for item in items]
        if not any(answer.understood for _, answer in answers):
            raise NotAnsweredError(answers[0][1].text)
        told = [f"{item.name}: {split_sentences(answer.text)[0]}" for item, answer in answers]
        rows = [{"pose": item.name} | answer.as_json() for item, answer in answers]
        return Outcome(
            state, {"poses": rows}, " ".join(map(sentence, told)), "asked of each", tuple(items), evidence=rows
        )
    return Outcome(
        state,
        found.as_json(),
        found.text,
        short_title(split_sentences(found.text)[0]),
        (found.item, *(item for item in items if item is not found.item)),
        evidence=[found.as_json()],
    )


def _nearest_to(bench: Bench, question: str, items: list[PoseItem]) -> Which | None:
    """Such as "which one is nearer to warrior two?": by the mean distance of the joints, either side round."""
    spotted = spotted_names(bench.parts, question) if NEARER_TO.search(question) else ()
    if not spotted:
        return None
    entry = bench.parts.namer.atlas.find(spotted[0].entry_id)
    meant = bench.parts.namer.atlas.pose(entry.id)
    rows = comparison_points(stack_poses([item.pose for item in items]), bench.parts.body)
    sides = comparison_points(stack_poses([meant, meant.mirror()]), bench.parts.body)
    away = [float(one) for one in distances_mm(rows, sides).amin(-1)]
    order = sorted(range(len(items)), key=lambda place: away[place])
    best = items[order[0]]
    others = listed([f"{away[place]:.0f} mm in {items[place].name}" for place in order[1:]])
    first = f"{best.name} is nearest to {entry.name}: the joints are {away[order[0]]:.0f} mm from it on average"
    text = sentence(f"{first}, against {others}")
    return Which(best, tuple((item.name, one) for item, one in zip(items, away, strict=True)), "mm", entry.name, text)


def _is_it_called(bench: Bench, question: str, item: PoseItem) -> Answered | None:
    """Such as "is this the tree pose?": whether its statements hold and it is near enough."""
    spotted = spotted_names(bench.parts, question)
    if not spotted or not re.match(r"(?i)\W*(?:is|are|does|would|could|can|so|then)\b", question):
        return None
    entry = bench.parts.namer.atlas.find(spotted[0].entry_id)
    (names,) = bench.parts.namer.names(stack_poses([item.pose]), NAMES_LOOKED_AT, 0.0)
    found = next((name for name in names if name.entry.id == entry.id and name.score > 0), None)
    best = next((name for name in names if name.score >= TOLD_FROM), None)
    measure = f"name {entry.id}"
    if found is not None and found.score >= TOLD_FROM:
        told = f"the joints are {found.distance_mm:.0f} mm from it on average"
        text = f"Yes, {how_sure(found.score)} {entry.name} ({found.score:.0%}): what it takes holds, and {told}."
        return Answered(question, text, True, "", measure, told, found.score >= SURE_NAME)
    missed = [row for row in bench.checked(item.pose, entry.claims, entry.name) if row.holds is False]
    why = listed([f"{statement_words(row.statement)} ({row.measured})" for row in missed[:2]])
    nearest = f"I'd call it {best.name}" if best is not None else ""
    text = joined(sentence(f"No, not {entry.name}" + (f": it takes {why}" if why else "")), sentence(nearest))
    return Answered(question, text, False, "", measure, why, bool(missed))


def compare(bench: Bench, arguments: Mapping[str, Any], state: ConversationState) -> Outcome:
    """How to get from one pose to another."""
    first, state = resolve_pose(arguments["first"], state)
    second, state = resolve_pose(arguments["second"], state)
    if first.number == second.number:
        raise ChatposeError(f"{first.name} and {second.name}: it is one pose", expected="two different poses")
    found = bench.parts.describer.compare(first.pose, second.pose, bench.seed)
    rows = [instruction.as_json() for instruction in found.instructions]
    sentences = split_sentences(found.text)
    shown = " ".join(sentences[:5])
    left = len(sentences) - 5
    more = "and one smaller change" if left == 1 else f"and {left} smaller changes" if left > 0 else ""
    text = joined(sentence(f"To get from {first.name} to {second.name}").rstrip(".") + ":", shown, sentence(more))
    content = {"from": first.name, "to": second.name, "instructions": found.text, "differences": rows}
    return Outcome(state, content, text, f"{len(rows)} differences", (second, first), evidence=rows)


def _described(bench: Bench, item: PoseItem, style: Any) -> Any:
    """A description; of a person in a photo only of what was seen."""
    if item.seen is not None and item.seen.found is not None and item.source == "photo":
        from chatpose.perception.telling import describe_seen

        return describe_seen(item.seen.found, bench.parts.describer, style, bench.seed)
    return bench.parts.describer.describe(item.pose, style, bench.seed)


def _names(bench: Bench, item: PoseItem) -> Any:
    if item.seen is not None and item.seen.found is not None and item.source == "photo":
        from chatpose.perception.telling import tell

        return tell(item.seen.found, bench.parts.describer, bench.parts.namer, "short", bench.seed).names
    (found,) = bench.parts.namer.names(stack_poses([item.pose]))
    return found


def _seen_words(item: PoseItem) -> str:
    """How well a person of a photo was seen."""
    if item.seen is None or item.source != "photo":
        return ""
    return seen_told(item.seen)


def _unsure(item: PoseItem) -> str:
    """A warning where a question is about somebody who was seen badly."""
    if item.seen is None or item.source != "photo" or (item.seen.confidence >= 0.7 and not item.seen.unseen):
        return ""
    return _seen_words(item)


def _shown(state: ConversationState, items: list[PoseItem]) -> ConversationState:
    """What is spoken of becomes what "it" is about; one pose is put on screen."""
    if len(items) == 1 and state.pose(items[0].number) is not None:
        return state.choose(items[0].number) if state.current != items[0].number or state.now.focus != "pose" else state
    return state
