/* wp-hold.h - a hand on the database: while it is held no update is done (for 5 s at most, the server's patience with SQLite). */
#pragma once

#include "tests/e2e/wp-harness.h"

typedef struct _WpHold WpHold;

WpHold *wp_hold_new (const WpHarness *server, const char *database);   /* the file's name in the server's folder */
void wp_hold_release (WpHold *self);
void wp_hold_execute (WpHold *self, const char *sql);                  /* in the midst of it */
void wp_hold_free (WpHold *self);              /* releases, if it has not been */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHold, wp_hold_free)
