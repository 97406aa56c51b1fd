/*
 * gateway.h - the contract between gateway protocols and the network server.
 *
 * A protocol is one `struct gateway_protocol` (one .c file and one row in gateway_protocols[]).
 * It owns its sockets on the caller's loop, turns what arrives into the structs below and hands
 * them to the sink at once, and sends what gateway_send() gives it. It knows nothing of devices
 * or sessions, keeps no state on disk and never blocks. Everything runs on the loop thread.
 *
 * Bad input from the network is a counter and nothing else. A protocol answers transport
 * acknowledgements (PUSH_ACK, PULL_ACK) by itself, before the sink sees the content.
 */
#ifndef LS_GATEWAY_GATEWAY_H
#define LS_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/eui.h"
#include "lorawan/phy.h"
#include "lorawan/region.h"

/* What one antenna of one gateway says about one frame. Claims of a stranger: range-checked only. */
struct rx_info {
	struct eui64 gateway_id;
	uint64_t recv_mono_us;   /* arrival here */
	int64_t recv_wall_us;
	int64_t gw_time_us;      /* UTC by the gateway, 0 unknown */
	uint64_t gps_us;         /* since the GPS epoch, 0 unknown */
	int32_t fine_time_ns;    /* since the last PPS, -1 unknown */
	uint32_t uplink_id;      /* random, for correlation */
	uint8_t context[16];     /* opaque, goes back with the downlink; UDP: tmst, 4 octets big endian */
	uint8_t context_len;
	int16_t rssi_dbm;
	int16_t snr_db10;        /* tenths of dB */
	bool has_snr;
	uint8_t channel, rf_chain, board, antenna;
	int32_t freq_offset_hz;
	bool has_freq_offset;
};

enum crc_status { CRC_NONE, CRC_BAD, CRC_OK };

struct rx_frame {
	const uint8_t *phy;      /* borrowed for the call */
	size_t phy_len;          /* 1..255 */
	uint32_t freq_hz;
	struct radio radio;
	enum crc_status crc;
	struct rx_info rx;
};

/* Counters a gateway reports of itself; unknown fields are INT64_MIN or NAN. */
struct gateway_stats {
	struct eui64 gateway_id;
	int64_t time_us;
	int64_t rx_nb, rx_ok, rx_fw, dw_nb, tx_nb;
	double ack_percent, latitude, longitude, altitude_m, temperature_c;
};

enum tx_timing { TX_IMMEDIATE, TX_DELAY, TX_GPS };

/* One way to emit a downlink. */
struct tx_option {
	enum tx_timing timing;
	uint32_t delay_us;       /* TX_DELAY: after the uplink that `context` names */
	uint64_t gps_us;         /* TX_GPS */
	uint64_t emit_mono_us;   /* when it will be on air by our clock, 0 now; holds back what v1 gateways get */
	uint32_t freq_hz;
	struct radio radio;
	int8_t power_dbm;
	uint8_t board, antenna;
	uint8_t context[16];
	uint8_t context_len;
};

enum tx_status {
	TX_OK,            /* accepted by the gateway (or warned about, which means sent too) */
	TX_TOO_LATE, TX_TOO_EARLY, TX_COLLISION_PACKET, TX_COLLISION_BEACON, TX_FREQ, TX_POWER,
	TX_GPS_UNLOCKED, TX_QUEUE_FULL, TX_INTERNAL_ERROR, TX_DUTY_CYCLE_OVERFLOW, TX_UNKNOWN,
	TX__COUNT
};

/* ChirpStack's name: "OK", "TOO_LATE", ...; "UNKNOWN" for a word it has none for (see tx_ack.text). */
const char *tx_status_name(enum tx_status status);

struct tx_ack {
	struct eui64 gateway_id;
	uint32_t downlink_id;    /* as given to gateway_send() */
	enum tx_status status;
	bool warned;
	double warn_value;       /* NAN when absent */
	uint32_t round_trip_us;  /* PULL_RESP to TX_ACK */
	char text[32];           /* the gateway's own word, escaped by safe_text when printed */
};

