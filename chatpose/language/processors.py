"""What turns photos and words into a base model's inputs: its own processor, also where videos can't be read.

Processors of transformers that know videos ask for torchvision, which chatpose doesn't need: photos are enough. Where
it isn't installed the video part is a stand-in that keeps its settings and refuses videos.
"""

import json
from pathlib import Path
from typing import Any

from chatpose.errors import MissingExtraError, UnreadableFileError
from chatpose.optional import require_package


def load_processor(source: str, tokenizer: Any, **options: Any) -> Any:
    """The processor of a base with eyes.

    Args:
        source: hub name or folder.
        tokenizer: of the base, perhaps with pose tokens already; the processor works with this very object.
        options: for transformers' `from_pretrained`, such as `trust_remote_code`.

    Raises:
        MissingExtraError: the processor asks for a package that isn't installed.
        UnreadableFileError: there is no processor there, or it can't be read.
    """
    transformers = require_package("transformers", "language", "to read photos with a language model")
    try:
        kind = _processor_class(transformers, source, options)
        if kind is None:
            processor = transformers.AutoProcessor.from_pretrained(source, **options)
            if not hasattr(processor, "image_processor"):
                raise ValueError("it reads no photos")
            processor.tokenizer = tokenizer
            return processor
        settings = kind.get_processor_dict(source, **options)[0]
        if "video_processor" in kind.get_attributes() and not transformers.utils.is_torchvision_available():
            kind = _for_photos(kind)
        parts = [_part(transformers, name, source, tokenizer, options) for name in kind.get_attributes()]
        return kind.from_args_and_dict(parts, settings)
    except ImportError as error:
        raise MissingExtraError(str(error).strip().splitlines()[0], fix="install that package") from error
    except (OSError, ValueError, TypeError) as error:
        raise UnreadableFileError(
            f"the processor of {source} can't be read: {str(error).strip()[:300]}",
            expected="its preprocessor_config.json and processor_config.json",
        ) from error


def _processor_class(transformers: Any, source: str, options: dict[str, Any]) -> Any:
    """The class, by the name that the files give or the model's kind; None for remote code, which finds its own."""
    name = None
    for stored in _settings(source, ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")):
        if "AutoProcessor" in stored.get("auto_map", {}) and options.get("trust_remote_code"):
            return None
        name = name or stored.get("processor_class")
    if name is None:
        config = transformers.AutoConfig.from_pretrained(source, **options)
        return transformers.models.auto.processing_auto.PROCESSOR_MAPPING.get(type(config), None)
    return getattr(transformers, name, None)


def _part(transformers: Any, name: str, source: str, tokenizer: Any, options: dict[str, Any]) -> Any:
    if "tokenizer" in name:
        return tokenizer
    if name == "video_processor":
        if transformers.utils.is_torchvision_available():
            return transformers.AutoVideoProcessor.from_pretrained(source, **options)
        return _no_videos(_video_settings(source))
    return transformers.AutoImageProcessor.from_pretrained(source, **options)


def _settings(source: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The JSON files that are there, of a folder or of the hub's cache."""
    from transformers.utils.hub import cached_file

    found = []
    for name in names:
        path = cached_file(
            source,
            name,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_gated_repo=False,
            _raise_exceptions_for_connection_errors=False,
        )
        if path is not None:
            stored = json.loads(Path(path).read_text(encoding="utf-8"))
            if isinstance(stored, dict):
                found.append(stored)
    return found


def _video_settings(source: str) -> dict[str, Any]:
    for stored in _settings(source, ("video_preprocessor_config.json",)):
        return stored
    for stored in _settings(source, ("processor_config.json",)):
        return dict(stored.get("video_processor") or {})
    return {}


def _for_photos(kind: Any) -> Any:
    """The processor class, content with a stand-in where videos would be read; it is saved under its own name."""

    class ForPhotos(kind):
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument_name == "video_processor":
                return type(argument)
            return super().check_argument_for_proper_class(argument_name, argument)

    ForPhotos.__name__ = ForPhotos.__qualname__ = kind.__name__
    return ForPhotos


def _no_videos(settings: dict[str, Any]) -> Any:
    """A video processor that keeps settings and reads nothing."""
    from transformers.video_processing_utils import VideoProcessorMixin

    class NoVideos(VideoProcessorMixin):
        """Stands where torchvision isn't installed."""

        def __call__(self, *_: Any, **__: Any) -> Any:
            raise MissingExtraError("videos need the package 'torchvision'", fix="install it, or give photos")

        def to_dict(self) -> dict[str, Any]:
            return dict(settings)

    stand_in = NoVideos()
    for name in ("merge_size", "temporal_patch_size", "num_frames", "fps"):
        setattr(stand_in, name, settings.get(name))
    return stand_in
