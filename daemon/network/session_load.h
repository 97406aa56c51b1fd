/*
 * session_load.h - the contract by which decisions get their sessions.
 *
 * Asynchronous even when memory answers: with the embedded store the fleet has every session and the
 * answer comes in the next turn of the loop; with a shared store a query would answer. Nothing in this room may
 * assume which: frames wait in turn.c between request and answer.
 */
#ifndef LS_NETWORK_SESSION_LOAD_H
#define LS_NETWORK_SESSION_LOAD_H

struct network;

/*
 * Ask for the sessions (data frames) and devices (join requests) of everything in n->loading. The answer is
 * turn_load_answered(n), on the loop, never from within this call.
 */
void session_load(struct network *n);

void session_load_init(struct network *n);

#endif
