/* The operator's page, in Chromium, under real load. */
#include "tests/e2e/wp-browser.h"
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-load.h"
#include "tests/e2e/wp-nginx.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_CLIENTS 8 /* of a WpLoad */

static WpBrowser *browser; /* of all cases, a page of its own each */

static void
await_text (const char *selector, const char *text)
{
  g_autofree char *expression
      = g_strdup_printf ("document.querySelector ('%s').textContent === '%s'", selector, text);

  wp_browser_await (browser, expression);
}

static void
await_kind (const char *kind)
{
  g_autofree char *expression
      = g_strdup_printf ("document.getElementById ('headline').dataset.kind === '%s'", kind);

  wp_browser_await (browser, expression);
}

static void
await_figure (const char *name, double value)
{
  g_autofree char *selector = g_strdup_printf ("[data-figure=%s]", name), *text = NULL;

  text = g_strdup_printf ("%.0f", value);
  await_text (selector, text);
}

/* The page shows these figures, however long it takes; after that, what it does not show must not be there.
 */
static void
check_figures (WpHarness *server, const char *const *names)
{
  static const char *const all[] = { "queued", "parked", "in_service", "failed", NULL };

  for (const char *const *name = all; *name; name++)
    {
      g_autofree char *stat = g_strconcat ("ledger.", *name, NULL),
                      *there = g_strdup_printf ("!!document.querySelector ('[data-figure=%s]')", *name),
                      *is_there = NULL;

      if (g_strv_contains (names, *name))
        await_figure (*name, wp_harness_stat (server, stat));
      is_there = wp_browser_evaluate (browser, there);
      g_assert_cmpstr (is_there, ==, g_strv_contains (names, *name) ? "true" : "false");
    }
}

static void
check_ledger (WpHarness *server)
{
  g_autofree char *line = g_strdup_printf (
      "document.getElementById ('ledger').textContent.replaceAll (',', '') === "
      "'Ledger: %.0f received = %.0f stored: it balances' && document.getElementById ('ledger-table').hidden",
      wp_harness_stat (server, "ledger.received"), wp_harness_stat (server, "ledger.stored"));

  wp_browser_await (browser, line);
}

/* The charts that the page shows, in their order. */
static void
check_charts (const char *names)
{
  g_autofree char *expression = g_strdup_printf (
      "[...document.querySelectorAll ('figure:not([hidden])')].map (f => f.id.slice (6)).join (' ') === '%s'",
      names);

  wp_browser_await (browser, expression);
}

typedef struct {
  const char *mode, *charts;
  const char *figures[5];
  double queued, parked, in_service; /* of 8 clients, while the database stands still */
} Mode;

static const Mode modes[] = {
  { "Default", "busy rates refusals response commit rows", { "in_service", "failed" }, -1, -1, -1 },
  { "BufferedChannel",
    "queue busy rates refusals wait response commit rows",
    { "queued", "parked", "in_service", "failed" },
    3,
    N_CLIENTS,
    1 },
  { "WorkerPool",
    "queue busy rates refusals wait response commit rows",
    { "queued", "parked", "in_service", "failed" },
    3,
    N_CLIENTS,
    2 },
};

/* At a standstill, under load, and after it. */
static void
test_figures (gconstpointer data)
{
  const Mode *mode = data;
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", mode->mode, "-q", "3", "-w", "2", "-d", "sqlite:wp.db", NULL);
  g_autoptr (WpHold) hold = mode->parked < 0 ? NULL : wp_hold_new (server, "wp.db");
  g_autoptr (GPtrArray) answered = NULL;
  WpLoad *load;

  wp_browser_open (browser, wp_harness_admin_port (server), "/", NULL);
  await_kind ("idle");
  load = wp_load_new (wp_harness_port (server), 100);
  if (hold)
    {
      wp_harness_await_stat (server, "ledger.parked", mode->parked);
      check_figures (server, (const char *const *) mode->figures);
      await_figure ("parked", mode->parked);
      await_figure ("queued", mode->queued);
      await_figure ("in_service", mode->in_service);
      await_kind ("database");
      await_text ("#chart-queue tr:nth-child(4) td:last-child", "8"); /* the peak of parked */
      g_clear_pointer (&hold, wp_hold_free);
    }
  wp_browser_await (browser,
                    "/[1-9].*\\/s$/.test (document.querySelector ('[data-figure=stored]').textContent)");
  answered = wp_load_end (load);
  wp_harness_await_stat (server, "ledger.stored", answered->len);
  check_figures (server, (const char *const *) mode->figures);
  check_ledger (server);
  check_charts (mode->charts);
  wp_browser_assert_quiet (browser);
}

