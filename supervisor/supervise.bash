# supervise.bash - what `vmbalance up` does; sourced by vmbalance.
# shellcheck shell=bash
# shellcheck disable=SC2154 # its options are read by vmbalance
#
# How it works: everything it waits for is a child of its own: the daemons, one watcher per
# daemon that is starting (ends when the daemon writes its newline), one `sleep` for the
# nearest deadline, and the log writer.  The main loop looks at all of them, acts, and then
# blocks in `wait -n` until a child ends or a signal comes.  So nothing polls, and nothing
# is missed: a trap leaves a finished child behind (`: &`), which ends the next wait.
#
# A daemon's life:  waiting -> starting -> running -> (dies) -> backoff -> starting ...
# and where it ends:  gave-up, misconfigured, stopped.

readonly backoff_least_ms=500 backoff_most_ms=30000
readonly lived_ms=30000                       # who lived that long starts with a clean slate
readonly tally_most=5 tally_window_ms=60000   # deaths within the window: give up
readonly kill_after_ms=5000                   # between TERM and KILL
readonly log_most_bytes=1000000               # of each of the two log files

# ---- up: the log ----

# For a child: what only the supervisor may have open.
close_ours() {
    exec {lock}>&- {log}>&- {stderr}>&- {ready_out}>&-
}

say() {
    printf 'vmbalance: %s\n' "$*" >&"$log"
}

