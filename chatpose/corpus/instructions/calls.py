"""Conversations with tools: which one to call with which arguments, what it says, and what is made of that."""

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from chatpose.corpus.instructions.bank import PoseBank
from chatpose.corpus.instructions.call_words import (
    BLEND_ASK,
    EXACT,
    EXPORT,
    EXPORTED,
    FAILED,
    FORMATS,
    FOUND,
    GROUND,
    GROUNDED,
    LIKE,
    NO_EXPORT,
    NO_SEARCH,
    NOTHING,
    SEARCH,
    SEARCH_WHERE,
    SET,
    UNDONE,
)
from chatpose.corpus.instructions.chance import below, one, shuffled, some, yes
from chatpose.corpus.instructions.change import change_request, draw_change, exact_angle
from chatpose.corpus.instructions.change_words import DONE, MIRROR
from chatpose.corpus.instructions.compare_words import DIFFERENCE
from chatpose.corpus.instructions.make import a_request, text_of
from chatpose.corpus.instructions.messages import PosePart, ToolCall, ToolResult
from chatpose.corpus.instructions.pieces import caption_of, holds_all, name_of, pose_plan, shown
from chatpose.corpus.instructions.posecode_words import code_words
from chatpose.corpus.instructions.task import ToldTask
from chatpose.corpus.instructions.tell_words import DESCRIBE, NAME, NO_NAME, PHOTO_BOTH
from chatpose.corpus.instructions.told import Changed, Differs, Draft, Holds, Named, Told
from chatpose.corpus.instructions.tools import TOOLS
from chatpose.corpus.instructions.turn_words import UNDO
from chatpose.corpus.instructions.wording import as_typed, capital, listed, sentence

HITS = 3
IT = ("it", "it", "pose 1", "this pose")


class ToolTalk(ToldTask):
    """A wish that a tool serves, or one whose tool isn't there."""

    name = "tools"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        for _ in range(20):
            draw = rng.random() * _TOTAL
            for maker, share in _MAKERS:
                draw -= share
                if draw < 0:
                    told = maker(bank, rng)
                    if told is not None:
                        return told
                    break
        told = _describe(bank, rng)
        if told is None:
            raise ValueError("a bank without poses")
        return told


def _draft(bank: PoseBank, rng: Random, *needed: str, without: str = "") -> Draft:
    """A conversation in which some tools may be called, these among them."""
    others = [name for name in TOOLS if name not in needed and name != without]
    names = set(some(rng, others, below(rng, len(others) + 1))) | set(needed)
    return Draft(bank, ToolTalk.name, tuple(name for name in TOOLS if name in names))


def _call(draft: Draft, name: str, /, **arguments: Any) -> None:
    draft.assistant(ToolCall(name, TOOLS[name].check(arguments)))


def _result(draft: Draft, name: str, content: Mapping[str, Any], *poses: PosePart) -> None:
    draft.say("tool", ToolResult(name, dict(content)), *poses)


def _bring(draft: Draft, row: int, text: str, rng: Random) -> None:
    """The user's message with a pose."""
    pose = draft.bring(row, rng)
    text = as_typed(rng, text)
    draft.user(*((pose, text) if yes(rng, 0.7) else (text, pose)))


def _statements(bank: PoseBank, row: int, lines: Sequence[str]) -> list[dict[str, Any]]:
    """Statements with what was measured, where the bank knows it."""
    found = []
    for line in lines:
        words = code_words().get(line)
        measure = words.code.alternatives[0][0].measure if words and len(words.code.alternatives[0]) == 1 else None
        value = bank.value(row, measure.name) if measure and measure.name in bank.measure_number else math.nan
        shown = (
            ""
            if math.isnan(value)
            else f"{round(100 * value)} cm"
            if measure and measure.unit == "m"
            else f"{round(value)}°"
        )
        found.append({"statement": line, **({"measured": f"{measure.name} {shown}"} if measure and shown else {})})
    return found


# --- looking at a pose ------------------------------------------------------------------------------------------------


