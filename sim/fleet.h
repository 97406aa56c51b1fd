/*
 * fleet.h - the devices of a seed: EUIs in a row from the first, keys by AES of the DevEUI under
 * a key made of the seed, names for people, and the way back from a DevAddr to its devices.
 *
 * Keys of unjoined devices are not kept: they are derived when needed.
 */
#ifndef LS_SIM_FLEET_H
#define LS_SIM_FLEET_H

#include <stdint.h>
#include <stdio.h>

#include "device.h"
#include "wheel.h"

struct fleet {
	struct device *devices;
	struct device_mac *macs;   /* of the devices, in their order; touched only when one is told something */
	uint32_t n;
	uint64_t first_dev_eui;
	struct ls_key seed_key;
	bool has_app_key, has_nwk_key;
	struct ls_key app_key, nwk_key; /* for all devices when has_... */
	uint32_t abp_base;         /* DevAddr of device 0 (ABP) without the prefix */
	uint32_t *addr_slots;      /* first device of each hash slot */
	uint32_t addr_mask;
};

/* Keys that are NULL come from the seed. LS_ENOMEM. */
int fleet_init(struct fleet *f, uint32_t n, uint64_t first_dev_eui, uint64_t seed, const struct ls_key *app_key,
               const struct ls_key *nwk_key);
void fleet_fini(struct fleet *f);

struct eui64 fleet_dev_eui(const struct fleet *f, uint32_t i);
void fleet_roots(const struct fleet *f, struct lw_crypto *c, uint32_t i, struct device_roots *out);

#define FLEET_NAME_SIZE 32
char *fleet_name(uint32_t i, char buf[FLEET_NAME_SIZE]);

/* The ABP session of device i; addresses are unique in the fleet and lie in net_id's block. f_cnt_up is left to the caller. */
void fleet_abp_session(const struct fleet *f, struct lw_crypto *c, uint32_t i, uint32_t net_id, bool is_1_1,
                       struct device_session *out);

/* Index by DevAddr. fleet_index_remove() goes before a change of dev_addr. */
void fleet_index_add(struct fleet *f, uint32_t i);
void fleet_index_remove(struct fleet *f, uint32_t i);

/* Devices with that DevAddr: begin with WHEEL_NONE, ends with WHEEL_NONE. */
uint32_t fleet_next_by_addr(const struct fleet *f, uint32_t dev_addr, uint32_t i);

/* The fleet as JSON lines for import; the file ("-": stdout) is readable by its owner only. LS_EIO, errno set. */
struct fleet_export {
	struct eui64 join_eui;
	bool is_abp, is_1_1;
	uint32_t net_id, f_cnt_up;
};
int fleet_write(const struct fleet *f, struct lw_crypto *c, const struct fleet_export *what, const char *path);

#endif
