/* help.c - see help.h. Words and flags come from the registry; only the prose of topics is here. */
#include "help.h"

#include <string.h>

#include "args.h"
#include "command.h"
#include "error.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LINE_MAX_CHARS 79

/* --- examples --- */

/* A value that a reader recognises, for a parameter in an example. */
static const char *sample(const struct field *f)
{
	static const struct {
		const char *name, *value;
	} by_name[] = {
		{"tenant", "acme"},     {"application", "meters"}, {"profile", "basic"}, {"gateway", "0016c001f153a14c"},
		{"device", "0004a30b001c0530"}, {"tenant_id", "acme"}, {"application_id", "meters"},
		{"profile_id", "basic"}, {"gateway_id", "0016c001f153a14c"}, {"dev_eui", "0004a30b001c0530"},
		{"dev_addr", "01020304"}, {"app_key", "@app.key"}, {"nwk_s_key", "@n.key"}, {"app_s_key", "@a.key"},
		{"f_port", "10"}, {"data", "01ff"}, {"noun", "device"}, {"mac_version", "1.0.3"}, {"region", "EU868"},
	};
	const char *names[] = {f->type == FT_REF ? f->choices : f->name, f->name};

	for (size_t n = 0; n < COUNT(names); n++)
		for (size_t i = 0; i < COUNT(by_name); i++)
			if (strcmp(by_name[i].name, names[n]) == 0)
				return by_name[i].value;
	return "NAME";
}

static const char *sample_name(const struct method *m)
{
	switch (m->entity) {
	case E_TENANT: return "acme";
	case E_APPLICATION: return "meters";
	case E_PROFILE: return "basic";
	case E_GATEWAY: return "roof-01";
	default: return "pump";
	}
}

static const char *sample_for(const struct method *m, const struct field *f)
{
	return strcmp(f->name, "name") == 0 ? sample_name(m) : sample(f);
}

static bool wanted_in_example(const struct method *m, const struct param *p)
{
	if (p->required)
		return true;
	if (strcmp(p->f.name, "tenant_id") == 0)
		return m->shape == SHAPE_CREATE;
	if (method_pushes(m))
		return strcmp(p->f.name, "data") == 0;
	if (m->shape == SHAPE_SET)
		return strcmp(p->f.name, "name") == 0 || strcmp(p->f.name, "app_key") == 0;
	return m->shape == SHAPE_CREATE && strcmp(p->f.name, "app_key") == 0;
}

/* One line made of the parameters; with `more`, a second and third of the same shape. */
static void print_example(const struct method *m, const struct params_list *list, bool more)
{
	char words[24][96], buf[FIELD_FLAG_SIZE];
	size_t n = 0, column;

	for (int positional = 1; positional >= 0; positional--) /* ids before flags */
		for (size_t i = 0; i < list->n && n < COUNT(words); i++) {
			const struct field *f = &list->at[i].f;

			if (!wanted_in_example(m, &list->at[i]) || ((f->flags & FF_POSITIONAL) != 0) != positional)
				continue;
			if (positional)
				snprintf(words[n++], sizeof(words[0]), "%s", sample_for(m, f));
			else if (strcmp(f->name, "tenant_id") == 0)
				snprintf(words[n++], sizeof(words[0]), "-t %s", sample_for(m, f));
			else if (strcmp(f->name, "application_id") == 0)
				snprintf(words[n++], sizeof(words[0]), "-a %s", sample_for(m, f));
			else
				snprintf(words[n++], sizeof(words[0]), "--%s %s", field_flag(f, buf), sample_for(m, f));
		}
	column = (size_t)printf("  lsctl %s", m->words);
	for (size_t i = 0; i < n; i++) {
		if (column + strlen(words[i]) + 3 > LINE_MAX_CHARS)
			column = (size_t)printf(" \\\n     ") - 3;
		column += (size_t)printf(" %s", words[i]);
	}
	putchar('\n');
	if (!more)
		return;
	if (m->shape == SHAPE_LIST && m->entity == E_DEVICE)
		printf("  lsctl device list -a meters --sort -last_seen_at -n 20\n"
		       "  lsctl device list -w 'enabled=false' -o id\n");
	else if (m->shape == SHAPE_LIST)
		printf("  lsctl %s -o jsonl | jq .\n", m->words);
	else if (m->shape == SHAPE_SHOW && strstr(m->words, "show"))
		printf("  lsctl %s %s -o json\n", m->words, n ? words[0] : "");
	else if (m->shape == SHAPE_STREAM)
		printf("  lsctl %s -n 20 --since 1h\n  lsctl %s -o jsonl --count 1 --for 30s\n", m->words, m->words);
}

