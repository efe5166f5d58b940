"""A gate while it runs: its phases, its actions, what it came to."""
