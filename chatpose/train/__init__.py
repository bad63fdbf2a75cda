"""Trainers, one file a component; each is run as `python -m chatpose.train.NAME`."""
