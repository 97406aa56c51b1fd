#!/bin/bash
# check.sh [tsan] - every test of the project, stage by stage; ends with one plain line, `N passed, N failed`.
#
# Each stage is a command that prints such a line itself; a stage that ran no test counts as a failure. Programs are
# built in folders of their own under build/, so `make` beside it is not disturbed. Logs are in build/check/.
# TSAN_BEFORE=SECONDS runs ThreadSanitizer too if the rest took less.
set -u
cd "$(dirname "$0")/.." || exit 1

MAKE=${MAKE:-make}
PYTHON=/usr/bin/python3 # Debian's modules are seen by this one only
export PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
export LS_TEST_DUMPABLE=1 # LeakSanitizer looks at its own process as a debugger does
FUZZ_SECONDS=${FUZZ_SECONDS:-20}
logs=build/check
passed=0
failed=0
mkdir -p $logs

# stage NAME COMMAND... - run it, add its counts, show its output only if something failed
stage() {
	local name=$1 log=${1//[()]/} status=0 line p=0 f=0 start=$SECONDS
	log=$logs/${log// /-}.log
	shift
	"$@" >"$log" 2>&1 </dev/null || status=$?
	line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]}
	fi
	if ((f == 0 && (status != 0 || p == 0))); then f=1; fi
	passed=$((passed + p)) failed=$((failed + f))
	if ((f != 0)); then
		sed 's/^/    /' "$log" | tail -n 400
		((p != 0 || status != 0)) || echo "    no test was run"
	fi
	printf '%-34s %5d passed, %d failed  (%d s)\n' "$name" $p $f $((SECONDS - start))
	((f == 0))
}

# one COMMAND... - a command that is one test
one() {
	if "$@"; then echo '1 passed, 0 failed'; else echo '0 passed, 1 failed'; return 1; fi
}

build() { # FOLDER TARGETS-AND-VARIABLES...
	local folder=$1
	shift
	one $MAKE --no-print-directory WERROR=1 B=build/"$folder" "$@"
}

integration() { # FOLDER SLOW SECONDS JOBS: the factor for time-outs inside, the end of all patience, modules at once
	LS_BUILD=build/$1 LS_SLOW=$2 timeout -k 10 "$3" $RUNNER $PYTHON -B tests/it/run.py -j "$4"
}

conformance() { # as integration
	LS_BUILD=build/$1 LS_SLOW=$2 timeout -k 10 "$3" $PYTHON -B tests/conformance/run.py
}

golden() {
	$PYTHON -B tests/golden/run.py build/"$1"/lsctl
}

# What a program prints of itself is what lies in contrib/ and in man/ (`make man` renews both).
printed_sample() {
	one diff -u contrib/loraserver.ini <(build/gcc/loraserverd --sample-config)
}

