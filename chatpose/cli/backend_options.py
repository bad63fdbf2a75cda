"""`--backend` and what belongs to it, for the commands in which a model answers."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatpose.agent.backends.protocol import Backend


def add_backend(parser: argparse.ArgumentParser) -> None:
    """`--backend`, `--model`, `--api-key-env`, `--send-photos`."""
    group = parser.add_argument_group("the model that answers (docs/backends.md)")
    group.add_argument(
        "--backend",
        default="nano",
        metavar="WHICH",
        help="nano (default: chatpose's own, nothing leaves this machine), hf:PATH[,ADAPTER] (a Hugging Face model "
        "with chatpose's adapter), openai:URL (a server that speaks OpenAI's protocol: vLLM, llama.cpp, Ollama)",
    )
    group.add_argument("--model", default="", metavar="NAME", help="the model on the server (default: its only one)")
    group.add_argument(
        "--api-key-env",
        default="",
        metavar="VAR",
        help="environment variable that holds the server's key (default: no key)",
    )
    group.add_argument(
        "--send-photos", action="store_true", help="photos go to the server, too (default: only what was found in them)"
    )
    parser.set_defaults(hub=takes_hub)


def takes_hub(options: argparse.Namespace) -> bool:
    """Whether the person names a model of the hub."""
    from chatpose.agent.backends.choice import BackendChoice, ChoiceError

    try:
        return BackendChoice.read(options.backend).takes_hub
    except ChoiceError:  # told when it is opened
        return False


def chosen_backend(options: argparse.Namespace) -> "Backend | None":
    """The back end that the options ask for; None for chatpose's own, which the agent has anyway.

    Args:
        options: of the command line.

    Raises:
        ChatposeError: it can't be opened.
    """
    from chatpose.agent.backends.choice import NANO, open_backend

    backend = open_backend(
        options.backend, model=options.model, key_variable=options.api_key_env, send_photos=options.send_photos
    )
    return None if options.backend == NANO else backend
