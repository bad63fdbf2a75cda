"""chatpose for programs that speak MCP (Model Context Protocol): over stdio, and as an endpoint of the page.

    serve_stdio     one client, one conversation: handles such as "pose 3" live as long as the process
    HttpEndpoint    many clients: a conversation has a token that results give and later calls send back

Tools open no address and read no file, except inside folders that the person allowed on the command line.
"""

import base64
import contextlib
import functools
import hmac
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chatpose import __version__
from chatpose.errors import ChatposeError
from chatpose.mcp_tools import CONVERSATION, MAX_TOKEN, RESULT, McpTool, offered
from chatpose.optional import require_package

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolResult

    from chatpose.mcp_session import Answer, Conversation, Conversations, ToolRunner

HTTP_PATH = "/mcp"
MAX_BODY_BYTES = 2 * 2**20
CALLS_AT_ONCE = 2
MAX_WAITING = 32
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_INSTRUCTIONS = (
    "chatpose makes, changes, describes, compares and finds 3D poses of the human body (SMPL). Every statement in a "
    "result was measured on the pose. Tools give handles ('pose 2'); pass them on instead of numbers. Left and right "
    "are those of the body. Don't state angles or postures that no tool has measured."
)


class Calls:
    """Runs calls for a server, in threads; what is heavy is opened with the first one.

    Args:
        open_runner: makes what runs them.
        conversations: of clients that share the server; None for one client with one conversation.
    """

    def __init__(self, open_runner: "Callable[[], ToolRunner]", conversations: "Conversations | None" = None) -> None:
        self.conversations = conversations
        self._open_runner = open_runner
        self._runner: ToolRunner | None = None
        self._own: Conversation | None = None
        self._lock = threading.Lock()

    @property
    def runner(self) -> "ToolRunner":
        """What runs them."""
        with self._lock:
            self._runner = self._runner or self._open_runner()
            return self._runner

    def warm(self) -> None:
        """Opens what most calls need."""
        self.runner.warm()

    def run(self, name: str, arguments: Mapping[str, Any], stop: threading.Event) -> "Answer":
        """Runs one call; whatever goes wrong is an answer."""
        from chatpose.mcp_session import Answer, error_words

        try:
            runner = self.runner
            return runner.call(name, arguments, self._conversation(arguments), stop.is_set)
        except ChatposeError as error:
            return Answer(error_words(str(error)), failed=True)

    def _conversation(self, arguments: Mapping[str, Any]) -> "Conversation":
        from chatpose.mcp_session import Conversation

        if self.conversations is None:
            with self._lock:
                self._own = self._own or Conversation()
                return self._own
        token = arguments.get(CONVERSATION) or None
        if token is not None and (not isinstance(token, str) or len(token) > MAX_TOKEN):
            raise ChatposeError(f"{CONVERSATION} is no token", expected="what an earlier result gave, or nothing")
        return self.conversations.open(token)


