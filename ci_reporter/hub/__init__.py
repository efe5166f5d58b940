"""The hub: a server that receives what jobs report, keeps it, and exposes it. `pip install 'ci-reporter[hub]'`.

    ingest/    POST /ci-report: bytes → verified → reports → rows → the queue of the writer
    store/     rows → a database: what every database does (`Store`), and one folder a database
    runs/      runs of CI systems and of reports, merged; what changed, numbered
    upstream/  clients of CI systems; poll/ asks them, webhooks/ is told by them
    changes.py what changed → whoever listens in this process
    api/       the JSON API; metrics/ for Prometheus
    auth/      who asks, and what they may see
    alerts/    rules on what changes → people; silences/
    page/      what people look at: HTML, live by server-sent events
    server.py  the whole: uvicorn, the routes, a clean start and stop

Nothing below imports it, and it is not part of `ci-reporter.pyz`: a job that wraps a step never pays for it.
"""
