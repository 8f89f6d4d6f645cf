#!/usr/bin/env bash
# Installs what the build and the tests need from Debian, and nothing when nothing is missing.
#
#   scripts/install-deps.sh [GROUP…]        build (the default), lint, test, bench, languages, all
#
# "languages" are those that languages/tested lists, as their packs say: Debian's packages and PyPI's, the latter in
# /opt/diatom. Without root it only says which command to run. The Swift toolchain is not Debian's: it is looked for, not installed.
set -euo pipefail

project=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# Where sandboxes see what Debian has not.
toolchains=/opt/diatom

# The packages of one kind ("debian", "pypi") that a language's pack names.
packages_of() {
    sed -nE "s/^  \"install\": \{.*\"$2\": \[([^]]*)\].*/\1/p" "$project/languages/$1/pack.json" | tr -d '",'
}

language_packages() {
    local id
    while read -r id; do packages_of "$id" debian; done <"$project/languages/tested" | tr '\n' ' '
}

declare -A groups=(
    [build]="gcc g++ libc6-dev libseccomp-dev libmicrohttpd-dev nettle-dev libsqlite3-dev libssl-dev libcurl4-openssl-dev libcpptoml-dev libedit-dev libbsd-dev libmd-dev libncurses-dev zlib1g-dev python3 python3-ipython pkg-config make"
    [lint]="shellcheck"
    [test]="openssl python3-venv python3-numpy python3-pandas python3-matplotlib python3-ipython node-typescript"
    [bench]="sqlite3 python3-ipython python3-numpy python3-pandas bubblewrap"
    [languages]="$(language_packages)"
)

say() { printf 'deps: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

wanted_packages() {
    local group
    for group; do
        [[ $group == all ]] && set -- "${!groups[@]}" && break
    done
    for group; do
        [[ -n ${groups[$group]:-} ]] || die "there is no group '$group'; there are ${!groups[*]} all"
        tr -s ' ' '\n' <<<"${groups[$group]}"
    done | sed '/^$/d' | sort -u
}

# One dpkg-query for all: it prints only those that are known, and "installed" for those that are there.
missing_packages() {
    local installed
    installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' | sort -u) || true
    comm -23 <(printf '%s\n' "$@" | sort -u) <(printf '%s\n' "$installed")
}

install() {
    local options=(--quiet --quiet -o DPkg::Lock::Timeout=300)
    export DEBIAN_FRONTEND=noninteractive
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || apt-get "${options[@]}" update
    # A list that is there may still name versions that the mirror has dropped.
    apt-get "${options[@]}" install --yes --no-install-recommends "$@" >/dev/null || {
        apt-get "${options[@]}" update
        apt-get "${options[@]}" install --yes --no-install-recommends "$@" >/dev/null
    }
}

# What the tested languages need from PyPI and is not unpacked yet: lines of a folder's name and its packages.
missing_wheels() {
    local id wheels
    while read -r id; do
        wheels=$(packages_of "$id" pypi)
        [[ -z $wheels || -d $toolchains/$id ]] || echo "$id $wheels"
    done <"$project/languages/tested"
}

install_wheels() {
    local id wheels pip
    pip=$(command -v pip3 || command -v pip) || { install python3-pip && pip=pip3; }
    mkdir -p "$toolchains"
    while read -r id wheels; do
        say "unpacking $wheels to $toolchains/$id"
        # shellcheck disable=SC2086 # several packages are several words
        (umask 022 && PIP_ROOT_USER_ACTION=ignore "$pip" install --quiet --no-deps --only-binary :all: \
            --target "$toolchains/$id" $wheels) || { rm -rf "${toolchains:?}/$id"; die "pip cannot get $wheels"; }
    done
}

check_swift() {
    local program version
    for program in swift clang; do
        command -v "$program" >/dev/null ||
            die "there is no '$program' on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install/linux"
    done
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    [[ $version =~ ^([0-9]+)\.([0-9]+)$ ]] || die "'swift --version' does not say a version"
    ((BASH_REMATCH[1] > 6 || BASH_REMATCH[1] == 6 && BASH_REMATCH[2] >= 3)) ||
        die "Swift $version is too old; 6.3 is needed"
}

(($#)) || set -- build
wanted=$(wanted_packages "$@")
mapfile -t wanted <<<"$wanted"

command -v dpkg-query >/dev/null || die "this is not Debian; needed are (by Debian's names): ${wanted[*]}"
mapfile -t missing < <(missing_packages "${wanted[@]}")
if ((${#missing[@]})); then
    if ((EUID != 0)); then
        die "missing; run:  sudo apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    install "${missing[@]}"
    mapfile -t missing < <(missing_packages "${wanted[@]}")
    ((${#missing[@]} == 0)) || die "still missing after the installation: ${missing[*]}"
fi
if [[ " $* " == *" languages "* || " $* " == *" all "* ]]; then
    wheels=$(missing_wheels)
    if [[ -n $wheels ]]; then
        ((EUID == 0)) || die "missing in $toolchains: ${wheels//$'\n'/, }; run as root: scripts/install-deps.sh languages"
        install_wheels <<<"$wheels"
    fi
fi
check_swift