def build_server(calls: Calls, *, files: bool = False) -> "Server[Any]":
    """The MCP server with chatpose's tools.

    Args:
        calls: runs them.
        files: whether `open_file` is offered.

    Raises:
        MissingExtraError: the package `mcp` isn't installed.
    """
    _needed()
    import anyio
    from mcp.server.lowlevel import Server
    from mcp_types import ListToolsResult

    tools = [_listed(one, shared=calls.conversations is not None) for one in offered(files=files)]
    places = anyio.Semaphore(CALLS_AT_ONCE)
    waiting = 0

    async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    async def call_tool(_context: Any, params: Any) -> "CallToolResult":
        nonlocal waiting
        if waiting >= MAX_WAITING:
            return _busy()
        stop = threading.Event()
        waiting += 1
        try:
            async with places:
                run = functools.partial(calls.run, params.name, params.arguments or {}, stop)
                return _told(await anyio.to_thread.run_sync(run, abandon_on_cancel=True))
        finally:
            waiting -= 1
            stop.set()

    return Server(
        "chatpose",
        version=__version__,
        title="chatpose",
        description="3D human poses: made, changed, described, compared, found; every statement measured.",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def serve_stdio(open_runner: "Callable[[], ToolRunner]", *, files: bool = False) -> None:
    """Serves one client over standard input and output until it closes them. Nothing else is written there.

    Args:
        open_runner: makes what runs tools, once the client has been greeted.
        files: whether `open_file` is offered.

    Raises:
        MissingExtraError: the package `mcp` isn't installed.
    """
    _needed()
    import anyio
    from mcp.server.stdio import stdio_server

    calls = Calls(open_runner)
    server = build_server(calls, files=files)

    async def serve() -> None:
        async with stdio_server() as (reading, writing):
            threading.Thread(target=calls.warm, name="warm-up", daemon=True).start()
            await server.run(reading, writing, server.create_initialization_options())

    anyio.run(serve)


class HttpEndpoint:
    """MCP over HTTP as part of a page: the tools without files of the machine, each conversation behind its token.

    Args:
        runner: runs the tools; one that may open files is refused.
        host: that the page listens on; for this machine only, other Host and Origin headers are refused.
        auth: name and password that callers must give as HTTP Basic, where the page asks for them.

    Raises:
        MissingExtraError: the package `mcp` isn't installed.
    """

    def __init__(self, runner: "ToolRunner", *, host: str = "127.0.0.1", auth: tuple[str, str] | None = None) -> None:
        _needed()
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp.server.transport_security import TransportSecuritySettings

        from chatpose.mcp_session import Conversations

        if runner.allowed or runner.out is not None:
            raise ChatposeError("an MCP endpoint with folders of the machine", expected="one without")
        runner.name_conversations = True
        self.conversations = Conversations()
        self._auth = auth
        local = host in _LOOPBACK
        names = [f"{name}:*" for name in ("127.0.0.1", "localhost", "[::1]")]
        security = TransportSecuritySettings(
            enable_dns_rebinding_protection=local,
            allowed_hosts=names,
            allowed_origins=[f"http://{name}" for name in names],
        )
        self._manager = StreamableHTTPSessionManager(
            build_server(Calls(lambda: runner, self.conversations)),
            json_response=True,
            stateless=True,
            security_settings=security,
            max_request_body_size=MAX_BODY_BYTES,
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one HTTP request (ASGI)."""
        from starlette.responses import Response

        if self._auth is not None and not _is_let_in(dict(scope["headers"]), self._auth):
            refused = Response("Name and password, please.", 401, {"WWW-Authenticate": 'Basic realm="chatpose"'})
            await refused(scope, receive, send)
            return
        await self._manager.handle_request(scope, receive, send)

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Any) -> AsyncIterator[None]:
        """Runs as long as the server that it is part of."""
        async with self._manager.run():
            yield

    def route(self) -> Any:
        """For Starlette: `HTTP_PATH`."""
        from starlette.routing import Route

        return Route(HTTP_PATH, self)


def http_endpoint(runner: "ToolRunner", *, host: str, auth: tuple[str, str] | None = None) -> "HttpEndpoint | None":
    """The endpoint, or None where the package `mcp` isn't installed: the page works without."""
    try:
        return HttpEndpoint(runner, host=host, auth=auth)
    except ImportError:
        return None


def _needed() -> None:
    require_package("mcp", "mcp", "to speak MCP")


def _busy() -> "CallToolResult":
    from mcp_types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(text="Too many calls at once; try again in a moment.")], is_error=True)


def _listed(tool: McpTool, *, shared: bool) -> Any:
    from mcp_types import Tool, ToolAnnotations

    return Tool(
        name=tool.name,
        title=tool.title,
        description=tool.purpose,
        input_schema=tool.schema(conversations=shared),
        output_schema=RESULT,
        annotations=ToolAnnotations(
            title=tool.title, read_only_hint=tool.name != "export", destructive_hint=False, open_world_hint=False
        ),
    )


def _told(answer: "Answer") -> "CallToolResult":
    """An answer as the protocol has it: words, data, files."""
    from mcp_types import BlobResourceContents, CallToolResult, EmbeddedResource, ImageContent, TextContent

    content: list[Any] = [TextContent(text=answer.text)]
    for file in answer.files:
        blob = base64.b64encode(file.content).decode()
        if file.media_type == "image/png":  # models look at pictures, and don't open files
            content.append(ImageContent(data=blob, mime_type=file.media_type))
        where = f"chatpose://export/{quote(file.name)}"
        resource = BlobResourceContents(uri=where, mime_type=file.media_type, blob=blob)
        content.append(EmbeddedResource(resource=resource))
    return CallToolResult(content=content, structured_content=answer.content, is_error=answer.failed)


def _is_let_in(headers: Mapping[bytes, bytes], auth: tuple[str, str]) -> bool:
    kind, _, told = headers.get(b"authorization", b"").partition(b" ")
    wanted = base64.b64encode(f"{auth[0]}:{auth[1]}".encode())
    return kind.lower() == b"basic" and hmac.compare_digest(told.strip(), wanted)
