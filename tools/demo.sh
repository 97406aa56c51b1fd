#!/bin/sh
# demo.sh BUILD - the whole path in a scratch folder: a daemon with its own store, a tenant with an application, a
# profile, a gateway and a device, and simulated radio. Prints each join and uplink. Ends on Ctrl-C, or, with COUNT=N
# in the environment, after N uplinks reached the application (1 when they do not come within a minute).
set -eu

build=$(cd "$1" && pwd)
count=${COUNT:-}
case $count in
*[!0-9]* | 0) echo "COUNT=$count: a number above 0 is needed" >&2; exit 2 ;;
esac
loraserverd=$build/loraserverd lsctl=$build/lsctl lssim=$build/lssim

scratch=$(mktemp -d "${TMPDIR:-/tmp}/loraserver-demo.XXXXXX")
pids=
# Children are stopped in the reverse order of their start, and waited for: nothing stays behind.
end() {
	trap '' INT TERM HUP
	for pid in $pids; do
		kill -TERM "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	rm -rf "$scratch"
}
trap end EXIT
trap 'echo; echo "Ending."; exit 0' INT
trap 'exit 143' TERM HUP

fail() {
	echo "The demonstration failed: $1" >&2
	sed 's/^/  loraserverd: /' "$scratch/daemon.log" >&2
	! [ -s "$scratch/sim.log" ] || sed 's/^/  lssim: /' "$scratch/sim.log" >&2
	exit 1
}
# The signal of Ctrl-C goes to every process of the terminal's group; those in the background ignore it (POSIX), so
# that this script decides the order in which they end.
start() {
	log=$1
	shift
	"$@" >>"$scratch/$log" 2>&1 </dev/null &
	pids="$! $pids"
}

export LSCTL_SOCKET="$scratch/run/control.sock"
unset LSCTL_TENANT LSCTL_APP 2>/dev/null || :
mkdir -m 700 "$scratch/data" "$scratch/run"
: >"$scratch/daemon.log"
(umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$scratch/app.key")

# --- the daemon, on a UDP port that is free ---

try=0
port=$((20000 + $$ % 20000))
until [ -S "$LSCTL_SOCKET" ] && "$lsctl" status >/dev/null 2>&1; do
	if [ "$try" = 0 ] || ! kill -0 "$daemon" 2>/dev/null; then
		if [ "$try" != 0 ] && ! grep -q 'in use' "$scratch/daemon.log"; then fail 'loraserverd does not start'; fi
		port=$((port + 1))
		cat >"$scratch/loraserver.ini" <<-INI
			[server]
			data_dir = $scratch/data
			socket = $LSCTL_SOCKET

			[region EU868]
			enabled = true

			[semtech_udp]
			bind = 127.0.0.1:$port
		INI
		start daemon.log "$loraserverd" -c "$scratch/loraserver.ini"
		daemon=$!
	fi
	try=$((try + 1))
	[ "$try" -lt 200 ] || fail 'loraserverd does not answer'
	sleep 0.05
done

# --- what an operator does once ---

do_lsctl() {
	echo "  lsctl $*"
	(cd "$scratch" && "$lsctl" "$@" >/dev/null) || fail "lsctl $*"
}
echo "loraserverd serves EU868 on UDP 127.0.0.1:$port, its folder is $scratch"
do_lsctl tenant create acme
do_lsctl application create meters -t acme
do_lsctl profile create basic -t acme --region EU868 --mac-version 1.0.3
do_lsctl gateway create 0016c001f153a14c --name roof-01 -t acme
do_lsctl device create 0004a30b001c0530 --name pump -t acme -a meters --profile basic --join-eui 0000000000000000 --app-key @app.key
do_lsctl device create 0004a30b001c0531 --name valve -t acme -a meters --profile basic --join-eui 0000000000000000 --app-key @app.key

cat <<TEXT

Look at it from a second terminal:
  export LSCTL_SOCKET=$LSCTL_SOCKET
  $lsctl event tail            (or: status, device list, frame tail)
  $lsctl queue push 0004a30b001c0530 --port 10 --hex 01ff

TEXT

# --- radio, and what the application receives ---

if [ "$count" ]; then
	"$lsctl" event tail -o table --since 1h -w kind=join </dev/null &
	pids="$! $pids"
	"$lsctl" event tail -o table --since 1h -w kind=up --count "$count" --for 60s </dev/null &
	uplinks=$!
	pids="$uplinks $pids"
else
	echo 'Ctrl-C ends it.'
	"$lsctl" event tail -o table --since 1h </dev/null &
	uplinks=$!
	pids="$uplinks $pids"
fi
start sim.log "$lssim" --server "127.0.0.1:$port" --region EU868 --gateway-id 0016c001f153a14c \
	--devices 2 --dev-eui 0004a30b001c0530 --app-key "@$scratch/app.key" --interval 2s
status=0
wait "$uplinks" || status=$?
[ "$count" ] || fail 'the stream of events ended'
case $status in
0) echo "$count uplinks were received by the application." ;;
10) fail "less than $count uplinks came within a minute" ;;
*) fail "lsctl event tail ended with $status" ;;
esac
