"""Runs as the CI systems tell them: what was seen of each attempt, merged, and kept beside the reports of its steps.

run.py      what one look or one webhook said of a run: `Run`, its `Job`s, `Status`
words.py    the CI systems' words for where a run stands → `Status`
merge.py    two sightings → what is true: in any order, twice, with gaps
record.py   a run as the database has it: what the CI system told, and what the reports of its steps did
book.py     what was seen → the database, and what changed by it
reading.py  runs, jobs and changes out of the database
"""
