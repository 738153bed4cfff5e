# SPDX-License-Identifier: GPL-2.0-or-later
# What tools/lab is for: check, demo, shell, clean. Sourced by tools/lab.

TOPOTESTS=/src/tests/topotests

# pytest_in NAME SECONDS [--overlay TREE] ARGUMENTS...: one pytest in one guest; its last line is kept in SUMMARY, and
# before it what the tests have measured.
pytest_in() {
	local name=$1 limit=$2 where=() log figures rc=0
	shift 2
	if [ "$1" = --overlay ]; then
		where=(--overlay "$2")
		shift 2
	fi
	log=$(mktemp)
	figures=$(mktemp)
	# A test that hangs ends with the stacks of what hangs, and the others still run.
	{
		sandbox "$limit" "${where[@]}" python3 -m pytest -p no:cacheprovider --color=no -v -ra --timeout=480 "$@"
		rc=$?
		[ ! -e "$RUN/measured.txt" ] || cp "$RUN/measured.txt" "$figures"
		exit "$rc"
	} 2>&1 | tee "$log"
	rc=${PIPESTATUS[0]}
	[ ! -s "$figures" ] || SUMMARY+=("$(printf 'measured:\n'; sed 's/^/  /' "$figures")")
	SUMMARY+=("$name: $(grep -E '^=+ .* in [0-9.]+s.* =+$' "$log" | tail -n 1 | grep . || echo "did not finish")")
	rm -f "$log" "$figures"
	return "$rc"
}

# What needs no net: the C unit tests by automake, and the tests' own decoder by pytest.
unit_tests() {
	local log=$LAB/check.log rc=0
	say "unit tests"
	# make writes it last; one of an earlier run would tell of that
	rm -f "$ROOT$BUILD/normal/test-suite.log"
	enter "$ROOT" make -C "$BUILD/normal" check >"$log" 2>&1 </dev/null || rc=$?
	[ "$rc" -eq 0 ] || tail -n 200 "$ROOT$BUILD/normal/test-suite.log" 2>/dev/null || tail -n 60 "$log"
	grep -E '^(PASS|FAIL|ERROR|XPASS|SKIP): ' "$log"
	SUMMARY+=("$(grep -E '^# (TOTAL|PASS|SKIP|FAIL|ERROR):' "$log")")
	enter "$ROOT" python3 -m pytest -p no:cacheprovider --color=no -q /src/tests/codec_decoder 2>&1 | tee "$log"
	[ "${PIPESTATUS[0]}" -eq 0 ] || rc=1
	SUMMARY+=("$(tail -n 1 "$log")")
	return "$rc"
}

# How many lines of the pure and the engine layer the unit tests, the engine tests and the fuzz corpus run over.
coverage() {
	local log=$LAB/coverage.log rc=0 start=$SECONDS
	build_kind coverage
	say "coverage of lib/ and of nhrpd's engine"
	enter "$ROOT" make -C "$BUILD/coverage" coverage >"$log" 2>&1 </dev/null || rc=$?
	[ "$rc" -eq 0 ] || tail -n 60 "$log"
	SUMMARY+=("$(sed -n '/^File  /,$ { /^-*$/d; /^make/d; p; }' "$log")")
	SUMMARY+=("coverage: $((SECONDS - start)) s, lines that are not run: $ROOT$BUILD/coverage/coverage.html")
	return "$rc"
}

# sanitized SECONDS TEST...: these topotests again with the build that has the sanitizers in it.
sanitized() {
	local limit=$1
	shift
	build --sanitize
	LAB_ENV='DMEVPN_SANITIZED=1' pytest_in 'topotests, sanitized' "$limit" --overlay "$BUILD/asan-tree" "$@"
}

