"""After a deploy: does the service answer as it did before, and if not, who is told and what is done.

watchfile.py  `deployments:` of the hub's configuration file → what is watched, and how to go back
prober.py     asks each service every few seconds, always: what it answered before a deploy is known when one comes
verdict.py    answers before and since → what the gate's judge says. Pure
commits.py    the commits since the last good deploy, from the API of GitHub or GitLab
watcher.py    deploys → watches → verdicts, in the database
ledger.py     rollbacks: planned, called at most once, and whether they worked
rollback.py   the call: a webhook, a workflow, a pipeline
"""
