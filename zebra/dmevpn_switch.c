// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The BPF switch as an object of the kernel: loading, pinning, attaching.
 *
 * Everything is pinned in /sys/fs/bpf/dmevpn (dmevpn-NAME for a zebra with -N
 * NAME): a file a map, and in-IFINDEX and out-IFINDEX, the tcx links that hold
 * the programs at a device. So a hub goes on switching while zebra is not
 * running, and a new zebra finds the maps, loads its own programs with them
 * and swaps them into the links one by one, each without a gap.
 *
 * /sys/fs/bpf is entered by root only, and zebra runs as user frr: the folder
 * is made and opened while we are still root (module load), and reached through
 * /proc/self/fd from then on.
 *
 * All functions run on zebra's main pthread. What the maps mean is
 * dmevpn_members.c's business.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/zebra.h"
#include "lib/frrevent.h"
#include "lib/libfrr.h"
#include "lib/log.h"
#include "lib/privs.h"
#include "lib/typesafe.h"

#include "lib/dmevpn_msg.h"

#include "zebra/bpf/switch.skel.h"
#include "zebra/dmevpn_memory.h"
#include "zebra/dmevpn_switch.h"

DEFINE_MTYPE_STATIC(DMEVPN, DM_ATTACHMENT, "attached device");

#define BPFFS "/sys/fs/bpf"
#define FOLDER_LEN 48
#define ATTACHED_MAX 64 /* programs at one side of a device */
#define PATH_LEN 320 /* any name of a file in the folder fits */
#define SECOND 1000000000ULL
#define HAIRPIN_NS SECOND
/* MACs of a member: as many as it may have at once, then 1,000 new or moved ones a second */
#define LEARN_EVERY_NS (SECOND / 1000)
#define LEARN_BURST SW_MEMBER_MACS_LIMIT
/* reports of a member's hairpins: nhrpd answers each with a packet */
#define HAIRPIN_EVERY_NS (SECOND / 200)
#define HAIRPIN_BURST 500

_Static_assert(sizeof(struct sw_vpn) % 8 == 0 && sizeof(struct sw_chunk) % 8 == 0 &&
		       sizeof(struct sw_slot_stats) % 8 == 0,
	       "array maps have their elements at multiples of 8 octets");

extern struct zebra_privs_t zserv_privs;

PREDECL_LIST(attachments);

/* A program at a device. */
struct side {
	struct bpf_link *link;
	bool taken_over; /* an earlier zebra's */
};

/* One device with our programs; identified by ifindex. */
struct attachment {
	struct attachments_item item;
	uint32_t ifindex;
	struct side in, out;
};

DECLARE_LIST(attachments, struct attachment, item);

static struct attachments_head attached;
static char prepare_error[DM_SWITCH_REASON_LEN]; /* empty when the folder is ready */
static int folder = -1;
static struct dmevpn_switch *skel;
static struct dm_switch_maps maps;
static struct ring_buffer *ring;
static struct event *t_ring;
static struct event_loop *loop_main;
static const struct dm_switch_listener *listen_to;

/* --- the folder ------------------------------------------------------------- */

static void folder_path(char *path, size_t size)
{
	const char *last = strrchr(frr_runstatedir, '/');

	/* -N NAME makes that .../frr/NAME */
	if (last && strcmp(last + 1, "frr") != 0)
		snprintf(path, size, BPFFS "/dmevpn-%.24s", last + 1);
	else
		snprintf(path, size, BPFFS "/dmevpn");
}

void dm_switch_prepare(const char *user)
{
	char path[FOLDER_LEN];
	struct passwd *pw = user ? getpwnam(user) : NULL;
	struct statfs fs;

	attachments_init(&attached);
	folder_path(path, sizeof(path));
	if (statfs(BPFFS, &fs) < 0 || fs.f_type != BPF_FS_MAGIC) {
		snprintf(prepare_error, sizeof(prepare_error),
			 BPFFS " is no BPF file system (mount -t bpf bpf " BPFFS ")");
		return;
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST) {
		snprintf(prepare_error, sizeof(prepare_error), "cannot make %s: %s", path,
			 strerror(errno));
		return;
	}
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || (pw && chown(path, pw->pw_uid, pw->pw_gid) < 0))
		snprintf(prepare_error, sizeof(prepare_error), "cannot use %s: %s", path,
			 strerror(errno));
}

static const char *pin_path(char *path, const char *name)
{
	snprintf(path, PATH_LEN, "/proc/self/fd/%d/%s", folder, name);
	return path;
}

bool dm_switch_has_pins(void)
{
	return folder >= 0 && faccessat(folder, "config", F_OK, 0) == 0;
}

/* Calls EACH for every name in the folder. */
static void each_pin(void (*each)(const char *name))
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			each(entry->d_name);
	closedir(dir);
}