/* Nothing is served for an hour: three queued, two in service, and the others parked. */
static void
test_full (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "WorkerPool", "-q", "3", "-w", "2", "-d", "delay:request", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 9; i++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      wp_client_get (clients->pdata[i], "/", "X-WP-Service: 3600\r\n");
    }
  wp_harness_await_stat (server, "ledger.parked", 4);
  wp_browser_open (browser, wp_harness_admin_port (server), "/", NULL);
  wp_browser_await (
      browser, "/^Full( for [0-9]+ s)?, 4 parked$/.test (document.getElementById ('headline').textContent)");
  await_text ("#announcement", "Full, 4 parked");
  wp_browser_assert_quiet (browser);
}

/* The page has read the history of a server that it knows to be this. */
static void
await_note (const char *what)
{
  g_autofree char *expression
      = g_strdup_printf ("/^The server %s at .*: its history begins there\\.$/.test (document.getElementById "
                         "('note').textContent)",
                         what);

  wp_browser_await (browser, expression);
}

/* On the same ports: a page that is open goes on. */
static void
test_reconnects (void)
{
  guint16 port;
  int fd = wp_child_bind_port (&port);
  g_autofree char *admin = g_strdup_printf ("--admin=127.0.0.1:%u", port);
  g_autoptr (WpHarness) server = wp_harness_start (admin, "-d", "delay:0", NULL);

  wp_browser_open (browser, port, "/", NULL);
  await_note ("started");
  wp_browser_assert_quiet (browser);
  wp_browser_expect_failures (browser);
  wp_harness_stop (server);
  wp_browser_await (browser, "/^The server has not answered since \\d\\d:\\d\\d:\\d\\d \\(trying again\\)$/"
                             ".test (document.getElementById ('headline').textContent)");
  wp_harness_start_again (server, admin, "-d", "delay:0", NULL);
  await_kind ("idle");
  await_note ("was restarted");
  wp_browser_assert_quiet (browser);
  close (fd);
}

/* Two events of a pool with 16 workers and 1,000 places, five seconds apart, and which of their figures
 * differ. */
static const char view_of[]
    = "(last, first = {}, rest = {}) => { const none = { received: 0, recovered: 0, stored: 0, "
      "rejected: 0, timed_out: 0, "
      "abandoned: 0, failed: 0, parked: 0, queued: 0, in_service: 0 }, at = (uptime, { ledger, ...more "
      "}) => ({ mode: "
      "'WorkerPool', queue: 1000, workers: 16, ready: true, not_ready: null, database_up: true, "
      "database_down: null, refused: {}, "
      "uptime, ledger: { ...none, ...ledger }, ...more }), events = [at (100, first), at (105, last)]; "
      "return { stats: events[1], events, history: null, lostSince: null, ...rest } }";

