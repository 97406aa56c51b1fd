/* test_store_commit.c - what a batch promises: order, durability before done(), failure of all behind. */
#include "test_store_fixture.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct seen {
	struct fixture *f;
	int64_t rows;
};

static void look_from_outside(struct store_batch *b)
{
	struct seen *s = b->arg;

	assert_int_equal(b->rc, LS_OK);
	s->rows = sql_number(s->f->path, "SELECT count(*) FROM event");
	store_batch_free(b);
}

static void a_batch_is_done_only_when_others_see_it(void **state)
{
	struct fixture *f = *state;
	struct seen seen[50];

	for (int i = 0; i < 50; i++) {
		struct store_batch *b = store_batch_new();
		struct log_row row = event_row((uint64_t)i);

		seen[i] = (struct seen){f, -1};
		b->arg = &seen[i];
		b->done = look_from_outside;
		assert_int_equal(store_batch_log(f->st, b, LOG_EVENT, &row), LS_OK);
		assert_int_equal(row.seq, (uint64_t)i + 1);
		store_submit(f->st, b);
		if (i % 10 == 9)
			settle(f);
	}
	for (int i = 0; i < 50; i++)
		assert_in_range(seen[i].rows, i + 1, 50);
}

static void batches_come_back_in_order(void **state)
{
	struct fixture *f = *state;
	enum { N = 2000 };
	static int rcs[N];
	struct store_figures figures;

	for (int i = 0; i < N; i++) {
		struct store_batch *b = store_batch_new();
		struct log_row row = event_row((uint64_t)i);

		rcs[i] = LS_EBUG;
		b->arg = &rcs[i];
		b->done = keep_rc;
		b->lazy = i % 7 == 3;
		store_batch_log(f->st, b, LOG_FRAME, &row);
		store_submit(f->st, b);
	}
	settle(f);
	for (int i = 0; i < N; i++)
		assert_int_equal(rcs[i], LS_OK);
	store_figures(f->st, &figures);
	assert_true(figures.batches >= N);
	assert_true(figures.commits < N); /* they were grouped */
	assert_int_equal(figures.frame_next_seq, N + 1);
	assert_int_equal(figures.frame_first_seq, 1);
	assert_true(figures.commit_p99_us >= figures.commit_p50_us);
	assert_true(figures.commit_p50_us > 0);
}

static void a_large_batch_fits_its_arena(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b = store_batch_new();
	char *body = malloc(300000);
	uint8_t *p;

	memset(body, 'x', 300000);
	for (int i = 0; i < 20; i++) {
		struct log_row row = event_row(1);

		row.body = body;
		row.body_len = (size_t)i * 15000;
		assert_int_equal(store_batch_log(f->st, b, LOG_EVENT, &row), LS_OK);
		p = store_batch_alloc(b, 1000);
		for (int j = 0; j < 1000; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0xff, 1000);
	}
	free(body);
	assert_int_equal(commit(f, b), LS_OK);
	assert_int_equal(sql_number(f->path, "SELECT sum(length(body)) FROM event"), 190 * 15000);
}

/* --- one failing among others --- */

static void a_conflict_undoes_only_its_own_batch(void **state)
{
	struct fixture *f = *state;
	struct write first, twin, other;
	int rc = LS_EBUG;
	struct store_batch *b = store_batch_new();
	struct log_row row = event_row(1);

	populate(f);
	/* One transaction: they are all submitted before the loop runs. */
	submit_write(f, &first, WRITE_INSERT, E_DEVICE, NULL, device_json(1, "a"));
	submit_write(f, &twin, WRITE_INSERT, E_DEVICE, NULL, device_json(2, "a"));
	b->arg = &rc;
	b->done = keep_rc;
	store_batch_log(f->st, b, LOG_EVENT, &row);
	store_submit(f->st, b);
	submit_write(f, &other, WRITE_INSERT, E_DEVICE, NULL, device_json(3, "b"));
	settle(f);
	assert_int_equal(first.rc, LS_OK);
	assert_int_equal(twin.rc, LS_ECONFLICT);
	assert_string_equal(twin.field, "name");
	assert_int_equal(rc, LS_OK);
	assert_int_equal(other.rc, LS_OK);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device"), 2);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM event"), 1);
	assert_false(store_is_degraded(f->st));
	json_decref(first.json);
	json_decref(twin.json);
	json_decref(other.json);
}

