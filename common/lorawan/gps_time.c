#include "lorawan/gps_time.h"

#include <stddef.h>

#define US_PER_S 1000000

/* 1980-01-06T00:00:00Z in seconds since 1970. */
#define GPS_EPOCH_S INT64_C(315964800)

/* UTC seconds since 1970 that begin right after each leap second since the GPS epoch. */
static const int64_t after_leap_s[] = {
	362793600,  /* 1981-07-01 */
	394329600,  /* 1982-07-01 */
	425865600,  /* 1983-07-01 */
	489024000,  /* 1985-07-01 */
	567993600,  /* 1988-01-01 */
	631152000,  /* 1990-01-01 */
	662688000,  /* 1991-01-01 */
	709948800,  /* 1992-07-01 */
	741484800,  /* 1993-07-01 */
	773020800,  /* 1994-07-01 */
	820454400,  /* 1996-01-01 */
	867715200,  /* 1997-07-01 */
	915148800,  /* 1999-01-01 */
	1136073600, /* 2006-01-01 */
	1230768000, /* 2009-01-01 */
	1341100800, /* 2012-07-01 */
	1435708800, /* 2015-07-01 */
	1483228800, /* 2017-01-01 */
};

#define N_LEAPS (sizeof(after_leap_s) / sizeof(after_leap_s[0]))

/* Both directions look from the end, where the present is. */

uint64_t gps_us_from_wall_us(int64_t wall_us)
{
	size_t leaps = N_LEAPS;

	if (wall_us < GPS_EPOCH_S * US_PER_S)
		return 0;
	while (leaps && wall_us < after_leap_s[leaps - 1] * US_PER_S)
		leaps--;
	return (uint64_t)(wall_us - GPS_EPOCH_S * US_PER_S) + (uint64_t)leaps * US_PER_S;
}

int64_t wall_us_from_gps_us(uint64_t gps_us)
{
	const uint64_t gps_us_max = (uint64_t)(INT64_MAX - GPS_EPOCH_S * US_PER_S); /* gateways may send nonsense */
	int64_t us = (int64_t)(gps_us < gps_us_max ? gps_us : gps_us_max) + GPS_EPOCH_S * US_PER_S;
	size_t leaps = N_LEAPS;

	/* us is UTC, had there been no leap seconds. */
	/* Within a leap second itself UTC text would say :60; here its time is that of the second after. */
	while (leaps && us - (int64_t)(leaps - 1) * US_PER_S < after_leap_s[leaps - 1] * US_PER_S)
		leaps--;
	if (leaps && us - (int64_t)leaps * US_PER_S < after_leap_s[leaps - 1] * US_PER_S)
		return us - (int64_t)(leaps - 1) * US_PER_S;
	return us - (int64_t)leaps * US_PER_S;
}
