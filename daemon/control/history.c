/* history.c - the journal of changes, and the trash, which is its deletions. */
#include <string.h>

#include "base/error.h"
#include "control/internal.h"

/* What is typed is an EUI, an id, or the name an object had. */
json_t *history_scope(const char *text)
{
	char id[UUID_TEXT_SIZE];
	struct eui64 eui;
	struct uuid uuid;

	if (!text)
		return NULL;
	if (eui64_parse(text, &eui) == LS_OK)
		return json_pack("{s:s}", "object_id", eui64_format(eui, id));
	if (uuid_parse(text, &uuid) == LS_OK)
		return json_pack("{s:s}", "object_id", uuid_format(uuid, id));
	return json_pack("{s:s}", "name", text);
}

int do_HISTORY(struct server *srv, struct request *r)
{
	json_t *scope = history_scope(request_text(r, "object"));

	return crud_list(srv, r, scope ? scope : json_object(), NULL);
}

int do_TRASH_LIST(struct server *srv, struct request *r)
{
	return crud_list(srv, r, json_object(), NULL);
}
