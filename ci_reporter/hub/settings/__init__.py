"""The hub's configuration file, one module a section; what it says of secrets is where they are, never what they are.

hubfile.py  the file: its sections, and those that other rooms read for themselves
poll.py     `poll:`, which CI systems and repositories to look at, and how often
tokens.py   a token by its variable or file, read again when the file changes
"""
