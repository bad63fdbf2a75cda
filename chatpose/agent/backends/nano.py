"""`NanoBackend`: chatpose's own back end: it reads what is asked, uses the tools, and says what they measured."""

from chatpose.agent.backends.protocol import Call, Move, OnText, Say, View
from chatpose.agent.intent import AskReader
from chatpose.agent.intent_ask import Ask
from chatpose.agent.outcome import TOO_LARGE, Outcome
from chatpose.agent.parts import Parts
from chatpose.agent.steps import Cancelled, never
from chatpose.agent.talking import answer_of
from chatpose.corpus.instructions.messages import ToolCall


class NanoBackend:
    """Deterministic reading of what is asked; what is made and said comes from the tools.

    Args:
        parts: parser and names, to read with.
    """

    name = "chatpose-nano"

    def __init__(self, parts: Parts | None = None) -> None:
        self._reader = AskReader(parts or Parts())

    def next(self, view: View, *, on_text: OnText | None = None, cancelled: Cancelled = never) -> Move:
        """The next tool that the words ask for, or the answer; see `Backend`."""
        asks = self._reader.read(view.text, view.before, view.attached, seed=view.seed)
        told = [pair for pair in view.outcomes if pair[0].name != "reply"]
        done: list[tuple[Ask, Outcome | None]] = []
        place = 0
        for ask in asks:
            now: Ask | None = ask
            while now is not None:
                if now.tool is None:
                    done.append((now, None))
                    break
                # What another back end has done before it failed counts where it is what is asked for.
                while place < len(told) and told[place][0].name != now.tool:
                    place += 1
                if place >= len(told):
                    return Call((ToolCall(now.tool, now.arguments),))
                outcome = told[place][1]
                place += 1
                if outcome.failed and now.otherwise is not None and outcome.error != TOO_LARGE:
                    now = now.otherwise
                    continue
                done.append((now, outcome))
                break
            if done and done[-1][1] is not None and done[-1][1].failed and done[-1][0].needed:
                break
        return Say(answer_of(done, view), claims=False)
