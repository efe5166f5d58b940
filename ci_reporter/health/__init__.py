"""`/health`, `/livez`, `/readyz` and `/metrics` for a service of one's own, and the look at another's."""
