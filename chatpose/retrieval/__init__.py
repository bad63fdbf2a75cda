"""Finding poses by words, by a pose, by a statement: joint embedding, library folder, index, search."""