manuals() {
	local p=0 f=0 page
	for page in man/*.[0-9]; do
		if mandoc -T lint -W warning "$page"; then p=$((p + 1)); else f=$((f + 1)); fi
	done
	echo "$p passed, $f failed"
	((f == 0))
}

# Units must stay as tight as they are: exposure 1.5 or less, of 10.
service() {
	local dir p=0 f=0
	dir=$(mktemp -d)
	sed 's|@SBINDIR@|/bin|; s|/bin/loraserverd|/bin/true|; s|@SYSCONFDIR@|/etc|' contrib/systemd/loraserverd.service >"$dir"/loraserverd.service
	cp contrib/systemd/loraserverd.socket "$dir"
	if systemd-analyze security --offline=true --threshold=15 --no-pager "$dir"/loraserverd.service; then p=1; else f=1; fi
	if systemd-analyze verify --man=no "$dir"/loraserverd.service; then p=$((p + 1)); else f=$((f + 1)); fi
	rm -rf "$dir"
	echo "$p passed, $f failed"
	((f == 0))
}

# All installed files, and nothing else, in a folder of their own.
installation() {
	local dir p=0 f=0 file
	dir=$(mktemp -d)
	$MAKE --no-print-directory B=build/gcc WERROR=1 DESTDIR="$dir" PREFIX=/usr install >/dev/null || f=1
	for file in usr/sbin/loraserverd usr/bin/lsctl usr/bin/lssim usr/lib/systemd/system/loraserverd.service \
		etc/loraserver/loraserver.ini usr/share/man/man8/loraserverd.8 usr/share/man/man5/loraserver.ini.5 \
		usr/share/man/man7/loraserver-lorawan.7 usr/share/man/man1/lsctl.1; do
		if [ -s "$dir/$file" ]; then p=$((p + 1)); else echo "not installed: $file"; f=$((f + 1)); fi
	done
	if grep -r '@[A-Z]*DIR@' "$dir"/usr/lib; then f=$((f + 1)); fi
	if "$dir"/usr/sbin/loraserverd --check -c "$dir"/etc/loraserver/loraserver.ini; then p=$((p + 1)); else f=$((f + 1)); fi
	rm -rf "$dir"
	echo "$p passed, $f failed"
	((f == 0))
}

# make run COUNT=5 on this build, and nothing of it left in its folder
demonstration() {
	local dir
	dir=$(mktemp -d)
	TMPDIR=$dir COUNT=5 tools/demo.sh build/gcc || { rm -rf "$dir"; echo '0 passed, 1 failed'; return 1; }
	one rmdir "$dir"
}

fuzz() {
	local p=0 f=0 target name pids=() names=()
	for target in build/fuzz/fuzz/fuzz_*; do
		[ -x "$target" ] || continue
		name=${target##*/}
		local seeds=tests/fuzz/corpus/${name#fuzz_}
		mkdir -p $logs/corpus/"$name"
		(cd $logs && exec ../../"$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
			-artifact_prefix="$name"- corpus/"$name" $([ -d ../../"$seeds" ] && echo ../../"$seeds")) >$logs/"$name".log 2>&1 &
		pids+=($!) names+=("$name")
	done
	for i in "${!pids[@]}"; do
		if wait "${pids[$i]}"; then
			p=$((p + 1))
			grep -a 'stat::number_of_executed_units' $logs/"${names[$i]}".log
		else
			f=$((f + 1))
			echo "FAIL ${names[$i]}; the input is in $logs"
			tail -n 60 $logs/"${names[$i]}".log
		fi
	done
	echo "$p passed, $f failed"
	((f == 0))
}

# The layout of memory that ThreadSanitizer knows needs less randomness than some kernels give.
thread_sanitizer() {
	export TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp second_deadlock_stack=1"
	export RUNNER="setarch $(uname -m) -R"
	$RUNNER true 2>/dev/null || RUNNER=
	stage 'build (ThreadSanitizer)' build thread SANITIZE=thread all unit shim || return
	stage 'unit (ThreadSanitizer)' tools/run_unit.sh build/thread
	stage 'integration (ThreadSanitizer)' integration thread 4 420 6
	RUNNER=
}

everything() {
	stage 'arrows' $PYTHON -B tests/arrows.py
	stage 'manuals' manuals
	stage 'service' service
	if stage 'build (gcc)' build gcc CC=gcc all unit shim; then
		stage 'tables of manuals' tools/man_tables.sh build/gcc --check
		stage 'sample configuration' printed_sample
		stage 'installation' installation
		stage 'unit' tools/run_unit.sh build/gcc
		stage 'golden' golden gcc
		stage 'demonstration' demonstration
		stage 'integration' integration gcc 2 300 16
		stage 'conformance' conformance gcc 2 180
	fi
	stage 'build (clang)' build clang CC=clang all unit shim
	if stage 'build (sanitizers)' build sanitized CC=gcc SANITIZE=address,undefined all unit shim; then
		stage 'unit (sanitizers)' tools/run_unit.sh build/sanitized
		stage 'golden (sanitizers)' golden sanitized
		stage 'integration (sanitizers)' integration sanitized 4 360 8
		stage 'conformance (sanitizers)' conformance sanitized 4 240
	fi
	if stage 'build (fuzzers)' build fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined fuzz; then
		stage 'fuzzers' fuzz
	fi
	if ((SECONDS < ${TSAN_BEFORE:-0})); then thread_sanitizer; fi
}

RUNNER=
tools/deps.sh build test || { echo '0 passed, 1 failed'; exit 1; }
case ${1:-all} in
all) everything ;;
tsan) thread_sanitizer ;;
*) echo "check.sh: no '$1'; there is: tsan" >&2; exit 2 ;;
esac
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
