/* mac.c - the MAC layer of a device: what it is wished to be and what it is, and commands queued for it by hand. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/word_list.h"
#include "control/internal.h"
#include "network/mac_session.h"
#include "network/mac_show.h"

#define DEVICE (&model_entities[E_DEVICE])
#define WORDS_SIZE 512

/* The session in use, in a region that is enabled; else refused. */
static struct session *session_of(struct request *r, const struct device *d)
{
	struct session *s = d->sessions[SLOT_CURRENT];

	if (s && s->region)
		return s;
	request_refuse(r, LS_ENOTFOUND, "dev_eui", s ? "its region is not enabled" : "it has not joined", "lsctl device session show ID",
	               "device %s has no session in use", request_text(r, "dev_eui"));
	return NULL;
}

/* --- show --- */

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

int do_DEVICE_MAC_SHOW(struct server *srv, struct request *r)
{
	struct device *d = request_device(srv, r);
	struct session *s = d ? session_of(r, d) : NULL;
	struct mac_show_row rows[MAC_SHOW_ROWS_MAX];
	struct mac_env env;
	struct mac_state state;
	struct mac_goal goal;
	struct mac_rx rx;
	json_t *items;
	size_t n;

	if (!s)
		return LS_ENOTFOUND;
	rx = (struct mac_rx){s->up.rx1_delay_s, s->up.rx1_dr_offset, s->up.rx2_dr, s->up.rx2_freq_hz};
	mac_session_env(s, &env);
	mac_session_state(s, &state);
	mac_session_goal(s, &env, &state, &goal);
	n = mac_show(&env, &state, &rx, &goal, rows);
	items = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, json_pack("{s:s, s:o, s:o, s:o, s:o}", "item", rows[i].item,
		                                       "wish", text_or_null(rows[i].wish),
		                                       "acknowledged", text_or_null(rows[i].acknowledged),
		                                       "refused", text_or_null(rows[i].refused),
		                                       "asked", text_or_null(rows[i].asked)));
	request_answer(r, json_pack("{s:o, s:n, s:I}", "items", items, "next_cursor", "total", (json_int_t)n));
	return LS_OK;
}

/* --- send --- */

/* Commands an operator may send, or the fields of one: for messages. */
static const char *command_words(char words[WORDS_SIZE])
{
	words[0] = '\0';
	for (int id = 0; id < MAC_ID__COUNT; id++) {
		const struct mac_command_row *row = mac_row((enum mac_id)id);

		if (row->dir == LW_DOWN && !(row->flags & MAC_IS_ANSWER))
			word_list_add(words, WORDS_SIZE, ", ", row->name);
	}
	return words;
}

static const char *field_words(const struct mac_command_row *row, char words[WORDS_SIZE])
{
	snprintf(words, WORDS_SIZE, "%s", mac_command_n_fields(row) ? "" : "it has none");
	for (unsigned n = 0; n < mac_command_n_fields(row); n++)
		word_list_add(words, WORDS_SIZE, ", ", mac_command_field(row, n)->name);
	return words;
}

/* "data_rate=3,nb_trans=2" into the message. */
static int take_fields(struct request *r, const char *fields, struct mac_message *m)
{
	char text[256], words[WORDS_SIZE], *word, *rest = text;

	if (strlen(fields) >= sizeof(text))
		return request_refuse(r, LS_ELONG, "values", NULL, NULL, "the values are longer than %zu characters", sizeof(text) - 1);
	snprintf(text, sizeof(text), "%s", fields);
	while ((word = strtok_r(NULL, ", ", &rest))) {
		char *value = strchr(word, '=');
		int rc;

		if (!value)
			return request_refuse(r, LS_EFORMAT, "values", NULL, "--values data_rate=3,nb_trans=2",
			                      "'%s' is no name and value", word);
		*value++ = '\0';
		rc = mac_set_text(m, word, value);
		if (rc == LS_ENOTFOUND)
			return request_refuse(r, LS_EINVAL, "values", field_words(m->row, words), NULL, "%s has no field '%s'",
			                      m->row->name, word);
		if (rc)
			return request_refuse(r, rc, "values", NULL, NULL, "%s of %s: '%s' is %s", word, m->row->name, value,
			                      rc == LS_ERANGE ? "out of range" : "no number");
	}
	return LS_OK;
}

/* A command by its name. */
static int by_name(struct request *r, const char *name, uint8_t *out, size_t size, size_t *len)
{
	const char *fields = request_text(r, "values");
	struct mac_message m = {.row = mac_command_find(name, LW_DOWN)};
	char words[WORDS_SIZE];
	unsigned bad;
	int rc;

	if (!m.row || m.row->flags & MAC_IS_ANSWER)
		return request_refuse(r, LS_EINVAL, "command", command_words(words), NULL, "no MAC command '%s'", name);
	rc = fields ? take_fields(r, fields, &m) : LS_OK;
	if (rc)
		return rc;
	rc = mac_encode(&m, out, size, len, &bad);
	if (rc == LS_ERANGE)
		return request_refuse(r, rc, "values", NULL, NULL, "%s of %s does not fit its field", mac_command_field(m.row, bad)->name,
		                      m.row->name);
	return rc;
}

