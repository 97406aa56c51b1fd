/* The JSON of the Semtech UDP protocol: every key and variant, faults, and what is written, read back by jansson. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/error.h"
#include "gateway/json_scan.h"
#include "gateway/semtech_json.h"

#define FRAMES_MAX 4096

struct seen {
	size_t n_frames, n_stats;
	unsigned bad_entries;
	struct rx_frame frames[FRAMES_MAX];
	uint8_t phy[FRAMES_MAX][PHY_MAX];
	struct gateway_stats stats;
};

static struct seen seen;

static void on_frame(void *arg, struct rx_frame *frame)
{
	struct seen *s = arg;

	assert_true(s->n_frames < FRAMES_MAX);
	assert_in_range(frame->phy_len, 1, PHY_MAX);
	memcpy(s->phy[s->n_frames], frame->phy, frame->phy_len);
	s->frames[s->n_frames++] = *frame;
}

static void on_stats(void *arg, const struct gateway_stats *stats)
{
	struct seen *s = arg;

	s->n_stats++;
	s->stats = *stats;
}

/* The text is copied to a block of its exact size, so that the sanitizer sees any step over its end. */
static int read_len(const char *json, size_t len)
{
	struct rx_info base = {.gateway_id = {{0xaa, 0x55, 0x5a, 0, 0, 0, 0, 1}}, .recv_mono_us = 7, .recv_wall_us = 8};
	struct semtech_push push = {.arg = &seen, .on_frame = on_frame, .on_stats = on_stats};
	char *copy = malloc(len ? len : 1);
	int rc;

	memcpy(copy, json, len);
	seen.n_frames = seen.n_stats = 0;
	rc = semtech_read_push(copy, len, &base, &push, &seen.bad_entries);
	free(copy);
	return rc;
}

static int read_text(const char *json)
{
	return read_len(json, strlen(json));
}

#define GOOD_ENTRY                                                                                        \
	"{\"jver\":1,\"tmst\":2458123004,\"time\":\"2025-03-04T10:15:31.204117Z\",\"tmms\":1425118549204,"  \
	"\"chan\":3,\"rfch\":1,\"freq\":867.100000,\"mid\":8,\"stat\":1,\"modu\":\"LORA\","                \
	"\"datr\":\"SF9BW125\",\"codr\":\"4/5\",\"rssis\":-101,\"lsnr\":7.5,\"foff\":-214,\"rssi\":-100,"  \
	"\"size\":13,\"data\":\"QAQDAgGAAQABqt6tvg==\"}"

static const uint8_t good_phy[] = {0x40, 4, 3, 2, 1, 0x80, 1, 0, 1, 0xaa, 0xde, 0xad, 0xbe};

/* A small good entry with `extra` (",key:value") at its end. */
static int read_with(const char *extra)
{
	char json[2048];

	snprintf(json, sizeof(json),
	         "{\"rxpk\":[{\"tmst\":1,\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"codr\":\"4/5\","
	         "\"rssi\":-50,\"lsnr\":5,\"stat\":1,\"data\":\"AQID\"%s}]}", extra);
	return read_text(json);
}

static void check_good(const struct rx_frame *f)
{
	const uint8_t tmst[] = {0x92, 0x83, 0xfa, 0xfc};

	assert_int_equal(f->phy_len, sizeof(good_phy));
	assert_int_equal(f->freq_hz, 867100000);
	assert_int_equal(f->radio.modulation, MOD_LORA);
	assert_int_equal(f->radio.sf, 9);
	assert_int_equal(f->radio.bandwidth_hz, 125000);
	assert_int_equal(f->radio.code_rate, CR_4_5);
	assert_int_equal(f->crc, CRC_OK);
	assert_int_equal(f->rx.rssi_dbm, -100);
	assert_true(f->rx.has_snr);
	assert_int_equal(f->rx.snr_db10, 75);
	assert_int_equal(f->rx.channel, 3);
	assert_int_equal(f->rx.rf_chain, 1);
	assert_true(f->rx.has_freq_offset);
	assert_int_equal(f->rx.freq_offset_hz, -214);
	assert_int_equal(f->rx.gps_us, 1425118549204000);
	assert_int_equal(f->rx.fine_time_ns, -1);
	assert_int_equal(f->rx.gateway_id.be[0], 0xaa);
	assert_int_equal(f->rx.recv_mono_us, 7);
	assert_int_equal(f->rx.recv_wall_us, 8);
	assert_int_equal(f->rx.context_len, 4);
	assert_memory_equal(f->rx.context, tmst, 4);
	assert_int_equal(f->rx.gw_time_us, INT64_C(1741083331204117));
}

static void reads_the_document_example(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"rxpk\":[" GOOD_ENTRY "]}"), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(seen.bad_entries, 0);
	check_good(&seen.frames[0]);
	assert_memory_equal(seen.phy[0], good_phy, sizeof(good_phy));
}

static void reads_empty_bodies(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), LS_OK);
	assert_int_equal(read_text("  \r\n\t"), LS_OK);
	assert_int_equal(read_len("\0\0", 2), LS_OK);
	assert_int_equal(read_text("{}"), LS_OK);
	assert_int_equal(read_text("{\"rxpk\":[]}"), LS_OK);
	assert_int_equal(read_text("{\"rxpk\":null,\"stat\":null}"), LS_OK);
	assert_int_equal(seen.bad_entries, 0);
	assert_int_equal(read_len("{\"rxpk\":[" GOOD_ENTRY "]}\0", strlen("{\"rxpk\":[" GOOD_ENTRY "]}") + 1), LS_OK);
	assert_int_equal(seen.n_frames, 1);
}

