"""`chatpose chat`: the page."""

import argparse
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.cli.backend_options import add_backend, chosen_backend
from chatpose.cli.photo_estimators import Estimators, add_estimator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatpose.body.model import BodyModel
    from chatpose.perception.estimator import PhotoEstimator


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "chat",
        help="open the page",
        description="Serves the page on this machine: talk about poses, drop photos and pose files, look at the body, "
        "take it away in any format.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=port, default=None, help="default: the first free one from 7860")
    parser.add_argument("--share", action="store_true", help="a public link through Gradio's servers")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask visitors for a name and a password")
    parser.add_argument("--no-browser", action="store_true", help="don't open a browser window")
    shared.add_body(parser)
    add_estimator(parser)
    add_backend(parser)
    parser.set_defaults(run=run)


def port(text: str) -> int:
    """Argparse type: a TCP port."""
    value = int(text)
    if not 0 < value < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port (1 to 65535)")
    return value


def run(options: argparse.Namespace) -> int:
    """Serves until interrupted."""
    from chatpose.errors import ChatposeError
    from chatpose.optional import require_package

    require_package("gradio", "ui", "for the page")
    from chatpose.gradio_app import launch

    user, colon, password = (options.auth or "").partition(":")
    if options.auth and not (user and colon and password):
        raise ChatposeError(f"--auth {options.auth!r}", expected="USER:PASSWORD")
    body = shared.body_model(options)
    launch(
        body=body,
        host=options.host,
        port=options.port,
        share=options.share,
        auth=(user, password) if options.auth else None,
        open_browser=not options.no_browser,
        estimator=_estimator(options.estimator, body) if options.estimator else None,
        backend=chosen_backend(options),
        warm=True,
    )
    return 0


def _estimator(name: str, body: "BodyModel") -> "Callable[[Path], PhotoEstimator]":
    """Who looks at each photo; what can't be meant is told before anything is served."""
    estimators = Estimators(name, body)
    estimators.check()
    if not name.startswith("."):
        estimators.of("")
    return estimators.of
