"""Conversations of several turns: poses get numbers, "it" is the last one, changes follow each other and are undone."""

from collections.abc import Callable
from random import Random

from chatpose.corpus.instructions.bank import Change, PoseBank
from chatpose.corpus.instructions.chance import below, one, yes
from chatpose.corpus.instructions.change import change_request, changed_parts
from chatpose.corpus.instructions.compare import more_of, which_pose
from chatpose.corpus.instructions.make import a_request
from chatpose.corpus.instructions.messages import Part
from chatpose.corpus.instructions.pieces import Piece, pose_plan, shown
from chatpose.corpus.instructions.questions import question
from chatpose.corpus.instructions.task import ToldTask
from chatpose.corpus.instructions.tell import describe, name, telling
from chatpose.corpus.instructions.told import Differs, Draft, Told
from chatpose.corpus.instructions.turn_words import (
    AGAIN,
    AGAIN_TOLD,
    BACK,
    BRING,
    CHANGED_ASK,
    NEXT,
    ORDINALS,
    THANKS,
    THANKS_TOLD,
    THERE_ARE,
    TOO_FAR,
    UNDO,
    UNDO_TOLD,
)
from chatpose.corpus.instructions.wording import as_typed, capital, lowered, sentence

_ALONE = ("it", "this pose", "that pose", "the last one", "the current one")
LABELLED = 0.75


