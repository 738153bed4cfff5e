# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the lab's Debian root once, and brings it up to date when the package list changes. Sourced by tools/lab.
#
# The root grows in root.tmp and is renamed when complete, so that an interrupted setup leaves no half root behind.

packages() { sed 's/#.*//' "$TOP/tools/lab.d/packages" | tr -s ' \n' '  '; }

# The stamp names all that decides what is in the root.
root_stamp() { (packages; cat "$TOP/tools/frr-source"; echo "$SUITE ${DMEVPN_MIRROR:-}") | sha256sum; }

root_is_current() { [ "$(cat "$ROOT/.lab-stamp" 2>/dev/null)" = "$(root_stamp)" ]; }

host_tools() {
	command -v mmdebstrap >/dev/null && return
	apt-get update && apt-get install -y --no-install-recommends mmdebstrap
}

bootstrap() {
	rm -rf --one-file-system "$ROOT.tmp"
	# No mirror named: mmdebstrap knows Debian's own. A mirror may lag behind the expiry date of testing's index.
	mmdebstrap --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
		--aptopt='APT::Install-Recommends "false"' "$SUITE" "$ROOT.tmp" ${DMEVPN_MIRROR:+"$DMEVPN_MIRROR"}
}

# Source indexes of testing, and of unstable for the days in which a source has already left testing's.
add_source_indexes() {
	local root=$1 list=$1/etc/apt/sources.list.d/lab-source.list
	sed -n "s/^deb /deb-src /p; s/^deb \(.*\) $SUITE /deb-src \1 unstable /p" "$root/etc/apt/sources.list" >"$list.new"
	[ -s "$list.new" ] || die "$root/etc/apt/sources.list has no deb line to make deb-src lines of"
	mv "$list.new" "$list"
	# Nothing in the root is to be started as a service by its package.
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod +x "$root/usr/sbin/policy-rc.d"
}

apt_update() { enter "$1" apt-get update -o APT::Update::Error-Mode=any; }
apt_install() { enter "$1" apt-get install -y --no-install-recommends $(packages); }
apt_build_dep() { enter "$1" apt-get build-dep -y --no-install-recommends frr; }
frr_source() { enter "$1" /bin/sh /src/tools/frr-source "$FRR_SOURCE"; }

# fill ROOT: everything after the bare system; each part is quick when there is nothing to do.
fill() {
	local root=$1
	[ -e "$root/etc/apt/sources.list.d/lab-source.list" ] || add_source_indexes "$root"
	step "package lists" again apt_update "$root" &&
	step "packages (60 s the first time)" again apt_install "$root" &&
	step "what FRR needs to build" again apt_build_dep "$root" &&
	step "FRR's source, configured (40 s the first time)" again frr_source "$root" &&
	mkdir -p "$root/build" "$root$RESULTS" &&
	root_stamp >"$root/.lab-stamp"
}

setup() {
	[ "$(id -u)" -eq 0 ] || die "needs root: it makes a Debian root and network namespaces"
	lock
	if [ -x "$ROOT/usr/bin/apt-get" ]; then
		root_is_current && return
		say "the package list has changed: updating $ROOT"
		fill "$ROOT" || die "the root could not be brought up to date; 'tools/lab setup' tries again"
		return
	fi
	say "making the lab root in $ROOT, once"
	step "mmdebstrap on this machine" again host_tools || die "mmdebstrap could not be installed"
	step "a bare Debian $SUITE (30 s)" again bootstrap || die "mmdebstrap failed"
	fill "$ROOT.tmp" || die "setup did not finish; 'tools/lab setup' starts it again"
	mv "$ROOT.tmp" "$ROOT"
}