# Copies lines from the log's pipe to stderr and to a file with the time in front; keeps
# two files of bounded size.  Ends when the last writer has closed the pipe.
write_log() {
    local line size=0 file out
    trap '' INT TERM HUP USR1 PIPE
    exec {file}>>"$dir/log" {out}>&2
    size=$(stat -c %s "$dir/log" 2>/dev/null) || size=0
    while IFS= read -r line; do
        { printf '%(%F %T)T %s\n' -1 "$line" >&"$file"; } 2>/dev/null
        if [[ -n ${journal-} ]]; then
            case $line in
            *': error: '*) line="<3>$line" ;;
            *': warning: '*) line="<4>$line" ;;
            *) line="<6>$line" ;;
            esac
        fi
        { printf '%s\n' "$line" >&"$out"; } 2>/dev/null
        ((size += ${#line} + 21))
        if ((size > log_most_bytes)); then
            exec {file}>&-
            mv -f "$dir/log" "$dir/log.1"
            exec {file}>>"$dir/log"
            size=0
        fi
    done
}

start_log_writer() {
    local from
    exec {from}<"$dir/log.fifo" # does not block: $log is open for writing, too
    (
        exec 2>&"$stderr" 0<&"$from"
        close_ours
        exec {from}<&-
        write_log
    ) &
    log_writer=$!
    exec {from}<&-
    log_due=
}

# ---- up: one daemon ----

set_state() { # NAME STATE
    local name=$1 wall
    state[$name]=$2
    printf -v wall '%(%s)T' -1
    {
        printf 'state=%s\npid=%s\nrestarts=%s\nsince=%s\n' "$2" "${pid[$name]}" \
            "${restarts[$name]}" "$wall"
        printf 'last_exit=%s\nlast_exit_at=%s\nend=1\n' "${last[$name]}" "${last_at[$name]}"
    } >"$dir/$name.state" 2>/dev/null
}

arguments_of() { # NAME; into $arguments
    arguments=(--runtime-dir "$dir" --exit-with-parent "$$")
    [[ -z $opt_verbose ]] || arguments+=(--verbose)
    if [[ $1 == simhost ]]; then
        arguments+=(--scenario "${uri#sim:}")
        [[ -z $opt_speed ]] || arguments+=(--speed "$opt_speed")
        return 0
    fi
    [[ -z $opt_connect ]] || arguments+=(--connect "$opt_connect")
    [[ $1 == monitor ]] || return 0
    [[ -z $opt_interval ]] || arguments+=(--interval "$opt_interval")
    [[ -z $opt_config ]] || arguments+=(--config "$opt_config")
}

# setsid: a Ctrl-C at the terminal is for us alone, so that we can stop them in order.
# setpriv: it ends with us even before it has asked for that itself.
start() { # NAME
    local name=$1 arguments to from
    read_clock
    arguments_of "$name"
    # shellcheck disable=SC2094 # both ends of a fifo
    exec {to}<>"$dir/$name.ready" {from}<"$dir/$name.ready"
    (
        exec </dev/null >&"$log" 2>&1 {from}<&-
        close_ours
        exec setsid setpriv --pdeathsig TERM "${program[$name]}" "${arguments[@]}" \
            --ready-fd "$to"
    ) &
    pid[$name]=$!
    (
        close_ours
        exec {to}>&-
        IFS= read -r -u "$from"
    ) &
    watcher[$name]=$!
    exec {to}>&- {from}<&-
    started_ms[$name]=$now
    due[$name]=$((now + start_timeout_ms))
    set_state "$name" starting
}

is_running() { # PID
    [[ -n $1 ]] && kill -0 "$1" 2>/dev/null
}

end_watcher() { # NAME
    is_running "${watcher[$1]}" && kill -KILL "${watcher[$1]}" 2>/dev/null
    watcher[$1]=
}

terminate() { # NAME; then KILL when it does not end
    read_clock
    end_watcher "$1"
    due[$1]=$((now + kill_after_ms))
    kill -TERM "${pid[$1]}" 2>/dev/null
    set_state "$1" stopping
}

describe_exit() { # STATUS
    if (($1 > 128)); then
        echo "killed by SIG$(kill -l $(($1 - 128)))"
    else
        echo "exit status $1"
    fi
}

# Counts a death.  Fails when there were too many lately.
tally() { # NAME
    local name=$1 death
    local -a recent=()
    ((now - started_ms[$name] >= lived_ms)) && delay[$name]=$backoff_least_ms
    for death in ${deaths[$name]} "$now"; do
        ((now - death < tally_window_ms)) && recent+=("$death")
    done
    deaths[$name]=${recent[*]}
    ((${#recent[@]} < tally_most))
}

on_death() { # NAME STATUS
    local name=$1 status=$2 was=${state[$1]} how wall delay_ms
    read_clock
    end_watcher "$name"
    pid[$name]='' due[$name]=
    how=$(describe_exit "$status")
    if [[ $was == stopping && -z ${late[$name]} ]]; then
        if [[ -n $stopping || -z ${again[$name]} ]]; then
            set_state "$name" stopped
        else
            again[$name]=
            restarts[$name]=$((restarts[$name] + 1))
            start "$name"
        fi
        return
    fi
    [[ -n ${late[$name]} ]] && how="not ready within ${opt_start_timeout} s, $how"
    late[$name]=
    last[$name]=$how
    printf -v wall '%(%s)T' -1
    last_at[$name]=$wall
    if [[ -n $stopping ]]; then
        set_state "$name" stopped
    elif ((status == exit_misconfigured || status == exit_usage)); then
        say "error: $name does not start: misconfigured ($how; its own message is above)"
        set_state "$name" misconfigured
    elif ! tally "$name"; then
        say "error: $name died $tally_most times in a minute, giving up on it ($how);" \
            "'vmbalance restart $name' tries again"
        set_state "$name" gave-up
    else
        delay_ms=${delay[$name]}
        delay[$name]=$((delay_ms * 2 > backoff_most_ms ? backoff_most_ms : delay_ms * 2))
        due[$name]=$((now + delay_ms))
        say "warning: $name ended ($how), starting it again in $delay_ms ms"
        set_state "$name" backoff
    fi
}

on_ready() { # NAME
    local name=$1 other
    watcher[$name]='' due[$name]=
    say "$name is ready, pid ${pid[$name]}"
    set_state "$name" running
    [[ $name == monitor || $name == simhost ]] || return 0
    for other in "${names[@]}"; do
        [[ ${state[$other]} == waiting ]] || continue
        start "$other"
        [[ $name != simhost || $other != monitor ]] || break # the others wait for it
    done
    return 0
}

on_due() { # NAME; its deadline has come
    local name=$1
    due[$name]=
    case ${state[$name]} in
    backoff)
        restarts[$name]=$((restarts[$name] + 1))
        start "$name"
        ;;
    starting)
        say "error: $name is not ready after $opt_start_timeout s, stopping it"
        late[$name]=1
        terminate "$name"
        ;;
    stopping)
        say "warning: $name did not end within $((kill_after_ms / 1000)) s, killing it"
        kill -KILL "${pid[$name]}" 2>/dev/null
        ;;
    esac
}

# ---- up: the loop ----

# Handles all that happened since the last look.
look() {
    local name status happened=1
    while [[ -n $happened ]]; do
        happened=
        for name in "${names[@]}"; do
            if [[ -n ${watcher[$name]} ]] && ! is_running "${watcher[$name]}"; then
                happened=1
                wait "${watcher[$name]}" 2>/dev/null && on_ready "$name"
                watcher[$name]=
            fi
            if [[ -n ${pid[$name]} ]] && ! is_running "${pid[$name]}"; then
                happened=1
                wait "${pid[$name]}" 2>/dev/null
                status=$?
                on_death "$name" "$status"
            fi
        done
        read_clock
        for name in "${names[@]}"; do
            if [[ -n ${due[$name]} ]] && ((now >= due[$name])); then
                happened=1
                on_due "$name"
            fi
        done
    done
    if [[ -n $log_writer ]] && ! is_running "$log_writer"; then
        log_writer='' log_due=$((now + backoff_least_ms))
    elif [[ -n $log_due ]] && ((now >= log_due)); then
        start_log_writer
    fi
}

start_timer() { # SECONDS
    (
        close_ours
        exec setpriv --pdeathsig KILL sleep "$1" </dev/null >/dev/null 2>&1
    ) &
    timer=$!
}

# Disowned, so that bash does not tell of its end.
stop_timer() {
    [[ -z $timer ]] || {
        disown "$timer"
        kill -KILL "$timer"
    } 2>/dev/null
    timer='' timer_at=''
}

# One `sleep` until the nearest deadline, if there is one.
arm_timer() {
    local at nearest='' seconds
    for at in "${due[@]}" "$log_due"; do
        [[ -n $at && ( -z $nearest || $at -lt $nearest ) ]] && nearest=$at
    done
    [[ -n $timer ]] && ! is_running "$timer" && timer='' timer_at=
    [[ $nearest == "$timer_at" ]] && return
    stop_timer
    timer_at=$nearest
    [[ -n $nearest ]] || return
    read_clock
    at=$((nearest > now ? nearest - now + 10 : 0)) # the clock ticks in 10 ms
    printf -v seconds '%d.%03d' $((at / 1000)) $((at % 1000))
    start_timer "$seconds"
}

begin_stop() { # SIGNAL
    if [[ -n $stopping ]]; then
        hurry=1
        return
    fi
    stopping=1
    say "got SIG$1, stopping"
}

# Stops the last one in the order that still runs.  Fails when none does.
stop_next() {
    local i name
    for ((i = ${#names[@]} - 1; i >= 0; i--)); do
        name=${names[i]}
        if [[ -z ${pid[$name]} ]]; then
            due[$name]=
            [[ ${state[$name]} == stopped ]] || set_state "$name" stopped
            continue
        fi
        [[ ${state[$name]} == stopping && -z ${late[$name]} ]] || {
            late[$name]=
            terminate "$name"
        }
        [[ -z $hurry ]] || kill -KILL "${pid[$name]}" 2>/dev/null
        return 0
    done
    return 1
}

take_restart_requests() {
    local name
    restart_asked=
    for name in "${names[@]}"; do
        [[ -e $dir/$name.restart ]] || continue
        unlink "$dir/$name.restart"
        say "restarting $name, as asked"
        deaths[$name]='' delay[$name]=$backoff_least_ms late[$name]=
        if [[ -n ${pid[$name]} ]]; then
            again[$name]=1
            terminate "$name"
        else
            due[$name]=
            restarts[$name]=$((restarts[$name] + 1))
            start "$name"
        fi
    done
}

forward_hangup() {
    case ${state[monitor]-} in
    starting) return ;; # it may not catch the signal yet
    running)
        say 'got SIGHUP, the monitor shall read its configuration again'
        kill -HUP "${pid[monitor]}"
        ;;
    esac
    hangup=
}

# Once: tells who waits for it that all is up, or as up as it will get.
settle() {
    local name running=0
    for name in "${names[@]}"; do
        case ${state[$name]} in
        running) ((running += 1)) ;;
        gave-up | misconfigured) ;;
        *) return ;;
        esac
    done
    settled=1
    say "$running of ${#names[@]} processes run"
    { printf '\n' >&"$ready_out"; } 2>/dev/null
    exec {ready_out}>/dev/null
}

