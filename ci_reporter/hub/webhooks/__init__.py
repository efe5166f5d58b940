"""`POST /webhooks/…`: what CI systems tell of pushes, tags, runs, jobs and deployments.

endpoint.py    a request: length → signature over the raw bytes → JSON → event → inbox; 2xx when it is durable
source.py      who sends: its headers, and how it signs
inbox.py       deliveries → the database, several in a transaction, each once
deliveries.py  the table of deliveries: when, which event, what became of it
event.py       what a delivery tells; github.py, gitlab.py, gitea.py, bitbucket.py, generic.py: payload → event
"""