/* --- one command --- */

static const char *value_word(const struct field *f)
{
	switch (f->type) {
	case FT_KEY: return "@FILE";
	case FT_INT: return "N";
	case FT_REAL: return "X";
	case FT_HEX: return "HEX";
	case FT_EUI: return "EUI";
	case FT_DEV_ADDR: return "ADDR";
	case FT_UUID: return "UUID";
	case FT_TIME: return "TIME";
	case FT_TAGS: return "K=V";
	case FT_BOOL: return "";
	case FT_REF: return "NAME";
	default: return "TEXT";
	}
}

static const char *positional_word(const struct field *f)
{
	if (strcmp(f->name, "name") == 0)
		return "NAME";
	if (f->type == FT_EUI)
		return "EUI";
	return f->type == FT_REF ? "ID" : "WORD";
}

static void print_flag(const char *flag, const char *value, const char *help, const char *note)
{
	char left[FIELD_FLAG_SIZE + 128];
	char line[400];

	snprintf(left, sizeof(left), "  %s %s", flag, value);
	snprintf(line, sizeof(line), "%-26s %s%s", left, help, note);
	printf("%.*s\n", LINE_MAX_CHARS, line);
}

/* Parameters that are global flags have their own letter and are listed with those. */
static bool is_global_param(const struct field *f)
{
	return strcmp(f->name, "filter") == 0 || strcmp(f->name, "sort") == 0 || strcmp(f->name, "limit") == 0 ||
	       strcmp(f->name, "tenant_id") == 0 || strcmp(f->name, "cursor") == 0 || strcmp(f->name, "last") == 0 ||
	       strcmp(f->name, "show_secrets") == 0 || strcmp(f->name, "dry_run") == 0 || strcmp(f->name, "if_version") == 0 ||
	       strcmp(f->name, "expect") == 0 || strcmp(f->name, "confirm") == 0 || strcmp(f->name, "reason") == 0;
}

static void print_params(const struct method *m, const struct params_list *list)
{
	char flag[FIELD_FLAG_SIZE + 16], buf[FIELD_FLAG_SIZE], value[80], note[96];

	for (int required = 1; required >= 0; required--)
		for (size_t i = 0; i < list->n; i++) {
			const struct field *f = &list->at[i].f;

			if ((f->flags & FF_POSITIONAL) || list->at[i].required != required || is_global_param(f))
				continue;
			field_flag(f, buf);
			const char *help = f->help;

			snprintf(flag, sizeof(flag), "%s%s%s", f->type == FT_BOOL ? "--[no-]" : "--", buf,
			         strcmp(buf, "app") == 0 ? ", -a" : "");
			snprintf(value, sizeof(value), "%s", f->type == FT_ENUM ? "WORD" : value_word(f));
			note[0] = '\0';
			if (f->type == FT_ENUM)
				snprintf(note, sizeof(note), ": %s", f->choices);
			if (f->type == FT_ENUM && strlen(help) + strlen(note) > LINE_MAX_CHARS - 27)
				help = "one of"; /* the choices tell more */
			else if (required)
				snprintf(note, sizeof(note), " (needed)");
			print_flag(flag, value, help, note);
		}
	if (m->shape == SHAPE_STREAM) {
		print_flag("--for", "30s", "End after this time", "");
		print_flag("--cursor-file", "F", "Go on after the last line printed", "");
		print_flag("-n, --last", "N", "First so many stored ones", "");
		print_flag("-w, --where", "FILTER", "Only what matches: lsctl help filters", "");
	}
	if (m->shape == SHAPE_LIST) {
		print_flag("-w, --where", "FILTER", "Only what matches: lsctl help filters", "");
		print_flag("--sort", "A,-B", "Sort by fields, - reverses", "");
		print_flag("-n, --limit", "N", "At most N rows; --all for all", "");
		print_flag("-F, --fields", "A,B", "These columns; -F alone lists them", "");
	}
	if (param_named(list, "tenant_id") && !(param_named(list, "tenant_id")->f.flags & FF_POSITIONAL))
		print_flag("-t, --tenant", "NAME", param_named(list, "tenant_id")->f.help, "");
	if (param_named(list, "show_secrets"))
		print_flag("--show-secrets", "", param_named(list, "show_secrets")->f.help, "");
	if (method_writes(m))
		print_flag("--dry-run", "", "Only say what would change; see lsctl help changes", "");
	if (method_asks_first(m))
		print_flag("-y, --yes", "", "Do not ask (needed in scripts)", "");
}

