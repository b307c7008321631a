#!/usr/bin/env bats
# cli.bats - what each program says to each command line when no stack runs.
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; out, err: run_split

load helper

setup() {
    need monitor cpu_actor mem_actor vmctl jq
    PATH=$BIN:$PATH
    DIR=$(make_dir)
    export VMBALANCE_RUNTIME_DIR=$DIR/none # the host's own stack is none of our business
}

teardown() {
    local pid
    for pid in ${STARTED-}; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    no_process_in "$DIR"
    rm -rf "$DIR"
}

# start PROGRAM...: as a child of ours that goes with the test; returns when it is ready.
start() {
    local ready
    mkfifo "$DIR/ready"
    exec {ready}<>"$DIR/ready"
    "$@" --ready-fd "$ready" </dev/null >"$DIR/out" 2>&1 3>&- &
    STARTED="${STARTED-} $!"
    rm "$DIR/ready"
    IFS= read -r -t 10 -u "$ready"
    exec {ready}>&-
}

@test "every program: --help and --version are answered on stdout, with 0" {
    for program in monitor cpu_actor mem_actor vcpu_scheduler memory_coordinator vmctl vmbalance; do
        run_split "$program" --help
        expect 0 "^Usage: $program" ''
        run_split "$program" --version
        expect 0 "^$program .*[0-9]+\.[0-9]+\.[0-9]+" ''
    done
}

@test "every program: an unknown option is a usage error on stderr" {
    for program in monitor cpu_actor mem_actor vcpu_scheduler memory_coordinator vmctl vmbalance; do
        run_split "$program" --nonsense
        expect 2 '' "$program: .*--nonsense"
    done
}

@test "daemons: bad command lines end with 2 and say what is wrong" {
    run_split monitor extra
    expect 2 '' "monitor: 'extra'"
    run_split cpu_actor extra
    expect 2 '' "cpu_actor: 'extra'"
    run_split mem_actor extra
    expect 2 '' "mem_actor: 'extra'"
    for bad in 0 -1 abc '' 0.1 3601 1e9 2x nan inf; do
        run_split monitor "--interval=$bad"
        expect 2 '' "interval = .*allowed: 0.2..3600 s"
    done
    run_split monitor --connect ''
    expect 2 '' '--connect: the URI is empty'
    run_split monitor --runtime-dir ''
    expect 2 '' '--runtime-dir'
    run_split monitor --json
    expect 2 '' '--once'
    for bad in x -1 '' 1x; do
        run_split monitor "--ready-fd=$bad"
        expect 2 '' '--ready-fd'
    done
    run_split cpu_actor --interval 2
    expect 2 '' '--standalone'
}

@test "vcpu_scheduler and memory_coordinator: one INTERVAL, and nothing but" {
    for program in vcpu_scheduler memory_coordinator; do
        run_split "$program"
        expect 2 '' 'INTERVAL is missing'
        for bad in abc -1 0 '' 1.5x 1e9 ' '; do
            run_split "$program" "$bad"
            expect 2 '' 'interval = .*allowed'
        done
        run_split "$program" 1 2
        expect 2 '' "'2' is too many"
    done
}

@test "monitor --once shows the host, without a runtime directory" {
    run_split monitor --once --connect "$TEST_URI"
    expect 0 'test +running' ''
    run_split monitor --once --json --connect "$TEST_URI"
    expect 0 '"name": "test"' ''
    jq -e '.domains[0].vcpus | length == 2' <<<"$out"
    [[ ! -e $VMBALANCE_RUNTIME_DIR ]]
}

@test "daemons: what no restart would mend ends with 125" {
    for program in monitor cpu_actor mem_actor 'vcpu_scheduler 2' 'memory_coordinator 2'; do
        # shellcheck disable=SC2086 # the interval is a word of its own
        run_split $program --connect nonsense:///x --runtime-dir "$DIR"
        expect 125 '' "no backend for the URI 'nonsense:///x'"
        # shellcheck disable=SC2086
        run_split $program --connect "$TEST_URI" --runtime-dir /nonexistent/x
        expect 125 '' 'cannot make runtime directory /nonexistent/x'
    done
    run_split monitor --connect "$TEST_URI" --runtime-dir "$DIR" --config "$DIR/none"
    expect 125 '' "cannot read config file $DIR/none: No such file"
    printf 'interval = never\n' >"$DIR/bad.conf"
    run_split monitor --connect "$TEST_URI" --runtime-dir "$DIR" --config "$DIR/bad.conf"
    expect 125 '' "bad.conf.*never"
    run_split cpu_actor --endpoint tcp://127.0.0.1:9 --connect "$TEST_URI" --runtime-dir "$DIR"
    expect 125 '' 'only ipc://'
}

