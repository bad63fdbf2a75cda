"""Conversations about poses: what they are made of, the tools they call, and generators of training conversations."""