def _describe(bank: PoseBank, rng: Random) -> Told | None:
    row = bank.any_pose.draw(rng)
    style = one(rng, ("short", "plain", "full"))
    said = caption_of(bank, row, rng, style)
    if not said.lines:
        return None
    draft = _draft(bank, rng, "describe")
    _bring(draft, row, (EXACT if yes(rng, 0.4) else DESCRIBE).say(rng), rng)
    _call(draft, "describe", pose=one(rng, IT), style=style)
    _result(draft, "describe", {"description": said.text, "statements": _statements(bank, row, said.lines)})
    return draft.claim(*holds_all(row, said)).assistant(said.text).told()


def _name(bank: PoseBank, rng: Random) -> Told | None:
    named = len(bank.named) > 0 and yes(rng, 0.7)
    row = (bank.named if named else bank.any_pose).draw(rng)
    entry = bank.entry_of(row)
    if entry is None and not bank.nameless[row]:
        return None
    draft = _draft(bank, rng, "name")
    _bring(draft, row, NAME.say(rng), rng)
    _call(draft, "name", pose=one(rng, IT))
    if entry is None:
        _result(draft, "name", {"names": []})
        return draft.assistant(NO_NAME.say(rng)).told()
    score = round(0.72 + 0.27 * rng.random(), 2)
    _result(draft, "name", {"names": [{"name": entry.names[0], "score": score}]})
    sure = one(rng, ("This is {}.", "It's {}.", "That looks like {}.", "{}, quite certainly."))
    return draft.claim(Named(row, int(bank.entry[row]))).assistant(capital(sure.format(entry.names[0]))).told()


def _compare(bank: PoseBank, rng: Random) -> Told | None:
    if "pair" not in bank.changed:
        return None
    change = bank.change(bank.changed["pair"].draw(rng))
    texts = change.text("difference")
    if not texts:
        return None
    text = one(rng, texts)
    draft = _draft(bank, rng, "compare")
    poses = ("Pose 1:", draft.bring(change.before, rng), "Pose 2:", draft.bring(change.after, rng))
    draft.user(*poses, as_typed(rng, DIFFERENCE.say(rng)))
    _call(draft, "compare", first="pose 1", second="pose 2")
    _result(draft, "compare", {"instructions": text})
    return draft.claim(Differs(change.before, change.after, text)).assistant(text).told()


def _estimate(bank: PoseBank, rng: Random) -> Told | None:
    if not len(bank.pictured):
        return None
    row, turn, image = bank.picture(bank.pictured.draw(rng))
    said = caption_of(bank, row, rng, "short", "plain")
    draft = _draft(bank, rng, "estimate")
    draft.rows[row] = turn
    draft.user(image, as_typed(rng, PHOTO_BOTH.say(rng)))
    _call(draft, "estimate", photo="the photo")
    if yes(rng, 0.12):
        _result(draft, "estimate", {"people": []})
        return draft.assistant(
            "I can't make out a person in this photo. Is there one that shows the whole body?"
        ).told()
    sure = round(0.55 + 0.44 * rng.random(), 2)
    _result(
        draft, "estimate", {"people": [{"person": 1, "confidence": sure, "description": said.text}]}, draft.pose(row)
    )
    return draft.claim(*holds_all(row, said)).assistant(said.text or "Here is the pose.").told()


# --- searching --------------------------------------------------------------------------------------------------------


def _search(bank: PoseBank, rng: Random) -> Told | None:
    """Searches by words, by statements or by a pose, then tells what was found, and at times goes on with it."""
    draw = rng.random()
    if draw < 0.45 and len(bank.named):
        return _search_words(bank, rng)
    return _search_where(bank, rng) if draw < 0.75 else _search_like(bank, rng)


def _hits(draft: Draft, rows: Sequence[int], rng: Random) -> None:
    """The result of a search."""
    bank, score, hits = draft.bank, 0.97, list[dict[str, Any]]()
    for row in rows:
        score -= 0.02 + 0.09 * rng.random()
        entry = bank.entry_of(row)
        said = caption_of(bank, row, rng, "short")
        draft.claim(*holds_all(row, said), *([Named(row, int(bank.entry[row]))] if entry else []))
        hits.append({
            "id": f"{entry.id}-{row}" if entry else f"pose-{row}", "names": list(entry.names[:1]) if entry else [],
            "score": round(score, 2), "description": said.text,
        })  # fmt: skip
    _result(draft, "search", {"hits": hits}, *(draft.pose(row) for row in rows))


