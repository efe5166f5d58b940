"""One replica of a small shop, with a bug where it is told to have one: `service.py PORT REVISION [BUG]`.

Bugs that come later count requests for orders, not seconds: on a slow machine they come at the same place of the watch.
"""

import json
import math
import os
import random
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, REVISION, BUG = int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""
USUAL_S = 0.15
DRAIN_S = 1.0  # after TERM it answers for that long: the balancer may not have heard yet
LATE = 100  # orders that each replica answers well before a bug that comes late
EARLY = 20  # and before one that comes soon after the deploy
COLD = 10


class Shop(BaseHTTPRequestHandler):
    """GET /health, /api/orders and /stats."""

    orders = 0
    count = threading.Lock()

    def do_GET(self):
        answer = {"/health": self.health, "/api/orders": self.list_orders, "/stats": self.stats}.get(self.path)
        status, body = answer() if answer else (404, {})
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def health(self):
        if BUG == "unhealthy":
            database = [{"status": "fail", "output": "too many connections"}]
            return 503, {"status": "fail", "revision": REVISION, "checks": {"database": database}}
        return 200, {"status": "pass", "revision": REVISION[::-1] if BUG == "wrong revision" else REVISION}

    def list_orders(self):
        with Shop.count:
            Shop.orders += 1
            number = Shop.orders
        if BUG == "dies" and number > EARLY:
            os._exit(1)
        time.sleep(USUAL_S * math.exp(random.gauss(0, 0.2)) * slowdown(number))
        if BUG == "errors" and random.random() < 0.2:
            return 500, {"status": "error"}
        if BUG == "error body" and random.random() < 0.2:
            return 200, {"status": "error", "message": "cannot reach the payment service"}
        return 200, {"status": "ok", "orders": [{"id": number}]}

    def stats(self):
        waiting = random.randrange(20)
        return 200, {"orders": Shop.orders, "queue": waiting + 5 * Shop.orders if BUG == "backlog" else waiting}

    def log_message(self, *_):
        pass


def slowdown(number):
    """How many times longer the order of that number takes."""
    if BUG == "slow" or (BUG == "slow later" and number > LATE):
        return 3
    return 5 if BUG == "cold" and number <= COLD else 1


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    if BUG == "crash":
        sys.exit("cannot read the configuration")
    server = Server(("127.0.0.1", PORT), Shop)
    signal.signal(signal.SIGTERM, lambda *_: threading.Timer(DRAIN_S, server.shutdown).start())
    server.serve_forever(poll_interval=0.1)


main()
