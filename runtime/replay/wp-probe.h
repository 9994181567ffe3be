/* wp-probe.h - one HEAD request before a run, so that a fault of the connection, the certificate or the
 * authorisation is one line, and not a failure of each request. It makes no job and no row. */
#pragma once

#include "runtime/replay/wp-request-template.h"

/* @target: found and secured. Blocks, 5 s at most; a server that does not answer in that time is no error.
 * Returns: FALSE with WP_ERROR_IO and one line */
gboolean wp_probe (const WpTarget *target, const WpRequestTemplate *template, GError **error);
