"""The hub's database as a PostgreSQL, for several hubs at a time."""
