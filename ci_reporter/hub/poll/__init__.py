"""The poller: it looks at CI systems when it is their time, keeps what it sees, and says how old that is.

targets.py  settings → what is looked at            lane.py    a token's targets, in the order in which they are due
ledger.py   how far each was looked at, who does    poller.py  lanes and looks, a service of the hub
figures.py  the poller's metrics                    lint.py    what a configuration would do, and what it costs
"""
