"""Text to pose: what somebody asks for, the plan, the pose; several poses in one answer; situations."""

from random import Random

from chatpose.corpus.instructions.bank import BankEntry, PoseBank
from chatpose.corpus.instructions.chance import below, one, some, yes
from chatpose.corpus.instructions.context_words import in_context
from chatpose.corpus.instructions.messages import Part
from chatpose.corpus.instructions.pieces import caption_of, name_of, pose_plan, quoted, shown, within
from chatpose.corpus.instructions.posecode_words import code_words, number_sayings
from chatpose.corpus.instructions.request_words import (
    ANY_POSE,
    FAMILY_WORDS,
    FROM_DESCRIPTION,
    FROM_NAME,
    FROM_OWN,
    FROM_POSTURE,
    FROM_SENTENCE,
    IN_TURN,
    SEVERAL_OF,
    SEVERAL_WAYS,
)
from chatpose.corpus.instructions.situations import REASONS, SITUATION_FRAMES, SITUATIONS, THINK, Situation
from chatpose.corpus.instructions.task import ToldTask
from chatpose.corpus.instructions.told import Draft, Told
from chatpose.corpus.instructions.wording import as_typed, capital, listed, sentence
from chatpose.posecodes.phrasebook import exchange_words

_BARE_VOICES = frozenset(("query", "question"))
_NUMBERS = ("zero", "one", "two", "three", "four")


def text_of(bank: PoseBank, row: int, entry: BankEntry, rng: Random, *voices: str) -> tuple[str, str]:
    """A voice and one of an entry's texts in it, for the pose of a row, mirrored where it is; empty without any."""
    known = entry.by_voice
    have = [voice for voice in voices if voice in known] or list(known)
    if not have:
        return "", ""
    voice = one(rng, have)
    text = one(rng, known[voice])
    return voice, exchange_words(text) if bank.mirrored[row] else text


def entry_request(bank: PoseBank, row: int, rng: Random) -> str:
    """A request for a pose by its name or by one of its texts."""
    entry = bank.entry_of(row)
    if entry is None:
        raise ValueError("a pose without a name")
    voice, text = text_of(bank, row, entry, rng, *entry.by_voice) if yes(rng, 0.8) else ("", "")
    if not text:
        return as_typed(rng, sentence(FROM_NAME.say(rng, name=name_of(entry, rng))))
    if voice in _BARE_VOICES or yes(rng, 0.45):
        return as_typed(rng, text) if voice != "query" else text
    return as_typed(rng, FROM_SENTENCE.say(rng, text=text))


def description_request(bank: PoseBank, row: int, rng: Random) -> tuple[str, tuple[str, ...]]:
    """A request that describes a pose, and what it asks for."""
    said = caption_of(bank, row, rng, "short", "plain", "spoken", "spoken")
    if not said.lines:
        return ANY_POSE.say(rng), ()
    text = said.text if yes(rng, 0.5) else FROM_DESCRIPTION.say(rng, text=said.text)
    return as_typed(rng, text), said.lines


def wish_request(bank: PoseBank, row: int, rng: Random) -> tuple[str, tuple[str, ...]]:
    """A request of one to four statements as people say them; nothing where the book has no words for them."""
    held = [bank.head.codes[number] for number in bank.held(row)]
    sayable = [line for line in held if bank.people_say(line)]
    chosen = some(rng, sayable, 1 + below(rng, 3))
    posture = next((line for line in held if code_words()[line].code.family == "posture"), None)
    if posture and posture not in chosen and bank.people_say(posture) and yes(rng, 0.6):
        chosen.insert(0, posture)
    if not chosen:
        return "", ()
    joint = one(rng, (", ", ", ", " and ", "; ", " + ", ". "))
    texts = [one(rng, bank.people_say(line)) for line in chosen]
    text = joint.join(capital(text) if joint == ". " else text for text in texts)
    return as_typed(rng, sentence(text)), tuple(chosen)


