"""A FastAPI service that answers the gate:  uvicorn service:app"""

import asyncio

from fastapi import FastAPI

from ci_reporter.health import Health, Outcome, find

health = Health(find(beside=__file__))
app = FastAPI()


@health.check("database", timeout_s=1)
async def database():
    await asyncio.sleep(0.01)  # here: SELECT 1, over the service's own connections


@health.check("disk", critical=False, ready=False)
def disk():
    return Outcome(status="warn", output="91 % full", observed_value=91, observed_unit="%")


@app.get("/items/{number}")
async def item(number: int):
    return {"number": number}


app = health.asgi(app)
