#!/bin/sh
# ci-reporter, as an agent of Jenkins has it: the program on the PATH, else the one file, by CI_REPORTER_PYZ or beside this.
# Without it a command runs without a record, and what only records or tells is left out; a gate fails.
here=$(cd "$(dirname "$0")" && pwd -P)
# Without this folder, however the PATH spells it (/a//b): or this file would start itself for ever.
PATH=$(
  set -f
  IFS=:
  for each in $PATH; do
    [ "$(cd "$each" 2>/dev/null && pwd -P)" = "$here" ] || printf '%s:' "$each"
  done
)
PATH=${PATH%:}
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
  comment | context | flush | notify | report | stamp | summary | trace) ;;
  *) echo "ci-reporter: $1 is not possible: $lacking" >&2; exit 127 ;;
esac
case $1 in run | shell) ;; *) exit 0 ;; esac
shift
# The command begins behind `--`, or with the first word that is neither an option nor the value of one.
line=$CI_REPORTER_SHELL dashes='' previous=''
for each in "$@"; do [ "$each" != -- ] || dashes=yes; done
while [ $# -gt 0 ]; do
  case $1 in
    --) shift && break ;;
    --shell) line=true ;;
    -q | --quiet | --json | --strict | --dry-run | --wrap-logs | --outlive-parent) ;;
    --record-command | --require-baseline | --strict-reports | -*=*) ;;
    -*) previous=$1 && { [ $# = 1 ] || shift; } ;;
    *) case $dashes$previous in yes--coverage | yes--tests) ;; *) break ;; esac ;; # `--tests a.xml b.xml --`
  esac
  shift
done
[ $# -gt 0 ] || { echo "ci-reporter: there is no command to run" >&2; exit 2; }
case $line in true | yes | on | 1) exec sh -c "$*" ;; esac
exec "$@"
