#include "lorawan/f_cnt.h"

struct f_cnt_guess f_cnt_reconstruct(uint32_t next_f_cnt_up, bool has_up, uint16_t f_cnt_16)
{
	uint32_t last = next_f_cnt_up - 1; /* read only with has_up; next 0 then means the last possible one */
	uint16_t gap = (uint16_t)(f_cnt_16 - (uint16_t)next_f_cnt_up);
	uint64_t candidate = (uint64_t)next_f_cnt_up + gap;
	bool is_used_up = has_up && last == UINT32_MAX;

	if (has_up && f_cnt_16 == (uint16_t)last)
		return (struct f_cnt_guess){.full = last, .is_repeat = true};
	if (is_used_up || candidate > UINT32_MAX)
		return (struct f_cnt_guess){.full = UINT32_MAX, .gap = gap, .is_exhausted = true};
	return (struct f_cnt_guess){.full = (uint32_t)candidate, .gap = gap};
}

struct f_cnt_guess f_cnt_reconstruct_16(uint16_t next_f_cnt_up, bool has_up, uint16_t f_cnt_16)
{
	if (has_up && f_cnt_16 == (uint16_t)(next_f_cnt_up - 1))
		return (struct f_cnt_guess){.full = f_cnt_16, .is_repeat = true};
	return (struct f_cnt_guess){.full = f_cnt_16, .gap = (uint16_t)(f_cnt_16 - next_f_cnt_up)};
}
