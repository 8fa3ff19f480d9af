# Shared by the scripts beside it (sourced, not run): the Airflow lines we support, the Pythons to run them
# on, and how a virtual environment is filled from our constraint files.

cd -P "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export UV_PYTHON_DOWNLOADS=never

# line, release and its day, Pythons that have a constraint file; the first of them is the one we test on
airflow_lines='
2.11 2.11.2 2026-03-14 3.11 3.12
3.0  3.0.6  2025-08-29 3.12
3.1  3.1.8  2026-03-11 3.12
3.2  3.2.2  2026-05-29 3.12
3.3  3.3.2  2026-09-17 3.13 3.12 3.11
'
current_line=3.3
uv=.venv/bin/uv

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# need_debian PACKAGE...: as root, installs Debian's packages; else says which ones are missing.
need_debian() {
    [ $# -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "missing: $*; on Debian,
    apt-get install $*"
    echo "Installing Debian's $*"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
        fail "could not install $*"
}

has_postgresql() { ls -d /usr/lib/postgresql/*/bin >/dev/null 2>&1 || command -v initdb >/dev/null; }

all_lines() { awk 'NF { print $1 }' <<<"$airflow_lines"; }

# line_field LINE N: the Nth word of the line's row above; 2 is the release, 4 the Python we test on.
line_field() {
    awk -v line="$1" -v field="$2" '$1 == line { print $field }' <<<"$airflow_lines" | grep . ||
        fail "unknown Airflow line '$1', choose from: $(all_lines | xargs)"
}

constraints_file() { echo "constraints/airflow-$1-py$2.txt"; }
release_day_file() { echo "constraints/release-day-$1.txt"; }
lowest_file=constraints/lowest.txt lowest_python=3.11

python_version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# find_python MINOR: an interpreter of exactly that minor version. Being on PATH is not enough, it must
# run: pyenv leaves shims there for versions that are not switched on.
find_python() {
    local candidate
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
        if [ "$(python_version "$candidate")" = "$1" ]; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    echo "no Python $1 found, neither python$1 on PATH nor one installed by pyenv" >&2
    return 1
}

# is_usable VENV MINOR: it runs, on that Python, and lies where it was made (the scripts in a copy run the
# original).
is_usable() {
    [ "$(python_version "$1/bin/python")" = "$2" ] &&
        [ "$(set +eu && . "$1/bin/activate" && echo "$VIRTUAL_ENV")" = "$PWD/$1" ]
}

need_uv() { [ -x "$uv" ] || fail "there is no $uv yet: run 'make setup' first"; }

# ensure_venv VENV MINOR: an environment on that Python, kept if it is there already.
ensure_venv() {
    local python
    is_usable "$1" "$2" && return
    python=$(find_python "$2") && "$uv" venv --quiet --clear --python "$python" "$1"
}

stamp_of() { cat pyproject.toml "$@" | cksum; }

is_installed() { [ "$(cat "$1/.stamp" 2>/dev/null)" = "$(stamp_of "$2")" ]; }

# install_project VENV CONSTRAINTS GROUP [WHAT]: this checkout, editable, with a dependency group; nothing to do
# when neither the requirements nor the constraints changed since the last time.
install_project() {
    is_installed "$1" "$2" && return
    echo "Installing into $1 with $2"
    rm -f "$1/.stamp"
    "$uv" pip install --quiet --python "$1/bin/python" --constraints "$2" \
        --editable "${4:-.[parquet,zstd,s3]}" --group "$3" || return
    stamp_of "$2" >"$1/.stamp"
}

# build_wheel FOLDER: prints the path of the wheel of this checkout.
build_wheel() { "$uv" build --quiet --wheel --out-dir "$1" >&2 && ls "$1"/*.whl; }

# make_line_venv LINE GROUP [WHAT]: the line's own environment for a dependency group; its path is in $venv then.
make_line_venv() {
    local python
    venv=.venvs/$2-$1
    python=$(line_field "$1" 4) &&
        ensure_venv "$venv" "$python" &&
        install_project "$venv" "$(constraints_file "$1" "$python")" "$2" "${3:-}"
}

# on_lines TITLE FUNCTION LINE...: call the function with each line; fails if one of the calls does, and says at the
# end which.
on_lines() {
    local title=$1 function=$2 line started result failed=0 results=()
    for line in "${@:3}"; do
        line_field "$line" 1 >/dev/null || return
    done
    for line in "${@:3}"; do
        printf '\n== Airflow %s on Python %s, %s\n' "$(line_field "$line" 2)" "$(line_field "$line" 4)" "$title"
        started=$SECONDS result=passed
        "$function" "$line" || failed=1 result=FAILED
        results+=("$line" "$result" $((SECONDS - started)))
    done
    printf '\n'
    printf '== Airflow %s: %s in %s s\n' "${results[@]}"
    return $failed
}
