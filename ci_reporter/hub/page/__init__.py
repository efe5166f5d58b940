"""The hub's pages: HTML from the server, live by server-sent events; all that a browser loads is served by us.

endpoint.py   the ASGI side: path → view → reader's thread → HTML, or a problem as a page
view.py       what a view is, and what a request to it is once it was read
rendering.py  Jinja2: values that others wrote are text, escaped
assets.py     style, scripts, icons: with their hash in the name, so they may be cached for ever
wall/         cards: each repository, branch, pipeline and environment with its last runs, kept in memory
live/         what changes, sent to whoever looks: `/events`, `/ws`
views/        one file a page
charts/       SVG, drawn here
templates/, static/
"""
