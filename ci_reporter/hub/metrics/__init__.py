"""`/metrics`: what was reported, as Prometheus reads it, from a snapshot; and how the hub itself is."""
