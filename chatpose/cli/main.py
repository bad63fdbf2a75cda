"""Entry point: parses the command line, runs one command, turns chatpose's errors into one line and exit code 2."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence

from chatpose import __version__
from chatpose.cli import (
    atlas,
    chat,
    compare,
    convert,
    describe,
    edit,
    evaluate,
    generate,
    info,
    library,
    mcp,
    search,
    talk,
    train,
)
from chatpose.errors import ChatposeError
from chatpose.offline import stay_offline

BAD_INPUT = 2
INTERRUPTED = 128 + signal.SIGINT

Command = Callable[[argparse.Namespace], int]


def build_parser() -> argparse.ArgumentParser:
    """All commands; each module under `chatpose.cli` adds its own and imports heavy packages only when run."""
    parser = argparse.ArgumentParser(
        prog="chatpose",
        description="Open, look at, describe, compare and convert 3D human poses.",
        epilog="Every command has its own --help.",
    )
    parser.add_argument("--version", action="version", version=f"chatpose {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    modules = (
        chat,
        talk,
        generate,
        edit,
        describe,
        search,
        compare,
        convert,
        info,
        atlas,
        library,
        mcp,
        train,
        evaluate,
    )
    for module in modules:
        module.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code: 0 done, 2 bad input, 130 interrupted."""
    options = build_parser().parse_args(arguments)
    stay_offline(hub=options.hub(options) if "hub" in options else False)
    try:
        return options.run(options)
    except ChatposeError as error:
        print(f"chatpose: {error}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone (`chatpose info … | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def entry() -> None:
    """The `chatpose` script."""
    raise SystemExit(main())