void help_method(const struct method *m)
{
	struct params_list list;

	params_of(m, &list);
	print_example(m, &list, true);
	printf("\nusage: lsctl %s", m->words);
	for (size_t i = 0; i < list.n; i++)
		if (list.at[i].f.flags & FF_POSITIONAL)
			printf(list.at[i].required ? " %s" : " [%s]", positional_word(&list.at[i].f));
	printf(" [flags]\n%s\n", m->help);
	print_params(m, &list);
	printf("also: -o FORM -g FIELD -s SOCKET --timeout ...; see lsctl help flags\n");
}

/* Its list, its create or push, and its tail, as far as it has them. */
static void noun_examples(const char *noun, size_t len)
{
	static const char *const verbs[] = {"list", "create", "push", "tail"};

	for (size_t v = 0; v < COUNT(verbs); v++)
		for (size_t i = 0; i < M__COUNT; i++) {
			const struct method *m = &model_methods[i];
			struct params_list list;

			if (strncmp(m->words, noun, len) != 0 || m->words[len] != ' ' ||
			    strcmp(m->words + len + 1, verbs[v]) != 0)
				continue;
			params_of(m, &list);
			print_example(m, &list, false);
		}
}

bool help_noun(const char *word)
{
	const char *noun = noun_canonical(word);
	const struct entity *e = entity_find(noun);
	size_t len = strlen(noun);

	if (!noun_exists(noun))
		return false;
	noun_examples(noun, len);
	printf("\nusage: lsctl %s VERB [flags]\n", noun);
	if (e)
		printf("%s\n", e->help);
	for (size_t i = 0; i < M__COUNT; i++) {
		const struct method *m = &model_methods[i];

		if (strncmp(m->words, noun, len) == 0 && (m->words[len] == ' ' || m->words[len] == '\0'))
			printf("  %-22s %s\n", m->words + len + (m->words[len] == ' '), m->help);
	}
	if (e && *e->synonyms)
		printf("Also written: %s\n", e->synonyms);
	printf("Flags of one of them: lsctl %s VERB -h\n", noun);
	return true;
}

static void print_nouns(FILE *to)
{
	const char *last = "";
	size_t last_len = 0;

	for (size_t i = 0; i < M__COUNT; i++) {
		const struct method *m = &model_methods[i];
		size_t len = strcspn(m->words, " ");
		char noun[32];

		if (method_is_hidden(m) || (len == last_len && strncmp(last, m->words, len) == 0))
			continue;
		last = m->words;
		last_len = len;
		snprintf(noun, sizeof(noun), "%.*s", (int)len, m->words);
		const struct entity *e = entity_find(noun);

		fprintf(to, "  %-12s %s\n", noun, e ? e->help : m->help);
	}
}

