/*
 * entities.c - the fields of every entity. One row adds a field everywhere: argument check, SQL,
 * lsctl flags and columns, CSV, help, schema, manual. The column itself comes by a migration.
 */
#include "model/entities.h"
#include "model/model.h"

#define NO_LIMIT 0, 0
#define NAME_MAX_CHARS 128

/* name, type, flags, min, max, choices, preset, column, cli, synonyms, width, help */
#define NAME_FIELD(what)                                                                         \
	{"name", FT_TEXT, FF_REQUIRED | FF_COLUMN | FF_INDEXED, 1, NAME_MAX_CHARS, NULL, NULL,   \
	 "name", NULL, "label", 20, "Name of the " what}
#define DESCRIPTION_FIELD                                                                        \
	{"description", FT_TEXT, 0, 0, 1000, NULL, "\"\"", "description", NULL, "comment", 24,   \
	 "Free text"}
#define TAGS_FIELD                                                                               \
	{"tags", FT_TAGS, 0, NO_LIMIT, NULL, "{}", "tags", "tag", NULL, 20,                      \
	 "Key=value pairs, carried in events"}
#define TIMES_FIELDS                                                                             \
	{"created_at", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, "created_at", NULL, NULL, 20, \
	 "When it was created"},                                                                 \
	{"updated_at", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, "updated_at", NULL, NULL, 20, \
	 "When it was last changed"}
#define TENANT_NAME_FIELD                                                                        \
	{"tenant_name", FT_TEXT, FF_READONLY | FF_VIEW, NO_LIMIT, NULL, NULL, "tenant_name",     \
	 NULL, NULL, 12, "Name of the tenant"}

static const struct field tenant_fields[] = {
	{"tenant_id", FT_UUID, FF_ID | FF_GENERATED | FF_IMMUTABLE, NO_LIMIT, NULL, NULL, "tenant_id", "id",
	 NULL, 36, "Id of the tenant"},
	{"name", FT_TEXT, FF_REQUIRED | FF_COLUMN | FF_INDEXED | FF_POSITIONAL, 1, NAME_MAX_CHARS, NULL, NULL,
	 "name", NULL, "label", 20, "Name of the tenant"},
	DESCRIPTION_FIELD,
	TAGS_FIELD,
	TIMES_FIELDS,
};

static const struct field application_fields[] = {
	{"application_id", FT_UUID, FF_ID | FF_GENERATED | FF_IMMUTABLE, NO_LIMIT, NULL, NULL,
	 "application_id", "id", NULL, 36, "Id of the application"},
	{"name", FT_TEXT, FF_REQUIRED | FF_COLUMN | FF_INDEXED | FF_POSITIONAL, 1, NAME_MAX_CHARS, NULL, NULL,
	 "name", NULL, "label", 20, "Name of the application"},
	{"tenant_id", FT_REF, FF_REQUIRED | FF_IMMUTABLE | FF_PARENT, NO_LIMIT, "tenant", NULL, "tenant_id",
	 "tenant", "tenant", 36, "Tenant that owns it"},
	{"tenant_name", FT_TEXT, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "tenant_name", NULL,
	 NULL, 12, "Name of the tenant"},
	DESCRIPTION_FIELD,
	TAGS_FIELD,
	{"device_count", FT_INT, FF_READONLY | FF_VIEW | FF_COLUMN, 0, INT64_MAX, NULL, NULL, "device_count",
	 NULL, NULL, 8, "Devices in it"},
	TIMES_FIELDS,
};

