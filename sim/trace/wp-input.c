#include "sim/trace/wp-input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-rewind-file.h"

#define RAW_BYTES (64 * 1024)

#define MAGIC_BYTES 4

typedef enum { FORMAT_UNKNOWN, FORMAT_PLAIN, FORMAT_GZIP, FORMAT_ZSTD } Format;

struct _WpInput {
  char *name;
  int fd; /* -1: memory */
  gboolean owns_fd;
  gboolean rewindable;
  gint64 start;     /* where in the file we began: standard input may be handed over in the middle */
  guint64 size;     /* bytes from start to the end; 0: unknown */
  guint64 consumed; /* of them */
  const char *data; /* memory, size bytes */

  Format format;
  char *raw; /* bytes of the file not yet passed on: the first ones, and all of gzip's */
  gsize raw_at, raw_end;
  z_stream gzip;
  gboolean gzip_open; /* gzip is initialised */
  gboolean in_member; /* more of this member, or frame of zstd, must follow */
  ZSTD_DStream *zstd; /* NULL: none */

  WpRewindFile rewind_file; /* the bytes of a pipe so far, decompressed */
};

static WpInput *
input_new (const char *name)
{
  WpInput *self = g_new0 (WpInput, 1);

  self->name = g_strdup (name);
  self->fd = -1;
  self->rewind_file = (WpRewindFile) WP_REWIND_FILE_NONE;
  self->raw = g_malloc (RAW_BYTES);

  return self;
}

