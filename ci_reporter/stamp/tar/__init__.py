"""Tar files: read as a stream, exchange entries, unpack and pack."""