static const struct field profile_fields[] = {
	{"profile_id", FT_UUID, FF_ID | FF_GENERATED | FF_IMMUTABLE, NO_LIMIT, NULL, NULL, "profile_id", "id",
	 NULL, 36, "Id of the profile"},
	{"name", FT_TEXT, FF_REQUIRED | FF_COLUMN | FF_INDEXED | FF_POSITIONAL, 1, NAME_MAX_CHARS, NULL, NULL,
	 "name", NULL, "label", 20, "Name of the profile"},
	{"tenant_id", FT_REF, FF_REQUIRED | FF_IMMUTABLE | FF_PARENT, NO_LIMIT, "tenant", NULL, "tenant_id",
	 "tenant", "tenant", 36, "Tenant that owns it"},
	{"tenant_name", FT_TEXT, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "tenant_name", NULL,
	 NULL, 12, "Name of the tenant"},
	{"region", FT_ENUM, FF_REQUIRED | FF_COLUMN, NO_LIMIT, "EU868 US915", NULL, "region", NULL, NULL, 8,
	 "Region the devices are made for"},
	{"mac_version", FT_ENUM, FF_REQUIRED | FF_COLUMN, NO_LIMIT, "1.0.0 1.0.1 1.0.2 1.0.3 1.0.4", NULL,
	 "mac_version", NULL, "macversion", 8, "LoRaWAN version of the devices"},
	{"supports_otaa", FT_BOOL, 0, NO_LIMIT, NULL, "true", "supports_otaa", NULL, NULL, 5,
	 "Devices may join over the air"},
	{"flush_queue_on_join", FT_BOOL, 0, NO_LIMIT, NULL, "false", "flush_queue_on_join", NULL, NULL, 5,
	 "Drop queued downlinks when a device joins"},
	DESCRIPTION_FIELD,
	TAGS_FIELD,
	TIMES_FIELDS,
};

static const struct field gateway_fields[] = {
	{"gateway_id", FT_EUI, FF_ID | FF_REQUIRED | FF_IMMUTABLE | FF_COLUMN | FF_POSITIONAL, NO_LIMIT, NULL,
	 NULL, "gateway_id", "id", "gateway_eui eui", 16, "EUI of the gateway"},
	{"name", FT_TEXT, FF_REQUIRED | FF_COLUMN | FF_INDEXED | FF_NO_EUI, 1, NAME_MAX_CHARS, NULL, NULL, "name", NULL,
	 "label", 16, "Name of the gateway"},
	{"tenant_id", FT_REF, FF_REQUIRED | FF_IMMUTABLE | FF_PARENT, NO_LIMIT, "tenant", NULL, "tenant_id",
	 "tenant", "tenant", 36, "Tenant that owns it"},
	{"tenant_name", FT_TEXT, FF_READONLY | FF_VIEW, NO_LIMIT, NULL, NULL, "tenant_name", NULL, NULL, 12,
	 "Name of the tenant"},
	{"region", FT_ENUM, FF_COLUMN, NO_LIMIT, "EU868 US915", NULL, "region", NULL, NULL, 8,
	 "Region it works in; absent: the only enabled one, else told by frequency"},
	{"is_private", FT_BOOL, 0, NO_LIMIT, NULL, "false", "is_private", "private", NULL, 5,
	 "Serves only devices of its tenant"},
	{"latitude", FT_REAL, 0, -90, 90, NULL, NULL, "latitude", NULL, "lat", 10, "Degrees, north positive"},
	{"longitude", FT_REAL, 0, -180, 180, NULL, NULL, "longitude", NULL, "lon lng", 10, "Degrees, east positive"},
	{"altitude_m", FT_REAL, 0, -1000, 100000, NULL, NULL, "altitude_m", "altitude", "alt", 8,
	 "Metres above sea level"},
	{"last_seen_at", FT_TIME, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "last_seen_at", NULL, NULL, 20,
	 "Last message of any kind"},
	DESCRIPTION_FIELD,
	TAGS_FIELD,
	TIMES_FIELDS,
};

/* Kept in memory only, bounded; answered by its own handler. */
static const struct field unknown_gateway_fields[] = {
	{"gateway_id", FT_EUI, FF_ID | FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 16,
	 "EUI of the gateway"},
	{"address", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 22,
	 "Address it was last heard from"},
	{"messages", FT_INT, FF_READONLY | FF_COLUMN, 0, INT64_MAX, NULL, NULL, NULL, NULL, NULL, 9, "Messages heard"},
	{"first_seen_at", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 20, "First message"},
	{"last_seen_at", FT_TIME, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 20,
	 "Last message"},
};