static void reads_spaces_and_unknown_keys(void **state)
{
	(void)state;
	assert_int_equal(read_text(" { \"x\" : [ 1 , { \"y\" : [ ] } , null , true ] , \"rxpk\" : [ " GOOD_ENTRY
	                           " , " GOOD_ENTRY " ] , \"zz\" : { } } \n"), LS_OK);
	assert_int_equal(seen.n_frames, 2);
	check_good(&seen.frames[1]);
	assert_int_equal(read_with(",\"meta\":{\"a\":\"b\",\"rssi\":\"x\"},\"averyveryverylongkey\":[[[1]]]"), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(seen.frames[0].rx.rssi_dbm, -50);
}

static void reads_escapes(void **state)
{
	(void)state;
	/* json-c and parson write "/" as "\/". */
	assert_int_equal(read_text("{\"rxpk\":[{\"t\\u006dst\":5,\"freq\":868.1,\"modu\":\"LO\\u0052A\",\"datr\":"
	                           "\"SF7BW125\",\"codr\":\"4\\/7\",\"size\":3,\"data\":\"\\/\\/\\/\\/\"}]}"), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(seen.frames[0].radio.code_rate, CR_4_7);
	assert_int_equal(seen.frames[0].rx.context[3], 5);
	assert_memory_equal(seen.phy[0], "\xff\xff\xff", 3);
	/* A key with a NUL in it is another key. */
	assert_int_equal(read_with(",\"rssi\\u0000\":-10"), LS_OK);
	assert_int_equal(seen.frames[0].rx.rssi_dbm, -50);
}

static void reads_both_base64_alphabets(void **state)
{
	static const char *const texts[] = {"+/+/AQ==", "-_-_AQ==", "+/+/AQ", "-_-_AQ"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char extra[64];

		snprintf(extra, sizeof(extra), ",\"size\":4,\"data\":\"%s\"", texts[i]);
		assert_int_equal(read_with(extra), LS_OK);
		assert_int_equal(seen.n_frames, 1);
		assert_memory_equal(seen.phy[0], "\xfb\xff\xbf\x01", 4);
	}
}

static void reads_lora_rates(void **state)
{
	static const struct {
		const char *datr;
		uint8_t sf;
		uint32_t bandwidth_hz;
	} rows[] = {
		{"SF5BW125", 5, 125000}, {"SF6BW500", 6, 500000}, {"SF12BW250", 12, 250000},
		{"SF8BW812", 8, 812500}, {"SF8BW800", 8, 812500}, {"SF7BW62.5", 7, 62500},
	};
	static const char *const wrong[] = {"SF4BW125", "SF13BW125", "SF7", "SF7BW", "SF7BW125x", "", "BW125", "SF7BW0",
	                                    "SF99999999999999999999BW125", "SF-7BW125", "SF7BW1e3", "SF07BW125"};
	char extra[80];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(extra, sizeof(extra), ",\"datr\":\"%s\"", rows[i].datr);
		assert_int_equal(read_with(extra), LS_OK);
		assert_int_equal(seen.n_frames, 1);
		assert_int_equal(seen.frames[0].radio.sf, rows[i].sf);
		assert_int_equal(seen.frames[0].radio.bandwidth_hz, rows[i].bandwidth_hz);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(extra, sizeof(extra), ",\"datr\":\"%s\"", wrong[i]);
		assert_int_equal(read_with(extra), LS_OK);
		assert_int_equal(seen.n_frames, 0);
		assert_int_equal(seen.bad_entries, 1);
	}
	assert_int_equal(read_with(",\"datr\":50000"), LS_OK);
	assert_int_equal(seen.bad_entries, 1);
}

static void reads_code_rates(void **state)
{
	static const struct {
		const char *codr;
		enum code_rate code_rate;
	} rows[] = {
		{"4/5", CR_4_5}, {"4/6", CR_4_6}, {"2/3", CR_4_6}, {"4/7", CR_4_7}, {"4/8", CR_4_8}, {"2/4", CR_4_8},
		{"1/2", CR_4_8}, {"3/8", CR_3_8}, {"2/6", CR_2_6}, {"1/3", CR_2_6}, {"1/4", CR_1_4}, {"1/6", CR_1_6},
		{"5/6", CR_5_6}, {"4/5LI", CR_LI_4_5}, {"4/6LI", CR_LI_4_6}, {"4/8LI", CR_LI_4_8},
		{"OFF", CR_UNDEFINED}, {"", CR_UNDEFINED}, {"7/9", CR_UNDEFINED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char extra[64];

		snprintf(extra, sizeof(extra), ",\"codr\":\"%s\"", rows[i].codr);
		assert_int_equal(read_with(extra), LS_OK);
		assert_int_equal(seen.n_frames, 1);
		assert_int_equal(seen.frames[0].radio.code_rate, rows[i].code_rate);
	}
}

static void reads_fsk(void **state)
{
	static const char *const good[] = {
		",\"modu\":\"FSK\",\"datr\":50000", ",\"modu\":\"Fsk\",\"datr\":\"50000\"",
		",\"datr\":50000.0,\"modu\":\"FSK\"", ",\"datr\":5e4,\"modu\":\"fsk\"",
	};
	static const char *const wrong[] = {",\"modu\":\"FSK\"", ",\"modu\":\"FSK\",\"datr\":0",
	                                    ",\"modu\":\"FSK\",\"datr\":-5", ",\"modu\":\"FSK\",\"datr\":1e300",
	                                    ",\"modu\":\"FSK\",\"datr\":[50000]", ",\"modu\":\"FSK\",\"datr\":\"\""};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(read_with(good[i]), LS_OK);
		assert_int_equal(seen.n_frames, 1);
		assert_int_equal(seen.frames[0].radio.modulation, MOD_FSK);
		assert_int_equal(seen.frames[0].radio.bit_rate, 50000);
		assert_int_equal(seen.frames[0].radio.code_rate, CR_UNDEFINED);
		assert_int_equal(seen.frames[0].radio.bandwidth_hz, 0);
		assert_false(seen.frames[0].rx.has_snr);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(read_with(wrong[i]), LS_OK);
		assert_int_equal(seen.bad_entries, 1);
	}
}

static void reads_lr_fhss(void **state)
{
	(void)state;
	assert_int_equal(read_with(",\"modu\":\"LR-FHSS\",\"datr\":\"M0CW137\",\"codr\":\"1/3\",\"hpw\":8"), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(seen.frames[0].radio.modulation, MOD_LR_FHSS);
	assert_int_equal(seen.frames[0].radio.bandwidth_hz, 137000);
	assert_int_equal(seen.frames[0].radio.code_rate, CR_2_6);
	assert_int_equal(seen.frames[0].radio.grid_steps, 8);
	assert_int_equal(seen.frames[0].radio.sf, 0);
	assert_int_equal(read_with(",\"modu\":\"LR-FHSS\",\"datr\":\"M0CW1523\",\"codr\":\"2/3\""), LS_OK);
	assert_int_equal(seen.frames[0].radio.bandwidth_hz, 1523000);
	assert_int_equal(seen.frames[0].radio.code_rate, CR_4_6);
	assert_int_equal(read_with(",\"modu\":\"LR-FHSS\",\"datr\":\"SF7BW125\""), LS_OK);
	assert_int_equal(seen.bad_entries, 1);
}

static void reads_one_reception_per_antenna(void **state)
{
	(void)state;
	assert_int_equal(read_text(
		"{\"rxpk\":[{\"brd\":2,\"aesk\":0,\"rsig\":[{\"ant\":0,\"chan\":7,\"rssic\":-110,\"rssis\":-112,"
		"\"rssisd\":1,\"lsnr\":-3.25,\"etime\":\"bm90\",\"foff\":4},{\"ant\":1,\"chan\":23,\"rssic\":-90,"
		"\"lsnr\":9,\"ftime\":999999999},{},7],\"tmst\":9,\"freq\":868.5,\"stat\":1,\"modu\":\"LORA\","
		"\"datr\":\"SF7BW125\",\"codr\":\"4/5\",\"size\":3,\"data\":\"AQID\"}]}"), LS_OK);
	assert_int_equal(seen.n_frames, 2);
	assert_int_equal(seen.frames[0].rx.board, 2);
	assert_int_equal(seen.frames[0].rx.antenna, 0);
	assert_int_equal(seen.frames[0].rx.channel, 7);
	assert_int_equal(seen.frames[0].rx.rssi_dbm, -110);
	assert_int_equal(seen.frames[0].rx.snr_db10, -33);
	assert_int_equal(seen.frames[0].rx.freq_offset_hz, 4);
	assert_int_equal(seen.frames[0].rx.fine_time_ns, -1);
	assert_int_equal(seen.frames[1].rx.antenna, 1);
	assert_int_equal(seen.frames[1].rx.channel, 23);
	assert_int_equal(seen.frames[1].rx.rssi_dbm, -90);
	assert_int_equal(seen.frames[1].rx.snr_db10, 90);
	assert_int_equal(seen.frames[1].rx.fine_time_ns, 999999999);
	assert_false(seen.frames[1].rx.has_freq_offset);
	assert_int_equal(seen.frames[1].rx.context[3], 9);
	/* Empty or unusable: the entry itself speaks. */
	assert_int_equal(read_with(",\"rsig\":[]"), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(read_with(",\"rsig\":{\"a\":[1,2]},\"ant\":3"), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(seen.frames[0].rx.antenna, 3);
}

static void caps_antennas_and_entries(void **state)
{
	static char json[60000];
	size_t len;

	(void)state;
	len = (size_t)snprintf(json, sizeof(json), ",\"rsig\":[{\"rssic\":-1}");
	for (int i = 0; i < 40; i++)
		len += (size_t)snprintf(json + len, sizeof(json) - len, ",{\"rssic\":-%d}", i);
	snprintf(json + len, sizeof(json) - len, "]");
	assert_int_equal(read_with(json), LS_OK);
	assert_int_equal(seen.n_frames, SEMTECH_SIGNALS_MAX);

	len = (size_t)snprintf(json, sizeof(json), "{\"rxpk\":[");
	for (int i = 0; i < SEMTECH_ENTRIES_MAX + 10; i++)
		len += (size_t)snprintf(json + len, sizeof(json) - len,
		                        "%s{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"data\":\"AQID\"}",
		                        i ? "," : "");
	snprintf(json + len, sizeof(json) - len, "],\"stat\":{}}");
	assert_int_equal(read_text(json), LS_OK);
	assert_int_equal(seen.n_frames, SEMTECH_ENTRIES_MAX);
	assert_int_equal(seen.bad_entries, 10);
	assert_int_equal(seen.n_stats, 1);
}

static void rounds_and_clamps(void **state)
{
	static const struct {
		const char *freq;
		uint32_t freq_hz;
	} freqs[] = {
		{"868.09999", 868099990}, {"868.0999999999999", 868100000}, {"868.1000004", 868100000},
		{"868.1000005", 868100001}, {"8.681e2", 868100000}, {"868100000E-6", 868100000}, {"100", 100000000},
		{"3000.000000", 3000000000u}, {"2403", 2403000000u},
		{"868.1000000000000000000000000000000000000000000000000001", 868100000},
	};
	static const char *const wrong[] = {"99.999999", "3000.000001", "0", "-868.1", "1e400", "1e-400", "\"868.1\"", "null",
	                                    "NaN", "99999999999999999999999999999999999999999999", "[868.1]", "{\"a\":1}"};
	char extra[160];

	(void)state;
	for (size_t i = 0; i < sizeof(freqs) / sizeof(freqs[0]); i++) {
		snprintf(extra, sizeof(extra), ",\"freq\":%s", freqs[i].freq);
		assert_int_equal(read_with(extra), LS_OK);
		assert_int_equal(seen.n_frames, 1);
		assert_int_equal(seen.frames[0].freq_hz, freqs[i].freq_hz);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(extra, sizeof(extra), ",\"freq\":%s", wrong[i]);
		assert_int_equal(read_with(extra), LS_OK);
		assert_int_equal(seen.n_frames, 0);
		assert_int_equal(seen.bad_entries, 1);
	}
	assert_int_equal(read_with(",\"rssi\":-100.6,\"lsnr\":-7.25,\"chan\":2.0,\"foff\":3.4"), LS_OK);
	assert_int_equal(seen.frames[0].rx.rssi_dbm, -101);
	assert_int_equal(seen.frames[0].rx.snr_db10, -73);
	assert_int_equal(seen.frames[0].rx.channel, 2);
	assert_int_equal(seen.frames[0].rx.freq_offset_hz, 3);
	assert_int_equal(read_with(",\"rssi\":-1e30,\"lsnr\":1e30"), LS_OK);
	assert_int_equal(seen.frames[0].rx.rssi_dbm, -200);
	assert_int_equal(seen.frames[0].rx.snr_db10, 500);
	assert_int_equal(read_with(",\"rssi\":99999999999999999999999,\"lsnr\":-99999"), LS_OK);
	assert_int_equal(seen.frames[0].rx.rssi_dbm, 50);
	assert_int_equal(seen.frames[0].rx.snr_db10, -500);
}

static void tolerates_odd_optional_values(void **state)
{
	(void)state;
	assert_int_equal(read_with(",\"time\":\"\",\"tmms\":\"x\",\"ftime\":1000000000,\"chan\":300,\"rfch\":null,"
	                           "\"foff\":\"a\",\"ant\":-1,\"brd\":{},\"hpw\":[]"), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(seen.frames[0].rx.gw_time_us, 0);
	assert_int_equal(seen.frames[0].rx.gps_us, 0);
	assert_int_equal(seen.frames[0].rx.fine_time_ns, -1);
	assert_int_equal(seen.frames[0].rx.channel, 0);
	assert_false(seen.frames[0].rx.has_freq_offset);
	assert_int_equal(read_with(",\"time\":\"2025-03-04T10:15:31+00:00\",\"ftime\":0,\"tmms\":-5"), LS_OK);
	assert_int_equal(seen.frames[0].rx.gw_time_us, INT64_C(1741083331000000));
	assert_int_equal(seen.frames[0].rx.fine_time_ns, 0);
	assert_int_equal(seen.frames[0].rx.gps_us, 0);
	assert_int_equal(read_with(",\"time\":\"yesterday\",\"tmms\":1e18"), LS_OK);
	assert_int_equal(seen.frames[0].rx.gw_time_us, 0);
	assert_int_equal(seen.frames[0].rx.gps_us, 0);
	/* printf of a NaN by a C forwarder must not cost the datagram. */
	assert_int_equal(read_text("{\"rxpk\":[{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"lsnr\":nan,"
	                           "\"rssi\":-inf,\"foff\":-nan,\"data\":\"AQID\"}]}"), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_false(seen.frames[0].rx.has_snr);
	assert_int_equal(seen.frames[0].rx.rssi_dbm, -200);
	assert_int_equal(seen.frames[0].rx.context_len, 0);
	assert_int_equal(seen.frames[0].crc, CRC_OK);
}

static void reads_crc_status(void **state)
{
	(void)state;
	read_with(",\"stat\":-1");
	assert_int_equal(seen.frames[0].crc, CRC_BAD);
	read_with(",\"stat\":0");
	assert_int_equal(seen.frames[0].crc, CRC_NONE);
	read_with(",\"stat\":1");
	assert_int_equal(seen.frames[0].crc, CRC_OK);
}

static void drops_only_the_bad_entry(void **state)
{
	static const char *const wrong[] = {
		"5", "\"x\"", "null", "[]", "[[{}]]", "{}", "{\"tmst\":\"x\"}",
		"{\"freq\":868.1,\"datr\":\"SF7BW125\",\"data\":\"AQID\"}",
		"{\"freq\":868.1,\"modu\":\"OOK\",\"datr\":\"SF7BW125\",\"data\":\"AQID\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"data\":\"AQID\"}",
		"{\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"data\":\"AQID\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"data\":\"\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"data\":\"A\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"data\":\"A*ID\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"data\":7}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"size\":4,\"data\":\"AQID\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"size\":-3,\"data\":\"AQID\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"size\":\"3\",\"data\":\"AQID\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"tmst\":4294967296,\"data\":\"AQID\"}",
		"{\"freq\":868.1,\"modu\":\"LORA\",\"datr\":\"SF7BW125\",\"tmst\":-1,\"data\":\"AQID\"}",
	};
	char json[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(json, sizeof(json), "{\"rxpk\":[" GOOD_ENTRY ",%s," GOOD_ENTRY "]}", wrong[i]);
		assert_int_equal(read_text(json), LS_OK);
		assert_int_equal(seen.n_frames, 2);
		assert_int_equal(seen.bad_entries, 1);
		check_good(&seen.frames[1]);
	}
	assert_int_equal(read_text("{\"rxpk\":{\"a\":1},\"stat\":5}"), LS_OK);
	assert_int_equal(seen.bad_entries, 2);
}

static void takes_payloads_up_to_255(void **state)
{
	uint8_t phy[256];
	char text[BASE64_SIZE(256)], extra[BASE64_SIZE(256) + 64];

	(void)state;
	memset(phy, 0x5a, sizeof(phy));
	base64_encode(phy, 255, text);
	snprintf(extra, sizeof(extra), ",\"size\":255,\"data\":\"%s\"", text);
	assert_int_equal(read_with(extra), LS_OK);
	assert_int_equal(seen.n_frames, 1);
	assert_memory_equal(seen.phy[0], phy, 255);
	base64_encode(phy, 256, text);
	snprintf(extra, sizeof(extra), ",\"data\":\"%s\"", text);
	assert_int_equal(read_with(extra), LS_OK);
	assert_int_equal(seen.bad_entries, 1);
}

static void reads_duplicates(void **state)
{
	(void)state;
	assert_int_equal(read_with(",\"rssi\":-60,\"rssi\":-70"), LS_OK);
	assert_int_equal(seen.frames[0].rx.rssi_dbm, -70);
	assert_int_equal(read_text("{\"rxpk\":[" GOOD_ENTRY "],\"rxpk\":[" GOOD_ENTRY "]}"), LS_OK);
	assert_int_equal(seen.n_frames, 2);
	/* A later shorter payload replaces an earlier one whole. */
	assert_int_equal(read_with(",\"data\":\"AQIDBA==\",\"data\":\"CQ==\""), LS_OK);
	assert_int_equal(seen.frames[0].phy_len, 1);
	assert_int_equal(seen.phy[0][0], 9);
}

static void refuses_what_is_not_json(void **state)
{
	static const char *const wrong[] = {
		"{", "}", "[", "]", "[]", "1", "\"a\"", "null", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}",
		"{\"a\":1 \"b\":2}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}", "{\"a\":1e}", "{\"a\":1e+}",
		"{\"a\":-}", "{\"a\":tru}", "{\"a\":truex}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1 2]}", "{\"a\":[1}",
		"{\"a\":{\"b\":1]}", "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\u12\"}",
		"{\"a\":\"\\\"}", "{\"a\":\"b}", "{\"a\":1}x", "{\"a\":1}{}", "{'a':1}", "{\"a\":1}//", "\xef\xbb\xbf{}",
		"{\"a\":0x10}", "{\"a\":1,,\"b\":2}", "{\"a\"::1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (read_text(wrong[i]) != LS_EFORMAT)
			fail_msg("accepted: %s", wrong[i]);
		assert_int_equal(seen.n_frames, 0);
	}
	assert_int_equal(read_len("{\"a\":\"b\0c\"}", 11), LS_EFORMAT);
	assert_int_equal(read_len("{\0}", 3), LS_EFORMAT);
	/* What stood before the fault has been taken. */
	assert_int_equal(read_text("{\"rxpk\":[" GOOD_ENTRY ",{\"tmst\":]}"), LS_EFORMAT);
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(seen.bad_entries, 0);
}

static void survives_any_cut(void **state)
{
	static const char json[] =
		"{\"rxpk\":[" GOOD_ENTRY ",{\"rsig\":[{\"ant\":0,\"lsnr\":1.5e0}],\"codr\":\"4\\/5\",\"x\":[true,null,{}]}],"
		"\"stat\":{\"time\":\"2014-01-12 08:59:28 GMT\",\"lati\":46.24000,\"meta\":{\"a\":\"\\u00e9\"}}}";
	size_t first = strlen("{\"rxpk\":[" GOOD_ENTRY);

	(void)state;
	for (size_t len = 1; len < sizeof(json) - 1; len++) {
		assert_int_equal(read_len(json, len), LS_EFORMAT);
		assert_int_equal(seen.n_frames, len >= first);
		assert_int_equal(seen.n_stats, len == sizeof(json) - 2);
	}
	assert_int_equal(read_len(json, sizeof(json) - 1), LS_OK);
	assert_int_equal(seen.n_stats, 1);
}

static void survives_any_changed_octet(void **state)
{
	char json[] = "{\"rxpk\":[" GOOD_ENTRY "],\"stat\":{\"rxnb\":2}}";

	(void)state;
	for (size_t i = 0; i < sizeof(json) - 1; i++) {
		char kept = json[i];

		for (int c = 0; c < 256; c++) {
			json[i] = (char)c;
			read_len(json, sizeof(json) - 1);
		}
		json[i] = kept;
	}
}

static void limits_depth(void **state)
{
	static const char *const openings[] = {"[", "{\"a\":", "[[", "{\"rxpk\":[{\"rsig\":[{\"x\":["};
	size_t size = 1000000;
	char *json = malloc(size + 64);

	(void)state;
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		size_t step = strlen(openings[i]), len = (size_t)snprintf(json, 64, "{\"a\":");

		while (len + step < size) {
			memcpy(json + len, openings[i], step);
			len += step;
		}
		assert_int_equal(read_len(json, len), LS_EFORMAT);
		assert_int_equal(read_len(json, 65000), LS_EFORMAT);
	}
	free(json);
	/* 16 levels with the root's own are allowed, 17 are not. */
	assert_int_equal(read_text("{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}"), LS_OK);
	assert_int_equal(read_text("{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"), LS_EFORMAT);
}

static void reads_stat(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"stat\":{\"time\":\"2014-01-12 08:59:28 GMT\",\"lati\":46.24000,\"long\":3.25230,"
	                           "\"alti\":145,\"rxnb\":2,\"rxok\":2.0,\"rxfw\":1,\"ackr\":99.5,\"dwnb\":3,\"txnb\":4,"
	                           "\"temp\":-21.5,\"meta\":{\"k\":\"v\"},\"boot\":\"x\",\"hver\":{\"fpga\":1}}}"), LS_OK);
	assert_int_equal(seen.n_stats, 1);
	assert_int_equal(seen.stats.gateway_id.be[0], 0xaa);
	assert_int_equal(seen.stats.time_us, INT64_C(1389517168000000));
	assert_float_equal(seen.stats.latitude, 46.24, 1e-9);
	assert_float_equal(seen.stats.longitude, 3.2523, 1e-9);
	assert_float_equal(seen.stats.altitude_m, 145, 1e-9);
	assert_int_equal(seen.stats.rx_nb, 2);
	assert_int_equal(seen.stats.rx_ok, 2);
	assert_int_equal(seen.stats.rx_fw, 1);
	assert_int_equal(seen.stats.dw_nb, 3);
	assert_int_equal(seen.stats.tx_nb, 4);
	assert_float_equal(seen.stats.ack_percent, 99.5, 1e-9);
	assert_float_equal(seen.stats.temperature_c, -21.5, 1e-9);

	assert_int_equal(read_text("{\"stat\":{\"time\":\"2014-01-12 08:59:28 UTC\",\"lati\":0,\"long\":0.0,\"alti\":0}}"),
	                 LS_OK);
	assert_int_equal(seen.stats.time_us, INT64_C(1389517168000000));
	assert_true(isnan(seen.stats.latitude) && isnan(seen.stats.longitude) && isnan(seen.stats.altitude_m));
	assert_true(isnan(seen.stats.ack_percent) && isnan(seen.stats.temperature_c));
	assert_int_equal(seen.stats.rx_nb, INT64_MIN);

	assert_int_equal(read_text("{\"stat\":{\"time\":7,\"lati\":91,\"long\":3,\"alti\":\"x\",\"rxnb\":-1,\"rxok\":1e30,"
	                           "\"temp\":1e300,\"ackr\":\"100\"}}"), LS_OK);
	assert_int_equal(seen.stats.time_us, INT64_MIN);
	assert_true(isnan(seen.stats.latitude) && isnan(seen.stats.longitude));
	assert_int_equal(seen.stats.rx_nb, INT64_MIN);
	assert_int_equal(seen.stats.rx_ok, INT64_MIN);
	assert_true(isnan(seen.stats.temperature_c) && isnan(seen.stats.ack_percent));

	assert_int_equal(read_text("{\"stat\":{\"time\":\"2014-01-12T08:59:28Z\"},\"rxpk\":[" GOOD_ENTRY "]}"), LS_OK);
	assert_int_equal(seen.stats.time_us, INT64_C(1389517168000000));
	assert_int_equal(seen.n_frames, 1);
	assert_int_equal(read_text("{\"stat\":{\"time\":\"2014-01-12 08:59:28 GMT and so on and so on and so on\"}}"), LS_OK);
	assert_int_equal(seen.stats.time_us, INT64_MIN);
}

static int read_ack(const char *json, struct tx_ack *ack)
{
	size_t len = strlen(json);
	char *copy = malloc(len ? len : 1);
	int rc;

	memcpy(copy, json, len);
	memset(ack, 0x55, sizeof(*ack));
	rc = semtech_read_tx_ack(copy, len, ack);
	free(copy);
	return rc;
}

static void reads_tx_acks(void **state)
{
	static const char *const fine[] = {"", " ", "{}", "{\"txpk_ack\":{}}", "{\"txpk_ack\":{\"error\":\"NONE\"}}",
	                                   "{\"txpk_ack\":{\"error\":\"\"}}", "{\"txpk_ack\":{\"error\":null}}",
	                                   "{\"txpk_ack\":null}", "{\"other\":{\"error\":\"TOO_LATE\"}}",
	                                   "{\"txpk_ack\":{\"error\":\"OK\"}}"};
	static const char *const wrong[] = {"{", "x", "[]", "{\"txpk_ack\":{\"error\":\"TOO_LATE\"}", "{\"txpk_ack\":{]}"};
	struct tx_ack ack;
	char json[128];

	(void)state;
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		assert_int_equal(read_ack(fine[i], &ack), LS_OK);
		assert_int_equal(ack.status, TX_OK);
		assert_false(ack.warned);
	}
	for (int status = TX_TOO_LATE; status < TX__COUNT; status++) {
		snprintf(json, sizeof(json), "{\"txpk_ack\":{\"error\":\"%s\"}}", tx_status_name((enum tx_status)status));
		assert_int_equal(read_ack(json, &ack), LS_OK);
		assert_int_equal(ack.status, status);
		assert_string_equal(ack.text, tx_status_name((enum tx_status)status));
	}
	assert_int_equal(read_ack("{\"txpk_ack\":{\"error\":\"IGNORED\"}}", &ack), LS_OK);
	assert_int_equal(ack.status, TX_UNKNOWN);
	assert_string_equal(ack.text, "IGNORED");
	assert_int_equal(read_ack("{\"txpk_ack\":{\"warn\":\"TX_POWER\",\"value\":13}}", &ack), LS_OK);
	assert_int_equal(ack.status, TX_OK);
	assert_true(ack.warned);
	assert_float_equal(ack.warn_value, 13, 1e-9);
	assert_string_equal(ack.text, "TX_POWER");
	assert_int_equal(read_ack("{\"txpk_ack\":{\"value\":\"-1.5\",\"warn\":\"TX_POWER\"}}\r\n", &ack), LS_OK);
	assert_float_equal(ack.warn_value, -1.5, 1e-9);
	assert_int_equal(read_ack("{\"txpk_ack\":{\"warn\":\"TX_POWER\"}}", &ack), LS_OK);
	assert_true(ack.warned && isnan(ack.warn_value));
	assert_int_equal(read_ack("{\"txpk_ack\":{\"error\":\"a very long word that does not fit in the text\"}}", &ack), LS_OK);
	assert_int_equal(strlen(ack.text), sizeof(ack.text) - 1);
	assert_int_equal(read_ack("{\"txpk_ack\":{\"error\":\"A\\u0000B\\u001b\"}}", &ack), LS_OK);
	assert_string_equal(ack.text, "A?B\x1b");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(read_ack(wrong[i], &ack), LS_EFORMAT);
}

static const struct tx_option lora_option = {
	.timing = TX_DELAY, .delay_us = 5000000, .freq_hz = 867100000, .power_dbm = 14,
	.radio = {.modulation = MOD_LORA, .sf = 9, .bandwidth_hz = 125000, .code_rate = CR_4_5},
	.context = {0x92, 0x83, 0xfa, 0xfc}, .context_len = 4,
};

static json_t *write_and_parse(uint8_t version, const struct tx_option *o, const uint8_t *phy, size_t phy_len)
{
	const uint8_t token[2] = {0xab, 0xcd};
	uint8_t buf[SEMTECH_DATAGRAM_OUT_MAX];
	const uint8_t header[] = {version, 0xab, 0xcd, 3};
	json_error_t error;
	json_t *root, *txpk;
	size_t len;

	assert_int_equal(semtech_write_pull_resp(version, token, phy, phy_len, o, buf, sizeof(buf), &len), LS_OK);
	assert_memory_equal(buf, header, 4);
	root = json_loadb((const char *)buf + 4, len - 4, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(root);
	assert_int_equal(json_object_size(root), 1);
	txpk = json_incref(json_object_get(root, "txpk"));
	json_decref(root);
	assert_true(json_is_object(txpk));
	return txpk;
}

static void check_int(json_t *o, const char *key, json_int_t v)
{
	assert_true(json_is_integer(json_object_get(o, key)));
	assert_int_equal(json_integer_value(json_object_get(o, key)), v);
}

static void check_text(json_t *o, const char *key, const char *v)
{
	assert_true(json_is_string(json_object_get(o, key)));
	assert_string_equal(json_string_value(json_object_get(o, key)), v);
}

static void writes_lora_downlinks(void **state)
{
	struct tx_option o = lora_option;
	json_t *t = write_and_parse(2, &o, good_phy, sizeof(good_phy));

	(void)state;
	assert_true(json_is_false(json_object_get(t, "imme")));
	check_int(t, "tmst", 2463123004);
	check_int(t, "rfch", 0);
	check_int(t, "powe", 14);
	check_int(t, "ant", 0);
	check_int(t, "brd", 0);
	assert_float_equal(json_real_value(json_object_get(t, "freq")), 867.1, 1e-9);
	check_text(t, "modu", "LORA");
	check_text(t, "datr", "SF9BW125");
	check_text(t, "codr", "4/5");
	assert_true(json_is_true(json_object_get(t, "ipol")));
	assert_true(json_is_true(json_object_get(t, "ncrc")));
	check_int(t, "size", 13);
	check_text(t, "data", "QAQDAgGAAQABqt6tvg==");
	assert_int_equal(json_object_size(t), 14);
	json_decref(t);

	/* The counter wraps. */
	memcpy(o.context, "\xff\xff\xff\xff", 4);
	o.delay_us = 1000000;
	o.power_dbm = -3;
	o.antenna = 1;
	o.board = 2;
	o.freq_hz = 923300001;
	o.radio.code_rate = CR_UNDEFINED;
	o.radio.bandwidth_hz = 500000;
	t = write_and_parse(2, &o, good_phy, 1);
	check_int(t, "tmst", 999999);
	check_int(t, "powe", -3);
	check_int(t, "ant", 1);
	check_int(t, "brd", 2);
	check_text(t, "datr", "SF9BW500");
	check_text(t, "codr", "4/5");
	assert_float_equal(json_real_value(json_object_get(t, "freq")), 923.300001, 1e-9);
	json_decref(t);
}

static void writes_other_timings(void **state)
{
	struct tx_option o = lora_option;
	json_t *t;

	(void)state;
	o.timing = TX_IMMEDIATE;
	o.context_len = 0;
	t = write_and_parse(2, &o, good_phy, sizeof(good_phy));
	assert_true(json_is_true(json_object_get(t, "imme")));
	assert_null(json_object_get(t, "tmst"));
	assert_null(json_object_get(t, "tmms"));
	json_decref(t);

	o.timing = TX_GPS;
	o.gps_us = UINT64_C(1425118549204000);
	t = write_and_parse(2, &o, good_phy, sizeof(good_phy));
	assert_true(json_is_false(json_object_get(t, "imme")));
	check_int(t, "tmms", 1425118549204);
	json_decref(t);
	t = write_and_parse(1, &o, good_phy, sizeof(good_phy));
	assert_null(json_object_get(t, "tmms"));
	check_text(t, "time", "2025-03-04T10:15:31.204000Z");
	json_decref(t);
}

static void writes_fsk_downlinks(void **state)
{
	struct tx_option o = lora_option;
	json_t *t;

	(void)state;
	o.radio = (struct radio){.modulation = MOD_FSK, .bit_rate = 50000};
	t = write_and_parse(2, &o, good_phy, sizeof(good_phy));
	check_text(t, "modu", "FSK");
	check_int(t, "datr", 50000);
	check_int(t, "fdev", 25000);
	assert_null(json_object_get(t, "codr"));
	json_decref(t);
}

static void writes_no_more_than_a_forwarder_reads(void **state)
{
	struct tx_option o = lora_option;
	uint8_t phy[PHY_MAX + 1], buf[SEMTECH_DATAGRAM_OUT_MAX], token[2] = {0};
	size_t len, exact;
	json_t *t;

	(void)state;
	memset(phy, 0xff, sizeof(phy));
	memset(o.context, 0xff, 4);
	o.delay_us = 0;
	o.power_dbm = -128;
	o.antenna = o.board = 255;
	o.freq_hz = 2999999999u;
	o.radio.sf = 12;
	o.radio.code_rate = CR_LI_4_8;
	t = write_and_parse(2, &o, phy, PHY_MAX);
	check_int(t, "size", 255);
	check_text(t, "codr", "4/8LI");
	json_decref(t);
	assert_int_equal(semtech_write_pull_resp(2, token, phy, PHY_MAX, &o, buf, sizeof(buf), &exact), LS_OK);
	assert_true(exact < 700);
	for (size_t cap = 0; cap <= exact; cap++) {
		uint8_t *small = malloc(cap ? cap : 1);

		/* One octet is needed for vsnprintf's NUL. */
		assert_int_equal(semtech_write_pull_resp(2, token, phy, PHY_MAX, &o, small, cap, &len), LS_ELONG);
		free(small);
	}
	assert_int_equal(semtech_write_pull_resp(2, token, phy, PHY_MAX + 1, &o, buf, sizeof(buf), &len), LS_EINVAL);
	assert_int_equal(semtech_write_pull_resp(2, token, phy, 0, &o, buf, sizeof(buf), &len), LS_EINVAL);
}

static void refuses_impossible_downlinks(void **state)
{
	uint8_t buf[SEMTECH_DATAGRAM_OUT_MAX], token[2] = {0};
	struct tx_option wrong[8];
	size_t len;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		wrong[i] = lora_option;
	wrong[0].context_len = 0;
	wrong[1].radio.modulation = MOD_LR_FHSS;
	wrong[2].radio.sf = 4;
	wrong[3].radio.bandwidth_hz = 0;
	wrong[4].freq_hz = 0;
	wrong[5].freq_hz = 3000000001u;
	wrong[6].radio = (struct radio){.modulation = MOD_FSK};
	wrong[7].timing = (enum tx_timing)9;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(semtech_write_pull_resp(2, token, good_phy, 3, &wrong[i], buf, sizeof(buf), &len), LS_EINVAL);
}

static void resolves_all_escapes(void **state)
{
	static const char json[] = "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\ud83d\\u0041\\ude00\"";
	struct json_scan s;
	struct scan_value v;
	char out[64];
	size_t len;

	(void)state;
	scan_init(&s, json, sizeof(json) - 1);
	scan_read(&s, &v);
	assert_int_equal(v.type, SCAN_STRING);
	assert_true(scan_at_end(&s));
	assert_int_equal(scan_text_copy(&v.text, out, sizeof(out), &len), LS_OK);
	out[len] = 0;
	assert_string_equal(out, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd"
	                         "A\xef\xbf\xbd");
	for (size_t cap = 0; cap < len; cap++)
		assert_int_equal(scan_text_copy(&v.text, out, cap, &len), LS_ELONG);
}

static void fixes_numbers(void **state)
{
	static const struct {
		const char *text;
		unsigned decimals;
		int64_t v;
	} rows[] = {
		{"0", 6, 0}, {"-0", 0, 0}, {"0e99999999999", 3, 0}, {"1e99999999999", 0, INT64_MAX},
		{"-1e99999999999", 0, INT64_MIN}, {"1e-99999999999", 0, 0}, {"-1.5", 0, -2}, {"1.5", 0, 2}, {"1.49", 0, 1},
		{"123456789012345678", 0, 123456789012345678}, {"1234567890123456789", 0, 1234567890123456780},
		{"9999999999999999999999", 0, INT64_MAX}, {"0.0000000000000000000001", 6, 0}, {"1E2", 1, 1000},
		{"1e+2", 0, 100}, {"12.5e-1", 2, 125}, {"999999999999999999", 1, 9223372036854775807},
		{"0.1234567890123456789", 18, 123456789012345678},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scan_text t = {.p = rows[i].text, .len = strlen(rows[i].text)};
		struct scan_number n;

		assert_int_equal(scan_text_number(&t, &n), LS_OK);
		if (scan_number_fixed(&n, rows[i].decimals) != rows[i].v)
			fail_msg("%s: %lld", rows[i].text, (long long)scan_number_fixed(&n, rows[i].decimals));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_document_example),
		cmocka_unit_test(reads_empty_bodies),
		cmocka_unit_test(reads_spaces_and_unknown_keys),
		cmocka_unit_test(reads_escapes),
		cmocka_unit_test(reads_both_base64_alphabets),
		cmocka_unit_test(reads_lora_rates),
		cmocka_unit_test(reads_code_rates),
		cmocka_unit_test(reads_fsk),
		cmocka_unit_test(reads_lr_fhss),
		cmocka_unit_test(reads_one_reception_per_antenna),
		cmocka_unit_test(caps_antennas_and_entries),
		cmocka_unit_test(rounds_and_clamps),
		cmocka_unit_test(tolerates_odd_optional_values),
		cmocka_unit_test(reads_crc_status),
		cmocka_unit_test(drops_only_the_bad_entry),
		cmocka_unit_test(takes_payloads_up_to_255),
		cmocka_unit_test(reads_duplicates),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(survives_any_cut),
		cmocka_unit_test(survives_any_changed_octet),
		cmocka_unit_test(limits_depth),
		cmocka_unit_test(reads_stat),
		cmocka_unit_test(reads_tx_acks),
		cmocka_unit_test(writes_lora_downlinks),
		cmocka_unit_test(writes_other_timings),
		cmocka_unit_test(writes_fsk_downlinks),
		cmocka_unit_test(writes_no_more_than_a_forwarder_reads),
		cmocka_unit_test(refuses_impossible_downlinks),
		cmocka_unit_test(resolves_all_escapes),
		cmocka_unit_test(fixes_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
