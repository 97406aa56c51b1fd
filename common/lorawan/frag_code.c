#include "lorawan/frag_code.h"

#include <string.h>

static uint32_t prbs23(uint32_t x)
{
	return x / 2 + (((x ^ x >> 5) & 1) << 22);
}

void frag_code_row(enum frag_version version, uint32_t n, uint32_t nb_frag, bool *columns)
{
	uint32_t modulus = nb_frag + ((nb_frag & (nb_frag - 1)) == 0); /* a power of two would draw even columns only */
	uint32_t x = 1 + 1001 * n;

	memset(columns, 0, nb_frag * sizeof(*columns));
	for (uint32_t drawn = 0; drawn < nb_frag / 2;) {
		uint32_t r;

		do {
			x = prbs23(x);
			r = x % modulus;
		} while (r >= nb_frag);
		if (!columns[r] || version == FRAG_V1)
			drawn++;
		columns[r] = true;
	}
}

void frag_code_fragment(enum frag_version version, uint32_t n, const uint8_t *data, uint32_t nb_frag, size_t frag_size,
			bool *columns, uint8_t *out)
{
	frag_code_row(version, n, nb_frag, columns);
	memset(out, 0, frag_size);
	for (uint32_t i = 0; i < nb_frag; i++)
		for (size_t k = 0; columns[i] && k < frag_size; k++)
			out[k] ^= data[i * frag_size + k];
}