static void remove_map_pin(const char *name)
{
	/* the links stay: their programs forward by the old maps until ours take their place */
	if (strncmp(name, "in-", 3) != 0 && strncmp(name, "out-", 4) != 0)
		unlinkat(folder, name, 0);
}

/* --- loading ---------------------------------------------------------------- */

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[512];
	size_t len;

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	len = strlen(line);
	if (len && line[len - 1] == '\n')
		line[len - 1] = '\0';
	zlog_warn("dmevpn: %s", line);
	return 0;
}

static void *map_array(const struct bpf_map *map)
{
	size_t octets = (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	void *at = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return at == MAP_FAILED ? NULL : at;
}

static void unmap_array(void *at, size_t octets)
{
	if (at)
		munmap(at, octets);
}

static void unload(void)
{
	unmap_array(maps.config, sizeof(*maps.config));
	unmap_array(maps.vpn_table, SW_VPNS_MAX * sizeof(*maps.vpn_table));
	unmap_array(maps.chunks, SW_CHUNKS_MAX * sizeof(*maps.chunks));
	unmap_array(maps.slot_stats, SW_SLOTS_MAX * sizeof(*maps.slot_stats));
	memset(&maps, 0, sizeof(maps));
	ring_buffer__free(ring);
	ring = NULL;
	dmevpn_switch__destroy(skel);
	skel = NULL;
}

static int set_pin_paths(void)
{
	char path[PATH_LEN];
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, skel->obj) {
		err = bpf_map__set_pin_path(map, pin_path(path, bpf_map__name(map)));
		if (err)
			return err;
	}
	return 0;
}

static int map_arrays(void)
{
	maps.config = map_array(skel->maps.config);
	maps.vpn_table = map_array(skel->maps.vpn_table);
	maps.chunks = map_array(skel->maps.chunks);
	maps.slot_stats = map_array(skel->maps.slot_stats);
	maps.vpns = bpf_map__fd(skel->maps.vpns);
	maps.members = bpf_map__fd(skel->maps.members);
	maps.macs = bpf_map__fd(skel->maps.macs);
	return maps.config && maps.vpn_table && maps.chunks && maps.slot_stats ? 0 : -ENOMEM;
}

/* What the programs go by; of taken-over maps only the generation counter is kept. */
static int configure(void)
{
	uint32_t zero = 0;
	int flood = bpf_program__fd(skel->progs.dmevpn_flood);

	maps.config->hairpin_ns = HAIRPIN_NS;
	maps.config->learn.every = LEARN_EVERY_NS;
	maps.config->learn.burst = LEARN_BURST * LEARN_EVERY_NS;
	maps.config->hairpin.every = HAIRPIN_EVERY_NS;
	maps.config->hairpin.burst = HAIRPIN_BURST * HAIRPIN_EVERY_NS;
	if (!maps.config->next_gen)
		maps.config->next_gen = 1;
	maps.config->layout = SW_LAYOUT;
	return bpf_map_update_elem(bpf_map__fd(skel->maps.programs), &zero, &flood, BPF_ANY);
}

static int on_event(void *arg, void *data, size_t size)
{
	if (size >= sizeof(struct sw_event))
		listen_to->event(data);
	return 0;
}

static void read_ring(struct event *event)
{
	event_add_read(loop_main, read_ring, NULL, ring_buffer__epoll_fd(ring), &t_ring);
	ring_buffer__consume(ring);
	listen_to->pause();
}

static int open_ring(void)
{
	ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, NULL, NULL);
	return ring ? 0 : -errno;
}

/* One try; the switch is unloaded when it fails. */
static int load_once(void)
{
	int err;

	skel = dmevpn_switch__open();
	if (!skel)
		return -errno;
	err = set_pin_paths();
	if (!err)
		err = dmevpn_switch__load(skel);
	if (!err)
		err = map_arrays();
	if (!err)
		err = configure();
	if (!err)
		err = open_ring();
	if (err)
		unload();
	return err;
}

/* The layout that pinned maps are of; 0 when none is written in them yet. */
static uint32_t layout_of(int config_fd)
{
	struct sw_config config = {};
	uint32_t zero = 0;

	return bpf_map_lookup_elem(config_fd, &zero, &config) == 0 ? config.layout : 0;
}

/* Is what is pinned in the map's place another map than it? True only when it was seen to be. */
static bool differs(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);
	struct bpf_map_info is = {};
	char path[PATH_LEN];
	uint32_t len = sizeof(is), layout = 0;
	int fd = bpf_obj_get(pin_path(path, name));
	bool differ;

	if (fd < 0)
		return false;
	differ = bpf_map_get_info_by_fd(fd, &is, &len) == 0 &&
		 (is.type != bpf_map__type(map) || is.key_size != bpf_map__key_size(map) ||
		  is.value_size != bpf_map__value_size(map) ||
		  is.max_entries != bpf_map__max_entries(map) ||
		  is.map_flags != bpf_map__map_flags(map));
	if (!differ && strcmp(name, "config") == 0)
		layout = layout_of(fd);
	close(fd);
	return differ || (layout && layout != SW_LAYOUT);
}