/* An operation that fails takes the other operations of its batch with it, but no other batch, even without run(). */
static void a_missing_row_undoes_only_its_own_batch(void **state)
{
	struct fixture *f = *state;
	int rcs[20];
	struct session_up_row up = {.f_cnt_up = 5, .has_up = true};

	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	put_session(f, 1);
	for (int i = 0; i < 20; i++) {
		struct store_batch *b = store_batch_new();
		struct log_row row = event_row(1);

		b->arg = &rcs[i];
		b->done = keep_rc;
		store_batch_log(f->st, b, LOG_EVENT, &row);
		store_batch_session_up(b, eui(i == 11 ? 99 : 1), SLOT_CURRENT, &up, NULL, 0);
		store_submit(f->st, b);
	}
	settle(f);
	for (int i = 0; i < 20; i++)
		assert_int_equal(rcs[i], i == 11 ? LS_ENOTFOUND : LS_OK);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM event"), 19);
	assert_false(store_is_degraded(f->st));
}

static int fail_late(struct store_db *db, struct store_batch *b)
{
	(void)db;
	(void)b;
	return LS_EINVAL;
}

/* The block of seqs was reserved by a batch that fails: others rely on it all the same. */
static void a_failing_batch_keeps_its_reservation(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b = store_batch_new();
	struct log_row row = event_row(1);

	b->run = fail_late;
	store_batch_log(f->st, b, LOG_EVENT, &row);
	assert_int_equal(commit(f, b), LS_EINVAL);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM event"), 0);
	assert_int_equal(sql_number(f->path, "SELECT value FROM meta WHERE key = 'event_seq_limit'"), 65537);
}

/* --- failing commits --- */

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void submit_frame(struct fixture *f, int *rc, const char *body)
{
	struct store_batch *b = store_batch_new();
	struct log_row row = event_row(1);

	row.body = body;
	row.body_len = strlen(body);
	b->arg = rc;
	b->done = keep_rc;
	*rc = 1;
	store_batch_log(f->st, b, LOG_EVENT, &row);
	store_submit(f->st, b);
}

static void a_failed_commit_fails_all_behind_and_then_recovers(void **state)
{
	struct fixture *f = *state;
	struct store_figures figures;
	int rcs[100], n_failed = 0, after;
	char *body = calloc(1, 50001), *large = calloc(1, 300001);
	uint64_t seq;

	memset(body, 'x', 50000);
	memset(large, 'x', 300000);
	signal(SIGXFSZ, SIG_IGN);
	submit_frame(f, &after, "{}");
	settle(f);
	assert_int_equal(after, LS_OK);
	limit_file_size(200000);
	for (int i = 0; i < 100; i++)
		submit_frame(f, &rcs[i], body);
	settle(f);
	for (int i = 0; i < 100; i++) {
		if (rcs[i])
			n_failed++;
		else
			assert_int_equal(n_failed, 0); /* none may succeed behind a failed one */
	}
	assert_true(n_failed > 0);
	assert_int_equal(rcs[99], LS_EIO);
	assert_true(store_is_degraded(f->st));
	assert_int_equal(f->n_logs, 1);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM event"), 101 - n_failed);
	store_figures(f->st, &figures);
	assert_true(figures.failed_commits >= 1);
	assert_int_equal(figures.waiting_batches, 0);
	seq = figures.event_next_seq;
	assert_int_equal(seq, 102); /* given, though most did not reach the disk */

	/* Still full: told once only. (More than the limit in one go, as a checkpoint may have made a little room.) */
	submit_frame(f, &after, large);
	settle(f);
	assert_int_equal(after, LS_EIO);
	assert_int_equal(f->n_logs, 1);

	limit_file_size(RLIM_INFINITY);
	submit_frame(f, &after, body);
	settle(f);
	assert_int_equal(after, LS_OK);
	assert_false(store_is_degraded(f->st));
	assert_int_equal(f->n_logs, 2);
	assert_int_equal(sql_number(f->path, "SELECT max(seq) FROM event"), 103);
	free(body);
	free(large);
}

