# image.sh - the guest kernel and initramfs: installed, built and cached.  Sourced by lab.
# shellcheck shell=bash
#
#   $LAB_CACHE/kernel-VERSION/            vmlinuz and the modules, as Debian ships them
#   $LAB_CACHE/image-VERSION-CHECKSUM/    kernel, initrd, talk: what a lab runs
#
# Both appear by rename only, under a lock, so they are complete or absent.

MODULES=(virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci
    virtio_balloon)

# What each package is needed for: a file or command that it brings.
PREREQUISITES=(
    libvirt-daemon:/usr/sbin/libvirtd
    libvirt-daemon-driver-qemu:/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so
    libvirt-clients:virsh
    qemu-system-x86:qemu-system-x86_64
    busybox-static:/bin/busybox
    cpio:cpio
    lz4:lz4
    binutils:objcopy
    gcc:gcc
    libc6-dev:/usr/lib/x86_64-linux-gnu/libc.a
    util-linux:setpriv
)

missing_packages() {
    local entry file
    for entry in "${PREREQUISITES[@]}"; do
        file=${entry#*:}
        case $file in
        /*) [ -e "$file" ] ;;
        *) PATH=$PATH:/usr/sbin command -v "$file" >/dev/null ;;
        esac || printf '%s\n' "${entry%%:*}"
    done
}

install_missing() {
    local packages
    mapfile -t packages < <(missing_packages)
    [ ${#packages[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "not installed: ${packages[*]}"
    [ "$UID" = 0 ] || die "not installed: ${packages[*]} (root's 'lab prepare' installs them)"
    say "installing ${packages[*]}"
    apt_install "${packages[@]}" || { apt-get -q update && apt_install "${packages[@]}"; } ||
        die "apt-get install failed"
} >&2

# libvirt-daemon brings no service: what starts libvirtd on a host is libvirt-daemon-system.
apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
}

# guest_checksum: of everything that an image is made of, apart from the kernel.
guest_checksum() {
    (cd "$LAB_HOME" && sha256sum guest/* host/* lib/image.sh | sha256sum | cut -c1-12)
}

kernel_package() {
    apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' || true
}

# fetch_kernel PACKAGE: into $LAB_CACHE/kernel-VERSION, unless it is there.
fetch_kernel() {
    local package=$1 version=${1#linux-image-} work=$LAB_CACHE/.kernel.$$ m
    [ ! -d "$LAB_CACHE/kernel-$version" ] || return 0
    say "downloading $package"
    rm -rf "$work"
    mkdir -p "$work/deb" "$work/kernel"
    (cd "$work/deb" && apt-get -q -o APT::Sandbox::User=root download "$package") >&2 ||
        { rm -rf "$work" && return 1; }
    dpkg -x "$work"/deb/*.deb "$work/tree" || die "cannot unpack $package"
    cp "$work/tree/boot/vmlinuz-$version" "$work/kernel/vmlinuz" || die "no kernel in $package"
    for m in "${MODULES[@]}"; do
        find "$work/tree/lib/modules" -name "$m.ko" -exec cp {} "$work/kernel/" \;
        [ -e "$work/kernel/$m.ko" ] || die "$package has no module $m"
    done
    mv -T "$work/kernel" "$LAB_CACHE/kernel-$version"
    rm -rf "$work"
}

# unpack_kernel VMLINUZ KERNEL: the ELF image inside, which a guest enters directly (PVH)
# and so needs not decompress itself: 0.4 s of 2.5 under TCG.  If it is not an lz4 image
# as expected, the guest gets it as it is.
unpack_kernel() {
    local setup offset length
    setup=$(od -An -tu1 -j 497 -N 1 "$1")
    read -r offset length < <(od -An -tu4 -j 584 -N 8 "$1")
    # The last 4 bytes are not lz4's but the length of it all.
    if ! head -c $(((setup + 1) * 512 + offset + length - 4)) "$1" |
        tail -c $((length - 4)) | lz4 -dc >"$2" 2>/dev/null ||
        [ "$(head -c 4 "$2" | tail -c 3)" != ELF ]; then
        cp "$1" "$2"
    fi
}

# build_image KERNEL_DIR OUT_DIR
build_image() {
    local kernel=$1 out=$2 root=$2/root m name
    mkdir -p "$root"/{bin,lib,proc,sys,dev,run,tmp}
    local cflags=(-std=gnu11 -D_GNU_SOURCE -Wall -Wextra)
    gcc "${cflags[@]}" -Os -static -s -ffunction-sections -Wl,--gc-sections \
        -o "$root/bin/guest" "$LAB_HOME"/guest/*.c
    gcc "${cflags[@]}" -O2 -o "$out/talk" "$LAB_HOME/host/talk.c"
    for name in agent busy grow work; do
        ln -s guest "$root/bin/$name"
    done
    cp /bin/busybox "$root/bin/busybox"
    for name in $(/bin/busybox --list); do
        [ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"
    done
    for m in "${MODULES[@]}"; do
        objcopy --strip-debug "$kernel/$m.ko" "$root/lib/$m.ko" # without its signature, too
    done
    install -m 755 "$LAB_HOME/guest/init" "$root/init"
    (cd "$root" && find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc -R 0:0 --quiet) \
        >"$out/initrd"
    unpack_kernel "$kernel/vmlinuz" "$out/kernel"
    chmod 644 "$out/kernel" "$out/initrd"
    rm -rf "$root"
}

# newest PATTERN: the youngest of that name in the cache, nothing if there is none.
newest() {
    local f best=''
    for f in "$LAB_CACHE"/$1; do
        [ -d "$f" ] || continue
        [ "$f" -nt "$best" ] && best=$f
    done
    printf '%s\n' "$best"
}

# image_dir: the image that fits these sources, built if there is none yet.
image_dir() {
    local found
    found=$(newest "image-*-$(guest_checksum)")
    if [ -z "$found" ]; then
        prepare
        found=$(newest "image-*-$(guest_checksum)")
    fi
    [ -n "$found" ] || die "no guest image"
    printf '%s\n' "$found"
}

verb_prepare() {
    [ $# = 0 ] || usage_error "prepare takes no argument"
    prepare
}

prepare() {
    [ "$(uname -m)" = x86_64 ] || die "the guests are for x86_64 hosts"
    install_missing
    mkdir -p "$LAB_CACHE"
    (
        flock 9
        package=$(kernel_package)
        if [ -z "$package" ] && [ "$UID" = 0 ] && [ -z "$(newest 'kernel-*')" ]; then
            apt-get -q update >&2
            package=$(kernel_package)
        fi
        if [ -z "$package" ] || ! fetch_kernel "$package"; then
            package=$(newest 'kernel-*')
            [ -n "$package" ] || die "no guest kernel: linux-image-cloud-amd64 cannot be had"
            package=linux-image-${package##*/kernel-}
        fi
        version=${package#linux-image-}
        image=$LAB_CACHE/image-$version-$(guest_checksum)
        if [ ! -d "$image" ]; then
            say "building a guest image for $version"
            rm -rf "$LAB_CACHE"/.image.* "$LAB_CACHE"/.kernel.*
            build_image "$LAB_CACHE/kernel-$version" "$LAB_CACHE/.image.$$"
            mv -T "$LAB_CACHE/.image.$$" "$image"
            prune_images
        fi
        touch "$image"
    ) 9>"$LAB_CACHE/lock"
}

# Old images go; running labs have links of their own to what they use.
prune_images() {
    local old
    # shellcheck disable=SC2012
    ls -d -t "$LAB_CACHE"/image-* | tail -n +6 | while read -r old; do
        rm -rf "$old"
    done
}
