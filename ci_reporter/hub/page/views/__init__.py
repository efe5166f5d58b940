"""One file a page: what is read, and the template that shows it."""
