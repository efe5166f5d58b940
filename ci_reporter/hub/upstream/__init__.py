"""The APIs of CI systems, read only: what they answer → runs.

client.py   one request: limits, redirects, revalidation, the rate budget        meter.py   what was asked, for /metrics
budget.py   what is left of a rate limit, by the headers of the last answer
fields.py   JSON → texts, times, refs, commits                                   state.py   what is kept between looks
protocol.py what every CI system's module can do
nodes/      JSON → runs and jobs, also that of webhooks
github.py, gitlab.py, jenkins.py, gitea.py   one a CI system                     connect.py its settings → one of them
"""