static const struct field device_fields[] = {
	{"dev_eui", FT_EUI, FF_ID | FF_REQUIRED | FF_IMMUTABLE | FF_COLUMN | FF_POSITIONAL, NO_LIMIT, NULL, NULL,
	 "dev_eui", NULL, "deveui eui", 16, "DevEUI"},
	{"name", FT_TEXT, FF_REQUIRED | FF_COLUMN | FF_INDEXED | FF_NO_EUI, 1, NAME_MAX_CHARS, NULL, NULL, "name", NULL,
	 "label", 20, "Name of the device"},
	{"application_id", FT_REF, FF_REQUIRED | FF_PARENT, NO_LIMIT, "application", NULL, "application_id",
	 "app", "app application", 36, "Application it belongs to"},
	{"application_name", FT_TEXT, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "application_name",
	 NULL, NULL, 12, "Name of the application"},
	{"tenant_id", FT_REF, FF_READONLY | FF_VIEW, NO_LIMIT, "tenant", NULL, "tenant_id", "tenant", "tenant",
	 36, "Tenant of the application"},
	{"tenant_name", FT_TEXT, FF_READONLY | FF_VIEW, NO_LIMIT, NULL, NULL, "tenant_name", NULL, NULL, 12,
	 "Name of the tenant"},
	{"profile_id", FT_REF, FF_REQUIRED, NO_LIMIT, "profile", NULL, "profile_id", "profile", "profile", 36,
	 "Device profile"},
	{"profile_name", FT_TEXT, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "profile_name", NULL,
	 NULL, 12, "Name of the profile"},
	{"join_eui", FT_EUI, 0, NO_LIMIT, NULL, "\"0000000000000000\"", "join_eui", NULL, "joineui appeui", 16,
	 "JoinEUI (AppEUI)"},
	{"enabled", FT_BOOL, 0, NO_LIMIT, NULL, "true", "enabled", NULL, NULL, 7,
	 "False: its frames are dropped"},
	{"dev_addr", FT_DEV_ADDR, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "dev_addr", NULL,
	 "devaddr", 8, "Address in its session"},
	{"f_cnt_up", FT_INT, FF_READONLY | FF_VIEW | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, "f_cnt_up", NULL,
	 NULL, 7, "Next expected uplink counter"},
	{"f_cnt_down", FT_INT, FF_READONLY | FF_VIEW | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, "f_cnt_down", NULL,
	 NULL, 7, "Next downlink counter to send"},
	{"last_seen_at", FT_TIME, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "last_seen_at", NULL,
	 NULL, 20, "Last accepted uplink or join"},
	{"joined_at", FT_TIME, FF_READONLY | FF_VIEW, NO_LIMIT, NULL, NULL, "joined_at", NULL, NULL, 20,
	 "When its session began"},
	{"dr", FT_INT, FF_READONLY | FF_VIEW, 0, 15, NULL, NULL, "dr", NULL, NULL, 2,
	 "Data rate of the last uplink"},
	DESCRIPTION_FIELD,
	TAGS_FIELD,
	TIMES_FIELDS,
};

static const struct field device_keys_fields[] = {
	{"dev_eui", FT_REF, FF_ID | FF_REQUIRED | FF_IMMUTABLE | FF_COLUMN | FF_POSITIONAL, NO_LIMIT, "device",
	 NULL, "dev_eui", NULL, NULL, 16, "Device"},
	{"app_key", FT_KEY, FF_SECRET | FF_COLUMN, NO_LIMIT, NULL, NULL, "app_key", NULL, "appkey", 32,
	 "Root key (AppKey)"},
	{"join_nonce", FT_INT, FF_READONLY, 0, 0xffffff, NULL, NULL, "join_nonce", NULL, NULL, 8,
	 "Last JoinNonce used"},
};

