/* payload.c - the payload of a downlink among the parameters of a request. */
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/hex.h"
#include "control/internal.h"

static const char *const payload_params[] = {"data", "data_base64", "data_text"};

int request_payload(struct request *r, uint8_t data[PAYLOAD_MAX], size_t *len)
{
	const char *given = NULL, *text = NULL;
	int rc;

	for (size_t i = 0; i < 3; i++) {
		if (!request_text(r, payload_params[i]))
			continue;
		if (given)
			return request_refuse(r, LS_EUSAGE, payload_params[i], NULL, NULL, "the payload is given twice: %s and %s", given,
			                      payload_params[i]);
		given = payload_params[i];
		text = request_text(r, given);
	}
	if (!given)
		return request_refuse(r, LS_EUSAGE, "data", NULL, "--hex 01ff", "no payload is given (--hex, --base64 or --text)");
	*len = strlen(text);
	if (strcmp(given, "data") == 0) {
		rc = hex_decode(text, *len, data, PAYLOAD_MAX, len);
	} else if (strcmp(given, "data_base64") == 0) {
		rc = base64_decode(text, *len, data, PAYLOAD_MAX, len);
	} else {
		rc = *len > PAYLOAD_MAX ? LS_ELONG : LS_OK;
		if (!rc)
			memcpy(data, text, *len);
	}
	if (rc == LS_ELONG)
		return request_refuse(r, LS_ELONG, given, NULL, NULL, "the payload is longer than %d octets", PAYLOAD_MAX);
	if (rc)
		return request_refuse(r, rc, given, NULL, NULL, "%s: not %s", given,
		                      strcmp(given, "data") == 0 ? "hex digits in pairs" : "base64");
	return LS_OK;
}
