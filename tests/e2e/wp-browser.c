#include "tests/e2e/wp-browser.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/e2e/wp-harness.h"

/* It starts several processes of its own, and draws: on a busy machine that takes a while. */
#define PATIENCE_US (4 * WP_PATIENCE_US)

struct _WpBrowser {
  WpHarness *folder;
  GSubprocess *process;
  int to_fd, from_fd;
  GString *unread; /* messages, each ended by a 0 */
  guint n_sent;
  char *target, *session; /* of the page; NULL: none yet */
  char *origin;           /* "http://127.0.0.1:8080/" */
  gboolean is_loaded, expects_failures;
  GPtrArray *complaints; /* (element-type utf8) */
};

static void
die_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
open_pipe (int *ours, int *theirs, gboolean we_write)
{
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  *ours = fds[we_write];
  *theirs = fds[!we_write];
}

/* Root's Chromium has no sandbox; nothing in it is looked for on a network. */
WpBrowser *
wp_browser_new (void)
{
  WpBrowser *self = g_new0 (WpBrowser, 1);
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GError) error = NULL;
  g_autofree char *profile = NULL, *home = NULL;
  int to, from;

  self->folder = wp_harness_new ();
  self->complaints = g_ptr_array_new_with_free_func (g_free);
  self->unread = g_string_new (NULL);
  home = wp_harness_path (self->folder, "");
  profile = g_strdup_printf ("--user-data-dir=%s/profile", home);
  open_pipe (&self->to_fd, &to, TRUE);
  open_pipe (&self->from_fd, &from, FALSE);
  g_subprocess_launcher_take_fd (launcher, to, 3);
  g_subprocess_launcher_take_fd (launcher, from, 4);
  g_subprocess_launcher_setenv (launcher, "HOME", home, TRUE);
  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  self->process
      = g_subprocess_launcher_spawn (launcher, &error, "chromium", "--headless=new", "--no-sandbox",
                                     "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                                     "--disable-background-networking", "--disable-component-update",
                                     "--disable-extensions", "--disable-sync", "--disable-default-apps",
                                     "--remote-debugging-pipe", profile, "about:blank", NULL);
  g_assert_no_error (error);

  return self;
}

static void
complain (WpBrowser *self, const char *what, const char *text)
{
  g_ptr_array_add (self->complaints, g_strdup_printf ("%s: %s", what, text ? text : ""));
}

static void
note_log_entry (WpBrowser *self, JsonObject *entry)
{
  const char *level = json_object_get_string_member (entry, "level"),
             *source = json_object_get_string_member (entry, "source");

  if ((g_str_equal (level, "error") || g_str_equal (level, "warning"))
      && !(self->expects_failures && g_str_equal (source, "network")))
    complain (self, source, json_object_get_string_member (entry, "text"));
}

static void
note_console_call (WpBrowser *self, JsonObject *call)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), call);
  g_autofree char *text = json_to_string (node, FALSE);
  const char *type = json_object_get_string_member (call, "type");

  if (g_str_equal (type, "error") || g_str_equal (type, "warning") || g_str_equal (type, "assert"))
    complain (self, "console", text);
}

static void
note_request (WpBrowser *self, JsonObject *request)
{
  const char *url = json_object_get_string_member (request, "url");

  if (!g_str_has_prefix (url, self->origin))
    complain (self, "a request outside", url);
}

static void
note_event (WpBrowser *self, const char *method, JsonObject *event)
{
  if (g_str_equal (method, "Page.domContentEventFired"))
    self->is_loaded = TRUE;
  else if (g_str_equal (method, "Log.entryAdded"))
    note_log_entry (self, json_object_get_object_member (event, "entry"));
  else if (g_str_equal (method, "Runtime.consoleAPICalled"))
    note_console_call (self, event);
  else if (g_str_equal (method, "Runtime.exceptionThrown"))
    complain (self, "exception",
              json_object_get_string_member (json_object_get_object_member (event, "exceptionDetails"),
                                             "text"));
  else if (g_str_equal (method, "Network.requestWillBeSent"))
    note_request (self, json_object_get_object_member (event, "request"));
}

/* The next message; (transfer full). */
static JsonNode *
read_message (WpBrowser *self)
{
  gint64 until_us = g_get_monotonic_time () + PATIENCE_US;
  g_autoptr (GError) error = NULL;
  JsonNode *node;

  while (!memchr (self->unread->str, 0, self->unread->len))
    {
      struct pollfd ready = { .fd = self->from_fd, .events = POLLIN };
      char bytes[65536];
      gssize n;

      g_assert_cmpint (poll (&ready, 1, (int) ((until_us - g_get_monotonic_time ()) / 1000)), ==, 1);
      n = read (self->from_fd, bytes, sizeof bytes);
      g_assert_cmpint (n, >, 0); /* 0: Chromium has ended */
      g_string_append_len (self->unread, bytes, n);
    }
  node = json_from_string (self->unread->str, &error);
  g_assert_no_error (error);
  g_string_erase (self->unread, 0, (gssize) strlen (self->unread->str) + 1);

  return node;
}

