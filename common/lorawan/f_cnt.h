/*
 * f_cnt.h - the 32-bit uplink counter from the 16 bits on air (frames.md section 7).
 */
#ifndef LS_LORAWAN_F_CNT_H
#define LS_LORAWAN_F_CNT_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_F_CNT_GAP 16384 /* versions before 1.0.4 */

struct f_cnt_guess {
	uint32_t full;      /* candidate; only the MIC proves it */
	bool is_repeat;     /* equal to the last accepted one */
	uint32_t gap;       /* candidate - next expected, so candidate - last is gap + 1; 0 of a repeat */
	bool is_exhausted;  /* would pass 0xFFFFFFFF: refuse, the session must be renewed; full is 0xFFFFFFFF */
};

/*
 * next_f_cnt_up is the next expected counter; has_up tells whether any frame of this session
 * was accepted (then next - 1 is the last one; next 0 with has_up means the last one was
 * 0xFFFFFFFF, after which everything but its repeat is exhausted). Never underflows.
 * MAX_F_CNT_GAP (0: no limit) is the caller's test: refuse when has_up and gap >= limit.
 */
struct f_cnt_guess f_cnt_reconstruct(uint32_t next_f_cnt_up, bool has_up, uint16_t f_cnt_16);

/*
 * The same for a device that keeps only 16 bits (before 1.0.4): full stays below 65536, 0 follows 65535 and nothing is ever
 * exhausted. An old frame is told from a new one by the gap alone, so the caller's limit is all there is against replays.
 */
struct f_cnt_guess f_cnt_reconstruct_16(uint16_t next_f_cnt_up, bool has_up, uint16_t f_cnt_16);

#endif
