#!/bin/sh
# run_unit.sh BUILD - run every unit test program; the output of those that fail, and one line `N passed, N failed`.
set -u
RUNNER=${RUNNER:-}

passed=0
failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for program in "$1"/unit/test_*; do
	case $program in *'*' | *.o | *.d) continue ;; esac
	status=0
	CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 120 $RUNNER "$program" >"$out" 2>&1 || status=$?
	p=$(grep -c '^ok ' "$out")
	f=$(grep -c '^not ok ' "$out")
	# A crash, a time-out, a report of a sanitizer at the end, or a program that tested nothing.
	if [ "$f" = 0 ] && { [ "$status" != 0 ] || [ "$p" = 0 ]; }; then f=1; fi
	if [ "$f" != 0 ]; then
		echo "FAIL $program (exit $status)"
		grep -v '^ok ' "$out"
	fi
	passed=$((passed + p))
	failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
