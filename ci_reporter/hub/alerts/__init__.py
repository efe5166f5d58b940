"""Alerts from the hub: rules held against all that it hears of, told once, whatever dies meanwhile.

event.py     what rules see: a step, a gate, a run, a job, DORA's figures, each as a `Report`
rules.py     rules + what they know + an event → what they know after it, and what there is to tell. Pure
book.py      the same in one transaction, with the outbox: told once by any number of replicas
outbox.py    what waits for a channel, and whose turn it is to send
sender.py    the outbox → channels
overdue.py   runs that take too long, or are heard of no more: learned from the job's own history. Pure
feed.py      reports that arrive, each given to one hub
follow.py    runs that change, and runs that do not although they should
deploys/     after a deploy: does the service answer as before, and if not, who is told and what is done
trends.py    flaky series, slow drifts. Pure
ruling.py    the configuration file's rules and channels
assembly.py  all of it put together
figures.py   the alerts' metrics
service.py   the threads that do all this beside the server
"""
