/*
 * adr.h - adaptive data rate: what the server wishes for the data rate, power and repetitions of a device.
 *
 * The standard says how a wish is sent and answered (TS001 4.3.1, LinkADRReq in 5.3), not how it is found; the default
 * algorithm is the one most networks use: the best SNR of the last 20 uplinks, less what the data rate needs, less an
 * installation margin, in steps of 3 dB. Around it stands what keeps it from flapping:
 *
 *  - A faster rate or less power must be asked for by the older half of the history and by the newer one, and all of it
 *    must be of the present setting (the first time in a session 4 uplinks do): the SNR from before a lowering of power
 *    would ask for the next. Going back needs only that the best of all 20 is too weak. One lucky uplink raises nothing.
 *  - More NbTrans, and less, must be asked for by the history and by a slower average of the loss.
 *  - Every step back (ours, or the device's own) starts a wait before the next improvement: 128 uplinks, then four
 *    times as many, to 8,192; and each that is not forgotten yet makes the next improvement need 2 dB more.
 *
 * All of it is pure: the state changes by what was seen (adr_note), never by what was wished, so a wish that is lost or
 * refused leaves nothing to undo. Nothing allocates.
 */
#ifndef LS_NETWORK_ADR_H
#define LS_NETWORK_ADR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lorawan/region.h"

#define ADR_HISTORY_MAX 20
#define ADR_FIRST_SAMPLES 4   /* enough for the first improvement of a session */
#define ADR_GAP_MAX 31        /* a longer silence is an outage or a counter that moved, not loss on the air */
#define ADR_NB_TRANS_MAX 3
#define ADR_WAIT_MIN 128      /* uplinks from a step back to the next improvement, four times as many each time */
#define ADR_WAIT_LEVELS 4
#define ADR_SLOW_UPLINKS 64

/* What a device uses, as it acknowledged or showed it; and what is wished for. */
struct adr_setting {
	uint8_t dr;
	uint8_t tx_power;  /* index, 0 the strongest */
	uint8_t nb_trans;  /* 1..15 */
};

/* One uplink, 4 octets. */
struct adr_sample {
	uint8_t gap : 5;         /* its counter less that of the sample before, 1 when nothing is missing; 0 not comparable */
	uint8_t gateways : 3;    /* that heard it, 7 is 7 or more */
	uint8_t dr : 4, tx_power : 4;
	int8_t snr_qdb;          /* best SNR in quarter dB, -32 to 31.75 dB; 0 unless LoRa */
	uint8_t rssi_below;      /* best RSSI is this much below 0 dBm */
};

/*
 * What is remembered of a device between uplinks. All zero is a new session. Losing it is harmless: the next wish
 * comes later.
 */
struct adr_state {
	uint32_t last_f_cnt;
	uint16_t since_link, since_nb;  /* uplinks since data rate or power, since NbTrans changed; stops at 65535 */
	uint16_t link_wait, nb_wait;    /* uplinks until an improvement may be asked for */
	uint8_t link_level, nb_level;   /* how long the last wait was: ADR_WAIT_MIN << 2 * (level - 1), 0 none */
	uint16_t slow_loss;             /* loss averaged over some ADR_SLOW_UPLINKS uplinks, in 1/65536 */
	uint8_t nb_trans;               /* at the last sample */
	bool link_changed;              /* in this session */
	uint8_t n;                      /* samples, the oldest first */
	struct adr_sample samples[ADR_HISTORY_MAX];
};

/* Of the region in force for the device (its reg_params_revision included); borrowed. */
struct adr_plan {
	const struct data_rate *data_rates;   /* REGION_DR_MAX rows */
	const int8_t *tx_power_offset_db;     /* n_tx_powers rows, 0 and below */
	uint8_t n_tx_powers;
};