/* The first reservation fails: the next batch asks again, so no seq above the limit on disk is ever used. */
static void a_failed_reservation_is_made_again(void **state)
{
	struct fixture *f = *state;
	int rc;
	char *body = calloc(1, 500001);

	memset(body, 'x', 500000);
	signal(SIGXFSZ, SIG_IGN);
	limit_file_size(200000);
	submit_frame(f, &rc, body);
	settle(f);
	assert_int_equal(rc, LS_EIO);
	limit_file_size(RLIM_INFINITY);
	assert_int_equal(sql_number(f->path, "SELECT value FROM meta WHERE key = 'event_seq_limit'"), 1);
	submit_frame(f, &rc, "{}");
	settle(f);
	assert_int_equal(rc, LS_OK);
	assert_true(sql_number(f->path, "SELECT value FROM meta WHERE key = 'event_seq_limit'") > 2);
	free(body);
}

struct chain {
	struct fixture *f;
	int left, done;
};

static void submit_next(struct store_batch *b)
{
	struct chain *c = b->arg;

	assert_int_equal(b->rc, LS_OK);
	store_batch_free(b);
	c->done++;
	if (--c->left > 0) {
		struct store_batch *next = store_batch_new();

		next->arg = c;
		next->done = submit_next;
		store_submit(c->f->st, next);
	}
}

static void closing_finishes_what_waits_and_what_follows(void **state)
{
	struct fixture *f = *state;
	struct chain c = {f, 5, 0};
	struct store_batch *b = store_batch_new();
	int lazy = LS_EBUG;
	struct store_batch *l = store_batch_new();

	l->lazy = true;
	l->arg = &lazy;
	l->done = keep_rc;
	store_batch_foreign(l, 0x13, 2, 1, 5);
	b->arg = &c;
	b->done = submit_next;
	store_submit(f->st, b);
	store_submit(f->st, l);
	fixture_close(f);
	assert_int_equal(c.done, 5);
	assert_int_equal(lazy, LS_OK);
	assert_int_equal(sql_number(f->path, "SELECT data_frames + join_requests FROM foreign_traffic"), 3);
}

static void a_lazy_batch_alone_is_written_within_a_second_or_so(void **state)
{
	struct fixture *f = *state;
	struct store_figures before, after;
	struct store_batch *b = store_batch_new();
	uint64_t start = clock_mono_us();

	store_figures(f->st, &before);
	b->lazy = true;
	store_batch_foreign(b, 0x13, 1, 0, 5);
	store_batch_foreign(b, 0x13, 1, 0, 6);
	assert_int_equal(commit(f, b), LS_OK);
	assert_in_range(clock_mono_us() - start, 900000, 5000000);
	store_figures(f->st, &after);
	assert_int_equal(after.commits, before.commits); /* synced ones */
	assert_int_equal(after.batches, before.batches + 1);
	assert_int_equal(sql_number(f->path, "SELECT data_frames FROM foreign_traffic"), 2);
}

/* --- kill --- */

struct shared {
	volatile uint64_t acknowledged; /* highest seq that was done */
	volatile uint64_t used;         /* highest seq that was given */
	volatile uint64_t first;
};

struct writer {
	struct shared *shared;
	uint64_t seq;
};

static void acknowledge_seq(struct store_batch *b)
{
	struct writer *w = b->arg;

	if (b->rc)
		_exit(3);
	w->shared->acknowledged = w->seq;
	store_batch_free(b);
}

static void child(const char *path, struct shared *shared)
{
	uv_loop_t loop;
	struct store_options options = {.path = path};
	struct store *st;
	char err[256];

	uv_loop_init(&loop);
	if (store_open(&loop, &options, &st, err, sizeof(err)))
		_exit(2);
	for (;;) {
		for (int i = 0; i < 5; i++) {
			struct store_batch *b = store_batch_new();
			struct log_row row = event_row(1);
			struct writer *w = store_batch_alloc(b, sizeof(*w));

			store_batch_log(st, b, LOG_EVENT, &row);
			*w = (struct writer){shared, row.seq};
			if (!shared->first)
				shared->first = row.seq;
			shared->used = row.seq;
			b->arg = w;
			b->done = acknowledge_seq;
			store_submit(st, b);
		}
		uv_run(&loop, UV_RUN_ONCE);
	}
}

