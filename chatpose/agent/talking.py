"""Small talk, and what is said when something isn't understood, isn't there or can't be done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatpose.agent.backends.protocol import View
from chatpose.agent.intent_words import capital
from chatpose.agent.outcome import Outcome
from chatpose.agent.references import there_is
from chatpose.agent.replying import Wordings, joined, listed, sentence
from chatpose.agent.state import ConversationState

if TYPE_CHECKING:
    from chatpose.agent.intent_ask import Ask

ABILITIES = (
    "I make 3D poses from words, name and describe poses out of files and photos, answer questions by measuring, "
    "change poses step by step, compare and blend them, search a library, and write files (npz, bvh, glb, obj, json, "
    "png)."
)
EXAMPLES = "Try “tree pose, arms overhead”, then “left elbow to 90 degrees”, then “how far apart are the feet?”."


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
    if ask.tool == "choose" and outcome.poses:
        return sentence(f"{capital(outcome.poses[0].name)} it is")
    return outcome.text


def small_talk(ask: "Ask", view: View, words: Wordings) -> str:
    """What is said to something that needs no tool."""
    kind = ask.kind
    state = view.state
    if kind == "convention":
        return ask.text
    if kind == "greet":
        return joined(
            words.one("greet", "Hello!", "Hi!", "Hello there."),
            words.one(
                "greet next",
                "Which pose would you like to see?",
                "Tell me what the body should do, or drop in a photo or a pose file.",
                "Describe a pose, or bring one along.",
            )
            if not state.poses
            else "Shall we go on with what is on screen?",
        )
    if kind == "how are you":
        return words.one("how", "Ready to pose. What shall the body do?", "Fine, thank you. Which pose can I show you?")
    if kind == "thanks":
        return words.one(
            "thanks", "You're welcome.", "Glad it helped.", "Any time. Shall I change anything?", "My pleasure."
        )
    if kind == "bye":
        return words.one("bye", "Goodbye!", "See you.", "Bye, come back when you need a pose.")
    if kind == "help":
        return joined(ABILITIES, EXAMPLES)
    if kind == "how so":
        return how_so(state)
    if kind == "new conversation":
        return "I keep what we have: “undo” takes the last step back, and a new conversation starts empty."
    if kind == "view":
        return "The view is yours to turn: drag the body, scroll to zoom. As a PNG I write a picture from the front."
    if kind == "what there is":
        return what_there_is(state)
    return _not_done(ask, view, words)


def _not_done(ask: "Ask", view: View, words: Wordings) -> str:
    """What is said to something that can't be done."""
    quoted = _quoted(ask.text)
    if ask.kind == "off topic":
        return joined(
            words.one(
                "off",
                "That's outside of what I know; my subject is how bodies stand, sit and move.",
                "I can't help with that, but I can with poses.",
                "I only know about body poses.",
            ),
            words.one("off next", "Shall I show you one?", "Tell me a pose, and I show it."),
        )
    if ask.kind == "address":
        return "I don't open addresses. Save the photo or the pose file and attach it here, then I look at it."
    if ask.kind == "path":
        return (
            "I don't open files by their path when it is typed into a message. Attach the file instead, then I read it."
        )
    if ask.kind == "empty":
        return joined("There is nothing in your message yet.", EXAMPLES)
    if ask.kind == "no pose":
        return joined(
            "There is no pose here yet that I could look at.",
            words.one(
                "no pose",
                "Describe one, or attach a photo or a pose file.",
                "Tell me which, for example “warrior two”, or attach a file.",
            ),
        )
    if ask.kind == "no photo":
        return "There is no photo in this conversation yet. Attach one, and I look at who is in it."
    if ask.kind == "unread question":
        return joined(
            f"I can't read {quoted} as a question that I could measure on the pose.",
            "I can tell angles, distances, heights, sides and what touches what: “what angle is the left knee at?”.",
        )
    if ask.kind == "unread edit":
        return joined(
            f"I can't read {quoted} as a change that I could measure.",
            "Say what a part should do: “raise the left arm a bit”, “left knee to 90 degrees”, “look to the left”.",
        )
    return unclear(quoted, view.state, words)


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
    return joined(lead, "Name a pose or say what arms and legs do, such as “sitting cross-legged, hands on the knees”.")


def failure(ask: "Ask", outcome: Outcome, view: View, words: Wordings) -> str:
    """What is said when a tool couldn't do it."""
    text = outcome.text
    if ask.tool in ("undo", "redo"):
        return sentence(f"There is nothing to {ask.tool}")
    if ask.tool == "generate":
        nothing = "nothing in this request" in outcome.error
        if nothing:
            return unclear(_quoted(ask.text), view.state, words)
        return joined(
            sentence(outcome.error),
            "Name a pose or say what arms and legs do, such as “sitting cross-legged, hands on the knees”.",
        )
    if "there is no pose yet" in outcome.error:
        return small_talk_of("no pose", view, words)
    if "I don't know which one" in outcome.error or outcome.error.startswith(
        ("there is no ", "no result", "no pose", "no photo")
    ):
        return text
    return text


def small_talk_of(kind: str, view: View, words: Wordings) -> str:
    """What is said to a kind of thing."""
    from chatpose.agent.intent_ask import Ask

    return small_talk(Ask(kind, view.text), view, words)


def how_so(state: ConversationState) -> str:
    """How the last answer came about."""
    if not state.turns:
        return "I haven't done anything yet."
    steps = next(
        (found for turn in reversed(state.turns) if (found := [step for step in turn.steps if not step.failed])), []
    )
    if not steps:
        return joined("I used no tool so far.", "What I say about a pose is measured on its geometry.")
    told = [f"{step.name} (“{step.result}”)" if step.result else step.name for step in steps[:5]]
    return joined(sentence(f"It took {listed(told)}"), "Each statement about a pose was measured on the body itself.")


def what_there_is(state: ConversationState) -> str:
    """The things of the conversation."""
    if not state.poses and not state.photos:
        return joined("There is nothing yet.", EXAMPLES)
    current = state.current_pose
    shown = f"On screen is {current.name}" if current is not None else ""
    return joined(sentence(f"We have {there_is(state)}"), sentence(shown))


def _quoted(text: str) -> str:
    short = text if len(text) <= 60 else text[:59].rstrip() + "…"
    return f"“{short}”" if short.strip() else "your message"