static void
test_words (void)
{
  static const struct {
    const char *view, *kind, *text;
  } rows[] = {
    { "{}", "idle", "Idle" },
    { "{ ledger: { received: 1050, stored: 1047, in_service: 3 } }", "steady",
      "Steady: 210 requests/s, 3 of 16 workers busy" },
    { "{ mode: 'Default', queue: null, workers: null, ledger: { received: 10, stored: 9, in_service: 1 } }",
      "steady", "Steady: 2 requests/s, 1 job in service" },
    { "{ mode: 'BufferedChannel', workers: null, ledger: { received: 10, stored: 9, in_service: 1 } }",
      "steady", "Steady: 2 requests/s, the worker is busy" },
    { "{ ledger: { received: 100, stored: 34, queued: 50, in_service: 16 } }", "queueing",
      "Queueing: 50 of 1,000 queued, 13.2 more each second" },
    { "{ ledger: { received: 2000, stored: 766, queued: 1000, parked: 218, in_service: 16 } }, "
      "{ ledger: { received: 1990, queued: 1000, parked: 974, in_service: 16 } }",
      "full", "Full, 218 parked, drains in about 8 s" },
    { "{ ledger: { received: 2000, stored: 766, queued: 1000, parked: 218, in_service: 16 } }, "
      "{ ledger: { received: 1990, queued: 1000, parked: 974, in_service: 16 } }, "
      "{ history: { step_s: 1, time: [1, 2, 3, 4], full_s: [1, 0.5, 1, 0.8] } }",
      "full", "Full for 2 s, 218 parked, drains in about 8 s" },
    { "{ queue: 0, ledger: { received: 16, in_service: 16 } }", "steady",
      "Steady: 3.2 requests/s, 16 of 16 workers busy" },
    { "{ ledger: { received: 100, rejected: 50, stored: 34, in_service: 16 }, refused: { memory: 10 } }",
      "refusing", "Refusing 12 requests/s, 16 of 16 workers busy" },
    { "{ database_up: false, database_down: 4.2, ready: false, not_ready: 'database down', ledger: { "
      "queued: 12 } }",
      "database", "Database down for 4 s, 12 jobs wait" },
    { "{ ready: false, not_ready: 'draining' }", "unready", "Not ready: draining" },
    { "{}, {}, { lostSince: new Date (2026, 10, 29, 10, 2, 11).getTime () / 1000 }", "lost",
      "The server has not answered since 10:02:11 (trying again)" },
    { "{}, {}, { stats: null, events: [] }", "connecting", "Waiting for the server's first answer" },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  wp_browser_open (browser, wp_harness_admin_port (server), "/", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *expression
          = g_strdup_printf ("import ('./headline.js').then (m => { const state = m.headline ((%s) (%s)); "
                             "return state.kind + ': ' + state.text })",
                             view_of, rows[i].view),
          *found = wp_browser_evaluate (browser, expression),
          *expected = g_strdup_printf ("%s: %s", rows[i].kind, rows[i].text);

      g_assert_cmpstr (found, ==, expected);
    }
  wp_browser_assert_quiet (browser);
}

/* As if the server had lost a request. */
static const char lost_one[]
    = "const Real = window.EventSource; window.EventSource = class extends Real { set onmessage (f) { "
      "super.onmessage = event => { "
      "const stats = JSON.parse (event.data); stats.ledger.received += 1; stats.ledger.balances = false; "
      "f ({ data: JSON.stringify (stats) }) } } };";

static void
test_ledger_that_does_not_balance (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  wp_browser_open (browser, wp_harness_admin_port (server), "/", lost_one);
  await_text ("#ledger", "Ledger: 1 received ≠ 0 stored: IT DOES NOT BALANCE, by 1");
  wp_browser_await (browser, "document.getElementById ('ledger-table').rows.length === 10 && "
                             "!document.getElementById ('ledger-table').hidden");
  wp_browser_assert_quiet (browser);
}

/* All places of /events are taken: the page reads /stats.json. */
static void
test_many_pages (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 32; i++)
    {
      g_autofree char *status = NULL;

      g_ptr_array_add (others, wp_client_new (wp_harness_admin_port (server)));
      wp_client_get (others->pdata[i], "/events", NULL);
      status = wp_client_read_line (others->pdata[i]);
      g_assert_cmpstr (status, ==, "HTTP/1.1 200 OK");
    }
  wp_browser_open (browser, wp_harness_admin_port (server), "/", NULL);
  wp_browser_expect_failures (browser);
  await_kind ("idle");
}

