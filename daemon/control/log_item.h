/*
 * log_item.h - rows of the event log and the frame ring as a stream shows them, and what a
 * filter over them may say. Pure.
 *
 * The body of a row is one JSON object made by the network; it is not parsed again here. An event gets
 * its `cursor` and `kind` in front, a frame its `cursor`:
 *
 *   {"cursor":"7-1042","kind":"up",  + body of the event without its first brace
 *   {"cursor":"7-99871",             + body of the frame without its first brace
 */
#ifndef LS_CONTROL_LOG_ITEM_H
#define LS_CONTROL_LOG_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text_buf.h"
#include "store/store.h"

#define CURSOR_TEXT_SIZE 44

/* "epoch-seq", a place just behind the row seq. */
char *cursor_format(uint64_t epoch, uint64_t seq, char buf[CURSOR_TEXT_SIZE]);
int cursor_parse(const char *text, uint64_t *epoch, uint64_t *seq); /* LS_EFORMAT */

void log_item_put(struct text_buf *out, enum store_log log, uint64_t epoch, const struct log_row *row);

/* {"kind":"gap","lost":14,"cursor":"7-1042"}; lost < 0: nobody knows, null. */
void log_item_put_gap(struct text_buf *out, int64_t lost, uint64_t epoch, uint64_t seq);

struct log_filter {
	char kind[12];         /* "" any; LOG_FRAME: direction */
	char drop_reason[40];  /* "" any */
	bool any_drop;
	bool has_dev_eui, has_dev_addr;
	struct eui64 dev_eui;
	uint32_t dev_addr;
	/* of the device; not in the text, and not looked at by log_filter_match(), which knows no devices */
	bool has_tenant, has_application;
	struct uuid tenant_id, application_id;
};

/*
 * "field=value and field=value", "has drop_reason"; NULL or "" matches all. Values may stand in quotes. LS_EUSAGE with
 * why and hint (sizes 160) when a field cannot be filtered here.
 */
int log_filter_parse(enum store_log log, const char *text, struct log_filter *out, char why[160], char hint[160]);
bool log_filter_is_empty(const struct log_filter *f);
bool log_filter_match(const struct log_filter *f, const struct log_row *row);
/* Put the filter into the query; it stays borrowed. */
void log_filter_apply(const struct log_filter *f, struct log_read *read);

#endif
