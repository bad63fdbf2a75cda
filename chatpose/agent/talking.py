"""Small talk, and what is said when something isn't understood, isn't there or can't be done."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chatpose.agent.backends.protocol import View
from chatpose.agent.intent_manner import mood_change
from chatpose.agent.intent_words import capital
from chatpose.agent.origins import how_made, how_so
from chatpose.agent.outcome import TOO_LARGE, Outcome
from chatpose.agent.references import given_names, there_is
from chatpose.agent.replying import Wordings, joined, listed, sentence
from chatpose.agent.sayings import EXAMPLES, GREETED_WITH, GREETINGS, HOW_TO_BEGIN, SAYINGS
from chatpose.agent.state import ConversationState

if TYPE_CHECKING:
    from chatpose.agent.intent_ask import Ask


def answer_of(done: "Sequence[tuple[Ask, Outcome | None]]", view: View) -> str:
    """The answer to a message, from what was asked and what came of it."""
    words = Wordings(view.seed)
    texts = []
    for place, (ask, outcome) in enumerate(done):
        last = place == len(done) - 1
        if outcome is None:
            texts.append(small_talk(ask, view, words))
        elif outcome.failed:
            texts.append(failure(ask, outcome, view, words))
        else:
            texts.append(outcome.text if last else _in_passing(ask, outcome))
    return joined(*dict.fromkeys(texts))


def _in_passing(ask: "Ask", outcome: Outcome) -> str:
    """What came of something that was only a step on the way."""
    if ask.tool == "search" and outcome.hits is not None and outcome.hits.hits:
        count = len(outcome.hits.hits)
        best = outcome.hits.hits[0]
        return sentence(f"From the library I took the best of {count}, “{best.called}”")
    if ask.tool == "estimate" and outcome.poses:
        found = "one person" if len(outcome.poses) == 1 else f"{len(outcome.poses)} people"
        return sentence(f"I looked at the photo and found {found}")
    if ask.tool == "generate" and len(outcome.poses) == 1:
        item = outcome.poses[0]
        held = f", {item.held} of {len(item.checks)} points hold" if item.checks else ""
        return sentence(f"{item.name} is “{item.title}”{held}")
    if ask.tool == "choose" and outcome.poses:
        return sentence(f"{capital(outcome.poses[0].name)} it is")
    return outcome.text


def small_talk(ask: "Ask", view: View, words: Wordings) -> str:
    """What is said to something that needs no tool."""
    state = view.state
    said = _SPECIAL.get(ask.kind)
    if said is not None:
        return said(ask, state, words)
    if ask.kind == "nothing to go on with" and not state.poses:
        return _said("no pose", ask, words)
    if ask.kind in SAYINGS:
        return _said(ask.kind, ask, words)
    return unclear(_quoted(ask.text), state, words)


def _said(kind: str, ask: "Ask", words: Wordings) -> str:
    """The sentences of a kind."""
    quoted = _quoted(ask.text)
    told = (words.one(f"{kind} {place}", *ways) for place, ways in enumerate(SAYINGS[kind]))
    return joined(*(one.replace("{quoted}", quoted) for one in told))


def _convention(ask: "Ask", state: ConversationState, words: Wordings) -> str:
    return ask.text


def _greeted(ask: "Ask", state: ConversationState, words: Wordings) -> str:
    more = "Shall we go on with what is on screen?" if state.poses else words.one("greet next", *GREETED_WITH)
    return joined(words.one("greet", *GREETINGS), more)


def _how(ask: "Ask", state: ConversationState, words: Wordings) -> str:
    about_pose = re.search(r"(?i)\b(?:get|make|made|do|done)\b", ask.text)
    return how_made(state) if about_pose else how_so(state)


def _not_so(ask: "Ask", state: ConversationState, words: Wordings) -> str:
    """What is said to "no, that's wrong", and to anger."""
    lead = _said(ask.kind, ask, words)
    if not state.poses:
        return joined(lead, "Tell me what the body should do, part by part, and I try again.")
    back = "“undo” takes the last step back" if state.past else "“another one” gives another try"
    return joined(lead, sentence(f"Name one part and what it should do, such as “left arm higher”; {back}"))


def _kept(ask: "Ask", state: ConversationState, words: Wordings) -> str:
    """What is said to "keep that one": nothing is ever lost."""
    current = state.current_pose
    if current is None:
        return "Whatever we make stays in this conversation."
    return joined(
        sentence(f"{current.name} stays as it is"),
        "Changes make new poses, and “name it …” gives this one a name to come back to.",
    )


def _mood(ask: "Ask", state: ConversationState, words: Wordings) -> str:
    change = mood_change(ask.text)
    return joined(
        sentence(f"I can't measure {_quoted(ask.text)}, and the face doesn't move"),
        sentence(f"The body can: try “{change}”, for example") if change else "",
    )


def _what_there_is(ask: "Ask", state: ConversationState, words: Wordings) -> str:
    return what_there_is(state)


_SPECIAL: "dict[str, Callable[[Ask, ConversationState, Wordings], str]]" = {
    "convention": _convention,
    "greet": _greeted,
    "how so": _how,
    "not so": _not_so,
    "rude": _not_so,
    "keep": _kept,
    "mood": _mood,
    "what there is": _what_there_is,
}


def unclear(quoted: str, state: ConversationState, words: Wordings) -> str:
    """What is said when nothing was understood."""
    lead = words.one(
        "unclear", f"I understood nothing about a pose in {quoted}.", f"I couldn't make a pose out of {quoted}."
    )
    if state.poses:
        return joined(
            lead,
            "Say what to change (“raise the left arm”), ask something I can measure (“which hand is higher?”), "
            "or describe another pose.",
        )
    return joined(lead, HOW_TO_BEGIN)


def failure(ask: "Ask", outcome: Outcome, view: View, words: Wordings) -> str:
    """What is said when a tool couldn't do it."""
    if outcome.error == TOO_LARGE:
        return joined(sentence(outcome.error), "Try it with less at once: fewer poses, or a smaller file.")
    if ask.tool in ("undo", "redo"):
        return sentence(f"There is nothing to {ask.tool}")
    if ask.tool == "generate":
        nothing = "nothing in this request" in outcome.error
        if nothing:
            return unclear(_quoted(ask.text), view.state, words)
        return joined(sentence(outcome.error), HOW_TO_BEGIN)
    if "there is no pose yet" in outcome.error:
        return _said("no pose", ask, words)
    return outcome.text


def what_there_is(state: ConversationState) -> str:
    """The things of the conversation."""
    if not state.poses and not state.photos:
        return joined("There is nothing yet.", EXAMPLES)
    current = state.current_pose
    shown = f"On screen is {current.name}" if current is not None else ""
    count = len(state.poses)
    given = [item for item in given_names(state).values() if item not in state.poses[-5:]]
    more = f"{count} poses, the latest of them " if count > 5 else ""
    named = listed([f"{item.name} is your “{item.title}”" for item in given[:5]])
    return joined(sentence(f"We have {more}{there_is(state)}"), sentence(named), sentence(shown))


def _quoted(text: str) -> str:
    short = text if len(text) <= 60 else text[:59].rstrip() + "…"
    return f"“{short}”" if short.strip() else "your message"
