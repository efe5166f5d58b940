"""The gate: after a deploy, decide from recorded probes whether the job may go green."""
