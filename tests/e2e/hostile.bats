#!/usr/bin/env bats
# hostile.bats - clients that misbehave on the sockets everybody may open.

load helper

setup() {
    need jq python3
    /usr/bin/python3 -c 'import zmq' 2>/dev/null || need python3-zmq
    RUN=$(make_dir)
}

teardown() {
    stack_gone
    no_process_in "$RUN"
    rm -rf "$RUN" "$RUN.out"
}

# flood KIND SECONDS: see hostile.py
flood() {
    timeout -k 2 60 /usr/bin/python3 "$E2E_DIR/hostile.py" "$RUN" "$@" 3>&-
}

same_monitor() { # PID
    [[ $(pid_of monitor) == "$1" ]] && state_is monitor running
}

rss_below() { # MIB
    local kib
    kib=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(pid_of monitor)/status")
    ((kib < $1 * 1024)) || fail "the monitor holds $((kib / 1024)) MiB"
}

@test "clients that ask, never read and leave do not stop the monitor" {
    stack_up --connect "sim:$E2E_DIR/../scenarios/guests300.ini" --interval 0.5
    local was
    was=$(pid_of monitor)
    flood askers 5
    flood askers 5
    same_monitor "$was"
    rss_below 150
    eventually 5 healthy
}

@test "garbage on every socket is dropped and counted" {
    stack_up --connect "sim:$E2E_DIR/../scenarios/cpu2.ini" --interval 0.5
    local was
    was=$(pid_of monitor)
    flood garbage 3
    same_monitor "$was"
    is '.monitor.bad_messages > 0'
    eventually 5 healthy
}
