# helper.bash - what the end-to-end tests share.  Sourced by each .bats file.
# shellcheck shell=bash disable=SC2034

E2E_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BIN=${VMBALANCE_BIN:-$E2E_DIR/../../build/bin}
LAB=$E2E_DIR/../lab/lab
TEST_URI=test:///default # libvirt's own mock: needs no libvirtd

# need PROGRAM...: skips the test when one is missing; in CI that is a failure.
need() {
    local program
    for program; do
        PATH=$BIN:$PATH:/usr/sbin command -v "$program" >/dev/null && continue
        [[ ${CI-} != true ]] || fail "$program is missing"
        skip "$program is missing"
    done
}

fail() {
    printf '%s\n' "$@" >&2
    return 1
}

# eventually SECONDS COMMAND...: waits until the command succeeds; fails, showing what it
# said last, when it has not by then.
eventually() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) said
    shift
    while ! said=$("$@" 2>&1); do
        if ((${EPOCHREALTIME/./} >= end)); then
            fail "not in time: $*" "${said:0:2000}"
            return 1
        fi
        sleep 0.2 # between two looks; nothing relies on its length
    done
}

# holds SECONDS COMMAND...: the command succeeds all that time.
holds() {
    local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) said
    shift
    while ((${EPOCHREALTIME/./} < end)); do
        said=$("$@" 2>&1) || {
            fail "did not hold: $*" "${said:0:2000}"
            return 1
        }
        sleep 0.5
    done
}

not() {
    ! "$@"
}

# run_split COMMAND...: as bats' run, with stdout in $out and stderr in $err.
run_split() {
    local files
    files=$(mktemp -d /tmp/vmb.XXXXXX)
    status=0
    timeout -k 2 "${LIMIT:-20}" "$@" >"$files/out" 2>"$files/err" 3>&- </dev/null || status=$?
    out=$(<"$files/out") err=$(<"$files/err")
    rm -rf "$files"
}

# expect STATUS OUT ERR: what run_split found.  OUT and ERR are patterns; '' is silence.
expect() {
    local what="status $status, out: ${out:0:500}, err: ${err:0:500}"
    [[ $status == "$1" ]] || fail "status is not $1: $what" || return
    if [[ -z $2 ]]; then
        [[ -z $out ]] || fail "stdout is not empty: $what" || return
    else
        [[ $out =~ $2 ]] || fail "stdout has no '$2': $what" || return
    fi
    if [[ -z $3 ]]; then
        [[ -z $err ]] || fail "stderr is not empty: $what" || return
    else
        [[ $err =~ $3 ]] || fail "stderr has no '$3': $what" || return
    fi
}

# A short directory, for there is a socket in it.
make_dir() {
    mktemp -d /tmp/vmb.XXXXXX
}

# processes_in DIR: the pids that have DIR on their command line, but for ours and dead ones.
processes_in() {
    local f
    # The pattern comes from a file, lest grep finds itself.
    grep -l -a -s -F -f <(printf '%s\n' "$1") /proc/[0-9]*/cmdline | while read -r f; do
        f=${f#/proc/}
        f=${f%/cmdline}
        case $(cat "/proc/$f/comm" 2>/dev/null) in
        simhost | monitor | cpu_actor | mem_actor | vcpu_scheduler | memory_coordin* | vmbalance) echo "$f" ;;
        esac
    done
}

no_process_in() {
    local pids
    pids=$(processes_in "$1")
    # shellcheck disable=SC2086 # several
    [[ -z $pids ]] || fail "still there: $(ps -o pid,stat,args -p ${pids//[[:space:]]/,})"
}

# ---- a stack; RUN is its runtime directory ----

# stack_up OPTION...: a supervisor as our child; $SUPERVISOR is its pid.
stack_up() {
    local ready fifo
    fifo=$(mktemp -u /tmp/vmb.XXXXXX)
    mkfifo "$fifo"
    exec {ready}<>"$fifo"
    "$BIN/vmbalance" up --runtime-dir "$RUN" --ready-fd "$ready" "$@" \
        </dev/null >"$RUN.out" 2>&1 3>&- &
    SUPERVISOR=$!
    rm -f "$fifo"
    IFS= read -r -t 30 -u "$ready" || {
        fail 'the stack is not up after 30 s' "$(tail -n 30 "$RUN.out")"
        return 1
    }
    exec {ready}>&-
}

# stack_gone: whatever is left of the stack goes, without ceremony.  Fails when there was
# anything left although the supervisor had ended.
stack_gone() {
    local pid
    if [[ -n ${SUPERVISOR-} ]]; then
        kill -TERM "$SUPERVISOR" 2>/dev/null && wait "$SUPERVISOR" 2>/dev/null
        SUPERVISOR=''
    fi
    for pid in $(processes_in "$RUN"); do
        kill -KILL "$pid" 2>/dev/null
    done
    return 0
}

# pid_of NAME: of a process of the stack, as the supervisor knows it.
pid_of() {
    sed -n 's/^pid=//p' "$RUN/$1.state"
}

state_is() { # NAME STATE
    local state
    state=$(sed -n 's/^state=//p' "$RUN/$1.state")
    [[ $state == "$2" ]] || fail "$1 is $state"
}

all_running() {
    state_is monitor running && state_is cpu_actor running && state_is mem_actor running
}

ctl() {
    "$BIN/vmctl" --runtime-dir "$RUN" "$@"
}

# value JQ: from `vmctl status --json`; also when that says degraded.
value() {
    local json
    json=$(ctl --json status) || [[ $? == 1 ]] || return
    jq -r "$1" <<<"$json"
}

# is JQ: the expression is true.
is() {
    local got
    got=$(value "$1") || return
    [[ $got == true ]] || fail "$1 is $got" "$(ctl status 2>&1)"
}

healthy() {
    "$BIN/vmbalance" status --runtime-dir "$RUN"
}

# replaced NAME OLD_PID: it runs again, as another process.
replaced() {
    state_is "$1" running && [[ $(pid_of "$1") != "$2" ]]
}