# soak_in MINUTES [--sanitize] [--seed SEED]: tools/lab.d/soak.py in one guest; its last line is kept in SUMMARY.
soak_in() {
	local minutes=$1 where=() env= seed= log rc=0
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--sanitize) where=(--overlay "$BUILD/asan-tree") env='DMEVPN_SANITIZED=1' ;;
		--seed) seed=${2:?--seed wants a number} && shift ;;
		*) die "soak [MINUTES] [--seed SEED] [--sanitize], and not $1" ;;
		esac
		shift
	done
	log=$(mktemp)
	LAB_ENV=$env sandbox $((minutes * 60 + 600)) "${where[@]}" python3 -u /src/tools/lab.d/soak.py "$minutes" $seed 2>&1 |
		tee "$log"
	rc=${PIPESTATUS[0]}
	SUMMARY+=("$(grep '^measured:' "$log")" "$(grep '^soak: ' "$log" | tail -n 1 | grep . || echo 'soak: did not finish')")
	rm -f "$log"
	return "$rc"
}

job_soak() {
	local minutes=10
	case ${1:-} in
	*[!0-9]* | '') ;;
	*) minutes=$1 && shift ;;
	esac
	SUMMARY=()
	build
	case " $* " in
	*' --sanitize '*) build --sanitize ;;
	esac
	soak_in "$minutes" "$@"
}

# What runs sanitized in the check: each module's and the engine's own work with frames; of ageing, which mostly waits, two tests.
SANITIZED=(
	dmevpn_basic dmevpn_dataplane dmevpn_arpsuppress dmevpn_mobility dmevpn_channel dmevpn_probe
	dmevpn_ageing/test_dmevpn_ageing.py::test_silent_mac_leaves_all_places
	dmevpn_ageing/test_dmevpn_ageing.py::test_restart_does_not_begin_anew
)

# check_all: everything, each part even when an earlier one failed. The limits are there for what hangs, on a machine that
# has four times as much to do as it has cores.
check_all() {
	local failed=0
	unit_tests || failed=1
	pytest_in topotests 9000 "$TOPOTESTS" || failed=1
	sanitized 5400 "${SANITIZED[@]/#/$TOPOTESTS/}" || failed=1
	soak_in 3 || failed=1
	fuzz_check || failed=1
	coverage || failed=1
	return "$failed"
}

job_check() {
	local test failed=0 sanitize= start=$SECONDS
	if [ "${1:-}" = --sanitize ]; then
		sanitize=1
		shift
		[ $# -gt 0 ] || die "--sanitize wants a TEST"
	fi
	test=${1:-}
	[ $# -eq 0 ] || shift
	SUMMARY=()
	case $test in
	fuzz | coverage) ;;
	*) build ;;
	esac
	case $test in
	'') check_all || failed=1 ;;
	unit) unit_tests || failed=1 ;;
	fuzz) fuzz_check || failed=1 ;;
	coverage) coverage || failed=1 ;;
	*)
		[ -e "$TOP/tests/topotests/${test%%::*}" ] || die "there is no test $test in tests/topotests"
		if [ -n "$sanitize" ]; then
			sanitized 2700 "$TOPOTESTS/$test" "$@" || failed=1
		else
			pytest_in topotests 1800 "$TOPOTESTS/$test" "$@" || failed=1
		fi
		;;
	esac
	printf '\n'
	printf '%s\n' "${SUMMARY[@]}" "whole check: $((SECONDS - start)) s"
	return "$failed"
}

job_demo() {
	build
	sandbox 180 python3 -u /src/tools/lab.d/demo.py
}

job_shell() {
	[ -t 0 ] || [ -n "${DMEVPN_LAB_FORCE_TTY:-}" ] || die "shell needs a terminal"
	build
	sandbox 0 --terminal python3 -u /src/tools/lab.d/shell.py
}

# Only what the lab made: DMEVPN_LAB may name a folder that holds more.
job_clean() {
	[ "$(id -u)" -eq 0 ] || die "needs root: what it removes is root's"
	[ -d "$LAB" ] || die "there is no $LAB"
	lock
	rm -rf --one-file-system "$ROOT" "$ROOT.tmp"
	rm -f "$LAB/step.log" "$LAB/check.log" "$LAB/coverage.log" "$LAB/lock"
	rmdir "$LAB" 2>/dev/null || say "$LAB holds more than the lab made, and stays"
	say "removed $ROOT"
}
