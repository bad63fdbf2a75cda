"""A pose put into words that are true, and words into measurable statements."""
