/* wp-postgresql-uri.h - the URI of a PostgreSQL database. Its password appears in no message. */
#pragma once

#include <glib.h>

/* A NULL-terminated list of the parameters that a connection is made with: names and values in turn. */
typedef struct {
  GPtrArray *names, *values; /* (element-type utf8) */
  char *described;           /* for messages: user, hosts, ports and database alone */
  gboolean has_password;
} WpPostgresqlUri;

/**
 * wp_postgresql_uri_new:
 * @location: what follows "postgresql:"
 * @timeout_ns: to connect to each host, unless the URI has a connect_timeout
 *
 * Returns: (nullable): NULL with one line
 */
WpPostgresqlUri *wp_postgresql_uri_new (const char *location, gint64 timeout_ns, GError **error);
void wp_postgresql_uri_free (WpPostgresqlUri *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPostgresqlUri, wp_postgresql_uri_free)
