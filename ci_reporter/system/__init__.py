"""The mechanisms every room shares, each once: files, git, text, masking, XML."""
