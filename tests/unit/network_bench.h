/*
 * network_bench.h - a small world for tests of the network room's decisions: one tenant, application, profile,
 * gateway and device in a fleet without a store, and frames made for it. The crypto used to make frames is proven
 * by test_vectors.c.
 */
#ifndef LS_TEST_NETWORK_BENCH_H
#define LS_TEST_NETWORK_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan/crypto.h"
#include "network/collect.h"
#include "network/fleet.h"

#define BENCH_DEV_ADDR 0x01020304

struct bench {
	struct lw_crypto *crypto;
	struct region region;
	struct fleet fleet;
	struct device *device;
	struct session *session;
	struct collected *e;
};

static inline json_t *bench_record(const char *text)
{
	json_error_t error;
	json_t *record = json_loads(text, 0, &error);

	if (!record)
		fail_msg("%s", error.text);
	return record;
}

static inline void bench_apply(struct fleet *f, int (*apply)(struct fleet *, const json_t *), const char *text)
{
	json_t *record = bench_record(text);

	assert_int_equal(apply(f, record), LS_OK);
	json_decref(record);
}

#define BENCH_TENANT "11111111-1111-4111-8111-111111111111"
#define BENCH_APP "22222222-2222-4222-8222-222222222222"
#define BENCH_PROFILE "33333333-3333-4333-8333-333333333333"

static inline void bench_profile(struct bench *b, const char *mac_version)
{
	char text[512];

	snprintf(text, sizeof(text),
	         "{\"profile_id\":\"" BENCH_PROFILE "\",\"tenant_id\":\"" BENCH_TENANT "\",\"name\":\"basic\","
	         "\"region\":\"EU868\",\"mac_version\":\"%s\",\"supports_otaa\":true,"
	         "\"flush_queue_on_join\":false,\"tags\":{}}", mac_version);
	bench_apply(&b->fleet, fleet_apply_profile, text);
}

static inline void bench_open(struct bench *b, const char *mac_version)
{
	struct region_settings settings;
	struct session_row row = {
		.dev_addr = BENCH_DEV_ADDR, .region = "EU868", .up = {.rx1_delay_s = 1, .rx2_freq_hz = 869525000},
	};
	const char *why = NULL;

	memset(b, 0, sizeof(*b));
	assert_int_equal(lw_crypto_open(&b->crypto), LS_OK);
	region_settings_default(&region_eu868, &settings);
	assert_int_equal(region_init(&b->region, &region_eu868, &settings, &why), LS_OK);
	assert_int_equal(fleet_init(&b->fleet, &b->region, 1), LS_OK);
	bench_apply(&b->fleet, fleet_apply_tenant,
	            "{\"tenant_id\":\"" BENCH_TENANT "\",\"name\":\"acme\",\"tags\":{}}");
	bench_apply(&b->fleet, fleet_apply_application,
	            "{\"application_id\":\"" BENCH_APP "\",\"tenant_id\":\"" BENCH_TENANT "\",\"name\":\"meters\",\"tags\":{}}");
	bench_profile(b, mac_version);
	bench_apply(&b->fleet, fleet_apply_gateway,
	            "{\"gateway_id\":\"0016c001f153a14c\",\"tenant_id\":\"" BENCH_TENANT "\",\"name\":\"roof-01\",\"is_private\":false}");
	bench_apply(&b->fleet, fleet_apply_device,
	            "{\"dev_eui\":\"0004a30b001c0530\",\"join_eui\":\"0000000000000000\",\"application_id\":\"" BENCH_APP "\","
	            "\"profile_id\":\"" BENCH_PROFILE "\",\"name\":\"pump\",\"enabled\":true,\"tags\":{},"
	            "\"app_key\":\"00112233445566778899aabbccddeeff\"}");
	b->device = fleet_device(&b->fleet, eui64_from_u64(0x0004a30b001c0530));
	assert_non_null(b->device);
	memset(row.keys.f_nwk_s_int_key.b, 0x11, 16);
	row.keys.s_nwk_s_int_key = row.keys.nwk_s_enc_key = row.keys.f_nwk_s_int_key;
	memset(row.keys.app_s_key.b, 0x22, 16);
	row.dev_eui = b->device->dev_eui;
	b->session = fleet_session_put(&b->fleet, b->device, &row);
	assert_non_null(b->session);
}

static inline void bench_close(struct bench *b)
{
	free(b->e);
	fleet_fini(&b->fleet);
	lw_crypto_close(b->crypto);
}

/* The last accepted counter of the session; -1: none yet. */
static inline void bench_last(struct bench *b, int64_t last)
{
	b->session->up.has_up = last >= 0;
	b->session->up.f_cnt_up = (uint32_t)(last + 1);
}

/* A frame heard once at 868.1 MHz, SF7. Freed by bench_close() or the next one. */
static inline struct collected *bench_heard(struct bench *b, const uint8_t *phy, size_t len, int64_t wall_us)
{
	free(b->e);
	b->e = calloc(1, sizeof(*b->e) + len);
	assert_non_null(b->e);
	b->e->receptions = &b->e->inline_one;
	b->e->n = b->e->cap = 1;
	b->e->first_wall_us = wall_us;
	b->e->phy_len = (uint8_t)len;
	memcpy(b->e->phy, phy, len);
	b->e->inline_one.freq_hz = 868100000;
	b->e->inline_one.radio = (struct radio){
		.modulation = MOD_LORA, .sf = 7, .bandwidth_hz = 125000, .code_rate = CR_4_5};
	b->e->inline_one.rx.gateway_id = eui64_from_u64(0x0016c001f153a14c);
	b->e->inline_one.rx.snr_db10 = 70;
	return b->e;
}

#endif
