/* wp-admin-sizes.h - /workers, /queue and /policy of the admin listener: the sizes now, and their change. */
#pragma once

#include "runtime/engine/wp-engine.h"
#include "runtime/http/wp-request.h"
#include "runtime/secure/wp-tokens.h"

/* Returns: TRUE if @path is one of the three. */
gboolean wp_admin_sizes_has (const char *path);

/* Before the body of a PUT is read. @tokens: of the clients that may change sizes; NULL: nobody may. Returns:
 * 0; 401 or 403 if the client may not change sizes, and @text (static) says why */
guint wp_admin_sizes_admit (WpEngine *engine, WpTokens *tokens, const WpRequest *request, const char **text);

/* Returns: the status of a GET (200 or 409), and a line: the value, as PUT takes it. */
guint wp_admin_sizes_get (WpEngine *engine, const char *path, char **text);

/* PUT: changes the size to @body, @len bytes. Returns: 200, 400 or 409, and a line: the value now, or the
 * reason.
 */
guint wp_admin_sizes_put (WpEngine *engine, const char *path, const char *body, gsize len, char **text);
