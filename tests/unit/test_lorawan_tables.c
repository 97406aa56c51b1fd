/* test_lorawan_tables.c - the tables the manual is made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "lorawan_tables.h"

static void every_row_has_the_cells_of_its_headings(void **state)
{
	static const char *const names[] = {"regions", "versions", "commands", "adr", "drops"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unsigned columns = 0, rows = 0;
		char *text = NULL, *line, *rest;
		size_t len = 0;
		FILE *f = open_memstream(&text, &len);

		assert_non_null(f);
		assert_int_equal(lorawan_table_print(f, names[i]), LS_OK);
		fclose(f);
		assert_true(len > 0 && text[len - 1] == '\n');
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), rows++) {
			unsigned cells = 1;

			for (const char *tab = line; (tab = strchr(tab, '\t')); tab++, cells++)
				assert_true(tab[1] != '\t' && tab[1] != '\0');
			if (!rows)
				columns = cells;
			assert_int_equal(cells, columns);
			assert_true(line[0] != '\t');
		}
		assert_true(rows > 1);
		free(text);
	}
}

static void unknown_table_is_told(void **state)
{
	(void)state;
	assert_int_equal(lorawan_table_print(stdout, "none"), LS_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_the_cells_of_its_headings),
		cmocka_unit_test(unknown_table_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
