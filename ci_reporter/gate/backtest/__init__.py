"""Rules held against the past: A/A runs of a service that does not change, and kept recordings."""
