"""Requests in words → poses that are measured, mended and shown with the statements that hold."""
