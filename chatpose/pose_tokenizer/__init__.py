"""Poses as words: group-residual rotation codes, their text form, grammar and initial embeddings."""
