#!/usr/bin/env bats
# supervisor.bats - the vmbalance script: with the real daemons on libvirt's mock, and with
# fake ones where a daemon has to misbehave.
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; out, err: run_split

load helper

setup() {
    need monitor cpu_actor mem_actor vmctl vmbalance jq
    DIR=$(make_dir)
    RUN=$DIR/run
    SUPERVISOR=''
}

teardown() {
    local left
    stack_gone
    left=$(no_process_in "$DIR" 2>&1) || echo "$left" >&2
    rm -rf "$DIR"
    [[ -z $left ]]
}

# From now on the daemons are fakes; fake_behaves says how.
use_fakes() {
    local name
    mkdir "$DIR/bin"
    cp "$BIN/vmbalance" "$BIN/supervise.bash" "$DIR/bin/"
    for name in monitor cpu_actor mem_actor; do
        cp "$E2E_DIR/fake/daemon" "$DIR/bin/$name"
    done
    printf '#!/bin/sh\necho vmctl is well\n' >"$DIR/bin/vmctl"
    chmod +x "$DIR"/bin/*
    BIN=$DIR/bin
}

fake_behaves() { # NAME HOW...
    echo "${*:2}" >"$DIR/bin/$1.behave"
}

supervise() { # COMMAND...
    run_split "$BIN/vmbalance" "$@" --runtime-dir "$RUN"
}

gone() { # PID; a dead one that nobody has waited for yet is gone, too
    [[ ! -d /proc/$1 || $(sed 's/.*) //; s/ .*//' "/proc/$1/stat") == Z ]]
}

# The supervisor, as our child, has ended with that status.
supervisor_ended_with() {
    local status=0
    eventually "${2:-10}" gone "$SUPERVISOR"
    wait "$SUPERVISOR" 2>/dev/null || status=$?
    SUPERVISOR=''
    [[ $status == "$1" ]] || fail "the supervisor ended with $status" "$(tail -n 20 "$RUN.out")"
}

log_has() {
    grep -q -- "$1" "$RUN/log" || fail "the log has no '$1'" "$(tail -n 20 "$RUN/log")"
}

@test "up, status, down" {
    stack_up --connect "$TEST_URI" --interval 1
    eventually 10 healthy
    supervise status
    expect 0 'monitor +running +pid [0-9]+.*cpu_actor +running.*mem_actor +running' ''
    [[ $out == *'vmbalance is healthy'* ]] # vmctl's words
    eventually 5 is '.actors.cpu_actor.state == "ok" and .actors.mem_actor.state == "ok"'
    supervise down
    expect 0 '' ''
    no_process_in "$RUN"
    supervisor_ended_with 0
    supervise status
    expect 3 'not up' ''
}

@test "kill -9 of any child: healthy again within 3 s, the others go on" {
    stack_up --connect "$TEST_URI" --interval 1
    eventually 10 healthy
    for name in monitor cpu_actor mem_actor; do
        before=$(pid_of "$name")
        others=$(for o in monitor cpu_actor mem_actor; do [[ $o == "$name" ]] || pid_of "$o"; done)
        kill -KILL "$before"
        eventually 3 replaced "$name" "$before"
        eventually 3 healthy
        for pid in $others; do
            kill -0 "$pid"
        done
        supervise status
        expect 0 "$name +running.*restarts 1, last exit: killed by SIGKILL" ''
    done
}

@test "SIGTERM: ends with 0, in reverse order, and leaves no process" {
    stack_up --connect "$TEST_URI"
    kill -TERM "$SUPERVISOR"
    supervisor_ended_with 0
    no_process_in "$RUN"
    order=$(sed -n 's/.* \([a-z_]*\): ending on signal 15/\1/p' "$RUN/log" | tr '\n' ' ')
    [[ $order == 'mem_actor cpu_actor monitor ' ]] || fail "order: $order"
}

@test "SIGINT, as Ctrl-C at a terminal sends it: the same" {
    use_fakes
    mkdir "$RUN"
    # env: a shell's background children ignore SIGINT otherwise
    env --default-signal=INT "$BIN/vmbalance" up --runtime-dir "$RUN" >"$RUN.out" 2>&1 3>&- &
    SUPERVISOR=$!
    eventually 10 all_running
    kill -INT "$SUPERVISOR"
    supervisor_ended_with 0
    no_process_in "$RUN"
}

