/* methods.c - own parameters of control methods, and the table of methods.def. */
#include "model/entities.h"
#include "model/model.h"

#define NO_LIMIT 0, 0

/* name, type, flags, min, max, choices, preset, column, cli, synonyms, width, help */
static const struct field params_none[] = {{0}};

static const struct field params_hello[] = {
	{"client", FT_TEXT, 0, 0, 128, NULL, NULL, NULL, NULL, NULL, 0, "Name and version of the client"},
	{"read_only", FT_BOOL, 0, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 0, "Refuse every change on this connection, until it ends"},
	{0}};

static const struct field params_bulk[] = {
	{"keep_going", FT_BOOL, 0, NO_LIMIT, NULL, "false", NULL, NULL, NULL, 0, "Do what can be done, leave what cannot"},
	{"separate", FT_BOOL, 0, NO_LIMIT, NULL, "false", NULL, NULL, NULL, 0,
	 "Every write was asked for by itself: together they need not be counted"},
	{0}};

static const struct field params_describe[] = {
	{"noun", FT_TEXT, FF_POSITIONAL, 0, 64, NULL, NULL, NULL, NULL, NULL, 0, "Only this entity"},
	{0}};

static const struct field params_cancel[] = {
	{"id", FT_INT, FF_REQUIRED, 0, INT64_MAX, NULL, NULL, NULL, NULL, NULL, 0, "Id of the request to end"},
	{0}};

static const struct field params_reveal[] = {
	{"show_secrets", FT_BOOL, 0, NO_LIMIT, NULL, "false", NULL, NULL, NULL, 0, "Keys in full instead of masked"},
	{0}};

static const struct field params_device_create[] = {
	{"app_key", FT_KEY, FF_SECRET, NO_LIMIT, NULL, NULL, NULL, NULL, "appkey", 0,
	 "Root key (AppKey) for joining"},
	{"nwk_key", FT_KEY, FF_SECRET, NO_LIMIT, NULL, NULL, NULL, NULL, "nwkkey", 0,
	 "NwkKey of LoRaWAN 1.1; refused for 1.0.x profiles"},
	{0}};

static const struct field params_device_activate[] = {
	{"dev_addr", FT_DEV_ADDR, FF_REQUIRED, NO_LIMIT, NULL, NULL, NULL, NULL, "devaddr", 0, "Device address"},
	{"nwk_s_key", FT_KEY, FF_SECRET, NO_LIMIT, NULL, NULL, NULL, NULL, "nwkskey", 0,
	 "Network session key (1.0.x)"},
	{"f_nwk_s_int_key", FT_KEY, FF_SECRET, NO_LIMIT, NULL, NULL, NULL, NULL, "fnwksintkey", 0,
	 "Forwarding network session integrity key (1.1)"},
	{"s_nwk_s_int_key", FT_KEY, FF_SECRET, NO_LIMIT, NULL, NULL, NULL, NULL, "snwksintkey", 0,
	 "Serving network session integrity key (1.1)"},
	{"nwk_s_enc_key", FT_KEY, FF_SECRET, NO_LIMIT, NULL, NULL, NULL, NULL, "nwksenckey", 0,
	 "Network session encryption key (1.1)"},
	{"app_s_key", FT_KEY, FF_REQUIRED | FF_SECRET, NO_LIMIT, NULL, NULL, NULL, NULL, "appskey", 0,
	 "Application session key"},
	{"f_cnt_up", FT_INT, 0, 0, UINT32_MAX, NULL, "0", NULL, NULL, "fcntup", 0, "Next expected uplink counter"},
	{"f_cnt_down", FT_INT, 0, 0, UINT32_MAX, NULL, "0", NULL, NULL, "fcntdown", 0,
	 "Next downlink counter to send; of 1.1 the network's"},
	{"a_f_cnt_down", FT_INT, 0, 0, UINT32_MAX, NULL, "0", NULL, NULL, "afcntdown", 0,
	 "Next application downlink counter to send (1.1)"},
	{"rx1_delay_s", FT_INT, 0, 1, 15, NULL, NULL, NULL, NULL, NULL, 0, "RX1 delay; else the profile's"},
	{"rx1_dr_offset", FT_INT, 0, 0, 7, NULL, NULL, NULL, NULL, NULL, 0, "RX1 data rate offset; else the profile's"},
	{"rx2_dr", FT_INT, 0, 0, 15, NULL, NULL, NULL, NULL, NULL, 0, "RX2 data rate; else the profile's"},
	{"rx2_freq_hz", FT_INT, 0, 1, UINT32_MAX, NULL, NULL, NULL, NULL, NULL, 0, "RX2 frequency; else the profile's"},
	{0}};

