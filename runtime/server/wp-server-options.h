/* wp-server-options.h - the options of wp-server. */
#pragma once

#include "runtime/http/wp-connections.h"
#include "runtime/http/wp-hosts.h"
#include "runtime/http/wp-socket-file.h"
#include "runtime/engine/wp-engine.h"
#include "runtime/server/wp-log.h"

typedef struct {
  WpPolicy policy;
  char *listen, *admin, *probe; /* NULL: none */
  WpHosts *admin_hosts;         /* values of Host that the admin listener accepts */
  WpSocketAccess socket_access; /* of Unix sockets */
  char *database;               /* may have a password */
  char *database_name;          /* for messages, without */
  char *source;                 /* the shared queue that jobs are taken from; NULL: none */
  WpDatabaseOptions database_options;
  gint64 wait_for_database_ns;
  gboolean init_database; /* make the database's tables and exit */
  gint64 commit_pace_ns;  /* 0: none */
  char *record;           /* NULL: none */
  char *journal;          /* NULL: none */
  gboolean forecast;
  guint64 max_journal_bytes;
  gboolean check_config; /* check the options and exit */
  gboolean requeue;      /* mark the journal's failed jobs as unfinished and exit */
  WpRetry retry;
  gint64 retry_for_ns;     /* WP_TIME_NONE: no limit */
  char *certificate, *key; /* TLS; both or neither NULL */
  char *token_file;        /* NULL: no token is required */
  char *admin_token_file;  /* NULL: nobody may change sizes on the admin listener */
  char *config;            /* NULL: none */
  guint max_jobs;          /* 0: as memory allows */
  guint threads;
  guint64 file_limit;        /* descriptors that the process may have */
  WpConnectionLimits limits; /* without slots and budget */
  guint max_connections;     /* 0: as descriptors and memory allow */
  guint64 max_pending_bytes; /* of all requests in memory; 0: as memory allows */
  gint64 drain_timeout_ns;
  gboolean by_soup; /* libsoup serves the ingest */
  WpLogLevel log_level;
} WpServerOptions;

/**
 * wp_server_options_read:
 * @file_limit: descriptors that the process may have
 *
 * Applies the defaults, then the configuration, then the command line. Returns: FALSE with one line
 */
gboolean wp_server_options_read (WpServerOptions *self, guint64 file_limit, char **argv, GError **error);

/* Returns: an upper bound of the threads that the server starts. */
guint wp_server_options_count_threads (const WpServerOptions *self);

/* Sets the defaults that depend on memory: a quarter each for payloads, jobs and connections. */
void wp_server_options_set_memory_defaults (WpServerOptions *self, guint64 memory_bytes);

/* Returns: (element-type utf8): names of the options, all but sizes, whose values differ. */
GPtrArray *wp_server_options_compare (const WpServerOptions *self, const WpServerOptions *other);

void wp_server_options_clear (WpServerOptions *self);
