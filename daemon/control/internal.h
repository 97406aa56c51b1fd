/*
 * internal.h - what the files of the control room share. Not for other rooms.
 *
 * The life of a request: a line becomes a struct request (dispatch.c), waits in the queue of its connection for
 * its turn, is given to the handler of its method, and ends with exactly one request_answer...() or, when the
 * handler returns an error, with that. Handlers run on the loop and never block: they answer at once, or
 * read on the reader thread (crud.c, log_stream.c), or write (write.c).
 *
 * Order within a connection. Plain creates and sets go to the store one behind the other without
 * waiting for commits. A read waits until the writes before it are committed, and a write until the reads
 * before it are done; everything else runs alone. So answers are as if the requests had been done one by one.
 */
#ifndef LS_CONTROL_INTERNAL_H
#define LS_CONTROL_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/text_buf.h"
#include "base/uuid.h"
#include "control/control.h"
#include "control/line_reader.h"
#include "control/log_item.h"
#include "control/peer.h"
#include "control/protocol.h"
#include "model/model.h"
#include "server.h"

#define CONNECTIONS_MAX 256
#define CONNECTIONS_PER_UID_MAX 64
#define QUEUED_MAX 64               /* requests taken from the input of a connection, not begun */
#define IN_FLIGHT_MAX 4096          /* begun, not answered, of a connection */
#define SUBSCRIPTIONS_MAX 16        /* of a connection */
#define INPUT_MAX ((size_t)256 * 1024)       /* waiting octets at which reading pauses */
#define OUTPUT_MAX ((size_t)8 * 1024 * 1024) /* a client that lets so much wait is cut off */
#define OUTPUT_FULL ((size_t)1024 * 1024)    /* no new requests, live rows or chunks above this */

struct connection;
struct request;
struct subscription;
struct write;
struct bulk;

/* An entity that a write under way deletes: other writes to it are refused. */
struct deletion {
	struct deletion *next;
	const struct entity *entity;
	char id[UUID_TEXT_SIZE];
};

struct control {
	struct server *srv;
	long admin_gid;                  /* -1: none */
	uv_pipe_t listener;
	uv_idle_t turn;                  /* runs while `work` is not empty */
	uv_prepare_t flush;              /* output leaves before the loop waits */
	uv_timer_t sweep;
	unsigned open_handles;
	struct connection *connections;
	unsigned n_connections;
	struct connection *work, **work_end; /* have something to do */
	struct connection *dirty;            /* have something to send */
	struct deletion *deletions;
	struct subscription *subscriptions;  /* all, of all connections */
	uint64_t published[2];               /* per log: one past the last row published or known at start */
	uint64_t epoch;
	uint64_t last_request, last_subscription, cut_off, refused;
	struct text_buf item;                /* a live row, composed once */
	json_t *schema;                      /* model_describe(), made at the first need */
	bool stopping, closing;
};

/* When a request may begin; see above. */
enum request_kind {
	KIND_FREE,  /* at once, whatever runs */
	KIND_READ,
	KIND_WRITE, /* plain: behind other writes without waiting */
	KIND_LONE,
};

struct connection {
	struct connection *next, **link;     /* of control.connections */
	struct control *control;
	uv_pipe_t pipe;
	unsigned refs;                       /* the handle and every request begun */
	bool closing, eof, reading, ending;
	struct peer peer;
	enum right right;
	bool read_only;                      /* asked for in hello; never taken back */
	char who[72];                        /* in the journal: the user, or uid:N */

	struct line_reader input;
	struct request *queue, **queue_end;  /* not begun */
	unsigned n_queued, reads, writes, in_flight;
	bool lone;                           /* a KIND_LONE request runs */
	struct bulk *bulk;                   /* its writes are collected there (bulk.h), or NULL */
	struct connection *next_work;
	bool in_work;

	struct text_buf out[2];              /* one fills while the other is written */
	unsigned filling;
	bool writing, is_dirty;
	uv_write_t write;
	struct connection *next_dirty;

	unsigned n_subscriptions;
};

struct request {
	struct request *next;
	struct connection *conn;
	const struct method *method;
	json_t *id;                          /* NULL: a notification, never answered */
	json_t *params;                      /* canonical once it has begun; references are ids */
	uint64_t number;                     /* named when it ends with a bug */
	enum request_kind kind;
	bool begun;
	bool checked;
	bool parked;                         /* its reference may come with a write under way */
	const struct tenant *tenant;         /* scope of names while the handler runs, or NULL */
	const struct application *application;
	json_t *error;                       /* made by request_refuse() */
};

#define REQUEST_PARKED 1

/*
 * A handler. LS_OK: it has answered or will. Negative: refused, request_refuse() was called (or not:
 * then the code's own text is the message). REQUEST_PARKED: nothing was done, try again after the writes of the connection.
 */
