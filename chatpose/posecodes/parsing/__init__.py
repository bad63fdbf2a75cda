"""Free English sentences → statements of the grammar."""
