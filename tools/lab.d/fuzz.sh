# SPDX-License-Identifier: GPL-2.0-or-later
# The fuzz targets of tests/fuzz, run by libFuzzer in the root, without a guest. Sourced by tools/lab.
#
#   $ROOT/fuzz/TARGET          inputs that `tools/lab fuzz` found; they stay from run to run
#   $ROOT/fuzz/check/TARGET    the same of `tools/lab check`, which starts from the kept corpus each time
#   $ROOT/fuzz/crashes         inputs that went wrong, with the target's name
#   $ROOT/fuzz/merged/TARGET   what `tools/lab fuzz --merge` picked for tests/fuzz/corpus

FUZZ=/fuzz
FUZZ_SECONDS=60	# of each target in check
FUZZ_SEED=2735	# of check, so that a run can be repeated

fuzz_targets() { (cd "$TOP/tests/fuzz" && for f in fuzz_*.c; do [ "$f" = fuzz_main.c ] || echo "${f%.c}"; done); }

# fuzz_target NAME: the target's full name; fuzz_ may be left out.
fuzz_target() {
	fuzz_targets | grep -x -e "$1" -e "fuzz_$1" ||
		die "there is no fuzz target '$1'; there are: $(fuzz_targets | tr '\n' ' ')"
}

# The folder in tests/fuzz/corpus of a target, which its source names.
fuzz_corpus() { sed -n 's/^const char fuzz_corpus\[\] = "\(.*\)";$/\1/p' "$TOP/tests/fuzz/$1.c"; }

# fuzzer TARGET ARGUMENT...: the program itself, in the root.
fuzzer() {
	local target=$1
	shift
	enter "$ROOT" env ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 \
		UBSAN_OPTIONS=print_stacktrace=1 "$BUILD/fuzz/tests/fuzz/$target" "$@" </dev/null
}

# fuzz_run TARGET SECONDS FOLDER [ARGUMENT...]: adds to FOLDER (in the root) what it finds beyond the kept corpus.
fuzz_run() {
	local target=$1 seconds=$2 folder=$3
	shift 3
	mkdir -p "$ROOT$folder" "$ROOT$FUZZ/crashes"
	fuzzer "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=16384 -print_final_stats=1 \
		-artifact_prefix="$FUZZ/crashes/$target-" "$@" "$folder" "/src/tests/fuzz/corpus/$(fuzz_corpus "$target")"
}

# fuzz_summary TARGET LOG: one line from what libFuzzer printed; when it ended badly, also why and by which input.
fuzz_summary() {
	awk -v target="$1" -v root="$ROOT" '
		/ cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
		/^stat::number_of_executed_units:/ { runs = $2 }
		/^stat::new_units_added:/ { added = $2 }
		/^stat::peak_rss_mb:/ { rss = $2 }
		/^INFO: Seed:/ { seed = $3 }
		/^SUMMARY: / { why = substr($0, 10); crashes++ }
		/Test unit written to / { input = root $NF }
		END {
			printf "%s: %d executions, %d edges, %d new inputs, %d MB, seed %s, %d crashes\n",
				target, runs, edges, added, rss, seed, crashes
			if (crashes)
				printf "  %s\n  input: %s\n", why, input ? input : "none"
		}' "$2"
}

# fuzz_one TARGET SECONDS FOLDER [ARGUMENT...]: a run with its log and summary in $ROOT/fuzz.
fuzz_one() {
	local log=$ROOT$FUZZ/$1.log rc=0
	mkdir -p "$ROOT$FUZZ"
	fuzz_run "$@" >"$log" 2>&1 || rc=$?
	fuzz_summary "$1" "$log" >"$log.summary"
	[ "$rc" -eq 0 ] || echo "  it ended with $rc; all it said: $log" >>"$log.summary"
	return "$rc"
}

# Every target for a minute from its kept corpus, one a core at a time.
fuzz_check() {
	local target pids=() failed=0 start=$SECONDS slots
	build_kind fuzz
	share
	slots=$(nproc)
	say "fuzz targets, $FUZZ_SECONDS s each, $slots at a time, seed ${DMEVPN_FUZZ_SEED:-$FUZZ_SEED}"
	rm -rf "$ROOT$FUZZ/check"
	for target in $(fuzz_targets); do
		[ "$(jobs -pr | wc -l)" -lt "$slots" ] || wait -n
		fuzz_one "$target" "$FUZZ_SECONDS" "$FUZZ/check/$target" -seed="${DMEVPN_FUZZ_SEED:-$FUZZ_SEED}" &
		pids+=($!)
	done
	for target in "${pids[@]}"; do
		wait "$target" || failed=1
	done
	for target in $(fuzz_targets); do
		SUMMARY+=("$(cat "$ROOT$FUZZ/$target.log.summary")")
	done
	SUMMARY+=("fuzz targets: $((SECONDS - start)) s")
	return "$failed"
}

# One input again, its output as it comes. The file is copied into the root, from wherever it is.
fuzz_input() {
	local target=$1 file=$2
	[ -f "$file" ] || die "there is no file '$file'"
	mkdir -p "$ROOT$FUZZ"
	cp "$file" "$ROOT$FUZZ/input" && fuzzer "$target" "$FUZZ/input"
}

# Picks of what was found the few inputs that reach what the kept corpus does not.
fuzz_merge() {
	local target=$1 folder
	folder=$FUZZ/merged/$target
	[ -d "$ROOT$FUZZ/$target" ] || die "nothing was found yet: tools/lab fuzz $target"
	rm -rf "${ROOT:?}$folder"
	mkdir -p "$ROOT$folder"
	cp -a "$TOP/tests/fuzz/corpus/$(fuzz_corpus "$target")/." "$ROOT$folder"
	fuzzer "$target" -set_cover_merge=1 -use_counters=0 -timeout=10 -rss_limit_mb=1024 \
		"$folder" "$FUZZ/$target" >"$ROOT$FUZZ/$target.log" 2>&1 || die "the merge failed: $ROOT$FUZZ/$target.log"
	(cd "$TOP/tests/fuzz/corpus/$(fuzz_corpus "$target")" && for f in *; do rm -f "$ROOT$folder/$f"; done)
	say "$(find "$ROOT$folder" -type f | wc -l) inputs reach more than the kept corpus. To keep them:"
	say "cp $ROOT$folder/* $TOP/tests/fuzz/corpus/$(fuzz_corpus "$target")/"
}

job_fuzz() {
	local target seconds rc=0
	[ $# -gt 0 ] || die "fuzz wants a TARGET, one of: $(fuzz_targets | tr '\n' ' ')"
	if [ "$1" = --merge ]; then
		target=$(fuzz_target "${2:-}") || exit 1
		build_kind fuzz
		fuzz_merge "$target"
		return
	fi
	target=$(fuzz_target "$1") || exit 1
	if [ "${2:-}" = --input ]; then
		[ $# -eq 3 ] || die "--input wants a FILE"
		build_kind fuzz
		fuzz_input "$target" "$3"
		return
	fi
	seconds=${2:-300}
	[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "'$seconds' is no number of seconds"
	build_kind fuzz
	share
	say "$target for $seconds s; ctrl-C ends it, what it found stays in $ROOT$FUZZ/$target"
	fuzz_one "$target" "$seconds" "$FUZZ/$target" ${DMEVPN_FUZZ_SEED:+-seed="$DMEVPN_FUZZ_SEED"} || rc=1
	cat "$ROOT$FUZZ/$target.log.summary"
	return "$rc"
}