/* The connections of /events that the page has opened and not closed. */
static const char counted_events[]
    = "window.open_events = 0; const Real = window.EventSource;"
      "window.EventSource = class extends Real {"
      "  constructor (url) { super (url); window.open_events++; }"
      "  close () { if (this.readyState !== 2) window.open_events--; super.close (); } };";

static void
set_hidden (gboolean hidden)
{
  g_autofree char *expression
      = g_strdup_printf ("Object.defineProperty (document, 'hidden', { value: %s, configurable: true }); "
                         "document.dispatchEvent (new Event ('visibilitychange'))",
                         hidden ? "true" : "false");

  g_free (wp_browser_evaluate (browser, expression));
}

static void
test_hidden_page_asks_nothing (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  wp_browser_open (browser, wp_harness_admin_port (server), "/", counted_events);
  await_kind ("idle");
  wp_browser_await (browser, "window.open_events === 1");
  set_hidden (TRUE);
  wp_browser_await (browser, "window.open_events === 0");
  set_hidden (FALSE);
  wp_browser_await (browser, "window.open_events === 1");
  wp_browser_assert_quiet (browser);
}

/* Tab to what if, to the period, to a chart; the arrow keys choose a period, and read the values of a chart.
 */
static void
test_keyboard (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  wp_browser_open (browser, wp_harness_admin_port (server), "/", NULL);
  await_kind ("idle");
  wp_browser_await (browser, "document.querySelectorAll ('.plot canvas').length > 0");
  wp_browser_await (browser, "!document.getElementById ('forecast').hidden");
  wp_browser_press (browser, "Tab");
  wp_browser_await (browser, "document.activeElement.textContent === 'What if …'");
  wp_browser_press (browser, "Tab");
  wp_browser_await (browser, "document.activeElement.value === '5m'");
  wp_browser_press (browser, "ArrowRight");
  wp_browser_await (browser, "document.activeElement.value === '1h' && document.activeElement.checked");
  wp_browser_press (browser, "Tab");
  wp_browser_await (browser, "document.activeElement.className === 'plot'");
  await_text ("figure:not([hidden]) table tr:nth-child(2) td", "0"); /* a first step */
  await_text ("figure:not([hidden]) table tr th:nth-child(2)", "now");
  wp_browser_press (browser, "ArrowLeft");
  wp_browser_await (
      browser, "/^\\d\\d:\\d\\d:\\d\\d$/.test (document.activeElement.parentElement.querySelector ('table')"
               ".rows[0].cells[1].textContent)");
  wp_browser_assert_quiet (browser);
}

/* Each chart has a name, a summary in words, a unit, and a table. */
static void
test_labels (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-d", "delay:0", NULL);
  g_autofree char *unnamed = NULL;

  wp_browser_open (browser, wp_harness_admin_port (server), "/", NULL);
  await_text ("#chart-busy tr:nth-child(2) td", "0"); /* a first step */
  unnamed = wp_browser_evaluate (
      browser, "[...document.querySelectorAll ('figure:not([hidden])')].filter (f => !f.querySelector "
               "('.plot').hidden)"
               ".filter (f => !/, the last 5 min\\. .*peak/.test (f.querySelector ('.plot').getAttribute "
               "('aria-label'))"
               " || !f.querySelector ('h3').textContent || !f.querySelector ('.unit').textContent"
               " || f.querySelector ('table').rows.length < 2).map (f => f.id).join ()");
  g_assert_cmpstr (unnamed, ==, "");
  wp_browser_assert_quiet (browser);
}

/* A forecast of one second, and a history in which it was made, whatever the server's are. */
static const char one_forecast[]
    = "const real = window.fetch; window.fetch = async (url, ...more) => { "
      "const answer = await real (url, ...more); "
      "if (url.startsWith ('history.json')) { const history = await answer.json (); "
      "history.depth_forecast = history.time.map (() => 42); "
      "return new Response (JSON.stringify (history)) } "
      "return url !== 'forecast.json' ? answer : "
      "await Promise.resolve (new Response (JSON.stringify ({ headline: '4 workers are too few, 6 suffice', "
      "verdict: 'too_few', horizons: [{ in_s: 1, depth: 42, low: 30, high: 61.2, "
      "skill: 0.25, error: 3.14 }] }))) }";