static void nothing_acknowledged_is_lost_by_a_kill(void **state)
{
	struct fixture *f = *state;
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t used = 0;
	int64_t rows = 0;

	fixture_close(f);
	for (int i = 0; i < 15; i++) {
		memset(shared, 0, sizeof(*shared));
		fflush(stdout);
		pid_t pid = fork();

		if (pid == 0)
			child(f->path, shared);
		while (shared->acknowledged == 0 && waitpid(pid, NULL, WNOHANG) == 0)
			usleep(500);
		usleep((useconds_t)(i * 3000));
		kill(pid, SIGKILL);
		int status;

		waitpid(pid, &status, 0);
		assert_true(shared->acknowledged > 0);
		assert_true(shared->first > used); /* no seq twice */
		used = shared->used;
		int64_t now = sql_number(f->path, "SELECT count(*) FROM event");
		int64_t highest = sql_number(f->path, "SELECT max(seq) FROM event");

		assert_true((uint64_t)highest >= shared->acknowledged);
		/* The seqs of one life have no holes: all before the highest are there too. */
		assert_true((uint64_t)(now - rows) == (uint64_t)highest - shared->first + 1);
		rows = now;
	}
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
	munmap(shared, sizeof(*shared));
	fixture_open(f);
	struct store_figures figures;

	store_figures(f->st, &figures);
	assert_true(figures.event_next_seq > used);
	assert_int_equal(figures.event_first_seq, 1);
}

static void an_orderly_end_wastes_no_seqs(void **state)
{
	struct fixture *f = *state;
	struct store_figures figures;
	int rc;

	submit_frame(f, &rc, "{}");
	settle(f);
	fixture_close(f);
	fixture_open(f);
	store_figures(f->st, &figures);
	assert_int_equal(figures.event_next_seq, 2);
	assert_true(figures.epoch > 0);
	submit_frame(f, &rc, "{}");
	settle(f);
	assert_int_equal(rc, LS_OK);
	assert_int_equal(sql_number(f->path, "SELECT max(seq) FROM event"), 2);
}

/* --- sessions, joins, queue --- */

struct loaded {
	int devices, sessions, nonces, items, tenants, gateways, heard, foreign;
	struct session_row session[4];
	uint8_t mac[4][8]; /* what was borrowed */
	struct device_row device;
	char names[8][64];
	struct queue_row item[4];
	uint8_t data[4];
	uint16_t nonce;
};

static int load_json_row(void *arg, const json_t *row)
{
	struct loaded *l = arg;

	if (json_object_get(row, "gateway_id"))
		l->gateways++;
	else if (!json_object_get(row, "application_id") && !json_object_get(row, "profile_id"))
		l->tenants++;
	assert_non_null(json_string_value(json_object_get(row, "name")));
	return LS_OK;
}

static int load_device_row(void *arg, const struct device_row *row)
{
	struct loaded *l = arg;

	snprintf(l->names[l->devices++ % 8], 64, "%s", row->name);
	l->device = *row;
	return LS_OK;
}

static int load_session_row(void *arg, const struct session_row *row)
{
	struct loaded *l = arg;

	assert_true(row->mac_len <= sizeof(l->mac[0]));
	if (row->mac_len)
		memcpy(l->mac[l->sessions % 4], row->mac, row->mac_len);
	l->session[l->sessions++ % 4] = *row;
	return LS_OK;
}

static int load_nonce_row(void *arg, struct eui64 dev_eui, struct eui64 join_eui, uint16_t dev_nonce)
{
	struct loaded *l = arg;

	assert_true(eui64_equal(dev_eui, eui(1)));
	assert_true(eui64_equal(join_eui, eui(77)));
	l->nonces++;
	l->nonce = dev_nonce;
	return LS_OK;
}

static int load_queue_row(void *arg, const struct queue_row *row)
{
	struct loaded *l = arg;

	l->data[l->items % 4] = row->data_len ? row->data[0] : 0;
	l->item[l->items++ % 4] = *row;
	return LS_OK;
}

static int load_heard_row(void *arg, struct eui64 dev_eui, const uint8_t *octets, size_t len)
{
	struct loaded *l = arg;

	assert_true(eui64_equal(dev_eui, eui(1)));
	assert_int_equal(len, 2); /* the newest */
	assert_int_equal(octets[1], 9);
	l->heard++;
	return LS_OK;
}

