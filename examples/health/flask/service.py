"""A Flask service that answers the gate:  gunicorn service:app"""

from flask import Flask

from ci_reporter.health import Health, find

health = Health(find(beside=__file__))
app = Flask(__name__)
app.wsgi_app = health.wsgi(app.wsgi_app)


@health.check("database", timeout_s=1)
def database():
    """Raises when it is not there: SELECT 1, over the service's own connections."""


@app.get("/items/<int:number>")
def item(number):
    return {"number": number}
