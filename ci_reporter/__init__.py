"""Record what a CI step did, push it, and decide whether a deploy may go green."""

__version__ = "0.1.0"
