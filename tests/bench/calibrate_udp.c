/*
 * calibrate_udp.c - U of the benchmark: how many datagrams a second this machine can receive and acknowledge
 * with nothing else to do. One process floods from one CPU; this one drains its socket with recvmmsg()
 * and answers each datagram with four octets, as a Semtech UDP server has to, on the other CPU.
 *
 *   calibrate_udp SECONDS SIZE CPU PEER_CPU     a CPU of -1: not pinned
 *
 * Prints datagrams per second, median of the tenths of the time: a stall of the machine is not its speed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define SIZE_MAX_ 1500
#define SLICES 10

struct batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in from[BATCH];
	char data[BATCH][SIZE_MAX_];
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("calibrate_udp: sched_setaffinity");
}

static void batch_reset(struct batch *b, size_t len, int with_address)
{
	memset(b->msgs, 0, sizeof(b->msgs));
	for (unsigned i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){.iov_base = b->data[i], .iov_len = len};
		b->msgs[i].msg_hdr.msg_iov = &b->iov[i];
		b->msgs[i].msg_hdr.msg_iovlen = 1;
		if (with_address) {
			b->msgs[i].msg_hdr.msg_name = &b->from[i];
			b->msgs[i].msg_hdr.msg_namelen = sizeof(b->from[i]);
		}
	}
}

/* The generator: floods until its parent ends it, and takes the answers as a gateway does. */
static void flood(const struct sockaddr_in *to, size_t size, int cpu)
{
	static struct batch out, in;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(cpu);
	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		_exit(1);
	batch_reset(&out, size, 0);
	batch_reset(&in, SIZE_MAX_, 0);
	for (;;) {
		if (sendmmsg(fd, out.msgs, BATCH, 0) < 0 && errno != ENOBUFS && errno != ECONNREFUSED)
			_exit(1);
		while (recvmmsg(fd, in.msgs, BATCH, MSG_DONTWAIT, NULL) == BATCH)
			;
	}
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Receive and acknowledge for `seconds`; returns how many. */
static unsigned long long serve(int fd, double seconds)
{
	static struct batch b;
	unsigned long long n_datagrams = 0;
	double end = now_s() + seconds;

	while (now_s() < end) {
		int n;

		batch_reset(&b, SIZE_MAX_, 1);
		n = recvmmsg(fd, b.msgs, BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0)
			continue;
		n_datagrams += (unsigned)n;
		for (int i = 0; i < n; i++)
			b.iov[i].iov_len = 4;
		sendmmsg(fd, b.msgs, (unsigned)n, 0);
	}
	return n_datagrams;
}

int main(int argc, char **argv)
{
	struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(self);
	double seconds = argc > 1 ? atof(argv[1]) : 2, rates[SLICES];
	size_t size = argc > 2 ? (size_t)atol(argv[2]) : 250;
	int cpu = argc > 3 ? atoi(argv[3]) : -1, peer_cpu = argc > 4 ? atoi(argv[4]) : -1, rcvbuf = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	pid_t child;

	if (size == 0 || size > SIZE_MAX_ || seconds <= 0 || fd < 0 || bind(fd, (struct sockaddr *)&self, len) ||
	    getsockname(fd, (struct sockaddr *)&self, &len)) {
		fputs("usage: calibrate_udp SECONDS SIZE CPU PEER_CPU\n", stderr);
		return 2;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	child = fork();
	if (child == 0)
		flood(&self, size, peer_cpu);
	if (child < 0)
		return 1;
	pin(cpu);
	serve(fd, 0.2); /* warm-up */
	for (int i = 0; i < SLICES; i++) {
		double start = now_s();
		unsigned long long n = serve(fd, seconds / SLICES);

		rates[i] = (double)n / (now_s() - start);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	qsort(rates, SLICES, sizeof(rates[0]), compare);
	printf("%.0f\n", rates[SLICES / 2]);
	return 0;
}
