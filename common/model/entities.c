/*
 * entities.c - the fields of every entity. One row adds a field everywhere: argument check, SQL,
 * lsctl flags and columns, CSV, help, schema, manual. The column itself comes by a migration.
 */
#include "model/entities.h"
#include "model/model.h"

#define NO_LIMIT 0, 0
#define NAME_MAX_CHARS 128

#define REGIONS "EU868 US915 CN779 EU433 AU915 CN470 AS923 AS923_2 AS923_3 AS923_4 KR920 IN865 RU864 ISM2400"

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
	 "When it was last changed"},                                                            \
	{"version", FT_INT, FF_READONLY, 0, INT64_MAX, NULL, NULL, "version", NULL, NULL, 8,     \
	 "Number of its last change: --if-version refuses when another came between"}
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

/* Wishes an operator may state for a profile or for one device; null leaves it to the region and to ADR. */
#define DESIRED_FIELDS                                                                           \
	{"desired_rx1_delay_s", FT_INT, 0, 1, 15, NULL, NULL, "desired_rx1_delay_s", NULL, NULL, 5,  \
	 "RX1 delay the device is to be given"},                                                     \
	{"desired_rx1_dr_offset", FT_INT, 0, 0, 7, NULL, NULL, "desired_rx1_dr_offset", NULL, NULL, 5, \
	 "RX1 data rate offset the device is to be given"},                                          \
	{"desired_rx2_dr", FT_INT, 0, 0, 15, NULL, NULL, "desired_rx2_dr", NULL, NULL, 5,            \
	 "RX2 data rate the device is to be given"},                                                 \
	{"desired_rx2_freq_hz", FT_INT, 0, 1, UINT32_MAX, NULL, NULL, "desired_rx2_freq_hz", NULL, NULL, 10, \
	 "RX2 frequency the device is to be given"},                                                 \
	{"desired_max_duty_cycle", FT_INT, 0, 0, 15, NULL, NULL, "desired_max_duty_cycle", NULL, NULL, 5, \
	 "Duty cycle of the device in all, as 1 in 2 to the power of this"},                         \
	{"desired_dr", FT_INT, 0, 0, 15, NULL, NULL, "desired_dr", NULL, NULL, 5,                    \
	 "Fixed uplink data rate, instead of the one ADR finds"},                                    \
	{"desired_tx_power", FT_INT, 0, 0, 14, NULL, NULL, "desired_tx_power", NULL, NULL, 5,        \
	 "Fixed TXPower index, 0 is the highest power"},                                             \
	{"desired_nb_trans", FT_INT, 0, 1, 15, NULL, NULL, "desired_nb_trans", NULL, NULL, 5,        \
	 "Fixed number of transmissions of an uplink"},                                              \
	{"desired_channels", FT_TEXT, 0, 1, 200, NULL, NULL, "desired_channels", NULL, NULL, 16,     \
	 "Uplink channels the device is to use, like 8-15,65"}

