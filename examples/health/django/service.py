"""A Django service that answers the gate, in one file:  gunicorn service:app  or  uvicorn service:asgi_app"""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

from ci_reporter.health import Health, find

MIDDLEWARE = ["ci_reporter.health.routes.django_route"]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE)
health = Health(find(beside=__file__))


@health.check("database", timeout_s=1)
def database():
    """Raises when it is not there: django.db.connection.ensure_connection()."""


def item(_request, number):
    return JsonResponse({"number": number})


urlpatterns = [path("items/<int:number>", item)]
app = health.wsgi(get_wsgi_application())
asgi_app = health.asgi(get_asgi_application())
