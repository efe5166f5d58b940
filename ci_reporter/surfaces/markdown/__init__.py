"""A run as Markdown, as GitHub's job summaries and the comments of pull and merge requests show it."""
