/* wp-wakeup-batch.h - wake-ups that wait while a thread has more to hand over: one for all that a commit has
 * done. */
#pragma once

#include <glib.h>

/* Between the two the calling thread's wake-ups are put off; the outermost release makes them. */
void wp_wakeup_batch_hold (void);
void wp_wakeup_batch_release (void);

/* Makes @source ready, on whatever context it is: now, or when this thread no longer holds. Any thread. */
void wp_wakeup_batch_add (GSource *source);
