#!/usr/bin/env bats
# stack_cpu.bats - real guests and their vCPUs.  All loads together stay below what the two
# pCPUs have, so that balance can be told from saturation.
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; out, err: run_split

load helper
load lab

setup_file() {
    lab_setup
    lab_up 8 --mem 96 --pin 0
    echo 'cpu.pcpus = 0-1' >"$FILE_DIR/two" # what the loads are made for
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
    rm -rf "$RUN" "$RUN.out"
}

# loads PERCENT...: of the guests in order, the others idle; all are pinned to pCPU 0.
loads() {
    local i
    for i in 1 2 3 4 5 6 7 8; do
        busy "vmb$i" "${!i:-0}"
        pin "vmb$i" 0
    done
}

@test "four guests on one pCPU are spread evenly, and then left alone" {
    loads 40 30 20 10
    stack_up --connect "$(uri)" --interval 1 --config "$FILE_DIR/two"
    eventually 30 is '.actors.cpu_actor.report.cpu.deviation_now_permille <= 100'
    # 40+10 and 30+20 it is, or near: whatever the noise of the machine allows
    eventually 60 balanced_within 8
    eventually 60 settled
    balanced_within 15
    is '.actors.cpu_actor.report.calls_failed == 0'
}

@test "a load that moves is followed" {
    loads 40 30 20 10
    stack_up --connect "$(uri)" --interval 1 --config "$FILE_DIR/two"
    eventually 60 balanced_within 8
    busy vmb1 10
    busy vmb4 40
    pin vmb2 0
    pin vmb3 0
    pin vmb4 0
    eventually 60 balanced_within 8
}

@test "a setting that is changed reaches the next snapshot and both actors" {
    stack_up --connect "$(uri)" --interval 1 --config "$FILE_DIR/two"
    eventually 15 is '.actors.cpu_actor.report.interval_ms == 1000 and
        .actors.mem_actor.report.interval_ms == 1000'
    ctl set interval 2
    eventually 4 is '.snapshot.settings.interval == "2" and
        .actors.cpu_actor.report.interval_ms == 2000 and
        .actors.mem_actor.report.interval_ms == 2000 and
        .actors.cpu_actor.report.settings_version == .monitor.settings_version'
    # and it is really 2 s from one snapshot to the next
    first=$(value '.snapshot | "\(.sequence) \(.mono_ns)"')
    eventually 10 is ".snapshot.sequence >= ${first% *} + 3"
    is "(.snapshot.mono_ns - ${first#* }) / (.snapshot.sequence - ${first% *}) / 1e9
        | . > 1.8 and . < 2.5"
}

@test "paused, nothing is pinned; resumed, it is" {
    loads 40 30 20 10
    printf 'cpu.pcpus = 0-1\ncpu.paused = yes\n' >"$FILE_DIR/paused"
    stack_up --connect "$(uri)" --interval 1 --config "$FILE_DIR/paused"
    eventually 15 is '.actors.cpu_actor.report.snapshots >= 5'
    is '.actors.cpu_actor.report.calls_ok == 0'
    ctl resume cpu
    eventually 60 balanced_within 8
}

@test "vcpu_scheduler 2, all by itself, spreads eight guests from one pCPU" {
    [[ $(nproc) == 2 ]] || skip 'it would use more than the two pCPUs that are looked at'
    loads 20 20 20 20 10 10 10 10
    mkdir -p "$RUN"
    LIBVIRT_DEFAULT_URI=$(uri) "$BIN/vcpu_scheduler" 2 --runtime-dir "$RUN" \
        </dev/null >"$RUN.out" 2>&1 3>&- &
    SUPERVISOR=$!
    eventually 90 balanced_within 8
    kill -TERM "$SUPERVISOR"
    wait "$SUPERVISOR"
    SUPERVISOR=''
}
