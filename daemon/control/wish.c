/* wish.c - what is checked of desired MAC parameters, of a profile and of a device alike. */
#include "base/error.h"
#include "control/internal.h"

int request_check_wish(struct request *r)
{
	const char *text = request_text(r, "desired_channels");
	uint64_t mask[2];

	if (!text || channel_list_parse(text, mask) == LS_OK)
		return LS_OK;
	return request_refuse(r, LS_EFORMAT, "desired_channels", NULL, "--desired-channels 8-15,65",
	                      "'%.60s' is not a list of channel numbers", text);
}
