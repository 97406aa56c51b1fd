/*
 * lssim - simulated gateways and devices for demonstrations, tests and load.
 */
#include <stdio.h>

#include "options.h"
#include "sim.h"

#define EXIT_USAGE 2

int main(int argc, char **argv)
{
	struct options options;
	int rc = options_parse(&options, argc, argv);

	if (rc)
		return rc > 0 ? 0 : EXIT_USAGE;
	/* Whole lines, also into a pipe: people and scripts read along. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	rc = sim_run(&options);
	return fflush(stdout) ? 1 : rc;
}
