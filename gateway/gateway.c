#include "gateway/gateway.h"

const struct gateway_protocol *const gateway_protocols[] = {
	&gateway_semtech_udp,
	NULL,
};

const char *tx_status_name(enum tx_status status)
{
	static const char *const names[TX__COUNT] = {
		[TX_OK] = "OK",
		[TX_TOO_LATE] = "TOO_LATE",
		[TX_TOO_EARLY] = "TOO_EARLY",
		[TX_COLLISION_PACKET] = "COLLISION_PACKET",
		[TX_COLLISION_BEACON] = "COLLISION_BEACON",
		[TX_FREQ] = "TX_FREQ",
		[TX_POWER] = "TX_POWER",
		[TX_GPS_UNLOCKED] = "GPS_UNLOCKED",
		[TX_QUEUE_FULL] = "QUEUE_FULL",
		[TX_INTERNAL_ERROR] = "INTERNAL_ERROR",
		[TX_DUTY_CYCLE_OVERFLOW] = "DUTY_CYCLE_OVERFLOW",
		[TX_UNKNOWN] = "UNKNOWN",
	};

	return (unsigned)status < TX__COUNT ? names[status] : "UNKNOWN";
}
