#include "fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "lorawan/dev_addr.h"

static const char *const names[] = {"pump", "valve",  "meter",  "tank", "gate", "lamp", "fan",  "boiler",
                                    "door", "window", "bridge", "well", "silo", "hive", "barn", "mast"};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

int fleet_init(struct fleet *f, uint32_t n, uint64_t first_dev_eui, uint64_t seed, const struct ls_key *app_key,
               const struct ls_key *nwk_key)
{
	uint32_t slots = 16;

	*f = (struct fleet){.n = n, .first_dev_eui = first_dev_eui};
	memcpy(f->seed_key.b, "lssim   ", 8);
	for (unsigned i = 0; i < 8; i++)
		f->seed_key.b[8 + i] = (uint8_t)(seed >> (56 - 8 * i));
	f->abp_base = (uint32_t)(seed * 0x9e3779b97f4a7c15 >> 32);
	if (app_key) {
		f->has_app_key = true;
		f->app_key = *app_key;
	}
	if (nwk_key) {
		f->has_nwk_key = true;
		f->nwk_key = *nwk_key;
	}
	while (slots < n)
		slots *= 2;
	f->addr_mask = slots - 1;
	f->devices = calloc(n, sizeof(*f->devices));
	f->macs = calloc(n, sizeof(*f->macs));
	f->addr_slots = malloc(slots * sizeof(*f->addr_slots));
	if (!f->devices || !f->macs || !f->addr_slots) {
		fleet_fini(f);
		return LS_ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		f->devices[i].mac = &f->macs[i];
	memset(f->addr_slots, 0xff, slots * sizeof(*f->addr_slots));
	return LS_OK;
}

void fleet_fini(struct fleet *f)
{
	free(f->devices);
	free(f->macs);
	free(f->addr_slots);
	f->devices = NULL;
	f->macs = NULL;
	f->addr_slots = NULL;
}

struct eui64 fleet_dev_eui(const struct fleet *f, uint32_t i)
{
	return eui64_from_u64(f->first_dev_eui + i);
}

/* Block = DevEUI | purpose: another key for each device and each use. */
static void derive_key(const struct fleet *f, struct lw_crypto *c, uint32_t i, const char purpose[8],
                       struct ls_key *out)
{
	struct eui64 dev_eui = fleet_dev_eui(f, i);
	uint8_t block[16];

	memcpy(block, dev_eui.be, 8);
	memcpy(block + 8, purpose, 8);
	lw_aes_encrypt(c, &f->seed_key, block, out->b);
}

void fleet_roots(const struct fleet *f, struct lw_crypto *c, uint32_t i, struct device_roots *out)
{
	out->dev_eui = fleet_dev_eui(f, i);
	if (f->has_app_key)
		out->app_key = f->app_key;
	else
		derive_key(f, c, i, "AppKey  ", &out->app_key);
	if (f->has_nwk_key)
		out->nwk_key = f->nwk_key;
	else
		derive_key(f, c, i, "NwkKey  ", &out->nwk_key);
}

char *fleet_name(uint32_t i, char buf[FLEET_NAME_SIZE])
{
	if (i < N_NAMES)
		snprintf(buf, FLEET_NAME_SIZE, "%s", names[i]);
	else
		snprintf(buf, FLEET_NAME_SIZE, "%s-%" PRIu32, names[i % N_NAMES], i / (uint32_t)N_NAMES + 1);
	return buf;
}

void fleet_abp_session(const struct fleet *f, struct lw_crypto *c, uint32_t i, uint32_t net_id, bool is_1_1,
                       struct device_session *out)
{
	struct dev_addr_prefix block = dev_addr_prefix_of_net_id(net_id);

	*out = (struct device_session){.dev_addr = dev_addr_in_blocks(&block, 1, f->abp_base + i), .is_1_1 = is_1_1,
	                               .is_abp = true};
	derive_key(f, c, i, "NwkSKey ", &out->f_nwk_s_int_key);
	derive_key(f, c, i, "AppSKey ", &out->app_s_key);
	out->s_nwk_s_int_key = out->nwk_s_enc_key = out->f_nwk_s_int_key;
	if (is_1_1) {
		derive_key(f, c, i, "SNwkSInt", &out->s_nwk_s_int_key);
		derive_key(f, c, i, "NwkSEnc ", &out->nwk_s_enc_key);
	}
}

static uint32_t *slot_of(const struct fleet *f, uint32_t dev_addr)
{
	return &f->addr_slots[(dev_addr * 0x9e3779b1u >> 7) & f->addr_mask];
}

void fleet_index_add(struct fleet *f, uint32_t i)
{
	uint32_t *slot = slot_of(f, f->devices[i].dev_addr);

	f->devices[i].addr_next = *slot;
	*slot = i;
}

void fleet_index_remove(struct fleet *f, uint32_t i)
{
	for (uint32_t *at = slot_of(f, f->devices[i].dev_addr); *at != WHEEL_NONE; at = &f->devices[*at].addr_next) {
		if (*at == i) {
			*at = f->devices[i].addr_next;
			return;
		}
	}
}

uint32_t fleet_next_by_addr(const struct fleet *f, uint32_t dev_addr, uint32_t i)
{
	i = i == WHEEL_NONE ? *slot_of(f, dev_addr) : f->devices[i].addr_next;
	while (i != WHEEL_NONE && f->devices[i].dev_addr != dev_addr)
		i = f->devices[i].addr_next;
	return i;
}

static void write_key(FILE *file, const char *name, const struct ls_key *key)
{
	char text[KEY_TEXT_SIZE];

	fprintf(file, ",\"%s\":\"%s\"", name, key_reveal(key, text));
}

static void write_session(const struct fleet *f, struct lw_crypto *c, const struct fleet_export *what, uint32_t i,
                          FILE *file)
{
	char addr[DEV_ADDR_TEXT_SIZE];
	struct device_session s;

	fleet_abp_session(f, c, i, what->net_id, what->is_1_1, &s);
	fprintf(file, ",\"dev_addr\":\"%s\"", dev_addr_format(s.dev_addr, addr));
	if (what->is_1_1) {
		write_key(file, "f_nwk_s_int_key", &s.f_nwk_s_int_key);
		write_key(file, "s_nwk_s_int_key", &s.s_nwk_s_int_key);
		write_key(file, "nwk_s_enc_key", &s.nwk_s_enc_key);
	} else {
		write_key(file, "nwk_s_key", &s.f_nwk_s_int_key);
	}
	write_key(file, "app_s_key", &s.app_s_key);
	fprintf(file, ",\"f_cnt_up\":%" PRIu32, what->f_cnt_up);
}

static void write_line(const struct fleet *f, struct lw_crypto *c, const struct fleet_export *what, uint32_t i,
                       FILE *file)
{
	char dev_eui[EUI64_TEXT_SIZE], join_eui[EUI64_TEXT_SIZE], name[FLEET_NAME_SIZE];
	struct device_roots roots;

	fprintf(file, "{\"dev_eui\":\"%s\",\"join_eui\":\"%s\",\"name\":\"%s\"", eui64_format(fleet_dev_eui(f, i), dev_eui),
	        eui64_format(what->join_eui, join_eui), fleet_name(i, name));
	if (what->is_abp) {
		write_session(f, c, what, i, file);
	} else {
		fleet_roots(f, c, i, &roots);
		write_key(file, "app_key", &roots.app_key);
		if (what->is_1_1)
			write_key(file, "nwk_key", &roots.nwk_key);
	}
	fputs("}\n", file);
}

int fleet_write(const struct fleet *f, struct lw_crypto *c, const struct fleet_export *what, const char *path)
{
	bool to_stdout = !strcmp(path, "-");
	int fd = to_stdout ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct stat st;
	FILE *file;
	bool bad;

	if (fd < 0)
		return LS_EIO;
	/* A file that was there before may be open to others; a pipe stays as it is. */
	if (!to_stdout && !fstat(fd, &st) && S_ISREG(st.st_mode) && fchmod(fd, 0600)) {
		close(fd);
		return LS_EIO;
	}
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return LS_EIO;
	}
	for (uint32_t i = 0; i < f->n; i++)
		write_line(f, c, what, i, file);
	bad = ferror(file);
	return fclose(file) || bad ? LS_EIO : LS_OK;
}
