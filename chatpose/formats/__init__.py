"""Pose files in and out: one `load`, one `save`, by suffix and content."""

from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import load, save

__all__ = ["PoseClip", "load", "save"]
