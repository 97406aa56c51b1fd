/*
 * libFuzzer entry for everything a stranger can send to the Semtech UDP port.
 *
 * Link with the gateway room and the common library, built with clang -fsanitize=fuzzer,address,undefined.
 *
 * The input is a conversation of records; octets that are missing read as 0:
 *
 *   what (1)   bit 0: from another host; bits 1..2: 0 raw datagram, 1 PUSH_DATA, 2 PULL_DATA or
 *              TX_ACK with the last token sent, 3 a downlink by the server
 *   pause (1)  seconds that pass
 *   len (2)    octets of the record that follow, little endian
 */
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/semtech_json.h"
#include "gateway/semtech_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct talk {
	struct semtech *s;
	uint64_t wake_us;
	uint8_t token[2];
	unsigned frames;
	uint8_t sum; /* of all payloads, so that they are read */
};

/* Our own promises, broken only by a bug of ours. */
static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool is_known(void *arg, struct eui64 gateway_id)
{
	(void)arg;
	return gateway_id.be[0] < 0xf0;
}

static void on_uplink(void *arg, const struct rx_frame *f, bool known)
{
	struct talk *t = arg;

	(void)known;
	t->frames++;
	require(f->phy_len >= 1 && f->phy_len <= PHY_MAX);
	for (size_t i = 0; i < f->phy_len; i++)
		t->sum ^= f->phy[i];
	require(f->freq_hz >= 100000000 && f->freq_hz <= 3000000000u);
	require(f->crc == CRC_NONE || f->crc == CRC_BAD || f->crc == CRC_OK);
	require(f->rx.rssi_dbm >= -200 && f->rx.rssi_dbm <= 50);
	require(f->rx.snr_db10 >= -500 && f->rx.snr_db10 <= 500);
	require(f->rx.fine_time_ns >= -1 && f->rx.fine_time_ns <= 999999999);
	require(f->rx.context_len == 0 || f->rx.context_len == 4);
	switch (f->radio.modulation) {
	case MOD_LORA:
		require(f->radio.sf >= 5 && f->radio.sf <= 12 && f->radio.bandwidth_hz >= 5000);
		break;
	case MOD_FSK:
		require(f->radio.bit_rate >= 1 && !f->rx.has_snr);
		break;
	case MOD_LR_FHSS:
		require(f->radio.bandwidth_hz >= 1000);
		break;
	}
}

static void on_stats(void *arg, const struct gateway_stats *s, bool known)
{
	(void)arg;
	(void)known;
	require(isnan(s->latitude) == isnan(s->longitude));
	require(isnan(s->latitude) || (fabs(s->latitude) <= 90 && fabs(s->longitude) <= 180));
	require(s->rx_nb >= 0 || s->rx_nb == INT64_MIN);
}

static void on_tx_ack(void *arg, const struct tx_ack *ack)
{
	(void)arg;
	require((unsigned)ack->status < TX__COUNT);
	require(memchr(ack->text, 0, sizeof(ack->text)) != NULL);
	require(!ack->warned || ack->status == TX_OK);
}

static void on_path(void *arg, struct eui64 gateway_id, const char *addr, bool changed, bool conflict)
{
	(void)arg;
	(void)gateway_id;
	require(strlen(addr) > 0 && (changed || !conflict));
}

static void on_unknown(void *arg, struct eui64 gateway_id, const char *addr)
{
	(void)arg;
	require(gateway_id.be[0] >= 0xf0 && strlen(addr) > 0);
}

static void on_log(void *arg, int priority, const char *text)
{
	(void)arg;
	(void)priority;
	(void)text;
}

static int transmit(void *arg, const union semtech_addr *to, const uint8_t *data, size_t len)
{
	struct talk *t = arg;

	(void)to;
	require(len >= 4 && len <= SEMTECH_DATAGRAM_OUT_MAX);
	memcpy(t->token, data + 1, 2);
	return data[1] == 0x77 ? -1 : 0; /* now and then the socket refuses */
}

static void wake(void *arg, uint64_t mono_us)
{
	((struct talk *)arg)->wake_us = mono_us;
}

static void send_downlink(struct talk *t, uint64_t now_us, const uint8_t *data, size_t len)
{
	struct tx_option o = {.radio = {.sf = 7, .bandwidth_hz = 125000}};
	struct eui64 gateway_id = {{0}};
	uint8_t bits = len > 8 ? data[8] : 0;
	bool confirms;

	memcpy(gateway_id.be, data, len < 8 ? len : 8);
	o.timing = (enum tx_timing)(bits & 3);
	o.radio.modulation = (enum modulation)(bits >> 2 & 3);
	o.radio.code_rate = (enum code_rate)(bits >> 4);
	o.radio.bit_rate = bits;
	o.context_len = 4;
	o.freq_hz = 868100000;
	o.gps_us = (uint64_t)bits << 50;
	o.emit_mono_us = now_us + bits * UINT64_C(1000000);
	if (semtech_has_path(t->s, now_us, gateway_id, &confirms))
		semtech_send(t->s, now_us, gateway_id, bits, data, len, &o);
}

static void take_record(struct talk *t, uint8_t what, const struct semtech_time *now, const uint8_t *data, size_t len)
{
	static const uint8_t ids[] = {0, 0, 2, 5};
	union semtech_addr from = {.in = {.sin_family = AF_INET, .sin_port = htons(1700)}};
	uint8_t *packet;

	from.in.sin_addr.s_addr = htonl(0x7f000001 + (what & 1));
	if ((what >> 1 & 3) == 3) {
		send_downlink(t, now->mono_us, data, len);
		return;
	}
	/* A block of the exact size shows any step over its end. */
	packet = malloc(len + 12);
	if (!packet)
		return;
	if ((what >> 1 & 3) == 0) {
		memcpy(packet, data, len);
		semtech_receive(t->s, &from, packet, len, now);
	} else {
		packet[0] = (uint8_t)(1 + (what >> 6 & 1));
		memcpy(packet + 1, t->token, 2);
		packet[3] = (what >> 1 & 3) == 1 ? 0 : ids[2 + (what >> 3 & 1)];
		memset(packet + 4, what >> 4 & 3, 8);
		memcpy(packet + 12, data, len);
		semtech_receive(t->s, &from, packet, len + 12, now);
	}
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct talk t = {.wake_us = UINT64_MAX};
	struct gateway_sink sink = {.arg = &t, .is_known = is_known, .on_uplink = on_uplink, .on_stats = on_stats,
	                            .on_tx_ack = on_tx_ack, .on_path = on_path, .on_unknown = on_unknown,
	                            .on_log = on_log};
	struct semtech_io io = {.arg = &t, .transmit = transmit, .wake = wake};
	struct semtech_time now = {.mono_us = 1000000000, .wall_us = INT64_C(1741083331204117)};

	t.s = semtech_new(&sink, &io, 800000, (const uint8_t *)"0123456789abcdef");
	if (!t.s)
		return 0;
	while (size >= 4) {
		uint8_t what = data[0];
		size_t len = (size_t)data[2] | (size_t)data[3] << 8;

		now.mono_us += data[1] * UINT64_C(1000000);
		now.wall_us += data[1] * INT64_C(1000000);
		data += 4;
		size -= 4;
		if (len > size)
			len = size;
		take_record(&t, what, &now, data, len);
		if (t.wake_us <= now.mono_us) {
			t.wake_us = UINT64_MAX;
			semtech_release(t.s, now.mono_us);
		}
		data += len;
		size -= len;
	}
	require(t.frames == semtech_counters(t.s)->frames);
	semtech_free(t.s);
	return 0;
}