@test "kill -9 of the supervisor leaves no process, and the next one comes up at once" {
    stack_up --connect "$TEST_URI"
    pids=$(pid_of monitor && pid_of cpu_actor && pid_of mem_actor)
    kill -KILL "$SUPERVISOR"
    wait "$SUPERVISOR" || true
    for pid in $pids; do
        eventually 3 gone "$pid"
    done
    eventually 3 no_process_in "$RUN"
    supervise status
    expect 3 'not up.*monitor +down' ''
    stack_up --connect "$TEST_URI"
    eventually 10 healthy
}

@test "a second up in the same runtime directory is refused, the first goes on" {
    stack_up --connect "$TEST_URI"
    supervise up --connect "$TEST_URI"
    expect 1 '' "another supervisor is up already in .* \(pid $SUPERVISOR\)"
    supervise up --detach --connect "$TEST_URI"
    expect 1 '' "another supervisor is up already in .* \(pid $SUPERVISOR\)"
    all_running
}

@test "SIGHUP: the monitor reads its configuration again, nothing restarts" {
    printf 'interval = 5\n' >"$DIR/conf"
    stack_up --connect "$TEST_URI" --config "$DIR/conf"
    eventually 10 is '.settings.interval == "5"'
    before=$(pid_of monitor)
    printf 'interval = 1\n' >"$DIR/conf"
    kill -HUP "$SUPERVISOR"
    eventually 3 is '.settings.interval == "1"'
    # Nonsense is refused, and what held goes on to hold.
    printf 'interval = never\n' >"$DIR/conf"
    kill -HUP "$SUPERVISOR"
    eventually 3 log_has 'monitor: error: .*never'
    is '.settings.interval == "1"'
    [[ $(pid_of monitor) == "$before" ]]
}

@test "restart: one by name, all, and what was killed meanwhile" {
    stack_up --connect "$TEST_URI"
    monitor=$(pid_of monitor) cpu=$(pid_of cpu_actor) mem=$(pid_of mem_actor)
    supervise restart cpu_actor
    expect 0 '' ''
    [[ $(pid_of cpu_actor) != "$cpu" && $(pid_of monitor) == "$monitor" ]]
    supervise restart
    expect 0 '' ''
    [[ $(pid_of monitor) != "$monitor" && $(pid_of mem_actor) != "$mem" ]]
    all_running
    supervise restart sheriff
    expect 2 '' "no process 'sheriff'"
}

@test "up --only: just those" {
    stack_up --connect "$TEST_URI" --only monitor,mem_actor
    state_is monitor running
    state_is mem_actor running
    [[ ! -e $RUN/cpu_actor.state ]]
    [[ -z $(processes_in "$RUN" | while read -r p; do grep -x cpu_actor "/proc/$p/comm"; done) ]]
}

@test "a runtime directory with spaces" {
    RUN="$DIR/a run"
    stack_up --connect "$TEST_URI"
    eventually 10 healthy
    supervise logs
    expect 0 'monitor is ready' ''
    supervise restart monitor
    expect 0 '' ''
    supervise down
    expect 0 '' ''
}

@test "a runtime directory that cannot be used: a sentence, not a crash" {
    supervise up --only monitor
    RUN=$DIR/none/run
    supervise up
    expect 1 '' 'cannot make runtime directory .*none/run: No such file or directory'
    : >"$DIR/file"
    RUN=$DIR/file
    for command in up status down restart; do
        supervise "$command"
        [[ $status == 1 && $err == *runtime\ directory* ]] || fail "$command: $status, $err"
    done
    ((EUID == 0)) || skip 'only root can be somebody else'
    RUN=$DIR/secret
    mkdir -m 700 "$RUN"
    touch "$RUN/vmbalance.lock"
    chmod 711 "$DIR"
    for command in up status down restart; do
        run_split setpriv --reuid nobody --regid nogroup --clear-groups \
            "$BIN/vmbalance" "$command" --runtime-dir "$RUN"
        expect 1 '' 'runtime directory .*secret: permission denied'
    done
}

@test "idle, it takes no CPU time" {
    stack_up --connect "$TEST_URI"
    eventually 10 healthy
    ticks() {
        sed 's/.*) //' "/proc/$SUPERVISOR/stat" | cut -d ' ' -f 12,13 | tr ' ' +
    }
    # The one place where time has to pass: 5 s at 100 ticks a second.
    before=$(($(ticks)))
    sleep 5
    after=$(($(ticks)))
    ((after - before <= 1)) || fail "$((after - before)) ticks in 5 s"
}

