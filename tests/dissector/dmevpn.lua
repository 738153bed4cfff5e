-- SPDX-License-Identifier: GPL-2.0-or-later
-- Lets tshark read NHRP in RFC 2735 VPN encapsulation: GRE 0x2001 whose first octet is 0xAA is LLC, and behind
-- the IANA SNAP protocol 8 stand PAD, OUI and VPN index before the next LLC header. Plain NHRP stays as it was.
local vpn = Proto("nhrpvpn", "NHRP VPN encapsulation")
vpn.fields = { ProtoField.uint24("nhrpvpn.oui", "OUI", base.HEX), ProtoField.uint32("nhrpvpn.index", "VPN index") }
local llc, plain = Dissector.get("llc"), DissectorTable.get("gre.proto"):get_dissector(0x2001)
function vpn.dissector(buffer, pinfo, tree)
	local sub = tree:add(vpn, buffer(0, 8))
	sub:add(vpn.fields[1], buffer(1, 3))
	sub:add(vpn.fields[2], buffer(4, 4))
	llc:call(buffer(8):tvb(), pinfo, tree)
end
local entry = Proto("nhrpgre", "NHRP on GRE")
function entry.dissector(buffer, pinfo, tree)
	(buffer(0, 1):uint() == 0xaa and llc or plain):call(buffer, pinfo, tree)
end
DissectorTable.get("llc.iana_pid"):add(8, vpn)
DissectorTable.get("gre.proto"):add(0x2001, entry)
