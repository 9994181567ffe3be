/* wp-manager.h - a service manager: starts wp-server as systemd does, in a temporary folder, and reads its
 * notifications. */
#pragma once

#include "tests/e2e/wp-child.h"

typedef struct _WpManager WpManager;

/**
 * wp_manager_start:
 * @terms: (nullable): how it is started, beside what a manager sets; a socket of it is taken
 * @option: NULL-terminated; there is no admin listener
 */
WpManager *wp_manager_start (const WpChildTerms *terms, const char *option, ...) G_GNUC_NULL_TERMINATED;

/* One that must be refused its start, and say so. */
void wp_manager_start_in_vain (int socket_fd, const char *said, const char *option,
                               ...) G_GNUC_NULL_TERMINATED;

void wp_manager_free (WpManager *self); /* kills it if it still runs; it must have left nothing */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpManager, wp_manager_free)

WpChild *wp_manager_child (const WpManager *self); /* (transfer none) */
void wp_manager_signal (WpManager *self, int number);
int wp_manager_wait (WpManager *self); /* its exit status, or -signal */

/* Awaits the notification that begins with @word; skips those before it. */
void wp_manager_await_told (WpManager *self, const char *word);

char *wp_manager_log (const WpManager *self);
void wp_manager_await_log (const WpManager *self, const char *text);
