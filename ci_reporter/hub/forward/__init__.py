"""Reports handed on to a Pushgateway, for panels that live there.

waiting.py   what is still to be handed on, in the database
forwarder.py the thread that does it, with the sink that a job has
"""
