#!/usr/bin/env bash
# Runs a command in a virtual machine: Debian's stock kernel, control groups v2, this machine's own files.
#
#   scripts/vm/run.sh [--user] [--memory MB] [--timeout S] -- COMMAND ARG…
#
#   --user       as the ordinary user `tester` in a delegated control group, not as root
#   --memory MB  of the VM (3000); what is written in it takes memory too
#   --timeout S  for all of it, the boot included (600)
#
# The command starts in the project root, its output comes to stdout, its exit code is the script's: save 124 for the
# time-out, and 125 if the VM did not come up or went down under the command. See README.md beside this script.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
project=$(cd -- "$here/../.." && pwd -P)
cache=$project/.build/vm

# A boot takes seconds; on a machine that is busy compiling it may take many more.
boot_limit=120
# A runaway command must not fill the machine's disk through the file that holds its output.
output_limit_kib=$((2 * 1024 * 1024))
logs_kept=20

say() { printf 'vm: %s\n' "$*" >&2; }
usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
    exit 125
}

parse_arguments() {
    as_user=no memory=3000 timeout=600
    while (($#)); do
        case $1 in
        --user) as_user=yes; shift ;;
        --memory) memory=${2:-}; shift; shift || usage ;;
        --timeout) timeout=${2:-}; shift; shift || usage ;;
        --) shift; break ;;
        *) usage ;;
        esac
    done
    [[ $memory =~ ^[1-9][0-9]*$ && $timeout =~ ^[1-9][0-9]*$ ]] || usage
    (($#)) || usage
    command=("$@")
}

# Prints its arguments so that any POSIX shell reads them back.
quoted() {
    local word
    for word; do printf "'%s' " "${word//\'/\'\\\'\'}"; done
    echo
}

# Prints the PATH for the command: the system's own folders first, since a version manager's shims would start slowly
# in the VM, then what is installed elsewhere, such as a toolchain. An ordinary user gets nothing of the caller's home.
command_path() {
    local path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin folder folders
    IFS=: read -r -a folders <<<"$PATH"
    for folder in "${folders[@]}"; do
        [[ $folder == /* && :$path: != *":$folder:"* ]] || continue
        [[ $as_user == no || $folder/ != "${HOME:-/root}"/* ]] || continue
        path+=:$folder
    done
    echo "$path"
}

# Paths whose modes keep an ordinary user out, each ended by a NUL.
closed_paths() {
    find "$project" \( -type d ! -perm -005 -o -type f ! -perm -004 -o -type f -perm -100 ! -perm -001 \) \
        -print0 2>/dev/null || true
}

write_job() {
    {
        echo "session=$(quoted "$here/guest/session")"
        echo "project=$(quoted "$project")"
        echo "modules=$(quoted "$cache/kernel/lib/modules/$(<"$cache/kernel/release")")"
        echo "as_user=$as_user"
        echo "path=$(quoted "$(command_path)")"
    } >"$run/job"
    echo "exec $(quoted "${command[@]}")" >"$run/command"
    if [[ $as_user == yes ]]; then closed_paths >"$run/modes"; fi
    touch "$run/output" "$run/status"
}

# Starts qemu and sets `qemu` to its process id.
start_vm() {
    local options=(
        # Never KVM: where /dev/kvm is itself emulated, a stock kernel hangs under it.
        -accel "tcg,thread=multi" -cpu max -smp 2 -m "$memory"
        -nodefaults -no-user-config -display none -no-reboot
        -kernel "$cache/kernel/vmlinux" -initrd "$cache/initramfs.gz"
        # panic=-1 reboots at once, which -no-reboot turns into the end of qemu.
        -append "console=ttyS0 quiet panic=-1 oops=panic"
        -serial "file:$log"
        # A comma in a path is written twice. remap: the root may span file systems whose inode numbers collide.
        -virtfs "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap"
        -virtfs "local,path=${run//,/,,},mount_tag=run,security_model=none"
    )
    (
        ulimit -f "$output_limit_kib"
        # Dies with this script, even when that is killed in a way that runs no trap.
        exec setpriv --pdeathsig KILL -- qemu-system-x86_64 "${options[@]}" </dev/null >"$run/qemu.log" 2>&1
    ) &
    qemu=$!
}

# Copies the output to stdout while it grows, and ends by itself, with all of it, when qemu has ended.
start_stream() {
    {
        tail -c +1 -f -s 0.2 --pid="$qemu" "$run/output" 2>/dev/null || {
            # Nobody reads any more (a closed pipe), so the VM has no reason to go on.
            kill "$qemu"
            false
        }
    } &
    stream=$!
}

# Waits for the VM to end, at most until so many seconds after the start. Fails if it is still running then.
wait_for_vm_until() {
    local rest=$(($1 - SECONDS)) timer
    vm_runs || return 0
    ((rest > 0)) || return 1
    sleep "$rest" &
    timer=$!
    wait -n "$qemu" "$timer" || true
    kill "$timer" 2>/dev/null || true
    ! vm_runs
}

# Asks the shell and not the kernel, which may have given the id to somebody else by now.
vm_runs() { jobs -pr | grep -qx "$qemu"; }

is_up() { grep -qx up "$run/status"; }

stop_vm() {
    if vm_runs; then kill -KILL "$qemu"; fi
    wait "$qemu" "$stream" 2>/dev/null || true
}

# Runs at the end, however this script ends.
# shellcheck disable=SC2317
clean_up() {
    local children
    mapfile -t children < <(jobs -pr)
    if ((${#children[@]})); then
        kill -KILL "${children[@]}" || true
        # Waited for here, so that the shell does not report their deaths.
        wait "${children[@]}" || true
    fi 2>/dev/null
    rm -rf "$run"
}

fail_with_log() {
    stop_vm
    say "$1; the end of the boot log ($log):"
    cat "$run/qemu.log" >&2
    tail -n 25 "$log" >&2
    exit 125
}

# The oldest go; a run in progress has one of the newest.
prune_logs() {
    # shellcheck disable=SC2012  # the names are our own
    ls -t "$cache/logs" | tail -n +"$((logs_kept + 1))" | while read -r name; do rm -f "$cache/logs/$name"; done
}

parse_arguments "$@"
case $project/ in
/run/* | /dev/* | /proc/* | /sys/*)
    say "the VM can't see $project: /run, /dev, /proc and /sys are its own"
    exit 125
    ;;
esac
"$here/prepare.sh" "$cache" || exit 125

# A folder of its own for each run: any number may go on at once.
run=$(mktemp -d "${TMPDIR:-/tmp}/diatom-vm.XXXXXX")
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$cache/logs"
log=$cache/logs/$(date +%Y%m%dT%H%M%S)-$$.log
: >"$log"
prune_logs

SECONDS=0
write_job
start_vm
start_stream

if ! wait_for_vm_until "$((boot_limit < timeout ? boot_limit : timeout))" && ! is_up; then
    fail_with_log "the VM did not come up in time"
fi
if ! wait_for_vm_until "$timeout"; then
    stop_vm
    say "the time-out of $timeout s is over"
    exit 124
fi
wait "$stream" || exit 141
(($(stat -c %s "$run/output") < output_limit_kib * 1024)) || say "the output was cut at $output_limit_kib KiB"
is_up || fail_with_log "the VM did not come up"
code=$(sed -n 's/^exit \([0-9]*\)$/\1/p' "$run/status")
[[ -n $code ]] || fail_with_log "the VM went down under the command"
exit "$code"
