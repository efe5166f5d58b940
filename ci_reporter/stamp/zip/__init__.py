"""Zip files: read the central directory, write entries and copy the others as they are."""
