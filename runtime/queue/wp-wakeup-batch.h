/* wp-wakeup-batch.h - batches wake-ups: an HTTP thread is woken once for all the jobs of a commit. */
#pragma once

#include <glib.h>

/* Between hold and release the calling thread's wake-ups are deferred; the outermost release makes them. */
void wp_wakeup_batch_hold (void);
void wp_wakeup_batch_release (void);

/* Makes @source ready in its context: now, or at the outermost release. Any thread. */
void wp_wakeup_batch_add (GSource *source);