@test "daemons: a runtime directory too long for a socket is refused with its length" {
    long=$DIR/$(printf 'x%.0s' {1..120})
    run_split monitor --connect "$TEST_URI" --runtime-dir "$long"
    expect 125 '' 'bytes long, .*107; choose a shorter'
    run_split cpu_actor --connect "$TEST_URI" --runtime-dir "$long"
    expect 125 '' 'choose a shorter'
    run_split vmctl --runtime-dir "$long" status
    expect 2 '' 'choose a shorter'
}

@test "monitor: a second one in the same runtime directory is refused, the first goes on" {
    start monitor --connect "$TEST_URI" --runtime-dir "$DIR"
    run_split monitor --connect "$TEST_URI" --runtime-dir "$DIR"
    expect 1 '' "another monitor runs already \(pid ${STARTED// /}"
    run_split vmctl --runtime-dir "$DIR" ping
    expect 0 . ''
}

@test "actors: a second one of a kind is refused, a standalone one, too" {
    start cpu_actor --connect "$TEST_URI" --runtime-dir "$DIR"
    run_split cpu_actor --connect "$TEST_URI" --runtime-dir "$DIR"
    expect 1 '' 'another cpu_actor runs already'
    run_split vcpu_scheduler 2 --connect "$TEST_URI" --runtime-dir "$DIR"
    expect 1 '' 'another cpu_actor runs already'
}

@test "monitor: an unreachable libvirt is told, not fatal; SIGTERM ends it with 0" {
    export HOME=$DIR # session mode looks there
    start monitor --connect "qemu+unix:///session?socket=$DIR/no.sock" --runtime-dir "$DIR"
    eventually 5 degraded_for_libvirt
    kill -TERM "${STARTED// /}"
    wait "${STARTED// /}"
    STARTED=''
}

degraded_for_libvirt() {
    run_split vmctl --runtime-dir "$DIR" status
    expect 1 'libvirt' ''
}

@test "vmctl without a stack: 3 within 3 s, and a sentence" {
    for command in status vms 'vm x' 'get interval' 'set interval 2' ping pause resume; do
        # shellcheck disable=SC2086
        LIMIT=3 run_split vmctl $command
        expect 3 '' 'not running .*vmbalance up'
    done
    mkdir "$DIR/empty"
    LIMIT=3 run_split vmctl --runtime-dir "$DIR/empty" status
    expect 3 '' 'no monitor answers'
    # Sockets that nobody serves any more.
    start monitor --connect "$TEST_URI" --runtime-dir "$DIR"
    kill -KILL "${STARTED// /}"
    LIMIT=3 run_split vmctl --runtime-dir "$DIR" status
    expect 3 '' 'no monitor answers'
    LIMIT=2 run_split vmctl --timeout 0.3 --runtime-dir "$DIR" set interval 2
    expect 3 '' 'no monitor answers'
    LIMIT=3 run_split vmctl --json --runtime-dir "$DIR" status
    expect 3 '' 'no monitor answers'
}

@test "vmctl: bad command lines end with 2 and say what is wrong" {
    run_split vmctl
    expect 2 '' 'Usage: vmctl'
    run_split vmctl frobnicate
    expect 2 '' "unknown command 'frobnicate'"
    run_split vmctl staus
    expect 2 '' "did you mean 'status'"
    run_split vmctl set
    expect 2 '' 'KEY VALUE'
    run_split vmctl set interval
    expect 2 '' 'no value for interval'
    run_split vmctl vm
    expect 2 '' 'NAME is missing'
    run_split vmctl status x
    expect 2 '' "'x' is too much"
    run_split vmctl --timeout 0 status
    expect 2 '' "--timeout: '0'"
    run_split vmctl --timeout abc status
    expect 2 '' "--timeout: 'abc'"
    run_split vmctl --runtime-dir '' status
    expect 2 '' '--runtime-dir'
}

