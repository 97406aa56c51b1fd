/*
 * calibrate_sync.c - F50 and F99 of the benchmark: what fdatasync() costs after an append of 4 KiB in the
 * folder of the database, in microseconds.
 *
 *   calibrate_sync FOLDER [COUNT [SECONDS_MAX]]
 *
 * Prints "F50 F99 COUNT".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define COUNT_MAX 100000

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	static double took_us[COUNT_MAX];
	static char block[BLOCK], path[4096];
	long count = argc > 2 ? atol(argv[2]) : 2000, n = 0;
	double end;
	int fd;

	if (argc < 2 || count < 1 || count > COUNT_MAX) {
		fputs("usage: calibrate_sync FOLDER [COUNT [SECONDS_MAX]]\n", stderr);
		return 2;
	}
	snprintf(path, sizeof(path), "%s/calibrate_sync.tmp", argv[1]);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0600);
	if (fd < 0) {
		fprintf(stderr, "calibrate_sync: %s: %s\n", path, strerror(errno));
		return 1;
	}
	memset(block, 'x', sizeof(block));
	end = now_us() + (argc > 3 ? atof(argv[3]) : 3) * 1e6;
	while (n < count && (n < 20 || now_us() < end)) {
		double start;

		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			break;
		start = now_us();
		if (fdatasync(fd))
			break;
		took_us[n++] = now_us() - start;
	}
	close(fd);
	unlink(path);
	if (n < 20)
		return 1;
	qsort(took_us, (size_t)n, sizeof(took_us[0]), compare);
	printf("%.1f %.1f %ld\n", took_us[n / 2], took_us[n * 99 / 100], n);
	return 0;
}
