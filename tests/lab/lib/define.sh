# define.sh - what a guest is: options, acceleration, XML.  Sourced by lab.
# shellcheck shell=bash disable=SC2034 # opt_*: guest.sh reads them

# What spares time under TCG, each measured: no self-tests, no speculation work-arounds, no
# write protection of kernel text, no zeroing of every page that is allocated.  panic=-1
# with on_reboot=destroy: a guest that dies is seen to be dead.
GUEST_CMDLINE="console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check \
random.trust_cpu=on cryptomgr.notests rodata=off tsc=reliable no5lvl ipv6.disable=1 \
noreplace-smp init_on_alloc=0 audit=0 rcupdate.rcu_expedited=1"
TB_CACHE_MIB=32 # QEMU's default is far larger; with 8 a boot takes twice as long
LEAST_MIB=80    # below that this kernel does not boot

need_name() {
    [[ $1 =~ ^[A-Za-z][A-Za-z0-9._-]{0,40}$ ]] || usage_error "not a name for a guest: '$1'"
}

# parse_guest_options OPTION...: sets the options of up.
parse_guest_options() {
    opt_vcpus=1 opt_mem=128 opt_max='' opt_pin='' opt_prefix=vmb opt_period='' opt_owner=''
    while [ $# -gt 0 ]; do
        [ $# -gt 1 ] || usage_error "$1: wants a value, or is no option"
        case $1 in
        --vcpus) need_count "$2" 1 64 "$1" && opt_vcpus=$2 ;;
        --mem) need_count "$2" $LEAST_MIB 1048576 "$1" && opt_mem=$2 ;;
        --max) need_count "$2" $LEAST_MIB 1048576 "$1" && opt_max=$2 ;;
        --pin) opt_pin=$2 ;;
        --name-prefix) need_name "$2" && opt_prefix=$2 ;;
        --owner) need_count "$2" 1 999999999 "$1" && opt_owner=$2 ;;
        --period) need_count "$2" 1 3600 "$1" && opt_period=$2 ;;
        *) usage_error "unknown option '$1'" ;;
        esac
        shift 2
    done
    opt_max=${opt_max:-$opt_mem}
    ((opt_max >= opt_mem)) || usage_error "--max $opt_max is less than --mem $opt_mem"
    [[ -z $opt_pin || $opt_pin =~ ^[0-9]+([-,][0-9]+)*$ ]] ||
        usage_error "--pin: '$opt_pin' is not a CPU list"
    [ -z "$opt_owner" ] || [ -d "/proc/$opt_owner" ] ||
        usage_error "--owner: there is no process $opt_owner"
}

# accelerator: kvm if a guest really boots under it, else tcg; found out once per boot of the
# host and user.  (/dev/kvm may open, and its guests hang all the same.)
accelerator() {
    local file boot known
    case ${LAB_ACCEL:-} in
    kvm | tcg) printf '%s\n' "$LAB_ACCEL" && return 0 ;;
    '') ;;
    *) usage_error "LAB_ACCEL: kvm or tcg, not '$LAB_ACCEL'" ;;
    esac
    "${AS_LAB_USER[@]}" test -w /dev/kvm || { echo tcg && return 0; }
    mkdir -p "$LAB_CACHE"
    file=$LAB_CACHE/accel-$UID
    boot=$(cat /proc/sys/kernel/random/boot_id)
    known=$(cat "$file" 2>/dev/null || true)
    if [ "${known% *}" != "$boot" ]; then
        known="$boot tcg"
        [ "$(probe_boot kvm)" != yes ] || known="$boot kvm"
        printf '%s\n' "$known" >"$file.$$"
        mv "$file.$$" "$file"
    fi
    printf '%s\n' "${known##* }"
}

# probe_boot ACCELERATOR: prints yes if a guest comes as far as our init.
probe_boot() {
    local console
    console=$("${AS_LAB_USER[@]}" timeout -k 1 20 qemu-system-x86_64 -accel "$1" -cpu max \
        -m 128 -machine pc -nodefaults -no-user-config -display none -no-reboot \
        -serial stdio -kernel "$LAB_DIR/boot/kernel" -initrd "$LAB_DIR/boot/initrd" \
        -append "$GUEST_CMDLINE lab.probe" </dev/null 2>/dev/null | tr -d '\0') || true
    [[ $console != *'lab: up'* ]] || echo yes
}

# guest_xml NAME ACCELERATOR: a guest with the parsed options.
guest_xml() {
    local type=kvm tcg='' period=''
    if [ "$2" = tcg ]; then
        type=qemu
        tcg="<tcg><tb-cache unit='MiB'>$TB_CACHE_MIB</tb-cache></tcg>"
    fi
    [ -z "$opt_period" ] || period="<stats period='$opt_period'/>"
    cat <<END
<domain type='$type'>
  <name>$1</name>
  <uuid>$(cat /proc/sys/kernel/random/uuid)</uuid>
  <memory unit='MiB'>$opt_max</memory>
  <currentMemory unit='MiB'>$opt_mem</currentMemory>
  <vcpu>$opt_vcpus</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>$LAB_DIR/boot/kernel</kernel>
    <initrd>$LAB_DIR/boot/initrd</initrd>
    <cmdline>$GUEST_CMDLINE</cmdline>
  </os>
  <features><acpi/>$tcg</features>
  <cpu mode='maximum'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='$LAB_DIR/vm/$1.log'/><target port='0'/></serial>
    <serial type='unix'>
      <source mode='bind' path='$LAB_DIR/vm/$1.sock'/><target port='1'/>
    </serial>
    <memballoon model='virtio'>$period</memballoon>
  </devices>
</domain>
END
}

# next_names PREFIX N: names not taken yet.
next_names() {
    local last=0 f i
    for f in "$LAB_DIR/vm/$1"*.xml; do
        f=${f##*/"$1"}
        f=${f%.xml}
        if [[ $f =~ ^[1-9][0-9]*$ ]] && ((f > last)); then
            last=$f
        fi
    done
    for ((i = last + 1; i <= last + $2; i++)); do
        printf '%s%d\n' "$1" "$i"
    done
}

define_guests() {
    local name accel
    accel=$(accelerator)
    for name in "$@"; do
        need_room "$name"
        guest_xml "$name" "$accel" >"$LAB_DIR/vm/$name.xml"
        lab_virsh define "$LAB_DIR/vm/$name.xml" >/dev/null || die "cannot define $name"
    done
    keep_capabilities
}
