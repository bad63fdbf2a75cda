"""Which estimator looks at a photo: chatpose's own, a class of somebody else's, or a file of its results."""

import argparse
import importlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chatpose.errors import MissingFileError, UnknownNameError

if TYPE_CHECKING:
    from chatpose.body.model import BodyModel
    from chatpose.perception.estimator import PerceptionPipeline, PhotoEstimator

HELP = "another estimator: package.module:Class, a file of its poses, or a suffix (.npz) of files beside photos"


def add_estimator(parser: argparse._ActionsContainer) -> None:
    """`--estimator`."""
    parser.add_argument("--estimator", metavar="NAME", help=HELP)


class Estimators:
    """The estimator of each photo; models are loaded with the first one.

    Args:
        name: as `--estimator` takes it; chatpose's own when empty.
        body: that the people are shown on; the open body when absent.
        fit: refine the poses on what was seen.
    """

    def __init__(self, name: str | None = None, body: "BodyModel | None" = None, *, fit: bool = True) -> None:
        self._name, self._body, self._fit = name, body, fit

    def check(self) -> None:
        """Says before any photo is read that none can be.

        Raises:
            MissingFileError: the models weren't fetched; the message says how.
            MissingExtraError: the package that runs them isn't installed.
            UnknownNameError: no such estimator.
        """
        if not self._name:
            _ = self._own.eyes
        elif not _is_file(self._name):
            _ = self._plugged_in

    def of(self, path: str | Path) -> "PhotoEstimator":
        """The estimator for a photo.

        Raises:
            MissingFileError: no file of results for it.
            UnknownNameError: no such estimator.
        """
        from chatpose.perception.file_estimator import estimates_beside

        if not self._name:
            return self._own
        if not _is_file(self._name):
            return self._plugged_in
        beside = self._name.startswith(".")
        return _estimator_of_file(estimates_beside(path, self._name) if beside else Path(self._name), self._body)

    @cached_property
    def _own(self) -> "PerceptionPipeline":
        from chatpose.perception.estimator import PerceptionPipeline

        return PerceptionPipeline(fit=self._fit, body=self._body)

    @cached_property
    def _plugged_in(self) -> "PhotoEstimator":
        return plugged_in(self._name or "")


def plugged_in(name: str) -> "PhotoEstimator":
    """An estimator by class.

    Raises:
        UnknownNameError: no such module or class, or one that finds no people.
    """
    from chatpose.perception.estimator import PhotoEstimator

    module, _, attribute = name.partition(":")
    expected = "package.module:Class, a file of poses, or a suffix such as .npz"
    if not module or not attribute:
        raise UnknownNameError(f"--estimator {name}", expected=expected)
    try:
        made = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, TypeError) as error:
        raise UnknownNameError(f"--estimator {name}: {error}", expected=expected) from error
    if not isinstance(made, PhotoEstimator):
        raise UnknownNameError(f"--estimator {name} has no method people(photo, limit)", expected=expected)
    return made


def _is_file(name: str) -> bool:
    from chatpose.perception.file_estimator import is_estimates_file

    return is_estimates_file(name)


def _estimator_of_file(path: Path, body: "BodyModel | None") -> "PhotoEstimator":
    from chatpose.perception.file_estimator import FileEstimator
    from chatpose.perception.four_d_humans import FourDHumans, is_four_d_humans

    if not path.is_file():
        raise MissingFileError(f"no file {path}", expected="a file of poses for the photo")
    adapter = FourDHumans if is_four_d_humans(path) else FileEstimator
    return adapter(path, body=body)
