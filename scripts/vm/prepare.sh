#!/usr/bin/env bash
# Makes what run.sh boots: Debian's stock kernel, its modules and a small initramfs, in a cache folder.
#
#   scripts/vm/prepare.sh [CACHE]        CACHE defaults to .build/vm under the project root
#
# Does nothing when all of it is there already. Only the first run needs root (for apt-get) and a network.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
project=$(cd -- "$here/../.." && pwd -P)

# Where the kernel that a Debian 12 user has comes from. The concrete package is looked up, because the
# meta package holds no files and its dependency changes with every security update.
kernel_meta=linux-image-amd64
kernel_series=linux-image-6.1

# What stage one has to load before it can see the machine's root. Everything else is loaded on demand in the VM.
boot_modules=(virtio_pci 9pnet_virtio 9p overlay)

# Drivers of hardware are most of the 390 MB and qemu has none of it: of drivers/, these folders stay.
kept_drivers=(block char md virtio)

say() { printf 'vm/prepare: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Prints the Debian packages of the tools that are missing.
missing_packages() {
    command -v qemu-system-x86_64 >/dev/null || echo qemu-system-x86
    command -v xz >/dev/null || echo xz-utils
    # busybox must be the static one: in the initramfs there is no libc.
    [[ -x /bin/busybox ]] && /bin/busybox --list 2>/dev/null | grep -qx switch_root || echo busybox-static
}

# Package lists may be absent or name a version that the mirror has already dropped, so they are fetched once.
refresh_lists() {
    [[ -z ${lists_are_fresh:-} ]] || return 0
    say "fetching package lists"
    apt-get -qq update || die "apt-get update failed"
    lists_are_fresh=yes
}

install_tools() {
    local packages
    mapfile -t packages < <(missing_packages)
    ((${#packages[@]})) || return 0
    command -v apt-get >/dev/null || die "missing: ${packages[*]}; there is no apt-get here, install them by hand"
    ((EUID == 0)) || die "missing: ${packages[*]}; run this once as root, or install them by hand"
    refresh_lists
    say "installing ${packages[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
        install --yes --no-install-recommends "${packages[@]}" >"$work/apt.log" 2>&1 ||
        { tail -n 20 "$work/apt.log" >&2; die "apt-get install failed"; }
    [[ -z $(missing_packages) ]] || die "still missing after the installation: $(missing_packages | xargs)"
}

# Prints the concrete kernel package that the meta package stands for now.
kernel_package() {
    apt-cache depends "$kernel_meta" 2>/dev/null |
        sed -n "s/^ *Depends: \(${kernel_series//./\\.}.*\)/\1/p" | head -n 1
}

# Unpacks the kernel without installing it: an installed kernel would run hooks and change the machine's boot.
make_kernel() {
    local package release tree=$work/kernel
    command -v apt-get >/dev/null || die "the kernel comes from a Debian package, and there is no apt-get here"
    ((EUID == 0)) || die "there is no kernel in $cache; run this once as root"
    refresh_lists
    package=$(kernel_package)
    [[ -n $package ]] || die "no $kernel_series… package here ($kernel_meta is not Debian 12's, or has no candidate)"
    say "fetching $package"
    # apt drops to its own user for downloads and warns when that user cannot write here; that is harmless.
    (cd "$work" && apt-get -qq download "$package" 2>"$work/apt.log") ||
        { cat "$work/apt.log" >&2; die "could not download $package"; }
    dpkg -x "$work/$package"_*.deb "$work/unpacked"
    release=${package#linux-image-}
    mkdir -p "$tree/lib/modules"
    unpack_image "$work/unpacked/boot/vmlinuz-$release" "$tree/vmlinux"
    mv "$work/unpacked/lib/modules/$release" "$tree/lib/modules/"
    drop_unused_modules "$tree/lib/modules/$release/kernel"
    # The package leaves this to its installation script. Without it nothing can be loaded by name.
    busybox depmod -b "$tree" "$release"
    echo "$release" >"$tree/release"
    # Into place in one step, so that an interrupted run leaves no half of a kernel behind.
    rm -rf "$cache/kernel"
    mv "$tree" "$cache/kernel"
}

# Takes the kernel out of its self-extracting image: qemu starts it directly (PVH), and the emulated processor is spared
# the unpacking, 3 s of every boot.
unpack_image() {
    local offset
    offset=$(LC_ALL=C grep -abo $'\xFD7zXZ' "$1" | head -n 1 | cut -d: -f 1) || true
    [[ -n $offset ]] || die "the kernel image is not packed with xz, as Debian 12's is"
    # What follows the packed part in the image makes xz complain at the end, when all of it has been written.
    tail -c "+$((offset + 1))" "$1" | xz -dc >"$2" 2>/dev/null || true
    [[ $(head -c 4 "$2" | tail -c 3) == ELF ]] || die "could not unpack the kernel image"
}

drop_unused_modules() {
    local kernel=$1 folder
    rm -rf "$kernel/sound"
    for folder in "$kernel"/drivers/*/; do
        folder=$(basename "$folder")
        case " ${kept_drivers[*]} net " in
        *" $folder "*) ;;
        *) rm -rf "${kernel:?}/drivers/$folder" ;;
        esac
    done
    # Of the network drivers, tun, veth, dummy and their like are plain files; the folders are vendors' cards.
    find "$kernel/drivers/net" -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
}

# Prints the files, relative to the modules folder, that the boot modules need, themselves included.
boot_module_files() {
    local module
    for module in "${boot_modules[@]}"; do
        sed -n "s#^\([^:]*/$module\.ko\): *\(.*\)#\1 \2#p" "$modules/modules.dep"
    done | tr -s ' ' '\n' | sed '/^$/d' | sort -u
}

make_initramfs() {
    local modules tree=$work/initramfs file
    modules=lib/modules/$(<"$cache/kernel/release")
    mkdir -p "$tree"/{bin,dev,proc,lower,upper,root,"$modules"}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    install -m 755 "$here/guest/init" "$tree/init"
    cp "$cache/kernel/$modules"/modules.{dep,alias,builtin} "$tree/$modules/"
    while read -r file; do
        install -D -m 644 "$cache/kernel/$modules/$file" "$tree/$modules/$file"
    done < <(modules=$cache/kernel/$modules boot_module_files)
    (cd "$tree" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null) | gzip -1 >"$work/initramfs.gz"
    mv "$work/initramfs.gz" "$cache/initramfs.gz"
}

(($# <= 1)) || die "usage: prepare.sh [CACHE]"
cache=${1:-$project/.build/vm}
mkdir -p "$cache"
cache=$(cd -- "$cache" && pwd -P)

# Two runs started at once must not build the same files at the same time.
exec {lock}>"$cache/lock"
flock -w 600 "$lock" || die "another preparation has held $cache/lock for ten minutes"

# Inside the cache, so that the last step of each part is a rename within one file system.
work=$(mktemp -d "$cache/prepare.XXXXXX")
trap 'rm -rf "$work"' EXIT
# mktemp gives 700, which would keep apt's own download user out.
chmod 755 "$work"

install_tools
[[ -s $cache/kernel/release ]] || make_kernel
if [[ ! -s $cache/initramfs.gz || $here/guest/init -nt $cache/initramfs.gz ||
    $here/prepare.sh -nt $cache/initramfs.gz || $cache/kernel/release -nt $cache/initramfs.gz ]]; then
    make_initramfs
fi
