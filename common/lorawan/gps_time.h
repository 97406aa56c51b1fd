/* gps_time.h - UTC to GPS time and back, with the leap seconds known at build time (18 since 2017). */
#ifndef LS_LORAWAN_GPS_TIME_H
#define LS_LORAWAN_GPS_TIME_H

#include <stdint.h>

/* Microseconds since 1980-01-06 without removing leap seconds; 0 for times before. */
uint64_t gps_us_from_wall_us(int64_t wall_us);
int64_t wall_us_from_gps_us(uint64_t gps_us);

#endif
