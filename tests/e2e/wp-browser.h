/* wp-browser.h - Chromium without a window as a process of the test's, by the DevTools protocol over a pipe.
 */
#pragma once

#include <glib.h>

typedef struct _WpBrowser WpBrowser;

WpBrowser *wp_browser_new (void);
void wp_browser_free (WpBrowser *self); /* ends it, and removes its folder */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBrowser, wp_browser_free)

/**
 * wp_browser_open:
 * @path: of the port of 127.0.0.1
 * @script: (nullable): runs in the page before its own
 *
 * In a page of its own; a former one is closed. It begins without complaints.
 */
void wp_browser_open (WpBrowser *self, guint16 port, const char *path, const char *script);

/* The value of @expression (of the promise that it is), as text; "" for null. An exception fails the test. */
char *wp_browser_evaluate (WpBrowser *self, const char *expression);
/* Waits in the page until @expression is true. */
void wp_browser_await (WpBrowser *self, const char *expression);

void wp_browser_press (WpBrowser *self, const char *key); /* "Tab", "ArrowRight" */

/* dark: prefers-color-scheme */
void wp_browser_set_screen (WpBrowser *self, guint width, guint height, guint scale, gboolean dark);
/* @file: .png or .webp; @whole: the whole page, not what is on the screen */
void wp_browser_screenshot (WpBrowser *self, const char *file, gboolean whole);

/* From now on failed requests are no complaint: the server is about to end, or to refuse. */
void wp_browser_expect_failures (WpBrowser *self);
/* What the console reports, refusals of the content policy among it, and requests that leave the origin of
 * the page: there must be none. */
void wp_browser_assert_quiet (WpBrowser *self);

/* On the operator's page, as a person does it: opens "What if", types a number of workers and a token, and
 * presses the button. */
void wp_browser_apply_workers (WpBrowser *self, const char *workers, const char *token);
