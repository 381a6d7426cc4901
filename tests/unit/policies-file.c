/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One file: what is taken, what is refused and in which words; and what policy_check() says. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "policies/policy-file.h"
#include "policies/policy-keys.h"

static char directory[] = "/tmp/confine-file-XXXXXX";
static int directory_fd = -EBADF;

static void write_bytes(const char *name, const char *text, size_t n) {
        _cleanup_(close_fdp) int fd = -EBADF;

        (void) unlinkat(directory_fd, name, 0);
        fd = openat(directory_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, n), n);
        assert_int_equal(fchmod(fd, 0644), 0);
}

/* All that is said about a file, a line each. */
static char *said(const PolicyDiags *d) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        for (size_t i = 0; i < d->n_items; i++) {
                _cleanup_(freep) char *line = policy_diag_to_string(&d->items[i]);

                assert_non_null(line);
                fprintf(f, "%s\n", line);
        }
        assert_int_equal(fclose(f), 0);
        return text;
}

static int read_bytes(const char *text, size_t n, bool check, Policy **ret, char **ret_said) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(policy_unrefp) Policy *p = policy_new("t");
        int r;

        write_bytes("t.ini", text, n);
        r = policy_file_read(p, directory_fd, "t.ini", "t.ini", true, &diags);
        assert_int_equal(r < 0, policy_diags_has_error(&diags));
        if (r >= 0 && check)
                policy_check(p, &diags);
        *ret_said = said(&diags);
        if (ret)
                *ret = TAKE_PTR(p);
        return r;
}

static void expect(const char *text, size_t n, int want, const char *want_said) {
        _cleanup_(freep) char *s = NULL;
        int r = read_bytes(text, n, false, NULL, &s);

        if (r != want || strcmp(s, want_said) != 0)
                fail_msg("\"%s\": %d, \"%s\" instead of %d, \"%s\"", text, r, s, want, want_said);
}