static const struct field device_session_fields[] = {
	{"dev_eui", FT_REF, FF_ID | FF_READONLY | FF_COLUMN | FF_POSITIONAL, NO_LIMIT, "device", NULL, "dev_eui",
	 NULL, NULL, 16, "Device"},
	{"slot", FT_ENUM, FF_READONLY | FF_COLUMN, NO_LIMIT, "current pending", NULL, "slot", NULL, NULL, 8,
	 "In use, or waiting for its first uplink after a join"},
	{"dev_addr", FT_DEV_ADDR, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "dev_addr", NULL, NULL, 8,
	 "Device address"},
	{"nwk_s_key", FT_KEY, FF_READONLY | FF_SECRET, NO_LIMIT, NULL, NULL, "nwk_s_key", NULL, NULL, 32,
	 "Network session key"},
	{"app_s_key", FT_KEY, FF_READONLY | FF_SECRET, NO_LIMIT, NULL, NULL, "app_s_key", NULL, NULL, 32,
	 "Application session key"},
	{"f_cnt_up", FT_INT, FF_READONLY | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, "f_cnt_up", NULL, NULL, 7,
	 "Next expected uplink counter"},
	{"f_cnt_down", FT_INT, FF_READONLY | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, "f_cnt_down", NULL, NULL, 7,
	 "Next downlink counter to send"},
	{"region", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "region", NULL, NULL, 8, "Region"},
	{"rx1_delay_s", FT_INT, FF_READONLY, 1, 15, NULL, NULL, "rx1_delay_s", NULL, NULL, 5, "RX1 delay"},
	{"rx1_dr_offset", FT_INT, FF_READONLY, 0, 7, NULL, NULL, "rx1_dr_offset", NULL, NULL, 5, "RX1 data rate offset"},
	{"rx2_dr", FT_INT, FF_READONLY, 0, 15, NULL, NULL, "rx2_dr", NULL, NULL, 5, "RX2 data rate"},
	{"rx2_freq_hz", FT_INT, FF_READONLY, 0, UINT32_MAX, NULL, NULL, "rx2_freq_hz", NULL, NULL, 10, "RX2 frequency"},
	{"joined_at", FT_TIME, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "joined_at", NULL, NULL, 20,
	 "When the session began"},
	{"last_seen_at", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, "last_seen_at", NULL, NULL, 20,
	 "Last accepted uplink"},
};

static const struct field queue_item_fields[] = {
	{"queue_item_id", FT_UUID, FF_ID | FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "queue_item_id", "id",
	 NULL, 36, "Id of the item"},
	{"dev_eui", FT_REF, FF_READONLY | FF_PARENT, NO_LIMIT, "device", NULL, "dev_eui", NULL, NULL, 16, "Device"},
	{"f_port", FT_INT, FF_READONLY | FF_COLUMN, 1, 223, NULL, NULL, "f_port", "port", NULL, 4, "Port"},
	{"confirmed", FT_BOOL, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "confirmed", NULL, NULL, 4,
	 "Asks for an acknowledgement"},
	{"state", FT_ENUM, FF_READONLY | FF_COLUMN, NO_LIMIT, "waiting in_flight sent", NULL, "state", NULL, NULL,
	 9, "waiting, in_flight (handed to a gateway), sent (awaiting the acknowledgement)"},
	{"f_cnt_down", FT_INT, FF_READONLY | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, "f_cnt_down", NULL, NULL, 6,
	 "Counter it was last sent with"},
	{"data", FT_HEX, FF_READONLY | FF_COLUMN, 0, 242, NULL, NULL, "data", NULL, NULL, 20, "Payload"},
	{"created_at", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, "created_at", NULL, NULL, 20, "When it was queued"},
};

/* Rows of the event log: columns for filters; the line itself is ChirpStack's JSON of the event. */
static const struct field event_fields[] = {
	{"cursor", FT_TEXT, FF_ID | FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 16, "Place in the log"},
	{"time", FT_TIME, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "time_us", NULL, NULL, 20, "When"},
	{"kind", FT_ENUM, FF_READONLY | FF_COLUMN, NO_LIMIT, "up join ack txack log status", NULL, "kind", NULL,
	 NULL, 6, "Kind of event"},
	{"dev_eui", FT_EUI, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "dev_eui", NULL, NULL, 16, "Device"},
};

