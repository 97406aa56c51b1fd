#include "network/session_load.h"

#include "network/internal.h"

/* An idle handle runs once per loop turn and keeps the loop from sleeping while there is an answer to give. */
static void on_idle(uv_idle_t *idle)
{
	struct network *n = idle->data;

	uv_idle_stop(idle);
	turn_load_answered(n);
}

void session_load_init(struct network *n)
{
	uv_idle_init(n->loop, &n->load_idle);
	n->load_idle.data = n;
}

void session_load(struct network *n)
{
	uv_idle_start(&n->load_idle, on_idle);
}
