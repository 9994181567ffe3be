/* wp-hold.h - holds a lock on the database: no update is done until it is released. */
#pragma once

#include "tests/e2e/wp-harness.h"

typedef struct _WpHold WpHold;

/* To execute: from now on the database takes no row (each update has a permanent failure: "spoilt"); and
 * takes them again. */
#define WP_HOLD_SPOIL   "CREATE TRIGGER spoil BEFORE INSERT ON jobs BEGIN SELECT raise (ABORT, 'spoilt'); END"
#define WP_HOLD_UNSPOIL "DROP TRIGGER spoil"

/* the file's name in the server's folder */
WpHold *wp_hold_new (const WpHarness *server, const char *database);
void wp_hold_release (WpHold *self);
void wp_hold_execute (WpHold *self, const char *sql); /* in the midst of it */
void wp_hold_free (WpHold *self);                     /* releases, if it has not been */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHold, wp_hold_free)
