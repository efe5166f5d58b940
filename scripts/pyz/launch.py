"""Start ci-reporter from one file: this is `__main__.py` in ci-reporter.pyz.

An old Python has to get through the syntax of this file, to be told that it is too old.
"""

import sys


def start(archive):
    """Load the pack of this Python's byte code, or else the sources, and let its importer run the program."""
    import marshal
    import zlib
    from importlib.util import MAGIC_NUMBER  # `runpy`, which has started us, has loaded that module

    # A Python of the same version may have another byte code: a beta, PyPy.
    magic = int.from_bytes(MAGIC_NUMBER[:2], "little")
    try:
        pack = __loader__.get_data("%s/%s-%d" % (archive, sys.implementation.cache_tag, magic))
    except OSError:
        pack = __loader__.get_data("%s/sources" % archive)
    # All of the pack is in memory from here on: the file may be replaced or deleted while the wrapped command runs.
    head_size = int.from_bytes(pack[:4], "little")
    importer, head = marshal.loads(zlib.decompress(memoryview(pack)[4 : 4 + head_size]))
    names = {"__name__": "ci_reporter_pyz"}
    exec(marshal.loads(importer) if head["is_compiled"] else importer, names)
    names["start"](archive, memoryview(pack)[4 + head_size :], **head)


if sys.version_info < (3, 11):
    sys.stderr.write(
        "ci-reporter: needs Python 3.11 or newer, and this is %s (%s)\n" % (sys.version.split()[0], sys.executable)
    )
    sys.exit(2)
start(__loader__.archive)
