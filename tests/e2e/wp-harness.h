/* wp-harness.h - wp-server as a process, in a temporary folder of its own, on ports of its own. */
#pragma once

#include <signal.h>

#include "tests/e2e/wp-child.h"
#include "tests/e2e/wp-client.h"

#include "sim/trace/wp-trace.h"

typedef struct _WpHarness WpHarness;

/* Starts `wp-server --listen 127.0.0.1:0 --admin 127.0.0.1:0 @options...` in its folder (NULL-terminated),
 * and waits until it says its ports. It dies with the test. The environment's WP_HTTP_SERVER adds --http, and
 * WP_HTTP_TLS a certificate: the suites run once with each. */
WpHarness *wp_harness_start (const char *option, ...) G_GNUC_NULL_TERMINATED;

/* The same on other terms. */
WpHarness *wp_harness_start_limited (const WpChildTerms *terms, const char *option,
                                     ...) G_GNUC_NULL_TERMINATED;

/* After its end, in the same folder; its log begins anew. */
void wp_harness_start_again (WpHarness *self, const char *option, ...) G_GNUC_NULL_TERMINATED;

/* A folder without a server; starts one there, which may end instead of serving: FALSE, and its status is
 * wp_harness_wait()'s. */
WpHarness *wp_harness_new (void);
gboolean wp_harness_try (WpHarness *self, const WpChildTerms *terms, const char *option,
                         ...) G_GNUC_NULL_TERMINATED;

/* In the folder of wp_harness_new(): starts wp-server with these options alone, and waits for nothing. */
void wp_harness_launch_only (WpHarness *self, const char *option, ...) G_GNUC_NULL_TERMINATED;

/* Runs wp-server with these options alone to its end; it is killed if it starts to serve. See
 * wp_harness_wait(). */
WpHarness *wp_harness_run (const char *option, ...) G_GNUC_NULL_TERMINATED;
WpHarness *wp_harness_run_limited (const WpChildTerms *terms, const char *option, ...) G_GNUC_NULL_TERMINATED;

void wp_harness_free (WpHarness *self); /* kills it if it still runs, and removes the folder */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHarness, wp_harness_free)

guint16 wp_harness_port (const WpHarness *self);
guint16 wp_harness_admin_port (const WpHarness *self);
WpChild *wp_harness_child (const WpHarness *self); /* (transfer none) */
/* a file of its folder, which it runs in, unless it is absolute */
char *wp_harness_path (const WpHarness *self, const char *name);
char *wp_harness_read_file (const WpHarness *self, const char *name);

/* A number of /stats.json, such as "ledger.parked"; a boolean is 0 or 1, null is -1. */
double wp_harness_stat (WpHarness *self, const char *name);
void wp_harness_await_stat (WpHarness *self, const char *name, double value);

/* The text of its standard error so far. */
char *wp_harness_log (const WpHarness *self);
void wp_harness_await_log (WpHarness *self, const char *text);
void wp_harness_await_file (WpHarness *self, const char *name, const char *text); /* of any file */

void wp_harness_signal (WpHarness *self, int number);
int wp_harness_wait (WpHarness *self);           /* its exit status, or -signal */
char *wp_harness_output (const WpHarness *self); /* standard output, whole, after that */

/* SIGTERM: must end with status 0 and a ledger that balances. */
void wp_harness_stop (WpHarness *self);

/* The same after so many acknowledged jobs were given up: must end with status 1, and the last line says so,
 * and their @fate. */
void wp_harness_stop_after_loss (WpHarness *self, guint64 n, const char *fate);

/* Of the ledger line at exit: "stored", "received", ... It must be there, and balance, by its own figures. */
guint64 wp_harness_ledger (WpHarness *self, const char *name);

/* The record, read after the end. */
const WpRow *wp_harness_record (WpHarness *self, const char *name, gsize *n_rows);
/* The first column of the rows that @sql selects: (element-type utf8), in their order. */
GPtrArray *wp_harness_read_rows (const WpHarness *self, const char *database, const char *sql);
/* of sqlite's jobs */
gint64 wp_harness_count_rows (const WpHarness *self, const char *database, const char *where);

/* wp.db has every body once, and all of @answered (element-type utf8: bodies that got a 200) among them.
 * @when: for messages. */
void wp_harness_reconcile (const WpHarness *self, GHashTable *answered, const char *when);
