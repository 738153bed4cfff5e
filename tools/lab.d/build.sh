# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the checkout in the root and installs it there. Sourced by tools/lab.
#
# The checkout is never written to: its files are mirrored to $ROOT/build/ID/src (times kept, so make stays
# incremental), where autoreconf may write, and built beside it, each kind in its folder:
#
#   normal    what is installed, and what `make check` runs
#   asan      the same with sanitizers, for topotests
#   fuzz      the fuzz targets alone, with libFuzzer and sanitizers
#   coverage  the tests of the pure and the engine layer alone, counting lines

# The checkout's files, NUL-separated: what git tracks and what is new and not ignored, minus what is deleted.
checkout_files() {
	local git=(git -c safe.directory="$TOP" -C "$TOP")
	if "${git[@]}" rev-parse >/dev/null 2>&1; then
		"${git[@]}" ls-files -z -co --exclude-standard
	else
		(cd "$TOP" && find . \( -name .git -o -name frr-source -o -name 'build*' -type d -o -name .libs -o -name .deps \
			-o -name __pycache__ \) -prune -o -type f ! -name '*.o' ! -name '*.lo' ! -name '*.la' \
			! -name config.status ! -name Makefile -printf '%P\0')
	fi | (cd "$TOP" && while IFS= read -r -d '' f; do [ -e "$f" ] && printf '%s\0' "$f"; done) | sort -zu
}

mirror_checkout() {
	local base=$ROOT$BUILD
	mkdir -p "$base/src"
	checkout_files >"$base/files.new"
	# What was mirrored before and is gone now must go too, or a removed source would still be built.
	if [ -e "$base/files" ]; then
		comm -z -23 "$base/files" "$base/files.new" | (cd "$base/src" && xargs -0r rm -f)
	fi
	tar -C "$TOP" --null --no-recursion -T "$base/files.new" -c | tar -C "$base/src" --no-same-owner -x &&
		mv "$base/files.new" "$base/files"
}

# compile KIND: autoreconf and configure when there is nothing yet, or when what they read has changed.
compile() {
	local kind=$1 target=all flags=()
	case $kind in
	asan) flags=(--enable-sanitizers) ;;
	fuzz) flags=(--enable-fuzzing CC=clang) target=fuzz ;;
	coverage) flags=(--enable-coverage) target=coverage-build ;;
	esac
	# The stamp beside each Makefile says what it was configured for: another FRR in the root means configure anew, and
	# so do other flags, on which make does not see the objects depend.
	enter "$ROOT" /bin/bash -ec 'base=$1 kind=$2 source=$3 target=$4
		shift 4
		cd "$base/src"
		[ configure -nt configure.ac ] && [ -e Makefile.in ] || { mkdir -p m4/aux; autoreconf -fi; }
		mkdir -p "$base/$kind"
		cd "$base/$kind"
		source=$source/frr-$(pkg-config --modversion frr)
		stamp="$source $(dpkg-query -W -f "\${Version}" frr) $(cat ../src/configure.ac ../src/Makefile.am | sha256sum) $*"
		if [ ! -e Makefile ] || [ "$(cat .lab-stamp 2>/dev/null)" != "$stamp" ]; then
			../src/configure --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
				--libdir="/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)" --with-frr-source="$source" "$@"
			[ ! -e .lab-stamp ] || make clean
			echo "$stamp" >.lab-stamp
		fi
		make -j"$(nproc)" "$target"' \
		compile "$BUILD" "$kind" "$FRR_SOURCE" "$target" "${flags[@]}"
}

install_normal() { enter "$ROOT" make -C "$BUILD/normal" install; }

# The sanitized build stays out of the installed one's way: a tree of daemons and modules that a run lays over the
# root. vtysh stays the normal one: in a preloaded library the sanitizer's runtime would come too late.
install_asan() {
	enter "$ROOT" /bin/sh -ec "rm -rf $BUILD/asan-tree
		make -C $BUILD/asan install DESTDIR=$BUILD/asan-tree
		rm -f $BUILD/asan-tree/usr/bin/vtysh
		find $BUILD/asan-tree -name 'libvtysh_*' -o -name '*.la' | xargs -r rm"
}

# build_kind KIND: mirrors the checkout and compiles it so.
build_kind() {
	setup
	lock
	step "copying the checkout" mirror_checkout || die "the checkout could not be copied"
	step "building ($1)" compile "$1" || die "the build failed"
}

build() {
	local kind=normal
	[ "${1:-}" != --sanitize ] || kind=asan
	build_kind "$kind"
	step "installing ($kind)" "install_$kind" || die "the installation failed"
}
