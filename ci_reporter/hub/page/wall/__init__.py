"""The wall: a card for each repository, branch, pipeline and environment, with its last ten runs.

card.py     a card: what it shows, its state, its place among the others
cards.py    all cards, kept in memory and brought up to date by what changes
"""