static int load_foreign_row(void *arg, uint32_t net_id, uint64_t data_frames, uint64_t join_requests, int64_t last_us)
{
	struct loaded *l = arg;

	assert_int_equal(net_id, 0x600001);
	assert_int_equal(data_frames, 3);
	assert_int_equal(join_requests, 4);
	assert_int_equal(last_us, 5);
	l->foreign++;
	return LS_OK;
}

static struct store_loader loader(struct loaded *l)
{
	memset(l, 0, sizeof(*l));
	return (struct store_loader){.arg = l, .tenant = load_json_row, .application = load_json_row, .profile = load_json_row,
	                             .gateway = load_json_row, .device = load_device_row, .session = load_session_row,
	                             .nonce = load_nonce_row, .queue_item = load_queue_row, .heard = load_heard_row,
	                             .foreign = load_foreign_row};
}

static void what_was_written_is_loaded(void **state)
{
	struct fixture *f = *state;
	struct loaded got;
	struct store_loader l = loader(&got);
	struct session_row pending = session(1, SLOT_PENDING);
	struct session_up_row up = {.f_cnt_up = 4000000000u, .has_up = true, .up_hash = 0xfedcba9876543210u, .up_first_us = 12,
	                            .up_transmissions = 3, .up_answered = true, .dr = 5, .last_seen_us = 99,
	                            .device_class = CLASS_C, .rx1_delay_s = 5, .rx1_dr_offset = 2, .rx2_dr = 3,
	                            .rx2_freq_hz = 4000000002u};
	struct session_down_row down = {.f_cnt_down = 4000000001u, .a_f_cnt_down = 4000000003u,
	                                .conf_f_cnt_down = 4000000004u, .has_conf = true};
	static const uint8_t mac[] = {1, 0, 255};
	struct store_batch *b;
	struct uuid ids[3];
	char text[EUI64_TEXT_SIZE];

	populate(f);
	create(f, E_GATEWAY, json_pack("{s:s, s:s, s:s}", "gateway_id", "0016c001ff10a235", "name", "roof", "tenant_id", TENANT));
	create(f, E_DEVICE, device_json(1, "a"));
	assert_int_equal(do_write(f, WRITE_UPDATE, E_DEVICE_KEYS, eui_text(1, text),
	                          json_pack("{s:s}", "app_key", "000102030405060708090a0b0c0d0e0f")).rc, LS_OK);
	put_session(f, 1);
	b = store_batch_new();
	pending.dev_addr = 0xfe000001;
	pending.is_1_1 = true;
	memset(pending.keys.s_nwk_s_int_key.b, 0xc3, 16);
	memset(pending.keys.nwk_s_enc_key.b, 0xd4, 16);
	store_batch_join(b, eui(1), eui(77), 65535, 9);
	store_batch_session_put(b, &pending);
	store_batch_session_up(b, eui(1), SLOT_PENDING, &up, mac, sizeof(mac));
	store_batch_session_down(b, eui(1), SLOT_PENDING, &down, false, NULL, 0);
	for (int i = 0; i < 3; i++) {
		uint8_t data[2] = {(uint8_t)(10 + i), 0};
		struct queue_row q = {.queue_item_id = ids[i] = uuid_random(), .dev_eui = eui(1), .f_port = 10,
		                      .confirmed = i == 1, .created_us = 50, .retries = 3, .expires_us = 1000 + i,
		                      .not_before_us = i == 1 ? 900 : 0, .data = data, .data_len = i == 2 ? 0 : 2};

		store_batch_queue_put(b, &q);
	}
	store_batch_queue_state(b, ids[1], QUEUE_IN_FLIGHT, 17);
	store_batch_queue_attempts(b, ids[1], 2);
	store_batch_queue_delete(b, ids[0]);
	store_batch_heard(b, eui(1), (const uint8_t[]){8}, 1);
	store_batch_heard(b, eui(1), (const uint8_t[]){8, 9}, 2);
	store_batch_foreign(b, 0x600001, 3, 4, 5);
	store_batch_gateway_seen(b, (struct eui64){{0, 0x16, 0xc0, 1, 0xff, 0x10, 0xa2, 0x35}}, 1234567);
	assert_int_equal(commit(f, b), LS_OK);

	assert_int_equal(store_load(f->st, &l), LS_OK);
	assert_int_equal(got.tenants, 1);
	assert_int_equal(got.gateways, 1);
	assert_int_equal(got.devices, 1);
	assert_int_equal(got.foreign, 1);
	assert_int_equal(got.heard, 1);
	assert_int_equal(got.device.join_nonce, 9);
	assert_true(got.device.enabled && got.device.has_app_key);
	assert_int_equal(got.device.app_key.b[15], 15);
	assert_int_equal(got.sessions, 2);
	assert_int_equal(got.session[0].down.f_cnt_down, 7);
	assert_false(got.session[0].is_1_1 || got.session[0].down.has_conf);
	assert_int_equal(got.session[0].keys.nwk_s_enc_key.b[0], 0xa1); /* one key is all three before 1.1 */
	assert_int_equal(got.session[0].mac_len, 0);
	assert_false(got.session[0].up.has_up);
	const struct session_row *s = &got.session[1];

	assert_int_equal(s->slot, SLOT_PENDING);
	assert_int_equal(s->dev_addr, 0xfe000001);
	assert_int_equal(s->down.f_cnt_down, 4000000001u);
	assert_string_equal(s->region, "EU868");
	assert_int_equal(s->up.f_cnt_up, 4000000000u);
	assert_true(s->up.up_hash == 0xfedcba9876543210u);
	assert_int_equal(s->up.up_transmissions, 3);
	assert_false(s->up.up_answered); /* session_down said so */
	assert_int_equal(s->up.dr, 5);
	assert_int_equal(s->up.last_seen_us, 99);
	assert_int_equal(s->up.device_class, CLASS_C);
	assert_int_equal(s->up.rx1_delay_s, 5);
	assert_int_equal(s->up.rx1_dr_offset, 2);
	assert_int_equal(s->up.rx2_dr, 3);
	assert_int_equal(s->up.rx2_freq_hz, 4000000002u);
	assert_true(s->is_1_1);
	assert_int_equal(s->keys.f_nwk_s_int_key.b[0], 0xa1);
	assert_int_equal(s->keys.s_nwk_s_int_key.b[0], 0xc3);
	assert_int_equal(s->keys.nwk_s_enc_key.b[0], 0xd4);
	assert_int_equal(s->down.a_f_cnt_down, 4000000003u);
	assert_true(s->down.has_conf);
	assert_int_equal(s->down.conf_f_cnt_down, 4000000004u);
	assert_int_equal(s->mac_len, sizeof(mac)); /* session_down left it */
	assert_memory_equal(got.mac[1], mac, sizeof(mac));
	assert_int_equal(got.nonces, 1);
	assert_int_equal(got.nonce, 65535);
	assert_int_equal(got.items, 2);
	assert_int_equal(got.data[0], 11);
	assert_int_equal(got.item[0].state, QUEUE_IN_FLIGHT);
	assert_int_equal(got.item[0].f_cnt_down, 17);
	assert_true(got.item[0].confirmed);
	assert_int_equal(got.item[0].retries, 3);
	assert_int_equal(got.item[0].attempts, 2);
	assert_int_equal(got.item[0].expires_us, 1001);
	assert_int_equal(got.item[0].not_before_us, 900);
	assert_int_equal(got.item[1].not_before_us, 0);
	assert_false(got.item[1].has_f_cnt_down);
	assert_int_equal(got.item[1].data_len, 0);

	/* The pending one becomes the current one, and the old one is kept as replaced. */
	b = store_batch_new();
	store_batch_session_promote(b, eui(1));
	assert_int_equal(commit(f, b), LS_OK);
	l = loader(&got);
	assert_int_equal(store_load_devices(f->st, (struct eui64[]){eui(1), eui(5)}, 2, &l), LS_OK);
	assert_int_equal(got.devices, 1);
	assert_int_equal(got.sessions, 2);
	assert_int_equal(got.session[0].slot, SLOT_CURRENT);
	assert_int_equal(got.session[0].dev_addr, 0xfe000001);
	assert_int_equal(got.session[1].slot, SLOT_REPLACED);
	assert_int_equal(got.items, 2);
	b = store_batch_new();
	store_batch_session_promote(b, eui(1)); /* none waits */
	assert_int_equal(commit(f, b), LS_ENOTFOUND);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device_session WHERE slot = 0"), 1); /* and the current one stayed */
}

