"""`ci-reporter init`: what a repository has, and the files that a start with ci-reporter needs.

A walk through it: `tree` lists and reads the repository, safely; `survey` says what it has: CI systems, test suites, a
deploy; `plan` turns that into files to write, changes to propose and things to say. Nothing here writes but `write`.

A repository is somebody else's text: what is taken from it into a file of ours is checked first (`words`).
"""
