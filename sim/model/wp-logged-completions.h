/* wp-logged-completions.h - what a log's server completes, while how many requests are in it. */
#pragma once

#include "sim/model/wp-logged-search.h"

typedef struct {
  double completions[2], request_ns[2]; /* at not more, and at more than the median */
  double ns, in_system_ns, squares_ns;  /* of the number in the system, and its squares, over the time */
  double in_system;                     /* sum before the stamps of the completions */
} WpLoggedCompletions;

/* @median: of the number in the system, at arrivals */
void wp_logged_completions_init (WpLoggedCompletions *self, const WpLoggedSearch *log, guint32 median);

/* Does the number in the system vary enough to show what depends on it? */
gboolean wp_logged_completions_vary (const WpLoggedCompletions *self);

/* Completions for each second that a request is in a server do not fall where nobody waits. */
gboolean wp_logged_completions_fall (const WpLoggedCompletions *self);

/* And it completes the more the more requests are in it. */
gboolean wp_logged_completions_rise (const WpLoggedCompletions *self);
