# SPDX-License-Identifier: GPL-2.0-or-later
# Runs commands where network namespaces, GRE, VXLAN and tc-BPF are to be had: in Debian's user-mode Linux inside
# the root, or in the root on the machine's own kernel where that has them all. Sourced by tools/lab.
#
# The exit code of the virtual machine means nothing: the command's own stands in a file that only a finished run
# writes.

# Can this kernel make every device the nets need? DMEVPN_LAB_DIRECT=1 or 0 settles it by hand.
direct() {
	case ${DMEVPN_LAB_DIRECT:-} in
	1) return 0 ;;
	0) return 1 ;;
	esac
	enter "$ROOT" unshare -n sh -ec 'ip link add v type vxlan external vnifilter nolearning dstport 4789
		ip link add g type gre local 127.0.0.1 key 1
		ip link add b type bridge vlan_filtering 1
		ip link add r type vrf table 9
		ip link set v master b
		bridge vni add dev v vni 5
		tc qdisc add dev v clsact' >/dev/null 2>&1
}

# One core for the whole guest: a system call in it takes 7 us when pinned, 52 us when not.
lab_cpu() { echo "${DMEVPN_LAB_CPU:-$(sed -n 's/^Cpus_allowed_list:.*[^0-9]//p' /proc/self/status)}"; }

# The guest's memory is taken from the machine's as it is used, and must be there then.
MEMORY=${DMEVPN_LAB_MEM:-2G}
enough_memory() {
	local want have
	want=$(numfmt --from=iec "$MEMORY") || die "DMEVPN_LAB_MEM=$MEMORY is no size"
	have=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo) * 1024))
	[ "$have" -ge "$want" ] ||
		die "the sandbox wants $MEMORY of memory and $((have >> 20)) MB are to be had; set DMEVPN_LAB_MEM (1G is the least)"
}

# new_run: a folder for a run's logs, captures and exit code; the last twenty are kept.
new_run() {
	mkdir -p "$ROOT$RESULTS"
	find "$ROOT$RESULTS" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*' -printf '%T@ %p\n' | sort -rn |
		tail -n +20 | cut -d' ' -f2- | xargs -rd '\n' rm -rf
	RUN=$ROOT$RESULTS/$(date +%m%d-%H%M%S).$BASHPID
	mkdir "$RUN"
	chmod 755 "$RUN"
}

# sandbox SECONDS [--overlay TREE] [--terminal] COMMAND...: 0 SECONDS is no limit. Returns the command's exit code;
# 124 when the time was up, 125 when the guest ended without one. RUN is the folder with what it left.
sandbox() {
	local limit=$1 status=0
	shift
	share
	new_run
	if [ "$1" = --overlay ]; then
		echo "$2" >"$RUN/overlay"
		shift 2
	fi
	if [ "$1" = --terminal ]; then
		stty size >"$RUN/terminal" 2>/dev/null || echo 24 80 >"$RUN/terminal"
		shift
	fi
	{
		printf 'export LAB_RUN=%q DMEVPN_BUILD=%q CI=%q TERM=%q PYTHONDONTWRITEBYTECODE=1 %s\n' \
			"${RUN#"$ROOT"}" "$BUILD/normal" "${CI:-}" "${TERM:-dumb}" "${LAB_ENV:-}"
		printf '%q ' "$@"
		echo
	} >"$RUN/command"
	if direct; then
		timeout --foreground -k 5 "$limit" unshare -m "$TOP/tools/lab.d/enter" "$TOP" "$ROOT" \
			unshare -mpunf --kill-child --mount-proc /src/tools/lab.d/guest "${RUN#"$ROOT"}" 9>&- || status=$?
	elif [ -e "$RUN/terminal" ]; then
		uml "$limit" || status=$?
		stty sane
	else
		uml "$limit" </dev/null || status=$?
	fi
	outcome "$status" "$limit"
}

# User-mode Linux maps each page of its processes by itself, so the machine's limit of mappings is a limit of their
# memory: 65,530 pages are 256 MB, and a process that wants one more page faults for ever. Raised for all until the
# machine starts again; where that is not allowed, the guest's processes stay small enough without it.
MAPPINGS=1048576
enough_mappings() {
	local have
	have=$(cat /proc/sys/vm/max_map_count)
	[ "$have" -ge "$MAPPINGS" ] && return
	if echo "$MAPPINGS" 2>/dev/null >/proc/sys/vm/max_map_count; then
		say "vm.max_map_count was $have and is $MAPPINGS"
	else
		say "vm.max_map_count stays $have: a process in the sandbox gets no more than $((have * 4 >> 10)) MB"
	fi
}

# uml SECONDS: one life of the guest. Its console comes out here; the kernel's messages go to RUN/kernel.log.
uml() {
	enough_memory
	enough_mappings >&2
	LAB_TMPDIR=/dev/shm LAB_SHM=100% enter "$ROOT" /bin/bash -c 'exec 4>&1 >"$1/kernel.log" 2>&1
		exec timeout --foreground -k 5 "$2" taskset -c "$3" linux.uml mem="$4" seccomp=on root=/dev/root \
			rootfstype=hostfs rootflags=/ rw init=/src/tools/lab.d/init LAB_RUN="$1" umid="lab$$" \
			con=null con0=fd:0,fd:4 con1=null,fd:1 console=tty1 quiet' \
		uml "${RUN#"$ROOT"}" "$1" "$(lab_cpu)" "$MEMORY"
}

outcome() {
	[ ! -e "$RUN/rc" ] || return "$(cat "$RUN/rc")"
	if [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
		say "the run was stopped after $2 s; what it left is in $RUN" >&2
		return 124
	fi
	say "the guest ended without a result" >&2
	[ ! -e "$RUN/kernel.log" ] || tail -n 20 "$RUN/kernel.log" >&2
	return 125
}
