# guest.sh - making, booting and talking to the guests of a lab.  Sourced by lab.
# shellcheck shell=bash disable=SC2154 # opt_*: parse_guest_options sets them

# need_guest NAME: a guest of this lab.
need_guest() {
    need_lab
    [ -n "${1:-}" ] || usage_error "which guest?"
    need_name "$1"
    [ -e "$LAB_DIR/vm/$1.xml" ] || die "there is no guest '$1' (see: lab list)"
}

# talk NAME SECONDS COMMAND
talk() {
    "$LAB_DIR/boot/talk" "$LAB_DIR/vm/$1.sock" "$(($2 * 1000))" "$3"
}

# kib NAME FIELD: balloon.current or balloon.maximum, from what domstats printed into
# $balloon_stats.
kib() {
    awk -v name="Domain: '$1'" -v field="  $2=" '
        /^Domain:/ { here = $0 == name }
        here && index($0, field) == 1 { print substr($0, length(field) + 1); exit }' \
        <<<"$balloon_stats"
}

# settle_balloons NAME...: until each balloon is at the memory that its definition says.
# (libvirt tells the guest at start; it follows when its driver is there.)
settle_balloons() {
    local end=$((SECONDS + LAB_TIMEOUT)) balloon_stats name want now pending
    local -A wanted=()
    for name in "$@"; do
        want=$(sed -n "s/.*<currentMemory unit='MiB'>\(.*\)<.*/\1/p" "$LAB_DIR/vm/$name.xml")
        if ! grep -q "<memory unit='MiB'>$want<" "$LAB_DIR/vm/$name.xml"; then
            wanted[$name]=$((want * 1024))
        fi
    done
    while [ ${#wanted[@]} -gt 0 ]; do
        balloon_stats=$(lab_virsh domstats --balloon "${!wanted[@]}") || die "cannot see balloons"
        pending=''
        for name in "${!wanted[@]}"; do
            now=$(kib "$name" balloon.current)
            if [ "$now" = "${wanted[$name]}" ]; then
                unset "wanted[$name]"
            else
                pending+=" $name at $now of ${wanted[$name]} KiB"
            fi
        done
        ((SECONDS < end)) || die "the balloon has not settled:$pending"
        [ -z "$pending" ] || sleep 0.1
    done
}

# boot_guests NAME...: start them, wait until all answer, their balloons have settled, and
# then pin them ($opt_pin): while booting they may use every CPU.
boot_guests() {
    local name jobs=() i failed=''
    for name in "$@"; do
        rm -f "$LAB_DIR/vm/$name.log"
        { start_from_state "$name" || lab_virsh start "$name" >/dev/null; } &
        jobs+=($!)
    done
    for i in "${!jobs[@]}"; do
        wait "${jobs[i]}" || failed+=" ${*:i+1:1}"
    done
    [ -z "$failed" ] || die "could not start:$failed"
    wait_guests "$LAB_TIMEOUT" "$@"
    settle_balloons "$@"
    [ -n "$opt_pin" ] || return 0
    for name in "$@"; do
        pin_guest "$name" "$opt_pin"
    done
}

wait_guests() {
    local seconds=$1 jobs=() i failed=''
    shift
    for i in "$@"; do
        # A guest that goes on from a saved state has an old clock.
        talk "$i" "$seconds" "date -s @${EPOCHSECONDS} >/dev/null" &
        jobs+=($!)
    done
    for i in "${!jobs[@]}"; do
        wait "${jobs[i]}" || failed+=" ${*:i+1:1}"
    done
    [ -n "$failed" ] || return 0
    for i in $failed; do
        say "$i, on its console: $(tail -n 3 "$LAB_DIR/vm/$i.log" 2>/dev/null)"
    done
    die "no answer from:$failed"
}

pin_guest() {
    local v n
    n=$(lab_virsh vcpucount "$1" --live --current)
    for ((v = 0; v < n; v++)); do
        lab_virsh vcpupin "$1" "$v" "$2" --live >/dev/null || die "cannot pin $1 to $2"
    done
}

# Undo an up that failed or was interrupted: all of the lab if it made it, else its guests.
undo_up() {
    local rc=$? pid
    trap '' INT TERM HUP
    trap - EXIT
    [ $rc != 0 ] || return 0
    # shellcheck disable=SC2046 # several
    kill $(jobs -p) 2>/dev/null || true
    if [ -e "$LAB_DIR/going" ]; then
        exit $rc # 'lab down' waits for our end
    elif [ "$up_made_lab" = yes ]; then
        take_down
    else
        wait
        for pid in "${up_names[@]}"; do
            lab_virsh destroy "$pid" >/dev/null 2>&1 || true
            lab_virsh undefine "$pid" >/dev/null 2>&1 || true
            rm -f "$LAB_DIR/vm/$pid".*
        done
        leave_lab
    fi
    exit $rc
}

verb_up() {
    [ $# -gt 0 ] || usage_error "up: how many guests?"
    need_count "$1" 1 999 "up"
    local count=$1 image start=${EPOCHREALTIME/./}
    shift
    parse_guest_options "$@"
    need_room "$opt_prefix$count"
    image=$(image_dir)
    wait_going
    up_made_lab=no up_names=()
    trap undo_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    lab_exists || up_made_lab=yes
    make_lab_dir
    enter_lab
    [ -z "$opt_owner" ] || watch_owner "$opt_owner"
    link_image "$image"
    daemon_start
    mapfile -t up_names < <(next_names "$opt_prefix" "$count")
    define_guests "${up_names[@]}"
    unlock_lab
    # Later on it would be seen by who watches this lab.
    [ $up_made_lab = no ] || make_state "${up_names[0]}"
    boot_guests "${up_names[@]}"
    leave_lab
    trap - EXIT INT TERM HUP
    printf '%s\n' "${up_names[@]}"
    say "up in $(((${EPOCHREALTIME/./} - start) / 1000)) ms: ${up_names[*]}"
}

# A lab that is just going down may be followed by a new one in the same place.
wait_going() {
    local end=$((SECONDS + 30))
    while [ -e "$LAB_DIR/going" ]; do
        ((SECONDS < end)) || die "$LAB_DIR does not go down: try 'lab down'"
        sleep 0.05
    done
}

verb_start() {
    need_lab
    [ $# -gt 0 ] || usage_error "start: which guest?"
    local name=$1
    need_name "$name"
    shift
    parse_guest_options "$@"
    set_lab_user
    enter_lab
    if [ ! -e "$LAB_DIR/vm/$name.xml" ]; then
        [ -z "$opt_owner" ] || watch_owner "$opt_owner"
        define_guests "$name"
    elif [ $# -gt 0 ]; then
        usage_error "start: $name is defined already, its options cannot be changed"
    fi
    unlock_lab
    boot_guests "$name"
    leave_lab
}

verb_destroy() {
    [ $# -gt 0 ] || usage_error "destroy: which guest?"
    local name jobs=() rc=0
    for name in "$@"; do
        need_guest "$name"
    done
    for name in "$@"; do
        lab_virsh destroy "$name" >/dev/null &
        jobs+=($!)
    done
    for name in "${jobs[@]}"; do
        wait "$name" || rc=1
    done
    return $rc
}

# parse_timeout DEFAULT [--timeout S] ...: sets timeout and the number of words to shift.
parse_timeout() {
    timeout=$1 shifts=0
    if [ "${2:-}" = --timeout ]; then
        need_count "${3:-}" 1 86400 --timeout
        timeout=$3 shifts=2
    fi
}

verb_exec() {
    local timeout shifts name
    parse_timeout 60 "$@"
    shift "$shifts"
    [ $# -gt 1 ] || usage_error "exec: [--timeout S] VM COMMAND..."
    name=$1
    need_guest "$name"
    shift
    exec "$LAB_DIR/boot/talk" "$LAB_DIR/vm/$name.sock" "$((timeout * 1000))" "$*"
}

verb_wait() {
    local timeout shifts name
    parse_timeout "$LAB_TIMEOUT" "$@"
    shift "$shifts"
    [ $# -gt 0 ] || usage_error "wait: which guest?"
    for name in "$@"; do
        need_guest "$name"
    done
    wait_guests "$timeout" "$@"
}

verb_list() {
    [ $# = 0 ] || usage_error "list takes no argument"
    need_lab
    lab_virsh domstats --state --balloon --vcpu | awk -F= '
        function flush() { if (name != "") print name, state, vcpus, current, most }
        /^Domain:/ { flush(); split($0, q, "\047"); name = q[2]; vcpus = current = most = "-" }
        /state.state=/ { state = $2 == 1 ? "running" : $2 == 3 ? "paused" : $2 == 5 ? "off" : "state-" $2 }
        /balloon.current=/ { current = int($2 / 1024) }
        /balloon.maximum=/ { most = int($2 / 1024) }
        / vcpu.current=/ { vcpus = $2 }
        END { flush() }' | sort -V
}

verb_pins() {
    [ $# = 1 ] || usage_error "pins: which guest?"
    need_guest "$1"
    lab_virsh vcpupin "$1" | awk '$1 ~ /^[0-9]+$/ { print $1, $2 }'
}

verb_console() {
    [ $# = 1 ] || usage_error "console: which guest?"
    need_guest "$1"
    cat "$LAB_DIR/vm/$1.log"
}
