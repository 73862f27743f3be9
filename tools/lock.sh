#!/bin/sh
# Makes requirements.lock, requirements-dev.lock and policy/requirements.lock anew from what the .txt files declare: wheels alone, each with its hashes, for every
# system and Python that the project runs on. What is locked stays as it is where it still fits; `sh tools/lock.sh --upgrade` takes what is newest.
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null 2>&1 || { echo "No uv on PATH: install it (pip install uv), then run this again." >&2; exit 1; }

wheels=.local/wheels
python3 -c 'import pathlib, sys; from third_party.pulumi_yandex import packing; packing.pack(pathlib.Path(sys.argv[1]))' "$wheels"

# make_lock LOCK DECLARATION…: keeps the words at the lock's top.
make_lock() {
    lock=$1
    shift
    sed -n '/^#/!q;p' "$lock" >"$lock.new"
    # A wheel has a hash, a folder has none: the lock names what is packed of the folder.
    cat "$@" | sed -e '/^-r /d' -e 's|^\./third_party/pulumi_yandex$|pulumi-yandex==0.13.0|' |
        uv pip compile - --output-file "$lock.compiled" --quiet --no-config --universal --python-version 3.11 --only-binary :all: \
            --find-links "$wheels" --generate-hashes --no-annotate --no-header --no-emit-index-url $options
    cat "$lock.compiled" >>"$lock.new"
    rm "$lock.compiled"
    mv "$lock.new" "$lock"
}

options="${1:-}"
[ "$options" = --upgrade ] || cp requirements.lock requirements.lock.compiled
make_lock requirements.lock requirements.txt
[ "$options" = --upgrade ] || cp requirements-dev.lock requirements-dev.lock.compiled
options="$options --constraints requirements.lock"
make_lock requirements-dev.lock requirements.txt requirements-dev.txt
# An environment of its own, so nothing of the others' holds it.
options="${1:-}"
[ "$options" = --upgrade ] || cp policy/requirements.lock policy/requirements.lock.compiled
make_lock policy/requirements.lock policy/requirements.txt