/* The name of a pinned map that is not as ours would be; NULL when there is none. */
static const char *find_misfit(void)
{
	static char name[BPF_OBJ_NAME_LEN];
	struct dmevpn_switch *ours = dmevpn_switch__open();
	struct bpf_map *map;
	bool found = false;

	if (!ours)
		return NULL;
	bpf_object__for_each_map (map, ours->obj) {
		found = differs(map);
		if (found) {
			strlcpy(name, bpf_map__name(map), sizeof(name));
			break;
		}
	}
	dmevpn_switch__destroy(ours);
	return found ? name : NULL;
}

/*
 * What is pinned is the memory of a hub that is forwarding: it is thrown away
 * only when it cannot be used for certain, never because loading failed.
 */
static int load_privileged(void)
{
	const char *misfit = find_misfit();

	if (misfit) {
		zlog_warn("dmevpn: the maps of an earlier zebra do not fit this one (map \"%s\"), starting with empty ones",
			  misfit);
		each_pin(remove_map_pin);
	}
	return load_once();
}

/* --- attaching -------------------------------------------------------------- */

static struct attachment *find_attachment(uint32_t ifindex)
{
	struct attachment *a;

	frr_each (attachments, &attached, a)
		if (a->ifindex == ifindex)
			return a;
	return NULL;
}

/* The link pinned there, when it is still at this device; otherwise NULL, and the pin is gone. */
static struct bpf_link *reopen_link(const char *path, uint32_t ifindex)
{
	struct bpf_link *link = bpf_link__open(path);
	struct bpf_link_info info = {};
	uint32_t len = sizeof(info);

	if (!link)
		return NULL;
	/* destroying a bpf_link closes it; what is pinned stays */
	if (bpf_link_get_info_by_fd(bpf_link__fd(link), &info, &len) == 0 &&
	    info.type == BPF_LINK_TYPE_TCX && info.tcx.ifindex == ifindex)
		return link;
	bpf_link__destroy(link);
	unlink(path);
	return NULL;
}

/* Puts PROG to the device by way of the pin "NAME-IFINDEX". Returns false with errno set. */
static bool attach_side(struct side *side, struct bpf_program *prog, const char *name_of_side,
			uint32_t ifindex, bool first)
{
	LIBBPF_OPTS(bpf_tcx_opts, opts, .flags = first ? BPF_F_BEFORE : 0);
	char name[24], path[PATH_LEN];
	int err;

	snprintf(name, sizeof(name), "%s-%u", name_of_side, ifindex);
	pin_path(path, name);
	if (faccessat(folder, name, F_OK, 0) == 0)
		side->link = reopen_link(path, ifindex);
	side->taken_over = side->link != NULL;
	if (side->taken_over) {
		err = bpf_link__update_program(side->link, prog);
	} else {
		side->link = bpf_program__attach_tcx(prog, ifindex, &opts);
		err = side->link ? bpf_link__pin(side->link, path) : -errno;
	}
	errno = -err;
	return !err;
}

static bool attach_privileged(struct attachment *a)
{
	/* outsiders are dropped before anybody else looks; copies are made after everybody did */
	return attach_side(&a->out, skel->progs.dmevpn_out, "out", a->ifindex, false) &&
	       attach_side(&a->in, skel->progs.dmevpn_in, "in", a->ifindex, true);
}

/* Takes the program away. */
static void drop_side(struct side *side)
{
	if (!side->link)
		return;
	bpf_link__unpin(side->link);
	bpf_link__destroy(side->link);
}

/* After a failure: what guarded the device before goes on guarding it. */
static void give_up_side(struct side *side)
{
	if (side->taken_over)
		bpf_link__destroy(side->link); /* closes it */
	else
		drop_side(side);
}

static void free_attachment(struct attachment *a)
{
	attachments_del(&attached, a);
	XFREE(MTYPE_DM_ATTACHMENT, a);
}

bool dm_switch_attach(uint32_t ifindex, char *reason, size_t size)
{
	struct attachment *a = find_attachment(ifindex);
	bool done = false;
	int err = 0;

	if (a)
		return true;
	a = XCALLOC(MTYPE_DM_ATTACHMENT, sizeof(*a));
	a->ifindex = ifindex;
	attachments_add_tail(&attached, a);
	frr_with_privs (&zserv_privs) {
		done = attach_privileged(a);
		err = errno;
		if (!done) {
			give_up_side(&a->in);
			give_up_side(&a->out);
		}
	}
	if (done)
		return true;
	snprintf(reason, size, "the BPF switch cannot be attached: %s%s", safe_strerror(err),
		 err == EINVAL ? " (Linux 6.6 or newer has tcx)" : "");
	free_attachment(a);
	return false;
}