static const struct field profile_fields[] = {
	{"profile_id", FT_UUID, FF_ID | FF_GENERATED | FF_IMMUTABLE, NO_LIMIT, NULL, NULL, "profile_id", "id",
	 NULL, 36, "Id of the profile"},
	{"name", FT_TEXT, FF_REQUIRED | FF_COLUMN | FF_INDEXED | FF_POSITIONAL, 1, NAME_MAX_CHARS, NULL, NULL,
	 "name", NULL, "label", 20, "Name of the profile"},
	{"tenant_id", FT_REF, FF_REQUIRED | FF_IMMUTABLE | FF_PARENT, NO_LIMIT, "tenant", NULL, "tenant_id",
	 "tenant", "tenant", 36, "Tenant that owns it"},
	{"tenant_name", FT_TEXT, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "tenant_name", NULL,
	 NULL, 12, "Name of the tenant"},
	{"region", FT_ENUM, FF_REQUIRED | FF_COLUMN, NO_LIMIT, REGIONS, NULL, "region", NULL, NULL, 8,
	 "Region the devices are made for"},
	{"mac_version", FT_ENUM, FF_REQUIRED | FF_COLUMN, NO_LIMIT, "1.0.0 1.0.1 1.0.2 1.0.3 1.0.4 1.1.0 1.1", NULL,
	 "mac_version", NULL, "macversion", 8, "LoRaWAN version of the devices; 1.1 is 1.1.0"},
	{"reg_params_revision", FT_ENUM, 0, NO_LIMIT,
	 "A B RP002-1.0.0 RP002-1.0.1 RP002-1.0.2 RP002-1.0.3 RP002-1.0.4 RP002-1.0.5", NULL, "reg_params_revision", NULL,
	 "regparamsrevision", 12, "Revision of the regional parameters; absent: the one of the version"},
	{"region_config", FT_TEXT, 0, 1, 31, NULL, NULL, "region_config", NULL, NULL, 12,
	 "Region configuration the devices belong to; absent: the one whose gateways hear them"},
	{"supports_otaa", FT_BOOL, 0, NO_LIMIT, NULL, "true", "supports_otaa", NULL, NULL, 5,
	 "Devices may join over the air"},
	{"flush_queue_on_join", FT_BOOL, 0, NO_LIMIT, NULL, "false", "flush_queue_on_join", NULL, NULL, 5,
	 "Drop queued downlinks when a device joins"},
	{"supports_class_b", FT_BOOL, 0, NO_LIMIT, NULL, "false", "supports_class_b", NULL, NULL, 5,
	 "Devices may switch to class B"},
	{"supports_class_c", FT_BOOL, 0, NO_LIMIT, NULL, "false", "supports_class_c", NULL, NULL, 5,
	 "Devices are of class C; of 1.1: when they say so"},
	{"class_b_timeout_s", FT_INT, 0, 1, 3600, NULL, "8", "class_b_timeout_s", NULL, NULL, 5,
	 "How long a confirmed downlink of class B waits for its acknowledgement"},
	{"class_c_timeout_s", FT_INT, 0, 1, 3600, NULL, "8", "class_c_timeout_s", NULL, NULL, 5,
	 "How long a confirmed downlink of class C waits for its acknowledgement"},
	{"adr_algorithm", FT_ENUM, 0, NO_LIMIT, "default lr_fhss lora_lr_fhss off", "\"default\"", "adr_algorithm", NULL,
	 NULL, 12, "How data rate and power of the devices are found"},
	{"adr_min_dr", FT_INT, 0, 0, 15, NULL, NULL, "adr_min_dr", NULL, NULL, 5, "Lowest data rate ADR may choose"},
	{"adr_max_dr", FT_INT, 0, 0, 15, NULL, NULL, "adr_max_dr", NULL, NULL, 5, "Highest data rate ADR may choose"},
	{"adr_min_tx_power", FT_INT, 0, 0, 14, NULL, NULL, "adr_min_tx_power", NULL, NULL, 5,
	 "Lowest TXPower index (highest power) ADR may choose"},
	{"adr_max_tx_power", FT_INT, 0, 0, 14, NULL, NULL, "adr_max_tx_power", NULL, NULL, 5,
	 "Highest TXPower index (lowest power) ADR may choose"},
	{"max_fcnt_gap", FT_INT, 0, 0, UINT32_MAX, NULL, NULL, "max_fcnt_gap", NULL, NULL, 7,
	 "How far an uplink counter may jump, 0: any; absent: 16384 before 1.0.4, then any"},
	{"dev_nonce_check", FT_ENUM, 0, NO_LIMIT, "version set off", "\"version\"", "dev_nonce_check", NULL, NULL, 8,
	 "DevNonce rule: the version's, never twice, or none (open to replays)"},
	{"f_cnt_16_bit", FT_BOOL, 0, NO_LIMIT, NULL, "false", "f_cnt_16_bit", NULL, NULL, 5,
	 "Devices count with 16 bits (before 1.0.4; weak against replays)"},
	{"f_cnt_relaxed", FT_BOOL, 0, NO_LIMIT, NULL, "false", "f_cnt_relaxed", NULL, NULL, 5,
	 "ABP devices may start their counter again at 0 (open to replays)"},
	{"dev_status_interval_s", FT_INT, 0, 0, 31536000, NULL, "86400", "dev_status_interval_s", NULL, NULL, 8,
	 "How often battery and margin are asked for, in seconds; 0: never"},
	{"ping_slot_periodicity", FT_INT, 0, 0, 7, NULL, NULL, "ping_slot_periodicity", NULL, NULL, 5,
	 "Periodicity of class B ping slots until the device says its own"},
	{"ping_slot_dr", FT_INT, 0, 0, 15, NULL, NULL, "ping_slot_dr", NULL, NULL, 5, "Data rate of ping slots"},
	{"ping_slot_freq_hz", FT_INT, 0, 1, UINT32_MAX, NULL, NULL, "ping_slot_freq_hz", NULL, NULL, 10,
	 "Frequency of ping slots"},
	{"rejoin_max_time_n", FT_INT, 0, 0, 15, NULL, NULL, "rejoin_max_time_n", NULL, NULL, 5,
	 "1.1 devices rejoin at least each 2 to the power of this + 10 seconds"},
	{"rejoin_max_count_n", FT_INT, 0, 0, 15, NULL, NULL, "rejoin_max_count_n", NULL, NULL, 5,
	 "1.1 devices rejoin at least each 2 to the power of this + 4 uplinks"},
	{"abp_rx1_delay_s", FT_INT, 0, 1, 15, NULL, NULL, "abp_rx1_delay_s", NULL, NULL, 5,
	 "RX1 delay of ABP devices from the factory"},
	{"abp_rx1_dr_offset", FT_INT, 0, 0, 7, NULL, NULL, "abp_rx1_dr_offset", NULL, NULL, 5,
	 "RX1 data rate offset of ABP devices from the factory"},
	{"abp_rx2_dr", FT_INT, 0, 0, 15, NULL, NULL, "abp_rx2_dr", NULL, NULL, 5,
	 "RX2 data rate of ABP devices from the factory"},
	{"abp_rx2_freq_hz", FT_INT, 0, 1, UINT32_MAX, NULL, NULL, "abp_rx2_freq_hz", NULL, NULL, 10,
	 "RX2 frequency of ABP devices from the factory"},
	{"abp_channels", FT_TEXT, 0, 1, 400, NULL, NULL, "abp_channels", NULL, NULL, 16,
	 "Frequencies ABP devices have from the factory besides the default ones, like 867100000,867300000"},
	DESIRED_FIELDS,
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
	{"region", FT_TEXT, FF_COLUMN, 1, 31, NULL, NULL, "region", NULL, NULL, 8,
	 "Region or region configuration it works in; absent: told by frequency"},
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
	{"device_class", FT_ENUM, FF_READONLY | FF_VIEW, NO_LIMIT, "A B C", NULL, "device_class", NULL, NULL, 5,
	 "Class it is served in"},
	DESIRED_FIELDS,
	DESCRIPTION_FIELD,
	TAGS_FIELD,
	TIMES_FIELDS,
};

