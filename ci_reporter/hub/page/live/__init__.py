"""What changes, sent to whoever looks.

broadcast.py  one change → what each of those who look gets of it, each by a bounded queue
stream.py     `/events`: server-sent events; `/ws`: the same as JSON, for other programs
feed.py       what changed in the database → cards → broadcast
"""
