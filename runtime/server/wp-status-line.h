/* wp-status-line.h - on a terminal, a line below the log that is renewed every second: rates, queue, workers.
 */
#pragma once

#include "runtime/engine/wp-engine.h"

typedef struct _WpStatusLine WpStatusLine;

/* @engine: not owned; outlives the result. Returns: NULL where standard error is no terminal that can erase a
 * line. Colours are left out where NO_COLOR is set. */
WpStatusLine *wp_status_line_new (WpEngine *engine);
void wp_status_line_free (WpStatusLine *self);
