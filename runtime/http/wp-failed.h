/* wp-failed.h - the list of the jobs that the journal keeps as failed, without their payloads. */
#pragma once

#include "runtime/database/wp-journal.h"

/* JSON: how many there are, and the last 100, the latest first. Any thread. NULL with an error. */
char *wp_failed_format (WpJournal *journal, GError **error);
