"""Coverage reports: one file a format; what a file says becomes a `CoverageReport`."""