static void
test_forecast (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-d", "delay:0", NULL);

  wp_browser_open (browser, wp_harness_admin_port (server), "/", one_forecast);
  await_text ("#verdict", "4 workers are too few, 6 suffice");
  await_text ("#horizons", "In 1 s: 42 queued (30 to 61); forecasts made 1 s ago were wrong by 3.14 jobs, "
                           "25 % less than \"no change\".");
  await_text ("#chart-queue tr:nth-child(5) th", "forecast 10 s before");
  await_text ("#chart-queue tr:nth-child(5) td:last-child", "42");
  wp_browser_await (
      browser, /* without --admin-token-file */
      "document.getElementById ('apply').hidden && !document.getElementById ('no-apply').hidden");
  wp_browser_assert_quiet (browser);
}

#define TOKEN "adm1n-token"

static WpHarness *
start_with_token (void)
{
  WpHarness *server = wp_harness_new ();
  g_autofree char *path = wp_harness_path (server, "admin-tokens");

  g_assert_true (g_file_set_contents_full (path, TOKEN "\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  wp_harness_start_again (server, "-m", "WorkerPool", "-q", "20", "-w", "2", "-d", "delay:5ms",
                          "--admin-token-file=admin-tokens", NULL);
  return server;
}

/* The forecast, the answer of the model for other sizes, and the change to them. */
static void
test_what_if (void)
{
  g_autoptr (WpHarness) server = start_with_token ();
  WpLoad *load = wp_load_new (wp_harness_port (server), 100);

  wp_load_await (load, 50);
  wp_browser_open (browser, wp_harness_admin_port (server), "/", NULL);
  wp_browser_await (browser, "!document.getElementById ('forecast').hidden");
  await_text ("#apply-sizes", "Apply workers and queue");
  wp_browser_await (browser, "!document.getElementById ('apply').hidden && "
                             "document.getElementById ('no-apply').hidden");
  wp_browser_await (browser, /* there is a step with the first sizes */
                    "document.querySelector ('#chart-busy tr:nth-child(2) td').textContent !== ''");
  await_text ("#chart-busy tr:last-child td:last-child", "2");
  wp_browser_assert_quiet (browser);
  wp_browser_expect_failures (browser);
  wp_browser_apply_workers (browser, "4", "wrong");
  await_text ("#applied", "A valid bearer token of --admin-token-file is required.");
  wp_harness_await_stat (server, "workers", 2);
  wp_browser_await (browser, "/^The last [^(]*, [0-9,]+ requests, simulated at these sizes:$/"
                             ".test (document.getElementById ('what-if-span').textContent)");
  wp_browser_await (browser, "document.getElementById ('what-if-answer').rows.length === 9");
  wp_browser_await (browser, /* a second of two workers is in the history, and on the page */
                    "document.querySelector ('#chart-busy tr:nth-child(2) td:nth-child(3)')"
                    ".textContent.match (/[0-9]/) !== null");
  wp_browser_apply_workers (browser, "4", TOKEN);
  await_text ("#applied", "workers is 4 now");
  wp_harness_await_stat (server, "workers", 4);
  wp_browser_await (
      browser, "document.querySelector ('[data-figure=in_service]').nextSibling.textContent === ' of 4'");
  await_text ("#chart-busy tr:last-child td:last-child", "4 (2 before)");
  wp_browser_await (browser, /* asked again, until the forecast has seen the change */
                    "document.querySelector ('[name=traffic]').dispatchEvent (new Event ('input')) && "
                    "/^The last .* \\(the sizes changed [0-9].* ago\\), [0-9,]+ requests/"
                    ".test (document.getElementById ('what-if-span').textContent)");
  g_ptr_array_unref (wp_load_end (load));
  wp_browser_assert_quiet (browser);
}

/* A script or a style in the page's text does not run, and nothing else is reached. */
static void
test_content_policy (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL),
                        other = wp_harness_start ("-d", "delay:0", NULL);
  g_autofree char *ran = NULL, *styled = NULL, *reached = NULL, *markup = NULL, *fetch = NULL;

  wp_browser_open (browser, wp_harness_admin_port (server), "/", NULL);
  await_kind ("idle");
  ran = wp_browser_evaluate (
      browser, "(() => { const s = document.createElement ('script'); try { s.append ('window.ran = true'); "
               "document.body.append (s); } catch { } return String (window.ran) }) ()");
  g_assert_cmpstr (ran, ==, "undefined");
  styled = wp_browser_evaluate (
      browser,
      "(() => { const s = document.createElement ('style'); s.textContent = 'h1 { color: rgb(1,2,3) }'; "
      "document.head.append (s); return getComputedStyle (document.querySelector ('h1')).color }) ()");
  g_assert_cmpstr (styled, !=, "rgb(1, 2, 3)");
  markup = wp_browser_evaluate (
      browser,
      "(() => { try { document.body.innerHTML = 'x'; return 'set' } catch { return 'refused' } }) ()");
  g_assert_cmpstr (markup, ==, "refused");
  fetch = g_strdup_printf (
      "fetch ('http://127.0.0.1:%u/', { mode: 'no-cors' }).then (() => 'reached', () => 'refused')",
      wp_harness_port (other));
  reached = wp_browser_evaluate (browser, fetch);
  g_assert_cmpstr (reached, ==, "refused");
  g_assert_cmpfloat (wp_harness_stat (other, "ledger.received"), ==, 0);
}

