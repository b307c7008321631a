#!/usr/bin/env bats
# record.bats - what was on the bus in a file, and what can be made of it afterwards.
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; out, err: run_split

load helper

setup() {
    need jq simhost
    RUN=$(make_dir)
    SCENARIOS=$E2E_DIR/../scenarios
    FILE=$RUN/a.rec
}

teardown() {
    [[ -z ${RECORDER-} ]] || kill -KILL "$RECORDER" 2>/dev/null || true
    stack_gone
    no_process_in "$RUN"
    rm -rf "$RUN" "$RUN.out"
}

# record SECONDS [SCENARIO]: a stack from its first snapshot on, into $FILE; it is gone then.
record() {
    stack_up --connect "sim:$SCENARIOS/${2:-cpu2}.ini" --interval 0.5
    run_split "$BIN/vmctl" --runtime-dir "$RUN" record --seconds "$1" "$FILE"
    expect 0 '^[0-9]+ frames, [0-9]+ bytes, in ' ''
    stack_gone
}

# start_recorder: in the background, as $RECORDER; returns when it has written to $FILE.
start_recorder() {
    local was
    was=$(stat -c %s "$FILE" 2>/dev/null) || was=0
    "$BIN/vmctl" --runtime-dir "$RUN" record "$FILE" >"$RUN/said" 2>"$RUN/moaned" 3>&- &
    RECORDER=$!
    eventually 10 larger_than "$((was + 1000))"
}

larger_than() {
    (($(stat -c %s "$FILE" 2>/dev/null || echo 0) > $1))
}

frames() {
    "$BIN/vmctl" replay --json "$FILE" | wc -l
}

@test "a recording holds snapshots, reports and decisions; replay is the same each time" {
    record 6 mem1
    run_split "$BIN/vmctl" replay "$FILE"
    expect 0 '^\+0.000 s  snapshot [0-9]+: ' ''
    [[ $out == *'cpu_actor on snapshot '*': verdict='* ]]
    [[ $out == *'mem_actor on snapshot '*': verdict='* ]]
    [[ $out == *'mem_actor: set-memory vm='*' reason="'* ]]
    local first=$out
    run_split "$BIN/vmctl" replay "$FILE"
    [[ $out == "$first" ]]
    # JSON, one line each, in the order of time.
    "$BIN/vmctl" replay --json "$FILE" >"$RUN/lines"
    jq -se 'all(.schema_version == 1 and .at_ns >= 0) and
        ([.[].at_ns] | . == sort) and
        ([.[].kind] | index("snapshot") and index("report")) and
        ([.[].snapshot.sequence | numbers] | length > 8 and . == unique)' "$RUN/lines"
}

