/* wp-nginx.h - nginx as a process of the test's. */
#pragma once

#include "tests/e2e/wp-harness.h"

typedef struct _WpNginx WpNginx;

gboolean wp_nginx_is_there (void);

/* What is right is answered with 200 "Success!!", whatever its method. In a folder within the server's. */
WpNginx *wp_nginx_new (const WpHarness *server);

/* @http: what its configuration has within http {}; "listen 80;", which is there once, becomes the port that
 * it has. */
WpNginx *wp_nginx_new_as (const WpHarness *server, const char *http);
void wp_nginx_free (WpNginx *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpNginx, wp_nginx_free)
guint16 wp_nginx_port (const WpNginx *self);
