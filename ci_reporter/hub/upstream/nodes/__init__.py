"""JSON of CI systems → runs and jobs, one module a CI system: what the poller asks for, and what webhooks bring."""