void dm_switch_detach(uint32_t ifindex)
{
	struct attachment *a = find_attachment(ifindex);

	if (!a)
		return;
	frr_with_privs (&zserv_privs) {
		drop_side(&a->in);
		drop_side(&a->out);
	}
	free_attachment(a);
}

static uint32_t program_id(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	return bpf_prog_get_info_by_fd(bpf_program__fd(prog), &info, &len) == 0 ? info.id : 0;
}

/* The kernel's own list of what is attached there. */
static bool is_attached(uint32_t ifindex, enum bpf_attach_type where, const struct bpf_program *prog)
{
	uint32_t ids[ATTACHED_MAX], id = program_id(prog), i;
	LIBBPF_OPTS(bpf_prog_query_opts, opts, .prog_ids = ids, .prog_cnt = ATTACHED_MAX);

	if (bpf_prog_query_opts(ifindex, where, &opts))
		return false;
	for (i = 0; i < opts.prog_cnt && i < ATTACHED_MAX; i++)
		if (id && ids[i] == id)
			return true;
	return false;
}

static bool has_flood_program(void)
{
	uint32_t zero = 0, id = 0;

	return bpf_map_lookup_elem(bpf_map__fd(skel->maps.programs), &zero, &id) == 0 &&
	       id == program_id(skel->progs.dmevpn_flood);
}

uint16_t dm_switch_settings(uint32_t ifindex)
{
	uint16_t has = 0;

	if (!skel)
		return 0;
	frr_with_privs (&zserv_privs) {
		if (is_attached(ifindex, BPF_TCX_INGRESS, skel->progs.dmevpn_in))
			has |= DM_SETTING_SWITCH_IN;
		if (is_attached(ifindex, BPF_TCX_EGRESS, skel->progs.dmevpn_out))
			has |= DM_SETTING_SWITCH_OUT;
		if (has_flood_program())
			has |= DM_SETTING_SWITCH_FLOOD;
	}
	return has;
}

uint32_t dm_switch_next_attached(uint32_t after)
{
	struct attachment *a;
	uint32_t next = 0;

	frr_each (attachments, &attached, a)
		if (a->ifindex > after && (!next || a->ifindex < next))
			next = a->ifindex;
	return next;
}

/* Takes over the device of a pin that an earlier zebra left. */
static void adopt_pin(const char *name)
{
	char reason[DM_SWITCH_REASON_LEN], path[PATH_LEN];
	uint32_t ifindex;
	struct bpf_link *link = NULL;

	if (sscanf(name, "in-%u", &ifindex) != 1 && sscanf(name, "out-%u", &ifindex) != 1)
		return;
	frr_with_privs (&zserv_privs) {
		link = reopen_link(pin_path(path, name), ifindex);
		bpf_link__destroy(link);
	}
	if (link && !dm_switch_attach(ifindex, reason, sizeof(reason)))
		zlog_warn("dmevpn: device %u: %s", ifindex, reason);
}

/* --- as a whole --------------------------------------------------------------- */

bool dm_switch_load(struct event_loop *loop, const struct dm_switch_listener *listener,
		    char *reason, size_t size)
{
	int err = 0;

	if (skel)
		return true;
	if (prepare_error[0]) {
		strlcpy(reason, prepare_error, size);
		return false;
	}
	loop_main = loop;
	listen_to = listener;
	libbpf_set_print(print_libbpf);
	frr_with_privs (&zserv_privs) {
		err = load_privileged();
	}
	if (err) {
		snprintf(reason, size, "the BPF switch cannot be loaded: %s", safe_strerror(-err));
		return false;
	}
	event_add_read(loop_main, read_ring, NULL, ring_buffer__epoll_fd(ring), &t_ring);
	each_pin(adopt_pin);
	return true;
}

int dm_switch_errno(int result)
{
	return result < 0 ? (result == -1 ? errno : -result) : 0;
}

struct dm_switch_maps *dm_switch_maps(void)
{
	return skel ? &maps : NULL;
}

void dm_switch_stop(void)
{
	struct attachment *a;

	event_cancel(&t_ring);
	while ((a = attachments_first(&attached))) {
		/* closes our descriptors; the pins keep the links in place */
		bpf_link__destroy(a->in.link);
		bpf_link__destroy(a->out.link);
		free_attachment(a);
	}
	unload();
	if (folder >= 0)
		close(folder);
	folder = -1;
}