def _tell_hits(draft: Draft, rows: Sequence[int], rng: Random) -> None:
    bank = draft.bank
    if not rows:
        draft.assistant(NOTHING.say(rng))
        return
    lines = []
    for number, row in enumerate(rows, 1):
        entry = bank.entry_of(row)
        said = caption_of(bank, row, rng, "short")
        draft.claim(*holds_all(row, said))
        lines.append(f"{number}. {capital(entry.names[0]) + ': ' if entry else ''}{said.text}")
    draft.assistant(f"{FOUND.say(rng, n=str(len(rows)))}\n" + "\n".join(lines))


def _search_words(bank: PoseBank, rng: Random) -> Told | None:
    row = bank.named.draw(rng)
    entry = bank.entry_of(row)
    if entry is None:
        return None
    _, text = text_of(bank, row, entry, rng, "query", "casual", "indirect")
    query = name_of(entry, rng) if yes(rng, 0.5) or not text else text
    every = bank.rows_with(())
    same = [other for other in every[bank.entry[every] == bank.entry[row]].tolist() if other != row]
    rows = [row, *shuffled(rng, same)[: HITS - 1]]
    draft = _draft(bank, rng, "search")
    draft.user(as_typed(rng, SEARCH.say(rng, query=query.rstrip(".") if query.endswith(".") else query)))
    count = {"count": HITS} if yes(rng, 0.4) else {}
    _call(draft, "search", query=query, **count)
    _hits(draft, rows, rng)
    _tell_hits(draft, rows, rng)
    if "export" in draft.tools and yes(rng, 0.5):
        _export_step(draft, "pose 1", rng, "the first one")
    return draft.told()


def _search_where(bank: PoseBank, rng: Random) -> Told | None:
    row = bank.any_pose.draw(rng)
    held = [bank.head.codes[number] for number in bank.held(row) if bank.people_say(bank.head.codes[number])]
    lines = some(rng, held, 1 + below(rng, 2))
    if not lines:
        return None
    if yes(rng, 0.2):
        lines = [one(rng, held), one(rng, [name for name in bank.head.codes if bank.people_say(name)])]
    rows = shuffled(rng, bank.rows_with(tuple(lines)).tolist())[:HITS]
    draft = _draft(bank, rng, "search")
    texts = [code_words()[line].after_with(rng) if yes(rng, 0.5) else one(rng, bank.people_say(line)) for line in lines]
    draft.user(as_typed(rng, SEARCH_WHERE.say(rng, what=listed(texts))))
    _call(draft, "search", where=list(lines))
    for row in rows:
        draft.claim(*(Holds(row, line) for line in lines))
    _hits(draft, rows, rng)
    _tell_hits(draft, rows, rng)
    return draft.told()


def _search_like(bank: PoseBank, rng: Random) -> Told | None:
    row = bank.any_pose.draw(rng)
    family = bank.rows_with(())
    rows = shuffled(rng, family[bank.family[family] == bank.family[row]][:200].tolist())[:HITS]
    if not rows:
        return None
    draft = _draft(bank, rng, "search")
    _bring(draft, row, LIKE.say(rng), rng)
    _call(draft, "search", like=one(rng, IT))
    _hits(draft, rows, rng)
    _tell_hits(draft, rows, rng)
    return draft.told()


def _no_search(bank: PoseBank, rng: Random) -> Told | None:
    """There is nothing to search with: the assistant says so and makes one."""
    if not len(bank.named):
        return None
    row = bank.named.draw(rng)
    entry = bank.entry_of(row)
    if entry is None:
        return None
    draft = _draft(bank, rng, without="search")
    draft.user(as_typed(rng, SEARCH.say(rng, query=name_of(entry, rng))))
    return draft.assistant(NO_SEARCH.say(rng), *shown(draft, row, bank.claims(row), rng, opening=False)).told()


# --- changing ---------------------------------------------------------------------------------------------------------


def _checks(lines: Sequence[str]) -> list[dict[str, Any]]:
    return [{"statement": line, "holds": True} for line in lines]


