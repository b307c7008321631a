# snapshot.sh - booted guests from the cache, instead of booting them.  Sourced by lab.
# shellcheck shell=bash
#
# Under TCG a boot takes 2 s of CPU, going on from a saved state 0.4 s.  So the first 'up'
# that makes a lab with guests of a new shape (vCPUs, memory, everything in the XML) boots one
# of them, saves it and keeps its state:
#
#   $LAB_CACHE/state-CHECKSUM    what QEMU wrote
#
# A guest then starts from a libvirt save file: a header, its own XML, and that state.

STATES_KEPT=12

# state_file NAME: where the state for the guest of that name is kept, by what it depends on.
state_file() {
    local key
    key=$({
        sed -e '/<uuid>/d' -e "s:$LAB_DIR/vm/$1\.:NAME.:" -e "s:<name>$1<:<name>:" \
            -e "s:$LAB_DIR/::" "$LAB_DIR/vm/$1.xml"
        cat "$LAB_DIR/boot/image"
        stat -L -c '%s %Y' "$(command -v qemu-system-x86_64)"
    } | sha256sum | cut -c1-16)
    printf '%s/state-%s\n' "$LAB_CACHE" "$key"
}

# little_endian NUMBER...: as 32 bits each, in printf's notation.
little_endian() {
    local n i
    for n in "$@"; do
        for i in 0 8 16 24; do
            printf '\\x%02x' $((n >> i & 255))
        done
    done
}

# write_save_file XML STATE OUT: libvirt's format, version 2: magic, version, bytes of XML,
# whether it ran, compression, offset of a cookie, 14 reserved words; XML and a zero byte.
write_save_file() {
    local length
    length=$(stat -c %s "$1")
    {
        printf 'LibvirtQemudSave'
        # shellcheck disable=SC2059 # that is the notation
        printf "$(little_endian 2 $((length + 1)) 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)"
        cat "$1"
        printf '\0'
        cat "$2"
    } >"$3"
}

# start_from_state NAME: fails if there is no state for it, or QEMU does not take it.
start_from_state() {
    local state file=$LAB_DIR/vm/$1.save rc=0
    [ "${LAB_STATES:-yes}" != no ] || return 1
    state=$(state_file "$1")
    [ -e "$state" ] && grep -q "<domain type='qemu'>" "$LAB_DIR/vm/$1.xml" || return 1
    write_save_file "$LAB_DIR/vm/$1.xml" "$state" "$file" || rc=1
    [ "$UID" != 0 ] || chown "$LAB_UID" "$file"
    if [ $rc = 0 ] && ! lab_virsh restore "$file" --running >/dev/null; then
        say "$1 does not go on from $state: booting it"
        [ -e "$LAB_DIR/going" ] || rm -f "$state"
        rc=1
    fi
    rm -f "$file"
    return $rc
}

# make_state NAME: boot a guest of that definition only to save it, if there is no state yet.
make_state() {
    local state name=state.$$ file=$LAB_DIR/vm/state.$$.save words
    [ "${LAB_STATES:-yes}" != no ] && grep -q "<domain type='qemu'>" "$LAB_DIR/vm/$1.xml" ||
        return 0
    state=$(state_file "$1")
    [ ! -e "$state" ] || return 0
    sed -e '/<uuid>/d' -e "s:$LAB_DIR/vm/$1\.:$LAB_DIR/vm/$name.:" \
        -e "s:<name>$1<:<name>$name<:" "$LAB_DIR/vm/$1.xml" >"$LAB_DIR/vm/$name.xml"
    lab_virsh create "$LAB_DIR/vm/$name.xml" >/dev/null || return 0
    wait_guests "$LAB_TIMEOUT" "$name"
    settle_balloons "$name"
    lab_virsh save "$name" "$file" --running >/dev/null &
    if wait $!; then
        read -r -a words < <(od -An -tu4 -j 16 -N 8 "$file")
        mkdir -p "$LAB_CACHE"
        tail -c +$((92 + words[1] + 1)) "$file" >"$state.$$"
        mv "$state.$$" "$state"
        prune_states
    fi
    rm -f "$LAB_DIR/vm/$name".*
}

prune_states() {
    local f n=0
    find "$LAB_CACHE" -maxdepth 1 -name 'state-*.*' -mmin +10 -delete # of who was killed
    # shellcheck disable=SC2012 # our own names, no newline in them
    ls -t "$LAB_CACHE"/state-* | while read -r f; do
        n=$((n + 1))
        ((n <= STATES_KEPT)) || rm -f "$f"
    done
}
