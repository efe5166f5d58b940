"""Silences: for a time, alerts that match tell nobody. Alertmanager's idea, with its matchers.

matchers.py  `repository=acme/shop`, `branch=~release/.*`: which alerts
silence.py   `Silence`, and the silences of a database
windows.py   maintenance that comes back: `sat 02:00-04:00`
"""
