"""Alert rules: when to tell whom of what, and when to be silent because it has been said.

policyfile   `alerts:` of .ci-reporter.yml → policies
conditions   the text of `if:` → a tree; `facts` are the names that it may use
evaluate     a condition held against a report and those before it: yes, no, or not known
state        what was said per rule and series, and what to say now: pure functions
judge        all policies on one report
"""
