"""Readers of pose collections and texts, with their splits."""
