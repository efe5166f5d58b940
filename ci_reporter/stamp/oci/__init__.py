"""Container images: their documents, their digests, their labels."""
