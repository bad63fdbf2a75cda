"""No request leaves the machine unasked: switches that must be set before the libraries that read them are imported."""

import os


def stay_offline(*, hub: bool = False) -> None:
    """Turns off telemetry and hub access for this process unless the person has set the variables.

    Called by the ways in (command line, page), never on import of the library.

    Args:
        hub: leave the hub reachable: the command takes a hub model's name from the person.
    """
    switches = {"HF_HUB_DISABLE_TELEMETRY": "1", "GRADIO_ANALYTICS_ENABLED": "False", "DO_NOT_TRACK": "1"}
    for name, value in (switches if hub else {"HF_HUB_OFFLINE": "1", **switches}).items():
        os.environ.setdefault(name, value)
