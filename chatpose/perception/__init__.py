"""Photos in, posed bodies out, with honest confidence."""
