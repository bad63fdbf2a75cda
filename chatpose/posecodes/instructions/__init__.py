"""Instructions that change a pose ("raise the right arm a bit", "the other one too") → a plan of changes."""
