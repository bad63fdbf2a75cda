"""Optional packages: one place that imports them and says how to get them."""

import importlib
from types import ModuleType

from chatpose.errors import MissingExtraError


def require_package(package: str, extra: str, purpose: str) -> ModuleType:
    """Imports `package` or raises an error that names the extra to install.

    Args:
        package: import name.
        extra: the extra of chatpose that brings it.
        purpose: what it is needed for, as the end of "… is needed ".

    Raises:
        MissingExtraError: the package isn't installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.split(".")[0]:
            raise
        raise MissingExtraError(
            f"the package {package!r} is needed {purpose}", fix=f"install it with: pip install 'chatpose[{extra}]'"
        ) from error
