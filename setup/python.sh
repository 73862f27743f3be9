#!/bin/sh
# Runs its arguments with the first Python on PATH that is new enough, or says in one line that there is none.
for python in python3.13 python3.12 python3.11 python3 python; do
    # A name may be there without a Python behind it (a version manager's shim), so each is asked.
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        exec "$python" "$@"
    fi
done
echo "No Python 3.11 or newer on PATH: install one, then run this again." >&2
exit 1