# Nothing runs, and nothing will be started any more.
nothing_left() {
    local name
    for name in "${names[@]}"; do
        case ${state[$name]} in
        gave-up | misconfigured | waiting) ;;
        *) return 1 ;;
        esac
    done
    # a monitor that is not coming is why the others still wait
    return 0
}

supervise() {
    while :; do
        look
        if [[ -n $stopping ]]; then
            stop_next || return 0
        else
            [[ -z $hangup ]] || forward_hangup
            if [[ -n $restart_asked ]]; then
                take_restart_requests
                continue # it ran a command: look again, right before the wait
            fi
            [[ -n $settled ]] || settle
            if nothing_left; then
                say 'error: no process is left to look after'
                [[ " ${state[*]} " != *' misconfigured '* ]] || return "$exit_misconfigured"
                return "$exit_failed"
            fi
        fi
        arm_timer
        wait -n 2>/dev/null
    done
}

# Lets the log writer finish, but not for ever: stderr may be stuck.
finish_log() {
    stop_timer
    [[ -n $log_writer ]] || return
    start_timer 2
    exec {log}>&-
    while is_running "$log_writer" && is_running "$timer"; do
        wait -n "$log_writer" "$timer" 2>/dev/null
    done
    kill -KILL "$log_writer" 2>/dev/null
    stop_timer
    wait 2>/dev/null
}

