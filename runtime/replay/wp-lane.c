#include "runtime/replay/wp-lane.h"

#define BUFFER_BYTES      2048L /* answers are short; 10,000 unanswered requests hold 10,000 of these */
#define MAX_CONNECTING_MS (24 * 3600 * 1000L) /* the sender's own deadline comes first */

struct _WpLane {
  const WpLaneSetup *setup;
  CURL *easy;
  struct curl_slist *resolve;
  gsize request;
  char *id; /* "X-Request-Id: ..." of this request */
  char service[WP_TIME_BUFFER + 16];
  struct curl_slist fixed[3]; /* header lines, linked by hand: nothing is allocated a request but the id */
  struct curl_slist id_line, service_line;
};

/* A name with nothing after it takes curl's own header out. */
static const char *const fixed_headers[] = { "Accept:", "Expect:", "Content-Type: application/octet-stream" };

static gsize
on_body (char *data, gsize size, gsize n, void *user_data)
{
  return size * n;
}

/* curl's last step before it writes the request, on a connection that stands. */
static int
on_about_to_send (void *user_data, char *peer_address, char *own_address, int peer_port, int own_port)
{
  WpLane *self = user_data;

  self->setup->sent (self->setup->data, self->request);
  return CURL_PREREQFUNC_OK;
}

WpLane *
wp_lane_new (const WpLaneSetup *setup)
{
  WpLane *self = g_new0 (WpLane, 1);

  self->setup = setup;
  if (wp_target_resolved (setup->target))
    self->resolve = curl_slist_append (NULL, wp_target_resolved (setup->target));
  for (guint i = 0; i < G_N_ELEMENTS (self->fixed); i++)
    {
      self->fixed[i].data = (char *) fixed_headers[i]; /* curl only reads them */
      self->fixed[i].next = i + 1 < G_N_ELEMENTS (self->fixed) ? &self->fixed[i + 1] : NULL;
    }
  self->easy = curl_easy_init ();
  curl_easy_setopt (self->easy, CURLOPT_URL, wp_target_url (setup->target));
  curl_easy_setopt (self->easy, CURLOPT_RESOLVE, self->resolve);
  curl_easy_setopt (self->easy, CURLOPT_PRIVATE, self);
  curl_easy_setopt (self->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (self->easy, CURLOPT_PROXY, "");
  curl_easy_setopt (self->easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
  curl_easy_setopt (self->easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt (self->easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
  curl_easy_setopt (self->easy, CURLOPT_CONNECTTIMEOUT_MS, MAX_CONNECTING_MS);
  curl_easy_setopt (self->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (self->easy, CURLOPT_PREREQFUNCTION, on_about_to_send);
  curl_easy_setopt (self->easy, CURLOPT_PREREQDATA, self);

  return self;
}

void
wp_lane_free (WpLane *self)
{
  curl_easy_cleanup (self->easy);
  curl_slist_free_all (self->resolve);
  g_free (self->id);
  g_free (self);
}

static void
load_headers (WpLane *self, const WpRow *row)
{
  struct curl_slist *headers = self->fixed;
  char seconds[WP_TIME_BUFFER];

  if (row->service_ns != WP_TIME_NONE)
    {
      g_snprintf (self->service, sizeof self->service, "X-WP-Service: %s",
                  wp_time_format_seconds (seconds, row->service_ns));
      self->service_line = (struct curl_slist){ self->service, headers };
      headers = &self->service_line;
    }
  g_clear_pointer (&self->id, g_free);
  if (row->id)
    {
      self->id = g_strconcat ("X-Request-Id: ", row->id, NULL);
      self->id_line = (struct curl_slist){ self->id, headers };
      headers = &self->id_line;
    }
  curl_easy_setopt (self->easy, CURLOPT_HTTPHEADER, headers);
}

void
wp_lane_load (WpLane *self, const WpRow *row, gsize request)
{
  gboolean is_get = self->setup->method ? g_str_equal (self->setup->method, "GET") : row->bytes <= 0;

  self->request = request;
  load_headers (self, row);
  if (is_get && row->bytes <= 0)
    curl_easy_setopt (self->easy, CURLOPT_HTTPGET, 1L);
  else
    {
      curl_easy_setopt (self->easy, CURLOPT_POST, 1L);
      curl_easy_setopt (self->easy, CURLOPT_POSTFIELDS, self->setup->body);
      curl_easy_setopt (self->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) MAX (row->bytes, 0));
    }
  curl_easy_setopt (self->easy, CURLOPT_CUSTOMREQUEST, self->setup->method);
}

CURL *
wp_lane_handle (const WpLane *self)
{
  return self->easy;
}

gsize
wp_lane_request (const WpLane *self)
{
  return self->request;
}

guint
wp_lane_status (const WpLane *self)
{
  long status = 0;

  curl_easy_getinfo (self->easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

char *
wp_lane_explain (const WpLane *self, CURLcode code)
{
  long system_error = 0;

  curl_easy_getinfo (self->easy, CURLINFO_OS_ERRNO, &system_error);
  if (code == CURLE_COULDNT_CONNECT && system_error != 0)
    return g_strdup_printf ("%s: %s", curl_easy_strerror (code), g_strerror (system_error));

  return g_strdup (curl_easy_strerror (code));
}