static const struct field frame_fields[] = {
	{"cursor", FT_TEXT, FF_ID | FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 16, "Place in the ring"},
	{"time", FT_TIME, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "time_us", NULL, NULL, 20, "When"},
	{"direction", FT_ENUM, FF_READONLY | FF_COLUMN, NO_LIMIT, "up down", NULL, "direction", NULL, NULL, 4,
	 "up or down"},
	{"gateways", FT_JSON, FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 16, "Gateways that heard or sent it"},
	{"m_type", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 20, "Frame type"},
	{"dev_addr", FT_DEV_ADDR, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "dev_addr", NULL, NULL, 8, "DevAddr"},
	{"dev_eui", FT_EUI, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "dev_eui", NULL, NULL, 16, "Device"},
	{"f_cnt", FT_INT, FF_READONLY | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, NULL, NULL, NULL, 6, "Counter"},
	{"f_port", FT_INT, FF_READONLY | FF_COLUMN, 0, 255, NULL, NULL, NULL, NULL, NULL, 4, "Port"},
	{"freq_hz", FT_INT, FF_READONLY, 0, UINT32_MAX, NULL, NULL, NULL, NULL, NULL, 9, "Frequency"},
	{"dr", FT_INT, FF_READONLY | FF_COLUMN, 0, 15, NULL, NULL, NULL, NULL, NULL, 2, "Data rate"},
	{"phy_payload", FT_HEX, FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 24, "The bytes on air"},
	{"drop_reason", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "drop_reason", NULL, NULL, 16,
	 "Why it was dropped; null when accepted"},
	{"drop_detail", FT_TEXT, FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 24, "The values compared"},
	{"hint", FT_TEXT, FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 24, "What to do about it"},
};

#define ROW(id, name, synonyms, table, view, fields, sort, help)                                 \
	[id] = {name, synonyms, table, view, fields, sizeof(fields) / sizeof((fields)[0]), sort, help}

const struct entity model_entities[] = {
	ROW(E_TENANT, "tenant", "tenants", "tenant", "tenant_view", tenant_fields, "name",
	    "A customer or department: owns applications, profiles and gateways"),
	ROW(E_APPLICATION, "application", "applications app apps", "application", "application_view",
	    application_fields, "name", "A group of devices whose events go to the same place"),
	ROW(E_PROFILE, "profile", "profiles dp", "profile", "profile_view", profile_fields, "name",
	    "What devices of one make have in common"),
	ROW(E_GATEWAY, "gateway", "gateways gw", "gateway", "gateway_view", gateway_fields, "name",
	    "A gateway that may talk to this server"),
	ROW(E_UNKNOWN_GATEWAY, "unknown_gateway", "", NULL, NULL, unknown_gateway_fields, "-last_seen_at",
	    "A gateway that was heard but is not registered"),
	ROW(E_DEVICE, "device", "devices dev", "device", "device_view", device_fields, "name",
	    "An end device"),
	ROW(E_DEVICE_KEYS, "device_keys", "", "device", "device", device_keys_fields, "dev_eui",
	    "The root key of a device"),
	ROW(E_DEVICE_SESSION, "device_session", "", "device_session", "device_session_view",
	    device_session_fields, "slot", "A session of a device"),
	ROW(E_QUEUE_ITEM, "queue", "q", "queue_item", "queue_view", queue_item_fields, "created_at",
	    "A downlink waiting for its device"),
	ROW(E_EVENT, "event", "events", "event", "event", event_fields, "time", "What happened to a device"),
	ROW(E_FRAME, "frame", "frames", "frame", "frame", frame_fields, "time", "A frame on air, up or down"),
};
const size_t model_n_entities = sizeof(model_entities) / sizeof(model_entities[0]);