static const struct field params_send_proprietary[] = {
	{"data", FT_HEX, FF_REQUIRED, 0, 254, NULL, NULL, NULL, "hex", NULL, 0, "What follows the MHDR, which is e0"},
	{"freq_hz", FT_INT, FF_REQUIRED, 1, UINT32_MAX, NULL, NULL, NULL, "freq", NULL, 0, "Frequency in Hz"},
	{"dr", FT_INT, 0, 0, 15, NULL, NULL, NULL, NULL, NULL, 0, "Downlink data rate of the gateway's region"},
	{"sf", FT_INT, 0, 5, 12, NULL, NULL, NULL, NULL, NULL, 0, "Or LoRa with this spreading factor"},
	{"bandwidth_hz", FT_INT, 0, 7800, 1625000, NULL, "125000", NULL, NULL, NULL, 0, "and this bandwidth"},
	{"power_dbm", FT_INT, 0, 0, 36, NULL, NULL, NULL, "power", NULL, 0, "EIRP; else the limit of the frequency"},
	{0}};

static const struct field params_region_show[] = {
	{"name", FT_TEXT, FF_POSITIONAL | FF_REQUIRED, 1, 31, NULL, NULL, NULL, NULL, NULL, 0,
	 "Configuration, or a region that has one"},
	{"revision", FT_TEXT, 0, 1, 16, NULL, "\"RP002-1.0.4\"", NULL, NULL, NULL, 0,
	 "As devices of this revision see it, like RP001-1.0.2-B or RP002-1.0.5"},
	{0}};

static const struct field params_queue_push[] = {
	{"dev_eui", FT_REF, FF_POSITIONAL | FF_REQUIRED, NO_LIMIT, "device", NULL, NULL, NULL, NULL, 0, "Device"},
	{"f_port", FT_INT, FF_REQUIRED, 1, 223, NULL, NULL, NULL, "port", "fport", 0, "Application port, 1 to 223"},
	{"data", FT_HEX, 0, 0, 242, NULL, NULL, NULL, "hex", NULL, 0, "Payload as hex"},
	{"data_base64", FT_TEXT, 0, 0, 328, NULL, NULL, NULL, "base64", NULL, 0, "Payload as base64"},
	{"data_text", FT_TEXT, 0, 0, 242, NULL, NULL, NULL, "text", NULL, 0, "Payload as UTF-8 text"},
	{"confirmed", FT_BOOL, 0, NO_LIMIT, NULL, "false", NULL, NULL, NULL, 0, "Ask the device to acknowledge"},
	{"retries", FT_INT, 0, 0, 100, NULL, "0", NULL, NULL, NULL, 0,
	 "How often again without an acknowledgement"},
	{"expires_at", FT_TIME, FF_AHEAD, NO_LIMIT, NULL, NULL, NULL, "expires", NULL, 0,
	 "Given up if not sent until then: 1h, or a time"},
	{"not_before", FT_TIME, FF_AHEAD, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 0,
	 "Not sent earlier: in 1h, or a time"},
	{"id", FT_UUID, 0, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 0, "Id of the item; made by the server if absent"},
	{0}};

static const struct field params_queue_device[] = {
	{"dev_eui", FT_REF, FF_POSITIONAL | FF_REQUIRED, NO_LIMIT, "device", NULL, NULL, NULL, NULL, 0, "Device"},
	{0}};

static const struct field params_mac_send[] = {
	{"dev_eui", FT_REF, FF_POSITIONAL | FF_REQUIRED, NO_LIMIT, "device", NULL, NULL, NULL, NULL, 0, "Device"},
	{"command", FT_TEXT, FF_POSITIONAL, 1, 40, NULL, NULL, NULL, NULL, NULL, 0,
	 "Name of the command, like dev-status, link-adr, force-rejoin"},
	{"values", FT_TEXT, 0, 1, 255, NULL, NULL, NULL, NULL, NULL, 0,
	 "Its fields, like data_rate=3,nb_trans=2; those not named are 0"},
	{"data", FT_HEX, 0, 1, 48, NULL, NULL, NULL, "hex", NULL, 0, "Instead: commands as octets, each with its CID"},
	{0}};