typedef int control_handler(struct server *srv, struct request *r);

#define METHOD(id, words, entity, shape, right, params, result, help) control_handler do_##id;
#include "model/methods.def"
#undef METHOD

/* ---- connection.c ---- */

void connection_accept(struct control *c);
void connection_close(struct connection *conn);
void connection_unref(struct connection *conn);
void connection_work(struct connection *conn);     /* a slice: parse and begin requests */
void connection_schedule(struct connection *conn); /* ask for such a slice */
void connection_flush(struct connection *conn);
size_t connection_waiting(const struct connection *conn); /* octets of output */
/* The buffer to append whole lines to; then connection_wrote(). */
struct text_buf *connection_out(struct connection *conn);
void connection_wrote(struct connection *conn);
/* End it when there is nothing left to do or say. */
void connection_end_if_idle(struct connection *conn);

/* ---- server.c ---- */

void control_connection_gone(struct control *c);
void control_set_dirty(struct control *c, struct connection *conn);

/* ---- dispatch.c ---- */

enum request_kind request_kind(const struct method *m);

/* A line: queued on the connection, or answered with a protocol error. */
void request_take_line(struct connection *conn, const char *line, size_t len);
/* Begin: rights, arguments, references, handler. False: it is parked and stays where it is. */
bool request_begin(struct request *r);
/* Not begun, and never will be. */
void request_drop(struct request *r);

void request_answer(struct request *r, json_t *result);                   /* takes result; frees r */
void request_answer_change(struct request *r, json_t *result, uint64_t change_id); /* with its number, unless 0 */
void request_answer_text(struct request *r, const char *json, size_t len); /* the result as text; frees r */
void request_fail(struct request *r, int code);                           /* with r->error, or the code's text; frees r */

__attribute__((format(printf, 6, 7))) int request_refuse(struct request *r, int code, const char *field, const char *why,
                                                         const char *hint, const char *fmt, ...);
/* The filter is wrong at that character; `column` of the error object has it too. */
int request_refuse_filter(struct request *r, int code, size_t column, const char *why, const char *hint);

const char *request_text(const struct request *r, const char *param); /* NULL when absent or null */
bool request_flag(const struct request *r, const char *param);
int64_t request_int(const struct request *r, const char *param, int64_t preset);

/* ---- command_line.c ---- */

/*
 * The request as a command line of lsctl, as far as it is known here, with `word` as its parameter `param`. What does
 * not fit is left out.
 */
void command_line(const struct request *r, const char *param, const char *word, char *buf, size_t size);

/* ---- resolve.c ---- */

/* The tenant a create falls to: tenant_id in raw params, else the sole one. */
int resolve_default_tenant(struct server *srv, struct request *r);
/* Replace names in FT_REF parameters by ids; REQUEST_PARKED when one is not there yet. */
int resolve_references(struct server *srv, struct request *r);
/* What a record is called in messages: "application meters". buf is returned. */
const char *resolve_describe(struct server *srv, const struct entity *e, const char *id, char *buf, size_t size);

/* The device a handler was given as dev_eui (resolved, so it was there a moment ago). */
struct device *request_device(struct server *srv, const struct request *r);

/* Region enabled? Else LS_EINVAL naming those that are. */
int request_check_region(struct server *srv, struct request *r, const char *name);

/* Is some configuration enabled that the profile fits? Else LS_EINVAL. */
int request_check_profile_region(struct server *srv, struct request *r, const struct profile *p);

/* The parameter region_config, if given, is a configuration of this region (NULL: of any). */
int request_check_region_config(struct server *srv, struct request *r, const char *region);
int request_check_wish(struct request *r); /* desired_... parameters: refuses what no device could be told */

/* ---- payload.c ---- */

/* Of an application, at most: what LoRaWAN's largest frame carries. */
#define PAYLOAD_MAX 242

/* Exactly one of data (hex), data_base64 and data_text; refused when none or several are given, or it is no payload. */
int request_payload(struct request *r, uint8_t data[PAYLOAD_MAX], size_t *len);

/* ---- write.c ---- */

struct write {
	struct write *next;            /* of a bulk */
	struct request *request;
	struct store_batch *batch;
	const struct entity *entity;
	char id[UUID_TEXT_SIZE];
	json_t *record;                /* to insert, or the changes; owned */
	json_t *stored;                /* of write_read_back(), owned */
	json_t *result;                /* the answer; NULL: stored */
	/* [store] */
	int (*run)(struct store_db *db, struct write *w);
	/* After the commit. A failure is a bug or no memory: memory no longer follows the disk. */
	int (*apply)(struct server *srv, struct write *w);
	void *own;                     /* of the handler, in the batch's arena */
	void (*forget)(struct write *w); /* at the end: let go of what `own` holds; may be NULL */
	struct store_change change;    /* its row in the journal; filled by write_submit() */
	char conflict_field[64];
	char why[160];                 /* [store] a sentence for a refusal made in run */
	struct eui64 held_device;
	struct uuid held_profile;
	bool holds_device, holds_profile;
	struct held_device *more_held; /* besides that one, in the batch's arena */
	struct deletion deletion;
	bool deletes;
	struct deletion_mark *more_marks; /* besides that one */
	bool releases_first;           /* what it holds may leave the fleet in apply */
};