/* As it is put behind a proxy, at a path of the proxy's. */
static void
test_behind_a_path (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autofree char *http
      = g_strdup_printf ("  server { listen 80; location /wp/ { proxy_pass http://127.0.0.1:%u/; } }\n",
                         wp_harness_admin_port (server));
  g_autoptr (WpNginx) nginx = NULL;
  g_autofree char *elsewhere = NULL;

  if (!wp_nginx_is_there ())
    {
      g_test_skip ("nginx is missing");
      return;
    }
  nginx = wp_nginx_new_as (server, http);
  wp_browser_open (browser, wp_nginx_port (nginx), "/wp/", NULL);
  await_kind ("idle");
  wp_browser_await (browser, "document.querySelectorAll ('.plot canvas').length > 0");
  elsewhere = wp_browser_evaluate (browser,
                                   "performance.getEntriesByType ('resource').map (r => r.name)"
                                   ".filter (name => !name.startsWith (location.origin + '/wp/')).join ()");
  g_assert_cmpstr (elsewhere, ==, "");
  wp_browser_assert_quiet (browser);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  browser = wp_browser_new ();
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/dashboard/figures/%s", modes[i].mode);

      g_test_add_data_func (path, &modes[i], test_figures);
    }
  g_test_add_func ("/dashboard/full", test_full);
  g_test_add_func ("/dashboard/words", test_words);
  g_test_add_func ("/dashboard/ledger-that-does-not-balance", test_ledger_that_does_not_balance);
  g_test_add_func ("/dashboard/reconnects", test_reconnects);
  g_test_add_func ("/dashboard/many-pages", test_many_pages);
  g_test_add_func ("/dashboard/hidden-page-asks-nothing", test_hidden_page_asks_nothing);
  g_test_add_func ("/dashboard/keyboard", test_keyboard);
  g_test_add_func ("/dashboard/labels", test_labels);
  g_test_add_func ("/dashboard/forecast", test_forecast);
  g_test_add_func ("/dashboard/what-if", test_what_if);
  g_test_add_func ("/dashboard/content-policy", test_content_policy);
  g_test_add_func ("/dashboard/behind-a-path", test_behind_a_path);
  status = g_test_run ();
  wp_browser_free (browser);

  return status;
}