make_runtime_dir() {
    local text
    if [[ ! -d $dir ]]; then
        text=$(mkdir -m 0750 -- "$dir" 2>&1) ||
            die "$exit_failed" "cannot make runtime directory $dir: ${text##*: }"
    fi
    [[ -r $dir && -w $dir && -x $dir ]] ||
        die "$exit_failed" "cannot use runtime directory $dir: permission denied"
}

take_lock() {
    local other=
    { exec {lock}<>"$dir/vmbalance.lock"; } 2>/dev/null ||
        die "$exit_failed" "cannot open $dir/vmbalance.lock"
    # A moment's patience: `status` holds it for an instant, too.
    if ! flock -w 1 "$lock"; then
        read -r -u "$lock" other || true
        die "$exit_failed" "another supervisor is up already in $dir (pid ${other:-unknown})"
    fi
}

make_pipes() {
    local name fifo
    for name in log.fifo "${names[@]/%/.ready}"; do
        fifo=$dir/$name
        [[ -p $fifo ]] || mkfifo -m 0600 "$fifo" || exit "$exit_failed"
    done
}

prepare_names() {
    local name known=" ${order[*]} " wanted=",$opt_only,"
    uri=${opt_connect:-${LIBVIRT_DEFAULT_URI-}}
    [[ $uri == sim:* || -z $opt_speed ]] || bad_usage '--speed goes with a URI sim:FILE'
    names=()
    for name in ${opt_only//,/ }; do
        [[ $known == *" $name "* ]] ||
            bad_usage "--only: there is no process '$name'; they are: ${order[*]}"
    done
    for name in "${order[@]}"; do
        [[ $name != simhost || $uri == sim:* ]] || continue
        [[ -z $opt_only || $wanted == *,"$name",* ]] || continue
        program[$name]=$(find_program "$name") ||
            die "$exit_failed" "cannot find the program $name (it belongs into $installed_libexec)"
        names+=("$name")
        pid[$name]='' watcher[$name]='' due[$name]='' deaths[$name]='' late[$name]='' again[$name]=
        last[$name]='' last_at[$name]='' restarts[$name]=0 started_ms[$name]=0
        delay[$name]=$backoff_least_ms
    done
    ((${#names[@]} > 0)) || bad_usage '--only: no process named'
}

command_up() {
    local name status
    local -A program pid state restarts last last_at due deaths delay late again
    local -A watcher started_ms
    local names lock log stderr ready_out now journal=${JOURNAL_STREAM-}
    local stopping='' hurry='' hangup='' restart_asked='' settled=''
    local timer='' timer_at='' log_writer='' log_due='' uri
    prepare_names
    [[ -z $opt_detach ]] || detach
    make_runtime_dir
    take_lock
    make_pipes
    unset JOURNAL_STREAM # so that their lines name them; write_log adds the priority
    rm -f -- "$dir"/*.state "$dir"/*.restart "$dir/settings"
    exec {stderr}>&2 {log}<>"$dir/log.fifo" {ready_out}>/dev/null
    if [[ -n $opt_ready_fd ]]; then
        { exec {ready_out}>&"$opt_ready_fd"; } 2>/dev/null ||
            bad_usage "--ready-fd: $opt_ready_fd is not an open file descriptor"
        exec {opt_ready_fd}>&-
    fi
    start_log_writer
    exec 2>&"$log"
    trap 'begin_stop TERM; : &' TERM
    trap 'begin_stop INT; : &' INT
    trap 'hangup=1; : &' HUP
    trap 'restart_asked=1; : &' USR1
    printf '%s\n' "$$" >"$dir/vmbalance.lock"
    say "version $version starts in $dir, pid $$"
    for name in "${names[@]}"; do
        set_state "$name" waiting
    done
    for name in "${names[@]}"; do
        start "$name"
        # the others wait until it is ready
        [[ $name != monitor && $name != simhost ]] || break
    done
    supervise
    status=$?
    ((status != 0)) || rm -f -- "$dir"/*.state
    rm -f -- "$dir"/*.ready "$dir"/*.restart
    say 'down'
    exec 2>/dev/null
    finish_log
    rm -f -- "$dir/log.fifo"
    exit "$status"
}

# Starts the same command in a session of its own and waits until it says it is ready.
detach() {
    local ready fifo from=0
    make_runtime_dir
    if find_supervisor; then
        die "$exit_failed" "another supervisor is up already in $dir (pid $supervisor)"
    fi
    fifo=$(mktemp -u "$dir/detach.XXXXXX") && mkfifo -m 0600 "$fifo" || exit "$exit_failed"
    [[ ! -e $dir/log ]] || from=$(stat -c %s "$dir/log")
    exec {ready}<>"$fifo"
    setsid -f "$self" "${original[@]}" --foreground --ready-fd 3 \
        </dev/null >/dev/null 2>&1 3>"$fifo" {ready}>&-
    exec 3<"$fifo" {ready}>&- # from now on it ends when the supervisor does
    rm -f -- "$fifo"
    IFS= read -r -u 3 || {
        tail -c +$((from + 1)) "$dir/log" >&2
        die "$exit_failed" 'it did not come up'
    }
    find_supervisor
    show_processes
    exit
}
