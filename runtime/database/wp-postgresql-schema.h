/* wp-postgresql-schema.h - the tables wp_jobs and wp_schema. */
#pragma once

#include "runtime/database/wp-postgresql-connection.h"

/* Checks encoding, version and rights. @name: for the warning of a database that does not write durably.
 * Returns: FALSE with one line */
gboolean wp_postgresql_schema_check (WpPostgresqlConnection *connection, const char *name, GError **error);

/* Creates the tables unless they exist. Returns: (transfer full): one line on the result; NULL with one
 * line */
char *wp_postgresql_schema_make (WpPostgresqlConnection *connection, GError **error);
