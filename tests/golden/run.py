#!/usr/bin/env python3
"""Golden tests of lsctl: run.py [--update] LSCTL [CASE-FILE...]

A case file holds blocks:

    $ lsctl device shwo 2c01          the command, given to bash with lsctl in PATH
    $tty lsctl device list            the same with stdin, stdout and stderr on a pseudo-terminal (80 columns);
                                      its output is all `>` lines, escape characters as \\e
    < y                               a line of input
    > text                            expected stdout
    ! text                            expected stderr
    = 2                               expected exit code (0 if absent)

Each command runs in a scratch folder with a key file app.key, against the fake daemon. --update writes what was
seen into the case files. Prints `N passed, N failed` and exits 1 when one failed.
"""
import os
import pty
import select
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Case:
    def __init__(self, command, tty):
        self.command, self.tty = command, tty
        self.stdin, self.out, self.err, self.code = [], [], [], 0


def read_cases(path):
    """The file as a list of comment lines (text) and cases."""
    parts = []
    for line in open(path, encoding="utf-8").read().split("\n"):
        if line.startswith("$tty "):
            parts.append(Case(line[5:], True))
        elif line.startswith("$ "):
            parts.append(Case(line[2:], False))
        elif line[:1] in ("<", ">", "!", "=") and parts and isinstance(parts[-1], Case):
            kind, text = line[0], line[2:]
            if kind == "=":
                parts[-1].code = int(text)
            else:
                {"<": parts[-1].stdin, ">": parts[-1].out, "!": parts[-1].err}[kind].append(text)
        else:
            parts.append(line)
    while parts and parts[-1] == "":
        parts.pop()
    return parts


def write_cases(path, parts):
    lines = []
    for part in parts:
        if not isinstance(part, Case):
            lines.append(part)
            continue
        lines.append(("$tty " if part.tty else "$ ") + part.command)
        lines += [("< " + t).rstrip() for t in part.stdin] + [("> " + t).rstrip() if not t else "> " + t for t in part.out]
        lines += [("! " + t).rstrip() if not t else "! " + t for t in part.err]
        if part.code:
            lines.append("= %d" % part.code)
    open(path, "w", encoding="utf-8").write("\n".join(lines) + "\n")


def split(text):
    return text.split("\n")[:-1] if text.endswith("\n") else (text.split("\n") if text else [])


def visible(data):
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return "".join(c if c in "\n\t" or (ord(c) >= 32 and not 0x7f <= ord(c) < 0xa0 and c != "\u202e")
                   else ("\\e" if c == "\x1b" else "\\u%04x" % ord(c)) for c in text)


def run_plain(case, env, cwd):
    text = "".join(line + "\n" for line in case.stdin)
    p = subprocess.run(["bash", "-c", case.command], input=text.encode(), capture_output=True, env=env, cwd=cwd,
                       timeout=30)
    return visible(p.stdout), visible(p.stderr), p.returncode


def run_tty(case, env, cwd):
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe("bash", ["bash", "-c", "stty -echo cols 80 rows 24; " + case.command], env)
    seen, deadline, to_type = b"", time.time() + 30, [line.encode() + b"\n" for line in case.stdin]
    while time.time() < deadline:
        ready, _, _ = select.select([fd], [], [], 0.1)
        if not ready:
            if to_type and seen:
                os.write(fd, to_type.pop(0))
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    else:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    return visible(seen), "", os.waitstatus_to_exitcode(status)


def show_difference(what, expected, seen):
    if expected != seen:
        print("    %s expected:" % what, *expected, sep="\n      ")
        print("    %s seen:" % what, *seen, sep="\n      ")


def wait_for_daemon(directory):
    path = os.path.join(directory, "control.sock")
    deadline = time.time() + 10
    while not os.path.exists(path):
        if time.time() > deadline:
            sys.exit("the fake daemon does not start")
        time.sleep(0.01)


def start_daemon(directory, **more):
    os.makedirs(directory, exist_ok=True)
    p = subprocess.Popen([sys.executable, os.path.join(HERE, "fake_daemon.py"), directory], env={**os.environ, **more})
    wait_for_daemon(directory)
    return p


def main():
    args = sys.argv[1:]
    update = "--update" in args
    args = [a for a in args if a != "--update"]
    if not args:
        sys.exit(__doc__)
    lsctl = os.path.abspath(args[0])
    files = args[1:] or sorted(os.path.join(HERE, "cases", f) for f in os.listdir(os.path.join(HERE, "cases"))
                               if f.endswith(".case"))
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="ls-golden-") as scratch:
        bin_dir = os.path.join(scratch, "bin")
        os.mkdir(bin_dir)
        os.symlink(lsctl, os.path.join(bin_dir, "lsctl"))
        daemons = [start_daemon(os.path.join(scratch, "d")), start_daemon(os.path.join(scratch, "v2"), FAKE_PROTOCOL="2")]
        env = {"PATH": bin_dir + ":/usr/bin:/bin", "LSCTL_SOCKET": "d/control.sock", "TZ": "UTC", "LANG": "C.UTF-8",
               "TERM": "xterm", "NO_COLOR": "1", "HOME": scratch, "LSCTL_PAGER": ""}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        open(os.path.join(scratch, "app.key"), "w").write("00112233445566778899AABBCCDDEEFF\n")
        open(os.path.join(scratch, "short.key"), "w").write("0011223344556677889 9aabbccddeef\n")
        try:
            for path in files:
                parts = read_cases(path)
                for case in parts:
                    if not isinstance(case, Case):
                        continue
                    run = run_tty if case.tty else run_plain
                    out, err, code = run(case, env, scratch)
                    out, err = split(out), split(err)
                    if (out, err, code) == (case.out, case.err, case.code):
                        passed += 1
                        continue
                    if update:
                        case.out, case.err, case.code = out, err, code
                        passed += 1
                        continue
                    failed += 1
                    print("FAIL %s: %s" % (os.path.basename(path), case.command))
                    show_difference("stdout", case.out, out)
                    show_difference("stderr", case.err, err)
                    show_difference("exit", [case.code], [code])
                if update:
                    write_cases(path, parts)
        finally:
            for p in daemons:
                p.kill()
                p.wait()
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