def number_request(bank: PoseBank, row: int, rng: Random) -> tuple[str, tuple[str, ...]]:
    """A request with angles or distances in numbers."""
    texts, lines = [], []
    for measure in some(rng, bank.head.measures, len(bank.head.measures)):
        sayings = number_sayings(measure)
        if not sayings or not yes(rng, 0.25):
            continue
        text, offset, factor = one(rng, sayings)
        value = bank.value(row, measure)
        number = 5 * round((value - offset) / factor / 5) if value == value else 0
        slack = 0.06 if abs(factor) < 0.5 else 6.0
        middle = offset + factor * number
        if number <= 0 or abs(middle - value) > slack / 2:
            continue
        texts.append(text.replace("{n}", str(number)))
        lines.append(f"{measure}: {middle - slack:.4g}..{middle + slack:.4g}")
        if len(texts) == 3 or yes(rng, 0.3):
            break
    if not texts:
        return "", ()
    posture = next((line for line in _postures(bank, row) if bank.people_say(line)), None)
    if posture and yes(rng, 0.6):
        texts.insert(0, one(rng, bank.people_say(posture)))
        lines.insert(0, posture)
    return as_typed(rng, sentence(listed(texts) if yes(rng, 0.5) else ", ".join(texts))), tuple(lines)


def _postures(bank: PoseBank, row: int) -> list[str]:
    return [
        bank.head.codes[number]
        for number in bank.held(row)
        if code_words()[bank.head.codes[number]].code.family == "posture"
    ]


def a_request(bank: PoseBank, rng: Random) -> tuple[int, str, tuple[str, ...]]:
    """A pose, a request for it, and the plan."""
    draw = rng.random()
    if draw < 0.5 and len(bank.named):
        row = bank.named.draw(rng)
        return row, entry_request(bank, row, rng), bank.claims(row)
    if draw < 0.54 and len(bank.owned):
        row = bank.owned.draw(rng)
        text = one(rng, [bank.description(number).text for number in bank.texts(row, "own")])
        return row, as_typed(rng, text if yes(rng, 0.6) else FROM_OWN.say(rng, text=text)), pose_plan(bank, row, rng)
    row = bank.any_pose.draw(rng)
    if draw < 0.62:
        text, lines = number_request(bank, row, rng)
    elif draw < 0.78:
        text, lines = wish_request(bank, row, rng)
    elif draw < 0.84:
        return _loose_request(bank, row, rng)
    else:
        text, lines = description_request(bank, row, rng)
    if not text:
        text, lines = description_request(bank, row, rng)
    return row, text, lines or pose_plan(bank, row, rng)


def _loose_request(bank: PoseBank, row: int, rng: Random) -> tuple[int, str, tuple[str, ...]]:
    """A request that leaves nearly all open: a posture, a kind of pose, anything."""
    postures = _postures(bank, row)
    if postures and yes(rng, 0.6):
        line = one(rng, postures)
        words = code_words()[line].after_with(rng).replace("their", one(rng, ("their", "the", "one's")))
        text = FROM_POSTURE.say(rng, posture=words.replace("one's", "the"))
        return row, as_typed(rng, text), (line, *(more for more in pose_plan(bank, row, rng) if more != line))
    if len(bank.named) and yes(rng, 0.7):
        row = bank.named.draw(rng)
        entry = bank.entry_of(row)
        words = FAMILY_WORDS.get(entry.family if entry else "", ())
        if words:
            return row, as_typed(rng, sentence(one(rng, words))), bank.claims(row)
    return row, as_typed(rng, ANY_POSE.say(rng)), pose_plan(bank, row, rng)


class TextToPose(ToldTask):
    """Somebody asks for a pose; the assistant plans it and shows it."""

    name = "text to pose"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        draft = Draft(bank, self.name)
        row, text, lines = a_request(bank, rng)
        return draft.user(in_context(rng, text, 0.08)).assistant(*shown(draft, row, lines, rng)).told()


