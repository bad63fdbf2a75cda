"""The Pose Atlas: what poses are called, how people speak of them, and what makes them true."""
