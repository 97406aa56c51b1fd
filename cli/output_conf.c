/* output_conf.c - objects as the text that apply and edit take (model/conf.h). */
#include <stdio.h>

#include "model/conf.h"
#include "output.h"
#include "terminal.h"

/* What -F leaves of an object: its id and its name say which it is. */
static json_t *chosen_of(const struct output *out, const json_t *item)
{
	const struct field *id = entity_id_field(out->entity);
	json_t *part = json_object();

	json_object_set(part, id->name, json_object_get(item, id->name));
	if (id->type == FT_UUID)
		json_object_set(part, "name", json_object_get(item, "name"));
	for (size_t i = 0; i < out->columns.n; i++) {
		const struct field *f = out->columns.at[i].f;
		char key[FIELD_FLAG_SIZE + 8];

		if (!f)
			continue;
		json_object_set(part, f->name, json_object_get(item, f->name));
		if (f->type != FT_REF)
			continue;
		snprintf(key, sizeof(key), "%s_name", f->choices);
		json_object_set(part, key, json_object_get(item, key));
	}
	return part;
}

static void conf_row(struct output *out, json_t *item)
{
	json_t *object = out->columns.chosen ? chosen_of(out, item) : json_incref(item);

	text_buf_reset(&out->cell);
	if (out->n_rows > 0)
		text_putc(&out->cell, '\n');
	conf_write(&out->cell, out->entity, object);
	put_json_text(stdout, out->cli->out_tty, out->cell.len ? out->cell.data : "", out->cell.len);
	json_decref(object);
}

const struct output_form output_conf = {.name = "conf", .all_fields = true, .row = conf_row};