class SeveralPoses(ToldTask):
    """Several poses in one answer: ways of doing one thing, or different things in turn."""

    name = "several poses"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        draft = Draft(bank, self.name)
        count = 2 + below(rng, 3)
        text, answers = self._ways(bank, rng, count) if yes(rng, 0.6) else ("", [])
        if not answers:
            text, answers = self._in_turn(bank, rng, count)
        draft.user(as_typed(rng, text))
        parts: list[Part | str] = []
        for number, (row, lines) in enumerate(answers, 1):
            parts += shown(draft, row, lines, rng, label=f"Pose {number}", tell=0.5)
        return draft.assistant(*parts).told()

    def _ways(self, bank: PoseBank, rng: Random, count: int) -> tuple[str, list[tuple[int, tuple[str, ...]]]]:
        """Poses that a posecode holds of, by turns of the pose drawn first."""
        row = bank.any_pose.draw(rng)
        lines = [bank.head.codes[number] for number in bank.held(row)]
        lines = [line for line in lines if code_words()[line].code.family in ("posture", "limbs", "ground", "touch")]
        if not lines:
            return "", []
        line = one(rng, lines)
        rows = bank.rows_with((line,))
        if len(rows) < 4 * count:
            return "", []
        chosen = list(dict.fromkeys(int(rows[below(rng, len(rows))]) for _ in range(2 * count)))[:count]
        words = code_words()[line]
        what = words.after_with(rng) if words.code.family == "posture" else f"with {words.after_with(rng)}"
        text = SEVERAL_WAYS.say(rng, n=_NUMBERS[len(chosen)], what=what)
        return text, [(row, (line, *(x for x in pose_plan(bank, row, rng) if x != line))) for row in chosen]

    def _in_turn(self, bank: PoseBank, rng: Random, count: int) -> tuple[str, list[tuple[int, tuple[str, ...]]]]:
        """Different poses, each asked for by name or in a few words."""
        wanted, answers = [], []
        for _ in range(count):
            if len(bank.named) and yes(rng, 0.7):
                row = bank.named.draw(rng)
                entry = bank.entry_of(row)
                wanted.append(name_of(entry, rng) if entry else "")
                answers.append((row, bank.claims(row)))
            else:
                row = bank.any_pose.draw(rng)
                said = caption_of(bank, row, rng, "short")
                wanted.append(within(said.text))
                answers.append((row, said.lines))
        if any("," in text or " and " in text for text in wanted):
            text = IN_TURN.say(rng, what="; ".join(f"{n}. {text}" for n, text in enumerate(wanted, 1)))
        else:
            text = SEVERAL_OF.say(rng, what=listed(wanted), n=_NUMBERS[len(wanted)])
        return sentence(text), answers


class Speculate(ToldTask):
    """A situation instead of a pose: the assistant says what it means for the body, plans and shows it."""

    name = "speculative"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        if yes(rng, 0.55) or not len(bank.named):
            told = self._situation(bank, rng)
            if told is not None:
                return told
        return self._indirect(bank, rng)

    def _situation(self, bank: PoseBank, rng: Random) -> Told | None:
        for _ in range(4):
            situation: Situation = one(rng, SITUATIONS)
            side, other = one(rng, (("left", "right"), ("right", "left")))
            lines = tuple(line.format(s=side, o=other) for line in situation.lines)
            rows = bank.rows_with(lines)
            if not len(rows):
                continue
            row = int(rows[below(rng, len(rows))])
            draft = Draft(bank, self.name)
            frame = sentence(SITUATION_FRAMES.say(rng, someone=situation.someone(rng)))
            draft.user(as_typed(rng, frame))
            words = [code_words()[line.removeprefix("not: ")] for line in lines if not line.startswith("not: ")]
            told = listed([word.told(rng) for word in words][:3])
            reason = REASONS.say(rng, told=told)
            more = tuple(line for line in caption_of(bank, row, rng, "short").lines if line not in lines)
            parts = shown(draft, row, (*lines, *more), rng, opening=False, tell=0.4)
            return draft.assistant(sentence(reason), *parts).told()
        return None

    def _indirect(self, bank: PoseBank, rng: Random) -> Told:
        draft = Draft(bank, self.name)
        if not len(bank.named):
            row = bank.any_pose.draw(rng)
            text, lines = description_request(bank, row, rng)
            return draft.user(text).assistant(*shown(draft, row, lines or pose_plan(bank, row, rng), rng)).told()
        row = bank.named.draw(rng)
        entry = bank.entry_of(row)
        _, text = text_of(bank, row, entry, rng, "indirect", "indirect", "casual", "question") if entry else ("", "")
        if not text:
            text = name_of(entry, rng) if entry else ""
        draft.user(as_typed(rng, THINK.say(rng, text=text, quoted=quoted(text))))
        return draft.assistant(*shown(draft, row, bank.claims(row), rng, tell=0.85)).told()
