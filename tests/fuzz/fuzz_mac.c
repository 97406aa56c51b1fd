/*
 * libFuzzer entry for what MAC layer and store read in octets: lists of MAC commands, both ways; the stored MAC state, and
 * what ADR keeps in it; beacons. What can be read must be written again as it was, wherever that is promised.
 *
 *   what (1)     0, 1: commands up, down; 2: MAC state; 3: state of ADR; 4: beacon
 *   octets
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "lorawan/class_b.h"
#include "lorawan/mac.h"
#include "network/adr.h"
#include "network/mac_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Our own promises, broken only by a bug of ours. */
static void require(bool ok)
{
	if (!ok)
		abort();
}

static void read_commands(enum lw_direction dir, const uint8_t *list, size_t len)
{
	struct mac_iter it;
	struct mac_command command;
	size_t read = 0;

	mac_iter_init(&it, dir, list, len);
	while (mac_iter_next(&it, &command)) {
		struct mac_message message, again;
		struct mac_command written;
		struct mac_iter second;
		uint8_t octets[MAC_COMMAND_MAX];
		char text[MAC_TEXT_SIZE];
		size_t n;

		require(command.payload >= list && command.payload + command.len <= list + len);
		read += 1u + command.len;
		mac_decode(&command, &message);
		mac_message_text(&message, text, sizeof(text));
		require(memchr(text, 0, sizeof(text)));
		/* Bits no field names are lost, all others come back. */
		if (mac_encode(&message, octets, sizeof(octets), &n, NULL))
			continue; /* FilterListReq may name more octets than an EUI has */
		mac_iter_init(&second, dir, octets, n);
		require(mac_iter_next(&second, &written) && written.cid == command.cid);
		mac_decode(&written, &again);
		require(!memcmp(again.values, message.values, sizeof(message.values)) && again.n_octets == message.n_octets);
	}
	require(read == len || it.stopped);
}

static void read_state(const uint8_t *blob, size_t len)
{
	static struct region region;
	struct region_settings settings;
	struct mac_state state, again;
	uint8_t first[MAC_STATE_OCTETS_MAX], second[MAC_STATE_OCTETS_MAX];
	const char *why;
	size_t n;

	if (!region.table) {
		region_settings_default(&region_eu868, &settings);
		require(region_init(&region, &region_eu868, &settings, &why) == LS_OK);
	}
	mac_state_init(&state, &region, NULL);
	mac_state_init(&again, &region, NULL);
	if (mac_state_decode(&state, blob, len))
		return;
	n = mac_state_encode(&state, first);
	require(n <= sizeof(first) && mac_state_decode(&again, first, n) == LS_OK);
	/* A state without any channel does not exist and becomes one with the region's; from then on nothing changes. */
	n = mac_state_encode(&again, first);
	mac_state_init(&state, &region, NULL);
	require(mac_state_decode(&state, first, n) == LS_OK);
	require(mac_state_encode(&state, second) == n && !memcmp(first, second, n));
}

static void read_adr(const uint8_t *octets, size_t len)
{
	struct adr_state state, again;
	uint8_t written[ADR_STATE_OCTETS_MAX];
	size_t used, n;

	if (adr_state_decode(octets, len, &state, &used))
		return;
	require(used <= len);
	n = adr_state_encode(&state, written);
	require(n <= sizeof(written) && adr_state_decode(written, n, &again, &used) == LS_OK && used == n);
	require(again.n == state.n && again.last_f_cnt == state.last_f_cnt);
}

static void read_beacon(const uint8_t *octets, size_t len)
{
	static const struct beacon_lens layouts[] = {{1, 1, 0}, {4, 1, 3}, {2, 1, 1}, {0, 1, 3}};
	struct beacon b;

	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		beacon_parse(&layouts[i], octets, len, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *octets;

	if (size < 1)
		return -1;
	/* Of its own, so that a read past the end is seen. */
	octets = malloc(size - 1 ? size - 1 : 1);
	require(octets != NULL);
	memcpy(octets, data + 1, size - 1);
	switch (data[0] % 5) {
	case 0:
		read_commands(LW_UP, octets, size - 1);
		break;
	case 1:
		read_commands(LW_DOWN, octets, size - 1);
		break;
	case 2:
		read_state(octets, size - 1);
		break;
	case 3:
		read_adr(octets, size - 1);
		break;
	case 4:
		read_beacon(octets, size - 1);
		break;
	}
	free(octets);
	return 0;
}
