/*
 * log_text.h - rows of the event log and the frame ring as JSON text.
 *
 * Event bodies are ChirpStack's JSON of the event (integration.proto as JSON: every field of the
 * event itself is written, default fields of nested gw.* messages are left out). Written by hand with
 * text_buf: this is the hot path.
 */
#ifndef LS_NETWORK_LOG_TEXT_H
#define LS_NETWORK_LOG_TEXT_H

#include "base/text_buf.h"
#include "network/collect.h"
#include "network/drop_reason.h"
#include "network/fleet.h"
#include "network/uplink.h"

/* ChirpStack's time of an uplink: GPS, else the gateway's if within 30 s of ours, else ours. */
int64_t uplink_time_us(const struct collected *e);

/* The receptions resolved before (uplink.h). */
void text_up_event(struct text_buf *t, const struct device *d, const struct phy_data *phy,
                   const struct collected *e, const struct uplink_outcome *o, struct uuid deduplication_id);

/* region: of the new session, its configuration. */
/* A proprietary frame, of no device: its octets, and who heard it how. */
void text_proprietary_event(struct text_buf *t, const struct collected *e, struct uuid deduplication_id);

void text_join_event(struct text_buf *t, const struct device *d, const struct collected *e, uint32_t dev_addr,
                     const char *region, struct uuid deduplication_id);

/* deduplication_id NULL: the wait for it ended without an uplink. */
void text_ack_event(struct text_buf *t, const struct device *d, int64_t time_us, const struct uuid *deduplication_id,
                    const struct queue_item *item, bool acknowledged);

/* A DevStatusAns: battery as the device said it, 0 external power, 1 to 254 of its charge, 255 unknown. */
void text_status_event(struct text_buf *t, const struct device *d, int64_t time_us, struct uuid deduplication_id,
                       uint8_t battery, int8_t margin_db);

void text_txack_event(struct text_buf *t, const struct device *d, int64_t time_us, uint32_t downlink_id,
                      struct uuid queue_item_id, uint32_t f_cnt_down, struct eui64 gateway_id,
                      const struct tx_option *tx);

/* context: n pairs of key and value. */
struct text_pair {
	const char *key, *value;
};
void text_log_event(struct text_buf *t, const struct device *d, int64_t time_us, const char *level, const char *code,
                    const char *description, const struct text_pair *context, size_t n);

/* An uplink as a frame row. phy is NULL when it is no data frame; d, s may be NULL. */
struct frame_up {
	const struct collected *e;
	const struct reception *receptions; /* usually e's */
	unsigned n_receptions;
	int m_type;               /* -1 unknown */
	const struct device *device;
	struct eui64 dev_eui;     /* claimed, of joins of unknown devices */
	bool has_dev_eui, has_dev_addr, has_f_cnt;
	uint32_t dev_addr, f_cnt;
	int f_port, dr;           /* -1 absent */
	enum drop_reason reason;
	const char *detail;
};
void text_frame_up(struct text_buf *t, const struct frame_up *u, int64_t time_us);

struct frame_down {
	const struct device *device; /* NULL: of a multicast group */
	struct eui64 gateway_id;     /* zero: none */
	uint32_t dev_addr;
	uint32_t f_cnt;
	bool has_f_cnt;
	int f_port, dr, m_type;
	const struct tx_option *tx; /* NULL: never got so far */
	int window;               /* of internal.h, 0 none */
	char device_class;        /* 'B' or 'C' if it goes outside RX1 and RX2, else 0 */
	bool was_sent;
	int32_t margin_ms;        /* if it was sent: octets at the gateway so long before the window */
	uint32_t round_trip_us;   /* to the TX_ACK, 0 unknown */
	const char *choice;       /* why this gateway and window, "" or NULL: not chosen */
	const char *refusals;     /* what gateways said before it was taken */
	const uint8_t *phy;
	size_t phy_len;
	enum drop_reason reason;
	const char *detail;
};
void text_frame_down(struct text_buf *t, const struct frame_down *f, int64_t time_us);

#endif
