# daemon.sh - a lab's directory, its private libvirtd, its end.  Sourced by lab.
# shellcheck shell=bash
#
# The daemon runs as an unprivileged user in session mode with XDG directories of its own,
# so it has its own socket, its own list of guests and no access to the host's: as the
# caller, or, for root, as nobody (libvirt needs a user that is in the passwd file).
#
#   lab.id                  marks the directory as ours to remove
#   lock, ups/, reapers/    who changes the lab now, who waits for an owner's end
#   libvirtd.{conf,log,pid} the daemon
#   run/ c/ k/ h/           its XDG_RUNTIME_DIR, _CONFIG_HOME, _CACHE_HOME and HOME
#   boot/ vm/               kernel, initrd, talk; sockets and console logs of the guests

LAB_SOCKET=$LAB_DIR/run/libvirt/libvirt-sock
LAB_URI="qemu+unix:///session?socket=$LAB_SOCKET"
DAEMON_SECONDS=60

# Sets AS_LAB_USER, a command prefix: run as the user who has the daemon and the guests,
# in an environment of its own, without any privilege.
set_lab_user() {
    AS_LAB_USER=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME="$LAB_DIR/h"
        XDG_RUNTIME_DIR="$LAB_DIR/run" XDG_CONFIG_HOME="$LAB_DIR/c"
        XDG_CACHE_HOME="$LAB_DIR/k")
    [ "$UID" = 0 ] || return 0
    local user=${LAB_USER:-nobody} groups=(--clear-groups) kvm
    # The group of /dev/kvm, if that is what opens it; never root's.
    kvm=$(stat -c '%A %g' /dev/kvm 2>/dev/null || true)
    if [[ $kvm =~ ^....rw....\ ([1-9][0-9]*)$ ]]; then
        groups=(--groups "${BASH_REMATCH[1]}")
    fi
    LAB_UID=$(id -u "$user") || die "LAB_USER: there is no user '$user'"
    LAB_GID=$(id -g "$user")
    [ "$LAB_UID" != 0 ] || die "LAB_USER: root cannot run the lab"
    AS_LAB_USER+=(setpriv --reuid "$LAB_UID" --regid "$LAB_GID" "${groups[@]}"
        --inh-caps=-all --bounding-set=-all --no-new-privs)
}

# detached COMMAND...: in a session of its own, holding nothing of ours: no terminal, no
# pipe a caller waits for, no lock.
detached() {
    (
        cd /
        exec </dev/null
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            ((fd > 2)) && eval "exec $fd>&-"
        done
        exec setsid "$@"
    ) &
}

# process_mark PID: "PID STARTTIME", which no later process with the same PID has.
process_mark() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -r -a fields <<<"${stat##*) }"
    [ "${fields[0]}" != Z ] && printf '%s %s\n' "$1" "${fields[19]}"
}

# marked_pid FILE: the PID that a file with a process_mark tells, if it still runs.
marked_pid() {
    local mark
    mark=$(cat "$1" 2>/dev/null) && [ -n "$mark" ] &&
        [ "$(process_mark "${mark%% *}")" = "$mark" ] && printf '%s\n' "${mark%% *}"
}

# stop_process FILE SECONDS: end the process that FILE has the mark of; with force if it
# has not gone in time.
stop_process() {
    local pid end=$((SECONDS + $2))
    pid=$(marked_pid "$1") || return 0
    kill -TERM "$pid" 2>/dev/null || true
    while marked_pid "$1" >/dev/null; do
        ((SECONDS < end)) || kill -KILL "$pid" 2>/dev/null || true
        sleep 0.02
    done
}

lab_exists() {
    [ -e "$LAB_DIR/lab.id" ]
}

need_lab() {
    lab_exists || die "there is no lab in $LAB_DIR"
}

# enter_lab: before changing anything: be known to 'lab down', which then ends us first, and
# be the only one (fd 8) until unlock_lab.
enter_lab() {
    local end=$((SECONDS + LAB_TIMEOUT))
    process_mark $$ >"$LAB_DIR/ups/$$"
    exec 8>>"$LAB_DIR/lock"
    until flock -n 8; do
        ((SECONDS < end)) || die "another 'lab' has been changing $LAB_DIR for too long"
        sleep 0.05
    done
    [ ! -e "$LAB_DIR/going" ] || die "$LAB_DIR is going down"
}

leave_lab() {
    unlock_lab
    rm -f "$LAB_DIR/ups/$$"
}