@test "vmctl with a monitor: every command that reads, as text and as JSON" {
    start monitor --connect "$TEST_URI" --runtime-dir "$DIR"
    export VMBALANCE_RUNTIME_DIR=$DIR
    run_split vmctl status
    expect 0 'test +running' ''
    run_split vmctl vms
    expect 0 'test' ''
    run_split vmctl vm test
    expect 0 'test' ''
    run_split vmctl vm tset
    expect 4 '' "did you mean 'test'"
    run_split vmctl get interval
    expect 0 '^2' ''
    run_split vmctl get intervall
    expect 1 '' "did you mean 'interval'"
    run_split vmctl settings
    expect 0 'mem\.guest_floor' ''
    run_split vmctl ping
    expect 0 . ''
    run_split vmctl version
    expect 0 'monitor' ''
    for command in status vms 'vm test' get 'get interval' settings ping version; do
        # shellcheck disable=SC2086
        run_split vmctl --json $command
        expect 0 '"schema_version": 1' ''
        jq -e . <<<"$out" >/dev/null
    done
}

@test "vmctl set: takes what is in range, refuses the rest and changes nothing then" {
    start monitor --connect "$TEST_URI" --runtime-dir "$DIR"
    export VMBALANCE_RUNTIME_DIR=$DIR
    run_split vmctl set interval 1
    expect 0 'interval' ''
    run_split vmctl get interval
    expect 0 '^1' ''
    for bad in 0 -1 abc ''; do
        run_split vmctl set interval "$bad"
        [[ $status == 1 || $status == 2 ]] && [[ -z $out && $err == *allowed* ]]
    done
    run_split vmctl set interval 3 mem.reclaim 99
    [[ $status == 1 || $status == 2 ]]
    run_split vmctl get interval
    expect 0 '^1' ''
    run_split vmctl pause cpu
    expect 0 '' '' || expect 0 . ''
    run_split vmctl get cpu.paused
    expect 0 'yes' ''
    run_split vmctl resume
    run_split vmctl get cpu.paused
    expect 0 'no' ''
}

@test "vmbalance: bad command lines end with 2 and say what is wrong" {
    run_split vmbalance
    expect 2 '' 'which command'
    run_split vmbalance frobnicate
    expect 2 '' "unknown command 'frobnicate'"
    run_split vmbalance down now
    expect 2 '' "'down' takes no 'now'"
    run_split vmbalance down --interval 2
    expect 2 '' '--interval is for .up. only'
    run_split vmbalance up --interval
    expect 2 '' '--interval needs a value'
    run_split vmbalance up --connect=
    expect 2 '' '--connect: the value is empty'
    run_split vmbalance up --only monitor,sheriff
    expect 2 '' "no process 'sheriff'"
    run_split vmbalance up --start-timeout 0
    expect 2 '' '--start-timeout'
    run_split vmbalance up --ready-fd x
    expect 2 '' '--ready-fd'
    run_split vmbalance up --detach=yes
    expect 2 '' '--detach takes no value'
}

@test "vmbalance without a stack: 3, and a sentence" {
    run_split vmbalance status
    expect 3 'not up' ''
    for command in down restart; do
        run_split vmbalance "$command"
        expect 3 '' 'not up'
    done
    run_split vmbalance logs
    expect 1 '' 'no log'
}

# The libraries' text is shared by all of them; what a process costs is what it has alone.
@test "every daemon stays small: under 8 MiB of its own and 64 descriptors" {
    start monitor --connect "$TEST_URI" --runtime-dir "$DIR"
    start cpu_actor --connect "$TEST_URI" --runtime-dir "$DIR"
    start mem_actor --connect "$TEST_URI" --runtime-dir "$DIR"
    eventually 10 both_report
    [[ ! -e $BIN/../CMakeCache.txt ]] || ! grep -q '^VMBALANCE_SANITIZE:.*=.' "$BIN/../CMakeCache.txt" ||
        skip 'sanitisers need far more'
    for pid in $STARTED; do
        kib=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
        descriptors=$(find "/proc/$pid/fd" -mindepth 1 | wc -l)
        ((kib < 8192)) || fail "$(cat "/proc/$pid/comm") has $kib KiB"
        ((descriptors < 64)) || fail "$(cat "/proc/$pid/comm") has $descriptors descriptors"
    done
}

both_report() {
    vmctl --runtime-dir "$DIR" --json status |
        jq -e '.actors.cpu_actor.report != null and .actors.mem_actor.report != null'
}
