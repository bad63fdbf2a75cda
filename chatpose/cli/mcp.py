"""`chatpose mcp`: the tools for programs that speak MCP, over standard input and output."""

import argparse
import logging
import sys
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared

if TYPE_CHECKING:
    from chatpose.agent.toolbox import Toolbox
    from chatpose.mcp_session import ToolRunner


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "mcp",
        help="serve the tools to an MCP client over stdio",
        description="Serves generate, edit, describe, name, question, compare, search and export to one MCP client "
        "(Claude, an editor, an agent) over standard input and output. Without --allow no file is read, without --out "
        "none is written.",
    )
    parser.add_argument("--out", metavar="DIR", help="exported files are written into DIR (default: inside results)")
    parser.add_argument("--allow", action="append", default=[], metavar="DIR",
                        help="the client may open pose files and photos in DIR; may be repeated")  # fmt: skip
    shared.add_body(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serves until the client closes standard input."""
    from chatpose.mcp_folders import AllowedFolders, OutFolder
    from chatpose.mcp_server import serve_stdio
    from chatpose.optional import require_package

    require_package("mcp", "mcp", "to speak MCP")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="chatpose mcp: %(message)s")
    allowed = AllowedFolders.of(options.allow)
    out = OutFolder.of(options.out) if options.out else None

    def runner() -> "ToolRunner":
        from chatpose.mcp_session import ToolRunner

        return ToolRunner(lambda: _toolbox(options), allowed=allowed, out=out)

    serve_stdio(runner, files=bool(allowed))
    return 0


def _toolbox(options: argparse.Namespace) -> "Toolbox":
    from chatpose.agent.parts import Parts
    from chatpose.agent.toolbox import Toolbox

    return Toolbox(Parts(body=shared.body_model(options)) if options.body else Parts())
