# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the checkout in the root and installs it there. Sourced by tools/lab.
#
# The checkout is never written to: its files are mirrored to $ROOT/build/ID/src (times kept, so make stays
# incremental), where autoreconf may write, and built beside it: normal/ and asan/.

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
	local kind=$1 flags=()
	[ "$kind" != asan ] || flags=(--enable-sanitizers)
	# The stamp beside each Makefile says what it was configured for: another FRR in the root means configure anew.
	enter "$ROOT" /bin/bash -ec 'base=$1 kind=$2 source=$3
		shift 3
		cd "$base/src"
		[ configure -nt configure.ac ] && [ -e Makefile.in ] || { mkdir -p m4/aux; autoreconf -fi; }
		mkdir -p "$base/$kind"
		cd "$base/$kind"
		source=$source/frr-$(pkg-config --modversion frr)
		stamp="$source $(dpkg-query -W -f "\${Version}" frr) $*"
		if [ ! -e Makefile ] || [ "$(cat .lab-stamp 2>/dev/null)" != "$stamp" ]; then
			../src/configure --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
				--libdir="/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)" --with-frr-source="$source" "$@"
			[ ! -e .lab-stamp ] || make clean
			echo "$stamp" >.lab-stamp
		fi
		make -j"$(nproc)"' \
		compile "$BUILD" "$kind" "$FRR_SOURCE" "${flags[@]}"
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

build() {
	local kind=normal
	[ "${1:-}" != --sanitize ] || kind=asan
	setup
	lock
	step "copying the checkout" mirror_checkout || die "the checkout could not be copied"
	step "building ($kind)" compile "$kind" || die "the build failed"
	step "installing ($kind)" "install_$kind" || die "the installation failed"
}
