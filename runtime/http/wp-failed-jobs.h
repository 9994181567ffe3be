/* wp-failed-jobs.h - the list of the failed jobs in the journal, without their payloads. */
#pragma once

#include "runtime/database/wp-journal.h"

/* Returns: JSON: the number of failed jobs, and the last 100, latest first; NULL with an error. Any thread.
 */
char *wp_failed_jobs_format (WpJournal *journal, GError **error);