void help_overview(FILE *to)
{
	fprintf(to,
	        "  lsctl status\n"
	        "  lsctl device show 0004a30b001c0530\n"
	        "  lsctl event tail -o jsonl --count 1\n\n"
	        "usage: lsctl [flags] NOUN VERB [ID] [--flag value]...\n");
	print_nouns(to);
	fprintf(to, "  %-12s %s\n", "batch", "Commands from a file or pipe, one a line");
	fprintf(to, "  %-12s %s\n", "schema", "Fields as JSON Schema");
	fprintf(to, "  %-12s %s\n", "use", "Save tenant, application or device as context");
	fprintf(to, "  %-12s %s\n", "help", "flags filters output changes exit-codes ids environment");
	fprintf(to, "  %-12s %s\n", "version", "Version of lsctl");
	fprintf(to, "\nVerbs and flags: lsctl NOUN -h, lsctl NOUN VERB -h\n");
}

void help_fields(const struct entity *e)
{
	for (size_t i = 0; e && i < e->n_fields; i++)
		printf("%-20s %-9s %s\n", e->fields[i].name, field_type_name(e->fields[i].type), e->fields[i].help);
}

/* --- topics --- */

static void topic_flags(void)
{
	for (size_t i = 0; i < n_global_flags; i += 1) {
		const struct global_flag *g = &global_flags[i];
		char left[48];

		if (g->letter)
			snprintf(left, sizeof(left), "-%c --%s %s", g->letter, g->name, g->value ? g->value : "");
		else
			snprintf(left, sizeof(left), "   --%s %s", g->name, g->value ? g->value : "");
		printf("%-22s %s\n", left, g->help);
	}
}