@test "the actors say what they would do, without libvirt, monitor or runtime directory" {
    record 6
    local actor first
    for actor in cpu_actor mem_actor; do
        run_split "$BIN/$actor" --runtime-dir "$RUN/none" --connect nonsense:/// --replay "$FILE"
        expect 0 'snapshot [0-9]+ \+0\.0s: verdict=[a-z]+ reason="' ''
        first=$out
        run_split "$BIN/$actor" --replay "$FILE"
        [[ $out == "$first" ]]
        [[ $(grep -c '^snapshot ' <<<"$out") == "$("$BIN/vmctl" replay --json "$FILE" |
            jq -s '[.[] | select(.kind == "snapshot")] | length')" ]]
    done
    [[ ! -e $RUN/none ]]
}

@test "over the recording of its own run, an actor decides just as it did" {
    printf '[cpu]\nmode = off\n' >"$RUN/off.ini" # until the recorder is there
    stack_up --connect "sim:$SCENARIOS/cpu2.ini" --interval 0.5 --config "$RUN/off.ini"
    start_recorder
    ctl set cpu.mode act
    eventually 15 is '.actors.cpu_actor.report.calls_ok == 6'
    kill -TERM "$RECORDER"
    wait "$RECORDER"
    "$BIN/vmctl" replay "$FILE" |
        sed -n 's/.*cpu_actor: \(pin .*\) result=ok reason=/\1 /p' >"$RUN/did"
    "$BIN/cpu_actor" --replay "$FILE" |
        sed -n 's/^  \(pin .*\) result=dry-run reason=/\1 /p' >"$RUN/would"
    [[ $(wc -l <"$RUN/did") == 6 ]]
    diff "$RUN/did" "$RUN/would"
}

@test "other settings make another plan" {
    record 4
    printf '[cpu]\nmode = off\n' >"$RUN/off.ini"
    run_split "$BIN/cpu_actor" --replay "$FILE" --config "$RUN/off.ini"
    expect 0 'verdict=off reason="switched off' ''
    [[ $out != *verdict=[!o]* ]]
    printf '[cpu]\nmode = maybe\n' >"$RUN/bad.ini"
    run_split "$BIN/cpu_actor" --replay "$FILE" --config "$RUN/bad.ini"
    expect 125 '' 'bad.ini:2: .*mode'
}

@test "recorder: ends on SIGTERM and SIGINT with its line, and a file is continued" {
    stack_up --connect "sim:$SCENARIOS/cpu1.ini" --interval 0.2
    start_recorder
    kill -TERM "$RECORDER"
    wait "$RECORDER"
    grep -Eq '^[0-9]+ frames' "$RUN/said"
    local before
    before=$(frames)
    start_recorder
    run_split "$BIN/vmctl" --runtime-dir "$RUN" record --seconds 0.5 "$FILE"
    expect 1 '' 'being written by another process'
    eventually 10 larger_than "$(($(stat -c %s "$FILE") + 4000))"
    kill -INT "$RECORDER"
    wait "$RECORDER"
    (($(frames) > before))
}

@test "recorder killed with -9, as often as you like: a good file" {
    stack_up --connect "sim:$SCENARIOS/cpu1.ini" --interval 0.2
    local was=0
    for _ in 1 2 3 4 5; do
        start_recorder
        eventually 10 larger_than "$((was + 3000))"
        kill -KILL "$RECORDER"
        wait "$RECORDER" 2>/dev/null || true
        was=$(stat -c %s "$FILE")
        run_split "$BIN/vmctl" replay --json "$FILE"
        [[ $status == 0 && $out != *'"kind":"unknown"'* ]]
    done
    # Torn in the middle of the last record: left out, then cut off.
    truncate -s -5 "$FILE"
    run_split "$BIN/vmctl" replay "$FILE"
    expect 0 'snapshot' 'the last record is torn'
    run_split "$BIN/cpu_actor" --replay "$FILE"
    expect 0 'verdict=' 'warning: .*the last record is torn'
    run_split "$BIN/vmctl" --runtime-dir "$RUN" record --seconds 1 "$FILE"
    expect 0 'frames' 'cut off'
    run_split "$BIN/vmctl" replay "$FILE"
    expect 0 'snapshot' ''
}

@test "a full disk: said, status 1, and what was written is good" {
    stack_up --connect "sim:$SCENARIOS/cpu1.ini" --interval 0.2
    # shellcheck disable=SC2016 # that shell expands it
    run_split bash -c 'ulimit -f 16; exec "$@"' - \
        "$BIN/vmctl" --runtime-dir "$RUN" record --seconds 15 "$FILE"
    expect 1 '^[0-9]+ frames' 'cannot write .*a.rec: '
    run_split "$BIN/vmctl" replay "$FILE"
    expect 0 'snapshot' ''
}

@test "nobody publishes: 3; a wrong command line: 2" {
    run_split "$BIN/vmctl" --runtime-dir "$RUN" record --timeout 0.3 "$FILE"
    expect 3 '' 'vmbalance up'
    [[ ! -e $FILE ]]
    run_split "$BIN/vmctl" --runtime-dir "$RUN/none" record "$FILE"
    expect 3 '' 'vmbalance is not running'
    run_split "$BIN/vmctl" record
    expect 2 '' 'FILE is missing'
    run_split "$BIN/vmctl" record --seconds -1 "$FILE"
    expect 2 '' 'number of seconds'
    run_split "$BIN/vmctl" replay --seconds 1 "$FILE"
    expect 2 '' 'unrecognized option'
    run_split "$BIN/cpu_actor" --replay "$FILE" --standalone
    expect 2 '' 'do not go with it'
}

@test "strange files are refused at once: none, empty, foreign, zeros, a pipe, a newer one" {
    truncate -s 1G "$RUN/zeros"
    : >"$RUN/empty"
    printf '#!/bin/sh\necho\n' >"$RUN/foreign"
    printf 'VMBREC\2' >"$RUN/newer"
    mkfifo "$RUN/pipe"
    local file program
    for program in 'vmctl replay' 'cpu_actor --replay' 'mem_actor --replay'; do
        for file in none empty foreign zeros newer pipe; do
            # shellcheck disable=SC2086 # two words
            LIMIT=5 run_split "$BIN/"$program "$RUN/$file"
            expect 1 '' "$RUN/$file"
        done
    done
}
