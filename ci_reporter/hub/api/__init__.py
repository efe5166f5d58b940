"""The JSON API, `/api/v1/…`: what the hub knows, read from its database, never from upstream.

route.py     what a route is: its path, its parameters, what it answers
routes.py    all routes; the OpenAPI document and the answers both follow from them
endpoint.py  the ASGI side: path, method, parameters, ETag, errors
readers.py   threads that read the database, few of them
masking.py   secrets and e-mail addresses out of what is answered
the others   one subject each: what is read, and what is made of it
"""