static const struct field device_keys_fields[] = {
	{"dev_eui", FT_REF, FF_ID | FF_REQUIRED | FF_IMMUTABLE | FF_COLUMN | FF_POSITIONAL, NO_LIMIT, "device",
	 NULL, "dev_eui", NULL, NULL, 16, "Device"},
	{"app_key", FT_KEY, FF_SECRET | FF_COLUMN, NO_LIMIT, NULL, NULL, "app_key", NULL, "appkey", 32,
	 "Root key (AppKey)"},
	{"nwk_key", FT_KEY, FF_SECRET | FF_COLUMN, NO_LIMIT, NULL, NULL, "nwk_key", NULL, "nwkkey", 32,
	 "Network root key of LoRaWAN 1.1 (NwkKey)"},
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
	{"nwk_s_key", FT_KEY, FF_READONLY | FF_SECRET | FF_VIEW, NO_LIMIT, NULL, NULL, "nwk_s_key", NULL, NULL, 32,
	 "Network session key (1.0.x)"},
	{"f_nwk_s_int_key", FT_KEY, FF_READONLY | FF_SECRET, NO_LIMIT, NULL, NULL, "f_nwk_s_int_key", NULL, NULL, 32,
	 "Forwarding network session integrity key (1.1)"},
	{"s_nwk_s_int_key", FT_KEY, FF_READONLY | FF_SECRET, NO_LIMIT, NULL, NULL, "s_nwk_s_int_key", NULL, NULL, 32,
	 "Serving network session integrity key (1.1)"},
	{"nwk_s_enc_key", FT_KEY, FF_READONLY | FF_SECRET, NO_LIMIT, NULL, NULL, "nwk_s_enc_key", NULL, NULL, 32,
	 "Network session encryption key (1.1)"},
	{"app_s_key", FT_KEY, FF_READONLY | FF_SECRET, NO_LIMIT, NULL, NULL, "app_s_key", NULL, NULL, 32,
	 "Application session key"},
	{"f_cnt_up", FT_INT, FF_READONLY | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, "f_cnt_up", NULL, NULL, 7,
	 "Next expected uplink counter"},
	{"f_cnt_down", FT_INT, FF_READONLY | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, "f_cnt_down", NULL, NULL, 7,
	 "Next downlink counter to send"},
	{"a_f_cnt_down", FT_INT, FF_READONLY, 0, UINT32_MAX, NULL, NULL, "a_f_cnt_down", NULL, NULL, 7,
	 "Next application downlink counter to send (1.1)"},
	{"device_class", FT_ENUM, FF_READONLY | FF_COLUMN, NO_LIMIT, "A B C", NULL, "device_class", NULL, NULL, 5,
	 "Class the device is served in"},
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

static const struct field device_mac_fields[] = {
	{"item", FT_TEXT, FF_ID | FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 14, "Parameter"},
	{"wish", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 20,
	 "What the server wishes; empty: it is left as it is"},
	{"acknowledged", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 20,
	 "What the device has acknowledged, or has since its activation"},
	{"refused", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 20,
	 "What it refused or did not answer, and when it is asked again"},
	{"asked", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 20,
	 "The request whose answer is due with its next uplink"},
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
	{"retries", FT_INT, FF_READONLY, 0, 255, NULL, NULL, "retries", NULL, NULL, 4,
	 "How often it is sent again when it is not acknowledged"},
	{"attempts", FT_INT, FF_READONLY, 0, 255, NULL, NULL, "attempts", NULL, NULL, 4, "How often it was sent"},
	{"expires_at", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, "expires_at", NULL, NULL, 20,
	 "When it is given up if it was not sent"},
	{"not_before", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, "not_before", NULL, NULL, 20,
	 "Not sent earlier than this"},
};

static const struct field multicast_fields[] = {
	{"multicast_id", FT_UUID, FF_ID | FF_GENERATED | FF_IMMUTABLE, NO_LIMIT, NULL, NULL, "multicast_id", "id", NULL, 36,
	 "Id of the multicast group"},
	{"name", FT_TEXT, FF_REQUIRED | FF_COLUMN | FF_INDEXED | FF_POSITIONAL, 1, NAME_MAX_CHARS, NULL, NULL, "name", NULL,
	 "label", 20, "Name of the multicast group"},
	{"application_id", FT_REF, FF_REQUIRED | FF_IMMUTABLE | FF_PARENT, NO_LIMIT, "application", NULL, "application_id",
	 "app", "app application", 36, "Application whose devices it reaches"},
	{"application_name", FT_TEXT, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "application_name", NULL,
	 NULL, 12, "Name of the application"},
	{"tenant_id", FT_REF, FF_READONLY | FF_VIEW, NO_LIMIT, "tenant", NULL, "tenant_id", "tenant", "tenant", 36,
	 "Tenant of the application"},
	{"tenant_name", FT_TEXT, FF_READONLY | FF_VIEW, NO_LIMIT, NULL, NULL, "tenant_name", NULL, NULL, 12,
	 "Name of the tenant"},
	{"group_type", FT_ENUM, FF_REQUIRED | FF_IMMUTABLE | FF_COLUMN, NO_LIMIT, "B C", NULL, "group_type", NULL, "class",
	 5, "Class its members listen in"},
	{"region", FT_TEXT, FF_REQUIRED | FF_COLUMN, 1, 31, NULL, NULL, "region", NULL, NULL, 8,
	 "Region, or region configuration, it is sent in"},
	{"mc_addr", FT_DEV_ADDR, FF_REQUIRED | FF_IMMUTABLE | FF_COLUMN, NO_LIMIT, NULL, NULL, "mc_addr", NULL, "mcaddr", 8,
	 "Address of the group (McAddr)"},
	{"mc_nwk_s_key", FT_KEY, FF_REQUIRED | FF_IMMUTABLE | FF_SECRET, NO_LIMIT, NULL, NULL, "mc_nwk_s_key", NULL,
	 "mcnwkskey", 32, "Network session key of the group (McNwkSKey)"},
	{"mc_app_s_key", FT_KEY, FF_REQUIRED | FF_IMMUTABLE | FF_SECRET, NO_LIMIT, NULL, NULL, "mc_app_s_key", NULL,
	 "mcappskey", 32, "Application session key of the group (McAppSKey)"},
	{"f_cnt_down", FT_INT, FF_IMMUTABLE | FF_COLUMN, 0, UINT32_MAX, NULL, "0", "f_cnt_down", NULL, "fcnt", 7,
	 "Next downlink counter to send; never goes back"},
	{"dr", FT_INT, FF_REQUIRED | FF_COLUMN, 0, 15, NULL, NULL, "dr", NULL, NULL, 2, "Data rate it is sent with"},
	{"freq_hz", FT_INT, 0, 1, UINT32_MAX, NULL, NULL, "freq_hz", NULL, NULL, 10,
	 "Frequency it is sent on; absent: RX2 of the region (class C), or its ping slot channel (class B)"},
	{"ping_slot_periodicity", FT_INT, 0, 0, 7, NULL, NULL, "ping_slot_periodicity", NULL, NULL, 5,
	 "Class B: a ping slot each 2 to the power of this seconds, about"},
	{"class_c_scheduling", FT_ENUM, 0, NO_LIMIT, "delay gps_time", "\"delay\"", "class_c_scheduling", NULL, NULL, 8,
	 "Class C over several gateways: one after another, or all at one moment by GPS time"},
	{"device_count", FT_INT, FF_READONLY | FF_VIEW | FF_COLUMN, 0, INT64_MAX, NULL, NULL, "device_count", NULL, NULL, 7,
	 "Devices in it"},
	{"queued", FT_INT, FF_READONLY | FF_VIEW | FF_COLUMN, 0, INT64_MAX, NULL, NULL, "queued", NULL, NULL, 6,
	 "Downlinks waiting"},
	DESCRIPTION_FIELD,
	TAGS_FIELD,
	TIMES_FIELDS,
};

#define MULTICAST_REF_FIELD                                                                      \
	{"multicast_id", FT_REF, FF_READONLY | FF_PARENT, NO_LIMIT, "multicast", NULL, "multicast_id", NULL, NULL, 36, \
	 "Multicast group"}

static const struct field multicast_device_fields[] = {
	{"dev_eui", FT_REF, FF_ID | FF_READONLY | FF_COLUMN, NO_LIMIT, "device", NULL, "dev_eui", NULL, NULL, 16,
	 "Device in the group"},
	{"name", FT_TEXT, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "name", NULL, NULL, 20,
	 "Name of the device"},
	MULTICAST_REF_FIELD,
};

static const struct field multicast_gateway_fields[] = {
	{"gateway_id", FT_REF, FF_ID | FF_READONLY | FF_COLUMN, NO_LIMIT, "gateway", NULL, "gateway_id", NULL, NULL, 16,
	 "Gateway that sends for the group"},
	{"name", FT_TEXT, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, NULL, NULL, "name", NULL, NULL, 20,
	 "Name of the gateway"},
	MULTICAST_REF_FIELD,
};

static const struct field multicast_item_fields[] = {
	{"queue_item_id", FT_UUID, FF_ID | FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "queue_item_id", "id", NULL, 36,
	 "Id of the item"},
	MULTICAST_REF_FIELD,
	{"f_port", FT_INT, FF_READONLY | FF_COLUMN, 1, 223, NULL, NULL, "f_port", "port", NULL, 4, "Port"},
	{"state", FT_ENUM, FF_READONLY | FF_VIEW | FF_COLUMN, NO_LIMIT, "waiting in_flight", NULL, "state", NULL, NULL, 9,
	 "waiting, or in_flight: handed to gateways"},
	{"f_cnt_down", FT_INT, FF_READONLY | FF_COLUMN, 0, UINT32_MAX, NULL, NULL, "f_cnt_down", NULL, NULL, 6,
	 "Counter it was sent with"},
	{"data", FT_HEX, FF_READONLY | FF_COLUMN, 0, 242, NULL, NULL, "data", NULL, NULL, 20, "Payload"},
	{"created_at", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, "created_at", NULL, NULL, 20, "When it was queued"},
	{"expires_at", FT_TIME, FF_READONLY, NO_LIMIT, NULL, NULL, "expires_at", NULL, NULL, 20,
	 "When it is given up if it was not sent"},
};

/* Rows of the event log: columns for filters; the line itself is ChirpStack's JSON of the event. */
static const struct field event_fields[] = {
	{"cursor", FT_TEXT, FF_ID | FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 16, "Place in the log"},
	{"time", FT_TIME, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "time_us", NULL, NULL, 20, "When"},
	{"kind", FT_ENUM, FF_READONLY | FF_COLUMN, NO_LIMIT, "up join ack txack log status proprietary", NULL, "kind", NULL,
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

/* The journal. object_id is an EUI or an id, whatever the kind. */
#define CHANGE_FIELDS(id_help, time_name, time_help, who_help)                                            \
	{"change_id", FT_INT, FF_ID | FF_READONLY | FF_COLUMN, 1, INT64_MAX, NULL, NULL, "change_id", NULL, NULL, 6, id_help}, \
	{time_name, FT_TIME, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "changed_at", NULL, NULL, 20, time_help}, \
	{"who", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "who", NULL, NULL, 10, who_help},        \
	{"method", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "method", NULL, NULL, 16, "The command"}, \
	{"entity", FT_TEXT, FF_READONLY, NO_LIMIT, NULL, NULL, "entity", NULL, NULL, 10, "Kind of object"},       \
	{"object_id", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "object_id", NULL, NULL, 16, "Id of the object"}, \
	{"name", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "name", NULL, NULL, 16, "Name it had"},  \
	{"objects", FT_INT, FF_READONLY, 0, INT64_MAX, NULL, NULL, "objects", NULL, NULL, 6, "How many objects it affected"}, \
	{"reason", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, "reason", NULL, NULL, 20, "Why, as --reason said"}

static const struct field change_fields[] = {
	CHANGE_FIELDS("Number of the change", "changed_at", "When", "Who: a user, or uid:N"),
	{"undoes", FT_INT, FF_READONLY, 1, INT64_MAX, NULL, NULL, "undoes", NULL, NULL, 6, "The change it took back"},
	{"undone_by", FT_INT, FF_READONLY | FF_COLUMN, 1, INT64_MAX, NULL, NULL, "undone_by", NULL, NULL, 6,
	 "The change that took it back"},
	{"group_id", FT_INT, FF_READONLY, 1, INT64_MAX, NULL, NULL, "group_id", NULL, NULL, 6,
	 "First of the changes that were made as one: undoing that one undoes all"},
	{"can_undo", FT_BOOL, FF_READONLY | FF_VIEW, NO_LIMIT, NULL, NULL, "can_undo", NULL, NULL, 6,
	 "Whether what was there before is still known"},
	{"diff", FT_JSON, FF_READONLY, NO_LIMIT, NULL, NULL, "diff", NULL, NULL, 30,
	 "What changed: + ~ - and the fields, before and after; of secrets only that they did"},
};

static const struct field trash_fields[] = {
	CHANGE_FIELDS("Number of the change that deleted it", "deleted_at", "When", "Who deleted it"),
};

/* From the configuration file; answered by its own handler. */
static const struct field region_fields[] = {
	{"name", FT_TEXT, FF_ID | FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 16,
	 "Name of the configuration"},
	{"region", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 8, "Region"},
	{"plan", FT_TEXT, FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 5,
	 "Channel plan, where the region has several"},
	{"enabled_channels", FT_TEXT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 16,
	 "Indices of the uplink channels in use"},
	{"rx1_delay_s", FT_INT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 5, "RX1 delay"},
	{"rx1_dr_offset", FT_INT, FF_READONLY, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 5, "RX1 data rate offset"},
	{"rx2_freq_hz", FT_INT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 10, "RX2 frequency"},
	{"rx2_dr", FT_INT, FF_READONLY | FF_COLUMN, NO_LIMIT, NULL, NULL, NULL, NULL, NULL, 5, "RX2 data rate"},
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
	ROW(E_DEVICE_MAC, "device_mac", "", NULL, NULL, device_mac_fields, "item", "A MAC parameter of a device"),
	ROW(E_QUEUE_ITEM, "queue", "q", "queue_item", "queue_view", queue_item_fields, "created_at",
	    "A downlink waiting for its device"),
	ROW(E_MULTICAST, "multicast", "mc mcast multicasts", "multicast_group", "multicast_view", multicast_fields, "name",
	    "A group of class B or C devices that hear the same downlinks"),
	ROW(E_MULTICAST_DEVICE, "multicast_device", "", "multicast_device", "multicast_device_view", multicast_device_fields,
	    "dev_eui", "A device in a multicast group"),
	ROW(E_MULTICAST_GATEWAY, "multicast_gateway", "", "multicast_gateway", "multicast_gateway_view",
	    multicast_gateway_fields, "gateway_id", "A gateway given by hand to a multicast group"),
	ROW(E_MULTICAST_ITEM, "multicast_queue", "", "multicast_item", "multicast_item_view", multicast_item_fields,
	    "created_at", "A downlink waiting for a multicast group"),
	ROW(E_EVENT, "event", "events", "event", "event", event_fields, "time", "What happened to a device"),
	ROW(E_FRAME, "frame", "frames", "frame", "frame", frame_fields, "time", "A frame on air, up or down"),
	ROW(E_CHANGE, "change", "changes", "change", "change_view", change_fields, "-change_id", "A change in the journal"),
	ROW(E_TRASH, "trash", "", "change", "trash_view", trash_fields, "-change_id", "What was deleted and can be restored"),
	ROW(E_REGION, "region", "regions", NULL, NULL, region_fields, "name", "A region configuration in force"),
};
const size_t model_n_entities = sizeof(model_entities) / sizeof(model_entities[0]);
