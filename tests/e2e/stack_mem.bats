#!/usr/bin/env bats
# stack_mem.bats - real guests and their balloons.
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; out, err: run_split

load helper
load lab

setup_file() {
    lab_setup
    lab_up 2 --mem 512 --max 512 --name-prefix idle
    lab_up 1 --mem 256 --max 768 --name-prefix grow
}

teardown_file() {
    lab_teardown
}

setup() {
    RUN=$FILE_DIR/run
}

teardown() {
    stack_gone
    no_process_in "$RUN"
    rm -rf "$RUN" "$RUN.out" "$FILE_DIR/conf"
}

# What all guests hold together, MiB.
held() {
    value '[.vms[].actual_kib] | add / 1024 | floor'
}

grower_at_least() { # MIB
    local mib
    mib=$(actual_mib grow1)
    ((mib >= $1)) || fail "grow1 has $mib MiB" "$(ctl status 2>&1)"
}

# It has given back most of what it grew by.
gave_back() { # MIB IT HAD AT MOST
    local mib
    mib=$(actual_mib grow1)
    ((mib <= $1 - 150)) || fail "grow1 has $mib MiB" "$(ctl status 2>&1)"
}

@test "a guest that grows gets memory, and gives it back afterwards" {
    stack_up --connect "$(uri)" --interval 1
    eventually 20 vm_is grow1 '.usable_kib != null'
    in_guest grow1 'grow 450 --rate 20 --hold 15; echo "ended with $?" >/tmp/status'
    eventually 60 grower_at_least 540
    eventually 60 lab exec grow1 'grep -q reached /tmp/out'
    most=$(actual_mib grow1)
    eventually 60 lab exec grow1 'grep -q "ended with 0" /tmp/status'
    eventually 60 gave_back "$most"
    is '.actors.mem_actor.report.calls_failed == 0'
}

@test "with no more than they have together: what grows takes from the idle ones" {
    printf 'mem.host_budget = 1280MiB\n' >"$FILE_DIR/conf"
    stack_up --connect "$(uri)" --interval 1 --config "$FILE_DIR/conf"
    eventually 20 vm_is grow1 '.usable_kib != null'
    lab exec grow1 'rm -f /tmp/status'
    in_guest grow1 'grow 450 --rate 15 --hold 15; echo "ended with $?" >/tmp/status'
    eventually 90 lab exec grow1 'grep -q reached /tmp/out'
    grower_at_least 500
    most=$(actual_mib grow1)
    held=$(held)
    ((held <= 1280 + 16)) || fail "the guests hold $held MiB"
    for vm in idle1 idle2; do
        mib=$(actual_mib "$vm")
        ((mib >= 200)) || fail "$vm is at $mib MiB, below its floor"
        vm_is "$vm" '.usable_kib > 60 * 1024'
    done
    eventually 60 lab exec grow1 'grep -q "ended with 0" /tmp/status'
    eventually 60 gave_back "$most"
}

@test "at rest there is no call at all" {
    stack_up --connect "$(uri)" --interval 1
    eventually 60 rests
}

rests() {
    local before
    before=$(value '.actors.mem_actor.report | select(.snapshots > 5) | .calls_ok')
    [[ -n $before ]] || return
    holds 8 is ".actors.mem_actor.report.calls_ok == $before"
}