class _Course:
    """How a conversation stands.

    Attributes:
        draft: so far.
        poses: rows shown, in order; the first is pose 1.
        now: what "it" is.
        done: changes that can be undone, with what "it" was before.
    """

    def __init__(self, bank: PoseBank, task: str, rng: Random) -> None:
        self.bank, self.rng = bank, rng
        self.draft = Draft(bank, task)
        self.poses: list[int] = []
        self.now = -1
        self.done: list[Change] = []
        self.last: Change | None = None

    # --- beginnings --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """A request, or a pose that the user brings."""
        rng, bank = self.rng, self.bank
        if yes(rng, 0.5) or not len(bank.continued):
            return self.ask("")
        row = bank.continued.draw(rng)
        if yes(rng, 0.5):
            self._bring(row)
        else:
            text, lines = self._request_for(row)
            self._show(text, row, lines)
        return None

    def _request_for(self, row: int) -> tuple[str, tuple[str, ...]]:
        from chatpose.corpus.instructions.make import description_request, entry_request

        if self.bank.entry_of(row) is not None:
            return entry_request(self.bank, row, self.rng), self.bank.claims(row)
        text, lines = description_request(self.bank, row, self.rng)
        return text, lines or pose_plan(self.bank, row, self.rng)

    def _bring(self, row: int) -> None:
        piece = telling(self.bank, row, self.rng) if yes(self.rng, 0.7) else Piece(BRING.say(self.rng), "", ())
        self._count(row)
        self.draft.user(self.draft.bring(row, self.rng), as_typed(self.rng, piece.question))
        answer = piece.answer or f"I have it as pose {len(self.poses)}."
        self.draft.assistant(answer).claim(*piece.claims)

    def ask(self, before: str) -> None:
        """Asks for a new pose."""
        row, text, lines = a_request(self.bank, self.rng)
        self._show(f"{before} {lowered(text) if before.endswith((':', ',')) else text}".strip(), row, lines)

    def _show(self, text: str, row: int, lines: tuple[str, ...]) -> None:
        self._count(row)
        label = f"Pose {len(self.poses)}" if yes(self.rng, LABELLED) else ""
        self.draft.user(text).assistant(*shown(self.draft, row, lines, self.rng, label=label, tell=0.5))

    def _count(self, row: int) -> None:
        self.poses.append(row)
        self.now = row
        self.last = None

    # --- steps -------------------------------------------------------------------------------------------------------

    def edit(self) -> bool:
        """Changes what is there; the other limb likewise where the one before was a limb."""
        changes = [self.bank.change(number) for number in self.bank.changes_from.get(self.now, ())]
        changes = [change for change in changes if change.kind != "blend"]
        if not changes:
            return False
        likewise = [change for change in changes if change.kind == "other side"]
        change = one(self.rng, likewise) if likewise and yes(self.rng, 0.5) else one(self.rng, changes)
        text, claims = change_request(self.bank, change, self.rng)
        self.draft.user(
            as_typed(
                self.rng,
                sentence(NEXT.say(self.rng, text=lowered(text), Text=capital(text)) if yes(self.rng, 0.4) else text),
            )
        )
        self.draft.claim(*claims)
        label = f"Pose {len(self.poses) + 1}" if yes(self.rng, LABELLED) else ""
        self.draft.assistant(*changed_parts(self.draft, change, self.rng, label=label))
        self._count(change.after)
        self.done.append(change)
        self.last = change
        return True

    def question(self) -> bool:
        """A question about what is there, or about an earlier pose by its number."""
        row, about = self.now, ""
        if len(self.poses) > 1 and yes(self.rng, 0.45):
            place = below(self.rng, len(self.poses))
            row, about = self.poses[place], self._called(place)
        piece = question(self.bank, row, self.rng)
        self._say(piece, about)
        return True

    def tell(self) -> bool:
        """A description or the name of what is there, or of an earlier pose."""
        row, about = self.now, ""
        if len(self.poses) > 1 and yes(self.rng, 0.3):
            place = below(self.rng, len(self.poses))
            row, about = self.poses[place], self._called(place)
        piece = name(self.bank, row, self.rng) if yes(self.rng, 0.35) else None
        self._say(piece or describe(self.bank, row, self.rng), about)
        return True

    def _say(self, piece: Piece, about: str) -> None:
        if about:
            form = one(self.rng, ("About {}: {q}", "{c}: {q}", "For {}: {q}", "Now {}. {Q}"))
            text = form.format(about, c=capital(about), q=lowered(piece.question), Q=piece.question)
        else:
            text = piece.question
        self.draft.user(as_typed(self.rng, text)).assistant(piece.answer).claim(*piece.claims)

    def _called(self, place: int) -> str:
        """What a pose is called in talk: by number, by order."""
        names = [
            f"pose {place + 1}",
            f"pose {place + 1}",
            f"the {ORDINALS[place]} one" if place < len(ORDINALS) else "",
        ]
        if self.poses[place] == self.now and place == len(self.poses) - 1:
            names += ["the last one", "the current one"]
        elif place == len(self.poses) - 2:
            names.append("the one before")
        return one(self.rng, [called for called in names if called])

    def compare(self) -> bool:
        """A question about all poses so far, or what has changed since the one before."""
        if self.last is not None and yes(self.rng, 0.5):
            texts = self.last.text("difference")
            if texts:
                text = one(self.rng, texts)
                self.draft.claim(Differs(self.last.before, self.last.after, text))
                self.draft.user(as_typed(self.rng, CHANGED_ASK.say(self.rng))).assistant(text)
                return True
        if len(self.poses) not in (2, 3) or len(set(self.poses)) < len(self.poses):
            return False
        maker = more_of if yes(self.rng, 0.6) else which_pose
        piece = maker(self.bank, tuple(self.poses), self.rng)
        if piece is None:
            return False
        self.draft.user(as_typed(self.rng, capital(piece.question))).assistant(piece.answer).claim(*piece.claims)
        return True

    def again(self) -> bool:
        """An earlier pose once more; there may be none of that number."""
        if yes(self.rng, 0.2):
            asked = len(self.poses) + 1 + below(self.rng, 4)
            count = len(self.poses)
            self.draft.user(as_typed(self.rng, TOO_FAR.say(self.rng, n=str(asked))))
            told = THERE_ARE.say(self.rng, n=str(count), poses="pose" if count == 1 else "poses", only=str(asked))
            self.draft.assistant(told)
            return True
        if len(self.poses) < 2:
            return False
        place = below(self.rng, len(self.poses) - 1)
        row = self.poses[place]
        self.draft.user(as_typed(self.rng, AGAIN.say(self.rng, what=self._called(place))))
        self._reshow(row, AGAIN_TOLD.say(self.rng, n=str(place + 1)))
        self.done.clear()
        return True

    def undo(self) -> bool:
        """Takes the last change back."""
        if not self.done or self.now != self.done[-1].after:
            return False
        change = self.done.pop()
        place = max(place for place, row in enumerate(self.poses) if row == change.before)
        ask = UNDO.say(self.rng) if yes(self.rng, 0.7) else BACK.say(self.rng)
        self.draft.user(as_typed(self.rng, ask))
        self._reshow(change.before, UNDO_TOLD.say(self.rng, n=str(place + 1)))
        return True

    def _reshow(self, row: int, text: str) -> None:
        plan = self.draft.plan(row, pose_plan(self.bank, row, self.rng))
        parts: list[Part | str] = [text, plan] if plan.statements else [text]
        self.draft.assistant(*parts, self.draft.pose(row))
        self.now, self.last = row, None

    def other(self) -> bool:
        """Asks for something else."""
        self.ask(one(self.rng, ("Something else:", "Next,", "New pose:", "Now for something different.", "And", "")))
        self.done.clear()
        return True


_STEPS: tuple[tuple[Callable[[_Course], bool], float], ...] = (
    (_Course.edit, 0.4), (_Course.question, 0.18), (_Course.tell, 0.08), (_Course.compare, 0.12), (_Course.again, 0.07),
    (_Course.undo, 0.09), (_Course.other, 0.06),
)  # fmt: skip


class Talk(ToldTask):
    """Several turns about poses that follow from each other."""

    name = "talk"

    def tell(self, bank: PoseBank, rng: Random) -> Told:
        """A conversation with its claims."""
        course = _Course(bank, self.name, rng)
        course.start()
        wanted, made = 1 + below(rng, 4), 0
        for _ in range(4 * wanted):
            draw = rng.random()
            for step, share in _STEPS:
                draw -= share
                if draw < 0:
                    made += step(course)
                    break
            if made == wanted:
                break
        if yes(rng, 0.1):
            course.draft.user(as_typed(rng, THANKS.say(rng))).assistant(THANKS_TOLD.say(rng))
        return course.draft.told()
