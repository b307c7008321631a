#!/usr/bin/env bats
# stack_faults.bats - real guests, and what can go wrong around them.
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; out, err: run_split

load helper
load lab

setup_file() {
    lab_setup
    lab_up 3 --mem 96 --pin 0
}

teardown_file() {
    lab_teardown
}

setup() {
    RUN=$FILE_DIR/run
    local vm
    for vm in vmb1 vmb2; do
        busy "$vm" 20
        pin "$vm" 0
    done
    busy vmb3 10
    stack_up --connect "$(uri)" --interval 1
    eventually 20 works
}

teardown() {
    [[ -z ${STOPPED-} ]] || kill -CONT "$STOPPED" || true
    stack_gone
    no_process_in "$RUN"
    rm -rf "$RUN" "$RUN.out"
}

# Everything is well and the newest snapshot has been judged by both.
works() {
    is '.status == "healthy" and .snapshot_age_ns < 2.5e9 and
        .actors.cpu_actor.state == "ok" and .actors.mem_actor.state == "ok" and
        .snapshot.sequence - .actors.cpu_actor.report.snapshot_sequence <= 2 and
        .snapshot.sequence - .actors.mem_actor.report.snapshot_sequence <= 2'
}

# vmb1 and vmb2 want the same: each has a pCPU to itself, vmb3 shares with one of them.
apart() {
    local one two
    one=$(lab pins vmb1) two=$(lab pins vmb2)
    [[ $one != "$two" ]] || fail "both: $one"
}

@test "each process killed -9 comes back, and the others go on" {
    for name in monitor cpu_actor mem_actor; do
        before=$(pid_of "$name")
        others=$(for o in monitor cpu_actor mem_actor; do [[ $o == "$name" ]] || pid_of "$o"; done)
        kill -KILL "$before"
        eventually 3 replaced "$name" "$before"
        eventually 8 works
        for pid in $others; do
            kill -0 "$pid"
        done
    done
    eventually 20 apart
}

@test "a guest that goes, and one that comes" {
    eventually 20 apart
    lab destroy vmb3
    eventually 6 is '[.vms[].name] == ["vmb1", "vmb2"]'
    works
    lab start vmb3
    eventually 10 is '[.vms[].name] == ["vmb1", "vmb2", "vmb3"]'
    eventually 10 vm_is vmb3 '.managed and .ran_permille != null'
    works
}

@test "libvirtd restarts: degraded while it is away, then all goes on; guests do not notice" {
    guests=$(qemu_of vmb1 && qemu_of vmb2 && qemu_of vmb3)
    lab libvirtd stop
    eventually 10 is '.status == "degraded"'
    lab libvirtd start
    eventually 40 works
    for pid in $guests; do
        kill -0 "$pid"
    done
    # and it still acts
    pin vmb1 0
    pin vmb2 0
    eventually 30 apart
}

@test "one QEMU that hangs: the others are still looked after" {
    STOPPED=$(qemu_of vmb3)
    kill -STOP "$STOPPED"
    eventually 30 is '[.vms[] | select(.quarantined) | .name] == ["vmb3"]'
    pin vmb1 0
    pin vmb2 0
    eventually 30 apart
    holds 5 vm_is vmb1 '.age_ns < 5e9'
    ctl status
    kill -CONT "$STOPPED"
    STOPPED=''
    eventually 40 is '[.vms[] | select(.quarantined)] == []'
    eventually 20 works
}

@test "SIGTERM to the supervisor leaves no process, and the guests run on" {
    guests=$(qemu_of vmb1 && qemu_of vmb2 && qemu_of vmb3)
    kill -TERM "$SUPERVISOR"
    wait "$SUPERVISOR"
    SUPERVISOR=''
    no_process_in "$RUN"
    for pid in $guests; do
        kill -0 "$pid"
    done
}
