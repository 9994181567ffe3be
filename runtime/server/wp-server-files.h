/* wp-server-files.h - the files that the server writes; none of them may be another. */
#pragma once

#include "runtime/server/wp-server-options.h"

/* Both once the database is open. They return NULL with one line that says why. */
/* options->record; empties it */
WpRecorder *wp_server_open_recorder (const WpServerOptions *options, GError **error);
WpJournal *wp_server_open_journal (const WpServerOptions *options, GError **error); /* options->journal */

/* --check-config: says that the options, which could be read, are ok, or which of these files is another too.
 * Opens none. Returns the exit status. */
int wp_server_check_config (const WpServerOptions *options);

/* --requeue: says how many. Returns the exit status. */
int wp_server_requeue (const WpServerOptions *options);
