"""The hub's database as one SQLite file: WAL, durable at each commit, one writer."""
