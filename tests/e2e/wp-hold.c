#include "tests/e2e/wp-hold.h"

#include <sqlite3.h>

struct _WpHold {
  sqlite3 *db;
  gboolean held;
};

void
wp_hold_execute (WpHold *self, const char *sql)
{
  char *message = NULL;

  sqlite3_exec (self->db, sql, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
}

WpHold *
wp_hold_new (const WpHarness *server, const char *database)
{
  g_autofree char *path = wp_harness_path (server, database);
  WpHold *self = g_new0 (WpHold, 1);

  g_assert_cmpint (sqlite3_open (path, &self->db), ==, SQLITE_OK);
  sqlite3_busy_timeout (self->db, WP_PATIENCE_US / 1000);
  wp_hold_execute (self, "BEGIN IMMEDIATE");
  self->held = TRUE;

  return self;
}

void
wp_hold_release (WpHold *self)
{
  wp_hold_execute (self, "COMMIT");
  self->held = FALSE;
}

void
wp_hold_free (WpHold *self)
{
  if (self->held)
    wp_hold_release (self);
  sqlite3_close (self->db);
  g_free (self);
}