def _edit(bank: PoseBank, rng: Random) -> Told | None:
    change = draw_change(bank, rng, "limb", "more", "posture", "other side", "swap")
    if change is None:
        return None
    text, claims = change_request(bank, change, rng)
    draft = _draft(bank, rng, "edit")
    _bring(draft, change.before, sentence(text), rng)
    _call(draft, "edit", pose=one(rng, IT), instruction=text)
    parts = [part.replace("_", " ") for part in change.parts]
    content = {"pose": "pose 2", "changed_parts": parts, "checks": _checks(change.plan)}
    _result(draft, "edit", content, draft.pose(change.after, like=change.before))
    draft.claim(*claims, *(Holds(change.after, line) for line in change.plan))
    draft.claim(Changed(change.before, change.after, change.parts))
    draft.assistant(f"{DONE.say(rng)} {_outcome(draft, change.after, change.plan, rng)}".strip())
    if yes(rng, 0.25):
        _undo_step(draft, change.before, rng)
    return draft.told()


def _outcome(draft: Draft, row: int, plan: Sequence[str], rng: Random) -> str:
    lines = [line for line in plan if line in code_words()]
    if not lines:
        said = caption_of(draft.bank, row, rng, "short")
        draft.claim(*holds_all(row, said))
        return said.text or "It's pose 2 now."
    told = [code_words()[line].told(rng) for line in lines[:2]]
    draft.claim(*(Holds(row, line, True, words) for line, words in zip(lines, told, strict=False)))
    return sentence(f"now {listed(told)}")


def _undo_step(draft: Draft, row: int, rng: Random) -> None:
    if "undo" not in draft.tools:
        return
    draft.user(as_typed(rng, UNDO.say(rng)))
    _call(draft, "undo")
    _result(draft, "undo", {"pose": "pose 1"}, draft.pose(row))
    draft.assistant(UNDONE.say(rng))


def _nothing_to_undo(bank: PoseBank, rng: Random) -> Told | None:
    row = bank.any_pose.draw(rng)
    draft = _draft(bank, rng, "undo")
    _bring(draft, row, UNDO.say(rng), rng)
    _call(draft, "undo")
    _result(draft, "undo", {"error": "nothing has been changed yet"})
    return draft.assistant("There's nothing to undo: this pose hasn't been changed yet.").told()


def _mirror(bank: PoseBank, rng: Random) -> Told | None:
    if "mirror" not in bank.changed:
        return None
    change = bank.change(bank.changed["mirror"].draw(rng))
    draft = _draft(bank, rng, "mirror")
    _bring(draft, change.before, MIRROR.say(rng), rng)
    _call(draft, "mirror", pose=one(rng, IT))
    _result(draft, "mirror", {"pose": "pose 2"}, draft.pose(change.after, (), change.before, True))
    draft.claim(Changed(change.before, change.after, change.parts))
    return draft.assistant(
        one(rng, ("Mirrored.", "Here's the mirror image.", "Left and right are exchanged now."))
    ).told()


def _blend(bank: PoseBank, rng: Random) -> Told | None:
    if "blend" not in bank.changed:
        return None
    change = bank.change(bank.changed["blend"].draw(rng))
    share = float(change.note)
    draft = _draft(bank, rng, "blend")
    text = BLEND_ASK.say(rng, share=f"{round(100 * share)}%")
    draft.user(
        "Pose 1:", draft.bring(change.before, rng), "Pose 2:", draft.bring(change.other, rng), as_typed(rng, text)
    )
    _call(draft, "blend", first="pose 1", second="pose 2", share=share)
    _result(draft, "blend", {"pose": "pose 3"}, draft.pose(change.after, like=change.before))
    said = caption_of(bank, change.after, rng, "short")
    draft.claim(*holds_all(change.after, said))
    return draft.assistant(f"Pose 3 lies between them. {said.text}".strip()).told()


def _set_angle(bank: PoseBank, rng: Random) -> Told | None:
    change = draw_change(bank, rng, "more")
    found = exact_angle(bank, change) if change else None
    if change is None or found is None:
        return None
    angle, degrees = found
    draft = _draft(bank, rng, "set_angle")
    _bring(draft, change.before, capital(SET.say(rng, joint=angle.removesuffix(" angle"), n=str(degrees))), rng)
    _call(draft, "set_angle", pose=one(rng, IT), angle=angle, degrees=degrees)
    _result(draft, "set_angle", {"pose": "pose 2", "measured": f"{angle} {round(bank.value(change.after, angle))}°"},
            draft.pose(change.after, like=change.before))  # fmt: skip
    draft.claim(Changed(change.before, change.after, change.parts))
    return draft.assistant(f"{capital(angle)}: {round(bank.value(change.after, angle))}°.").told()


