"""Which model answers: what a person writes behind `--backend`, and the back end that it stands for."""

from dataclasses import dataclass
from pathlib import Path

from chatpose.agent.backends.protocol import Backend
from chatpose.agent.parts import Parts
from chatpose.errors import ChatposeError

NANO = "nano"
FORMS = "nano, hf:PATH[,ADAPTER] or openai:URL"


class ChoiceError(ChatposeError, ValueError):
    """No back end that there is, or options that don't belong to it."""


@dataclass(frozen=True)
class BackendChoice:
    """A back end that was asked for, not opened yet.

    Attributes:
        kind: "nano", "hf" or "openai".
        place: hub name or folder of a base, or a server's address; empty for nano.
        adapter: folder; empty for none.
    """

    kind: str
    place: str = ""
    adapter: str = ""

    @classmethod
    def read(cls, spec: str) -> "BackendChoice":
        """From what a person wrote.

        Raises:
            ChoiceError: none of the forms.
        """
        kind, colon, place = spec.strip().partition(":")
        if kind == NANO and not colon:
            return cls(NANO)
        if kind not in ("hf", "openai") or not place:
            # What stands before a "@" may be a password.
            raise ChoiceError(f"the back end {spec.rpartition('@')[2][:80]!r}", expected=FORMS)
        if kind == "hf" and not Path(place).exists() and "," in place:
            base, _, adapter = place.partition(",")
            return cls("hf", base.strip(), adapter.strip())
        return cls(kind, place)

    @property
    def takes_hub(self) -> bool:
        """Whether it names a model of the hub, which has to be reachable where the model isn't there yet."""
        return self.kind == "hf" and not Path(self.place).exists()


def open_backend(
    spec: str = NANO,
    *,
    model: str = "",
    key_variable: str = "",
    send_photos: bool = False,
    parts: Parts | None = None,
) -> Backend:
    """The back end that a person asked for. A server isn't asked anything yet; a Hugging Face model is loaded.

    Args:
        spec: "nano", "hf:PATH[,ADAPTER]" or "openai:URL".
        model: name of the model on a server.
        key_variable: environment variable that holds a server's key.
        send_photos: photos go to the server, too.
        parts: what chatpose's own back end reads with; new ones when absent.

    Raises:
        ChoiceError: no such back end, or options that don't belong to it.
        ChatposeError: it can't be opened.
    """
    choice = BackendChoice.read(spec)
    if choice.kind != "openai":
        given = {"--model": model, "--api-key-env": key_variable, "--send-photos": send_photos}
        for option, value in given.items():
            if value:
                raise ChoiceError(f"{option} with --backend {choice.kind}", expected="--backend openai:URL beside it")
    if choice.kind == "openai":
        from chatpose.agent.backends.openai_server import OpenAIBackend

        return OpenAIBackend(choice.place, model, key_variable=key_variable, send_photos=send_photos)
    if choice.kind == "hf":
        from chatpose.agent.backends.huggingface import HuggingFaceBackend

        return HuggingFaceBackend.open(choice.place, choice.adapter or None)
    from chatpose.agent.backends.nano import NanoBackend

    return NanoBackend(parts)
