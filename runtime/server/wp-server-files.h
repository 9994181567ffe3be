/* wp-server-files.h - opens the database and the files that the server writes, and checks that they all
 * differ. */
#pragma once

#include "runtime/secure/wp-tls.h"
#include "runtime/secure/wp-tokens.h"
#include "runtime/server/wp-server-options.h"

/* Waits for a database server that is down, for wait_for_database_ns. SIGTERM and SIGINT are blocked, and end
 * the wait. Returns: NULL with one line */
WpDatabase *wp_server_open_database (const WpServerOptions *options, WpClock *clock, GError **error);

/* --init-database: prints what was done. Returns: the exit status. */
int wp_server_init_database (const WpServerOptions *options);

/* The shared queue that jobs are taken from; waits as above. */
WpSource *wp_server_open_source (const WpServerOptions *options, GError **error);

/* Call both once the database is open. Both return NULL with one line. The recorder truncates its file. */
WpRecorder *wp_server_open_recorder (const WpServerOptions *options, GError **error);
WpJournal *wp_server_open_journal (const WpServerOptions *options, GError **error);

/* --check-config: prints "ok", or which two options name the same file. Opens no file. Returns: the exit
 * status. */
int wp_server_check_config (const WpServerOptions *options);

/* --requeue: prints the number of jobs. Returns: the exit status. */
int wp_server_requeue (const WpServerOptions *options);

/* The certificate and the bearer tokens that the options name. */
typedef struct {
  WpTls *tls;             /* NULL: none */
  WpTokens *tokens;       /* NULL: none */
  WpTokens *admin_tokens; /* NULL: none */
} WpServerSecurity;

/* Returns: FALSE with one line that names the option */
gboolean wp_server_security_open (WpServerSecurity *self, const WpServerOptions *options, GError **error);
void wp_server_security_clear (WpServerSecurity *self);

/* Reads the files again, and logs the result. A file that cannot be read leaves the old values in use. */
void wp_server_security_reload (WpServerSecurity *self);
