// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The vectors. One line a field group: fixed header, common header and addresses,
 * CIEs, extensions. Sizes, offsets and sums were counted outside this project's code.
 *
 *   hub    10.0.0.1  VNI 4097  02:00:00:00:00:01     tunnel 1.0.0.1
 *   spoke1 10.0.0.2  VNI 100   02:00:00:00:00:02     tunnel 1.0.0.2
 *   spoke2 10.0.0.3  VNI 101   02:00:00:00:00:03     tunnel 1.0.0.3
 *   behind spoke1 02:00:00:00:00:0a, behind spoke2 02:00:00:00:00:0b
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/nhrp_vectors.h"

#define VPN_1 "aaaa03 00005e 0008  00 000000 00000001  aaaa03 00005e 0003 "

const struct nhrp_vector nhrp_vectors[] = {
	{
		.name = "vpn-registration-request",
		.hex = VPN_1
		"0001 6558 0000000000 ff 0072 e2ce 004a 01 03 04 04 "
		"06 06 8000 00000001  0a000002 00000064 020000000002 020000000002 "
		"00 ff 0000 05aa 001e 04 04 06 00  0a000002 00000064 020000000002 "
		"8003 0000  8004 0000  8005 0000  0009 0008 00000001 00000000 "
		"3801 0008 1234567890abcdef  8000 0000",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Registration Request flags 8000 id 1 "
		"src 10.0.0.2/100 02:00:00:00:00:02 dst 02:00:00:00:00:02\n"
		"cie 0 prefix 255 mtu 1450 hold 30 10.0.0.2/100 02:00:00:00:00:02 pref 0\n"
		"ext 3! 0\next 4! 0\next 5! 0\next 9 8 source 1 target 0\next 14337 8\n",
		.ours = true,
	},
	{
		.name = "vpn-registration-reply",
		.hex = VPN_1
		"0001 6558 0000000000 ff 0078 b638 004a 01 04 04 04 "
		"06 06 8000 00000001  0a000002 00000064 020000000002 020000000002 "
		"00 ff 0000 05aa 001e 04 04 06 00  0a000002 00000064 020000000002 "
		"8003 001a 00 00 0000 05aa 001e 04 04 06 00  0a000001 00001001 020000000001 "
		"0009 0008 00000001 00000001  8000 0000",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Registration Reply flags 8000 id 1 "
		"src 10.0.0.2/100 02:00:00:00:00:02 dst 02:00:00:00:00:02\n"
		"cie 0 prefix 255 mtu 1450 hold 30 10.0.0.2/100 02:00:00:00:00:02 pref 0\n"
		"ext 3! 26\n"
		"  cie 0 prefix 0 mtu 1450 hold 30 10.0.0.1/4097 02:00:00:00:00:01 pref 0\n"
		"ext 9 8 source 1 target 1\n",
		.ours = true,
	},
	{ /* of two VPNs more, 7 and 00:00:5e:8 */
		.name = "vpn-batch-question",
		.hex = VPN_1
		"0001 6558 0000000000 ff 00b4 62ba 004a 01 03 04 04 "
		"06 06 0000 00000001  0a000002 00000064 020000000002 020000000002 "
		"00 00 0000 05aa 001e 04 04 06 00  0a000002 00000064 020000000002 "
		"8003 0000  3805 005e 01 02 "
		"000000 00000007 00 00000102 1122334455667788 "
		"ff 00 0000 05aa 001e 04 04 06 00  0a000002 0000006b 020000000702 "
		"00005e 00000008 00 ffffffff 0000000000000001 "
		"ff 00 0000 0578 0258 04 04 06 00  0a000002 0000006c 020000000802  8000 0000",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Registration Request flags 0000 id 1 "
		"src 10.0.0.2/100 02:00:00:00:00:02 dst 02:00:00:00:00:02\n"
		"cie 0 prefix 0 mtu 1450 hold 30 10.0.0.2/100 02:00:00:00:00:02 pref 0\n"
		"ext 3! 0\next 14341 94\n  form 1\n"
		"  vpn 7 id 258 life 1122334455667788 "
		"cie 255 prefix 0 mtu 1450 hold 30 10.0.0.2/107 02:00:00:00:07:02 pref 0\n"
		"  vpn 00:00:5e:8 id 4294967295 life 1 "
		"cie 255 prefix 0 mtu 1400 hold 600 10.0.0.2/108 02:00:00:00:08:02 pref 0\n",
		.ours = true,
	},
	{ /* registered, refused, not now */
		.name = "vpn-batch-answer",
		.hex = VPN_1
		"0001 6558 0000000000 ff 00e0 2428 004a 01 04 04 04 "
		"06 06 0000 00000001  0a000002 00000064 020000000002 020000000002 "
		"00 00 0000 05aa 001e 04 04 06 00  0a000002 00000064 020000000002 "
		"8003 001a 00 00 0000 05aa 001e 04 04 06 00  0a000001 00001001 020000000001 "
		"3805 0070 02 03 "
		"000000 00000007 00 00000102 99aabbccddeeff00 "
		"00 00 0000 05aa 001e 04 04 06 00  0a000001 00001007 020000000001 "
		"00005e 00000008 00 ffffffff 0000000000000000  04 00 0000 0000 0000 00 00 00 00 "
		"000000 00000009 00 00000003 0000000000000000  ff 00 0000 0000 0000 00 00 00 00  8000 0000",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Registration Reply flags 0000 id 1 "
		"src 10.0.0.2/100 02:00:00:00:00:02 dst 02:00:00:00:00:02\n"
		"cie 0 prefix 0 mtu 1450 hold 30 10.0.0.2/100 02:00:00:00:00:02 pref 0\n"
		"ext 3! 26\n"
		"  cie 0 prefix 0 mtu 1450 hold 30 10.0.0.1/4097 02:00:00:00:00:01 pref 0\n"
		"ext 14341 112\n  form 2\n"
		"  vpn 7 id 258 life 99aabbccddeeff00 "
		"cie 0 prefix 0 mtu 1450 hold 30 10.0.0.1/4103 02:00:00:00:00:01 pref 0\n"
		"  vpn 00:00:5e:8 id 4294967295 life 0 cie 4 prefix 0 mtu 0 hold 0 - - pref 0\n"
		"  vpn 9 id 3 life 0 cie 255 prefix 0 mtu 0 hold 0 - - pref 0\n",
		.ours = true,
	},
	{
		.name = "vpn-registration-refused",
		.hex = VPN_1
		"0001 6558 0000000000 ff 0052 6d74 0000 01 04 04 04 "
		"06 06 0000 ffffffff  0a000002 00000064 020000000002 020000000002 "
		"05 00 0000 0000 0000 00 00 00 00 "
		"04 00 0000 0000 0000 00 04 06 ff  00000064 020000000002 ",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Registration Reply flags 0000 id 4294967295 "
		"src 10.0.0.2/100 02:00:00:00:00:02 dst 02:00:00:00:00:02\n"
		"cie 5 prefix 0 mtu 0 hold 0 - - pref 0\n"
		"cie 4 prefix 0 mtu 0 hold 0 -/100 02:00:00:00:00:02 pref 255\n",
		.ours = true,
	},
	{
		.name = "vpn-resolution-request",
		.hex = "aaaa03 00005e 0008  00 00005e 00000007  aaaa03 00005e 0003 "
		"0001 6558 0000000000 fe 0055 b0b7 003c 01 01 04 04 "
		"06 06 4800 00000102  0a000002 00000064 02000000000a 02000000000b "
		"00 00 0000 05aa 0078 00 00 00 00 "
		"8003 0000  0008 0004 0000000c  0008 0005 0000000c ff  8000 0000",
		.reads = "vpn 00:00:5e:7 afn 1 pro 6558 hop 254 Resolution Request flags 4800 id 258 "
		"src 10.0.0.2/100 02:00:00:00:00:0a dst 02:00:00:00:00:0b\n"
		"cie 0 prefix 0 mtu 1450 hold 120 - - pref 0\n"
		"ext 3! 0\next 8 4\next 8 5\n",
		.ours = true,
	},
	{
		.name = "vpn-resolution-reply",
		.hex = VPN_1
		"0001 6558 0000000000 ff 006c d370 004a 01 02 04 04 "
		"06 06 6800 00000102  0a000002 00000064 02000000000a 02000000000b "
		"00 30 0000 05aa 0078 04 04 06 09  0a000003 00000065 02000000000b "
		"8003 001a 00 00 0000 0000 0000 04 04 06 00  0a000001 00001001 020000000001 "
		"8000 0000",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Resolution Reply flags 6800 id 258 "
		"src 10.0.0.2/100 02:00:00:00:00:0a dst 02:00:00:00:00:0b\n"
		"cie 0 prefix 48 mtu 1450 hold 120 10.0.0.3/101 02:00:00:00:00:0b pref 9\n"
		"ext 3! 26\n"
		"  cie 0 prefix 0 mtu 0 hold 0 10.0.0.1/4097 02:00:00:00:00:01 pref 0\n",
		.ours = true,
	},
	{
		.name = "vpn-purge-request",
		.hex = VPN_1
		"0001 6558 0000000000 ff 005c d149 0000 01 05 04 04 "
		"06 06 8000 0000000a  0a000001 00001001 020000000001 020000000002 "
		"00 30 0000 0000 0000 00 00 06 00  02000000000b "
		"00 30 0000 0000 0000 04 04 06 00  0a000003 00000065 02000000000c ",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Purge Request flags 8000 id 10 "
		"src 10.0.0.1/4097 02:00:00:00:00:01 dst 02:00:00:00:00:02\n"
		"cie 0 prefix 48 mtu 0 hold 0 - 02:00:00:00:00:0b pref 0\n"
		"cie 0 prefix 48 mtu 0 hold 0 10.0.0.3/101 02:00:00:00:00:0c pref 0\n",
		.ours = true,
	},
	{
		.name = "vpn-purge-reply",
		.hex = VPN_1
		"0001 6558 0000000000 ff 0042 680b 0000 01 06 04 04 "
		"06 06 0000 0000000a  0a000001 00001001 020000000001 020000000002 "
		"00 30 0000 0000 0000 00 00 06 00  02000000000b ",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Purge Reply flags 0000 id 10 "
		"src 10.0.0.1/4097 02:00:00:00:00:01 dst 02:00:00:00:00:02\n"
		"cie 0 prefix 48 mtu 0 hold 0 - 02:00:00:00:00:0b pref 0\n",
		.ours = true,
	},
	{
		/* VPN not supported; the packet in error is cut short */
		.name = "vpn-error-indication",
		.hex = "aaaa03 00005e 0008  00 000000 00000009  aaaa03 00005e 0003 "
		"0001 6558 0000000000 ff 0040 0228 0000 01 07 04 00 "
		"06 06 0000 0011 0018  0a000001 020000000001 020000000002 "
		"0001 6558 0000000000 ff 0072 1234 0000 01 03 04 04",
		.reads = "vpn 9 afn 1 pro 6558 hop 255 Error Indication flags 0000 code 17 offset 24 "
		"src 10.0.0.1 02:00:00:00:00:01 dst 02:00:00:00:00:02\n"
		"packet 20\n",
		.ours = true,
	},
	{
		/* the start of an ICMP frame from behind spoke1 to behind spoke2 */
		.name = "vpn-traffic-indication",
		.hex = VPN_1
		"0001 6558 0000000000 ff 0052 88b6 0000 01 08 04 04 "
		"06 06 0000 00000000  0a000001 00001001 020000000001 02000000000a "
		"02000000000b 02000000000a 0800 4500 0054 0000 4000 40 01 0000 0b00000a 0b00000b ",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Traffic Indication flags 0000 "
		"src 10.0.0.1/4097 02:00:00:00:00:01 dst 02:00:00:00:00:0a\n"
		"packet 34\n",
		.ours = true,
	},
	{
		/* IPv4 addresses behind MACs of a spoke; the second entry leaves the NBMA address to the header */
		.name = "vpn-ip-registration-request",
		.hex = VPN_1
		"0001 0800 0000000000 ff 006c e15f 0064 01 03 04 04 "
		"04 04 0000 00000005  0a000002 00000064 00000000 00000000 "
		"00 00 0000 05aa 001e 04 0a 04 00  0a000002 00000064 02000000000a c0a8010a "
		"00 20 0000 0000 001e 00 0a 04 00  00000064 01005e000001 c0a8010b "
		"8003 0000  8000 0000",
		.reads = "vpn 1 afn 1 pro 0800 hop 255 Registration Request flags 0000 id 5 "
		"src 10.0.0.2/100 0.0.0.0 dst 0.0.0.0\n"
		"cie 0 prefix 0 mtu 1450 hold 30 10.0.0.2/100+02:00:00:00:00:0a 192.168.1.10 pref 0\n"
		"cie 0 prefix 32 mtu 0 hold 30 -/100+01:00:5e:00:00:01 192.168.1.11 pref 0\n"
		"ext 3! 0\n",
		.ours = true,
	},
	{
		/* who has an IPv6 address; the responder has a MAC in the VPN and no address of that kind */
		.name = "vpn-ip6-resolution-reply",
		.hex = VPN_1
		"0001 86dd 0000000000 ff 0090 c59d 006e 01 02 04 04 "
		"10 10 4800 00000006  0a000002 00000064 "
		"00000000000000000000000000000000 fe80000000000000000000000000000b "
		"00 00 0000 05aa 0078 04 0a 10 00  0a000003 00000065 02000000000b "
		"fe80000000000000000000000000000b "
		"8003 001a 00 00 0000 05aa 0078 04 0a 00 00  0a000001 00001001 020000000001  8000 0000",
		.reads = "vpn 1 afn 1 pro 86dd hop 255 Resolution Reply flags 4800 id 6 "
		"src 10.0.0.2/100 :: dst fe80::b\n"
		"cie 0 prefix 0 mtu 1450 hold 120 10.0.0.3/101+02:00:00:00:00:0b fe80::b pref 0\n"
		"ext 3! 26\n"
		"  cie 0 prefix 0 mtu 1450 hold 120 10.0.0.1/4097+02:00:00:00:00:01 - pref 0\n",
		.ours = true,
	},
	{
		/* ten octets that do not begin with a VNI */
		.name = "vpn-ip-no-vni",
		.hex = VPN_1
		"0001 0800 0000000000 ff 002e 23fd 0000 01 01 04 0a "
		"00 04 0000 00000007  0a000002 00000000 02000000000a c0a8010a ",
		.reads = "vpn 1 afn 1 pro 0800 hop 255 Resolution Request flags 0000 id 7 "
		"src 10.0.0.2[0000000002000000000a] - dst 192.168.1.10\n",
	},
	{
		/* layer 3 in a VPN: padding not zero, IPv6 over IPv4 */
		.name = "vpn-ipv6-purge-request",
		.hex = "aaaa03 00005e 0008  5a abcdef ffffffff  aaaa03 00005e 0003 "
		"0001 86dd 0000000000 40 005c 5225 0000 01 05 04 00 "
		"10 10 0000 00000003  0a000001 "
		"fd000000000000000000000000000001 fd000000000000000000000000000002 "
		"00 40 0000 0000 0000 00 00 10 00  fd000000000000010000000000000000 ",
		.reads = "vpn ab:cd:ef:4294967295 afn 1 pro 86dd hop 64 Purge Request flags 0000 id 3 "
		"src 10.0.0.1 fd00::1 dst fd00::2\n"
		"cie 0 prefix 64 mtu 0 hold 0 - fd00:0:0:1:: pref 0\n",
	},
	{
		/* MAC addresses under an 802.1Q type, as the first dmevpn wrote them */
		.name = "vpn-compat-8100",
		.hex = VPN_1
		"0001 8100 0000000000 ff 0030 6448 0000 01 01 04 04 "
		"06 06 0000 00000001  0a000002 00000064 02000000000a 02000000000b ",
		.reads = "vpn 1 afn 1 pro 8100 hop 255 Resolution Request flags 0000 id 1 "
		"src 10.0.0.2/100 02:00:00:00:00:0a dst 02:00:00:00:00:0b\n",
	},
	{
		.name = "vpn-ipv6-underlay",
		.hex = VPN_1
		"0002 6558 0000000000 ff 0066 ea2d 0062 01 02 10 04 "
		"06 06 0000 00000001  fd000000000000000000000000000002 00ffffff 02000000000a 02000000000b "
		"00 00 0000 0000 0078 10 04 06 00  fd000000000000000000000000000003 00000001 02000000000b "
		"8000 0000",
		.reads = "vpn 1 afn 2 pro 6558 hop 255 Resolution Reply flags 0000 id 1 "
		"src fd00::2/16777215 02:00:00:00:00:0a dst 02:00:00:00:00:0b\n"
		"cie 0 prefix 0 mtu 0 hold 120 fd00::3/1 02:00:00:00:00:0b pref 0\n",
	},
	{
		/* every address left out, subaddresses that are no VNI */
		.name = "plain-no-addresses",
		.hex = "0001 6558 0000000000 ff 0031 52c4 0000 01 01 40 05 "
		"00 00 0000 00000007  0000006401 "
		"00 00 0000 0000 0000 40 04 00 00  01000000 ",
		.reads = "afn 1 pro 6558 hop 255 Resolution Request flags 0000 id 7 src -[0000006401] - dst -\n"
		"cie 0 prefix 0 mtu 0 hold 0 -[01000000] - pref 0\n",
	},
	{
		/* layer 3 as FRR and Cisco send it, with plain-text authentication */
		.name = "plain-registration-request",
		.hex = "0001 0800 0000000000 01 006a 69dd 0034 01 03 04 00 "
		"04 04 8002 00000001  0a000002 01000002 01000001 "
		"00 ff 0000 05d4 1c20 00 00 00 00 "
		"8004 0000  8005 0000  8003 0000 "
		"0009 0014 00 20 0000 05d4 0000 04 00 04 00  0a000001 01000001 "
		"8007 000a 00000001 736563726574  8000 0000",
		.reads = "afn 1 pro 0800 hop 1 Registration Request flags 8002 id 1 "
		"src 10.0.0.2 1.0.0.2 dst 1.0.0.1\n"
		"cie 0 prefix 255 mtu 1492 hold 7200 - - pref 0\n"
		"ext 4! 0\next 5! 0\next 3! 0\next 9 20\n"
		"  cie 0 prefix 32 mtu 1492 hold 0 10.0.0.1 1.0.0.1 pref 0\n"
		"ext 7! 10\n",
		.ours = true,
	},
	{
		/* the same peer behind NAT: two entries in its extension */
		.name = "plain-registration-reply",
		.hex = "0001 0800 0000000000 40 0084 2123 0034 01 04 04 00 "
		"04 04 8002 00000001  c0a80002 01000002 01000001 "
		"00 ff 0000 05d4 1c20 00 00 00 00 "
		"8004 0000  8005 0000 "
		"8003 0014 00 00 0000 05d4 1c20 04 00 04 00  0a000001 01000001 "
		"0009 0028 00 20 0000 05d4 0000 04 00 04 00  0a000001 01000001 "
		"00 20 0000 05d4 0000 04 00 04 00  0a000002 01000002  8000 0000",
		.reads = "afn 1 pro 0800 hop 64 Registration Reply flags 8002 id 1 "
		"src 192.168.0.2 1.0.0.2 dst 1.0.0.1\n"
		"cie 0 prefix 255 mtu 1492 hold 7200 - - pref 0\n"
		"ext 4! 0\next 5! 0\next 3! 20\n"
		"  cie 0 prefix 0 mtu 1492 hold 7200 10.0.0.1 1.0.0.1 pref 0\n"
		"ext 9 40\n"
		"  cie 0 prefix 32 mtu 1492 hold 0 10.0.0.1 1.0.0.1 pref 0\n"
		"  cie 0 prefix 32 mtu 1492 hold 0 10.0.0.2 1.0.0.2 pref 0\n",
		.ours = true,
	},
	{
		/* FRR fills the Responder Address from the NBMA's family: IPv4 in a message of IPv6 */
		.name = "plain-ipv6-responder-ipv4",
		.hex = "0001 86dd 0000000000 40 0068 078e 004c 01 04 04 00 "
		"10 10 0000 00000002  0a000002 "
		"fd000000000000000000000000000002 fd000000000000000000000000000001 "
		"00 80 0000 05d4 1c20 00 00 00 00 "
		"8003 0014 00 00 0000 05d4 1c20 04 00 04 00  0a000001 01000001  8000 0000",
		.reads = "afn 1 pro 86dd hop 64 Registration Reply flags 0000 id 2 "
		"src 10.0.0.2 fd00::2 dst fd00::1\n"
		"cie 0 prefix 128 mtu 1492 hold 7200 - - pref 0\n"
		"ext 3! 20\n"
		"  bad\n",
		.ours = true,
	},
	{
		/* an empty NAT address extension */
		.name = "plain-resolution-request",
		.hex = "0001 0800 0000000000 40 005c f70c 0034 01 01 04 00 "
		"04 04 8800 00000003  0a000002 01000002 0c000001 "
		"00 ff 0000 05d4 1c20 00 00 00 00 "
		"8004 0014 00 00 0000 05d4 1c20 04 00 04 00  0a000001 01000001 "
		"8005 0000  8003 0000  0009 0000  8000 0000",
		.reads = "afn 1 pro 0800 hop 64 Resolution Request flags 8800 id 3 "
		"src 10.0.0.2 1.0.0.2 dst 12.0.0.1\n"
		"cie 0 prefix 255 mtu 1492 hold 7200 - - pref 0\n"
		"ext 4! 20\n"
		"  cie 0 prefix 0 mtu 1492 hold 7200 10.0.0.1 1.0.0.1 pref 0\n"
		"ext 5! 0\next 3! 0\next 9 0\n",
		.ours = true,
	},
	{
		/* authentication failure: the body is the header of the packet in error alone */
		.name = "plain-error-indication",
		.hex = "0001 0800 0000000000 00 0050 1922 0000 01 07 04 00 "
		"04 04 8002 000b 0000  0a000002 01000001 01000002 "
		"0001 0800 0000000000 01 005c abcd 0034 01 03 04 00 "
		"04 04 8002 00000001  0a000002 01000002 01000001 ",
		.reads = "afn 1 pro 0800 hop 0 Error Indication flags 8002 code 11 offset 0 "
		"src 10.0.0.2 1.0.0.1 dst 1.0.0.2\n"
		"packet 40\n",
		.ours = true,
	},
	{
		/* two MACs; the claimer knows of move 7 of the first, and of none of the second */
		.name = "vpn-registration-moves",
		.hex = VPN_1
		"0001 6558 0000000000 ff 006c aa82 0054 01 03 04 04 "
		"06 06 0000 00000003  0a000002 00000064 020000000002 020000000001 "
		"00 00 0000 05aa 012c 00 00 06 00  02000000000a "
		"00 00 0000 05aa 003c 00 00 06 00  02000000000b "
		"3803 0010 00000007 00000000 00000000 00000000  8000 0000",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Registration Request flags 0000 id 3 "
		"src 10.0.0.2/100 02:00:00:00:00:02 dst 02:00:00:00:00:01\n"
		"cie 0 prefix 0 mtu 1450 hold 300 - 02:00:00:00:00:0a pref 0\n"
		"cie 0 prefix 0 mtu 1450 hold 60 - 02:00:00:00:00:0b pref 0\n"
		"ext 14339 16\n  move 7 age 0\n  move 0 age 0\n",
		.ours = true,
	},
	{
		/* to the former home: move 8, a second ago */
		.name = "vpn-purge-moves",
		.hex = VPN_1
		"0001 6558 0000000000 ff 0052 abee 0042 01 05 04 04 "
		"06 06 0000 0000000b  0a000001 00001001 020000000001 020000000002 "
		"00 00 0000 0000 0000 00 00 06 00  02000000000a "
		"3803 0008 00000008 000003e8  8000 0000",
		.reads = "vpn 1 afn 1 pro 6558 hop 255 Purge Request flags 0000 id 11 "
		"src 10.0.0.1/4097 02:00:00:00:00:01 dst 02:00:00:00:00:02\n"
		"cie 0 prefix 0 mtu 0 hold 0 - 02:00:00:00:00:0a pref 0\n"
		"ext 14339 8\n  move 8 age 1000\n",
		.ours = true,
	},
	{
		/* odd length, sum as RFC 2332 5.1 has it */
		.name = "plain-traffic-indication",
		.hex = "0001 0800 0000000000 01 004d 6691 003c 01 08 04 00 "
		"04 04 0000 00000000  0a000001 01000001 0b00000a "
		"4500 0054 0000 4000 40 01 0000 0b00000a 0c000001 "
		"8007 0009 00000001 7061737731  8000 0000",
		.reads = "afn 1 pro 0800 hop 1 Traffic Indication flags 0000 "
		"src 10.0.0.1 1.0.0.1 dst 11.0.0.10\n"
		"packet 20\n"
		"ext 7! 9\n",
		.ours = true,
	},
	{
		/* odd length, sum as FRR has it: as if the zero stood before the last octet */
		.name = "plain-odd-frr-checksum",
		.hex = "0001 0800 0000000000 01 003d fba2 0000 01 08 04 00 "
		"04 04 0000 00000000  0a000001 01000001 0b00000a "
		"4500 0054 0000 4000 40 01 0000 0b00000a 0c000001 a5",
		.reads = "afn 1 pro 0800 hop 1 Traffic Indication flags 0000 "
		"src 10.0.0.1 1.0.0.1 dst 11.0.0.10\n"
		"packet 21\n",
	},
};

const size_t nhrp_vector_count = sizeof(nhrp_vectors) / sizeof(nhrp_vectors[0]);

size_t from_hex(const char *hex, uint8_t octets[VECTOR_MAX])
{
	static const char digits[] = "0123456789abcdef";
	size_t nibbles = 0;

	for (; *hex && nibbles < 2 * VECTOR_MAX; hex++) {
		const char *digit = strchr(digits, *hex);

		if (!digit)
			continue;
		if (nibbles % 2 == 0)
			octets[nibbles / 2] = (digit - digits) << 4;
		else
			octets[nibbles / 2] |= digit - digits;
		nibbles++;
	}
	return nibbles / 2;
}

const struct nhrp_vector *nhrp_vector(const char *name)
{
	for (size_t i = 0; i < nhrp_vector_count; i++)
		if (strcmp(nhrp_vectors[i].name, name) == 0)
			return &nhrp_vectors[i];
	abort();
}