/* What a protocol tells the server. All pointers are borrowed for the call. */
struct gateway_sink {
	void *arg;
	/*
	 * Asked once per datagram or message that names a gateway, before its content is used.
	 * False: the gateway is not registered; the protocol still acknowledges, frames still go
	 * to on_uplink with is_known false so that their drop is recorded, but no path is kept.
	 */
	bool (*is_known)(void *arg, struct eui64 gateway_id);
	void (*on_uplink)(void *arg, const struct rx_frame *frame, bool is_known);
	void (*on_stats)(void *arg, const struct gateway_stats *stats, bool is_known);
	void (*on_tx_ack)(void *arg, const struct tx_ack *ack);
	/*
	 * A keep-alive came in; addr is printable. changed: another address held the path before
	 * (false for the first). conflict: and that one was heard < 10 s ago.
	 */
	void (*on_path)(void *arg, struct eui64 gateway_id, const char *addr, bool changed, bool conflict);
	/* Unregistered gateway seen (any message). */
	void (*on_unknown)(void *arg, struct eui64 gateway_id, const char *addr);
	void (*on_log)(void *arg, int priority, const char *text);
};

/* Counters for status; the protocol owns them. */
struct gateway_counters {
	uint64_t datagrams, malformed, frames, bad_entries, acks_sent, send_errors, kernel_drops;
	uint64_t unknown_gateways; /* datagrams that name an unregistered gateway */
	uint64_t address_changes;  /* keep-alives that moved a path */
	uint64_t downlinks_sent;
	uint64_t tx_acks;          /* matched with a downlink */
	uint64_t tx_acks_stray;    /* no such downlink, or too late */
	uint64_t tx_acks_foreign;  /* from another address than the path's: counted as malformed too */
};

struct gateway_link; /* one running instance of a protocol */

struct gateway_protocol {
	const char *name;    /* "semtech_udp" */

	/*
	 * Hand over a downlink. LS_OK: the bytes left or will leave just in time; a tx_ack with
	 * downlink_id follows, from the gateway or, where the protocol has none, from this side once the
	 * bytes left (never from within this call). If none comes the caller's timer counts it as sent.
	 * LS_ENOTFOUND no path to the gateway; LS_EIO the socket refused; LS_EFULL too many are held
	 * back; LS_EINVAL, LS_ELONG the protocol cannot say this (counted as send_errors, all but the first).
	 */
	int (*send)(struct gateway_link *link, struct eui64 gateway_id, uint32_t downlink_id,
	            const uint8_t *phy, size_t phy_len, const struct tx_option *option);

	/* Can it be reached, and does it confirm (protocol v2)? */
	bool (*has_path)(struct gateway_link *link, struct eui64 gateway_id, bool *confirms);

	const struct gateway_counters *(*counters)(struct gateway_link *link);

	/* Stop reading and close; frees the link once its handles are closed on the loop. */
	void (*close)(struct gateway_link *link);
};

extern const struct gateway_protocol gateway_semtech_udp;

/* All of them, NULL at the end. */
extern const struct gateway_protocol *const gateway_protocols[];

struct semtech_udp_options {
	const char *bind;    /* "127.0.0.1:1700", "[::1]:1700" */
	int rcvbuf;          /* octets asked for; 0: leave. Above net.core.rmem_max only with CAP_NET_ADMIN */
	/* v1 gateways have no queue: their PULL_RESP leaves this long before the emission. */
	uint32_t v1_lead_us;
};

/*
 * Bind and start. `sink` is copied. LS_EFORMAT bad address (names are not resolved), LS_EIO
 * cannot bind, LS_ENOMEM; then err (size err_size) says why. *rcvbuf_granted receives what the
 * kernel really gave, in the measure of `rcvbuf`. "[::]:1700" takes IPv4 as well.
 */
int semtech_udp_open(uv_loop_t *loop, const struct semtech_udp_options *options,
                     const struct gateway_sink *sink, struct gateway_link **out,
                     int *rcvbuf_granted, char *err, size_t err_size);

/* Actual bound port (when bind asked for port 0). */
uint16_t semtech_udp_port(const struct gateway_link *link);

#endif
