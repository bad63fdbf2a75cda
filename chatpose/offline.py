"""No request leaves the machine unasked: switches that must be set before the libraries that read them are imported."""

import os


def stay_offline() -> None:
    """Turns off telemetry and hub access for this process unless the person has set the variables.

    Called by the ways in (command line, page), never on import of the library. A command that a person gives a hub
    model's name sets `HF_HUB_OFFLINE=0` itself first.
    """
    for name, value in {
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "DO_NOT_TRACK": "1",
    }.items():
        os.environ.setdefault(name, value)
