"""The hub: a server that receives what jobs report, keeps it, and shows it. `pip install 'ci-reporter[hub]'`.

An importer stands above what it imports:

    server.py  the whole: uvicorn, the routes, a clean start and stop; app.py is its ASGI application
    page/      what people look at: HTML, live by server-sent events
    alerts/    rules on what changes → messages to people
    poll/      asks CI systems what runs; webhooks/ is told by them
    api/       the JSON API; metrics/ for Prometheus; forward/ to a Pushgateway
    parquet.py, transfer.py    reports → files, and back
    ingest/    POST /ci-report: bytes → verified → reports → rows → the queue of the writer
    auth/      who asks, and what they may see
    changes.py what changed → whoever listens in this process
    upstream/  clients of GitHub, GitLab, Jenkins, Gitea and Forgejo
    runs/      runs of CI systems and of reports, merged; what changed, numbered
    silences/  which alerts are not sent, and until when
    store/     rows → a database: what every database does (`Store`), and one folder a database
    settings/  the configuration file and the environment, read and checked
    problem.py, asgi.py, encoding.py, exposition.py, connections.py    HTTP and the metrics' text, of no subject

Nothing below imports it, and it is not part of `ci-reporter.pyz`: a job that wraps a step never pays for it.
"""
