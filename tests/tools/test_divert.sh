#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tools/divert in a tree of its own: the stock programs are set aside once, come
# back once, and somebody else's file is never taken for the package's.
set -eu

command -v dpkg-divert >/dev/null || { echo "no dpkg-divert here"; exit 77; }
[ "$(id -u)" = 0 ] || { echo "needs root, as make install does"; exit 77; }
divert=$(cd "${srcdir:-.}" && pwd)/tools/divert
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

fail() { echo "FAIL: $*"; exit 1; }
content() { [ "$(cat "$root$1")" = "$2" ] || fail "$1 holds $(cat "$root$1"), not $2: $3"; }

mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates" "$root/usr/lib/frr" "$root/usr/bin"
cat >"$root/var/lib/dpkg/status" <<END
Package: frr
Status: install ok installed
Maintainer: test <test@example.invalid>
Architecture: all
Version: 1
Description: stands in for the package

END
printf '%s\n' /. /usr /usr/bin /usr/bin/vtysh /usr/lib /usr/lib/frr /usr/lib/frr/nhrpd >"$root/var/lib/dpkg/info/frr.list"
echo stock >"$root/usr/lib/frr/nhrpd"
echo stock >"$root/usr/bin/vtysh"

"$divert" install --root "$root"
"$divert" install --root "$root"
content /usr/lib/frr/nhrpd.distrib stock "set aside"
[ ! -e "$root/usr/lib/frr/nhrpd" ] || fail "nhrpd still stands where ours is to go"
"$divert" status --root "$root" | grep -q '^/usr/bin/vtysh diverted$' || fail "status does not say so"

echo ours >"$root/usr/lib/frr/nhrpd"
echo ours >"$root/usr/bin/vtysh"
"$divert" install --root "$root"
content /usr/lib/frr/nhrpd ours "a second install must not set ours aside"
content /usr/lib/frr/nhrpd.distrib stock "nor lose the stock one"

"$divert" remove --root "$root"
"$divert" remove --root "$root"
content /usr/lib/frr/nhrpd stock "back again"
content /usr/bin/vtysh stock "back again"
[ ! -e "$root/usr/bin/vtysh.distrib" ] || fail "a copy was left behind"

: >"$root/var/lib/dpkg/info/frr.list"
if "$divert" install --root "$root" /usr/bin/vtysh 2>"$root/said"; then
	fail "a file of no package was diverted"
fi
grep -q "/usr/bin/vtysh belongs to no package" "$root/said" || fail "it does not say why"
echo "PASS: tools/divert"
