# lab.bash - real guests for the end-to-end tests, one lab per file.  Sourced after helper.
# shellcheck shell=bash

# lab_setup: in setup_file.  $FILE_DIR is the file's own directory; guests go even if bats is
# killed.
lab_setup() {
    need monitor cpu_actor mem_actor vmctl vmbalance jq virsh qemu-system-x86_64
    FILE_DIR=$(make_dir)
    chmod 711 "$FILE_DIR" # the lab's user passes through
    export FILE_DIR LAB_DIR=$FILE_DIR/lab
}

lab_teardown() {
    [[ -n ${FILE_DIR-} ]] || return 0
    lab down
    rm -rf "$FILE_DIR"
}

lab() {
    "$LAB" "$@" 3>&-
}

lab_up() {
    lab up "$@" --owner "$BATS_ROOT_PID" >/dev/null
}

uri() {
    lab uri
}

# in_guest VM COMMAND: starts it there and does not wait for its end.
in_guest() {
    lab exec "$1" "{ $2; } >/tmp/out 2>&1 &"
}

# busy VM PERCENT: from now on; 0 is idle.
busy() {
    lab exec "$1" 'killall busy 2>/dev/null; :'
    [[ $2 == 0 ]] || in_guest "$1" "busy $2"
}

# pin VM PCPUS: all its vCPUs, live only.
pin() {
    local vcpu _
    while read -r vcpu _; do
        virsh -q -c "$(uri)" vcpupin "$1" "$vcpu" "$2" --live >/dev/null
    done < <(lab pins "$1")
}

# Lines "VM VCPU PCPUS TIME_NS" of all running guests, by libvirt itself.
vcpu_times() {
    local vm vcpu pcpus times
    times=$(virsh -q -c "$(uri)" domstats --vcpu --list-running)
    for vm in $(virsh -q -c "$(uri)" list --name); do
        while read -r vcpu pcpus; do
            printf '%s %s %s %s\n' "$vm" "$vcpu" "$pcpus" "$(awk -v vm="'$vm'" -v key="vcpu.$vcpu.time=" '
                /^Domain:/ { here = $2 == vm }
                here && index($1, key) == 1 { print substr($1, length(key) + 1) }' <<<"$times")"
        done < <(lab pins "$vm")
    done
}

# deviation SECONDS: standard deviation of the two pCPUs' loads as percent of their mean,
# measured without any help of vmbalance's: each vCPU's time counts where it is pinned at
# the end.  A vCPU that may run anywhere makes it fail.
deviation() {
    local before after
    before=$(vcpu_times)
    sleep "$1" # the time over which it is measured
    after=$(vcpu_times)
    awk 'NR == FNR { was[$1, $2] = $4; next }
        $3 !~ /^[0-9]+$/ { loose = 1; exit }
        { load[$3] += $4 - was[$1, $2]; sum += $4 - was[$1, $2] }
        END {
            if (loose || sum <= 0) exit 1
            gap = (load[0] - load[1]) / sum
            printf "%.1f\n", (gap < 0 ? -gap : gap) * 100
        }' <(echo "$before") <(echo "$after")
}

# balanced_within PERCENT: by that measure, over 4 s.
balanced_within() {
    local percent
    percent=$(deviation 4) || fail 'some vCPU may run anywhere, or all are idle' || return
    awk -v is="$percent" -v most="$1" 'BEGIN { exit !(is <= most) }' ||
        fail "the deviation is $percent %" "$(vcpu_times)"
}

# One that has had no pin call for 8 s.
settled() {
    local before
    before=$(value '.actors.cpu_actor.report.calls_ok')
    holds 8 is ".actors.cpu_actor.report.calls_ok == $before"
}

actual_mib() { # VM
    value "[.vms[] | select(.name == \"$1\") | .actual_kib / 1024 | floor][0]"
}

# vm_is VM JQ: an expression about its row in `vmctl status`.
vm_is() {
    is "[.vms[] | select(.name == \"$1\") | $2] == [true]"
}

qemu_of() { # VM: the pid of its QEMU
    local f
    grep -l -a -s -F -f <(printf 'guest=%s,\n' "$1") /proc/[0-9]*/cmdline |
        while read -r f; do
            f=${f%/cmdline}
            grep -qasF "$LAB_DIR" "$f/cmdline" && grep -q '^qemu' "$f/comm" && echo "${f#/proc/}"
        done
}
