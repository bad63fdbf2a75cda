"""`TurnRun`: one turn on its way: attachments, moves of the model, observations, the answer that is checked."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chatpose.agent.attachments import Attachment
from chatpose.agent.backends.protocol import Backend, BackendError, Call, MalformedMoveError, Move, Say, View
from chatpose.agent.items import CheckedStatement, HitList, PoseItem
from chatpose.agent.outcome import Outcome
from chatpose.agent.replying import stable_seed, told_while
from chatpose.agent.state import ConversationState, Turn
from chatpose.agent.steps import (
    Cancelled,
    FirstPose,
    OnEvent,
    PoseReady,
    Step,
    StepEnded,
    StepStarted,
    TextPiece,
)
from chatpose.agent.toolbox import Toolbox
from chatpose.agent.truth import SentenceGate, TruthChecker
from chatpose.agent.view import conversation_of, names_of
from chatpose.corpus.instructions.messages import ToolCall
from chatpose.errors import ChatposeError

if TYPE_CHECKING:
    from chatpose.agent.agent import Agent, TurnResult

MOST_MALFORMED = 3
"""Replies in a row that can't be read before the model is given up for this turn."""
MOST_REPEATS = 2
"""Times that a model may repeat a call that it has made before it is stopped."""
STOPPED = "Stopped."
ALREADY = "this was done already in this turn, with the same result; answer the person now"


