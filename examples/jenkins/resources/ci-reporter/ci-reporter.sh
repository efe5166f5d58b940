#!/bin/sh
# ci-reporter, as an agent of Jenkins has it: the program on the PATH, else the one file, by CI_REPORTER_PYZ or beside this.
# Without it a command runs without a record, and what only records or tells is left out; a gate fails.
here=$(cd "$(dirname "$0")" && pwd)
PATH=${PATH#"$here:"} # not this file again
export PATH
pyz=${CI_REPORTER_PYZ:-$here/../ci-reporter.pyz}
program=$(command -v ci-reporter)
[ "$1" != --found ] || { [ -n "$program" ] || [ -f "$pyz" ]; } || exit 1
[ "$1" != --found ] || exit 0
[ -z "$program" ] || exec "$program" "$@"

for python in ${CI_REPORTER_PYTHON:+"$CI_REPORTER_PYTHON"} python3 python ''; do
  [ -z "$python" ] || "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
done
if ! [ -f "$pyz" ]; then
  lacking="there is no ci-reporter on the PATH of this agent, and no file ${CI_REPORTER_PYZ:-ci-reporter.pyz}"
elif [ -z "$python" ]; then
  lacking="this agent has no Python 3.11 or newer (CI_REPORTER_PYTHON may name one that is not on the PATH)"
else
  exec "$python" -I "$pyz" "$@"
fi

case $1 in
  run | shell | collect) echo "ci-reporter: no record: $lacking" >&2 ;;
  comment | context | flush | notify | report | stamp | summary) ;;
  *) echo "ci-reporter: $1 is not possible: $lacking" >&2 && exit 127 ;;
esac
case $1 in run | shell) ;; *) exit 0 ;; esac
while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
[ $# = 0 ] || shift
exec "$@"
