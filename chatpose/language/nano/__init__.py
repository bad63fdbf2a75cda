"""chatpose-nano: the small language model that ships with chatpose, of its own kind ("chatpose-nano")."""
