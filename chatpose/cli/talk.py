"""`chatpose talk`: the conversation of the page on the terminal, one line a turn."""

import argparse
import io
import shlex
import sys
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.cli.backend_options import add_backend, chosen_backend
from chatpose.errors import ChatposeError

if TYPE_CHECKING:
    from chatpose.agent.agent import Agent, TurnResult
    from chatpose.agent.attachments import Attachment
    from chatpose.agent.state import ConversationState
    from chatpose.agent.steps import Event

MAX_LINE_BYTES = 2**20
CHECKS_SHOWN = 12
BAD_INPUT = 2
FAULT = 1
"""Exit code where chatpose itself failed at a turn."""
GOES_ON = "It is a fault of chatpose, not of yours; the conversation is kept. Try it in other words."
TOO_MUCH = "This was too large for the memory of this machine; the conversation is kept. Try it with less at once."


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "talk",
        help="talk about poses on the terminal",
        description="Reads what you say line by line from standard input and answers: makes poses from words, changes "
        "them, names and describes poses out of files and photos, answers questions by measuring, searches a library, "
        'writes files. @PATH attaches a photo or a pose file, @"PATH WITH SPACES" as well; several in a line.',
    )
    parser.add_argument("--out", metavar="DIR", help="where files are written (default: a new temporary folder)")
    parser.add_argument("--save", metavar="FILE", help="save the conversation as JSON after every turn")
    parser.add_argument("--load", metavar="FILE", help="go on with a saved conversation")
    parser.add_argument("--steps", action="store_true", help="also show how each answer came about")
    parser.add_argument("--json", action="store_true", help="one object a turn on standard output")
    shared.add_body(parser)
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Talks until the input ends; turns with bad input make the exit code 2."""
    from chatpose.agent.state import ConversationState

    if options.load:
        from chatpose.agent.saved import load

        state = load(options.load)
    else:
        state = ConversationState()
    agent = _agent(options)
    talk = Talk(options, agent, state)
    asking = sys.stdin.isatty() and not options.json
    if asking:
        print("chatpose: say what the body should do, ask, or attach a file with @PATH. Ctrl-D ends.")
    for line in _lines(asking):
        talk.say(line)
    return talk.code


def _agent(options: argparse.Namespace) -> "Agent":
    from chatpose.agent.agent import Agent
    from chatpose.agent.parts import Parts
    from chatpose.agent.toolbox import Toolbox
    from chatpose.safefiles import made_folder

    folder = made_folder(Path(options.out)) if options.out else None
    parts = Parts(body=shared.body_model(options)) if options.body else Parts()
    return Agent(Toolbox(parts, folder), chosen_backend(options))


def _lines(asking: bool) -> Iterator[str]:
    """Lines of the input without empty ones; ends with the input. What isn't UTF-8 is replaced."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    while True:
        if asking:
            print("\n> ", end="", flush=True)
        line = sys.stdin.readline(MAX_LINE_BYTES)
        if not line:
            if asking:
                print()
            return
        if line.strip():
            yield line.strip()


class Talk:
    """One conversation on the terminal.

    Args:
        options: of the command line.
        agent: that answers.
        state: to go on with.
    """

    def __init__(self, options: argparse.Namespace, agent: "Agent", state: "ConversationState") -> None:
        self.options, self.agent, self.state = options, agent, state
        self.code = 0

    def say(self, line: str) -> None:
        """One turn."""
        try:
            text, attachments = read_line(line)
            result = self.agent.turn(self.state, text, attachments, on_event=self._progress)
        except ChatposeError as error:
            self.code = BAD_INPUT
            shared.report_error(error, self.options.json, user=line[:200])
            return
        except Exception as error:  # a fault of chatpose ends the turn, not the conversation
            self._failed(line, error)
            return
        self.state = result.state
        if result.error:
            self.code = self.code or BAD_INPUT
        if self.options.save:
            from chatpose.agent.saved import save

            save(self.state, self.options.save)
        if self.options.json:
            shared.print_json(result.as_json() | {"user": line})
        else:
            self._show(result)

    def _failed(self, line: str, error: Exception) -> None:
        """Says that a turn died; the conversation is as it was before it."""
        self.code = FAULT
        from chatpose.agent.toolbox import out_of_memory

        told = TOO_MUCH if out_of_memory(error) else f"chatpose failed at this ({type(error).__name__}). {GOES_ON}"
        if self.options.json:
            nothing: dict[str, Any] = {"poses": [], "hits": [], "checks": [], "tools": [], "files": [], "seconds": 0.0}
            shared.print_json({"user": line, "reply": told} | nothing | {"error": told})
        else:
            print(textwrap.fill(told, shared.WIDTH), flush=True)
        if self.options.steps:
            traceback.print_exception(error, file=sys.stderr)

    def _progress(self, event: "Event") -> None:
        """What is being done, on a terminal only."""
        from chatpose.agent.steps import StepStarted

        if isinstance(event, StepStarted) and sys.stderr.isatty() and not self.options.json:
            print(f"… {event.told}", file=sys.stderr, flush=True)

    def _show(self, result: "TurnResult") -> None:
        print(textwrap.fill(result.reply, shared.WIDTH))
        for row in result.checks[:CHECKS_SHOWN]:
            mark = {True: "✓", False: "✗", None: "?"}[row.holds]
            print(f"  {mark} {row.statement}" + (f"  ({row.measured})" if row.measured else ""))
        if len(result.checks) > CHECKS_SHOWN:
            print(f"  … and {len(result.checks) - CHECKS_SHOWN} more")
        for path in result.files:
            print(f"  → {path}")
        if self.options.steps:
            for step in result.tools:
                print(f"  · {step.name}: {step.result} ({step.seconds:.2f} s)")
        print(flush=True)


def read_line(line: str) -> "tuple[str, list[Attachment]]":
    """The words of a line, and the files that it attaches.

    `@path` attaches where a word begins; quotes hold paths with spaces. A word with an @ inside, and one after which no
    path comes, stay words.

    Raises:
        ChatposeError: a file that can't be read.
    """
    from chatpose.agent.attachments import Attachment

    words: list[str] = []
    attachments: list[Attachment] = []
    place = 0
    while place < len(line):
        at = line.find("@", place)
        while at > 0 and not line[at - 1].isspace():
            at = line.find("@", at + 1)
        if at < 0 or at + 1 >= len(line) or line[at + 1].isspace():
            words.append(line[place:])
            break
        words.append(line[place:at])
        path, place = _path(line, at + 1)
        attachments.append(Attachment.read(Path(path).expanduser()))
    return " ".join("".join(words).split()), attachments


def _path(line: str, start: int) -> tuple[str, int]:
    """The path that begins at a place, and where it ends: in quotes, with escaped spaces, or up to the next space."""
    quote = line[start]
    if quote in "\"'":
        stop = line.find(quote, start + 1)
        if stop < 0:
            raise ChatposeError(
                f"a path without its closing quote: {line[start : start + 60]}", expected='@"my photo.jpg"'
            )
        return line[start + 1 : stop], stop + 1
    stop = start
    while stop < len(line) and not line[stop].isspace():
        stop += 2 if line[stop] == "\\" and stop + 1 < len(line) and line[stop + 1].isspace() else 1
    raw = line[start:stop]
    unescaped = shlex.split(raw)[0] if "\\ " in raw else raw
    # A full stop or a comma that ends the sentence isn't part of the name, unless such a file is there.
    trimmed = unescaped.rstrip(",;:!?.")
    if trimmed != unescaped and trimmed and not Path(unescaped).expanduser().exists():
        return trimmed, stop
    return unescaped, stop