static void test_syntax(void **state) {
        static const struct {
                const char *text, *said; /* NULL: taken, nothing said */
        } table[] = {
                { "", NULL },
                { "\n\n", NULL },
                { "# a\n; b\n  # indented\n\t;\n", NULL },
                { "[Cell]", NULL },
                { "[Cell] \t\nScope = user  \r\nLingerSec=\t5\r\n", NULL },
                { "[Cell]\nScope=user", NULL }, /* no newline at the end */
                { "[Cell]\n[Policy]\n[Cell]\nScope=user\n", NULL },
                { "[Policy]\nDescription=a = b; c #d : e\n", NULL },
                { "[Cell]\nScope=\n", NULL },
                { "Scope=user\n",
                  "t.ini:1: Scope=: a key outside of any section (put [Section] before it)\n" },
                { "[Cell]\nScope\n",
                  "t.ini:2: [Cell]: neither Key=value, [Section] nor # comment: \"Scope\"\n" },
                { "[Cell]\nScope: user\n",
                  "t.ini:2: [Cell]: neither Key=value, [Section] nor # comment: \"Scope: user\"\n" },
                { "[Cell]\nScope:x=user\n", "t.ini:2: [Cell] Scope:x=: no name of a key\n" },
                { "[Cell]\n=user\n", "t.ini:2: [Cell]: a value without a key\n" },
                { "[Cell]\nScope=user\n  session\n",
                  "t.ini:3: [Cell]: the line is indented (lines start at the margin; there are no "
                  "continuation lines)\n" },
                { "[Cell]\n LingerSec=1\n",
                  "t.ini:2: [Cell]: the line is indented (lines start at the margin; there are no "
                  "continuation lines)\n" },
                { "[Cell]junk\nScope=user\n",
                  "t.ini:1: something behind the section header (comments stand on lines of their "
                  "own)\n" },
                { "[Cell] # c\n",
                  "t.ini:1: something behind the section header (comments stand on lines of their "
                  "own)\n" },
                { "[Cell\nScope=user\n", "t.ini:1: a section header without its ]\n" },
                { "[Cel]\nScope=user\nFoo=bar\n",
                  "t.ini:1: [Cel]: unknown section (did you mean [Cell]?)\n" },
                { "[]\nScope=user\n", "t.ini:1: unknown section\n" },
                { "[Cell]\nScop=user\n", "t.ini:2: [Cell] Scop=: unknown key (did you mean Scope=?)\n" },
                { "[Cell]\nMemoryMax=1G\n",
                  "t.ini:2: [Cell] MemoryMax=: unknown key here (it belongs into [Resources])\n" },
                { "[Cell]\nScope=user\nScope=user\n",
                  "t.ini:3: [Cell] Scope=: given twice (first in line 2)\n" },
                { "[Cell]\nScope=user\n[Policy]\n[Cell]\nScope=\n",
                  "t.ini:5: [Cell] Scope=: given twice (first in line 2)\n" },
                { "[Cell]\nScope=user ; mine\n",
                  "t.ini:2: [Cell] Scope=: a comment behind the value (comments stand on lines of "
                  "their own)\n" },
                { "[Match]\nService=sshd # mine\n",
                  "t.ini:2: [Match] Service=: a comment behind the value (comments stand on lines of "
                  "their own)\n" },
                { "[Cell]\nRuntimeMaxSec=1h\n",
                  "t.ini:2: [Cell] RuntimeMaxSec=: not supported by this version (remove it; what it "
                  "asks for would not be done)\n" },
                { "[UserResources]\nDeviceAllow=/dev/fuse\n",
                  "t.ini:2: [UserResources] DeviceAllow=: devices are decided for each cell (write it "
                  "in [Resources])\n" },
                { "[Cell]\nHostname=a\033b\n", "t.ini:2: [Cell]: the line has control bytes in it\n" },
                { "[Ce\033ll]\n", "t.ini:1: the line has control bytes in it\n" },
                /* all at once */
                { "[Cell]\nScope=all\nLingerSec=x\n[Network]\nPool=1\n",
                  "t.ini:2: [Cell] Scope=: \"all\" is none of its values (session, user or policy)\n"
                  "t.ini:3: [Cell] LingerSec=: \"x\" is no time span (seconds, or such as 100ms, 2h "
                  "30min)\n"
                  "t.ini:5: [Network] Pool=: \"1\" is no prefix (such as 10.77.0.0/16 or fd77::/64)\n" },
                { "[Resources]\nIOReadIOPSMax=/a 1\nIOReadIOPSMax=/b 1\nIOWriteIOPSMax=/a 1\n", NULL },
                { "[Resources]\nIOReadIOPSMax=/a 1\nIOReadIOPSMax=/a 2\n",
                  "t.ini:3: [Resources] IOReadIOPSMax=: /a has this limit already in this file\n" },
                /* an odd number of words */
                { "[Resources]\nIOWeight=50\n", NULL },
                { "[Resources]\nIOReadIOPSMax=/a 1 /b\n",
                  "t.ini:2: [Resources] IOReadIOPSMax=: the amount for /b is missing (such as /b 50M)\n" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                expect(table[i].text, strlen(table[i].text), table[i].said ? -EBADMSG : 0,
                       table[i].said ? table[i].said : "");
}

static void test_values_arrive_whole(void **state) {
        static const char text[] = "[Policy]\nDescription= a = b ; c  \n"
                                   "[Match]\nUser=alice\nUser=~bob\n";
        _cleanup_(policy_unrefp) Policy *p = NULL;
        _cleanup_(freep) char *s = NULL;

        (void) state;
        assert_int_equal(read_bytes(text, strlen(text), false, &p, &s), 0);
        assert_string_equal(p->description, "a = b ; c");
        assert_int_equal(p->match[MATCH_USER].n_values, 2);
        assert_true(p->has_match);
}

static void test_warning_is_no_error(void **state) {
        static const char text[] = "[Resources]\nMemoryMax=512\n";
        _cleanup_(policy_unrefp) Policy *p = NULL;
        _cleanup_(freep) char *s = NULL;

        (void) state;
        assert_int_equal(read_bytes(text, strlen(text), false, &p, &s), 0);
        assert_int_equal(p->cell.memory_max_bytes, 512);
        assert_string_equal(s, "t.ini:2: [Resources] MemoryMax=: warning: this is 512 bytes; was a unit "
                               "meant (512M)?\n");
}

static void test_no_text(void **state) {
        (void) state;
        expect("# f\xfcr\n  ; f\xfcr\n[Cell]\nScope=\xc3\xbc\xfc\n", 31, -EBADMSG,
               "t.ini:4: a byte 0xfc that is no UTF-8 (save the file as UTF-8)\n");
        expect("[Cell]\nScope=u\0ser\n", 19, -EBADMSG, "t.ini:2: a NUL byte: this is no text file\n");
        expect("\xef\xbb\xbf[Cell]\n", 10, -EBADMSG,
               "t.ini:1: starts with a byte order mark (save it as UTF-8 without one)\n");
}

/* 4096 bytes are taken, whole; one more is not. */
static void test_long_lines(void **state) {
        static const char head[] = "[Policy]\n", key[] = "Description=";
        char text[5000];
        size_t n = strlen(head);

        (void) state;
        memset(text, 'x', sizeof(text));
        memcpy(text, head, n);
        memcpy(text + n, key, strlen(key));
        for (int over = 0; over < 2; over++) {
                _cleanup_(policy_unrefp) Policy *p = NULL;
                _cleanup_(freep) char *s = NULL;
                size_t end = n + 4096 + (size_t) over;
                int r;

                text[end] = '\n';
                r = read_bytes(text, end + 1, false, &p, &s);
                text[end] = 'x';
                assert_int_equal(r, over ? -EBADMSG : 0);
                if (over)
                        assert_string_equal(s, "t.ini:2: [Policy]: the line is longer than 4096 bytes\n");
                else
                        assert_int_equal(strlen(p->description), 4096 - strlen(key));
        }
}

/* Names that inih would cut. */
static void test_long_names(void **state) {
        char text[400], want[600], name[101];

        (void) state;
        memset(name, 'S', 100);
        name[100] = '\0';
        (void) snprintf(text, sizeof(text), "[Cell]\n%s=1\n", name);
        (void) snprintf(want, sizeof(want), "t.ini:2: [Cell] %s=: unknown key\n", name);
        expect(text, strlen(text), -EBADMSG, want);
        (void) snprintf(text, sizeof(text), "[%s]\nScope=user\n", name);
        name[32] = '\0';
        (void) snprintf(want, sizeof(want), "t.ini:1: [%s]: unknown section\n", name);
        expect(text, strlen(text), -EBADMSG, want);
}

static void test_bounded(void **state) {
        _cleanup_(freep) char *big = malloc((1U << 20) + 1), *s = NULL, *s2 = NULL, *s3 = NULL;
        size_t n = 0, lines = 0;

        (void) state;
        assert_non_null(big);
        while (n + 4 <= 1U << 20)
                n += (size_t) (stpcpy(big + n, "[x]\n") - (big + n));
        assert_int_equal(read_bytes(big, n, false, NULL, &s), -EBADMSG);
        for (const char *p = s; (p = strchr(p, '\n')); p++)
                lines++;
        assert_int_equal(lines, 100);
        assert_non_null(strstr(s, "t.ini:100: too many errors"));

        for (n = 0; n + 7 <= 1U << 20;)
                n += (size_t) (stpcpy(big + n, "[Cell]\n") - (big + n));
        assert_int_equal(read_bytes(big, n, false, NULL, &s2), 0);

        memset(big, '\n', (1U << 20) + 1);
        assert_int_equal(read_bytes(big, (1U << 20) + 1, false, NULL, &s3), -EBADMSG);
        assert_string_equal(s3, "t.ini: longer than 1 MiB\n");
}

/* A good line after each kind of bad one is still read: nothing gets out of step. */
static void test_sources(void **state) {
        static const char text[] = "# one\n[Cell]\n\nScope=policy\n[Resources]\nTasksMax=5\n"
                                   "DeviceAllow=/dev/a\nDeviceAllow=/dev/b\n";
        static const struct {
                const char *section, *key;
                unsigned line;
        } table[] = {
                { "Cell", "Scope", 4 },
                { "Resources", "TasksMax", 6 },
                { "Resources", "DeviceAllow", 8 },
                { "Cell", "LingerSec", 0 },
        };
        _cleanup_(policy_unrefp) Policy *p = NULL;
        _cleanup_(freep) char *s = NULL;

        (void) state;
        assert_int_equal(read_bytes(text, strlen(text), false, &p, &s), 0);
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const PolicySource *source =
                        &p->sources[policy_key_find(table[i].section, table[i].key) - policy_keys];

                assert_int_equal(source->line, table[i].line);
                if (table[i].line)
                        assert_string_equal(source->file, "t.ini");
                else
                        assert_null(source->file);
        }
}

static int read_file(const char *name, bool trust, char **ret_said) {
        _cleanup_(policy_diags_done) PolicyDiags diags = {};
        _cleanup_(policy_unrefp) Policy *p = policy_new("t");
        int r;

        r = policy_file_read(p, directory_fd, name, name, trust, &diags);
        *ret_said = said(&diags);
        assert_true(r >= 0 || policy_diags_has_error(&diags));
        return r;
}

static void test_kinds_of_files(void **state) {
        char *said_text;

        (void) state;
        assert_int_equal(read_file("absent.ini", true, &said_text), -ENOENT);
        assert_string_equal(said_text, "absent.ini: can't be read: No such file or directory\n");
        free(said_text);

        assert_int_equal(mkfifoat(directory_fd, "fifo.ini", 0644), 0);
        assert_int_equal(read_file("fifo.ini", true, &said_text), -EBADMSG); /* and does not wait */
        assert_string_equal(said_text, "fifo.ini: not a regular file\n");
        free(said_text);

        assert_int_equal(mkdirat(directory_fd, "dir.ini", 0755), 0);
        assert_int_equal(read_file("dir.ini", true, &said_text), -EBADMSG);
        assert_string_equal(said_text, "dir.ini: not a regular file\n");
        free(said_text);

        write_bytes("target", "", 0);
        assert_int_equal(symlinkat("target", directory_fd, "link.ini"), 0);
        assert_int_equal(read_file("link.ini", true, &said_text), -ELOOP);
        assert_non_null(strstr(said_text, "link.ini: a symbolic link"));
        free(said_text);
}

static void test_permissions(void **state) {
        static const struct {
                mode_t mode;
                uid_t uid;
                const char *said;
        } table[] = {
                { 0644, 0, "" },
                { 0600, 0, "" },
                { 0664, 0, "p.ini: others than root may write to it (chmod go-w)\n" },
                { 0646, 0, "p.ini: others than root may write to it (chmod go-w)\n" },
                { 0644, 1000, "p.ini: not owned by root (chown root)\n" },
        };

        (void) state;
        write_bytes("p.ini", "[Cell]\n", 7);
        if (getuid() != 0) {
                _cleanup_(freep) char *text = NULL;

                assert_int_equal(read_file("p.ini", false, &text), -EBADMSG);
                assert_string_equal(text, "p.ini: not owned by root (chown root)\n");
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(freep) char *text = NULL, *trusted = NULL;

                assert_int_equal(fchownat(directory_fd, "p.ini", table[i].uid, 0, 0), 0);
                assert_int_equal(fchmodat(directory_fd, "p.ini", table[i].mode, 0), 0);
                assert_int_equal(read_file("p.ini", false, &text), *table[i].said ? -EBADMSG : 0);
                assert_string_equal(text, table[i].said);
                assert_int_equal(read_file("p.ini", true, &trusted), 0);
        }
}

static void test_diag_escapes(void **state) {
        _cleanup_(policy_diags_done) PolicyDiags d = {};
        _cleanup_(freep) char *text = NULL;

        (void) state;
        assert_int_equal(policy_diags_add(&d, true, "a\nb", 3, "S", "K\033", "x%sy", "\r"), 0);
        assert_false(policy_diags_has_error(&d));
        text = policy_diag_to_string(&d.items[0]);
        assert_string_equal(text, "a\\x0ab:3: [S] K\\x1b=: warning: x\\x0dy");
        d.lost_error = true;
        assert_true(policy_diags_has_error(&d));
        for (int i = 0; i < 100; i++)
                assert_int_equal(policy_diags_add(&d, false, NULL, 0, NULL, NULL, "m"), 0);
        assert_int_equal(d.n_items, 101);
        policy_diags_done(&d);
        assert_false(policy_diags_has_error(&d));
}

/* --- policy_check() --- */

#define UNIT "[Match]\nUnit=a.service\n"
#define LAN "[Network]\nPool=10.8.0.0/24 fd78::/64\nInterface=eth1\n"
#define NET "[Network]\nPool=10.7.0.0/24 fd77::/64\n"

static void test_check(void **state) {
        static const struct {
                const char *text, *said; /* "": nothing; otherwise a part of the only line */
        } table[] = {
                { NET, "" },
                { "[Cell]\n", "[Network] Pool=: Mode=routed needs addresses" },
                { "[Network]\nMode=none\n", "" },
                { "[Network]\nMode=host\n", "" },
                { "[Network]\nMode=none\nPool=10.0.0.0/8\n", "t.ini:3: [Network] Pool=: warning: it has no effect" },
                { "[Network]\nMode=host\nDNS=1.1.1.1\n", "[Network] DNS=: warning: it has no effect with Mode=host" },
                { "[Network]\nMode=host\nMasquerade=no\n", "[Network] Masquerade=: warning" },
                { "[Network]\nMode=host\nAddress=dynamic\n", "[Network] Address=: warning" },
                { "[Cell]\nNamespaces=mnt pid net\n" NET, "" },
                { "[Cell]\nNamespaces=mnt net\n" NET, "t.ini:2: [Cell] Namespaces=: mnt without pid" },
                { "[Cell]\nNamespaces=pid net\n[Filesystem]\nPrivateTmp=no\n" NET, "pid without mnt" },
                { "[Cell]\nNamespaces=net\n[Filesystem]\nPrivateTmp=no\n" NET,
                  "Namespaces=: warning: without pid and mnt this is no boundary" },
                { "[Cell]\nNamespaces=mnt pid\n" NET, "without net the cell has the host's network" },
                { "[Cell]\nNamespaces=mnt pid\n[Network]\nMode=none\n", "without net" },
                { "[Cell]\nNamespaces=mnt pid\n[Network]\nMode=host\n", "" },
                { "[Cell]\nNamespaces=mnt pid net\nHostname=a\n" NET, "t.ini:3: [Cell] Hostname=: it would rename the host" },
                { "[Cell]\nNamespaces=mnt pid net uts\nHostname=a\n" NET, "" },
                { NET "Address=10.7.0.5 fd77::5\n[Cell]\nScope=policy\n", "" },
                { NET "Address=10.7.1.5\n[Cell]\nScope=policy\n", "t.ini:3: [Network] Address=: 10.7.1.5 is in no Pool=" },
                { "[Network]\nPool=10.7.0.0/24\nAddress=fd77::5\n[Cell]\nScope=policy\n", "fd77::5 is in no Pool=" },
                { NET "Address=10.7.0.1\n[Cell]\nScope=policy\n", "10.7.0.1 is the gateway's" },
                { NET "Address=fd77::1\n[Cell]\nScope=policy\n", "fd77::1 is the gateway's" },
                { NET "Address=10.7.0.0\n[Cell]\nScope=policy\n", "the pool's own name" },
                { NET "Address=fd77::\n[Cell]\nScope=policy\n", "the pool's own name" },
                { NET "Address=10.7.0.255\n[Cell]\nScope=policy\n", "broadcast" },
                { NET "Address=fd77::ffff:ffff:ffff:ffff\n[Cell]\nScope=policy\n", "" },
                { NET "Address=10.7.0.5\n", "only one cell can have a fixed address" },
                { NET "Address=10.7.0.5\n[Match]\nUser=alice\n", "" },
                { NET "Address=10.7.0.5\n[Match]\nUID=1000\nGroup=g\n", "" },
                { NET "Address=10.7.0.5\n[Match]\nUID=1000-1001\n", "only one cell" },
                { NET "Address=10.7.0.5\n[Match]\nUser=~alice\n", "only one cell" },
                { NET "Address=10.7.0.5\n[Match]\nUser=alice bob\n", "only one cell" },
                { NET "Address=10.7.0.5\n[Match]\nUser=alice\n[Cell]\nScope=session\n", "every session has a cell" },
                { NET "Address=10.7.0.5\n[Match]\nUser=alice\n[Cell]\nScope=session\nMaxSessions=1\n", "" },
                { LAN "Mode=macvlan\n", "" },
                { LAN "Mode=macvlan\nIsolate=no\nGateway=10.8.0.1\n", "" },
                { LAN "Mode=macvlan\nInterface=eth2\n", "on one interface of the host" },
                { "[Network]\nMode=macvlan\nPool=10.8.0.0/24\n", "Interface=: Mode=macvlan is on one interface" },
                { "[Network]\nMode=macvlan\nInterface=eth1\n", "Pool=: Mode=macvlan needs addresses" },
                { LAN "Mode=macvlan\nGateway=10.8.0.7\n", "Gateway=: 10.8.0.7 is in Pool=" },
                { LAN "Mode=macvlan\nMasquerade=no\n", "Masquerade=: warning: it has no effect with Mode=macvlan" },
                { LAN "Mode=macvlan\nPort=80\n[Match]\nUser=a\n", "Port=: ports are published with Mode=routed only" },
                { LAN "Mode=macvlan\nBandwidthUp=1M\n", "BandwidthUp=: it can't be held with Mode=macvlan" },
                { LAN "Mode=ipvlan\n[UserResources]\nBandwidthUp=1M\n", "[UserResources] BandwidthUp=: it can't be held" },
                { LAN "Mode=interface\nLogDenied=yes\n", "[Network] Mode=: Egress=, Ingress=" },
                { LAN "Mode=macvlan\nBridge=br0\n", "Bridge=: warning: it has no effect with Mode=macvlan" },
                { LAN "Mode=macvlan\nIPVLANMode=l3s\n", "IPVLANMode=: warning: it has no effect" },
                { UNIT LAN "Mode=macvlan\n", "Mode=: macvlan is for cells of logins" },
                { LAN "Mode=ipvlan\nGateway=10.8.0.1\n", "" },
                { LAN "Mode=ipvlan\nIPVLANMode=l3s\n", "" },
                { LAN "Mode=ipvlan\nIPVLANMode=l3s\nGateway=10.8.0.1\n", "Gateway=: with IPVLANMode=l3s" },
                { "[Network]\nMode=interface\nInterface=eth1 eth2\n", "" },
                { "[Network]\nMode=interface\n", "Interface=: Mode=interface needs interfaces" },
                { "[Network]\nMode=interface\nInterface=eth1\nGateway=10.8.0.1\n", "10.8.0.1 leads nowhere" },
                { "[Network]\nMode=interface\nInterface=eth1\nIsolate=no\n", "Isolate=: warning: it has no effect" },
                { "[Network]\nMode=cell:a\n", "" },
                { "[Network]\nMode=cell:a\nPool=10.8.0.0/24\n", "Pool=: warning: it has no effect with Mode=cell" },
                { "[Network]\nMode=cell:a\nBandwidthDown=1M\n", "BandwidthDown=" },
                { UNIT "[Network]\nMode=cell:a\n", "Mode=: cell is for cells of logins" },
                { UNIT NET, "" },
                { UNIT NET "Address=10.7.0.5\n", "" },
                { "[Match]\nUnit=a.service b.service\n" NET "Address=10.7.0.5\n", "only one service can have a fixed" },
                { UNIT NET "Address=per-user\n", "a service of systemd has no user here" },
                { UNIT "User=alice\n" NET, "t.ini:3: [Match] User=: it is for logins" },
                { UNIT "Service=~sshd\n" NET, "[Match] Service=: it is for logins" },
                { UNIT NET "[Cell]\nMaxSessions=1\n", "[Cell] MaxSessions=: a service has no sessions" },
                { UNIT NET "[Cell]\nScope=policy\n", "[Cell] Scope=: a service has a cell of its own" },
                { UNIT NET "[Cell]\nHostname=a\n", "[Cell] Hostname=: that of a service is its unit's" },
                { UNIT NET "[Cell]\nNamespaces=mnt pid net\n", "[Cell] Namespaces=: those of a service" },
                { UNIT NET "[Policy]\nOnFailure=allow\n", "[Policy] OnFailure=: a service whose cell" },
                { UNIT NET "[UserResources]\nMemoryMax=1G\n", "[UserResources] MemoryMax=: limits of a service" },
                { UNIT NET "[PolicyResources]\nTasksMax=9\n", "[PolicyResources] TasksMax=: limits of a service" },
                { UNIT NET "[Resources]\nTasksMax=9\n", "" },
                { UNIT NET "Port=80\n", "" },
                { "[Match]\nUnit=a.service b.service\n" NET "Port=80\n", "one service only" },
                { UNIT "[Network]\nMode=none\nPort=80\n", "Port=: warning: it has no effect" },
                { NET "Port=80\n", "Port=: every user has a cell" },
                { NET "Port=80\n[Match]\nUser=alice\n", "" },
                { NET "Port=80\n[Cell]\nScope=policy\n", "" },
                { NET "Port=80\n[Match]\nUser=alice\n[Cell]\nScope=session\n", "Port=: every session has a cell" },
                { NET "Address=per-user\n", "" },
                { NET "Address=per-user\n[Cell]\nScope=policy\n", "all users share one cell" },
                { NET "Address=per-user\n[Cell]\nScope=session\n", "a user can have several cells" },
                { NET "Address=per-user\n[Cell]\nScope=session\nMaxSessions=1\n", "" },
                { "[Network]\nPool=10.7.0.0/24\nDNS=1.1.1.1\n", "" },
                { "[Network]\nPool=10.7.0.0/24\nDNS=fd77::1\n", "DNS=: warning: fd77::1 can't be reached" },
                { NET "[Resources]\nCPUQuota=1%\n", "" },
                { NET "[Resources]\nCPUQuota=0.9%\n", "[Resources] CPUQuota=: 900 us in a period of 100000 us" },
                { NET "[UserResources]\nCPUQuota=5%\nCPUQuotaPeriodSec=10ms\n", "[UserResources] CPUQuota=: 500 us" },
                { NET "[PolicyResources]\nCPUQuota=5%\nCPUQuotaPeriodSec=10ms\n", "[PolicyResources] CPUQuota=: 500 us" },
                { NET "[Resources]\nMemoryHigh=2G\nMemoryMax=1G\n", "MemoryHigh=: warning: it is above MemoryMax=" },
                { NET "[UserResources]\nMemoryLow=2G\nMemoryMax=1G\n", "MemoryLow=: warning" },
                { NET "[PolicyResources]\nMemoryMin=2G\nMemoryMax=1G\n", "MemoryMin=: warning" },
                { NET "[Resources]\nMemoryHigh=1G\nMemoryMax=1G\n", "" },
                { NET "[Resources]\nMemoryHigh=2G\n", "" },
                { NET "[Resources]\nDevicePolicy=strict\n", "DevicePolicy=: warning: strict without" },
                { NET "[Resources]\nDevicePolicy=strict\nDeviceAllow=/dev/null rw\n", "" },
                { NET "[Resources]\nIOWeight=30\n", "" }, /* was read beyond its one word: make asan */
                { NET "[Match]\nUser=root\n", "[Match] User=: warning: root can leave any cell" },
                { NET "[Match]\nUser=0\n", "warning: root can leave" },
                { NET "[Match]\nUser=~root\n", "" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(freep) char *s = NULL;
                const char *newline;

                assert_int_equal(read_bytes(table[i].text, strlen(table[i].text), true, NULL, &s), 0);
                newline = strchr(s, '\n');
                if (*table[i].said ? !strstr(s, table[i].said) || !newline || newline[1] : *s != '\0')
                        fail_msg("\"%s\":\n\"%s\" instead of \"%s\"", table[i].text, s, table[i].said);
        }
}

static void test_check_many(void **state) {
        static const char text[] = "[Cell]\nNamespaces=cgroup net\n" NET;
        _cleanup_(freep) char *s = NULL;

        (void) state;
        assert_int_equal(read_bytes(text, strlen(text), true, NULL, &s), 0);
        assert_non_null(strstr(s, "t.ini:2: [Cell] Namespaces=: cgroup without mnt hides nothing"));
        assert_non_null(strstr(s, "t: [Filesystem] PrivateTmp=: it needs a mount namespace"));
}

static int setup(void **state) {
        (void) state;
        if (!mkdtemp(directory))
                return -1;
        directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return directory_fd < 0 ? -1 : 0;
}

static int teardown(void **state) {
        static const char *const names[] = { "t.ini", "p.ini", "fifo.ini", "link.ini", "target" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) unlinkat(directory_fd, names[i], 0);
        (void) unlinkat(directory_fd, "dir.ini", AT_REMOVEDIR);
        directory_fd = close_fd(directory_fd);
        return rmdir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_syntax),         cmocka_unit_test(test_values_arrive_whole),
                cmocka_unit_test(test_warning_is_no_error), cmocka_unit_test(test_no_text),
                cmocka_unit_test(test_long_lines),     cmocka_unit_test(test_long_names),
                cmocka_unit_test(test_bounded),        cmocka_unit_test(test_sources),
                cmocka_unit_test(test_kinds_of_files), cmocka_unit_test(test_permissions),
                cmocka_unit_test(test_diag_escapes),   cmocka_unit_test(test_check),
                cmocka_unit_test(test_check_many),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, setup, teardown);
}
