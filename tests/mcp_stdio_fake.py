"""An MCP server over stdio whose parts are stand-ins; a client starts it as a process."""

import sys

from agent_fakes import fake_parts

from chatpose.agent.toolbox import Toolbox
from chatpose.mcp_folders import AllowedFolders, OutFolder
from chatpose.mcp_server import serve_stdio
from chatpose.mcp_session import ToolRunner


def main() -> None:
    """`allowed out`: folders, or nothing."""
    allowed = AllowedFolders.of(sys.argv[1:2])
    out = OutFolder.of(sys.argv[2]) if len(sys.argv) > 2 else None
    serve_stdio(lambda: ToolRunner(lambda: Toolbox(fake_parts()), allowed=allowed, out=out), files=bool(allowed))


if __name__ == "__main__":
    main()
