"""ELF files: read their headers, add a section."""