/* Commands as octets, each with its CID. */
static int by_hex(struct request *r, const char *hex, uint8_t *out, size_t size, size_t *len)
{
	int rc = hex_decode(hex, strlen(hex), out, size, len);

	if (rc == LS_ELONG)
		return request_refuse(r, rc, "data", NULL, NULL, "more than %zu octets", size);
	return rc ? request_refuse(r, rc, "data", NULL, NULL, "data: not hex digits in pairs") : LS_OK;
}

/* Known, whole, of the server, and of a version the device has. */
static int check_commands(struct request *r, const struct device *d, const uint8_t *list, size_t len)
{
	enum mac_version version = d->profile->mac_version;
	struct mac_command c;
	struct mac_iter it;
	unsigned n = 0;

	mac_iter_init(&it, LW_DOWN, list, len);
	while (mac_iter_next(&it, &c)) {
		n++;
		if (c.row->flags & MAC_IS_ANSWER)
			return request_refuse(r, LS_EINVAL, "data", NULL, NULL, "%s answers what the device asks; it is not sent by hand",
			                      c.name);
		if (c.row->since > version)
			return request_refuse(r, LS_EINVAL, "command", "its profile says what it knows", NULL,
			                      "%s is of LoRaWAN %s, the device of %s", c.name, mac_version_rules(c.row->since)->name,
			                      mac_version_rules(version)->name);
	}
	if (it.stopped)
		return request_refuse(r, LS_EINVAL, "data", NULL, NULL, "octet %zu begins no whole MAC command",
		                      (size_t)(it.at - list) + 1);
	return n ? LS_OK : request_refuse(r, LS_EUSAGE, "command", NULL, NULL, "no MAC command is given");
}

struct send {
	uint32_t dev_addr;
	size_t len;
	uint8_t blob[MAC_STATE_OCTETS_MAX];
	struct mac_state state;
};

static int apply_send(struct server *srv, struct write *w)
{
	const struct send *own = w->own;
	struct eui64 dev_eui;
	struct device *d = eui64_parse(w->id, &dev_eui) ? NULL : fleet_device(&srv->fleet, dev_eui);
	struct session *s = d ? device_session_of(d, own->dev_addr) : NULL;

	return s ? mac_session_keep(s, &own->state) : LS_OK;
}

/* Queue it behind the others; it goes with the answer to the device's next uplink. */
static int submit_send(struct server *srv, struct request *r, struct device *d, const struct session *s, const uint8_t *list,
                       size_t len)
{
	struct write *w;
	struct send *own;
	int rc;

	w = device_write_begin(srv, r, DEVICE, sizeof(*own));
	if (!w)
		return crud_submit(srv, r, NULL);
	own = w->own;
	own->dev_addr = s->dev_addr;
	mac_session_state(s, &own->state);
	if (own->state.manual_len + len > MAC_MANUAL_MAX) {
		write_abandon(srv, w);
		return request_refuse(r, LS_ECONFLICT, "command", NULL, "lsctl device mac show ID",
		                      "%u octets wait already, there is room for %d", own->state.manual_len, MAC_MANUAL_MAX);
	}
	memcpy(own->state.manual + own->state.manual_len, list, len);
	own->state.manual_len = (uint8_t)(own->state.manual_len + len);
	own->len = mac_state_encode(&own->state, own->blob);
	write_hold_device(srv, w, d);
	rc = store_batch_session_up(w->batch, d->dev_eui, s->slot, &s->up, own->blob, own->len);
	if (rc) {
		write_abandon(srv, w);
		return rc;
	}
	w->apply = apply_send;
	w->result = json_pack("{s:s, s:i}", "dev_eui", w->id, "waiting", own->state.manual_len - own->state.manual_sent);
	return write_submit(srv, w);
}

int do_DEVICE_MAC_SEND(struct server *srv, struct request *r)
{
	const char *name = request_text(r, "command"), *hex = request_text(r, "data");
	struct device *d = request_device(srv, r);
	struct session *s = d ? session_of(r, d) : NULL;
	uint8_t list[MAC_MANUAL_MAX];
	size_t len;
	int rc;

	if (!s)
		return LS_ENOTFOUND;
	if (!name == !hex)
		return request_refuse(r, LS_EUSAGE, "command", NULL, "lsctl device mac send ID dev-status",
		                      "one of a command's name and --hex is needed");
	rc = name ? by_name(r, name, list, sizeof(list), &len) : by_hex(r, hex, list, sizeof(list), &len);
	if (!rc)
		rc = check_commands(r, d, list, len);
	return rc ? rc : submit_send(srv, r, d, s, list, len);
}