/* A page that is closed may still have something to say. TRUE: it is the response to the last command. */
static gboolean
note_message (WpBrowser *self, JsonObject *message)
{
  if (json_object_has_member (message, "id"))
    return json_object_get_int_member (message, "id") == self->n_sent;
  if (g_strcmp0 (json_object_get_string_member_with_default (message, "sessionId", NULL), self->session) == 0)
    note_event (self, json_object_get_string_member (message, "method"),
                json_object_get_object_member (message, "params"));
  return FALSE;
}

/* Sends a command, and notes what happens until its result; (transfer full). @params: an object's JSON. */
static JsonObject *
command (WpBrowser *self, const char *method, const char *params)
{
  gboolean is_pages = self->session && !g_str_has_prefix (method, "Target.");
  g_autofree char *text
      = g_strdup_printf ("{\"id\":%u,\"method\":\"%s\",\"params\":%s%s%s%s}", ++self->n_sent, method, params,
                         is_pages ? ",\"sessionId\":\"" : "", is_pages ? self->session : "",
                         is_pages ? "\"" : "");
  gsize size = strlen (text) + 1, sent = 0;

  while (sent < size)
    {
      gssize n = write (self->to_fd, text + sent, size - sent);

      g_assert_cmpint (n, >, 0);
      sent += (gsize) n;
    }
  for (;;)
    {
      g_autoptr (JsonNode) node = read_message (self);
      JsonObject *message = json_node_get_object (node);

      if (!note_message (self, message))
        continue;
      if (!json_object_has_member (message, "result"))
        g_error ("%s: %s", method, json_to_string (node, FALSE));
      return json_object_ref (json_object_get_object_member (message, "result"));
    }
}

static void
do_command (WpBrowser *self, const char *method, const char *params)
{
  json_object_unref (command (self, method, params));
}

/* {"NAME": TEXT, MORE} with TEXT quoted. */
static char *
object_of (const char *name, const char *text, const char *more)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);
  g_autofree char *quoted = json_to_string (node, FALSE);

  return g_strdup_printf ("{\"%s\":%s%s}", name, quoted, more);
}

static void
close_page (WpBrowser *self)
{
  g_autofree char *params = object_of ("targetId", self->target, "");

  do_command (self, "Target.closeTarget", params);
  g_clear_pointer (&self->session, g_free);
  g_clear_pointer (&self->target, g_free);
}

static void
new_page (WpBrowser *self)
{
  g_autoptr (JsonObject) target = command (self, "Target.createTarget", "{\"url\":\"about:blank\"}");
  g_autoptr (JsonObject) session = NULL;
  g_autofree char *params = NULL;

  self->target = g_strdup (json_object_get_string_member (target, "targetId"));
  params = object_of ("targetId", self->target, ",\"flatten\":true");
  session = command (self, "Target.attachToTarget", params);
  self->session = g_strdup (json_object_get_string_member (session, "sessionId"));
}

void
wp_browser_open (WpBrowser *self, guint16 port, const char *path, const char *script)
{
  static const char *const domains[] = { "Runtime", "Log", "Network", "Page" };
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u%s", port, path), *navigation = NULL;

  if (self->target)
    close_page (self);
  new_page (self);
  g_ptr_array_set_size (self->complaints, 0);
  self->expects_failures = FALSE;
  g_free (self->origin);
  self->origin = g_strdup_printf ("http://127.0.0.1:%u/", port);
  for (guint i = 0; i < G_N_ELEMENTS (domains); i++)
    {
      g_autofree char *method = g_strconcat (domains[i], ".enable", NULL);

      do_command (self, method, "{}");
    }
  if (script)
    {
      g_autofree char *params = object_of ("source", script, "");

      do_command (self, "Page.addScriptToEvaluateOnNewDocument", params);
    }
  navigation = object_of ("url", url, "");
  self->is_loaded = FALSE;
  do_command (self, "Page.navigate", navigation);
  while (!self->is_loaded)
    {
      g_autoptr (JsonNode) node = read_message (self);

      note_message (self, json_node_get_object (node));
    }
}

static char *
text_of (JsonObject *result)
{
  JsonNode *value = json_object_get_member (result, "value");

  if (!value || JSON_NODE_HOLDS_NULL (value))
    return g_strdup ("");
  return JSON_NODE_HOLDS_VALUE (value) && json_node_get_value_type (value) == G_TYPE_STRING
             ? json_node_dup_string (value)
             : json_to_string (value, FALSE);
}

