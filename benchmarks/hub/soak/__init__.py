"""A hub with everything on for an hour: `python -m benchmarks.hub.soak`."""
