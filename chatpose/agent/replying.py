"""How things are said: short, in a natural voice, the wording chosen by a stable hash; facts come from measurements."""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from chatpose.agent.items import CheckedStatement, Hit, HitList, PoseItem
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.errors import ChatposeError
from chatpose.posecodes.check import format_value
from chatpose.posecodes.grammar import Statement, parse

MOST_TOLD = 3
"""Things of one kind that a reply lists."""


def stable_seed(*what: object) -> int:
    """A number that is the same for the same things in every process."""
    digest = hashlib.sha256("\x1f".join(map(str, what)).encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big")


@dataclass(frozen=True)
class Wordings:
    """Chooses among ways to say a thing.

    Attributes:
        seed: of the turn.
    """

    seed: int = 0

    def one(self, kind: str, *ways: str) -> str:
        """One of the ways; which one depends on the seed and the kind only."""
        return ways[stable_seed(self.seed, kind) % len(ways)]


def sentence(text: str) -> str:
    """A clause as a sentence."""
    text = " ".join(text.split()).rstrip(" ,;")
    if not text:
        return ""
    ended = text[-1] in ".!?…" or (text[-1] in '”")' and text[-2:-1] in ".!?")
    return text[0].upper() + text[1:] + ("" if ended else ".")


def joined(*texts: str) -> str:
    """Sentences with a space between; empty ones left out."""
    return " ".join(text.strip() for text in texts if text.strip())


def listed(words: Sequence[str], last: str = "and") -> str:
    """Such as "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def statement_words(line: str) -> str:
    """A statement as people say it after "with": "the left hand above the head"; as it is where there are no words."""
    from chatpose.corpus.instructions.posecode_words import code_words

    try:
        statement = parse(line)
    except ChatposeError:
        return line
    words = code_words().get(statement.code.name)
    if words is None:
        told = _range_words(statement) if statement.code.family == "range" else line.removeprefix("not:").strip()
        return f"not {told}" if statement.negated else told
    subject, _, rest = words.forms[0]
    told = f"{subject} {rest}".strip()
    return f"not {told}" if statement.negated else told


def _range_words(statement: Statement) -> str:
    """A range in words: "left elbow angle between 85° and 95°"."""
    (condition,) = statement.code.conditions
    unit = condition.measure.unit
    low, high = (None if math.isinf(end) else format_value(end, unit) for end in (condition.low, condition.high))
    if low is None or high is None:
        return f"{statement.code.subject} {f'at most {high}' if low is None else f'at least {low}'}"
    return f"{statement.code.subject} between {low} and {high}"


def statement_claim(line: str, holds: bool) -> str:
    """A statement as a claim, "the left hand is above the head", or its denial."""
    from chatpose.corpus.instructions.posecode_words import code_words

    try:
        statement = parse(line)
    except ChatposeError:
        return line if holds else f"not: {line}"
    words = code_words().get(statement.code.name)
    if words is None:
        return statement_words(line)
    subject, verb, rest = words.forms[0]
    told = verb if holds != statement.negated else f"{verb}n't"
    return f"{subject or 'the person'} {told} {rest}"


# --- what tools came to ---------------------------------------------------------------------------------------------


def checks_told(checks: Sequence[CheckedStatement], words: Wordings) -> str:
    """How what was wanted came out: all holds, or what doesn't, with what was measured."""
    said = [row for row in checks if row.why == "said"] or list(checks)
    missed = [row for row in said if row.holds is False]
    unknown = [row for row in said if row.holds is None]
    if not said:
        return ""
    if unknown and not missed:
        return sentence(f"{_count(len(said) - len(unknown))} of {len(said)} points hold, the others can't be told")
    if not missed:
        return sentence(_all_hold(said, words))
    told = [_row_words(row) for row in missed[:MOST_TOLD]]
    more = f", and {len(missed) - MOST_TOLD} more" if len(missed) > MOST_TOLD else ""
    held = len(said) - len(missed)
    lead = words.one("missed", "I couldn't get", "What I couldn't reach:", "Not met:")
    score = f"{held} of {len(said)} points hold" if held else "it isn't what you asked for yet"
    return joined(sentence(f"{lead} {listed(told)}{more}"), sentence(score))


def _all_hold(said: Sequence[CheckedStatement], words: Wordings) -> str:
    """That everything that was wanted holds: what was asked for, or what makes a named pose."""
    count = "both" if len(said) == 2 else f"all {_count(len(said))}"
    whys = {row.why for row in said}
    if len(said) == 1:
        measured = f" ({said[0].measured})" if said[0].measured else ""
        ways = ("I measured it, and it holds", "It holds", "Checked on the body, it holds")
        return words.one("one holds", *ways) + measured
    if "said" not in whys and len(whys) == 1:
        what = f"things that make it “{whys.pop()}”"
        return words.one("named", f"Measured, {count} {what} hold", f"I checked {count} {what}: they hold")
    return words.one(
        "all hold",
        f"{count} things you asked for hold on the body",
        f"I measured it against your words: {count} points hold",
        f"measured, {count} points hold",
    )


def _count(number: int) -> str:
    """A small number as a word."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return words[number] if number < len(words) else str(number)


def made_told(items: Sequence[PoseItem], asked: str, notes: Sequence[str], words: Wordings) -> str:
    """The answer to a request for poses."""
    if len(items) == 1:
        item = items[0]
        named = item.title.lower() != asked.lower() or item.title in item.names
        called = f"“{item.title}”, " if named else ""
        first = words.one(
            "made",
            f"Here is {called}{item.name}",
            f"Done, that's {called}{item.name}",
            f"Here you go: {called}{item.name}",
            f"There: {called}{item.name}",
        )
        return joined(
            sentence(first), _first_sentences(item.description, 2), checks_told(item.checks, words), *notes_told(notes)
        )
    counts = {(item.held, len(item.checks)) for item in items if item.checks}
    held = [f"{item.name} {item.held} of {len(item.checks)}" for item in items if item.checks]
    number = _count(len(items))
    lead = words.one("several", f"Here are {number}", f"{number} different ones", f"I made {number}")
    names = f"{items[0].name} {'and' if len(items) == 2 else 'to'} {items[-1].name}"
    return joined(
        sentence(f"{lead}, {names}"),
        _held_words(counts, held),
        sentence(f"On screen is {items[0].name}: {_bare(_first_sentences(items[0].description, 1))}"),
        *notes_told(notes),
    )


def _held_words(counts: set[tuple[int, int]], held: Sequence[str]) -> str:
    """How many of the points hold in each of several poses."""
    if not held:
        return ""
    if all(one == most for one, most in counts):
        return "I measured every point, and all hold in each of them."
    return sentence(f"Points that hold: {listed(held[:6])}")


def edited_told(item: PoseItem, changed: Sequence[str], notes: Sequence[str], words: Wordings) -> str:
    """The answer to an instruction."""
    there = so_already(notes)
    notes = [note for note in notes if not any(note.startswith(f"{one}:") for one in there)]
    notes = [note for note in notes if note != "nothing changed"]
    notes += [f"“{one.split(';')[0]}” is so already" for one in there]
    missed = [row for row in item.checks if row.holds is False and row.statement not in there]
    met = [row for row in item.checks if row.holds and row.statement not in there]
    if not missed and (not changed or (there and not met)):
        lead = words.one("same", "Nothing had to change", "No change was needed", "I left it as it is")
        told = listed(["“" + one.split(";")[0] + "”" for one in there])
        so = f": {told} is so already" if there else ""
        return joined(sentence(f"{lead}{so}"), *notes_told([note for note in notes if not note.startswith("“")]))
    lead = (
        words.one("edited", "Done", "Changed", "There", "Okay")
        if not missed
        else words.one("part", "Partly done", "Not all of it worked")
    )
    moved = f": {parts_told(changed)} moved, the rest stayed" if changed else ""
    told = [_row_words(row) for row in met[:MOST_TOLD]]
    failed = [_row_words(row) for row in missed[:MOST_TOLD]]
    return joined(
        sentence(f"{lead}{moved}"),
        sentence(f"Measured: {'; '.join(told)}") if told else "",
        sentence(f"{words.one('not met', 'I could not get', 'Not met')}: {'; '.join(failed)}") if failed else "",
        *notes_told(notes),
    )


def so_already(notes: Sequence[str]) -> list[str]:
    """What of an instruction was so before."""
    return [match[1] for note in notes if (match := _THERE_ALREADY.fullmatch(note))]


def parts_told(parts: Sequence[str]) -> str:
    """Parts of the body with their articles; pairs together."""
    told = []
    for part in parts:
        side, _, name = part.partition(" ")
        if side == "left" and f"right {name}" in parts:
            told.append(f"both {name}s")
        elif not (side == "right" and f"left {name}" in parts):
            told.append(f"the {part}")
    return listed(told)


_LONG_NUMBER = re.compile(r"\d+\.\d{2,}")
_THERE_ALREADY = re.compile(r"(.*): it is (?:there|so) already")


def _row_words(row: CheckedStatement) -> str:
    """A statement with what was measured."""
    words = _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.1f}", statement_words(row.statement))
    return f"{words} ({row.measured})" if row.measured else words


def notes_told(notes: Sequence[str]) -> list[str]:
    """What is to be known, at most two sentences."""
    kept = list(dict.fromkeys(note for note in notes if not note.startswith("doesn't hold:")))
    return [sentence(note) for note in _sides_together(kept)][:2]


def _sides_together(notes: Sequence[str]) -> list[str]:
    """A note about the left and the same about the right as one about both."""
    other = {note.replace("left ", "right ") for note in notes if "left " in note} & set(notes)
    told = []
    for note in notes:
        if note in other and "right " in note:
            continue
        both = note.replace("left ", "right ") in other and "left " in note
        told.append(re.sub(r"\bleft (\w+)", lambda match: f"both {_PLURAL.get(match[1], f'{match[1]}s')}", note)
                    if both else note)  # fmt: skip
    return told


_PLURAL = {"foot": "feet", "hips": "hips", "toes": "toes"}


def hits_told(found: HitList, words: Wordings, what: str, *, scored: bool = True) -> str:
    """The answer to a search: `what` is what for, with its preposition; `scored` whether scores mean anything."""
    if not found.hits:
        return joined(
            sentence(words.one("none", f"I found nothing in the library {what}", f"The library has nothing {what}")),
            words.one("instead", "I can make one instead.", "Shall I make it?", "Fewer conditions may help."),
        )
    shown = [_hit_words(place, hit, scored=scored) for place, hit in enumerate(found.hits[:MOST_TOLD], 1)]
    count = len(found.hits)
    lead = (
        words.one("found", f"I found {count} {what}", f"The library has {count} {what}", f"Here are {count} {what}")
        if count > 1
        else f"I found one {what}"
    )
    more = words.one(
        "pick", "Say “the second one” to take another.", "Pick one by its number.", "Any of them can be changed."
    )
    return joined(sentence(f"{lead}: {listed(shown)}"), more if count > 1 else "")


def _hit_words(place: int, hit: Hit, *, scored: bool) -> str:
    facts = (
        [f"{hit.distance_mm:.0f} mm away"] if hit.distance_mm is not None else [f"{hit.score:.0%}"] if scored else []
    )
    facts += ["mirrored"] if hit.mirrored else []
    return f"{place}. “{hit.called}”" + (f" ({', '.join(facts)})" if facts else "")


def name_told(item: PoseItem, scores: Sequence[tuple[str, float]], words: Wordings) -> str:
    """What a pose is called."""
    if not scores:
        return sentence(
            words.one(
                "no name", "No common name fits it well", "It has no name that I'm sure of", "I know no name for it"
            )
        )
    (best, score), *others = scores
    sure = how_sure(score)
    lead = words.one("name", f"That is {sure} {best} ({score:.0%})", f"This looks like {best}, {sure} ({score:.0%})")
    also = (
        f"it could also be {listed([f'{name} ({chance:.0%})' for name, chance in others[:2]], 'or')}" if others else ""
    )
    return joined(sentence(lead), sentence(also))


def how_sure(score: float) -> str:
    """Confidence in a word."""
    return (
        "almost certainly"
        if score >= 0.9
        else "most likely"
        if score >= 0.75
        else "probably"
        if score >= 0.6
        else "perhaps"
    )


def confidence_words(confidence: float) -> str:
    """How well a person was seen, in words."""
    if confidence >= 0.85:
        return "I can see this well"
    if confidence >= 0.7:
        return "I'm fairly sure of this"
    return "I'm unsure of parts of this" if confidence >= 0.5 else "This is a rough guess"


def told_while(call: ToolCall) -> str:
    """What is being done, while it is done."""
    asked = str(call.arguments.get("prompt") or call.arguments.get("query") or call.arguments.get("instruction") or "")
    quoted = f" “{asked[:60]}{'…' if len(asked) > 60 else ''}”" if asked else ""
    doing = {
        "generate": f"Making a pose for{quoted or ' that'}",
        "edit": f"Changing the pose:{quoted}",
        "describe": "Measuring the pose",
        "name": "Looking for its name",
        "ask": "Measuring",
        "compare": "Comparing",
        "search": f"Searching the library for{quoted or ' poses like it'}",
        "estimate": "Looking at the photo",
        "mirror": "Exchanging left and right",
        "blend": "Blending",
        "set_angle": "Setting the angle",
        "ground": "Putting it on the floor",
        "export": f"Writing the {str(call.arguments.get('format', '')).upper()} file",
        "undo": "Going back",
        "redo": "Going forward again",
        "choose": "Choosing",
        "rename": "Giving it a name",
        "remove": "Taking it out",
        "clear": "Clearing",
    }
    return f"{doing.get(call.name, 'Working')}…"


def _first_sentences(text: str, count: int) -> str:
    parts = split_sentences(text)
    return " ".join(parts[:count])


def _bare(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def split_sentences(text: str) -> list[str]:
    """Sentences of a text; numbers with a point and short forms stay whole."""
    found: list[str] = []
    start = 0
    for place, char in enumerate(text):
        if char not in ".!?…\n":
            continue
        after = text[place + 1 : place + 2]
        if char != "\n" and after and not after.isspace() and after not in '”")':
            continue
        if (
            char == "."
            and text[max(0, place - 2) : place].strip().isdigit()
            and text[place + 1 : place + 2] == " "
            and _is_item(text, place)
        ):
            continue
        closed = 1 if after and after in '”")' else 0
        following = text[place + 1 + closed : place + 2 + closed]
        if closed and following and not following.isspace():
            continue
        stop = place + 1 + closed
        if text[start:stop].strip():
            found.append(text[start:stop].strip())
        start = stop
    if text[start:].strip():
        found.append(text[start:].strip())
    return found


def _is_item(text: str, place: int) -> bool:
    """Whether the point is that of "1. tree pose" in a list."""
    digits = place
    while digits and text[digits - 1].isdigit():
        digits -= 1
    before = text[:digits].rstrip()
    return not before or before[-1] in ":,\n" or before.endswith(" and")
