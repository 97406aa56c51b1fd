#!/bin/sh
# man_tables.sh BUILD [--check] - the tables in man/ that the programs print themselves. Without --check the pages are
# rewritten in place; with it a difference is shown, and the last line is `N passed, N failed`.
set -eu
build=$1
check=${2:-}

# Text of a program as text of mdoc.
escape() {
	sed -e 's/\\/\\e/g' -e "s/^\\([.']\\)/\\\\\\&\\1/"
}

# loraserver.ini.5: a subsection per section of the sample file; the regions are one, with each default named.
options() {
	"$build/loraserverd" --sample-config | escape | awk '
	function flush_entry(    m, unit, name, value, region, id, k) {
		m = line; sub(/^#/, "", m)
		name = m; sub(/ = ?.*/, "", name)
		value = m; sub(/^[^=]*= ?/, "", value)
		unit = ""
		if (text ~ /\([^()]*\)$/ && last ~ /^\(.*\)$/) { unit = last; text = substr(text, 1, length(text) - length(last) - 1) }
		region = ""
		id = section
		if (section ~ /^region /) { region = substr(section, 8); id = "region NAME" }
		k = id SUBSEP name
		if (!(k in help)) {
			if (!(id in count)) order[++n_sections] = id
			names[id, ++count[id]] = name
			help[k] = text; units[k] = unit
		}
		if (value != "" && !((k, value) in given)) {
			given[k, value] = 1
			defaults[k] = defaults[k] (defaults[k] ? "; " : "") value
			if (region) defaults[k] = defaults[k] " (" region ")"
		}
		if (region) in_regions[k]++
		text = last = ""
	}
	/^\[/ { section = substr($0, 2, length($0) - 2); text = last = ""; next }
	/^# / { last = substr($0, 3); text = text (text ? " " : "") last; next }
	/^#?[a-z_0-9]+ =/ { line = $0; flush_entry(); next }
	{ text = last = "" }
	END {
		for (s = 1; s <= n_sections; s++) {
			id = order[s]
			print ".Ss \"[" id "]\""
			print ".Bl -tag -width Ds"
			for (i = 1; i <= count[id]; i++) {
				k = id SUBSEP names[id, i]
				print ".It Cm " names[id, i] (units[k] ? " No \"" units[k] "\"" : "")
				gsub(/[.] /, ".\n", help[k])
				print help[k]
				if (in_regions[k] > 1 && index(defaults[k], ";") == 0) sub(/ \([A-Z0-9_]+\)$/, "", defaults[k])
				if (defaults[k] != "") print "Default: " defaults[k] "."
			}
			print ".El"
		}
	}'
}

# lssim.1
lssim() {
	echo '.Bl -tag -width Ds'
	"$build/lssim" --help | escape | awk '
	/^  --/ {
		head = substr($0, 3, 24); sub(/ +$/, "", head)
		rest = substr($0, 28); sub(/^ +/, "", rest)
		if (substr($0, 27, 1) != " ") { head = $1 " " $2; rest = $0; sub(/^ *[^ ]+ [^ ]+ /, "", rest) }
		n = split(head, w, " ")
		print ".It Fl -" substr(w[1], 3) (n > 1 ? " Ar " w[2] : "")
		print rest
	}'
	echo '.El'
}

# lsctl.1: every noun with its verbs
commands() {
	"$build/lsctl" -h | sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p' | while read -r noun; do
		case $noun in lsctl | help | version | schema | batch | use) continue ;; esac
		"$build/lsctl" "$noun" -h | escape | awk -v noun="$noun" '
		/^usage:/ { started = 1; one = $0 ~ / \[flags\]$/ && $0 !~ / VERB / ; next }
		started == 1 { help = $0; started = 2; next }
		started == 2 && /^  [a-z]/ {
			verb = substr($0, 3, 22); sub(/ +$/, "", verb)
			text = substr($0, 26)
			if (!open) { print ".Ss " noun; print help "."; print ".Bl -tag -width Ds"; open = 1 }
			print ".It Cm " noun " " verb
			print text "."
		}
		/^Also written: / { also = substr($0, 15) }
		END {
			if (open) print ".El"
			else { print ".Ss " noun; print help "." }
			gsub(/ /, ", ", also)
			if (also) print "Also written: " also "."
		}'
	done
}

flags() {
	echo '.Bl -tag -width Ds'
	"$build/lsctl" help flags | escape | awk '
	{
		short = substr($0, 1, 2); long = $0; sub(/^.. --/, "", long)
		rest = substr($0, 24); head = substr($0, 4, 20); sub(/ +$/, "", head)
		n = split(head, w, " ")
		printf ".It "
		if (short != "  ") printf "Fl %s , ", substr(short, 2)
		print "Fl -" substr(w[1], 3) (n > 1 ? " Ar " w[2] : "")
		print rest
	}'
	echo '.El'
}

exit_codes() {
	echo '.Bl -tag -width Ds'
	"$build/lsctl" help exit-codes | escape | awk '
	/^130/ { print ".It 130\ninterrupted\n.It 141\nclosed pipe (silent)"; next }
	{ code = $1; sub(/^ *[0-9]+ +/, ""); print ".It " code; print }'
	echo '.El'
}

# loraserver-lorawan.7: columns as wide as their widest cell
columns() {
	"$build/loraserverd" --lorawan "$1" | escape | awk -F '\t' '
	{ for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > length(wide[i])) wide[i] = $i }; n = NF }
	END {
		printf ".Bl -column"
		for (i = 1; i <= n; i++) printf " \"%s\"", wide[i]
		print ""
		for (row = 1; row <= NR; row++) {
			printf ".It "
			for (i = 1; i <= n; i++) printf("%s%s\"%s\"", (i > 1 ? " Ta " : ""), (row == 1 ? "Em " : ""), cell[row, i])
			print ""
		}
		print ".El"
	}'
}

# The same as a list: the first cell is the tag, the others are sentences.
tagged() {
	echo '.Bl -tag -width Ds'
	"$build/loraserverd" --lorawan "$1" | escape | awk -F '\t' '
	NR > 1 { print ".It Cm " $1; for (i = 2; i <= NF; i++) print toupper(substr($i, 1, 1)) substr($i, 2) "." }'
	echo '.El'
}

lorawan_versions() { columns versions; }
lorawan_regions() { columns regions; }
lorawan_commands() { columns commands; }
lorawan_adr() { tagged adr; }
lorawan_drops() { tagged drops; }

# The page with what lies between `.\" table NAME` and `.\" end of table` made again.
page() {
	while IFS= read -r line; do
		case $line in
		'.\" table '*)
			printf '%s\n' "$line"
			${line#'.\" table '}
			skip=1
			;;
		'.\" end of table')
			skip=
			printf '%s\n' "$line"
			;;
		*) [ "${skip:-}" ] || printf '%s\n' "$line" ;;
		esac
	done <"$1"
}

passed=0
failed=0
new=$(mktemp)
trap 'rm -f "$new"' EXIT
for file in man/*.[1-8]; do
	page "$file" >"$new"
	if cmp -s "$new" "$file"; then
		passed=$((passed + 1))
	elif [ "$check" ]; then
		diff -u "$file" "$new" || :
		failed=$((failed + 1))
	else
		cat "$new" >"$file"
		echo "$file"
	fi
done
if [ "$check" ]; then
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
fi
