"""Runs as the CI systems tell them: what was seen of each attempt, merged, and kept beside the reports of its steps.

run.py      what one look or one webhook said of a run: `Run`, its `Job`s, `Status`
merge.py    two of them → what is true: in any order, twice, with gaps
book.py     what was seen → the database, and what changed by it
"""