class TurnRun:
    """One turn.

    Args:
        agent: whose model and limits.
        toolbox: runs tools.
        state: the conversation before.
        text: the person's words.
        on_event: is told what happens.
        cancelled: whether the person has pressed stop.
    """

    def __init__(
        self,
        agent: "Agent",
        toolbox: Toolbox,
        state: ConversationState,
        text: str,
        on_event: OnEvent,
        cancelled: Cancelled,
    ) -> None:
        self.agent, self.toolbox, self.text = agent, toolbox, text
        self.on_event, self.cancelled = on_event, cancelled
        self.state = self.base = self.before = state
        self.seed = stable_seed(text, len(state.turns))
        self.steps: list[Step] = []
        self.outcomes: list[tuple[ToolCall, Outcome]] = []
        self.attached: list[str] = []
        self.titles: list[str] = []
        self.errors: list[str] = []
        self.backend: Backend = agent.backend
        self._poses: dict[int, PoseItem] = {}
        self._hits: HitList | None = None
        self._checks: tuple[CheckedStatement, ...] = ()
        self._files: list[Path] = []
        self._seen_calls: dict[str, object] = {}
        self._repeats = 0
        self._gate = SentenceGate(TruthChecker(toolbox.parts), self._emit)

    def run(self, attachments: Sequence[Attachment], start: float) -> "TurnResult":
        """Answers."""
        self._take(attachments)
        self.before = self.state
        said = self._loop()
        reply = self._without_model() if said is None else self._answer(said)
        return self._result(reply, start)

    # --- what came with the words -------------------------------------------------------------------------------------

    def _take(self, attachments: Sequence[Attachment]) -> None:
        for attachment in attachments:
            self.titles.append(attachment.title)
            if attachment.is_companion and len(attachments) > 1:
                continue
            start = time.perf_counter()
            self.on_event(StepStarted("attachment", f"Reading {attachment.title}…"))
            others = [other for other in attachments if other is not attachment]
            outcome = self.toolbox.take(attachment, self.state, others, seed=self.seed)
            self._record("attachment", attachment.title, {}, outcome, time.perf_counter() - start)
            if outcome.failed:
                self.errors.append(outcome.error)
                self._gate.say(outcome.text)
            else:
                self.attached.append(outcome.content["name"])

    # --- moves --------------------------------------------------------------------------------------------------------

    def _loop(self) -> Say | None:
        """The model's answer; None where there is none and the tools speak for themselves."""
        malformed = 0
        for number in range(self.agent.max_steps):
            if self.cancelled():
                return None
            try:
                move = self._next(self.agent.max_steps - number)
            except MalformedMoveError as error:
                malformed += 1
                self._note_model("couldn't be read", str(error))
                self.outcomes.append((ToolCall("reply"), Outcome.of_error(self.state, f"your reply: {error}")))
                if malformed >= MOST_MALFORMED and not self._fall_back(error):
                    return None
                continue
            except BackendError as error:
                self._note_model("failed", str(error))
                if not self._fall_back(error):
                    return None
                continue
            malformed = 0
            if isinstance(move, Say):
                return move
            self._call(move)
            if self._repeats >= MOST_REPEATS:
                self._note_model("was stopped", "it repeated itself")
                return None
        self._note_model("was stopped", f"after {self.agent.max_steps} steps without an answer")
        return None

    def _next(self, left: int) -> Move:
        self._gate.begin()
        return self.backend.next(self._view(left), on_text=self._stream, cancelled=self.cancelled)

    def _view(self, left: int) -> View:
        tools = self.toolbox.names
        return View(
            text=self.text,
            conversation=conversation_of(self.state, self.text, self.attached, self.outcomes, tools),
            items=names_of(self.state),
            attached=tuple(self.attached),
            outcomes=tuple(self.outcomes),
            before=self.before,
            state=self.state,
            tools=tools,
            steps_left=left,
            seed=self.seed,
        )

    def _fall_back(self, error: ChatposeError) -> bool:
        """Goes on with chatpose's own back end; says no where that is the one that failed."""
        from chatpose.agent.backends.nano import NanoBackend

        if isinstance(self.backend, NanoBackend):
            self.errors.append(str(error))
            return False
        name = self.backend.name
        self._gate.say(f"{name} can't answer right now ({str(error).rstrip('.')}), so I do it without it.")
        self.backend = NanoBackend(self.toolbox.parts)
        self.outcomes = [pair for pair in self.outcomes if not pair[1].failed]
        return True

    def _call(self, move: Call) -> None:
        for call in move.calls:
            if self.cancelled():
                return
            key = f"{call.name} {json.dumps(dict(call.arguments), sort_keys=True, default=str)}"
            if self._seen_calls.get(key) is self.state.now:
                self._repeats += 1
                self.outcomes.append((call, Outcome.of_error(self.state, ALREADY)))
                continue
            start = time.perf_counter()
            self.on_event(StepStarted(call.name, told_while(call)))
            if call.name in ("undo", "redo"):
                self.state = self.state.with_step(self.base)
            seed = self.seed + len(self.outcomes)  # two edits in a row are told in other words
            outcome = self.toolbox.run(call, self.state, seed=seed, on_first=self._first, cancelled=self.cancelled)
            self.outcomes.append((call, outcome))
            self._record("tool", call.name, dict(call.arguments), outcome, time.perf_counter() - start)
            if call.name in ("undo", "redo") and not outcome.failed:
                self.base = self.state
            self._seen_calls[key] = self.state.now

    def _first(self, pose: object) -> None:
        from chatpose.body.pose import Pose

        if isinstance(pose, Pose):
            self.on_event(FirstPose(pose))

    # --- memory -------------------------------------------------------------------------------------------------------

    def _record(self, kind: str, name: str, arguments: dict[str, object], outcome: Outcome, seconds: float) -> None:
        self.state = outcome.state
        for item in outcome.poses:
            if outcome.new and item.number not in self._poses:
                self.on_event(PoseReady(item))
            self._poses[item.number] = item
        if outcome.hits is not None:
            self._hits = outcome.hits
        if outcome.checks:
            self._checks = outcome.checks
        self._files += [path for path in outcome.files if path not in self._files]
        self._gate.measured(outcome.text)
        step = Step(
            "attachment" if kind == "attachment" else "tool",
            name,
            arguments,
            outcome.error or outcome.short,
            seconds,
            outcome.failed,
            outcome.content,
            tuple(item.number for item in outcome.poses if outcome.new),
        )
        self._add(step)

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        self.on_event(StepEnded(step))

    def _note_model(self, what: str, why: str) -> None:
        self._add(Step("model", f"{self.backend.name} {what}", {}, why, failed=True))

    # --- the answer ---------------------------------------------------------------------------------------------------

    def _emit(self, text: str) -> None:
        self.on_event(TextPiece(text))

    def _stream(self, piece: str) -> None:
        self._gate.about(self._spoken_of(()), self.state)
        self._gate.write(piece)

    def _answer(self, said: Say) -> str:
        """The model's words, after its poses were measured and false sentences taken out."""
        if said.poses:
            self._adopt(said)
        self._gate.about(self._spoken_of(said.about), self.state)
        if not said.claims:
            self._gate.measured(said.text)
        reply = self._gate.finish(said.text)
        for taken in self._gate.taken_out:
            self._add(Step("truth", "took a sentence out", {"sentence": taken.sentence}, taken.why))
        return reply

    def _adopt(self, said: Say) -> None:
        start = time.perf_counter()
        outcome = self.toolbox.adopt(said.poses, said.plan, self.state, self.text, seed=self.seed)
        self.outcomes.append((ToolCall("generate", {"prompt": self.text}), outcome))
        self._record("tool", "verify", {"plan": list(said.plan)}, outcome, time.perf_counter() - start)

    def _spoken_of(self, about: Sequence[str]) -> list[PoseItem]:
        """The poses that a reply is about: those named, those of this turn, or the one on screen."""
        from chatpose.agent.references import UnclearReferenceError, resolve

        found = []
        for name in about:
            try:
                item = resolve(name, self.state)
            except UnclearReferenceError:
                continue
            if isinstance(item, PoseItem):
                found.append(item)
        fresh = [item for item in self._poses.values() if self.state.pose(item.number) is not None]
        current = self.state.current_pose
        return found or fresh or ([current] if current is not None else [])

    def _without_model(self) -> str:
        """What the tools said, where the model has no answer."""
        texts = [outcome.text for call, outcome in self.outcomes if call.name != "reply" and outcome.error != ALREADY]
        if self.cancelled():
            texts.append(STOPPED)
        reply = (
            _joined(dict.fromkeys(texts)) or "I found no answer to that. Say it in other words, or ask for one thing."
        )
        self._gate.measured(reply)
        return self._gate.finish(reply)

    def _result(self, reply: str, start: float) -> "TurnResult":
        from chatpose.agent.agent import TurnResult

        poses = [item for number in self._poses if (item := self.state.pose(number)) is not None]
        current = self.state.current_pose
        poses.sort(key=lambda item: (item is not current, item.number))
        seconds = time.perf_counter() - start
        hits = self._hits
        turn = Turn(
            self.text,
            reply,
            tuple(self.titles),
            tuple(_lean(step) for step in self.steps),
            tuple(item.number for item in poses),
            hits.number if hits is not None else None,
            seconds,
        )
        made = [item.number for call, one in self.outcomes if call.name == "generate" and one.new for item in one.poses]
        if len(made) > 1:  # asked for one by one, they came together
            self.state = self.state.with_group([number for number in made if self.state.pose(number) is not None])
        state = self.state.with_step(self.base).with_turn(turn)
        return TurnResult(
            user=self.text,
            state=state,
            reply=reply,
            poses=tuple(poses),
            hits=hits.hits if hits is not None else (),
            checks=self._checks,
            tools=tuple(self.steps),
            files=tuple(self._files),
            seconds=seconds,
            error="; ".join(self.errors),
            cancelled=self.cancelled(),
        )


def _lean(step: Step) -> Step:
    """A step without what only a model is told: a long conversation keeps many."""
    return replace(step, content=None)


def _joined(texts: "Sequence[str] | dict[str, None]") -> str:
    return " ".join(text.strip() for text in texts if text.strip())
