// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The password of plain messages. The stock code compares it with memcmp(), whose time tells
 * how much of a guess was right, and answers each wrong one with an Error Indication,
 * however many come. Here it is compared in constant time and the errors are few; what
 * passes meets the stock comparison with the right password only.
 *
 * Called by nhrp_io.c for each plain message that the guard let pass. RFC 2332 5.2.7,
 * 5.3.4. Not here: the password of what the stock code sends, and of VPN messages (vpn_auth.c).
 */
#include <config.h>

#include "lib/zebra.h"
#include "lib/if.h"
#include "lib/sockunion.h"

#include "nhrpd.h"
#include "os.h"
#include "nhrpd/nhrp_beside.h"
#include "nhrpd/nhrp_password.h"

#define ERRORS_A_SECOND 10
#define TYPE_LEN sizeof(uint32_t) /* of the extension's value, before the password; the stock code keeps both */

static uint64_t refused;

/* The header of the message in error is enough to know it by; it is what the stock code sends too. */
static size_t header_len(const struct nhrp_msg *m)
{
	return (size_t)(m->body.p - m->packet);
}

static void send_error(const struct nhrp_interface *nifp, const struct vpn_path *to, const struct nhrp_msg *req)
{
	uint8_t buf[NHRP_PACKET_MAX_LEN];
	struct nhrp_builder b;
	struct nhrp_msg m = {
		.afn = req->afn,
		.pro_type = req->pro_type,
		.hop_count = NHRP_HOP_COUNT,
		.op = NHRP_OP_ERROR_INDICATION,
		.error_code = NHRP_ERR_AUTHENTICATION,
		.src_proto = nhrp_op_is_reply(req->op) ? req->src_proto : req->dst_proto,
		.dst_proto = nhrp_op_is_reply(req->op) ? req->dst_proto : req->src_proto,
	};
	size_t len;

	if (sockunion_family(&nifp->nbma) != AF_INET ||
	    !dm_addr_set(&m.src_nbma, DM_IPV4, &nifp->nbma.sin.sin_addr, 4))
		return;
	nhrp_build_begin(&b, buf, sizeof(buf), &m);
	nhrp_build_octets(&b, req->packet, header_len(req));
	len = nhrp_build_end(&b);
	if (len)
		os_sendmsg(buf, len, (int)to->ifindex, to->nbma.octets, dm_addr_len(&to->nbma), NHRP_GRE_PROTOCOL);
}

bool nhrp_password_right(const struct vpn_path *from, const uint8_t *octets, size_t len)
{
	struct interface *ifp = if_lookup_by_index((ifindex_t)from->ifindex, VRF_DEFAULT);
	const struct nhrp_interface *nifp = ifp ? ifp->info : NULL;
	struct zbuf *token = nifp ? nifp->auth_token : NULL;
	static struct nhrp_limit errors;
	struct nhrp_msg m;

	if (!token || nhrp_msg_decode(&m, octets, len, NULL) != NHRP_DROP_NONE)
		return true;
	if (nhrp_auth_check_password(&m, token->buf + TYPE_LEN, zbuf_size(token) - TYPE_LEN) == NHRP_AUTH_OK)
		return true;
	refused++;
	if (m.op != NHRP_OP_ERROR_INDICATION && nhrp_limit_allows(&errors, ERRORS_A_SECOND))
		send_error(nifp, from, &m);
	return false;
}

void nhrp_password_put(const struct interface *ifp, struct nhrp_builder *b)
{
	const struct nhrp_interface *nifp = ifp->info;
	struct zbuf *token = nifp->auth_token;

	if (token)
		nhrp_auth_put_password(b, token->buf + TYPE_LEN, zbuf_size(token) - TYPE_LEN);
}

uint64_t nhrp_password_refused(void)
{
	return refused;
}
