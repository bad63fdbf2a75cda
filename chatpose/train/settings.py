"""Settings of a training run from a YAML file."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import yaml

from chatpose.errors import UnreadableFileError
from chatpose.pretrained import PretrainedConfig, config_from_dict
from chatpose.safefiles import read_limited

MAX_SETTINGS_BYTES = 2**16

SettingsT = TypeVar("SettingsT", bound=PretrainedConfig)


def read_settings(default: SettingsT, path: Path, whole: tuple[str, ...] = ()) -> SettingsT:
    """Settings from YAML; what isn't there is as in `default`, within groups too.

    Args:
        default: what to start from.
        path: the file.
        whole: groups that are replaced as a whole.

    Raises:
        UnreadableFileError: not YAML; an unknown or wrong key.
    """
    try:
        given = yaml.safe_load(read_limited(path, max_bytes=MAX_SETTINGS_BYTES)) or {}
    except yaml.YAMLError as error:
        raise UnreadableFileError(f"{path}: {error}", expected="YAML") from error
    if not isinstance(given, dict):
        raise UnreadableFileError(f"{path} holds no settings", expected="a mapping (key: value)")
    head = {"kind": default.KIND, "version": default.VERSION}
    return config_from_dict(type(default), {**head, **_merged(asdict(default), given, whole)}, str(path))


def _merged(default: Mapping[str, Any], given: Mapping[str, Any], whole: tuple[str, ...]) -> dict[str, Any]:
    merged = dict(default)
    for key, value in given.items():
        known = default.get(key)
        both = isinstance(value, Mapping) and isinstance(known, Mapping) and key not in whole
        merged[key] = {**known, **value} if both and isinstance(known, Mapping) else value
    return merged