unlock_lab() {
    exec 8>&-
}

# need_room NAME: libvirt's longest socket path for a guest of that name must fit.
need_room() {
    local longest="$LAB_DIR/c/libvirt/qemu/lib/domain-9999-${1:0:20}/monitor.sock"
    [ ${#longest} -le 107 ] || usage_error "LAB_DIR is too long by $((${#longest} - 107))" \
        "bytes for a unix socket: $longest"
}

make_lab_dir() {
    case $LAB_DIR in
    /*) ;;
    *) usage_error "LAB_DIR must be an absolute path: $LAB_DIR" ;;
    esac
    [[ $LAB_DIR =~ ^[A-Za-z0-9/._+-]+$ ]] ||
        usage_error "LAB_DIR may have letters, digits and /._+- only: $LAB_DIR"
    [ ! -L "$LAB_DIR" ] || die "$LAB_DIR is a symbolic link"
    mkdir -p "$LAB_DIR"
    [ -O "$LAB_DIR" ] || die "$LAB_DIR is somebody else's"
    if ! lab_exists && [ -n "$(ls -A "$LAB_DIR")" ]; then
        die "$LAB_DIR is neither empty nor a lab"
    fi
    chmod 711 "$LAB_DIR"
    set_lab_user
    if ! "${AS_LAB_USER[@]}" test -x "$LAB_DIR"; then
        rmdir "$LAB_DIR" || true
        die "user ${LAB_USER:-nobody}, who runs the lab for root, cannot enter $LAB_DIR:" \
            "chmod o+x the directories above it"
    fi
    printf 'vmbalance lab\n' >"$LAB_DIR/lab.id"
    mkdir -p "$LAB_DIR"/{boot,ups,reapers}
    local d
    for d in run c k h vm; do
        [ -d "$LAB_DIR/$d" ] || mkdir -m 700 "$LAB_DIR/$d"
        [ "$UID" != 0 ] || chown "$LAB_UID:$LAB_GID" "$LAB_DIR/$d"
    done
}

# link_image DIR: the lab keeps what it boots from, whatever becomes of the cache.
link_image() {
    local f
    for f in kernel initrd talk; do
        [ -e "$LAB_DIR/boot/$f" ] || ln "$1/$f" "$LAB_DIR/boot/$f" 2>/dev/null ||
            cp "$1/$f" "$LAB_DIR/boot/$f"
    done
    [ -e "$LAB_DIR/boot/image" ] || printf '%s\n' "${1##*/}" >"$LAB_DIR/boot/image"
    chmod 711 "$LAB_DIR/boot"
}

# seed_capabilities, keep_capabilities: what libvirt has found out about QEMU (1 s of CPU)
# goes from one lab to the next.  libvirt itself notices when it is out of date.
seed_capabilities() {
    local to=$LAB_DIR/k/libvirt/qemu/cache/capabilities
    [ -d "$LAB_CACHE/capabilities" ] && [ ! -d "$to" ] || return 0
    mkdir -p "$to"
    cp "$LAB_CACHE/capabilities/"*.xml "$to/" || true
    [ "$UID" != 0 ] || chown -R "$LAB_UID:$LAB_GID" "$LAB_DIR/k/libvirt"
}

keep_capabilities() {
    local from=$LAB_DIR/k/libvirt/qemu/cache/capabilities f name
    mkdir -p "$LAB_CACHE/capabilities"
    for f in "$from"/*.xml; do
        name=$LAB_CACHE/capabilities/${f##*/}
        if [ -e "$f" ] && ! cmp -s "$f" "$name"; then
            cp "$f" "$name.$$"
            mv "$name.$$" "$name"
        fi
    done
}

lab_virsh() {
    setsid -w virsh -q -c "$LAB_URI" "$@" # no terminal: else it starts a polkit agent there
}

