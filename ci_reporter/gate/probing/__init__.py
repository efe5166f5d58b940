"""Where a gate's samples come from: probes on a clock, the revision that answers, PromQL."""