static const struct field params_queue_flush[] = {
	{"dev_eui", FT_REF, FF_POSITIONAL | FF_REQUIRED, NO_LIMIT, "device", NULL, NULL, NULL, NULL, 0, "Device"},
	{"all", FT_BOOL, 0, NO_LIMIT, NULL, "false", NULL, NULL, NULL, 0, "Also the item in flight"},
	{0}};

#define MULTICAST_PARAM                                                                          \
	{"multicast_id", FT_REF, FF_POSITIONAL | FF_REQUIRED, NO_LIMIT, "multicast", NULL, NULL, NULL, NULL, 0, \
	 "Multicast group"}

static const struct field params_multicast[] = {MULTICAST_PARAM, {0}};

static const struct field params_multicast_device[] = {
	MULTICAST_PARAM,
	{"dev_eui", FT_REF, FF_POSITIONAL | FF_REQUIRED, NO_LIMIT, "device", NULL, NULL, NULL, NULL, 0, "Device"},
	{0}};

static const struct field params_multicast_gateway[] = {
	MULTICAST_PARAM,
	{"gateway_id", FT_REF, FF_POSITIONAL | FF_REQUIRED, NO_LIMIT, "gateway", NULL, NULL, NULL, NULL, 0, "Gateway"},
	{0}};

static const struct field params_multicast_push[] = {
	MULTICAST_PARAM,
	{"f_port", FT_INT, FF_REQUIRED, 1, 223, NULL, NULL, NULL, "port", "fport", 0, "Application port, 1 to 223"},
	{"data", FT_HEX, 0, 0, 242, NULL, NULL, NULL, "hex", NULL, 0, "Payload as hex"},
	{"data_base64", FT_TEXT, 0, 0, 328, NULL, NULL, NULL, "base64", NULL, 0, "Payload as base64"},
	{"data_text", FT_TEXT, 0, 0, 242, NULL, NULL, NULL, "text", NULL, 0, "Payload as UTF-8 text"},
	{"expires_at", FT_TIME, FF_AHEAD, NO_LIMIT, NULL, NULL, NULL, "expires", NULL, 0,
	 "Given up if not sent until then: 1h, or a time"},
	{"id", FT_UUID, 0, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 0, "Id of the item; made by the server if absent"},
	{0}};

static const struct field params_history[] = {
	{"object", FT_TEXT, FF_POSITIONAL, 1, 128, NULL, NULL, NULL, NULL, NULL, 0,
	 "Only changes of this: an EUI, an id, or a name"},
	{0}};

static const struct field params_undo[] = {
	{"change", FT_INT, FF_POSITIONAL, 1, INT64_MAX, NULL, NULL, NULL, NULL, NULL, 0,
	 "Number of the change; else your last one"},
	{0}};

static const struct field params_trash[] = {
	{"object", FT_TEXT, FF_POSITIONAL | FF_REQUIRED, 1, 128, NULL, NULL, NULL, NULL, NULL, 0,
	 "EUI, id or name of what was deleted, or the number of the change"},
	{0}};

#define DEVICE_SCOPE                                                                             \
	{"tenant_id", FT_REF, 0, NO_LIMIT, "tenant", NULL, NULL, "tenant", "tenant", 0,              \
	 "Only of devices of this tenant"},                                                          \
	{"application_id", FT_REF, 0, NO_LIMIT, "application", NULL, NULL, "app", "app application", 0, \
	 "Only of devices of this application"}

static const struct field params_scope[] = {DEVICE_SCOPE, {0}};

static const struct field params_window[] = {
	DEVICE_SCOPE,
	{"since", FT_TIME, 0, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 0, "From this time on"},
	{"until", FT_TIME, 0, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 0, "Up to this time"},
	{0}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]) - 1)

/* The wire name is filled from the words by method_find() and `name` below: words with dots. */
const struct method model_methods[M__COUNT] = {
#define METHOD(id, words, entity, shape, right, params, result, help)                                    \
	[M_##id] = {M_##id, words, entity, shape, right, result, help, params, COUNT(params)},
#include "model/methods.def"
#undef METHOD
};