daemon_start() {
    ! marked_pid "$LAB_DIR/libvirtd.pid" >/dev/null || return 0
    set_lab_user
    seed_capabilities
    local conf=$LAB_DIR/c/libvirt end=$((SECONDS + DAEMON_SECONDS)) pid
    "${AS_LAB_USER[@]}" mkdir -p "$conf"
    # Consoles go straight to files (no virtlogd); nothing else to confine the guests
    # with, as their user can do nothing anyway.
    printf '%s\n' 'stdio_handler = "file"' 'security_driver = "none"' \
        'seccomp_sandbox = 0' | "${AS_LAB_USER[@]}" tee "$conf/qemu.conf" >/dev/null
    printf '%s\n' 'auth_unix_rw = "none"' 'log_outputs = "3:stderr"' \
        >"$LAB_DIR/libvirtd.conf"
    rm -f "$LAB_SOCKET"
    detached "${AS_LAB_USER[@]}" libvirtd -f "$LAB_DIR/libvirtd.conf" >>"$LAB_DIR/libvirtd.log" 2>&1
    pid=$!
    process_mark $pid >"$LAB_DIR/libvirtd.pid" || die "libvirtd did not start"
    until [ -S "$LAB_SOCKET" ] && lab_virsh uri >/dev/null 2>&1; do
        if ! marked_pid "$LAB_DIR/libvirtd.pid" >/dev/null || ((SECONDS >= end)); then
            die "libvirtd did not start: $(grep error "$LAB_DIR/libvirtd.log" | tail -n 3)"
        fi
        sleep 0.02
    done
}

daemon_stop() {
    stop_process "$LAB_DIR/libvirtd.pid" 10
    rm -f "$LAB_DIR/libvirtd.pid"
}

verb_libvirtd() {
    [[ ${1:-} =~ ^(stop|start|restart)$ && $# = 1 ]] ||
        usage_error "libvirtd: stop, start or restart"
    need_lab
    enter_lab
    case $1 in
    stop) daemon_stop ;;
    start) daemon_start ;;
    restart) daemon_stop && daemon_start ;;
    esac
    leave_lab
}

verb_uri() {
    [ $# = 0 ] || usage_error "uri takes no argument"
    need_lab
    printf '%s\n' "$LAB_URI"
}

verb_virsh() {
    need_lab
    exec virsh -c "$LAB_URI" "$@"
}

# watch_owner PID: a process that waits for the end of PID, then takes the lab down.
watch_owner() {
    local owner
    owner=$(process_mark "$1") || usage_error "--owner: there is no process $1"
    local file=$LAB_DIR/reapers/${owner// /.}
    ! marked_pid "$file" >/dev/null || return 0
    detached "$LAB_SELF" __reap "$1" "$LAB_DIR" >/dev/null 2>&1
    process_mark $! >"$file"
}

# reap PID DIR: DIR is there to be seen in a list of processes.
reap() {
    tail --pid="$1" -f /dev/null
    take_down
}

# lab_processes: PIDs of this lab's daemon and QEMUs, told by their command lines: PID files
# would miss a guest that is only just being made.
lab_processes() {
    local f comm
    # The patterns come from a file, lest grep finds itself.
    grep -l -a -s -F -f <(printf '%s\n' "$LAB_DIR/c/libvirt/qemu/lib/" \
        "$LAB_DIR/libvirtd.conf") /proc/[0-9]*/cmdline | while read -r f; do
        f=${f%/cmdline}
        comm=$(cat "$f/comm" 2>/dev/null) || continue
        case $comm in
        libvirtd | qemu-system*) printf '%s\n' "${f#/proc/}" ;;
        esac
    done
    return 0
}

verb_down() {
    [ $# = 0 ] || usage_error "down takes no argument"
    take_down
}

take_down() {
    lab_exists || return 0
    trap '' INT TERM HUP
    touch "$LAB_DIR/going" # who is about to change the lab gives up
    local f pid end=$((SECONDS + 30))
    for f in "$LAB_DIR"/ups/* "$LAB_DIR"/reapers/*; do
        pid=$(marked_pid "$f") || continue
        [ "$pid" != $$ ] || continue
        case $f in
        */ups/*) stop_process "$f" 5 ;;
        */reapers/*) kill -TERM -- "-$pid" 2>/dev/null || true ;;
        esac
    done
    daemon_stop
    while pid=$(lab_processes) && [ -n "$pid" ]; do
        # shellcheck disable=SC2086 # several
        kill -KILL $pid 2>/dev/null || true
        ((SECONDS < end)) || die "cannot end these processes:" "$pid"
        sleep 0.02
    done
    # The mark goes last: whatever interrupts us, 'lab down' can be repeated.
    find "$LAB_DIR" -mindepth 1 -maxdepth 1 ! -name lab.id \
        -exec rm -rf --one-file-system {} + || true
    rm -f "$LAB_DIR/lab.id"
    rmdir "$LAB_DIR" 2>/dev/null || [ ! -d "$LAB_DIR" ] || die "cannot remove $LAB_DIR"
}
