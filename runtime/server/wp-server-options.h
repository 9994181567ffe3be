/* wp-server-options.h - what wp-server is started with. */
#pragma once

#include "runtime/http/wp-connections.h"
#include "runtime/http/wp-hosts.h"
#include "runtime/http/wp-socket-file.h"
#include "runtime/engine/wp-engine.h"

typedef struct {
  WpPolicy policy;
  char *listen, *admin, *probe; /* the last two NULL: none */
  WpHosts *admin_hosts;         /* names by which the admin listener answers */
  WpSocketAccess socket_access; /* of Unix sockets */
  char *database;
  gint64 commit_pace_ns; /* 0: none */
  char *record;          /* NULL: none */
  char *journal;         /* NULL: none */
  guint64 max_journal_bytes;
  gboolean check_config; /* say that these options are ok, and end */
  gboolean requeue;      /* make the journal's failed jobs unfinished, and end */
  WpRetry retry;
  gint64 retry_for_ns;     /* WP_TIME_NONE: without end */
  char *certificate, *key; /* TLS; both or neither NULL */
  char *token_file;        /* NULL: whoever comes is let in */
  char *config;            /* NULL: none */
  guint max_jobs;          /* 0: as memory allows */
  guint threads;
  guint64 file_limit;        /* descriptors that the process may have */
  WpConnectionLimits limits; /* but for slots and budget */
  guint max_connections;     /* 0: as descriptors and memory allow */
  guint64 max_pending_bytes; /* of requests in memory, all together; 0: as memory allows */
  gint64 drain_timeout_ns;
  gboolean by_soup; /* libsoup serves the ingest */
} WpServerOptions;

/**
 * wp_server_options_read:
 * @file_limit: descriptors that the process may have
 *
 * Defaults, then the configuration, then the command line. Returns: FALSE with one line that says what is
 * wrong.
 */
gboolean wp_server_options_read (WpServerOptions *self, guint64 file_limit, char **argv, GError **error);

/* Threads that a server with these options has beside its first, or a few more. */
guint wp_server_options_count_threads (const WpServerOptions *self);

/* Defaults of what depends on memory: a quarter of it for payloads, one for jobs, one for connections. */
void wp_server_options_fit (WpServerOptions *self, guint64 memory_bytes);
void wp_server_options_clear (WpServerOptions *self);