static const struct {
	const char *name, *text;
} topics[] = {
	{"filters", "  lsctl device list -w 'last_seen_at < now-24h and not (tag.site = paris or dr < 2)'\n"
	            "  lsctl event tail -w 'kind=join'\n\n"
	            "FIELD = != < <= > >= VALUE   times too: now-24h, 2026-05-01; durations 90s 15m 24h 7d\n"
	            "FIELD ~ REGEX, FIELD =* GLOB, FIELD in (A, B), has FIELD, tag.KEY\n"
	            "WORD                         in name, EUI or DevAddr\n"
	            "and or not ( )               several -w hold together\n\n"
	            "Quotes around a value with blanks or signs. A row without a value matches no comparison.\n"
	            "The daemon applies it to all rows, not to a page. Streams and logs of events and frames\n"
	            "take FIELD=VALUE joined by `and` only. Fields of a noun: lsctl NOUN list -F\n"},
	{"output", "  lsctl device list -o csv > devices.csv\n"
	           "  lsctl device show 0004a30b001c0530 -g f_cnt_up\n"
	           "  lsctl device list -o jsonl | jq -r .name\n\n"
	           "table   fits the terminal (default of lists there); wide: all fields\n"
	           "detail  key and value (default of show)\n"
	           "json    an array or an object; an empty list is []\n"
	           "jsonl   an object per line (default of streams in a pipe)\n"
	           "csv     with header; text that a spreadsheet would run gets a ' (--raw: not)\n"
	           "tsv     no header; \\t \\n \\\\ escaped (default of lists in a pipe)\n"
	           "id      one full id per line\n"
	           "value   bare values, TAB between: -g A,B\n"
	           "conf    [noun id], then key = value: text to compare, edit and apply\n"
	           "pcap    frames for Wireshark: lsctl frame tail -o pcap | tshark -i -\n\n"
	           "--format '{time} {name:>12} {data|hex}': width with < > ^, {{ for a brace; functions\n"
	           "hex base64 rel unix json upper\n"
	           "Times are RFC 3339 UTC in machine forms; --time rel local utc unix elsewhere.\n"},
	{"changes", "Every command that changes something takes\n"
	            "  --dry-run        check it, print what would change (+ ~ -), change nothing\n"
	            "  --reason TEXT    why, kept in lsctl history\n"
	            "  --if-version N   only if the object has version N still, else exit 6\n"
	            "  --expect N       only if exactly N objects are affected, else exit 6\n"
	            "  --confirm NAME   the name of what is affected, typed again\n"
	            "More than 20 objects need --expect or --confirm; so does a tenant or application\n"
	            "that owns something, and then all of it goes.\n"
	            "Many ids as words, -, @FILE (one a line) or -w FILTER are one change: all or\n"
	            "nothing, or what can be done with --keep-going (exit 7). lsctl batch FILE runs\n"
	            "commands, one a line, and prints a line of JSON for each; --atomic does all or\n"
	            "none, --keep-going does not stop at the first that fails.\n"	            "lsctl history lists changes, lsctl undo N takes one back, unless what it changed\n"
	            "was changed or used since. lsctl trash restore brings back what was deleted, with\n"
	            "keys and session; lsctl trash purge deletes it for ever.\n"},
	{"exit-codes", " 0  done; an empty list too (--fail-empty: 1)\n"
	               " 1  the answer is no\n"
	               " 2  usage; nothing was sent\n"
	               " 3  not found\n"
	               " 4  ambiguous name\n"
	               " 5  invalid data, nothing was written; or the output cannot be\n"
	               " 6  conflict: exists, changed meanwhile, in use\n"
	               " 7  partly done\n"
	               " 8  not permitted\n"
	               " 9  daemon not reachable, or another version\n"
	               "10  timed out\n"
	               "11  you answered no\n"
	               "12  bug in the daemon, or its store fails\n"
	               "130 interrupted, 141 closed pipe (silent)\n"},
	{"ids", "  lsctl device show 00-04-A3-0B-00-1C-05-30\n"
	        "  lsctl device show pump -t acme -a meters\n\n"
	        "An EUI has 16 hex digits of any case; - : . and 0x are ignored. Any other text is\n"
	        "an exact name, looked up in the tenant (-t) and application (-a) if given.\n"
	        "acme/meters/pump-north is a full path: tenant, application, device.\n"
	        "4 to 15 hex digits are the head or tail of an EUI, 8 also a DevAddr. What changes\n"
	        "something takes such only on a terminal, where the full id is shown first.\n"
	        "eui: name: addr: id: tag:key=value before it say which kind is meant.\n"
	        "Without -t the only tenant you can see is implied.\n"},
	{"environment", "LSCTL_SOCKET    control socket (-s)\n"
	                "LSCTL_TENANT    tenant (-t), where a command takes one\n"
	                "LSCTL_APP       application (-a), where a command takes one\n"
	                "LSCTL_READONLY  not empty, not 0: no change is let through (--read-only)\n"
	                "NO_COLOR        no colours; CLICOLOR_FORCE=1 colours without a terminal\n"
	                "COLUMNS         width of tables\n"
	                "LSCTL_PAGER     or PAGER: shows what is taller than the terminal (less -FIRX);\n"
	                "                empty: nothing does\n"
	                "XDG_STATE_HOME  lsctl/context there is what `lsctl use tenant|app|device X` saves,\n"
	                "                ignored when neither stdin nor stdout is a terminal\n"
	                "XDG_CONFIG_HOME lsctl/config there has lines key = value: socket tenant app pager\n"
	                "                color. A flag comes first, then the environment, context, config\n"
	                "Without -s: the socket in XDG_RUNTIME_DIR if present, then\n"
	                "/run/loraserver/control.sock\n"},
};

int help_topic(struct cli *c)
{
	const char *word = c->n_words > 1 ? c->words[1].text : NULL;

	if (!word) {
		help_overview(stdout);
		return 0;
	}
	if (strcmp(word, "flags") == 0) {
		topic_flags();
		return 0;
	}
	for (size_t i = 0; i < COUNT(topics); i++)
		if (strcmp(topics[i].name, word) == 0) {
			fputs(topics[i].text, stdout);
			return 0;
		}
	/* help device show = device show -h */
	for (size_t i = 1; i < c->n_words; i++)
		c->words[i - 1] = c->words[i];
	c->n_words--;
	if (command_find(c, true) == 0) {
		help_method(c->method);
		return 0;
	}
	if (c->n_words == 1 && help_noun(word))
		return 0;
	return fail(c, LS_EUSAGE, "flags filters output changes exit-codes ids environment, or a noun", "lsctl help",
	            "no help on '%s'", word);
}