struct held_device {
	struct held_device *next;
	struct eui64 dev_eui;
};

struct deletion_mark {
	struct deletion_mark *next;
	struct deletion deletion;
};

/* NULL when memory is out. id is copied. */
struct write *write_new(struct request *r, const struct entity *e, const char *id);
/* Is somebody deleting it? Then the conflict, refused. */
int write_check_deletion(struct server *srv, struct request *r, const struct entity *e, const char *id);
/* Frames wait until the write is done. */
void write_hold_device(struct server *srv, struct write *w, struct device *d);
void write_hold_profile(struct server *srv, struct write *w, struct profile *p);
void write_mark_deletion(struct server *srv, struct write *w);
/* The same for one of several; LS_ENOMEM. */
int write_hold_more(struct server *srv, struct write *w, struct device *d);
int write_mark_more(struct server *srv, struct write *w, const struct entity *e, const char *id);
/* Hand it to the store; the request is answered when it is committed. Returns LS_OK. */
int write_submit(struct server *srv, struct write *w);
void write_finish(struct write *w); /* it is committed, or not (w->batch->rc): memory follows, the answer leaves */
void write_free(struct write *w);                           /* not submitted, nothing held */
void write_abandon(struct server *srv, struct write *w);    /* not submitted: frames go on */

int write_read_back(struct store_db *db, struct write *w); /* [store] w->stored */

/* ---- device.c ---- */

/* A write on the device of the request, with octets of its own; NULL: refused already, or out of memory. */
struct write *device_write_begin(struct server *srv, struct request *r, const struct entity *e, size_t own_size);

/* ---- crud.c ---- */

/* Plain work of a shape; the record of create and set may be given, else it is made from the parameters. */
int crud_create(struct server *srv, struct request *r, const char *id, int (*apply)(struct server *, struct write *));
struct write *crud_set_begin(struct server *srv, struct request *r, int (*apply)(struct server *, struct write *));
struct write *crud_delete_begin(struct server *srv, struct request *r, int (*apply)(struct server *, struct write *));
/* Submit what one of these began; NULL: refused already, or out of memory. */
int crud_submit(struct server *srv, struct request *r, struct write *w);
/* What memory knows better than the disk: called on the loop for each record read; NULL: nothing. */
typedef void crud_complete(struct server *srv, const struct request *r, json_t *record);
int crud_show(struct server *srv, struct request *r, crud_complete *complete);
int crud_list(struct server *srv, struct request *r, json_t *scope, crud_complete *complete); /* takes scope */
/* All rows of a scope (taken). Lists of the store hold no secrets: complete() may add them, on the loop. */
int crud_rows(struct server *srv, struct request *r, const struct entity *e, json_t *scope,
              crud_complete *complete);

/* A time as results have it. New reference. */
json_t *time_json(int64_t wall_us);

/* tenant_id and application_id of a list, as a scope of its rows. New reference. */
json_t *crud_scope(const struct request *r);

/* Fields of e among the parameters, for an insert. New reference. */
json_t *crud_record(const struct request *r, const struct entity *e);
/* The changes of a set: given fields, and null for cleared ones. New reference. */
json_t *crud_changes(const struct request *r, const struct entity *e);

/* ---- cascade.c ---- */

/* A tenant or application with all it owns: asked for by name or count, or only tried. */
#define CASCADE_WHY "--confirm NAME deletes it with all it owns; --dry-run shows what that is"
bool cascade_is_asked(const struct request *r);
int cascade_delete(struct server *srv, struct request *r);

/* ---- history.c ---- */

/* What somebody typed for an object, as a scope of changes. New reference; NULL for NULL. */
json_t *history_scope(const char *text);

/* ---- log_stream.c ---- */

void stream_publish(struct control *c, enum store_log log, const struct log_row *rows, size_t n);
void stream_resume(struct connection *conn);        /* its output has room again */
void stream_end_all(struct connection *conn);       /* the connection closes */
bool stream_has(const struct connection *conn, const json_t *request_id); /* open, begun by that request */
bool stream_cancel(struct connection *conn, const json_t *request_id);
const struct subscription *stream_next(const struct subscription *sub); /* to walk control.subscriptions */

#endif