static gboolean
examine (WpInput *self, GError **error)
{
  struct stat status;

  if (fstat (self->fd, &status) < 0 || S_ISDIR (status.st_mode))
    return wp_fail (error, WP_ERROR_IO, "%s: %s", self->name,
                    g_strerror (S_ISDIR (status.st_mode) ? EISDIR : errno));
  if (S_ISREG (status.st_mode))
    {
      self->start = MAX (lseek (self->fd, 0, SEEK_CUR), 0);
      self->size = (guint64) MAX (status.st_size - self->start, 0);
      self->rewindable = TRUE;
      (void) posix_fadvise (self->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
      return TRUE;
    }
  wp_rewind_file_open (&self->rewind_file);

  return TRUE;
}

WpInput *
wp_input_open (const char *path, GError **error)
{
  g_autoptr (WpInput) self = NULL;
  gboolean standard_input = strcmp (path, "-") == 0;

  self = input_new (standard_input ? "standard input" : *path ? path : "\"\"");
  self->fd = standard_input ? STDIN_FILENO : open (path, O_RDONLY | O_CLOEXEC);
  self->owns_fd = !standard_input;
  if (self->fd < 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s", self->name, g_strerror (errno));
      return NULL;
    }
  if (!examine (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

WpInput *
wp_input_open_data (const char *name, const char *data, gsize len)
{
  WpInput *self = input_new (name);

  self->data = data;
  self->size = len;
  self->rewindable = TRUE;

  return self;
}

static void
close_decoder (WpInput *self)
{
  if (self->gzip_open)
    inflateEnd (&self->gzip);
  self->gzip_open = FALSE;
  ZSTD_freeDStream (self->zstd);
  self->zstd = NULL;
}

void
wp_input_free (WpInput *self)
{
  if (self == NULL)
    return;
  close_decoder (self);
  if (self->owns_fd && self->fd >= 0)
    close (self->fd);
  wp_rewind_file_close (&self->rewind_file);
  g_free (self->raw);
  g_free (self->name);
  g_free (self);
}

static gssize
read_memory (WpInput *self, char *buffer, gsize size)
{
  gsize n = MIN (size, self->size - self->consumed);

  if (n > 0)
    memcpy (buffer, self->data + self->consumed, n);
  self->consumed += n;

  return (gssize) n;
}

static gssize
read_source (WpInput *self, char *buffer, gsize size, GError **error)
{
  gssize n;

  if (self->fd < 0)
    return read_memory (self, buffer, size);
  while ((n = read (self->fd, buffer, size)) < 0 && errno == EAGAIN)
    {
      struct pollfd waiting = { .fd = self->fd, .events = POLLIN };
      if (poll (&waiting, 1, -1) < 0)
        break;
    }
  if (n < 0)
    {
      g_set_error_literal (error, WP_ERROR, errno == EINTR ? WP_ERROR_INTERRUPTED : WP_ERROR_IO,
                           errno == EINTR ? "interrupted" : g_strerror (errno));
      return -1;
    }
  self->consumed += (guint64) n;

  return n;
}

/* Makes at least @wanted bytes of raw there, fewer only at the end of the file. */
static gboolean
fill_raw (WpInput *self, gsize wanted, GError **error)
{
  gssize n = 1;

  if (self->raw_end - self->raw_at < wanted)
    {
      memmove (self->raw, self->raw + self->raw_at, self->raw_end - self->raw_at);
      self->raw_end -= self->raw_at;
      self->raw_at = 0;
    }
  while (self->raw_end - self->raw_at < wanted && n > 0)
    {
      n = read_source (self, self->raw + self->raw_end, RAW_BYTES - self->raw_end, error);
      if (n < 0)
        return FALSE;
      self->raw_end += (gsize) n;
    }

  return TRUE;
}

static gboolean
raw_is_gzip (const WpInput *self)
{
  const guchar *bytes = (const guchar *) self->raw + self->raw_at;

  return self->raw_end - self->raw_at >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* A frame; or one to skip, with which parallel zstd begins. */
static gboolean
raw_is_zstd (const WpInput *self)
{
  const guchar *bytes = (const guchar *) self->raw + self->raw_at;

  return self->raw_end - self->raw_at >= 4
         && (memcmp (bytes, "\x28\xb5\x2f\xfd", 4) == 0
             || ((bytes[0] & 0xf0) == 0x50 && memcmp (bytes + 1, "\x2a\x4d\x18", 3) == 0));
}

static gboolean
find_format (WpInput *self, GError **error)
{
  if (!fill_raw (self, MAGIC_BYTES, error))
    return FALSE;
  self->format = raw_is_gzip (self) ? FORMAT_GZIP : raw_is_zstd (self) ? FORMAT_ZSTD : FORMAT_PLAIN;
  if (self->format == FORMAT_ZSTD)
    self->zstd = ZSTD_createDStream ();
  if (self->format == FORMAT_GZIP)
    {
      int status;

      memset (&self->gzip, 0, sizeof self->gzip);
      status = inflateInit2 (&self->gzip, 15 + 16); /* the largest window, gzip's frame */
      g_assert (status == Z_OK);
      self->gzip_open = TRUE;
      self->in_member = TRUE;
    }

  return TRUE;
}

static gssize
read_plain (WpInput *self, char *buffer, gsize size, GError **error)
{
  gsize n = MIN (size, self->raw_end - self->raw_at);

  if (n == 0)
    return read_source (self, buffer, size, error);
  memcpy (buffer, self->raw + self->raw_at, n);
  self->raw_at += n;

  return (gssize) n;
}

static gssize
fail_gzip (GError **error, const char *what)
{
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "the gzip data %s", what);

  return -1;
}

/* After a member: another one, or zeros to the end (tape blocks), which gzip ignores too. */
static gboolean
next_member (WpInput *self, gboolean *ended, GError **error)
{
  *ended = FALSE;
  if (!fill_raw (self, 2, error))
    return FALSE;
  if (raw_is_gzip (self))
    {
      inflateReset (&self->gzip);
      self->in_member = TRUE;
      return TRUE;
    }
  for (; self->raw_at < self->raw_end; self->raw_at++)
    if (self->raw[self->raw_at] != '\0')
      return fail_gzip (error, "are followed by something else") == 0;
  if (!fill_raw (self, 1, error))
    return FALSE;
  *ended = self->raw_at == self->raw_end;

  return TRUE;
}

static gboolean
inflate_some (WpInput *self, GError **error)
{
  gsize before;
  int status;

  if (!fill_raw (self, 1, error))
    return FALSE;
  before = self->raw_end - self->raw_at;
  if (before == 0)
    return fail_gzip (error, "end early: a truncated file?") == 0;
  self->gzip.next_in = (Bytef *) self->raw + self->raw_at;
  self->gzip.avail_in = (uInt) before;
  status = inflate (&self->gzip, Z_NO_FLUSH);
  self->raw_at += before - self->gzip.avail_in;
  if (status == Z_STREAM_END)
    self->in_member = FALSE;
  else if (status != Z_OK)
    return fail_gzip (error, "are corrupt") == 0;

  return TRUE;
}

static gssize
read_gzip (WpInput *self, char *buffer, gsize size, GError **error)
{
  gboolean ended = FALSE;

  self->gzip.next_out = (Bytef *) buffer;
  self->gzip.avail_out = (uInt) MIN (size, G_MAXINT);
  while ((char *) self->gzip.next_out == buffer && !ended)
    {
      gboolean done = self->in_member ? inflate_some (self, error) : next_member (self, &ended, error);
      if (!done)
        return -1;
    }

  return (char *) self->gzip.next_out - buffer;
}

static gssize
fail_zstd (GError **error, const char *what)
{
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "the zstd data %s", what);

  return -1;
}

/* Frames follow one another. */
static gssize
read_zstd (WpInput *self, char *buffer, gsize size, GError **error)
{
  ZSTD_outBuffer out = { buffer, size, 0 };

  while (out.pos == 0)
    {
      ZSTD_inBuffer in;
      size_t more;

      if (!fill_raw (self, 1, error))
        return -1;
      if (self->raw_end == self->raw_at && !self->in_member)
        return 0;
      in = (ZSTD_inBuffer){ self->raw + self->raw_at, self->raw_end - self->raw_at, 0 };
      more = ZSTD_decompressStream (self->zstd, &out, &in);
      if (ZSTD_isError (more))
        return fail_zstd (error, "are corrupt");
      if (in.size == 0 && out.pos == 0)
        return fail_zstd (error, "end early: a truncated file?");
      self->raw_at += in.pos;
      self->in_member = more > 0;
    }

  return (gssize) out.pos;
}

static gssize
read_live (WpInput *self, char *buffer, gsize size, GError **error)
{
  if (self->format == FORMAT_UNKNOWN && !find_format (self, error))
    return -1;

  if (self->format == FORMAT_ZSTD)
    return read_zstd (self, buffer, size, error);

  return self->format == FORMAT_GZIP ? read_gzip (self, buffer, size, error)
                                     : read_plain (self, buffer, size, error);
}

gssize
wp_input_read (WpInput *self, char *buffer, gsize size, GError **error)
{
  gssize n;

  if (wp_rewind_file_has_more (&self->rewind_file))
    return wp_rewind_file_read (&self->rewind_file, buffer, size, error);
  n = read_live (self, buffer, size, error);
  if (n > 0 && !self->rewindable)
    wp_rewind_file_keep (&self->rewind_file, buffer, (gsize) n);

  return n;
}

gboolean
wp_input_rewind (WpInput *self, GError **error)
{
  if (!self->rewindable)
    return wp_rewind_file_rewind (&self->rewind_file, self->name, error);
  if (self->fd >= 0 && lseek (self->fd, self->start, SEEK_SET) < 0)
    return wp_fail (error, WP_ERROR_IO, "%s: %s", self->name, g_strerror (errno));
  close_decoder (self);
  self->format = FORMAT_UNKNOWN;
  self->raw_at = self->raw_end = 0;
  self->consumed = 0;

  return TRUE;
}

const char *
wp_input_name (const WpInput *self)
{
  return self->name;
}

gboolean
wp_input_is_standard (const WpInput *self)
{
  return self->fd >= 0 && !self->owns_fd;
}

double
wp_input_progress (const WpInput *self)
{
  return self->size == 0 ? -1 : MIN (1.0, (double) self->consumed / (double) self->size);
}
