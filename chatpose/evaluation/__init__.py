"""Suites with fixed protocols: what is measured on what, held out how."""