def _ground(bank: PoseBank, rng: Random) -> Told | None:
    row = bank.any_pose.draw(rng)
    draft = _draft(bank, rng, "ground")
    _bring(draft, row, GROUND.say(rng), rng)
    _call(draft, "ground", pose=one(rng, IT))
    _result(draft, "ground", {"pose": "pose 2"}, draft.pose(row))
    return draft.assistant(GROUNDED.say(rng)).told()


def _generate(bank: PoseBank, rng: Random) -> Told | None:
    """A tool that makes poses, called with the plan; what it says is told."""
    row, text, lines = a_request(bank, rng)
    draft = _draft(bank, rng, "generate")
    draft.user(text)
    _call(draft, "generate", prompt=text, plan=list(lines))
    _result(draft, "generate", {"poses": [{"pose": "pose 1", "checks": _checks(lines)}]}, draft.pose(row))
    draft.claim(*(Holds(row, line) for line in lines))
    said = caption_of(bank, row, rng, "short")
    draft.claim(*holds_all(row, said))
    return draft.assistant(said.text or "Here it is.").told()


# --- files ------------------------------------------------------------------------------------------------------------


def _export_step(draft: Draft, pose: str, rng: Random, what: str) -> None:
    kind = one(rng, tuple(FORMATS))
    draft.user(as_typed(rng, EXPORT.say(rng, what=what, format=one(rng, FORMATS[kind]))))
    _call(draft, "export", pose=pose, format=kind)
    if yes(rng, 0.12):
        reason = one(rng, ("the disk is full", "no permission to write there", "the file is open elsewhere"))
        _result(draft, "export", {"error": reason})
        draft.assistant(FAILED.say(rng, reason=reason))
        return
    name = f"{one(rng, ('pose', 'pose_1', 'figure', 'export'))}.{kind}"
    _result(draft, "export", {"file": name})
    draft.assistant(EXPORTED.say(rng, name=name))


def _export(bank: PoseBank, rng: Random) -> Told | None:
    """A pose is made or brought along, then saved."""
    draft = _draft(bank, rng, "export")
    if yes(rng, 0.5):
        row, text, lines = a_request(bank, rng)
        draft.user(text).assistant(*shown(draft, row, lines or pose_plan(bank, row, rng), rng))
        _export_step(draft, one(rng, IT), rng, one(rng, ("it", "this", "that pose", "the pose")))
        return draft.told()
    row = bank.any_pose.draw(rng)
    kind = one(rng, tuple(FORMATS))
    _bring(draft, row, EXPORT.say(rng, what=one(rng, ("this", "it", "this pose")), format=one(rng, FORMATS[kind])), rng)
    _call(draft, "export", pose=one(rng, IT), format=kind)
    _result(draft, "export", {"file": f"pose.{kind}"})
    return draft.assistant(EXPORTED.say(rng, name=f"pose.{kind}")).told()


def _no_export(bank: PoseBank, rng: Random) -> Told | None:
    row = bank.any_pose.draw(rng)
    draft = _draft(bank, rng, without="export")
    kind = one(rng, tuple(FORMATS))
    _bring(draft, row, EXPORT.say(rng, what="this", format=one(rng, FORMATS[kind])), rng)
    return draft.assistant(NO_EXPORT.say(rng)).told()


def _plain(bank: PoseBank, rng: Random) -> Told | None:
    """Tools are there, and none is needed."""
    draft = _draft(bank, rng, without="generate")
    row, text, lines = a_request(bank, rng)
    return draft.user(text).assistant(*shown(draft, row, lines or pose_plan(bank, row, rng), rng)).told()


_MAKERS: tuple[tuple[Callable[[PoseBank, Random], Told | None], float], ...] = (
    (_search, 0.2), (_describe, 0.08), (_name, 0.07), (_edit, 0.15), (_compare, 0.07), (_export, 0.1),
    (_generate, 0.07),
    (_set_angle, 0.05), (_mirror, 0.04), (_blend, 0.03), (_ground, 0.02), (_estimate, 0.05), (_nothing_to_undo, 0.015),
    (_no_search, 0.02), (_no_export, 0.02), (_plain, 0.08),
)  # fmt: skip
_TOTAL = sum(share for _, share in _MAKERS)