/* What is in the slots of device 1, as "slot:first octet of its key" in the order of slots. */
static void expect_sessions(struct fixture *f, const char *expected)
{
	struct loaded got;
	struct store_loader l = loader(&got);
	char text[64] = "";

	assert_int_equal(store_load_devices(f->st, (struct eui64[]){eui(1)}, 1, &l), LS_OK);
	for (int i = 0; i < got.sessions; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d:%02x", i ? " " : "", got.session[i].slot,
		         got.session[i].keys.f_nwk_s_int_key.b[0]);
	assert_string_equal(text, expected);
}

/* The session in use ends; with a key the next one begins, as an activation by hand does it. */
static void retire(struct fixture *f, uint8_t next_key)
{
	struct store_batch *b = store_batch_new();
	struct session_row next = session(1, SLOT_CURRENT);

	memset(next.keys.f_nwk_s_int_key.b, next_key, sizeof(next.keys.f_nwk_s_int_key.b));
	store_batch_session_retire(b, eui(1), next_key ? &next.keys.f_nwk_s_int_key : NULL);
	if (next_key)
		store_batch_session_put(b, &next);
	assert_int_equal(commit(f, b), LS_OK);
}

static void a_retired_session_keeps_its_counters(void **state)
{
	struct fixture *f = *state;
	struct session_row pending = session(1, SLOT_PENDING);
	struct store_batch *b;

	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	retire(f, 0); /* nothing there: nothing happens */
	expect_sessions(f, "");
	put_session(f, 1);
	b = store_batch_new();
	store_batch_session_put(b, &pending);
	assert_int_equal(commit(f, b), LS_OK);
	retire(f, 0);
	expect_sessions(f, "2:a1");
	assert_int_equal(sql_number(f->path, "SELECT f_cnt_down FROM device_session"), 7);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device_session_view"), 0);
	retire(f, 0); /* again: it stays */
	expect_sessions(f, "2:a1");
	retire(f, 0x11);
	expect_sessions(f, "0:11 2:a1");
	retire(f, 0x11); /* the same keys again: the older one stays */
	expect_sessions(f, "0:11 2:a1");
	retire(f, 0xa1); /* back to them */
	expect_sessions(f, "0:a1 2:11");
}

