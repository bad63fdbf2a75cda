"""What decides in a conversation which tool to use and what to say."""
