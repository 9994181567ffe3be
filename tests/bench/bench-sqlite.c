/* The speed of SQLite itself: a bare loop inserts rows like wp-server's with 1 KB of payload, a given number
 * per commit, with the server's settings. Usage: bench-sqlite FILE ROWS_PER_COMMIT [SECONDS]. Prints rows per
 * second. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/database/wp-sqlite-settings.h"
#include "runtime/queue/wp-job.h"
#include "sim/base/wp-time.h"

#define PAYLOAD 1024

static void
check (sqlite3 *db, gboolean ok)
{
  if (ok)
    return;
  fprintf (stderr, "bench-sqlite: %s\n", sqlite3_errmsg (db));
  exit (2);
}

static void
step (sqlite3 *db, sqlite3_stmt *statement)
{
  check (db, sqlite3_step (statement) == SQLITE_DONE);
  sqlite3_reset (statement);
}

static void
insert (sqlite3 *db, sqlite3_stmt *statement)
{
  static char payload[PAYLOAD];
  char uuid[WP_UUID_BUFFER], received[WP_TIME_BUFFER];

  memset (payload, 'x', sizeof payload);
  sqlite3_bind_text (statement, 1, wp_uuid_v7 (uuid), -1, SQLITE_STATIC);
  sqlite3_bind_text (statement, 2, wp_time_format_iso8601 (received, g_get_real_time () * WP_NS_PER_US), -1,
                     SQLITE_STATIC);
  sqlite3_bind_text (statement, 3, "POST", -1, SQLITE_STATIC);
  sqlite3_bind_text (statement, 4, "/", -1, SQLITE_STATIC);
  sqlite3_bind_null (statement, 5);
  sqlite3_bind_blob (statement, 6, payload, sizeof payload, SQLITE_STATIC);
  step (db, statement);
}

int
main (int argc, char **argv)
{
  int rows = argc > 2 ? atoi (argv[2]) : 256, seconds = argc > 3 ? atoi (argv[3]) : 3;
  sqlite3_stmt *begin, *add, *commit;
  gint64 n = 0, start_ns;
  sqlite3 *db;

  if (argc < 2)
    return 2;
  check (NULL, sqlite3_open (argv[1], &db) == SQLITE_OK);
  check (db, sqlite3_exec (db, WP_SQLITE_SCHEMA WP_SQLITE_SETTINGS, NULL, NULL, NULL) == SQLITE_OK);
  check (db, sqlite3_wal_autocheckpoint (db, WP_SQLITE_CHECKPOINT_PAGES) == SQLITE_OK);
  check (db, sqlite3_prepare_v2 (db, WP_SQLITE_BEGIN, -1, &begin, NULL) == SQLITE_OK);
  check (db, sqlite3_prepare_v2 (db, WP_SQLITE_INSERT, -1, &add, NULL) == SQLITE_OK);
  check (db, sqlite3_prepare_v2 (db, WP_SQLITE_COMMIT, -1, &commit, NULL) == SQLITE_OK);
  for (start_ns = wp_time_monotonic (); wp_time_monotonic () < start_ns + seconds * WP_NS_PER_S; n += rows)
    {
      step (db, begin);
      for (int i = 0; i < rows; i++)
        insert (db, add);
      step (db, commit);
    }
  printf ("%.0f\n", (double) n / ((double) (wp_time_monotonic () - start_ns) / 1e9));
  sqlite3_finalize (begin);
  sqlite3_finalize (add);
  sqlite3_finalize (commit);
  sqlite3_close (db);

  return 0;
}
