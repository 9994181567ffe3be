/* wp-nginx.h - nginx as a process of the test's. */
#pragma once

#include "tests/e2e/wp-harness.h"

typedef struct _WpNginx WpNginx;

gboolean wp_nginx_is_there (void);

/* A valid request of any method gets 200 "Success!!". In a folder within the server's. */
WpNginx *wp_nginx_new (const WpHarness *server);

/* @http: the content of http {}; "listen 80;", which must occur once, becomes the actual port. */
WpNginx *wp_nginx_new_as (const WpHarness *server, const char *http);
void wp_nginx_free (WpNginx *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpNginx, wp_nginx_free)
guint16 wp_nginx_port (const WpNginx *self);
