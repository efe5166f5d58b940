"""A step of a job: run it, enrich it, hold it to limits, record it, deliver it, say what became of it."""