@test "a child that ends at once: tried again ever more slowly, given up, said so" {
    use_fakes
    fake_behaves mem_actor exit 1
    stack_up # ready once it is known that mem_actor will not come
    state_is mem_actor gave-up
    state_is cpu_actor running
    for ms in 500 1000 2000 4000; do
        log_has "mem_actor ended (exit status 1), starting it again in $ms ms"
    done
    supervise status
    expect 1 'mem_actor +gave-up .*restarts 4, last exit: exit status 1' ''
    fake_behaves mem_actor
    supervise restart mem_actor
    expect 0 '' ''
    supervise status
    expect 0 'mem_actor +running' ''
}

@test "a child that hangs while it starts: stopped at the deadline and tried again" {
    use_fakes
    fake_behaves cpu_actor hang
    "$BIN/vmbalance" up --runtime-dir "$RUN" --start-timeout 1 >"$RUN.out" 2>&1 3>&- &
    SUPERVISOR=$!
    eventually 5 state_is cpu_actor starting
    eventually 5 state_is cpu_actor backoff
    log_has 'cpu_actor is not ready after 1 s'
    supervise status
    expect 1 'cpu_actor +(backoff|starting) .*last exit: not ready within 1 s' ''
    fake_behaves cpu_actor
    eventually 10 all_running
}

@test "a child that says it is misconfigured is not started again" {
    use_fakes
    fake_behaves cpu_actor exit 125
    stack_up
    state_is cpu_actor misconfigured
    log_has 'cpu_actor: error: ending with 125, as told'
    log_has 'cpu_actor does not start: misconfigured'
    supervise status
    expect 1 'cpu_actor +misconfigured .*restarts 0' ''
}

@test "a misconfigured monitor: up ends with 125 and says why" {
    printf 'interval = never\n' >"$DIR/conf"
    supervise up --connect "$TEST_URI" --config "$DIR/conf"
    expect 125 '' 'never.*monitor does not start: misconfigured'
    supervise status
    expect 3 'monitor +misconfigured' ''
    supervise up --connect nonsense:///x
    expect 125 '' "no backend for the URI 'nonsense:///x'"
    supervise up --detach --connect nonsense:///x
    expect 1 '' "no backend for the URI 'nonsense:///x'"
    no_process_in "$RUN"
}

@test "a child that does not hear SIGTERM is killed after a while" {
    use_fakes
    fake_behaves cpu_actor deaf
    stack_up
    deaf=$(pid_of cpu_actor)
    supervise down
    expect 0 '' ''
    gone "$deaf"
    log_has 'cpu_actor did not end within 5 s'
    no_process_in "$RUN"
}

@test "SIGTERM while a child starts, and one waits to be started again" {
    use_fakes
    fake_behaves cpu_actor hang
    fake_behaves mem_actor exit 1
    "$BIN/vmbalance" up --runtime-dir "$RUN" >"$RUN.out" 2>&1 3>&- &
    SUPERVISOR=$!
    eventually 5 state_is cpu_actor starting
    eventually 5 state_is mem_actor backoff
    kill -TERM "$SUPERVISOR"
    supervisor_ended_with 0
    no_process_in "$RUN"
}

@test "up --detach: returns when all is up" {
    run_split "$BIN/vmbalance" up --detach --runtime-dir "$RUN" --connect "$TEST_URI"
    expect 0 'cpu_actor +running' ''
    supervise down
    expect 0 '' ''
    no_process_in "$RUN"
}

@test "the log: bounded, and readers that leave or never read do no harm" {
    use_fakes
    fake_behaves cpu_actor talk 2500000
    # stderr is a pipe that nobody reads any more
    "$BIN/vmbalance" up --runtime-dir "$RUN" 2> >(head -n 1 >/dev/null) >/dev/null 3>&- &
    SUPERVISOR=$!
    eventually 60 log_has 'cpu_actor: said it all'
    all_running
    for file in log log.1; do
        size=$(stat -c %s "$RUN/$file")
        ((size < 1100000)) || fail "$file has $size bytes"
    done
    [[ ! -e $RUN/log.2 ]]
    supervise logs
    expect 0 'said it all' ''
}

@test "a monitor that was killed comes back with the settings that were changed" {
    stack_up --connect "$TEST_URI" --interval 1
    ctl pause cpu
    ctl set mem.reclaim 5
    local was
    was=$(pid_of monitor)
    kill -KILL "$was"
    eventually 5 replaced monitor "$was"
    eventually 5 ctl ping
    [[ $(ctl get cpu.paused) == yes && $(ctl get mem.reclaim) == 5 ]]
    kill -TERM "$SUPERVISOR"
    wait "$SUPERVISOR" || true
    SUPERVISOR=''
    [[ ! -e $RUN/settings ]]
}
