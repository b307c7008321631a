#!/usr/bin/env bats
# sim.bats - the whole stack on a simulated host: no libvirt, no root, no guests.
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; out, err: run_split

load helper

setup() {
    need jq simhost
    RUN=$(make_dir)
    SCENARIOS=$E2E_DIR/../scenarios
}

teardown() {
    stack_gone
    no_process_in "$RUN"
    rm -rf "$RUN" "$RUN.out"
}

deviation_below() { # PERMILLE
    is ".actors.cpu_actor.report.cpu | .deviation_now_permille * 1000 <
        $1 * .mean_permille and .mean_permille > 0"
}

@test "eight VMs on one of four pCPUs are spread with six pins, and then left alone" {
    stack_up --connect "sim:$SCENARIOS/cpu2.ini" --interval 0.5
    eventually 15 deviation_below 50
    is '.actors.cpu_actor.report.calls_ok == 6'
    holds 4 is '.actors.cpu_actor.report.calls_ok == 6 and .status == "healthy"'
}

@test "a growing VM gets memory, and gives it back" {
    stack_up --connect "sim:$SCENARIOS/mem1.ini" --interval 0.5 --speed 4
    eventually 30 is '[.vms[] | select(.name == "grower") | .actual_kib > 1200000] == [true]'
    eventually 60 is '[.vms[] | select(.name == "grower") | .actual_kib < 700000] == [true]'
    is '.actors.mem_actor.report.calls_failed == 0'
}

@test "simhost killed: the stack goes on with the next one" {
    stack_up --connect "sim:$SCENARIOS/cpu1.ini" --interval 0.5
    eventually 10 is '.status == "healthy"'
    local was
    was=$(pid_of simhost)
    kill -KILL "$was"
    eventually 10 replaced simhost "$was"
    eventually 5 is '.status == "healthy" and (.vms | length) == 8'
}

@test "a scenario that is wrong is refused, with file, line and key" {
    printf '[host]\npcpus = many\n' >"$RUN/bad.ini"
    run_split "$BIN/vmbalance" up --runtime-dir "$RUN" --connect "sim:$RUN/bad.ini"
    expect 125 '' 'bad.ini:2: .*pcpus'
    run_split "$BIN/simhost" --runtime-dir "$RUN" --scenario "$RUN/none.ini"
    expect 125 '' 'none.ini'
    run_split "$BIN/simhost" --runtime-dir "$RUN"
    expect 2 '' '--scenario FILE is missing'
    run_split "$BIN/simhost" --scenario "$SCENARIOS/cpu1.ini" --speed 0
    expect 2 '' "--speed '0' is not a number in 0.1..100"
}

@test "no simhost: an actor says how to get one" {
    run_split timeout 4 "$BIN/monitor" --once --runtime-dir "$RUN" --connect sim:x.ini
    [[ $status != 0 ]]
    LIMIT=15 run_split "$BIN/monitor" --once --runtime-dir "$RUN" --connect sim:x.ini
    expect 3 '' 'no simhost answers .*vmbalance up --connect sim:x.ini'
}
