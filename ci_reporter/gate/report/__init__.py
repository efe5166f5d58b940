"""A verdict for people and machines: Markdown, charts, JUnit XML."""
