# SPDX-License-Identifier: GPL-2.0-or-later
# Where things lie, and the few helpers that every part of tools/lab uses. Sourced, never run.
#
#   $LAB            everything the lab keeps on this machine; `tools/lab clean` removes it
#   $LAB/root       the Debian root in which the project is built and the sandbox runs
#   $ROOT/src       the checkout, bound read-only for as long as a command runs
#   $ROOT/build/ID  build trees of this checkout (ID: a hash of its path)
#   $ROOT/results   what runs leave behind: logs, captures, exit codes

LAB=${DMEVPN_LAB:-/var/cache/dmevpn-lab}
ROOT=$LAB/root
SUITE=forky
ID=$(printf %s "$TOP" | sha256sum | cut -c1-8)
BUILD=/build/$ID
RESULTS=/results
FRR_SOURCE=/usr/src/frr-dmevpn

say() { printf '%s\n' "lab: $*"; }
die() { printf '%s\n' "lab: $*" >&2; exit 1; }

# step TEXT COMMAND...: one progress line for a long step, with its seconds; its output goes to $LAB/step.log
# and is shown only when it fails. DMEVPN_LAB_VERBOSE=1 shows it always.
step() {
	local text=$1 start=$SECONDS rc=0
	shift
	printf 'lab: %s ... ' "$text"
	if [ -n "${DMEVPN_LAB_VERBOSE:-}" ]; then
		echo
		"$@" || rc=$?
	else
		"$@" >"$LAB/step.log" 2>&1 </dev/null || rc=$?
	fi
	if [ "$rc" -ne 0 ]; then
		printf 'FAILED after %d s\n' $((SECONDS - start))
		[ -n "${DMEVPN_LAB_VERBOSE:-}" ] || tail -n 60 "$LAB/step.log" >&2
		return "$rc"
	fi
	printf '%d s\n' $((SECONDS - start))
}

# again COMMAND...: up to three tries, for what depends on a mirror.
again() {
	local try
	for try in 1 2 3; do
		"$@" && return 0
		echo "try $try of 3 failed: $*" >&2
	done
	return 1
}

# lock: alone with the root, to change it. share: with others who only run something in it. Both may be called
# again, also from a subshell; the lock goes when the process does.
LOCK_OPEN=
take_lock() {
	if [ -z "$LOCK_OPEN" ]; then
		mkdir -p "$LAB"
		exec 9>>"$LAB/lock"
		LOCK_OPEN=1
	fi
	flock -n "$1" 9 && return
	say "waiting for another tools/lab"
	flock "$1" 9
}
lock() { take_lock -x; }
share() { take_lock -s; }

# enter ROOT COMMAND...: runs a command in ROOT, with the checkout at /src, in a mount namespace that ends with it.
enter() {
	unshare -m "$TOP/tools/lab.d/enter" "$TOP" "$@" 9>&-
}