static void a_join_nonce_never_falls(void **state)
{
	struct fixture *f = *state;
	struct store_batch *b;

	populate(f);
	create(f, E_DEVICE, device_json(1, "a"));
	b = store_batch_new();
	store_batch_join(b, eui(1), eui(77), 1, 5);
	assert_int_equal(commit(f, b), LS_OK);
	b = store_batch_new();
	store_batch_join(b, eui(1), eui(77), 2, 5);
	assert_int_equal(commit(f, b), LS_ECONFLICT);
	assert_int_equal(sql_number(f->path, "SELECT count(*) FROM device_nonce"), 1);
	b = store_batch_new();
	store_batch_join(b, eui(2), eui(77), 2, 5);
	assert_int_equal(commit(f, b), LS_ENOTFOUND); /* no such device */
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_batch_is_done_only_when_others_see_it),
		TEST(batches_come_back_in_order),
		TEST(a_large_batch_fits_its_arena),
		TEST(a_conflict_undoes_only_its_own_batch),
		TEST(a_missing_row_undoes_only_its_own_batch),
		TEST(a_failing_batch_keeps_its_reservation),
		TEST(a_failed_commit_fails_all_behind_and_then_recovers),
		TEST(a_failed_reservation_is_made_again),
		TEST(closing_finishes_what_waits_and_what_follows),
		TEST(a_lazy_batch_alone_is_written_within_a_second_or_so),
		TEST(nothing_acknowledged_is_lost_by_a_kill),
		TEST(an_orderly_end_wastes_no_seqs),
		TEST(what_was_written_is_loaded),
		TEST(a_retired_session_keeps_its_counters),
		TEST(a_join_nonce_never_falls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
