"""A step of this run, from its start to the last word about it: run → enrich → hold to limits → record → deliver → say.

Each part is a function on values, in the module of its name; a caller composes those it needs:

    command, conclude    `run`: a command, with all parts (`command` is light: nothing heavy is loaded before it starts)
    collect              report files of another step: no command
    start, finish        a step whose middle is the caller's own, such as a gate

Nothing here reads the process's environment, prints or exits; what there is to say comes back in a `Conclusion`.
"""
