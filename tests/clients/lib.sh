# Shared by the scripts beside it, which source it: a virtual environment, an emulator, checks that are counted.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
cache=${KOMPOX_CLIENTS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/kompoxops-clients}
venv=
work=
emulator=
passed=0
failed=0

skip() {
    echo "skipped: $*"
    exit 0
}

# venv NAME: makes $cache/NAME with what requirements-NAME.txt lists, unless it is there, and sets $venv.
venv() {
    local requirements="$here/requirements-$1.txt" said
    venv="$cache/$1"
    command -v python3 >/dev/null || skip "there is no python3"
    cmp -s "$requirements" "$venv/installed" && return
    rm -rf "$venv"
    mkdir -p "$cache"
    said="$cache/$1.log"
    echo "\$ python3 -m venv $venv"
    python3 -m venv "$venv" >"$said" 2>&1 || skip "python3 makes no virtual environment ($said)"
    echo "\$ $venv/bin/pip install -r ${requirements#"$repository"/}"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >"$said" 2>&1 ||
        skip "pip cannot install the client; is the registry out of reach? ($said)"
    cp "$requirements" "$venv/installed"
}

# Sets $kompoxops: that of the environment, or what cargo builds now.
binary() {
    if [[ -n ${KOMPOXOPS:-} ]]; then
        kompoxops=$(realpath "$KOMPOXOPS")
    else
        (cd "$repository" && cargo build --quiet --package kompoxops)
        kompoxops="${CARGO_TARGET_DIR:-$repository/target}/debug/kompoxops"
    fi
}

# Starts an emulator of its own on a free port and sets what its line says: $arm, $authority, $ca, $subscription,
# $tenant, $client, $secret.
start_emulator() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/kompoxops-clients.XXXXXX")
    trap finish EXIT
    trap 'exit 130' INT TERM
    "$kompoxops" emulator run -o json --state "$work/azure" >"$work/emulator.json" 2>"$work/emulator.log" &
    emulator=$!
    local waited=0
    until [[ -s $work/emulator.json ]]; do
        if ! kill -0 "$emulator" 2>/dev/null || ((waited++ > 300)); then
            cat "$work/emulator.log" >&2
            exit 1
        fi
        sleep 0.1
    done
    local line=(armEndpoint authorityHost caFile subscriptionId tenantId clientId clientSecret)
    { read -r arm; read -r authority; read -r ca; read -r subscription; read -r tenant; read -r client; read -r secret; } < <(
        "${venv:+$venv/bin/}python3" -c 'import json, sys
line = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: print(line[key])' "$work/emulator.json" "${line[@]}"
    )
    # Nothing of the caller's own Azure, and no proxy, between a client and the emulator.
    local name
    for name in $(compgen -e | grep -E '^(AZURE|ARM|KOMPOX)_' || true); do unset "$name"; done
    export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
}

finish() {
    local status=$?
    trap - EXIT INT TERM
    if [[ -n $emulator ]]; then
        kill "$emulator" 2>/dev/null || true
        wait "$emulator" 2>/dev/null || true
    fi
    if [[ -n $work ]]; then
        if [[ -n ${KOMPOX_CLIENTS_KEEP:-} ]]; then echo "kept: $work"; else rm -rf "$work"; fi
    fi
    exit "$status"
}

# The last line of a script: the count, and the exit status.
summary() {
    echo "$1: $passed passed, $failed failed"
    ((failed == 0))
}

ok() {
    passed=$((passed + 1))
    echo "ok      $*"
}

bad() {
    failed=$((failed + 1))
    echo "FAILED  $1"
    shift
    printf '        %s\n' "$@"
}

# Runs a command after printing it; sets $out, $err and $status.
run() {
    local shown
    shown=$(printf '%q ' "$@")
    # shellcheck disable=SC2016
    echo "\$ ${shown//"$secret"/'$AZURE_CLIENT_SECRET'}"
    status=0
    "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    out=$(<"$work/out")
    err=$(<"$work/err")
}

# works WHAT COMMAND…: it exits 0.
works() {
    local what=$1
    shift
    run "$@"
    if ((status == 0)); then ok "$what"; else bad "$what" "exit $status" "$err"; fi
}

# gives WHAT EXPECTED COMMAND…: it exits 0 and prints exactly this; a tab is as good as a new line, because az prints
# one row in lines and several in columns.
gives() {
    local what=$1 expected=$2
    shift 2
    run "$@"
    if ((status == 0)) && [[ ${out//$'\t'/$'\n'} == "${expected//$'\t'/$'\n'}" ]]; then
        ok "$what"
    else
        bad "$what" "expected: $expected" "printed:  $out" "exit $status $err"
    fi
}

# refuses WHAT PATTERN COMMAND…: it fails and says something that the glob pattern is part of.
refuses() {
    local what=$1 pattern=$2
    shift 2
    run "$@"
    # shellcheck disable=SC2053
    if ((status != 0)) && [[ $err == *$pattern* ]]; then
        ok "$what"
    else
        bad "$what" "expected a failure with: $pattern" "exit $status $out" "$err"
    fi
}

# control WHAT JSON: a switch of the emulator, such as attach.
control() {
    curl --silent --show-error --fail --noproxy '*' --cacert "$ca" --request PUT --data "$2" "$arm/_emulator/$1"
}