struct adr_uplink {
	uint32_t f_cnt;                  /* full counter */
	struct adr_setting used;         /* dr as heard, the rest as last acknowledged */
	bool adr;                        /* the device's ADR bit */
	bool counter_moved;              /* session new, counter reset or set by hand: the gap before it says nothing */
	int snr_db10;                    /* best of all gateways, tenths of dB */
	int rssi_dbm;
	unsigned gateways;
};

/* A new uplink, after its LinkADRAns has changed what is acknowledged; not for repeats and late copies. */
void adr_note(struct adr_state *s, const struct adr_plan *plan, const struct adr_uplink *u);

/*
 * What may be wished for. adr_limits_init() gives all the plan has; every party then narrows it: region configuration,
 * profile, enabled channels, and what the device has refused.
 */
struct adr_limits {
	uint8_t min_dr, max_dr;    /* the operator's */
	uint8_t max_lora_dr;       /* the region's, for all but LR-FHSS, whose rates lie above it */
	uint16_t dr_mask;          /* bit per data rate: some enabled channel has it and the device has not refused it */
	uint8_t min_tx_power, max_tx_power; /* indices: the most power is the lowest */
};

void adr_limits_init(struct adr_limits *l, const struct adr_plan *plan, uint8_t max_adr_dr);

struct adr_input {
	const struct adr_plan *plan;
	const struct adr_state *state;    /* the uplink being answered is noted already */
	struct adr_limits limits;
	struct adr_setting now;           /* as acknowledged; dr as last heard, below REGION_DR_MAX */
	int installation_margin_db;       /* 10 is usual */
	uint32_t random;                  /* to choose among equal data rates; best the same for a device all the time */
};

/*
 * One row per algorithm. decide() fills *out with the wish: equal to in->now when nothing is to be asked for. It never
 * names a data rate or power outside the limits unless it is the present one. Same input, same output.
 */
struct adr_algorithm {
	const char *name;   /* adr_algorithm of a profile */
	const char *help;   /* one line */
	void (*decide)(const struct adr_input *in, struct adr_setting *out);
};

/* All of them, the default first, NULL at the end: for lookup, completion and help. */
extern const struct adr_algorithm *const adr_algorithms[];

/* NULL when unknown. */
const struct adr_algorithm *adr_algorithm_find(const char *name);

extern const struct adr_algorithm adr_default, adr_lr_fhss, adr_lora_lr_fhss, adr_off;

/* ---- parts, shared by the algorithms ---------------------------------------------------------- */

/* The LoRa data rates of the plan's basic bandwidth that the limits leave, a bit each; faster with each bit. */
uint16_t adr_lora_rates(const struct adr_plan *plan, const struct adr_limits *l);

/* The LR-FHSS data rates that the limits leave. */
uint16_t adr_lr_fhss_rates(const struct adr_plan *plan, const struct adr_limits *l);

/*
 * n_step steps of 3 dB to spare (or lacking, below 0) spent: first on a faster LoRa rate, then on less power; lacking
 * ones on more power only. A rate that lies two spreading factors away costs two steps.
 */
void adr_step(const struct adr_plan *plan, const struct adr_limits *l, int n_step, struct adr_setting *s);

/* NbTrans after losing `lost` of `sent` uplinks with the present one. */
uint8_t adr_nb_trans(unsigned lost, unsigned sent, uint8_t nb_trans);

/* Of the samples: uplinks sent as far as counters tell, and how many of them were never heard. */
void adr_loss(const struct adr_state *s, unsigned *lost, unsigned *sent);

/* ---- storage ------------------------------------------------------------------------------------ */

#define ADR_STATE_OCTETS_MAX (18 + 4 * ADR_HISTORY_MAX)

/* Octets written to out, at most ADR_STATE_OCTETS_MAX. */
size_t adr_state_encode(const struct adr_state *s, uint8_t *out);

/* LS_OK, or LS_ESHORT / LS_ERANGE with *out all zero. *used is what it took; more may follow. */
int adr_state_decode(const uint8_t *buf, size_t len, struct adr_state *out, size_t *used);

#endif