char *
wp_browser_evaluate (WpBrowser *self, const char *expression)
{
  g_autofree char *params
      = object_of ("expression", expression, ",\"awaitPromise\":true,\"returnByValue\":true");
  g_autoptr (JsonObject) result = command (self, "Runtime.evaluate", params);
  g_autofree char *text = text_of (json_object_get_object_member (result, "result"));

  if (json_object_has_member (result, "exceptionDetails"))
    g_error ("%s: %s", expression,
             json_object_get_string_member (json_object_get_object_member (result, "result"), "description"));
  return g_steal_pointer (&text);
}

void
wp_browser_await (WpBrowser *self, const char *expression)
{
  g_autofree char *wait = g_strdup_printf (
      "new Promise (done => { const until = performance.now () + %d, look = () => { let met = false; "
      "try { met = %s; } catch { } if (met) done ('met'); else if (performance.now () > until) "
      "done (document.body.innerText); else setTimeout (look, 20); }; look (); })",
      (int) (PATIENCE_US / 2000), expression);
  g_autofree char *found = wp_browser_evaluate (self, wait);

  if (!g_str_equal (found, "met"))
    g_error ("this did not come: %s\nThe page is:\n%s", expression, found);
}

void
wp_browser_press (WpBrowser *self, const char *key)
{
  static const struct {
    const char *key;
    guint code;
  } keys[] = { { "Tab", 9 }, { "Enter", 13 }, { "ArrowLeft", 37 }, { "ArrowRight", 39 } };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].key, key))
      for (guint up = 0; up < 2; up++)
        {
          g_autofree char *more
              = g_strdup_printf (",\"key\":\"%s\",\"code\":\"%s\",\"windowsVirtualKeyCode\":%u", key, key,
                                 keys[i].code),
              *params = object_of ("type", up ? "keyUp" : "rawKeyDown", more);

          do_command (self, "Input.dispatchKeyEvent", params);
        }
}

void
wp_browser_set_screen (WpBrowser *self, guint width, guint height, guint scale, gboolean dark)
{
  g_autofree char *size
      = g_strdup_printf ("{\"width\":%u,\"height\":%u,\"deviceScaleFactor\":%u,\"mobile\":%s}", width, height,
                         scale, width < 600 ? "true" : "false"),
      *media = g_strdup_printf ("{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"%s\"}]}",
                                dark ? "dark" : "light");

  do_command (self, "Emulation.setDeviceMetricsOverride", size);
  do_command (self, "Emulation.setEmulatedMedia", media);
}

void
wp_browser_screenshot (WpBrowser *self, const char *file, gboolean whole)
{
  g_autofree char *height
      = wp_browser_evaluate (self, whole ? "document.documentElement.scrollHeight" : "innerHeight"),
      *width = wp_browser_evaluate (self, "innerWidth");
  g_autofree char *params
      = g_strdup_printf ("{\"format\":\"%s\",\"captureBeyondViewport\":true,"
                         "\"clip\":{\"x\":0,\"y\":0,\"width\":%s,\"height\":%s,\"scale\":1}}",
                         g_str_has_suffix (file, ".webp") ? "webp" : "png", width, height);
  g_autoptr (JsonObject) shot = command (self, "Page.captureScreenshot", params);
  g_autofree guchar *image = NULL;
  gsize n;

  image = g_base64_decode (json_object_get_string_member (shot, "data"), &n);
  g_assert_true (g_file_set_contents (file, (const char *) image, (gssize) n, NULL));
}

void
wp_browser_expect_failures (WpBrowser *self)
{
  self->expects_failures = TRUE;
}

void
wp_browser_assert_quiet (WpBrowser *self)
{
  g_autofree char *round_trip = wp_browser_evaluate (self, "0"); /* what was reported before it has come */

  for (guint i = 0; i < self->complaints->len; i++)
    g_test_message ("%s", (char *) self->complaints->pdata[i]);
  g_assert_cmpuint (self->complaints->len, ==, 0);
}

void
wp_browser_free (WpBrowser *self)
{
  g_clear_pointer (&self->session, g_free);
  do_command (self, "Browser.close", "{}");
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->process);
  close (self->to_fd);
  close (self->from_fd);
  g_string_free (self->unread, TRUE);
  g_ptr_array_unref (self->complaints);
  g_free (self->target);
  g_free (self->origin);
  wp_harness_free (self->folder);
  g_free (self);
}

void
wp_browser_apply_workers (WpBrowser *self, const char *workers, const char *token)
{
  g_autofree char *expression = g_strdup_printf (
      "(() => { const type = (field, text) => { field.value = text; "
      "field.dispatchEvent (new Event ('input', { bubbles: true })) }; "
      "document.getElementById ('what-if-details').open = true; "
      "type (document.querySelector ('[name=workers-number]'), '%s'); type (document.getElementById ('token'), '%s'); "
      "document.querySelector ('#apply button').click () }) ()",
      workers, token);

  g_free (wp_browser_evaluate (self, expression));
}
